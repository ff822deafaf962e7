"""Say which unit is current, begin and finish units, and hand finished ones to the buffer.

::

    unit = begin(UnitKind.REQUEST, "GET /")     # sets nothing
    token = activate(unit)                      # queries made in this context are its own
    try: …
    finally:
        deactivate(token)
        finish(unit, status=200)                # totals, number, buffer

The carrier is one ``ContextVar``, so threads, tasks and greenlets keep apart by themselves. What is recorded
where no unit is current, or into a unit that is finished, belongs to a per-process unit of kind ``outside``; or,
while a test measures (``adopt``), to the test's: a thread that it starts inherits no context.

Nothing here raises into the application, blocks, or does I/O (except where there are no threads, see
flusher.py).
"""

from __future__ import annotations

import enum
import itertools
import os
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar, Token, copy_context
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from . import faults
from .buffer import Buffer
from .protocol import DropReason, UnitKind
from .unit import Record, Unit, ignore

__all__ = [
    "Recorder", "UnitScope", "Work", "activate", "add_listener", "adopt", "begin", "current", "deactivate", "enabled",
    "finish", "innermost", "open_unit", "propagate", "record_locally", "release", "remove_listener", "unit",
]  # fmt: skip

OUTSIDE_RECORDS_MAX = 1000  # of the outside unit, before it is sealed without waiting for the flusher
OPEN_UNITS_MAX = 10_000  # begun and not finished; beyond it units are not measured

P = ParamSpec("P")
R = TypeVar("R")

Listener = Callable[[Unit], None]
_listeners: tuple[Listener, ...] = ()

current: ContextVar[Unit | None] = ContextVar("mercury_unit", default=None)

_adopters: tuple[Unit, ...] = ()  # open units that take in what no other unit claims; the last one does


class Work(enum.Enum):
    """Say what there is for the flusher to do."""

    UNIT_OPENED = 1
    QUERY_OUTSIDE = 2  # the first one of an outside unit
    UNIT_FINISHED = 3


class Recorder:
    """The recording half of one incarnation: open units, the outside unit, and where finished units go.

    ``notify`` is called, from any thread, when there is something for the flusher to do.
    """

    def __init__(self, buffer: Buffer, notify: Callable[[Work], None], *, enabled: bool = True) -> None:
        self.buffer = buffer
        self.enabled = enabled
        self.blocks = 0  # open ones of tests, see record_locally
        self.local = 0  # how many of these measure although measuring is off: nothing of it is sent
        self.open_units: dict[int, Unit] = {}
        self.next_id = itertools.count(1).__next__
        self.refused = 0  # units that were not measured because OPEN_UNITS_MAX were open
        self._notify = notify
        self._outside_lock = threading.RLock()  # RLock: a finalizer's query may come in between
        self.outside = self._new_outside()

    def open(self, kind: int, name: str, parent: Unit | None) -> Unit:
        """Begin a unit; where measuring is off it is closed from the start, and nothing comes of it."""
        unit = Unit(self.next_id(), kind, name, time.perf_counter_ns(), parent)
        if self.enabled and len(self.open_units) < OPEN_UNITS_MAX:
            self.open_units[unit.id] = unit
            self._tell(Work.UNIT_OPENED)
        else:
            _void(unit)
            if self.enabled:
                self._refuse()
        return unit

    def _refuse(self) -> None:
        self.refused += 1
        if self.refused == 1:
            faults.log.warning("%d units are open, more are not measured until some of them end", OPEN_UNITS_MAX)

    def close(self, unit: Unit, end_ns: int) -> None:
        """Seal a unit and hand it over.

        A unit that is not open here (finished, of the parent process) is left.
        """
        if self.open_units.pop(unit.id, None) is unit and unit.seal(end_ns):
            unit.overflow = _record_late
            self.hand_over(unit)

    def hand_over(self, unit: Unit) -> None:
        """Give a sealed unit or part to the buffer, and to those who listen."""
        if not self.local:
            self.buffer.put(unit)
        for listener in _listeners:
            try:
                listener(unit)
            except Exception:
                faults.recover("listener")
        self._tell(Work.UNIT_FINISHED)

    def _tell(self, work: Work) -> None:
        if not self.local:
            self._notify(work)

    @property
    def has_outside(self) -> bool:
        """Tell whether the outside unit has something to hand over."""
        return self.enabled and bool(self.outside.records or self.outside.caches)

    def seal_outside(self) -> None:
        """Hand the outside unit over if there is something in it, and start a new one."""
        with self._outside_lock:
            if not self.has_outside:
                return
            # The new one first: who finds the old one closed must find it.
            outside, self.outside = self.outside, self._new_outside()
            now = time.perf_counter_ns()
            if outside.room == 0:  # no query, and cache operations have no times
                outside.start_ns = now
            outside.seal(now)
            outside.overflow = _record_late
        self.hand_over(outside)

    def split_open(self, age_ns: int, units_max: int) -> None:
        """Hand over a part of each unit that is open for ``age_ns`` or had its last part that long ago."""
        now = time.perf_counter_ns()
        in_parts = sum(unit.part > 0 for unit in self.open_units.copy().values())
        for unit in self.open_units.copy().values():
            if now - unit.start_ns < age_ns * (unit.part + 1) or (unit.part == 0 and in_parts >= units_max):
                continue
            in_parts += unit.part == 0
            part = unit.split(now)
            if part is not None:
                self.hand_over(part)

    def switch_off(self, reason: DropReason) -> None:
        """Stop at once: open units are forgotten, buffered ones dropped with ``reason``.

        While a test measures, only sending stops: its limits must not pass because nothing was counted.
        """
        if self.blocks:
            self.local = self.blocks
            self.buffer.drop_all(reason)
            return
        self.enabled = False
        for unit in self.open_units.copy().values():
            _void(unit)
        self.open_units.clear()
        _void(self.outside)
        self.buffer.drop_all(reason)

    def switch_on(self) -> None:
        """Measure from the next unit on."""
        if not self.enabled:
            self.outside = self._new_outside()
            self.enabled = True

    def abandon(self) -> None:
        """Empty the units of another process: this is a child after a fork, and they are its parent's."""
        global _adopters
        _adopters = ()
        for unit in self.open_units.values():
            _void(unit)
            unit.id = 0  # it is nobody's parent here
            unit.overflow = _record_late
        self._outside_lock = threading.RLock()  # a thread that does not exist here may hold the old one
        _void(self.outside)
        self.outside.overflow = _record_late
        current.set(None)

    def _new_outside(self) -> Unit:
        unit = Unit(self.next_id(), UnitKind.OUTSIDE, "", time.perf_counter_ns())
        unit.room = 0  # so that its first record tells the flusher
        unit.overflow = self._record_outside
        return unit

    def _record_outside(self, unit: Unit, record: Record) -> None:
        with self._outside_lock:
            is_first = not unit.closed and unit.room == 0
            if is_first:
                unit.start_ns = record[3]
                unit.room = OUTSIDE_RECORDS_MAX
                unit.records.append(record)
            elif unit is self.outside and not unit.closed and len(unit.records) >= unit.room:
                self.seal_outside()
        if is_first:
            self._tell(Work.QUERY_OUTSIDE)
        else:
            _record_late(unit, record)


