"""Intern the text of SQL statements: one object per text, so that a record is a pointer and not a string.

The table is process-wide and bounded. It has two generations: when the young one is full, it becomes the old
one and the old one is forgotten; a text that is met again moves back into the young one. A text that is in
constant use is therefore never lost, and one that is never repeated costs memory only for a while.

Parameters never come in here. What is not a ``str`` (``bytes``, psycopg's ``Composed``) is turned into text
without asking the database, without calling ``str()`` on anything foreign, and with ``%s`` for literals.
"""

from __future__ import annotations

import threading
from typing import Any

from .limits import STATEMENT_BYTES_MAX

__all__ = ["OVERFLOW", "Statement", "StatementTable", "is_transaction_control", "table", "text_of"]

ENTRIES_MAX = 4096  # of one generation
BYTES_MAX = 2 * 1024 * 1024  # likewise
CHARACTERS_MAX = STATEMENT_BYTES_MAX + 1  # one more than fits, so that the dictionary sees that it was cut

_CONTROL_1 = frozenset({"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "END", "ABORT"})
_CONTROL_2 = frozenset({"START TRANSACTION", "SET TRANSACTION", "SAVE TRANSACTION", "PREPARE TRANSACTION"})


def is_transaction_control(text: str) -> bool:
    """Tell whether a statement only begins, ends or marks a transaction; costs about 0.5 µs."""
    words = text[:64].upper().replace(";", " ").split(None, 2)
    if not words:
        return False
    return words[0] in _CONTROL_1 or " ".join(words[:2]) in _CONTROL_2


class Statement:
    """One SQL text; ``control``: transaction control. ``sightings`` and ``place`` are for those who capture
    call sites.
    """

    __slots__ = ("control", "place", "sightings", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.control = is_transaction_control(text)
        self.sightings = 0
        self.place: Any = None

    def __repr__(self) -> str:
        return f"<Statement {self.text[:60]!r}>"


OVERFLOW = Statement("")  # stands for texts beyond a unit's share; travels as id 0


class StatementTable:
    """Map texts to statements. Any thread may call; ``find`` takes no lock."""

    def __init__(self, entries_max: int = ENTRIES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._young: dict[str, Statement] = {}
        self._old: dict[str, Statement] = {}
        self._young_bytes = 0
        self._lock = threading.RLock()
        # For an exact str. The young dictionary is emptied, never replaced, so this bound method stays right.
        self.find = self._young.get

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def intern(self, sql: Any) -> tuple[Statement, int]:
        """Return the statement of ``sql``, and how many bytes of text are new to the process."""
        text = text_of(sql)
        with self._lock:
            known = self._young.get(text)
            if known is not None:
                return known, 0
            known = self._old.get(text)
            statement = Statement(text) if known is None else known
            if len(self._young) >= self._entries_max or self._young_bytes + len(text) > self._bytes_max:
                self._old = self._young.copy()
                self._young.clear()
                self._young_bytes = 0
            self._young[text] = statement
            self._young_bytes += len(text)
        return statement, 0 if known is not None else len(text)

    def after_fork(self) -> None:
        """Replace the lock, which a thread that does not exist here may hold."""
        self._lock = threading.RLock()


table = StatementTable()


def text_of(sql: Any) -> str:
    """Return the text as an exact ``str``, of at most ``statement_bytes_max`` characters and one more."""
    if isinstance(sql, str):
        text = str.__str__(sql)
    elif isinstance(sql, bytes | bytearray):
        text = bytes(sql[:CHARACTERS_MAX]).decode("utf-8", "replace")
    else:
        text = _composed(sql, 0)
    return text[:CHARACTERS_MAX]


def _composed(part: Any, depth: int) -> str:
    """Render psycopg's (2 and 3) composable objects from their own fields; a value becomes ``%s``."""
    name = type(part).__name__
    value = getattr(part, "_obj", None)
    if value is None:
        value = getattr(part, "_wrapped", None)
    if name == "SQL" and isinstance(value, str):
        return value
    if name == "Identifier" and isinstance(value, list | tuple):
        return ".".join('"' + one.replace('"', '""') + '"' for one in value if isinstance(one, str))
    if name == "Literal":
        return "%s"
    if name == "Placeholder":
        return f"%({value})s" if isinstance(value, str) and value else "%s"
    if name == "Composed" and isinstance(value, list | tuple) and depth < 20:
        return "".join(_composed(one, depth + 1) for one in value)
    return f"({name})"
