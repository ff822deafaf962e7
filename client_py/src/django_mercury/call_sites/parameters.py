"""Hash the parameters of a query, so that they need not be kept to be told from others.

Only values of exact, well-known types are hashed: a ``__hash__`` of the application's is never called. What
holds anything else, is too long, or came with ``many`` (it may be a generator) has no hash.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

from mercury_client.ordinals import KEY_MASK, NO_KEY

__all__ = ["parameters_hash"]

VALUES_MAX = 2_000  # of one parameter set
DEPTH_MAX = 3

_HASHABLE = frozenset({
    str, int, float, bool, bytes, type(None), decimal.Decimal, uuid.UUID,
    datetime.datetime, datetime.date, datetime.time, datetime.timedelta,
})  # fmt: skip
_NOTHING = hash(()) & KEY_MASK


def parameters_hash(params: Any) -> int:
    """Return a hash of a tuple, list or dictionary of parameters, of None as of (); NO_KEY if a value
    may not be hashed. Never raises.
    """
    try:
        if type(params) is tuple and len(params) <= VALUES_MAX:
            if len(params) == 1 and type(params[0]) is int:
                return hash(params[0])  # the integer itself, as a rule a small one: no other hash costs as little
            for value in params:  # by far the most: a loop costs half of what a set operation does
                if type(value) not in _HASHABLE:
                    return _hash_deep(params, DEPTH_MAX)
            return hash(params) & KEY_MASK
        if params is None:
            return _NOTHING
        if type(params) is list:
            return parameters_hash(tuple(params)) if len(params) <= VALUES_MAX else NO_KEY
        return _hash_deep(params, DEPTH_MAX)
    except Exception:  # a time zone of the application's, a signalling NaN
        return NO_KEY


def _hash_deep(params: Any, depth: int) -> int:
    kind = type(params)
    if depth <= 0 or (kind is not tuple and kind is not list and kind is not dict) or len(params) > VALUES_MAX:
        return NO_KEY
    if kind is dict:
        if not _HASHABLE.issuperset(map(type, params)):
            return NO_KEY
        values = [value for pair in params.items() for value in pair]
    else:
        values = params
    hashes = []
    for value in values:
        found = hash(value) if type(value) in _HASHABLE else _hash_deep(value, depth - 1)
        if found == NO_KEY:
            return NO_KEY
        hashes.append(found)
    return hash(tuple(hashes)) & KEY_MASK
