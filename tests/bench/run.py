"""Every table with a bar, one after the other, and all of it as JSON.

    .venv/bin/python tests/bench/run.py [--quick] [--json build/bench.json]

Nothing is asserted: what falls short says MISSED. About 20 minutes on two cores; ``--quick`` a fifth of that, for
trying it out, with figures that are worth less.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import application
import engines
import request_cost
import scale
from rows import Row, machine, print_rows, to_dict


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer units and runs")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), metavar="FILE")
    options = parser.parse_args()
    quick = options.quick
    tables: dict[str, Callable[[], list[Row]]] = {
        "Engines: CPU time": lambda: engines.measure(30_000 if quick else 200_000, 2 if quick else 7),
        "Scale": lambda: scale.measure(70_000, 1 if quick else 3, 200_000 if quick else 1_800_000),
        "A request: CPU time": lambda: request_cost.measure(1 if quick else 5),
        "The demo site": lambda: application.measure(2 if quick else 7, 2 if quick else 5),
    }
    found = {}
    for title, measure in tables.items():
        found[title] = measure()
        print_rows(title, found[title])
    report = {
        "date": datetime.date.today().isoformat(),
        "command": " ".join(["tests/bench/run.py", *sys.argv[1:]]),
        "machine": machine(),
        "tables": {title: [to_dict(row) for row in rows] for title, rows in found.items()},
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    barred = [row for rows in found.values() for row in rows if row.bar is not None]
    missed = sum(row.verdict == "MISSED" for row in barred)
    print(f"\n{len(barred)} bars, {missed} missed; all figures: {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
