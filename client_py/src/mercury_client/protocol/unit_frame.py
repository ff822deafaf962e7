"""Write one unit of work as a UNIT frame, and read it back (PROTOCOL.md §5).

::

    ┌──────────────┬──────────────────────────┬───────────┐
    │ header, 112  │ record_count records, 32 │ sections  │
    └──────────────┴──────────────────────────┴───────────┘

Ids in here come from the connection's ``Dictionary``, whose DEFINE frames are written first.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..errors import ProtocolError
from ..limits import UNIT_GROUPS_MAX, UNIT_RECORDS_MAX
from .codes import Method, Operation, RecordFlags, UnitFlags, UnitKind
from .define import Definitions, Kind
from .frames import FrameType, encode_frame
from .sections import Sections

__all__ = [
    "ALIAS_SHIFT",
    "DURATION_NS_MAX",
    "FLAGS_SHIFT",
    "RECORD_BYTES",
    "START_NS_MAX",
    "UNIT_HEADER_BYTES",
    "Record",
    "Unit",
    "UnitHeader",
    "WireRecord",
    "check_ids",
    "decode_unit",
    "encode_unit",
    "number_of_unit",
    "pack_header",
    "pack_records",
    "unpack_header",
    "unpack_records",
]

# statement, site, ordinal, rows, start_ns | alias << ALIAS_SHIFT, duration_ns | flags << FLAGS_SHIFT
WireRecord = tuple[int, int, int, int, int, int]

START_NS_MAX = (1 << 56) - 1
DURATION_NS_MAX = (1 << 48) - 1
ALIAS_SHIFT = 56
FLAGS_SHIFT = 48

_HEADER = struct.Struct("<HHI10QIIHBBBBHII")
_RECORD = struct.Struct("<IIIiQQ")
_FIRST_SIZES = struct.Struct("<HHI")
_NUMBER = struct.Struct("<Q")
_NUMBER_AT = 8

UNIT_HEADER_BYTES = _HEADER.size
RECORD_BYTES = _RECORD.size
_RECORDS_MAX = UNIT_RECORDS_MAX + UNIT_GROUPS_MAX + 1
_UNIT_FLAGS_ALL = sum(UnitFlags)
_RECORD_FLAGS_ALL = sum(RecordFlags)


class UnitHeader(NamedTuple):
    """All that a UNIT says but its records and sections; fields in the order of PROTOCOL.md §5, times in ns."""

    number: int = 0
    unit_id: int = 0
    parent_id: int = 0
    start_ns: int = 0
    duration_ns: int = 0
    first_byte_ns: int = 0
    db_ns: int = 0
    queries: int = 0
    descendant_queries: int = 0
    descendant_db_ns: int = 0
    descendant_units: int = 0
    name: int = 0
    status: int = 0
    kind: int = UnitKind.REQUEST
    method: int = 0
    flags: int = 0
    operation: int = 0
    part: int = 0
    failed_queries: int = 0


class Record(NamedTuple):
    """One query, or the summary of several, as a reader sees it."""

    statement: int
    site: int
    ordinal: int
    rows: int
    start_ns: int
    alias: int
    duration_ns: int
    flags: int

    def wire(self) -> WireRecord:
        """Return the row that ``pack_records`` takes; a start or duration that does not fit saturates."""
        start = min(self.start_ns, START_NS_MAX) | self.alias << ALIAS_SHIFT
        duration = min(self.duration_ns, DURATION_NS_MAX) | self.flags << FLAGS_SHIFT
        return self.statement, self.site, self.ordinal, self.rows, start, duration


@dataclass(frozen=True)
class Unit:
    """One decoded UNIT frame."""

    header: UnitHeader
    records: list[Record] = field(default_factory=list)
    sections: Sections = field(default_factory=Sections)


def pack_header(header: UnitHeader, record_count: int) -> bytes:
    """Return the 112 bytes; raise ProtocolError ``unit_invalid`` if a field does not fit."""
    try:
        return _HEADER.pack(UNIT_HEADER_BYTES, RECORD_BYTES, record_count, *header, 0)
    except struct.error as error:
        raise ProtocolError("unit_invalid", f"a field of unit {header.number} does not fit: {error}") from error


def unpack_header(payload: bytes) -> tuple[UnitHeader, int, int, int]:
    """Return the header, header_bytes, record_bytes and record_count; only the reserved field is checked."""
    header_bytes, record_bytes, count, *fields, reserved = _HEADER.unpack_from(payload)
    if reserved != 0:
        raise ProtocolError("frame_reserved", f"the reserved field of a UNIT is {reserved}, not 0")
    return UnitHeader(*fields), header_bytes, record_bytes, count


def pack_records(rows: Sequence[WireRecord]) -> bytes:
    """Return 32 bytes for each row; raise ProtocolError ``unit_invalid`` if a number does not fit its field.

    About 0.12 µs a row; one large struct for many rows at a time was measured, and is slower.
    """
    pack = _RECORD.pack
    try:
        return b"".join([pack(*row) for row in rows])
    except struct.error as error:
        raise ProtocolError("unit_invalid", f"a number of a record does not fit: {error}") from error


def unpack_records(data: bytes, record_bytes: int = RECORD_BYTES) -> list[Record]:
    """Read records of at least 32 bytes each, skipping what a later version put at their ends."""
    rows: Iterable[tuple[int, ...]]
    if record_bytes == RECORD_BYTES:
        rows = _RECORD.iter_unpack(data)
    else:
        rows = (_RECORD.unpack_from(data, at) for at in range(0, len(data), record_bytes))
    return [
        Record(statement, site, ordinal, row_count, start & START_NS_MAX, start >> ALIAS_SHIFT,
               duration & DURATION_NS_MAX, duration >> FLAGS_SHIFT)
        for statement, site, ordinal, row_count, start, duration in rows
    ]  # fmt: skip


def encode_unit(header: UnitHeader, records: bytes = b"", record_count: int = 0, sections: bytes = b"") -> bytes:
    """Return the whole frame; raise ProtocolError ``frame_too_large`` or ``unit_invalid``.

    ``records`` come from ``pack_records``, ``sections`` from ``Sections.encode``.
    """
    if len(records) != record_count * RECORD_BYTES:
        raise ProtocolError("unit_invalid", f"{record_count} records in {len(records)} bytes")
    return encode_frame(FrameType.UNIT, pack_header(header, record_count) + records + sections)


def number_of_unit(payload: bytes) -> int | None:
    """Return the delivery number of a UNIT however broken, None if it has none."""
    if len(payload) < _NUMBER_AT + _NUMBER.size:
        return None
    return int(_NUMBER.unpack_from(payload, _NUMBER_AT)[0]) or None


def decode_unit(payload: bytes) -> Unit:
    """Read a UNIT's payload and check all that can be checked without the connection's dictionary.

    Raise ProtocolError ``unit_invalid``, ``too_many_records``, ``frame_reserved``, ``number_invalid`` or
    ``totals_mismatch``.
    """
    if len(payload) < UNIT_HEADER_BYTES:
        raise ProtocolError("unit_invalid", f"a UNIT of {len(payload)} bytes, its header has 112")
    records_start, records_end, record_bytes = _check_sizes(payload)
    header, *_ = unpack_header(payload)
    _check_header(header)
    header = _as_of_this_version(header)
    sections = Sections.decode(payload[records_end:])
    records = unpack_records(payload[records_start:records_end], record_bytes)
    _check_records(header, records)
    return Unit(header, records, sections)


def check_ids(unit: Unit, definitions: Definitions) -> None:
    """Raise ProtocolError ``id_unknown`` or ``id_kind`` for an id that the connection has not defined so."""
    definitions.resolve(unit.header.name, Kind.ROUTE)
    for record in unit.records:
        definitions.resolve(record.statement, Kind.STATEMENT)
        definitions.resolve(record.site, Kind.SITE)
        definitions.resolve(record.alias, Kind.ALIAS)
    for entry in unit.sections.cache:
        definitions.resolve(entry.cache, Kind.CACHE)


def _check_sizes(payload: bytes) -> tuple[int, int, int]:
    """Return where the records start and end, and the size of one."""
    header_bytes, record_bytes, count = _FIRST_SIZES.unpack_from(payload)
    if header_bytes < UNIT_HEADER_BYTES or record_bytes < RECORD_BYTES:
        raise ProtocolError(
            "unit_invalid",
            f"a header of {header_bytes} and records of {record_bytes} bytes; "
            f"at least {UNIT_HEADER_BYTES} and {RECORD_BYTES} are needed",
        )
    if count > _RECORDS_MAX:
        raise ProtocolError("too_many_records", f"{count} records; at most {_RECORDS_MAX} are allowed")
    end = header_bytes + count * record_bytes
    if end > len(payload):
        raise ProtocolError("unit_invalid", f"{count} records end at byte {end}, the frame at {len(payload)}")
    return header_bytes, end, record_bytes


def _check_header(header: UnitHeader) -> None:
    if not UnitKind.REQUEST <= header.kind <= UnitKind.OUTSIDE:
        raise ProtocolError("unit_invalid", f"unit kind {header.kind} is not known")
    if header.flags & ~_UNIT_FLAGS_ALL:
        raise ProtocolError("unit_invalid", f"unit flags 0x{header.flags:02x} are not of version 1")
    if header.unit_id == 0:
        raise ProtocolError("unit_invalid", "unit_id is 0; it counts from 1")
    if header.number == 0:
        raise ProtocolError("number_invalid", "a unit has number 0; numbers count from 1")


def _as_of_this_version(header: UnitHeader) -> UnitHeader:
    """Return the header with what a later version may have added as what this one has for it."""
    if header.method > Method.PATCH:
        header = header._replace(method=int(Method.OTHER))
    if header.operation > Operation.AUTH:
        header = header._replace(operation=int(Operation.UNKNOWN))
    return header


def _check_records(header: UnitHeader, records: list[Record]) -> None:
    queries = 0
    for record in records:
        if record.flags & ~_RECORD_FLAGS_ALL:
            raise ProtocolError("unit_invalid", f"record flags 0x{record.flags:04x} are not of version 1")
        if not record.flags & RecordFlags.TRANSACTION_CONTROL:
            queries += record.ordinal if record.flags & RecordFlags.SUMMARY else 1
    in_one_frame = header.part == 0 and not header.flags & UnitFlags.MORE_PARTS
    if in_one_frame and queries != header.queries:
        raise ProtocolError(
            "totals_mismatch", f"unit {header.number} says {header.queries} queries, its records {queries}"
        )
