"""Put the queries of a unit into groups, and count those that may be loops (VERDICTS.md §2).

Exact work (runs, different parameters) is done for groups of several calls only, and none at all for a unit in
which nothing comes twice (``Tally.all_differ``).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..protocol import RecordFlags, UnitKind
from ..unit import Record
from .facts import JudgedSite, finding_id
from .shapes import Shape
from .tally import Belonging, Tally, calls_of

__all__ = ["Group", "group_up"]

_SUMMARY = int(RecordFlags.SUMMARY)


class Group:
    """The queries of one statement at one site, as records in the order of their start.

    It is made of its first query. ``counted`` is what ``c`` counts the calls of: all records, or the longest run.
    """

    __slots__ = (
        "_id", "alias", "c", "counted", "facts", "in_command", "index", "is_loop", "left_out", "records", "site",
    )  # fmt: skip

    def __init__(self, index: int, record: Record, shape: Shape, belonging: Belonging) -> None:
        self.index = index  # groups stand in the order of their first queries
        self.facts = shape.facts
        self.site = shape.site
        self.alias = shape.alias
        self.in_command = belonging.in_command
        self.left_out = shape.no_loop or belonging.left_out  # never a loop
        self.records = self.counted = [record]
        self.c = 1
        self.is_loop = False
        self._id: int | None = None

    @property
    def id(self) -> int:
        """Return the id that its finding has, or would have."""
        if self._id is None:
            self._id = finding_id(self.facts.fingerprint, self.site.identity if self.site else 0)
        return self._id

    @property
    def start_ns(self) -> int:
        """Return the start of its first query."""
        return self.records[0][3]

    @property
    def operation(self) -> str:
        """Return the ORM operation of its site, "" without one."""
        return self.site.site.operation if self.site else ""

    @property
    def t(self) -> int:
        """Return the time of what is counted."""
        return sum([record[4] for record in self.counted])

    def distinct(self) -> int | None:
        """Return how many different texts and parameters were counted; None: unknown."""
        records = self.counted
        if all(record[8] and not record[5] & _SUMMARY for record in records):
            return len({(record[0].text, record[8]) for record in records})
        texts = len({record[0].text for record in records})
        return texts if texts >= 2 else None

    def count(self, polling_gap_ns: int, has_summaries: bool) -> None:
        """Count its calls, all of them or those of the longest run."""
        if self.in_command and len(self.records) > 1:
            self.counted = _longest_run(self.records, polling_gap_ns)
        self.c = calls_of(self.counted) if has_summaries else len(self.counted)


def group_up(tally: Tally, kind: int, loop_calls_min: int, polling_gap_ns: int) -> list[Group]:
    """Return the groups of a unit of that kind, counted, in the order of their first queries."""
    groups: dict[object, Group] = {}
    find = groups.get
    for record, shape, belonging in zip(tally.records, _with_lent_sites(tally.shapes), tally.whose, strict=False):
        key: object = shape.left_out_key if belonging.left_out else shape.key
        if belonging.scope:
            key = (belonging.scope, key)
        group = find(key)
        if group is None:
            groups[key] = Group(len(groups), record, shape, belonging)
        else:
            group.records.append(record)
    may_loop = kind != UnitKind.OUTSIDE
    has_summaries = tally.has_summaries
    for group in groups.values():
        if has_summaries or len(group.records) > 1:
            group.count(polling_gap_ns, has_summaries)
        group.is_loop = group.c >= loop_calls_min and may_loop and not group.left_out
    return list(groups.values())


def _with_lent_sites(shapes: Sequence[Shape]) -> Sequence[Shape]:
    """Give the queries without a site that of the others like them, if those were all made at one."""
    homeless = {shape for shape in shapes if shape.site is None}
    if not homeless:
        return shapes
    lent: dict[tuple[str, int], JudgedSite | None] = {}
    for shape in dict.fromkeys(shapes):
        if shape.site is not None:
            known = lent.setdefault(_statement_of(shape), shape.site)
            if known is not None and known.key != shape.site.key:
                lent[_statement_of(shape)] = None
    moved: dict[Shape, Shape] = {}
    for shape in homeless:
        site = lent.get(_statement_of(shape))
        if site is not None:
            moved[shape] = shape.at(site)
    return [moved.get(shape, shape) for shape in shapes]


def _statement_of(shape: Shape) -> tuple[str, int]:
    return shape.alias, shape.facts.fingerprint


def _longest_run(records: list[Record], gap_ns: int) -> list[Record]:
    """Return the run of most calls in which each starts at most ``gap_ns`` after the one before it."""
    best = (0, 0, 0)  # calls, first, end
    first = total = 0
    for at, record in enumerate(records):
        if at and record[3] - records[at - 1][3] > gap_ns:
            first, total = at, 0
        total += calls_of((record,))
        if total > best[0]:
            best = (total, first, at + 1)
    return records[best[1] : best[2]]
