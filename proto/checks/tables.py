"""Compare PROTOCOL.md with schema.json: every row of every table, then the sentences and drawings."""

from __future__ import annotations

import re
from typing import Any

from checks.contract import Contract, Json
from checks.page import Table, backticked, layout, numbered, other

__all__ = ["check_sentences", "check_tables"]

Rows = list[Json]
_LETTERS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i32": "i"}
_JSON_TYPES = {"{": "object", "[": "array"}


def check_tables(contract: Contract) -> None:
    """Compare each table, in the order of the page; one too many or too few is a disagreement, too."""
    schema = contract.schema
    expected = [
        ("2", _frames, schema["frames"]),
        ("3", _hello, _hello_schema(schema["json"]["HELLO"])),
        ("4", _kinds, schema["define_kinds"]),
        ("4", _site_tags, _with_layouts(schema, schema["site_tags"])),
        ("5", _unit_fields, _with_lists(schema, schema["structs"]["unit"])),
        ("5", _record_fields, _with_lists(schema, schema["structs"]["record"])),
        ("5", _section_tags, _with_layouts(schema, schema["section_tags"])),
        ("6", _drop_reasons, schema["drop_reasons"]),
        ("8", _commands, schema["commands"]),
        ("9", _errors, schema["error_codes"]),
    ]
    contract.same(
        "the sections that the tables stand in",
        [t.section for t in contract.page.tables],
        [e[0] for e in expected],
    )
    for table, (section, read, rows) in zip(contract.page.tables, expected, strict=False):
        name = f"§{section}{read.__name__.replace('_', ' ')}"
        try:
            _compare(contract, name, read(table), rows)
        except (KeyError, ValueError) as error:
            contract.holds(False, f"{name}: the table cannot be read: {error!r}")


def _compare(contract: Contract, name: str, page: Rows, schema: Rows) -> None:
    """Match the rows by name and compare each column that the page has."""
    key = next(word for word in ("name", "field", "code") if word in schema[0])
    contract.same(f"{name}, the rows", [row[key] for row in page], [row[key] for row in schema])
    rows = {row[key]: row for row in schema}
    for row in page:
        for column, value in row.items():
            if row[key] in rows:
                contract.same(f"{name}, {row[key]}, {column}", value, rows[row[key]].get(column))


# ------------------------------------------------------------------------------------- rows of the page
def _frames(table: Table) -> Rows:
    return [{**row, "type": int(row["type"])} for row in table.rows]


def _hello(table: Table) -> Rows:
    return [
        {"name": key, "type": _JSON_TYPES.get(row["type"][0], row["type"])}
        for row in table.rows
        for key in backticked(row["key"])
    ]


def _kinds(table: Table) -> Rows:
    return [{"value": int(row["kind"]), "name": row["name"], "bytes_max": _limit(row["bytes"])} for row in table.rows]


def _limit(text: str) -> str | None:
    return next((word for word in backticked(text) if word.endswith("_max")), None)


def _site_tags(table: Table) -> Rows:
    return [{"tag": int(row["tag"]), "name": row["field"], "value": _value(row["value"])} for row in table.rows]


def _section_tags(table: Table) -> Rows:
    return [{"tag": int(row["tag"]), "name": row["section"], "value": _value(row["value"])} for row in table.rows]


def _value(cell: str) -> str:
    return "text" if cell.startswith("text") else ", ".join(" ".join(pair).strip() for pair in layout(cell))


def _unit_fields(table: Table) -> Rows:
    rows = _record_fields(table)
    for row, cells in zip(rows, table.rows, strict=True):
        lists = numbered(cells["meaning"])
        size = re.match(r"(\d+) in this version", cells["meaning"])
        if row["field"] in ("kind", "method", "flags", "operation"):
            row |= {"list": lists, "other": other(cells["meaning"])}
        row |= {"at_least": int(size.group(1))} if size else {}
    return rows


def _record_fields(table: Table) -> Rows:
    rows = []
    for cells in table.rows:
        bits = [int(count) for count in re.findall(r"(?:low|high) (\d+) bits", cells["meaning"])]
        row = {"offset": int(cells["offset"]), "type": cells["type"], "field": cells["field"]}
        rows.append(row | ({"widths": bits} if bits else {}))
    return rows


def _drop_reasons(table: Table) -> Rows:
    return [{"value": int(row["reason"]), "name": row["name"], "when": row["when"]} for row in table.rows]


def _commands(table: Table) -> Rows:
    return [
        {
            "name": row["command"],
            "arguments": backticked(re.sub(r" \([^)]*\)", "", row["arguments"])),
            "answer": re.split(r"[,;:]", row["answer"])[0],
        }
        for row in table.rows
    ]


def _errors(table: Table) -> Rows:
    return [dict(row) for row in table.rows]


# ----------------------------------------------------------------------------------- rows of schema.json
def _hello_schema(hello: Json) -> Rows:
    kinds = {"u64": "integer", "range": "object"}
    rows = []
    for name, value in hello["properties"].items():
        kind = value.get("type") or kinds[value["$ref"].rsplit("/", 1)[1]]
        rows.append({"name": name, "type": kind})
    return rows


