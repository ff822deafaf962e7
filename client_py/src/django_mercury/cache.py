"""Count cache operations: hits, misses, sets and deletes, per alias and unit.

Django has no hook for caches, so the methods of each cache **object** are wrapped as ``CacheHandler`` creates
it, and those of the objects that exist already. The classes of the backends are not touched.

What counts: ``get``, ``has_key`` and ``get_or_set`` one hit or miss; ``get_many`` a hit for each key it
found; ``set``, ``add`` (if it stored), ``incr``, ``decr`` one set; ``set_many``, ``delete``, ``delete_many``
by keys. A default of our own tells a miss from a cached ``None``. Operations that a method makes of others
(``get_or_set`` gets and adds) count once. Keys and values are never looked at, compared or turned into text.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import MethodType
from typing import Any

from django.core.cache import CacheHandler, caches
from django.core.cache.backends.base import BaseCache

from mercury_client import faults
from mercury_client.recorder import innermost

__all__ = ["install", "watch"]

_MISSING = object()
_MARK = "_mercury_watched"
_inside: ContextVar[bool] = ContextVar("mercury_cache", default=False)

Counts = tuple[int, int, int, int]  # hits, misses, sets, deletes
Method = Callable[..., Any]


def _hit_or_miss(hit: bool) -> Counts:
    return (1, 0, 0, 0) if hit else (0, 1, 0, 0)


def _size(keys: Any) -> int:
    return len(keys) if hasattr(keys, "__len__") else 0


# For each method: (result, first argument) → counts. ``get`` and ``get_or_set`` are below, they need more.
_COUNTS: dict[str, Callable[[Any, Any], Counts]] = {
    "has_key": lambda result, key: _hit_or_miss(bool(result)),
    "get_many": lambda result, keys: (len(result), max(0, _size(keys) - len(result)), 0, 0),
    "set": lambda result, key: (0, 0, 1, 0),
    "add": lambda result, key: (0, 0, int(bool(result)), 0),
    "incr": lambda result, key: (0, 0, 1, 0),
    "decr": lambda result, key: (0, 0, 1, 0),
    "set_many": lambda result, data: (0, 0, max(0, _size(data) - len(result or ())), 0),
    "delete": lambda result, key: (0, 0, 0, 1),
    "delete_many": lambda result, keys: (0, 0, 0, _size(keys)),
}
# The parameter that the first argument may be given as, where it is a collection that could be a generator.
_COLLECTIONS = {"get_many": "keys", "delete_many": "keys", "set_many": "data"}


def _count(alias: str, counts: Counts) -> None:
    unit = innermost()
    if unit is not None:
        unit.count_cache(alias, *counts)


def _watched(alias: str, name: str, method: Method) -> Method:
    """Wrap one method whose counts follow from its result and its first argument."""
    count_of = _COUNTS[name]
    keyword = _COLLECTIONS.get(name, "key")

    @wraps(method)
    def call(self: BaseCache, *args: Any, **kwargs: Any) -> Any:
        if _inside.get():
            return method(*args, **kwargs)
        if name in _COLLECTIONS:
            args, kwargs = _materialised(keyword, args, kwargs)
        token = _inside.set(True)
        try:
            result = method(*args, **kwargs)
        finally:
            _inside.reset(token)
        try:
            _count(alias, count_of(result, args[0] if args else kwargs.get(keyword)))
        except Exception:
            faults.recover("cache")
        return result

    return call


def _materialised(keyword: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Make a list of a generator of keys, which the backend would use up before it is counted."""
    if args and not hasattr(args[0], "__len__"):
        return (list(args[0]), *args[1:]), kwargs
    if not args and keyword in kwargs and not hasattr(kwargs[keyword], "__len__"):
        return args, {**kwargs, keyword: list(kwargs[keyword])}
    return args, kwargs


def _watched_get(alias: str, get: Method) -> Method:
    @wraps(get)
    def call(self: BaseCache, key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        if _inside.get():
            return get(key, default, *args, **kwargs)
        token = _inside.set(True)
        try:
            result = get(key, _MISSING, *args, **kwargs)
        finally:
            _inside.reset(token)
        hit = result is not _MISSING
        try:
            _count(alias, _hit_or_miss(hit))
        except Exception:
            faults.recover("cache")
        return result if hit else default

    return call


def _watched_get_or_set(alias: str, get_or_set: Method) -> Method:
    """Count a hit, or a miss and a set: whether the default was needed tells which."""

    @wraps(get_or_set)
    def call(self: BaseCache, key: Any, default: Any, *args: Any, **kwargs: Any) -> Any:
        if _inside.get():
            return get_or_set(key, default, *args, **kwargs)
        used = False

        def needed() -> Any:
            nonlocal used
            used = True
            if not callable(default):
                return default
            outside = _inside.set(False)  # the application's function may use caches itself
            try:
                return default()
            finally:
                _inside.reset(outside)

        token = _inside.set(True)
        try:
            result = get_or_set(key, needed, *args, **kwargs)
        finally:
            _inside.reset(token)
        try:
            _count(alias, (0, 1, 1, 0) if used else (1, 0, 0, 0))
        except Exception:
            faults.recover("cache")
        return result

    return call


def watch(cache: Any, alias: str) -> None:
    """Wrap the methods of one cache object, once; its async methods go through the sync ones."""
    if not isinstance(cache, BaseCache) or getattr(cache, _MARK, False):
        return
    for name in (*_COUNTS, "get", "get_or_set"):
        method = getattr(cache, name)
        if name == "get":
            watched = _watched_get(alias, method)
        elif name == "get_or_set":
            watched = _watched_get_or_set(alias, method)
        else:
            watched = _watched(alias, name, method)
        # A bound method, not a plain function: Django >= 6.1 looks at `cache.get_many.__func__`.
        setattr(cache, name, MethodType(watched, cache))
    setattr(cache, _MARK, True)


def install() -> None:
    """Watch the caches of this thread, and each one that any thread creates later."""
    if not getattr(CacheHandler.create_connection, _MARK, False):
        create = CacheHandler.create_connection

        @wraps(create)
        def create_and_watch(self: CacheHandler, alias: str) -> Any:
            cache = create(self, alias)
            try:
                watch(cache, alias)
            except Exception:
                faults.recover("cache")
            return cache

        setattr(create_and_watch, _MARK, True)
        CacheHandler.create_connection = create_and_watch
    existing = getattr(
        caches, "_connections", None
    )  # private: without it, caches created before are not counted
    for alias in caches:
        if hasattr(existing, alias):
            watch(caches[alias], alias)
