"""Run cases in a fresh process and print JSON, one line for each row and size.

usage: worker.py judge|check [--project DIR] [--rows ID,…] [--sizes N,…]

judge  runs the case inside a Mercury unit; {"row", "n", "body", "findings"} or {"row", "n", "error"}
check  runs it on the site without Mercury and records statements (stacks.py);
       {"row", "n", "body", "statements": [[sql, alias, places], …]} or {"row", "n", "error"}
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[1])  # instead of this folder

import django  # noqa: E402  (path or settings first)
from ground_truth import harness, stacks  # noqa: E402  (path or settings first)
from ground_truth.markers import PROJECT  # noqa: E402  (path or settings first)
from ground_truth.row import Row  # noqa: E402  (path or settings first)
from ground_truth.rows import BY_ID, ROWS  # noqa: E402  (path or settings first)


def judge(case: harness.Case) -> dict[str, Any]:
    """Let the reference engine judge one run."""
    body, findings = harness.verdict_of(case)
    return {"body": harness.digest(body), "findings": [harness.as_json(one) for one in findings]}


def check(case: harness.Case, recorder: stacks.Recorder) -> dict[str, Any]:
    """Record what one run asks the databases."""
    with recorder.statements() as statements:
        body = case.run()
    return {"body": harness.digest(body), "statements": [[one.sql, one.alias, one.places] for one in statements]}


def run(site: harness.Site, row: Row, n: int, mode: Callable[[harness.Case], dict[str, Any]]) -> dict[str, Any]:
    """Run one row at one size; an exception is an answer, too."""
    answer: dict[str, Any] = {"row": row.id, "n": n}
    try:
        answer.update(mode(site.prepare(row, n)))
    except Exception:
        answer["error"] = traceback.format_exc()
    return answer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["judge", "check"])
    parser.add_argument("--project", type=Path, default=PROJECT)
    parser.add_argument("--rows", default="")
    parser.add_argument("--sizes", default="")
    options = parser.parse_args()
    rows = [BY_ID[name] for name in options.rows.split(",")] if options.rows else ROWS
    sizes = tuple(int(size) for size in options.sizes.split(",")) if options.sizes else ()
    project = options.project.resolve()
    with harness.Site(project, mercury=options.mode == "judge") as site:
        mode = judge if options.mode == "judge" else partial(check, recorder=stacks.Recorder(project))
        for row in rows:
            if row.django_below and row.django_below <= django.VERSION:
                continue
            for n in sizes or row.sizes:
                print(json.dumps(run(site, row, n, mode)), flush=True)


if __name__ == "__main__":
    main()
