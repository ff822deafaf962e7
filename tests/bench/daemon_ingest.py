#!/usr/bin/env python3
"""What a query costs the daemon: CPU of the process from the first to the last byte over a real Unix socket.

    .venv/bin/python tests/bench/daemon_ingest.py [--units 40000] [--runs 5] [--json FILE]

Units of 30 queries over 200 statements of 300 to 400 characters are encoded beforehand; the sender writes them
either 64 KiB at a time (as the client's flusher does at load) or one unit at a time, and waits at the end until
all are acknowledged. CPU is utime + stime of /proc/PID/stat, so its grain is 10 ms: runs should take seconds.
Nothing is asserted but that nothing was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mercury_client.protocol import Batch, Definition, FrameDecoder, FrameType, Hello, Kind, Totals, Vendor
from support.daemon import Daemon

QUERIES = 30
STATEMENTS = 200
FIRST_STATEMENT = 3  # id 1 is the route, id 2 the alias
HEADER = struct.Struct("<HHIQQQQQQQQQQIIHBBBBHII")
RECORD = struct.Struct("<IIIiQQ")
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def definitions() -> bytes:
    """Return the DEFINE frames of one route, one alias and 200 statements."""
    random.seed(7)
    frames = [
        Definition(1, Kind.ROUTE, b"books/<int:pk>/", Vendor.UNKNOWN).encode(),
        Definition(2, Kind.ALIAS, b"default", Vendor.SQLITE).encode(),
    ]
    for i in range(STATEMENTS):
        columns = ", ".join(f'"shop_book{i}"."column_{n}"' for n in range(random.randint(8, 11)))
        text = f'SELECT {columns} FROM "shop_book{i}" WHERE "shop_book{i}"."id" = %s LIMIT 21'
        frames.append(Definition(FIRST_STATEMENT + i, Kind.STATEMENT, text.encode(), Vendor.SQLITE).encode())
    return b"".join(frames)


def unit(number: int, rng: random.Random) -> bytes:
    """Return one UNIT frame with lognormal durations; every tenth has the same statement thirty times."""
    first = rng.randrange(STATEMENTS)
    step = 0 if number % 10 == 0 else 1
    records, at, total = [], 0, 0
    for i in range(QUERIES):
        took = int(rng.lognormvariate(11.5, 0.6))
        records.append(RECORD.pack(FIRST_STATEMENT + (first + i * step) % STATEMENTS, 0, 0, -1, at | 2 << 56, took))
        at += took + 50_000
        total += took
    header = HEADER.pack(
        112, 32, QUERIES, number, number, 0, 10**9, at, 0, total, QUERIES, 0, 0, 0, 1, 200, 1, 1, 0, 0, 0, 0, 0
    )
    payload = header + b"".join(records)
    return struct.pack("<IBBH", len(payload), FrameType.UNIT, 0, 0) + payload


def stream(units: int) -> list[bytes]:
    """Return the frames of a whole run."""
    rng = random.Random(11)
    return [unit(number, rng) for number in range(1, units + 1)]


class Sender:
    """One client connection that has said HELLO; a thread of its own reads the ACKs."""

    def __init__(self, path: str, units: int) -> None:
        self.units = units
        self.acknowledged = threading.Event()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        self.socket.connect(path)
        hello = Hello(incarnation=os.urandom(16).hex(), next_unit=1, totals=Totals(), service="bench")
        self.socket.sendall(hello.encode())
        self.decoder = FrameDecoder()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        while data := self.socket.recv(65536):
            for frame in self.decoder.feed(data):
                if frame.type == FrameType.ERROR:
                    sys.exit(f"daemon_ingest: {frame.payload.decode()}")
                if frame.type == FrameType.ACK and int.from_bytes(frame.payload, "little") >= self.units:
                    self.acknowledged.set()

    def send(self, chunks: list[bytes]) -> None:
        """Write everything, then wait for the last acknowledgement."""
        for chunk in chunks:
            self.socket.sendall(chunk)
        if not self.acknowledged.wait(60):
            sys.exit("daemon_ingest: not everything was acknowledged within 60 s")


def one_run(folder: Path, name: str, chunks: list[bytes], units: int) -> dict[str, float]:
    """Send all chunks to a fresh daemon; return CPU and wall nanoseconds a query."""
    folder = folder / name
    folder.mkdir()
    with Daemon(folder) as daemon:
        sender = Sender(str(daemon.socket), units)
        sender.socket.sendall(definitions() + Batch(sent_ns=2 * 10**9, created=units).encode())
        cpu, wall = cpu_seconds(daemon.pid), time.perf_counter()
        sender.send(chunks)
        cpu, wall = cpu_seconds(daemon.pid) - cpu, time.perf_counter() - wall
        status: dict[str, Any] = daemon.status()
    if status["units"]["received"] != units or status["queries"]["received"] != units * QUERIES:
        sys.exit(f"daemon_ingest: {units} units were sent, the daemon says {status['units']}")
    queries = units * QUERIES
    return {
        "cpu_ns_per_query": cpu / queries * 1e9,
        "cpu_us_per_unit": cpu / units * 1e6,
        "wall_queries_per_s": queries / wall,
        "memory_mb": status["memory_bytes"] / 1e6,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what a query costs the daemon.")
    parser.add_argument("--units", type=int, default=40_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    frames = stream(options.units)
    per_chunk = max(1, 65536 // len(frames[0]))
    ways = {
        "64 KiB a write": [b"".join(frames[i : i + per_chunk]) for i in range(0, len(frames), per_chunk)],
        "one unit a write": frames,
    }
    results: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(prefix="mercury-bench-") as folder:
        for run in range(options.runs):
            for name, chunks in ways.items():  # interleaved: a machine that slows down slows both
                results[name].append(one_run(Path(folder), f"{name}-{run}".replace(" ", "-"), chunks, options.units))
    print(
        f"daemon, {options.units:,} units of {QUERIES} queries, one connection; median of {options.runs} (min to max)"
    )
    print(f"{'':<18}{'CPU ns/query':>24}{'CPU µs/unit':>22}{'queries/s':>36}")
    for name, runs in results.items():
        cells = []
        for key, digits in (("cpu_ns_per_query", 1), ("cpu_us_per_unit", 2), ("wall_queries_per_s", 0)):
            values = [run[key] for run in runs]
            low, middle, high = min(values), statistics.median(values), max(values)
            cells.append(f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})")
        print(f"{name:<18}{cells[0]:>24}{cells[1]:>22}{cells[2]:>36}")
    if options.json:
        report = {"machine": platform.platform(), "units": options.units, "runs": results}
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
