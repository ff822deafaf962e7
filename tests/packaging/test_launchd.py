"""The property list for macOS, as far as it can be judged without launchd."""

from __future__ import annotations

import json
import plistlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.daemon import ROOT, clean_environment, find_program

PLACE = ROOT / "packaging" / "launchd" / "mercuryd.plist"
# Where the client and mercuryctl look on macOS.
SYSTEM_SOCKET = json.loads((ROOT / "proto" / "vectors" / "paths.json").read_text(encoding="utf-8"))["system"]["macos"]
# Of launchd.plist(5), those that a daemon may need: the type of the value. An unknown key is no error for launchd,
# it is left out without a word.
KNOWN: dict[str, type] = {
    "AbandonProcessGroup": bool,
    "Disabled": bool,
    "EnableTransactions": bool,
    "EnvironmentVariables": dict,
    "ExitTimeOut": int,
    "GroupName": str,
    "HardResourceLimits": dict,
    "InitGroups": bool,
    "KeepAlive": dict,
    "Label": str,
    "LowPriorityIO": bool,
    "Nice": int,
    "ProcessType": str,
    "Program": str,
    "ProgramArguments": list,
    "RunAtLoad": bool,
    "SoftResourceLimits": dict,
    "StandardErrorPath": str,
    "StandardInPath": str,
    "StandardOutPath": str,
    "ThrottleInterval": int,
    "Umask": int,
    "UserName": str,
    "WorkingDirectory": str,
}
KEEP_ALIVE = {"SuccessfulExit", "Crashed", "PathState", "OtherJobEnabled", "AfterInitialDemand"}
LIMITS = {
    "Core",
    "CPU",
    "Data",
    "FileSize",
    "MemoryLock",
    "NumberOfFiles",
    "NumberOfProcesses",
    "ResidentSetSize",
    "Stack",
}


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    """Return the property list."""
    with PLACE.open("rb") as file:
        job: dict[str, Any] = plistlib.load(file)
    return job


@pytest.fixture(scope="module")
def commands() -> str:
    """Return what packaging/README.md tells an administrator to do."""
    text = (ROOT / "packaging" / "README.md").read_text(encoding="utf-8")
    found = re.search(r"\n## On macOS, with launchd\n.*?```sh\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_every_key_is_one_that_launchd_knows(job: dict[str, Any]) -> None:
    """Each with a value of its type, down to the second level."""
    assert {name: type(value) for name, value in job.items()} == {name: KNOWN[name] for name in job}
    assert set(job["KeepAlive"]) <= KEEP_ALIVE
    assert set(job["SoftResourceLimits"]) | set(job["HardResourceLimits"]) <= LIMITS
    assert job["ProcessType"] in {"Background", "Standard", "Adaptive", "Interactive"}


def test_it_is_started_anew_unless_it_was_told_to_stop(job: dict[str, Any]) -> None:
    """Not detached, which launchd would take for its end; a private umask; the label is the file's name."""
    assert job["KeepAlive"] == {"SuccessfulExit": False} and job["RunAtLoad"] is True
    assert "--daemonize" not in job["ProgramArguments"]
    assert job["Umask"] == 0o077
    assert job["Label"] == PLACE.stem


def test_the_daemon_takes_its_arguments(job: dict[str, Any], commands: str, tmp_path: Path) -> None:
    """With the configuration that the administrator writes, the daemon says what it would run with."""
    written = re.search(r"echo '(.*?)' \| sudo tee /etc/mercury/mercuryd.json", commands)
    assert written is not None
    configuration = tmp_path / "mercuryd.json"
    configuration.write_text(written.group(1))
    assert json.loads(written.group(1)) == {"socket_mode": "0666"}
    done = subprocess.run(
        [find_program("mercuryd"), *job["ProgramArguments"][1:], "--config", configuration, "--check-config"],
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    settings = dict(re.match(r"(\S+) += (\S+)", line).groups() for line in done.stdout.splitlines())  # type: ignore[union-attr]  # a line that does not match fails the test
    assert settings["address"] == "unix://" + SYSTEM_SOCKET
    assert settings["socket_mode"] == "0666"
    assert settings["idle_exit_s"] == "0"
    assert settings["state_dir"] == "/var/db/mercury/state"
    assert settings["log_file"] == "/var/db/mercury/log/mercuryd.log"


def test_the_commands_make_what_it_names(job: dict[str, Any], commands: str) -> None:
    """Each directory, the user and the program are made before launchd hears of the job."""
    before = commands.split("sudo launchctl")[0]
    arguments = job["ProgramArguments"]
    named = {arguments[arguments.index(flag) + 1] for flag in ("--log-file", "--address")} | {job["StandardErrorPath"]}
    folders = {str(Path(path.removeprefix("unix://")).parent) for path in named}
    folders.add(arguments[arguments.index("--state-dir") + 1])
    assert [folder for folder in sorted(folders) if f" {folder}" not in before] == []
    assert f"/Users/{job['UserName']} " in before and f"/Groups/{job['GroupName']} " in before
    assert str(Path(arguments[0]).parent) + "/\n" in before
