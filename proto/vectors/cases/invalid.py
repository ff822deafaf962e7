"""The invalid vectors: for each error code the bytes that cause it, and what a client closes for."""

from __future__ import annotations

import struct
from typing import Any

from cases.frames import (
    ALIAS,
    CACHE,
    CONTROL,
    FOLDED,
    INCARNATION,
    MORE_PARTS,
    MS,
    REPORT_WANTED,
    ROUTE,
    SITE,
    STATEMENT,
    SUMMARY,
    U32,
    Fields,
    Frame,
    Piece,
    Vector,
    Vectors,
    ack,
    batch,
    bye,
    cache_section,
    define,
    dictionary,
    dropped,
    header,
    hello,
    hello_json,
    json_bytes,
    json_frame,
    no_findings,
    piece,
    raw_frame,
    reader,
    record,
    record_bytes,
    report,
    section,
    site,
    site_anchor,
    site_field,
    str16,
    unit,
    unit_header,
)


# fmt: off
def invalid(code: str, name: str, about: str, *frames: Frame | Piece, number: int | None = None) -> Vector:
    """Pair a client's bytes from the start of its connection with the ERROR for their last frame."""
    return refused("ERROR", code, name, about, *frames, number=number)


def refused(kind: str, code: str, name: str, about: str, *frames: Frame | Piece, **more: Any) -> Vector:
    pieces = [part for made in frames for part in (made.pieces if isinstance(made, Frame) else [made])]
    expect = {"frame": kind, "code": code} | ({"number": None} | more)
    name = f"{code}_{name}"
    return f"invalid/{name}.json", {
        "name": name, "about": about, "direction": "to_daemon", "session": pieces, "expect": expect,
    }


def invalid_frames() -> Vectors:
    large = ((6, 524288, "unit"), (4, 524288, "define"), (12, 65536, "command"))
    daemons = [json_frame("WELCOME", {"protocol": 1}),
               json_frame("REJECT", {"code": "stopping", "sentence": "no"}),
               ack(1), json_frame("GOAWAY", {"reason": "stopping", "drain_ms": 1000}),
               json_frame("ERROR", {"code": "superseded", "sentence": "no", "number": None}),
               json_frame("REPLY", {"request_id": 1, "more": False, "schema_version": 1, "rows": []}),
               report(1, no_findings())]
    early = [define(1, ROUTE, "a/"), batch(1, 1), unit(1), dropped(0, 0, 0, {}), bye(),
             json_frame("COMMAND", {"request_id": 1, "command": "status", "arguments": {}}), ack(1)]
    from_reader = [define(1, ROUTE, "a/"), batch(1, 1), unit(1), dropped(0, 0, 0, {})]

    def misplaced(where: str, about: str, *frames: Frame) -> Vector:
        """Leave the number open for a UNIT in the wrong place: the ERROR may name it or not."""
        name = str((frames[-1].fields or {})["type"]).lower()
        path, vector = invalid("frame_unexpected", f"{name}_{where}", about, *frames)
        if name == "unit":
            del vector["expect"]["number"]
        return path, vector

    return [
        invalid("frame_too_large", "hello", "one byte over hello_bytes_max; the payload is not waited for",
                piece("HELLO: frame header, payload 8193 bytes", header(1, 8193))),
        *(invalid("frame_too_large", name, f"one byte over the limit of {limit}", hello(),
                  piece(f"frame header, payload {limit + 1} bytes", header(number, limit + 1)))
          for number, limit, name in large),
        invalid("frame_too_large", "optional", "an optional frame has the same limit", hello(),
                piece("type 200, optional, payload 2^32 - 1 bytes", header(200, U32, 1))),
        *(invalid("frame_type_unknown", str(number), f"type {number} without `optional`", hello(),
                  piece(f"type {number}, empty", header(number, 0))) for number in (0, 15, 255)),
        *(invalid("frame_flags_unknown", f"bit_{bit}", "version 1 defines bit 0 only", hello(),
                  piece(f"BYE with flag bit {bit}", header(8, 0, 1 << bit))) for bit in (1, 7)),
        invalid("frame_flags_unknown", "hello", "the first frame is checked like any other",
                raw_frame("HELLO", json_bytes(hello_json()), "JSON", flags=4)),
        invalid("frame_reserved", "frame_header", "the reserved u16 of the frame header", hello(),
                piece("BYE with reserved = 1", header(8, 0, 0, 1))),
        invalid("frame_reserved", "unit", "the reserved u32 of the unit header", hello(), batch(1, 1),
                unit(1, reserved=1), number=1),
        invalid("frame_reserved", "define", "the byte after the vendor", hello(),
                define(1, ROUTE, "a/", zero=1)),
        invalid("frame_reserved", "section", "the u16 after a section's tag", hello(), batch(1, 1),
                unit(1, sections=(section(3, {}, bytes(8), zero=1),)), number=1),
        invalid("frame_reserved", "dropped", "the u32 after the count", hello(),
                dropped(0, 0, 0, {}, zero=1)),
        invalid("frame_reserved", "dropped_reason", "the u16 after a reason", hello(),
                raw_frame("DROPPED", struct.pack("<QQQIIHHIQ", 1, 0, 0, 1, 0, 1, 1, 0, 1), "one reason")),
        invalid("frame_reserved", "site_frame", "the three bytes after a site frame's flags", hello(),
                site(1, site_field(1, None, struct.pack("<IB3s", 1, 1, b"\0\0\1") + str16("f") * 3))),
        invalid("frame_reserved", "site_anchor", "the three bytes after a site anchor's kind", hello(),
                site(1, site_anchor(1, 0, 1, "f", zero=b"\0\0\1"))),
        *(misplaced("before_hello", "the first frame is HELLO", made) for made in early),
        invalid("frame_unexpected", "hello_twice", "HELLO comes once", hello(), hello()),
        misplaced("before_batch", "a UNIT needs a BATCH before it", hello(), unit(1)),
        *(misplaced("from_client", "only the daemon sends it", hello(), made) for made in daemons),
        *(misplaced("from_reader", "a reader only asks", reader(), made) for made in from_reader),
    ]


