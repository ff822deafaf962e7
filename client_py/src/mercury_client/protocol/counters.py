"""Count numbered frames, and tell the counts: BATCH, ACK, DROPPED (PROTOCOL.md §5, §6), and BYE.

``encode()`` returns a whole frame, ``decode(payload)`` reads one and raises ProtocolError; a longer payload
is of a later version, and the rest of it is left alone.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..errors import ProtocolError
from .codes import DropReason
from .frames import FrameType, encode_frame
from .json_fields import JsonFields

__all__ = ["Ack", "Batch", "Bye", "Dropped", "Totals"]

_DROPPED = struct.Struct("<QQQII")
_REASON = struct.Struct("<HHIQ")
_BATCH = struct.Struct("<QQ")
_ACK = struct.Struct("<Q")
_REASONS = {reason.label: reason for reason in DropReason}
_KNOWN_REASONS = {int(reason): reason for reason in DropReason}


@dataclass(frozen=True)
class Totals:
    """Count the numbered frames of one incarnation: created = acknowledged + Σ dropped + buffered."""

    created: int = 0
    acknowledged: int = 0
    buffered: int = 0
    # By DropReason, or by the number of a reason that is not known here.
    dropped: Mapping[DropReason, int] | Mapping[int, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the object that HELLO carries; reasons without a drop are left out."""
        dropped = {DropReason(reason).label: total for reason, total in self.dropped.items() if total}
        return {
            "created": self.created,
            "acknowledged": self.acknowledged,
            "buffered": self.buffered,
            "dropped": dropped,
        }

    @classmethod
    def from_json(cls, fields: JsonFields) -> Totals:
        """Read the object of a HELLO; reasons that have no number here are left out."""
        reasons = fields.object("dropped")
        return cls(
            created=fields.number("created"),
            acknowledged=fields.number("acknowledged"),
            buffered=fields.number("buffered"),
            dropped={_REASONS[name]: reasons.number(name) for name in reasons.values if name in _REASONS},
        )


class Batch(NamedTuple):
    """Stand before the units that are written together; ``sent_ns`` on the client's monotonic clock."""

    sent_ns: int
    created: int

    def encode(self) -> bytes:
        """Return the frame."""
        return encode_frame(FrameType.BATCH, _BATCH.pack(self.sent_ns, self.created))

    @classmethod
    def decode(cls, payload: bytes) -> Batch:
        """Read a BATCH; raise ProtocolError ``batch_invalid``."""
        if len(payload) < _BATCH.size:
            raise ProtocolError("batch_invalid", f"a BATCH of {len(payload)} bytes; {_BATCH.size} are needed")
        return cls(*_BATCH.unpack_from(payload))


class Ack(NamedTuple):
    """Tell that every frame up to ``highest`` is folded, was folded before, or was dropped by the client."""

    highest: int

    def encode(self) -> bytes:
        """Return the frame."""
        return encode_frame(FrameType.ACK, _ACK.pack(self.highest))

    @classmethod
    def decode(cls, payload: bytes) -> Ack:
        """Read an ACK; raise ProtocolError ``ack_invalid``, a code that never travels."""
        if len(payload) < _ACK.size:
            raise ProtocolError("ack_invalid", f"an ACK of {len(payload)} bytes; {_ACK.size} are needed")
        return cls(*_ACK.unpack_from(payload))


@dataclass(frozen=True)
class Dropped:
    """Tell what was lost and why; cumulative, never a delta."""

    totals: Totals

    def encode(self) -> bytes:
        """Return the frame; reasons without a drop are left out."""
        rows = [(int(reason), total) for reason, total in sorted(self.totals.dropped.items()) if total]
        totals = self.totals
        out = _DROPPED.pack(totals.created, totals.acknowledged, totals.buffered, len(rows), 0)
        out += b"".join(_REASON.pack(reason, 0, 0, total) for reason, total in rows)
        return encode_frame(FrameType.DROPPED, out)

    @classmethod
    def decode(cls, payload: bytes) -> Dropped:
        """Read a DROPPED; raise ProtocolError ``dropped_invalid`` or ``frame_reserved``."""
        if len(payload) < _DROPPED.size:
            raise ProtocolError("dropped_invalid", f"a DROPPED of {len(payload)} bytes, not {_DROPPED.size}")
        created, acknowledged, buffered, count, reserved = _DROPPED.unpack_from(payload)
        if len(payload) - _DROPPED.size < count * _REASON.size:
            raise ProtocolError("dropped_invalid", f"a DROPPED of {len(payload)} bytes with {count} reasons")
        dropped: dict[int, int] = {}
        for at in range(_DROPPED.size, _DROPPED.size + count * _REASON.size, _REASON.size):
            reason, zero, more_zero, total = _REASON.unpack_from(payload, at)
            reserved |= zero | more_zero
            dropped[_KNOWN_REASONS.get(reason, reason)] = total
        if reserved:
            raise ProtocolError("frame_reserved", "a reserved field of DROPPED is not 0")
        return cls(Totals(created, acknowledged, buffered, dropped))


@dataclass(frozen=True)
class Bye:
    """Say that nothing more comes; the last frame of a client or reader."""

    def encode(self) -> bytes:
        """Return the frame."""
        return encode_frame(FrameType.BYE)
