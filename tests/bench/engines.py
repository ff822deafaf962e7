"""The same stream through three engines: a naive one, our reference in Python, and the daemon.

    .venv/bin/python tests/bench/engines.py [--units 100000] [--runs 5]

The stream is that of workload.py. The two engines in Python are given each query as the hook has it, in memory, and
the CPU time of their thread is taken; the reference has its statements and sites interned, as the client has. The
daemon gets the bytes through a real Unix socket, in writes of 64 KiB as the flusher makes them at load, and in one
write a unit; from the first byte to the last acknowledgement the CPU time of its process is taken. It judges every
unit, and nothing may be lost. Each run does all of them in turn, so that a machine that slows down slows all.

Before that the verdicts of the reference and of the C++ engine on the first units are compared, field by field.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import workload
from naive import Naive
from rows import Row, median_row, print_rows

from mercury_client.protocol import FrameDecoder, FrameType, UnitKind
from mercury_client.reference import judge
from mercury_client.unit import Unit
from support.daemon import Daemon
from support.verdicts import cpp_verdicts, difference, judge_json, python_verdict

NAIVE_US_MAX = 32.0  # what a query costs engines of that kind is 18 to 32 µs; a slower one would flatter us
PYTHON_UNITS = 300  # of a run: Python needs as long for them as the daemon for a hundred thousand
COMPARED_UNITS = 500
WRITE_BYTES = 65536


def cpu_ns(pid: int) -> int:
    """Return the CPU time of a process in ns; it has one thread that works."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))


class Sender:
    """A client's connection that writes bytes; a thread of its own waits for the last acknowledgement."""

    def __init__(self, path: str, units: int, preamble: bytes) -> None:
        self.units = units
        self.acknowledged = threading.Event()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        self.socket.connect(path)
        self.socket.sendall(preamble)
        self.decoder = FrameDecoder()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while data := self._receive():
            for frame in self.decoder.feed(data):
                if frame.type in (FrameType.ERROR, FrameType.REJECT):
                    sys.exit(f"bench: the daemon refused: {frame.payload.decode()}")
                if frame.type == FrameType.ACK and int.from_bytes(frame.payload, "little") >= self.units:
                    self.acknowledged.set()

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(65536)
        except OSError:  # closed
            return b""

    def send(self, chunks: list[bytes]) -> None:
        """Write everything and wait until all of it is folded."""
        for chunk in chunks:
            self.socket.sendall(chunk)
        if not self.acknowledged.wait(120):
            sys.exit("bench: not everything was acknowledged within 120 s")

    def close(self) -> None:
        self.socket.close()


def time_daemon(folder: Path, chunks: list[bytes], units: int) -> tuple[float, float]:
    """Return CPU ns a query, and queries a second, of a fresh daemon that gets everything through one socket."""
    folder.mkdir()
    with Daemon(folder) as daemon:
        sender = Sender(str(daemon.socket), units, workload.preamble() + workload.batch(units))
        daemon.wait_for(lambda status: status["units"]["created"] == units, "the definitions to be read")
        cpu, wall = cpu_ns(daemon.pid), time.perf_counter()
        sender.send(chunks)
        cpu, wall = cpu_ns(daemon.pid) - cpu, time.perf_counter() - wall
        status: dict[str, Any] = daemon.status()
        sender.close()
    queries = units * workload.QUERIES
    if status["queries"]["received"] != queries or status["units"]["acknowledged"] != units:
        sys.exit(f"bench: {units} units were sent, the daemon says {status['units']}")
    return cpu / queries, queries / wall


def time_naive(texts: list[str], requests: list[workload.Request]) -> float:
    """Return ns a query."""
    engine = Naive()
    before = time.thread_time_ns()
    for request in requests:
        for call in request.calls:
            engine.record(texts[call.statement], call.start_ns, call.duration_ns)
        engine.finish()
    return (time.thread_time_ns() - before) / len(requests) / workload.QUERIES


