"""The few functions of Windows that the client calls, with their types: kernel32 and advapi32 through ctypes.

Only for Windows; ``system.py`` imports it there. Nothing here waits, except ``wait_any``, which is what it is for.
A handle is an int and 0 is none. Failures are OSErrors with ``winerror``, or a code where a caller decides by it.

A request that is under way writes to our memory when it likes, so ``Request`` keeps what belongs to it together, and
gives the memory back only when the system has said that it is done with it.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from typing import Any

assert sys.platform == "win32"

__all__ = [
    "OPERATION_ABORTED",
    "PIPE_BUSY",
    "PIPE_IS_CLOSED",
    "Event",
    "Pipe",
    "Request",
    "close_handle",
    "exit_code_of",
    "local_pipe_exists",
    "owner_sid",
    "system_directory",
    "terminate",
    "user_sid",
    "wait_any",
]

# winerror.h
BROKEN_PIPE = 109
NO_DATA = 232
PIPE_NOT_CONNECTED = 233
PIPE_BUSY = 231
SEM_TIMEOUT = 121
OPERATION_ABORTED = 995
IO_PENDING = 997
PIPE_IS_CLOSED = (BROKEN_PIPE, NO_DATA, PIPE_NOT_CONNECTED)

GENERIC_READ = 0x80000000
FILE_WRITE_DATA = 0x0002
OPEN_EXISTING = 3
FILE_FLAG_OVERLAPPED = 0x40000000
SECURITY_SQOS_PRESENT = 0x00100000
SECURITY_IDENTIFICATION = 0x00010000
# Read and write, and not FILE_CREATE_PIPE_INSTANCE, which generic write would ask for and the daemon gives to nobody.
CLIENT_RIGHTS = GENERIC_READ | FILE_WRITE_DATA
# Whoever listens may ask who we are, and cannot act as us.
OPEN_FLAGS = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION

INVALID_HANDLE = ctypes.c_void_p(-1).value
STATUS_PENDING = 0x103
WAIT_FAILED = 0xFFFFFFFF
WAIT_OBJECTS_MAX = 64
WAIT_MS_MAX = 0x7FFFFFFF
SE_KERNEL_OBJECT = 6
OWNER_SECURITY_INFORMATION = 1
TOKEN_QUERY = 0x0008
TOKEN_USER = 1
CANCEL_WAIT_MS = 100

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)


class _Overlapped(ctypes.Structure):
    """OVERLAPPED of minwinbase.h; ``internal`` is the state, which no other field tells without a system call."""

    _fields_ = (
        ("internal", ctypes.c_size_t),
        ("internal_high", ctypes.c_size_t),
        ("offset", wintypes.DWORD),
        ("offset_high", wintypes.DWORD),
        ("event", ctypes.c_size_t),
    )


def _function(library: Any, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, name)
    function.restype = result
    function.argtypes = arguments
    return function


_HANDLE, _DWORD, _BOOL, _POINTER = wintypes.HANDLE, wintypes.DWORD, wintypes.BOOL, ctypes.c_void_p
_close_handle = _function(_kernel32, "CloseHandle", _BOOL, _HANDLE)
_create_event = _function(_kernel32, "CreateEventW", _HANDLE, _POINTER, _BOOL, _BOOL, wintypes.LPCWSTR)
_set_event = _function(_kernel32, "SetEvent", _BOOL, _HANDLE)
_reset_event = _function(_kernel32, "ResetEvent", _BOOL, _HANDLE)
_create_file = _function(
    _kernel32, "CreateFileW", _HANDLE, wintypes.LPCWSTR, _DWORD, _DWORD, _POINTER, _DWORD, _DWORD, _HANDLE
)
_create_port = _function(_kernel32, "CreateIoCompletionPort", _HANDLE, _HANDLE, _HANDLE, ctypes.c_size_t, _DWORD)
_read_file = _function(_kernel32, "ReadFile", _BOOL, _HANDLE, _POINTER, _DWORD, _POINTER, _POINTER)
_write_file = _function(_kernel32, "WriteFile", _BOOL, _HANDLE, _POINTER, _DWORD, _POINTER, _POINTER)
_get_result = _function(_kernel32, "GetOverlappedResult", _BOOL, _HANDLE, _POINTER, _POINTER, _BOOL)
_cancel = _function(_kernel32, "CancelIoEx", _BOOL, _HANDLE, _POINTER)
_wait_for_many = _function(_kernel32, "WaitForMultipleObjects", _DWORD, _DWORD, _POINTER, _BOOL, _DWORD)
_wait_named_pipe = _function(_kernel32, "WaitNamedPipeW", _BOOL, wintypes.LPCWSTR, _DWORD)
_local_free = _function(_kernel32, "LocalFree", _POINTER, _POINTER)
_current_process = _function(_kernel32, "GetCurrentProcess", _HANDLE)
_exit_code = _function(_kernel32, "GetExitCodeProcess", _BOOL, _HANDLE, _POINTER)
_terminate = _function(_kernel32, "TerminateProcess", _BOOL, _HANDLE, wintypes.UINT)
_system_directory = _function(_kernel32, "GetSystemDirectoryW", wintypes.UINT, wintypes.LPWSTR, wintypes.UINT)
_security_info = _function(
    _advapi32, "GetSecurityInfo", _DWORD, _HANDLE, ctypes.c_int, _DWORD, *[_POINTER] * 5
)  # fmt: skip
_sid_text = _function(_advapi32, "ConvertSidToStringSidW", _BOOL, _POINTER, _POINTER)
_open_token = _function(_advapi32, "OpenProcessToken", _BOOL, _HANDLE, _DWORD, _POINTER)
_token_information = _function(
    _advapi32, "GetTokenInformation", _BOOL, _HANDLE, ctypes.c_int, _POINTER, _DWORD, _POINTER
)

# Requests that could not be cancelled at once: their memory is the system's until it says otherwise.
_in_flight: list[Request] = []


def _failure() -> OSError:
    return ctypes.WinError(ctypes.get_last_error())


class Event:
    """A manual-reset event, closed when nobody holds it any more: so ``set`` never meets a number used anew."""

    def __init__(self, *, signaled: bool = False) -> None:
        self.handle = 0
        self.handle = _create_event(None, True, signaled, None) or 0
        if not self.handle:
            raise _failure()

    def set(self) -> None:
        """End waits for it, until ``reset``."""
        _set_event(self.handle)

    def reset(self) -> None:
        """Let waits for it wait again."""
        _reset_event(self.handle)

    def __del__(self, close: Any = _close_handle) -> None:  # bound: the module may be gone before us
        if self.handle:
            close(self.handle)


class Request:
    """One direction of a pipe: at most one read or write under way, in memory that lives as long as it.

    ``event`` is signaled whenever nothing is under way, so it is what to wait for.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._overlapped = _Overlapped()
        self._address = ctypes.addressof(self._overlapped)
        self._count = _DWORD(0)
        self._count_address = ctypes.addressof(self._count)
        self._memory: object = None
        self.event = Event(signaled=True)

    @property
    def is_pending(self) -> bool:
        """Tell whether it is under way; costs no system call."""
        return bool(self._overlapped.internal == STATUS_PENDING)

    def read(self, memory: ctypes.Array[ctypes.c_char]) -> int:
        """Begin to read into ``memory``; return 0 or the error."""
        self._memory = memory
        return self._begin(_read_file, ctypes.addressof(memory), len(memory))

    def write(self, data: bytes) -> int:
        """Begin to write all of ``data``; return 0 or the error."""
        self._memory = data  # which nobody can change
        return self._begin(_write_file, ctypes.cast(ctypes.c_char_p(data), _POINTER), len(data))

    def _begin(self, function: Any, memory: Any, size: int) -> int:
        self._overlapped.internal = self._overlapped.internal_high = 0
        # The lowest bit keeps the completion out of the port's queue, which nobody reads; see Pipe.
        self._overlapped.event = self.event.handle | 1
        if function(self._pipe, memory, size, None, self._address):
            return 0
        error: int = ctypes.get_last_error()
        if error == IO_PENDING:
            return 0
        self._memory = None
        self.event.set()
        return error

    def result(self) -> tuple[int, int]:
        """Return the error, 0 if there is none, and the number of bytes of what is no longer pending."""
        self._count.value = 0
        done = _get_result(self._pipe, self._address, self._count_address, False)
        return (0 if done else ctypes.get_last_error()), self._count.value

    def abandon(self) -> None:
        """Cancel what is under way; call it before the pipe is closed."""
        if not self.is_pending:
            return
        _cancel(self._pipe, self._address)
        if self.is_pending:  # a driver that takes its time, and not longer than this of ours
            wait_any([self.event.handle], CANCEL_WAIT_MS)
        if self.is_pending:
            _in_flight.append(self)


