"""Print how long a unit that asks for its report waits for the verdict: one of 30 queries, finished to verdict.

python tests/bench/report_round_trip.py [--units N] [--pause-ms MS]

The daemon is a private one, the client this process; the statements are known to both after the first unit. Beside it
stands what the reference engine takes for the same unit, which is what a unit without a report costs. ``--pause-ms``:
between two units, as a test would.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "client_py" / "src"), str(ROOT / "tests")]

import mercury_client  # noqa: E402  (path or settings first)
from mercury_client import Site, SiteFrame, UnitKind  # noqa: E402  (path or settings first)
from mercury_client.reference import judge  # noqa: E402  (path or settings first)
from mercury_client.unit import Unit  # noqa: E402  (path or settings first)
from support.daemon import Daemon  # noqa: E402  (path or settings first)

QUERIES = 30
MS = 1_000_000
SITES = [Site((SiteFrame("/srv/shop/views.py", line, "books", "shop.views", True),)) for line in range(QUERIES)]


def finished(loop: bool) -> Unit:
    """Return a finished unit that has asked; ``loop``: its queries are one N+1, and otherwise no two are alike."""
    unit = mercury_client.begin(UnitKind.TEST, "test_books")
    mercury_client.ask_report(unit)
    token = mercury_client.activate(unit)
    block = mercury_client.begin(UnitKind.BLOCK, "books")
    mercury_client.deactivate(token)
    for number in range(QUERIES):
        which = 0 if loop else number
        sql = f"SELECT shop_book.id, shop_book.title FROM shop_book_{which} WHERE shop_book.author_id = %s"
        block.record(sql, "default", "sqlite", block.start_ns + number * MS, MS, 0, 1, SITES[which], number)
    mercury_client.finish(block, end_ns=block.start_ns + 50 * MS)
    mercury_client.finish(unit, end_ns=unit.start_ns + 51 * MS)
    below.append(block)
    return unit


below: list[Unit] = []


def measured(units: int, pause_s: float, loop: bool, act: Callable[[Unit], object]) -> list[float]:
    """Return the ms that ``act`` took for each of so many units."""
    out = []
    for _ in range(units):
        below.clear()
        time.sleep(pause_s)
        unit = finished(loop)
        began = time.perf_counter()
        act(unit)
        out.append(1000 * (time.perf_counter() - began))
    return out


def ask(unit: Unit) -> None:
    """Wait for the daemon's verdict."""
    reply = mercury_client.verdict_of(unit)
    if reply.verdict is None:
        raise SystemExit(f"no verdict: {reply.reason}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the round trip of a report.")
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--pause-ms", type=float, default=2.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, Daemon(Path(directory)) as daemon:
        mercury_client.configure(address=daemon.address, environment="test", run="bench")
        print(f"{QUERIES} queries a unit, {given.units} units, {given.pause_ms:g} ms between them; ms")
        for loop, name in ((True, "one N+1"), (False, "nothing found")):
            for act, who in ((ask, "daemon"), (lambda unit: judge(unit, below, in_tests=True), "reference engine")):
                measured(50, 0.0, loop, act)
                times = measured(given.units, given.pause_ms / 1000, loop, act)
                cuts = quantiles(times, n=100)
                print(f"{name:14} {who:17} median {median(times):.3f}   p95 {cuts[94]:.3f}   p99 {cuts[98]:.3f}")
        mercury_client.shutdown()


if __name__ == "__main__":
    main()
