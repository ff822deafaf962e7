"""What a recorded test says for a baseline: CPU time, the yardstick, places of statements, traced allocations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from shop.models import Author, Book

from django_mercury import monitor
from django_mercury.testing.baseline import baseline_of, compare
from django_mercury.testing.baseline_text import dumps, loads
from django_mercury.testing.record import TestRecorder, document
from django_mercury.testing.yardstick import THREAD_TIME

ID = "shop/tests.py::test_list"


@pytest.fixture(autouse=True)
def judged_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask no daemon."""
    monkeypatch.setenv("DJANGO_MERCURY_PURE_PYTHON", "1")


def recorded(body: Callable[[], Any], *, yardstick: bool = True) -> dict[str, Any]:
    """Return the document of a run of one test."""
    return recorded_by(TestRecorder(yardstick=yardstick), body)


def recorded_by(recorder: TestRecorder, body: Callable[[], Any]) -> dict[str, Any]:
    recorder.start(ID)
    body()
    recorder.pause()
    test = recorder.finish(ID, "shop/tests.py", 1, "passed")
    assert test is not None
    return document([test])


def get_list() -> None:
    """Ask for the list with N+1 queries."""
    assert Client().get("/books/naive/").status_code == 200


@pytest.mark.skipif(not THREAD_TIME, reason="Windows knows a thread's CPU time to 16 ms only")
def test_times_are_recorded_beside_the_yardstick() -> None:
    (test,) = recorded(get_list)["tests"]
    (unit,) = test["units"]
    assert unit["timing"]["cpu_ms"] > 0 and test["timing"]["yardstick"]["cpu_ms"] > 0
    recorder = TestRecorder(yardstick=True)
    repeats = [recorded_by(recorder, get_list) for _ in range(4)]
    readings = [one["tests"][0]["timing"]["yardstick"] for one in repeats]
    assert [one["warm"] for one in readings] == [False, True, True, True]
    for one in readings:
        one["steady"] = True  # as the machine may have been
    (facts,) = baseline_of(repeats).tests[ID].units.values()
    assert len(facts.cpu_ms) == 3
    assert not baseline_of([recorded(get_list, yardstick=False)]).clock


def test_a_test_and_a_block_have_times_too() -> None:
    def body() -> None:
        with monitor("block", raises=False, memory=True):
            list(Author.objects.all())

    (test,) = recorded(body)["tests"]
    (unit,) = test["units"]
    assert unit["kind"] == "block" and unit["timing"]["allocated_mb"] > 0
    assert (unit["timing"]["cpu_ms"] is not None) == THREAD_TIME
    (unit,) = recorded(Author.objects.count)["tests"][0]["units"]
    assert unit["kind"] == "test" and "allocated_mb" not in unit["timing"]


def test_the_page_agrees_with_itself_and_an_added_query_is_found() -> None:
    baseline = baseline_of([recorded(get_list)])
    assert loads(dumps(baseline)) == baseline
    assert not compare(baseline, [recorded(get_list)]).failed

    def ask_more() -> None:
        get_list()
        Book.objects.count()

    (said,) = compare(baseline, [recorded(ask_more)]).failures
    assert said.startswith(f"{ID}: 82 queries in all, 81 in the baseline (+1)")


def test_places_of_statements_are_said() -> None:
    document = recorded(get_list)
    (unit,) = document["tests"][0]["units"]
    assert [len(places) for places in unit["timing"]["statements_at"]] == [1, 1, 1]
    fewer = recorded(get_list)
    for statement in fewer["tests"][0]["units"][0]["statements"]:
        statement["count"] = 1
    fewer["tests"][0]["units"][0]["query_count"] = fewer["tests"][0]["query_count"] = 3
    said = compare(baseline_of([fewer]), [document]).failures[0]
    assert "+39 SELECT shop_author at shop/books_naive.html:3 (was 1, now 40)" in said
