"""Keep finished units until the daemon has acknowledged them, within a number of bytes.

::

    put ──▶ queued ──take──▶ sent ──acknowledge──▶ gone (acknowledged)
              │  ◀──rewind────┘ └──drop (refused)─▶ gone (dropped[reason])
              └──no room, exit, disabled──────────▶ gone (dropped[reason])

What was sent is never dropped on our own account: the daemon may have it in its socket, and would count what we
count as dropped. The daemon says, with the next ACK or WELCOME, or by refusing it. So that a daemon which hangs does
not fill the buffer with what cannot be dropped, at most half of it is sent and not acknowledged.

Numbers are given on entry, from 1 and without gaps, and stay with their unit. At every moment, and in
numbered frames::

    created = acknowledged + sum(dropped.values()) + buffered

Any thread may call anything; one lock guards all of it and is held for microseconds only. It is re-entrant
because a signal handler or a finalizer may finish a unit while its own thread is in here.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from .protocol import DropReason
from .unit import Unit

__all__ = ["Buffer", "Counters"]


@dataclass(frozen=True)
class Counters:
    """A consistent copy of the counters, for DROPPED, HELLO and ``stats()``.

    ``queries`` those of finished units.
    """

    created: int
    acknowledged: int
    buffered: int
    bytes: int
    queries: int
    dropped: dict[DropReason, int] = field(default_factory=dict)


class Buffer:
    """Hold units in the order of their numbers; ``bytes_max`` as ``Unit.size`` counts them."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.highest_sent = 0  # no higher number can have been acknowledged
        self._lock = threading.RLock()
        self._sent: deque[Unit] = deque()
        self._queued: deque[Unit] = deque()
        self._bytes = 0
        self._sent_bytes = 0  # of them
        self._created = 0
        self._queries = 0
        self._acknowledged = 0
        self._dropped: dict[DropReason, int] = {}
        self.dropped_units = 0  # for whatever reason

    def __len__(self) -> int:
        return len(self._sent) + len(self._queued)

    @property
    def has_queued(self) -> bool:
        """Tell whether something waits to be sent."""
        return bool(self._queued)

    @property
    def has_sent(self) -> bool:
        """Tell whether something was sent that the daemon has not acknowledged."""
        return bool(self._sent)

    @property
    def created(self) -> int:
        """Return the highest number that was given."""
        return self._created

    def put(self, unit: Unit) -> int:
        """Number ``unit`` and queue it, dropping the oldest queued ones if there is no room; return its number.

        A unit that alone is larger than the buffer is dropped itself, rather than everything else.
        """
        with self._lock:
            self._created += 1
            unit.number = self._created
            if not unit.more:
                self._queries += unit.queries
            if unit.size > self.bytes_max:
                self._count(unit, DropReason.BUFFER_FULL)
                return unit.number
            self._queued.append(unit)
            self._bytes += unit.size
            while self._bytes > self.bytes_max and self._queued:
                self._drop_queued(DropReason.BUFFER_FULL)
            return unit.number

    def take(self, highest: int) -> Unit | None:
        """Return the next queued unit with a number up to ``highest``; it counts as sent from now on.

        None if there is none, or if half of the buffer is sent and not acknowledged.
        """
        with self._lock:
            if not self._queued or self._queued[0].number > highest:
                return None
            if self._sent and 2 * (self._sent_bytes + self._queued[0].size) > self.bytes_max:
                return None
            unit = self._queued.popleft()
            self._sent.append(unit)
            self._sent_bytes += unit.size
            self.highest_sent = max(self.highest_sent, unit.number)
            return unit

    def rewind(self) -> None:
        """Queue again what was sent and not acknowledged: a new connection has told what it knows."""
        with self._lock:
            self._queued.extendleft(reversed(self._sent))
            self._sent.clear()
            self._sent_bytes = 0

    def acknowledge(self, highest: int) -> bool:
        """Forget the units up to ``highest``; return whether any were forgotten.

        ``highest`` may be of the past.
        """
        with self._lock:
            before = self._acknowledged
            while (oldest := self._oldest()) is not None and oldest.number <= highest:
                self._remove_oldest()
                oldest.acknowledged = True
                self._acknowledged += 1
            return self._acknowledged > before

    def drop(self, number: int, reason: DropReason) -> bool:
        """Drop one unit; return whether it was here."""
        with self._lock:
            for queue in (self._sent, self._queued):
                for unit in queue:
                    if unit.number == number:
                        queue.remove(unit)
                        self._bytes -= unit.size
                        if queue is self._sent:
                            self._sent_bytes -= unit.size
                        self._count(unit, reason)
                        return True
            return False

    def drop_all(self, reason: DropReason) -> int:
        """Drop whatever is queued; return how many."""
        with self._lock:
            dropped = len(self._queued)
            while self._queued:
                self._drop_queued(reason)
            return dropped

    def unsent(self) -> list[int]:
        """Return the numbers of the units that are queued."""
        with self._lock:
            return [unit.number for unit in self._queued]

    def counters(self) -> Counters:
        """Return a copy of all counters, taken at one moment."""
        with self._lock:
            dropped = dict(self._dropped)
            return Counters(self._created, self._acknowledged, len(self), self._bytes, self._queries, dropped)

    def _drop_queued(self, reason: DropReason) -> None:
        unit = self._queued.popleft()
        self._bytes -= unit.size
        self._count(unit, reason)

    def _oldest(self) -> Unit | None:
        if self._sent:
            return self._sent[0]
        return self._queued[0] if self._queued else None

    def _remove_oldest(self) -> None:
        if self._sent:
            unit = self._sent.popleft()
            self._sent_bytes -= unit.size
        else:
            unit = self._queued.popleft()
        self._bytes -= unit.size

    def _count(self, unit: Unit, reason: DropReason) -> None:
        unit.dropped = reason
        self._dropped[reason] = self._dropped.get(reason, 0) + 1
        self.dropped_units += 1
