"""A wire tap: a Unix socket that passes everything on to the daemon and keeps what the clients sent.

with Relay(tmp_path / "tap.sock", daemon.socket) as relay:
    …                                                    # a process with MERCURY_ADDRESS=relay.address
    assert secret not in relay.sent()
"""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType

__all__ = ["Relay"]

CHUNK = 65536


class Relay:
    """Listen at ``path``, pass on to ``target``; each connection has two threads."""

    def __init__(self, path: Path, target: str) -> None:
        self.address = f"unix://{path}"
        self._path = path
        self._target = target
        self._sent = bytearray()
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._path.unlink()

    def sent(self) -> bytes:
        """Return every byte that any client has sent."""
        with self._lock:
            return bytes(self._sent)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                daemon = socket.socket(socket.AF_UNIX)
                daemon.connect(self._target)
                threading.Thread(target=self._pass, args=(client, daemon, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(daemon, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, keep: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if keep:
                    with self._lock:
                        self._sent += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
