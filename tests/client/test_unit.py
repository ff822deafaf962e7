"""A unit keeps every query exactly, in bounded memory, and its totals are right at any size."""

from __future__ import annotations

import pytest
from psycopg import sql as psql

from mercury_client.limits import STATEMENT_BYTES_MAX, UNIT_GROUPS_MAX, UNIT_RECORDS_MAX
from mercury_client.protocol import RecordFlags, Site, SiteFrame, UnitKind
from mercury_client.statements import (
    OVERFLOW,
    Statement,
    StatementTable,
    is_transaction_control,
    table,
    text_of,
)
from mercury_client.unit import TEXT_BYTES_MAX, Unit


def make(parent: Unit | None = None, id: int = 1) -> Unit:
    return Unit(id, UnitKind.REQUEST, "name", 1000, parent)


def record(unit: Unit, sql: object, duration_ns: int = 10, flags: int = 0, site: Site | None = None) -> None:
    unit.record(sql, "default", "sqlite", 1000, duration_ns, flags, -1, site)


@pytest.mark.parametrize(
    ("sql", "control"),
    [
        ("BEGIN", True),
        ("begin immediate", True),
        ("COMMIT;", True),
        ('ROLLBACK TO SAVEPOINT "s1"', True),
        ('SAVEPOINT "s1"', True),
        ('RELEASE SAVEPOINT "s1"', True),
        ("START TRANSACTION READ ONLY", True),
        ("  set  transaction isolation level serializable", True),
        ("SET search_path TO x", False),
        ("SELECT 1", False),
        ("", False),
        ("BEGINNING", False),
    ],
)
def test_transaction_control_is_told_from_queries(sql: str, control: bool) -> None:
    """Only what begins, ends or marks a transaction is control."""
    assert is_transaction_control(sql) is control


def test_totals_leave_transaction_control_out() -> None:
    """Queries, their time and their failures are counted; BEGIN and SAVEPOINT are not."""
    unit = make()
    record(unit, "BEGIN", 5)
    record(unit, "SELECT 1", 10)
    record(unit, "SELECT 1", 20, RecordFlags.FAILED)
    record(unit, "SAVEPOINT x", 5)
    assert unit.queries_so_far == 2
    assert unit.seal(2000)
    assert (unit.queries, unit.db_ns, unit.failed_queries, unit.duration_ns) == (2, 30, 1, 1000)
    assert not unit.seal(3000)


class Trap:
    """Something that must not be asked for its text."""

    def __str__(self) -> str:
        raise AssertionError("str() was called")

    __repr__ = __str__


class SafeText(str):
    """A subclass of str, as Django has one."""


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT é", "SELECT é"),
        (SafeText("SELECT 1"), "SELECT 1"),
        (b"SELECT \xff", "SELECT �"),
        (Trap(), "(Trap)"),
        (None, "(NoneType)"),
        (psql.SQL("SELECT {} FROM {} WHERE x = {} AND y = {}").format(
            psql.Literal("secret"), psql.Identifier("s", 'a"b'), psql.Placeholder(), psql.Placeholder("n")),
         'SELECT %s FROM "s"."a""b" WHERE x = %s AND y = %(n)s'),
    ],
    ids=["str", "subclass", "bytes", "foreign", "none", "composed"],
)  # fmt: skip
def test_any_kind_of_statement_becomes_text_without_a_query(sql: object, text: str) -> None:
    """Nothing foreign is asked for its text, and literals of a composed statement do not get in."""
    unit = make()
    record(unit, sql)
    assert unit.records[0][0].text == text == text_of(sql)
    assert type(text_of(sql)) is str


def test_long_statements_are_cut() -> None:
    """At the limit a text is whole.

    Beyond it one character more than fits is kept, to show that it was cut.
    """
    assert len(text_of("x" * STATEMENT_BYTES_MAX)) == STATEMENT_BYTES_MAX
    assert len(text_of("x" * (STATEMENT_BYTES_MAX + 1))) == STATEMENT_BYTES_MAX + 1
    assert len(text_of("x" * (STATEMENT_BYTES_MAX + 2))) == STATEMENT_BYTES_MAX + 1


def test_the_table_of_statements_is_bounded_and_keeps_what_is_used() -> None:
    """Two generations at most, and a text in use survives the change of generations."""
    small = StatementTable(entries_max=10, bytes_max=1000)
    hot, new_bytes = small.intern("hot")
    assert new_bytes == 3
    for number in range(100):
        small.intern(f"cold {number}")
        again, new_bytes = small.intern("hot")
        assert again is hot and new_bytes == 0
        assert len(small) <= 20
    small.intern("y" * 990)
    assert small.find("y" * 990) is not None
    small.intern("z" * 20)
    assert small.find("y" * 990) is None, "over the bytes: the old generation"
    assert small.intern("y" * 990)[1] == 0


