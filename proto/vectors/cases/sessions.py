"""Whole conversations: what the peers send, and what the daemon answers in between."""

from __future__ import annotations

import struct
from typing import Any

from cases.frames import (
    FOLDED,
    MORE_PARTS,
    MS,
    REPORT_WANTED,
    ROUTE,
    STATEMENT,
    SUMMARY,
    U64,
    Fields,
    Frame,
    Piece,
    Vector,
    Vectors,
    batch,
    bye,
    define,
    dictionary,
    dropped,
    header,
    hello,
    hello_json,
    json_bytes,
    json_frame,
    nonce_section,
    piece,
    reader,
    record,
    record_bytes,
    unit,
    unit_header,
)

# fmt: off
Step = dict[str, Any]


def send(*frames: Frame | Piece, on: str = "a") -> Step:
    return {"connection": on, "send": [p for made in frames
                                       for p in (made.pieces if isinstance(made, Frame) else [made])]}


def expect(name: str, on: str = "a", **fields: Any) -> Step:
    """Expect a frame of this type that has, among others, these fields; ../../README.md says which frame."""
    return {"connection": on, "expect": {"type": name} | fields}


def answer(name: str, on: str = "a", **keys: Any) -> Step:
    return expect(name, on, json=keys)


def asking(number: int, *records: Fields, nonce: int, **values: int) -> Frame:
    """Build a UNIT that asks for its report."""
    return unit(number, *records, sections=(nonce_section(nonce),), **{"flags": REPORT_WANTED} | values)


def reported(nonce: int, on: str = "a", **verdict: Any) -> Step:
    return expect("REPORT", on, nonce=nonce, findings_left_out=0, groups_left_out=0, json=verdict)


def ends(by: str, on: str = "a") -> Step:
    """`by` is who closes: the peer (do it) or the daemon (wait for it)."""
    return {"connection": on, "close" if by == "peer" else "closed": True}


def session(name: str, about: str, *steps: Step, **after: int) -> Vector:
    return f"sessions/{name}.json", {"name": name, "about": about, "steps": list(steps), "after": after}


