#!/usr/bin/env python3
"""Prove that PROTOCOL.md, schema.json, limits.json, rules.json, what is generated of them, and the vectors agree.

    check.py            say one sentence for each disagreement and exit 1, or the closing count and exit 0
    check.py --write    first write limits.py from limits.json; rules.py and rules_table.h from rules.json

Needs the development dependency `jsonschema`; everything else is the standard library and `checks/`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from checks.contract import Contract
from checks.limits import LIMITS_PY, check_limits, limits_py
from checks.rules import check_rules
from checks.rules_copies import RULES_H, RULES_PY, rules_h, rules_py
from checks.tables import check_sentences, check_tables
from checks.vectors import check_codes, check_vectors


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Prove that the parts of the contract agree.")
    parser.add_argument("--write", action="store_true", help=f"write {LIMITS_PY}, {RULES_PY} and {RULES_H} first")
    here = Path(__file__).resolve()
    parser.add_argument("--root", type=Path, default=here.parents[1], help="the repository")
    arguments = parser.parse_args()
    contract = Contract(arguments.root)
    if arguments.write:
        (contract.root / LIMITS_PY).write_text(limits_py(contract.limits), "utf-8")
        (contract.root / RULES_PY).write_text(rules_py(contract.rules), "utf-8")
        (contract.root / RULES_H).write_text(rules_h(contract.rules), "utf-8")
    for check in (check_tables, check_sentences, check_limits, check_rules, check_codes, check_vectors):
        check(contract)
    for sentence in contract.wrong:
        print(f"check: {sentence}", file=sys.stderr)
    print(f"check: {contract.compared} comparisons, {len(contract.wrong)} disagreements")
    return 1 if contract.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