def _with_layouts(schema: Json, tags: Rows) -> Rows:
    """Replace the name of a struct by its layout; fields of one number have no name on the page."""
    return [{**row, "value": _layout_of(schema, row["value"])} for row in tags]


def _layout_of(schema: Json, struct: str) -> str:
    if struct == "text":
        return "text"
    rows = schema["structs"][struct]
    return rows[0]["type"] if len(rows) == 1 else ", ".join(f"{row['type']} {row['field']}" for row in rows)


def _with_lists(schema: Json, fields: Rows) -> Rows:
    rows = []
    for field in fields:
        row = {**field, "list": _list_of(schema, field["of"])} if "of" in field else dict(field)
        if "bits" in field:
            row["widths"] = [part["bits"] for part in field["bits"]]
        rows.append(row)
    return rows


def _list_of(schema: Json, name: str) -> list[tuple[int, str]]:
    return [(entry["value"], entry.get("text", entry["name"])) for entry in schema[name]]


def _other_of(schema: Json, name: str) -> int | None:
    fields = (part for rows in schema["structs"].values() for row in rows for part in row.get("bits", [row]))
    return next((field["other"] for field in fields if field.get("of") == name and "other" in field), None)


# ------------------------------------------------------------------------------- sentences and drawings
def check_sentences(contract: Contract) -> None:
    """Compare the layouts, lists and codes outside the tables, and the numbers over the drawings."""
    page, schema = contract.page, contract.schema
    structs = schema["structs"]

    for section, start, names in (
        ("4", "A site is a list of fields", ["site_field"]),
        ("5", "BATCH stands before", ["batch"]),
        ("5", "Sections, each", ["section"]),
        ("5", "REPORT: ", ["report"]),
        ("6", "The daemon sends ACK", ["ack"]),
        ("6", "DROPPED: ", ["dropped", "dropped_reason"]),
    ):
        wanted = [(row["type"], row["field"]) for name in names for row in structs[name]]
        contract.same(f"§{section} {' and '.join(names)}", layout(page.sentence(section, start)), wanted)

    for section, start, name in (
        ("4", "Vendors: ", "vendors"),
        ("4", "| 8 | site_flags | `u16`: ", "site_flags"),
        ("5", "Record flags: ", "record_flags"),
    ):
        words = page.sentence(section, start).removeprefix(start).split(" |\n")[0].split(". ")[0]
        contract.same(f"§{section} {name}", numbered(words), _list_of(schema, name))
        contract.same(f"§{section} {name}, any other", other(words), _other_of(schema, name))

    for section, name in (("2", "frame_flags"), ("4", "define_flags")):
        bits = re.findall(r"`flags` bit (\d) \(`(\w+)`\)", page.sections[section])
        contract.same(f"§{section} {name}", [(1 << int(bit), word) for bit, word in bits], _list_of(schema, name))
    pairs = re.findall(r"u8 flags \((\d) = (\w+)\)", page.sections["4"])
    contract.same(
        "§4 site_frame_flags",
        [(int(value), word) for value, word in pairs],
        _list_of(schema, "site_frame_flags"),
    )

    for start, codes in (
        ("REJECT codes: ", [row["code"] for row in schema["reject_codes"]]),
        ("REPLY error codes: ", schema["reply_error_codes"]),
    ):
        contract.same(f"§9 {start.rstrip(': ')}", backticked(page.sentence("9", start).split(". ")[0]), codes)
    said = backticked(page.sentence("3", "| `capabilities` |").split("\n")[0])
    contract.same("§3 capabilities", said[1:], schema["capabilities"])
    windows = re.search(r"`window` \(([^)]*)\)", page.sections["8"])
    contract.same("§8 windows", backticked(windows.group(1)) if windows else [], schema["windows"])

    for section, name in (("2", "frame_header"), ("4", "define")):
        offsets = [row["offset"] for row in structs[name]]
        contract.same(f"§{section} drawing of {name}", page.diagram(section), [*offsets, _size(structs[name])])
    letters = "<" + "".join(_LETTERS[row["type"]] for row in structs["record"])
    found = re.search(r"Record, `([^`]+)`, (\d+) bytes", page.sections["5"])
    contract.same("§5 the record's format", found.groups() if found else None, (letters, str(_size(structs["record"]))))

    starts = (
        ("3", "WELCOME: "),
        ("3", "REJECT: "),
        ("5", "REPORT: "),
        ("7", "GOAWAY {"),
        ("8", "COMMAND {"),
        ("8", "REPLY {"),
        ("9", "ERROR {"),
    )
    for section, start in starts:
        name = start.split(":")[0].split()[0]
        said = backticked(page.sentence(section, start))
        for key in schema["json"][name]["properties"]:
            contract.holds(key in said, f"§{section} {name}: PROTOCOL.md does not name its key `{key}`")


def _size(rows: list[dict[str, Any]]) -> int:
    sizes = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i32": 4}
    return sum(sizes[row["type"]] for row in rows)
