#!/usr/bin/env python3
"""Write the golden vectors of the Mercury protocol, or prove that the committed ones are these.

    make_vectors.py            write valid/ invalid/ invalid_to_peer/ sessions/ next to this file
    make_vectors.py --check    exit 1 and name each file that is missing, different or too many

This folder shares no code with either codec, so that neither can prove itself right.
The shape of the files is described in ../README.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from cases.invalid import invalid_control, invalid_defines, invalid_frames, invalid_to_peer, invalid_units
from cases.sessions import sessions
from cases.valid import control_vectors, define_vectors, unit_vectors

HERE = Path(__file__).resolve().parent
FOLDERS = ("valid", "invalid", "invalid_to_peer", "sessions")
COLUMNS = 120


def pretty(value: Any, indent: int = 0) -> str:
    """Return JSON with one line for what fits in COLUMNS; a piece is always one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= COLUMNS or not isinstance(value, dict | list) or not value:
        return line
    inner = "\n" + " " * (indent + 1)
    if isinstance(value, dict):
        if "hex" in value:
            return line
        rows = (f"{json.dumps(key)}: {pretty(item, indent + 1)}" for key, item in value.items())
        return "{" + inner + ("," + inner).join(rows) + "\n" + " " * indent + "}"
    items = (pretty(item, indent + 1) for item in value)
    return "[" + inner + ("," + inner).join(items) + "\n" + " " * indent + "]"


def all_vectors() -> dict[str, str]:
    """Return the text of every file by its path below this folder."""
    makers = (control_vectors, define_vectors, unit_vectors, invalid_frames, invalid_control, invalid_defines,
              invalid_units, invalid_to_peer, sessions)  # fmt: skip
    made = [vector for maker in makers for vector in maker()]
    files = {path: pretty(value) + "\n" for path, value in made}
    if len(files) != len(made):
        raise SystemExit("make_vectors: two vectors have one name")
    return files


def differences(root: Path) -> list[str]:
    """Name what keeps the files under `root` from being the vectors of this script; nothing: they are."""
    wanted = all_vectors()
    found = {path.relative_to(root).as_posix() for folder in FOLDERS for path in (root / folder).glob("*")}
    result = [f"vectors/{path} is not made by make_vectors.py" for path in sorted(found - set(wanted))]
    for path, text in sorted(wanted.items()):
        if path not in found:
            result.append(f"vectors/{path} is missing")
        elif (root / path).read_bytes() != text.encode():
            result.append(f"vectors/{path} differs from what make_vectors.py writes")
    return result


def write(root: Path) -> int:
    """Write every file, remove what no longer has a maker, and return the number of files."""
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for stale in (root / folder).glob("*.json"):
            stale.unlink()
    wanted = all_vectors()
    for path, text in wanted.items():
        (root / path).write_bytes(text.encode())
    return len(wanted)


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the golden vectors.")
    parser.add_argument("--check", action="store_true", help="compare instead of write")
    if parser.parse_args().check:
        wrong = differences(HERE)
        for sentence in wrong:
            print(f"make_vectors: {sentence}", file=sys.stderr)
        print(f"make_vectors: {len(all_vectors())} vectors, {len(wrong)} disagreements")
        return 1 if wrong else 0
    print(f"make_vectors: {write(HERE)} vectors written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
