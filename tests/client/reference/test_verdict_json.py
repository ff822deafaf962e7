"""``Verdict.from_dict`` is the inverse of ``to_dict``, and names whatever is not of its form."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from mercury_client.reference import Verdict
from support.verdicts import Json, verdict_cases

VERDICTS = [case["verdict"] for _, case in verdict_cases()]


def test_every_vector_is_read_and_written_again() -> None:
    """All fields, all kinds, with and without what may be null; the number of them is no accident."""
    assert len(VERDICTS) > 100
    for row in VERDICTS:
        verdict = Verdict.from_dict(json.loads(json.dumps(row)))
        assert verdict.to_dict() == row
        assert Verdict.from_dict(verdict.to_dict()) == verdict


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of each value in a JSON value, its own not included."""
    found: list[tuple[str | int, ...]] = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in pairs:
        found += [(*path, key), *places(one, (*path, key))]
    return found


@pytest.fixture(scope="module")
def richest() -> Json:
    """The vector with the most places."""
    return max(VERDICTS, key=lambda row: len(places(row)))


def test_a_key_that_is_missing_is_named(richest: Json) -> None:
    """Wherever it is."""
    keys = [path for path in places(richest) if isinstance(path[-1], str)]
    assert len(keys) > 50
    for path in keys:
        spoiled = copy.deepcopy(richest)
        *above, key = path
        inner: Any = spoiled
        for step in above:
            inner = inner[step]
        del inner[key]
        with pytest.raises(ValueError, match=rf"^verdict.*\.{key} is missing$"):
            Verdict.from_dict(spoiled)


@pytest.mark.parametrize("wrong", [[1], {"a": 1}, 1.5, -1, True, "x", 1 << 64], ids=repr)
def test_a_value_of_another_type_is_named(richest: Json, wrong: Any) -> None:
    """Whatever stands for it, unless it may stand there."""
    refused = 0
    for path in places(richest):
        spoiled = copy.deepcopy(richest)
        *above, key = path
        inner: Any = spoiled
        for step in above:
            inner = inner[step]
        if type(inner[key]) is type(wrong) and wrong != "x" and wrong != -1 and wrong != 1 << 64:
            continue
        inner[key] = wrong
        try:
            verdict = Verdict.from_dict(spoiled)
        except ValueError as error:
            assert str(error).startswith("verdict."), error
            refused += 1
        else:
            assert isinstance(wrong, str)
            assert verdict.to_dict() == spoiled
    assert refused > 10


@pytest.mark.parametrize("wrong", [None, [], "x", 1])
def test_a_verdict_is_an_object(wrong: Any) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match=r"^verdict is .*, it must be an object$"):
        Verdict.from_dict(wrong)


def test_a_key_of_a_later_version_is_left_alone(richest: Json) -> None:
    """PROTOCOL.md §10."""
    later = copy.deepcopy(richest) | {"colour": "blue"}
    later["findings"][0]["trigger"]["column"] = 7
    assert Verdict.from_dict(later).to_dict() == richest


@pytest.mark.parametrize(
    "wrong",
    ["", "abc", "A" * 16, "0" * 15, "0" * 17, "f" * 32, "0x" + "1" * 14, "+" + "1" * 15, "1_" * 8, " " * 16],
)
def test_an_id_has_16_hex_digits(richest: Json, wrong: str) -> None:
    """Small ones: what only Python's int() reads is none."""
    spoiled = copy.deepcopy(richest)
    spoiled["findings"][0]["fingerprint"] = wrong
    with pytest.raises(ValueError, match=r"^verdict\.findings\[0\]\.fingerprint is .*, it must be 16 hex digits$"):
        Verdict.from_dict(spoiled)
