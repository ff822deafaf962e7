"""The Python codec against the golden vectors: whole, byte by byte, split at every offset, encoded again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mercury_client.connection import Connection
from mercury_client.errors import ProtocolError
from mercury_client.protocol import (
    LABEL_BYTES_MAX,
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    Ack,
    Batch,
    Bye,
    Command,
    Definition,
    Definitions,
    Dropped,
    ErrorMessage,
    Frame,
    FrameDecoder,
    FrameType,
    Goaway,
    Hello,
    Kind,
    RawReport,
    Reject,
    Reply,
    Report,
    Sections,
    Site,
    Unit,
    Welcome,
    check_ids,
    decode_unit,
    encode_unit,
    number_of_unit,
    pack_records,
    unpack_header,
)
from vectors import InvalidVector, ValidVector, invalid_to_peer_vectors, invalid_vectors, valid_vectors

VALID = valid_vectors()
INVALID = invalid_vectors()
INVALID_TO_PEER = invalid_to_peer_vectors()

JSON_MESSAGES = {
    FrameType.HELLO: Hello,
    FrameType.WELCOME: Welcome,
    FrameType.REJECT: Reject,
    FrameType.GOAWAY: Goaway,
    FrameType.ERROR: ErrorMessage,
    FrameType.COMMAND: Command,
    FrameType.REPLY: Reply,
}
LABELS = ("client", "service", "environment", "run", "release")
HELLO_KEYS = {"protocol", "incarnation", "next_unit", "totals", "pid", "capabilities", *LABELS}

# What only a session can refuse: every frame of such a vector is well-formed.
SESSION_CODES = {
    "frame_unexpected",
    "number_not_increasing",
    "too_many_open",
    "version_unsupported",
}
SESSION_NAMES = {
    "number_invalid_not_created",
    "dropped_invalid_total_down",
    "dropped_invalid_below_hello",
}


def frames_of(data: bytes, *cuts: int) -> list[Frame]:
    decoder = FrameDecoder()
    frames: list[Frame] = []
    for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        frames += decoder.feed(data[start:end])
    assert decoder.pending_bytes == 0
    return frames


@pytest.mark.parametrize("vector", VALID, ids=str)
def test_a_stream_gives_the_same_frames_however_it_is_cut(vector: ValidVector) -> None:
    """Frames depend on the bytes alone, never on how recv() delivered them."""
    whole = frames_of(vector.data)
    assert [frame.type.name for frame in whole] == [fields["type"] for fields in vector.frames]
    assert frames_of(vector.data, *range(1, len(vector.data))) == whole
    for at in range(len(vector.data) + 1):
        assert frames_of(vector.data, at) == whole


@pytest.mark.parametrize("vector", VALID, ids=str)
def test_fields_are_what_the_vector_says(vector: ValidVector) -> None:
    """Every field of every frame is decoded, and in a stream of a client every id resolves."""
    definitions = Definitions()
    for frame, wanted in zip(frames_of(vector.data), vector.frames, strict=True):
        assert fields_of(frame) == normalised(wanted)
        if frame.type is FrameType.DEFINE:
            definitions.apply(frame.payload)
        elif frame.type is FrameType.UNIT:
            check_ids(decode_unit(frame.payload), definitions)


@pytest.mark.parametrize("vector", [vector for vector in VALID if vector.re_encode], ids=str)
def test_what_was_decoded_is_encoded_to_the_same_bytes(vector: ValidVector) -> None:
    """Binary frames are the same byte for byte; JSON frames hold the same object."""
    rest = vector.data
    for frame, wanted in zip(frames_of(vector.data), vector.frames, strict=True):
        size = 8 + len(frame.payload)
        original, rest = rest[:size], rest[size:]
        encoded = encode_again(frame)
        if frame.type in JSON_MESSAGES:
            assert json.loads(encoded[8:]) == normalised(wanted)["json"]
            assert frames_of(encoded)[0].type is frame.type
        else:
            assert encoded == original
    assert rest == b""


@pytest.mark.parametrize("vector", INVALID, ids=str)
def test_what_breaks_the_contract_has_the_code_of_the_contract(vector: InvalidVector) -> None:
    """The last frame is at fault, with the code and the delivery number that the daemon must answer."""
    expect = vector.expect
    if expect["code"] in SESSION_CODES or vector.name in SESSION_NAMES:
        assert read_as_daemon(vector.data) is None
        return
    fault = read_as_daemon(vector.data)
    assert fault is not None
    code, number = fault
    assert code == expect["code"]
    if expect["frame"] == "ERROR" and "number" in expect:  # without the key, either is right
        assert number == expect["number"]


@pytest.mark.parametrize("vector", INVALID, ids=str)
def test_a_fault_is_the_same_however_the_stream_is_cut(vector: InvalidVector) -> None:
    """Byte by byte gives the code and number that the whole gives."""
    last = vector.data[-4096:]
    head = vector.data[: -len(last)] if last else b""
    parts = [head, *(last[at : at + 1] for at in range(len(last)))]
    assert read_as_daemon(*parts) == read_as_daemon(vector.data)


@pytest.mark.parametrize("vector", INVALID_TO_PEER, ids=str)
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "byte by byte"])
def test_a_client_gives_up_a_connection_that_breaks_the_contract(vector: InvalidVector, whole: bool) -> None:
    """The connection's state machine raises ProtocolError, upon which the client closes; of a report, who reads it."""
    connection = Connection(Hello(client="mercury-test/1", incarnation="0" * 32))
    parts = [vector.data] if whole else [vector.data[at : at + 1] for at in range(len(vector.data))]
    with pytest.raises(ProtocolError):
        for part in [*parts, b""]:
            for event in connection.receive(part):
                if isinstance(event, RawReport):
                    event.read()


