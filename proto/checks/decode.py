"""Decode the vectors with nothing but schema.json, so that layouts and vectors prove each other.

This is no codec: it is slow, knows no limits and believes every length. What does not fit raises Misfit.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["Decoder", "Misfit", "join"]

_SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i32": 4}


class Misfit(ValueError):
    """Bytes that the schema does not explain."""


def join(pieces: list[dict[str, Any]]) -> bytes:
    """Concatenate the pieces of a vector, repeated and counted up as they say."""
    out = bytearray()
    for piece in pieces:
        data = bytearray.fromhex(piece["hex"])
        counters = piece.get("counters", [])
        for at in range(piece.get("repeat", 1)):
            for counter in counters:
                start, size = counter["offset"], counter["size"]
                data[start : start + size] = (counter["from"] + at).to_bytes(size, "little")
            out += data
    return bytes(out)


class Decoder:
    """Read frames as the structs, tags and flags of `schema` say."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._structs = schema["structs"]
        self._frames = {frame["type"]: frame for frame in schema["frames"]}
        self._sites = {row["tag"]: row for row in schema["site_tags"]}
        self._sections = {row["tag"]: row for row in schema["section_tags"]}
        self._kinds = {row["value"]: row["name"] for row in schema["define_kinds"]}

    def frames(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Yield the decoded fields of each frame, in the form of the vectors; skip unknown optional ones."""
        at = 0
        while at < len(data):
            header, start = self._struct("frame_header", data, at)
            end = start + header["length"]
            if end > len(data):
                raise Misfit(f"the frame at byte {at} ends {end - len(data)} bytes past the end")
            frame = self._frames.get(header["type"])
            if frame is not None:
                yield {"type": frame["name"], **self._payload(frame, data[start:end])}
            elif not header["flags"] & 1:
                raise Misfit(f"the frame at byte {at} has the unknown type {header['type']}")
            at = end

    def size(self, struct: str) -> int:
        """Return the bytes of a struct without its texts."""
        return sum(_width(row["type"]) for row in self._structs[struct])

    def _payload(self, frame: dict[str, Any], data: bytes) -> dict[str, Any]:
        if frame["payload"] == "JSON":
            return {"json": json.loads(data)}
        readers = {"DEFINE": self._define, "UNIT": self._unit, "DROPPED": self._dropped, "REPORT": self._report}
        if frame["name"] in readers:
            return readers[frame["name"]](data)
        return self._struct(frame["name"].lower(), data, 0)[0] if frame["payload"] == "binary" else {}

    def _define(self, data: bytes) -> dict[str, Any]:
        fields, at = self._struct("define", data, 0)
        if self._kinds.get(fields["kind"]) == "site":
            return fields | {"fields": list(self._tagged("site_field", self._sites, data[at:]))}
        try:
            return fields | {"text": data[at:].decode()}
        except UnicodeDecodeError:
            return fields | {"hex": data[at:].hex()}

    def _dropped(self, data: bytes) -> dict[str, Any]:
        fields, at = self._struct("dropped", data, 0)
        reasons = []
        for _ in range(fields.pop("count")):
            row, at = self._struct("dropped_reason", data, at)
            reasons.append(row)
        return fields | {"reasons": reasons}

    def _report(self, data: bytes) -> dict[str, Any]:
        fields, at = self._struct("report", data, 0)
        return fields | {"json": json.loads(data[at:])}

    def _unit(self, data: bytes) -> dict[str, Any]:
        fields, _ = self._struct("unit", data, 0)
        starts = [fields["header_bytes"] + i * fields["record_bytes"] for i in range(fields["record_count"])]
        rest = fields["header_bytes"] + fields["record_count"] * fields["record_bytes"]
        return fields | {
            "records": [self._struct("record", data, start)[0] for start in starts],
            "sections": list(self._tagged("section", self._sections, data[rest:])),
        }

    def _tagged(self, struct: str, known: dict[int, dict[str, Any]], data: bytes) -> Iterator[dict[str, Any]]:
        at = 0
        while at < len(data):
            head, start = self._struct(struct, data, at)
            at = start + head["length"]
            if at > len(data):
                raise Misfit(f"{struct} {head['tag']} ends {at - len(data)} bytes past the end")
            if head["tag"] in known:
                yield {"tag": head["tag"], **self._value(known[head["tag"]], data[start:at])}

    def _value(self, row: dict[str, Any], data: bytes) -> dict[str, Any]:
        if row["value"] == "text":
            return {"text": data.decode()}
        entries: list[dict[str, Any]] = []
        at = 0
        while at < len(data) or not (entries or row.get("many")):
            entry, at = self._struct(row["value"], data, at)
            entries.append(entry)
        return {"entries": entries} if row.get("many") else entries[0]

    def _struct(self, name: str, data: bytes, at: int) -> tuple[dict[str, Any], int]:
        """Read one struct at byte `at`; return its fields without the constants, and the byte after it."""
        fields: dict[str, Any] = {}
        start = at
        for row in self._structs[name]:
            if row["offset"] is not None:
                at = start + row["offset"]
            value, at = _read(row["type"], data, at)
            if "bits" in row:
                for part in row["bits"]:
                    fields[part["field"]] = self._known(name, part, value & ((1 << part["bits"]) - 1))
                    value >>= part["bits"]
            elif "constant" in row:
                if value != row["constant"]:
                    raise Misfit(f"{name}.{row['field']} is {value}, not {row['constant']}")
            else:
                fields[row["field"]] = self._known(name, row, value)
        return fields, at

    def _known(self, struct: str, row: dict[str, Any], value: Any) -> Any:
        """Return `value`, or what it is read as, if its enumeration or its flags, if it has any, know it."""
        values = [entry["value"] for entry in self._schema[row["of"]]] if "of" in row else []
        is_flags = "of" in row and row["of"].endswith("flags")
        fits = value & ~sum(values) == 0 if is_flags else not values or value in values
        if not fits and "other" in row:
            return row["other"]
        if not fits or value < row.get("at_least", value):
            raise Misfit(f"{struct}.{row['field']} is {value}, which schema.json does not know")
        return value


@functools.cache
def _width(kind: str) -> int:
    found = re.fullmatch(r"(\w+)\[(\d+)\]", kind)
    return _SIZES[found.group(1)] * int(found.group(2)) if found else _SIZES.get(kind, 0)


def _read(kind: str, data: bytes, at: int) -> tuple[Any, int]:
    if kind == "str16":
        length, at = _read("u16", data, at)
        if at + length > len(data):
            raise Misfit(f"a str16 ends {at + length - len(data)} bytes past the end")
        return data[at : at + length].decode(), at + length
    end = at + _width(kind)
    if end > len(data):
        raise Misfit(f"a {kind} ends {end - len(data)} bytes past the end")
    return int.from_bytes(data[at:end], "little", signed=kind.startswith("i")), end