_recorder: Recorder
_pid = os.getpid()
_foreign_fork: Callable[[], None] | None = None


def install(recorder: Recorder) -> None:
    """Make ``recorder`` the one of this process; for process.py, which builds it."""
    global _recorder, _pid
    _recorder = recorder
    _pid = os.getpid()


def on_foreign_fork(renew: Callable[[], None]) -> None:
    """Let ``renew`` be called in a child of a fork that ran no hook of Python; for process.py."""
    global _foreign_fork
    _foreign_fork = renew


def is_forked() -> bool:
    """Tell whether this process is a child of the one whose recorder is installed."""
    return os.getpid() != _pid


def notice_fork() -> None:
    """Begin anew if somebody forked in C, as uWSGI does, and ran no hook of Python; costs about 0.1 µs."""
    if os.getpid() != _pid and _foreign_fork is not None:
        _foreign_fork()


def _void(unit: Unit) -> None:
    unit.closed = True
    unit.room = -1
    unit.overflow = ignore
    unit.records = []
    unit.groups = None
    unit.ordinals = None
    unit.scratch = None


def _record_late(unit: Unit, record: Record) -> None:
    """Take a record of a unit that is finished already: background tasks inherit the context of a request."""
    if _recorder.enabled:
        _recorder.outside.record(*record)


def begin(kind: int = UnitKind.BLOCK, name: str = "", *, adopted: bool = True) -> Unit:
    """Start measuring a unit below the current one; it does not become current. Costs about 1 µs.

    ``adopted`` False: where none is current, not below the block of a test that takes in what is nobody's: two blocks
    that run beside each other are not one in the other.
    """
    try:
        notice_fork()
        return _recorder.open(kind, name, _parent(adopted))
    except Exception:
        faults.recover("begin")
        unit = Unit(0, kind, name, 0)
        _void(unit)
        return unit


def activate(unit: Unit) -> Token[Unit | None]:
    """Make ``unit`` the current one of this context; give the token to ``deactivate`` in the same context."""
    return current.set(unit)


