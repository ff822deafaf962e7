"""A daemon of a few lines on a real Unix socket, for the client's tests: it decodes, remembers, and obeys.

What it does is set by attributes, at any time: ``welcome`` answers HELLO, ``on_unit`` may answer a unit with
bytes of its own, ``on_folded`` may send some after it has taken one, ``acks`` says whether units are acknowledged,
``capabilities`` which of a client's it grants. ``hang`` makes it stop reading and accepting,
as SIGSTOP would. What it saw stands in ``connections`` and, by incarnation, in ``units``; wait for it with
``wait_for``.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

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

DEADLINE_S = 10.0


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
    """What came over one connection."""

    socket: socket.socket
    hello: Hello | None = None
    types: list[FrameType] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    dropped: list[Totals] = field(default_factory=list)
    closed: bool = False
    highest: int = 0
    decoder: FrameDecoder = field(default_factory=FrameDecoder)
    definitions: Definitions = field(default_factory=Definitions)

    def send(self, data: bytes) -> None:
        """Send to the client, if it is still there."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def hang_up(self) -> None:
        """Close the connection from another thread than the daemon's own, which then sees its end."""
        self.socket.shutdown(socket.SHUT_RDWR)


class FakeDaemon:
    """Listen on ``path`` from ``with`` to its end.

    ``errors`` holds what the client sent against the contract.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.acks = True
        self.duplicates = 0
        self.errors: list[Exception] = []
        self.connections: list[SeenConnection] = []
        self.units: dict[str, dict[int, SeenUnit]] = {}
        self.welcome: Callable[[Hello], bytes] = self._welcome
        self.on_unit: Callable[[SeenConnection, SeenUnit], bytes | None] = lambda connection, unit: None
        self.on_folded: Callable[[SeenConnection, SeenUnit], bytes | None] = lambda connection, unit: None
        self.capabilities: tuple[str, ...] = ("report",)
        self._changed = threading.Condition()
        self._running = threading.Event()
        self._running.set()
        self._stopping = False

    def __enter__(self) -> FakeDaemon:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(64)
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="fake-daemon", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self.go_on()
        self._wake_writer.send(b"\0")
        self._thread.join(DEADLINE_S)
        for one in (self._listener, self._wake_reader, self._wake_writer):
            one.close()
        self.path.unlink(missing_ok=True)
        if kind is None:
            assert self.errors == [], "the client broke the contract"

    @property
    def address(self) -> str:
        """Return what a client is told."""
        return f"unix://{self.path}"

    def hang(self) -> None:
        """Stop reading and accepting; the socket stays."""
        self._running.clear()
        self._wake_writer.send(b"\0")

    def go_on(self) -> None:
        """End ``hang``."""
        self._running.set()

    def all_units(self) -> list[SeenUnit]:
        """Return every unit of every incarnation, in the order of their numbers."""
        with self._changed:
            return [unit for units in self.units.values() for _, unit in sorted(units.items())]

    def wait_for(self, condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait until ``condition`` holds, which is asked whenever something arrived."""
        with self._changed:
            assert self._changed.wait_for(condition, deadline_s), f"not within {deadline_s} s: {what}"

    def wait_for_units(self, count: int) -> list[SeenUnit]:
        """Wait until ``count`` units are here, and return them."""
        self.wait_for(lambda: sum(map(len, self.units.values())) >= count, f"{count} units")
        return self.all_units()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while not self._stopping:
                for key, _ in selector.select(0.2):
                    self._serve(selector, key)
                self._running.wait(DEADLINE_S)
            for connection in self.connections:
                connection.socket.close()

    def _serve(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._wake_reader:
            self._wake_reader.recv(100)
            return
        if key.fileobj is self._listener:
            connected, _ = self._listener.accept()
            connection = SeenConnection(connected)
            selector.register(connected, selectors.EVENT_READ, connection)
            with self._changed:
                self.connections.append(connection)
            return
        connection = key.data
        try:
            data = connection.socket.recv(1 << 20)
        except OSError:
            data = b""
        if data:
            self._read(connection, data)
        if not data or connection.closed:
            connection.closed = True
            selector.unregister(key.fileobj)
            connection.socket.close()
        with self._changed:
            self._changed.notify_all()

    def _read(self, connection: SeenConnection, data: bytes) -> None:
        before = connection.highest
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
            connection.send(self.welcome(connection.hello))
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


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for something that nobody tells us about, asking again and again until the deadline."""
    pause = threading.Event()
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        pause.wait(0.002)
