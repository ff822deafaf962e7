"""Move bytes to and from the daemon through a named pipe of Windows, without ever waiting.

How the world behaves here, and what differs from ``transport.py``:

- Opening a pipe is immediate: it works, or all instances are taken (ERROR_PIPE_BUSY, try again later), or nobody
  listens (ERROR_FILE_NOT_FOUND).
- Nothing tells whether a pipe is ready: one asks for bytes, or gives some away, and an event is set when that is done.
  So one read is always under way, and ``send`` copies what it takes; until the system has taken that over nothing else
  is taken. It is one system call each, as with a socket.
- Whoever is first can create a pipe of any name, and could pose as the daemon, so the pipe's owner is asked of the
  kernel before a byte is sent.
- Under gevent's monkey patching ``time.sleep`` is cooperative and a wait for an event is not, so ``wait`` looks and
  sleeps in turn there.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import math
import struct
import sys
import time
from types import BuiltinFunctionType

from . import win32
from .errors import DaemonUnavailable
from .transport import RECEIVE_BYTES, SEND_BUFFER_BYTES, Transport

assert sys.platform == "win32"

__all__ = ["SERVICE_NAME", "PipeTransport", "Waker", "service_sid", "wait"]

SERVICE_NAME = "mercuryd"
SYSTEM_SID = "S-1-5-18"
ADMINISTRATORS_SID = "S-1-5-32-544"
_LOOK_S = 0.01


def service_sid(name: str) -> str:
    """Return the SID that Windows gives to a service: it follows from the name."""
    digest = hashlib.sha1(name.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    return "S-1-5-80-" + "-".join(str(part) for part in struct.unpack("<5I", digest))


class PipeTransport(Transport):
    """A stream to the pipe ``name``, ``\\\\.\\pipe\\…``.

    The pipe must be of this user, of the system, its administrators or the service; with ``trust_owner`` (an address
    that the user named) of anybody.
    """

    def __init__(self, name: str, *, trust_owner: bool) -> None:
        self._name = name
        self._trust_owner = trust_owner
        self._pipe: win32.Pipe | None = None
        self._input: win32.Request | None = None
        self._output: win32.Request | None = None
        self._memory = ctypes.create_string_buffer(0)
        self._read_error = 0  # of a read that could not begin, told by the next ``receive``

    def connect(self) -> bool:
        """Try to connect; see Transport."""
        if self._pipe is not None:
            return True
        try:
            pipe = win32.Pipe(self._name)
        except OSError as error:
            if error.winerror == win32.PIPE_BUSY:
                return False
            raise DaemonUnavailable(f"cannot connect to {self._name}: {error.strerror}") from error
        except ValueError as error:  # a name with a zero byte
            raise DaemonUnavailable(f"cannot connect to {self._name}: {error}") from error
        self._check_owner(pipe)
        self._input, self._output = win32.Request(pipe.handle), win32.Request(pipe.handle)
        self._memory = ctypes.create_string_buffer(RECEIVE_BYTES)
        self._pipe = pipe
        self._begin_to_read()
        return True

    def _check_owner(self, pipe: win32.Pipe) -> None:
        try:
            owner, me = win32.owner_sid(pipe.handle), win32.user_sid()
        except OSError as error:
            pipe.close()
            raise DaemonUnavailable(f"cannot look at {self._name}: {error.strerror}") from error
        if self._trust_owner or owner in (me, SYSTEM_SID, ADMINISTRATORS_SID, service_sid(SERVICE_NAME)):
            return
        pipe.close()
        raise DaemonUnavailable(
            f"refused to talk to {self._name}: it belongs to {owner or 'nobody'}, not to {me}, "
            f"the system or its administrators; end that process or set MERCURY_ADDRESS"
        )

    def _begin_to_read(self) -> None:
        if self._input is not None:
            self._read_error = self._input.read(self._memory)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send without waiting; see Transport. What is taken may still be on its way when this returns."""
        output = self._output
        if output is None or output.is_pending:
            return 0
        error, _ = output.result()
        if not error:
            taken = bytes(memoryview(data)[:SEND_BUFFER_BYTES])
            error = output.write(taken)
            if not error:
                return len(taken)
        raise DaemonUnavailable(f"cannot send to {self._name}: {_reason(error)}")

    def receive(self) -> bytes | None:
        """Receive without waiting; see Transport."""
        if self._input is None or self._input.is_pending:
            return None
        error, count = (self._read_error, 0) if self._read_error else self._input.result()
        if error in win32.PIPE_IS_CLOSED:
            return b""
        if error and error != win32.OPERATION_ABORTED:  # aborted: by the end of a thread, and nothing is lost
            raise DaemonUnavailable(f"cannot read from {self._name}: {_reason(error)}")
        data = ctypes.string_at(self._memory, count)
        self._begin_to_read()
        return data or None  # an empty message is no end

    def read_handle(self) -> int:
        """Return the event that is set when ``receive`` has something to say, -1 if closed."""
        return self._input.event.handle if self._input is not None else -1

    def write_handle(self) -> int:
        """Return the event that is set when ``send`` takes something, -1 if closed."""
        return self._output.event.handle if self._output is not None else -1

    def close(self) -> None:
        """Cancel what is under way and close the pipe."""
        pipe, self._pipe = self._pipe, None
        requests, self._input, self._output = (self._input, self._output), None, None
        for request in requests:
            if request is not None:
                request.abandon()
        if pipe is not None:
            pipe.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the interpreter is ending
            self.close()


class Waker:
    """An event by which any thread, and a signal handler, ends another thread's ``wait``."""

    def __init__(self) -> None:
        self._event: win32.Event | None = win32.Event()

    def wake(self) -> None:
        """End the current wait, or the next one; costs a system call."""
        event = self._event
        if event is not None:
            event.set()

    def clear(self) -> None:
        """Forget earlier wakes."""
        event = self._event
        if event is not None:
            event.reset()

    def handle(self) -> int:
        """Return the event to wait for, -1 if closed."""
        event = self._event
        return event.handle if event is not None else -1

    def close(self) -> None:
        """Let go of the event; a thread that is about to set it may still do so."""
        self._event = None


def wait(readable: list[int], writable: list[int], timeout_s: float) -> set[int]:
    """Wait until one of the events is set, at most ``timeout_s``; return the first that is."""
    handles = [handle for handle in (*readable, *writable) if handle > 0]
    deadline = time.monotonic() + timeout_s
    if not handles:
        time.sleep(max(0.0, timeout_s))
        return set()
    if isinstance(time.sleep, BuiltinFunctionType):
        ready = win32.wait_any(handles, math.ceil(timeout_s * 1000))
        if ready < 0:  # closed by another thread just now: look again soon, and not in a circle
            time.sleep(max(0.0, min(_LOOK_S, timeout_s)))
    else:
        while (ready := win32.wait_any(handles, 0)) <= 0 and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(_LOOK_S, left))
    return {ready} if ready > 0 else set()


def _reason(error: int) -> str:
    return ctypes.FormatError(error).strip()
