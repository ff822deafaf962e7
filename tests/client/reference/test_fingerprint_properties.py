"""What holds for every statement: hypothesis makes statements of known parts, and text of none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mercury_client.reference.fingerprint import fingerprint_id, normalise
from mercury_client.reference.list_fold import ListFold
from mercury_client.reference.sql_keywords import KEYWORDS
from mercury_client.reference.summary import SUMMARY_BYTES_MAX, operation, summary, targets

VENDORS = ("sqlite", "postgresql", "mysql", "oracle", "microsoft", "")
QUOTES = {"sqlite": ['""', "``", "[]"], "mysql": ["``"], "microsoft": ["[]", '""'], "": ['""', "``"]}
OPERATORS = ["=", "<", ">", "<=", ">=", "<>", "!=", "+", "*", "/", "||", "->", "LIKE", "AND", "OR"]
GAPS = [" ", "\n\t ", "/* 'x */", ' -- "y\n', "\r\n/**/ ", "\f\v", "/*a='b'*/\n", " /* ; */ -- ,(\r"]
LITERALS = [
    *("1", "0", "42", "1.5e-3", ".5", "0xFF", "-1", "+ 2.5", "%s", "%(a)s", "?", "$1", ":name", "TRUE", "null"),
    *("'x'", "''", "'it''s'", "N'y'", "X'00'", "'%s'", "'2024-01-31'", "'a -- b'", "'/* '", "'\"'", "'], ('"),
]
MORE_LITERALS = {
    "sqlite": ["@p", "?12"],
    "postgresql": [r"E'it\'s'", "$$ ' $$", "$t$ $$ $t$"],
    "mysql": [r"'it\'s'", '"x"', '"say ""x"""', "@v"],
    "oracle": ["q'[it's]'", ":1", "NQ'{''}'"],
    "microsoft": ["@p1", "$12.50"],
    "": ["@p", r"E'\''"],
}

vendors = st.sampled_from(VENDORS)
names = st.from_regex(r"[a-zäß][a-z0-9_é]{0,5}_[a-z0-9]{1,3}", fullmatch=True)


@dataclass(frozen=True)
class Statement:
    """A SELECT of known parts; ``render`` writes it in one of many ways that all mean the same."""

    vendor: str
    quotes: str  # "" for none
    table: str
    columns: tuple[str, ...]
    conditions: tuple[tuple[str, str, str], ...]  # column, operator, "" for a literal or IN for a list
    joined: str

    def name(self, name: str) -> str:
        """Write a name in the statement's quotes."""
        return self.quotes[:1] + name + self.quotes[1:]

    def parts(self, random: Random) -> list[str]:
        """Return the tokens; those between which a blank may be missing stand together."""
        literals = LITERALS + MORE_LITERALS[self.vendor]
        table = self.name(self.table)
        parts = ["SELECT"]
        for column in self.columns:
            parts += [f"{table}.{self.name(column)}", ","]
        parts += [*(random.choice(literals), "FROM", table), "JOIN", self.name(self.joined), "ON", "("]
        parts += [f"{table}.{self.name('id')}", "=", f"{self.name(self.joined)}.{self.name('id')}", ")", "WHERE"]
        for column, operator, kind in self.conditions:
            parts.append(f"{table}.{self.name(column)}")
            if kind == "IN":
                parts += ["IN", "("]
                for _ in range(random.randint(1, 12)):
                    parts += [random.choice(literals), ","]
                parts[-1] = ")"
            else:
                parts += [operator, random.choice(literals)]
            parts.append("AND")
        parts.pop()
        return parts

    def render(self, random: Random) -> str:
        """Write the statement with literals, blanks, comments, letters and lengths as chance has it."""
        out = ""
        for part in self.parts(random):
            if part in KEYWORDS:
                part = random.choice([part, part.lower(), part.title()])
            tight = part in "(,)" and random.random() < 0.5
            out += part if tight else random.choice(GAPS) + part
        return out + random.choice(["", ";", " ; ;\n", " -- the end", "/* open"])


