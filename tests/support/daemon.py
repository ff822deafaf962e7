"""A real mercuryd on a socket of its own, started, stopped, hurt and asked by a test.

    with Daemon(tmp_path) as daemon:
        …a client sends to daemon.address…
        daemon.wait_for(lambda status: status["units"]["received"] == 50, "50 units")

What it knows is asked through the real ``mercuryctl``, never through a back door. Nothing here sleeps for a
fixed time: everything is polled until a deadline, which is generous, for machines are shared.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = [
    "DEADLINE_S", "SOURCE", "Daemon", "assert_balanced", "clean_environment", "find_program", "is_ready",
    "wait_until",
]  # fmt: skip

DEADLINE_S = 30.0
POLL_S = 0.02
ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "client_py" / "src"
# What could lead a process of a test to another daemon, another site or another home.
_LEFT_OUT = ("BOOKSHOP_", "DJANGO_", "LISTEN_", "MERCURY_", "PYTEST_", "XDG_")


def find_program(name: str) -> Path:
    """Return a program of ours: of $MERCURY_BIN_DIR if that is set, else the build's, else beside Python."""
    named = os.environ.get("MERCURY_BIN_DIR")
    places = [Path(named)] if named else [ROOT / "build" / "release", Path(sys.executable).parent]
    for place in places:
        if os.access(place / name, os.X_OK):
            return place / name
    raise FileNotFoundError(f"{name} is not in {' or '.join(map(str, places))}: build it, or say MERCURY_BIN_DIR")