def test_every_error_code_of_the_codec_has_a_vector() -> None:
    """A code without a vector would be tested by nobody."""
    codes = {vector.expect["code"] for vector in INVALID}
    assert codes >= {
        "frame_too_large", "frame_type_unknown", "frame_flags_unknown", "frame_reserved", "hello_invalid",
        "json_invalid", "define_invalid", "id_out_of_range", "id_unknown", "id_kind", "batch_invalid",
        "unit_invalid", "totals_mismatch", "too_many_records", "number_invalid", "dropped_invalid",
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------ reading


def read_as_daemon(*parts: bytes) -> tuple[str, int | None] | None:
    """Read a client's stream with the codec alone; return the first fault's code and unit number, or None."""
    decoder = FrameDecoder()
    definitions = Definitions()
    for part in (*parts, b""):
        try:
            frames = decoder.feed(part)
        except ProtocolError as error:
            return error.code, None
        for frame in frames:
            try:
                read_frame(frame, definitions)
            except ProtocolError as error:
                return error.code, number_of_unit(frame.payload) if frame.type is FrameType.UNIT else None
    return None


def read_frame(frame: Frame, definitions: Definitions) -> None:
    if frame.type is FrameType.DEFINE:
        definitions.apply(frame.payload)
    elif frame.type is FrameType.UNIT:
        check_ids(decode_unit(frame.payload), definitions)
    elif frame.type is FrameType.BATCH:
        Batch.decode(frame.payload)
    elif frame.type is FrameType.DROPPED:
        Dropped.decode(frame.payload)
    elif frame.type is FrameType.ACK:
        Ack.decode(frame.payload)
    elif frame.type is FrameType.REPORT:
        Report.decode(frame.payload)
    elif frame.type in JSON_MESSAGES:
        JSON_MESSAGES[frame.type].decode(frame.payload)


# ---------------------------------------------------------------------------------------------- comparing


def normalised(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return a vector's fields without what a reader of version 1 does not keep."""
    wanted = dict(wanted)
    if wanted["type"] == "HELLO":
        known = {key: value for key, value in wanted["json"].items() if key in HELLO_KEYS}
        for label in LABELS:
            if label in known:
                known[label] = known[label].encode()[:LABEL_BYTES_MAX].decode()
        wanted["json"] = known
    if wanted["type"] == "UNIT":
        wanted["sections"] = [one for one in wanted["sections"] if one.get("entries") != [] and one.get("text") != ""]
    return wanted


def fields_of(frame: Frame) -> dict[str, Any]:
    """Return the fields of a frame as the vectors write them."""
    fields: dict[str, Any] = {"type": frame.type.name}
    if frame.type in JSON_MESSAGES:
        fields["json"] = json.loads(encode_again(frame)[8:])
    elif frame.type is FrameType.DEFINE:
        fields |= definition_fields(Definition.decode(frame.payload))
    elif frame.type is FrameType.BATCH:
        batch = Batch.decode(frame.payload)
        fields |= {"sent_ns": batch.sent_ns, "created": batch.created}
    elif frame.type is FrameType.ACK:
        fields["highest"] = Ack.decode(frame.payload).highest
    elif frame.type is FrameType.REPORT:
        report = Report.decode(frame.payload)
        left_out = {name: getattr(report, name) for name in ("findings_left_out", "groups_left_out")}
        fields |= {"nonce": report.nonce, "json": report.verdict} | left_out
    elif frame.type is FrameType.DROPPED:
        totals = Dropped.decode(frame.payload).totals
        fields |= {
            "created": totals.created,
            "acknowledged": totals.acknowledged,
            "buffered": totals.buffered,
        }
        fields["reasons"] = [{"reason": int(reason), "total": n} for reason, n in totals.dropped.items()]
    elif frame.type is FrameType.UNIT:
        fields |= unit_fields(frame.payload)
    return fields


def definition_fields(entry: Definition) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": entry.id,
        "kind": int(entry.kind),
        "flags": int(entry.cut),
        "vendor": entry.vendor,
    }
    if entry.kind is Kind.SITE:
        fields["fields"] = site_fields(Site.decode(entry.data))
    elif "�" in entry.text:
        fields["hex"] = entry.data.hex()
    else:
        fields["text"] = entry.text
    return fields


def site_fields(site: Site) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = [
        {
            "tag": 1,
            "line": one.line,
            "flags": int(one.application),
            "file": one.file,
            "module": one.module,
            "function": one.function,
        }
        for one in site.frames
    ]
    if site.template is not None:
        fields.append({"tag": 2, "line": site.template.line, "name": site.template.name})
    texts = {
        3: site.view,
        4: site.serializer_field,
        5: site.admin_column,
        6: site.operation,
        7: site.relation,
        9: site.relation_kind,
        10: site.owner_table,
        11: site.model,
        12: site.state,
        13: site.joins,
        14: site.path,
        16: site.ignore,
    }
    fields += [{"tag": tag, "text": text} for tag, text in texts.items() if text]
    if site.flags:
        fields.append({"tag": 8, "flags": site.flags})
    if site.anchor is not None:
        file, line, column, kind = site.anchor
        fields.append({"tag": 15, "line": line, "column": column, "kind": kind, "file": file})
    return sorted(fields, key=lambda one: int(one["tag"]))


def unit_fields(payload: bytes) -> dict[str, Any]:
    unit = decode_unit(payload)
    _, header_bytes, record_bytes, record_count = unpack_header(payload)
    sizes = {"header_bytes": header_bytes, "record_bytes": record_bytes, "record_count": record_count}
    header = unit.header._asdict()
    records = [record._asdict() for record in unit.records]
    return sizes | header | {"records": records, "sections": section_fields(unit.sections)}


def section_fields(sections: Sections) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = []
    if sections.cache:
        fields.append({"tag": 1, "entries": [entry._asdict() for entry in sections.cache]})
    if sections.template is not None:
        fields.append({"tag": 2} | sections.template._asdict())
    if sections.cpu_ns is not None:
        fields.append({"tag": 3, "ns": sections.cpu_ns})
    if sections.memory_bytes is not None:
        fields.append({"tag": 4, "bytes": sections.memory_bytes})
    if sections.exception:
        fields.append({"tag": 5, "text": sections.exception})
    if sections.nonce is not None:
        fields.append({"tag": 6, "nonce": sections.nonce})
    return fields


def encode_again(frame: Frame) -> bytes:
    """Decode a frame and encode what came out."""
    if frame.type in JSON_MESSAGES:
        encoded: bytes = JSON_MESSAGES[frame.type].decode(frame.payload).encode()
        return encoded
    if frame.type is FrameType.DEFINE:
        return define_again(Definition.decode(frame.payload))
    if frame.type is FrameType.BATCH:
        return Batch.decode(frame.payload).encode()
    if frame.type is FrameType.ACK:
        return Ack.decode(frame.payload).encode()
    if frame.type is FrameType.REPORT:
        return Report.decode(frame.payload).encode()
    if frame.type is FrameType.DROPPED:
        return Dropped.decode(frame.payload).encode()
    if frame.type is FrameType.UNIT:
        return unit_again(decode_unit(frame.payload))
    assert frame.type is FrameType.BYE
    assert frame.payload == b""
    return Bye().encode()


def define_again(entry: Definition) -> bytes:
    if entry.kind is Kind.SITE:
        data, cut = Site.decode(entry.data).encode()
        entry = Definition(entry.id, entry.kind, data, entry.vendor, cut)
    return entry.encode()


def unit_again(unit: Unit) -> bytes:
    rows = [record.wire() for record in unit.records]
    return encode_unit(unit.header, pack_records(rows), len(rows), unit.sections.encode())


def test_the_codec_speaks_version_1() -> None:
    """The vectors are of version 1; a new version needs new ones."""
    assert (PROTOCOL_MIN, PROTOCOL_MAX) == (1, 1)
