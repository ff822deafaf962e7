"""Ask and be told: COMMAND, REPLY, ERROR, GOAWAY (PROTOCOL.md §7-§9).

``encode()`` returns a whole frame, ready to be written; ``decode(payload)`` takes the payload of a frame of
that type and raises ProtocolError ``json_invalid``. Unknown keys are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .frames import FrameType, encode_frame
from .json_fields import JsonFields, dump_json

__all__ = ["Command", "ErrorMessage", "Goaway", "Reply"]


@dataclass(frozen=True)
class Goaway:
    """Announce that the daemon is about to end; it reads on for ``drain_ms``."""

    reason: str = ""
    drain_ms: int = 0

    def encode(self) -> bytes:
        """Return the frame."""
        return encode_frame(FrameType.GOAWAY, dump_json({"reason": self.reason, "drain_ms": self.drain_ms}))

    @classmethod
    def decode(cls, payload: bytes) -> Goaway:
        """Read a GOAWAY; raise ProtocolError ``json_invalid``."""
        fields = JsonFields.parse(payload, "json_invalid")
        return cls(reason=fields.text("reason"), drain_ms=fields.number("drain_ms"))


@dataclass(frozen=True)
class ErrorMessage:
    """Tell the peer's fault; the daemon's last frame. ``number``: the delivery number at fault, if known."""

    code: str
    sentence: str = ""
    number: int | None = None

    def encode(self) -> bytes:
        """Return the frame."""
        value = {"code": self.code, "sentence": self.sentence, "number": self.number}
        return encode_frame(FrameType.ERROR, dump_json(value))

    @classmethod
    def decode(cls, payload: bytes) -> ErrorMessage:
        """Read an ERROR; raise ProtocolError ``json_invalid``."""
        fields = JsonFields.parse(payload, "json_invalid").require("code")
        number = fields.number("number") if fields.has("number") else None
        return cls(code=fields.text("code"), sentence=fields.text("sentence"), number=number)


@dataclass(frozen=True)
class Command:
    """Ask the daemon; answered by one or more REPLY with the same ``request_id``."""

    request_id: int
    command: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the frame."""
        value = {"request_id": self.request_id, "command": self.command, "arguments": dict(self.arguments)}
        return encode_frame(FrameType.COMMAND, dump_json(value))

    @classmethod
    def decode(cls, payload: bytes) -> Command:
        """Read a COMMAND; raise ProtocolError ``json_invalid``."""
        fields = JsonFields.parse(payload, "json_invalid").require("request_id", "command")
        return cls(fields.number("request_id"), fields.text("command"), fields.object("arguments").values)


@dataclass(frozen=True)
class Reply:
    """Answer a COMMAND; exactly one of ``error`` (code, sentence), ``rows`` and ``result`` is not None."""

    request_id: int
    more: bool = False
    error: tuple[str, str] | None = None
    rows: list[dict[str, Any]] | None = None
    result: dict[str, Any] | None = None
    schema_version: int = 1

    def encode(self) -> bytes:
        """Return the frame."""
        value: dict[str, Any] = {"request_id": self.request_id, "more": self.more}
        value["schema_version"] = self.schema_version
        if self.error is not None:
            value["error"] = {"code": self.error[0], "sentence": self.error[1]}
        elif self.rows is not None:
            value["rows"] = self.rows
        else:
            value["result"] = self.result or {}
        return encode_frame(FrameType.REPLY, dump_json(value))

    @classmethod
    def decode(cls, payload: bytes) -> Reply:
        """Read a REPLY; raise ProtocolError ``json_invalid``."""
        fields = JsonFields.parse(payload, "json_invalid").require("request_id")
        error = fields.object("error")
        return cls(
            request_id=fields.number("request_id"),
            more=fields.truth("more"),
            error=(error.text("code"), error.text("sentence")) if fields.has("error") else None,
            rows=fields.list("rows") if fields.has("rows") else None,
            result=fields.object("result").values if fields.has("result") else None,
            schema_version=fields.number("schema_version", 1),
        )
