"""Put the queries of a unit into groups, and count those that may be loops (VERDICTS.md §2).

Queries come in bundled by what is the same object, which is cheap (tally.py); here bundles that are equal become
one group. Exact work (runs, different parameters) is done for groups of several calls only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from ..protocol import RecordFlags, SiteFlags, UnitKind
from ..unit import Record
from .facts import JudgedSite, StatementFacts, finding_id

__all__ = ["WRITES", "Belonging", "Group", "calls_of", "group_up"]

WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"})

_MANY = int(RecordFlags.MANY)
_SUMMARY = int(RecordFlags.SUMMARY)
_NO_LOOP = int(SiteFlags.CHUNK | SiteFlags.BULK)
_start_of = itemgetter(3)


@dataclass(frozen=True, slots=True, eq=False)
class Belonging:
    """Whose queries are: the unit's own, of which request, task, command or test below it, and if it is a command."""

    own: bool = True
    scope: int = 0
    command: bool = False


class Group:
    """The queries of one statement at one site, as records in the order of their start; once a bundle of them.

    ``group_up`` sets what is declared without a value: a unit has many groups, and few of them are of interest.
    """

    __slots__ = (
        "_id", "alias", "belonging", "c", "counted", "facts", "flags", "index", "is_loop", "left_out", "queries",
        "records", "site", "t", "total_ns",
    )  # fmt: skip
    index: int  # groups stand in the order of their first queries
    left_out: bool  # never a loop
    is_loop: bool
    queries: int  # calls of all records
    total_ns: int  # their time
    counted: list[Record]  # what c and t are of: all records, or the longest run
    c: int
    t: int

    def __init__(
        self, facts: StatementFacts, site: JudgedSite | None, alias: str, flags: int, belonging: Belonging
    ) -> None:
        self.facts = facts
        self.site = site
        self.alias = alias
        self.flags = flags  # of any of its records; of a bundle: of all
        self.belonging = belonging
        self.records: list[Record] = []
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

    def distinct(self) -> int | None:
        """Return how many different texts and parameters were counted; None: unknown."""
        records = self.counted
        if all(record[8] and not record[5] & _SUMMARY for record in records):
            return len({(record[0].text, record[8]) for record in records})
        texts = len({record[0].text for record in records})
        return texts if texts >= 2 else None

    def count(self, gap_ns: int | None) -> None:
        """Count calls and time; with ``gap_ns``, c and t are those of the longest run."""
        records = self.counted = self.records
        if len(records) == 1:
            self.c = self.queries = calls_of(records[0]) if self.flags & _SUMMARY else 1
            self.t = self.total_ns = records[0][4]
            return
        self.c = self.queries = _calls(records) if self.flags & _SUMMARY else len(records)
        self.t = self.total_ns = sum([record[4] for record in records])
        if gap_ns is not None:
            self.counted = _longest_run(records, gap_ns)
            self.c, self.t = _calls(self.counted), sum([record[4] for record in self.counted])


def calls_of(record: Record) -> int:
    """Return how many calls a record stands for; a summary has them for an ordinal, as it travels."""
    return record[8] if record[5] & _SUMMARY else 1


def _calls(records: list[Record]) -> int:
    return sum([calls_of(record) for record in records])


def group_up(bundles: Sequence[Group], kind: int, loop_calls_min: int, polling_gap_ns: int) -> list[Group]:
    """Merge bundles that are equal, and count; bundles come in the order of their first queries."""
    homeless = [bundle for bundle in bundles if bundle.site is None]
    if homeless:
        _lend_sites(bundles, homeless)
    groups: dict[tuple[str, int, int, int, bool], Group] = {}
    mixed: dict[int, Group] = {}
    for bundle in bundles:
        left_out = _is_left_out(bundle, kind)
        site = bundle.site
        key = (bundle.alias, bundle.facts.fingerprint, site.key if site else 0, bundle.belonging.scope, left_out)
        group = groups.get(key)
        if group is None:
            bundle.index = len(groups)
            bundle.left_out = left_out
            groups[key] = bundle
        else:
            group.records += bundle.records
            group.flags |= bundle.flags
            mixed[group.index] = group
    for group in mixed.values():
        group.records.sort(key=_start_of)
    may_loop = kind != UnitKind.OUTSIDE
    for group in groups.values():
        belonging = group.belonging
        in_command = belonging.command if belonging.scope else kind == UnitKind.COMMAND
        group.count(polling_gap_ns if in_command else None)
        group.is_loop = group.c >= loop_calls_min and may_loop and not group.left_out
    return list(groups.values())


def _is_left_out(bundle: Group, kind: int) -> bool:
    """Tell whether queries are no loop, however many there are."""
    site = bundle.site
    if site is not None and site.site.flags & _NO_LOOP:
        return True
    if bundle.flags & _MANY and bundle.facts.operation in WRITES:
        return True
    return kind == UnitKind.TEST and bundle.belonging.own


def _lend_sites(bundles: Sequence[Group], homeless: Sequence[Group]) -> None:
    """Give the queries without a site that of the others like them, if those were all made at one."""
    lent: dict[tuple[str, int], JudgedSite | None] = {}
    for bundle in bundles:
        if bundle.site is not None:
            key = (bundle.alias, bundle.facts.fingerprint)
            known = lent.setdefault(key, bundle.site)
            if known is not None and known.key != bundle.site.key:
                lent[key] = None
    for bundle in homeless:
        bundle.site = lent.get((bundle.alias, bundle.facts.fingerprint))


def _longest_run(records: list[Record], gap_ns: int) -> list[Record]:
    """Return the run of most calls in which each starts at most ``gap_ns`` after the one before it."""
    best = (0, 0, 0)  # calls, first, end
    first = total = 0
    for at, record in enumerate(records):
        if at and record[3] - records[at - 1][3] > gap_ns:
            first, total = at, 0
        total += calls_of(record)
        if total > best[0]:
            best = (total, first, at + 1)
    return records[best[1] : best[2]]