def conditions_of(columns: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[tuple[str, str, str], ...]]:
    """Return one to four conditions."""
    one = st.tuples(columns, st.sampled_from(OPERATORS), st.sampled_from(["", "", "IN"]))
    return st.lists(one, min_size=1, max_size=4).map(tuple)


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """Draw a statement of any vendor."""
    vendor = draw(vendors)
    return Statement(
        vendor=vendor,
        quotes=draw(st.sampled_from(["", *QUOTES.get(vendor, ['""'])])),
        table=draw(names),
        columns=draw(st.lists(names, min_size=1, max_size=3).map(tuple)),
        conditions=draw(conditions_of(names)),
        joined=draw(names),
    )


randoms = st.randoms(use_true_random=False)


@given(statements(), randoms)
@settings(max_examples=500, deadline=None)
def test_literals_blanks_comments_case_and_the_length_of_a_list_never_change_it(
    statement: Statement, random: Random
) -> None:
    """Two writings of a statement are one statement."""
    first, second = statement.render(random), statement.render(random)
    text = normalise(first, statement.vendor)
    assert normalise(second, statement.vendor) == text, (first, second)
    assert normalise(text, statement.vendor) == text
    assert targets(text) == tuple(dict.fromkeys([statement.table, statement.joined]))
    assert operation(text) == "SELECT"


@given(statements(), randoms, st.data())
@settings(max_examples=200, deadline=None)
def test_another_table_column_or_operator_always_changes_it(
    statement: Statement, random: Random, data: st.DataObject
) -> None:
    """Two statements are never counted as one, and their ids differ."""
    name = data.draw(names)
    (column, operator, kind), *others = statement.conditions
    other_operator = data.draw(st.sampled_from(OPERATORS))
    changes = [
        replace(statement, table=name),
        replace(statement, joined=name),
        replace(statement, columns=(name, *statement.columns[1:])),
        replace(statement, columns=(*statement.columns, name)),
        replace(statement, conditions=((name, operator, kind), *others)),
        replace(statement, conditions=((column, other_operator, ""), *others)),
        replace(statement, conditions=((column, operator, "" if kind else "IN"), *others)),
    ]
    text = normalise(statement.render(random), statement.vendor)
    for changed in changes:
        if changed == statement:
            continue
        other = normalise(changed.render(random), statement.vendor)
        assert other != text, changed
        assert fingerprint_id(other) != fingerprint_id(text)


@given(st.lists(names, min_size=2, max_size=4), st.integers(1, 60), vendors, randoms)
@settings(max_examples=200, deadline=None)
def test_the_number_of_rows_never_changes_it(columns: list[str], rows: int, vendor: str, random: Random) -> None:
    """A bulk insert has one fingerprint, whatever the size of its batches."""
    row = ["(" + ", ".join(random.choice(LITERALS) for _ in columns) + ")" for _ in range(rows)]
    sql = f"INSERT INTO t ({', '.join(columns)}) VALUES {random.choice([', ', ',']).join(row)}"
    marks = ", ".join("?" * len(columns))
    assert normalise(sql, vendor) == f"INSERT INTO t({', '.join(columns)}) VALUES ({marks})"


@given(statements(), randoms, st.integers(0, 400))
@settings(max_examples=300, deadline=None)
def test_no_literal_stays_behind_wherever_the_statement_is_cut(
    statement: Statement, random: Random, length: int
) -> None:
    """A marker stands in a string and in a comment; no text may hold it."""
    sql = statement.render(random) + "\n" * 2 + " OR a = 'SECRET7 it''s' /* SECRET7 */ OR b IN ('x', N'SECRET7')"
    for end in {length, len(sql) - 3, len(sql) - length % 80, len(sql)}:
        assert "SECRET7" not in normalise(sql[: max(end, 0)], statement.vendor)


def expect_promises(sql: str, vendor: str) -> None:
    """Check what is promised of any text."""
    text = normalise(sql, vendor)
    assert len(text) <= 2 * len(sql)
    assert text == text.strip(" ")
    assert normalise(text, vendor) == text
    assert 0 <= fingerprint_id(text) < 1 << 64
    assert len(summary(text).encode()) <= SUMMARY_BYTES_MAX
    assert len(set(targets(text))) == len(targets(text)) <= 64


