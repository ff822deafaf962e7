"""A real Django site in a Windows Python, a real pipe, the real mercuryd.exe: what was sent is what was counted."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from windows.conftest import need
from windows.world import DEADLINE_S, Daemon, Process, Windows, daemon_program, missing, wait_until, windows_path

SITE = Path(__file__).with_name("site_process.py")
BOOKS = 20
LIST, ONE = "books/", "books/<int:number>/"


class Site:
    """The site while it runs."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.port = process.hear()["port"]

    def get(self, path: str) -> Any:
        """Ask for a page, which must come whatever the daemon does."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=DEADLINE_S) as answer:
            assert answer.status == 200
            content = json.load(answer)
        return content

    def work(self, rounds: int) -> None:
        """Ask for both pages, ``rounds`` times; the list is now short and now long."""
        for number in range(rounds):
            first = BOOKS if number % 2 else BOOKS // 2
            assert len(self.get(f"books/?first={first}")["books"]) == first
            assert self.get(f"books/{number % BOOKS + 1}/") == {"title": f"book {number % BOOKS + 1}"}

    def flush(self) -> dict[str, Any]:
        """Send what is there; return the site's own counters, which must add up."""
        stats = self.process.ask("flush")
        assert stats["created"] == stats["acknowledged"] + sum(stats["dropped"].values()) + stats["buffered"]
        assert stats["internal_errors"] == 0
        return stats


OpenSite = Callable[..., Site]


@pytest.fixture
def open_site(windows: Windows, tmp_path: Path) -> Iterator[OpenSite]:
    """Start a site with a new database; all are ended after the test."""
    running: list[Process] = []

    def start(*arguments: str, script: Path = SITE, **environment: str) -> Site:
        database = windows_path(tmp_path / f"site-{len(running)}.sqlite3")
        running.append(Process(windows, script, database, *arguments, **environment))
        return Site(running[-1])

    yield start
    for process in running:
        process.kill()


def routes(daemon: Daemon) -> dict[str, dict[str, Any]]:
    """Return the daemon's rows of routes by name."""
    return {row["route"]: row for row in daemon.ask("routes")}


def balanced(status: dict[str, Any]) -> bool:
    """Tell whether every unit is accounted for."""
    units = status["units"]
    return bool(units["created"] == units["acknowledged"] + sum(units["dropped"].values()) + units["buffered"])


def test_what_a_site_sends_is_what_the_daemon_counts(daemon: Daemon, open_site: OpenSite) -> None:
    """Requests, queries, units and the N+1 of the list: equal at both ends of the pipe, and at the site's end, too."""
    site = open_site(daemon.address)
    site.work(20)
    stats = site.flush()
    assert stats["state"] == "connected" and stats["address"] == daemon.address
    assert stats["acknowledged"] == stats["created"] > 40

    status = daemon.wait_for(lambda now: now["units"]["received"] == stats["created"], "all units")
    assert balanced(status)
    assert status["units"]["duplicates"] == 0 and status["queries"]["received"] == stats["queries"]
    rows = routes(daemon)
    assert (rows[LIST]["count"], rows[LIST]["queries"]["mean"]) == (20, 1 + BOOKS * 0.75)
    assert (rows[ONE]["count"], rows[ONE]["queries"]["mean"]) == (20, 1)
    found = [(one["route"], one["repeats_max"], one["relation"]) for one in daemon.ask("findings")]
    assert found == [(LIST, BOOKS, "shop.Book.author")]

    site.work(3)
    assert site.process.end() == 0
    status = daemon.wait_for(lambda now: now["clients"][0]["state"] == "ended", "the site's goodbye")
    assert routes(daemon)[LIST]["count"] == 23 and balanced(status)


