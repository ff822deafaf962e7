"""What the engine must reach on the frozen suite; run.py prints the same as a table."""

from __future__ import annotations

from typing import Any

import pytest
from ground_truth.row import Named, Row, found
from ground_truth.rows import BY_ID
from ground_truth.run import report
from ground_truth.score import Score, score


@pytest.fixture(scope="module")
def result(judged: list[Any]) -> Score:
    return score(judged)


def test_every_case_ran(result: Score) -> None:
    assert not result.errors, report(result)
    assert result.expected >= 34
    assert result.benign >= 30


def test_at_most_one_is_missed(result: Score) -> None:
    assert len(result.misses) <= 1, report(result)


def test_there_is_no_false_alarm(result: Score) -> None:
    assert not result.false_alarms, report(result)


def test_places_are_right(result: Score) -> None:
    """Trigger and source of at least 95 % of the found; also the view, field and column where no line is."""
    assert result.places >= 0.95, report(result)


def test_suggestions_are_right(result: Score) -> None:
    """Whoever is told the place is told the right thing to write there."""
    assert result.advice >= 0.95, report(result)


# The score itself, on made-up answers: a check that cannot fail would be worth nothing.
MARKED = {"file": "catalogue/views/relations.py"}


def finding(**changes: Any) -> dict[str, Any]:
    from ground_truth.markers import scan

    line = {kind: scan()[kind, "fk.view"][0].line for kind in ("trigger", "source")}
    return {
        "kind": "n_plus_one",
        "level": "fail",
        "count": 10,
        "relation": "catalogue.Book.publisher",
        "trigger": {**MARKED, "line": line["trigger"]},
        "sources": [{**MARKED, "line": line["source"]}],
        "suggestion": {"action": "select_related", "text": "", "is_template": True, "edit": None},
        **changes,
    }


def of(*findings: Any, row: str = "fk.view") -> Score:
    return score([{"row": row, "n": 10, "body": "", "findings": list(findings)}])


def test_a_right_answer_counts_in_full() -> None:
    right = of(finding())
    assert (right.found, right.in_place, right.advised, right.false_alarms) == (1, 1, 1, [])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"kind": "query_in_loop"}, (0, 0, 0, 1)),
        ({"relation": "catalogue.Book.author"}, (0, 0, 0, 1)),
        ({"trigger": {**MARKED, "line": 1}}, (1, 0, 1, 0)),
        ({"sources": [{**MARKED, "line": 1}]}, (1, 0, 1, 0)),
        ({"sources": []}, (1, 0, 1, 0)),
        ({"suggestion": None}, (1, 1, 0, 0)),
        ({"kind": "too_many_queries"}, (0, 0, 0, 0)),
    ],
)
def test_a_wrong_answer_counts_where_it_is_wrong(change: Any, expected: Any) -> None:
    wrong = of(finding(**change))
    assert (wrong.found, wrong.in_place, wrong.advised, len(wrong.false_alarms)) == expected


def test_any_finding_on_a_benign_row_is_a_false_alarm() -> None:
    assert len(of(finding(), row="ok.join").false_alarms) == 1


def test_a_finding_at_one_size_only_is_missed() -> None:
    answers = [{"row": "fk.view", "n": n, "body": "", "findings": [finding()] if n > 3 else []} for n in (3, 10)]
    assert score(answers).found == 0


def test_a_named_place_needs_view_and_field() -> None:
    row: Row = BY_ID["fk.drf"]
    assert row.expected[0] == found(
        "fk.drf", "catalogue.Book.publisher", "select_related",
        trigger=Named("FkList", field="publisher"), source=Named("FkList"),
    )  # fmt: skip
    named = {"view": "catalogue.api.FkList", "serializer_field": "publisher"}
    right = finding(trigger=named, sources=[{"view": "catalogue.api.FkList"}])
    assert of(right, row="fk.drf").in_place == 1
    assert of(finding(trigger={**named, "serializer_field": "title"}), row="fk.drf").in_place == 0
    assert of(finding(trigger={**named, "view": "catalogue.api.TwoList"}), row="fk.drf").in_place == 0