def wait_until(condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Poll until ``condition()`` is true; after ``deadline_s`` seconds fail and name ``what`` was awaited."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {deadline_s:g} s for {what}"
        time.sleep(POLL_S)


def clean_environment(directory: Path, **more: str) -> dict[str, str]:
    """Return variables for a process whose home, state and private daemon are below ``directory``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    (directory / "run").mkdir(mode=0o700, exist_ok=True)
    own = {
        "HOME": str(directory),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(SOURCE),
        "XDG_CONFIG_HOME": str(directory / "config"),
        "XDG_RUNTIME_DIR": str(directory / "run"),
        "XDG_STATE_HOME": str(directory / "state"),
    }
    return kept | own | more


class Daemon:
    """One mercuryd below ``directory``: socket, state, log and, with ``config``, its file.

    ``with`` starts and ends it. A method of one word acts; ``wait_…`` fails after a deadline.
    """

    def __init__(
        self, directory: Path, *, config: Mapping[str, object] | None = None, arguments: tuple[str, ...] = ()
    ) -> None:
        self.directory = directory
        self.socket = directory / "mercuryd.sock"
        self.address = f"unix://{self.socket}"
        self.state_directory = directory / "snapshots"
        self.log_file = directory / "mercuryd.log"
        self.config_file = directory / "mercuryd.json"
        if config is not None:
            self.config_file.write_text(json.dumps(config))
        self.arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Daemon:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Return the process id of the one that runs."""
        assert self.process is not None, "the daemon was not started"
        return self.process.pid

    def command(self) -> list[str]:
        """Return the command line that ``start`` uses."""
        config = str(self.config_file) if self.config_file.exists() else ""
        own = ["--address", self.address, "--state-dir", str(self.state_directory), "--config", config]
        return [str(find_program("mercuryd")), *own, *self.arguments]

    def launch(self) -> subprocess.Popen[bytes]:
        """Start a process and return at once, whatever becomes of it."""
        with self.log_file.open("ab") as log:
            environment = clean_environment(self.directory)
            return subprocess.Popen(self.command(), env=environment, stdout=log, stderr=log)

    def start(self) -> Daemon:
        """Start it and wait until clients can connect."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        process = self.process = self.launch()
        wait_until(lambda: process.poll() is not None or is_ready(self.socket), "mercuryd to listen")
        assert process.poll() is None, f"mercuryd ended with {process.returncode}\n{self.log()}"
        return self

    def stop(self) -> int:
        """Ask it to end as systemd does, with SIGTERM, and return its exit code."""
        return self.signal(signal.SIGTERM).wait_for_end()

    def wait_for_end(self) -> int:
        """Wait until the process has ended and return its exit code, negative for a signal."""
        assert self.process is not None, "the daemon was not started"
        return self.process.wait(DEADLINE_S)

    def kill(self) -> None:
        """End it with SIGKILL: no snapshot, no goodbye, and a dead socket stays behind."""
        self.signal(signal.SIGKILL).wait_for_end()

    def pause(self) -> None:
        """Stop it as a debugger or a dead disk would; clients still connect, and nobody answers."""
        self.signal(signal.SIGSTOP)
        wait_until(lambda: _state_of(self.pid) == "T", "mercuryd to be stopped")

    def go_on(self) -> None:
        """Undo ``pause``."""
        self.signal(signal.SIGCONT)

    def restart(self) -> Daemon:
        """End it in order and start the next."""
        assert self.stop() == 0, self.log()
        return self.start()

    def signal(self, number: signal.Signals) -> Daemon:
        """Send a signal."""
        assert self.process is not None, "the daemon was not started"
        self.process.send_signal(number)
        return self

    def close(self) -> None:
        """End it however it is, and take away what a killed one has left."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.go_on()
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"mercuryd did not end on SIGTERM\n{self.log()}") from None
        if self.process.returncode == -signal.SIGKILL:
            self.socket.unlink(missing_ok=True)
            self.socket.with_name(self.socket.name + ".lock").unlink(missing_ok=True)
        assert not self.socket.exists(), f"{self.socket} was left behind"

    def log(self) -> str:
        """Return all that every daemon of this object has logged."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def ctl(self, *arguments: str, timeout_s: float = DEADLINE_S) -> subprocess.CompletedProcess[str]:
        """Run mercuryctl with this daemon's address."""
        line = [
            str(find_program("mercuryctl")),
            "--address",
            self.address,
            "--timeout",
            f"{timeout_s:g}",
            *arguments,
        ]
        environment = clean_environment(self.directory, COLUMNS="200")
        return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=DEADLINE_S + timeout_s)

    def ask(self, *arguments: str) -> Any:
        """Run mercuryctl with --json and return what it printed; fail if its exit code is not 0."""
        done = self.ctl("--json", *arguments)
        assert done.returncode == 0, f"mercuryctl {arguments} ended with {done.returncode}\n{done.stderr}{self.log()}"
        assert done.stdout.isascii(), "--json is ASCII-safe"
        return json.loads(done.stdout)

    def status(self) -> dict[str, Any]:
        """Return ``mercuryctl status --json``."""
        status = self.ask("status")
        assert isinstance(status, dict)
        return status

    def routes(self, kind: str = "request") -> list[dict[str, Any]]:
        """Return the rows of ``mercuryctl routes --json`` of one kind of unit."""
        return [row for row in self.ask("routes") if row["kind"] == kind]

    def wait_for(self, condition: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Poll until the status meets ``condition`` and return it."""
        last: dict[str, Any] = {}

        def met() -> object:
            last.clear()
            last.update(self.status())
            return condition(last)

        try:
            wait_until(met, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the last status was {json.dumps(last, indent=1)}") from None
        return last

    def wait_for_received(self, units: int) -> dict[str, Any]:
        """Wait until that many units (or more) arrived and return the status."""
        return self.wait_for(lambda status: status["units"]["received"] >= units, f"{units} units")

    def wait_for_queries(self, queries: int) -> dict[str, Any]:
        """Wait until that many queries (or more) arrived, those of open units too, and return the status."""
        return self.wait_for(lambda status: status["queries"]["received"] >= queries, f"{queries} queries")

    def wait_for_ended(self, clients: int = 1) -> dict[str, Any]:
        """Wait until that many clients are known and all have said goodbye."""

        def ended(status: dict[str, Any]) -> bool:
            rows = status["clients"]
            return len(rows) >= clients and all(row["state"] == "ended" for row in rows)

        return self.wait_for(ended, f"{clients} clients to end")


def is_ready(path: Path) -> bool:
    """Tell whether somebody listens at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def assert_balanced(status: Mapping[str, Any]) -> None:
    """Check the invariant of PROTOCOL.md §6, per client and in total, and that the total is the sum."""
    rows = [client["units"] for client in status["clients"]]
    for units in (*rows, status["units"]):
        accounted = units["acknowledged"] + sum(units["dropped"].values()) + units["buffered"]
        assert units["created"] == accounted, units
        assert units["acknowledged"] == units["received"] + units["lost_in_restart"], units
    for name in ("created", "acknowledged", "buffered", "received", "lost_in_restart"):
        assert status["units"][name] == sum(units[name] for units in rows), name
    for reason, total in status["units"]["dropped"].items():
        assert total == sum(units["dropped"][reason] for units in rows), reason
