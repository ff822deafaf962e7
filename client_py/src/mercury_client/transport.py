"""Move bytes to and from the daemon without ever waiting.

The seam is small: ``connect``, ``send``, ``receive``, ``close``, each of which returns at once, and two numbers
to ``wait`` for, one to read and one to write. ``system.py`` chooses who stands behind it: this file's Unix socket, or
``pipe_transport.py``. How the world behaves here:

- ``connect`` to a Unix socket is immediate: it works, or the listener's queue is full (EAGAIN, try again
  later), or nobody listens (ENOENT, ECONNREFUSED).
- ``send`` takes a part or nothing; ``recv`` returns less, more, or ``b""``, which means closed.
- Whoever can create a file at the address could pose as the daemon, so the listener's user is asked of the
  kernel before a byte is sent.

Under gevent's monkey patching ``socket`` and ``select`` are cooperative and nothing here changes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import time

from .errors import DaemonUnavailable

__all__ = ["RECEIVE_BYTES", "Transport", "UnixTransport", "Waker", "wait"]

SEND_BUFFER_BYTES = 256 * 1024
RECEIVE_BYTES = 64 * 1024
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)  # the application may have restored SIGPIPE's default
_TRY_AGAIN = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINPROGRESS, errno.EALREADY, errno.EINTR)


class Transport:
    """A stream to one address. All methods return at once; errors are DaemonUnavailable with the cause."""

    def connect(self) -> bool:
        """Try to connect; False: not yet, call again."""
        raise NotImplementedError

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send what is taken now and return how many bytes that were, 0 if none."""
        raise NotImplementedError

    def receive(self) -> bytes | None:
        """Return what has arrived; None: nothing; ``b""``: the daemon closed."""
        raise NotImplementedError

    def read_handle(self) -> int:
        """Return what to wait for until there is something to receive, -1 if there is nothing."""
        raise NotImplementedError

    def write_handle(self) -> int:
        """Return what to wait for until something can be sent, -1 if there is nothing."""
        raise NotImplementedError

    def close(self) -> None:
        """Close this process's descriptor, and no more: after a fork the connection is still the parent's."""
        raise NotImplementedError


class UnixTransport(Transport):
    """A stream to the Unix socket at ``path``.

    The listener must be of this user or of root; with ``trust_owner`` (the system's address, or one that the
    user named) also of the user who owns the socket file.
    """

    def __init__(self, path: str, *, trust_owner: bool) -> None:
        self._path = path
        self._trust_owner = trust_owner
        self._socket: socket.socket | None = None

    def connect(self) -> bool:
        """Try to connect; see Transport."""
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)  # not inheritable (PEP 446)
            self._socket.setblocking(False)
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        try:
            code = self._socket.connect_ex(self._path)
        except (OSError, ValueError) as error:  # a path that is too long, or has a zero byte
            raise DaemonUnavailable(f"cannot connect to {self._path}: {error}") from error
        if code in _TRY_AGAIN:
            return False
        if code not in (0, errno.EISCONN):
            raise DaemonUnavailable(f"cannot connect to {self._path}: {os.strerror(code)}")
        self._check_owner()
        return True

    def _check_owner(self) -> None:
        uid = self._listener_uid()
        if uid in (0, os.geteuid()) or (self._trust_owner and uid == self._file_uid()):
            return
        raise DaemonUnavailable(
            f"refused to talk to {self._path}: its listener is user {uid}, not {os.geteuid()} or root; "
            f"remove that socket or set MERCURY_ADDRESS"
        )

    def _listener_uid(self) -> int:
        option = getattr(socket, "SO_PEERCRED", None)  # Linux; elsewhere the owner of the file has to do
        if option is None or self._socket is None:
            return self._file_uid()
        size = struct.calcsize("3i")
        uid: int = struct.unpack("3i", self._socket.getsockopt(socket.SOL_SOCKET, option, size))[1]
        return uid

    def _file_uid(self) -> int:
        try:
            return os.stat(self._path, follow_symlinks=False).st_uid
        except OSError as error:
            raise DaemonUnavailable(f"cannot look at {self._path}: {error.strerror}") from error

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send without waiting; see Transport."""
        if self._socket is None:
            return 0
        try:
            return self._socket.send(data, _NO_SIGNAL)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise DaemonUnavailable(f"cannot send to {self._path}: {error.strerror}") from error

    def receive(self) -> bytes | None:
        """Receive without waiting; see Transport."""
        if self._socket is None:
            return None
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return None
        except ConnectionError:
            return b""
        except OSError as error:
            raise DaemonUnavailable(f"cannot read from {self._path}: {error.strerror}") from error

    def read_handle(self) -> int:
        """Return the socket's descriptor, -1 if closed."""
        return self._socket.fileno() if self._socket is not None else -1

    write_handle = read_handle

    def close(self) -> None:
        """Close the descriptor without a shutdown of the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Waker:
    """A pair of sockets by which any thread, and a signal handler, ends another thread's ``wait``."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def wake(self) -> None:
        """End the current wait, or the next one; costs a system call."""
        with contextlib.suppress(OSError):  # full: the waiter is awake anyway
            self._writer.send(b"\0")

    def clear(self) -> None:
        """Forget earlier wakes."""
        with contextlib.suppress(OSError):
            self._reader.recv(4096)

    def handle(self) -> int:
        """Return the descriptor to wait for."""
        return self._reader.fileno()

    def close(self) -> None:
        """Close both ends."""
        self._reader.close()
        self._writer.close()


def wait(readable: list[int], writable: list[int], timeout_s: float) -> set[int]:
    """Wait until one of the handles is ready, at most ``timeout_s``; return those that are."""
    poll = getattr(select, "poll", None)
    if poll is None:
        if not readable and not writable:
            time.sleep(timeout_s)
            return set()
        ready = select.select(readable, writable, [], timeout_s)
        return {*ready[0], *ready[1]}
    poller = poll()
    for descriptor in {*readable, *writable}:
        if descriptor < 0:
            continue  # closed by another thread just now
        mask = (select.POLLIN if descriptor in readable else 0) | (select.POLLOUT if descriptor in writable else 0)
        poller.register(descriptor, mask)
    return {descriptor for descriptor, _ in poller.poll(timeout_s * 1000)}