PIECES = [
    *("IN (", "VALUES (", "(", ")", ",", ";", ".", "..", "[", "]", "]]", "'", '"', "`", "''", "\\", "a", "B", "t.a"),
    *("1", "-1", "1.5", ".5", "5.", "2x", "0x", "1e", "-", "--", "-- ", "+", "/*", "*/", "*", "/", "#", "\n", " "),
    *("%s", "%(a)s", "%", "?", "?|", "?|x", "?&", "$1", "$a$", "$$", "$", ":", "::", ":=", ":a", "@", "@@", "@a"),
    *("@@a", "E'", 'U&"', "q'[", "||", "|", "&", "<", ">", "=", "!", "~", "^", "{", "\x00", "é", "ſ", "\ud800"),
]


@given(st.text(st.characters(), max_size=80), vendors)
@settings(max_examples=1000, deadline=None)
def test_any_text_has_a_fingerprint(sql: str, vendor: str) -> None:
    """Nothing raises, and a text is its own fingerprint; hypothesis draws lone surrogates as well."""
    expect_promises(sql, vendor)


@given(st.lists(st.sampled_from([*PIECES, *KEYWORDS, *map(str.lower, KEYWORDS)]), max_size=25), vendors)
@settings(max_examples=2000, deadline=None)
def test_any_pieces_of_sql_have_a_fingerprint(pieces: list[str], vendor: str) -> None:
    """The same of what is nearly SQL."""
    expect_promises("".join(pieces), vendor)
    expect_promises(" ".join(pieces), vendor)


# What a text starts with, what is repeated, and how long it is: a megabyte, or less where there is a token in each
# few characters, since counting takes longer than the work that is counted.
SHAPES = {
    "a long IN list": ("SELECT a FROM t WHERE b IN (1", ", 12345", 1_000_000),
    "many rows": ("INSERT INTO t VALUES (1, 'a', NULL)", ", (2, 'b', TRUE)", 1_000_000),
    "doubled quotes": ("SELECT '", "''", 1_000_000),
    "nested comments": ("SELECT a ", "/* ", 1_000_000),
    "one word": ("SELECT ", "a", 1_000_000),
    "names of tables": ("SELECT a FROM b", " JOIN shop_customer", 1_000_000),
    "rows of names": ("INSERT INTO t VALUES (a)", ", (b)", 100_000),
    "nested lists of twos": ("SELECT ", "a IN (b, ", 100_000),
    "quotes": ("SELECT ", "'a' \"b\"", 100_000),
    "comments": ("SELECT a ", "/**/--\n", 100_000),
    "dollar signs": ("SELECT $", "$a ", 100_000),
    "openings of pyformat": ("SELECT ", "%(", 100_000),
    "dots": ("SELECT a FROM b", ".1", 100_000),
    "digits and exponents": ("SELECT ", "1e", 100_000),
}


def work_of(run: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> int:
    """Count the steps of ``run``: calls of functions in Python and in C, and the characters of lists compared."""
    steps = 0
    text_of = ListFold._text

    def counted_text(fold: ListFold, first: int, end: int) -> str:
        nonlocal steps
        text = text_of(fold, first, end)
        steps += len(text)
        return text

    def on_event(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    before = sys.getprofile()
    with monkeypatch.context() as patch:
        patch.setattr(ListFold, "_text", counted_text)
        sys.setprofile(on_event)
        try:
            run()
        finally:
            sys.setprofile(before)
    return steps


@pytest.mark.parametrize(("shape", "vendor"), [(shape, VENDORS[at % 6]) for at, shape in enumerate(SHAPES)])
def test_ten_times_the_text_is_ten_times_the_work(shape: str, vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Per character, a long text costs at most three times what a shorter one costs; no clock is asked."""
    start, repeated, characters = SHAPES[shape]

    def work_per_character(size: int) -> float:
        sql = start + repeated * ((size - len(start)) // len(repeated))
        return work_of(lambda: summary(normalise(sql, vendor)), monkeypatch) / len(sql)

    small = work_per_character(characters // 10)
    assert small > 0
    assert work_per_character(characters) <= 3 * small


def test_the_work_of_lists_that_close_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each closing bracket ends an element that holds all that is inside; it must not be read again for that."""

    def work_per_list(depth: int) -> float:
        sql = "SELECT " + "a IN (b, " * depth + ")" * depth
        return work_of(lambda: normalise(sql, ""), monkeypatch) / depth

    assert work_per_list(10_000) <= 3 * work_per_list(1_000)