def time_reference(texts: list[str], sites: list[Any], requests: list[workload.Request]) -> float:
    """Return ns a query of the verdict; recording is not in it, as it is not in the daemon's."""
    spent = 0
    for request in requests:
        unit = Unit(request.number, UnitKind.REQUEST, f"books/{request.route}/<int:pk>/", 0)
        for call in request.calls:
            unit.record(
                texts[call.statement], "default", "sqlite", call.start_ns, call.duration_ns, 0, -1,
                sites[call.statement], call.ordinal,
            )  # fmt: skip
        unit.seal(request.duration_ns)
        before = time.thread_time_ns()
        judge(unit)
        spent += time.thread_time_ns() - before
    return spent / len(requests) / workload.QUERIES


def compare(requests: list[workload.Request]) -> int:
    """Return how many verdicts both engines gave alike; exit where they differ."""
    program = judge_json()
    if program is None:
        sys.exit("bench: judge_json is not built: cmake --build --preset release --target judge_json")
    cases = [case_of(request) for request in requests]
    for case, theirs in zip(cases, cpp_verdicts(program, cases), strict=True):
        if found := difference(python_verdict(case), theirs):
            sys.exit(f"bench: the engines disagree on {case['about']}: {found}")
    return len(cases)


def case_of(request: workload.Request) -> dict[str, Any]:
    """Return a unit as a case of VERDICTS.md §9."""
    used = sorted({call.statement for call in request.calls})
    sites = []
    for number in used:
        site = workload.site(number)
        frames = [frame._asdict() for frame in site.frames]
        texts = ("operation", "relation", "relation_kind", "owner_table", "model")
        sites.append({"frames": frames} | {name: getattr(site, name) for name in texts})
    return {
        "about": f"unit {request.number}",
        "unit": {
            "kind": "request", "operation": "", "name": f"books/{request.route}/<int:pk>/",
            "duration_ns": request.duration_ns,
        },
        "statements": [{"sql": workload.sql(number), "vendor": "sqlite"} for number in used],
        "sites": sites,
        "queries": [
            {
                "statement": used.index(call.statement), "site": used.index(call.statement), "alias": "default",
                "ordinal": call.ordinal, "start_ns": call.start_ns, "duration_ns": call.duration_ns,
            }
            for call in request.calls
        ],
        "thresholds": {}, "ignore": [], "today": "",
    }  # fmt: skip


def measure(units: int, runs: int) -> list[Row]:
    """Return the rows of this table."""
    texts = [workload.sql(number) for number in range(workload.STATEMENTS)]
    sites = [workload.site(number) for number in range(workload.STATEMENTS)]
    few = list(workload.requests(COMPARED_UNITS))
    print(f"verdicts of both engines on {compare(few)} units of the stream: equal", flush=True)
    few = few[:PYTHON_UNITS]
    frames = [workload.frame(request) for request in workload.requests(units)]
    per_write = max(1, WRITE_BYTES // len(frames[0]))
    batched = [b"".join(frames[at : at + per_write]) for at in range(0, units, per_write)]
    naive, reference, batch, single, speed = [], [], [], [], []
    time_naive(texts, few[:30])
    time_reference(texts, sites, few[:30])
    with tempfile.TemporaryDirectory(prefix="mercury-bench-") as folder:
        for run in range(runs):
            naive.append(time_naive(texts, few))
            reference.append(time_reference(texts, sites, few))
            cpu, rate = time_daemon(Path(folder) / f"batch-{run}", batched, units)
            batch.append(cpu)
            speed.append(rate)
            single.append(time_daemon(Path(folder) / f"single-{run}", frames, units)[0])
    return [
        median_row("naive engine: a query", "µs", [one / 1000 for one in naive], at_most=NAIVE_US_MAX),
        median_row("reference engine in Python: a query", "µs", [one / 1000 for one in reference], at_most=2),
        median_row("daemon, 64 KiB a write: a query", "ns", batch),
        median_row("daemon, a unit a write: a query", "ns", single),
        median_row("naive over daemon, 64 KiB a write", "times", _ratios(naive, batch), at_least=900),
        median_row("naive over daemon, a unit a write", "times", _ratios(naive, single), at_least=400),
        median_row("reference over daemon, 64 KiB a write", "times", _ratios(reference, batch), at_least=40),
        median_row("queries a second through one socket", "", speed, at_least=15_000_000),
    ]


def _ratios(above: list[float], below: list[float]) -> list[float]:
    return [one / other for one, other in zip(above, below, strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print_rows("Engines: CPU time", measure(options.units, options.runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
