"""What leaves the process has no literal and the fingerprint that it had."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mercury_client.masking import masked
from mercury_client.protocol import Vendor
from mercury_client.reference.fingerprint import normalise

VECTORS = Path(__file__).resolve().parents[2] / "proto" / "vectors" / "analysis" / "fingerprints.json"
VENDORS = {
    "": Vendor.UNKNOWN, "sqlite": Vendor.SQLITE, "postgresql": Vendor.POSTGRESQL, "mysql": Vendor.MYSQL,
    "oracle": Vendor.ORACLE, "microsoft": Vendor.MICROSOFT,
}  # fmt: skip
ROWS = json.loads(VECTORS.read_text("utf-8"))["rows"]
PIECES = [
    *("SELECT", "a", "t1", "FROM", "WHERE", "IN (", ")", ",", "=", ".", "[", "]", "LIMIT", "VALUES (", "AS", "x_9"),
    *("é", "-", "7", "1.5e3", "0xFF", "'s'", "'it''s'", "'open", '"n"', '"n 7"', '"', "'", "E'\\''", "$$", "--", "/*"),
    *("\\", "`b`", "%s", ":p", "?", "@v", "$1", "q'[x]'", "N'y'", "\n", " ", "#t", "2023_orders", "BY", "PASSWORD"),
    *("IDENTIFIED", "NULL", "TRUE", "::", "||"),
]  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_fingerprint_of_every_vector_stays(vendor: str) -> None:
    for row in ROWS:
        assert normalise(masked(row["sql"], VENDORS[vendor]), vendor) == normalise(row["sql"], vendor), row["sql"]


@settings(max_examples=2000, deadline=None)
@given(
    st.sampled_from(list(VENDORS)), st.lists(st.sampled_from(PIECES), max_size=14), st.randoms(use_true_random=False)
)
def test_the_fingerprint_of_pieces_glued_at_random_stays(vendor: str, pieces: list[str], random: Random) -> None:
    text = "".join(piece + random.choice(("", " ")) for piece in pieces)
    assert normalise(masked(text, VENDORS[vendor]), vendor) == normalise(text, vendor)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(list(VENDORS)), st.text(max_size=60))
def test_any_text_is_masked_without_an_error(vendor: str, text: str) -> None:
    assert normalise(masked(text, VENDORS[vendor]), vendor) == normalise(text, vendor)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t WHERE name = '{}'",
        "SELECT a FROM t WHERE name IN ('{}', 'it''s {}') -- {}",
        "INSERT INTO t (a) VALUES ('{}')",
        "SELECT a /* {} */ FROM t WHERE b = N'{}'",
        "SELECT a FROM t WHERE name = '{}",  # cut in the middle
        "CREATE USER u IDENTIFIED BY '{}'",
    ],
)
def test_no_text_is_left(vendor: str, sql: str) -> None:
    assert "hunter2" not in masked(sql.replace("{}", "hunter2"), VENDORS[vendor])


@pytest.mark.parametrize(
    ("vendor", "sql"),
    [
        ("mysql", 'SELECT a FROM t WHERE name = "hunter2"'),
        ("sqlite", 'SELECT a FROM t WHERE name = "hunter2"'),
        ("mysql", r"SELECT a FROM t WHERE name = 'it\'s hunter2'"),
        ("postgresql", "SELECT $x$ hunter2 $x$"),
        ("postgresql", r"SELECT E'it\'s hunter2'"),
        ("postgresql", "SELECT ARRAY['hunter2']"),
        ("oracle", "SELECT q'[it's hunter2]' FROM dual"),
    ],
)
def test_no_text_in_other_quotes_is_left(vendor: str, sql: str) -> None:
    assert "hunter2" not in masked(sql, VENDORS[vendor])


@pytest.mark.parametrize("vendor", VENDORS)
def test_numbers_go_and_names_stay(vendor: str) -> None:
    sql = "SELECT t1.col_2 FROM shop_7 t1 WHERE t1.id = 135792468 AND b = -1.5e7 AND c = 0xBEEF LIMIT 21"
    left = masked(sql, VENDORS[vendor])
    assert "t1.col_2 FROM shop_7 t1 WHERE t1.id = " in left
    assert not any(number in left for number in ("135792468", "1.5", "BEEF", "21"))