class Pipe:
    """The client's end of a pipe, opened for overlapped requests.

    A request ends with the thread that made it, unless the pipe belongs to a completion port: so it does, to one that
    nobody waits on. The flusher's thread comes and goes, and ``flush`` goes on where it was.
    """

    def __init__(self, name: str) -> None:
        self.handle = 0
        self._port = 0
        handle = _create_file(name, CLIENT_RIGHTS, 0, None, OPEN_EXISTING, OPEN_FLAGS, None)
        if handle == INVALID_HANDLE:
            raise _failure()
        self.handle = handle
        self._port = _create_port(handle, None, 0, 1) or 0

    def close(self, close: Any = _close_handle) -> None:
        """Close the handle; what was written and not read yet still arrives."""
        handles = (self.handle, self._port)
        self.handle = self._port = 0
        for handle in handles:
            if handle:
                close(handle)

    __del__ = close


def wait_any(handles: list[int], timeout_ms: int) -> int:
    """Wait until one of the handles is signaled; return the first that is, 0 if none is, −1 if one is not valid."""
    handles = handles[:WAIT_OBJECTS_MAX]
    array = (_HANDLE * len(handles))(*handles)
    index: int = _wait_for_many(len(handles), array, False, max(0, min(timeout_ms, WAIT_MS_MAX)))
    if index == WAIT_FAILED:
        return -1
    return handles[index] if index < len(handles) else 0


