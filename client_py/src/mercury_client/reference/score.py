"""Turn time, queries, memory and cache hits into a score and a grade (VERDICTS.md §8)."""

from __future__ import annotations

from bisect import bisect_left

from ..protocol import Operation
from . import rules
from .facts import UnitFacts
from .verdict import Points, Score

__all__ = ["response_ns", "score_of", "severity_of"]


class _Ladder:
    """A scale, its bounds rising, with its points made beforehand: every unit is given some of them."""

    def __init__(self, scale: rules.Scale) -> None:
        self._bounds = [bound for bound, _ in scale.steps]
        points_of = [*(points for _, points in scale.steps), scale.otherwise]
        self._points = [Points(points, scale.max) for points in points_of]

    def at(self, value: int) -> Points:
        """Return the points of the first step that is not exceeded."""
        return self._points[bisect_left(self._bounds, value)]


_RESPONSE = _Ladder(rules.RESPONSE)
_QUERIES = _Ladder(rules.QUERIES)
_DELETE_QUERIES = _Ladder(rules.DELETE_QUERIES)
_MEMORY = _Ladder(rules.MEMORY)


def response_ns(unit: UnitFacts) -> int:
    """Return what a person waits for: the first byte of a stream, the end of anything else."""
    return unit.first_byte_ns or unit.duration_ns


def severity_of(calls: int, threshold: int) -> int:
    """Return how bad a loop of so many calls is, 0 to 5."""
    return max([at for at, step in enumerate(rules.SEVERITIES) if 2 * calls >= step.halves * threshold])


def score_of(unit: UnitFacts, queries: int, worst_severity: int) -> Score:
    """Return the score; memory and caches count only if they were measured and used."""
    deletes = unit.operation == Operation.DELETE
    response = _RESPONSE.at(response_ns(unit))
    asked = (_DELETE_QUERIES if deletes else _QUERIES).at(queries)
    memory = None if unit.memory_bytes is None else _MEMORY.at(unit.memory_bytes)
    cache = _cache_points(unit.cache_hits, unit.cache_hits + unit.cache_misses)
    counted = [points for points in (response, asked, memory, cache) if points is not None]
    most = sum([points.of for points in counted])
    severity = rules.SEVERITIES[worst_severity]
    penalty = severity.delete_penalty if deletes else severity.penalty
    value = max(0, (100 * sum([points.points for points in counted]) + most // 2) // most - penalty)
    grade = next(name for name, least in rules.GRADES if value >= least)
    return Score(value, grade, response, asked, memory, cache, penalty)


def _cache_points(hits: int, lookups: int) -> Points | None:
    if not lookups:
        return None
    scale = rules.CACHE
    steps = (points for percent, points in scale.steps if 100 * hits >= percent * lookups)
    return Points(next(steps, scale.otherwise), scale.max)
