"""A daemon of a few lines on a real Unix socket, for the client's tests; what it does is said in ``fake_server``.

``hang`` makes it stop reading and accepting, as SIGSTOP would.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from support.fake_server import FakeServer, SeenConnection

DEADLINE_S = 10.0


class FakeDaemon(FakeServer):
    """Listen on ``path`` from ``with`` to its end."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"unix://{path}")
        self.path = path
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

    def hang(self) -> None:
        """Stop reading and accepting; the socket stays."""
        self._running.clear()
        self._wake_writer.send(b"\0")

    def go_on(self) -> None:
        """End ``hang``."""
        self._running.set()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while not self._stopping:
                for key, _ in selector.select(0.2):
                    self._serve(selector, key)
                self._running.wait(DEADLINE_S)
            for key in [*selector.get_map().values()]:
                if key.data is not None:
                    key.fileobj.close()

    def _serve(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._wake_reader:
            self._wake_reader.recv(100)
            return
        if key.fileobj is self._listener:
            connected, _ = self._listener.accept()
            connection = SeenConnection(connected.sendall, lambda: connected.shutdown(socket.SHUT_RDWR))
            selector.register(connected, selectors.EVENT_READ, self.remember(connection))
            return
        connection = key.data
        try:
            data = key.fileobj.recv(1 << 20)
        except OSError:
            data = b""
        if data:
            self.take(connection, data)
        if not data or connection.closed:
            connection.closed = True
            selector.unregister(key.fileobj)
            key.fileobj.close()
        self.changed()


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for something that nobody tells us about, asking again and again until the deadline."""
    pause = threading.Event()
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        pause.wait(0.002)
