"""Follow a streaming response to its end.

When the middleware returns, a streaming view has made none of its queries. So its iterator is wrapped, and
``response.close``, which servers call last, whatever happened. The unit ends with whichever comes first::

    body at its end ─┐
    body raises ─────┼──▶ finish(unit)      (a second call does nothing)
    response.close ──┘    also when the client has gone away

The unit is current only while the application's iterator runs. No token is held across a ``yield``: between
two parts the server runs, maybe in another thread or context, and other requests with it.

A FileResponse keeps its iterator, which servers replace by ``sendfile``; only its ``close`` is wrapped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from time import perf_counter_ns, thread_time_ns
from typing import Any
from weakref import finalize

from django.http import FileResponse
from django.http.response import HttpResponseBase

from mercury_client import faults
from mercury_client.recorder import activate, deactivate, finish
from mercury_client.unit import Unit

__all__ = ["follow"]


def follow(unit: Unit, response: HttpResponseBase) -> None:
    """Let ``unit`` end with the body of ``response``."""
    unit.streamed = True
    if isinstance(response, FileResponse):
        _note_first_byte(unit)
    else:
        _wrap_iterator(unit, response)
    _wrap_close(unit, response)
    # For a response that is neither read nor closed: another middleware may put its own in the place.
    ending: Any = finalize(response, finish, unit)
    ending.atexit = False


def _wrap_iterator(unit: Unit, response: Any) -> None:
    """Wrap what the application gave.

    ``streaming_content`` builds an iterator that holds the response: the response would hold itself, and the
    application's ``finally`` blocks would wait for the garbage collector.
    """
    name = "_iterator" if hasattr(response, "_iterator") else "streaming_content"
    follow_parts: Any = _follow_async if getattr(response, "is_async", False) else _follow_sync
    setattr(response, name, follow_parts(unit, getattr(response, name)))


def _note_first_byte(unit: Unit) -> None:
    if not unit.first_byte_ns:
        unit.first_byte_ns = max(1, perf_counter_ns() - unit.start_ns)


def _follow_sync(unit: Unit, parts: Iterator[bytes]) -> Iterator[bytes]:
    error: BaseException | None = None
    try:
        while True:
            token = activate(unit)
            cpu = thread_time_ns()
            try:
                part = next(parts)
            except StopIteration:
                return
            finally:
                deactivate(token)
                if unit.cpu_ns >= 0:
                    unit.cpu_ns += thread_time_ns() - cpu
            _note_first_byte(unit)
            yield part
    except GeneratorExit:
        raise
    except BaseException as raised:
        error = raised
        raise
    finally:
        _finish(unit, error)
        error = None  # whose traceback holds this frame


async def _follow_async(unit: Unit, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    error: BaseException | None = None
    try:
        while True:
            token = activate(unit)
            try:
                part = await anext(parts)
            except StopAsyncIteration:
                return
            finally:
                deactivate(token)
            _note_first_byte(unit)
            yield part
    except (GeneratorExit, asyncio.CancelledError):
        raise
    except BaseException as raised:
        error = raised
        raise
    finally:
        _finish(unit, error)
        error = None  # whose traceback holds this frame


def _finish(unit: Unit, error: BaseException | None) -> None:
    _note_first_byte(unit)
    finish(unit, exception=error)


def _wrap_close(unit: Unit, response: Any) -> None:
    """Finish the unit after ``response.close``, which runs the application's ``finally`` blocks."""
    close = response.close

    def close_and_finish() -> None:
        vars(response).pop("close", None)  # else the response holds itself
        token = activate(unit)
        try:
            close()
        finally:
            deactivate(token)
            _finish(unit, None)

    try:
        response.close = close_and_finish
    except Exception:  # a response class with slots or a read-only property
        faults.recover("response.close")
