"""The same stream through three engines: a naive one, our reference in Python, and the daemon.

    .venv/bin/python tests/bench/engines.py [--units 100000] [--runs 5]

There are two streams: that of workload.py, which the bars are for, and one of the real bookshop, which is recorded
first (recorded.py). The two engines in Python are given each query as the hook has it, in memory, and the CPU time of
their thread is taken; the reference has its statements and sites interned, as the client has. The daemon gets the
bytes through a real Unix socket, in writes of 64 KiB as the flusher makes them at load, and in one write a unit; from
the first byte to the last acknowledgement the CPU time of its process is taken. It judges every unit, and nothing may
be lost. Each run does all of them in turn, so that a machine that slows down slows all.

Before that the verdicts of the reference and of the C++ engine on the first units are compared, field by field.
"""

from __future__ import annotations

import argparse
import itertools
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import workload
from naive import Naive
from recorded import record
from rows import Row, median_row, print_rows

from mercury_client.protocol import FrameDecoder, FrameType, Operation, Site, UnitKind
from mercury_client.reference import judge
from mercury_client.unit import Unit
from support.daemon import Daemon
from support.verdicts import cpp_verdicts, difference, judge_json, python_verdict

NAIVE_US_MAX = 32.0  # what a query costs engines of that kind is 18 to 32 µs; a slower one would flatter us
PYTHON_UNITS = 500  # of a run: Python needs as long for them as the daemon for a hundred thousand
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


@dataclass(frozen=True)
class Stream:
    """Bytes for the daemon; ``units`` yields anew the first of its units, as the client has them in memory."""

    preamble: bytes
    batch: bytes
    frames: list[bytes]
    queries: int
    units: Callable[[], Iterator[Unit]]

    def batched(self) -> list[bytes]:
        """Return the frames in writes as large as the flusher's at load."""
        chunks = [bytearray()]
        for frame in self.frames:
            if len(chunks[-1]) + len(frame) > WRITE_BYTES:
                chunks.append(bytearray())
            chunks[-1] += frame
        return [bytes(chunk) for chunk in chunks]


def generated(units: int) -> Stream:
    """Return the stream of workload.py."""
    few = list(workload.requests(PYTHON_UNITS))
    frames = [workload.frame(request) for request in workload.requests(units)]
    queries = units * workload.QUERIES
    return Stream(workload.preamble(), workload.batch(units), frames, queries, lambda: workload.units_of(few))


