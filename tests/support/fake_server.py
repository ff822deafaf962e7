"""What a daemon of a few lines knows, over whatever it is reached: it decodes, remembers, and obeys.

What it does is set by attributes, at any time: ``welcome`` answers HELLO (None: it says nothing), ``on_unit`` may
answer a unit with bytes of its own, ``on_folded`` may send some after it has taken one, ``acks`` says whether units
are acknowledged, ``capabilities`` which of a client's it grants. What it saw stands in ``connections`` and, by
incarnation, in ``units``; wait for it with ``wait_for``.

``fake_daemon.FakeDaemon`` listens on a Unix socket, ``pipe_server.PipeServer`` on a pipe of Windows: they bring bytes
to ``take``.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from mercury_client.protocol import (
    Ack,
    Batch,
    Definitions,
    Dropped,
    FrameDecoder,
    FrameType,
    Hello,
    Kind,
    Totals,
    Unit,
    Welcome,
    decode_unit,
)

DEADLINE_S = 20.0


@dataclass
class SeenUnit:
    """One UNIT frame, its ids resolved."""

    unit: Unit
    name: str
    statements: list[str]
    aliases: list[str]
    sites: list[object]

    @property
    def number(self) -> int:
        """Return its delivery number."""
        return self.unit.header.number


@dataclass
class SeenConnection:
    """What came over one connection. ``write`` brings bytes to its client, ``hang_up`` ends it from any thread."""

    write: Callable[[bytes], object]
    hang_up: Callable[[], object] = lambda: None
    hello: Hello | None = None
    types: list[FrameType] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    dropped: list[Totals] = field(default_factory=list)
    received: int = 0  # bytes
    closed: bool = False
    highest: int = 0
    decoder: FrameDecoder = field(default_factory=FrameDecoder)
    definitions: Definitions = field(default_factory=Definitions)

    def send(self, data: bytes) -> None:
        """Send to the client, if it is still there."""
        with contextlib.suppress(OSError):
            self.write(data)


class FakeServer:
    """A daemon without a place where it listens. ``errors`` holds what the client sent against the contract."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.acks = True
        self.duplicates = 0
        self.errors: list[Exception] = []
        self.connections: list[SeenConnection] = []
        self.units: dict[str, dict[int, SeenUnit]] = {}
        self.welcome: Callable[[Hello], bytes | None] = self._welcome
        self.on_unit: Callable[[SeenConnection, SeenUnit], bytes | None] = lambda connection, unit: None
        self.on_folded: Callable[[SeenConnection, SeenUnit], bytes | None] = lambda connection, unit: None
        self.capabilities: tuple[str, ...] = ("report",)
        self._changed = threading.Condition()

    def all_units(self) -> list[SeenUnit]:
        """Return every unit of every incarnation, in the order of their numbers."""
        with self._changed:
            return [unit for units in self.units.values() for _, unit in sorted(units.items())]

    def hellos(self) -> list[Hello]:
        """Return who has said HELLO, in the order of the connections."""
        return [one.hello for one in self.connections if one.hello is not None]

    def statements(self) -> list[str]:
        """Return the statements of all units, in their order."""
        return [text for unit in self.all_units() for text in unit.statements]

    def goodbyes(self) -> int:
        """Return how many connections ended with BYE."""
        return sum(FrameType.BYE in one.types for one in self.connections)

    def received(self) -> int:
        """Return how many bytes came in all."""
        return sum(one.received for one in self.connections)

    def wait_for(self, condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait until ``condition`` holds, which is asked whenever something arrived."""
        with self._changed:
            assert self._changed.wait_for(condition, deadline_s), f"not within {deadline_s} s: {what}"

    def wait_for_units(self, count: int) -> list[SeenUnit]:
        """Wait until ``count`` units are here, and return them."""
        self.wait_for(lambda: sum(map(len, self.units.values())) >= count, f"{count} units")
        return self.all_units()

    def changed(self) -> None:
        """Ask the conditions of ``wait_for`` again."""
        with self._changed:
            self._changed.notify_all()

    def remember(self, connection: SeenConnection) -> SeenConnection:
        """Take a new connection to the others."""
        with self._changed:
            self.connections.append(connection)
        return connection

    def take(self, connection: SeenConnection, data: bytes) -> None:
        """Do what the bytes of a connection ask for; afterwards it may be ``closed``."""
        before = connection.highest
        connection.received += len(data)
        try:
            for frame in connection.decoder.feed(data):
                if connection.closed:
                    break
                connection.types.append(frame.type)
                self._take(connection, frame.type, frame.payload)
        except Exception as error:
            self.errors.append(error)
            connection.closed = True
        if connection.highest > before and self.acks and not connection.closed:
            connection.send(Ack(connection.highest).encode())

    def _take(self, connection: SeenConnection, type: FrameType, payload: bytes) -> None:
        if type is FrameType.HELLO:
            connection.hello = Hello.decode(payload)
            answer = self.welcome(connection.hello)
            if answer is not None:
                connection.send(answer)
        elif type is FrameType.DEFINE:
            connection.definitions.apply(payload)
        elif type is FrameType.BATCH:
            connection.batches.append(Batch.decode(payload))
        elif type is FrameType.DROPPED:
            connection.dropped.append(Dropped.decode(payload).totals)
        elif type is FrameType.UNIT:
            self._take_unit(connection, resolve(decode_unit(payload), connection.definitions))
        elif type is FrameType.BYE:
            connection.closed = True

    def _take_unit(self, connection: SeenConnection, unit: SeenUnit) -> None:
        assert connection.hello is not None and connection.batches, "a UNIT before HELLO or BATCH"
        assert connection.highest < unit.number <= connection.batches[-1].created, f"number {unit.number}"
        answer = self.on_unit(connection, unit)
        if answer is not None:
            connection.send(answer)
            return
        connection.highest = unit.number
        with self._changed:
            units = self.units.setdefault(connection.hello.incarnation or "", {})
            self.duplicates += unit.number in units
            units[unit.number] = unit
        answer = self.on_folded(connection, unit)
        if answer is not None:
            connection.send(answer)

    def _welcome(self, hello: Hello) -> bytes:
        known = self.units.get(hello.incarnation or "", {})
        acknowledged = max(known, default=0) if self.acks else 0
        granted = tuple(set(hello.capabilities) & set(self.capabilities))
        return Welcome(daemon="fake/1", address=self.address, capabilities=granted, acknowledged=acknowledged).encode()


def resolve(unit: Unit, definitions: Definitions) -> SeenUnit:
    """Look every id up, as the daemon does; raises what the daemon would refuse."""

    def text(id: int, kind: Kind) -> str:
        entry = definitions.resolve(id, kind)
        return "" if entry is None else entry.text

    name = text(unit.header.name, Kind.ROUTE)
    statements = [text(record.statement, Kind.STATEMENT) for record in unit.records]
    aliases = [text(record.alias, Kind.ALIAS) for record in unit.records]
    sites = [definitions.resolve(record.site, Kind.SITE) for record in unit.records]
    for entry in unit.sections.cache:
        definitions.resolve(entry.cache, Kind.CACHE)
    return SeenUnit(unit, name, statements, aliases, list(sites))