def local_pipe_exists(name: str) -> bool:
    """Tell whether somebody listens on a pipe of this machine, busy or not; waits 1 ms at most."""
    return bool(_wait_named_pipe(name, 1)) or ctypes.get_last_error() in (SEM_TIMEOUT, PIPE_BUSY)


def _text_of_sid(sid: Any) -> str:
    text = ctypes.c_void_p()
    if not _sid_text(sid, ctypes.byref(text)):
        raise _failure()
    try:
        return ctypes.wstring_at(text.value or 0)
    finally:
        _local_free(text)


def owner_sid(handle: int) -> str:
    """Return who owns the kernel object behind a handle, as ``S-1-…``; "" if nobody does."""
    owner, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
    error = _security_info(
        handle,
        SE_KERNEL_OBJECT,
        OWNER_SECURITY_INFORMATION,
        ctypes.byref(owner),
        None,
        None,
        None,
        ctypes.byref(descriptor),
    )
    if error:
        raise ctypes.WinError(error)
    try:
        return _text_of_sid(owner) if owner.value else ""
    finally:
        _local_free(descriptor)


def user_sid() -> str:
    """Return the user that this process runs as, as ``S-1-…``; a thread may impersonate another, which is none."""
    token = _HANDLE()
    if not _open_token(_current_process(), TOKEN_QUERY, ctypes.byref(token)):
        raise _failure()
    try:
        size = _DWORD()
        _token_information(token, TOKEN_USER, None, 0, ctypes.byref(size))
        memory = ctypes.create_string_buffer(size.value or 1)
        if not _token_information(token, TOKEN_USER, memory, size, ctypes.byref(size)):
            raise _failure()
        return _text_of_sid(ctypes.c_void_p.from_buffer(memory))  # TOKEN_USER begins with the pointer to the SID
    finally:
        _close_handle(token)


def system_directory() -> str:
    """Return ``C:\\Windows\\System32``, wherever it is."""
    memory = ctypes.create_unicode_buffer(260)
    if not _system_directory(memory, len(memory)):
        raise _failure()
    return memory.value


def exit_code_of(process: int) -> int | None:
    """Return the exit code of a process, None while it runs."""
    if wait_any([process], 0) != process:
        return None
    code = _DWORD()
    if not _exit_code(process, ctypes.byref(code)):
        raise _failure()
    return code.value


def close_handle(handle: int) -> None:
    """Close a handle that somebody else's function has returned."""
    _close_handle(handle)


def terminate(process: int) -> None:
    """End a process, if it has not ended by itself."""
    _terminate(process, 1)
