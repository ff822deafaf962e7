"""``judge`` takes finished units as the recorder keeps them, with what is below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mercury_client.protocol import Operation, RecordFlags, Site, SiteFrame, UnitKind
from mercury_client.reference import (
    IgnoreRule,
    Query,
    Thresholds,
    UnitFacts,
    Verdict,
    judge,
    judge_queries,
    judged_site,
    known_statement,
)
from mercury_client.unit import Unit, fold

MS = 1_000_000
BOOKS = "SELECT * FROM shop_book"
AUTHOR = "SELECT * FROM shop_author WHERE id = %s"

LIST = Site((SiteFrame("/srv/shop/views.py", 10, "books", "shop.views", True),), operation="fetch")
FOLLOW = Site(
    (SiteFrame("/srv/shop/views.py", 12, "books", "shop.views", True),),
    operation="follow",
    relation="shop.Book.author",
    relation_kind="foreign_key",
    owner_table="shop_book",
)

Call = tuple[str, Site | None, int]  # sql, site, start in ms


def unit_of(calls: Sequence[Call], kind: int = UnitKind.REQUEST, number: int = 1, **more: Any) -> Unit:
    """Return a finished unit of 50 ms with calls of 1 ms each and other values each time."""
    unit = Unit(number, kind, "/books/", 0)
    for sql, site, start in calls:
        unit.record(sql, "default", "sqlite", start * MS, MS, 0, -1, site)
    for name, value in more.items():
        setattr(unit, name, value)
    unit.seal(50 * MS)
    unit.records = [(*record[:8], start + 1) for record, (_, _, start) in zip(unit.records, calls, strict=True)]
    return unit


def n_plus_one(count: int) -> list[Call]:
    """Return a list and so many authors."""
    return [(BOOKS, LIST, 0), *((AUTHOR, FOLLOW, at + 1) for at in range(count))]


def summary(verdict: Verdict) -> list[tuple[str, str, int, int | None]]:
    """Return what was found, in short."""
    return [(row.kind, row.level, row.count, row.distinct) for row in verdict.findings]


def test_recorded_n_plus_one_is_found() -> None:
    """The loop, its source and the way from it are there, with the score of the unit."""
    verdict = judge(unit_of(n_plus_one(10)))
    assert summary(verdict) == [("n_plus_one", "fail", 10, 10)]
    [finding] = verdict.findings
    assert (finding.trigger.file, finding.trigger.line, finding.trigger.function) == ("/srv/shop/views.py", 12, "books")
    [source] = finding.sources
    assert (source.file, source.line, source.function, source.module) == (
        "/srv/shop/views.py",
        10,
        "books",
        "shop.views",
    )
    assert (source.template_name, source.template_line, source.view) == ("", 0, "")
    assert (source.serializer_field, source.admin_column) == ("", "")
    assert finding.suggestion.code == '.select_related("author")'
    assert (finding.time_ns, finding.saving_ns) == (10 * MS, 9 * MS)
    assert (verdict.queries, verdict.db_ns) == (11, 11 * MS)
    assert verdict.score is not None
    assert (verdict.score.response.points, verdict.score.queries.points, verdict.score.penalty) == (25, 10, 10)


def test_both_fronts_give_one_verdict() -> None:
    """A recorded unit and its facts by hand are the same."""
    queries = [
        Query(known_statement(sql, "sqlite"), judged_site(site), sql, "default", at + 1, -1, 0, True, at * MS, MS)
        for at, (sql, site, _) in enumerate(n_plus_one(7))
        if site is not None
    ]
    facts = UnitFacts(UnitKind.REQUEST, Operation.LIST, "/books/", 50 * MS, cache_hits=9, cache_misses=1)
    unit = unit_of(n_plus_one(7), operation=Operation.LIST, caches={"a": [4, 1, 0, 0], "b": [5, 0, 3, 3]})
    assert judge(unit) == judge_queries(facts, queries)


def test_records_come_in_any_order() -> None:
    """A query that ended first may have started last."""
    calls = n_plus_one(4)
    assert judge(unit_of(calls[::-1])).findings[0].sources == judge(unit_of(calls)).findings[0].sources


@pytest.mark.parametrize("kind", [UnitKind.BLOCK, UnitKind.TEST])
def test_descendants_are_judged_with_the_unit(kind: int) -> None:
    """Splitting queries over blocks changes nothing; in a test, only what it does itself is no loop."""
    calls = n_plus_one(9)
    whole = judge(unit_of(calls, UnitKind.BLOCK))
    below = [unit_of(calls[:4], UnitKind.BLOCK, 2), unit_of(calls[4:], UnitKind.BLOCK, 3)]
    split = judge(unit_of([], kind), below)
    assert summary(split) == summary(whole) == [("n_plus_one", "warn", 9, 9)]
    assert (split.queries, split.db_ns, split.score) == (whole.queries, whole.db_ns, whole.score)
    assert judge(unit_of([], kind), below[::-1]) == split


def test_requests_below_a_unit_are_judged_apart() -> None:
    """One query in each of nine requests is no loop; nine in a block of one of them are."""
    calls = n_plus_one(9)
    below = [unit_of([call], number=at) for at, call in enumerate(calls, 2)]
    assert judge(unit_of([], UnitKind.TEST), below).findings == ()
    request, block = unit_of(calls[:1], number=2), unit_of(calls[1:], UnitKind.BLOCK, 3, parent_id=2)
    assert summary(judge(unit_of([], UnitKind.TEST), [block, request])) == [("n_plus_one", "warn", 9, 9)]


def test_polling_in_a_command_below_a_unit_is_no_loop() -> None:
    """Nor is it in a block of that command."""
    calls = [(AUTHOR, FOLLOW, 501 * at) for at in range(4)]
    assert judge(unit_of([], UnitKind.BLOCK), [unit_of(calls, UnitKind.COMMAND, 2)]).findings == ()
    below = [unit_of(calls, UnitKind.BLOCK, 3, parent_id=2), unit_of([], UnitKind.COMMAND, 2)]
    assert judge(unit_of([], UnitKind.BLOCK), below).findings == ()
    assert len(judge(unit_of([], UnitKind.BLOCK), [unit_of(calls, UnitKind.BLOCK, 2)]).findings) == 1


def test_own_queries_of_a_test_are_no_loop() -> None:
    """What a test sets up is its own business; what the client requests is not."""
    assert judge(unit_of(n_plus_one(9), UnitKind.TEST)).findings == ()
    assert len(judge(unit_of([], UnitKind.TEST), [unit_of(n_plus_one(9), number=2)]).findings) == 1


def test_folded_groups_count_as_their_calls() -> None:
    """Beyond the room of a unit, calls are folded; they are likely a loop, and all of them count."""
    unit = Unit(1, UnitKind.REQUEST, "/books/", 0)
    unit.room = 3
    for at, (sql, site, start) in enumerate(n_plus_one(9)):
        unit.record(sql, "default", "sqlite", start * MS, MS, 0, -1, site, at + 1)
    unit.seal(50 * MS)
    verdict = judge(unit)
    assert unit.groups is not None
    assert summary(verdict) == [("n_plus_one", "warn", 9, None)]
    assert verdict.queries == 10


def test_folded_rest_is_an_unknown_statement() -> None:
    """What found no group is counted, and is no finding."""
    unit = Unit(1, UnitKind.REQUEST, "/books/", 0)
    unit.room = 0
    unit.groups = {}
    fold(unit, (_statement(), "default", "sqlite", 0, MS, 0, -1, None, 0))
    [group] = unit.groups.values()
    group.calls = 5
    unit.groups = {None: group}
    unit.seal(50 * MS)
    verdict = judge(unit)
    assert (verdict.findings, verdict.queries) == ((), 5)
    assert [count.count for count in verdict.groups] == [5]


def _statement() -> Any:
    from mercury_client.statements import Statement

    return Statement(BOOKS)


def test_transaction_control_takes_part_in_nothing() -> None:
    """BEGIN and its like are no queries."""
    verdict = judge(unit_of([("BEGIN", LIST, at) for at in range(9)]))
    assert (verdict.findings, verdict.groups, verdict.queries) == ((), (), 0)


def test_a_late_record_is_none_of_the_unit() -> None:
    """What a thread appends to a sealed unit is not judged."""
    unit = unit_of(n_plus_one(2))
    unit.records.append(unit.records[-1])
    assert judge(unit).queries == 3


def test_parameters_reach_the_verdict() -> None:
    """Thresholds, rules, today and tests are those of the caller."""
    unit = unit_of(n_plus_one(4), operation=Operation.LIST)
    unit.duration_ns = 201 * MS
    rules = [IgnoreRule(kind="n_plus_one", until="2026-01-01", reason="known")]
    strict = Thresholds(n_plus_one=4)
    verdict = judge(unit, (), strict, rules, "2026-01-01", in_tests=True)
    found = [(row.kind, row.level, row.ignored) for row in verdict.findings]
    assert found == [("n_plus_one", "fail", "known"), ("slow_response", "fail", "")]
    verdict = judge(unit, (), strict, rules, "2026-01-02")
    found = [(row.kind, row.level, row.ignored) for row in verdict.findings]
    assert found == [("n_plus_one", "fail", ""), ("slow_response", "warn", "")]


def test_executemany_of_a_write_is_no_loop() -> None:
    """The flag of a record says so."""
    unit = Unit(1, UnitKind.TASK, "import", 0)
    for at in range(5):
        unit.record("INSERT INTO a VALUES (%s)", "default", "sqlite", at, 1, RecordFlags.MANY, -1, None, at + 1)
    unit.seal(MS)
    assert judge(unit).findings == ()
