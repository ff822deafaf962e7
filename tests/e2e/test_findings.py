"""Findings of a real site, from the middleware to the terminal: the right kind, place and fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.bookshop import GUNICORN, SITE, UVICORN, BookshopData, Server
from support.daemon import Daemon

VIEWS = SITE / "shop" / "views.py"


def line_of(file: Path, text: str) -> int:
    """Return the number of the one line that holds ``text``."""
    (number,) = [number for number, line in enumerate(file.read_text().splitlines(), 1) if text in line]
    return number


def findings_of(daemon: Daemon, *more: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(daemon.ctl("findings", "--json", *more).stdout)
    return rows


@pytest.mark.parametrize("server", [GUNICORN, UVICORN], ids=["wsgi", "asgi"])
def test_the_naive_list_is_found_with_its_place_and_its_fix(
    server: tuple[str, ...], tmp_path: Path, daemon: Daemon, bookshop: BookshopData
) -> None:
    """Two loops of forty that a template makes; the good list next to it has none."""
    variables = {"MERCURY_ADDRESS": daemon.address, "BOOKSHOP_SITES": "all"}
    with Server(server, tmp_path, bookshop, **variables) as site:
        site.visit("/books/naive/", 2)
        site.visit("/books/", 2)
        daemon.wait_for_received(4)
        rows = findings_of(daemon)
        explained = daemon.ctl("explain", rows[0]["id"]).stdout
    assert {row["route"] for row in rows} == {"books/naive/"}
    loops = {row["relation"]: row for row in rows if row["kind"] == "n_plus_one"}
    assert set(loops) == {"shop.Book.author", "shop.Book.review_set"}
    author = loops["shop.Book.author"]
    assert (author["level"], author["repeats_max"], author["likely"], author["units"]) == ("fail", 40, False, 2)
    assert (author["relation_kind"], author["operation"]) == ("foreign_key", "follow")
    template = SITE / "shop" / "templates" / "shop" / "books_naive.html"
    assert author["trigger"]["template"] == "shop/books_naive.html"
    assert author["trigger"]["template_line"] == line_of(template, "book.author.name")
    view = line_of(VIEWS, 'render(request, "shop/books_naive.html"')
    assert (author["sources"][0]["place"]["file"], author["sources"][0]["place"]["line"]) == (str(VIEWS), view)
    fix = author["suggestion"]
    assert (fix["action"], fix["code"], fix["is_template"]) == (
        "select_related", '.select_related("author")', False,
    )  # fmt: skip
    assert (fix["edit"]["file"], fix["edit"]["line"], fix["edit"]["insert"]) == (str(VIEWS), view, fix["code"])
    reviews = loops["shop.Book.review_set"]
    assert (reviews["suggestion"]["action"], reviews["suggestion"]["is_template"]) == ("annotate_count", True)
    assert "N+1" in explained and "books_naive.html" in explained


def test_the_naive_api_is_found_by_serializer_field(tmp_path: Path, daemon: Daemon, bookshop: BookshopData) -> None:
    """There is no line of the application in between: the field is the place."""
    variables = {"MERCURY_ADDRESS": daemon.address, "BOOKSHOP_SITES": "all"}
    with Server(GUNICORN, tmp_path, bookshop, **variables) as site:
        site.visit("/api/books-naive/", 2)
        site.visit("/api/books/", 2)
        daemon.wait_for_received(4)
        rows = findings_of(daemon)
    assert {row["route"] for row in rows} == {"api/books-naive/$"}
    fields = {row["trigger"]["serializer_field"]: row for row in rows if row["kind"] == "n_plus_one"}
    assert set(fields) >= {
        "NaiveBookSerializer.author", "NaiveBookSerializer.publisher", "NaiveBookSerializer.tags",
        "NaiveBookSerializer.reviews",
    }  # fmt: skip
    assert fields["NaiveBookSerializer.publisher"]["suggestion"]["path"] == "publisher"
    assert fields["NaiveBookSerializer.tags"]["suggestion"]["action"] == "prefetch_related"


def test_repeated_mode_counts_and_judges_the_same(tmp_path: Path, daemon: Daemon, bookshop: BookshopData) -> None:
    """What was not captured says so; everything else is as with all places."""
    found: dict[str, dict[tuple[str, str], tuple[Any, ...]]] = {}
    for number, mode in enumerate(("all", "repeated"), 1):
        directory = tmp_path / mode
        directory.mkdir()
        variables = {"MERCURY_ADDRESS": daemon.address, "BOOKSHOP_SITES": mode}
        with Server((*GUNICORN, "--workers", "1"), directory, bookshop, **variables) as site:
            for _ in range(3):
                site.visit("/books/naive/")
                site.visit("/api/books-naive/")
        daemon.wait_for_received(6 * number)
        found[mode] = {
            (row["route"], row["fingerprint"]): (row["kind"], row["repeats_max"], row["units"], row["relation"])
            for row in findings_of(daemon)
            if row["kind"] != "slow_response"
        }
        assert daemon.ctl("reset", "--yes").returncode == 0
    assert found["all"] == found["repeated"]
    assert len(found["all"]) >= 6
