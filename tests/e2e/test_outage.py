"""A daemon that hangs, dies, restarts or never was: the site answers as ever, and every loss has a number.

The full length, with the time spent in our code, is tests/bench/outage.py.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from support.bookshop import GUNICORN, BookshopData, Counts, Server, count_routes
from support.client_process import ClientProcess
from support.daemon import Daemon, assert_balanced, wait_until

WORKERS = 2
COMMAND = (*GUNICORN, "--workers", str(WORKERS), "--worker-class", "gthread", "--threads", "2")
HANG_S = 2.0
FREQUENT_SNAPSHOTS = {"snapshot_interval_s": 1}


def all_workers_are_connected(status: dict[str, Any]) -> bool:
    """Tell whether each worker has a connection, and more than its first unit over it."""
    rows = [client for client in status["clients"] if client["state"] == "connected"]
    return len(rows) == WORKERS and all(row["units"]["received"] > 0 for row in rows)


def test_a_daemon_that_hangs_for_a_while_costs_nothing(tmp_path: Path, daemon: Daemon, bookshop: BookshopData) -> None:
    """SIGSTOP under load: right answers all the while, and afterwards every unit arrives."""
    with Server(COMMAND, tmp_path, bookshop, MERCURY_ADDRESS=daemon.address) as server:
        visited: Counts = Counter()
        with server.under_load() as sent:
            daemon.wait_for(all_workers_are_connected, "the workers")
            daemon.pause()
            end = time.monotonic() + HANG_S
            while time.monotonic() < end:
                visited += server.visit(times=5)  # answered while nobody reads
            daemon.go_on()
        assert server.close() == 0
    sent += visited
    status = daemon.wait_for_ended(WORKERS)
    assert_balanced(status)
    assert status["units"]["received"] == status["units"]["created"] == sum(sent.values())
    assert sum(status["units"]["dropped"].values()) == status["units"]["duplicates"] == 0
    assert count_routes(daemon.routes()) == sent


def test_after_a_kill_the_next_daemon_says_what_died_with_the_first(tmp_path: Path, bookshop: BookshopData) -> None:
    """SIGKILL under load: nothing that is received was not folded, and nothing that is lost has no number."""
    with Daemon(tmp_path, config=FREQUENT_SNAPSHOTS) as daemon:
        with Server(COMMAND, tmp_path, bookshop, MERCURY_ADDRESS=daemon.address) as server:
            with server.under_load() as sent:
                daemon.wait_for(all_workers_are_connected, "the workers")
                wait_until(lambda: any(daemon.state_directory.iterdir()), "a snapshot")
                before = daemon.status()
                daemon.kill()
                visited = server.visit(times=20)  # answered while nobody is there
                daemon.start()
                daemon.wait_for(all_workers_are_connected, "the workers to come back")
            assert server.close() == 0
        sent += visited
        status = daemon.wait_for_ended(WORKERS)
        rows = daemon.routes()
    units = status["units"]
    assert_balanced(status)
    assert units["created"] == sum(sent.values())
    assert units["received"] + units["lost_in_restart"] == sum(sent.values())
    assert sum(units["dropped"].values()) == units["buffered"] == 0
    assert status["restarts"] == 1 and status["restored"] is not None
    assert status["pid"] != before["pid"]
    assert units["received"] == sum(row["count"] for row in rows)  # what is received is what can be seen
    assert count_routes(rows) <= sent


def test_a_restart_in_order_loses_nothing(tmp_path: Path, daemon: Daemon, bookshop: BookshopData) -> None:
    """SIGTERM and a new start, twice under load: all units are there, once each."""
    with Server(COMMAND, tmp_path, bookshop, MERCURY_ADDRESS=daemon.address) as server:
        visited: Counts = Counter()
        with server.under_load() as sent:
            for restarts in (1, 2):
                daemon.wait_for(all_workers_are_connected, "the workers")
                assert daemon.restart().status()["restarts"] == restarts
                visited += server.visit(times=20)
        assert server.close() == 0
    sent += visited
    status = daemon.wait_for_ended(WORKERS)
    assert_balanced(status)
    assert status["units"]["received"] == status["units"]["created"] == sum(sent.values())
    assert status["units"]["lost_in_restart"] == sum(status["units"]["dropped"].values()) == 0
    assert count_routes(daemon.routes()) == sent


def test_a_daemon_that_never_was_costs_one_line_a_worker(tmp_path: Path, bookshop: BookshopData) -> None:
    """Right answers, an end in order, and one line in the log of each worker that had something to say."""
    with Server(COMMAND, tmp_path, bookshop, MERCURY_ADDRESS=f"unix://{tmp_path}/nobody.sock") as server:
        server.load(100)
        assert server.close() == 0
        log = server.log()
    lines = [line for line in log.splitlines() if "no connection, measurements wait" in line]
    assert 1 <= len(lines) <= WORKERS
    assert all("nobody.sock: No such file or directory" in line for line in lines)
    assert "internal error" not in log


BUFFER_BYTES = 256 * 1024
SENT = """
def wait_until_sent(number):
    from mercury_client import process
    deadline = time.monotonic() + 20
    while process._client.buffer.highest_sent < number:
        assert time.monotonic() < deadline, mercury_client.stats()
        time.sleep(0.01)