def deactivate(token: Token[Unit | None]) -> None:
    """Make the unit current again that was so before ``activate``."""
    try:
        current.reset(token)
    except (ValueError, RuntimeError):
        pass  # another context, as of a generator that is closed elsewhere, or a token used twice
    except Exception:
        faults.recover("deactivate")


def finish(
    unit: Unit,
    *,
    status: int | None = None,
    name: str | None = None,
    exception: BaseException | None = None,
    end_ns: int = 0,
) -> None:
    """End ``unit`` and hand it over; a second call does nothing. ``exception``: the one that left the unit.

    ``end_ns``: when it ended, of ``time.perf_counter_ns``; 0: now. Only the class name of an exception is
    kept.
    """
    try:
        end_ns = end_ns or time.perf_counter_ns()
        notice_fork()
        if unit.closed:
            return
        if status is not None:
            unit.status = status
        if name is not None:
            unit.name = name
        if exception is not None:
            unit.exception = type(exception).__name__
            unit.failed = True
        _recorder.close(unit, end_ns)
    except Exception:
        faults.recover("finish")


def innermost() -> Unit | None:
    """Return the unit that a query made here belongs to, the outside unit if none is current and open.

    None: measuring is switched off.
    """
    notice_fork()
    recorder = _recorder
    if not recorder.enabled:
        return None
    unit = current.get()
    if unit is None or unit.closed:
        return _adopter() or recorder.outside
    return unit


def _parent(adopted: bool) -> Unit | None:
    unit = current.get()
    if unit is not None and not unit.closed:
        return unit
    if not _adopters:
        return unit
    if adopted:
        return _adopter()
    return next((one for one in _adopters if one.kind == UnitKind.TEST and not one.closed), None)


def _adopter() -> Unit | None:
    for unit in reversed(_adopters):
        if not unit.closed:
            return unit
    return None


def adopt(unit: Unit) -> None:
    """Let ``unit`` take in, until ``release``, what is measured in this process and belongs to no unit.

    For tests, which wait for the threads that they start; a site's threads have nothing to do with each other.
    """
    global _adopters
    _adopters = (*_adopters, unit)


def release(unit: Unit) -> None:
    """End ``adopt``; a unit that does not adopt is left."""
    global _adopters
    _adopters = tuple(one for one in _adopters if one is not unit)


def open_unit(id: int) -> Unit | None:
    """Return the open unit with this id, of which a listener has a part."""
    return _recorder.open_units.get(id)


def record_locally(on: bool) -> None:
    """Measure, for those who listen, where measuring is off; each call with True needs one with False.

    Nothing is buffered or sent meanwhile. Where measuring is on, nothing changes.
    """
    recorder = _recorder
    recorder.blocks = max(0, recorder.blocks + (1 if on else -1))
    if on and (recorder.local or not recorder.enabled):
        recorder.local += 1
        recorder.switch_on()
    elif not on and recorder.local:
        recorder.local -= 1
        if not recorder.local:
            recorder.enabled = False
            _void(recorder.outside)


def add_listener(listener: Listener) -> None:
    """Let ``listener`` see each unit, and each part of one (``unit.more``), once it is sealed.

    It is called on the application's thread and must only take note; what it raises is counted. A second
    call with the same one does nothing. Listeners go along a fork.
    """
    global _listeners
    if listener not in _listeners:
        _listeners = (*_listeners, listener)


def remove_listener(listener: Listener) -> None:
    """Stop calling ``listener``; one that is not there is left."""
    global _listeners
    _listeners = tuple(one for one in _listeners if one != listener)


def enabled() -> bool:
    """Tell whether measuring is on."""
    return _recorder.enabled


class UnitScope:
    """A unit as a ``with`` block; made by ``unit()``. Not for use by two threads."""

    __slots__ = ("_kind", "_name", "_token", "_unit")

    def __init__(self, name: str, kind: int) -> None:
        self._name = name
        self._kind = kind

    def __enter__(self) -> Unit:
        self._unit = begin(self._kind, self._name)
        self._token = activate(self._unit)
        return self._unit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deactivate(self._token)
        finish(self._unit, exception=None if _is_normal_end(error) else error)


def _is_normal_end(error: BaseException | None) -> bool:
    """Tell whether an exception is no failure: ``sys.exit()`` without a status, a generator's close."""
    return isinstance(error, GeneratorExit) or (isinstance(error, SystemExit) and error.code in (None, 0))


def unit(name: str, *, kind: int = UnitKind.BLOCK) -> UnitScope:
    """Measure a ``with`` block as a unit of its own: ``with unit("import prices"): …``."""
    return UnitScope(name, kind)


def propagate(function: Callable[P, R]) -> Callable[P, R]:
    """Wrap ``function`` for another thread, so that its queries belong to the unit that is current now."""
    context = copy_context()

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.copy().run(function, *args, **kwargs)

    return run
