"""Number the distinct parameter sets of each statement in a unit.

"The same statement with twenty values" and "the same question twenty times" are two different findings. What
tells them apart is an ordinal: 1 for the first set of values, 2 for the next other one, 0 where it is unknown.
While a unit is open its records hold a hash of their parameters, so that the query itself is not kept waiting;
as it is sealed the hashes are replaced by ordinals, and gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .unit import Record

__all__ = ["KEY_MASK", "NO_KEY", "Ordinals"]

NO_KEY = -1  # instead of a hash: Python has no hash of that value
# Of a hash its lower 60 bits are kept (a lone integer is kept as it is). An int of more takes 48 bytes and not 32, and
# each one of that size that is kept makes the rest of the query 3 µs slower on CPython 3.13 (tests/bench/README.md).
KEY_MASK = (1 << 60) - 1
ENTRIES_MAX = 20_000  # of one unit: statements and parameter sets together
_NONE: dict[int, int] = {}


class Ordinals:
    """What one unit has seen; ``room`` says how many more entries it may take. One thread at a time."""

    __slots__ = ("room", "seen")

    def __init__(self) -> None:
        self.seen: dict[str, dict[int, int]] = {}  # text of the statement: hash of its parameters: ordinal
        self.room = ENTRIES_MAX

    def numbered(self, records: Iterable[Record]) -> list[Record]:
        """Return the records with ordinals in place of hashes; some 0.3 µs each."""
        get = self.seen.get
        result: list[Record] = []
        for statement, alias, vendor, start_ns, duration_ns, flags, rows, site, key in records:
            ordinal = 0
            if key != NO_KEY:
                ordinal = get(statement.text, _NONE).get(key, 0) or self._next(statement.text, key)
            result.append((statement, alias, vendor, start_ns, duration_ns, flags, rows, site, ordinal))
        return result

    def _next(self, text: str, key: int) -> int:
        sets = self.seen.get(text)
        if self.room < (1 if sets else 2):
            return 0
        if sets is None:
            self.room -= 1
            sets = self.seen[text] = {}
        self.room -= 1
        ordinal = sets[key] = len(sets) + 1
        return ordinal