"""
HANGING = f"""{SENT}
mercury_client.configure(buffer_bytes_max={BUFFER_BYTES}, environment="production")
work(1); flush()
say("connected"); hear("hangs")
work(50, queries=3)
wait_until_sent(51)  # these are in the socket: the daemon will read them, whatever becomes of them here
most = 0
for _ in range(300):
    work(10, queries=3)
    most = max(most, mercury_client.stats()["buffered_bytes"])
say("stats " + json.dumps(mercury_client.stats() | {{"most": most}}))
hear("goes on")
flush()
say("stats " + json.dumps(mercury_client.stats()))
"""


def test_a_full_buffer_drops_the_oldest_and_counts_each(tmp_path: Path, daemon: Daemon) -> None:
    """Never more than its bytes; the client's counts and the daemon's are the same in the end, by reason."""
    with ClientProcess(tmp_path, daemon.address, HANGING) as process:
        process.hear("connected")
        daemon.pause()
        process.say("hangs")
        full = json.loads(process.hear("stats"))
        daemon.go_on()
        process.say("goes on")
        last = json.loads(process.hear("stats"))
    status = daemon.wait_for_ended()
    assert full["created"] == 3051
    assert BUFFER_BYTES / 2 < full["most"] <= BUFFER_BYTES
    assert full["dropped"]["buffer_full"] > 1000
    assert full["created"] == full["acknowledged"] + sum(full["dropped"].values()) + full["buffered"]
    units = status["units"]
    assert_balanced(status)
    assert (units["created"], units["acknowledged"]) == (last["created"], last["acknowledged"])
    assert {reason: total for reason, total in units["dropped"].items() if total} == last["dropped"]
    assert units["received"] == sum(row["count"] for row in daemon.routes("block")) == last["acknowledged"]
    assert last["dropped"]["buffer_full"] >= full["dropped"]["buffer_full"]


LEAVING = f"""{SENT}
work(1); flush()
say("connected"); hear("hangs")
work(50)
wait_until_sent(51)
"""


def test_units_of_a_process_that_ended_while_the_daemon_hung_are_counted_once(tmp_path: Path, daemon: Daemon) -> None:
    """They are in the socket: the daemon reads them later, and they are received or dropped, never both."""
    with ClientProcess(tmp_path, daemon.address, LEAVING) as process:
        process.hear("connected")
        daemon.pause()
        process.say("hangs")
    daemon.go_on()
    status = daemon.wait_for(lambda status: status["clients"][0]["state"] != "connected", "the goodbye")
    assert_balanced(status)
    assert status["units"]["created"] == 51
    assert status["units"]["received"] == sum(row["count"] for row in daemon.routes("block"))


BACKING_OFF = """
from mercury_client import process
work(1); flush()
say("connected"); hear("gone")
work(50)
sender = process._client.sender
while sender._retry_at - time.monotonic() < 2:  # some attempts later
    time.sleep(0.01)
say("waits"); hear("back")
"""


def test_a_process_that_ends_between_two_attempts_finds_the_daemon_that_came_back(
    tmp_path: Path, daemon: Daemon
) -> None:
    """The end of a process is worth one more attempt, whatever the back-off says."""
    with ClientProcess(tmp_path, daemon.address, BACKING_OFF) as process:
        process.hear("connected")
        daemon.stop()
        process.say("gone")
        process.hear("waits")
        daemon.start()
        process.say("back")
    status = daemon.wait_for_ended()
    assert_balanced(status)
    assert (status["units"]["created"], status["units"]["received"]) == (51, 51)
