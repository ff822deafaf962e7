"""Build and destroy the client of this process: the composition root, and what fork and exit need.

::

    Client = settings + Buffer + Recorder + Sender + Flusher, one per incarnation

There is one client at a time. A fork stops the flusher before (two threads at a fork are asking for
trouble); the parent goes on with it, the child gets a new client, empty, with an incarnation and a connection
of its own. A fork in C that runs no hook of Python's (uWSGI's) is noticed by the process id. At exit the rest
is sent within ``exit_flush_ms``: by ``atexit``, and in children of multiprocessing, which run no atexit, by a
finalizer.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from . import faults, recorder
from .buffer import Buffer
from .errors import ProtocolError
from .flusher import Flusher
from .limits import BUFFER_BYTES_MAX, EXIT_FLUSH_MS
from .protocol import DropReason, RawReport
from .recorder import Recorder, Work
from .reports import Reason, Reply
from .sender import Sender
from .settings import Settings, settings_from
from .system import wait
from .unit import Unit
from .unit import after_fork as renew_units

__all__ = [
    "Client", "ask_report", "configure", "disable", "enable", "flush", "is_answering", "shutdown", "stats",
    "verdict_of",
]  # fmt: skip

FORK_JOIN_S = 0.1
GOODBYE_S = 0.1  # of exit_flush_ms: kept for DROPPED, BYE and the daemon's last ACK
FINALIZER_PRIORITY = -100  # after the application's finalizers, which may still query
_TICK_S = 0.01


class Client:
    """All parts of one incarnation, in the order in which they need each other."""

    def __init__(self, settings: Settings, *, enabled: bool = True) -> None:
        self.incarnation = os.urandom(16).hex()
        self.settings = settings
        self.buffer = Buffer(settings.buffer_bytes_max)
        self.recorder = Recorder(self.buffer, self._notify, enabled=enabled and not settings.off)
        self.sender = Sender(settings, self.buffer, self.incarnation, self.recorder.switch_off)
        self.flusher = Flusher(self.recorder, self.sender)
        self.ended = False
        self._exit_registered = False

    def _notify(self, work: Work) -> None:
        if not self._exit_registered:
            self._exit_registered = True
            _register_exit()
        self.flusher.notify(work)

    def reconfigure(self, settings: Settings) -> None:
        """Take new settings; where they differ, the next step makes a new connection with the new labels."""
        before, self.settings = self.settings, settings
        self.buffer.bytes_max = settings.buffer_bytes_max
        self.sender.settings = settings
        if settings.off:
            self.recorder.switch_off(DropReason.DISABLED)
        elif before.off and not self.sender.off:
            self.recorder.switch_on()

    def flush(self, timeout_s: float, *, give_up_early: bool = False) -> bool:
        """Send what is finished now and wait for it; return whether all of it was acknowledged.

        ``give_up_early``: do not wait for a daemon that is not there.
        """
        deadline = time.monotonic() + timeout_s
        self.recorder.seal_outside()
        before = self.buffer.counters()
        while True:
            now = time.monotonic()
            if self._step(max(0.0, deadline - now)) and give_up_early and self.sender.unreachable:
                break
            counters = self.buffer.counters()
            if counters.acknowledged + sum(counters.dropped.values()) >= before.created or self.sender.off:
                break
            now = time.monotonic()
            if now >= deadline:
                break
            readable, writable = self.sender.handles()
            wait(readable, writable, min(_TICK_S, deadline - now))
        counters = self.buffer.counters()
        return counters.acknowledged >= before.created - sum(before.dropped.values())

    def _step(self, left_s: float) -> bool:
        if not self.sender.lock.acquire(timeout=left_s):
            return False
        try:
            self.sender.step(time.monotonic(), urgent=True, start_timeout_s=left_s)
        finally:
            self.sender.lock.release()
        return True

    def is_answering(self) -> bool:
        """Tell whether a daemon is connected that would give reports; waits for nothing."""
        if not self.sender.lock.acquire(blocking=False):  # something is sent in this moment: nobody can tell
            return False
        try:
            return self.sender.is_answering(time.monotonic())
        finally:
            self.sender.lock.release()

    def verdict_of(self, unit: Unit, timeout_s: float) -> Reply:
        """Send ``unit`` now and wait for its report, at most ``timeout_s``; not for a daemon that is not there."""
        reports = self.sender.reports
        if not reports.is_pending(unit.report):
            return Reply(None, "off")
        reply = Reply(None, "timed out")
        deadline = time.monotonic() + timeout_s
        try:
            # Held while waiting, too: another thread that read the report would leave this one asleep.
            if not unit.closed or not unit.number:  # not finished, or not for the daemon
                reply = Reply(None, "off")
            elif self.sender.lock.acquire(timeout=max(0.0, timeout_s)):
                try:
                    reply = self._wait_for_report(unit, deadline)
                finally:
                    self.sender.lock.release()
        finally:
            reports.end(unit.report, received=reply.verdict is not None)
        return reply

    def _wait_for_report(self, unit: Unit, deadline: float) -> Reply:
        sender = self.sender
        while True:
            now = time.monotonic()
            sender.step(now, urgent=True, start_timeout_s=max(0.0, deadline - now))
            report = sender.reports.get(unit.report)
            if report is None:
                if sender.may_be_back and not self._is_sent(unit):
                    sender.retry_now()
                    continue
                reason = self._why_there_is_none(unit)
                if reason:
                    return Reply(None, reason)
                now = time.monotonic()
                if now >= deadline:
                    return Reply(None, "timed out")
                readable, writable = sender.handles()
                wait(readable, writable, min(_TICK_S, deadline - now))
                sender.listen(time.monotonic())  # the report, most likely: then there is nothing to write
                report = sender.reports.get(unit.report)
            if report is not None:
                return self._reply_of(report, unit)

    def _is_sent(self, unit: Unit) -> bool:
        return unit.number <= self.buffer.highest_sent

    def _why_there_is_none(self, unit: Unit) -> Reason:
        """Return why no report will come, "" if it still may."""
        sender = self.sender
        if sender.off or self.ended or not self.recorder.enabled:
            return "off"
        if unit.dropped:
            return "rejected"
        if sender.gives_no_reports:
            return "daemon too old"
        if unit.acknowledged:  # it was folded, and the report was lost with the connection that it was sent on
            return "connection lost"
        if sender.unreachable:
            return "connection lost" if self._is_sent(unit) else "no daemon"
        return ""

    def _reply_of(self, raw: RawReport, unit: Unit) -> Reply:
        from .reference import Verdict  # large, and needed by those who ask for reports only

        try:
            report = raw.read()
            if report.findings_left_out or report.groups_left_out:
                return Reply(None, "incomplete")
            verdict = Verdict.from_dict(report.verdict)
        except (ProtocolError, ValueError) as error:
            self.sender.distrust(time.monotonic(), f"a report that breaks the contract: {error}")
            return Reply(None, "connection lost")
        if verdict.queries != unit.queries + unit.descendant_queries:
            return Reply(None, "incomplete")
        return Reply(verdict, "")

    def end(self, timeout_s: float) -> None:
        """Send the rest, tell what was dropped, say BYE; a second call does nothing."""
        if self.ended:
            return
        self.ended = True
        deadline = time.monotonic() + timeout_s
        stopped = self.flusher.stop(FORK_JOIN_S)
        if self.recorder.enabled:
            if len(self.buffer) or self.recorder.has_outside:
                self.sender.retry_now()  # the last chance: the daemon may be back
                self.flush(max(0.0, deadline - time.monotonic() - GOODBYE_S), give_up_early=True)
            self.recorder.switch_off(DropReason.EXIT)
        if not self.sender.lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return
        try:
            until = min(deadline, time.monotonic() + GOODBYE_S)
            waiting = self.sender.say_goodbye(time.monotonic())
            while waiting and (now := time.monotonic()) < until and self.sender.handles()[0]:
                wait(*self.sender.handles(), until - now)
                self.sender.step(time.monotonic())
            self.sender.close()
            if stopped:
                self.flusher.close()
        finally:
            self.sender.lock.release()

    def abandon(self) -> None:
        """Let go of everything in a child after a fork: it belongs to the parent."""
        self.recorder.abandon()
        self.flusher.close()
        self.sender.abandon()


def _first_settings() -> Settings:
    """Return what the environment says alone; a wrong value measures nothing until ``configure`` names it."""
    try:
        return settings_from()
    except ValueError:
        return Settings(mode="off")


_client = Client(_first_settings())
recorder.install(_client.recorder)


def configure(
    *,
    service: str = "",
    environment: str = "",
    run: str = "",
    release: str = "",
    address: str | None = None,
    mode: str = "auto",
    on_demand: bool | None = None,
    buffer_bytes_max: int = BUFFER_BYTES_MAX,
    thresholds: Mapping[str, int] | None = None,
    ignore: Sequence[Mapping[str, str]] = (),
) -> Settings:
    """Set what this process tells about itself and where its daemon is; return the settings that hold now.

    May be called again; connects to nothing. ``on_demand`` None: in development and tests. Raises ValueError.
    """
    settings = settings_from(
        service=service,
        environment=environment,
        run=run,
        release=release,
        address=address,
        mode=mode,
        on_demand=on_demand,
        buffer_bytes_max=buffer_bytes_max,
        thresholds=thresholds,
        ignore=ignore,
    )
    _client.reconfigure(settings)
    return settings


def enable() -> None:
    """Measure again after ``disable``, unless the settings or the daemon say off."""
    if not _client.settings.off and not _client.sender.off and not _client.ended:
        _client.recorder.switch_on()


def disable() -> None:
    """Stop measuring at once.

    Hooks do nothing, open units are forgotten, buffered ones dropped and counted.
    """
    _client.recorder.switch_off(DropReason.DISABLED)


def flush(timeout: float = 1.0) -> bool:
    """Send all finished units and wait at most ``timeout`` seconds; return whether all were acknowledged."""
    try:
        recorder.notice_fork()
        return _client.flush(timeout)
    except Exception:
        faults.recover("flush")
        return False


def ask_report(unit: Unit) -> None:
    """Ask for the daemon's verdict on ``unit``; before ``finish``, after which ``verdict_of`` waits for it.

    Costs about 2 µs; never raises, and a second call does nothing.
    """
    try:
        recorder.notice_fork()
        if not unit.closed and not unit.report:
            unit.report = _client.sender.reports.ask()
    except Exception:
        faults.recover("ask for a report")


def is_answering() -> bool:
    """Tell whether a daemon is connected that gives verdicts and has been silent for at most a second, if it owes us.

    Looks at what has come and waits for nothing, 10 to 50 µs; False before the first connection. Never raises.
    """
    try:
        recorder.notice_fork()
        return _client.is_answering()
    except Exception:
        faults.recover("is a daemon there")
        return False


def verdict_of(unit: Unit, timeout: float = 1.0) -> Reply:
    """Return the daemon's verdict on a finished unit that has asked for it, with the units below it.

    Sends what waits, as ``flush`` does, and waits at most ``timeout`` seconds; a daemon that is not there is not
    waited for, but started if it may be. Never raises: without a verdict the reply has the reason. A second call for
    one unit has none, and neither has a call for one that 256 units have asked after.
    """
    try:
        recorder.notice_fork()
        return _client.verdict_of(unit, timeout)
    except Exception:
        faults.recover("wait for a report")
        return Reply(None, "connection lost")


def stats() -> dict[str, Any]:
    """Return the counters of this process.

    ``created`` = ``acknowledged`` + sum of ``dropped`` + ``buffered``; ``refused`` units were never measured,
    for too many were open. ``reports``: verdicts that were asked for, of these had, and of these without use: they did
    not come, were incomplete, or nobody looked before 256 others were asked for.
    """
    recorder.notice_fork()
    client = _client
    reports = client.sender.reports
    counters = client.buffer.counters()
    return {
        "incarnation": client.incarnation,
        "enabled": client.recorder.enabled,
        "state": client.sender.state,
        "address": client.sender.address,
        "created": counters.created,
        "acknowledged": counters.acknowledged,
        "dropped": {reason.label: total for reason, total in counters.dropped.items()},
        "buffered": counters.buffered,
        "buffered_bytes": counters.bytes,
        "queries": counters.queries,
        "open": len(client.recorder.open_units),
        "refused": client.recorder.refused,
        "reports": {"asked": reports.asked, "received": reports.received, "missed": reports.missed},
        "inline": client.flusher.inline,
        "last_error": client.sender.last_error,
        "internal_errors": faults.total(),
    }


def shutdown(timeout: float = EXIT_FLUSH_MS / 1000) -> None:
    """Send the rest within ``timeout`` seconds and end for good; runs by itself at exit, and only once."""
    try:
        recorder.notice_fork()  # what the parent has is the parent's to send
        _client.end(timeout)
    except Exception:
        faults.recover("shutdown")


def _register_exit() -> None:
    """Arrange for ``shutdown`` at this process's end; called when the first unit begins."""
    with contextlib.suppress(Exception):  # the interpreter is ending already
        atexit.unregister(shutdown)
        atexit.register(shutdown)
    multiprocessing_util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if multiprocessing_util is not None and process is not None and process.parent_process() is not None:
        multiprocessing_util.Finalize(None, shutdown, exitpriority=FINALIZER_PRIORITY)


def _before_fork() -> None:
    try:
        recorder.notice_fork()
        _client.flusher.stop(FORK_JOIN_S)
    except Exception:
        faults.recover("before fork")


def _after_fork_in_parent() -> None:
    try:
        if not _client.ended:
            _client.flusher.resume()
    except Exception:
        faults.recover("after fork")


def _after_fork_in_child() -> None:
    global _client
    try:
        renew_units()
        before = _client
        before.abandon()
        _client = Client(before.settings, enabled=before.recorder.enabled and not before.recorder.local)
        _client.sender.off = before.sender.off
        recorder.install(_client.recorder)
    except Exception:
        faults.recover("after fork")


_foreign_fork_lock = threading.Lock()


def _foreign_fork() -> None:
    """Do in a child what our hook did not: somebody forked in C. The first thread that notices does it."""
    with _foreign_fork_lock:
        if recorder.is_forked():
            _after_fork_in_child()


recorder.on_foreign_fork(_foreign_fork)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
