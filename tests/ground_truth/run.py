"""Judge every row with the reference engine and print how it did.

usage: python tests/ground_truth/run.py [--json] [--rows ID,…]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # instead of this folder

from ground_truth.row import SIZES  # noqa: E402  (path or settings first)
from ground_truth.runs import answers  # noqa: E402  (path or settings first)
from ground_truth.score import Score, score  # noqa: E402  (path or settings first)


def report(result: Score) -> str:
    """Return the table, and below it every fault in a line of its own; errors that are alike in one."""
    slow = result.rows - result.benign
    lines = [
        f"{slow} rows with {result.expected} expected findings, {result.benign} benign rows, n = {SIZES}",
        f"  found             {result.found:4} of {result.expected:4}  {result.recall:7.1%}",
        f"  false alarms      {len(result.false_alarms):4}",
        f"  right places      {result.in_place:4} of {result.found:4}  {result.places:7.1%}   trigger and source",
        f"  right suggestions {result.advised:4} of {result.found:4}  {result.advice:7.1%}",
    ]
    alike = Counter(one.partition(": ")[2] for one in result.errors)
    lines += [f"  error in {number} runs: {sentence}" for sentence, number in alike.most_common()]
    for title in ("misses", "false_alarms", "misplaced", "misadvised"):
        sentences = getattr(result, title)
        if sentences:
            lines += ["", f"{title.replace('_', ' ')} ({len(sentences)})", *(f"  {one}" for one in sentences)]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", default="")
    options = parser.parse_args()
    result = score(answers("judge", options.rows.split(",") if options.rows else ()))
    print(json.dumps(result.as_json(), indent=2) if options.json else report(result))
    return 1 if result.errors or result.misses or result.false_alarms else 0


if __name__ == "__main__":
    sys.exit(main())
