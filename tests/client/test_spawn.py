"""Starting the private daemon on demand, with programs that stand for mercuryd."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from mercury_client import spawn
from mercury_client.paths import Address
from mercury_client.spawn import DaemonStarter, daemon_environment, find_daemon, start_daemon

ADDRESS = Address("/run/nowhere/mercuryd-1.sock")


class World:
    """A user's home and PATH, with a program called mercuryd that a test writes in shell."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.out = folder / "out"
        self.log = folder / "state" / "mercury" / "mercuryd.log"
        self.environ = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
        }

    def install(self, script: str) -> str:
        """Write the program; ``$out`` is a file that it may write to and ``$log`` the daemon's log."""
        program = self.bin / "mercuryd"
        program.write_text(f"#!/bin/sh\nout={self.out}\nlog={self.log}\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        return str(program)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which only PATH holds a daemon."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    return World(tmp_path)


def test_the_daemon_is_called_as_its_manual_says(world: World) -> None:
    """Address, idle exit in seconds, log file, and detached; success is None."""
    world.install('printf "%s\\n" "$@" >"$out"')
    assert start_daemon(ADDRESS, world.environ) is None
    assert world.out.read_text().splitlines() == [
        "--address", "unix:///run/nowhere/mercuryd-1.sock", "--idle-exit", "1800",
        "--log-file", str(world.log), "--daemonize",
    ]  # fmt: skip
    assert stat.S_IMODE(world.log.parent.stat().st_mode) == 0o700


def test_the_daemon_gets_null_streams_a_session_and_no_secret(world: World) -> None:
    """It outlives the site, so it holds nothing of it: no stream, no terminal, no password."""
    world.install('{ readlink /proc/$$/fd/0 /proc/$$/fd/2; ps -o sid= -p $$; echo $$; env; } >"$out"')
    environ = world.environ | {"SECRET_KEY": "hunter2", "DATABASE_URL": "postgres://", "MERCURY_CONFIG": "/x"}
    assert start_daemon(ADDRESS, environ) is None
    lines = world.out.read_text().splitlines()
    assert lines[:2] == ["/dev/null", "/dev/null"]
    assert lines[2].strip() == lines[3]
    assert "MERCURY_CONFIG=/x" in lines
    assert not any("hunter2" in line or "DATABASE_URL" in line for line in lines)


def test_the_daemon_starts_with_default_signals_whatever_its_thread_blocks(world: World) -> None:
    """An inherited mask or an ignored SIGTERM would make a daemon that cannot be stopped."""
    world.install('exec grep -E "^Sig(Blk|Ign)" /proc/self/status >"$out"')
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        assert start_daemon(ADDRESS, world.environ) is None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGTERM, before)
    blocked, ignored = (int(line.split()[1], 16) for line in world.out.read_text().splitlines())
    ours = sum(1 << (number - 1) for number in signal.valid_signals())  # the C library keeps two for itself
    assert (blocked & ours, ignored & ours) == (0, 0)


def test_no_child_is_left_to_reap(world: World) -> None:
    """What was started from a worker's thread is waited for there."""
    world.install("exit 0")
    causes: list[str | None] = []
    thread = threading.Thread(target=lambda: causes.append(start_daemon(ADDRESS, world.environ)))
    thread.start()
    thread.join(20)
    assert causes == [None]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_failure_is_told_with_the_status_and_the_last_line_of_the_log(world: World) -> None:
    """The real cause, and not what an earlier attempt has logged."""
    world.log.parent.mkdir(parents=True)
    world.log.write_text("an old line\n")
    program = world.install('printf "starting\\ncannot bind: address in use\\n\\n" >>"$log"; exit 78')
    cause = start_daemon(ADDRESS, world.environ)
    assert cause == f"{program} exited with status 78: cannot bind: address in use"


def test_a_failure_that_logs_nothing_names_the_log(world: World) -> None:
    """Old lines are no cause."""
    world.log.parent.mkdir(parents=True)
    world.log.write_text("an old line\n")
    program = world.install("kill -9 $$")
    assert start_daemon(ADDRESS, world.environ) == f"{program} was ended by SIGKILL; see {world.log}"


def test_a_log_that_was_begun_anew_is_read_from_its_start(world: World) -> None:
    """mercuryd bounds its log by starting a new one."""
    world.log.parent.mkdir(parents=True)
    world.log.write_text("an old line\n" * 100)
    world.install('echo "no room" >"$log"; exit 1')
    assert (start_daemon(ADDRESS, world.environ) or "").endswith("exited with status 1: no room")


