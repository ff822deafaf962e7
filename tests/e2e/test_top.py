"""`mercuryctl top` on a real terminal: refreshes in place, ends on a key or a signal, and leaves all as it was."""

from __future__ import annotations

import os
import pty
import selectors
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest

from support.daemon import DEADLINE_S, Daemon, clean_environment, find_program

ENTER = b"\x1b[?1049h"  # the alternate screen
LEAVE = b"\x1b[?1049l"


class Terminal:
    """A pseudo-terminal with `mercuryctl top` on it."""

    def __init__(self, daemon: Daemon, directory: Path) -> None:
        self.master, self.slave = pty.openpty()
        self.mode = termios.tcgetattr(self.slave)
        command = [str(find_program("mercuryctl")), "--address", daemon.address, "top"]
        self.process = subprocess.Popen(
            command,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=clean_environment(directory, TERM="xterm"),
        )
        self.seen = b""

    def read_until(self, wanted: bytes, times: int = 1) -> None:
        """Read what it shows until `wanted` has stood there so often."""
        deadline = time.monotonic() + DEADLINE_S
        with selectors.DefaultSelector() as selector:
            selector.register(self.master, selectors.EVENT_READ)
            while self.seen.count(wanted) < times:
                assert selector.select(max(0.0, deadline - time.monotonic())), f"no {wanted!r} in {self.seen[-2000:]!r}"
                self.seen += os.read(self.master, 65536)

    def close(self) -> None:
        """End it for good."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.mark.parametrize("end", ["q", "SIGINT", "SIGTERM"])
def test_top_refreshes_in_place_and_restores_the_terminal(tmp_path: Path, daemon: Daemon, end: str) -> None:
    """Each refresh moves home and does not scroll; q and the signals end it with 0."""
    terminal = Terminal(daemon, tmp_path)
    try:
        terminal.read_until(b"mercuryd", times=2)
        assert terminal.seen.startswith(ENTER) or ENTER in terminal.seen[:64]
        assert terminal.seen.count(ENTER) == 1
        if end == "q":
            os.write(terminal.master, b"q")
        else:
            terminal.process.send_signal(getattr(signal, end))
        terminal.read_until(LEAVE)
        assert terminal.process.wait(DEADLINE_S) == 0
        assert termios.tcgetattr(terminal.slave) == terminal.mode
    finally:
        terminal.close()


def test_top_prints_one_page_where_there_is_no_terminal(daemon: Daemon) -> None:
    """So that it can be piped."""
    done = subprocess.run(
        [str(find_program("mercuryctl")), "--address", daemon.address, "top"], capture_output=True, timeout=DEADLINE_S
    )
    assert done.returncode == 0
    assert b"mercuryd" in done.stdout
    assert b"\x1b" not in done.stdout
