"""One unit per request, with the right name, status and times, for every way a request can go and end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from shop.models import Author, Book
from sink import Sink, caught

import mercury_client
from django_mercury import middleware as module
from django_mercury.middleware import MercuryMiddleware
from django_mercury.routes import is_detail
from mercury_client import faults
from mercury_client.protocol import Method, Operation, UnitKind
from mercury_client.recorder import current


def visit(method: str, path: str, **extra: Any) -> HttpResponse:
    client = Client(raise_request_exception=False)
    response: HttpResponse = getattr(client, method)(path, **extra)
    return response


CASES = [
    # method, path, name, status, operation
    ("get", "/", "/", 200, Operation.LIST),
    ("get", "/books/", "books/", 200, Operation.LIST),
    ("head", "/books/", "books/", 200, Operation.LIST),
    ("get", "/books/7/", "books/<int:pk>/", 200, Operation.DETAIL),
    ("get", "/books/9999999/", "books/<int:pk>/", 404, Operation.DETAIL),
    ("get", "/books/search/?q=e", "books/search/", 200, Operation.SEARCH),
    ("get", "/books/search/?q=", "books/search/", 200, Operation.LIST),
    ("get", "/nowhere/7/", "(unmatched)", 404, Operation.UNKNOWN),
    ("get", "/books", "(unmatched)", 301, Operation.UNKNOWN),
    ("get", "/de/about/", "<lang>/about/", 200, Operation.LIST),
    ("get", "/en/about/", "<lang>/about/", 200, Operation.LIST),
    ("get", "/missing/", "missing/", 404, Operation.LIST),
    ("get", "/api/books/", "api/books/$", 200, Operation.LIST),
    ("get", "/api/books/?search=x", "api/books/$", 200, Operation.LIST),
    ("get", "/api/books/3/", "api/books/(?P<pk>[^/.]+)/$", 200, Operation.DETAIL),
    ("post", "/api/books/", "api/books/$", 405, Operation.CREATE),
    ("delete", "/api/books/3/", "api/books/(?P<pk>[^/.]+)/$", 405, Operation.DELETE),
    ("patch", "/api/books/3/", "api/books/(?P<pk>[^/.]+)/$", 405, Operation.UPDATE),
    ("options", "/books/", "books/", 200, Operation.UNKNOWN),
    ("get", "/admin/login/", "admin/login/", 200, Operation.AUTH),
]


@pytest.mark.parametrize(("method", "path", "name", "status", "operation"), CASES)
def test_a_request_is_named_by_its_template(
    sink: Sink, method: str, path: str, name: str, status: int, operation: Operation
) -> None:
    """Route template, method, status and operation; never the path."""
    visit(method, path)
    unit = sink.one()
    assert (unit.kind, unit.name, unit.status) == (UnitKind.REQUEST, name, status)
    assert (unit.method, unit.operation) == (Method[method.upper()], operation)
    assert unit.duration_ns > 0 and unit.cpu_ns > 0
    assert not unit.failed and not unit.exception and not unit.streamed and unit.first_byte_ns == 0


def test_an_unknown_method_is_other(sink: Sink) -> None:
    """Methods are the client's text, so their number is bounded."""
    Client().generic("BREW", "/books/")
    assert sink.one().method == Method.OTHER


ROUTES = [
    ("books/<int:pk>/", True),
    ("books/<pk>", True),
    ("books/", False),
    ("books/<int:pk>/reviews/", False),
    ("api/books/(?P<pk>[^/.]+)/$", True),
    ("api/books/(?P<pk>[^/.]+)\\.(?P<format>[a-z0-9]+)/?$", True),
    ("api/books\\.(?P<format>[a-z0-9]+)/?$", False),
    ("api/books<drf_format_suffix:format>", False),
    ("^articles/(?P<year>[0-9]{4})/(?P<slug>[\\w-]+)/\\Z", True),
    ("", False),
]


@pytest.mark.parametrize(("route", "expected"), ROUTES)
def test_a_detail_route_ends_in_a_capture(route: str, expected: bool) -> None:
    """`format` is none, and neither is a capture in the middle."""
    assert is_detail(route) is expected


@pytest.mark.parametrize("is_async", [False, True])
def test_an_exception_of_the_view_is_named(sink: Sink, is_async: bool) -> None:
    """The class only: messages hold data."""
    if is_async:
        async_to_sync(AsyncClient(raise_request_exception=False).get)("/broken/")
    else:
        visit("get", "/broken/")
    unit = sink.one()
    assert (unit.status, unit.failed, unit.exception, unit.queries) == (500, True, "ValueError", 1)


def test_an_exception_that_leaves_the_chain_passes_and_is_named(sink: Sink) -> None:
    """SystemExit, say: Django turns it into no response."""

    def get_response(request: Any) -> HttpResponse:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        MercuryMiddleware(get_response)(RequestFactory().get("/"))
    unit = sink.one()
    assert (unit.name, unit.status, unit.exception, unit.failed) == ("(unmatched)", 0, "SystemExit", True)
    assert current.get() is None