def recorded(units: int) -> Stream:
    """Return a stream of the bookshop, repeated to about as many units."""
    recording = record()
    passes = max(1, units // len(recording.frames))
    frames = recording.repeated(passes)
    queries = passes * sum(unit.queries for unit in recording.units())
    return Stream(recording.preamble, recording.batch(len(frames)), frames, queries, recording.units)


def time_daemon(folder: Path, stream: Stream, chunks: list[bytes]) -> tuple[float, float]:
    """Return CPU ns a query, and queries a second, of a fresh daemon that gets everything through one socket."""
    folder.mkdir()
    units = len(stream.frames)
    with Daemon(folder) as daemon:
        sender = Sender(str(daemon.socket), units, stream.preamble + stream.batch)
        daemon.wait_for(lambda status: status["units"]["created"] == units, "the definitions to be read")
        cpu, wall = cpu_ns(daemon.pid), time.perf_counter()
        sender.send(chunks)
        cpu, wall = cpu_ns(daemon.pid) - cpu, time.perf_counter() - wall
        status: dict[str, Any] = daemon.status()
        sender.close()
    if status["queries"]["received"] != stream.queries or status["units"]["acknowledged"] != units:
        sys.exit(f"bench: {units} units, {stream.queries} queries were sent, the daemon says {status}")
    return cpu / stream.queries, stream.queries / wall


def time_naive(units: Iterable[Unit]) -> float:
    """Return ns a query."""
    engine = Naive()
    spent = queries = 0
    for unit in units:
        calls = [(record[0].text, record[3], record[4]) for record in unit.records]
        before = time.thread_time_ns()
        for text, start_ns, duration_ns in calls:
            engine.record(text, start_ns, duration_ns)
        engine.finish()
        spent += time.thread_time_ns() - before
        queries += unit.queries
    return spent / queries


def time_reference(units: Iterable[Unit]) -> float:
    """Return ns a query of the verdict; recording is not in it, as it is not in the daemon's."""
    spent = queries = 0
    for unit in units:
        before = time.thread_time_ns()
        judge(unit)
        spent += time.thread_time_ns() - before
        queries += unit.queries
    return spent / queries


def compare(units: Iterable[Unit]) -> int:
    """Return how many verdicts both engines gave alike; exit where they differ."""
    program = judge_json()
    if program is None:
        sys.exit("bench: judge_json is not built: cmake --build --preset release --target judge_json")
    cases = [case_of(unit) for unit in units]
    for case, theirs in zip(cases, cpp_verdicts(program, cases), strict=True):
        if found := difference(python_verdict(case), theirs):
            sys.exit(f"bench: the engines disagree on {case['about']}: {found}")
    return len(cases)


def case_of(unit: Unit) -> dict[str, Any]:
    """Return a finished unit as a case of VERDICTS.md §9."""
    records = sorted(unit.records, key=itemgetter(3))
    texts = dict.fromkeys((record[0].text, record[2]) for record in records)
    places = dict.fromkeys(record[7] for record in records if record[7] is not None)
    statements = {text: at for at, text in enumerate(texts)}
    sites = {site: at for at, site in enumerate(places)}
    caches = (unit.caches or {}).values()
    return {
        "about": f"unit {unit.id}, {unit.name}",
        "unit": {
            "kind": UnitKind(unit.kind).name.lower(), "name": unit.name, "duration_ns": unit.duration_ns,
            "operation": Operation(unit.operation).name.lower() if unit.operation else "",
            "first_byte_ns": unit.first_byte_ns,
            "cache_hits": sum(counts[0] for counts in caches), "cache_misses": sum(counts[1] for counts in caches),
        },
        "statements": [{"sql": text, "vendor": vendor} for text, vendor in statements],
        "sites": [site_row(site) for site in sites],
        "queries": [
            {
                "statement": statements[statement.text, vendor], "site": None if site is None else sites[site],
                "alias": alias, "ordinal": ordinal, "rows": rows, "flags": flags, "start_ns": start_ns,
                "duration_ns": duration_ns,
            }
            for statement, alias, vendor, start_ns, duration_ns, flags, rows, site, ordinal in records
        ],
        "thresholds": {}, "ignore": [], "today": "",
    }  # fmt: skip


def site_row(site: Site) -> dict[str, Any]:
    """Return a site as a case has it."""
    values = {item.name: getattr(site, item.name) for item in fields(site) if item.init}
    texts = {name: value for name, value in values.items() if value and isinstance(value, str)}
    places = {name: values[name]._asdict() for name in ("template", "anchor") if values[name] is not None}
    return texts | places | {"frames": [frame._asdict() for frame in site.frames], "flags": site.flags}


def measure(units: int, runs: int) -> list[Row]:
    """Return the rows of this table: those of the generated stream, and those of the recorded one."""
    return [*measure_stream("", generated(units), runs), *measure_stream("bookshop, ", recorded(units), runs)]


def measure_stream(name: str, stream: Stream, runs: int) -> list[Row]:
    """Return the rows of one stream; the bars are for the generated one, whose name is empty."""
    print(f"{name}verdicts of both engines on {compare(stream.units())} units of the stream: equal", flush=True)
    batched = stream.batched()
    naive, reference, batch, single, speed = [], [], [], [], []
    time_naive(itertools.islice(stream.units(), 30))
    time_reference(itertools.islice(stream.units(), 30))
    with tempfile.TemporaryDirectory(prefix="mercury-bench-") as folder:
        for run in range(runs):
            naive.append(time_naive(stream.units()))
            reference.append(time_reference(stream.units()))
            cpu, rate = time_daemon(Path(folder) / f"batch-{run}", stream, batched)
            batch.append(cpu)
            speed.append(rate)
            single.append(time_daemon(Path(folder) / f"single-{run}", stream, stream.frames)[0])
    rows = [
        median_row("naive engine: a query", "µs", [one / 1000 for one in naive], at_most=NAIVE_US_MAX),
        median_row("reference engine in Python: a query", "µs", [one / 1000 for one in reference], at_most=2),
        median_row("daemon, 64 KiB a write: a query", "ns", batch),
        median_row("daemon, a unit a write: a query", "ns", single),
        median_row("naive over daemon, 64 KiB a write", "times", _ratios(naive, batch), at_least=900),
        median_row("naive over daemon, a unit a write", "times", _ratios(naive, single), at_least=400),
        median_row("reference over daemon, 64 KiB a write", "times", _ratios(reference, batch), at_least=40),
        median_row("queries a second through one socket", "", speed, at_least=15_000_000),
    ]
    return [replace(row, what=name + row.what, bar=None) for row in rows] if name else rows


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
