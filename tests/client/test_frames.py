"""Frames out of a byte stream, and payloads into frames."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mercury_client.errors import ProtocolError
from mercury_client.limits import COMMAND_BYTES_MAX, FRAME_BYTES_MAX, HELLO_BYTES_MAX, REPORT_BYTES_MAX
from mercury_client.protocol import FLAG_OPTIONAL, Frame, FrameDecoder, FrameType, encode_frame

SMALLER = {
    FrameType.HELLO: HELLO_BYTES_MAX,
    FrameType.COMMAND: COMMAND_BYTES_MAX,
    FrameType.REPORT: REPORT_BYTES_MAX,
}
LIMITS = [(type, SMALLER.get(type, FRAME_BYTES_MAX)) for type in FrameType]

a_frame = st.builds(Frame, st.sampled_from(FrameType), st.sampled_from([0, FLAG_OPTIONAL]), st.binary(max_size=40))


def header(length: int, type: int, flags: int = 0, reserved: int = 0) -> bytes:
    return struct.pack("<IBBH", length, type, flags, reserved)


def code_of(decoder: FrameDecoder, data: bytes) -> str:
    with pytest.raises(ProtocolError) as caught:
        decoder.feed(data)
    return caught.value.code


@given(st.lists(a_frame, max_size=8), st.lists(st.integers(1, 60), max_size=30))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(frames: list[Frame], steps: list[int]) -> None:
    """What recv() returns is of any size; frames are the same."""
    stream = b"".join(encode_frame(one.type, one.payload, one.flags) for one in frames)
    decoder = FrameDecoder()
    received: list[Frame] = []
    for step in steps:
        received += decoder.feed(stream[:step])
        stream = stream[step:]
    received += decoder.feed(stream)
    assert received == frames
    assert decoder.pending_bytes == 0


@pytest.mark.parametrize(("type", "bytes_max"), LIMITS, ids=lambda value: getattr(value, "name", ""))
def test_a_payload_at_the_limit_passes_in_both_directions(type: FrameType, bytes_max: int) -> None:
    """The limit itself is allowed."""
    payload = b"x" * bytes_max
    assert FrameDecoder().feed(encode_frame(type, payload)) == [Frame(type, 0, payload)]


@pytest.mark.parametrize(("type", "bytes_max"), LIMITS, ids=lambda value: getattr(value, "name", ""))
def test_one_byte_over_the_limit_is_refused_before_the_payload_is_there(type: FrameType, bytes_max: int) -> None:
    """A lying length makes nobody wait, and nobody write such a frame."""
    assert code_of(FrameDecoder(), header(bytes_max + 1, type)) == "frame_too_large"
    with pytest.raises(ProtocolError) as caught:
        encode_frame(type, bytes(bytes_max + 1))
    assert caught.value.code == "frame_too_large"
    assert str(bytes_max) in caught.value.sentence


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (header(0, 0), "frame_type_unknown"),
        (header(0, 15), "frame_type_unknown"),
        (header(0, 255), "frame_type_unknown"),
        (header(FRAME_BYTES_MAX + 1, 200, FLAG_OPTIONAL), "frame_too_large"),
        (header(0, 8, 2), "frame_flags_unknown"),
        (header(0, 200, 128 | FLAG_OPTIONAL), "frame_flags_unknown"),
        (header(0, 8, 0, 1), "frame_reserved"),
        (header(0, 200, FLAG_OPTIONAL, 1), "frame_reserved"),
    ],
)
def test_a_wrong_header_has_the_code_of_the_contract(data: bytes, code: str) -> None:
    """Each fault of a header is named, and the decoder stays unusable."""
    decoder = FrameDecoder()
    assert code_of(decoder, data) == code
    assert code_of(decoder, encode_frame(FrameType.BYE)) == code


def test_whole_frames_before_a_fault_are_not_lost() -> None:
    """An ACK counts even if garbage follows it in the same read; the fault comes at the next call."""
    decoder = FrameDecoder()
    ack = encode_frame(FrameType.ACK, bytes(8))
    assert decoder.feed(ack + header(0, 99)) == [Frame(FrameType.ACK, 0, bytes(8))]
    assert code_of(decoder, b"") == "frame_type_unknown"


def test_an_unknown_frame_that_is_optional_is_skipped() -> None:
    """A later version may send what we do not know, if it says so."""
    stream = header(3, 200, FLAG_OPTIONAL) + b"abc" + encode_frame(FrameType.BYE)
    assert FrameDecoder().feed(stream) == [Frame(FrameType.BYE, 0, b"")]


def test_a_part_of_a_frame_is_kept_until_the_rest_arrives() -> None:
    """Seven bytes are no header, eight are no payload."""
    decoder = FrameDecoder()
    stream = encode_frame(FrameType.ACK, b"12345678")
    assert decoder.feed(stream[:7]) == []
    assert decoder.feed(stream[7:15]) == []
    assert decoder.pending_bytes == 15
    assert decoder.feed(stream[15:]) == [Frame(FrameType.ACK, 0, b"12345678")]
