"""Which queries are alike: shapes are worked out once, and a verdict is the same with and without that."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from mercury_client.protocol import Operation, RecordFlags, Site, SiteFlags, SiteFrame, UnitKind
from mercury_client.reference import IgnoreRule, Thresholds, Verdict, judge, judged_site, known_statement
from mercury_client.reference import shapes as shapes_module
from mercury_client.reference.shapes import Shape, shapes_of
from mercury_client.statements import Statement
from mercury_client.unit import Unit
from support.random_units import random_case
from support.verdicts import difference, python_verdict, read_site

MS = 1_000_000
PLACE = Site((SiteFrame("/srv/shop/views.py", 10, "books", "shop.views", True),), operation="fetch")


def unit_of(texts: list[str], sites: list[Site | None], flags: int = 0) -> Unit:
    """Return a finished unit of queries of 1 ms, one after the other."""
    unit = Unit(1, UnitKind.REQUEST, "/books/", 0)
    for at, (text, site) in enumerate(zip(texts, sites, strict=True)):
        unit.record(text, "default", "sqlite", at * MS, MS, flags, -1, site, at + 1)
    unit.seal(50 * MS)
    return unit


def verdict_on(unit: Unit, **thresholds: int) -> Verdict:
    """Return the verdict with those thresholds."""
    return judge(unit, (), Thresholds(**thresholds))


def recorded(case: dict[str, Any]) -> Unit:
    """Return the queries of a case as one recorded unit."""
    facts = case["unit"]
    sites = [read_site(row) for row in case["sites"]]
    statements = [Statement(row["sql"]) for row in case["statements"]]
    unit = Unit(1, UnitKind[facts["kind"].upper()], facts["name"], 0)
    unit.operation = Operation[facts["operation"].upper() or "UNKNOWN"]
    unit.duration_ns, unit.first_byte_ns = facts["duration_ns"], facts["first_byte_ns"]
    unit.caches = {"default": [facts["cache_hits"], facts["cache_misses"], 0, 0]}
    for row in case["queries"]:
        flags, start_ns, duration_ns = row["flags"], row["start_ns"], row["duration_ns"]
        statement = Statement("BEGIN") if flags & RecordFlags.TRANSACTION_CONTROL else statements[row["statement"]]
        site = None if row["site"] is None else sites[row["site"]]
        ordinal = row["calls"] if flags & RecordFlags.SUMMARY else row["ordinal"]
        unit.records.append(
            (statement, row["alias"], "sqlite", start_ns, duration_ns, flags, row["rows"], site, ordinal)
        )
    unit.count = len(unit.records)
    return unit


@pytest.mark.parametrize("entries_max", [2, 4096])
def test_recorded_units_get_the_verdict_of_their_facts(entries_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random units, as the recorder keeps them and as facts; also where the table starts over again and again."""
    monkeypatch.setattr(shapes_module, "ENTRIES_MAX", entries_max)
    random = Random(5)
    for _ in range(400):
        case = random_case(random)
        case["unit"]["memory_bytes"] = None  # is not recorded
        queries = [row | {"own": True, "scope": 0, "command": False} for row in case["queries"]]
        case["queries"] = queries if random.random() < 0.5 else queries[::5]  # few of these have anything twice
        given = {name.removesuffix("_threshold"): value for name, value in case["thresholds"].items()}
        rules = [IgnoreRule(**rule) for rule in case["ignore"]]
        ours = judge(recorded(case), (), Thresholds(**given), rules, case["today"], in_tests=case["unit"]["in_tests"])
        assert difference(ours.to_dict(), python_verdict(case)) == ""


def test_nothing_that_comes_twice_is_missed() -> None:
    """One statement at two places is two groups, two texts of one statement are one."""
    assert verdict_on(unit_of(["SELECT 1 FROM a", "SELECT 2 FROM b"], [PLACE, PLACE])).groups == ()
    [group] = verdict_on(unit_of(["SELECT 1 FROM a", "SELECT 2 FROM a"], [PLACE, PLACE])).groups
    assert group.count == 2
    assert verdict_on(unit_of(["SELECT 1 FROM a", "SELECT 2 FROM a"], [PLACE, Site(view="v")])).groups == ()


def test_a_unit_in_which_nothing_comes_twice_is_judged() -> None:
    """Its totals count, and so do a slow query, a summary, and loops of one call where they are asked for."""
    unit = unit_of(["SELECT 1 FROM a", "SELECT 2 FROM b"], [PLACE, None])
    verdict = verdict_on(unit)
    assert (verdict.findings, verdict.groups, verdict.queries, verdict.db_ns) == ((), (), 2, 2 * MS)
    assert verdict_on(unit, slow_query_ns=MS + 1).findings == ()
    assert [row.kind for row in verdict_on(unit, slow_query_ns=MS).findings] == ["slow_query", "slow_query"]
    assert [row.kind for row in verdict_on(unit, loop_calls_min=1).findings] == ["repeated_query", "repeated_query"]
    assert [row.kind for row in verdict_on(unit, queries=1).findings] == ["too_many_queries"]
    summary = unit_of(["SELECT 1 FROM a"], [PLACE], RecordFlags.SUMMARY)
    summary.records = [(*summary.records[0][:8], 5)]
    verdict = verdict_on(summary)
    assert ([row.count for row in verdict.findings], verdict.queries) == ([5], 5)


def test_shape_is_worked_out_once() -> None:
    """For a statement at a place; flags and alias make another one of the same group."""
    plain = unit_of(["SELECT 1 FROM a"] * 2, [PLACE, PLACE])
    failed = unit_of(["SELECT 1 FROM a"], [PLACE], RecordFlags.FAILED)
    first, second, other = shapes_of([*plain.records, *failed.records])
    assert first is second
    assert other is not first
    assert (other.key, other.name) == (first.key, first.name)


def test_what_is_left_out_has_one_key() -> None:
    """A chunk of a bulk operation is no loop anywhere; what a unit leaves out by itself is grouped with it."""
    facts = known_statement("SELECT 1 FROM a", "sqlite")
    usual = Shape(facts, judged_site(PLACE), "default", 0)
    left_out = Shape(facts, judged_site(Site(PLACE.frames, flags=SiteFlags.CHUNK)), "default", 0)
    assert (usual.no_loop, left_out.no_loop) == (False, True)
    assert left_out.key == left_out.left_out_key == usual.left_out_key != usual.key


def test_table_starts_over_when_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the bound it holds that many; one more empties it first."""
    monkeypatch.setattr(shapes_module, "ENTRIES_MAX", 3)
    monkeypatch.setattr(shapes_module, "_shapes", {})
    sizes = []
    for at in range(4):
        shapes_of(unit_of([f"SELECT a{at}"], [None]).records)
        sizes.append(len(shapes_module._shapes))
    assert sizes == [1, 2, 3, 1]
