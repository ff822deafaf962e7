"""Turn counted groups, and a unit's totals, into findings (VERDICTS.md §4 to §6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..protocol import Operation, UnitKind
from . import rules
from .facts import IgnoreRule, JudgedSite, Thresholds, UnitFacts, hash_lines
from .groups import Group
from .score import response_ns, severity_of
from .shapes import WRITES
from .silence import reason_to_ignore
from .sources import Sources
from .suggestions import suggest
from .tally import calls_of
from .verdict import Finding, FindingKind, Level, Place, Source

__all__ = ["Judgement"]

_NOWHERE = Place()
_NS_PER_MS = 1_000_000


@dataclass(slots=True, eq=False)
class Judgement:
    """What every finding of one unit is measured by."""

    unit: UnitFacts
    thresholds: Thresholds
    ignore: Sequence[IgnoreRule]
    today: str
    sources: Sources

    # --------------------------------------------------------------------------------------------- groups
    def of_loop(self, group: Group) -> Finding | None:
        """Return the finding of a loop, None if it is neither a SELECT nor a write."""
        operation = group.facts.operation
        if operation not in WRITES and operation != "SELECT":
            return None
        distinct = group.distinct()
        sources: Sequence[Group] = ()
        level: Level = "warn"
        kind: FindingKind
        likely = False
        if operation in WRITES:
            kind = "write_loop"
        elif _has_relation(group.site, distinct):
            sources = self.sources.of(group)
            kind, level, likely = "n_plus_one", self._level(group.c), not sources
        elif distinct == 1:
            kind = "repeated_query"
        else:
            kind, level, likely = "query_in_loop", self._level(group.c), distinct is None
        severity = severity_of(group.c, self.thresholds.n_plus_one)
        time_ns = group.t
        saving_ns = time_ns - time_ns // group.c
        return self._finding(kind, level, group, group.c, time_ns, saving_ns, likely, severity, distinct, sources)

    def of_slow(self, group: Group) -> Finding | None:
        """Return the finding of a group with slow calls that is no loop, or no loop of a known kind."""
        slow_ns = self.thresholds.slow_query_ns
        slow = [record for record in group.records if record[4] >= slow_ns * calls_of((record,))]
        if not slow:
            return None
        count = calls_of(slow)
        time_ns = sum([record[4] for record in slow])
        return self._finding("slow_query", "warn", group, count, time_ns, time_ns - slow_ns * count)

    def _level(self, calls: int) -> Level:
        threshold = self.thresholds.n_plus_one
        return "fail" if calls >= threshold else "warn" if 10 * calls >= 8 * threshold else "notice"

    def _finding(
        self,
        kind: FindingKind,
        level: Level,
        group: Group,
        count: int,
        time_ns: int,
        saving_ns: int,
        likely: bool = False,
        severity: int = 0,
        distinct: int | None = None,
        sources: Sequence[Group] = (),
    ) -> Finding:
        site = group.site
        path = self.sources.path(group) if sources else None
        return Finding(
            id=group.id,
            kind=kind,
            level=level,
            likely=likely,
            severity=severity,
            fingerprint=group.facts.fingerprint,
            alias=group.alias,
            count=count,
            distinct=distinct,
            time_ns=time_ns,
            saving_ns=saving_ns,
            relation=site.site.relation if site else "",
            relation_kind=site.site.relation_kind if site else "",
            operation=group.operation,
            trigger=site.place if site else _NOWHERE,
            sources=tuple(Source(s.facts.fingerprint, s.site.place if s.site else _NOWHERE) for s in sources),
            suggestion=suggest(kind, group, count, path),
            ignored=self._ignored(kind, site),
        )

    def _ignored(self, kind: FindingKind, site: JudgedSite | None) -> str:
        if not self.ignore and (site is None or not site.site.ignore):
            return ""
        return reason_to_ignore(kind, self.unit.name, site, self.ignore, self.today)

    # ----------------------------------------------------------------------------------------------- unit
    def of_unit(self, queries: int, db_ns: int) -> Iterator[Finding]:
        """Yield what is over the limits of the unit as a whole."""
        unit = self.unit
        if unit.kind == UnitKind.OUTSIDE:
            return
        limits = None
        if unit.kind == UnitKind.REQUEST and unit.operation != Operation.UNKNOWN:
            limits = rules.OPERATIONS[unit.operation.name.lower()]
        queries_max, response_ms = self.thresholds.queries, self.thresholds.response_ms
        if limits is not None:
            queries_max = limits.queries if queries_max is None else queries_max
            response_ms = limits.response_ms if response_ms is None else response_ms
        if queries_max is not None and queries > queries_max:
            yield self._unit_finding("too_many_queries", queries, db_ns, 0)
        time_ns = response_ns(unit)
        if response_ms is not None and time_ns > response_ms * _NS_PER_MS:
            yield self._unit_finding("slow_response", 1, time_ns, time_ns - response_ms * _NS_PER_MS)

    def _unit_finding(self, kind: FindingKind, count: int, time_ns: int, saving_ns: int) -> Finding:
        return Finding(
            id=hash_lines([kind, self.unit.name]),
            kind=kind,
            level="fail" if self.unit.in_tests else "warn",
            likely=False,
            severity=0,
            fingerprint=0,
            alias="",
            count=count,
            distinct=None,
            time_ns=time_ns,
            saving_ns=saving_ns,
            relation="",
            relation_kind="",
            operation="",
            trigger=_NOWHERE,
            sources=(),
            suggestion=suggest(kind, None, count, None),
            ignored=self._ignored(kind, None),
        )


def _has_relation(site: JudgedSite | None, distinct: int | None) -> bool:
    """Tell whether the ORM said of what the rows are; the same row by key again and again is of nothing."""
    if site is None or not site.site.relation_kind:
        return False
    return site.site.relation_kind != "get_by_key" or distinct != 1
