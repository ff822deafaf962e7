"""The document of a run: real ones are as its schema says, and the schema refuses what is not."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from django_mercury import monitor
from django_mercury.testing.record import TestRecorder, document, report_of_result
from django_mercury.testing.yardstick import THREAD_TIME
from support.reports import empty_report, hostile_report, large_report

SCHEMA = json.loads(files("django_mercury.testing").joinpath("report.schema.json").read_text(encoding="utf-8"))
CHECK = Draft202012Validator(SCHEMA)


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_real_documents_are_as_it_says(report: dict[str, Any]) -> None:
    CHECK.validate(report)
    CHECK.validate(empty_report())
    CHECK.validate(large_report(report, 40))
    CHECK.validate(hostile_report(report))


def test_the_document_of_one_block_is_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from shop.models import Author

    monkeypatch.setenv("DJANGO_MERCURY_PURE_PYTHON", "1")
    with monitor("block", raises=False, memory_mb=1) as result:
        for author in Author.objects.all()[:12]:
            author.book_set.count()
    one = report_of_result(result)
    CHECK.validate(one)
    assert one["summary"]["findings"] == {"n_plus_one": 1}


@pytest.mark.skipif(not THREAD_TIME, reason="Windows knows a thread's CPU time to 16 ms only")
def test_a_test_beside_the_yardstick_is_as_it_says(bookshop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_MERCURY_PURE_PYTHON", "1")
    recorder = TestRecorder(yardstick=True)
    recorder.start("shop/tests.py::test_list")
    test = recorder.finish("shop/tests.py::test_list", "shop/tests.py", 1, "passed")
    assert test is not None and set(test["timing"]["yardstick"]) == {"version", "python", "cpu_ms", "steady", "warm"}
    CHECK.validate(document([test]))
    test["timing"]["yardstick"]["steady"] = 1
    with pytest.raises(ValidationError):
        CHECK.validate(document([test]))


def test_the_report_has_what_the_tests_below_rely_on(report: dict[str, Any]) -> None:
    kinds = {one["kind"] for one in report["findings"]}
    assert {"n_plus_one", "write_loop", "too_many_queries"} <= kinds
    assert any(one["ignored"] for one in report["findings"])
    assert any(one["trigger"]["template"] for one in report["findings"])
    assert any(test["failures"] for test in report["tests"])
    assert {"passed", "failed"} <= {test["outcome"] for test in report["tests"]}


def every_object(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of each object in a document."""
    if isinstance(value, dict):
        return [path, *(found for key, one in value.items() for found in every_object(one, (*path, key)))]
    if isinstance(value, list):
        return [found for at, one in enumerate(value[:2]) for found in every_object(one, (*path, at))]
    return []


def test_every_object_is_closed_and_complete(report: dict[str, Any]) -> None:
    """A key too many is refused everywhere, and so is each key that is missing."""
    open_places = {("summary", "findings"), ("summary", "timing", "findings")}
    for path in every_object(report):
        at = report
        for key in path:
            at = at[key]
        at["a stranger"] = 1
        with pytest.raises(ValidationError):
            CHECK.validate(report)
        del at["a stranger"]
        if path in open_places or path[-1:] == ("rule",):
            continue
        for key in list(at):
            if key in ("finding", "memory_mb"):
                continue
            kept = at.pop(key)
            assert not CHECK.is_valid(report), (path, key)
            at[key] = kept
