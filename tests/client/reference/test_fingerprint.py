"""What a statement is without its literals: the table of both languages, and what is particular about Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mercury_client.reference import fingerprint, list_fold, sql_dialect, sql_keywords, sql_lexer
from mercury_client.reference import summary as summary_module
from mercury_client.reference.fingerprint import fingerprint_id, normalise
from mercury_client.reference.summary import SUMMARY_BYTES_MAX, TARGETS_MAX, operation, summary, targets

VECTORS = Path(__file__).resolve().parents[3] / "proto" / "vectors" / "analysis" / "fingerprints.json"
ROWS: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["rows"]
VENDORS = ("sqlite", "postgresql", "mysql", "oracle", "microsoft", "")

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['vendor']}: {row['sql'][:60]}")


def test_the_table_has_a_hundred_and_fifty_statements_of_the_five_vendors() -> None:
    """Those of an unknown vendor do not count."""
    assert sum(row["vendor"] != "" for row in ROWS) >= 150
    assert {row["vendor"] for row in ROWS} == set(VENDORS)


@each_row
def test_a_statement_without_its_literals_has_this_text_and_id(row: dict[str, Any]) -> None:
    """The text is its own fingerprint, too."""
    text = normalise(row["sql"], row["vendor"])
    assert text == row["text"]
    assert f"{fingerprint_id(text):016x}" == row["id"]
    assert normalise(text, row["vendor"]) == text


@each_row
def test_a_text_has_this_summary_and_these_targets(row: dict[str, Any]) -> None:
    """They are read off the text, whoever the vendor is."""
    assert summary(row["text"]) == row["summary"]
    assert targets(row["text"]) == tuple(row["targets"])
    assert operation(row["text"]) == row["operation"]


@each_row
def test_no_vendor_makes_it_grow_or_change_twice(row: dict[str, Any]) -> None:
    """Every statement is also a statement that another vendor may be given."""
    for vendor in VENDORS:
        text = normalise(row["sql"], vendor)
        assert len(text) <= 2 * len(row["sql"])
        assert normalise(text, vendor) == text, vendor


def test_a_vendor_that_nobody_knows_is_treated_with_care() -> None:
    """A third-party backend must still be measured."""
    sql = "SELECT \"a\", 'b', $$c$$ FROM [d]"
    assert normalise(sql, "snowflake") == normalise(sql, "") == 'SELECT "a", ?, ? FROM [d]'


def test_a_secret_in_double_quotes_is_a_value() -> None:
    """Behind IDENTIFIED BY and PASSWORD everywhere, and where SQLite would take an unknown name for a string."""
    for vendor in VENDORS:
        assert normalise('CREATE USER a IDENTIFIED BY "S3cret"', vendor) == "CREATE USER a IDENTIFIED BY ?"
        assert normalise('ALTER ROLE a Password "S3cret"', vendor) == "ALTER ROLE a Password ?"
    assert normalise('SELECT a FROM t WHERE b = "x@example.org"', "sqlite") == "SELECT a FROM t WHERE b = ?"
    assert normalise('SELECT a FROM t WHERE b = "c"."d"', "sqlite") == 'SELECT a FROM t WHERE b = "c"."d"'
    assert normalise('SELECT a FROM t WHERE b = "c"', "postgresql") == 'SELECT a FROM t WHERE b = "c"'


def test_a_list_remembers_its_first_eight_different_elements() -> None:
    """At the limit, and one more."""
    eight = "SELECT x IN (a1, a2, a3, a4, a5, a6, a7, a8"
    assert list_fold.ELEMENTS_REMEMBERED == 8
    assert normalise(eight + ", a8, a1)", "") == eight + ")"
    assert normalise(eight + ", a9, a9, a1)", "") == eight + ", a9, a9)"


def test_a_statement_reads_the_same_wherever_its_list_was_cut() -> None:
    """A long statement arrives cut, and must not become as many statements as it has lengths."""
    rows = "INSERT INTO t (a, b) VALUES (1, 'one'), (22, 'two'), (333, 'three'), (4, 'four')"
    for end in range(rows.index("(22"), len(rows)):
        assert normalise(rows[:end], "") == "INSERT INTO t(a, b) VALUES (?, ?)", rows[:end]


@pytest.mark.parametrize("word", ["ſelect", "SELECT\u0131", "ınsert", "ﬁlter", "İN"])
def test_only_ascii_letters_change_their_case(word: str) -> None:
    """Python's upper() makes keywords of words that no database takes for one."""
    assert normalise(f"SELECT {word} FROM t", "") == f"SELECT {word} FROM t"
    assert summary(word) == "".join(c.upper() if c.isascii() else c for c in word)