def test_a_cancelled_async_request_ends_and_did_not_fail(sink: Sink) -> None:
    """The client went away: that is no error of the site."""

    async def get_response(request: Any) -> HttpResponse:
        await asyncio.Event().wait()
        return HttpResponse()

    async def main() -> None:
        task = asyncio.ensure_future(MercuryMiddleware(get_response)(RequestFactory().get("/")))
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())
    unit = sink.one()
    assert (unit.exception, unit.failed, unit.status) == ("CancelledError", False, 0)


def test_listed_twice_it_measures_once(sink: Sink) -> None:
    """The inner one sees that the request has its unit."""
    path = "django_mercury.middleware.MercuryMiddleware"
    from django.conf import settings

    with override_settings(MIDDLEWARE=[path, *settings.MIDDLEWARE, path]):
        visit("get", "/books/")
        assert sink.one().queries == 2
        async_to_sync(AsyncClient().get)("/books/")
        assert sink.one().queries == 2


def test_the_class_becomes_what_get_response_is() -> None:
    """No thread hop because of us, and none of MiddlewareMixin's."""

    async def get_response(request: Any) -> HttpResponse:
        return HttpResponse()

    assert MercuryMiddleware.sync_capable and MercuryMiddleware.async_capable
    assert iscoroutinefunction(MercuryMiddleware(get_response))
    assert not iscoroutinefunction(MercuryMiddleware(lambda request: HttpResponse()))


def test_a_request_inside_a_unit_is_below_it(sink: Sink) -> None:
    """`with unit(): client.get()` sees the request's queries as a descendant's."""
    with mercury_client.unit("outer"):
        visit("get", "/books/")
    request, outer = sink.units()
    assert request.parent_id == outer.id
    assert (outer.queries, outer.descendant_queries, outer.descendant_units) == (0, 2, 1)


def test_switched_off_it_measures_nothing() -> None:
    """And the site answers as ever."""
    with caught() as sink:
        sink.recorder.enabled = False
        assert visit("get", "/books/").status_code == 200
        assert sink.units() == [] and sink.outside().records == []


