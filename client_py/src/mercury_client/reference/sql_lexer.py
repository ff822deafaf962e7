"""A SQL text as tokens, for any vendor and any text: the twin of ``daemon/analysis/sql_lexer.h``.

It knows just enough of SQL to tell names from values, has no grammar, and knows no error: an unknown character is an
operator, and a quote that is never closed makes the rest of the text one literal.

Most tokens are one match of the dialect's pattern; `_special` has the others. Each character is read a small fixed
number of times.
"""

from __future__ import annotations

import re
from enum import IntEnum

from .sql_dialect import Brackets, Dialect, Group
from .sql_keywords import KEYWORDS, OPERAND, keyword_of

__all__ = ["Kind", "Token", "is_operand", "tokenise"]


class Kind(IntEnum):
    """Say what a token is."""

    END = 0
    WORD = 1  # unquoted: a name or a keyword
    QUOTED_NAME = 2  # with its quotes
    LITERAL = 3  # string or placeholder
    NUMBER = 4
    OPERATOR = 5
    OPEN_PAREN = 6
    CLOSE_PAREN = 7
    OPEN_BRACKET = 8
    CLOSE_BRACKET = 9
    COMMA = 10
    DOT = 11
    SEMICOLON = 12


# Kind, text, and for a WORD that spells a keyword that keyword in upper case, else "". A tuple, for its speed.
Token = tuple[int, str, str]

END: Token = (Kind.END, "", "")

# Plain numbers, since reading an attribute of an enumeration takes as long as the rest of a token's work.
_WORD, _LITERAL, _NUMBER = int(Kind.WORD), int(Kind.LITERAL), int(Kind.NUMBER)
_QUOTED_NAME, _OPERATOR = int(Kind.QUOTED_NAME), int(Kind.OPERATOR)
_GROUP_WORD, _GROUP_SPECIAL, _GROUP_PUNCTUATION = int(Group.WORD), int(Group.SPECIAL), int(Group.PUNCTUATION)
_GROUP_END = int(Group.END)

_KIND_OF_GROUP = {
    int(Group.QUOTED_NAME): _QUOTED_NAME,
    int(Group.LITERAL): _LITERAL,
    int(Group.NUMBER): _NUMBER,
    int(Group.OPERATOR): _OPERATOR,
}
_PUNCTUATION: dict[str, Token] = {
    "(": (int(Kind.OPEN_PAREN), "(", ""),
    ")": (int(Kind.CLOSE_PAREN), ")", ""),
    "[": (int(Kind.OPEN_BRACKET), "[", ""),
    "]": (int(Kind.CLOSE_BRACKET), "]", ""),
    ",": (int(Kind.COMMA), ",", ""),
    ".": (int(Kind.DOT), ".", ""),
    ";": (int(Kind.SEMICOLON), ";", ""),
}
_OPERAND_KINDS = frozenset(
    map(int, (Kind.QUOTED_NAME, Kind.LITERAL, Kind.NUMBER, Kind.CLOSE_PAREN, Kind.CLOSE_BRACKET))
)

_LINE = re.compile(r"[^\r\n]*")
_COMMENT_ENDS = re.compile(r"/\*|\*/")
_CLOSE = {quote: re.compile(f"{re.escape(quote)}{{1,2}}") for quote in "'\"`]"}
_CLOSE_OR_ESCAPE = {quote: re.compile(rf"\\.?|{quote}{{1,2}}", re.DOTALL) for quote in "'\""}
_Q_QUOTE_PAIRS = {"[": "]", "{": "}", "(": ")", "<": ">"}


def is_operand(token: Token) -> bool:
    """Tell what can stand left of a binary operator: a name, a value, a closing bracket."""
    if token[0] == _WORD:
        return not token[2] or KEYWORDS[token[2]] & OPERAND != 0
    return token[0] in _OPERAND_KINDS


def tokenise(sql: str, dialect: Dialect) -> list[Token]:
    """Return the tokens of ``sql``, in their order; the last one is of kind END."""
    tokens: list[Token] = []
    previous = END
    position = 0
    match = dialect.pattern.match
    while True:
        found = match(sql, position)
        assert found is not None  # one of the alternatives is "any character", another the end
        group = found.lastindex or _GROUP_END
        position = found.end()
        if group == _GROUP_WORD:
            text = found[group]
            previous = (_WORD, text, keyword_of(text))
        elif group == _GROUP_PUNCTUATION:
            previous = _PUNCTUATION[found[group]]
        elif group == _GROUP_SPECIAL:
            special, position = _special(sql, found.start(group), found[group], previous, dialect)
            if special is None:
                continue
            previous = special
        elif group == _GROUP_END:
            tokens.append(END)
            return tokens
        else:
            previous = (_KIND_OF_GROUP[group], found[group], "")
        tokens.append(previous)


