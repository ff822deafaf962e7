"""Measure one block: a unit, what finishes below it, and memory where it is asked for.

::

    capture = Capture("checkout")        # nothing happens yet
    capture.start()                      # the unit is current; hooks and settings are brought up first
    …
    capture.stop()                       # capture.unit is sealed, capture.below holds the finished units under it

Units form a tree, so a request made in the block is below it, with the middleware or without. What no unit claims, as
in a thread that the block starts, belongs to it too (``recorder.adopt``). Threads: start and stop on one; sub-units
come from any.
"""

from __future__ import annotations

import threading
from contextvars import Token
from time import thread_time_ns

from mercury_client import faults, recorder
from mercury_client.protocol import UnitKind
from mercury_client.unit import Unit

from .. import site_setup
from . import handlers
from .memory import Memory

__all__ = ["Capture"]

_open: dict[int, Capture] = {}  # by the id of the unit
_lock = threading.Lock()


class Capture:
    """One measured block; ``unit`` and ``below`` are what ``reference.judge`` takes.

    ``memory``: trace allocations (exact, and many times slower); else the growth of the process is read.
    """

    def __init__(self, name: str, kind: int = UnitKind.BLOCK, *, memory: bool = False) -> None:
        self.name = name
        self.kind = kind
        self.below: list[Unit] = []
        self.parents: dict[int, int] = {}  # ids, of those below and of the units in between, which may be open still
        self.unit: Unit
        self.memory = Memory(trace=memory)
        self._token: Token[Unit | None] | None = None
        self._cpu_ns = 0

    def start(self) -> None:
        """Begin measuring in this context."""
        site_setup.set_up()
        handlers.install()
        recorder.record_locally(True)
        self.memory.start()
        self.unit = unit = recorder.begin(self.kind, self.name, adopted=False)
        with _lock:
            recorder.add_listener(_take)  # as the last one that is open takes it away
            _open[unit.id] = self
        recorder.adopt(unit)
        self._token = recorder.activate(unit)
        self._cpu_ns = thread_time_ns()

    def stop(self, error: BaseException | None = None) -> bool:
        """End measuring; a second call does nothing and returns False."""
        token, self._token = self._token, None
        if token is None:
            return False
        self.unit.cpu_ns = thread_time_ns() - self._cpu_ns
        recorder.deactivate(token)
        recorder.release(self.unit)
        recorder.finish(self.unit, exception=error)
        self.memory.stop()
        recorder.record_locally(False)
        with _lock:
            _open.pop(self.unit.id, None)
            if not _open:
                recorder.remove_listener(_take)
        return True


def _take(unit: Unit) -> None:
    """Give a finished unit, or a part of one, to every block that it is below of; a listener of the recorder."""
    if not _open:
        return
    try:
        above: Unit | None = recorder.open_unit(unit.id) if unit.more else unit.parent
        lineage: dict[int, int] = {}
        last = unit.id
        while above is not None:
            if above.id != last:
                lineage[last] = last = above.id
            capture = _open.get(above.id)
            if capture is not None and above is capture.unit:
                capture.below.append(unit)
                capture.parents |= lineage
            above = above.parent
    except Exception:
        faults.recover("capture")
