"""What a request costs on the thread that answers it, with Mercury, with other tools, and with none.

    .venv/bin/python tests/bench/request_cost.py [--runs 5]

Each run starts one process a tool, one after the other (request_site.py): the same Django view with 0, 10, 30 and
100 ORM queries on SQLite, no two alike. A figure is the median over runs of the difference to the process without
any tool in the same run. The other tools are those that build/venv-peers has; `make bench` puts them there.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rows import Row, median_row, print_rows

from support.daemon import ROOT, SOURCE, Daemon

PEERS = ROOT / "build" / "venv-peers" / "bin" / "python"
OURS = ("none", "repeated", "all")
OTHERS = ("django-prometheus", "zeal", "opentelemetry", "sentry", "scout", "silk")
# Tools that see each query; zeal sees relations, of which there are none here.
NAMES_QUERIES = ("opentelemetry", "sentry", "scout", "silk")
QUERIES = "30"

Times = dict[str, dict[str, float]]


def time_tool(tool: str, address: str) -> Times | None:
    """Return µs a request by thread and number of queries; None if the tool is not there or does not run."""
    python = str(PEERS if PEERS.exists() else sys.executable)
    environ = dict(os.environ, PYTHONPATH=f"{SOURCE}:{Path(__file__).parent}", MERCURY_ADDRESS=address)
    script = str(Path(__file__).with_name("request_site.py"))
    done = subprocess.run([python, script, tool], env=environ, capture_output=True, text=True)
    if done.returncode == 0:
        found: Times = json.loads(done.stdout.splitlines()[-1])
        return found
    if tool in OURS:
        sys.exit(f"bench: {tool}: {done.stderr.strip()[-2000:]}")
    print(f"left out: {tool}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return None


def measure(runs: int) -> list[Row]:
    """Return the rows of this table."""
    results: dict[str, list[Times]] = {tool: [] for tool in (*OURS, *OTHERS)}
    with tempfile.TemporaryDirectory(prefix="mercury-bench-") as folder, Daemon(Path(folder)) as daemon:
        for _ in range(runs):
            for tool in list(results):
                found = time_tool(tool, daemon.address)
                if found is None:
                    del results[tool]
                else:
                    results[tool].append(found)
    base = results.pop("none")

    def over(tool: str, thread: str, queries: str) -> list[float]:
        return [one[thread][queries] - none[thread][queries] for one, none in zip(results[tool], base, strict=True)]

    rows = [median_row("no tool: a request with 30 queries", "µs", [one["application"][QUERIES] for one in base])]
    for tool in results:
        bar = {"repeated": 60.0, "all": 320.0}.get(tool)
        name = f"Mercury, {tool}" if tool in OURS else tool
        rows.append(median_row(f"{name}: a request without queries", "µs", over(tool, "application", "0")))
        rows.append(median_row(f"{name}: a request with 30", "µs", over(tool, "application", QUERIES), at_most=bar))
        rows.append(median_row(f"{name}: a request with 100", "µs", over(tool, "application", "100")))
        rows.append(median_row(f"{name}: a request with 30, all threads", "µs", over(tool, "total", QUERIES)))
    rivals = {tool: statistics.median(over(tool, "application", QUERIES)) for tool in results if tool in NAMES_QUERIES}
    if rivals:
        cheapest = min(rivals, key=lambda tool: rivals[tool])
        ratios = [
            ours / theirs
            for ours, theirs in _pairs(over("repeated", "application", QUERIES), over(cheapest, "application", QUERIES))
        ]
        rows.append(median_row(f"Mercury, repeated, over {cheapest}: 30 queries", "times", ratios, at_most=0.2))
    shares = [
        100 * (one["total"][QUERIES] - none["total"][QUERIES]) / none["total"][QUERIES]
        for one, none in zip(results["repeated"], base, strict=True)
    ]
    rows.append(median_row("CPU of a worker a request with 30, repeated, over none", "%", shares))
    return rows


def _pairs(left: list[float], right: list[float]) -> Any:
    return zip(left, right, strict=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=5)
    print_rows("A request", measure(parser.parse_args().runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
