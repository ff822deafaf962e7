"""The bookshop under real servers and a real daemon: what was sent is what `mercuryctl routes` counts."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.bookshop import GUNICORN, UVICORN, BookshopData, Server, children_of, count_routes
from support.daemon import Daemon, assert_balanced, find_program, is_ready, wait_until

REQUESTS = 250
WORKERS = {
    "sync": ("--workers", "4"),
    "gthread": ("--workers", "2", "--worker-class", "gthread", "--threads", "4"),
    "preload": ("--workers", "4", "--preload"),
}


@pytest.mark.parametrize("name", WORKERS)
def test_every_request_is_counted_although_gunicorn_ends_at_once(
    name: str, tmp_path: Path, daemon: Daemon, bookshop: BookshopData
) -> None:
    """Route by route and by status class; SIGTERM right after the last answer loses nothing."""
    with Server((*GUNICORN, *WORKERS[name]), tmp_path, bookshop, MERCURY_ADDRESS=daemon.address) as server:
        sent = server.load(REQUESTS) + server.visit(times=5)
        assert server.close() == 0
        status = daemon.status()  # at once: a worker ends when its last unit is acknowledged, not before
        rows = daemon.routes()
        assert "internal error" not in server.log()
    assert count_routes(rows) == sent
    units = status["units"]
    assert units["created"] == units["acknowledged"] + units["buffered"]
    assert units["received"] == units["acknowledged"] >= REQUESTS
    assert sum(units["dropped"].values()) == units["buffered"] == units["duplicates"] == 0
    assert status["errors"] == status["rejects"] == {}
    assert_balanced(daemon.wait_for_ended())
    assert {row["service"] for row in rows} == {"bookshop"}
    assert {row["environment"] for row in rows} == {"production"}
    if name == "sync":
        assert_known_figures({row["route"]: row for row in rows if row["status_class"] == "2xx"})


def assert_known_figures(rows: dict[str, dict[str, Any]]) -> None:
    """The bookshop's figures are known, so counts of queries are right or wrong, never about right."""
    naive = rows["books/naive/"]["queries"]
    assert (naive["mean"], naive["max"], naive["total"]) == (81, 81, 81 * rows["books/naive/"]["count"])
    assert rows["books/"]["queries"]["max"] == 2
    assert rows["reports/sales/"]["queries"]["max"] == 2  # of two databases
    assert rows["licence/"]["queries"]["max"] == 0
    assert rows["books/export/"]["queries"]["mean"] >= 5  # made while the body was streamed
    assert (
        rows["bestsellers/"]["cache"]["hits"] + rows["bestsellers/"]["cache"]["misses"] == rows["bestsellers/"]["count"]
    )


def test_streaming_and_async_views_are_counted_under_uvicorn(
    tmp_path: Path, daemon: Daemon, bookshop: BookshopData
) -> None:
    """The same plan, ASGI: dashboards that gather, bodies that are generated asynchronously."""
    with Server(UVICORN, tmp_path, bookshop, MERCURY_ADDRESS=daemon.address) as server:
        sent = server.load(REQUESTS)
        daemon.wait_for_received(REQUESTS)
    rows = daemon.routes()
    assert count_routes(rows) == sent
    by_route = {row["route"]: row for row in rows}
    assert by_route["authors/dashboard/"]["queries"]["max"] == 5
    assert by_route["books/feed/"]["queries"]["max"] == 11
    assert by_route["books/export/"]["queries"]["mean"] >= 5
    status = daemon.status()
    assert sum(status["units"]["dropped"].values()) == status["units"]["duplicates"] == 0
    assert status["errors"] == {}


def test_sigterm_of_uvicorn_loses_nothing(tmp_path: Path, daemon: Daemon, bookshop: BookshopData) -> None:
    """As of gunicorn: uvicorn hands the signal on after its shutdown, and the exit handlers must have run."""
    with Server(UVICORN, tmp_path, bookshop, MERCURY_ADDRESS=daemon.address) as server:
        sent = server.visit(times=20)
        server.close()
        assert count_routes(daemon.routes()) == sent


class StartedDaemon(Daemon):
    """The private daemon that a worker has started; this object only looks, and ends it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.socket = directory / "run" / "mercury" / "mercuryd-1.sock"
        self.address = f"unix://{self.socket}"
        self.log_file = directory / "state" / "mercury" / "mercuryd.log"

    def end(self) -> None:
        """Stop it, if it was ever started, and wait until its socket is gone."""
        if is_ready(self.socket):
            assert self.ctl("stop").returncode == 0
            wait_until(lambda: not self.socket.exists(), "the private daemon to end")


@pytest.fixture
def private_daemon(tmp_path: Path, leaves_nothing_behind: None) -> Iterator[StartedDaemon]:
    """The daemon that does not run yet."""
    daemon = StartedDaemon(tmp_path)
    yield daemon
    daemon.end()


def test_a_daemon_started_by_a_worker_never_disturbs_gunicorn(
    tmp_path: Path, private_daemon: StartedDaemon, bookshop: BookshopData
) -> None:
    """It is nobody's child, holds nothing of the site, and outlives it; four workers start one."""
    command = (*GUNICORN, "--workers", "4")
    path = f"{find_program('mercuryd').parent}:{os.environ['PATH']}"
    with Server(command, tmp_path, bookshop, BOOKSHOP_DEBUG="1", PATH=path) as server:
        sent = server.load(100)
        status = private_daemon.wait_for_received(100)
        pid = status["pid"]
        workers = children_of(server.pid)
        assert len(workers) == 4 and pid not in workers
        assert [children_of(worker) for worker in workers] == [[], [], [], []]
        assert descriptors(pid).isdisjoint(
            {one for each in (server.pid, *workers) for one in descriptors(each) if one.startswith("socket:")}
        )
        assert not [one for one in descriptors(pid) if one.startswith(str(tmp_path / "data"))]
        assert [os.readlink(f"/proc/{pid}/fd/{stream}") for stream in range(3)] == ["/dev/null"] * 3
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        assert os.getsid(pid) not in {os.getsid(server.pid), os.getsid(0)}
        assert server.close() == 0
        assert "Worker exit" not in server.log().replace("Worker exiting", "") and "ERROR" not in server.log()
    assert count_routes(private_daemon.routes()) == sent
    with socket.socket() as successor:
        successor.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        successor.bind(("127.0.0.1", server.port))
        successor.listen()
    assert private_daemon.status()["pid"] == pid
    assert sum("mercuryd started" in line for line in private_daemon.log().splitlines()) == 1


def descriptors(pid: int) -> set[str]:
    """Return what a process has open."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(os.readlink(link))
        except FileNotFoundError:
            continue
    return found