def test_our_own_defects_do_not_reach_the_site(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each guard catches, counts, and the unit still ends."""

    def defect(*args: Any) -> Any:
        raise RuntimeError("a defect of ours")

    before = faults.total()
    monkeypatch.setattr(module, "route_of", defect)
    assert visit("get", "/books/").status_code == 200
    assert faults.total() == before + 1
    assert sink.one().queries == 2
    monkeypatch.setattr(module, "begin", defect)
    assert visit("get", "/books/").status_code == 200
    assert faults.total() == before + 2
    assert sink.units() == []


def test_gather_attributes_each_query_to_its_request(sink: Sink) -> None:
    """Concurrent async requests, each with concurrent queries."""

    async def main() -> None:
        client = AsyncClient()
        await asyncio.gather(*(client.get("/authors/dashboard/") for _ in range(5)), client.get("/books/naive/"))

    async_to_sync(main)()
    counts = sorted((unit.name, unit.queries) for unit in sink.units())
    assert counts == [("authors/dashboard/", 5)] * 5 + [("books/naive/", 81)]
    assert sink.outside().records == []


def test_threads_are_measured_apart(sink: Sink) -> None:
    """Connections of new threads have the hook, and nobody's queries mix."""
    threads = [threading.Thread(target=visit, args=("get", "/books/naive/")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [unit.queries for unit in sink.units()] == [81] * 4


# Streaming


def respond(response: Any) -> Any:
    """Send a response through the middleware alone."""
    request = RequestFactory().get("/")
    return MercuryMiddleware(lambda request: response)(request)


def test_a_streams_queries_belong_to_its_request(sink: Sink) -> None:
    """Though the view has returned, and with nothing current between two parts."""
    response = visit("get", "/books/export/")
    assert sink.units() == []  # not over yet
    parts = iter(response.streaming_content)
    next(parts)
    assert current.get() is None
    Author.objects.count()  # another's query, made between two parts
    rest = b"".join(parts)
    assert rest.count(b"\n") >= 120
    unit = sink.one()
    assert unit.name == "books/export/" and unit.streamed and unit.queries >= 5
    assert 0 < unit.first_byte_ns < unit.duration_ns
    assert len(sink.outside().records) == 1


def test_an_async_streams_queries_belong_to_its_request(sink: Sink) -> None:
    """Its generator awaits the ORM between two parts."""

    async def main() -> bytes:
        response = await AsyncClient().get("/books/feed/")
        assert sink.units() == []
        parts = []
        async for part in response:
            assert current.get() is None
            parts.append(part)
        return b"".join(parts)

    assert async_to_sync(main)().count(b"\n") == 11
    unit = sink.one()
    assert (unit.name, unit.streamed, unit.queries) == ("books/feed/", True, 11)
    assert 0 < unit.first_byte_ns < unit.duration_ns
    assert unit.cpu_ns == -1  # of no one thread


def test_a_client_that_leaves_a_stream_ends_the_unit(sink: Sink) -> None:
    """The server closes the response; a query in the generator's `finally` still belongs to it."""

    def body() -> Iterator[bytes]:
        try:
            while True:
                yield str(Book.objects.count()).encode()
        finally:
            Author.objects.count()

    response = respond(StreamingHttpResponse(body()))
    parts = iter(response)
    next(parts), next(parts)
    assert sink.units() == []
    response.close()
    unit = sink.one()
    assert unit.queries == 3 and unit.streamed and not unit.failed
    response.close()
    assert sink.units() == []


def test_an_async_client_that_leaves_a_stream_ends_the_unit(sink: Sink) -> None:
    """Cancelled while it waits for a part, closed by the server."""

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    async def main() -> None:
        async def get_response(request: Any) -> Any:
            return StreamingHttpResponse(body())

        response = await MercuryMiddleware(get_response)(RequestFactory().get("/"))

        async def consume() -> None:
            async for _ in response:
                pass

        task = asyncio.ensure_future(consume())
        while not current_first_byte():
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        response.close()

    def current_first_byte() -> bool:
        return any(unit.first_byte_ns for unit in sink.recorder.open_units.values())

    asyncio.run(main())
    unit = sink.one()
    assert unit.streamed and not unit.failed and current.get() is None


@pytest.mark.parametrize("after", [0, 2])
def test_a_stream_that_fails_names_its_exception(sink: Sink, after: int) -> None:
    """And the server gets the exception as it was raised."""

    def body() -> Iterator[bytes]:
        for _ in range(after):
            yield b"part"
        raise LookupError("in the middle")

    response = respond(StreamingHttpResponse(body()))
    with pytest.raises(LookupError, match="in the middle"):
        list(response)
    response.close()
    unit = sink.one()
    assert (unit.exception, unit.failed, unit.status) == ("LookupError", True, 200)


def test_an_empty_stream_ends(sink: Sink) -> None:
    """Its first byte is its end."""
    assert list(respond(StreamingHttpResponse(iter(())))) == []
    unit = sink.one()
    assert unit.streamed and 0 < unit.first_byte_ns <= unit.duration_ns


def test_a_file_keeps_sendfile_and_ends_when_it_is_closed(sink: Sink) -> None:
    """wsgi.file_wrapper reads `file_to_stream`: it must still be there."""
    response = respond(FileResponse(io.BytesIO(b"content")))
    assert response.file_to_stream is not None
    assert sink.units() == []
    response.close()
    unit = sink.one()
    assert unit.streamed and unit.first_byte_ns > 0


def test_a_generator_thats_never_started_ends_with_close(sink: Sink) -> None:
    """A HEAD request: the server never asks for a part."""
    response = respond(StreamingHttpResponse(iter([b"x"])))
    response.close()
    assert sink.one().streamed


def test_an_async_stream_that_is_left_while_sending_is_cleaned_up_at_once(sink: Sink) -> None:
    """The client leaves while the server waits in `send`: the body's `finally` needs no garbage collector."""
    ended: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"part"
        finally:
            ended.append("finally")

    async def get_response(request: Any) -> Any:
        return StreamingHttpResponse(body())

    async def serve() -> None:
        response = await MercuryMiddleware(get_response)(RequestFactory().get("/"))
        try:
            async for _ in response:
                await asyncio.Event().wait()  # send
        finally:
            response.close()

    async def main() -> None:
        task = asyncio.ensure_future(serve())
        while not any(unit.first_byte_ns for unit in sink.recorder.open_units.values()):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        del task
        for _ in range(20):  # generators that are dropped one after the other are closed by the loop
            await asyncio.sleep(0)
        assert ended == ["finally"]

    without_collector(lambda: asyncio.run(main()))
    assert sink.one().streamed


def test_a_stream_that_was_closed_dies_without_a_collector(sink: Sink) -> None:
    """Neither the wrapped iterator nor the wrapped close holds the response."""

    def respond_and_close() -> None:
        response = respond(StreamingHttpResponse(iter([b"part"])))
        assert list(response) == [b"part"]
        response.close()
        reference = weakref.ref(response)
        del response
        assert reference() is None

    without_collector(respond_and_close)
    assert sink.one().streamed


def test_a_stream_that_is_neither_read_nor_closed_ends_with_its_response(sink: Sink) -> None:
    """Another middleware put its own response in the place."""
    respond(StreamingHttpResponse(iter([b"part"])))
    gc.collect()
    assert sink.one().streamed
    assert sink.recorder.open_units == {}


def without_collector(run: Callable[[], None]) -> None:
    """Run with garbage collection off."""
    gc.collect()
    gc.disable()
    try:
        run()
    finally:
        gc.enable()
