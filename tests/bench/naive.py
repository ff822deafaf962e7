"""The baseline: an engine that does for each query what a pure-Python tool of this kind does, and no more.

Three regular expressions take strings, numbers and lists out of the text, white space is collapsed, a dictionary for
the query is appended to a list, and at the end of the unit the list is grouped by the text to find what was repeated.
It is written to be plain, not to be slow: engines.py checks that a query costs it no more than such engines were
measured at (18 to 32 µs on such machines).
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["N_PLUS_ONE", "Naive"]

N_PLUS_ONE = 10

_STRINGS = re.compile(r"'(?:[^']|'')*'")
_NUMBERS = re.compile(r"\b\d+(?:\.\d+)?\b")
_LISTS = re.compile(r"\bIN\s*\([^)]*\)", re.IGNORECASE)


class Naive:
    """One unit at a time: ``record`` each query, then ``finish``."""

    def __init__(self) -> None:
        self.queries: list[dict[str, Any]] = []

    def record(self, sql: str, start_ns: int, duration_ns: int) -> None:
        """Keep one query."""
        text = _STRINGS.sub("?", sql)
        text = _NUMBERS.sub("?", text)
        text = " ".join(_LISTS.sub("IN (?)", text).split())
        self.queries.append({"sql": sql, "normalized": text, "start": start_ns / 1e9, "time": duration_ns / 1e9})

    def finish(self) -> dict[str, Any]:
        """Return what was found in the unit, and forget it."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for query in self.queries:
            groups.setdefault(query["normalized"], []).append(query)
        found = [
            {"sql": text, "count": len(group), "time": sum(query["time"] for query in group), "sample": group[:3]}
            for text, group in groups.items()
            if len(group) >= N_PLUS_ONE
        ]
        total = sum(query["time"] for query in self.queries)
        result = {"queries": len(self.queries), "time": total, "n_plus_one": found}
        self.queries = []
        return result
