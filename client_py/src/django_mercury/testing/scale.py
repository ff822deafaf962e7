"""The sharpest check for N+1: run a block over few rows and over more, and fail for what grows with them.

::

    for _ in assert_constant_queries(populate, scale=(2, 3)):
        client.get("/books/")

    assert_constant_queries(populate)(lambda: client.get("/books/"))     # the same as a call

``populate(n)`` adds ``n`` rows; it is called before each run, outside of what is measured. Numbers of queries are
compared group by group (same statement, same place), so a page that costs ten queries at any size passes, and one more
query for each row fails although there are but five of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from mercury_client.reference import Finding, judge

from ..wording import place_text
from .capture import Capture
from .engines import rules_in_force
from .result import MercuryAssertionError
from .text import lesson

__all__ = ["ConstantQueries", "assert_constant_queries"]

_MIN_CALLS = 2  # with so few rows two calls are a loop already


class ConstantQueries:
    """Iterate over it once, or call it with a function; made by ``assert_constant_queries``."""

    def __init__(self, populate: Callable[[int], Any], scale: tuple[int, ...]) -> None:
        self._populate = populate
        self._scale = scale

    def __call__(self, block: Callable[[], Any]) -> None:
        """Run ``block`` once for each size, then compare."""
        for _ in self:
            block()

    def __iter__(self) -> Iterator[int]:
        __tracebackhide__ = True
        runs: list[tuple[int, dict[int, Finding]]] = []
        rows = 0
        for size in self._scale:
            self._populate(size)
            rows += size
            capture = Capture(f"with {rows} rows")
            capture.start()
            try:
                yield rows
            finally:
                capture.stop()
            runs.append((rows, _groups(capture)))
        _compare(runs)


def _groups(capture: Capture) -> dict[int, Finding]:
    """Return the groups of at least two calls, by id, as findings."""
    thresholds, ignore = rules_in_force()
    thresholds = replace(thresholds, loop_calls_min=_MIN_CALLS)
    verdict = judge(capture.unit, capture.below, thresholds, ignore, in_tests=True)
    return {one.id: one for one in verdict.findings if one.fingerprint and not one.ignored and one.kind != "slow_query"}


def _compare(runs: list[tuple[int, dict[int, Finding]]]) -> None:
    __tracebackhide__ = True
    first_rows, first = runs[0]
    last_rows, last = runs[-1]
    lines = []
    for id, finding in sorted(last.items(), key=lambda pair: -pair[1].count):
        before = first[id].count if id in first else 1
        if finding.count > before:
            was = str(before) if id in first else "at most 1"
            place = place_text(finding.trigger) or "a place that is unknown"
            lines.append(f"{was} -> {finding.count} calls at {place} {finding.relation}".rstrip())
            lines += [f"    {line}" for line in lesson(finding)]
    if lines:
        head = f"The number of queries grows with the rows: from {first_rows} to {last_rows} rows\n"
        raise MercuryAssertionError(head + "\n".join(lines))


def assert_constant_queries(populate: Callable[[int], Any], scale: tuple[int, ...] = (2, 3)) -> ConstantQueries:
    """Check that a block makes the same queries over few rows and over more; see the top of this file.

    ``populate``: adds that many rows. ``scale``: how many, run by run; at least two numbers of at least 1.
    """
    if not callable(populate):
        raise TypeError(f"populate is {populate!r:.80}, it must be a function that adds as many rows as it is told")
    sizes = tuple(scale)
    if len(sizes) < 2 or not all(isinstance(size, int) and not isinstance(size, bool) and size > 0 for size in sizes):
        raise ValueError(f"scale is {scale!r:.80}, it must have at least two whole numbers of at least 1, like (2, 3)")
    return ConstantQueries(populate, sizes)
