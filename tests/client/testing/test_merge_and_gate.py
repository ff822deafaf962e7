"""Records become one document whatever their order, and rules decide what fails."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from django_mercury.testing import gate
from django_mercury.testing.merge import checked_document, document, merged, without_timing
from django_mercury.testing.outputs import form_of


def finding(id: str = "a" * 16, kind: str = "n_plus_one", level: str = "fail", count: int = 12, **more: Any) -> Any:
    return {
        "id": id, "kind": kind, "level": level, "count": count, "title": "N+1 queries", "place": "shop/views.py:7",
        "sources": [], "ignored": "", "timing": {"time_ms": 2.0, "saving_ms": 1.0}, **more,
    }  # fmt: skip


def unit(*findings: Any, name: str = "books/", slow: tuple[Any, ...] = ()) -> Any:
    return {"kind": "request", "name": name, "method": "GET", "findings": list(findings), "timing": {"findings": slow}}


def record(id: str, *units: Any, outcome: str = "passed", queries: int = 3) -> Any:
    return {"id": id, "outcome": outcome, "query_count": queries, "units": list(units), "timing": {"duration_ms": 5.0}}


RECORDS = [
    record("b", unit(finding(count=12)), queries=13),
    record("a", unit(finding(count=30), name="more/"), queries=31),
    record("c", unit(finding("b" * 16, "repeated_query", "warn", 3)), outcome="failed"),
]


def test_the_order_of_records_changes_nothing() -> None:
    documents = [document(order) for order in itertools.permutations(RECORDS)]
    assert all(one == documents[0] for one in documents)
    assert [test["id"] for test in documents[0]["tests"]] == ["a", "b", "c"]


def test_a_finding_is_shown_once_at_its_worst_with_its_tests_and_routes() -> None:
    first, second = document(RECORDS)["findings"]
    assert (first["count"], first["tests"], first["routes"]) == (30, ["a", "b"], ["GET books/", "GET more/"])
    assert (second["kind"], second["tests"]) == ("repeated_query", ["c"])


def test_a_finding_that_is_silenced_somewhere_only_is_not_silenced() -> None:
    silenced = record("d", unit(finding(count=99, ignored="a demo")))
    (first, _) = document([*RECORDS, silenced])["findings"]
    assert (first["ignored"], first["count"]) == ("", 30)


def test_the_summary_counts() -> None:
    summary = document(RECORDS)["summary"]
    assert (summary["tests"], summary["passed"], summary["failed"], summary["query_count"]) == (3, 2, 1, 47)
    assert summary["findings"] == {"n_plus_one": 1, "repeated_query": 1}


def test_of_two_records_of_a_test_the_worse_outcome_stays() -> None:
    both = [record("a", outcome="failed"), record("a", outcome="passed")]
    assert [document(order)["tests"][0]["outcome"] for order in (both, both[::-1])] == ["failed", "failed"]


def test_rules_are_judged_on_all_shards_together() -> None:
    rule, other = {"kind": "n_plus_one", "reason": "a demo"}, {"route": "x/", "reason": "old"}
    silenced = record("d", unit(finding("c" * 16, ignored="a demo")))
    shards = [document(RECORDS, rules=[rule, other]), document([silenced], rules=[rule, other])]
    assert [entry["matched"] for entry in shards[0]["ignore"]] == [0, 0]
    assert [entry["matched"] for entry in merged(shards)["ignore"]] == [1, 0]


def test_without_timing_nothing_of_the_clock_is_left() -> None:
    text = repr(without_timing(document(RECORDS, run="1", duration_ms=7.5)))
    assert "_ms" not in text
    assert "run" not in without_timing(document(RECORDS))


@pytest.mark.parametrize("value", [[], {}, {"schema_version": 1}, {"tests": []}, "x"])
def test_what_is_no_report_is_told(value: Any) -> None:
    with pytest.raises(ValueError, match=r"x\.json is no report of Mercury"):
        checked_document(value, "x.json")


def test_another_version_is_told() -> None:
    with pytest.raises(ValueError, match="schema version 9, this Mercury reads 1"):
        checked_document({"schema_version": 9, "tests": []}, "x.json")


@pytest.mark.parametrize(
    ("rule", "fails"),
    [
        ("n_plus_one", 1), ("n_plus_one:fail", 1), ("repeated_query", 1), ("repeated_query:fail", 0), ("any:warn", 2),
        ("any:notice", 2), ("any:fail", 1), ("slow_query", 0), ("n_plus_one,repeated_query", 2),
    ],
)  # fmt: skip
def test_rules_fail_what_they_name(rule: str, fails: int) -> None:
    assert len(gate.offences(document(RECORDS), gate.parse([rule]))) == fails


def test_an_offence_names_rule_number_place_and_tests() -> None:
    (sentence,) = gate.offences(document(RECORDS), gate.parse(["n_plus_one"]))
    assert sentence == "n_plus_one:warn: N+1 queries, 30 calls at shop/views.py:7, in a and 1 more"


def test_silenced_findings_fail_nothing() -> None:
    silenced = document([record("d", unit(finding(ignored="a demo")))])
    assert gate.offences(silenced, gate.parse(["any:notice"])) == []


def test_findings_of_time_can_fail_a_run() -> None:
    slow = document([record("d", unit(slow=(finding(kind="slow_query", level="warn", count=1),)))])
    assert len(gate.offences(slow, gate.parse(["slow_query"]))) == 1


@pytest.mark.parametrize(
    ("text", "error"), [("n1", "has the kind 'n1'"), ("any:bad", "has the level 'bad'"), ("any:", "''")]
)
def test_a_wrong_rule_is_told(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        gate.parse([text])


def test_the_name_of_a_report_says_its_form() -> None:
    names = {"a.json": ".json", "A.HTML": ".html", "x.htm": ".html", "a.sarif": ".sarif", "a.sarif.json": ".sarif"}
    assert {name: form_of(name) for name in names} == names
    with pytest.raises(ValueError, match=r"'a\.txt' ends with none of"):
        form_of("a.txt")