def invalid_control() -> Vectors:
    def without(key: str) -> Fields:
        return {name: value for name, value in hello_json().items() if name != key}

    hellos: list[tuple[str, str, bytes]] = [
        ("empty", "no bytes are no JSON", b""),
        ("cut", "JSON that ends in the middle", json_bytes(hello_json())[:-1]),
        ("array", "JSON, but no object", b"[]"),
        ("no_protocol", "every peer says what it speaks", json_bytes(without("protocol"))),
        ("protocol_no_max", "half a range", json_bytes(hello_json(protocol={"min": 1}))),
        ("no_next_unit", "a client MUST send it", json_bytes(without("next_unit"))),
        ("no_totals", "a client MUST send them", json_bytes(without("totals"))),
        ("totals_array", "an array for an object", json_bytes(hello_json(totals=[]))),
        ("next_unit_text", "a string for an integer", json_bytes(hello_json(next_unit="1"))),
        ("next_unit_negative", "integers are unsigned", json_bytes(hello_json(next_unit=-1))),
        ("incarnation_upper", "32 lower-case hex digits",
         json_bytes(hello_json(incarnation=INCARNATION.upper()))),
        ("incarnation_short", "31 hex digits", json_bytes(hello_json(incarnation=INCARNATION[1:]))),
        ("incarnation_number", "a number for a string", json_bytes(hello_json(incarnation=7))),
        ("service_number", "a number for a string", json_bytes(hello_json(service=7))),
    ]
    commands: list[tuple[str, str, bytes]] = [
        ("empty", "no bytes are no JSON", b""),
        ("cut", "JSON that ends in the middle", b'{"request_id":1,"command":"status"'),
        ("array", "JSON, but no object", b"[1]"),
        ("no_request_id", "the answer could not be told apart", b'{"command":"status","arguments":{}}'),
        ("no_command", "nothing is asked", b'{"request_id":1,"arguments":{}}'),
        ("request_id_text", "a string for an integer",
         b'{"request_id":"1","command":"status","arguments":{}}'),
        ("arguments_array", "an array for an object", b'{"request_id":1,"command":"status","arguments":[]}'),
        ("utf8", "JSON is UTF-8", b'{"request_id":1,"command":"\xff","arguments":{}}'),
    ]
    down = (dropped(9, 0, 4, {1: 5}), dropped(9, 0, 5, {1: 4}))
    short = struct.pack("<QQQI", 0, 0, 0, 0)
    one_more = struct.pack("<QQQII", 1, 0, 0, 2, 0) + struct.pack("<HHIQ", 1, 0, 0, 1)
    return [
        *(refused("REJECT", "hello_invalid", name, about, raw_frame("HELLO", data, "payload"))
          for name, about, data in hellos),
        refused("REJECT", "version_unsupported", "newer", "the peer speaks 2 to 9",
                hello(protocol={"min": 2, "max": 9}), required={"min": 1, "max": 1}),
        refused("REJECT", "version_unsupported", "older", "the peer speaks 0 only",
                hello(protocol={"min": 0, "max": 0}), required={"min": 1, "max": 1}),
        *(invalid("json_invalid", name, about, reader(), raw_frame("COMMAND", data, "payload"))
          for name, about, data in commands),
        invalid("batch_invalid", "short", "15 bytes", hello(), raw_frame("BATCH", bytes(15), "15 bytes")),
        invalid("batch_invalid", "empty", "no bytes", hello(), raw_frame("BATCH", b"", "")),
        invalid("dropped_invalid", "short", "28 of the first 32 bytes", hello(),
                raw_frame("DROPPED", short, "28 bytes")),
        invalid("dropped_invalid", "count", "count says 2, one reason follows", hello(),
                raw_frame("DROPPED", one_more, "count 2, one reason")),
        invalid("dropped_invalid", "total_down", "buffer_full was 5 and is 4", hello(), *down),
        invalid("dropped_invalid", "below_hello", "HELLO said that 5 were dropped, DROPPED says 4",
                hello(next_unit=10, created=9, buffered=4, dropped_by={"buffer_full": 5}), down[1]),
    ]


