"""Findings of a real site, from the middleware to the terminal: the right kind, place and fix."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.bookshop import GUNICORN, SITE, UVICORN, BookshopData, Server
from support.client_process import ClientProcess
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


def test_a_gate_fails_on_an_open_finding_and_a_rule_silences_it(
    tmp_path: Path, daemon: Daemon, bookshop: BookshopData
) -> None:
    """The exit code is the gate; a rule in the settings travels, and leaves the finding counted."""
    rule = {"route": "books/naive/", "reason": "shown to nobody"}
    for name, ignored in (("as it is", []), ("with a rule", [rule])):
        directory = tmp_path / name
        directory.mkdir()
        variables = {"MERCURY_ADDRESS": daemon.address, "BOOKSHOP_SITES": "all", "BOOKSHOP_IGNORE": json.dumps(ignored)}
        with Server(GUNICORN, directory, bookshop, **variables) as site:
            site.visit("/books/naive/")
        daemon.wait_for_ended()
        gate = daemon.ctl("findings", "--fail-on", "n_plus_one")
        states = {row["state"] for row in findings_of(daemon, "--all")}
        if ignored:
            assert (gate.returncode, states) == (0, {"ignored"})
            assert {row["ignored"] for row in findings_of(daemon, "--all")} == {"shown to nobody"}
        else:
            assert (gate.returncode, states) == (1, {"open"})
            assert daemon.ctl("findings", "--fail-on", "write_loop").returncode == 0
        assert daemon.ctl("reset", "--yes").returncode == 0


def test_ignore_and_the_comment_reach_the_daemon(tmp_path: Path, daemon: Daemon, bookshop: BookshopData) -> None:
    """A block, a comment with the kind that fits, and one with another kind."""
    code = f"""
        sys.path.insert(0, {str(SITE)!r})
        import django
        django.setup()
        import django_mercury
        from django_mercury import call_sites
        from shop.models import Book
        call_sites.configure("all", [{str(tmp_path)!r}])  # where this file lies
        with mercury_client.unit("block"), django_mercury.ignore("only a few"):
            for book in Book.objects.all()[:12]:
                book.author.name
        with mercury_client.unit("comment"):
            for book in Book.objects.all()[:12]:
                book.author.name  # mercury: ignore[n_plus_one] never more
        with mercury_client.unit("other kind"):
            for book in Book.objects.all()[:12]:
                book.author.name  # mercury: ignore[write_loop] not this
        flush()
    """
    variables = {
        "BOOKSHOP_DATA": str(bookshop.copy(tmp_path / "data")), "DJANGO_SETTINGS_MODULE": "bookshop.settings",
        "BOOKSHOP_SITES": "all",
    }  # fmt: skip
    with ClientProcess(tmp_path, daemon.address, code, variables=variables):
        daemon.wait_for_received(3)
    found = {row["route"]: (row["state"], row["ignored"]) for row in findings_of(daemon, "--all")}
    assert found == {
        "block": ("ignored", "only a few"),
        "comment": ("ignored", "never more"),
        "other kind": ("open", None),
    }


def test_manage_py_mercury_shows_findings(tmp_path: Path, daemon: Daemon, bookshop: BookshopData) -> None:
    """The same words behind ``manage.py mercury``."""
    variables = {"MERCURY_ADDRESS": daemon.address, "BOOKSHOP_SITES": "all"}
    with Server(GUNICORN, tmp_path, bookshop, **variables) as site:
        site.visit("/books/naive/")
        daemon.wait_for_received(1)
        line = [sys.executable, "manage.py", "mercury", "findings"]
        done = subprocess.run(line, cwd=SITE, env=site.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "N+1 queries in GET books/naive/" in done.stdout
