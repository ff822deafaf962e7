"""Read how much memory a block takes: traced allocations, or the growth of the process.

Tracing (``tracemalloc``) is exact and makes Python several times slower, so it is done only where it is asked for. The
growth of the process's resident memory costs some microseconds; it is 0 where freed memory was used again.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import tracemalloc
from collections.abc import Callable

__all__ = ["MEGABYTE", "Memory", "resident_bytes"]

MEGABYTE = 1_000_000


class Memory:
    """``bytes`` after ``stop``: what was allocated at most (``traced``), or by how much the process grew."""

    def __init__(self, *, trace: bool) -> None:
        self.traced = trace
        self.bytes = 0
        self._before = 0
        self._began = False

    def start(self) -> None:
        """Begin; traces of an outer block go on, its peak is then the inner one's too."""
        if self.traced:
            self._began = not tracemalloc.is_tracing()
            if self._began:
                tracemalloc.start()
            tracemalloc.reset_peak()
            self._before = tracemalloc.get_traced_memory()[0]
        else:
            self._before = resident_bytes()

    def stop(self) -> None:
        """Read the figure."""
        if self.traced:
            self.bytes = max(0, tracemalloc.get_traced_memory()[1] - self._before)
            if self._began:
                tracemalloc.stop()
        else:
            self.bytes = max(0, resident_bytes() - self._before)


class _Statm:
    """This process's ``/proc/self/statm``, kept open from the first reading on: to open it takes as long as to read it.

    No program and no forked child inherits it. Somebody who closes all descriptors closes it too, and the number may
    then be another file's: so nothing is closed that is not known to be this one, and what does not read is opened
    anew. Any thread may read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # of opening
        self._descriptor = -1
        self._pid = 0
        self._identity = (0, 0)
        self._forks_noticed = False

    def read(self) -> int:
        pid = os.getpid()
        found = self._resident(pid)
        if found is None:
            with self._lock:
                found = self._resident(pid)  # another thread may have been first
                if found is None:
                    self._open(pid)
                    found = self._resident(pid)
        return found or 0

    def _resident(self, pid: int) -> int | None:
        if pid != self._pid:
            return None
        try:
            return int(os.pread(self._descriptor, 128, 0).split()[1]) * _PAGE
        except (OSError, ValueError, IndexError):
            return None

    def _open(self, pid: int) -> None:
        self._close()
        self._descriptor = os.open("/proc/self/statm", os.O_RDONLY)
        self._identity = _identity(self._descriptor)
        self._pid = pid
        if not self._forks_noticed:
            self._forks_noticed = True
            os.register_at_fork(after_in_child=self._after_fork)

    def _close(self) -> None:
        descriptor, self._descriptor, self._pid = self._descriptor, -1, 0
        with contextlib.suppress(OSError):
            if descriptor >= 0 and _identity(descriptor) == self._identity:
                os.close(descriptor)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._close()


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _of_unix() -> int:  # macOS has no cheap reading of the present size: the largest so far
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _of_windows() -> int:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = [("cb", wintypes.DWORD), ("faults", wintypes.DWORD)] + [
            (name, ctypes.c_size_t)
            for name in (
                "peak",
                "working_set",
                "peak_paged",
                "paged",
                "peak_non_paged",
                "non_paged",
                "pages",
                "peak_pages",
            )
        ]

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    kernel32 = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]  # on Windows only
    kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    function = kernel32.K32GetProcessMemoryInfo
    function.argtypes = (wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD)
    return counters.working_set if function(kernel32.GetCurrentProcess(), ctypes.byref(counters), counters.cb) else 0


def _reader() -> Callable[[], int]:
    if sys.platform.startswith("linux"):
        return _Statm().read
    return _of_windows if sys.platform == "win32" else _of_unix


def _page_size() -> int:
    if sys.platform == "win32":
        return 4096
    import resource

    return resource.getpagesize()


_PAGE = _page_size()
_read = _reader()


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 if the system does not say."""
    try:
        return _read()
    except (OSError, ValueError, AttributeError, ImportError):
        return 0
