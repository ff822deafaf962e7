"""The programs for other systems, as packaging/targets/build.sh leaves them: what each file is, and what it counts.

A target that was not built is skipped, with MERCURY_REQUIRE_TARGETS=1 it fails. Linux' two are run: the foreign one
under qemu, which runs the program and leaves the system calls to this kernel. The others are read only here; `make
targets` runs tests/windows with the one for Windows on x86-64.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest

from support.binary import Binary
from support.client_process import ClientProcess
from support.daemon import ROOT, Daemon, assert_balanced

TARGETS = ROOT / "build" / "targets"
BYTES_MAX = 3_000_000
MACOS_LIBRARIES = frozenset({"/usr/lib/libSystem.B.dylib"})
WINDOWS_LIBRARIES = {"advapi32.dll", "kernel32.dll", "msvcrt.dll", "mswsock.dll", "ntdll.dll", "ws2_32.dll"}

STATIC = [
    ("linux-x86_64", Binary("ELF", "x86_64")),
    ("linux-aarch64", Binary("ELF", "aarch64")),
]
MACOS = [
    ("macos-x86_64", Binary("Mach-O", "x86_64", MACOS_LIBRARIES, minimum="11.0")),
    ("macos-arm64", Binary("Mach-O", "arm64", MACOS_LIBRARIES, minimum="11.0", signed=True)),
]
WINDOWS = [("windows-x86_64", "x86_64"), ("windows-arm64", "arm64")]
PROGRAMS = ("mercuryd", "mercuryctl")


def missing(what: str) -> NoReturn:
    """Skip the test, or fail it where everything must have been built."""
    if os.environ.get("MERCURY_REQUIRE_TARGETS") == "1":
        pytest.fail(what)
    pytest.skip(what)


def built(target: str, program: str) -> Path:
    """Return a program of a target."""
    file = TARGETS / target / program
    if not file.is_file():
        missing(f"{file} was not built; run packaging/targets/build.sh {target}")
    return file


@pytest.fixture(params=["linux-x86_64", "linux-aarch64"])
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A target for Linux, whose programs are those that the test's daemon and mercuryctl will be."""
    name = str(request.param)
    machine = name.partition("-")[2]
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in PROGRAMS:
        file = built(name, program)
        if os.uname().machine == machine:
            (programs / program).symlink_to(file)
            continue
        qemu = shutil.which(f"qemu-{machine}-static")
        if qemu is None:
            missing(f"qemu-{machine}-static is not installed (package qemu-user-static)")
        (programs / program).write_text(f'#!/bin/sh\nexec {qemu} {file} "$@"\n')
        (programs / program).chmod(0o755)
    monkeypatch.setenv("MERCURY_BIN_DIR", str(programs))
    return name


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("target", "expected"), STATIC + MACOS)
def test_a_file_is_what_its_target_says(target: str, expected: Binary, program: str) -> None:
    """Linux: no interpreter and no library, so no C library either. macOS: the system's own, and a signature on ARM."""
    found = Binary.read(built(target, program))
    if expected.machine == "x86_64":  # Intel's Macs start unsigned programs, too
        found = Binary(found.format, found.machine, found.libraries, found.interpreter, found.minimum)
    assert found == expected


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("target", [name for name, _ in MACOS])
def test_a_file_for_macos_knows_where_the_hosts_daemon_is(target: str, program: str) -> None:
    """That nothing is run leaves one answer of platform/macos that can be read, and it is part of the contract."""
    table = json.loads((ROOT / "proto" / "vectors" / "paths.json").read_text(encoding="utf-8"))
    assert table["system"]["macos"].encode() + b"\0" in built(target, program).read_bytes()


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("target", "machine"), WINDOWS)
def test_a_file_for_windows_loads_libraries_of_windows_only(target: str, machine: str, program: str) -> None:
    """The C library is one of them: msvcrt.dll, or on ARM the set of api-ms-win-crt-*.dll that came with Windows 10."""
    found = Binary.read(built(target, f"{program}.exe"))
    assert (found.format, found.machine) == ("PE", machine)
    own = {name for name in found.libraries if not name.startswith("api-ms-win-crt-")}
    assert "kernel32.dll" in own
    assert own <= WINDOWS_LIBRARIES


