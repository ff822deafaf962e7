"""Under ``runserver``: one log line for each new finding, and one when it is gone.

::

    GET books/naive/: N+1 queries: 40 calls, 9.1 ms at shop/books_naive.html:3 (shop.Book.author)
      Fetch author together with its owner in one query: add .select_related("author") to the queryset.
      More: mercuryctl explain 3f2a91c0

Finished requests are judged by ``mercury_client.reference`` on a thread of our own, so the application waits for
nothing and no daemon is needed. The thread ends when it has had nothing to do for a few seconds. What comes in
faster than it can be judged is left out here; the daemon sees it all the same.
"""

from __future__ import annotations

import datetime
import logging
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mercury_client import faults, recorder
from mercury_client.protocol import Method, UnitKind
from mercury_client.reference import Finding, IgnoreRule, Thresholds, judge
from mercury_client.reference.rules import GONE_AFTER_UNITS
from mercury_client.unit import Unit

from . import conf
from .console_memory import Memory, of_this_server
from .wording import finding_text

__all__ = ["Console", "install", "sentence"]

log = logging.getLogger("django_mercury")

WAITING_MAX = 100  # units that wait to be judged
RECORDS_MAX = 2000  # of a unit; a larger one is left to the daemon
ROUTES_MAX = 1000  # of which findings are remembered
IDLE_S = 3.0
_QUIET_KINDS = ("slow_response",)  # the first request after a change is slow, and that is no news
_JUDGED = (UnitKind.REQUEST, UnitKind.BLOCK, UnitKind.TASK)


@dataclass
class _Seen:
    """What is known of one finding: its text, and in which of its route's units it was seen last."""

    what: str
    last_unit: int


class _Route:
    """The findings of one route; ``units`` counts those that were judged."""

    def __init__(self, told: Mapping[int, str] | None = None) -> None:
        self.units = 0
        self.findings = {id: _Seen(what, 0) for id, what in (told or {}).items()}

    def take(self, name: str, findings: list[Finding]) -> Iterator[str]:
        """Yield what there is to say after one more unit."""
        self.units += 1
        for finding in findings:
            known = self.findings.get(finding.id)
            if known is None:
                known = self.findings[finding.id] = _Seen(finding_text(finding), self.units)
                yield sentence(name, finding)
            known.last_unit = self.units
        for id, known in list(self.findings.items()):
            if self.units - known.last_unit >= GONE_AFTER_UNITS:
                del self.findings[id]
                yield f"{name}: gone: {known.what}"


class Console:
    """Judge finished units beside the application and log what is new. ``stop`` ends the thread."""

    def __init__(self, configuration: conf.Configuration, memory: Memory | None = None) -> None:
        numbers = dict(configuration.thresholds)
        numbers["n_plus_one"] = numbers.pop("n_plus_one_threshold", Thresholds().n_plus_one)
        self._thresholds = Thresholds(**numbers)
        self._ignore = tuple(IgnoreRule(**rule) for rule in configuration.ignore)
        self._waiting: deque[tuple[Unit, tuple[Unit, ...]]] = deque(maxlen=WAITING_MAX)
        self._below: dict[int, list[Unit]] = {}  # finished sub-units, by id of the parent that is open
        self._memory = memory or Memory(None)
        self._routes = OrderedDict((name, _Route(told)) for name, told in self._memory.load().items())
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    def note(self, unit: Unit) -> None:
        """Take a finished unit; a listener of the recorder."""
        if self._pid != os.getpid():
            self._begin_anew()
        if unit.more:
            return
        below = tuple(self._below.pop(unit.id, ()))
        parent = unit.parent  # of a sealed unit the nearest one that is open
        if parent is not None and not parent.closed:
            kept = self._below.setdefault(parent.id, [])
            if len(kept) < WAITING_MAX:
                kept.extend((*below, unit))
            while len(self._below) > WAITING_MAX:
                self._below.pop(next(iter(self._below)), None)
            if unit.kind != UnitKind.REQUEST:
                return
        if unit.kind not in _JUDGED or unit.count > RECORDS_MAX:
            return
        self._waiting.append((unit, below))
        self._work.set()
        if self._thread is None:
            self._start()

    def _begin_anew(self) -> None:
        """Leave everything to the parent after a fork: its thread, what waited for it, and its locks."""
        self._pid = os.getpid()
        self._waiting = deque(maxlen=WAITING_MAX)
        self._below = {}
        self._lock, self._work, self._thread = threading.Lock(), threading.Event(), None

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="mercury-console", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no more threads, or the interpreter ends
                    self._waiting.clear()
                    return
                self._thread = thread

    def _run(self) -> None:
        while True:
            try:
                if not self._work.wait(IDLE_S) and self._retire():
                    return
                self._work.clear()
                self.drain()
            except Exception:
                faults.recover("console")

    def _retire(self) -> bool:
        with self._lock:
            if self._work.is_set():
                return False
            self._thread = None
            return True

    def drain(self) -> None:
        """Judge and log everything that waits; on the thread, and in tests."""
        told = False
        while self._waiting:
            unit, below = self._waiting.popleft()
            for text in self.lines(unit, below):
                log.warning("%s", text)
                told = True
        if told:
            routes = {name: {id: seen.what for id, seen in one.findings.items()} for name, one in self._routes.items()}
            self._memory.save(routes)

    def lines(self, unit: Unit, below: tuple[Unit, ...] = ()) -> list[str]:
        """Judge one unit; return what is new about its route."""
        verdict = judge(unit, below, self._thresholds, self._ignore, today=datetime.date.today().isoformat())
        findings = [
            one
            for one in verdict.findings
            if not one.ignored and one.kind not in _QUIET_KINDS and one.level != "notice"
        ]
        name = " ".join(filter(None, (_method(unit), unit.name)))
        route = self._routes.get(name)
        if route is None:
            if not findings:
                return []
            route = self._routes[name] = _Route()
            if len(self._routes) > ROUTES_MAX:
                self._routes.popitem(last=False)
        return list(route.take(name, findings))


def _method(unit: Unit) -> str:
    return Method(unit.method).name if unit.kind == UnitKind.REQUEST and unit.method in _METHODS else ""


_METHODS = {int(method) for method in Method if method not in (Method.NONE, Method.OTHER)}


def sentence(route: str, finding: Finding) -> str:
    """Say what is new, where it is and what to do, in two lines and where to look for more."""
    id = f"{finding.id:016x}"[:8]
    return f"{route}: {finding_text(finding)}\n  {finding.suggestion.text}\n  More: mercuryctl explain {id}"


_console: Console | None = None


def install(configuration: conf.Configuration) -> None:
    """Listen to the recorder, once."""
    global _console
    if _console is None:
        _console = Console(configuration, of_this_server())
        recorder.add_listener(_console.note)
