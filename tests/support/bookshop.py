"""The bookshop under a real web server, with databases of its own, and the load that is sent to it.

    data = BookshopData(directory).make()                     # once: migrate and populate
    with Server(GUNICORN, tmp_path, data, MERCURY_ADDRESS=daemon.address) as server:
        sent = server.load(requests=200)
    assert count_routes(daemon.routes()) == sent

Servers choose their port themselves and say it in their log, so two tests never fight for one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from support.daemon import DEADLINE_S, ROOT, SOURCE, clean_environment, wait_until

__all__ = ["GUNICORN", "SITE", "UVICORN", "BookshopData", "Counts", "Server", "children_of", "count_routes"]

SITE = ROOT / "tests" / "bookshop"
GUNICORN = ("gunicorn", "--bind", "127.0.0.1:0", "bookshop.wsgi")
UVICORN = ("uvicorn", "--host", "127.0.0.1", "--port", "0", "bookshop.asgi:application")
LOAD_TIMEOUT_S = 180.0
_URL = re.compile(r"(http://127\.0\.0\.1:\d+)")

# By method, route and status class: how many requests.
Counts = Counter[tuple[str, str, str]]


class BookshopData:
    """The bookshop's two SQLite files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def make(self) -> BookshopData:
        """Create and fill them, without Mercury."""
        self.directory.mkdir(exist_ok=True)
        environment = clean_environment(self.directory, BOOKSHOP_DATA=str(self.directory), BOOKSHOP_MERCURY="0")
        for command in (["migrate"], ["migrate", "--database", "reports"], ["populate"]):
            line = [sys.executable, "manage.py", *command]
            done = subprocess.run(
                line, cwd=SITE, env=environment, capture_output=True, text=True, timeout=LOAD_TIMEOUT_S
            )
            assert done.returncode == 0, done.stdout + done.stderr
        return self

    def copy(self, directory: Path) -> Path:
        """Copy them into a new directory, which is returned."""
        directory.mkdir()
        for file in self.directory.glob("*.sqlite3"):
            shutil.copy(file, directory)
        return directory


class Server:
    """A web server with the bookshop in it, from ``with`` to its end, which is SIGTERM.

    ``command``: its module and arguments. ``variables``: of its environment; MERCURY_ADDRESS is one.
    """

    def __init__(self, command: Iterable[str], directory: Path, data: BookshopData, **variables: str) -> None:
        self.log_file = directory / "server.log"
        self._command = [sys.executable, "-m", *command]
        self._directory = directory
        own = {"BOOKSHOP_DATA": str(data.copy(directory / "data")), "PYTHONUNBUFFERED": "1"}
        self.environment = clean_environment(directory, **(own | variables))
        self.environment["PYTHONPATH"] = f"{SOURCE}:{SITE}"
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        with self.log_file.open("wb") as log:
            process = self.process = subprocess.Popen(
                self._command, cwd=SITE, env=self.environment, stdout=log, stderr=log
            )
        try:
            wait_until(lambda: process.poll() is not None or _URL.search(self.log()), "the server to listen")
            found = _URL.search(self.log())
            assert process.poll() is None and found, f"the server ended with {process.poll()}\n{self.log()}"
        except BaseException:
            self.close()
            raise
        self.url = found[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Return the master's process id."""
        assert self.process is not None, "the server was not started"
        return self.process.pid

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return int(self.url.rpartition(":")[2])

    def log(self) -> str:
        """Return what the server and the site in it have written."""
        return self.log_file.read_text(errors="replace")

    def close(self) -> int:
        """End it with SIGTERM and return its exit code; a second call only returns it."""
        assert self.process is not None, "the server was not started"
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                for pid in (*children_of(self.pid), self.pid):
                    _kill(pid)
                self.process.wait(DEADLINE_S)
                raise AssertionError(f"the server did not end on SIGTERM\n{self.log()}") from None
        return self.process.returncode

    def load(self, requests: int = 250, threads: int = 4) -> Counts:
        """Send the plan of load.py; fail unless every answer was right. Return what was sent."""
        sent = self._directory / f"sent-{threading.get_ident()}.json"
        line = [
            sys.executable, str(SITE / "load.py"), self.url, "--requests", str(requests),
            "--threads", str(threads), "--json", str(sent),
        ]  # fmt: skip
        done = subprocess.run(line, env=self.environment, capture_output=True, text=True, timeout=LOAD_TIMEOUT_S)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}{self.log()}"
        counts: Counts = Counter()
        for row in json.loads(sent.read_text()):
            counts[row["method"], row["route"], f"{row['status'] // 100}xx"] += row["count"]
        assert sum(counts.values()) == requests
        return counts

    def visit(self, path: str = "/", times: int = 1) -> Counts:
        """Ask for one page and return that, at once after the last answer; the path is its own route."""
        for _ in range(times):
            with urllib.request.urlopen(self.url + path, timeout=DEADLINE_S) as answer:
                assert answer.status == 200
        return Counter({("GET", path[1:] or "/", "2xx"): times})

    @contextmanager
    def under_load(self, requests: int = 60) -> Iterator[Counts]:
        """Send rounds of load for as long as the block takes, and at least one more after it.

        Yields what was sent; right when the block has ended. An answer that is wrong fails the test.
        """
        counts: Counts = Counter()
        failures: list[BaseException] = []
        over = threading.Event()

        def rounds() -> None:
            try:
                while True:
                    last = over.is_set()
                    counts.update(self.load(requests))
                    if last:
                        return
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=rounds)
        thread.start()
        try:
            yield counts
        finally:
            over.set()
            thread.join()
        if failures:
            raise failures[0]


def count_routes(rows: Iterable[Mapping[str, Any]]) -> Counts:
    """Return the rows of ``routes --json`` as ``Server.load`` returns what was sent."""
    counts: Counts = Counter()
    for row in rows:
        counts[row["method"], row["route"], row["status_class"]] += row["count"]
    return counts


def children_of(pid: int) -> list[int]:
    """Return the processes that ``pid`` would have to reap, of all its threads; none if it is gone."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            continue
    return found


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
