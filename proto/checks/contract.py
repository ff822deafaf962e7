"""Hold the files of one contract, and what was found wrong in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checks.page import Page

__all__ = ["Contract", "Json"]

Json = dict[str, Any]


class Contract:
    """The files under `root`, the number of comparisons made, and one sentence for each disagreement."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.proto = root / "proto"
        self.page = Page((self.proto / "PROTOCOL.md").read_text("utf-8"))
        self.schema: Json = json.loads((self.proto / "schema.json").read_text("utf-8"))
        self.limits: Json = json.loads((self.proto / "limits.json").read_text("utf-8"))["limits"]
        self.rules: Json = json.loads((self.proto / "rules.json").read_text("utf-8"))
        self.verdicts = (self.proto / "VERDICTS.md").read_text("utf-8")
        self.compared = 0
        self.wrong: list[str] = []

    def same(self, what: str, left: Any, right: Any, names: str = "PROTOCOL.md, schema.json") -> None:
        """Count one comparison, and keep a sentence if the two differ; `names` says whose the two are."""
        first, second = names.split(", ")
        fine = left == right
        self.holds(fine, "" if fine else f"{what}: {first} says {_show(left)}, {second} says {_show(right)}")

    def holds(self, fine: bool, sentence: str) -> None:
        """Count one comparison, and keep the sentence if it is not fine."""
        self.compared += 1
        if not fine:
            self.wrong.append(sentence)

    def same_text(self, path: Path, wanted_text: str, source: str) -> None:
        """Compare a generated file with what would be written of `source`, and name the first line that differs."""
        file = self.root / path
        found = file.read_text("utf-8").splitlines() if file.exists() else []
        wanted = wanted_text.splitlines()
        first = next(
            (i for i, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b),
            min(len(found), len(wanted)),
        )
        left, right = ((lines[first] if first < len(lines) else None) for lines in (found, wanted))
        self.same(f"{path}, line {first + 1}", left, right, f"it, {source}")

    def vectors(self, folder: str) -> Iterator[tuple[str, Json]]:
        """Yield (path below proto/, content) of each vector of a folder."""
        for path in sorted((self.proto / "vectors" / folder).glob("*.json")):
            yield f"vectors/{folder}/{path.name}", json.loads(path.read_text("utf-8"))


def _show(value: Any) -> str:
    return "nothing" if value in (None, "", []) else json.dumps(value, ensure_ascii=False)
