"""One unit of work per request, from the first middleware to the last byte of a streamed body.

One class serves WSGI and ASGI: Django asks ``async_capable`` and we become whatever ``get_response`` is, so
that no request hops to a thread because of us. It belongs first in ``MIDDLEWARE``; what stands before it is
not measured.

The route, the operation and the exception are read after the response is there: the resolver's match from the
request, the exception from ``got_request_exception`` (which, unlike ``process_exception``, also sees those of
other middleware, does not see ``Http404``, and costs no thread hop). A streaming response goes on in
streaming.py.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from time import thread_time_ns
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from mercury_client import faults
from mercury_client.protocol import Method, UnitKind
from mercury_client.recorder import activate, begin, deactivate, enabled, finish
from mercury_client.unit import Unit

from . import site_setup, streaming
from .routes import operation_of, route_of

__all__ = ["MercuryMiddleware"]

_UNIT = "_mercury_unit"  # on the request: which unit measures it
_REQUEST = int(UnitKind.REQUEST)


class MercuryMiddleware:
    """Measure every request as a unit; a second instance in the chain does nothing."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        try:
            site_setup.set_up()  # for a site that lists the middleware only
            got_request_exception.connect(_note_exception, weak=False, dispatch_uid="django_mercury.middleware")
        except Exception:
            faults.recover("middleware")

    def __call__(self, request: HttpRequest) -> Any:
        """Measure ``request``; the response, or a coroutine that returns it under ASGI."""
        if self._is_async:
            return self._measure_async(request)
        unit = _begin(request)
        if unit is None:
            return self.get_response(request)
        token = activate(unit)
        cpu = thread_time_ns()
        try:
            response: HttpResponseBase = self.get_response(request)
        except BaseException as error:
            deactivate(token)
            unit.cpu_ns = thread_time_ns() - cpu
            _abort(unit, request, error)
            raise
        deactivate(token)
        unit.cpu_ns = thread_time_ns() - cpu
        _end(unit, request, response)
        return response

    async def _measure_async(self, request: HttpRequest) -> HttpResponseBase:
        get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]] = self.get_response
        unit = _begin(request)
        if unit is None:
            return await get_response(request)
        token = activate(unit)
        try:
            response = await get_response(request)
        except BaseException as error:
            deactivate(token)
            _abort(unit, request, error)
            raise
        deactivate(token)
        _end(unit, request, response)
        return response


def _begin(request: HttpRequest) -> Unit | None:
    """Begin the request's unit; None if it has one already or measuring is off."""
    try:
        if not enabled() or hasattr(request, _UNIT):
            return None
        unit = begin(_REQUEST, "")
        setattr(request, _UNIT, unit)
        unit.method = Method.named(request.method)
        return unit
    except Exception:
        faults.recover("request")
        return None


def _describe(unit: Unit, request: HttpRequest) -> None:
    unit.name = route_of(request)
    unit.operation = operation_of(request)


def _end(unit: Unit, request: HttpRequest, response: HttpResponseBase) -> None:
    try:
        _describe(unit, request)
        unit.status = int(response.status_code)  # it may be an http.HTTPStatus
        if response.streaming:
            streaming.follow(unit, response)
            return
    except Exception:
        faults.recover("response")
    finish(unit)


def _abort(unit: Unit, request: HttpRequest, error: BaseException) -> None:
    """End a unit that has no response: the client went away, or the process ends."""
    try:
        _describe(unit, request)
        if isinstance(error, asyncio.CancelledError | GeneratorExit):
            unit.exception = type(error).__name__
            finish(unit)
            return
    except Exception:
        faults.recover("request")
    finish(unit, exception=error)


def _note_exception(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Note the exception for which Django is about to answer 500."""
    try:
        unit = getattr(request, _UNIT, None)
        error = sys.exc_info()[1]
        if unit is not None and error is not None:
            unit.exception = type(error).__name__
            unit.failed = True
    except Exception:
        faults.recover("got_request_exception")