def invalid_defines() -> Vectors:
    def site_bytes(name: str, about: str, data: bytes) -> Vector:
        start = struct.pack("<IBBBB", 1, SITE, 0, 0, 0)
        return invalid("define_invalid", name, about, hello(),
                       raw_frame("DEFINE", start + data, "DEFINE 1, a site"))

    large = piece("DEFINE 1, a site: frame header and the first 8 bytes",
                  header(4, 8 + 16388) + struct.pack("<IBBBB", 1, SITE, 0, 0, 0))
    large_field = piece("4097 unknown fields without a value, 16388 bytes", struct.pack("<HH", 99, 0),
                        repeat=4097)
    many = piece("255 routes", define(1, ROUTE, "").data, repeat=255,
                 counters=[{"offset": 8, "size": 4, "from": 1}])
    return [
        invalid("define_invalid", "short", "7 bytes", hello(),
                raw_frame("DEFINE", b"\1\0\0\0\3\0\0", "7 bytes")),
        invalid("define_invalid", "empty", "no bytes", hello(), raw_frame("DEFINE", b"", "")),
        *(invalid("define_invalid", f"kind_{kind}", "kinds are 1 to 5", hello(), define(1, kind, "a"))
          for kind in (0, 6)),
        *(invalid("define_invalid", f"kind_{kind}_too_large", f"one byte over {limit}", hello(),
                  piece(f"DEFINE 1, kind {kind}: frame header, payload {8 + limit + 1} bytes",
                        header(4, 8 + limit + 1) + struct.pack("<IBBBB", 1, kind, 0, 0, 0)),
                  piece("the text", b"a", repeat=limit + 1))
          for kind, limit in ((STATEMENT, 16384), (ROUTE, 1024), (ALIAS, 1024), (CACHE, 1024))),
        invalid("define_invalid", "flag_2", "flag bit 1", hello(), define(1, ROUTE, "a/", flags=2)),
        site_bytes("site_field_past_end", "a field of 5 bytes of which 4 are there",
                   struct.pack("<HH", 3, 5) + b"view"),
        site_bytes("site_field_cut", "3 bytes where tag and length need 4", b"\3\0\0"),
        site_bytes("site_unknown_past_end", "an unknown field must fit, too", struct.pack("<HH", 99, 1)),
        site_bytes("site_frame_cut", "a frame whose function is longer than the field",
                   site_field(1, None, struct.pack("<IB3x", 1, 1) + str16("f") + str16("m") + b"\5\0fun")[1]),
        site_bytes("site_frame_short", "a frame of 7 bytes", site_field(1, None, bytes(7))[1]),
        site_bytes("site_template_short", "a template without its name", site_field(2, None, bytes(4))[1]),
        site_bytes("site_flags_short", "site_flags of one byte", site_field(8, None, b"\1")[1]),
        site_bytes("site_anchor_short", "an anchor of 11 bytes", site_field(15, None, bytes(11))[1]),
        site_bytes("site_anchor_cut", "an anchor whose file is longer than the field",
                   site_field(15, None, struct.pack("<IIB3x", 1, 0, 1) + b"\5\0f.py")[1]),
        invalid("define_invalid", "site_too_large", "4 bytes over site_bytes_max", hello(), large,
                large_field),
        invalid("id_out_of_range", "zero", "id 0 is never defined", hello(), define(0, ROUTE, "a/")),
        invalid("id_out_of_range", "first_gap", "ids are dense from 1", hello(), define(2, ROUTE, "a/")),
        invalid("id_out_of_range", "gap", "id 3 when the highest so far is 1", hello(),
                define(1, ROUTE, "a/"), define(3, ROUTE, "b/")),
        invalid("id_out_of_range", "dictionary", "id 16385 after 16384 others", hello(),
                piece("16384 routes", define(1, ROUTE, "").data, repeat=16384,
                      counters=[{"offset": 8, "size": 4, "from": 1}]), define(16385, ROUTE, "")),
        invalid("id_out_of_range", "alias", "an alias with id 256", hello(), many,
                define(256, ALIAS, "default")),
    ]


