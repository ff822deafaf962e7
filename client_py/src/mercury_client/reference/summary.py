"""A statement in a few words: ``SELECT shop_order shop_customer``, and what the verdicts ask of it.

The twin of ``daemon/analysis/summary.h``, where the definition stands. It reads a normalised text (fingerprint.py), so
it shows no literal and needs no vendor. Pure functions; they raise nothing; linear.
"""

from __future__ import annotations

import re
from enum import IntEnum

from .sql_dialect import NORMALISED_TEXT
from .sql_lexer import END, Token, tokenise

__all__ = ["SUMMARY_BYTES_MAX", "TARGETS_MAX", "operation", "summary", "targets"]

SUMMARY_BYTES_MAX = 255
TARGETS_MAX = 64

_END, _WORD, _QUOTED_NAME = 0, 1, 2
_OPEN_PAREN, _CLOSE_PAREN, _COMMA, _DOT, _SEMICOLON = 6, 7, 10, 11, 12

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_$#\x80-\U0010ffff]+")
_ASCII_LOWER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}

_STARTS = frozenset(["INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP"])
_BEFORE_START = frozenset({_END, _SEMICOLON, _OPEN_PAREN, _CLOSE_PAREN})
_OBJECTS = frozenset({"TABLE", "VIEW", "INDEX"})
_BEFORE_NAME = frozenset(["ONLY", "LATERAL", "TABLE", "IF", "NOT", "EXISTS", "IGNORE"])  # the name comes later
_ENDS_NAMES = frozenset(
    ["WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "SET", "RETURNING", "FOR", "UNION", "WINDOW", "VALUES"]
)


def summary(normalised: str) -> str:
    """Return the operations and their targets, at most SUMMARY_BYTES_MAX bytes of UTF-8."""
    return _Summariser(normalised).text


def targets(normalised: str) -> tuple[str, ...]:
    """Return the first TARGETS_MAX tables and sources, each once, in order, without needless quotes."""
    return tuple(_Summariser(normalised).targets)


def operation(normalised: str) -> str:
    """Return the first operation, SELECT, INSERT and so on, or ``""``."""
    return _Summariser(normalised).operation


class _Expected(IntEnum):
    """What the next name would be."""

    NOTHING = 0
    TABLE = 1  # a parenthesis after it lists columns
    SOURCE = 2  # a parenthesis after it makes it a call


class _Scope:
    """One pair of parentheses, or the statement itself."""

    __slots__ = ("after_comma", "from_names_sources", "next_name", "operation")

    def __init__(self, operation: str = "", from_names_sources: bool = False, expected: int = 0) -> None:
        self.operation = operation
        self.from_names_sources = from_names_sources
        self.next_name = self.after_comma = expected


class _Summariser:
    """Read the tokens once; afterwards ``text``, ``targets`` and ``operation`` hold the answers."""

    def __init__(self, normalised: str) -> None:
        self._tokens = [
            (kind, text, keyword if text == keyword else "")  # one that is not in capitals is a name
            for kind, text, keyword in tokenise(normalised, NORMALISED_TEXT)
        ]
        self._tokens.append(END)  # so that the last token has one after it, and the first (by -1) one before
        self._defined = _definitions_in(self._tokens)
        self._position = 0
        self._scopes = [_Scope()]  # innermost last, never empty
        self._operation = ""  # the last one written
        self._object_possible = False  # the TABLE, VIEW or INDEX of a CREATE has not come yet
        self._index_of_table = False  # the ON of an INDEX has not come yet
        self._written: set[str] = set()  # of this operation
        self._words: list[str] = []
        self._bytes = -1  # of the words with a blank before each, but for the first
        self._full = False
        self._targeted: dict[str, None] = {}
        self.operation = ""
        while self._tokens[self._position][0] != _END:
            self._accept(self._tokens[self._position])
            self._position += 1
        if not self.operation:
            self._add_first_word()
        self.text = " ".join(self._words)
        self.targets = list(self._targeted)[:TARGETS_MAX]

    def _accept(self, token: Token) -> None:
        here = self._scopes[-1]
        kind = token[0]
        if kind in (_WORD, _QUOTED_NAME):
            if token[2]:
                self._accept_keyword(token[2])
            elif here.next_name:
                self._accept_target()
        elif kind == _OPEN_PAREN:  # FROM (a JOIN b) goes on inside; FROM (SELECT …) is settled by its SELECT
            self._scopes.append(_Scope(expected=here.next_name))
            here.next_name = _Expected.NOTHING
        elif kind == _CLOSE_PAREN:
            if len(self._scopes) > 1:
                self._scopes.pop()
        elif kind == _COMMA:
            here.next_name = here.after_comma
        elif kind == _SEMICOLON:
            self._scopes = [_Scope()]
        else:
            here.next_name = _Expected.NOTHING

    def _accept_keyword(self, word: str) -> None:
        if word == "SELECT" or (word in _STARTS and self._can_start()):
            return self._begin_operation(word)
        if self._object_possible and word in _OBJECTS:
            return self._begin_object(word)
        if word in _BEFORE_NAME:
            return
        here = self._scopes[-1]
        here.next_name = _Expected.NOTHING
        if word == "FROM" and here.from_names_sources and self._at(-1)[2] != "DISTINCT":
            here.from_names_sources = False
            here.next_name = here.after_comma = _Expected.SOURCE
        elif word == "USING" and here.operation in ("DELETE", "MERGE") and self._at(1)[0] != _OPEN_PAREN:
            here.next_name = here.after_comma = _Expected.SOURCE
        elif word == "JOIN":
            here.next_name = _Expected.SOURCE
        elif word == "INTO" or (word == "ON" and self._index_of_table):
            here.next_name = _Expected.TABLE
            self._index_of_table = False
        elif word in _ENDS_NAMES:
            here.after_comma = _Expected.NOTHING

    def _can_start(self) -> bool:
        if self._at(1)[0] == _OPEN_PAREN:
            return False
        return self._at(-1)[0] in _BEFORE_START or (not self._operation and self._tokens[0][2] == "EXPLAIN")

    def _begin_operation(self, word: str) -> None:
        names_table = word in ("UPDATE", "TRUNCATE")
        self._scopes[-1] = _Scope(
            word,
            from_names_sources=word in ("SELECT", "DELETE", "UPDATE"),
            expected=_Expected.TABLE if names_table else _Expected.NOTHING,
        )
        self._object_possible = word in ("CREATE", "ALTER", "DROP")
        self._index_of_table = False
        if word == self._operation:
            return
        self._operation = word
        self.operation = self.operation or word
        self._written.clear()
        self._add(word)

    def _begin_object(self, word: str) -> None:
        self._object_possible = False
        self._add_once(word)
        self._index_of_table = word == "INDEX"
        if self._index_of_table:
            return
        here = self._scopes[-1]
        here.next_name = _Expected.TABLE
        if self._operation == "DROP":
            here.after_comma = _Expected.TABLE

    def _accept_target(self) -> None:
        """Take the name at the current position, with what its dots add."""
        here = self._scopes[-1]
        expected, here.next_name = here.next_name, _Expected.NOTHING
        name = self._at(0)[1]
        defined = self._at(1)[0] != _DOT and name in self._defined
        parts = [_without_needless_quotes(name)]
        while self._at(1)[0] == _DOT:
            parts.append(".")
            self._position += 1
            if self._at(1)[0] in (_WORD, _QUOTED_NAME):
                self._position += 1
                parts.append(_without_needless_quotes(self._at(0)[1]))
        call = expected == _Expected.SOURCE and self._at(0)[0] == _WORD and self._at(1)[0] == _OPEN_PAREN
        if not defined and not call:
            target = "".join(parts)
            self._add_once(target)
            self._targeted[target] = None

    def _add_first_word(self) -> None:
        word = next((text for kind, text, _ in self._tokens if kind == _WORD), "")
        if word:
            self._add(word.translate(_ASCII_LOWER))

    def _add_once(self, text: str) -> None:
        if not self._full and text not in self._written:
            self._written.add(text)
            self._add(text)

    def _add(self, text: str) -> None:
        size = self._bytes + 1 + len(text.encode("utf-8", "replace"))
        self._full = self._full or size > SUMMARY_BYTES_MAX
        if not self._full:
            self._words.append(text)
            self._bytes = size

    def _at(self, by: int) -> Token:
        return self._tokens[self._position + by]


def _definitions_in(tokens: list[Token]) -> set[str]:
    """Return the names that the statement defines: `x AS (`, `x AS MATERIALIZED (`, `x(a, b) AS (`."""
    defined = set()
    opened: list[int] = []
    for at in range(len(tokens) - 2):
        name = at
        if tokens[at][0] == _OPEN_PAREN:
            opened.append(at)
        elif tokens[at][0] == _CLOSE_PAREN and opened:
            name = max(opened.pop(), 1) - 1
        if tokens[at + 1][2] == "AS":
            after = tokens[at + 2]
            is_name = tokens[name][0] == _QUOTED_NAME or (tokens[name][0] == _WORD and not tokens[name][2])
            if is_name and (after[0] == _OPEN_PAREN or after[2] in ("NOT", "MATERIALIZED")):
                defined.add(tokens[name][1])
    return defined


def _without_needless_quotes(name: str) -> str:
    """Return shop_order for "shop_order"; "song list" and "" keep their quotes."""
    if len(name) < 3 or name[0] not in '"`[':
        return name
    return name[1:-1] if _PLAIN_NAME.fullmatch(name, 1, len(name) - 1) else name
