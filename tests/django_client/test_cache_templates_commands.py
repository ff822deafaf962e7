"""Cache operations, templates and management commands in the unit they belong to."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache, caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.template import Context, Template
from django.test import Client, override_settings
from sink import Sink

from django_mercury import commands, unit
from django_mercury.cache import watch
from mercury_client.protocol import UnitKind


@pytest.fixture(autouse=True)
def empty() -> None:
    cache.clear()


def set_none() -> None:
    cache.set("none", None)
    assert cache.get("none", "default") is None


def use_get_or_set() -> None:
    assert cache.get_or_set("key", lambda: 7) == 7
    assert cache.get_or_set("key", lambda: 8) == 7
    assert cache.get_or_set("other", 9) == 9


def use_many() -> None:
    assert cache.set_many({"a": 1, "b": 2}) == []
    assert cache.get_many(key for key in ("a", "b", "c")) == {"a": 1, "b": 2}
    cache.delete_many(iter(["a", "b"]))


def nest() -> None:
    cache.get_or_set("outer", lambda: cache.get("inner", 5))


def use_async() -> None:
    async def main() -> None:
        await cache.aset("a", 1)
        assert await cache.aget("a") == 1
        assert await cache.aget("b") is None
        assert await cache.aget_or_set("a", 2) == 1
        assert await cache.aget_many(["a", "b"]) == {"a": 1}
        assert await cache.ahas_key("a")

    asyncio.run(main())


OPERATIONS: list[tuple[Callable[[], Any], list[int]]] = [  # hits, misses, sets, deletes
    (lambda: cache.get("nothing"), [0, 1, 0, 0]),
    (lambda: cache.get("nothing", default=3), [0, 1, 0, 0]),
    (set_none, [1, 0, 1, 0]),
    (use_many, [2, 1, 2, 2]),
    (use_get_or_set, [1, 2, 2, 0]),
    (nest, [0, 2, 1, 0]),
    (lambda: (cache.add("a", 1), cache.add("a", 2)), [0, 0, 1, 0]),
    (lambda: (cache.set("n", 1), cache.incr("n"), cache.decr("n")), [0, 0, 3, 0]),
    (lambda: (cache.set("n", 1), "n" in cache, "m" in cache), [1, 1, 1, 0]),
    (lambda: (cache.delete("a"), cache.delete("b")), [0, 0, 0, 2]),
    (use_async, [4, 2, 1, 0]),
]


@pytest.mark.parametrize(("operation", "expected"), OPERATIONS)
def test_cache_operations_are_counted(sink: Sink, operation: Callable[[], Any], expected: list[int]) -> None:
    """Each once, whatever it makes of others; a cached None is a hit."""
    with unit("block"):
        operation()
    assert sink.one().caches == {"default": expected}


def test_a_cached_page_hits_from_the_second_request_on(sink: Sink) -> None:
    """By alias, in the request's unit, and the second one makes no query."""
    Client().get("/bestsellers/")
    Client().get("/bestsellers/")
    first, second = sink.units()
    assert (first.caches, first.queries) == ({"default": [0, 1, 1, 0]}, 1)
    assert (second.caches, second.queries) == ({"default": [1, 0, 0, 0]}, 0)


def test_a_patch_of_the_backends_class_is_seen(sink: Sink) -> None:
    """Though the cache is watched already; an object's own method is looked up when it is called."""
    with mock.patch.object(LocMemCache, "set", return_value="patched") as patched, unit("block"):
        assert cache.set("a", 1) == "patched"
    patched.assert_called_once_with("a", 1)
    assert sink.one().caches == {"default": [0, 0, 1, 0]}


def test_a_watched_cache_is_what_it_was_and_dies_by_itself() -> None:
    """Same class for whoever asks, bound methods, and no cycle for the garbage collector."""
    one = LocMemCache("mine", {})
    watch(one, "mine")
    watch(one, "mine")
    assert isinstance(one, LocMemCache)
    assert (type(one).__name__, type(one).__module__) == (LocMemCache.__name__, LocMemCache.__module__)
    assert one.get_many.__func__.__name__ == "get_many" and type(one).__mro__[1] is LocMemCache
    reference = weakref.ref(one)
    gc.disable()
    try:
        del one
        assert reference() is None
    finally:
        gc.enable()


def test_caches_of_other_threads_and_aliases_are_watched(sink: Sink, tmp_path: Path) -> None:
    """They are created later, by `CacheHandler.create_connection`."""
    backend = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)}
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}

    def work() -> None:
        with unit("thread"):
            caches["files"].set("a", 1)
            caches["files"].get("a")
            caches["default"].get("b")

    with override_settings(CACHES={"default": memory, "files": backend}):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert sink.one().caches == {"files": [1, 0, 1, 0], "default": [0, 1, 0, 0]}


def test_an_error_of_the_cache_passes(sink: Sink) -> None:
    """And counts as nothing."""
    with unit("block"), pytest.raises(ValueError):
        cache.incr("absent")
    assert sink.one().caches is None


def test_only_the_outermost_template_is_timed(sink: Sink) -> None:
    """What it includes is part of it."""
    with unit("block"):
        inner = Template("{{ x }}")
        text = Template("{% include inner %}{% include inner %}").render(Context({"inner": inner, "x": "a"}))
    one = sink.one()
    assert (text, one.template_count) == ("aa", 1)
    assert 0 < one.template_ns < one.duration_ns


def test_a_template_that_fails_is_timed_and_the_next_one_too(sink: Sink) -> None:
    """The guard against nesting is let go."""

    class Bad:
        def __str__(self) -> str:
            raise RuntimeError("cannot be shown")

    with unit("block"):
        with pytest.raises(RuntimeError, match="cannot be shown"):
            Template("{{ x }}").render(Context({"x": Bad()}))
        Template("fine").render(Context())
    assert sink.one().template_count == 2


def test_a_page_has_its_templates_time(sink: Sink) -> None:
    """The queries that a template makes are part of its time: it is wall time."""
    Client().get("/books/naive/")
    one = sink.one()
    assert one.template_count == 1 and one.template_ns > 0.5 * one.db_ns


class Sell(BaseCommand):
    """A command that calls another one, and may fail."""

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("how")

    def handle(self, *args: Any, how: str, **options: Any) -> None:
        if how == "nested":
            call_command("check", verbosity=0)
        elif how == "fail":
            raise CommandError("no")
        elif how == "exit":
            raise SystemExit(0)


def test_a_command_is_a_unit(sink: Sink) -> None:
    """Named as it is called."""
    with open("/dev/null", "w") as silence:
        call_command("populate", stdout=silence)
    one = sink.one()
    assert (one.kind, one.name, one.failed) == (UnitKind.COMMAND, "populate", False)
    assert one.queries > 10


def test_commands_nest_and_fail(sink: Sink) -> None:
    """An exception is named, a clean exit is none."""
    call_command(Sell(), "nested")
    inner, outer = sink.units()
    assert inner.name == "check" and inner.parent_id == outer.id
    with pytest.raises(CommandError):
        call_command(Sell(), "fail")
    assert sink.one().exception == "CommandError"
    with pytest.raises(SystemExit):
        call_command(Sell(), "exit")
    assert not sink.one().failed


def test_endless_commands_are_no_units(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """runserver, shell and their like."""
    assert {"runserver", "shell", "dbshell", "test", "testserver", "mercury"} <= commands.ENDLESS
    monkeypatch.setattr(Sell, "__module__", "shop.management.commands.runserver")
    call_command(Sell(), "fine")
    assert sink.units() == []
