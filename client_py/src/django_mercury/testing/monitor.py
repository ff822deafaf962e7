"""``monitor()``: measure a block of a test and fail if it is over its limits.

::

    with monitor(query_count=5) as result:
        client.get("/books/")

    @monitor(response_time_ms=50)
    def test_front_page(self): …

A context manager, an async one, and a decorator for functions and coroutines. It nests. The result is filled also when
the body raises; the body's exception is then the one that the test sees. Works without ``INSTALLED_APPS``.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from types import FrameType, TracebackType
from typing import Any, TypeVar, overload

from asgiref.sync import iscoroutinefunction

import mercury_client
from mercury_client import recorder
from mercury_client.protocol import UnitKind

from ..wording import short_path
from .capture import Capture
from .engines import NoDaemon, mode, queries_of
from .memory import MEGABYTE
from .result import MercuryAssertionError, MonitorResult
from .thresholds import DEFAULTS, UNLIMITED, checked, resolve

__all__ = ["Monitor", "monitor", "monitor_django_model", "monitor_django_view", "monitor_serializer"]

F = TypeVar("F", bound=Callable[..., Any])
_OWN = __name__.rpartition(".")[0]
_listeners: list[Callable[[MonitorResult], None]] = []


class Monitor:
    """A measured block; made by ``monitor()``. One object may be entered again and again, also while it is entered.

    ``min_cache_hit_ratio`` and the ``expect_…`` methods set limits besides those of ``monitor()``.
    """

    def __init__(
        self,
        name: str = "",
        limits: Mapping[str, float | None] | None = None,
        *,
        defaults: Mapping[str, float | None] = DEFAULTS,
        kind: int = UnitKind.BLOCK,
        memory: bool = False,
        raises: bool = True,
    ) -> None:
        self.name = name
        self._inline = checked(limits or {}, "monitor()")
        self._defaults = defaults
        self._kind = kind
        self._memory = memory
        self._raises = raises
        self._min_cache_hit_ratio: float | None = None
        self._entered: list[tuple[Capture, MonitorResult]] = []
        self._result: MonitorResult | None = None

    # ------------------------------------------------------------------------------------ as a context manager
    def __enter__(self) -> MonitorResult:
        return self._enter(_caller(sys._getframe(1)))

    async def __aenter__(self) -> MonitorResult:
        return self._enter(_caller(sys._getframe(1)))

    def _enter(self, frame: FrameType | None, module: Mapping[str, Any] | None = None) -> MonitorResult:
        if module is None and frame is not None:
            module = frame.f_globals
        if self._defaults is UNLIMITED:
            limits, are_defaults = {**UNLIMITED, **self._inline}, False
        else:
            limits, are_defaults = resolve(self._inline, module)
        result = self._result = MonitorResult(name=self.name, thresholds=limits, used_defaults=are_defaults)
        result.test_name = _test_name(frame)
        if frame is not None:
            result.test_location = f"{short_path(frame.f_code.co_filename)}:{frame.f_lineno}"
        capture = Capture(self.name or result.test_name, self._kind, memory=self._memory)
        self._entered.append((capture, result))
        capture.start()
        return result

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        self._exit(error)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        self._exit(error)

    def _exit(self, error: BaseException | None) -> None:
        __tracebackhide__ = True  # pytest: the test is of interest, not this
        capture, result = self._leave()
        said = mode()
        if said != "off":
            mercury_client.ask_report(capture.unit)
        capture.stop(error)
        unit = capture.unit
        result.exception = error
        result.unit, result.below = unit, capture.below
        result.strict = said == "strict"
        result.response_time_ms = unit.duration_ns / 1e6
        result.query_count = queries_of(unit, capture.below)
        result.memory_mb, result.memory_traced = capture.memory.bytes / MEGABYTE, capture.memory.traced
        for part in (unit, *capture.below):
            for hits, misses, *_ in (part.caches or {}).values() if not part.more else ():
                result.cache_hits += hits
                result.cache_misses += misses
        no_daemon = None
        if result.needs_verdict or _looks_at_once(said):
            try:
                result.settle()
            except NoDaemon as missing:  # what the reference engine says goes with it
                no_daemon = missing
        result.check()
        self._check_cache(result)
        for listener in _listeners:
            listener(result)
        if error is None and no_daemon is not None:
            raise no_daemon
        if error is None and self._raises and result.failures:
            from .text import report

            raise MercuryAssertionError("\n" + report(result), result)

    def _leave(self) -> tuple[Capture, MonitorResult]:
        """Return the block of this context: two tasks may be in one monitor at once."""
        current = recorder.current.get()
        for number in reversed(range(len(self._entered))):
            if self._entered[number][0].unit is current:
                return self._entered.pop(number)
        return self._entered.pop()

    def _check_cache(self, result: MonitorResult) -> None:
        wanted, ratio = self._min_cache_hit_ratio, result.cache_hit_ratio
        if wanted is not None and ratio is None:
            result.failures.append(f"No cache was asked, so its hit ratio is unknown (at least {wanted:.0%} is wanted)")
        elif wanted is not None and ratio is not None and ratio < wanted:
            result.failures.append(f"Cache hit ratio {ratio:.0%} is under the limit of {wanted:.0%}")

    # ----------------------------------------------------------------------------------------- as a decorator
    def __call__(self, function: F) -> F:
        """Measure every call of a function or coroutine function."""
        if isinstance(function, type) or not callable(function):
            raise TypeError(f"monitor() decorates functions and coroutine functions, not {type(function).__name__}")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"monitor() cannot decorate the generator {function.__name__}; use it inside, as a block")
        module = getattr(function, "__globals__", None)
        if iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004  (it is asked what it is)

            @functools.wraps(function)
            async def measure_async(*args: Any, **kwargs: Any) -> Any:
                with self._of(function, module):
                    return await function(*args, **kwargs)

            return measure_async  # type: ignore[return-value]  # it is called like the one it wraps

        @functools.wraps(function)
        def measure(*args: Any, **kwargs: Any) -> Any:
            with self._of(function, module):
                value = function(*args, **kwargs)
            if inspect.isawaitable(value):
                raise TypeError(f"monitor() measured only how {function!r:.80} was called: it returns an awaitable")
            return value

        return measure  # type: ignore[return-value]  # it is called like the one it wraps

    def _of(self, function: Callable[..., Any], module: Mapping[str, Any] | None) -> _Call:
        own_name = getattr(function, "__qualname__", type(function).__name__).replace(".<locals>", "")
        again = Monitor(
            self.name or own_name, self._inline, defaults=self._defaults,
            kind=self._kind, memory=self._memory, raises=self._raises,
        )  # fmt: skip
        again._min_cache_hit_ratio = self._min_cache_hit_ratio
        return _Call(again, function, module)

    # ----------------------------------------------------------------------------------------- the result
    @property
    def result(self) -> MonitorResult:
        """Return the result of the block that was entered last; an empty one before."""
        if self._result is None:
            self._result = MonitorResult(name=self.name)
        return self._result

    @property
    def metrics(self) -> MonitorResult:
        """Return the result, under the name that older tests use."""
        return self.result

    # ----------------------------------------------------------------------------------- limits, one by one
    def expect_response_under(self, milliseconds: float) -> Monitor:
        """Fail over this time; returns the monitor."""
        return self._expect(response_time_ms=milliseconds)

    def expect_queries_under(self, count: int) -> Monitor:
        """Fail over this number of queries; returns the monitor."""
        return self._expect(query_count=count)

    def expect_memory_under(self, megabytes: float) -> Monitor:
        """Fail over this much memory; returns the monitor."""
        return self._expect(memory_mb=megabytes)

    def expect_cache_hit_ratio_above(self, ratio: float) -> Monitor:
        """Fail under this share (0 to 1) of look-ups that found something; returns the monitor."""
        if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 <= ratio <= 1:
            raise ValueError(f"the cache hit ratio is {ratio!r}, it must be a number from 0 to 1")
        self._min_cache_hit_ratio = ratio
        return self

    def disable_auto_assert(self) -> Monitor:
        """Measure only; ``result.failures`` says what would have failed."""
        self._raises = False
        return self

    def _expect(self, **limits: float) -> Monitor:
        self._inline |= checked(limits, "monitor()")
        return self


class _Call:
    """One call of a decorated function."""

    def __init__(self, monitor: Monitor, function: Callable[..., Any], module: Mapping[str, Any] | None) -> None:
        self._monitor = monitor
        self._function = function
        self._module = module

    def __enter__(self) -> None:
        result = self._monitor._enter(_caller(sys._getframe(2)), self._module)
        code = getattr(self._function, "__code__", None)
        if code is not None:
            result.test_location = f"{short_path(code.co_filename)}:{code.co_firstlineno}"

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._monitor._exit(error)


@overload
def monitor(name: F) -> F: ...
@overload
def monitor(name: str = "", *, memory: bool = False, raises: bool = True, **limits: float | None) -> Monitor: ...
def monitor(name: Any = "", *, memory: bool = False, raises: bool = True, **limits: Any) -> Any:
    """Measure a block; raise AssertionError with the whole report if it is over a limit.

    ``response_time_ms`` (100), ``query_count`` (10) and ``n_plus_one_threshold`` (10 calls) fail when they are
    exceeded, the last one when it is reached; ``memory_mb`` has no default. None: no limit. Limits that are not
    given come from ``MERCURY_PERFORMANCE_THRESHOLDS`` of the module, then of the settings.

    ``memory``: trace allocations, which makes Python several times slower. ``raises`` False: only measure.
    """
    if callable(name) and not limits:
        return Monitor()(name)
    if not isinstance(name, str):
        raise TypeError(f"monitor() takes a name first, not {name!r:.80}; limits are keywords: query_count=10")
    try:
        return Monitor(name, limits, memory=memory, raises=raises)
    except ValueError as error:
        raise TypeError(str(error)) if "has the name" in str(error) else error from None


def monitor_django_view(operation_name: str) -> Monitor:
    """Measure a view's call; it has the limits that ``expect_…`` sets, and no others."""
    return Monitor(operation_name, defaults=UNLIMITED)


