"""Ordinals: which distinct parameter set of its statement a query had, told when the unit is sealed."""

from __future__ import annotations

from mercury_client import ordinals
from mercury_client.ordinals import NO_KEY, Ordinals
from mercury_client.protocol import UnitKind
from mercury_client.statements import Statement
from mercury_client.unit import Record, Unit

ONE, TWO = Statement("SELECT 1"), Statement("SELECT 2")


def record(statement: Statement, key: int) -> Record:
    return (statement, "default", "sqlite", 0, 1, 0, -1, None, key)


def numbers(seen: Ordinals, *records: Record) -> list[int]:
    return [one[8] for one in seen.numbered(records)]


def test_each_statement_counts_its_own_sets_from_one() -> None:
    """What has no hash is 0, and a hash of 0 is a hash."""
    seen = Ordinals()
    found = numbers(seen, record(ONE, 7), record(ONE, 0), record(TWO, 0), record(ONE, 7), record(ONE, NO_KEY))
    assert found == [1, 2, 1, 1, 0]


def test_parts_of_one_unit_count_on() -> None:
    unit = Unit(1, 1, "", 0)
    unit.record("SELECT 3", "default", "sqlite", 0, 1, key=5)
    part = unit.split(1)
    unit.record("SELECT 3", "default", "sqlite", 0, 1, key=6)
    unit.record("SELECT 3", "default", "sqlite", 0, 1, key=5)
    unit.seal(2)
    assert part is not None
    assert [one[8] for one in part.records + unit.records] == [1, 2, 1]
    assert unit.ordinals is None


def test_blocks_count_with_what_they_are_judged_with_and_requests_alone() -> None:
    """A block in a loop, with another value each time, is no question that was repeated."""
    request = Unit(1, UnitKind.REQUEST, "", 0)
    found = []
    for kind, key in ((UnitKind.BLOCK, 5), (UnitKind.BLOCK, 6), (UnitKind.REQUEST, 7), (UnitKind.BLOCK, 5)):
        child = Unit(2, kind, "", 0, request)
        child.record("SELECT 3", "default", "sqlite", 0, 1, key=key)
        child.seal(1)
        found.append(child.records[0][8])
    assert found == [1, 2, 1, 1]
    request.seal(2)
    late = Unit(2, UnitKind.BLOCK, "", 0, request)
    late.record("SELECT 3", "default", "sqlite", 0, 1, key=6)
    late.seal(3)
    assert late.records[0][8] == 1 and request.ordinals is None


def test_ordinals_are_bounded() -> None:
    """At the limit the last one counts, beyond it is unknown; a statement counts as an entry too."""
    seen = Ordinals()
    most = ordinals.ENTRIES_MAX - 1
    found = numbers(seen, *(record(ONE, number) for number in range(most + 3)))
    assert found[most - 1 :] == [most, 0, 0, 0]
    assert numbers(seen, record(ONE, 0), record(TWO, 0)) == [1, 0]