def invalid_units() -> Vectors:
    start = [hello(), *dictionary(), batch(2000 * MS, 1)]
    one = record(3, 4, alias=1)
    control = record(3, 4, alias=1, flags=CONTROL)
    summary = record(3, 4, alias=1, ordinal=5, flags=SUMMARY)
    cut_header = unit_header(1)[1]

    def case(code: str, name: str, about: str, last: Frame, number: int | None = 1) -> Vector:
        return invalid(code, name, about, *start, last, number=number)

    def bad(name: str, about: str, last: Frame, number: int | None = 1) -> Vector:
        return case("unit_invalid", name, about, last, number)

    many_header = unit_header(1, record_count=11002, queries=11002, db_ns=11002 * MS)[1]
    many = piece("frame header and unit header, record_count 11002",
                 header(6, 112 + 32 * 11002) + many_header)
    open_unit = unit(1, flags=MORE_PARTS)
    counters = [{"offset": 16, "size": 8, "from": 1}, {"offset": 24, "size": 8, "from": 1}]
    ids = [("statement", record(9, 0), {}), ("site", record(0, 9), {}), ("alias", record(0, 0, alias=9), {}),
           ("name", None, {"name": 9}), ("cache", None, {"sections": (cache_section((9, 1, 0, 0, 0)),)})]
    kinds = [("statement", record(2, 0), {}), ("site", record(0, 3), {}),
             ("alias", record(0, 0, alias=2), {}),
             ("name", None, {"name": 3}), ("cache", None, {"sections": (cache_section((1, 1, 0, 0, 0)),)})]

    def named(code: str, about: str, cases: list[Any]) -> Vectors:
        return [case(code, name, about, unit(1, *((r,) if r else ()), **values)) for name, r, values in cases]

    return [
        bad("empty", "no bytes, so no number", raw_frame("UNIT", b"", ""), None),
        bad("short_no_number", "15 bytes end inside the number",
            raw_frame("UNIT", cut_header[:15], "15 bytes"), None),
        bad("short", "111 bytes of a header of 112", raw_frame("UNIT", cut_header[:111], "111 bytes")),
        bad("header_bytes_small", "header_bytes 111", unit(1, header_bytes=111)),
        bad("header_bytes_past_end", "header_bytes 113, 112 are there", unit(1, header_bytes=113)),
        bad("record_bytes_small", "record_bytes 31", unit(1, one, record_bytes=31)),
        bad("record_bytes_zero", "record_bytes 0", unit(1, one, record_bytes=0)),
        bad("record_count_lies", "record_count 2, one record follows",
            unit(1, one, record_count=2, queries=2)),
        bad("record_bytes_lies", "record_bytes 33, 32 are there", unit(1, one, record_bytes=33)),
        bad("section_past_end", "a section of 8 bytes of which 7 are there",
            unit(1, one, tail=struct.pack("<HHI", 3, 0, 8) + bytes(7))),
        bad("section_length_huge", "an unknown section of 2^32 - 1 bytes",
            unit(1, tail=struct.pack("<HHI", 99, 0, U32))),
        bad("section_cut", "7 bytes where tag and length need 8",
            unit(1, tail=struct.pack("<HHHB", 3, 0, 0, 0))),
        bad("section_cache_size", "19 bytes, entries have 20",
            unit(1, sections=(section(1, {}, bytes(19)),))),
        bad("section_template_size", "11 bytes, template has 12",
            unit(1, sections=(section(2, {}, bytes(11)),))),
        bad("section_cpu_size", "7 bytes, cpu has 8", unit(1, sections=(section(3, {}, bytes(7)),))),
        bad("section_memory_size", "7 bytes, memory has 8", unit(1, sections=(section(4, {}, bytes(7)),))),
        bad("section_nonce_size", "7 bytes, nonce has 8",
            unit(1, sections=(section(6, {}, bytes(7)),), flags=REPORT_WANTED)),
        *(bad(f"kind_{kind}", "kinds are 1 to 6", unit(1, kind=kind)) for kind in (0, 7)),
        *(bad(f"flag_{flag}", "flags are 1 to 16", unit(1, flags=flag)) for flag in (32, 128)),
        *(bad(f"record_flag_{flag}", "record flags are 1 to 16", unit(1, one | {"flags": flag}))
          for flag in (32, 32768)),
        *named("id_unknown", "id 9 was not defined", ids),
        *named("id_kind", "the id is of another kind", kinds),
        case("totals_mismatch", "more", "queries 2, one record", unit(1, one, queries=2)),
        case("totals_mismatch", "less", "queries 0, one record", unit(1, one, queries=0)),
        case("totals_mismatch", "control", "transaction control is not counted",
             unit(1, one, control, queries=2)),
        case("totals_mismatch", "summary", "a summary counts its 5 calls, not 1",
             unit(1, one, summary, flags=FOLDED, queries=2)),
        invalid("too_many_records", "one_over",
                "11002 records: 10000, 1000 summaries, 1 for what is left, and 1", *start,
                many, piece("11002 records", record_bytes(one), repeat=11002), number=1),
        invalid("too_many_open", "one_over", "257 units are open", hello(), batch(2000 * MS, 257),
                piece("257 units, each with more parts to follow", open_unit.data, repeat=257,
                      counters=counters), number=257),
        case("number_invalid", "zero", "numbers start at 1; 0 is no number to name", unit(0, unit_id=1),
             None),
        case("number_invalid", "not_created", "number 2, created 1", unit(2), 2),
        invalid("number_not_increasing", "same", "number 1 twice", *start, unit(1), unit(1, unit_id=2),
                number=1),
        invalid("number_not_increasing", "lower", "number 2 after 3", hello(), batch(2000 * MS, 3), unit(3),
                unit(2), number=2),
    ]


