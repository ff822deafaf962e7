"""Take the queries of a unit, in the order of their start, and find what shape and whose each of them is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any

from ..protocol import RecordFlags, UnitKind
from ..statements import OVERFLOW
from ..unit import Record, Unit
from .facts import Query
from .shapes import Shape, shapes_of

__all__ = ["Belonging", "Tally", "calls_of", "tally_of_queries", "tally_of_units"]

_CONTROL = int(RecordFlags.TRANSACTION_CONTROL)
_SUMMARY = int(RecordFlags.SUMMARY)
_SCOPES = frozenset({UnitKind.REQUEST, UnitKind.TASK, UnitKind.COMMAND, UnitKind.TEST})
_start_of_query = attrgetter("start_ns")
_start_of_record = itemgetter(3)


@dataclass(frozen=True, slots=True, eq=False)
class Belonging:
    """Whose queries are: of which request, task, command or test below the unit (0: of none), and what follows."""

    scope: int
    in_command: bool  # calls far apart are polling
    left_out: bool  # never a loop: what a test does itself


class Tally:
    """The queries of a unit: records, the shape of each, whose each is; and what these come to."""

    __slots__ = ("all_differ", "db_ns", "has_summaries", "queries", "records", "shapes", "whose")

    def __init__(self, records: list[Record], shapes: list[Shape], whose: Iterable[Belonging]) -> None:
        self.records = records
        self.shapes = shapes
        self.whose = whose
        names = {shape.name for shape in shapes}
        self.has_summaries = "" in names
        self.all_differ = len(names) == len(shapes) and not self.has_summaries  # no two can be of one group
        self.queries = calls_of(records) if self.has_summaries else len(records)
        self.db_ns = sum([record[4] for record in records])

    def may_be_slow(self, slow_query_ns: int) -> bool:
        """Tell whether a query, or a summary, took so long; a look at the total is mostly enough."""
        return self.db_ns >= slow_query_ns and any(record[4] >= slow_query_ns for record in self.records)


def calls_of(records: Iterable[Record]) -> int:
    """Return how many calls records stand for; a summary has them for an ordinal, as it travels."""
    return sum([record[8] if record[5] & _SUMMARY else 1 for record in records])


# ------------------------------------------------------------------------------------------ recorded units
def tally_of_units(unit: Unit, below: Sequence[Unit]) -> Tally:
    """Return the tally of a finished unit and the finished units below it."""
    its_own = Belonging(0, unit.kind == UnitKind.COMMAND, unit.kind == UnitKind.TEST)
    if not below:
        records = _records(unit)
        records.sort(key=_start_of_record)
        return Tally(records, shapes_of(records), repeat(its_own))
    belongings = _belongings(unit, its_own, below)
    pairs = [(record, belongings[part.id]) for part in (unit, *below) for record in _records(part)]
    pairs.sort(key=lambda pair: pair[0][3])
    records = [record for record, _ in pairs]
    return Tally(records, shapes_of(records), [belonging for _, belonging in pairs])


def _records(unit: Unit) -> list[Record]:
    """Return the records of a unit that take part, its folded groups as the summaries that would travel."""
    records = unit.records[: unit.count]
    for key, group in (unit.groups or {}).items():
        statement, alias, vendor, site = key or (OVERFLOW, "", "", None)
        records.append(
            (statement, alias, vendor, group.start_ns, group.duration_ns, _SUMMARY, group.rows, site, group.calls)
        )
    return [record for record in records if not record[0].control and (record[8] or not record[5] & _SUMMARY)]


def _belongings(unit: Unit, its_own: Belonging, below: Sequence[Unit]) -> dict[int, Belonging]:
    """Return for each unit, by id, whose its queries are; blocks belong to what they stand in."""
    parents = {part.id: part for part in below}
    belongings = {unit.id: its_own}

    def belonging_of(part: Unit) -> Belonging:
        known = belongings.get(part.id)
        if known is None:
            parent = parents.get(part.parent_id)
            above = belonging_of(parent) if parent is not None else its_own
            known = replace(above, left_out=False)
            if part.kind in _SCOPES:
                known = Belonging(part.id, part.kind == UnitKind.COMMAND, False)
            belongings[part.id] = known
        return known

    for part in below:
        belonging_of(part)
    return belongings


# ------------------------------------------------------------------------------------- facts from anywhere
class _Text:
    """Stand for a statement of which only the text is known."""

    __slots__ = ("text",)

    def __init__(self, text: Hashable) -> None:
        self.text = text


def tally_of_queries(kind: int, queries: Iterable[Query]) -> Tally:
    """Return the tally of a unit of a kind and its queries."""
    records: list[Record] = []
    shapes: list[Shape] = []
    whose: list[Belonging] = []
    known: dict[object, Shape] = {}
    for query in sorted(queries, key=_start_of_query):
        if query.flags & _CONTROL or not query.calls:
            continue
        key = (id(query.statement), query.alias, id(query.site), query.flags)
        shape = known.get(key)
        if shape is None:
            shape = known[key] = Shape(query.statement, query.site, query.alias, query.flags)
        ordinal = query.calls if query.flags & _SUMMARY else query.ordinal
        text: Any = _Text(query.text)
        records.append(
            (text, query.alias, "", query.start_ns, query.duration_ns, query.flags, query.rows, None, ordinal)
        )
        shapes.append(shape)
        in_command = query.command if query.scope else kind == UnitKind.COMMAND
        whose.append(Belonging(query.scope, in_command, query.own and kind == UnitKind.TEST))
    return Tally(records, shapes, whose)
