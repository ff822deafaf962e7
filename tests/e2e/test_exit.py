"""Whatever way a process ends that Python can see, its last units arrive before it is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.bookshop import GUNICORN, BookshopData, Server
from support.client_process import ClientProcess
from support.daemon import Daemon, assert_balanced

UNITS = 50

# How it ends: the code of the process, its exit status, and how many clients it makes.
ENDS = {
    "normally": ("work(50)", 0, 1),
    "by sys.exit": ("work(50); sys.exit()", 0, 1),
    "by sys.exit with a status": ("work(50); sys.exit(3)", 3, 1),
    "by an exception": ("work(50); raise ValueError('on purpose')", 1, 1),
    "by an exception in a unit": (
        "work(49)\nwith mercury_client.unit('unit'):\n    raise ValueError('on purpose')", 1, 1,
    ),
    "by an interrupt": ("work(50); raise KeyboardInterrupt", -2, 1),
    "from an exit handler": ("import atexit; work(25); atexit.register(work, 25)", 0, 1),
    "with a thread that is still at it": (
        "import threading; threading.Thread(target=work, args=(25,)).start(); work(25)", 0, 1,
    ),
}  # fmt: skip

MULTIPROCESSING = """
import multiprocessing

def child():
    work({child_units})

def task(number):
    work(1)

if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    {run}
"""
PROCESS = """
    process = context.Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0, process.exitcode
"""
POOL = """
    with context.Pool(3) as pool:
        pool.map(task, range(50), chunksize=1)
        pool.close()
        pool.join()
"""


def assert_all_arrived(daemon: Daemon, clients: int) -> None:
    """Look at once: a process ends when its units are acknowledged, and so nothing is left to wait for."""
    units = daemon.status()["units"]
    assert (units["received"], units["created"], units["buffered"]) == (UNITS, UNITS, 0)
    assert sum(units["dropped"].values()) == units["duplicates"] == 0
    status = daemon.wait_for_ended(1)
    assert_balanced(status)
    assert len(status["clients"]) <= clients
    assert sum(row["count"] for row in daemon.routes("block")) == UNITS


@pytest.mark.parametrize("end", ENDS)
def test_the_last_units_of_a_process_arrive(end: str, tmp_path: Path, daemon: Daemon) -> None:
    """50 of 50, and the application's own exit status."""
    code, status, clients = ENDS[end]
    process = ClientProcess(tmp_path, daemon.address, code, status=status)
    process.run()
    assert_all_arrived(daemon, clients)
    assert "internal error" not in process.log()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("kind", ["Process", "Pool"])
def test_the_last_units_of_multiprocessing_arrive(kind: str, method: str, tmp_path: Path, daemon: Daemon) -> None:
    """Its children run no atexit; 50 of 50 arrive all the same."""
    run = PROCESS if kind == "Process" else POOL
    code = MULTIPROCESSING.format(method=method, run=run.strip(), child_units=UNITS)
    process = ClientProcess(tmp_path, daemon.address, code)
    process.run()
    assert_all_arrived(daemon, 1 if kind == "Process" else 3)
    assert "internal error" not in process.log()


@pytest.mark.parametrize("workers", [("--workers", "2"), ("--workers", "2", "--worker-class", "gthread")])
def test_the_last_units_arrive_when_gunicorn_is_ended(
    workers: tuple[str, ...], tmp_path: Path, daemon: Daemon, bookshop: BookshopData
) -> None:
    """SIGTERM as soon as the fiftieth answer is there."""
    with Server((*GUNICORN, *workers), tmp_path, bookshop, MERCURY_ADDRESS=daemon.address) as server:
        server.visit(times=UNITS)
        assert server.close() == 0
        units = daemon.status()["units"]
    assert (units["received"], units["created"], units["buffered"]) == (UNITS, UNITS, 0)
    assert [row["count"] for row in daemon.routes()] == [UNITS]
    assert_balanced(daemon.wait_for_ended())
