"""See every query: one execute wrapper on every connection of every alias.

``connection.execute_wrappers`` is Django's own hook, and independent of ``DEBUG``. The wrapper is put
**first** in the list, which makes it the outermost: Django's ``execute_wrapper()`` context manager pops the
last entry, so an appended hook would be lost at somebody else's exit. ``connection_created`` fires at every
connect, of a connection that has the hook already too, hence the membership test.

Not seen by it: ``callproc``, the time of fetching, later chunks of a server-side cursor, COMMIT and ROLLBACK.

``record_query`` reads two clocks, asks ``call_sites`` where the query comes from, and appends one record. It is
one long function because each call in it costs 0.2 µs, four times as much as in a loop that runs nothing else. It
cannot call itself: it only reads attributes of the connection and its cursor, and evaluates no SQL and no
``repr``. Of parameters a hash is kept while the unit is open (Python's, which for an integer is the integer); with
``many`` they may be a generator and are not looked at. Our errors are counted; those of the query pass through
untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from mercury_client import faults
from mercury_client.ordinals import NO_KEY
from mercury_client.protocol import RecordFlags
from mercury_client.recorder import current, innermost
from mercury_client.statements import table

from . import call_sites
from .call_sites import parameters_hash, site_of

__all__ = ["install", "install_on", "record_query"]

_MANY = int(RecordFlags.MANY)
_FAILED = int(RecordFlags.FAILED)
_IN_TRANSACTION = int(RecordFlags.IN_TRANSACTION)

_current = current.get
_find = table.find

Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]


def record_query(execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Run a query and record it in the current unit; an execute wrapper of Django."""
    unit = _current()
    if unit is None or unit.closed:
        unit = innermost()
        if unit is None:
            return execute(sql, params, many, context)
    failed = True
    start = perf_counter_ns()
    try:
        result = execute(sql, params, many, context)
        failed = False
        return result
    finally:
        duration = perf_counter_ns() - start
        try:
            connection = context["connection"]
            flags = _MANY if many else 0
            rows = -1
            if failed:
                flags |= _FAILED
            else:
                cursor = context["cursor"]
                try:
                    rows = cursor.cursor.rowcount  # past Django's wrapper, which is slow to ask
                except AttributeError:  # it is none of Django's
                    rows = getattr(cursor, "rowcount", -1)
                if type(rows) is not int or rows < 0:
                    rows = -1
            if connection.in_atomic_block:
                flags |= _IN_TRANSACTION
            statement = (_find(sql) if type(sql) is str else None) or unit.statement(sql)
            site, key = None, NO_KEY
            if unit.located and not statement.control:
                if not many:
                    if type(params) is tuple and len(params) == 1 and type(params[0]) is int:
                        key = hash(params[0])  # as parameters_hash does, for the parameters of most queries
                    else:
                        key = parameters_hash(params)
                if call_sites.always or (call_sites.captures and call_sites.is_wanted(unit, statement)):
                    # From here: this, then Django's _execute_with_wrappers and execute, then who asked.
                    site = site_of(statement, sql)
            record = (statement, connection.alias, connection.vendor, start, duration, flags, rows, site, key)
            records = unit.records
            if len(records) < unit.room:
                records.append(record)
            else:
                unit.overflow(unit, record)
        except Exception:
            faults.recover("query")


def install_on(connection: BaseDatabaseWrapper) -> None:
    """Put the hook on one connection, once; one without execute wrappers is left alone (check W006 tells)."""
    wrappers = getattr(connection, "execute_wrappers", None)
    if wrappers is not None and record_query not in wrappers:
        wrappers.insert(0, record_query)


def _on_connection_created(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    try:
        install_on(connection)
    except Exception:
        faults.recover("connection_created")


def install() -> None:
    """Put the hook on this thread's connections, and on every one that any thread opens later."""
    connection_created.connect(_on_connection_created, weak=False, dispatch_uid="django_mercury.hooks")
    for connection in connections.all(initialized_only=True):
        install_on(connection)