def sessions() -> Vectors:
    one = record(3, 4, alias=1)
    words = dictionary()
    longest = piece("DEFINE of a statement of 16384 bytes",
                    header(4, 8 + 16384) + struct.pack("<IBBBB", 3, STATEMENT, 1, 2, 0))
    spaces = piece("spaces up to the limit", b" ", repeat=1)
    hello_data = json_bytes(hello_json())
    command = json_bytes({"request_id": 1, "command": "status", "arguments": {}})
    most_header = unit_header(1, record_count=11001, flags=FOLDED, queries=10000 + 1001 * 2,
                              db_ns=11001 * MS)[1]
    summary = record(3, 4, alias=1, ordinal=2, flags=SUMMARY)
    open_unit = unit(2, flags=MORE_PARTS)
    counters = [{"offset": 16, "size": 8, "from": 2}, {"offset": 24, "size": 8, "from": 2}]
    ask = {"command": "status", "arguments": {}}
    question = json_frame("COMMAND", {"request_id": 9} | ask)
    answered = answer("REPLY", request_id=9)  # and no other frame before it
    return [
        session("plain", "one connection from HELLO to BYE: three units, all acknowledged",
                send(hello(service="shop", environment="test")),
                answer("WELCOME", protocol=1, acknowledged=0),
                send(*words, batch(2000 * MS, 2), unit(1, one, name=2), unit(2, name=2), batch(2050 * MS, 3),
                     unit(3, one, one)),
                expect("ACK", highest=3), send(bye()), ends("daemon"),
                created=3, received=3, duplicates=0, queries=3, dropped=0),
        session("bye_acknowledges", "BYE right after the units: the ACK comes before the end",
                send(hello(), batch(2000 * MS, 1)), answer("WELCOME", protocol=1, acknowledged=0),
                send(unit(1), bye()), expect("ACK", highest=1), ends("daemon"),
                created=1, received=1, duplicates=0, queries=0, dropped=0),
        session("resend",
                "the connection ends without BYE; the second one says what is folded, the client sends "
                "units 1 and 2 again all the same, and they count once; its dictionary starts empty",
                send(hello()), answer("WELCOME", protocol=1, acknowledged=0),
                send(*words, batch(2000 * MS, 2), unit(1, one, name=2), unit(2, one, name=2)),
                expect("ACK", highest=2),
                ends("peer"),
                send(hello(next_unit=4, created=3, acknowledged=0, buffered=3), on="b"),
                answer("WELCOME", "b", protocol=1, acknowledged=2),
                send(define(1, ROUTE, "shop/"), batch(3000 * MS, 3), unit(1, name=1), unit(2, name=1),
                     unit(3, name=1), on="b"),
                expect("ACK", "b", highest=3), send(bye(), on="b"), ends("daemon", "b"),
                created=3, received=3, duplicates=2, queries=2, dropped=0),
        session("drops", "numbers 2 and 3 were dropped and are told; the ACK goes past them",
                send(hello()), answer("WELCOME", protocol=1, acknowledged=0),
                send(batch(2000 * MS, 4), unit(1), dropped(4, 0, 2, {1: 2}), unit(4), bye()),
                expect("ACK", highest=4), ends("daemon"), created=4, received=2, duplicates=0, queries=0,
                dropped=2),
        session("parts", "one unit in three frames counts once, when it is closed",
                send(hello()), answer("WELCOME", protocol=1, acknowledged=0),
                send(*words, batch(12000 * MS, 2),
                     unit(1, one, unit_id=1, flags=MORE_PARTS, name=2, duration_ns=10000 * MS),
                     unit(2, one, unit_id=1, part=1, flags=MORE_PARTS, name=2, queries=2,
                          duration_ns=20000 * MS)),
                expect("ACK", highest=2),
                send(batch(22000 * MS, 3), unit(3, unit_id=1, part=2, name=2, queries=2,
                                                duration_ns=21000 * MS)),
                expect("ACK", highest=3), send(bye()), ends("daemon"),
                created=3, received=3, duplicates=0, queries=2, dropped=0),
        session("report",
                "a unit asks for its report and has it before its ACK, with the query of the block below it; "
                "the next one does not ask",
                send(hello(capabilities=["report", "later"])),
                answer("WELCOME", protocol=1, acknowledged=0, capabilities=["report"]),
                send(*words, batch(2000 * MS, 3),
                     unit(1, one, unit_id=2, parent_id=1, kind=5, method=0, status=0, name=2),
                     asking(2, one, nonce=U64, unit_id=1, name=2, descendant_queries=1, descendant_db_ns=MS,
                            descendant_units=1)),
                reported(U64, findings=[], queries=2, db_ns=2 * MS,
                         score={"value": 97, "grade": "S", "response": {"points": 30, "of": 30},
                                "queries": {"points": 38, "of": 40}, "memory": None, "cache": None,
                                "penalty": 0}),
                send(unit(3, one, name=2), question), answered,
                expect("ACK", highest=3), send(bye()), ends("daemon"),
                created=3, received=3, duplicates=0, queries=3, dropped=0),
        session("report_of_parts", "only the frame that closes a unit is answered, on all of its parts",
                send(hello(capabilities=["report"])),
                answer("WELCOME", protocol=1, acknowledged=0, capabilities=["report"]),
                send(*words, batch(12000 * MS, 2),
                     asking(1, one, nonce=5, unit_id=1, flags=MORE_PARTS | REPORT_WANTED, name=2,
                            duration_ns=10000 * MS), question),
                answered,
                send(asking(2, nonce=5, unit_id=1, part=1, name=2, queries=1, duration_ns=11000 * MS)),
                reported(5, findings=[], queries=1, db_ns=MS), send(bye()), ends("daemon"),
                created=2, received=2, duplicates=0, queries=1, dropped=0),
        session("report_of_a_duplicate", "the unit is sent again, counts once and is not answered twice",
                send(hello(capabilities=["report"])), answer("WELCOME", protocol=1, acknowledged=0),
                send(batch(2000 * MS, 1), asking(1, nonce=5)), reported(5, queries=0), ends("peer"),
                send(hello(next_unit=2, created=1, buffered=1, capabilities=["report"]), on="b"),
                answer("WELCOME", "b", protocol=1, acknowledged=1),
                send(batch(3000 * MS, 1), asking(1, nonce=5), question, on="b"), answer("REPLY", "b", request_id=9),
                send(bye(), on="b"), ends("daemon", "b"),
                created=1, received=1, duplicates=1, queries=0, dropped=0),
        session("report_of_a_refused_unit", "the ERROR is the answer",
                send(hello(capabilities=["report"])), answer("WELCOME", protocol=1, acknowledged=0),
                send(batch(2000 * MS, 1), asking(1, record(9, 0), nonce=5)),
                answer("ERROR", code="id_unknown", number=1), ends("peer"),
                created=1, received=0, duplicates=0, queries=0, dropped=0),
        session("report_not_offered", "without capability, flag or section a unit is not answered",
                send(hello()), answer("WELCOME", protocol=1, acknowledged=0, capabilities=[]),
                send(batch(2000 * MS, 1), asking(1, nonce=5), question), answered,
                expect("ACK", highest=1), ends("peer"),
                send(hello(next_unit=2, created=1, acknowledged=1, capabilities=["report"]), on="b"),
                answer("WELCOME", "b", protocol=1, acknowledged=1, capabilities=["report"]),
                send(batch(3000 * MS, 3), unit(2, flags=REPORT_WANTED), unit(3, sections=(nonce_section(5),)),
                     question, on="b"), answer("REPLY", "b", request_id=9),
                expect("ACK", "b", highest=3), send(bye(), on="b"), ends("daemon", "b"),
                created=3, received=3, duplicates=0, queries=0, dropped=0),
        session("version_common", "the highest version that both know is spoken; unknown keys are ignored",
                send(hello(protocol={"min": 0, "max": 9}, colour="blue")),
                answer("WELCOME", protocol=1, acknowledged=0),
                send(bye()), ends("daemon")),
        session("version_none", "no common version: REJECT names the daemon's range",
                send(hello(protocol={"min": 2, "max": 3})),
                answer("REJECT", code="version_unsupported", required={"min": 1, "max": 1}), ends("daemon")),
        session("reader", "a reader asks twice and leaves",
                send(reader()), answer("WELCOME", protocol=1),
                send(json_frame("COMMAND", {"request_id": 7} | ask)),
                answer("REPLY", request_id=7, more=False, schema_version=1),
                send(json_frame("COMMAND", {"request_id": 8, "command": "no_such", "arguments": {}})),
                answer("REPLY", request_id=8, more=False, schema_version=1,
                       error={"code": "command_unknown"}),
                send(bye()), ends("daemon")),
        session("superseded", "the same incarnation connects again: the first connection gets an ERROR",
                send(hello()), answer("WELCOME", protocol=1, acknowledged=0),
                send(batch(2000 * MS, 1), unit(1)), expect("ACK", highest=1),
                send(hello(next_unit=2, created=1, acknowledged=1), on="b"),
                answer("WELCOME", "b", protocol=1, acknowledged=1),
                answer("ERROR", "a", code="superseded", number=None), ends("peer"),
                send(bye(), on="b"), ends("daemon", "b"),
                created=1, received=1, duplicates=0, queries=0, dropped=0),
        session("refused_unit",
                "a refused unit is dropped as `rejected`; the next connection goes on after it",
                send(hello()), answer("WELCOME", protocol=1, acknowledged=0),
                send(batch(2000 * MS, 3), unit(1), unit(2, record(9, 0))),
                answer("ERROR", code="id_unknown", number=2), ends("peer"),
                send(hello(next_unit=4, created=3, acknowledged=1, buffered=1, dropped_by={"rejected": 1}),
                     on="b"),
                answer("WELCOME", "b", protocol=1, acknowledged=1),
                send(dropped(3, 1, 1, {2: 1}), batch(3000 * MS, 3), unit(3), bye(), on="b"),
                expect("ACK", "b", highest=3), ends("daemon", "b"),
                created=3, received=2, duplicates=0, queries=0, dropped=1),
        session("at_the_limits",
                "all that a limit just allows: a HELLO, a COMMAND and a skipped frame at their sizes, "
                "16384 ids, a statement of 16384 bytes, a unit of 11001 records, 256 open units",
                send(piece("HELLO of 8192 bytes", header(1, 8192) + hello_data),
                     spaces | {"repeat": 8192 - len(hello_data)}),
                answer("WELCOME", protocol=1, acknowledged=0),
                send(piece("COMMAND of 65536 bytes", header(12, 65536) + command),
                     spaces | {"repeat": 65536 - len(command)}),
                answer("REPLY", request_id=1, more=False),
                send(piece("an optional frame of 524288 bytes", header(200, 524288, 1)),
                     piece("its payload", b"\0", repeat=524288)),
                send(*words, piece("16379 routes", define(6, ROUTE, "").data, repeat=16379,
                                   counters=[{"offset": 8, "size": 4, "from": 6}]), longest,
                     piece("its text", b"a", repeat=16384), batch(2000 * MS, 257)),
                send(piece("UNIT of 11001 records", header(6, 112 + 32 * 11001) + most_header),
                     piece("10000 plain ones", record_bytes(one), repeat=10000),
                     piece("1000 summaries and the one for what is left", record_bytes(summary), repeat=1000),
                     piece("what is left", record_bytes(record(0, 0, alias=1, ordinal=2, flags=SUMMARY)))),
                send(piece("256 open units", open_unit.data, repeat=256, counters=counters)),
                expect("ACK", highest=257), send(bye()), ends("daemon"),
                created=257, received=257, duplicates=0, queries=12002, dropped=0),
    ]
