"""A statement without its literals, and the number that identifies it.

The twin of ``daemon/analysis/fingerprint.h``: the definition stands there, rule by rule, and both languages read the
table in ``proto/vectors/analysis/fingerprints.json``.

    text = normalise(sql, "postgresql")
    id = fingerprint_id(text)  # written as f"{id:016x}"

Text is judged as the daemon sees it, that is as UTF-8 in which a lone surrogate has become ``?``.

Pure functions; any thread may call them; they raise nothing. Linear, some 0.3 µs a character: keep the results.
"""

from __future__ import annotations

import hashlib

from .list_fold import ListFold, ListKind
from .sql_dialect import dialect_of
from .sql_keywords import CALL, KEYWORDS, MAYBE_NAME, VALUE
from .sql_lexer import END, Kind, Token, is_operand, tokenise

__all__ = ["fingerprint_id", "normalise"]

_END, _WORD, _QUOTED_NAME, _LITERAL, _NUMBER = 0, 1, 2, 3, 4
_OPERATOR, _OPEN_PAREN, _CLOSE_PAREN, _OPEN_BRACKET, _CLOSE_BRACKET = 5, 6, 7, 8, 9
_COMMA, _DOT, _SEMICOLON = 10, 11, 12

_BEFORE_TABLE = frozenset({"FROM", "JOIN", "INTO", "TABLE", "UPDATE"})
_SUBQUERY_STARTS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_BEFORE_NULL = frozenset({"NOT", "DEFAULT", "SET"})
_SEMICOLON_TOKEN: Token = (int(Kind.SEMICOLON), ";", "")
_VALUE: Token = (int(Kind.LITERAL), "?", "")


def normalise(sql: str, vendor: str) -> str:
    """Return ``sql`` without its literals; ``vendor`` is Django's ``connection.vendor``, and any other is unknown."""
    if not sql.isascii():
        sql = sql.encode("utf-8", "replace").decode("utf-8")
    return _Normaliser(vendor).run(tokenise(sql, dialect_of(vendor)))


