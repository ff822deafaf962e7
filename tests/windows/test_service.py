"""mercuryd as a service of Windows: by its own command and by `sc`, through Wine's service manager."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from windows.conftest import need
from windows.world import ROOT, Windows, daemon_program, missing, wait_until

SYSTEM_DLLS = {"ADVAPI32.dll", "KERNEL32.dll", "msvcrt.dll", "WS2_32.dll"}
PIPE = r"\\.\pipe\mercuryd"
UNAVAILABLE, CONFIGURATION = 69, 78


class Manager:
    """Wine's service manager, and the programs that speak with it."""

    def __init__(self, windows: Windows, folder: Path) -> None:
        self._windows = windows
        self._output = folder / "output"

    def run(self, program: str, *arguments: str) -> tuple[int, str]:
        """Run a program; return its exit code and what it printed: into a file, since services keep a pipe open."""
        with open(self._output, "w+") as output:
            done = subprocess.run(
                ["wine", program, *arguments], env=self._windows.environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, timeout=120, check=False,
            )  # fmt: skip
            output.seek(0)
            return done.returncode, output.read()

    def service(self, *arguments: str) -> tuple[int, str]:
        """Run `mercuryd service …`."""
        return self.run(str(daemon_program()), "service", *arguments)

    def state(self) -> str:
        """Return the first line of `mercuryd service status`."""
        return self.service("status")[1].splitlines()[0]


@pytest.fixture(scope="module")
def windows() -> Windows:
    """A Windows of our own: where processes were killed in the other, the service manager is one of them at times."""
    need(missing())
    return Windows(ROOT / "build" / "windows" / "prefix-service")


@pytest.fixture
def manager(windows: Windows, tmp_path: Path) -> Iterator[Manager]:
    """The service manager, without our service before and after."""
    need(missing(daemon=True))
    found = Manager(windows, tmp_path)
    found.service("uninstall")
    yield found
    found.service("uninstall")


def test_a_service_is_installed_started_queried_stopped_and_removed(manager: Manager) -> None:
    code, text = manager.service("install")
    assert code == 0 and "installed: " in text
    assert f'service run --address "{PIPE}" --state-dir "C:\\ProgramData\\mercury"' in text
    assert manager.service("install")[1] == (
        "mercuryd: there is a service mercuryd already; `mercuryd service uninstall` removes it\n"
    )
    assert manager.state() == "mercuryd is stopped, and was never started"

    assert manager.service("start") == (0, "mercuryd runs\n")
    assert manager.state().startswith("mercuryd is running, pid ")
    status = json.loads(manager.run(str(daemon_program().with_name("mercuryctl.exe")), "status", "--json")[1])
    assert status["address"] == PIPE
    doctor = manager.run(str(daemon_program().with_name("mercuryctl.exe")), "doctor")[1]
    (mode,) = [line for line in doctor.splitlines() if " mode " in line]
    assert mode.startswith(f"ok    mode       {PIPE} has O:S-1-5-") and mode.endswith("(A;;0x12019b;;;AU)")
    assert manager.service("start")[1] == "mercuryd: the service mercuryd runs already\n"
    assert manager.service("stop") == (0, "mercuryd is stopped\n")
    assert manager.state() == "mercuryd is stopped"

    assert manager.service("uninstall") == (0, "mercuryd is removed\n")
    assert manager.service("status") == (
        UNAVAILABLE, "mercuryd: there is no service mercuryd; `mercuryd service install` makes it\n"
    )  # fmt: skip


def test_sc_starts_and_stops_it_as_any_service(manager: Manager) -> None:
    manager.service("install")
    started = manager.run("sc", "start", "mercuryd")[1]
    assert "START_PENDING" in started or "RUNNING" in started  # it is quick
    wait_until(lambda: "RUNNING" in manager.run("sc", "query", "mercuryd")[1], "the service to run")
    manager.run("sc", "stop", "mercuryd")
    wait_until(lambda: "STOPPED" in manager.run("sc", "query", "mercuryd")[1], "the service to stop")
    assert manager.state() == "mercuryd is stopped"


def test_one_that_is_starting_is_stopped_when_it_has_started(manager: Manager) -> None:
    program = ROOT / "build" / "windows" / "tests" / "slow_service.exe"
    need("" if program.is_file() else f"{program} is not built")
    slow = str(program)
    manager.run("sc", "create", "mercuryd", "binPath=", slow)
    manager.run("sc", "start", "mercuryd")
    assert manager.state().startswith("mercuryd is starting, pid ")
    assert manager.run(slow, "100")[1] == (
        "the service mercuryd is still starting after 100 ms and can not be stopped before it has started; "
        "try again later\n"
    )
    assert manager.service("stop") == (0, "mercuryd is stopped\n")
    assert manager.state() == "mercuryd is stopped"
    assert manager.service("stop")[1] == "mercuryd: the service mercuryd does not run\n"


def test_a_broken_configuration_is_an_exit_code_and_not_a_hang(manager: Manager, windows: Windows) -> None:
    """The sentence goes into the event log, which Wine takes and does not show."""
    (windows.prefix / "drive_c" / "broken.json").write_text('{"idle_exit_s": "soon"}')
    manager.service("install", "--config", r"C:\broken.json")
    code, text = manager.service("start")
    assert code != 0
    assert f"the service mercuryd ended at once with code {CONFIGURATION}; the event log (source mercuryd)" in text
    assert manager.state() == f"mercuryd is stopped, ended with code {CONFIGURATION}"


def test_run_is_for_the_service_manager_alone(manager: Manager) -> None:
    code, text = manager.service("run")
    assert code == 2 and "use `mercuryd service start`, or mercuryd alone" in text


def test_the_programs_import_the_systems_own_libraries_only() -> None:
    need(missing(daemon=True))
    for name in ("mercuryd.exe", "mercuryctl.exe"):
        done = subprocess.run(
            ["x86_64-w64-mingw32-objdump", "-p", str(daemon_program().with_name(name))],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        imported = {line.split()[-1] for line in done.stdout.splitlines() if "DLL Name:" in line}
        assert imported and imported <= SYSTEM_DLLS, name
