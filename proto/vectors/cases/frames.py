"""Build frames as annotated bytes, next to the fields that a receiver sees in them.

PROTOCOL.md was read, and its layouts were typed in here a second time as format strings of `struct`.
"""

from __future__ import annotations

import json
import struct
from typing import Any

# fmt: off
Piece = dict[str, Any]
Fields = dict[str, Any]
Vector = tuple[str, Fields]  # its path below this folder, its content
Vectors = list[Vector]

U16, U32, U64 = 2**16 - 1, 2**32 - 1, 2**64 - 1
TYPES = {
    "HELLO": 1, "WELCOME": 2, "REJECT": 3, "DEFINE": 4, "BATCH": 5, "UNIT": 6, "DROPPED": 7, "BYE": 8,
    "ACK": 9, "GOAWAY": 10, "ERROR": 11, "COMMAND": 12, "REPLY": 13, "REPORT": 14,
}
STATEMENT, SITE, ROUTE, ALIAS, CACHE = 1, 2, 3, 4, 5
POSTGRESQL = 2
MANY, FAILED, IN_TRANSACTION, SUMMARY, CONTROL = 1, 2, 4, 8, 16
MORE_PARTS, UNIT_FAILED, FOLDED, STREAMED, REPORT_WANTED = 1, 2, 4, 8, 16
UNIT_HEADER = "<HHIQQQQQQQQQQIIHBBBBHII"  # 112 bytes
UNIT_FIELDS = [
    "header_bytes", "record_bytes", "record_count", "number", "unit_id", "parent_id", "start_ns",
    "duration_ns", "first_byte_ns", "db_ns", "queries", "descendant_queries", "descendant_db_ns",
    "descendant_units", "name", "status", "kind", "method", "flags", "operation", "part", "failed_queries",
    "reserved"
]
INCARNATION = "00112233445566778899aabbccddeeff"
MS = 1_000_000


class Frame:
    """Annotated bytes, and the fields that a receiver sees; None if it sees none."""

    def __init__(self, pieces: list[Piece], fields: Fields | None) -> None:
        self.pieces = pieces
        self.fields = fields

    @property
    def data(self) -> bytes:
        return b"".join(bytes.fromhex(piece["hex"]) for piece in self.pieces)


def piece(about: str, data: bytes, **more: Any) -> Piece:
    return {"about": about, "hex": data.hex(), **more}


def header(number: int, length: int, flags: int = 0, reserved: int = 0) -> bytes:
    return struct.pack("<IBBH", length, number, flags, reserved)


