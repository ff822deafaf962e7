"""Write and read what stands after a unit's records: counters that not every unit has (PROTOCOL.md §5).

::

    section = u16 tag, u16 zero, u32 length, value
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..errors import ProtocolError
from ..limits import NAME_BYTES_MAX
from .text import cut_text, show_text

__all__ = ["CacheEntry", "Sections", "TemplateTime"]

_HEAD = struct.Struct("<HHI")
_CACHE = struct.Struct("<IIIII")
_TEMPLATE = struct.Struct("<QI")
_U64 = struct.Struct("<Q")
_U32_MAX = 0xFFFF_FFFF
_U64_MAX = 0xFFFF_FFFF_FFFF_FFFF

_TAG_CACHE = 1
_TAG_TEMPLATE = 2
_TAG_CPU = 3
_TAG_MEMORY = 4
_TAG_EXCEPTION = 5
_TAG_NONCE = 6


class CacheEntry(NamedTuple):
    """Count the uses of one cache; ``cache`` is its id in the dictionary."""

    cache: int
    hits: int = 0
    misses: int = 0
    sets: int = 0
    deletes: int = 0


class TemplateTime(NamedTuple):
    """Sum up the top-level templates of a unit."""

    ns: int
    renders: int


class Sections(NamedTuple):
    """All sections of a unit; None, empty or "" leaves one out. Counters saturate at their field's size."""

    cache: tuple[CacheEntry, ...] = ()
    template: TemplateTime | None = None
    cpu_ns: int | None = None
    memory_bytes: int | None = None
    exception: str = ""
    nonce: int | None = None

    def encode(self) -> bytes:
        """Return the bytes of all sections, in the order of their tags."""
        out = b""
        if self.cache:
            rows = (_CACHE.pack(*(min(count, _U32_MAX) for count in entry)) for entry in self.cache)
            out += _section(_TAG_CACHE, b"".join(rows))
        if self.template is not None:
            value = _TEMPLATE.pack(min(self.template.ns, _U64_MAX), min(self.template.renders, _U32_MAX))
            out += _section(_TAG_TEMPLATE, value)
        for tag, number in ((_TAG_CPU, self.cpu_ns), (_TAG_MEMORY, self.memory_bytes)):
            if number is not None:
                out += _section(tag, _U64.pack(min(number, _U64_MAX)))
        if self.exception:
            out += _section(_TAG_EXCEPTION, cut_text(self.exception, NAME_BYTES_MAX)[0])
        if self.nonce is not None:
            out += _section(_TAG_NONCE, _U64.pack(self.nonce))
        return out

    @classmethod
    def decode(cls, data: bytes) -> Sections:
        """Read sections, unknown tags skipped; raise ProtocolError ``unit_invalid`` or ``frame_reserved``."""
        found: dict[int, bytes] = {}
        at = 0
        while at < len(data):
            if len(data) - at < _HEAD.size:
                raise ProtocolError("unit_invalid", f"a section starts {len(data) - at} bytes before the end")
            tag, reserved, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            if reserved != 0:
                raise ProtocolError("frame_reserved", f"the reserved field of section {tag} is {reserved}")
            if length > len(data) - at:
                raise ProtocolError("unit_invalid", f"section {tag} of {length} bytes ends past the frame")
            found[tag] = data[at : at + length]
            at += length
        cache = _sized(found, _TAG_CACHE, _CACHE.size, whole=False)
        template = _sized(found, _TAG_TEMPLATE, _TEMPLATE.size)
        return cls(
            cache=tuple(CacheEntry(*row) for row in _CACHE.iter_unpack(cache)),
            template=TemplateTime(*_TEMPLATE.unpack(template)) if template else None,
            cpu_ns=_number(found, _TAG_CPU),
            memory_bytes=_number(found, _TAG_MEMORY),
            exception=show_text(found.get(_TAG_EXCEPTION, b"")),
            nonce=_number(found, _TAG_NONCE),
        )


def _section(tag: int, value: bytes) -> bytes:
    return _HEAD.pack(tag, 0, len(value)) + value


def _sized(found: dict[int, bytes], tag: int, size: int, *, whole: bool = True) -> bytes:
    """Return the value, b"" if it is absent; its length must be ``size``, or a multiple if not ``whole``."""
    if tag not in found:
        return b""
    value = found[tag]
    if len(value) != size if whole else len(value) % size:
        raise ProtocolError("unit_invalid", f"section {tag} has {len(value)} bytes, it counts in {size}")
    return value


def _number(found: dict[int, bytes], tag: int) -> int | None:
    value = _sized(found, tag, _U64.size)
    return int(_U64.unpack(value)[0]) if value else None
