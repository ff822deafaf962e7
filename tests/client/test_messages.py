"""Messages and units where the vectors leave room: limits, saturation, what a later version may send."""

from __future__ import annotations

import json

import pytest

from mercury_client.errors import ProtocolError
from mercury_client.limits import FRAME_BYTES_MAX, HELLO_BYTES_MAX, UNIT_GROUPS_MAX, UNIT_RECORDS_MAX
from mercury_client.protocol import (
    ALIAS_SHIFT,
    DURATION_NS_MAX,
    FLAGS_SHIFT,
    LABEL_BYTES_MAX,
    START_NS_MAX,
    Ack,
    CacheEntry,
    Dropped,
    DropReason,
    Hello,
    Method,
    Record,
    RecordFlags,
    Reply,
    Sections,
    TemplateTime,
    Totals,
    UnitFlags,
    UnitHeader,
    Vendor,
    decode_unit,
    encode_unit,
    pack_records,
)

RECORDS_MAX = UNIT_RECORDS_MAX + UNIT_GROUPS_MAX + 1


def test_a_hello_of_the_longest_labels_fits_its_frame() -> None:
    """Labels are cut at 128 bytes between characters, even those that JSON makes longer."""
    for letter in ("x", "☕", "\x01", '"'):
        label = letter * 1000
        hello = Hello(
            client=label,
            incarnation="0" * 32,
            service=label,
            environment=label,
            run=label,
            release=label,
            pid=2**63,
            totals=Totals(2**64 - 1, 2**64 - 1, 2**64 - 1, dict.fromkeys(DropReason, 2**64 - 1)),
        )
        frame = hello.encode()
        assert len(frame) <= HELLO_BYTES_MAX
        decoded = Hello.decode(frame[8:])
        assert decoded.service == letter * (LABEL_BYTES_MAX // len(letter.encode()))
        assert decoded.totals == hello.totals


def test_a_reader_says_neither_number_nor_totals() -> None:
    """Without an incarnation they have no meaning."""
    value = json.loads(Hello(client="mercuryctl/1", next_unit=7).encode()[8:])
    assert value == {"protocol": {"min": 1, "max": 1}, "client": "mercuryctl/1"}


def test_a_reason_of_a_later_version_is_kept_by_its_number() -> None:
    """Its total is part of the invariant."""
    totals = Totals(10, 1, 2, {DropReason.EXIT: 3, 77: 4})
    assert Dropped.decode(Dropped(totals).encode()[8:]).totals == totals


def test_reasons_without_a_drop_do_not_travel() -> None:
    """A total of 0 says nothing."""
    frame = Dropped(Totals(1, 1, 0, {DropReason.EXIT: 0})).encode()
    assert len(frame) == 8 + 32


def test_an_ack_of_a_later_version_may_be_longer() -> None:
    """What stands after the number is skipped."""
    assert Ack.decode(bytes([5, *[0] * 7, 1, 2, 3])) == Ack(5)


def test_white_space_around_json_says_nothing() -> None:
    """JSON's own; anything else behind the object is a fault."""
    assert Reply.decode(b' \r\n\t{"request_id":7,"rows":[]}\n').request_id == 7
    for wrong in (b'{"request_id":7,"rows":[]}}', b'{"request_id":7,"rows":[]} 1', b"", b" ", b'\x0b{"request_id":7}'):
        with pytest.raises(ProtocolError, match="the payload is not JSON") as caught:
            Reply.decode(wrong)
        assert caught.value.code == "json_invalid"


def test_json_that_nests_too_deep_is_refused_and_nothing_else() -> None:
    """A RecursionError would not be caught as a fault of the peer."""
    with pytest.raises(ProtocolError) as caught:
        Reply.decode(b'{"request_id":1,"rows":' + b"[" * 100_000)
    assert caught.value.code == "json_invalid"


def test_a_unit_of_the_most_records_fits_one_frame() -> None:
    """11,001 records with their sections; one more is too_many_records, and no unit grows past a frame."""
    row = Record(1, 2, 2, 5, 0, 3, 0, RecordFlags.SUMMARY).wire()
    header = UnitHeader(number=1, unit_id=1, flags=UnitFlags.FOLDED, queries=2 * RECORDS_MAX)
    sections = Sections(cache=tuple(CacheEntry(n) for n in range(1, 101)), cpu_ns=1, exception="E" * 5000)
    frame = encode_unit(header, pack_records([row] * RECORDS_MAX), RECORDS_MAX, sections.encode())
    assert len(frame) < FRAME_BYTES_MAX
    assert len(decode_unit(frame[8:]).records) == RECORDS_MAX
    more = encode_unit(header, pack_records([row] * (RECORDS_MAX + 1)), RECORDS_MAX + 1)
    with pytest.raises(ProtocolError) as caught:
        decode_unit(more[8:])
    assert caught.value.code == "too_many_records"
    with pytest.raises(ProtocolError) as caught:
        encode_unit(header, pack_records([row] * 17000), 17000)
    assert caught.value.code == "frame_too_large"


@pytest.mark.parametrize(
    ("record", "start", "duration"),
    [
        (Record(1, 1, 1, 0, START_NS_MAX, 255, DURATION_NS_MAX, 31), START_NS_MAX, DURATION_NS_MAX),
        (Record(1, 1, 1, 0, START_NS_MAX + 1, 255, DURATION_NS_MAX + 1, 31), START_NS_MAX, DURATION_NS_MAX),
    ],
)
def test_a_time_that_does_not_fit_its_bits_saturates(record: Record, start: int, duration: int) -> None:
    """It never spills into the alias or the flags beside it."""
    assert record.wire()[4:] == (start | 255 << ALIAS_SHIFT, duration | 31 << FLAGS_SHIFT)


def test_counters_of_sections_saturate() -> None:
    """Four billion cache hits stay four billion."""
    sections = Sections(cache=(CacheEntry(1, 2**40),), template=TemplateTime(2**70, 2**40), cpu_ns=2**70)
    decoded = Sections.decode(sections.encode())
    assert decoded.cache == (CacheEntry(1, 2**32 - 1),)
    assert decoded.template == TemplateTime(2**64 - 1, 2**32 - 1)
    assert decoded.cpu_ns == 2**64 - 1


@pytest.mark.parametrize("rows", [[(1, 1, 1, -1, 0, 2**64)], [(2**32, 1, 1, -1, 0, 0)], [(1, 1, 1, 2**31, 0, 0)]])
def test_a_number_that_does_not_fit_is_our_own_fault_by_name(
    rows: list[tuple[int, int, int, int, int, int]],
) -> None:
    """The flusher counts it as encode_failed; a struct.error would be anybody's."""
    with pytest.raises(ProtocolError) as caught:
        pack_records(rows)
    assert caught.value.code == "unit_invalid"
    with pytest.raises(ProtocolError):
        encode_unit(UnitHeader(number=1, unit_id=1, status=70000))


@pytest.mark.parametrize(
    ("name", "method"),
    [("GET", Method.GET), ("PATCH", Method.PATCH), ("PROPFIND", Method.OTHER), ("NONE", Method.OTHER),
     ("get", Method.OTHER), ("", Method.NONE), (None, Method.NONE)],
)  # fmt: skip
def test_methods_go_by_their_names(name: str | None, method: Method) -> None:
    """Whatever a client of the site invents is _OTHER."""
    assert Method.named(name) is method


@pytest.mark.parametrize(("name", "vendor"), [("postgresql", 2), ("SQLite", 1), ("unknown", 0), ("mongodb", 0)])
def test_vendors_go_by_djangos_names(name: str, vendor: int) -> None:
    """Others are unknown."""
    assert Vendor.named(name) == vendor
