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
    assert reading([], [], warm=True) is None
    found = reading([0.4, 0.5], [0.41, 0.5], warm=True)
    assert found is not None and found["version"] == yardstick.VERSION
    assert found["python"].endswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert (found["cpu_ms"], found["steady"], found["warm"]) == (0.4, True, True)


@pytest.mark.skipif(not yardstick.THREAD_TIME, reason="Windows knows a thread's CPU time to 16 ms only")
@pytest.mark.parametrize(
    ("before", "after", "steady"),
    [
        ([4.0, 4.0], [4.3, 4.3], True),
        ([4.0, 4.0], [4.5, 4.5], False),  # over a tenth
        ([6.5, 6.6], [4.0, 4.1], False),
        ([4.0, 6.6], [4.0, 6.6], False),  # it changed in between, twice
        ([6.5, 6.6], [6.4, 6.3], True),  # slow all the time can be divided out
    ],
)
def test_a_reading_says_whether_the_machine_kept_its_speed(
    before: list[float], after: list[float], steady: bool
) -> None:
    found = reading(before, after, warm=False)
    assert found is not None and found["steady"] is steady and found["warm"] is False
    assert found["cpu_ms"] == min(*before, *after)
