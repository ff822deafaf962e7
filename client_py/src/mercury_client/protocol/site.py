"""Describe where a query was made, and put that into the bytes of a DEFINE of kind site (PROTOCOL.md §4).

::

    site  = field …          field = u16 tag, u16 length, value
    frame = u32 line, u8 flags, u8[3] 0, str16 file, str16 module, str16 function

A site is hashed on every query, so it computes its hash once; share one object per place in the code.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..errors import ProtocolError
from ..limits import NAME_BYTES_MAX, SITE_BYTES_MAX
from .text import cut_text, show_text

__all__ = ["Anchor", "AnchorKind", "Site", "SiteFlags", "SiteFrame", "TemplateLine"]

_TAG_FRAME = 1
_TAG_TEMPLATE = 2
_TAG_FLAGS = 8
_TAG_ANCHOR = 15
_TEXT_TAGS = {
    3: "view",
    4: "serializer_field",
    5: "admin_column",
    6: "operation",
    7: "relation",
    9: "relation_kind",
    10: "owner_table",
    11: "model",
    12: "state",
    13: "joins",
    14: "path",
    16: "ignore",
}

_FIELD = struct.Struct("<HH")
_FRAME = struct.Struct("<IB3s")
_FRAME_RESERVED = b"\0\0\0"
_ANCHOR = struct.Struct("<IIB3s")
_U32 = struct.Struct("<I")
_U16 = struct.Struct("<H")
_U32_MAX = 0xFFFFFFFF


class SiteFlags(enum.IntFlag):
    """Say what kind of query machinery the call came out of."""

    NONE = 0
    CHUNK = 1  # one chunk of a prefetch or of an iterator
    BULK = 2  # a bulk operation


class SiteFrame(NamedTuple):
    """One frame of the call stack; ``application`` is False for frames of libraries."""

    file: str
    line: int
    function: str
    module: str = ""
    application: bool = False


class TemplateLine(NamedTuple):
    """The innermost template node that was being rendered."""

    name: str
    line: int


class AnchorKind(enum.IntEnum):
    """Say what can be inserted at an anchor."""

    CHAIN = 1  # a method call, behind the expression of a queryset
    ADMIN = 2  # a line in the body of a ModelAdmin


_ANCHOR_KINDS = frozenset(AnchorKind)


class Anchor(NamedTuple):
    """The place in a source file where a suggestion is inserted: line from 1, column in characters from 0."""

    file: str
    line: int
    column: int
    kind: int = AnchorKind.CHAIN


@dataclass(frozen=True)
class Site:
    """Where a query was made, and what the ORM was doing. ``frames`` are innermost first.

    An empty text means: not known. The vocabulary of each field is in PROTOCOL.md §4.
    """

    frames: tuple[SiteFrame, ...] = ()
    template: TemplateLine | None = None
    view: str = ""
    serializer_field: str = ""
    admin_column: str = ""
    operation: str = ""
    relation: str = ""
    flags: int = 0
    relation_kind: str = ""
    owner_table: str = ""
    model: str = ""
    state: str = ""
    joins: str = ""
    path: str = ""
    anchor: Anchor | None = None
    ignore: str = ""
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        names = tuple(getattr(self, name) for name in _TEXT_TAGS.values())
        object.__setattr__(self, "_hash", hash((self.frames, self.template, names, self.anchor, self.flags)))

    def __hash__(self) -> int:
        return self._hash

    def encode(self) -> tuple[bytes, bool]:
        """Return the fields, and whether something was cut.

        Texts are cut at ``name_bytes_max``. What matters most is written first; the outermost frames that do
        not fit ``site_bytes_max`` are left out.
        """
        tail, cut = self._encode_tail()
        out = bytearray()
        for frame in self.frames:
            value, frame_cut = _encode_frame(frame)
            if len(out) + _FIELD.size + len(value) + len(tail) > SITE_BYTES_MAX:
                cut = True
                break
            cut |= frame_cut
            out += _FIELD.pack(_TAG_FRAME, len(value)) + value
        return bytes(out + tail), cut

    def _encode_tail(self) -> tuple[bytes, bool]:
        """Encode everything but the frames, by tag; at most about 14 KiB, whatever the texts."""
        cut = False
        values: dict[int, bytes] = {}
        if self.template is not None:
            name, cut = _encode_str16(self.template.name)
            values[_TAG_TEMPLATE] = _U32.pack(_line(self.template.line)) + name
        for tag, attribute in _TEXT_TAGS.items():
            text: str = getattr(self, attribute)
            if text:
                values[tag], text_cut = cut_text(text, NAME_BYTES_MAX)
                cut |= text_cut
        if self.flags:
            values[_TAG_FLAGS] = _U16.pack(self.flags)
        if self.anchor is not None:
            file, line, column, kind = self.anchor
            name, text_cut = _encode_str16(file)
            if not text_cut:  # a path that was cut leads nowhere
                values[_TAG_ANCHOR] = _ANCHOR.pack(_line(line), _line(column), kind, _FRAME_RESERVED) + name
        return b"".join(_FIELD.pack(tag, len(values[tag])) + values[tag] for tag in sorted(values)), cut

    @classmethod
    def decode(cls, data: bytes) -> Site:
        """Read the fields that are known; raise ProtocolError ``define_invalid`` or ``frame_reserved``."""
        frames: list[SiteFrame] = []
        template: TemplateLine | None = None
        texts: dict[str, str] = {}
        anchor: Anchor | None = None
        flags = 0
        for tag, value in _fields(data):
            if tag == _TAG_FRAME:
                frames.append(_decode_frame(value))
            elif tag == _TAG_TEMPLATE:
                _need(value, _U32.size, "template")
                name, _ = _decode_str16(value, _U32.size)
                template = TemplateLine(name, _U32.unpack_from(value)[0])
            elif tag in _TEXT_TAGS:
                texts[_TEXT_TAGS[tag]] = show_text(value)
            elif tag == _TAG_FLAGS:
                _need(value, _U16.size, "site_flags")
                flags = _U16.unpack_from(value)[0]
            elif tag == _TAG_ANCHOR:
                anchor = _decode_anchor(value)
        return cls(tuple(frames), template, flags=flags, anchor=anchor, **texts)


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if len(data) - at < _FIELD.size:
            raise ProtocolError("define_invalid", f"the last {len(data) - at} bytes are no site field")
        tag, length = _FIELD.unpack_from(data, at)
        at += _FIELD.size
        if length > len(data) - at:
            left = len(data) - at
            raise ProtocolError("define_invalid", f"site field {tag} has {left} of its {length} bytes")
        yield tag, data[at : at + length]
        at += length


def _encode_frame(frame: SiteFrame) -> tuple[bytes, bool]:
    out = bytearray(_FRAME.pack(_line(frame.line), 1 if frame.application else 0, _FRAME_RESERVED))
    cut = False
    for text in (frame.file, frame.module, frame.function):
        data, text_cut = _encode_str16(text)
        cut |= text_cut
        out += data
    return bytes(out), cut


def _decode_frame(value: bytes) -> SiteFrame:
    _need(value, _FRAME.size, "frame")
    line, flags, reserved = _FRAME.unpack_from(value)
    if reserved != _FRAME_RESERVED:
        raise ProtocolError("frame_reserved", "a reserved field of a site frame is not 0")
    file, at = _decode_str16(value, _FRAME.size)
    module, at = _decode_str16(value, at)
    function, at = _decode_str16(value, at)
    return SiteFrame(file=file, line=line, function=function, module=module, application=bool(flags & 1))


def _decode_anchor(value: bytes) -> Anchor | None:
    """Return the anchor, None for a kind of a later version."""
    _need(value, _ANCHOR.size, "anchor")
    line, column, kind, reserved = _ANCHOR.unpack_from(value)
    if reserved != _FRAME_RESERVED:
        raise ProtocolError("frame_reserved", "a reserved field of a site anchor is not 0")
    file, _ = _decode_str16(value, _ANCHOR.size)
    return Anchor(file, line, column, kind) if kind in _ANCHOR_KINDS else None


def _encode_str16(text: str) -> tuple[bytes, bool]:
    data, cut = cut_text(text, NAME_BYTES_MAX)
    return _U16.pack(len(data)) + data, cut


def _decode_str16(value: bytes, at: int) -> tuple[str, int]:
    if at + _U16.size > len(value):
        raise ProtocolError("define_invalid", "a site text has no length")
    start = at + _U16.size
    end = start + _U16.unpack_from(value, at)[0]
    if end > len(value):
        raise ProtocolError("define_invalid", f"a site text ends {end - len(value)} bytes past its field")
    return show_text(value[start:end]), end


def _need(value: bytes, size: int, name: str) -> None:
    if len(value) < size:
        raise ProtocolError("define_invalid", f"site field {name} has {len(value)} bytes; {size} are needed")


def _line(line: int) -> int:
    return min(max(line, 0), _U32_MAX)