def test_new_text_is_charged_to_the_unit_that_brings_it() -> None:
    """A known text costs nothing; beyond a unit's share, statements become the overflow."""
    text = "SELECT 'charged once'"
    first, second = make(), make(id=2)
    record(first, text)
    record(second, text)
    assert (first.text_bytes, second.text_bytes) == (len(text), 0)
    greedy = make(id=3)
    for number in range(TEXT_BYTES_MAX // 16_000 + 2):
        record(greedy, f"{number:08d}" + "x" * 15_992)
    assert greedy.text_bytes <= TEXT_BYTES_MAX
    assert greedy.records[-1][0] is OVERFLOW
    greedy.seal(2000)
    assert greedy.queries == len(greedy.records)


def test_a_statement_can_be_recorded_as_an_object() -> None:
    """Who has interned a statement already need not look its text up again."""
    unit = make()
    statement, _ = table.intern("SELECT 'object'")
    record(unit, statement)
    assert unit.records[0][0] is statement and isinstance(statement, Statement)


@pytest.mark.parametrize(("calls", "folded"), [(UNIT_RECORDS_MAX, 0), (UNIT_RECORDS_MAX + 1, 1)])
def test_records_are_folded_beyond_the_limit(calls: int, folded: int) -> None:
    """At the limit every record is plain, one more is a summary; the totals count both."""
    unit = make()
    for _ in range(calls):
        record(unit, "SELECT 1", 3)
    unit.seal(2000)
    assert (len(unit.records), unit.queries, unit.db_ns) == (UNIT_RECORDS_MAX, calls, 3 * calls)
    assert sum(group.calls for group in (unit.groups or {}).values()) == folded


def test_groups_are_bounded_and_the_rest_is_one_group() -> None:
    """Groups are told apart by statement, alias and site; beyond their limit one group counts the rest."""
    unit = make()
    unit.room = 0
    site = Site(frames=(SiteFrame("a.py", 1, "f"),))
    record(unit, "SELECT 1", site=site)
    record(unit, "SELECT 1")
    unit.record("SELECT 1", "other", "sqlite", 1000, 10)
    for number in range(UNIT_GROUPS_MAX):
        record(unit, f"SELECT {number + 10}", flags=RecordFlags.FAILED)
    record(unit, "COMMIT")
    assert unit.groups is not None
    assert len(unit.groups) == UNIT_GROUPS_MAX + 1
    assert unit.groups[None].calls == 3
    unit.seal(2000)
    assert (unit.queries, unit.failed_queries) == (UNIT_GROUPS_MAX + 3, UNIT_GROUPS_MAX)


def test_a_million_queries_in_one_unit_stay_bounded_and_exact() -> None:
    """Memory does not grow with the calls, and nothing is lost of the totals."""
    unit = make()
    for number in range(1_000_000):
        unit.record(f"SELECT {number % 2000}", "default", "sqlite", 1000, 7, 2 * (number % 10 == 0), 1)
    unit.seal(2000)
    assert (unit.queries, unit.db_ns, unit.failed_queries) == (1_000_000, 7_000_000, 100_000)
    assert len(unit.records) == UNIT_RECORDS_MAX
    assert unit.groups is not None and len(unit.groups) == UNIT_GROUPS_MAX + 1
    assert unit.count + sum(group.calls for group in unit.groups.values()) == 1_000_000


def test_two_hundred_nested_units_add_up() -> None:
    """Each unit knows all that finished below it, at every level."""
    units = [make()]
    for depth in range(199):
        units.append(make(units[-1], depth + 2))
    for unit in units:
        record(unit, "SELECT 1", 5)
    for unit in reversed(units):
        unit.seal(2000)
    for depth, unit in enumerate(units):
        below = 199 - depth
        assert (unit.descendant_units, unit.descendant_queries, unit.descendant_db_ns) == (
            below,
            below,
            5 * below,
        )


def test_a_unit_that_outlives_its_parent_counts_for_the_open_ancestor() -> None:
    """A parent that is sealed already is skipped: its frame is on its way."""
    root = make()
    parent = make(root, 2)
    child = make(parent, 3)
    record(child, "SELECT 1")
    parent.seal(2000)
    child.seal(2000)
    assert child.parent_id == 2
    assert parent.descendant_units == 0
    assert (root.descendant_units, root.descendant_queries) == (2, 1)


def test_parts_carry_their_records_once_and_totals_cumulatively() -> None:
    """What a part took is not in the next one; totals go on counting."""
    unit = make()
    record(unit, "SELECT 1", 5)
    unit.count_cache("default", hits=1)
    first = unit.split(1500)
    assert first is not None
    record(unit, "SELECT 2", 5)
    record(unit, "SELECT 3", 5)
    unit.count_cache("default", hits=1)
    second = unit.split(1700)
    assert second is not None
    record(unit, "SELECT 4", 5)
    unit.seal(2000)
    frames = (first, second, unit)
    assert [frame.part for frame in frames] == [0, 1, 2]
    assert [frame.more for frame in frames] == [True, True, False]
    assert [frame.count for frame in frames] == [1, 2, 1]
    assert [frame.queries for frame in frames] == [1, 3, 4]
    assert [frame.duration_ns for frame in frames] == [500, 700, 1000]
    assert first.caches == {"default": [1, 0, 0, 0]} and second.caches == {"default": [2, 0, 0, 0]}
    assert unit.split(2100) is None
