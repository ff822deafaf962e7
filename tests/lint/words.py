"""Check what no other lint does: no path of a developer's machine in the tree, and no skip without a reason.

usage: words.py [ROOT]     prints one sentence for each fault and exits 1 if there is one
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

RULES = [
    (re.compile(r"(?<![\w.$}/-])/(work|root)/\w"), "a path of one machine"),
    (re.compile(r"\b(TODO|FIXME|XXX)\b"), "a promise instead of an issue"),
    (re.compile(r"pytest\.mark\.(skip|xfail)\b(?!if)(?!.*reason=)"), "a skip without a reason"),
    (re.compile(r"\bDISABLED_"), "a disabled test"),
]
# Files in which these words are meant: this one, and made-up paths of test data.
MAY = {"tests/lint/words.py"}


def faults_of(path: str, text: str) -> list[str]:
    """Return one sentence for each line of a file that breaks a rule."""
    out = []
    for number, line in enumerate(text.splitlines(), 1):
        out += [f"{path}:{number}: {meaning}: {line.strip()[:100]}" for rule, meaning in RULES if rule.search(line)]
    return out


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    files = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split("\n")
    faults = []
    for name in files:
        path = root / name
        if name in MAY or not path.is_file() or path.suffix in {".json"}:
            continue
        faults += faults_of(name, path.read_text(encoding="utf-8", errors="replace"))
    for fault in faults:
        print(fault)
    print(f"words: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