def frame(name: str, fields: Fields | None, *body: Piece, flags: int = 0, reserved: int = 0) -> Frame:
    """Put the frame header before `body`, whose pieces have no `repeat`."""
    length = sum(len(part["hex"]) // 2 for part in body)
    start = piece(f"{name}: frame header, payload {length} bytes",
                  header(TYPES[name], length, flags, reserved))
    return Frame([start, *(part for part in body if part["hex"])], fields)


def json_bytes(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def json_frame(name: str, value: Any) -> Frame:
    return frame(name, {"type": name, "json": value}, piece("JSON", json_bytes(value)))


def raw_frame(name: str, payload: bytes, about: str, **options: int) -> Frame:
    return frame(name, None, piece(about, payload), **options)


def str16(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<H", len(data)) + data


def define(number: int, kind: int, value: str | bytes, *, flags: int = 0, vendor: int = 0,
           zero: int = 0) -> Frame:
    """Build a DEFINE of text; bytes that are no UTF-8 stand as `hex` in the decoded fields."""
    fields: Fields = {"type": "DEFINE", "id": number, "kind": kind, "flags": flags, "vendor": vendor}
    data = value.encode() if isinstance(value, str) else value
    fields |= {"text": value} if isinstance(value, str) else {"hex": value.hex()}
    start = piece(f"id {number}, kind {kind}, flags {flags}, vendor {vendor}",
                  struct.pack("<IBBBB", number, kind, flags, vendor, zero))
    return frame("DEFINE", fields, start, piece("the text", data))


SiteField = tuple[Fields | None, bytes]


def site_field(tag: int, decoded: Fields | None, value: bytes) -> SiteField:
    return decoded, struct.pack("<HH", tag, len(value)) + value


def site_frame(line: int, application: bool, file: str, module: str, function: str) -> SiteField:
    flags = 1 if application else 0
    decoded = {"tag": 1, "line": line, "flags": flags, "file": file, "module": module, "function": function}
    return site_field(1, decoded, struct.pack("<IB3x", line,
                                              flags) + str16(file) + str16(module) + str16(function))


def site_template(line: int, name: str) -> SiteField:
    return site_field(2, {"tag": 2, "line": line, "name": name}, struct.pack("<I", line) + str16(name))


def site_text(tag: int, text: str) -> SiteField:
    return site_field(tag, {"tag": tag, "text": text}, text.encode())


def site_flags(flags: int) -> SiteField:
    return site_field(8, {"tag": 8, "flags": flags}, struct.pack("<H", flags))


def site_anchor(line: int, column: int, kind: int, file: str, *, zero: bytes = b"\0\0\0") -> SiteField:
    decoded = {"tag": 15, "line": line, "column": column, "kind": kind, "file": file}
    return site_field(15, decoded, struct.pack("<IIB3s", line, column, kind, zero) + str16(file))


def site(number: int, *parts: SiteField) -> Frame:
    fields: Fields = {"type": "DEFINE", "id": number, "kind": SITE, "flags": 0, "vendor": 0}
    fields["fields"] = [decoded for decoded, _ in parts if decoded is not None]
    start = piece(f"id {number}, kind {SITE}, flags 0, vendor 0",
                  struct.pack("<IBBBB", number, SITE, 0, 0, 0))
    tags = (f"site field, tag {struct.unpack_from('<H', data)[0]}" for _, data in parts)
    return frame("DEFINE", fields, start, *(piece(about, data) for about, (_, data) in zip(tags, parts, strict=False)))


def batch(sent_ns: int, created: int, extra: bytes = b"") -> Frame:
    fields = {"type": "BATCH", "sent_ns": sent_ns, "created": created}
    return frame("BATCH", fields, piece("sent_ns, created", struct.pack("<QQ", sent_ns, created) + extra))


def dropped(created: int, acknowledged: int, buffered: int, reasons: dict[int, int], *,
            zero: int = 0) -> Frame:
    fields: Fields = {"type": "DROPPED", "created": created, "acknowledged": acknowledged,
                      "buffered": buffered}
    fields["reasons"] = [{"reason": reason, "total": total} for reason, total in reasons.items()]
    totals = struct.pack("<QQQII", created, acknowledged, buffered, len(reasons), zero)
    rows = (piece(f"reason {reason}, total {total}", struct.pack("<HHIQ", reason, 0, 0, total))
            for reason, total in reasons.items())
    return frame("DROPPED", fields, piece("created, acknowledged, buffered, count, 0", totals), *rows)


def ack(highest: int) -> Frame:
    return frame("ACK", {"type": "ACK", "highest": highest}, piece("highest", struct.pack("<Q", highest)))


def report(nonce: int, verdict: Fields, findings_left_out: int = 0, groups_left_out: int = 0) -> Frame:
    fields = {"type": "REPORT", "nonce": nonce, "findings_left_out": findings_left_out,
              "groups_left_out": groups_left_out, "json": verdict}
    start = struct.pack("<QII", nonce, findings_left_out, groups_left_out)
    return frame("REPORT", fields, piece("nonce, findings_left_out, groups_left_out", start),
                 piece("the verdict, JSON", json_bytes(verdict)))


def no_findings(queries: int = 0, db_ns: int = 0) -> Fields:
    """Build the verdict on a unit that does nothing wrong and has no score: one of kind outside."""
    return {"findings": [], "groups": [], "score": None, "queries": queries, "db_ns": db_ns}


def bye() -> Frame:
    return frame("BYE", {"type": "BYE"})


def record(statement: int, site: int, *, ordinal: int = 1, rows: int = -1, start_ns: int = 0, alias: int = 0,
           duration_ns: int = MS, flags: int = 0) -> Fields:
    return {"statement": statement, "site": site, "ordinal": ordinal, "rows": rows, "start_ns": start_ns,
            "alias": alias, "duration_ns": duration_ns, "flags": flags}


def record_bytes(r: Fields) -> bytes:
    start_alias = r["start_ns"] | r["alias"] << 56
    duration_flags = r["duration_ns"] | r["flags"] << 48
    return struct.pack("<IIIiQQ", r["statement"], r["site"], r["ordinal"], r["rows"], start_alias,
                       duration_flags)


Section = tuple[Fields | None, bytes]


def section(tag: int, decoded: Fields | None, value: bytes, *, zero: int = 0) -> Section:
    shown = None if decoded is None else {"tag": tag, **decoded}
    return shown, struct.pack("<HHI", tag, zero, len(value)) + value


def cache_section(*entries: tuple[int, int, int, int, int]) -> Section:
    names = ("cache", "hits", "misses", "sets", "deletes")
    decoded = {"entries": [dict(zip(names, entry, strict=False)) for entry in entries]}
    return section(1, decoded, b"".join(struct.pack("<IIIII", *entry) for entry in entries))


def template_section(ns: int, renders: int) -> Section:
    return section(2, {"ns": ns, "renders": renders}, struct.pack("<QI", ns, renders))


def cpu_section(ns: int) -> Section:
    return section(3, {"ns": ns}, struct.pack("<Q", ns))


def memory_section(count: int) -> Section:
    return section(4, {"bytes": count}, struct.pack("<Q", count))


def exception_section(text: str) -> Section:
    return section(5, {"text": text}, text.encode())


def nonce_section(nonce: int) -> Section:
    return section(6, {"nonce": nonce}, struct.pack("<Q", nonce))


def unit_header(number: int, **values: int) -> tuple[Fields, bytes]:
    """Build the 112 bytes of a GET of 5 ms with status 200 and no name, unless `values` say otherwise."""
    fields = dict.fromkeys(UNIT_FIELDS, 0)
    fields |= {"header_bytes": 112, "record_bytes": 32, "number": number, "unit_id": number, "status": 200,
               "start_ns": 1000 * MS, "duration_ns": 5 * MS, "kind": 1, "method": 1} | values
    data = struct.pack(UNIT_HEADER, *(fields[name] for name in UNIT_FIELDS))
    del fields["reserved"]
    return fields, data


def queries_of(records: tuple[Fields, ...]) -> int:
    counted = (r for r in records if not r["flags"] & CONTROL)
    return sum(r["ordinal"] if r["flags"] & SUMMARY else 1 for r in counted)


def unit(number: int, *records: Fields, sections: tuple[Section, ...] = (), header_extra: bytes = b"",
         record_extra: bytes = b"", tail: bytes = b"", **values: int) -> Frame:
    """Build a UNIT whose totals fit its records, unless `values` say otherwise."""
    timed = [r for r in records if not r["flags"] & CONTROL]
    values = {"queries": queries_of(records), "db_ns": sum(r["duration_ns"] for r in timed),
              "failed_queries": sum(1 for r in timed if r["flags"] & FAILED), "record_count": len(records),
              "header_bytes": 112 + len(header_extra), "record_bytes": 32 + len(record_extra)} | values
    fields, data = unit_header(number, **values)
    shown = [decoded for decoded, _ in sections if decoded is not None]
    return frame(
        "UNIT",
        {"type": "UNIT", **fields, "records": list(records), "sections": shown},
        piece(f"unit header, number {number}", data + header_extra),
        *(piece(f"record {at}", record_bytes(r) + record_extra) for at, r in enumerate(records, 1)),
        *(piece(f"section, tag {struct.unpack_from('<H', value)[0]}", value) for _, value in sections),
        piece("after the last section", tail),
    )


def hello_json(next_unit: Any = 1, *, created: int = 0, acknowledged: int = 0, buffered: int = 0,
               dropped_by: dict[str, int] | None = None, **more: Any) -> Fields:
    totals = {"created": created, "acknowledged": acknowledged, "buffered": buffered,
              "dropped": dropped_by or {}}
    return {"protocol": {"min": 1, "max": 1}, "client": "mercury-vectors/1", "incarnation": INCARNATION,
            "next_unit": next_unit, "totals": totals} | more


def hello(**options: Any) -> Frame:
    return json_frame("HELLO", hello_json(**options))


def reader() -> Frame:
    return json_frame("HELLO", {"protocol": {"min": 1, "max": 1}, "client": "mercury-vectors/1"})


def dictionary() -> list[Frame]:
    """Define ids 1 alias, 2 route, 3 statement, 4 site, 5 cache."""
    return [
        define(1, ALIAS, "default", vendor=POSTGRESQL),
        define(2, ROUTE, "shop/orders/<int:pk>/"),
        define(3, STATEMENT, 'SELECT "shop_order"."id" FROM "shop_order" WHERE "shop_order"."id" = %s',
               vendor=POSTGRESQL),
        site(4, site_frame(42, True, "/srv/shop/views.py", "shop.views", "detail")),
        define(5, CACHE, "default"),
    ]
