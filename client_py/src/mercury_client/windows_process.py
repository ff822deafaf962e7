"""Run ``mercuryd`` from inside somebody else's process on Windows, where there is no fork and a running file is locked.

- A copy runs, in a folder that carries the version and a hash of the file: ``pip install -U`` can replace what is in
  the package, and two environments with the same program share one copy. Copies that nobody has started for a month go.
- The copy is detached: no console, no group that gets our Ctrl-C, no handle of ours, its own directory of the system,
  and out of the job that a test runner or a service may kill as a whole, where that job lets it.
- It does not come back as ``--daemonize`` does, so success is that its pipe is there.
"""

from __future__ import annotations

import _winapi
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping

from . import win32
from .version import VERSION

assert sys.platform == "win32"

__all__ = ["copy_of", "run_daemon"]

CREATE_BREAKAWAY_FROM_JOB = 0x01000000
DETACHED = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
UNUSED_S = 30 * 24 * 3600.0
_POLL_FIRST_S = 0.002
_POLL_MAX_S = 0.05


def run_daemon(arguments: list[str], environ: Mapping[str, str], address: str, deadline: float) -> int | None:
    """Start the daemon and return 0 when somebody listens on ``address``, or its exit code.

    None: neither until ``deadline``, of ``time.monotonic``, and it was ended. Raises OSError if it cannot be run.
    """
    program = copy_of(arguments[0], environ)
    process = _start(program, [program, *arguments[1:]], environ)
    pause = _POLL_FIRST_S
    try:
        while True:
            code = win32.exit_code_of(process)
            if code is not None:
                return code
            if win32.local_pipe_exists(address):
                return 0
            if time.monotonic() >= deadline:
                win32.terminate(process)
                return None
            time.sleep(pause)
            pause = min(pause * 2, _POLL_MAX_S)
    finally:
        win32.close_handle(process)


def copy_of(program: str, environ: Mapping[str, str]) -> str:
    """Return the copy of ``program`` that may run while the original is replaced; itself where there is no place."""
    local = environ.get("LOCALAPPDATA", "")
    if not os.path.isabs(local):
        return program
    copies = os.path.join(local, "mercury", "bin")
    try:
        with open(program, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()[:12]
        folder = os.path.join(copies, f"{VERSION}-{digest}")
        copy = os.path.join(folder, os.path.basename(program))
        if not os.path.exists(copy):
            os.makedirs(folder, exist_ok=True)
            partial = f"{copy}.{os.getpid()}"
            shutil.copyfile(program, partial)
            try:
                os.replace(partial, copy)
            except OSError:  # another process was faster, and its copy runs already
                os.unlink(partial)
                if not os.path.exists(copy):
                    raise
        os.utime(folder)
    except OSError:
        return program
    _remove_unused(copies)
    return copy


def _remove_unused(copies: str) -> None:
    """Remove the copies that nobody started for long; one that runs stays, for Windows does not let it go."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(copies):
            if time.time() - entry.stat().st_mtime > UNUSED_S:
                shutil.rmtree(entry.path, ignore_errors=True)


def _start(program: str, arguments: list[str], environ: Mapping[str, str]) -> int:
    """Create the process and return its handle."""
    line = subprocess.list2cmdline(arguments)
    try:
        made = _create(program, line, DETACHED | CREATE_BREAKAWAY_FROM_JOB, environ)
    except PermissionError:  # the job holds its processes
        made = _create(program, line, DETACHED, environ)
    process, thread, _, _ = made
    win32.close_handle(thread)
    return process


def _create(program: str, line: str, flags: int, environ: Mapping[str, str]) -> tuple[int, int, int, int]:
    return _winapi.CreateProcess(
        program, line, None, None, False, flags, dict(environ), win32.system_directory(), subprocess.STARTUPINFO()
    )
