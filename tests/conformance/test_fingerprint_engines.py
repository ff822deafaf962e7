"""The two engines, C++ (the daemon's) and Python (the reference), give one fingerprint: compared on thousands of texts.

The C++ side is `fingerprint_json`, which stands in the build folder (`MERCURY_BUILD`, else `build/release`). Without it
the comparison is skipped; the tables of words and operators are compared in any case.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mercury_client.reference.fingerprint import fingerprint_id, normalise
from mercury_client.reference.sql_dialect import OPERATORS, POSTGRESQL_OPERATORS
from mercury_client.reference.sql_keywords import CALL, KEYWORDS, MAYBE_NAME, OPERAND, VALUE
from mercury_client.reference.summary import operation, summary, targets

ROOT = Path(__file__).resolve().parents[2]
ANALYSIS = ROOT / "daemon" / "analysis"
ROWS: list[dict[str, Any]] = json.loads(
    (ROOT / "proto" / "vectors" / "analysis" / "fingerprints.json").read_text(encoding="utf-8")
)["rows"]
VENDORS = ("sqlite", "postgresql", "mysql", "oracle", "microsoft", "")

vendors = st.sampled_from(VENDORS)

# Whatever one of the two lexers could see otherwise than the other: openings without an end, ends without an opening,
# what is a number for one vendor and a name for the next, letters that only Python takes for others.
PIECES = [
    *("IN (", "VALUES (", "(", ")", ",", ", ", ";", ".", "..", "[", "]", "]]", "'", '"', "`", "''", '""', "\\", "\\'"),
    *("a", "B", "t.a", "x AS (", "FROM a", "JOIN b", "INTO c", "USING d", "SELECT ", "#t", "##", "a#", "a@b", "_", "q"),
    *("1", "-1", "1.5", ".5", "5.", "2x", "0x", "0xF", "0b01", "0b2", "1e", "1e5", "1e+5", ".1st", ".5e", "10L", "1_0"),
    *(
        "-",
        "--",
        "-- ",
        "--\r",
        "+",
        "/*",
        "*/",
        "*",
        "/",
        "#",
        "\n",
        " ",
        "  ",
        "\t",
        "\v",
        "\f",
        "\x00",
        "\x1c",
        "\x7f",
    ),
    *("%s", "%(a)s", "%(é)s", "%sx", "%", "?", "?|", "?||", "?|x", "?&", "?12", "$1", "$a$", "$é$", "$$", "$", "$12.5"),
    *(
        ":",
        "::",
        ":=",
        ":a",
        ":1",
        "@",
        "@@",
        "@a",
        "@1",
        "@@a",
        "E'",
        "N'",
        "x'",
        "U&'",
        'U&"',
        "q'[",
        "q'",
        "nq'é",
        "]'",
    ),
    *('"x"', '"x y"', "`q`", "[d e]", "'s'", "password", "IDENTIFIED BY", "é", "ſ", "ı", "K", "\u0661", "\u2028", "𝒳"),
    *("\x85", "\xa0", "\ufeff", "\ud800", "{", "}", "!", "~", "^", "&", "|", "<", ">", "="),
]
WORDS = [*KEYWORDS, *map(str.lower, KEYWORDS), *map(str.title, KEYWORDS)]
SYMBOLS = [*OPERATORS.split(), *POSTGRESQL_OPERATORS.split()]

pieces = st.one_of(st.sampled_from(PIECES), st.sampled_from(WORDS), st.sampled_from(SYMBOLS))


class CppEngine:
    """Ask the program one statement at a time."""

    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answer(self, sql: str, vendor: str) -> dict[str, Any]:
        """Return text, id, summary, targets and operation. JSON cannot carry lone surrogates; they travel as ``?``."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        as_the_wire_has_it = sql.encode("utf-8", "replace").decode("utf-8")
        stdin.write(json.dumps({"sql": as_the_wire_has_it, "vendor": vendor}).encode() + b"\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the program ended with {self._process.poll()}: {sql!r}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the program and check that it ends well."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        assert self._process.wait(timeout=10) == 0
        self._process.stdout.close()


def program() -> str | None:
    """Return the path of `fingerprint_json`, or None if it has not been built."""
    build = Path(os.environ.get("MERCURY_BUILD") or ROOT / "build" / "release")
    return shutil.which("fingerprint_json", path=os.pathsep.join((str(build / "tests"), str(build))))


@pytest.fixture(scope="module")
def cpp() -> Iterator[CppEngine]:
    """Yield the daemon's engine."""
    path = program()
    if path is None:
        pytest.fail("fingerprint_json is not built: cmake --build --preset release --target fingerprint_json")
    engine = CppEngine(path)
    yield engine
    engine.close()


def expect_agreement(cpp: CppEngine, sql: str, vendor: str) -> None:
    """Compare all that the two engines say of one statement."""
    text = normalise(sql, vendor)
    reference = {
        "text": text,
        "id": f"{fingerprint_id(text):016x}",
        "summary": summary(text),
        "targets": list(targets(text)),
        "operation": operation(text),
    }
    assert reference == cpp.answer(sql, vendor), (vendor, sql)


def test_the_keywords_are_the_same() -> None:
    """Both lists are written by hand, with the traits of each word."""
    source = (ANALYSIS / "sql_keywords.cpp").read_text(encoding="utf-8")
    traits = {"kPlain": 0, "kOperand": OPERAND, "kValue": VALUE, "kCall": CALL, "kMaybeName": MAYBE_NAME}
    listed = {}
    for word, names in re.findall(r'Keyword\{"(\w+)", ([\w| ]+)\}', source):
        listed[word] = sum(traits[name] for name in names.split(" | "))
    assert listed == KEYWORDS
    assert len(listed) > 150


def test_the_operators_are_the_same() -> None:
    """Those of all, and PostgreSQL's; `?|` and `?&` are rules of the lexer there."""
    source = (ANALYSIS / "sql_lexer.cpp").read_text(encoding="utf-8")
    for name, operators in (("kOperators", OPERATORS), ("kPostgresqlOperators", POSTGRESQL_OPERATORS)):
        found = re.search(rf" {name} = \{{(.*?)\}};", source, re.DOTALL)
        assert found is not None
        listed = set(re.findall(r'"([^"]+)"', found[1]))
        assert listed | ({"?|", "?&"} if name == "kPostgresqlOperators" else set()) == set(operators.split())


@pytest.mark.parametrize("vendor", VENDORS)
def test_they_agree_on_every_vector(cpp: CppEngine, vendor: str) -> None:
    """Each statement is tried for each vendor, whole and cut anywhere."""
    for row in ROWS:
        expect_agreement(cpp, row["sql"], vendor)
        if row["vendor"] == vendor:
            for end in range(len(row["sql"])):
                expect_agreement(cpp, row["sql"][:end], vendor)


@given(st.lists(pieces, max_size=30), st.sampled_from(["", " "]), vendors)
@example(["IN (", "1", ",", "2"], "", "oracle")
@settings(max_examples=3000, deadline=None)
def test_they_agree_on_pieces_of_sql(cpp: CppEngine, parts: list[str], between: str, vendor: str) -> None:
    """Fragments glued at random reach every rule of the lexer sooner or later."""
    expect_agreement(cpp, between.join(parts), vendor)


@given(st.text(st.characters(), max_size=60), vendors)
@settings(max_examples=500, deadline=None)
def test_they_agree_on_any_text(cpp: CppEngine, sql: str, vendor: str) -> None:
    """All of Unicode, with lone surrogates."""
    expect_agreement(cpp, sql, vendor)


@given(st.lists(st.tuples(st.sampled_from(ROWS), st.sampled_from(ROWS)), min_size=1, max_size=4), st.data())
@settings(max_examples=500, deadline=None)
def test_they_agree_on_vectors_cut_and_glued(
    cpp: CppEngine, pairs: list[tuple[dict[str, Any], dict[str, Any]]], data: st.DataObject
) -> None:
    """The beginning of one statement and the end of another: nearly SQL, and wrong in a new way each time."""
    sql = ""
    for first, second in pairs:
        cut = data.draw(st.integers(0, len(first["sql"])))
        sql += first["sql"][:cut] + second["sql"][data.draw(st.integers(0, len(second["sql"]))) :]
    expect_agreement(cpp, sql, data.draw(vendors))
