"""Measure what the client costs on the application's thread, beside a bare hook that keeps nothing.

    python tests/bench/client_cost.py [--rounds 30] [--queries 30]

Rounds are interleaved: each round times every row once, in changing order, and a row's figure is the median
of its rounds, so that a noisy machine hits all rows alike. No daemon listens, and the flusher is told of
nothing: its work is on another thread, and is measured by itself, as "encode". CPU time of this thread, in
microseconds.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns, thread_time_ns
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "client_py" / "src"))

import mercury_client
from mercury_client import process
from mercury_client.encoder import Encoder
from mercury_client.limits import DICTIONARY_MAX
from mercury_client.protocol import Site, SiteFrame, UnitKind
from mercury_client.unit import Unit

STATEMENTS = [f'SELECT "shop_book"."id" FROM "shop_book" WHERE "shop_book"."author_id" = %s -- {n}' for n in range(10)]
SITE = Site(frames=(SiteFrame("shop/views.py", 12, "index", "shop.views", True),))
PER_SAMPLE = 2000


def run(sql: str, params: object, many: bool, context: dict[str, Any]) -> None:
    """Stand for the rest of the stack: the query itself."""


def no_hook() -> Callable[[str], None]:
    return lambda sql: run(sql, None, False, {})


def bare_hook() -> Callable[[str], None]:
    """Read two clocks and throw the difference away: the least that any execute wrapper costs."""

    def hook(sql: str) -> None:
        start = perf_counter_ns()
        try:
            run(sql, None, False, {})
        finally:
            perf_counter_ns() - start

    return hook


def recording_hook(site: Site | None) -> Callable[[str], None]:
    def hook(sql: str) -> None:
        unit = mercury_client.innermost()
        if unit is None:
            return
        start = perf_counter_ns()
        try:
            run(sql, None, False, {})
        finally:
            unit.record(sql, "default", "sqlite", start, perf_counter_ns() - start, 0, 1, site)

    return hook


def time_hook(hook: Callable[[str], None]) -> float:
    """Return µs a query, in units of 100 queries that are begun and ended outside of the time."""
    total = 0
    for _ in range(PER_SAMPLE // 100):
        unit = mercury_client.begin(UnitKind.REQUEST)
        token = mercury_client.activate(unit)
        before = thread_time_ns()
        for number in range(100):
            hook(STATEMENTS[number % 10])
        total += thread_time_ns() - before
        mercury_client.deactivate(token)
        mercury_client.finish(unit)
    return total / PER_SAMPLE / 1000


def time_record() -> float:
    """Return µs of ``Unit.record`` alone, a loop around it included."""
    unit = Unit(1, UnitKind.REQUEST, "", perf_counter_ns())
    record, sql = unit.record, STATEMENTS[0]
    before = thread_time_ns()
    for number in range(PER_SAMPLE):
        record(sql, "default", "sqlite", 10**15 + number, 10**5 + number, 0, 1, None)
    return (thread_time_ns() - before) / PER_SAMPLE / 1000


def time_units(queries: int) -> float:
    """Return µs of begin, activate, deactivate and finish of a unit, without its queries."""
    total = 0
    for _ in range(PER_SAMPLE // 10):
        before = thread_time_ns()
        unit = mercury_client.begin(UnitKind.REQUEST)
        token = mercury_client.activate(unit)
        total += thread_time_ns() - before
        for number in range(queries):
            unit.record(STATEMENTS[number % 10], "default", "sqlite", 10**15 + number, 10**5)
        before = thread_time_ns()
        mercury_client.deactivate(token)
        mercury_client.finish(unit, status=200, name="books/<int:pk>")
        total += thread_time_ns() - before
    return total / (PER_SAMPLE // 10) / 1000


def time_encode(queries: int) -> float:
    """Return µs of encoding one unit: on the flusher's thread."""
    encoder = Encoder(DICTIONARY_MAX)
    unit = Unit(1, UnitKind.REQUEST, "books/<int:pk>", 10**15)
    for number in range(queries):
        unit.record(STATEMENTS[number % 10], "default", "sqlite", 10**15 + number, 10**5, 0, 1, SITE)
    unit.seal(10**15 + 10**7)
    before = thread_time_ns()
    for _ in range(100):
        encoder.encode(unit, bytearray())
    return (thread_time_ns() - before) / 100 / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--queries", type=int, default=30, help="queries of a unit")
    arguments = parser.parse_args()
    process._client.recorder._notify = lambda work: None
    queries = arguments.queries
    rows: dict[str, Callable[[], float]] = {
        "query: no hook": lambda: time_hook(no_hook()),
        "query: bare hook, two clocks": lambda: time_hook(bare_hook()),
        "query: hook that records": lambda: time_hook(recording_hook(None)),
        "query: hook that records, with site": lambda: time_hook(recording_hook(SITE)),
        "query: Unit.record alone": time_record,
        "unit: begin … finish, empty": lambda: time_units(0),
        f"unit: begin … finish, {queries} queries": lambda: time_units(queries),
        f"flusher: encode, {queries} queries": lambda: time_encode(queries),
    }
    samples: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(arguments.rounds):
        for name in random.sample(list(rows), len(rows)):
            samples[name].append(rows[name]())
    width = max(map(len, rows))
    print(f"{'µs of CPU':{width}}  median     min     p90")
    for name, values in samples.items():
        values.sort()
        p90 = values[int(len(values) * 0.9)]
        print(f"{name:{width}}  {statistics.median(values):6.2f}  {values[0]:6.2f}  {p90:6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