def monitor_django_model(operation_name: str) -> Monitor:
    """Measure what is done with a model; like ``monitor_django_view``."""
    return Monitor(operation_name, defaults=UNLIMITED)


def monitor_serializer(operation_name: str) -> Monitor:
    """Measure a serializer; like ``monitor_django_view``."""
    return Monitor(operation_name, defaults=UNLIMITED)


def add_listener(listener: Callable[[MonitorResult], None]) -> None:
    """Let ``listener`` see each result; for the runners."""
    if listener not in _listeners:
        _listeners.append(listener)


def _looks_at_once(mode: str) -> bool:
    """Tell whether the verdict is fetched at a block's end, though its figures are within their limits.

    Strict: there is a daemon, or the block fails here. A runner's listener looks at every verdict anyway.
    """
    return mode == "strict" and (bool(_listeners) or not mercury_client.is_answering())


# ------------------------------------------------------------------------------------------------ which test
def _caller(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame that is not ours or contextlib's."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module != _OWN and not module.startswith(_OWN + ".") and module not in ("contextlib", "asyncio.runners"):
            return frame
        frame = frame.f_back
    return None


def _test_name(frame: FrameType | None) -> str:
    """Return the test that runs: the function up the stack that is named like one, else what pytest says.

    From its code alone: to look at a frame's variables keeps them alive, before Python 3.13.
    """
    while frame is not None:
        code = frame.f_code
        if code.co_name.startswith("test"):
            return getattr(code, "co_qualname", code.co_name).rpartition("<locals>.")[2]
        frame = frame.f_back
    if "pytest" not in sys.modules:  # a variable that is not there costs an exception
        return ""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
