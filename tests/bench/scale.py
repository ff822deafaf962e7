"""How the daemon scales: cost against connections and routes, memory against series, how soon it answers and starts.

    .venv/bin/python tests/bench/scale.py [--units 60000] [--runs 3] [--window-units 1800000]

Every connection is a client of its own with its own dictionary; 64 KiB a write, one connection after the other, from
one sender. Units are those of workload.py. "A window" is lognormal units over 10,000 routes whose ends are spread
over the last 15 minutes, so that every route has a histogram in every minute; they have 3 queries each, since only
their number weighs on a route.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import workload
from engines import WRITE_BYTES, Sender, cpu_ns
from rows import Row, median_row, print_rows

from mercury_client.protocol import Command, FrameDecoder, FrameType, Hello
from support.daemon import SOURCE, Daemon, clean_environment, find_program

CONNECTIONS = (1, 8, 64, 512)
ROUTES = (10, 1_000, 10_000)
FULL_LOAD = (512, 10_000)
BUSY = 8
STATUS_ASKED = 300
WINDOW_S = 15 * 60


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def chunks_of(frames: list[bytes]) -> list[bytes]:
    """Join frames to writes of at most 64 KiB."""
    out, size = [[]], 0  # type: list[list[bytes]], int
    for frame in frames:
        if size + len(frame) > WRITE_BYTES:
            out.append([])
            size = 0
        out[-1].append(frame)
        size += len(frame)
    return [b"".join(chunk) for chunk in out]


@dataclass
class Share:
    """What one connection sends: numbers count from 1, and it defines the routes that it uses."""

    units: int = 0
    routes: dict[int, int] = field(default_factory=dict)  # number: place in its dictionary
    frames: list[bytes] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)


def shares_of(units: int, connections: int, routes: int) -> list[Share]:
    """Deal the units of the stream out to connections."""
    shares = [Share() for _ in range(connections)]
    for at, request in enumerate(workload.requests(units, routes)):
        share = shares[at % connections]
        share.units += 1
        request.number = share.units
        request.route = share.routes.setdefault(request.route, len(share.routes))
        share.frames.append(workload.frame(request))
    for share in shares:
        share.chunks = chunks_of(share.frames)
        share.frames = []
    return shares


def time_load(folder: Path, shares: list[Share]) -> float:
    """Return CPU ns a query of everything behind the first write of each connection."""
    folder.mkdir()
    units = sum(share.units for share in shares)
    with Daemon(folder) as daemon:
        senders = []
        for at, share in enumerate(shares):
            preamble = workload.preamble(share.routes, f"{at + 1:032x}") + workload.batch(share.units)
            senders.append(Sender(str(daemon.socket), share.units, preamble + share.chunks[0]))
        sent = sum(units_in(share.chunks[0]) for share in shares)
        daemon.wait_for_received(sent)
        cpu = cpu_ns(daemon.pid)
        for turn in range(1, max(len(share.chunks) for share in shares)):
            for sender, share in zip(senders, shares, strict=True):
                if turn < len(share.chunks):
                    sender.socket.sendall(share.chunks[turn])
        for sender in senders:
            sender.send([])
        cpu = cpu_ns(daemon.pid) - cpu
        received = daemon.status()["queries"]["received"]
        for sender in senders:
            sender.close()
    if received != units * workload.QUERIES:
        sys.exit(f"bench: {units * workload.QUERIES} queries were sent, the daemon says {received}")
    return cpu / ((units - sent) * workload.QUERIES)


def units_in(chunk: bytes) -> int:
    """Count the frames of a write; all of this stream are of one size."""
    return len(chunk) // (8 + workload.HEADER.size + workload.QUERIES * workload.RECORD.size)


def measure_load(folder: Path, units: int, runs: int) -> list[Row]:
    """Return cost against connections at 10 routes, against routes on one connection, and with much of both."""
    cases = [(connections, ROUTES[0]) for connections in CONNECTIONS]
    cases += [(1, routes) for routes in ROUTES[1:]] + [FULL_LOAD]
    costs: dict[tuple[int, int], list[float]] = {case: [] for case in cases}
    for case in cases:  # one after the other: the streams of all do not fit into memory together
        shares = shares_of(units, *case)
        for run in range(runs):
            costs[case].append(time_load(folder / f"load-{run}-{case[0]}-{case[1]}", shares))
    rows = [
        median_row(f"connections {connections}, routes {routes:,}: a query", "ns", costs[connections, routes])
        for connections, routes in cases
    ]
    ratios = [full / small for full, small in zip(costs[FULL_LOAD], costs[1, ROUTES[0]], strict=True)]
    rows.append(median_row("512 connections and 10,000 routes over 1 and 10", "times", ratios, at_most=2.5))
    return rows


class Reader:
    """A connection that asks commands."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.decoder = FrameDecoder()
        self.waiting: list[bytes] = []
        self.number = 0
        self.socket.sendall(Hello().encode())
        self._next()

    def _next(self) -> bytes:
        while not self.waiting:
            for frame in self.decoder.feed(self.socket.recv(1 << 18)):
                self.waiting.append(frame.payload)
        return self.waiting.pop(0)

    def ask(self, command: str) -> float:
        """Return the seconds until the last frame of the reply."""
        self.number += 1
        before = time.perf_counter()
        self.socket.sendall(Command(self.number, command).encode())
        while json.loads(self._next())["more"]:
            pass
        return time.perf_counter() - before


