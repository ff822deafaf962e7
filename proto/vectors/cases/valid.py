"""The valid vectors: every frame, kind, tag, section and flag, and what a receiver skips."""

from __future__ import annotations

from cases.frames import (
    ALIAS,
    CACHE,
    CONTROL,
    FAILED,
    FOLDED,
    IN_TRANSACTION,
    MANY,
    MORE_PARTS,
    MS,
    POSTGRESQL,
    REPORT_WANTED,
    ROUTE,
    STATEMENT,
    STREAMED,
    SUMMARY,
    U16,
    U32,
    U64,
    UNIT_FAILED,
    Fields,
    Frame,
    Vector,
    Vectors,
    ack,
    batch,
    bye,
    cache_section,
    cpu_section,
    define,
    dictionary,
    dropped,
    exception_section,
    header,
    hello,
    hello_json,
    json_frame,
    memory_section,
    no_findings,
    nonce_section,
    piece,
    record,
    report,
    section,
    site,
    site_anchor,
    site_field,
    site_flags,
    site_frame,
    site_template,
    site_text,
    template_section,
    unit,
)


# fmt: off
def valid(name: str, about: str, *frames: Frame, re_encode: bool = True) -> Vector:
    to_daemon = {"HELLO", "DEFINE", "BATCH", "UNIT", "DROPPED", "BYE", "COMMAND"}
    types = [made.fields["type"] for made in frames if made.fields]
    direction = "to_daemon" if set(types) <= to_daemon else "to_peer"
    return f"valid/{name}.json", {
        "name": name,
        "about": about,
        "direction": direction,
        "needs_hello": direction == "to_daemon" and types[0] != "HELLO",
        "re_encode": re_encode,
        "pieces": [part for made in frames for part in made.pieces],
        "frames": [made.fields for made in frames if made.fields],
    }