def test_a_program_that_does_not_come_back_is_ended(world: World) -> None:
    """The flusher waits for a limited time, and leaves nothing behind."""
    program = world.install("exec sleep 600")
    start = time.monotonic()
    cause = start_daemon(ADDRESS, world.environ, timeout_s=0.2)
    assert cause == f"{program} was not ready after 0.2 s; see {world.log}"
    assert time.monotonic() - start < 10
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_program_that_cannot_run_is_a_sentence(world: World) -> None:
    """A binary of another system, a file that is no program."""
    program = Path(world.install(""))
    program.write_bytes(b"\x7fELF, but not really")
    cause = start_daemon(ADDRESS, world.environ)
    assert cause is not None
    assert cause.startswith(f"{program} ")
    assert "Exec format error" in cause or "exited with status 127" in cause


def test_no_daemon_at_all_is_a_sentence(world: World) -> None:
    """It says where we looked."""
    cause = start_daemon(ADDRESS, {"PATH": str(world.bin)})
    assert cause == f"mercuryd is not next to {sys.executable}, in the package mercury_client or on PATH"


def test_whatever_goes_wrong_never_raises(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application must not see our exceptions."""
    world.install("exit 0")

    def broken(*_: object) -> int:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(spawn, "run_daemon", broken)
    assert start_daemon(ADDRESS, world.environ) == "mercuryd could not be started: ZeroDivisionError: a defect"


def test_a_status_that_somebody_else_took_is_no_failure(world: World) -> None:
    """With SIGCHLD ignored the system reaps; the connection that is tried next shows the truth."""
    world.install('echo ran >"$out"; exit 3')
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert start_daemon(ADDRESS, world.environ) is None
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert world.out.read_text() == "ran\n"


def test_a_user_without_a_place_for_a_log_gets_a_daemon_all_the_same(world: World) -> None:
    """The log is a help, not a condition."""
    (Path(world.environ["HOME"]) / "state").write_text("a file where a directory should be")
    world.install('printf "%s " "$@" >"$out"')
    assert start_daemon(ADDRESS, world.environ) is None
    assert "--log-file" not in world.out.read_text()


def test_the_daemon_next_to_python_comes_before_the_one_on_path(world: World) -> None:
    """A virtual environment brings the daemon of its own version; a relative PATH is nobody's friend."""
    on_path = world.install("exit 0")
    assert find_daemon(world.environ) == on_path
    venv = Path(sys.executable).parent
    venv.mkdir(parents=True)
    (venv / "mercuryd").write_text("#!/bin/sh\n")
    assert find_daemon(world.environ) == on_path  # it is not executable
    (venv / "mercuryd").chmod(0o755)
    assert find_daemon(world.environ) == str(venv / "mercuryd")


def test_a_relative_entry_of_path_is_not_searched(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory of the moment may be anybody's."""
    world.install("exit 0")
    monkeypatch.chdir(world.bin)
    assert find_daemon({"PATH": ".::bin"}) is None


def test_only_what_a_daemon_needs_is_passed_on() -> None:
    """Names that are not known to be harmless stay here."""
    given = {
        "HOME": "/h",
        "LC_ALL": "C",
        "XDG_RUNTIME_DIR": "/r",
        "MERCURY_LOG_LEVEL": "debug",
        "AWS_KEY": "x",
    }
    assert daemon_environment(given) == {name: value for name, value in given.items() if name != "AWS_KEY"}


def test_attempts_are_spaced_by_a_growing_back_off() -> None:
    """Failures wait 1, 2, 4 … 60 s; after a success it begins again, and the cause is gone."""
    now = 0.0
    outcomes: list[str | None] = ["no disk"] * 8
    attempts: list[float] = []

    def start(address: Address, environ: Mapping[str, str]) -> str | None:
        assert address == ADDRESS
        attempts.append(now)
        return outcomes.pop(0) if outcomes else None

    starter = DaemonStarter({}, clock=lambda: now, start=start)
    started: list[float] = []
    while now < 260:
        if starter.start(ADDRESS):
            started.append(now)
        assert starter.cause == (None if started else "no disk")
        now += 0.5
    assert attempts[:9] == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0, 183.0]
    assert started[:3] == [183.0, 184.0, 185.0]
