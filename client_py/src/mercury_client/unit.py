"""One unit of work (a request, a task, a command, a test, a block) and the queries made in it.

``Unit.statement`` and ``Unit.add`` are the hot path: a dictionary look-up, two comparisons and an append. What
they leave out (totals, sizes, ordinals) is done in ``seal``, once a unit. Past ``unit_records_max``, ``fold``
counts calls in groups instead of keeping them.

A record is the tuple (statement, alias, vendor, start_ns, duration_ns, flags, rows, site, key). ``key`` is a hash
of the query's parameters while the unit is open, NO_KEY if there is none, and an ordinal once it is sealed
(ordinals.py).

Threads: several may record into one unit (list appends are atomic). Sealing, splitting and folding take one
lock. The record list is never replaced while a unit is open: a thread may be between looking at it and
appending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from .limits import NAME_BYTES_MAX, UNIT_GROUPS_MAX, UNIT_RECORDS_MAX
from .ordinals import NO_KEY, Ordinals
from .protocol import RecordFlags, Site, UnitKind
from .statements import OVERFLOW, Statement, table

__all__ = ["Group", "Record", "Unit", "after_fork", "fold", "ignore"]

Record = tuple[Statement, str, str, int, int, int, int, "Site | None", int]
_GroupKey = tuple[Statement, str, str, "Site | None"]

UNIT_BYTES = 640  # a unit with its lists and numbers, as tracemalloc sees it
RECORD_BYTES = 208  # a tuple of nine and its two large integers
GROUP_BYTES = 400
TEXT_BYTES_MAX = 2 * 1024 * 1024  # new SQL text that one unit may bring; beyond it, statement 0
PART_MAX = 65535

_FAILED = int(RecordFlags.FAILED)
_BLOCK = int(UnitKind.BLOCK)
_OUTSIDE = int(UnitKind.OUTSIDE)
_find = table.find
_lock = threading.RLock()  # sealing, splitting, folding; RLock: a finalizer's query may come in between


class Group:
    """The calls of one statement that were folded: ``rows`` is -1 as soon as one of them did not know."""

    __slots__ = ("calls", "duration_ns", "rows", "start_ns")

    def __init__(self, start_ns: int) -> None:
        self.calls = 0
        self.duration_ns = 0
        self.rows = 0
        self.start_ns = start_ns

    def add(self, duration_ns: int, rows: int) -> None:
        """Count one call."""
        self.calls += 1
        self.duration_ns += duration_ns
        self.rows = self.rows + rows if self.rows >= 0 <= rows else -1


class Unit:
    """A unit of work; times are ns of ``time.perf_counter_ns``, 0 and "" mean none, ``cpu_ns`` -1 unknown.

    Hooks may set ``name``, ``method``, ``status``, ``operation``, ``first_byte_ns``, ``streamed``,
    ``cpu_ns``, ``exception`` and ``failed`` until the unit is finished. ``queries``, ``db_ns``,
    ``failed_queries`` are right once it is sealed; ``queries_so_far`` at any time. ``scratch`` is for those who
    capture call sites, until the unit is sealed.
    """

    __slots__ = (
        "acknowledged", "caches", "closed", "count", "cpu_ns", "db_ns", "descendant_db_ns", "descendant_queries",
        "descendant_units", "dropped", "duration_ns", "exception", "failed", "failed_queries", "first_byte_ns",
        "groups", "id", "kind", "located", "method", "more", "name", "number", "operation", "ordinals", "overflow",
        "parent", "parent_id", "part", "queries", "records", "report", "room", "scratch", "size", "start_ns", "status",
        "streamed", "template_count", "template_ns", "text_bytes",
    )  # fmt: skip

    def __init__(self, id: int, kind: int, name: str, start_ns: int, parent: Unit | None = None) -> None:
        self.id = id
        self.parent = parent
        self.parent_id = parent.id if parent is not None else 0
        self.kind = kind
        self.located = kind != _OUTSIDE  # whether its records say where they were made, and with which parameters
        self.name = name
        self.method = 0
        self.status = 0
        self.operation = 0
        self.start_ns = start_ns
        self.duration_ns = 0
        self.first_byte_ns = 0
        self.streamed = False
        self.failed = False
        self.exception = ""
        self.cpu_ns = -1
        self.template_ns = 0
        self.template_count = 0
        self.caches: dict[str, list[int]] | None = None  # alias: [hits, misses, sets, deletes]
        self.records: list[Record] = []
        self.groups: dict[_GroupKey | None, Group] | None = None  # None as key: beyond unit_groups_max
        self.room = UNIT_RECORDS_MAX  # how many records may stand in the list; -1: closed
        self.overflow: Callable[[Unit, Record], None] = fold  # takes a record when there is no room
        self.queries = 0
        self.db_ns = 0
        self.failed_queries = 0
        self.descendant_queries = 0
        self.descendant_db_ns = 0
        self.descendant_units = 0
        self.text_bytes = 0
        self.ordinals: Ordinals | None = None
        self.scratch: Any = None
        self.closed = False
        self.count = 0  # records that belong to the sealed unit; what a late thread appends is none of it
        self.size = 0  # bytes for the buffer's account
        self.number = 0  # delivery number, given by the buffer
        self.acknowledged = False  # this and `dropped`: how it left the buffer
        self.dropped = 0  # the DropReason
        self.report = 0  # nonce of the report that is wanted, 0: none
        self.part = 0
        self.more = False

    def __repr__(self) -> str:
        return f"<Unit {self.id} kind={self.kind} name={self.name!r} queries={self.queries_so_far}>"

    def record(
        self,
        sql: Any,
        alias: str,
        vendor: str,
        start_ns: int,
        duration_ns: int,
        flags: int = 0,
        rows: int = -1,
        site: Site | None = None,
        key: int = NO_KEY,
    ) -> None:
        """Add one query; never raises, at most 1 µs for a statement that is known.

        ``sql``: ``str``, ``bytes``, a psycopg object, or a ``Statement``. ``vendor``: Django's
        ``connection.vendor``. ``flags``: of RecordFlags. ``rows`` -1: unknown. ``key``: a hash of the
        parameters, which tells one set of them from another; NO_KEY: unknown.
        """
        try:
            statement = sql if isinstance(sql, Statement) else self.statement(sql)
            self.add((statement, alias, vendor, start_ns, duration_ns, flags, rows, site, key))
        except Exception:
            from . import faults

            faults.recover("record")

    def add(self, record: Record) -> None:
        """Add a record whose statement is one of ``statement()``."""
        records = self.records
        if len(records) < self.room:
            records.append(record)
        else:
            self.overflow(self, record)

    def statement(self, sql: Any) -> Statement:
        """Return the statement of a text, ``bytes`` or psycopg object; OVERFLOW beyond the unit's share of new text."""
        known = _find(sql) if sql.__class__ is str else None
        if known is not None:
            return known
        statement, new_bytes = table.intern(sql)
        if new_bytes:
            if self.text_bytes + new_bytes > TEXT_BYTES_MAX:
                return OVERFLOW
            self.text_bytes += new_bytes
        return statement

    def count_cache(self, alias: str, hits: int = 0, misses: int = 0, sets: int = 0, deletes: int = 0) -> None:
        """Count operations of one cache."""
        if self.caches is None:
            self.caches = {}
        counts = self.caches.get(alias)
        if counts is None:
            counts = self.caches[alias] = [0, 0, 0, 0]
        counts[0] += hits
        counts[1] += misses
        counts[2] += sets
        counts[3] += deletes

    def count_template(self, duration_ns: int) -> None:
        """Count one rendering of a top-level template."""
        self.template_ns += duration_ns
        self.template_count += 1

    @property
    def queries_so_far(self) -> int:
        """Number of queries without transaction control, of an open unit too.

        Costs a pass over the records.
        """
        if self.closed:
            return self.queries
        return self.queries + sum(not record[0].control for record in self.records[:])

    def seal(self, end_ns: int) -> bool:
        """Close the unit: totals, size, and its share in its nearest open ancestor.

        False if it was closed before. Records that come later are given to ``overflow``.
        """
        with _lock:
            if self.closed:
                return False
            self.room = -1
            self.closed = True
            self.scratch = None
            self.records = self._numbered(self.records)
            self.ordinals = None
            self.count = len(self.records)
            self._close_account(self.records, end_ns)
            ancestor = self.parent
            while ancestor is not None and ancestor.closed:
                ancestor = ancestor.parent
            self.parent = ancestor  # a closed one and its records are not kept alive from here
            if ancestor is not None:
                ancestor.descendant_queries += self.queries + self.descendant_queries
                ancestor.descendant_db_ns += self.db_ns + self.descendant_db_ns
                ancestor.descendant_units += 1 + self.descendant_units
            return True

    def split(self, now_ns: int) -> Unit | None:
        """Return the records so far as a sealed part, keeping the unit open; None if it was closed meanwhile.

        Totals and sections of the part are cumulative; the records move out of this unit.
        """
        with _lock:
            if self.closed:
                return None
            part = Unit(self.id, self.kind, self.name, self.start_ns)
            count = len(self.records)
            part.records = self._numbered(self.records[:count])
            del self.records[:count]
            part.groups, self.groups = self.groups, None
            part.text_bytes, self.text_bytes = self.text_bytes, 0
            self._close_account(part.records, now_ns)
            for name in _CUMULATIVE:
                setattr(part, name, getattr(self, name))
            part.caches = {alias: counts[:] for alias, counts in self.caches.items()} if self.caches else None
            part.count = count
            part.size = part._measure()
            part.closed = part.more = True
            part.room = -1
            part.overflow = ignore
            self.part = min(self.part + 1, PART_MAX)
            return part

    def _numbered(self, records: list[Record]) -> list[Record]:
        """Number parameter sets as one with the open units around a block: they are judged together."""
        if not records:
            return []
        judged = self
        while judged.kind == _BLOCK and judged.parent is not None and not judged.parent.closed:
            judged = judged.parent
        if judged.ordinals is None:
            judged.ordinals = Ordinals()
        return judged.ordinals.numbered(records)

    def _close_account(self, records: list[Record], now_ns: int) -> None:
        queries = db_ns = failed = 0
        for record in records:
            if not record[0].control:
                queries += 1
                db_ns += record[4]
                if record[5] & _FAILED:
                    failed += 1
        self.queries += queries
        self.db_ns += db_ns
        self.failed_queries += failed
        self.duration_ns = max(0, now_ns - self.start_ns)
        self.size = self._measure()

    def _measure(self) -> int:
        groups = len(self.groups) if self.groups else 0
        caches = len(self.caches) if self.caches else 0
        names = min(len(self.name), NAME_BYTES_MAX) + len(self.exception)
        return UNIT_BYTES + RECORD_BYTES * self.count + GROUP_BYTES * (groups + caches) + names + self.text_bytes


