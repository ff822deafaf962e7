#!/usr/bin/env python3
"""Write the vectors of VERDICTS.md, or prove that the committed ones are these.

    make_verdicts.py            write analysis/verdicts_*.json next to this file
    make_verdicts.py --check    exit 1 and name each file that is missing, different or too many

What a verdict must be stands in cases/verdict_*.py, worked out from the page; no engine is asked.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cases.verdict_groups import groups
from cases.verdict_kinds import kinds
from cases.verdict_sources import sources
from cases.verdict_suggestions import suggestions
from cases.verdict_units import units
from make_vectors import pretty

HERE = Path(__file__).resolve().parent
MAKERS = {"kinds": kinds, "groups": groups, "sources": sources, "suggestions": suggestions, "units": units}


def all_verdicts() -> dict[str, str]:
    """Return the text of every file by its path below this folder."""
    files = {}
    for name, maker in MAKERS.items():
        cases = list(maker())
        if len({case["about"] for case in cases}) != len(cases):
            raise SystemExit(f"make_verdicts: two cases of {name} have one name")
        files[f"analysis/verdicts_{name}.json"] = pretty(cases) + "\n"
    return files


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the vectors of VERDICTS.md.")
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    files = all_verdicts()
    wrong = []
    for found in (HERE / "analysis").glob("verdicts_*.json"):
        if found.relative_to(HERE).as_posix() not in files:
            wrong.append(f"vectors/analysis/{found.name} is not made by make_verdicts.py")
    for path, text in files.items():
        if not check:
            (HERE / path).write_text(text, "utf-8")
        elif not (HERE / path).exists() or (HERE / path).read_text("utf-8") != text:
            wrong.append(f"vectors/{path} differs from what make_verdicts.py writes")
    for sentence in wrong:
        print(f"make_verdicts: {sentence}", file=sys.stderr)
    count = sum(len(json.loads(text)) for text in files.values())
    print(f"make_verdicts: {count} vectors, {len(wrong)} disagreements")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
