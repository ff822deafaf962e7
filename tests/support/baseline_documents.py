"""Documents of runs, written by hand, for tests of baselines."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from django_mercury.testing.yardstick import NOMINAL_MS

__all__ = [
    "AUTHORS", "BOOKS", "PYTHON", "SUMMARIES", "TAGS", "Record",
    "document", "finding", "noisy", "only", "record", "run_of", "statement", "timed", "unit",
]  # fmt: skip

Record = dict[str, Any]
PYTHON = "CPython 3.11"
BOOKS, AUTHORS, TAGS = "1" * 16, "2" * 16, "a" * 16
SUMMARIES = {BOOKS: "SELECT shop_book", AUTHORS: "SELECT shop_author", TAGS: "SELECT shop_tag"}


def statement(fingerprint: str, count: int = 1, alias: str = "default", summary: str | None = None) -> Record:
    """Return a statement as a document has it."""
    summary = SUMMARIES.get(fingerprint, "SELECT x") if summary is None else summary
    return {"fingerprint": fingerprint, "summary": summary, "sql": "", "alias": alias, "count": count}


def finding(id: str, count: int = 3, fingerprint: str = AUTHORS, ignored: str = "", kind: str = "n_plus_one") -> Record:
    """Return a finding as a document has it, as far as anybody here looks at it."""
    return {
        "id": id, "kind": kind, "count": count, "fingerprint": fingerprint, "ignored": ignored, "level": "warn",
        "place": "shop/books.html:3", "relation": "shop.Book.author", "suggestion": {"text": "Add select_related."},
    }  # fmt: skip


def unit(statements: Sequence[Record] = (), name: str = "books/", **more: Any) -> Record:
    """Return a request as a document has it."""
    places = more.pop("places", None)
    timing = {"cpu_ms": more.pop("cpu_ms", None), "statements_at": places or [[] for _ in statements]}
    count = sum(one["count"] for one in statements)
    return {
        "kind": "request", "method": "GET", "name": name, "query_count": count, "statements": list(statements),
        "findings": [], "cache": {"hits": 0, "misses": 0}, "timing": timing, **more,
    }  # fmt: skip


def record(*units: Record, id: str = "tests.py::test_a", outcome: str = "passed", **more: Any) -> Record:
    """Return a test as a document has it."""
    yardstick = {
        "version": 2, "python": more.pop("python", PYTHON), "cpu_ms": more.pop("yardstick_ms", NOMINAL_MS),
        "steady": more.pop("steady", True), "warm": more.pop("warm", True),
    }  # fmt: skip
    count = more.pop("query_count", sum(one["query_count"] for one in units))
    return {
        "id": id,
        "outcome": outcome,
        "query_count": count,
        "units": list(units),
        "timing": {"yardstick": yardstick},
    }


def document(*tests: Record) -> Record:
    """Return a document of tests."""
    return {"tests": list(tests)}


def run_of(statements: Sequence[Record], **more: Any) -> Record:
    """Return a document of one test with one request."""
    return document(record(unit(statements, **more)))


def only(entries: list[str]) -> str:
    """Return the one entry."""
    assert len(entries) == 1, entries
    return entries[0]


def timed(times: Sequence[float], **more: Any) -> list[Record]:
    """Return a document for each time of the one request."""
    return [document(record(unit([statement(BOOKS)], cpu_ms=ms), **more)) for ms in times]


def noisy(seed: int, ms: float = 30.0, count: int = 10) -> list[float]:
    """Return times as they are measured: 3 % of noise, and the first one cold."""
    chance = random.Random(seed)
    return [ms * 5, *(ms * chance.gauss(1, 0.03) for _ in range(count - 1))]
