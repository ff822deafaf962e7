"""Cut a byte stream into frames, and wrap payloads into frames (PROTOCOL.md §2).

::

    0               4       5       6           8
    ┌───────────────┬───────┬───────┬───────────┬────────────┐
    │ u32 length    │ type  │ flags │ u16 zero  │ payload …  │
    └───────────────┴───────┴───────┴───────────┴────────────┘

The decoder does no I/O: give it whatever ``recv`` returned, in pieces of any size. It holds at most one frame
that is not whole yet, and judges a header as soon as its eight bytes are there, so that a lying length never
makes it wait or grow.
"""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

from ..errors import ProtocolError
from ..limits import COMMAND_BYTES_MAX, FRAME_BYTES_MAX, HELLO_BYTES_MAX, REPORT_BYTES_MAX

__all__ = ["FLAG_OPTIONAL", "HEADER_BYTES", "Frame", "FrameDecoder", "FrameType", "encode_frame"]

HEADER_BYTES = 8
FLAG_OPTIONAL = 1  # who does not know the type skips the frame

_HEADER = struct.Struct("<IBBH")


class FrameType(enum.IntEnum):
    """Name the frame types of version 1."""

    HELLO = 1
    WELCOME = 2
    REJECT = 3
    DEFINE = 4
    BATCH = 5
    UNIT = 6
    DROPPED = 7
    BYE = 8
    ACK = 9
    GOAWAY = 10
    ERROR = 11
    COMMAND = 12
    REPLY = 13
    REPORT = 14


_TYPES = {int(member): member for member in FrameType}
_BYTES_MAX = {
    int(FrameType.HELLO): HELLO_BYTES_MAX,
    int(FrameType.COMMAND): COMMAND_BYTES_MAX,
    int(FrameType.REPORT): REPORT_BYTES_MAX,
}


class Frame(NamedTuple):
    """Hold one whole frame, its payload not yet looked at."""

    type: FrameType
    flags: int
    payload: bytes


def encode_frame(type: FrameType, payload: bytes = b"", flags: int = 0) -> bytes:
    """Wrap ``payload``; raise ProtocolError ``frame_too_large`` if the frame's limit does not allow it."""
    bytes_max = _BYTES_MAX.get(type, FRAME_BYTES_MAX)
    if len(payload) > bytes_max:
        raise ProtocolError("frame_too_large", f"{type.name} of {len(payload)} bytes; at most {bytes_max} are allowed")
    return _HEADER.pack(len(payload), type, flags, 0) + payload


class FrameDecoder:
    """Turn pieces of a stream into frames. One per connection and direction; not for use by two threads."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._failure: ProtocolError | None = None

    @property
    def pending_bytes(self) -> int:
        """Tell how many bytes of a frame that is not whole yet are held."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Take ``data`` and return the frames that are whole now, in order.

        A fault raises ProtocolError, here and at every later call: a stream that has lied is over. Whole
        frames before the fault are never lost: a call that has some returns them, and the next call raises.
        Unknown frames that are marked optional are skipped.
        """
        if self._failure is not None:
            raise self._failure
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        start = 0
        try:
            while len(buffer) - start >= HEADER_BYTES:
                length, number, flags, reserved = _HEADER.unpack_from(buffer, start)
                type = _judge_header(length, number, flags, reserved)
                end = start + HEADER_BYTES + length
                if end > len(buffer):
                    break
                if type is not None:
                    frames.append(Frame(type, flags, bytes(buffer[start + HEADER_BYTES : end])))
                start = end
        except ProtocolError as error:
            self._failure = error
            buffer.clear()
            if not frames:
                raise
            return frames
        del buffer[:start]
        return frames


def _judge_header(length: int, number: int, flags: int, reserved: int) -> FrameType | None:
    """Return the frame's type, None for one to be skipped; raise ProtocolError for a fault."""
    bytes_max = _BYTES_MAX.get(number, FRAME_BYTES_MAX)
    if length > bytes_max:
        raise ProtocolError(
            "frame_too_large", f"frame type {number} of {length} bytes; at most {bytes_max} are allowed"
        )
    if reserved != 0:
        raise ProtocolError("frame_reserved", f"the reserved field of the frame header is {reserved}, not 0")
    if flags & ~FLAG_OPTIONAL:
        raise ProtocolError("frame_flags_unknown", f"frame flags 0x{flags:02x} are not of version 1")
    type = _TYPES.get(number)
    if type is None and not flags & FLAG_OPTIONAL:
        raise ProtocolError("frame_type_unknown", f"frame type {number} is not known")
    return type