def control_vectors() -> Vectors:
    full = hello_json(
        42, created=41, acknowledged=30, buffered=5, dropped_by={"buffer_full": 4, "rejected": 2},
        pid=4711, service="shop", environment="test", run="7f3a", release="1.4.2", capabilities=["report"],
    )
    limits = {"frame_bytes_max": 524288, "dictionary_max": 16384, "unit_records_max": 10000}
    welcome = {"protocol": 1, "daemon": "mercuryd/0.1.0", "pid": 12,
               "address": "unix:///run/mercury/mercuryd.sock",
               "capabilities": [], "limits": limits}
    rejects = ("hello_invalid", "connections_max", "users_max", "stopping")
    errors = [
        "frame_too_large", "frame_type_unknown", "frame_flags_unknown", "frame_reserved", "frame_unexpected",
        "handshake_timeout", "json_invalid", "define_invalid", "id_out_of_range", "id_unknown", "id_kind",
        "batch_invalid", "unit_invalid", "totals_mismatch", "too_many_records", "too_many_open",
        "number_invalid", "number_not_increasing", "dropped_invalid", "superseded", "slow_reader"
    ]
    of_units = ("id_unknown", "id_kind", "unit_", "totals_", "too_many_", "number_")
    numbered = {code for code in errors if code.startswith(of_units)}
    commands: Vectors = [
        ("status", {}), ("routes", {"window": "5m", "user": "alice"}),
        ("route", {"route": "orders", "service": "shop", "method": "GET", "user": "1000"}),
        ("statements", {}), ("findings", {"route": "orders", "kind": "n_plus_one", "all": "true", "user": "alice"}),
        ("explain", {"id": "3f2a", "user": "alice"}),
        ("units", {"user": "alice"}), ("reset", {"user": "alice"}), ("shutdown", {}),
    ]
    replies: list[Fields] = [
        {"request_id": 1, "more": False, "schema_version": 1, "result": {"version": "0.1.0", "pid": 12}},
        {"request_id": 2, "more": True, "schema_version": 1,
         "rows": [{"route": "a/", "count": 1}, {"route": "é/"}]},
        {"request_id": 2, "more": False, "schema_version": 1, "rows": []},
    ] + [
        {"request_id": at, "more": False, "schema_version": 1,
         "error": {"code": code, "sentence": "not done"}}
        for at, code in enumerate(("command_unknown", "arguments_invalid", "permission_denied", "internal"),
                                  3)
    ]
    return [
        valid("hello_client", "the least a client sends", hello()),
        valid("hello_reader", "the least a reader sends: no incarnation",
              json_frame("HELLO", {"protocol": {"min": 1, "max": 1}})),
        valid("hello_full", "every key, with a history of drops", json_frame("HELLO", full)),
        valid("hello_later_peer", "unknown keys, other versions, text outside ASCII, a label over 128 bytes",
              hello(protocol={"min": 1, "max": 7}, service="café ☕", release="r" * 200,
                    colour={"of": "later"})),
        valid("welcome", "to a client with 30 acknowledged units; to a reader, without the key",
              json_frame("WELCOME", welcome | {"acknowledged": 30}), json_frame("WELCOME", welcome)),
        valid("welcome_capabilities", "the client had offered the capability that is granted",
              json_frame("WELCOME", welcome | {"capabilities": ["report"], "acknowledged": 0})),
        valid("reject", "every code; only version_unsupported says what is required",
              json_frame("REJECT", {"code": "version_unsupported", "sentence": "speaks 1 to 1, you 2 to 9",
                                    "required": {"min": 1, "max": 1}}),
              *(json_frame("REJECT", {"code": code, "sentence": "no"}) for code in rejects)),
        valid("goaway", "the daemon ends", json_frame("GOAWAY", {"reason": "stopping", "drain_ms": 1000})),
        valid("error", "every code, with a number where one can be known",
              *(json_frame("ERROR", {"code": code, "sentence": "no",
                                     "number": at if code in numbered else None})
                for at, code in enumerate(errors, 1))),
        valid("error_number_64_bit", "a number needs all 64 bits",
              json_frame("ERROR", {"code": "id_unknown", "sentence": "id 9", "number": U64})),
        valid("command", "every command",
              *(json_frame("COMMAND", {"request_id": at, "command": name, "arguments": arguments})
                                            for at, (name, arguments) in enumerate(commands, 1))),
        valid("reply", "a result, rows in two frames, every error",
              *(json_frame("REPLY", value) for value in replies)),
        valid("report", "nothing found and nothing known; every field of a verdict; what was left out",
              report(0, no_findings()), report(7, whole_verdict()), report(U64, no_findings(U64, U64), U32, U32)),
        valid("ack", "none, one, the highest there can be", ack(0), ack(1), ack(U64)),
        valid("bye", "no payload", bye()),
        valid("batch", "zero and all bits", batch(0, 0), batch(U64, U64)),
        valid("batch_longer", "a later version's BATCH: the rest is skipped", batch(7, 1, b"\1\2\3\4"),
              re_encode=False),
        valid("dropped", "all reasons; then none",
              dropped(100, 60, 19, {1: 6, 2: 5, 3: 4, 4: 3, 5: 2, 6: 1})),
        valid("dropped_none", "no reason has a total yet", dropped(3, 1, 2, {})),
        valid("optional_frame", "type 200 with flag `optional` is skipped, with and without a payload",
              Frame([piece("type 200, optional, 3 bytes", header(200, 3, 1) + b"abc")], None), batch(1, 0),
              Frame([piece("type 200, optional, empty", header(200, 0, 1))], None), bye(), re_encode=False),
    ]


