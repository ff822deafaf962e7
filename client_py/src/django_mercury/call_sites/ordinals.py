"""Number the distinct parameter sets of each statement in a unit, without keeping any parameter.

"The same statement with twenty values" and "the same question twenty times" are two different findings. What
tells them apart is an ordinal: 1 for the first set of values, 2 for the next other one. Only hash values are
kept, in the unit's ``scratch``, and they go when the unit is sealed; they never leave the process.

Only values of exact, well-known types are hashed: a ``__hash__`` of the application's is never called. What
holds anything else, is too long, or came with ``many`` (it may be a generator) has ordinal 0: unknown.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

__all__ = ["Ordinals", "parameters_hash"]

ENTRIES_MAX = 20_000  # of one unit: statements and parameter sets together
VALUES_MAX = 2_000  # of one parameter set
DEPTH_MAX = 3

_HASHABLE = frozenset({
    str, int, float, bool, bytes, type(None), decimal.Decimal, uuid.UUID,
    datetime.datetime, datetime.date, datetime.time, datetime.timedelta,
})  # fmt: skip
_all_hashable = _HASHABLE.issuperset
_NOTHING = hash(())


class Ordinals:
    """What one unit has seen; ``room`` says how many more entries it may take."""

    __slots__ = ("room", "seen")

    def __init__(self) -> None:
        self.seen: dict[int, dict[int, int]] = {}  # hash of the statement: hash of its parameters: ordinal
        self.room = ENTRIES_MAX

    def look(self, statement: int, params: Any, many: bool) -> tuple[int, bool]:
        """Return the ordinal, 0 if unknown, and whether the statement was met before."""
        sets = self.seen.get(statement)
        repeated = sets is not None
        if sets is None:
            if self.room <= 0:
                return 0, False
            self.room -= 1
            sets = self.seen[statement] = {}
        try:
            if type(params) is tuple and len(params) <= VALUES_MAX and _all_hashable(map(type, params)):
                key: int | None = hash(params)
            elif params is None:
                key = _NOTHING
            else:
                key = None if many else parameters_hash(params)
        except Exception:  # a time zone of the application's, a signalling NaN
            key = None
        if key is None or many:
            return 0, repeated
        ordinal = sets.get(key)
        if ordinal is None:
            if self.room <= 0:
                return 0, repeated
            self.room -= 1
            ordinal = sets[key] = len(sets) + 1
        return ordinal, repeated


def parameters_hash(params: Any) -> int | None:
    """Return a hash of a tuple, list or dictionary of parameters; None if a value may not be hashed."""
    kind = type(params)
    if kind is tuple:
        if len(params) <= VALUES_MAX and _all_hashable(map(type, params)):
            return hash(params)
    elif kind is list and len(params) <= VALUES_MAX and _all_hashable(map(type, params)):
        return hash(tuple(params))
    return _hash_deep(params, DEPTH_MAX)


def _hash_deep(params: Any, depth: int) -> int | None:
    kind = type(params)
    if depth <= 0 or (kind is not tuple and kind is not list and kind is not dict) or len(params) > VALUES_MAX:
        return None
    if kind is dict:
        if not _all_hashable(map(type, params)):
            return None
        values = [value for pair in params.items() for value in pair]
    else:
        values = params
    hashes = []
    for value in values:
        found = hash(value) if type(value) in _HASHABLE else _hash_deep(value, depth - 1)
        if found is None:
            return None
        hashes.append(found)
    return hash(tuple(hashes))