def window_frames(units: int, routes: int) -> Iterator[bytes]:
    """Yield writes: short requests that ended within the last 15 minutes."""
    rng = random.Random(5)
    record = workload.RECORD
    first, site = workload.FIRST_STATEMENT, workload.FIRST_SITE
    records = b"".join(record.pack(first + n, site + n, 1, -1, n * 10**6 | 1 << 56, 10**5) for n in range(3))
    head = struct.pack("<IBBH", workload.HEADER.size + len(records), FrameType.UNIT, 0, 0)
    frames: list[bytes] = []
    for number in range(1, units + 1):
        took = int(rng.lognormvariate(17, 0.6))
        database = int(took * rng.uniform(0.1, 0.6))
        ended = workload.SENT_NS - int((1 - number / units) * (WINDOW_S - 5) * 1e9)
        header = workload.HEADER.pack(
            workload.HEADER.size, record.size, 3, number, number, 0, ended - took, took, 0, database,
            3, 0, 0, 0, workload.FIRST_ROUTE + rng.randrange(routes), 200, 1, 1, 0, 0, 0, 0, 0,
        )  # fmt: skip
        frames.append(head + header + records)
        if len(frames) == 200 or number == units:
            yield b"".join(frames)
            frames = []


def measure_window(folder: Path, units: int) -> list[Row]:
    """Return memory with nothing and with 15 minutes of 10,000 routes, and how soon `status` answers under load."""
    routes = ROUTES[-1]
    folder.mkdir()
    with Daemon(folder) as daemon:
        idle = rss_mb(daemon.pid)
        sender = Sender(str(daemon.socket), units, workload.preamble(range(routes)) + workload.batch(units))
        for data in window_frames(units, routes):
            sender.socket.sendall(data)
        sender.send([])
        full = rss_mb(daemon.pid)
        sender.close()
        asked = _ask_under_load(daemon)
    return [
        Row("resident memory, idle", "MB", idle, idle, idle, 6),
        Row(f"resident memory, {units:,} units over 10,000 routes in 15 minutes", "MB", full, full, full, 60),
        Row("`status` on an open connection under load: p99", "ms", asked[0], asked[1], asked[2], 5),
    ]


def _ask_under_load(daemon: Daemon) -> tuple[float, float, float]:
    """Return p99, min and max in ms, beside 8 busy clients and one that loops `routes`; load is other processes'."""
    script = Path(__file__).with_name("busy.py")
    load = [
        subprocess.Popen([sys.executable, str(script), "units", str(daemon.socket), str(BUSY)]),
        subprocess.Popen([sys.executable, str(script), "routes", str(daemon.socket)]),
    ]
    try:
        reader = Reader(str(daemon.socket))
        time.sleep(1)  # a measurement, not a test: the load has begun by then
        times = sorted(1000 * reader.ask("status") for _ in range(STATUS_ASKED))
    finally:
        for process in load:
            process.kill()
            process.wait()
    return times[int(0.99 * len(times))], times[0], times[-1]


def measure_start(folder: Path, runs: int) -> list[Row]:
    """Return the time from exec to an answer on the socket, and what a client sees that starts it on demand."""
    folder.mkdir()
    starts, demands = [], []
    for run in range(runs * 3):
        path = folder / f"s{run}.sock"
        state = str(folder / f"state-{run}")
        command = [str(find_program("mercuryd")), "--address", f"unix://{path}", "--state-dir", state]
        before = time.perf_counter()
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        while probe.connect_ex(str(path)) != 0:
            time.sleep(0.0002)
        starts.append(1000 * (time.perf_counter() - before))
        probe.close()
        process.terminate()
        process.wait()
    script = Path(__file__).with_name("on_demand.py")
    for run in range(runs):
        home = folder / f"home-{run}"
        home.mkdir()
        environment = clean_environment(
            home, PYTHONPATH=str(SOURCE), PATH=f"{find_program('mercuryd').parent}:/usr/bin:/bin"
        )
        demands.append(float(subprocess.check_output([sys.executable, str(script)], env=environment)))
    return [
        median_row("start to accepting", "ms", starts, at_most=10),
        median_row("started on demand, until a unit is acknowledged", "ms", demands, at_most=100),
    ]


def measure(units: int, runs: int, window_units: int) -> list[Row]:
    """Return the rows of this table."""
    with tempfile.TemporaryDirectory(prefix="mercury-bench-") as name:
        folder = Path(name)
        return (
            measure_load(folder, units, runs)
            + measure_window(folder / "window", window_units)
            + measure_start(folder / "start", runs)
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--units", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--window-units", type=int, default=1_800_000)
    options = parser.parse_args()
    print_rows("Scale", measure(options.units, options.runs, options.window_units))
    return 0


if __name__ == "__main__":
    sys.exit(main())
