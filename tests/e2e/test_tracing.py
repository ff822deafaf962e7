"""The probes of mercuryd: that they are in the program, and that a listener hears real units through them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.client_process import ClientProcess
from support.daemon import DEADLINE_S, Daemon, clean_environment, find_program, is_ready, wait_until

ARGUMENTS = {"unit": 4, "finding": 3, "state": 1}
HEARD = {
    "unit": ("%s %lu %lu %lu", ("(char*)$_probe_arg0", "$_probe_arg1", "$_probe_arg2", "$_probe_arg3")),
    "finding": ("%s %s %lu", ("(char*)$_probe_arg0", "(char*)$_probe_arg1", "$_probe_arg2")),
    "state": ("%s", ("(char*)$_probe_arg0",)),
}


def probes() -> Iterator[tuple[str, int, int]]:
    """Return name, number of arguments and address of the counter of each probe in mercuryd, as readelf reads them."""
    notes = subprocess.run(
        ["readelf", "-n", "--wide", str(find_program("mercuryd"))], capture_output=True, text=True, check=True
    ).stdout
    for note in re.finditer(
        r"Provider: mercuryd\s+Name: (\w+)\s+Location: \w+, Base: \w+, Semaphore: (\w+)\s+Arguments: (.*)", notes
    ):
        yield note[1], len(note[3].split()), int(note[2], 16)


def needs_probes() -> dict[str, tuple[int, int]]:
    """Return arguments and counter by probe; skip if mercuryd was built where there is no sys/sdt.h."""
    found = {name: (arguments, counter) for name, arguments, counter in probes()}
    if not found and not [*Path("/usr/include").glob("sys/sdt.h"), *Path("/usr/include").glob("*/sys/sdt.h")]:
        pytest.skip("sys/sdt.h is not installed (package systemtap-sdt-dev)")
    return found


def test_the_program_has_its_probes() -> None:
    """Each has its arguments and a counter of its listeners, so that nothing is prepared for nobody."""
    found = needs_probes()
    assert {name: arguments for name, (arguments, _) in found.items()} == ARGUMENTS
    assert len({counter for _, counter in found.values()}) == 3 and all(counter for _, counter in found.values())


def test_a_listener_hears_units_findings_and_states(tmp_path: Path, leaves_nothing_behind: None) -> None:
    """gdb listens as a tracer does, by the notes and the counters; what it hears is what mercuryctl says."""
    needs_probes()
    gdb = shutil.which("gdb")
    if gdb is None:
        pytest.skip("gdb is not installed")
    daemon = Daemon(tmp_path)
    script, heard = tmp_path / "listen.gdb", tmp_path / "heard.log"
    lines = ["set pagination off", "set auto-solib-add off", "set debuginfod enabled off"]
    for name, (form, values) in HEARD.items():
        lines += [f"break -probe-stap mercuryd:{name}", "commands", "silent"]
        lines += [f'printf "heard {name} {form}\\n", {", ".join(values)}', "continue", "end"]
    script.write_text("\n".join([*lines, "run"]) + "\n")
    environment = clean_environment(tmp_path, ASAN_OPTIONS="detect_leaks=0")
    command = [gdb, "-nx", "-q", "-batch", "-x", str(script), "--args", *daemon.command()]
    with heard.open("wb") as output:
        listener = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            wait_until(lambda: listener.poll() is not None or is_ready(daemon.socket), "mercuryd to listen")
            if "ptrace: Operation not permitted" in heard.read_text(errors="replace"):
                pytest.skip("this machine lets nobody debug")
            assert listener.poll() is None, heard.read_text(errors="replace")
            code = "work(1, queries=2, name='few'); work(1, queries=12, name='many'); flush()"
            ClientProcess(tmp_path, daemon.address, code).run()
            findings, rows = daemon.ask("findings"), daemon.ask("units")
            daemon.ctl("stop")
            listener.wait(DEADLINE_S)
        finally:
            listener.kill()
            listener.wait()
    said: dict[str, list[list[str]]] = {name: [] for name in HEARD}
    for line in heard.read_text().splitlines():
        if line.startswith("heard "):
            name, *values = line.split()[1:]
            said[name].append(values)
    assert said["state"] == [["starting"], ["ready"], ["stopping"], ["stopped"]]
    durations = {row["route"]: round(row["duration_ms"], 1) for row in rows}
    units = {route: (round(int(ns) / 1e6, 1), queries, found) for route, ns, queries, found in said["unit"]}
    assert units == {"few": (durations["few"], "2", "0"), "many": (durations["many"], "12", "1")}
    (finding,) = findings
    assert said["finding"] == [[finding["kind"], "many", "12"]]
