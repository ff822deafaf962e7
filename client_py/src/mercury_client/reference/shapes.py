"""Say which queries are alike: the shape of a query, worked out once for each statement at each place.

Shapes are kept in a table that starts over when it is full (2 MB at most, without the texts). Threads: any may call;
at worst a shape is worked out twice. Two shapes of the same queries have equal keys, so nothing depends on the table.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..protocol import RecordFlags, Site, SiteFlags
from ..statements import Statement
from ..unit import Record
from .facts import JudgedSite, StatementFacts, known_site, known_statement

__all__ = ["WRITES", "Shape", "shapes_of"]

WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"})
ENTRIES_MAX = 4096  # of the table

_MANY = int(RecordFlags.MANY)
_SUMMARY = int(RecordFlags.SUMMARY)
_NO_LOOP = int(SiteFlags.CHUNK | SiteFlags.BULK)


class Shape:
    """What is the same in queries that are alike: statement, site, alias, flags; and what follows from these alone.

    ``no_loop``: left out of what can be loops, whatever unit it is in. ``name`` says which statement over which
    alias, "" for summaries, which are several calls by themselves. Queries are grouped by ``key``, or by
    ``left_out_key`` where the unit leaves them out; these two are texts because a text remembers its hash.
    """

    __slots__ = ("alias", "facts", "flags", "key", "left_out_key", "name", "no_loop", "site")

    def __init__(self, facts: StatementFacts, site: JudgedSite | None, alias: str, flags: int) -> None:
        self.facts = facts
        self.site = site
        self.alias = alias
        self.flags = flags
        self.no_loop = bool(
            (site is not None and site.site.flags & _NO_LOOP) or (flags & _MANY and facts.operation in WRITES)
        )
        name = f"{facts.fingerprint:016x} {alias}"
        self.name = "" if flags & _SUMMARY else name
        self.left_out_key = f"{site.key if site else 0:016x} {name}"
        self.key = self.left_out_key if self.no_loop else f"loop {self.left_out_key}"

    def at(self, site: JudgedSite) -> Shape:
        """Return the same at another site."""
        return Shape(self.facts, site, self.alias, self.flags)


_shapes: dict[object, Shape] = {}


def shapes_of(records: Iterable[Record]) -> list[Shape]:
    """Return the shape of each record: one look-up for what is in the table."""
    find = _shapes.get
    return [
        find((statement, alias, vendor, site, flags)) or _learned(statement, alias, vendor, site, flags)
        for statement, alias, vendor, _, _, flags, _, site, _ in records
    ]


def _learned(statement: Statement, alias: str, vendor: str, site: Site | None, flags: int) -> Shape:
    facts = known_statement(statement.text, vendor)
    shape = Shape(facts, None if site is None else known_site(site), alias, flags)
    if len(_shapes) >= ENTRIES_MAX:
        _shapes.clear()
    _shapes[statement, alias, vendor, site, flags] = shape
    return shape
