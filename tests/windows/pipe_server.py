r"""A daemon of a few lines on a real named pipe, for tests inside the Windows Python; what it does is said in
``support/fake_server.py``.

    with PipeServer(r"\\.\pipe\test") as server:
        ...a client sends...
        server.wait_for_units(3)

``owner`` makes the pipe belong to somebody else, ``hang`` makes it stop reading, ``instances`` how many clients fit.
It shares the client's codec and none of its input and output: these are the standard library's.
"""

from __future__ import annotations

import _winapi
import contextlib
import ctypes
import threading

from mercury_client.win32 import Event, user_sid
from support.fake_server import DEADLINE_S, FakeServer, SeenConnection

BUFFER_BYTES = 64 * 1024
FIRST_INSTANCE = 0x00080000
BROKEN_PIPE = 109


class SecurityAttributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES of minwinbase.h."""

    _fields_ = (("length", ctypes.c_uint32), ("descriptor", ctypes.c_void_p), ("inherit", ctypes.c_int))


class PipeServer(FakeServer):
    """Listen on the pipe ``name`` from ``with`` to its end; one thread accepts, one for each client reads."""

    def __init__(self, name: str, *, owner: str | None = None, instances: int = 8) -> None:
        super().__init__(name)
        self.name = name
        self.instances = instances
        self._security = self._attributes(owner or user_sid())  # under Wine a pipe without one is nobody's
        self._running = threading.Event()
        self._running.set()
        self._stop = Event()
        self._threads: list[threading.Thread] = []

    def _attributes(self, owner: str) -> int:
        advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
        descriptor = ctypes.c_void_p()
        sddl = f"O:{owner}D:P(A;;FA;;;WD)"
        if not advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, 1, ctypes.byref(descriptor), None):
            raise ctypes.WinError(ctypes.get_last_error())
        self._kept = SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor.value, 0)
        return ctypes.addressof(self._kept)

    def __enter__(self) -> PipeServer:
        first = self._create(FIRST_INSTANCE)
        self._threads.append(threading.Thread(target=self._accept, args=(first,), daemon=True))
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        assert self.errors == [], f"the client broke the contract: {self.errors}"

    def stop(self) -> None:
        """Close everything, as a daemon that is killed would."""
        self._stop.set()
        self._running.set()
        for thread in self._threads:
            thread.join(DEADLINE_S)

    def hang(self) -> None:
        """Stop reading; the pipe stays."""
        self._running.clear()

    def go_on(self) -> None:
        """End ``hang``."""
        self._running.set()

    def _create(self, flags: int) -> int:
        return _winapi.CreateNamedPipe(
            self.name,
            _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED | flags,
            0,  # a stream of bytes
            self.instances,
            BUFFER_BYTES,
            BUFFER_BYTES,
            0,
            self._security,
        )

    def _accept(self, pipe: int) -> None:
        while True:
            connecting = _winapi.ConnectNamedPipe(pipe, overlapped=True)
            ready = _winapi.WaitForMultipleObjects([self._stop.handle, connecting.event], False, _winapi.INFINITE)
            if ready == _winapi.WAIT_OBJECT_0:
                connecting.cancel()
                with contextlib.suppress(OSError):
                    connecting.GetOverlappedResult(True)
                _winapi.CloseHandle(pipe)
                return
            connecting.GetOverlappedResult(True)
            thread = threading.Thread(target=self._serve, args=(pipe,), daemon=True)
            self._threads.append(thread)
            thread.start()
            pipe = 0
            while not pipe:
                try:
                    pipe = self._create(0)
                except OSError:  # all instances are taken
                    if _winapi.WaitForSingleObject(self._stop.handle, 10) == _winapi.WAIT_OBJECT_0:
                        return

    def _serve(self, pipe: int) -> None:
        connection = self.remember(SeenConnection(lambda data: self._write(pipe, data)))
        while not connection.closed and (data := self._read(pipe)):
            self.take(connection, data)
            self.changed()
        connection.closed = True
        _winapi.CloseHandle(pipe)
        self.changed()

    def _read(self, pipe: int) -> bytes:
        self._running.wait()
        try:
            reading, _ = _winapi.ReadFile(pipe, BUFFER_BYTES, overlapped=True)
        except OSError:  # the client is gone
            return b""
        ready = _winapi.WaitForMultipleObjects([self._stop.handle, reading.event], False, _winapi.INFINITE)
        if ready == _winapi.WAIT_OBJECT_0:
            reading.cancel()
        try:
            reading.GetOverlappedResult(True)
        except OSError:
            return b""
        return b"" if ready == _winapi.WAIT_OBJECT_0 else bytes(reading.getbuffer() or b"")

    def _write(self, pipe: int, data: bytes) -> None:
        writing, _ = _winapi.WriteFile(pipe, data, overlapped=True)
        writing.GetOverlappedResult(True)
