"""Judge a unit of work: proto/VERDICTS.md, the Python half.

::

    verdict = judge(unit, descendants)            # finished units, as the recorder keeps them
    verdict = judge_queries(facts, queries)       # anything else, as the vectors do

A pure function of its arguments: one pass over the queries, exact work only for groups that can be findings.
Threads: any may call. Cost: about 2 µs a query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from operator import attrgetter, itemgetter

from ..protocol import Operation, RecordFlags, UnitKind
from ..statements import OVERFLOW
from ..unit import Record, Unit
from .facts import IgnoreRule, Query, Thresholds, UnitFacts
from .findings import Judgement
from .groups import Belonging, Group, group_up
from .score import score_of
from .sources import Sources
from .tally import bundles_of_queries, bundles_of_records
from .verdict import Finding, GroupCount, Verdict

__all__ = ["judge", "judge_queries"]

_DEFAULTS = Thresholds()
_ITS_OWN = Belonging()
_BELOW = Belonging(own=False)
_SCOPES = frozenset({UnitKind.REQUEST, UnitKind.TASK, UnitKind.COMMAND, UnitKind.TEST})
_SCORED = frozenset({"n_plus_one", "query_in_loop"})
_SUMMARY = int(RecordFlags.SUMMARY)
_start_of_query = attrgetter("start_ns")
_start_of_record = itemgetter(3)


def judge_queries(
    unit: UnitFacts,
    queries: Iterable[Query],
    thresholds: Thresholds = _DEFAULTS,
    ignore: Sequence[IgnoreRule] = (),
    today: str = "",
) -> Verdict:
    """Return the verdict on a unit and its queries, those of its descendants included.

    ``today`` is an ISO date for rules with ``until``; "" lets all of them hold.
    """
    return _verdict(unit, bundles_of_queries(sorted(queries, key=_start_of_query)), thresholds, ignore, today)


def judge(
    unit: Unit,
    descendants: Iterable[Unit] = (),
    thresholds: Thresholds = _DEFAULTS,
    ignore: Sequence[IgnoreRule] = (),
    today: str = "",
    *,
    in_tests: bool = False,
) -> Verdict:
    """Return the verdict on a finished unit as it was recorded, with the finished units below it."""
    below = list(descendants)
    if below or unit.groups:
        whose = _belongings(unit, below)
        pairs = [(record, whose[part.id]) for part in (unit, *below) for record in _records(part)]
        pairs.sort(key=lambda pair: pair[0][3])
        bundles = bundles_of_records([record for record, _ in pairs], [belonging for _, belonging in pairs])
    else:
        bundles = bundles_of_records(sorted(unit.records[: unit.count], key=_start_of_record), repeat(_ITS_OWN))
    caches = [counts for part in (unit, *below) if part.caches for counts in part.caches.values()]
    facts = UnitFacts(
        kind=UnitKind(unit.kind),
        operation=Operation(unit.operation),
        name=unit.name,
        duration_ns=unit.duration_ns,
        first_byte_ns=unit.first_byte_ns,
        in_tests=in_tests,
        cache_hits=sum(counts[0] for counts in caches),
        cache_misses=sum(counts[1] for counts in caches),
    )
    return _verdict(facts, bundles, thresholds, ignore, today)


def _belongings(unit: Unit, below: list[Unit]) -> dict[int, Belonging]:
    """Return for each unit, by id, whose its queries are; blocks belong to what they stand in."""
    parents = {part.id: part for part in below}
    belongings = {unit.id: _ITS_OWN}

    def belonging_of(part: Unit) -> Belonging:
        known = belongings.get(part.id)
        if known is None:
            parent = parents.get(part.parent_id)
            above = belonging_of(parent) if parent is not None else _BELOW
            known = Belonging(False, above.scope, above.command)
            if part.kind in _SCOPES:
                known = Belonging(False, part.id, part.kind == UnitKind.COMMAND)
            belongings[part.id] = known
        return known

    for part in below:
        belonging_of(part)
    return belongings


def _records(unit: Unit) -> Iterator[Record]:
    """Yield the records of a unit, and its folded groups as the summaries that would travel."""
    yield from unit.records[: unit.count]
    for key, group in (unit.groups or {}).items():
        statement, alias, vendor, site = key or (OVERFLOW, "", "", None)
        yield statement, alias, vendor, group.start_ns, group.duration_ns, _SUMMARY, group.rows, site, group.calls


def _verdict(
    unit: UnitFacts, bundles: list[Group], thresholds: Thresholds, ignore: Sequence[IgnoreRule], today: str
) -> Verdict:
    groups = group_up(bundles, unit.kind, thresholds.loop_calls_min, thresholds.polling_gap_ns)
    judgement = Judgement(unit, thresholds, ignore, today, Sources(groups, thresholds.loop_calls_min))
    findings: list[tuple[tuple[int, int, int, int, int], Finding]] = []
    queries = db_ns = 0
    for group in groups:
        queries += group.queries
        db_ns += group.total_ns
        finding = judgement.of_loop(group) if group.is_loop else None
        if finding is None and group.total_ns >= thresholds.slow_query_ns:
            finding = judgement.of_slow(group)
        if finding is not None:
            findings.append(((-finding.saving_ns, 0, group.start_ns, finding.id, group.index), finding))
    for finding in judgement.of_unit(queries, db_ns):
        findings.append(((-finding.saving_ns, 1, 0, finding.id, 0), finding))
    findings.sort(key=itemgetter(0))
    outside = unit.kind == UnitKind.OUTSIDE
    ordered = tuple([finding for _, finding in findings])
    return Verdict(
        findings=ordered,
        groups=() if outside else _counts(groups),
        score=None if outside else score_of(unit, queries, _worst(ordered)),
        queries=queries,
        db_ns=db_ns,
    )


def _counts(groups: Iterable[Group]) -> tuple[GroupCount, ...]:
    return tuple([GroupCount(group.id, group.c) for group in groups if group.c >= 2 and not group.left_out])


def _worst(findings: Iterable[Finding]) -> int:
    return max((finding.severity for finding in findings if finding.kind in _SCORED and not finding.ignored), default=0)
