"""Run the sender on one lazy daemon thread, so that the application never waits for it.

The thread starts with the first work, sends the first unit after a pause at once and what follows in batches
of at most ``batch_interval_ms``, and ends after a few idle seconds; the connection stays open for the next one.
``stop`` ends it at once, which a fork needs.

Where there are no threads (uWSGI without ``enable-threads``, an interpreter that is ending, no memory for a
stack), each finished unit makes one step in line instead: still without waiting, but on the application's
thread.

Waking costs the application a system call, and with it the interpreter's lock, which the woken thread then
has: a third of what a small request pays. So ``notify`` wakes a thread that sleeps long, and one that had work
within the last second does not sleep long: it looks once a batch::

    notify:  put; sleeping? → wake        thread:  quiet for 1 s? → sleeping = True; anything to do? → no sleep

Every system call of the thread gives the interpreter away, and to get it back costs the application: for as long
as somebody waits for it, up to the switch interval of 5 ms, each of its own calls that gives it away (SQLite's,
a driver's) has to signal that. A request with 30 queries paid 0.9 ms for eight such calls every 50 ms. So a batch
has as few as can be: one wait, one read, one write.
"""

from __future__ import annotations

import sys
import threading
import time

from . import faults
from .limits import OPEN_UNITS_CLIENT_MAX, PART_INTERVAL_MS
from .recorder import Recorder, Work
from .sender import BATCH_S, Sender
from .spawn import START_TIMEOUT_S
from .system import Waker, wait

__all__ = ["Flusher"]

THREAD_NAME = "mercury-flusher"
IDLE_S = 3.0
BUSY_S = 1.0  # after a unit: looks once a batch for the next, and needs no waking
PART_S = PART_INTERVAL_MS / 1000


