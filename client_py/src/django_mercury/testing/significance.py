"""Tell a slowdown from noise: an exact rank test of the lower times, with a margin, and Holm's correction over a run.

The question is put so that noise is not the answer. Not "is it slower", for no two processes go at quite one speed,
but "is it slower by more than ``MARGIN``": the times of before are multiplied by it. And noise only ever adds: what a
busy neighbour does to a test makes its times longer, some of them much. So the shorter ones tell most, and the longest
ones nothing. The chance that the times of now would stand as high as they do by luck is counted out, order by order.
Nothing is assumed of the times but that repeats do not depend on each other; no mean, no variance. Pure functions.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from math import comb
from typing import Final, TypeVar

__all__ = ["ERROR_RATE", "MARGIN", "REPEATS_MAX", "exceedance_p", "least_p", "significant"]

ERROR_RATE: Final = 0.05  # of a whole run: chance that anything is called slower although nothing is, beyond MARGIN
MARGIN: Final = 1.08  # what two runs of the same code may differ by; tests/bench/baseline_gate.py measures both
REPEATS_MAX: Final = 30  # on each side; more are not looked at, because counting their orders takes seconds

Key = TypeVar("Key", bound=Hashable)


def exceedance_p(before: Sequence[float], now: Sequence[float], margin: float = MARGIN) -> float:
    """Return the chance that times no more than ``margin`` times those of before would look like these.

    One-sided and exact: a linear rank test (Hájek and Šidák, "Theory of Rank Tests", 1967), where rank i of N counts
    (7/10 N - i)² if it is in the lower seven tenths, and nothing above; the sum over ``now`` is small if they are slow.
    A tie counts for "not slower", so the chance is never understated. 1 if a side is empty.
    """
    before, now = _thinned(before), _thinned(now)
    if not before or not now:
        return 1.0
    ordered = sorted([(time * margin, True) for time in before] + [(time, False) for time in now])
    scores = _scores(len(ordered))
    seen = sum(score for (_, is_before), score in zip(ordered, scores, strict=True) if not is_before)
    return _share_up_to(len(before), len(now), seen)


def _thinned(times: Sequence[float]) -> Sequence[float]:
    """Return at most ``REPEATS_MAX`` of the times, as many from each part of them: they may be in rising order."""
    if len(times) <= REPEATS_MAX:
        return times
    return [times[(2 * at + 1) * len(times) // (2 * REPEATS_MAX)] for at in range(REPEATS_MAX)]


def least_p(before: int, now: int) -> float:
    """Return the smallest chance that so many repeats can show: each time of now above each of before."""
    return exceedance_p([1.0] * before, [2.0 * MARGIN] * now)


def significant(chances: Mapping[Key, float], error_rate: float = ERROR_RATE) -> set[Key]:
    """Return which of many tests are significant, with a chance of ``error_rate`` that any of these is so by luck.

    Holm (1979, "A simple sequentially rejective multiple test procedure"): the smallest chance is compared with the
    rate over the number of tests, the next one with the rate over one less, until one is too large. The tests may
    depend on each other in any way.
    """
    found: set[Key] = set()
    ordered = sorted(chances.items(), key=lambda pair: pair[1])
    for at, (key, chance) in enumerate(ordered):
        if chance * (len(ordered) - at) > error_rate:
            break
        found.add(key)
    return found


@lru_cache(maxsize=256)
def _scores(size: int) -> tuple[int, ...]:
    """Return what each rank counts, the lowest first."""
    last = 7 * size // 10
    return tuple(max(0, last - rank) ** 2 for rank in range(1, size + 1))


@lru_cache(maxsize=4096)
def _share_up_to(before: int, now: int, sum_: int) -> float:
    """Return in which share of all orders the ranks of ``now`` count at most ``sum_``."""
    bits, ways = _ways(before, now)
    mask = (1 << bits) - 1
    found = 0
    for _ in range(sum_ + 1):
        found += ways & mask
        ways >>= bits
    return found / comb(before + now, now)


@lru_cache(maxsize=64)
def _ways(before: int, now: int) -> tuple[int, int]:
    """Return in how many orders the ranks of ``now`` count 0, 1, 2 and so on: a number of so many bits for each.

    Rank by rank: it is one of ``now``, or not. The numbers of all sums stand in one large number, so that adding a
    score is a shift.
    """
    size = before + now
    bits = comb(size, now).bit_length()
    with_ = [1] + [0] * now  # by how many ranks are of now
    for score in _scores(size):
        for count in range(now, 0, -1):
            with_[count] += with_[count - 1] << score * bits
    return bits, with_[now]
