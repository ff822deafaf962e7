"""Carry the buffer's units to the daemon, a step at a time and without ever waiting.

::

    step: find an address ▶ connect ▶ HELLO/WELCOME ▶ read ACK, ERROR, GOAWAY ▶ fill ▶ write

Each ``step`` does what is possible now and returns; ``due_s`` says when the next makes sense and
``handles`` what to wait for, so the flusher's thread, ``flush`` and the exit handler can all drive it.
Whoever does holds ``lock``. Only starting a daemon on demand takes longer, and only where
``start_timeout_s`` allows it.

The daemon is trusted as far as our memory and time go: whatever it sends that is not of the contract closes
the connection, and the units are sent again on the next one.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable

from . import faults
from .buffer import Buffer
from .connection import Connection, Event, State, totals_of
from .dialer import Dialer
from .errors import MercuryError, ProtocolError
from .limits import BATCH_INTERVAL_MS, GOAWAY_MS
from .protocol import (
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    REPORT_CAPABILITY,
    Ack,
    DropReason,
    ErrorMessage,
    Goaway,
    Hello,
    RawReport,
    Reject,
    Welcome,
)
from .reports import Reports
from .settings import Settings
from .transport import RECEIVE_BYTES, Transport
from .version import VERSION

__all__ = ["Sender"]

BACK_OFF_FIRST_S = 0.1
BACK_OFF_MAX_S = 5.0
STALL_S = 30.0  # without a byte from a daemon that owes us one: try a new connection
LATE_S = 1.0  # without a byte from a daemon that owes us one: it may hang
STRIKES_MAX = 3
BATCH_S = BATCH_INTERVAL_MS / 1000
NEVER_S = 3600.0
_jitter = random.Random()  # our own: an application that seeds the global one counts on its sequence
_NOT_OUR_FAULT = ("handshake_timeout", "superseded", "slow_reader")


class Sender:
    """Drive the connections of one incarnation; ``on_off`` is called when the daemon and we cannot go on.

    ``settings`` may be replaced at any time: the next step opens a connection with the new ones.
    """

    def __init__(
        self, settings: Settings, buffer: Buffer, incarnation: str, on_off: Callable[[DropReason], None]
    ) -> None:
        self.settings = settings
        self.lock = threading.Lock()
        self.off = False
        self.last_error = ""
        self.reports = Reports()
        self._buffer = buffer
        self._incarnation = incarnation
        self._on_off = on_off
        self._transport: Transport | None = None
        self._connection: Connection | None = None  # from the moment that the transport is connected
        self._failures = 0
        self._strikes = 0
        self._retry_at = 0.0
        self._closing_until = 0.0
        self._heard_at = 0.0
        self._next_batch = 0.0
        self._greeted_with = settings
        self._told: bool | None = None  # what the log said last: it works, or not
        self._ending = False  # BYE was our own idea: nothing is lost when the daemon closes
        self._dialer = Dialer()

    @property
    def address(self) -> str:
        """Return the address that was tried last."""
        return self._dialer.address

    @property
    def state(self) -> str:
        """Name the state for ``stats()``."""
        if self.off:
            return "off"
        if self._connection is not None:
            return self._connection.state.value
        if self._transport is not None:
            return "connecting"
        return "waiting" if self._failures else "idle"

    @property
    def is_ready(self) -> bool:
        """Tell whether the daemon has welcomed us and neither side is leaving."""
        connection = self._connection  # another thread may lose it meanwhile
        return connection is not None and connection.state is State.READY

    @property
    def gives_no_reports(self) -> bool:
        """Tell whether the daemon has welcomed us and knows no reports."""
        connection = self._connection
        return connection is not None and connection.welcome is not None and not connection.gives_reports

    def is_answering(self, now: float) -> bool:
        """Tell whether a daemon that gives reports is there, and not late with what it owes; take what it has said."""
        self.listen(now)
        late = self._buffer.has_sent and now - self._heard_at > LATE_S
        return self.is_ready and not self.gives_no_reports and not late

    @property
    def unreachable(self) -> bool:
        """Tell whether the last attempt found nobody."""
        return self._transport is None and self._failures > 0

    @property
    def may_be_back(self) -> bool:
        """Tell whether nobody has looked again since all was well: a daemon that restarted is there by now."""
        return self._transport is None and self._failures == 1

    def handles(self) -> tuple[list[int], list[int]]:
        """Return what to wait for: handles to read from and to write to."""
        transport, connection = self._transport, self._connection  # another thread may lose them meanwhile
        if transport is None or connection is None:
            return [], []
        return [transport.read_handle()], [transport.write_handle()] if connection.outgoing else []

    def due_s(self, now: float) -> float:
        """Return how many seconds from now a step makes sense, if the handles stay silent."""
        if self.off or (self._transport is None and len(self._buffer) == 0):
            return NEVER_S
        if self._transport is None:
            return max(0.0, self._retry_at - now)
        if self._connection is None:
            return BATCH_S
        if self._connection.state is not State.READY or self._connection.outgoing:
            return 1.0
        if self._buffer.has_queued:
            return max(0.0, self._next_batch - now)
        return 1.0 if len(self._buffer) else NEVER_S

    def step(self, now: float, *, urgent: bool = False, start_timeout_s: float = 0.0) -> None:
        """Do what can be done now; never raises. ``urgent``: do not wait for the batch's time."""
        if self.off:
            return
        if self.settings is not self._greeted_with:
            is_other = self.settings != self._greeted_with  # new labels, perhaps another daemon
            self._greeted_with = self.settings
            if is_other:
                self._retry_at = 0.0
                self.close()
        try:
            if self._transport is None and (len(self._buffer) == 0 or now < self._retry_at):
                return
            if self._transport is None:
                self._transport = self._dialer.dial(self.settings, start_timeout_s)
            if self._connection is None and self._transport.connect():
                self._greet(now)
            self._exchange(now, urgent)
        except Exception as error:
            self._failed_at(now, error)

    def listen(self, now: float) -> None:
        """Take what the daemon has said, and write nothing; never raises."""
        try:
            self._read(now)
        except Exception as error:
            self._failed_at(now, error)

    def _failed_at(self, now: float, error: Exception) -> None:
        if isinstance(error, MercuryError):
            self._lost(now, str(error))
        else:
            faults.recover("step")
            self._lost(now, f"{type(error).__name__}: {error}")

    def say_goodbye(self, now: float) -> bool:
        """Write the drops and BYE; return whether there is an answer to wait for."""
        connection = self._connection
        if self.off or connection is None or connection.state is not State.READY:
            return False
        connection.write_goodbye(self._buffer)
        self._ending = True
        self._closing_until = now + GOAWAY_MS / 1000
        self.step(now)
        return self._connection is not None

    def close(self) -> None:
        """Forget the connection; what was sent waits for the next WELCOME to say whether it arrived."""
        self.abandon()

    def retry_now(self) -> None:
        """Make the next step try to connect, whatever the back-off says."""
        self._retry_at = 0.0

    def distrust(self, now: float, sentence: str) -> None:
        """End a connection over which came what is not of the contract."""
        self._lost(now, sentence)

    def abandon(self) -> None:
        """Close this process's handle and touch nothing else, which after a fork is the parent's."""
        transport, self._transport, self._connection = self._transport, None, None
        if transport is not None:
            transport.close()

    def _greet(self, now: float) -> None:
        """Begin the connection: HELLO is the first that is written."""
        counters = self._buffer.counters()
        settings = self.settings
        hello = Hello(
            client=f"mercuryd-python/{VERSION}",
            incarnation=self._incarnation,
            next_unit=counters.created + 1,
            totals=totals_of(counters),
            pid=os.getpid(),
            service=settings.service,
            environment=settings.environment,
            run=settings.run,
            release=settings.release,
            capabilities=(REPORT_CAPABILITY,),
            thresholds=settings.thresholds,
            ignore=settings.ignore,
        )
        self._connection = Connection(hello)
        self._heard_at = now

    def _exchange(self, now: float, urgent: bool) -> None:
        self._read(now)
        self._fill(now, urgent)
        self._write()
        if self._connection is None:
            return
        owes = len(self._buffer) > 0 or self._connection.state is not State.READY
        if self._connection.state is State.CLOSING and now >= self._closing_until:
            self._lost(now, "the daemon went away")
        elif owes and now - self._heard_at > STALL_S:
            self._lost(now, f"the daemon said nothing for {STALL_S:g} s")

    def _read(self, now: float) -> None:
        while self._connection is not None and self._transport is not None:
            data = self._transport.receive()
            if data is None:
                return
            if not data:
                self._lost(now, "the daemon closed the connection")
                return
            self._heard_at = now
            for event in self._connection.receive(data):
                self._take(event, now)
            if len(data) < RECEIVE_BYTES:
                return  # there is no more; to ask again would give the interpreter away once more

    def _take(self, event: Event, now: float) -> None:
        if isinstance(event, Ack):
            self._acknowledge(event.highest)
        elif isinstance(event, RawReport):
            self.reports.arrived(event)
        elif isinstance(event, Welcome):
            self._acknowledge(event.acknowledged or 0)
            self._buffer.rewind()
        elif isinstance(event, Goaway):
            if self._connection is not None:
                self._connection.write_goodbye(self._buffer)
                self._closing_until = now + 2 * GOAWAY_MS / 1000
        elif isinstance(event, Reject):
            self._rejected(event, now)
        else:
            self._failed(event, now)

    def _acknowledge(self, highest: int) -> None:
        sent = self._buffer.highest_sent
        if highest > sent:
            raise ProtocolError("ack_invalid", f"{highest} is acknowledged, {sent} was the highest sent")
        if self._buffer.acknowledge(highest):
            self._strikes = self._failures = 0
            if self._told is not True:
                self._told = True
                faults.log.info("connected address=%s", self.address)

    def _rejected(self, reject: Reject, now: float) -> None:
        if reject.code == "version_unsupported":
            low, high = reject.required or (0, 0)
            self._switch_off(
                f"the daemon at {self.address} speaks protocol {low} to {high}, "
                f"this client {PROTOCOL_MIN} to {PROTOCOL_MAX}; install the same version of both"
            )
        elif reject.code == "hello_invalid":
            self._strike(f"{reject.code}: {reject.sentence}", now)
        else:
            self._lost(now, f"{reject.code}: {reject.sentence}")

    def _failed(self, error: ErrorMessage, now: float) -> None:
        sentence = f"{error.code}: {error.sentence}"
        if error.number:
            self._buffer.drop(error.number, DropReason.REJECTED)
        self._buffer.rewind()  # an ERROR comes after the ACK for all that was folded, and nothing is folded after it
        if error.code in _NOT_OUR_FAULT:
            self._lost(now, sentence)
        else:
            self._strike(sentence, now)

    def _strike(self, sentence: str, now: float) -> None:
        self._strikes += 1
        if self._strikes >= STRIKES_MAX:
            self._switch_off(f"the daemon refused us {STRIKES_MAX} times in a row, last with {sentence}")
        else:
            self._lost(now, sentence)

    def _switch_off(self, sentence: str) -> None:
        self.last_error = sentence
        self.close()
        self._on_off(DropReason.DISABLED)
        faults.log.warning("measuring is off until this process ends: %s", sentence)
        self.off = True

    def _fill(self, now: float, urgent: bool) -> None:
        connection = self._connection
        if connection is None or connection.state is not State.READY:
            return
        if not self._buffer.has_sent:  # the daemon owes nothing yet: its time begins with what is sent now
            self._heard_at = now
        connection.write_dropped(self._buffer)
        if now >= self._next_batch or urgent:
            connection.write_queued(self._buffer, time.perf_counter_ns())
            self._next_batch = now + BATCH_S

    def _write(self) -> None:
        while self._connection is not None and self._transport is not None and self._connection.outgoing:
            count = self._transport.send(self._connection.outgoing)
            if count == 0:
                return
            self._connection.sent(count)

    def _lost(self, now: float, sentence: str) -> None:
        """Close and come back later; one log line until it works again."""
        if self._dialer.cause:
            sentence = f"{sentence}; {self._dialer.cause}"
        self.close()
        if self._ending:
            return
        self.last_error = sentence
        pause = min(BACK_OFF_MAX_S, BACK_OFF_FIRST_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._retry_at = now + pause * _jitter.uniform(0.75, 1.25)
        if self._told is not False:
            self._told = False
            faults.log.warning("no connection, measurements wait address=%s reason=%s", self.address, sentence)
