"""Put one dictionary entry into a DEFINE frame, and read it back (PROTOCOL.md §4).

::

    0         4      5       6        7        8
    ┌─────────┬──────┬───────┬────────┬────────┬───────────┐
    │ u32 id  │ kind │ flags │ vendor │ 0      │ bytes …   │
    └─────────┴──────┴───────┴────────┴────────┴───────────┘

``Definitions`` is the reader's half of a dictionary: what the daemon would resolve an id to at this moment.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

from ..errors import ProtocolError
from ..limits import ALIAS_ID_MAX, DICTIONARY_MAX, NAME_BYTES_MAX, SITE_BYTES_MAX, STATEMENT_BYTES_MAX
from .frames import FrameType, encode_frame
from .site import Site
from .text import show_text

__all__ = ["Definition", "Definitions", "Kind", "Vendor"]

_HEAD = struct.Struct("<IBBBB")
_FLAG_CUT = 1


class Kind(enum.IntEnum):
    """Say what an id stands for."""

    STATEMENT = 1
    SITE = 2
    ROUTE = 3
    ALIAS = 4
    CACHE = 5


class Vendor(enum.IntEnum):
    """Say whose quoting a statement uses; ``named`` takes Django's ``connection.vendor``."""

    UNKNOWN = 0
    SQLITE = 1
    POSTGRESQL = 2
    MYSQL = 3
    ORACLE = 4
    MICROSOFT = 5

    @classmethod
    def named(cls, name: str) -> Vendor:
        """Return the vendor of that name, ``UNKNOWN`` for every other name."""
        return _VENDORS.get(name.lower(), cls.UNKNOWN)


_VENDORS = {vendor.name.lower(): vendor for vendor in Vendor if vendor is not Vendor.UNKNOWN}
_VENDOR_LAST = max(Vendor)
_BYTES_MAX = {Kind.STATEMENT: STATEMENT_BYTES_MAX, Kind.SITE: SITE_BYTES_MAX}


@dataclass(frozen=True)
class Definition:
    """One entry of a dictionary; ``data`` is text in UTF-8, or the fields of a site."""

    id: int
    kind: Kind
    data: bytes
    vendor: int = Vendor.UNKNOWN
    cut: bool = False

    @property
    def text(self) -> str:
        """Show the data as text, with replacement characters where it is not UTF-8."""
        return show_text(self.data)

    def encode(self) -> bytes:
        """Return a whole DEFINE frame."""
        head = _HEAD.pack(self.id, self.kind, _FLAG_CUT if self.cut else 0, self.vendor, 0)
        return encode_frame(FrameType.DEFINE, head + self.data)

    @classmethod
    def decode(cls, payload: bytes) -> Definition:
        """Read a DEFINE's payload; raise ProtocolError ``define_invalid`` or ``frame_reserved``.

        A vendor of a later version is read as unknown.
        """
        if len(payload) < _HEAD.size:
            raise ProtocolError("define_invalid", f"DEFINE of {len(payload)} bytes; {_HEAD.size} are needed")
        id, kind, flags, vendor, reserved = _HEAD.unpack_from(payload)
        if reserved != 0:
            raise ProtocolError("frame_reserved", f"the reserved field of DEFINE {id} is {reserved}, not 0")
        if kind not in _KINDS:
            raise ProtocolError("define_invalid", f"DEFINE {id} has the unknown kind {kind}")
        if flags & ~_FLAG_CUT:
            raise ProtocolError("define_invalid", f"DEFINE {id} has unknown flags 0x{flags:02x}")
        data = payload[_HEAD.size :]
        bytes_max = _BYTES_MAX.get(_KINDS[kind], NAME_BYTES_MAX)
        if len(data) > bytes_max:
            raise ProtocolError("define_invalid", f"DEFINE {id} has {len(data)} bytes; most is {bytes_max}")
        if kind == Kind.SITE:
            Site.decode(data)
        return cls(id, _KINDS[kind], data, vendor if vendor <= _VENDOR_LAST else 0, bool(flags & _FLAG_CUT))


_KINDS = {int(kind): kind for kind in Kind}


class Definitions:
    """Resolve ids as the daemon does: one per connection, fed with its DEFINE frames in order."""

    def __init__(self, ids_max: int = DICTIONARY_MAX) -> None:
        self._ids_max = ids_max
        self._entries: list[Definition] = []

    def __len__(self) -> int:
        return len(self._entries)

    def apply(self, payload: bytes) -> Definition:
        """Take one DEFINE; raise ProtocolError as ``Definition.decode`` does, or ``id_out_of_range``."""
        entry = Definition.decode(payload)
        highest = min(len(self._entries) + 1, self._ids_max)
        if entry.kind is Kind.ALIAS:
            highest = min(highest, ALIAS_ID_MAX)
        if not 1 <= entry.id <= highest:
            what = f"{entry.kind.name.lower()} {entry.id}"
            raise ProtocolError("id_out_of_range", f"DEFINE of {what}; 1 to {highest} are possible here")
        if entry.id > len(self._entries):
            self._entries.append(entry)
        else:
            self._entries[entry.id - 1] = entry
        return entry

    def resolve(self, id: int, kind: Kind) -> Definition | None:
        """Return the entry, None for id 0; raise ProtocolError ``id_unknown`` or ``id_kind``."""
        if id == 0:
            return None
        if id > len(self._entries):
            raise ProtocolError("id_unknown", f"{kind.name.lower()} {id} was not defined")
        entry = self._entries[id - 1]
        if entry.kind is not kind:
            found = entry.kind.name.lower()
            raise ProtocolError("id_kind", f"id {id} is a {found}, not a {kind.name.lower()}")
        return entry