def whole_verdict() -> Fields:
    """Build a verdict with a loop and its source, a finding of the unit, and a score with all of its parts."""
    place: Fields = {"file": "/srv/größe/views.py", "line": 12, "function": "books", "module": "shop.views",
                     "template_name": "shop/book.html", "template_line": 3, "view": "shop.views.books",
                     "serializer_field": "author", "admin_column": "author_name"}
    nowhere: Fields = {name: 0 if name.endswith("line") else "" for name in place}
    loop: Fields = {
        "id": "00000000000000ff", "kind": "n_plus_one", "level": "fail", "likely": False, "severity": 2,
        "fingerprint": "fedcba9876543210", "alias": "default", "count": 10, "distinct": 10,
        "time_ns": 10 * MS, "saving_ns": 9 * MS, "relation": "shop.Book.author",
        "relation_kind": "foreign_key", "operation": "follow", "trigger": place,
        "sources": [{"fingerprint": "0123456789abcdef", "place": place | {"line": U32}}],
        "suggestion": {"action": "select_related", "path": "author", "text": "Add it: \"here\".",
                       "code": '.select_related("author")', "is_template": False,
                       "edit": {"file": "/srv/größe/views.py", "line": 10, "column": 0,
                                "insert": '.select_related("author")'}},
        "ignored": "",
    }
    slow: Fields = loop | {
        "id": "ffffffffffffffff", "kind": "slow_response", "level": "warn", "likely": True, "severity": 0,
        "fingerprint": "0000000000000000", "alias": "", "count": 1, "distinct": None, "relation": "",
        "relation_kind": "", "operation": "", "trigger": nowhere, "sources": [],
        "suggestion": {"action": "profile", "path": "", "text": "Look.", "code": "", "is_template": True,
                       "edit": None},
        "ignored": "on purpose ☕",
    }
    points = {"points": 20, "of": 30}
    score = {"value": 65, "grade": "C", "response": points, "queries": {"points": 20, "of": 40},
             "memory": {"points": 20, "of": 20}, "cache": None, "penalty": 10}
    return {"findings": [loop, slow], "groups": [{"id": "00000000000000ff", "count": 10}], "score": score,
            "queries": 11, "db_ns": U64}


def define_vectors() -> Vectors:
    trace = (
        site_frame(311, False, "/env/rest_framework/serializers.py", "rest_framework.serializers",
                   "to_representation"),
        site_frame(U32, True, "C:\\shop\\größe.py", "shop.größe", "<lambda>"),
        site_frame(0, True, "", "", ""),
    )
    relation = (
        site_text(9, "foreign_key"), site_text(10, "shop_order"), site_text(11, "shop.Customer"),
        site_text(12, "only sliced"), site_text(13, "order=shop_order\norder__größe=shop_size"),
        site_text(14, "orders__items"), site_anchor(U32, U32, 2, "C:\\shop\\größe.py"),
        site_text(16, "n_plus_one|one customer, always"),
    )
    unknown = (site_field(99, None, b"later"), site_field(U16, None, b""))
    return [
        valid("define_statement", "each vendor, the flag `cut`, text outside ASCII, no text",
              *(define(vendor + 1, STATEMENT, "SELECT 1", vendor=vendor) for vendor in range(6)),
              define(7, STATEMENT, "SELECT 'naïve ☕', x FROM ", flags=1, vendor=1),
              define(8, STATEMENT, "")),
        valid("define_names", "route, alias, cache",
              define(1, ROUTE, "shop/orders/<int:pk>/"), define(2, ALIAS, "default", vendor=1),
              define(3, CACHE, "sessions"), define(4, ROUTE, "x" * 1024, flags=1)),
        valid("define_site", "every field; three frames, innermost first",
              site(1, *trace, site_template(17, "shop/order.html"), site_text(3, "shop.views.OrderList"),
                   site_text(4, "items.product"), site_text(5, "total_price"),
                   site_text(6, "prefetch_related"),
                   site_text(7, "shop.Order.customer"), site_flags(3)),
              site(2, site_flags(1)), site(3)),
        valid("define_site_relation", "the fields that a verdict reads, all of them, then each alone, then the least",
              site(1, *trace[:2], site_text(3, "shop.views.OrderList"), site_text(6, "follow"),
                   site_text(7, "shop.Order.customer"), site_flags(2), *relation),
              *(site(2 + at, part) for at, part in enumerate(relation)),
              site(10, site_anchor(0, 0, 1, ""))),
        valid("define_site_unknown_field", "tags 99 and 65535 are skipped, between fields and at the end",
              site(1, unknown[0], site_text(3, "shop.views.index"), unknown[1], site_text(6, "get"),
                   unknown[0]),
              re_encode=False),
        valid("define_again", "the second DEFINE of id 1 replaces the first, with another kind",
              define(1, STATEMENT, "SELECT 1"), define(2, ROUTE, "a/"), define(1, ROUTE, "b/"),
              define(2, ROUTE, "c/")),
        valid("define_invalid_utf8", "bytes that are no UTF-8 are accepted and kept",
              define(1, STATEMENT, b"SELECT '\xff\xfe' \xc3", vendor=POSTGRESQL), define(2, ROUTE, b"\x80/")),
    ]