def _special(sql: str, start: int, opening: str, previous: Token, dialect: Dialect) -> tuple[Token | None, int]:
    """Return the token at ``start``, None for a comment, and where it ends. ``opening`` is what tells its form."""
    first = opening[0]
    if opening == "/*":
        return None, _block_comment_end(sql, start, dialect.comments_nest)
    if first == "-" or (first == "#" and dialect.hash_comments):
        return None, _end(_LINE, sql, start)
    if first == ".":
        after_name = previous[0] == _QUOTED_NAME or (previous[0] == _WORD and not previous[2])
        if after_name:
            return _PUNCTUATION["."], start + 1
        return _token(_NUMBER, sql, start, _end(dialect.number, sql, start))
    if first == ":":
        slice_ = dialect.postgresql_operators and (is_operand(previous) or previous[0] == Kind.OPEN_BRACKET)
        if slice_ or previous[0] in (_LITERAL, _NUMBER):
            return _token(_OPERATOR, sql, start, start + 1)
        return _token(_LITERAL, sql, start, _end(dialect.word, sql, start + 1))
    if first == "$":
        return _up_to(opening, sql, start, start + len(opening))
    if first == "[" and dialect.brackets is Brackets.NAME_WHEN_SPACED and sql[start - 1 : start] not in ("", *" .("):
        return _PUNCTUATION["["], start + 1
    if opening[-2:] in ("q'", "Q'"):
        return _q_quoted(sql, start, start + len(opening))
    return _quoted(sql, start, opening, dialect)


def _quoted(sql: str, start: int, opening: str, dialect: Dialect) -> tuple[Token, int]:
    """Return a string or a name. Without its closing quote, it is a literal that is the rest of the text."""
    quote, prefix = opening[-1], opening[:-1]
    content = start + len(opening)
    is_string = quote == "'" or (quote == '"' and dialect.double_quotes_are_strings)
    in_e_string = prefix in ("e", "E")
    escapes = is_string and (dialect.backslash_escapes_in_e_strings if in_e_string else dialect.backslash_escapes)
    close = "]" if quote == "[" else quote
    if quote == "[" and not dialect.doubled_bracket_escapes:
        end = sql.find(close, content) + 1
    else:
        ends = _CLOSE_OR_ESCAPE[close] if escapes else _CLOSE[close]
        end = next((found.end() for found in ends.finditer(sql, content) if found[0] == close), 0)
    if not end:
        return _token(_LITERAL, sql, start, len(sql))
    return _token(_LITERAL if is_string else _QUOTED_NAME, sql, start, end)


def _q_quoted(sql: str, start: int, delimiter: int) -> tuple[Token, int]:
    """Return Oracle's q'[…]'. A delimiter is one byte, so that one beyond ASCII never comes again before a quote."""
    opening = sql[delimiter : delimiter + 1]
    if not opening or not opening.isascii():
        return _token(_LITERAL, sql, start, len(sql))
    return _up_to(_Q_QUOTE_PAIRS.get(opening, opening) + "'", sql, start, delimiter + 1)


def _up_to(close: str, sql: str, start: int, content: int) -> tuple[Token, int]:
    found = sql.find(close, content)
    return _token(_LITERAL, sql, start, len(sql) if found < 0 else found + len(close))


def _token(kind: int, sql: str, start: int, end: int) -> tuple[Token, int]:
    return (kind, sql[start:end], ""), end


def _end(pattern: re.Pattern[str], sql: str, start: int) -> int:
    found = pattern.match(sql, start)
    assert found is not None  # they match the empty text as well
    return found.end()


def _block_comment_end(sql: str, start: int, nest: bool) -> int:
    if not nest:
        end = sql.find("*/", start + 2)
        return len(sql) if end < 0 else end + 2
    depth = 0
    for found in _COMMENT_ENDS.finditer(sql, start):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(sql)
