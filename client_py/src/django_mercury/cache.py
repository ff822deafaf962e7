"""Count cache operations: hits, misses, sets and deletes, per alias and unit.

Django has no hook for caches, so each cache **object** gets a class of ours below its own as ``CacheHandler``
creates it, and so do the objects that exist already. The classes of the backends are not touched, what is done
to them later (``mock.patch``) shows, and no object refers to itself.

What counts: ``get``, ``has_key`` and ``get_or_set`` one hit or miss; ``get_many`` a hit for each key it
found; ``set``, ``add`` (if it stored), ``incr``, ``decr`` one set; ``set_many``, ``delete``, ``delete_many``
by keys. A default of our own tells a miss from a cached ``None``. Operations that a method makes of others
(``get_or_set`` gets and adds) count once. Keys and values are never looked at, compared or turned into text.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from django.core.cache import CacheHandler, caches
from django.core.cache.backends.base import BaseCache

from mercury_client import faults
from mercury_client.recorder import innermost

__all__ = ["install", "watch"]

_MISSING = object()
_MARK = "_mercury_watched"  # on a cache: its alias
_classes: dict[type[BaseCache], type[BaseCache]] = {}  # of a backend: ours below it
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


def _count(cache: BaseCache, counts: Counts) -> None:
    unit = innermost()
    if unit is not None:
        unit.count_cache(getattr(cache, _MARK), *counts)


def _method(kind: type[BaseCache], cache: BaseCache, name: str) -> Method:
    """Return the method of the class ``kind``, as it is now, bound to ``cache``."""
    method: Method = getattr(super(_classes[kind], cache), name)
    return method


def _watched(kind: type[BaseCache], name: str) -> Method:
    """Wrap one method whose counts follow from its result and its first argument."""
    count_of = _COUNTS[name]
    keyword = _COLLECTIONS.get(name, "key")

    @wraps(getattr(kind, name))
    def call(self: BaseCache, *args: Any, **kwargs: Any) -> Any:
        method = _method(kind, self, name)
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
            _count(self, count_of(result, args[0] if args else kwargs.get(keyword)))
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


def _watched_get(kind: type[BaseCache]) -> Method:
    @wraps(kind.get)
    def call(self: BaseCache, key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        get = _method(kind, self, "get")
        if _inside.get():
            return get(key, default, *args, **kwargs)
        token = _inside.set(True)
        try:
            result = get(key, _MISSING, *args, **kwargs)
        finally:
            _inside.reset(token)
        hit = result is not _MISSING
        try:
            _count(self, _hit_or_miss(hit))
        except Exception:
            faults.recover("cache")
        return result if hit else default

    return call


def _watched_get_or_set(kind: type[BaseCache]) -> Method:
    """Count a hit, or a miss and a set: whether the default was needed tells which."""

    @wraps(kind.get_or_set)
    def call(self: BaseCache, key: Any, default: Any, *args: Any, **kwargs: Any) -> Any:
        get_or_set = _method(kind, self, "get_or_set")
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
            _count(self, (0, 1, 1, 0) if used else (1, 0, 0, 0))
        except Exception:
            faults.recover("cache")
        return result

    return call


def _new_class(kind: type[BaseCache]) -> type[BaseCache]:
    """Return the class below ``kind`` that counts; it goes by the same name."""
    members: dict[str, Any] = {name: _watched(kind, name) for name in _COUNTS}
    members.update(get=_watched_get(kind), get_or_set=_watched_get_or_set(kind))
    members.update(__module__=kind.__module__, __qualname__=kind.__qualname__, __doc__=kind.__doc__)
    watched: type[BaseCache] = types.new_class(kind.__name__, (kind,), exec_body=lambda body: body.update(members))
    return watched


def watch(cache: Any, alias: str) -> None:
    """Count the operations of one cache object, once; its async methods go through the sync ones."""
    if not isinstance(cache, BaseCache) or getattr(cache, _MARK, None):
        return
    setattr(cache, _MARK, alias)
    kind = type(cache)
    if kind not in _classes:
        _classes.setdefault(kind, _new_class(kind))  # another thread may have been first
    cache.__class__ = _classes[kind]


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
    existing = getattr(caches, "_connections", None)  # private: without it, caches created before are not counted
    for alias in caches:
        if hasattr(existing, alias):
            watch(caches[alias], alias)
