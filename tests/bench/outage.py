"""Measure what a daemon that hangs, dies or restarts costs a site, and what becomes of its figures.

    python tests/bench/outage.py [--seconds 10] [--rate 60] [--workers 2] [--clients 4] [--only NAME …]

Each row is a gunicorn of its own with the bookshop, under steady load: 2 s before the trouble, the trouble,
and 3 s after it. Times are those of requests that ended during the trouble or the second after it, in µs
spent in Mercury's code on the application's thread (outage_site.py); below them stand those of a control
of the same length and system calls, timed after each request: what that has too is the machine's. Compare rows
of one run only, and mind that a load that takes all of the machine (--rate 0) measures its scheduler.

Exit code: 0, or 1 if an answer was wrong or the account does not balance.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.bookshop import BookshopData, Server
from support.daemon import Daemon

HERE = Path(__file__).resolve().parent
PAGES = ("/", "/books/1/", "/books/", "/books/2/", "/reports/sales/", "/books/3/")
BEFORE_S, AFTER_S, SETTLE_S = 2.0, 3.0, 1.0

Trouble = Callable[[Daemon, float], None]


def nothing(daemon: Daemon, seconds: float) -> None:
    time.sleep(seconds)


def hang(daemon: Daemon, seconds: float) -> None:
    daemon.pause()
    time.sleep(seconds)
    daemon.go_on()


def kill_and_restart(daemon: Daemon, seconds: float) -> None:
    daemon.kill()
    time.sleep(seconds / 2)
    daemon.start()
    time.sleep(seconds / 2)


def restart_in_order(daemon: Daemon, seconds: float) -> None:
    for _ in range(4):
        daemon.restart()
        time.sleep(seconds / 4)


def stay_away(daemon: Daemon, seconds: float) -> None:
    daemon.stop()
    time.sleep(seconds)
    daemon.start()


SCENARIOS: dict[str, Trouble] = {
    "running": nothing,
    "stopped": hang,
    "killed": kill_and_restart,
    "restarted": restart_in_order,
    "absent": stay_away,
}


class Load:
    """Clients that ask for the pages in turn, from ``with`` to its end."""

    def __init__(self, server: Server, clients: int, rate: float) -> None:
        self.requests = 0
        self.wrong: list[str] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._port = server.port
        self._interval_s = clients / rate if rate > 0 else 0.0
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, turn: int) -> None:
        start = time.monotonic()
        count = 0
        while not self._over.wait(max(0.0, start + count * self._interval_s - time.monotonic())):
            count += 1
            path = PAGES[turn % len(PAGES)]
            turn += 1
            fault = ""
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                connection.close()
                if answer.status != 200:
                    fault = f"{path}: {answer.status}"
            except (OSError, http.client.HTTPException) as error:
                fault = f"{path}: {error!r}"
            with self._lock:
                self.requests += 1
                self.wrong += [fault] if fault else []


def measure(name: str, data: BookshopData, directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run one scenario and return its row."""
    results = directory / "results"
    results.mkdir(parents=True)
    command = ("gunicorn", "--bind", "127.0.0.1:0", "--workers", str(options.workers), "outage_site:application")
    with Daemon(directory, config={"snapshot_interval_s": 1}) as daemon:
        server = Server(
            command,
            directory,
            data,
            MERCURY_ADDRESS=daemon.address,
            OUTAGE_RESULTS=str(results),
            OUTAGE_CLOCK=options.clock,
        )
        server.environment["PYTHONPATH"] += f":{HERE}"
        with server:
            with Load(server, options.clients, options.rate) as load:
                time.sleep(BEFORE_S)
                begin = time.monotonic()
                SCENARIOS[name](daemon, options.seconds)
                end = time.monotonic() + SETTLE_S
                time.sleep(AFTER_S)
            server.close()
        units = daemon.wait_for_ended()["units"]
    figures = [one for file in results.iterdir() for one in json.loads(file.read_text())]
    during = [(ours, control) for at, ours, control in figures if begin <= at <= end]
    dropped = sum(units["dropped"].values())
    balanced = units["created"] == units["acknowledged"] + dropped + units["buffered"] == load.requests
    return {
        "scenario": name,
        "requests": load.requests,
        "wrong": len(load.wrong),
        "measured": len(during),
        "ours_us": shares([ours for ours, _ in during]),
        "control_us": shares([control for _, control in during]),
        "received": units["received"],
        "dropped": dropped,
        "lost": units["lost_in_restart"],
        "buffered": units["buffered"],
        "balanced": balanced,
    }


def shares(times_ns: list[int]) -> list[float]:
    """Return p50, p99, p99.9 and the maximum, in µs."""
    times = sorted(ns / 1000 for ns in times_ns)
    last = len(times) - 1
    return [times[min(last, int(len(times) * share))] for share in (0.5, 0.99, 0.999, 1)]


def columns(times_us: list[float]) -> str:
    return "".join(f"{us:9.1f}" for us in times_us)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="how long the trouble lasts (default 10)")
    parser.add_argument("--rate", type=float, default=60.0, help="requests a second in all, 0: no limit (60)")
    parser.add_argument("--workers", type=int, default=2, help="of gunicorn, one request at a time each")
    parser.add_argument("--clients", type=int, default=4, help="that send requests")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="NAME")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu leaves out what the scheduler gave to others"
    )
    parser.add_argument("--json", metavar="FILE", help="write the rows there")
    options = parser.parse_args()
    print(
        f"{'µs a request in our code':24}      p50      p99    p99.9      max  requests  wrong  received"
        "  dropped  lost  buffered"
    )
    rows = []
    with tempfile.TemporaryDirectory(prefix="mercury-outage-") as directory:
        data = BookshopData(Path(directory) / "data").make()
        for name in options.only:
            row = measure(name, data, Path(directory) / name, options)
            rows.append(row)
            print(
                f"daemon {name:17}{columns(row['ours_us'])}{row['requests']:10}{row['wrong']:7}"
                f"{row['received']:10}{row['dropped']:9}{row['lost']:6}{row['buffered']:10}"
                f"{'' if row['balanced'] else '  the account does not balance'}\n"
                f"{'  control beside it':24}{columns(row['control_us'])}",
                flush=True,
            )
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    return int(any(row["wrong"] or not row["balanced"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
