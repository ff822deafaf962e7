"""The fixed stream that the engines are measured on: what it holds, and its bytes for the daemon.

    .venv/bin/python tests/bench/workload.py FILE [--units 20000]      writes the bytes, for replay.cpp

A unit is a request with 30 queries over 200 statements of 300 to 400 characters, each made at a place of its own.
One unit in ten has an N+1: a list, and 29 times the statement that follows its foreign key, with another
parameter each time. Durations are lognormal. All of it comes from one seed.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mercury_client.protocol import (
    Batch,
    Definition,
    FrameType,
    Hello,
    Kind,
    Site,
    SiteFrame,
    Totals,
    UnitKind,
    Vendor,
)
from mercury_client.unit import Unit

__all__ = [
    "NUMBERS", "NUMBERS_AT", "QUERIES", "STATEMENTS", "Call", "Request", "batch", "definitions", "frame", "preamble",
    "requests", "site", "sql", "units_of",
]  # fmt: skip

QUERIES = 30
STATEMENTS = 200
N_PLUS_ONE_EVERY = 10
ALIAS_ID = 1
FIRST_STATEMENT = 2
FIRST_SITE = FIRST_STATEMENT + STATEMENTS
FIRST_ROUTE = FIRST_SITE + STATEMENTS
GAP_NS = 50_000  # of the application's own work between two queries
SENT_NS = 1 << 50  # when batches are sent, by the clock of the client
HEADER = struct.Struct("<HHI10QIIHBBBBHII")
RECORD = struct.Struct("<IIIiQQ")
NUMBERS = struct.Struct("<QQ")  # number and unit_id
NUMBERS_AT = 16  # in a frame: 8 bytes of its own header, 8 of sizes


@dataclass(slots=True)
class Call:
    """One query: which statement (its place is the site of the same number), and which parameters."""

    statement: int
    ordinal: int
    start_ns: int
    duration_ns: int


@dataclass(slots=True)
class Request:
    """One unit; ``calls`` start at 0 ns."""

    number: int
    route: int
    duration_ns: int
    calls: list[Call] = field(default_factory=list)


@cache
def sql(number: int) -> str:
    """Return the text of a statement; an even one lists, the odd one behind it follows a key of its rows."""
    rng = random.Random(number)
    columns = ", ".join(f'"shop_book{number}"."column_{n}"' for n in range(rng.randint(8, 11)))
    where = f'WHERE "shop_book{number}"."id" = %s LIMIT 21' if number % 2 else f'ORDER BY "shop_book{number}"."name"'
    return f'SELECT {columns} FROM "shop_book{number}" {where}'


@cache
def site(number: int) -> Site:
    """Return where a statement is made: one object a place, as the client has it."""
    frames = tuple(
        SiteFrame(f"/srv/shop/{name}.py", 10 * number + line, f"{name}_{number}", f"shop.{name}", True)
        for line, name in enumerate(("models", "services", "views"))
    )
    if number % 2 == 0:
        return Site(frames, operation="fetch", model=f"shop.Book{number}")
    return Site(
        frames,
        operation="follow",
        relation=f"shop.Book{number - 1}.other",
        relation_kind="foreign_key",
        owner_table=f"shop_book{number - 1}",
        model=f"shop.Book{number}",
    )


def requests(units: int, routes: int = 10, seed: int = 11) -> Iterator[Request]:
    """Yield the units of a run."""
    rng = random.Random(seed)
    for number in range(1, units + 1):
        first = rng.randrange(STATEMENTS)
        request = Request(number, rng.randrange(routes), 0)
        looped = number % N_PLUS_ONE_EVERY == 0
        first -= first % 2 if looped else 0
        at = 0
        for index in range(QUERIES):
            took = int(rng.lognormvariate(11.5, 0.6))
            which = (first + min(index, 1) if looped else first + index) % STATEMENTS
            request.calls.append(Call(which, max(index, 1) if looped else 1, at, took))
            at += took + GAP_NS
        request.duration_ns = at
        yield request


def preamble(routes: Iterable[int] = range(10), incarnation: str = "00" * 16) -> bytes:
    """Return HELLO and every DEFINE; a client defines the routes that it uses."""
    hello = Hello(incarnation=incarnation, next_unit=1, totals=Totals(), service="bench").encode()
    return hello + definitions(routes)


def definitions(routes: Iterable[int] = range(10)) -> bytes:
    """Return the DEFINE frames of the alias, the statements, their sites, and the routes, in this order."""
    frames = [Definition(ALIAS_ID, Kind.ALIAS, b"default", Vendor.SQLITE).encode()]
    for number in range(STATEMENTS):
        text = sql(number).encode()
        frames.append(Definition(FIRST_STATEMENT + number, Kind.STATEMENT, text, Vendor.SQLITE).encode())
    for number in range(STATEMENTS):
        frames.append(Definition(FIRST_SITE + number, Kind.SITE, site(number).encode()[0], Vendor.UNKNOWN).encode())
    for at, number in enumerate(routes):
        name = f"books/{number}/<int:pk>/".encode()
        frames.append(Definition(FIRST_ROUTE + at, Kind.ROUTE, name, Vendor.UNKNOWN).encode())
    return b"".join(frames)


def batch(created: int) -> bytes:
    """Return the BATCH frame that announces units up to a number."""
    return Batch(sent_ns=SENT_NS, created=created).encode()


def frame(request: Request) -> bytes:
    """Return the UNIT frame of a request; its route is the place among those that were defined."""
    records = [
        RECORD.pack(
            FIRST_STATEMENT + call.statement,
            FIRST_SITE + call.statement,
            call.ordinal,
            -1,
            call.start_ns | ALIAS_ID << 56,
            call.duration_ns,
        )
        for call in request.calls
    ]
    db_ns = sum(call.duration_ns for call in request.calls)
    start = SENT_NS - request.duration_ns
    name = FIRST_ROUTE + request.route
    header = HEADER.pack(
        HEADER.size, RECORD.size, len(records), request.number, request.number, 0, start, request.duration_ns, 0, db_ns,
        len(records), 0, 0, 0, name, 200, 1, 1, 0, 0, 0, 0, 0,
    )  # fmt: skip
    payload = header + b"".join(records)
    return struct.pack("<IBBH", len(payload), FrameType.UNIT, 0, 0) + payload


def units_of(requests: Iterable[Request]) -> Iterator[Unit]:
    """Yield the finished unit of each request, as the client has it in memory."""
    for request in requests:
        unit = Unit(request.number, UnitKind.REQUEST, f"books/{request.route}/<int:pk>/", 0)
        for call in request.calls:
            unit.record(
                sql(call.statement), "default", "sqlite", call.start_ns, call.duration_ns, 0, -1,
                site(call.statement), call.ordinal,
            )  # fmt: skip
        unit.seal(request.duration_ns)
        yield unit


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the fixed stream to a file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--routes", type=int, default=10)
    options = parser.parse_args()
    units = requests(options.units, options.routes)
    data = preamble(range(options.routes)) + batch(options.units) + b"".join(map(frame, units))
    options.file.write_bytes(data)
    print(f"{options.file}: {options.units:,} units, {options.units * QUERIES:,} queries, {len(data):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
