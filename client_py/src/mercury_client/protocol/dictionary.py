"""Give each text of a connection a small id, so that it travels once (PROTOCOL.md §4).

One dictionary lives as long as one connection and belongs to the thread that writes there. For each unit::

    dictionary.begin_unit()                     # nothing that this unit names is evicted while it is encoded
    id = dictionary.statement(text, vendor)     # the same text: the same id
    …
    write(dictionary.take_definitions())        # before this UNIT, and before the next unit begins
    write(encode_unit(…))

When all ids are given away, the entry that was not used for the longest time makes room and its id is defined
anew. If the unit at hand alone names more texts than there are ids, the rest get id 0 (overflow); the unit's
totals stay right. An alias needs an id of at most ``alias_id_max``, so ask for a unit's aliases first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from ..limits import ALIAS_ID_MAX, DICTIONARY_MAX, NAME_BYTES_MAX, STATEMENT_BYTES_MAX
from .define import Definition, Kind, Vendor
from .site import Site
from .text import cut_text

__all__ = ["Dictionary"]

# Kind, vendor and cut as one plain number, for hashing an enumerator costs as much as all the rest; then what
# is meant. Two texts that are the same after the cut are one entry.
_Key = tuple[int, "str | Site"]

Mask = Callable[[str, int], str]

_STATEMENT = int(Kind.STATEMENT)
_SITE = int(Kind.SITE)
_ROUTE = int(Kind.ROUTE)
_ALIAS = int(Kind.ALIAS)
_CACHE = int(Kind.CACHE)
_VENDOR_SHIFT = 8
_CUT = 1 << 16

_NAMES_OF_UNIT = 600  # its route, and at most as many aliases and caches as have ids
_UTF8_BYTES_MAX = 4  # of one character: shorter texts need not be measured


def _unmasked(text: str, vendor: int) -> str:
    return text


class Dictionary:
    """Map texts and sites to ids; see the module. ``ids_max`` is the daemon's ``dictionary_max``.

    ``mask`` (text, vendor) returns what travels of a statement; two texts that it makes equal keep two ids.

    Costs about 0.2 µs for a text that is known, whatever the size of the dictionary.
    """

    def __init__(self, ids_max: int = DICTIONARY_MAX, mask: Mask = _unmasked) -> None:
        self._ids_max = ids_max
        self._mask = mask
        # Least recently used first, with the grain of a unit: what the current unit named stands at the end.
        self._ids: OrderedDict[_Key, int] = OrderedDict()
        self._keys: list[_Key | None] = [None]  # by id
        self._used_in: list[int] = [0]  # by id: the last unit that named it
        self._unit = 0
        self._pending = bytearray()
        self.given_again = 0  # ids that were taken from one text for another

    def __len__(self) -> int:
        return len(self._ids)

    def has_room(self, texts: int) -> bool:
        """Tell whether so many new texts, and a unit's few names, cost no other text its id."""
        return len(self._keys) + texts + _NAMES_OF_UNIT <= self._ids_max

    def begin_unit(self) -> None:
        """Start a unit: ids that earlier units named may be evicted from now on."""
        self._unit += 1

    def statement(self, text: str, vendor: int = Vendor.UNKNOWN) -> int:
        """Return the id of an SQL text, 0 for an empty one or if there is no room."""
        code = _STATEMENT | vendor << _VENDOR_SHIFT
        if len(text) * _UTF8_BYTES_MAX > STATEMENT_BYTES_MAX:
            return self._id(_cut(code, text, STATEMENT_BYTES_MAX))
        return self._id((code, text)) if text else 0

    def site(self, site: Site | None) -> int:
        """Return the id of a call site, 0 for None or if there is no room."""
        if site is None:
            return 0
        return self._id((_SITE, site))

    def route(self, text: str) -> int:
        """Return the id of a unit's name, 0 for an empty one or if there is no room."""
        return self._name(_ROUTE, text)

    def alias(self, name: str, vendor: int = Vendor.UNKNOWN) -> int:
        """Return the id of a database alias, at most ``alias_id_max``; 0 if there is no room."""
        return self._name(_ALIAS | vendor << _VENDOR_SHIFT, name)

    def cache(self, alias: str) -> int:
        """Return the id of a cache alias, 0 for an empty one or if there is no room."""
        return self._name(_CACHE, alias)

    def take_definitions(self) -> bytes:
        """Return the DEFINE frames that are to be written before the current unit, and forget them."""
        taken = bytes(self._pending)
        self._pending.clear()
        return taken

    def _name(self, code: int, text: str) -> int:
        if len(text) * _UTF8_BYTES_MAX > NAME_BYTES_MAX:
            return self._id(_cut(code, text, NAME_BYTES_MAX))
        return self._id((code, text)) if text else 0

    def _id(self, key: _Key) -> int:
        id = self._ids.get(key, 0)
        if id:
            if self._used_in[id] != self._unit:
                self._used_in[id] = self._unit
                self._ids.move_to_end(key)
            return id
        id = self._free_id(ALIAS_ID_MAX if _is_alias(key) else self._ids_max)
        if id:
            self._ids[key] = id
            self._keys[id] = key
            self._used_in[id] = self._unit
            self._pending += _definition(id, key, self._mask).encode()
        return id

    def _free_id(self, highest: int) -> int:
        """Return an id from 1 to ``highest`` that is free or made so, 0 if this unit uses all of them."""
        if len(self._keys) <= min(highest, self._ids_max):
            self._keys.append(None)
            self._used_in.append(0)
            return len(self._keys) - 1
        id = self._oldest_low(highest) if highest < self._ids_max else next(iter(self._ids.values()), 0)
        key = self._keys[id]
        if key is None or self._used_in[id] == self._unit:
            return 0
        del self._ids[key]
        self._keys[id] = None
        self.given_again += 1
        return id

    def _oldest_low(self, highest: int) -> int:
        """Return the id up to ``highest`` to give to an alias: unused the longest, no alias if possible."""

        def rank(id: int) -> tuple[bool, bool, int]:
            key = self._keys[id]
            used_in = self._used_in[id]
            return used_in == self._unit, key is not None and _is_alias(key), used_in

        return min(range(1, highest + 1), key=rank)


def _is_alias(key: _Key) -> bool:
    return key[0] & 0xFF == _ALIAS


def _cut(code: int, text: str, bytes_max: int) -> _Key:
    data, cut = cut_text(text, bytes_max)
    return (code | _CUT, data.decode("utf-8")) if cut else (code, text)


def _definition(id: int, key: _Key, mask: Mask) -> Definition:
    code, value = key
    cut = bool(code & _CUT)
    if isinstance(value, Site):
        data, cut = value.encode()
    elif code & 0xFF == _STATEMENT:
        data, longer = cut_text(mask(value, code >> _VENDOR_SHIFT & 0xFF), STATEMENT_BYTES_MAX)
        cut = cut or longer
    else:
        data = value.encode("utf-8", "replace")
    return Definition(id, Kind(code & 0xFF), data, code >> _VENDOR_SHIFT & 0xFF, cut)