def test_a_daemon_that_is_killed_costs_no_request_and_no_unit(daemon: Daemon, open_site: OpenSite) -> None:
    """Requests go on without it; what waited is sent to the next one, under the numbers that it had."""
    site = open_site(daemon.address)
    site.work(5)
    known = site.flush()["created"]
    daemon.kill()
    site.work(10)
    lost = site.process.ask("stats")
    assert lost["acknowledged"] == known and lost["buffered"] == lost["created"] - known >= 20
    daemon.start()
    after = site.flush()
    assert after["arrived"] and after["acknowledged"] == after["created"] and after["dropped"] == {}
    status = daemon.wait_for(lambda now: now["units"]["created"] == after["created"], "the rest")
    units = status["units"]
    assert units["received"] + units["lost_in_restart"] >= after["created"] and balanced(status)


def test_a_daemon_that_hangs_costs_no_request(daemon: Daemon, open_site: OpenSite) -> None:
    """It keeps its pipe and reads nothing; the site answers, and later everything arrives."""
    site = open_site(daemon.address)
    site.work(2)
    site.flush()
    daemon.hang()
    site.work(20)
    hung = site.process.ask("stats")
    assert hung["created"] > hung["acknowledged"]
    daemon.go_on()
    after = site.flush()
    assert after["arrived"] and after["dropped"] == {}
    status = daemon.wait_for(lambda now: now["units"]["received"] == after["created"], "all units")
    assert balanced(status)


def test_a_daemon_that_is_stopped_ends_in_order_and_nothing_is_lost(daemon: Daemon, open_site: OpenSite) -> None:
    """GOAWAY, the rest, BYE; the next daemon begins with the snapshot and knows what it has seen."""
    site = open_site(daemon.address)
    site.work(5)
    before = site.flush()
    assert daemon.stop() == 0
    site.work(5)
    daemon.start()
    after = site.flush()
    assert after["arrived"] and after["acknowledged"] == after["created"] > before["created"]
    status = daemon.wait_for(lambda now: now["units"]["received"] == after["created"], "all units")
    assert balanced(status) and status["units"]["lost_in_restart"] == 0
    assert routes(daemon)[LIST]["count"] == 10


def test_of_two_daemons_for_one_name_the_second_is_not_needed(daemon: Daemon, windows: Windows, tmp_path: Path) -> None:
    """It ends with 0 and a sentence, as on Linux, and harms nobody: the first still answers."""
    second = Daemon(windows, tmp_path / "second", daemon.name)
    second.directory.mkdir()
    pid = daemon.status()["pid"]
    code, told = second.run_to_its_end()
    assert code == 0
    assert "another mercuryd" in told and daemon.address in told
    assert daemon.status()["pid"] == pid


STRANGER = """
import json, sys
from mercury_client.paths import private_address
from pipe_server import PipeServer
name = sys.argv[2] if len(sys.argv) > 2 else private_address({}).path
with PipeServer(name, owner="S-1-5-21-1-2-3-1001") as server:
    print(json.dumps({"port": 0}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"bytes": server.received()}), flush=True)
"""


def test_a_name_that_a_stranger_has_is_no_place_for_a_daemon(
    windows: Windows, tmp_path: Path, open_site: OpenSite
) -> None:
    """It says who has it, and exits with an error that gunicorn does not take for one of its own."""
    need(missing(daemon=True))
    stranger = tmp_path / "stranger.py"
    stranger.write_text(STRANGER, encoding="utf-8")
    daemon = Daemon(windows, tmp_path, f"mercury-taken-{os.getpid()}")
    taker = open_site(daemon.address, script=stranger)
    code, told = daemon.run_to_its_end()
    assert code not in (0, 3, 4)
    assert daemon.address in told
    assert taker.process.ask("bytes") == {"bytes": 0}


def test_a_site_whose_private_name_is_taken_sends_nothing_and_answers(
    windows: Windows, tmp_path: Path, open_site: OpenSite
) -> None:
    """Somebody else's process was first: the client refuses to talk to it, and the requests go on."""
    need(missing(daemon=True))
    stranger = tmp_path / "stranger.py"
    stranger.write_text(STRANGER, encoding="utf-8")
    taker = open_site(script=stranger)
    local = tmp_path / "local"
    local.mkdir()
    site = open_site(script=site_with_daemon(tmp_path), MERCURY_TEST_LOCAL=windows_path(local))
    site.work(3)
    wait_until(lambda: site.process.ask("stats")["last_error"], "the refusal")
    stats = site.process.ask("stats")
    assert "refused to talk to" in stats["last_error"] and stats["acknowledged"] == 0
    assert taker.process.ask("bytes") == {"bytes": 0}