def invalid_to_peer() -> Vectors:
    """Collect what a client must answer by closing the connection."""
    welcome = json_frame("WELCOME",
                         {"protocol": 1, "daemon": "mercuryd/0.1.0", "pid": 12, "address": "",
                          "capabilities": [],
                                     "limits": {}, "acknowledged": 0})
    granted = json_frame("WELCOME", {"protocol": 1, "capabilities": ["report"], "acknowledged": 0})
    start = struct.pack("<QII", 1, 0, 0)
    cases: list[tuple[str, str, list[Frame | Piece]]] = [
        ("welcome_not_json", "WELCOME is cut", [raw_frame("WELCOME", b'{"protocol":1', "payload")]),
        ("welcome_array", "WELCOME is no object", [raw_frame("WELCOME", b"[]", "payload")]),
        ("ack_before_welcome", "the answer to HELLO is WELCOME or REJECT", [ack(1)]),
        ("welcome_twice", "WELCOME comes once", [welcome, welcome]),
        ("ack_short", "ACK of 7 bytes", [welcome, raw_frame("ACK", bytes(7), "7 bytes")]),
        ("frame_too_large", "one byte over frame_bytes_max", [welcome, piece("header", header(13, 524289))]),
        ("type_unknown", "type 200 without `optional`", [welcome, piece("header", header(200, 0))]),
        ("flags_unknown", "flag bit 1", [welcome, piece("header", header(9, 8, 2) + bytes(8))]),
        ("reserved", "reserved is 1", [welcome, piece("header", header(9, 8, 0, 1) + bytes(8))]),
        ("unit_from_daemon", "only a client sends it", [welcome, unit(1)]),
        ("goaway_not_json", "GOAWAY is no JSON", [welcome, raw_frame("GOAWAY", b"stop", "payload")]),
        ("error_not_json", "ERROR is no JSON", [welcome, raw_frame("ERROR", b"{", "payload")]),
        ("report_before_welcome", "the answer to HELLO is WELCOME or REJECT", [report(1, no_findings())]),
        ("report_not_granted", "WELCOME did not grant the capability", [welcome, report(1, no_findings())]),
        ("report_short", "15 of the 16 bytes before the verdict",
         [granted, raw_frame("REPORT", start[:15], "15 bytes")]),
        ("report_no_verdict", "no bytes are no JSON", [granted, raw_frame("REPORT", start, "16 bytes")]),
        ("report_not_json", "the verdict is cut", [granted, raw_frame("REPORT", start + b'{"findings":[', "payload")]),
        ("report_array", "the verdict is no object", [granted, raw_frame("REPORT", start + b"[]", "payload")]),
        ("report_too_large", "one byte over report_bytes_max", [granted, piece("header", header(14, 262145))]),
    ]
    return [
        (f"invalid_to_peer/{name}.json",
         {"name": name, "about": about, "direction": "to_peer",
          "session": [part for made in frames
                      for part in (made.pieces if isinstance(made, Frame) else [made])],
          "expect": {"closed": True}})
        for name, about, frames in cases
    ]