class Flusher:
    """Own the thread. ``notify`` may be called from everywhere, a signal handler included."""

    def __init__(self, recorder: Recorder, sender: Sender) -> None:
        self._recorder = recorder
        self._sender = sender
        self._lock = threading.RLock()  # starting and stopping
        self._thread: threading.Thread | None = None  # who may work; others end
        self._started: threading.Thread | None = None  # the newest, which may be about to end
        self._waker: Waker | None = None
        self._sleeping = False
        self._stopping = False
        self._created = 0  # units that the thread has seen
        self._busy_until = 0.0
        self.inline = _without_threads()

    def notify(self, work: Work) -> None:
        """Say that there is work.

        What a unit that was only opened needs is due in seconds, so it wakes nobody.
        """
        if self._thread is None and not self.inline:
            self._start()
        if self.inline:
            if work is Work.UNIT_FINISHED:
                self._step_inline()
        elif self._sleeping and work is not Work.UNIT_OPENED:
            self._sleeping = False
            waker = self._waker
            if waker is not None:
                waker.wake()

    def _step_inline(self) -> None:
        """Make one step on this thread, unless another one is at it, or this one already."""
        if self._sender.lock.acquire(blocking=False):
            try:
                self._recorder.seal_outside()
                self._sender.step(time.monotonic(), urgent=True)
            finally:
                self._sender.lock.release()

    def stop(self, timeout_s: float) -> bool:
        """End the thread and wait for that; return whether it ended within ``timeout_s``."""
        with self._lock:
            thread = self._started
            self._thread = None
            self._stopping = True
            self._sleeping = False
            if thread is None or thread is threading.current_thread():
                return True
            if self._waker is not None:
                self._waker.wake()
        thread.join(timeout_s)  # without the lock, which the thread may want at its end
        return not thread.is_alive()

    def resume(self) -> None:
        """Start again what ``stop`` ended before a fork, if there is something left to do."""
        if not self._is_idle():
            self.notify(Work.UNIT_OPENED)

    def close(self) -> None:
        """Close what the thread waited on; it has ended, or did not come along a fork."""
        self._sleeping = False
        waker, self._waker = self._waker, None
        if waker is not None:
            waker.close()

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None or self._sender.off:
                return
            self._stopping = False
            try:
                if self._waker is None:
                    self._waker = Waker()
                thread = threading.Thread(target=self._run, args=(self._waker,), name=THREAD_NAME, daemon=True)
                self._thread = self._started = thread
                thread.start()
            except (RuntimeError, OSError, MemoryError):  # no threads (any more), no descriptors
                self._thread = self._started = None
                self.inline = True

    def _run(self, waker: Waker) -> None:
        me = threading.current_thread()
        idle_since = time.monotonic()
        while self._thread is me:
            try:
                self._work()
                now = time.monotonic()
                if not self._is_idle():
                    idle_since = now
                elif now - idle_since >= IDLE_S and self._retire(me):
                    return
                self._sleep(waker, now, idle_since)
            except Exception:
                faults.recover("flusher")
                waker.clear()
                wait([waker.handle()], [], 1.0)

    def _work(self) -> None:
        self._recorder.seal_outside()
        self._recorder.split_open(int(PART_S * 1e9), OPEN_UNITS_CLIENT_MAX)
        with self._sender.lock:
            self._sender.step(time.monotonic(), start_timeout_s=START_TIMEOUT_S)

    def _is_idle(self) -> bool:
        recorder = self._recorder
        waiting = len(recorder.buffer) > 0 and not self._sender.off
        return not (waiting or recorder.open_units or recorder.has_outside)

    def _has_fresh_work(self) -> bool:
        return self._recorder.buffer.has_queued or self._recorder.has_outside

    def _retire(self, me: threading.Thread) -> bool:
        """Give up being the thread, unless work came in meanwhile: then whoever is first has the place."""
        self._thread = None
        if self._is_idle():
            return True
        with self._lock:
            if self._thread is None and not self._stopping:
                self._thread = me
                return False
            return True

    def _sleep(self, waker: Waker, now: float, idle_since: float) -> None:
        """Wait for the daemon, for the next thing that is due, or for ``notify`` and then a batch's time."""
        timeout = min(self._sender.due_s(now), self._part_due_s())
        if self._is_idle():
            timeout = min(timeout, idle_since + IDLE_S - now)
        created = self._recorder.buffer.created
        if created != self._created:
            self._created = created
            self._busy_until = now + BUSY_S
        if now < self._busy_until:
            timeout = min(timeout, BATCH_S)
        else:
            self._sleeping = True
        if self._has_fresh_work():
            self._sleeping = False
            if self._recorder.has_outside:
                timeout = min(timeout, BATCH_S)
        readable, writable = self._sender.handles()
        if not self._sleeping and not writable and self._sender.is_ready:
            readable = []  # what the daemon says can wait for the next batch, too
        ready = wait([waker.handle(), *readable], writable, max(timeout, 0.001))
        woken = not self._sleeping
        self._sleeping = False
        if waker.handle() not in ready:
            return
        waker.clear()
        if woken and not self._stopping and not self._sender.handles()[1]:
            # The first unit after a pause is due at once, those that follow it with the next batch.
            due_s = min(BATCH_S, self._sender.due_s(time.monotonic()))
            if due_s > 0:
                wait([waker.handle()], [], due_s)

    def _part_due_s(self) -> float:
        units = self._recorder.open_units.copy().values()
        if not units:
            return PART_S
        now = time.perf_counter_ns()
        return max(PART_S / 10, min(unit.start_ns / 1e9 + PART_S * (unit.part + 1) - now / 1e9 for unit in units))


def _without_threads() -> bool:
    """Tell whether this is a uWSGI worker that never lets a second thread run."""
    options = getattr(sys.modules.get("uwsgi"), "opt", None)
    if not isinstance(options, dict):
        return False
    given = {key.decode("ascii", "replace") if isinstance(key, bytes) else key for key in options}
    return not given & {"enable-threads", "threads"}