def site_with_daemon(directory: Path) -> Path:
    """Write a site whose package has the daemon in it, as an installed wheel has, and a state of its own."""
    package = directory / "package"
    shutil.copytree(SITE.parents[2] / "client_py" / "src", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "mercury_client" / "bin").mkdir()
    shutil.copy(daemon_program(), package / "mercury_client" / "bin" / "mercuryd.exe")
    script = directory / "site_with_daemon.py"
    script.write_text(
        f"""
import os, runpy, sys
sys.path.insert(0, {windows_path(package)!r})
os.environ["LOCALAPPDATA"] = os.environ["MERCURY_TEST_LOCAL"]
runpy.run_path({windows_path(SITE)!r}, run_name="__main__")
""",
        encoding="utf-8",
    )
    return script


def test_the_first_request_starts_the_users_own_daemon_from_a_copy(
    windows: Windows, tmp_path: Path, open_site: OpenSite
) -> None:
    """Detached: it outlives the site. A copy: the file in the package can be replaced while it runs."""
    need(missing(daemon=True))
    local = tmp_path / "local"
    local.mkdir()
    script = site_with_daemon(tmp_path)
    site = open_site(script=script, MERCURY_TEST_LOCAL=windows_path(local))
    site.work(3)
    stats = site.flush()
    assert stats["arrived"] and stats["acknowledged"] == stats["created"] > 6
    daemon = Daemon(windows, tmp_path, stats["address"].rpartition("\\")[2])
    try:
        pid = daemon.status()["pid"]
        (copy,) = (local / "mercury" / "bin").glob("*/mercuryd.exe")
        assert copy.read_bytes() == daemon_program().read_bytes()
        installed = tmp_path / "package" / "mercury_client" / "bin" / "mercuryd.exe"
        windows.python(tmp_path, f"import os\nos.replace({windows_path(copy_of(installed))!r}, "
                       f"{windows_path(installed)!r})\nprint('{{}}')")  # fmt: skip
        assert site.process.end() == 0
        status = daemon.wait_for(lambda now: now["clients"][0]["state"] == "ended", "the site's goodbye")
        assert (status["pid"], status["units"]["received"]) == (pid, stats["created"])
        assert list((local / "mercury").glob("*.log")), "it writes a log where it keeps its state"
    finally:
        daemon.ask_to_stop()
    wait_until(lambda: not daemon.is_there(), "the daemon has ended")


def copy_of(file: Path) -> Path:
    """Return a new file with the same content, as an upgrade brings."""
    copy = file.with_suffix(".new")
    shutil.copy(file, copy)
    return copy


def test_a_daemon_that_cannot_start_is_a_sentence(windows: Windows, tmp_path: Path) -> None:
    """Windows' own exit code; a program that is none; and the application goes on."""
    told = windows.python(
        tmp_path,
        f"""
import json, os, shutil, sys
from mercury_client import spawn
from mercury_client.paths import Address
os.environ["LOCALAPPDATA"] = {windows_path(tmp_path)!r}
here = os.path.join({windows_path(tmp_path)!r}, "path")
os.mkdir(here)
program = os.path.join(here, "mercuryd.exe")
environ = dict(os.environ, PATH=here)
answers = {{}}
with open(program, "wb") as file:
    file.write(b"MZ, but not really")
answers["none"] = spawn.start_daemon(Address(r"\\\\.\\pipe\\mercury-nobody"), environ)
os.unlink(program)
os.chdir(here)
shutil.copy(os.path.join(os.environ["SYSTEMROOT"], "system32", "cmd.exe"), "mercuryd.exe")
answers["relative"] = spawn.find_daemon(dict(os.environ, PATH="."))
print(json.dumps(answers | {{"program": program}}))
""",
    )
    assert told["none"].startswith(f"{told['program']} could not be run: ")
    assert told["relative"] is None, "never from the directory of the moment"
    assert os.path.isdir(tmp_path / "mercury" / "bin")
