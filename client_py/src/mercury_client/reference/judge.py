"""Judge a unit of work: proto/VERDICTS.md, the Python half.

::

    verdict = judge(unit, descendants)            # finished units, as the recorder keeps them
    verdict = judge_queries(facts, queries)       # anything else, as the vectors do

A pure function of its arguments. What depends on a statement and its site alone is looked up (shapes.py); queries
become groups only where there may be something to find, and exact work is done only for groups that can be findings.
Threads: any may call. Cost: about 1 µs a query, twice that where statements repeat a little; some 25 µs a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from ..protocol import Operation, UnitKind
from ..unit import Unit
from .facts import IgnoreRule, Query, Thresholds, UnitFacts
from .findings import Judgement
from .groups import Group, group_up
from .score import score_of
from .sources import Sources
from .tally import Tally, tally_of_queries, tally_of_units
from .verdict import Finding, GroupCount, Verdict

__all__ = ["judge", "judge_queries"]

_DEFAULTS = Thresholds()
_SCORED = frozenset({"n_plus_one", "query_in_loop"})


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
    return _verdict(unit, tally_of_queries(unit.kind, queries), thresholds, ignore, today)


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
    caches = [counts for part in (unit, *below) if part.caches for counts in part.caches.values()]
    facts = UnitFacts(
        kind=UnitKind(unit.kind),
        operation=Operation(unit.operation),
        name=unit.name,
        duration_ns=unit.duration_ns,
        first_byte_ns=unit.first_byte_ns,
        in_tests=in_tests,
        cache_hits=sum([counts[0] for counts in caches]),
        cache_misses=sum([counts[1] for counts in caches]),
    )
    return _verdict(facts, tally_of_units(unit, below), thresholds, ignore, today)


def _verdict(
    unit: UnitFacts, tally: Tally, thresholds: Thresholds, ignore: Sequence[IgnoreRule], today: str
) -> Verdict:
    some_slow = tally.may_be_slow(thresholds.slow_query_ns)
    groups: list[Group] = []
    if some_slow or thresholds.loop_calls_min < 2 or not tally.all_differ:
        groups = group_up(tally, unit.kind, thresholds.loop_calls_min, thresholds.polling_gap_ns)
    judgement = Judgement(unit, thresholds, ignore, today, Sources(groups, thresholds.loop_calls_min))
    findings: list[tuple[tuple[int, int, int, int, int], Finding]] = []
    for group in groups:
        finding = judgement.of_loop(group) if group.is_loop else None
        if finding is None and some_slow:
            finding = judgement.of_slow(group)
        if finding is not None:
            findings.append(((-finding.saving_ns, 0, group.start_ns, finding.id, group.index), finding))
    for finding in judgement.of_unit(tally.queries, tally.db_ns):
        findings.append(((-finding.saving_ns, 1, 0, finding.id, 0), finding))
    findings.sort(key=itemgetter(0))
    outside = unit.kind == UnitKind.OUTSIDE
    ordered = tuple([finding for _, finding in findings])
    return Verdict(
        findings=ordered,
        groups=() if outside else _counts(groups),
        score=None if outside else score_of(unit, tally.queries, _worst(ordered)),
        queries=tally.queries,
        db_ns=tally.db_ns,
    )


def _counts(groups: Iterable[Group]) -> tuple[GroupCount, ...]:
    return tuple([GroupCount(group.id, group.c) for group in groups if group.c >= 2 and not group.left_out])


def _worst(findings: Iterable[Finding]) -> int:
    severities = [finding.severity for finding in findings if finding.kind in _SCORED and not finding.ignored]
    return max(severities, default=0)
