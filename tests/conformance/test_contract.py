"""Prove that the contract in proto/ agrees with itself, and that its checks can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vectors import invalid_to_peer_vectors, invalid_vectors, join, session_vectors, valid_vectors

ROOT = Path(__file__).resolve().parents[2]
LIMITS_PY = "client_py/src/mercury_client/limits.py"
RULES_PY = "client_py/src/mercury_client/reference/rules.py"
RULES_H = "daemon/analysis/rules_table.h"


def run(root: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the contract's programs as it stands under `root`."""
    command = [sys.executable, "-B", str(root / "proto" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the contract that a test may spoil."""
    shutil.copytree(ROOT / "proto", tmp_path / "proto", ignore=shutil.ignore_patterns("__pycache__"))
    for name in (LIMITS_PY, RULES_PY, RULES_H):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def spoil(path: Path, old: str, new: str) -> None:
    """Replace the only place where `old` stands."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), "utf-8")


def test_contract_agrees_with_itself() -> None:
    """The committed contract has no disagreement, and the check says how much it compared."""
    done = run(ROOT, "check.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" comparisons, 0 disagreements\n")
    assert int(done.stdout.split()[1]) > 1000


def test_vectors_are_what_their_script_writes() -> None:
    """The script finds no difference between the files and what it would write."""
    done = run(ROOT, "vectors/make_vectors.py", "--check")
    assert (done.returncode, done.stderr) == (0, "")
    count = len([*valid_vectors(), *invalid_vectors(), *invalid_to_peer_vectors(), *session_vectors()])
    assert done.stdout == f"make_vectors: {count} vectors, 0 disagreements\n"


PAGE, SCHEMA, LIMITS = "proto/PROTOCOL.md", "proto/schema.json", "proto/limits.json"
RULES, VERDICTS = "proto/rules.json", "proto/VERDICTS.md"
SPOILED = [
    ("limit changed", LIMITS, '"value": 524288', '"value": 524289', "FRAME_BYTES_MAX"),
    ("limit renamed", LIMITS, '"handshake_ms"', '"greeting_ms"', "`handshake_ms`"),
    ("limit nobody names", LIMITS, '"local": "both", "why": "sun_path', '"why": "sun_path', "path_bytes_max"),
    ("limit in the copy only", LIMITS_PY, "ALIAS_ID_MAX: Final = 255", "ALIAS_ID_MAX: Final = 9", "255"),
    ("rule changed", RULES, '"growth_min": 2', '"growth_min": 3', "GROWTH_MIN"),
    ("rule in the copy only", RULES_PY, "CHAIN_MAX: Final = 5", "CHAIN_MAX: Final = 6", "CHAIN_MAX"),
    ("rule in the header only", RULES_H, "kChainMax = 5", "kChainMax = 6", "kChainMax"),
    ("rule's sentence unreplaced", RULES, "ran {count} times", "ran {number} times", "['number']"),
    ("rule's step out of order", RULES, "[70, 8], [50, 5]", "[50, 8], [70, 5]", "score cache"),
    ("action unnamed", VERDICTS, "| (repeated_query) | | hoist |", "| (repeated_query) | | cache |", "action hoist"),
    (
        "verdict changed",
        "proto/vectors/analysis/verdicts_kinds.json",
        '"db_ns": 51000000',
        '"db_ns": 5',
        "verdicts_kinds",
    ),
    ("threshold unnamed", VERDICTS, "T is `n_plus_one_threshold`", "T is 10", "n_plus_one_threshold"),
    ("limit unknown to the page", PAGE, "or `discard_ms`", "or `drop_ms`", "`drop_ms`"),
    ("code removed from the page", PAGE, "| id_kind | a UNIT", "| id_sort | a UNIT", "id_kind"),
    ("code removed from the schema", SCHEMA, '"id_kind", "batch', '"batch', "id_kind"),
    ("code renamed in the schema", SCHEMA, '{"code": "superseded"', '{"code": "replaced"', "superseded"),
    ("reject code added", PAGE, "REJECT codes: ", "REJECT codes: `tired`, ", "tired"),
    ("reply code added", SCHEMA, '"reply_error_codes": [', '"reply_error_codes": ["tired", ', "tired"),
    ("offset changed in the schema", SCHEMA, '"offset": 98', '"offset": 97', "kind"),
    ("offset changed on the page", PAGE, "| 104 | u32 |", "| 105 | u32 |", "failed_queries"),
    ("type changed on the page", PAGE, "| 88 | u32 |", "| 88 | u64 |", "descendant_units"),
    ("frame renumbered", PAGE, "| 7 | DROPPED |", "| 17 | DROPPED |", "DROPPED"),
    ("direction turned", SCHEMA, '"ACK", "direction": "to peer"', '"ACK", "direction": "to daemon"', "ACK"),
    ("kind renamed", PAGE, "| 5 | cache | the cache alias", "| 5 | store | the cache alias", "store"),
    ("vendor renumbered", PAGE, "4 oracle", "6 oracle", "vendors"),
    ("flag moved", PAGE, "16 transaction control", "32 transaction control", "record_flags"),
    ("method added", PAGE, "9 PATCH", "9 PATCH, 10 QUERY", "method"),
    ("section's layout changed", PAGE, "`u64 ns, u32 renders`", "`u64 ns, u64 renders`", "template"),
    ("site field changed", PAGE, "u32 line, u8 flags", "u32 row, u8 flags", "frame"),
    ("reason renamed", PAGE, "| 4 | encode_failed |", "| 4 | broken |", "broken"),
    ("command's argument renamed", PAGE, "`route` (substring), `service`", "`path` (substring), `service`", "path"),
    ("report's layout changed", PAGE, "u32 groups_left_out", "u64 groups_left_out", "report"),
    ("key of a report unnamed", PAGE, "{`findings`, `groups`,", "{`findings`,", "`groups`"),
    ("capability renamed", PAGE, "the peer knows: `report`", "the peer knows: `verdict`", "capabilities"),
    ("drawing changed", PAGE, "0               4       5", "0               4       7", "drawing"),
    ("key of HELLO renamed", PAGE, "| `next_unit` |", "| `next_number` |", "next_number"),
    ("table left out", PAGE, "| command | arguments | answer |\n|---|---|---|\n", "\n", "commands"),
    ("section left out", PAGE, "## 6. Numbers", "### 6. Numbers", "the tables stand in"),
    ("key of WELCOME unnamed", PAGE, "`daemon` (name and version)", "its name", "`daemon`"),
    ("head of a table lost", PAGE, "| code | meaning |\n|---|---|\n", "", "errors"),
    ("byte flipped", "proto/vectors/valid/bye.json", "0000000008000000", "0000000009000000", "bye.json"),
    ("field changed", "proto/vectors/valid/dropped.json", '"created": 100', '"created": 101', "dropped.json"),
    ("constant changed", SCHEMA, '"at_least": 112', '"at_least": 113', "header_bytes"),
    ("JSON stricter", SCHEMA, '"drain_ms": {"type": "integer"', '"drain_ms": {"type": "null"', "goaway.json"),
    (
        "reason for no vector lost",
        SCHEMA,
        ', "no_vector": "time makes it, not bytes"',
        "",
        "handshake_timeout",
    ),
]


@pytest.mark.parametrize(("what", "path", "old", "new", "culprit"), SPOILED, ids=[case[0] for case in SPOILED])
def test_check_names_what_was_changed(copy: Path, what: str, path: str, old: str, new: str, culprit: str) -> None:
    """One change anywhere in the contract ends the check with 1 and a sentence that names the place."""
    spoil(copy / path, old, new)
    done = run(copy, "check.py")
    assert done.returncode == 1, what
    assert culprit in done.stderr
    assert all(line.startswith("check: ") for line in done.stderr.splitlines())


def test_check_names_a_code_without_a_vector(copy: Path) -> None:
    """A code whose only vectors are gone is named, even if the script no longer makes them."""
    spoil(copy / "proto/vectors/cases/invalid.py", 'case("number_invalid", "zero"', 'case("id_kind", "zero"')
    spoil(copy / "proto/vectors/cases/invalid.py", 'case("number_invalid", "not_c', 'case("id_kind", "not_c')
    assert run(copy, "vectors/make_vectors.py").returncode == 0
    done = run(copy, "check.py")
    assert done.returncode == 1
    assert done.stderr == "check: vectors/invalid: no vector ends with the ERROR `number_invalid`\n"


def test_check_finds_a_layout_that_script_and_files_have_wrong_alike(copy: Path) -> None:
    """The vectors are read with schema.json, so a script that agrees with its files alone is not enough."""
    spoil(copy / "proto/vectors/cases/frames.py", '"<QQ", sent_ns, created', '"<QQ", created, sent_ns')
    assert run(copy, "vectors/make_vectors.py").returncode == 0
    assert run(copy, "vectors/make_vectors.py", "--check").returncode == 0
    done = run(copy, "check.py")
    assert done.returncode == 1
    assert "BATCH, sent_ns: its bytes says 1, its fields says 7" in done.stderr


def test_check_finds_files_that_nobody_makes(copy: Path) -> None:
    """A vector that is missing, and one that the script does not know, are both named."""
    (copy / "proto/vectors/valid/ack.json").rename(copy / "proto/vectors/valid/nack.json")
    done = run(copy, "check.py")
    assert done.returncode == 1
    assert "vectors/valid/ack.json is missing" in done.stderr
    assert "vectors/valid/nack.json is not made by make_vectors.py" in done.stderr


def test_write_makes_the_copy_of_the_limits(copy: Path) -> None:
    """`--write` repairs a copy that differs, and nothing else."""
    wanted = (copy / LIMITS_PY).read_bytes()
    (copy / LIMITS_PY).write_text("spoiled\n")
    assert run(copy, "check.py").returncode == 1
    assert run(copy, "check.py", "--write").returncode == 0
    assert (copy / LIMITS_PY).read_bytes() == wanted


def test_pieces_are_repeated_and_counted_up() -> None:
    """The loader's only arithmetic: `repeat` and little-endian `counters`."""
    counted = {"hex": "bb0000cc", "repeat": 2, "counters": [{"offset": 1, "size": 2, "from": 255}]}
    assert join([{"hex": "aa0000"}, counted]).hex() == "aa0000" + "bbff00cc" + "bb0001cc"


def test_every_vector_is_called_as_its_file() -> None:
    """Names are unique in a folder, and an invalid vector's name starts with its code."""
    for folder, vectors in (
        ("valid", valid_vectors()),
        ("invalid", invalid_vectors()),
        ("invalid_to_peer", invalid_to_peer_vectors()),
        ("sessions", session_vectors()),
    ):
        files = sorted(path.stem for path in (ROOT / "proto/vectors" / folder).glob("*.json"))
        assert sorted(str(vector) for vector in vectors) == files
    assert all(vector.name.startswith(vector.expect["code"]) for vector in invalid_vectors())
