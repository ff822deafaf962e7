"""How the vendors disagree about characters, and the one regular expression that each disagreement gives.

The switches are those of ``daemon/analysis/sql_dialect.h``, where a table shows them side by side; the operators are
those of ``sql_lexer.cpp``. A character from U+0080 on is part of a word, as every byte from 0x80 on is there.

A pattern matches one token with the blanks before it. Its group, one of ``Group``, says what it is. No alternative
can match in two ways, so that a match is linear in what it reads; what needs more than characters (a quote that may
never be closed, a colon that depends on the token before) is ``Group.SPECIAL`` and left to the lexer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum

__all__ = ["NORMALISED_TEXT", "OPERATORS", "POSTGRESQL_OPERATORS", "Brackets", "Dialect", "Group", "dialect_of"]

# Parted by blanks.
OPERATORS = "->> <=> -> || && << >> <= >= <> != == :: := => !< !> ^= += -= *= /= %= &= |= %% **"
POSTGRESQL_OPERATORS = (
    "!~~* #>> !~* <-> <#> ~~* !~~ @@@ &&& <<| |>> &<| |&> ||/ <<= >>= <@> "
    "#> #- @> <@ @@ @? ~* !~ ~~ &< &> <^ >^ ^@ |/ !! %> ~= ?| ?&"
)


class Brackets(IntEnum):
    """What ``[`` opens."""

    SUBSCRIPT = 0
    NAME = 1
    NAME_WHEN_SPACED = 2  # a name at the start and behind a blank, a dot or a parenthesis


class Group(IntEnum):
    """Number the groups of a pattern, in their order."""

    WORD = 1
    QUOTED_NAME = 2
    LITERAL = 3
    NUMBER = 4
    SPECIAL = 5
    PUNCTUATION = 6
    OPERATOR = 7
    END = 8


@dataclass(frozen=True)
class Dialect:
    """Hold the switches of one vendor; ``pattern`` follows from them, ``number`` and ``word`` are parts of it."""

    double_quotes_are_strings: bool = False
    backticks_quote_names: bool = True
    brackets: Brackets = Brackets.SUBSCRIPT
    doubled_bracket_escapes: bool = False
    backslash_escapes: bool = False
    backslash_escapes_in_e_strings: bool = False
    hash_comments: bool = False
    dash_comments_need_blank: bool = False
    comments_nest: bool = False
    dollar_quotes: bool = False
    q_quotes: bool = False
    at_parameters: bool = True
    at_at_variables: bool = False
    words_may_start_with_digit_or_dollar: bool = False
    postgresql_operators: bool = False
    hash_starts_word: bool = False
    also_in_words: str = ""
    number: re.Pattern[str] = field(init=False)
    word: re.Pattern[str] = field(init=False)
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        """Compile the patterns."""
        object.__setattr__(self, "number", re.compile(_number(self)))
        object.__setattr__(self, "word", re.compile(_in_word(self) + "*"))
        parts = (_words(self), _quoted_names(self), _literals(self), _numbers(self), _specials(self), r"[(),.;\[\]]")
        groups = "|".join(f"({part})" for part in (*parts, _operators(self), r"\Z"))
        object.__setattr__(self, "pattern", re.compile(rf"[ \t-\r]*(?:{groups})", re.DOTALL))


def _in_word(dialect: Dialect) -> str:
    return rf"[A-Za-z0-9_$\x80-\U0010ffff{dialect.also_in_words}]"


def _word_start(dialect: Dialect, also: str = "") -> str:
    return rf"[A-Za-z_\x80-\U0010ffff{'#' if dialect.hash_starts_word else ''}{also}]"


def _number(dialect: Dialect) -> str:
    """12, 1_000, 1.5, .5, 1., 1.5e-3, 0xFF, and whatever sticks to it: half a number must not stay behind."""
    in_word = _in_word(dialect)
    return rf"(?:0[xX]|[0-9_]*(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9][0-9_]*)?){in_word}*"


def _number_ahead(dialect: Dialect) -> str:
    """What a number starts with; in MySQL `2023_orders` is a name, `2023`, `0xFF` and `1e5` are numbers."""
    if not dialect.words_may_start_with_digit_or_dollar:
        return "[0-9]"
    end = f"(?!{_in_word(dialect)})"
    forms = (rf"[0-9]+(?:[eE][0-9]+)?{end}", rf"0[xX][0-9A-Fa-f]+{end}", rf"0[bB][01]+{end}", r"[0-9]+[eE][+-][0-9]")
    return f"(?:{'|'.join(forms)})"


def _string_prefix(dialect: Dialect) -> str:
    prefix = "[nNxXbBeE]'"
    if dialect.q_quotes:
        prefix += "|[nN]?[qQ]'"
    if dialect.postgresql_operators:
        prefix += "|[uU]&['\"]"
    return f"(?:{prefix})"


def _words(dialect: Dialect) -> str:
    start, in_word = _word_start(dialect), _in_word(dialect)
    forms = [f"(?!{_string_prefix(dialect)}){start}{in_word}*"]
    if dialect.at_at_variables:
        forms.append(f"@@{start}{in_word}*")
    if dialect.words_may_start_with_digit_or_dollar:
        forms += [f"(?!{_number_ahead(dialect)})[0-9]{in_word}*", rf"\$(?![0-9]){in_word}*"]
    return "|".join(forms)


def _quoted_names(dialect: Dialect) -> str:
    """Return those without a doubled quote; the others, and those that are never closed, are special."""
    forms = [] if dialect.double_quotes_are_strings else ['"[^"]*"(?!")']
    if dialect.backticks_quote_names:
        forms.append("`[^`]*`(?!`)")
    if dialect.brackets is Brackets.NAME:
        forms.append(r"\[[^\]]*\]" + ("(?!])" if dialect.doubled_bracket_escapes else ""))
    return "|".join(forms)


def _literals(dialect: Dialect) -> str:
    """Return the plain strings and the placeholders."""
    start_or_digit, in_word = _word_start(dialect, also="0-9"), _in_word(dialect)
    backslash = r"\\" if dialect.backslash_escapes else ""
    forms = [f"'[^'{backslash}]*'(?!')", rf"%(?:\({in_word}*\))?s(?!{in_word})"]
    if dialect.double_quotes_are_strings:
        forms.append(f'"[^"{backslash}]*"(?!")')
    no_operator = r"(?!\|(?!\|)|&(?!&))" if dialect.postgresql_operators else ""  # `?||` is a placeholder and a `||`
    forms.append(rf"\?{no_operator}[0-9_]*")
    if dialect.at_parameters:
        forms.append(f"@{start_or_digit}{in_word}*")
    forms.append(rf"\$(?=[0-9]){_number(dialect)}")
    if not dialect.words_may_start_with_digit_or_dollar:
        tag = _dollar_tag(dialect) if dialect.dollar_quotes else "(?!)"
        forms.append(rf"(?!{tag})\${_word_start(dialect)}{in_word}*")
    return "|".join(forms)


def _dollar_tag(dialect: Dialect) -> str:
    return rf"\$(?:{_word_start(dialect)}{_in_word(dialect).replace('$', '')}*)?\$"


def _numbers(dialect: Dialect) -> str:
    return f"(?=[0-9]){_number(dialect)}"  # a word with digits first has been taken as a word


def _specials(dialect: Dialect) -> str:
    forms = ["'", '"', "`" if dialect.backticks_quote_names else "(?!)", _string_prefix(dialect)]
    forms.append(r"--(?=[\x00-\x20]|\Z)" if dialect.dash_comments_need_blank else "--")
    forms += [r"/\*", rf"\.(?={_number_ahead(dialect)})", f":(?={_word_start(dialect, also='0-9')})"]
    if dialect.hash_comments:
        forms.append("#")
    if dialect.brackets is not Brackets.SUBSCRIPT:
        forms.append(r"\[")
    if dialect.dollar_quotes:
        forms.append(_dollar_tag(dialect))
    return "|".join(forms)


def _operators(dialect: Dialect) -> str:
    """Return the operators, longest first, none of which holds the start of a comment; any other character alone."""
    operators = OPERATORS.split()
    if dialect.postgresql_operators:
        operators += POSTGRESQL_OPERATORS.split()
    comment = {"-": "(?!-)", "/": r"(?!\*)"}
    forms = [re.escape(text) + comment.get(text[-1], "") for text in sorted(operators, key=len, reverse=True)]
    return "|".join(["=(?![=>])", *forms, "."])


_UNKNOWN = Dialect(backslash_escapes_in_e_strings=True, dollar_quotes=True)

_BY_VENDOR = {
    "sqlite": Dialect(brackets=Brackets.NAME),
    "postgresql": Dialect(
        backticks_quote_names=False,
        backslash_escapes_in_e_strings=True,
        comments_nest=True,
        dollar_quotes=True,
        at_parameters=False,
        postgresql_operators=True,
    ),
    "mysql": Dialect(
        double_quotes_are_strings=True,
        backslash_escapes=True,
        backslash_escapes_in_e_strings=True,
        hash_comments=True,
        dash_comments_need_blank=True,
        at_at_variables=True,
        words_may_start_with_digit_or_dollar=True,
    ),
    "oracle": Dialect(q_quotes=True, also_in_words="#"),
    "microsoft": Dialect(
        brackets=Brackets.NAME,
        doubled_bracket_escapes=True,
        comments_nest=True,
        at_at_variables=True,
        hash_starts_word=True,
        also_in_words="#@",
    ),
}

NORMALISED_TEXT = Dialect(
    brackets=Brackets.NAME_WHEN_SPACED,
    doubled_bracket_escapes=True,
    at_at_variables=True,
    words_may_start_with_digit_or_dollar=True,
    hash_starts_word=True,
    also_in_words="#@",
)


def dialect_of(vendor: str) -> Dialect:
    """Return the dialect of Django's ``connection.vendor``; that of a name nobody knows is careful with everything."""
    return _BY_VENDOR.get(vendor, _UNKNOWN)
