"""A peer that speaks to a daemon by hand: bytes of the test's choice in, frames out.

It frames and parses by itself (PROTOCOL.md §2), so that no codec that is under test stands between.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from support.daemon import DEADLINE_S

__all__ = ["ERROR", "HELLO", "REJECT", "UNIT", "WELCOME", "Peer", "frame"]

HELLO, WELCOME, REJECT, UNIT, ERROR = 1, 2, 3, 6, 11
_HEADER = struct.Struct("<IBBH")


def frame(type: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """Return one frame."""
    return _HEADER.pack(len(payload), type, flags, 0) + payload


class Peer:
    """A connection to the Unix socket at ``path``, from ``with`` to its end."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(DEADLINE_S)
        self._path = path

    def __enter__(self) -> Peer:
        self._socket.connect(str(self._path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are; a daemon that has closed already is no failure of the test."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def hello(self, *, protocol: tuple[int, int] = (1, 1), incarnation: str = "") -> tuple[int, Mapping[str, Any]]:
        """Say HELLO, as a client if there is an ``incarnation``; return the answer's type and object."""
        words: dict[str, Any] = {"protocol": {"min": protocol[0], "max": protocol[1]}}
        if incarnation:
            totals = {"created": 0, "acknowledged": 0, "buffered": 0, "dropped": {}}
            words |= {"incarnation": incarnation, "next_unit": 1, "totals": totals}
        self.send(frame(HELLO, json.dumps(words).encode()))
        return self.answer()

    def answer(self) -> tuple[int, Mapping[str, Any]]:
        """Return the next frame of the daemon, its payload read as JSON."""
        size, type, _, _ = _HEADER.unpack(self._exactly(_HEADER.size))
        return type, json.loads(self._exactly(size))

    def is_closed(self) -> bool:
        """Wait for the daemon's end of the connection, whatever it says before; False if it does not come."""
        self._socket.shutdown(socket.SHUT_WR)
        try:
            while self._socket.recv(65536):
                pass
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            assert more, f"closed after {len(data)} of {size} bytes"
            data += more
        return data
