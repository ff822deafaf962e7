"""A recorded stream: what the client in the real bookshop says while the demo's plan of requests is sent to it.

    .venv/bin/python tests/bench/recorded.py FILE [--requests 400] [--passes 50]      writes the bytes, for replay.cpp

gunicorn serves the bookshop, a wire tap (support/relay.py) stands between it and a daemon. What was recorded is a few
hundred units; a stream of any length repeats them with new numbers. Nothing is kept in the repository: to record takes
ten seconds, and so the stream is always what the client of now sends.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workload import NUMBERS, NUMBERS_AT

from mercury_client.ordinals import NO_KEY
from mercury_client.protocol import (
    Batch,
    Definitions,
    Frame,
    FrameDecoder,
    FrameType,
    Hello,
    Kind,
    Site,
    Totals,
    decode_unit,
    encode_frame,
)
from mercury_client.unit import Unit
from support.bookshop import GUNICORN, BookshopData, Server
from support.daemon import Daemon
from support.fake_server import SeenUnit, resolve
from support.relay import Relay

__all__ = ["REQUESTS", "Recording", "record"]

REQUESTS = 400


@dataclass(frozen=True)
class Recording:
    """Units of one connection, and the frames that they came in."""

    seen: list[SeenUnit] = field(default_factory=list)
    definitions: list[bytes] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    sites: dict[object, Site] = field(default_factory=dict)  # by definition: one object a place, as the client has it

    @property
    def preamble(self) -> bytes:
        """Return HELLO and every DEFINE."""
        hello = Hello(incarnation="00" * 16, next_unit=1, totals=Totals(), service="bench").encode()
        return b"".join([hello, *self.definitions])

    def batch(self, created: int) -> bytes:
        """Return the BATCH frame that announces units up to a number, sent when the last unit ended."""
        return Batch(max(unit.start_ns + unit.duration_ns for unit in self.units()), created).encode()

    def units(self) -> Iterator[Unit]:
        """Yield each unit as the client had it in memory."""
        for seen in self.seen:
            yield _unit_of(seen, self.sites)

    def repeated(self, passes: int) -> list[bytes]:
        """Return the UNIT frames several times over, with numbers from 1 on."""
        out = []
        for number in range(passes * len(self.frames)):
            frame = bytearray(self.frames[number % len(self.frames)])
            NUMBERS.pack_into(frame, NUMBERS_AT, number + 1, number + 1)
            out.append(bytes(frame))
        return out


def record(requests: int = REQUESTS) -> Recording:
    """Send the plan to a bookshop of its own and return what its client sent."""
    with tempfile.TemporaryDirectory(prefix="mercury-bench-") as name:
        folder = Path(name)
        data = BookshopData(folder / "data-of-all").make()
        with Daemon(folder) as daemon, Relay(folder / "tap.sock", str(daemon.socket)) as tap:
            with Server(GUNICORN, folder, data, MERCURY_ADDRESS=tap.address, BOOKSHOP_SITES="all") as server:
                server.load(requests)
            daemon.wait_for_ended()
            return read(tap.sent())


def read(sent: bytes) -> Recording:
    """Read what one client has sent."""
    definitions = Definitions()
    recording = Recording()
    for frame in FrameDecoder().feed(sent):
        if frame.type is FrameType.DEFINE:
            definition = definitions.apply(frame.payload)
            if definition.kind is Kind.SITE:
                recording.sites[definition] = Site.decode(definition.data)
            recording.definitions.append(_bytes_of(frame))
        elif frame.type is FrameType.UNIT:
            seen = resolve(decode_unit(frame.payload), definitions)
            if seen.unit.header.parent_id or seen.unit.header.part:
                sys.exit("bench: a unit was recorded that belongs to another one, and can not be numbered anew")
            recording.seen.append(seen)
            recording.frames.append(_bytes_of(frame))
    return recording


def _unit_of(seen: SeenUnit, sites: Mapping[object, Site]) -> Unit:
    header = seen.unit.header
    unit = Unit(header.unit_id, header.kind, seen.name, header.start_ns)
    unit.operation, unit.first_byte_ns = header.operation, header.first_byte_ns
    for entry in seen.unit.sections.cache:
        unit.count_cache(str(entry.cache), *entry[1:])
    rows = zip(seen.unit.records, seen.statements, seen.aliases, seen.sites, strict=True)
    for record, sql, alias, definition in rows:
        unit.record(
            sql, alias, "sqlite", header.start_ns + record.start_ns, record.duration_ns, record.flags, record.rows,
            sites.get(definition), record.ordinal or NO_KEY,
        )  # fmt: skip
    unit.seal(header.start_ns + header.duration_ns)
    return unit


def _bytes_of(frame: Frame) -> bytes:
    return encode_frame(frame.type, frame.payload, frame.flags)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write a recorded stream to a file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--passes", type=int, default=50)
    options = parser.parse_args()
    recording = record(options.requests)
    units = options.passes * len(recording.frames)
    frames = b"".join(recording.repeated(options.passes))
    options.file.write_bytes(recording.preamble + recording.batch(units) + frames)
    once = recording.preamble + b"".join(recording.frames)
    print(f"recorded: {len(recording.frames):,} units, {len(once):,} bytes, {len(zlib.compress(once)):,} compressed")
    print(f"{options.file}: {units:,} units")
    return 0


if __name__ == "__main__":
    sys.exit(main())
