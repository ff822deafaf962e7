"""The Windows that tests on Linux can have: Wine, with CPython for Windows and, where it is built, the real daemon.

A test writes Python that runs in there, and reads what it prints. Programs get pipes for streams, because CPython
under Wine refuses files; and the end of a pipe tells nothing, because Wine's own services and a detached daemon keep
what the process that started them had.
"""

from __future__ import annotations

import fcntl
import json
import os
import queue
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from types import TracebackType
from typing import Any

__all__ = ["DEADLINE_S", "ROOT", "Daemon", "Process", "Windows", "missing", "wait_until", "windows_path"]

DEADLINE_S = 60.0
POLL_S = 0.02
ROOT = Path(__file__).resolve().parents[2]
WINESERVERS = ("/usr/lib/wine/wineserver", "wineserver")
LINGER_S = 30  # how long Wine's server stays after its last process


def interpreter() -> Path:
    """Return the Windows Python: $MERCURY_WINDOWS_PYTHON, or where setup_python.sh puts it."""
    return Path(os.environ.get("MERCURY_WINDOWS_PYTHON") or ROOT / "build" / "windows" / "python" / "python.exe")


def daemon_program() -> Path:
    """Return the daemon: $MERCURYD_EXE, or the build's. mercuryctl.exe is beside it."""
    return Path(os.environ.get("MERCURYD_EXE") or ROOT / "build" / "windows" / "mercuryd.exe")


def missing(*, daemon: bool = False) -> str:
    """Return what is not here, "" if all is."""
    if shutil.which("wine") is None:
        return "wine is not installed"
    if not interpreter().exists():
        return f"{interpreter()} is not there: run tests/windows/setup_python.sh"
    if daemon and not daemon_program().exists():
        return f"{daemon_program()} is not built; MERCURYD_EXE may name another"
    return ""


def windows_path(path: Path) -> str:
    """Return how a Windows program names a file of this machine."""
    return str(PureWindowsPath("Z:", *path.resolve().parts[:1], *path.resolve().parts[1:]))


