"""Start the user's private daemon on demand, from inside somebody else's process.

The world this meets: a web server's worker with many threads, its own signal masks, handlers and
descriptors, perhaps under gevent. What is found, told and tried again is said here; how a process is made that has
nothing of ours is ``posix_process.py``'s and ``windows_process.py``'s. Who loses a race for the address exits 0.

Nothing here raises into the caller: a failure is a sentence with the real cause.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping

from .limits import IDLE_EXIT_MS
from .paths import Address, state_directory
from .system import PROGRAM_SUFFIX, run_daemon

__all__ = ["DaemonStarter", "daemon_environment", "find_daemon", "find_program", "start_daemon"]

DAEMON_NAME = "mercuryd"
START_TIMEOUT_S = 5.0
BACK_OFF_FIRST_S = 1.0
BACK_OFF_MAX_S = 60.0

_LOG_NAME = "mercuryd.log"
_LOG_TAIL_BYTES = 4096

# A daemon lives longer than the site, so it gets what it needs and none of the site's secrets.
_PASSED_ON = frozenset(
    {"HOME", "LANG", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER"}
    | {"APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERDOMAIN", "USERNAME"}
    | {"USERPROFILE", "WINDIR"}
)
_PASSED_ON_PREFIXES = ("LC_", "XDG_", "MERCURY_")


def find_daemon(environ: Mapping[str, str]) -> str | None:
    """Return the path of mercuryd: next to the Python that runs, then inside this package, then on PATH."""
    places = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin")]
    if sys.executable:
        places.insert(0, os.path.dirname(os.path.abspath(sys.executable)))
    # A relative entry of PATH depends on the directory of the moment, which anybody may have filled.
    places += [place for place in environ.get("PATH", "").split(os.pathsep) if os.path.isabs(place)]
    return find_program(DAEMON_NAME, places)


def find_program(name: str, places: list[str]) -> str | None:
    """Return the first program of that name in the directories; never one of the directory of the moment."""
    if not PROGRAM_SUFFIX:
        return shutil.which(name, path=os.pathsep.join(places))
    files = (
        os.path.join(place, name + PROGRAM_SUFFIX) for place in places
    )  # which() would look in the directory first
    return next((file for file in files if os.path.isfile(file)), None)


def daemon_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a daemon started from here gets."""
    return {
        name: value for name, value in environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }


def start_daemon(address: Address, environ: Mapping[str, str], *, timeout_s: float = START_TIMEOUT_S) -> str | None:
    """Start a private daemon on ``address``; return None if one listens there now, else a sentence why not.

    Blocks until mercuryd has said which, at most ``timeout_s``: for the flusher, never for a request.
    """
    try:
        return _start(address, environ, timeout_s)
    except Exception as error:  # whatever it is, it is not the application's
        return f"{DAEMON_NAME} could not be started: {type(error).__name__}: {error}"


class DaemonStarter:
    """Start a daemon at most once per back-off step: 1 s, 2 s, 4 s … 60 s. For one thread at a time."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Address, Mapping[str, str]], str | None] = start_daemon,
    ) -> None:
        self._environ = environ
        self._clock = clock
        self._start = start
        self._not_before = float("-inf")
        self._step_s = BACK_OFF_FIRST_S
        self.cause: str | None = None

    def start(self, address: Address) -> bool:
        """Start a daemon unless the last attempt is too fresh; return whether one was started.

        A failure's sentence stays in ``cause`` until an attempt succeeds.
        """
        if self._clock() < self._not_before:
            return False
        self.cause = self._start(address, self._environ)
        if self.cause is None:
            self._step_s = BACK_OFF_FIRST_S
        # A daemon that starts well and is gone at once must not be started in a circle: success waits, too.
        self._not_before = self._clock() + self._step_s
        if self.cause is not None:
            self._step_s = min(self._step_s * 2, BACK_OFF_MAX_S)
        return self.cause is None


def _start(address: Address, environ: Mapping[str, str], timeout_s: float) -> str | None:
    program = find_daemon(environ)
    if program is None:
        return f"{DAEMON_NAME} is not next to {sys.executable}, in the package mercury_client or on PATH"
    arguments = [program, "--address", str(address), "--idle-exit", str(IDLE_EXIT_MS // 1000)]
    log = _log_file(environ)
    if log is not None:
        arguments += ["--log-file", log]
    log_start = _size(log)
    deadline = time.monotonic() + timeout_s
    try:
        status = run_daemon(arguments, daemon_environment(environ), address.path, deadline)
    except OSError as error:
        return f"{program} could not be run: {error.strerror}"
    if status == 0:
        return None
    how = f"was not ready after {timeout_s:g} s" if status is None else _ending(status)
    line = _last_line(log, log_start)
    return f"{program} {how}" + (f": {line}" if line else f"; see {log}" if log else "")


def _ending(status: int) -> str:
    if status > 0xFFFF:
        return f"exited with status 0x{status:08X}"  # NTSTATUS: an exception that nobody caught
    if status > 0:
        return f"exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was ended by {name}"


def _log_file(environ: Mapping[str, str]) -> str | None:
    """Return the daemon's log, its directory made; None where there is no place for one."""
    directory = state_directory(environ)
    if directory is None:
        return None
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    except OSError:
        return None
    return os.path.join(directory, _LOG_NAME)


def _size(path: str | None) -> int:
    try:
        return os.stat(path).st_size if path is not None else 0
    except OSError:
        return 0


def _last_line(path: str | None, start: int) -> str:
    """Return the last line that was written after byte ``start``, or to a file that is now shorter."""
    if path is None:
        return ""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size < start:
                start = 0
            file.seek(max(start, size - _LOG_TAIL_BYTES))
            lines = file.read(_LOG_TAIL_BYTES).decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