@pytest.mark.parametrize("text", ["\u0661", "1\u0662", "\u00b2", "१"])
def test_only_ascii_digits_are_numbers(text: str) -> None:
    """Other digits belong to words, as every character beyond ASCII does."""
    assert normalise(f"SELECT a{text}", "") == f"SELECT a{text}"
    assert normalise(f"SELECT {text}", "") == ("SELECT ?" if text[0] == "1" else f"SELECT {text}")


def test_only_six_characters_are_blanks() -> None:
    """A no-break space, a line separator or a control code is part of the text."""
    assert normalise("SELECT\ta\n,\vb\f,\rc", "") == "SELECT a, b, c"
    assert normalise("a\u00a0b\u2028c", "") == "a\u00a0b\u2028c"
    assert normalise("a\x1cb\x00c", "") == "a \x1c b \x00 c"


def test_a_lone_surrogate_is_the_question_mark_that_the_daemon_gets() -> None:
    """Both sides must give one statement one id, whatever its text; nothing raises."""
    for vendor in VENDORS:
        assert normalise("SELECT a\ud800b, '\udfff' FROM t", vendor) == normalise("SELECT a?b, '?' FROM t", vendor)
    assert fingerprint_id("\ud800") == fingerprint_id("?")
    assert summary("SELECT * FROM a\ud800") == "SELECT a\ud800"
    assert targets("SELECT * FROM a\ud800") == ("a\ud800",)


def test_the_number_has_the_first_digest_byte_lowest() -> None:
    """The digest of the empty text, in both writings."""
    assert fingerprint_id("").to_bytes(8, "little").hex() == "e4a6a0577479b2b4"
    assert f"{fingerprint_id(''):016x}" == "b4b2797457a0a6e4"


def test_a_summary_ends_at_the_last_target_that_fits() -> None:
    """At the limit and one more, in bytes of UTF-8."""
    name = "n" * (SUMMARY_BYTES_MAX - len("SELECT a "))
    assert summary(f"SELECT * FROM a, {name}") == f"SELECT a {name}"
    assert summary(f"SELECT * FROM a, {name}n, b") == "SELECT a"
    wide = "ü" * 123
    assert summary(f"SELECT * FROM a, {wide}") == f"SELECT a {wide}"
    assert len(summary(f"SELECT * FROM a, {wide}").encode()) == SUMMARY_BYTES_MAX
    assert summary(f"SELECT * FROM a, {wide}n") == "SELECT a"
    assert summary("n" * 300) == ""


def test_targets_are_not_cut_where_the_summary_is_and_at_most_64() -> None:
    """At the limit and one more."""
    long_name = "n" * SUMMARY_BYTES_MAX
    assert targets(f"SELECT * FROM {long_name}, b") == (long_name, "b")
    names = tuple(f"t{at}" for at in range(1, TARGETS_MAX + 1))
    text = "SELECT a FROM " + ", ".join(names)
    assert TARGETS_MAX == 64
    assert targets(text) == names
    assert targets(text + ", t65") == names


def test_targets_are_those_of_the_whole_text_each_once() -> None:
    """A summary has a table once per operation."""
    text = "INSERT INTO t(a) SELECT b FROM t JOIN u ON (c = d)"
    assert summary(text) == "INSERT t SELECT t u"
    assert targets(text) == ("t", "u")
    assert operation(text) == "INSERT"
    assert (targets("PRAGMA x"), operation("PRAGMA x")) == ((), "")


def test_every_public_name_exists() -> None:
    """`__all__` says what a module offers."""
    for module in (fingerprint, list_fold, sql_dialect, sql_keywords, sql_lexer, summary_module):
        for name in module.__all__:
            assert hasattr(module, name), name