def wait_until(condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Poll until ``condition()`` is true; after ``deadline_s`` seconds fail and name ``what`` was awaited."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {deadline_s:g} s for {what}"
        time.sleep(POLL_S)


class Output:
    """What a process prints: gathered until it has ended, whoever else still holds its pipe."""

    def __init__(self, process: subprocess.Popen[bytes], take: Callable[[bytes], None] | None = None) -> None:
        self._process = process
        self._chunks: list[bytes] = []
        self._take = take or (lambda data: None)
        self._thread = threading.Thread(target=self._gather, daemon=True)
        self._thread.start()

    def _gather(self) -> None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while True:
            has_ended = self._process.poll() is not None
            if select.select([descriptor], [], [], 0 if has_ended else POLL_S)[0]:
                data = os.read(descriptor, 1 << 16)
                self._chunks.append(data)
                self._take(data)
                has_ended = not data  # there may be more
            if has_ended:
                self._take(b"")
                return

    def text(self) -> str:
        """Return all of it, once the process has ended; before, what there is."""
        if self._process.poll() is not None:
            self._thread.join(DEADLINE_S)
        return b"".join(self._chunks).decode("utf-8", "replace").replace("\r\n", "\n")


class Windows:
    """One Wine prefix, made when it is first needed: ``prefix``, or $WINEPREFIX, or one of the build's."""

    def __init__(self, prefix: Path | None = None) -> None:
        self.prefix = prefix or Path(os.environ.get("WINEPREFIX") or ROOT / "build" / "windows" / "prefix-client")
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MERCURY", "DJANGO_", "PYTHON", "PYTEST_"))
        } | {
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "PYTHONPATH": ";".join(
                windows_path(ROOT / place) for place in ("client_py/src", "tests", "tests/windows")
            ),
        }  # fmt: skip
        self._make_prefix()

    def _make_prefix(self) -> None:
        self.prefix.mkdir(parents=True, exist_ok=True)
        with open(self.prefix / "made.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._start_server()
            if not (self.prefix / "made").exists():
                for command in (["wineboot", "-i"], ["winecfg", "-v", "win10"]):
                    self._run(["wine", *command])
                # Making it leaves two service managers, which know nothing of each other; a new start has one.
                self._server("-k")
                self._server("-w")
                (self.prefix / "made").touch()
                self._start_server()

    def _start_server(self) -> None:
        """Keep Wine's server between processes, which would otherwise cost seconds each."""
        self._server(f"-p{LINGER_S}")

    def _server(self, option: str) -> None:
        server = next((one for one in WINESERVERS if shutil.which(one)), None)
        if server is not None:
            self._run([server, option])

    def _run(self, command: list[str]) -> None:
        subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=120, check=False,
        )  # fmt: skip

    def run(self, program: Path, *arguments: str, deadline_s: float = DEADLINE_S, **environment: str) -> str:
        """Run a program to its end and return what it printed; fail with it if its exit code is not 0."""
        process = self.start(program, *arguments, **environment)
        output = Output(process)
        try:
            code = process.wait(deadline_s)
        finally:
            process.kill()
            process.wait()
        assert code == 0, f"{program.name} exited with {code}:\n{output.text()}"
        return output.text()

    def start(self, program: Path, *arguments: str, talks: bool = False, **environment: str) -> subprocess.Popen[bytes]:
        """Start a program; ``talks``: it is sent something."""
        return subprocess.Popen(
            ["wine", str(program), *arguments],
            env=self.environment | environment,
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def python(self, directory: Path, code: str, **environment: str) -> Any:
        """Run Python code in there; return the last line of JSON that it prints."""
        script = directory / "script.py"
        script.write_text(code, encoding="utf-8")
        text = self.run(interpreter(), windows_path(script), **environment)
        lines = [line for line in text.split("\n") if line.startswith(("{", "["))]
        assert lines, f"the script printed:\n{text}"
        return json.loads(lines[-1])


class Process:
    """A Windows Python that goes on: it prints a line of JSON, and answers each line that it is sent with one."""

    def __init__(self, windows: Windows, script: Path, *arguments: str, **environment: str) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self._rest = b""
        self._process = windows.start(interpreter(), windows_path(script), *arguments, talks=True, **environment)
        self.output = Output(self._process, self._take)

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"{"):
                self._lines.put(line.decode())
        if not data:
            self._lines.put("")

    def hear(self) -> dict[str, Any]:
        """Wait for the next line of JSON."""
        line = self._lines.get(timeout=DEADLINE_S)
        assert line, f"the process ended:\n{self.output.text()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, question: str) -> dict[str, Any]:
        """Send a line and wait for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(question.encode() + b"\n")
        self._process.stdin.flush()
        return self.hear()

    def end(self) -> int:
        """Close its input, which ends it, and return its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(DEADLINE_S)

    def kill(self) -> None:
        """End it, if it has not ended, and print what it told: pytest shows that if the test has failed."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(DEADLINE_S)
        print(self.output.text())


class Daemon:
    """The real mercuryd.exe on a pipe of its own, asked through the real mercuryctl.exe."""

    def __init__(self, windows: Windows, directory: Path, name: str) -> None:
        self.name = name
        self.address = rf"\\.\pipe\{name}"
        self.directory = directory
        self._windows = windows
        self._process: subprocess.Popen[bytes] | None = None
        self._output: Output | None = None

    def start(self) -> Daemon:
        """Start it and wait until it answers."""
        process = self._begin()
        try:
            wait_until(self._answers, f"mercuryd.exe on {self.address}")
        except BaseException:
            process.kill()
            process.wait()
            raise
        return self

    def _begin(self) -> subprocess.Popen[bytes]:
        log = windows_path(self.directory / "mercuryd.log")
        state = windows_path(self.directory / "state")
        self._process = self._windows.start(
            daemon_program(), "--address", self.address, "--log-file", log, "--state-dir", state
        )
        self._output = Output(self._process)
        return self._process

    def run_to_its_end(self) -> tuple[int, str]:
        """Start it where it must not come up; return its exit code and what it told."""
        process = self._begin()
        try:
            code = process.wait(DEADLINE_S)
        finally:
            process.kill()
            process.wait()
        return code, self.told()

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"mercuryd.exe exited with {self._process.returncode}:\n{self.told()}")
        return self.is_there()

    def told(self) -> str:
        """Return what it printed, and its log."""
        log = self.directory / "mercuryd.log"
        printed = self._output.text() if self._output is not None else ""
        return printed + (log.read_text(errors="replace") if log.exists() else "")

    def ask(self, *words: str) -> Any:
        """Return what mercuryctl answers to a command, as it came as JSON."""
        return json.loads(self._control(*words, "--json"))

    def status(self) -> dict[str, Any]:
        """Return what ``mercuryctl status`` says."""
        answer: dict[str, Any] = self.ask("status")
        return answer

    def _control(self, *words: str) -> str:
        return self._windows.run(daemon_program().with_name("mercuryctl.exe"), *words, "--address", self.address)

    def is_there(self) -> bool:
        """Tell whether somebody answers."""
        try:
            self.status()
        except AssertionError:
            return False
        return True

    def ask_to_stop(self) -> None:
        """Send ``mercuryctl stop``."""
        self._control("stop")

    def wait_for(self, condition: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Wait until the status fulfils ``condition``, and return it."""
        last: dict[str, Any] = {}

        def holds() -> object:
            nonlocal last
            last = self.status()
            return condition(last)

        try:
            wait_until(holds, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the last status: {json.dumps(last.get('units'))}\n{self.told()}") from None
        return last

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(DEADLINE_S)

    def hang(self) -> None:
        """Let it do nothing any more, and keep its pipe."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End ``hang``."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self._process is not None
        self.ask_to_stop()
        return self._process.wait(DEADLINE_S)

    def __enter__(self) -> Daemon:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.go_on()
            self.kill()
        if error is not None:
            print(self.told())
