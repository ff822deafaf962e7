"""The bookshop as a WSGI application that measures Mercury: per request, the time spent in our code.

Run by outage.py under gunicorn. The middleware and the query hook are wrapped at their entry points; what the
site itself does inside of them (the rest of the middleware chain, the query) is taken off. After each request
a control is timed: a loop of about the same length with the system calls that our code makes, two readings of
the thread's CPU clock and one write. What the scheduler and the interpreter's lock do to our code, they do to
that, too. Each worker writes its figures at its end to $OUTAGE_RESULTS/<pid>.json:
monotonic time (s), time in our code (ns), time of the control (ns). The wrapping itself costs about 1 µs a
query, which is in the figures.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections.abc import Callable
from time import monotonic, perf_counter_ns, thread_time_ns
from typing import Any

from django.http import HttpRequest

from django_mercury import hooks
from django_mercury.middleware import MercuryMiddleware

# Wall time, or the CPU time of the thread: that leaves out what other processes and threads took meanwhile.
clock = thread_time_ns if os.environ.get("OUTAGE_CLOCK") == "cpu" else perf_counter_ns
_local = threading.local()
CONTROL_ROUNDS = 2000  # some 50 µs with the calls
_nowhere = os.open(os.devnull, os.O_WRONLY)
_figures: list[tuple[float, int, int]] = []
_record_query = hooks.record_query
_init = MercuryMiddleware.__init__
_call = MercuryMiddleware.__call__


def _timed_query(execute: hooks.Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    inside = 0

    def timed_execute(*arguments: Any) -> Any:
        nonlocal inside
        start = clock()
        try:
            return execute(*arguments)
        finally:
            inside += clock() - start

    start = clock()
    try:
        return _record_query(timed_execute, sql, params, many, context)
    finally:
        _local.ours = getattr(_local, "ours", 0) + clock() - start - inside


def _timed_init(self: MercuryMiddleware, get_response: Callable[[HttpRequest], Any]) -> None:
    def timed_response(request: HttpRequest) -> Any:
        start = clock()
        try:
            return get_response(request)
        finally:
            _local.inside += clock() - start

    _init(self, timed_response)


def _timed_call(self: MercuryMiddleware, request: HttpRequest) -> Any:
    _local.ours = _local.inside = 0
    start = clock()
    try:
        return _call(self, request)
    finally:
        ours = clock() - start - _local.inside + _local.ours
        start = clock()
        _control()
        _figures.append((monotonic(), ours, clock() - start))


def _control() -> None:
    thread_time_ns()
    for _ in range(CONTROL_ROUNDS):
        pass
    thread_time_ns()
    os.write(_nowhere, b"!")


def _write() -> None:
    if _figures:
        with open(os.path.join(os.environ["OUTAGE_RESULTS"], f"{os.getpid()}.json"), "w") as file:
            json.dump(_figures, file)


hooks.record_query = _timed_query
MercuryMiddleware.__init__ = _timed_init  # type: ignore[method-assign]  # the clock goes around the middleware itself
MercuryMiddleware.__call__ = _timed_call  # type: ignore[method-assign]  # the clock goes around the middleware itself
atexit.register(_write)

from bookshop.wsgi import application  # noqa: E402  (path or settings first)

__all__ = ["application"]
