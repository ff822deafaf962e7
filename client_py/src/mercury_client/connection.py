"""One connection to the daemon as a state machine without I/O, clock or thread: bytes in, bytes out.

::

    HELLO ──WELCOME──▶ READY ──GOAWAY──▶ CLOSING ──▶ CLOSED
      └────REJECT─────────┴──────ERROR────────────────▶

``receive`` returns what the daemon said; what must be written gathers in ``outgoing``. The order of writes is
kept here: a BATCH stands before the units of each write, DROPPED before BYE, and nothing follows BYE.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Iterator

from . import faults
from .buffer import Buffer, Counters
from .encoder import Encoder
from .errors import ProtocolError
from .limits import DICTIONARY_MAX, UNIT_RECORDS_MAX
from .protocol import (
    REPORT_CAPABILITY,
    Ack,
    Batch,
    Bye,
    Dropped,
    DropReason,
    ErrorMessage,
    FrameDecoder,
    FrameType,
    Goaway,
    Hello,
    RawReport,
    Reject,
    Totals,
    Welcome,
)
from .unit import Unit

__all__ = ["Connection", "Event", "State", "totals_of"]

SLICE_BYTES = 256 * 1024  # what is encoded ahead of the socket
YIELD_S = 0.002  # how long the interpreter is kept while a batch is encoded

Event = Welcome | Reject | Ack | Goaway | ErrorMessage | RawReport


class State(enum.Enum):
    """Say what the connection waits for."""

    HELLO = "handshake"
    READY = "connected"
    CLOSING = "closing"
    CLOSED = "closed"


def totals_of(counters: Counters) -> Totals:
    """Return the counters as the protocol has them."""
    dropped = {int(reason): total for reason, total in counters.dropped.items()}
    return Totals(counters.created, counters.acknowledged, counters.buffered, dropped)


class Connection:
    """A client's end of one connection; made with HELLO in ``outgoing``. For one thread at a time."""

    def __init__(self, hello: Hello) -> None:
        self.state = State.HELLO
        self.outgoing = bytearray(hello.encode())
        self.welcome: Welcome | None = None
        self._decoder = FrameDecoder()
        self._encoder = Encoder(DICTIONARY_MAX)
        self._told_drops = 0  # how many drops this connection was told

    @property
    def gives_reports(self) -> bool:
        """Tell whether the daemon has granted reports."""
        return self.welcome is not None and REPORT_CAPABILITY in self.welcome.capabilities

    def receive(self, data: bytes) -> Iterator[Event]:
        """Take bytes and yield what they say, in order; what follows an ERROR or REJECT is not listened to.

        Raises ProtocolError at what breaks the contract, after all that stands before it; then close.
        """
        try:
            frames = self._decoder.feed(data)
            while frames:
                for frame in frames:
                    if self.state is State.CLOSED:
                        return
                    yield self._event(frame.type, frame.payload)
                frames = self._decoder.feed(b"")  # raises what a fault behind these frames was
        except ProtocolError:
            self.state = State.CLOSED
            raise

    def _event(self, type: FrameType, payload: bytes) -> Event:
        if self.state is State.HELLO and type is FrameType.WELCOME:
            return self._welcomed(Welcome.decode(payload))
        if self.state is State.HELLO and type is FrameType.REJECT:
            self.state = State.CLOSED
            return Reject.decode(payload)
        if type is FrameType.ERROR:
            self.state = State.CLOSED
            return ErrorMessage.decode(payload)
        if self.state in (State.READY, State.CLOSING):
            if type is FrameType.ACK:
                return Ack.decode(payload)
            if type is FrameType.GOAWAY and self.state is State.READY:
                return Goaway.decode(payload)
            if type is FrameType.REPORT and self.gives_reports:
                return RawReport.of(payload)
        raise ProtocolError("frame_unexpected", f"{type.name} while {self.state.value}")

    def _welcomed(self, welcome: Welcome) -> Welcome:
        self.state = State.READY
        self.welcome = welcome
        self._encoder = Encoder(max(1, min(DICTIONARY_MAX, welcome.limits.get("dictionary_max", DICTIONARY_MAX))))
        return welcome

    def write_queued(self, buffer: Buffer, sent_ns: int) -> None:
        """Write queued units, as many as keep the socket busy: what waits in the buffer can be dropped there.

        ``sent_ns`` is of the clock that the units were timed with.
        """
        created = buffer.created  # units that come from now on are of the next batch
        is_first = True
        yielded = time.perf_counter()
        while len(self.outgoing) < SLICE_BYTES and (unit := buffer.take(created)):
            if is_first:
                self.outgoing += Batch(sent_ns, created).encode()
                is_first = False
            self._write_unit(unit, buffer)
            # Lets a thread of the application that waits for the interpreter go first: otherwise it would wait for
            # the whole batch, or for the switch interval of 5 ms. Not after each unit: to hand the interpreter over
            # and back costs both threads more than to encode one.
            if (now := time.perf_counter()) - yielded >= YIELD_S:
                time.sleep(0)
                yielded = now

    def _write_unit(self, unit: Unit, buffer: Buffer) -> None:
        """Write one unit with the definitions that it needs, or drop it with a reason."""
        limits = self.welcome.limits if self.welcome else {}
        try:
            if unit.count > limits.get("unit_records_max", UNIT_RECORDS_MAX):
                raise ProtocolError("frame_too_large", f"unit of {unit.count} records")
            self._encoder.encode(unit, self.outgoing)
        except ProtocolError as error:
            too_large = error.code == "frame_too_large"
            buffer.drop(unit.number, DropReason.TOO_LARGE if too_large else DropReason.ENCODE_FAILED)
            faults.log.debug("unit dropped number=%d error=%s", unit.number, error)
        except Exception:
            buffer.drop(unit.number, DropReason.ENCODE_FAILED)
            faults.recover("encode")

    def write_dropped(self, buffer: Buffer) -> None:
        """Tell the drops, if there are some that this connection was not told."""
        if buffer.dropped_units != self._told_drops:
            counters = buffer.counters()
            self._told_drops = sum(counters.dropped.values())
            self.outgoing += Dropped(totals_of(counters)).encode()

    def write_goodbye(self, buffer: Buffer) -> None:
        """Tell the drops, say BYE, and write nothing more."""
        if self.state is State.READY:
            self.write_dropped(buffer)
            self.outgoing += Bye().encode()
            self.state = State.CLOSING

    def sent(self, count: int) -> None:
        """Forget the first ``count`` bytes of ``outgoing``: they are written."""
        del self.outgoing[:count]