def fingerprint_id(normalised: str) -> int:
    """Return BLAKE2b-64 of the whole text in UTF-8; the first digest byte is the lowest of the number."""
    digest = hashlib.blake2b(normalised.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class _Normaliser:
    """One pass: each token is judged by the one written before it and the one that follows."""

    __slots__ = (
        "_depth",
        "_lists",
        "_next",
        "_not_follows_is",
        "_out",
        "_password_follows",
        "_previous",
        "_semicolon_pending",
        "_sqlite",
    )

    def __init__(self, vendor: str) -> None:
        self._out: list[str] = []
        self._lists = ListFold(self._out)
        self._previous = END  # as written; its keyword is "" where it is a name
        self._next = END
        self._sqlite = vendor == "sqlite"
        self._not_follows_is = False
        self._password_follows = False
        self._semicolon_pending = False
        self._depth = 0

    def run(self, tokens: list[Token]) -> str:
        """Return the text that the tokens give."""
        token = tokens[0]
        for self._next in tokens[1:]:
            self._accept(token)
            token = self._next
        self._lists.finish()
        return "".join(self._out)

    def _accept(self, token: Token) -> None:
        kind = token[0]
        if kind == _SEMICOLON:
            self._semicolon_pending = bool(self._out)
            return
        if self._semicolon_pending:
            self._semicolon_pending = False
            self._lists.finish()
            self._depth = 0
            self._write(_SEMICOLON_TOKEN)
        # A list that is cut behind a comma goes on, too.
        if kind != _COMMA or self._next[0] not in (_OPEN_PAREN, _END, _SEMICOLON):
            self._lists.end_rows()
        if kind == _WORD:
            self._accept_word(token)
        elif kind == _QUOTED_NAME:
            self._write(_VALUE if self._is_value_in_double_quotes(token) else token)
        elif kind in (_LITERAL, _NUMBER):
            self._write(_VALUE)
        elif kind in (_OPEN_PAREN, _OPEN_BRACKET):
            self._accept_open(token)
        elif kind in (_CLOSE_PAREN, _CLOSE_BRACKET):
            self._accept_close(token)
        elif kind == _COMMA:
            self._lists.before_comma(self._depth)
            self._write(token)
            self._lists.after_comma(self._depth)
        elif not self._is_sign_of_next(token):
            self._write(token)

    def _accept_open(self, token: Token) -> None:
        behind = self._previous[2] if token[0] == _OPEN_PAREN else ""
        elements = behind == "IN" and self._next[2] not in _SUBQUERY_STARTS
        if behind == "VALUES":
            self._lists.open(ListKind.ROWS, self._depth)
        self._write(token)
        self._depth += 1
        if elements:
            self._lists.open(ListKind.ELEMENTS, self._depth)

    def _accept_close(self, token: Token) -> None:
        self._lists.before_close(self._depth)
        self._write(token)
        if self._depth:
            self._depth -= 1
            self._lists.after_close(self._depth)

    def _accept_word(self, token: Token) -> None:
        keyword = token[2]
        if not keyword:
            return self._write(token)
        traits = KEYWORDS[keyword]
        if self._is_name_here(traits):
            return self._write((_WORD, token[1], ""))
        if traits & VALUE and not self._stays_readable(keyword):
            return self._write(_VALUE)
        self._write((_WORD, keyword, keyword))

    def _is_name_here(self, traits: int) -> bool:
        if self._previous[0] == _DOT or self._next[0] == _DOT:
            return True
        return traits & MAYBE_NAME != 0 and self._previous[2] in _BEFORE_TABLE

    def _is_value_in_double_quotes(self, token: Token) -> bool:
        """Tell a password, and in SQLite, which takes an unknown name for a string, what something is compared with."""
        if token[1][0] != '"':
            return False
        if self._password_follows:
            return True
        if not self._sqlite or self._next[0] == _DOT or self._previous[0] != _OPERATOR:
            return False
        return any(character in "=<>" for character in self._previous[1])

    def _stays_readable(self, value: str) -> bool:
        behind = self._previous[2]
        if behind == "IS":
            return True
        if value != "NULL":
            return behind == "NOT" and self._not_follows_is
        return behind in _BEFORE_NULL or is_operand(self._previous)

    def _is_sign_of_next(self, token: Token) -> bool:
        return token[1] in ("-", "+") and self._next[0] == _NUMBER and not is_operand(self._previous)

    def _write(self, token: Token) -> None:
        kind, text, keyword = token
        previous = self._previous
        piece = text if not self._out or _is_tight(previous, token) else " " + text
        self._out.append(piece)
        self._lists.size += len(piece)
        self._not_follows_is = keyword == "NOT" and previous[2] == "IS"
        self._password_follows = kind == _WORD and (
            (keyword == "BY" and _spells(previous[1], "IDENTIFIED")) or _spells(text, "PASSWORD")
        )
        self._previous = token


def _spells(word: str, upper: str) -> bool:
    return len(word) == len(upper) and word.isascii() and word.upper() == upper


def _is_tight(previous: Token, token: Token) -> bool:
    """Tell whether no blank stands between two tokens."""
    before, kind = previous[0], token[0]
    if before in (_OPEN_PAREN, _OPEN_BRACKET) or kind in (_COMMA, _SEMICOLON, _CLOSE_PAREN):
        return True
    if kind == _DOT:
        return before == _DOT or is_operand(previous)
    if kind == _OPEN_PAREN:
        return before == _WORD and (not previous[2] or KEYWORDS[previous[2]] & CALL != 0)
    if kind == _OPEN_BRACKET:
        return is_operand(previous) or previous[2] == "ARRAY"
    if kind == _CLOSE_BRACKET:
        return before != _QUOTED_NAME or not previous[1].endswith("]")
    if token[1] == "::":
        return is_operand(previous)
    if before == _DOT:
        return kind in (_WORD, _QUOTED_NAME, _LITERAL) or token[1] == "*"
    return kind in (_WORD, _QUOTED_NAME) and before == _OPERATOR and previous[1] == "::"