@pytest.mark.parametrize("name", [name for name, _ in STATIC + MACOS + WINDOWS])
def test_a_daemon_has_at_most_3_mb(name: str) -> None:
    """Stripped, with its C++ library."""
    file = built(name, "mercuryd.exe" if name.startswith("windows-") else "mercuryd")
    assert 500_000 < file.stat().st_size <= BYTES_MAX


SCENARIO = """
work(40, queries=3, name="basket"); work(2, queries=10, name="list")
flush()
say(f"pid {os.getpid()}"); hear("end")
"""


def counts(daemon: Daemon) -> dict[str, Any]:
    """Return what a daemon has counted of SCENARIO, by the figures that are the same on every machine."""
    status = daemon.status()
    return {
        "units": status["units"]["received"],
        "queries": status["queries"]["received"],
        "errors": status["errors"],
        "rejects": status["rejects"],
        "blocks": {row["route"]: (row["count"], row["queries"]["total"]) for row in daemon.routes("block")},
        "calls": sum(row["calls"] for row in daemon.ask("statements")),
    }


EXPECTED = {
    "units": 42,
    "queries": 140,
    "errors": {},
    "rejects": {},
    "blocks": {"basket": (40, 120), "list": (2, 20)},
    "calls": 140,
}


def test_a_daemon_for_linux_counts_what_a_client_sends_and_keeps_it(tmp_path: Path, target: str) -> None:
    """From start to end and start again: version, peer, counts, snapshot, exit code."""
    with Daemon(tmp_path) as daemon:
        assert daemon.ctl("version").stdout.startswith("mercuryctl 0.1.0")
        with ClientProcess(tmp_path, daemon.address, SCENARIO) as process:
            pid = int(process.hear("pid"))
            status = daemon.wait_for_received(42)
            assert status["pid"] == daemon.pid
            assert [client["pid"] for client in status["clients"]] == [pid]  # the kernel's word, not the client's
            assert status["memory_bytes"] > 1_000_000
            process.say("end")
        assert_balanced(daemon.wait_for_ended())
        assert counts(daemon) == EXPECTED
        daemon.restart()
        assert counts(daemon) == EXPECTED
        assert daemon.stop() == 0


class ImprisonedDaemon(Daemon):
    """A mercuryd that sees a directory with nothing in it but itself, and no variable."""

    def __init__(self, root: Path, directory: Path) -> None:
        super().__init__(directory)
        self.root = root
        self.socket = root / "mercuryd.sock"
        self.address = f"unix://{self.socket}"

    def command(self) -> list[str]:
        """Return the command line that ``start`` uses."""
        daemon = ["/mercuryd", "--address", "unix:///mercuryd.sock", "--state-dir", "/state", "--config", ""]
        return ["env", "-i", shutil.which("chroot") or "chroot", str(self.root), *daemon]


@pytest.mark.skipif(os.geteuid() != 0, reason="chroot is root's")
def test_a_daemon_for_linux_needs_no_file_of_the_system(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No C library, no /etc, no /proc, no /dev: what runs here runs on glibc, on musl, in an empty container."""
    machine = os.uname().machine
    daemon_file = built(f"linux-{machine}", "mercuryd")
    monkeypatch.setenv("MERCURY_BIN_DIR", str(daemon_file.parent))
    root = tmp_path_factory.mktemp("root")
    shutil.copy(daemon_file, root / "mercuryd")
    with ImprisonedDaemon(root, tmp_path) as daemon:
        with ClientProcess(tmp_path, daemon.address, SCENARIO) as process:
            process.hear("pid")
            process.say("end")
        assert_balanced(daemon.wait_for_ended())
        assert counts(daemon) == EXPECTED
        assert daemon.stop() == 0
    assert sorted(path.name for path in root.iterdir()) == ["mercuryd", "state"]