def unit_vectors() -> Vectors:
    words = dictionary()
    most: Fields = dict.fromkeys(("unit_id", "parent_id", "start_ns", "duration_ns", "first_byte_ns", "db_ns",
                          "queries",
                          "descendant_queries", "descendant_db_ns"), U64)
    most |= {"parent_id": U64 - 1} | dict.fromkeys(("descendant_units", "failed_queries"),
                                                   U32) | dict.fromkeys(("status", "part"), U16)
    kinds = [unit(kind, kind=kind, method=method, operation=operation, status=status)
             for kind, method, operation, status in zip(range(1, 7), (1, 0, 0, 0, 0, 0), range(6),
                                                        (200, 0, 0, 0, 0, 0), strict=False)]
    methods = [unit(7 + at, method=method, operation=min(at, 7))
               for at, method in enumerate((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255))]
    all_sections = (
        cache_section((5, 3, 2, 1, 0), (0, U32, U32, U32, U32)), template_section(3 * MS, 2),
        cpu_section(4 * MS),
        memory_section(65536), exception_section("shop.errors.Späť"), nonce_section(U64),
    )
    tree: Fields = {"descendant_queries": 2, "descendant_db_ns": 2 * MS, "descendant_units": 1}
    part_totals: tuple[Fields, ...] = ({"queries": 2, "db_ns": 2 * MS}, {"queries": 3, "db_ns": 3 * MS},
                   {"queries": 3, "db_ns": 3 * MS})
    one = record(3, 4, alias=1)
    later = define(1, ALIAS, "default", vendor=6), unit(1, method=10), unit(2, operation=8)
    for made, read_as in zip(later, ({"vendor": 0}, {"method": 255}, {"operation": 0}), strict=True):
        made.fields = (made.fields or {}) | read_as
    folded = (one, record(3, 4, ordinal=250, rows=250, alias=1, duration_ns=90 * MS, flags=SUMMARY),
              record(0, 0, ordinal=9, alias=0, duration_ns=8 * MS, flags=SUMMARY))
    return [
        valid("unit_empty", "no records, no sections, no name", batch(2000 * MS, 1), unit(1)),
        valid("unit_records", "three calls of one statement between BEGIN and COMMIT; ordinals 1, 2, 1",
              *words, define(6, STATEMENT, "BEGIN", vendor=POSTGRESQL), batch(2000 * MS, 1),
              unit(1, record(6, 0, ordinal=0, alias=1, flags=CONTROL),
                   record(3, 4, ordinal=1, rows=1, start_ns=2 * MS, alias=1, flags=IN_TRANSACTION),
                   record(3, 4, ordinal=2, rows=0, start_ns=4 * MS, alias=1, flags=IN_TRANSACTION),
                   record(3, 4, ordinal=1, start_ns=6 * MS, alias=1, flags=IN_TRANSACTION | FAILED),
                   record(6, 0, ordinal=0, start_ns=8 * MS, alias=1, flags=CONTROL),
                   name=2, operation=2, duration_ns=20 * MS)),
        valid("unit_record_extremes", "the least and the most of each field of a record; alias ids 0 and 255",
              *(define(number, ROUTE, "") for number in range(1, 255)),
              define(255, ALIAS, "replica", vendor=3),
              define(256, STATEMENT, "SELECT 1", vendor=3), site(257), batch(2000 * MS, 1),
              unit(1, record(0, 0, ordinal=0, duration_ns=0),
                   record(256, 257, ordinal=U32, rows=2**31 - 1, start_ns=2**56 - 1, alias=255,
                          duration_ns=2**48 - 1),
                   record(256, 0, rows=-(2**31), start_ns=2**55, duration_ns=2**47, flags=MANY),
                   record(256, 257, ordinal=U32, rows=-1, start_ns=2**56 - 1, alias=255,
                          duration_ns=2**48 - 1,
                          flags=MANY | FAILED | IN_TRANSACTION | SUMMARY | CONTROL), flags=FOLDED)),
        valid("unit_header_extremes",
              "all bits of each number of the header; a part, so nobody counts its queries",
              batch(U64, U64), unit(U64, flags=MORE_PARTS, **most)),
        valid("unit_kinds_methods_operations", "one unit for each of them", batch(2000 * MS, 17), *kinds,
              *methods),
        valid("unit_later_values", "an unknown vendor is read as 0, a method as 255, an operation as 0",
              later[0], batch(2000 * MS, 2), *later[1:], re_encode=False),
        valid("unit_flags", "each flag of a unit, then all but `more parts follow`",
              batch(2000 * MS, 6), *(unit(at + 1, flags=1 << at,
                                          first_byte_ns=MS if 1 << at == STREAMED else 0,
                                          sections=(nonce_section(7),) if 1 << at == REPORT_WANTED else ())
                                     for at in range(5)),
              unit(6, flags=30, first_byte_ns=MS, sections=(exception_section("KeyError"), nonce_section(0)),
                   status=500)),
        valid("unit_sections", "every section, after one record", *words, batch(2000 * MS, 1),
              unit(1, one, sections=all_sections, flags=UNIT_FAILED | REPORT_WANTED, name=2, status=500)),
        valid("unit_sections_empty", "sections may have no entry and no text; an encoder need not write such",
              batch(2000 * MS, 1),
              unit(1, sections=(cache_section(), exception_section(""))), re_encode=False),
        valid("unit_unknown_section", "tags 7 and 65535 are skipped, before and after a known one",
              batch(2000 * MS, 1), unit(1, sections=(section(7, None, b"later"), cpu_section(9),
                                                     section(U16, None, b""))),
              re_encode=False),
        valid("unit_later_version",
              "a longer header and longer records: 8 and 4 bytes that this version skips",
              *words, batch(2000 * MS, 1), unit(1, one, record(0, 0), sections=(cpu_section(9),),
                                               header_extra=b"\xaa" * 8, record_extra=b"\xbb" * 4, name=2),
                                               re_encode=False),
        valid("unit_folded", "a plain record, a summary of 250 calls, the summary of what was left",
              *words, batch(2000 * MS, 1), unit(1, *folded, flags=FOLDED, name=2, duration_ns=200 * MS)),
        valid("unit_tree", "two levels: the child's frame comes first and names the parent's unit_id",
              *words, batch(2000 * MS, 2), unit(1, one, one, unit_id=2, parent_id=1, kind=5, method=0,
                                                status=0, name=2),
              unit(2, one, unit_id=1, name=2, **tree)),
        valid("unit_parts", "one unit in three frames: numbers 1 to 3, parts 0 to 2, totals cumulative",
              *words, batch(12000 * MS, 1),
              unit(1, one, one, unit_id=1, part=0, flags=MORE_PARTS, duration_ns=10000 * MS, name=2,
                   **part_totals[0]),
              batch(22000 * MS, 2),
              unit(2, one, unit_id=1, part=1, flags=MORE_PARTS, duration_ns=20000 * MS, name=2,
                   sections=(cpu_section(5),), **part_totals[1]),
              batch(23000 * MS, 3),
              unit(3, unit_id=1, part=2, duration_ns=21000 * MS, name=2, sections=(cpu_section(6),),
                   **part_totals[2])),
        valid("stream", "all that a client writes after WELCOME, in order", *words, batch(2000 * MS, 4),
              unit(1, one, sections=(cache_section((5, 1, 0, 0, 0)),), name=2), define(2, ROUTE, "shop/"),
              unit(2, one, name=2), dropped(4, 0, 3, {1: 1}), batch(2050 * MS, 4), unit(4, name=2),
              dropped(4, 3, 0, {1: 1}), bye()),
    ]
