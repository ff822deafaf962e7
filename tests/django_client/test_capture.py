"""A measured block has all that finishes below it, whoever else measures, and whatever is still open in between."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from shop.models import Author

import mercury_client
from django_mercury import monitor
from django_mercury.testing.memory import Memory
from django_mercury.testing.record import TestRecorder
from mercury_client import recorder
from mercury_client.protocol import UnitKind

pytestmark = pytest.mark.usefixtures("bookshop")


@pytest.fixture(autouse=True)
def judged_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask no daemon."""
    monkeypatch.setenv("DJANGO_MERCURY_PURE_PYTHON", "1")


def ask(times: int) -> None:
    """Make so many queries."""
    for number in range(times):
        Author.objects.filter(pk=number).exists()


def test_a_record_has_what_is_below_a_request_that_is_still_open() -> None:
    recording = TestRecorder()
    recording.start("tests.py::test_a")
    with monitor("block", raises=False, response_time_ms=None) as result:
        request = recorder.begin(UnitKind.REQUEST, "streams/")
        token = recorder.activate(request)
        with mercury_client.unit("load"):
            ask(30)
        recorder.deactivate(token)
    recording.pause()
    recorded = recording.finish("tests.py::test_a", "tests.py", 1, "passed")
    recorder.finish(request)
    assert recorded is not None and result.query_count == recorded["query_count"] == 30
    (block,) = [unit for unit in recorded["units"] if unit["kind"] == "block" and unit["name"] == "block"]
    assert block["query_count"] == 30 and [one["count"] for one in block["findings"]] == [30]
    assert {one["what"] for one in recorded["failures"]} == {"query_count", "n_plus_one_threshold"}


def test_a_block_that_ends_takes_nothing_from_one_that_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last open block ends listening, in the moment in which a block of another thread begins."""
    begins, ended = threading.Event(), threading.Event()
    counts: list[Any] = []
    start = Memory.start

    def slow(self: Memory) -> None:
        if threading.current_thread() is other:
            begins.set()
            assert ended.wait(10)
        start(self)

    def measure() -> None:
        with monitor("b", raises=False, response_time_ms=None, query_count=5) as result, mercury_client.unit("below"):
            ask(30)
        counts.extend([result.query_count, len(result.below), len(result.queries)])

    other = threading.Thread(target=measure)
    monkeypatch.setattr(Memory, "start", slow)
    with monitor("a", raises=False):
        other.start()
        assert begins.wait(10)
    ended.set()
    other.join()
    assert counts == [30, 1, 30]
