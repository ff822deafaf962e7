"""Run ``mercuryd --daemonize`` from inside somebody else's process, on systems with ``posix_spawn``.

No Python code ever runs between fork and exec: ``posix_spawn`` starts the program with its own session, null streams,
default signals and an empty mask. That process forks once more, changes to ``/``, closes inherited descriptors, waits
until its child listens or has failed, and exits; it is waited for here, so no child is left.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping

__all__ = ["run_daemon"]

_POLL_FIRST_S = 0.002
_POLL_MAX_S = 0.05


def run_daemon(arguments: list[str], environ: Mapping[str, str], address: str, deadline: float) -> int | None:
    """Start the daemon and return 0 when it listens, or its exit code, negative for a signal.

    None: it said neither until ``deadline``, of ``time.monotonic``, and was ended. Raises OSError if it cannot be run.
    """
    return _wait(_spawn([*arguments, "--daemonize"], environ), deadline)


def _spawn(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run a program with null streams, default signals and nothing blocked; return its process id."""
    null = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    null += [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    return os.posix_spawn(
        arguments[0],
        arguments,
        environ,
        file_actions=null,
        setsid=True,
        setsigmask=[],
        setsigdef=[one for one in signal.valid_signals() if one not in (signal.SIGKILL, signal.SIGSTOP)],
    )


def _wait(pid: int, deadline: float) -> int | None:
    """Reap ``pid`` and return its exit code, negative for a signal; None if it was killed at ``deadline``.

    Where the application reaps all children itself, or ignores SIGCHLD, the code is lost: 0, and the
    connection that is tried next shows the truth.
    """
    pause = _POLL_FIRST_S
    try:
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done == pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= deadline:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return None
            time.sleep(pause)
            pause = min(pause * 2, _POLL_MAX_S)
    except (ChildProcessError, ProcessLookupError):
        return 0
