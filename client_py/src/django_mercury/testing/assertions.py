"""Assertions on what was measured, as a mixin for test cases and as functions.

Each takes a ``Monitor`` or its ``MonitorResult`` and fails with the figure, the limit and the whole report. ``…Less``
is strict: the limit itself fails. A figure that was not measured never passes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from .monitor import Monitor
from .result import MercuryAssertionError, MonitorResult

__all__ = ["MercuryAssertions", "assert_no_n_plus_one", "result_of"]

FAST_MS = 100
NOT_SLOW_MS = 500
EFFICIENT_MB = 20
EXCELLENT_SCORE, EXCELLENT_MS = 80, 100
READY_SCORE, READY_MS, READY_SEVERITY = 60, 300, 4


def result_of(measured: Any) -> MonitorResult:
    """Return the result of what an assertion was given; TypeError for anything else."""
    if isinstance(measured, MonitorResult):
        return measured
    if isinstance(measured, Monitor):
        return measured.result
    raise TypeError(f"this assertion takes what monitor() gave, not {type(measured).__name__}")


def fail(result: MonitorResult, sentence: str, message: str | None = None) -> NoReturn:
    """Raise with a sentence, what the caller has to say, and the report."""
    __tracebackhide__ = True
    from .text import report

    parts = [sentence, message or "", report(result)]
    raise MercuryAssertionError("\n".join(part for part in parts if part), result)


def assert_no_n_plus_one(measured: Any, msg: str | None = None) -> None:
    """Fail if a query ran in a loop, from ``loop_calls_min`` (3) calls on; silenced findings are left out."""
    __tracebackhide__ = True
    result = result_of(measured)
    if result.loops:
        worst = max(result.loops, key=lambda one: one.count)
        groups = "1 group" if len(result.loops) == 1 else f"{len(result.loops)} groups"
        fail(result, f"N+1 queries: {groups}, the largest with {worst.count} calls", msg)


class MercuryAssertions:
    """The assertions; no test case itself."""

    def assertPerformance(
        self,
        monitor: Any,
        max_response_time: float | None = None,
        max_memory_mb: float | None = None,
        max_queries: int | None = None,
        min_cache_hit_ratio: float | None = None,
        msg: str | None = None,
    ) -> None:
        """Fail over a limit; ms, MB, queries, and a share from 0 to 1. The limit itself passes."""
        __tracebackhide__ = True
        result = result_of(monitor)
        faults = []
        if max_response_time is not None and result.response_time_ms > max_response_time:
            faults.append(f"response time {result.response_time_ms:.2f} ms > {max_response_time:g} ms")
        if max_memory_mb is not None and result.memory_mb > max_memory_mb:
            faults.append(f"memory {result.memory_mb:.1f} MB > {max_memory_mb:g} MB")
        if max_queries is not None and result.query_count > max_queries:
            faults.append(f"{result.query_count} queries > {max_queries}")
        ratio = result.cache_hit_ratio
        if min_cache_hit_ratio is not None and ratio is None:
            faults.append("no cache was asked, so its hit ratio is unknown")
        elif min_cache_hit_ratio is not None and ratio is not None and ratio < min_cache_hit_ratio:
            faults.append(f"cache hit ratio {ratio:.0%} < {min_cache_hit_ratio:.0%}")
        if faults:
            fail(result, f"Performance: {'; '.join(faults)}", msg)

    def assertResponseTimeLess(self, measured: Any, milliseconds: float, msg: str | None = None) -> None:
        """Fail unless it took less than this."""
        __tracebackhide__ = True
        result = result_of(measured)
        if not result.response_time_ms < milliseconds:
            fail(result, f"Response time {result.response_time_ms:.2f} ms is not less than {milliseconds:g} ms", msg)

    def assertMemoryLess(self, measured: Any, megabytes: float, msg: str | None = None) -> None:
        """Fail unless it took less memory than this."""
        __tracebackhide__ = True
        result = result_of(measured)
        if not result.memory_mb < megabytes:
            fail(result, f"Memory {result.memory_mb:.1f} MB is not less than {megabytes:g} MB", msg)

    def assertQueriesLess(self, measured: Any, count: int, msg: str | None = None) -> None:
        """Fail unless it made fewer queries than this."""
        __tracebackhide__ = True
        result = result_of(measured)
        if not result.query_count < count:
            fail(result, f"{result.query_count} queries are not less than {count}", msg)

    def assertPerformanceFast(self, measured: Any, msg: str | None = None) -> None:
        """Fail unless it took less than 100 ms."""
        __tracebackhide__ = True
        result = result_of(measured)
        if not result.response_time_ms < FAST_MS:
            fail(result, f"Not fast: {result.response_time_ms:.2f} ms, less than {FAST_MS} ms is", msg)

    def assertPerformanceNotSlow(self, measured: Any, msg: str | None = None) -> None:
        """Fail if it took more than 500 ms."""
        __tracebackhide__ = True
        result = result_of(measured)
        if result.response_time_ms > NOT_SLOW_MS:
            fail(result, f"Slow: {result.response_time_ms:.2f} ms, over {NOT_SLOW_MS} ms", msg)

    def assertMemoryEfficient(self, measured: Any, msg: str | None = None) -> None:
        """Fail if it took more than 20 MB."""
        __tracebackhide__ = True
        result = result_of(measured)
        if result.memory_mb > EFFICIENT_MB:
            fail(result, f"Memory {result.memory_mb:.1f} MB, over {EFFICIENT_MB} MB", msg)

    def assertNoNPlusOne(self, measured: Any, msg: str | None = None) -> None:
        """Fail if a query ran in a loop."""
        __tracebackhide__ = True
        assert_no_n_plus_one(measured, msg)

    def assertGoodCachePerformance(self, measured: Any, min_hit_ratio: float = 0.7, msg: str | None = None) -> None:
        """Fail if the cache was not asked, or found too little."""
        __tracebackhide__ = True
        result = result_of(measured)
        ratio = result.cache_hit_ratio
        if ratio is None:
            fail(result, "No cache was asked, so its hit ratio is unknown", msg)
        if ratio < min_hit_ratio:
            fail(result, f"Cache hit ratio {ratio:.0%} is under {min_hit_ratio:.0%}", msg)

    def assert_mercury_performance_excellent(self, measured: Any) -> None:
        """Fail unless it has 80 points, took less than 100 ms, and has no N+1."""
        __tracebackhide__ = True
        result = result_of(measured)
        points = result.score.value if result.score else 0
        faults = []
        if points < EXCELLENT_SCORE:
            faults.append(f"{points} points, at least {EXCELLENT_SCORE} are wanted")
        if not result.response_time_ms < EXCELLENT_MS:
            faults.append(f"{result.response_time_ms:.2f} ms, less than {EXCELLENT_MS} ms is wanted")
        if result.loops:
            faults.append(f"{len(result.loops)} N+1")
        if faults:
            fail(result, f"Not excellent: {'; '.join(faults)}")

    def assert_mercury_performance_production_ready(self, measured: Any) -> None:
        """Fail unless it has 60 points, took less than 300 ms, and no N+1 is of severity 4 or 5."""
        __tracebackhide__ = True
        result = result_of(measured)
        points = result.score.value if result.score else 0
        worst = max((one.severity for one in result.loops), default=0)
        faults = []
        if points < READY_SCORE:
            faults.append(f"{points} points, at least {READY_SCORE} are wanted")
        if not result.response_time_ms < READY_MS:
            faults.append(f"{result.response_time_ms:.2f} ms, less than {READY_MS} ms is wanted")
        if worst >= READY_SEVERITY:
            faults.append(f"an N+1 of severity {worst}, less than {READY_SEVERITY} is wanted")
        if faults:
            fail(result, f"Not ready for production: {'; '.join(faults)}")

    def assert_no_n_plus_one(self, measured: Any, msg: str | None = None) -> None:
        """Fail if a query ran in a loop."""
        __tracebackhide__ = True
        assert_no_n_plus_one(measured, msg)

    def assert_constant_queries(self, populate: Callable[[int], Any], scale: tuple[int, ...] = (2, 3)) -> Any:
        """Return the check of ``scale.py``: a block that is run at each size, and must not make more queries."""
        from .scale import assert_constant_queries

        return assert_constant_queries(populate, scale)
