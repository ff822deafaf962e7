"""Read the verdict on one unit that the daemon sends to who asked for it: REPORT (PROTOCOL.md §5).

::

    u64 nonce, u32 findings_left_out, u32 groups_left_out, the verdict as JSON
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from ..errors import ProtocolError
from .frames import FrameType, encode_frame
from .json_fields import JsonFields, dump_json

__all__ = ["REPORT_CAPABILITY", "RawReport", "Report"]

REPORT_CAPABILITY = "report"

_START = struct.Struct("<QII")


class Report(NamedTuple):
    """The answer to the unit with this nonce. ``verdict`` has the form of ``reference.Verdict.to_dict``, unchecked."""

    nonce: int
    verdict: dict[str, Any]
    findings_left_out: int = 0
    groups_left_out: int = 0

    def encode(self) -> bytes:
        """Return the frame."""
        start = _START.pack(self.nonce, self.findings_left_out, self.groups_left_out)
        return encode_frame(FrameType.REPORT, start + dump_json(self.verdict))

    @classmethod
    def decode(cls, payload: bytes) -> Report:
        """Read a REPORT; raise ProtocolError ``json_invalid``."""
        return RawReport.of(payload).read()

    @classmethod
    def _read(cls, payload: bytes) -> Report:
        verdict = JsonFields.parse(payload[_START.size :], "json_invalid").values
        nonce, findings_left_out, groups_left_out = _START.unpack_from(payload)
        return cls(nonce, verdict, findings_left_out, groups_left_out)


class RawReport(NamedTuple):
    """A REPORT of which only the nonce is read: most are never looked at, and JSON is what costs."""

    nonce: int
    payload: bytes

    @classmethod
    def of(cls, payload: bytes) -> RawReport:
        """Take a REPORT; raise ProtocolError ``json_invalid`` if it is too short to be one."""
        if len(payload) < _START.size:
            raise ProtocolError(
                "json_invalid", f"a REPORT of {len(payload)} bytes; {_START.size} stand before its JSON"
            )
        return cls(_START.unpack_from(payload)[0], payload)

    def read(self) -> Report:
        """Return all of it; raise ProtocolError ``json_invalid``."""
        return Report._read(self.payload)