_CUMULATIVE = (
    "parent_id", "method", "status", "operation", "duration_ns", "first_byte_ns", "streamed", "failed",
    "exception", "cpu_ns", "template_ns", "template_count", "queries", "db_ns", "failed_queries",
    "descendant_queries", "descendant_db_ns", "descendant_units", "part",
)  # fmt: skip


def fold(unit: Unit, record: Record) -> None:
    """Count a record in its group, and in the totals at once; memory stays bounded whatever a unit does."""
    statement, alias, vendor, start_ns, duration_ns, flags, rows, site, _ = record
    with _lock:
        if unit.closed:  # sealed between the caller's look and here
            unit.overflow(unit, record)
            return
        groups = unit.groups
        if groups is None:
            groups = unit.groups = {}
        key: _GroupKey | None = (statement, alias, vendor, site)
        group = groups.get(key)
        if group is None:
            if len(groups) >= UNIT_GROUPS_MAX:
                key = None
                group = groups.get(None)
            if key is None and statement.control:
                return  # the group for the rest is one of queries
            if group is None:
                group = groups[key] = Group(start_ns)
        group.add(duration_ns, rows)
        if not statement.control:
            unit.queries += 1
            unit.db_ns += duration_ns
            unit.failed_queries += bool(flags & _FAILED)


def ignore(unit: Unit, record: Record) -> None:
    """Take no record: measuring is switched off."""


def after_fork() -> None:
    """Replace the lock, which a thread that does not exist here may hold."""
    global _lock
    _lock = threading.RLock()
    table.after_fork()
