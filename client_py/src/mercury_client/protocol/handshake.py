"""Open a connection: HELLO, and the answer WELCOME or REJECT (PROTOCOL.md §3).

``encode()`` returns a whole frame, ready to be written; ``decode(payload)`` takes the payload of a frame of
that type and raises ProtocolError if it breaks the contract. Unknown keys are of a later version and are left
alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ProtocolError
from ..limits import HELLO_BYTES_MAX, IGNORE_RULES_MAX
from .counters import Totals
from .frames import FrameType, encode_frame
from .json_fields import JsonFields, dump_json, texts
from .text import cut_text

__all__ = ["LABEL_BYTES_MAX", "PROTOCOL_MAX", "PROTOCOL_MIN", "Hello", "Reject", "Welcome"]

PROTOCOL_MIN = 1
PROTOCOL_MAX = 1
LABEL_BYTES_MAX = 128  # of service, environment, run and release

_INCARNATION_DIGITS = 32


@dataclass(frozen=True)
class Hello:
    """Open a connection. Without ``incarnation`` the peer is a reader and sends no number or totals."""

    client: str = ""
    incarnation: str | None = None  # 32 lower-case hex digits
    next_unit: int = 1
    totals: Totals = field(default_factory=Totals)
    pid: int = 0
    service: str = ""
    environment: str = ""
    run: str = ""
    release: str = ""
    capabilities: tuple[str, ...] = ()
    thresholds: Mapping[str, int] = field(default_factory=dict)
    ignore: Sequence[Mapping[str, str]] = ()
    protocol_min: int = PROTOCOL_MIN
    protocol_max: int = PROTOCOL_MAX

    def encode(self) -> bytes:
        """Return the frame; labels are cut to LABEL_BYTES_MAX, what is empty is left out.

        So are the last of the ``ignore`` rules if they do not fit ``hello_bytes_max``.
        """
        value: dict[str, Any] = {"protocol": {"min": self.protocol_min, "max": self.protocol_max}}
        value["client"] = _label(self.client)
        if self.incarnation is not None:
            value["incarnation"] = self.incarnation
            value["next_unit"] = self.next_unit
            value["totals"] = self.totals.to_json()
        if self.pid:
            value["pid"] = self.pid
        for key in ("service", "environment", "run", "release"):
            label = _label(getattr(self, key))
            if label:
                value[key] = label
        if self.capabilities:
            value["capabilities"] = list(self.capabilities)
        if self.thresholds:
            value["thresholds"] = dict(self.thresholds)
        if not value["client"]:
            del value["client"]
        rules = [dict(rule) for rule in self.ignore[:IGNORE_RULES_MAX]]
        while rules and len(dump_json({**value, "ignore": rules})) > HELLO_BYTES_MAX:
            rules.pop()
        if rules:
            value["ignore"] = rules
        return encode_frame(FrameType.HELLO, dump_json(value))

    @classmethod
    def decode(cls, payload: bytes) -> Hello:
        """Read a HELLO; raise ProtocolError ``hello_invalid``."""
        fields = JsonFields.parse(payload, "hello_invalid").require("protocol")
        protocol = fields.object("protocol").require("min", "max")
        incarnation = fields.text("incarnation") or None
        if incarnation is not None:
            if len(incarnation) != _INCARNATION_DIGITS or not set(incarnation) <= set("0123456789abcdef"):
                shown = repr(incarnation[:40])
                raise ProtocolError("hello_invalid", f"'incarnation' is {shown}, it must be 32 lower-case hex digits")
            fields.require("next_unit", "totals")
        return cls(
            client=_label(fields.text("client")),
            incarnation=incarnation,
            next_unit=fields.number("next_unit", 1),
            totals=Totals.from_json(fields.object("totals")),
            pid=fields.number("pid"),
            service=_label(fields.text("service")),
            environment=_label(fields.text("environment")),
            run=_label(fields.text("run")),
            release=_label(fields.text("release")),
            capabilities=texts(fields.list("capabilities")),
            protocol_min=protocol.number("min"),
            protocol_max=protocol.number("max"),
        )


@dataclass(frozen=True)
class Welcome:
    """Accept a HELLO. ``acknowledged`` is None for a reader."""

    protocol: int = PROTOCOL_MAX
    daemon: str = ""
    pid: int = 0
    address: str = ""
    capabilities: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    acknowledged: int | None = None

    def encode(self) -> bytes:
        """Return the frame."""
        value: dict[str, Any] = {
            "protocol": self.protocol,
            "daemon": self.daemon,
            "pid": self.pid,
            "address": self.address,
            "capabilities": list(self.capabilities),
            "limits": dict(self.limits),
        }
        if self.acknowledged is not None:
            value["acknowledged"] = self.acknowledged
        return encode_frame(FrameType.WELCOME, dump_json(value))

    @classmethod
    def decode(cls, payload: bytes) -> Welcome:
        """Read a WELCOME; raise ProtocolError ``json_invalid``."""
        fields = JsonFields.parse(payload, "json_invalid").require("protocol")
        limits = fields.object("limits")
        return cls(
            protocol=fields.number("protocol"),
            daemon=fields.text("daemon"),
            pid=fields.number("pid"),
            address=fields.text("address"),
            capabilities=texts(fields.list("capabilities")),
            limits={name: limits.number(name) for name in limits.values},
            acknowledged=fields.number("acknowledged") if fields.has("acknowledged") else None,
        )


@dataclass(frozen=True)
class Reject:
    """Refuse a HELLO; the daemon closes. ``required``: its protocol range, for ``version_unsupported``."""

    code: str
    sentence: str = ""
    required: tuple[int, int] | None = None

    def encode(self) -> bytes:
        """Return the frame."""
        value: dict[str, Any] = {"code": self.code, "sentence": self.sentence}
        if self.required is not None:
            value["required"] = {"min": self.required[0], "max": self.required[1]}
        return encode_frame(FrameType.REJECT, dump_json(value))

    @classmethod
    def decode(cls, payload: bytes) -> Reject:
        """Read a REJECT; raise ProtocolError ``json_invalid``."""
        fields = JsonFields.parse(payload, "json_invalid").require("code")
        required = fields.object("required")
        told = required.has("min") and required.has("max")
        return cls(
            code=fields.text("code"),
            sentence=fields.text("sentence"),
            required=(required.number("min"), required.number("max")) if told else None,
        )


def _label(text: str) -> str:
    return cut_text(text, LABEL_BYTES_MAX)[0].decode("utf-8")
