"""Make report documents for tests: of real requests to the bookshop, of many tests, and of hostile texts.

The caller has set Django and the bookshop up (tests/django_client/conftest.py).
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from typing import Any

from django_mercury.testing.record import TestRecorder, document

STARTED = datetime.datetime(2026, 11, 27, 9, 30, 12)
REASON = "the sidebar shows two authors at most"
UNUSED = {"route": "old/list/", "reason": "it went away in May"}
HOSTILE = "</script><script>alert(1)</script><!-- \" ' ]]> & :: ,%0A\r\n::error::x | `b` \x1b[31m \x00 ☃ \u202e end"


def _tests() -> dict[str, Callable[[], Any]]:
    from django.contrib.auth.models import User
    from django.test import Client
    from shop.models import Author, Book

    from django_mercury import monitor

    client = Client()
    staff = Client()
    User.objects.filter(username="staff").delete()
    staff.force_login(User.objects.create_superuser("staff"))
    quiet = Client(raise_request_exception=False)

    def block() -> None:
        with monitor("stock of each author", query_count=5, n_plus_one_threshold=3, response_time_ms=5000):
            for author in Author.objects.all()[:8]:
                author.book_set.count()

    def order() -> None:
        client.post("/orders/new/", {"customer": "1", "book": ["1", "2", "3", "4", "5", "6"]})

    def again() -> None:
        for _ in range(6):
            Book.objects.get(pk=1)

    def pages() -> None:
        for path in ("/books/", "/books/naive/", "/bestsellers/", "/bestsellers/"):
            client.get(path)

    return {
        "tests/shop/test_pages.py::test_home": lambda: client.get("/"),
        "tests/shop/test_pages.py::BookPages::test_list": lambda: client.get("/books/"),
        "tests/shop/test_pages.py::BookPages::test_naive_list": lambda: client.get("/books/naive/"),
        "tests/shop/test_pages.py::BookPages::test_detail[pk=1]": lambda: client.get("/books/1/"),
        "tests/shop/test_pages.py::BookPages::test_search": lambda: client.get("/books/search/?q=a"),
        "tests/shop/test_pages.py::BookPages::test_all_of_them_in_a_row": pages,
        "tests/shop/test_pages.py::test_broken": lambda: quiet.get("/broken/"),
        "tests/shop/test_pages.py::test_missing": lambda: client.get("/missing/"),
        "tests/shop/test_api.py::BookApi::test_list": lambda: client.get("/api/books/"),
        "tests/shop/test_api.py::BookApi::test_naive_list": lambda: client.get("/api/books-naive/"),
        "tests/shop/test_admin.py::test_changelist": lambda: staff.get("/admin/shop/book/"),
        "tests/shop/test_orders.py::test_order_of_six": order,
        "tests/shop/test_models.py::test_stock": block,
        "tests/shop/test_models.py::test_same_book": again,
        "tests/shop/test_models.py::test_nothing": lambda: None,
        "tests/shop/test_sales.py::test_two_databases": lambda: client.get("/reports/sales/"),
    }


def bookshop_report() -> dict[str, Any]:
    """Return the document of sixteen tests of the bookshop: good, slow, broken, failed; one finding is silenced."""
    recorder = TestRecorder()
    records = []
    for line, (id, run) in enumerate(_tests().items(), 1):
        recorder.start(id)
        outcome = "passed"
        try:
            run()
        except AssertionError:
            outcome = "failed"
        record = recorder.finish(id, id.partition("::")[0], line * 7, outcome)
        assert record is not None
        records.append(record)
    _make_steady(records)
    _silence(records)
    report = document(records, run="b4a1", started=STARTED, duration_ms=4321.0, engine="reference")
    report["ignore"] = [
        {"rule": {"field": "publisher", "kind": "n_plus_one", "reason": REASON}, "matched": 1},
        {"rule": UNUSED, "matched": 0},
    ]
    return report


def _make_steady(records: list[dict[str, Any]]) -> None:
    """Leave out what is slow only on a machine that is busy; the search is slow everywhere."""
    for record in records:
        for unit in record["units"]:
            found = unit["timing"]["findings"]
            slow = [one for one in found if one["kind"] == "slow_query" and unit["name"] == "books/search/"]
            unit["timing"]["findings"] = slow


def _silence(records: list[dict[str, Any]]) -> None:
    """Silence what an IGNORE rule for the publishers' loop would."""
    for record in records:
        for unit in record["units"]:
            for finding in unit["findings"]:
                if finding["relation"] == "shop.Book.publisher":
                    finding["ignored"] = REASON


def large_report(report: dict[str, Any], tests: int) -> dict[str, Any]:
    """Return a document of as many tests, which repeat those of another one in files of fifty."""
    records = []
    for number in range(tests):
        record = copy.copy(report["tests"][number % len(report["tests"])])
        record["id"] = f"tests/many/test_part_{number // 50:03}.py::test_{number:05}"
        record["file"], record["line"] = f"tests/many/test_part_{number // 50:03}.py", number % 50 * 10 + 1
        records.append(record)
    return document(records, started=STARTED, duration_ms=60_000.0, engine="reference")


def empty_report() -> dict[str, Any]:
    """Return the document of a run without a test."""
    report = document([])
    report["ignore"] = []
    return report


FIXED = {"kind", "level", "outcome", "grade", "fingerprint", "version", "what_limit"}


def hostile_report(report: dict[str, Any]) -> dict[str, Any]:
    """Return a document in which every free text is hostile."""

    def spoil(value: Any, key: str, above: str) -> Any:
        if isinstance(value, dict):
            return {name: spoil(one, name, key) for name, one in value.items()}
        if isinstance(value, list):
            return [spoil(one, key, above) for one in value]
        if isinstance(value, str) and key not in FIXED and not _is_fixed(value, key, above):
            return value + HOSTILE
        return value

    return {**spoil(report, "", ""), "tool": report["tool"]}


def _is_fixed(value: str, key: str, above: str) -> bool:
    """Tell which texts are no free ones: hashes, kinds of limits, and what is empty for "no"."""
    if key in ("id", "finding") and len(value) == 16 and set(value) <= set("0123456789abcdef"):
        return True
    if key == "what" and above == "failures":
        return True
    return not value and key in ("file", "ignored", "insert", "exception")
