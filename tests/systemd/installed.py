"""Mercury as it is installed in the booted system, and the words to handle it with: for the scenarios of guest.py.

Everything goes through what an operator has: the commands of packaging/README.md, systemctl, journalctl, and the
``mercuryctl`` that was installed.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.client_process import ClientProcess
from support.daemon import ROOT, find_program, wait_until

SOCKET = Path("/run/mercury/mercuryd.sock")
CONFIG = Path("/etc/mercury/mercuryd.json")
STATE = Path("/var/lib/mercury")
PRIORITIES = {"3": "error", "4": "warning", "6": "info", "7": "debug"}


def run(*words: str, status: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Run a command; with ``status`` None it may end as it likes."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert status is None or done.returncode == status, f"{words} ended with {done.returncode}: {done.stderr}"
    return done


def commands(heading: str) -> str:
    """Return the first block of shell commands below a heading of packaging/README.md."""
    text = (ROOT / "packaging" / "README.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found is not None, heading
    return found.group(1)


def install() -> None:
    """Do as packaging/README.md says."""
    shell = commands("On Linux, with systemd").replace("build/release", str(find_program("mercuryd").parent))
    done = subprocess.run(["bash", "-euxc", shell], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def drop_in(text: str) -> None:
    """Change the service as an operator does."""
    place = Path("/etc/systemd/system/mercuryd.service.d")
    place.mkdir(parents=True, exist_ok=True)
    (place / "test.conf").write_text(text)
    run("systemctl", "daemon-reload")


def configure(**settings: object) -> None:
    """Write the daemon's configuration file."""
    CONFIG.write_text(json.dumps(settings))


def show(*names: str, unit: str = "mercuryd.service") -> dict[str, str]:
    """Return properties of a unit."""
    text = run("systemctl", "show", unit, "--property", ",".join(names)).stdout
    return dict(line.split("=", 1) for line in text.splitlines())


def is_active(state: str) -> bool:
    """Tell whether the service is in a state."""
    return show("ActiveState")["ActiveState"] == state


def main_pid() -> int:
    """Return the pid of the daemon that systemd knows."""
    return int(show("MainPID")["MainPID"])


def journal(*options: str) -> list[dict[str, str]]:
    """Return the lines of the service itself: message and priority."""
    text = run("journalctl", "--unit=mercuryd.service", "--output=json", *options).stdout
    rows = [json.loads(line) for line in text.splitlines()]
    return [
        {"message": row["MESSAGE"], "priority": PRIORITIES.get(row["PRIORITY"], row["PRIORITY"])}
        for row in rows
        if row.get("SYSLOG_IDENTIFIER") == "mercuryd"
    ]


def said(text: str) -> bool:
    """Tell whether the daemon has logged a message that begins like this."""
    run("journalctl", "--sync", status=None)
    return any(row["message"].startswith(text) for row in journal())


def status() -> dict[str, Any]:
    """Return ``mercuryctl status --json`` of the installed program, which finds the system's daemon by itself."""
    answer: dict[str, Any] = json.loads(run("/usr/bin/mercuryctl", "--json", "status").stdout)
    return answer


def rows() -> int:
    """Return how many units the daemon has in its routes."""
    routes = json.loads(run("/usr/bin/mercuryctl", "--json", "routes").stdout)
    return sum(row["count"] for row in routes)


def wait_for_status(condition: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
    """Poll until the status is as wanted and return it."""
    last: dict[str, Any] = {}

    def met() -> object:
        last.clear()
        last.update(status())
        return condition(last)

    wait_until(met, what)
    return last


def all_ended(clients: int) -> Callable[[dict[str, Any]], bool]:
    """Return the condition that so many clients have come and said goodbye."""
    return lambda state: [row["state"] for row in state["clients"]] == ["ended"] * clients


def client(code: str, name: str = "client") -> ClientProcess:
    """Return a Python process with the client, in production: it looks for the system's daemon."""
    place = Path("/tmp") / name
    place.mkdir(exist_ok=True)
    return ClientProcess(place, "", code)


def ownership(path: Path) -> str:
    """Return owner, group and mode of a file."""
    facts = path.lstat()
    return f"{path.owner()}:{path.group()} {facts.st_mode & 0o7777:04o}"


def descriptors(pid: int) -> list[int]:
    """Return how many descriptors a process may open: soft limit, hard limit."""
    (line,) = [
        line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max open files")
    ]
    return [int(word) for word in line.split()[3:5]]
