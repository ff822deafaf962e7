"""The execute wrapper: where it sits, what it records, and what it leaves alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.utils import OperationalError
from shop.models import Author, Book
from sink import Sink

from django_mercury import hooks, propagate, unit
from mercury_client import faults
from mercury_client.protocol import RecordFlags


def recorded(sink: Sink) -> list[tuple[str, str, str, int, int]]:
    """Return (text, alias, vendor, flags, rows) of the only unit."""
    one = sink.one()
    return [(r[0].text, r[1], r[2], r[5], r[6]) for r in one.records[: one.count]]


def test_it_is_first_and_once_on_every_alias() -> None:
    """Also after a connection was closed and made again, which fires connection_created again."""
    for alias in connections:
        one = connections[alias]
        one.ensure_connection()
        one.close()
        one.ensure_connection()
        assert one.execute_wrappers.count(hooks.record_query) == 1
        assert one.execute_wrappers[0] is hooks.record_query


def test_djangos_context_manager_does_not_lose_it(sink: Sink) -> None:
    """`execute_wrapper` pops the last entry; an appended hook would be what it pops."""
    seen = []

    def other(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with unit("block"), connection.execute_wrapper(other):
        connection.close()
        Author.objects.count()  # connects again inside of the block
    assert other not in connection.execute_wrappers
    assert connection.execute_wrappers[0] is hooks.record_query
    assert len(seen) == 1 and sink.one().queries == 1


def test_what_a_record_holds(sink: Sink) -> None:
    """Text, alias, vendor, flags and rows; SQLite does not know the rows of a SELECT."""
    with unit("block"):
        Author.objects.filter(pk=1).update(born=1950)
        with transaction.atomic():
            Author.objects.filter(pk=1).update(born=1951)
        with connections["reports"].cursor() as cursor:
            cursor.execute("SELECT 1")
    update, begin, inner, select = recorded(sink)
    assert update[0].startswith('UPDATE "shop_author"') and update[1:] == ("default", "sqlite", 0, 1)
    assert begin[0] == "BEGIN"
    assert inner[3:] == (RecordFlags.IN_TRANSACTION, 1)
    assert select == ("SELECT 1", "reports", "sqlite", 0, -1)


def test_parameters_are_never_touched(sink: Sink) -> None:
    """With `many` they may be a generator: it reaches the driver unused, and nothing of it is kept."""

    class Secret:
        def __repr__(self) -> str:
            raise AssertionError("somebody looked")

        __str__ = __len__ = __iter__ = __bool__ = __repr__  # type: ignore[assignment]  # all of them must raise, whatever they return

        def __conform__(self, protocol: Any) -> str:
            return "a blurb"

    def rows() -> Iterator[tuple[Any, int]]:
        for pk in (1, 2, 3):
            yield Secret(), pk

    with unit("block"), connection.cursor() as cursor:
        cursor.executemany("UPDATE shop_book SET blurb = %s WHERE id = %s", rows())
    [(text, *_, flags, count)] = recorded(sink)
    assert text == "UPDATE shop_book SET blurb = %s WHERE id = %s"
    assert (flags, count) == (RecordFlags.MANY, 3)
    assert Book.objects.get(pk=2).blurb == "a blurb"


def test_a_failed_query_is_flagged_and_its_error_untouched(sink: Sink) -> None:
    """The application sees what it would see without us."""
    refused = pytest.raises(OperationalError, match="no such table: absent")
    with unit("block"), connection.cursor() as cursor, refused:
        cursor.execute("SELECT * FROM absent")
    one = sink.one()
    assert (one.queries, one.failed_queries) == (1, 1)
    assert one.records[0][5] == RecordFlags.FAILED and one.records[0][6] == -1


def test_our_own_defects_do_not_reach_the_query(sink: Sink) -> None:
    """A cursor whose rowcount raises is counted as our error, and the result is returned."""

    class Cursor:
        @property
        def rowcount(self) -> int:
            raise RuntimeError("a strange driver")

    before = faults.total()
    with unit("block"):
        context = {"connection": connection, "cursor": Cursor()}
        assert hooks.record_query(lambda *args: 42, "SELECT 1", None, False, context) == 42
    assert faults.total() == before + 1


def test_rows_of_a_cursor_that_is_none_of_djangos(sink: Sink) -> None:
    """One without a driver's cursor is asked itself; what has no count, or none that is a number, is unknown."""
    cursors = [
        SimpleNamespace(rowcount=7), SimpleNamespace(cursor=SimpleNamespace(rowcount=8), rowcount=1), object(),
        SimpleNamespace(rowcount=-1), SimpleNamespace(rowcount="9"), SimpleNamespace(rowcount=True),
    ]  # fmt: skip
    before = faults.total()
    with unit("block"):
        for cursor in cursors:
            hooks.record_query(lambda *args: 42, "SELECT 1", None, False, {"connection": connection, "cursor": cursor})
    assert [rows for *_, rows in recorded(sink)] == [7, 8, -1, -1, -1, -1]
    assert faults.total() == before


def test_a_plain_threads_queries_are_outside_and_propagated_ones_inside(sink: Sink) -> None:
    """A new thread has no context of its own; `propagate` gives it one."""

    def count() -> None:
        Author.objects.count()
        connection.close()

    with unit("block"):
        for target in (count, propagate(count)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    assert sink.one().queries == 1
    assert len(sink.outside().records) == 1


def test_nothing_is_forced(sink: Sink) -> None:
    """No debug cursor, no list of queries, whatever is measured."""
    with unit("block"):
        Author.objects.count()
    assert connection.force_debug_cursor is False
    assert len(connection.queries_log) == 0
