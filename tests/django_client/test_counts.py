"""On every route of the bookshop, Mercury counts what Django's own CaptureQueriesContext counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django
import postgres
import pytest

COMPARE = Path(__file__).with_name("compare.py")
# A missing server is a skip for a developer and a failure in CI.
needs_postgres = pytest.mark.skipif(
    postgres.programs() is None and not os.environ.get("CI"), reason="PostgreSQL is not installed"
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.running_server() as directory:
        yield directory


def compare(interface: str, **variables: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(COMPARE), interface],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    assert "internal error" not in done.stderr, done.stderr
    return rows


def assert_same(rows: list[dict[str, Any]]) -> None:
    assert len(rows) == 100
    wrong = [row for row in rows if row["units"] != row["expected"] or row["mercury"] != row["django"]]
    assert wrong == []
    by_route = {row["units"][0][0]: row["mercury"] for row in rows}
    assert by_route["books/naive/"] == {"default": 81}
    assert by_route["reports/sales/"] == {"default": 1, "reports": 1}
    assert by_route["authors/dashboard/"] == {"default": 5}
    assert by_route["books/feed/"] == {"default": 11}
    assert by_route["books/export/"]["default"] >= 5
    assert by_route["broken/"] == {"default": 1}


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
@pytest.mark.parametrize("debug", ["0", "1"])
@pytest.mark.parametrize("atomic", ["0", "1"])
def test_counts_are_djangos_on_sqlite(interface: str, debug: str, atomic: str, tmp_path: Path) -> None:
    """Whatever DEBUG and ATOMIC_REQUESTS are, under WSGI and ASGI, with streamed bodies and both aliases."""
    variables = {"BOOKSHOP_DATA": str(tmp_path), "BOOKSHOP_DEBUG": debug, "BOOKSHOP_ATOMIC": atomic}
    assert_same(compare(interface, **variables))


@needs_postgres
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
@pytest.mark.parametrize("pool", ["0", "1"])
def test_counts_are_djangos_on_postgresql(interface: str, pool: str, server: str) -> None:
    """On a real PostgreSQL with psycopg 3, with and without its connection pool."""
    if pool == "1" and django.VERSION < (5, 1):
        pytest.skip("Django has the pool option since 5.1")
    assert_same(compare(interface, BOOKSHOP_DATABASE=_url(server), BOOKSHOP_POOL=pool, BOOKSHOP_ATOMIC=pool))


def _url(directory: str) -> str:
    return f"postgresql://shop@{quote(directory, safe='')}/bookshop"


_ON_POSTGRESQL = """
import json, os, sys
sys.path[:0] = json.loads(sys.argv[1])
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0); call_command("migrate", verbosity=0, database="reports")
call_command("populate", stdout=open(os.devnull, "w"))
from django.db import connection, transaction
from psycopg import sql
from shop.models import Book
from sink import caught
import mercury_client
with caught() as sink:
    with mercury_client.unit("server-side cursor"):
        titles = [book.title for book in Book.objects.order_by("id").iterator(chunk_size=10)]
    with mercury_client.unit("composed"):
        with connection.cursor() as cursor:
            query = sql.SQL("SELECT {} FROM {} WHERE price_cents > {}").format(
                sql.Identifier("title"), sql.Identifier("shop_book"), sql.Literal(777))
            cursor.execute(query)
            cursor.execute(b"SELECT 1")
            cursor.executemany("UPDATE shop_book SET blurb = %s WHERE id = %s", (("x", n) for n in (1, 2, 3)))
    with mercury_client.unit("savepoint"):
        with transaction.atomic():
            with transaction.atomic():
                Book.objects.get(pk=1)
    units = sink.units()
print(json.dumps([
    [unit.name, unit.queries, [[r[0].text, r[0].control, r[2], r[5], r[6]] for r in unit.records]] for unit in
    units
] + [len(titles)]))
"""


@needs_postgres
def test_postgresql_specials(server: str) -> None:
    """Server-side cursors count once, bytes and Composed have their text, literals do not travel."""
    paths = json.dumps([str(COMPARE.parent), str(COMPARE.parent.parent / "bookshop"), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", _ON_POSTGRESQL, paths],
        env={**os.environ, "BOOKSHOP_DATABASE": _url(server)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    cursor, composed, savepoint, titles = json.loads(done.stdout)
    assert titles == 120
    assert cursor[:2] == ["server-side cursor", 1]
    assert cursor[2][0][0].startswith("SELECT ") and cursor[2][0][2] == "postgresql"

    assert composed[:2] == ["composed", 3]
    texts = [record[0] for record in composed[2]]
    assert texts == [
        'SELECT "title" FROM "shop_book" WHERE price_cents > %s',
        "SELECT 1",
        "UPDATE shop_book SET blurb = %s WHERE id = %s",
    ]
    many, in_transaction = 1, 4
    assert [record[3] for record in composed[2]] == [0, 0, many]
    assert composed[2][2][4] == 3  # psycopg sums the rows of an executemany

    assert savepoint[:2] == ["savepoint", 1]
    assert [record[0].split()[0] for record in savepoint[2]] == ["SAVEPOINT", "SELECT", "RELEASE"]
    assert [record[1] for record in savepoint[2]] == [True, False, True]
    assert savepoint[2][1][3] == in_transaction and savepoint[2][1][4] == 1
