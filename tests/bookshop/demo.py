#!/usr/bin/env python3
"""The demo: a real Django site under four workers, measured by a real mercuryd, shown by mercuryctl.

    .venv/bin/python tests/bookshop/demo.py [--requests 2000]      (what `make demo` runs)

It makes its own copy of the site, database and daemon in a new folder, sends a fixed plan of requests, waits
until every unit has arrived, prints `mercuryctl status` and `mercuryctl routes`, and compares what Mercury counted
with what was sent, route by route. Then it shows the findings, applies the first suggestion that can be applied as
it stands to its copy, restarts the site, and shows that the finding is gone and the page is the same. Everything
it started is stopped again, also after a failure.

Exit code: 0 all counts agree, nothing was dropped and the mended finding is gone, 1 otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
WAIT_S = 60.0


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


def wait_for(what: str, ready: Any) -> None:
    """Ask `ready()` until it is true; give up after a minute with a sentence."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.05)
    raise SystemExit(f"demo: gave up after {WAIT_S:.0f} s waiting for {what}")


def accepts(family: int, address: Any) -> bool:
    """Tell whether somebody listens at the address."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0


@contextlib.contextmanager
def running(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process, its output in `log`; stop it at the end and show the log if it had died by itself."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, **options)
    try:
        yield process
        if process.poll() is not None:
            print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
            raise SystemExit(f"demo: {command[0]} ended by itself with {process.returncode}")
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ctl(address: str, *arguments: str) -> str:
    """Run mercuryctl and return what it printed."""
    done = subprocess.run(
        [str(BIN / "mercuryctl"), "--address", address, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode != 0:
        raise SystemExit(f"demo: mercuryctl {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def compare(sent: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[str]:
    """Return one sentence for each route whose count differs."""
    wanted: Counter[tuple[str, str, str]] = Counter()
    for one in sent:
        wanted[one["method"], one["route"], f"{one['status'] // 100}xx"] += one["count"]
    counted: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if row["kind"] == "request":
            counted[row["method"], row["route"], row["status_class"]] += row["count"]
    return [
        f"{' '.join(key)}: sent {wanted[key]}, counted {counted[key]}"
        for key in sorted(wanted.keys() | counted.keys())
        if wanted[key] != counted[key]
    ]


def demo(folder: Path, requests: int) -> int:
    """Run the whole demo in `folder`; return the exit code."""
    address = f"unix://{folder}/mercuryd.sock"
    port = free_port()
    shop = folder / "site"  # a copy: one of its lines is going to be mended
    shutil.copytree(HERE, shop, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3"))
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "BOOKSHOP_DATA": str(folder),
        "DJANGO_SETTINGS_MODULE": "bookshop.settings",
        "MERCURY_ADDRESS": "",  # the making of the database is not measured
        "MERCURY_MODE": "off",
        "BOOKSHOP_SITES": "all",
    }
    say("a bookshop with its rows, in SQLite")
    for command in (["migrate", "-v", "0"], ["migrate", "-v", "0", "--database", "reports"], ["populate"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=shop, env=environment, check=True)
    environment |= {"MERCURY_ADDRESS": address, "MERCURY_MODE": "auto"}

    say(f"mercuryd at {address}, gunicorn with 4 workers, {requests:,} requests")
    daemon = [str(BIN / "mercuryd"), "--address", address, "--state-dir", str(folder)]
    site = [
        str(BIN / "gunicorn"),
        "bookshop.wsgi",
        "--workers",
        "4",
        "--bind",
        f"127.0.0.1:{port}",
        "--log-level",
        "warning",
    ]
    with running(daemon, folder / "mercuryd.log"):
        wait_for("mercuryd", lambda: accepts(socket.AF_UNIX, f"{folder}/mercuryd.sock"))
        with running(site, folder / "gunicorn.log", cwd=shop, env=environment):
            wait_for("the site", lambda: accepts(socket.AF_INET, ("127.0.0.1", port)))
            load = [
                sys.executable,
                str(HERE / "load.py"),
                f"http://127.0.0.1:{port}",
                "--requests",
                str(requests),
            ]
            subprocess.run([*load, "--json", str(folder / "sent.json")], check=True)
            wait_for("the last units", lambda: all_arrived(address, requests))
            say("mercuryctl status")
            print(ctl(address, "status"), end="")
            say("mercuryctl routes")
            print(ctl(address, "routes"), end="")
        units = json.loads(ctl(address, "status", "--json"))["units"]
        wrong = compare(json.loads((folder / "sent.json").read_text()), routes_of(address))
        say("mercuryctl findings")
        print(ctl(address, "findings", "--limit", "5"), end="")
        wrong += mend_one(address, port, lambda: running(site, folder / "gunicorn2.log", cwd=shop, env=environment))
    dropped = sum(units["dropped"].values())
    if units["created"] != units["acknowledged"] + dropped + units["buffered"] or dropped:
        wrong.append(f"units do not add up: {units}")
    for sentence in wrong:
        print(f"demo: {sentence}", file=sys.stderr)
    if not wrong:
        say("check")
        print(f"Every route counted what was sent to it: {requests:,} requests.")
        created, acknowledged, buffered = (units[key] for key in ("created", "acknowledged", "buffered"))
        print(f"{created:,} units created = {acknowledged:,} acknowledged + 0 dropped + {buffered:,} buffered.")
    return 1 if wrong else 0


def mend_one(address: str, port: int, start: Callable[[], Any]) -> list[str]:
    """Apply one suggestion to the copy of the site and ask for its page again; return what is wrong, if anything."""
    rows = json.loads(ctl(address, "findings", "--json"))
    mendable = [
        row
        for row in rows
        if row["suggestion"]["edit"] and row["route"].startswith(("books/", "api/")) and "<" not in row["route"]
    ]
    if not mendable:
        return ["no finding has a suggestion that can be applied as it stands"]
    row = mendable[0]
    say(f"mercuryctl explain {row['id'][:8]}")
    print(ctl(address, "explain", row["id"]), end="")
    page = "/" + row["route"].rstrip("$")
    with start():
        wait_for("the site", lambda: accepts(socket.AF_INET, ("127.0.0.1", port)))
        before = body_of(port, page)
    edit = row["suggestion"]["edit"]
    say(f"that line mended: {edit['insert'].strip()} at {Path(edit['file']).name}:{edit['line']}")
    apply(edit)
    with start():
        wait_for("the site", lambda: accepts(socket.AF_INET, ("127.0.0.1", port)))
        same = all(body_of(port, page) == before for _ in range(6))
        wait_for("the mended page's units", lambda: state_of(address, row["id"]) == "gone")
        print(ctl(address, "findings", row["route"], "--all"), end="")
    print(f"The finding is {state_of(address, row['id'])}, and the page is {'the same' if same else 'ANOTHER ONE'}.")
    return [] if same else [f"{page} is another page after the edit"]


def state_of(address: str, id: str) -> str:
    """Return the state of a finding: open, gone, constant, ignored."""
    return str(json.loads(ctl(address, "explain", id, "--json"))[0]["state"])


def body_of(port: int, page: str) -> bytes:
    """Return a page's body."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=30) as answer:
        body: bytes = answer.read()
        return body


def apply(edit: dict[str, Any]) -> None:
    """Insert what a suggestion says at its line and column."""
    file = Path(edit["file"])
    lines = file.read_text().splitlines(keepends=True)
    line, column = lines[edit["line"] - 1], edit["column"]
    lines[edit["line"] - 1] = line[:column] + edit["insert"] + line[column:]
    file.write_text("".join(lines))


def routes_of(address: str) -> list[dict[str, Any]]:
    """Return the rows of `mercuryctl routes --json`."""
    rows: list[dict[str, Any]] = json.loads(ctl(address, "routes", "--json"))
    return rows


def all_arrived(address: str, requests: int) -> bool:
    """Tell whether every request has been counted and nothing waits in a client."""
    units = json.loads(ctl(address, "status", "--json"))["units"]
    return bool(units["acknowledged"] >= requests and units["buffered"] == 0)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a bookshop with Mercury.")
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mercury-demo-"))
    try:
        return demo(folder, options.requests)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
