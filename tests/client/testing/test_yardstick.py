"""The yardstick does the same work each time, and says what it was."""

from __future__ import annotations

import sys

import pytest

from django_mercury.testing import yardstick
from django_mercury.testing.yardstick import Yardstick, reading


def test_the_work_is_the_same_in_each_pass() -> None:
    one, other = Yardstick(), Yardstick()
    assert {one._pass(), one._pass(), other._pass()} == {one._pass()}


def test_each_pass_is_timed() -> None:
    times = Yardstick().measure()
    assert len(times) == yardstick.PASSES and all(0 < ms < 1000 for ms in times)


@pytest.mark.skipif(not yardstick.THREAD_TIME, reason="Windows knows a thread's CPU time to 16 ms only")
def test_a_reading_names_version_and_python() -> None:
    assert reading([]) is None
    found = reading([0.4, 0.5, 9.0])
    assert found is not None and found["version"] == yardstick.VERSION
    assert found["python"].endswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
