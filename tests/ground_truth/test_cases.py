"""The suite's own checks, without any engine: what the rows say is what the site does.

One process runs every row at every size on the site without Mercury and records each statement with its
place (stacks.py).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ground_truth import markers
from ground_truth.row import ACTIONS, FORMS, KINDS, SIZES, Expected, Row
from ground_truth.rows import ROWS
from ground_truth.runs import answers

SLOW = [row for row in ROWS if row.group == "n_plus_one"]
BENIGN = [row for row in ROWS if row.group == "benign"]
# An async generator of the application hides behind the one who awaits it: no walk over tasks shows its line.
UNSEEN = {"stream.async"}
MARKED = {"trigger": "triggers", "source": "sources", "queryset": "sources"}


@pytest.fixture(scope="session")
def recorded() -> dict[tuple[str, int], Any]:
    """Return the answer of the worker for each row and size."""
    return {(answer["row"], answer["n"]): answer for answer in answers("check")}


def statements_of(recorded: Any, row: Row, n: int) -> list[tuple[str, str, list[Any]]]:
    if row.django_below and (row.id, n) not in recorded:
        pytest.skip(reason=f"Django {row.django_below} and newer do it right by themselves")
    answer = recorded[row.id, n]
    assert "error" not in answer, answer.get("error")
    return [tuple(one) for one in answer["statements"]]


def name(row: Row) -> str:
    return row.id


def test_the_suite_is_as_large_as_it_claims() -> None:
    """At least 34 N+1 patterns in every form, at least 30 benign ones; each row is well formed."""
    assert len({row.pattern for row in SLOW}) >= 34
    assert len(BENIGN) >= 30
    assert {row.form for row in SLOW} == set(FORMS)
    for row in ROWS:
        assert bool(row.url) != bool(row.call), row.id
        assert row.form in FORMS, row.id
        assert bool(row.expected) == (row.group == "n_plus_one"), row.id
        assert row.group == "benign" or row.sizes == SIZES, row.id
        for one in row.expected:
            assert set(one.kinds) <= set(KINDS), row.id
            assert one.actions, row.id
            assert set(one.actions) <= set(ACTIONS), row.id


@pytest.mark.parametrize("row", SLOW, ids=name)
def test_an_n_plus_one_grows_with_the_data(row: Row, recorded: Any) -> None:
    """Each expected finding is at least one more statement for each row of data; nothing else grows."""
    counts = {n: Counter(one[:2] for one in statements_of(recorded, row, n)) for n in SIZES}
    for n in SIZES:
        assert counts[n].total() >= n * len(row.expected)
    small, middle, large = (counts[n] for n in SIZES)
    assert large.total() - small.total() >= (SIZES[2] - SIZES[0]) * len(row.expected)
    growing = {key for key in large if large[key] > middle[key] > small[key]}
    assert len(growing) == (row.statements or len(row.expected)), growing
    assert all(small[key] >= 3 for key in growing), "at the smallest size it is a loop, too"


@pytest.mark.parametrize("row", SLOW, ids=name)
def test_markers_stand_where_python_and_the_templates_say(row: Row, recorded: Any) -> None:
    """Each trigger makes n calls, and its rows were fetched at a marked source before the first of them."""
    for n in SIZES:
        statements = statements_of(recorded, row, n)
        for expected in row.expected:
            check_places(row, expected, n, statements)


def check_places(row: Row, expected: Expected, n: int, statements: list[tuple[str, str, list[Any]]]) -> None:
    def at(wanted: Any) -> list[int]:
        hits = range(len(statements))
        return [i for i in hits if any(markers.is_at(place, one) for place in statements[i][2] for one in wanted)]

    if row.id in UNSEEN:
        return
    calls = at(markers.triggers(expected))
    seen = [one[2] for one in statements]
    assert len(calls) >= n, f"{expected.mark}: {len(calls)} calls at the trigger, seen: {seen[:8]}"
    if expected.source_checked:
        fetched = at(markers.sources(expected))
        assert fetched, f"{expected.mark}: nothing was fetched at a source, seen: {seen[:8]}"
        # The same statement, if rows are fetched and used in one line.
        assert fetched[0] <= calls[0], f"{expected.mark}: the source comes too late"


@pytest.mark.parametrize("row", BENIGN, ids=name)
def test_a_benign_case_runs(row: Row, recorded: Any) -> None:
    """It runs at every size, and asks the database at least once: an empty case proves nothing."""
    for n in row.sizes:
        assert statements_of(recorded, row, n)


def test_a_case_answers_the_same_twice() -> None:
    """Bodies are compared before and after an edit, so they must not depend on chance or on the clock."""
    rows = [row.id for row in SLOW]
    first, second = answers("check", rows, [3]), answers("check", rows, [3])
    assert [one["body"] for one in first] == [one["body"] for one in second]


def test_every_marker_is_used_and_stands_once() -> None:
    """A label is the trigger of one line, and every label belongs to a row."""
    marks = markers.scan()
    labels = {expected.mark: expected for row in ROWS for expected in row.expected}
    assert {label for _, label in marks} <= set(labels)
    for (kind, label), places in marks.items():
        if kind in ("trigger", "queryset"):
            assert len(places) == 1, f"{kind}: {label} stands at {places}"
        else:  # where the view renders and where the template loops; both links of a chain
            assert len(places) <= 3, f"source: {label} stands at {places}"
    for label, expected in labels.items():
        assert markers.triggers(expected), f"{label} has no trigger"
        assert not expected.source_checked or markers.sources(expected), f"{label} has no source"
