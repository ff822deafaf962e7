"""A suggestion that is not marked a template can be applied as printed: the finding goes, the answer stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ground_truth.edits import edited, inserted, subject
from ground_truth.markers import scan
from ground_truth.row import KINDS
from ground_truth.runs import answers

SIZE = 10


def suggestions(judged: list[Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (row, body before, finding) for each finding whose suggestion claims to be applicable."""
    out = []
    for answer in judged:
        if answer["n"] == SIZE and "error" not in answer:
            found = [one for one in answer["findings"] if one["kind"] in KINDS]
            out += [(answer["row"], answer["body"], one) for one in found if _is_applicable(one["suggestion"])]
    return out


def _is_applicable(suggestion: Any) -> bool:
    return bool(suggestion) and not suggestion["is_template"]


def fault_of(case: tuple[str, str, dict[str, Any]]) -> str:
    """Apply one suggestion; return what is wrong afterwards, empty if nothing is."""
    row, body, finding = case
    edit = finding["suggestion"]["edit"]
    if not edit:
        return f"{row}: no template, and no edit either"
    try:
        with edited(edit) as project:
            (answer,) = answers("judge", [row], [SIZE], project)
    except (ValueError, RuntimeError) as error:
        return f"{row}: {edit}: {error}"
    if "error" in answer:
        return f"{row}: {edit}: {answer['error'].strip().splitlines()[-1]}"
    if subject(finding) in [subject(one) for one in answer["findings"]]:
        return f"{row}: {edit}: the finding is still there"
    return "" if answer["body"] == body else f"{row}: {edit}: the answer is another one"


def test_applicable_suggestions_work(judged: list[Any]) -> None:
    cases = suggestions(judged)
    assert cases, "no suggestion claims to be applicable"
    with ThreadPoolExecutor(2) as pool:
        faults = [fault for fault in pool.map(fault_of, cases) if fault]
    assert not faults, f"{len(faults)} of {len(cases)} edits fail:\n" + "\n".join(faults)


def test_the_machinery_shows_a_fix_that_works() -> None:
    """With the known fix the statements no longer grow, and the body stays: measured without any engine."""
    (mark,) = scan()["source", "fk.view"]
    edit = {"file": mark.file, "line": mark.line, "column": 4 + len("for book in Book.objects"), "insert": ""}
    right, wrong = {**edit, "insert": '.select_related("publisher")'}, {**edit, "insert": '.filter(title="book 01")'}
    (before,) = answers("check", ["fk.view"], [SIZE])
    with edited(right) as project:
        (after,) = answers("check", ["fk.view"], [SIZE], project)
    assert (len(before["statements"]), len(after["statements"])) == (1 + SIZE, 1)
    assert after["body"] == before["body"]
    with edited(wrong) as project:
        (other,) = answers("check", ["fk.view"], [SIZE], project)
    assert other["body"] != before["body"]


@pytest.mark.parametrize(("line", "column"), [(0, 0), (3, 0), (1, 4), (1, -1)])
def test_an_edit_outside_the_file_is_refused(line: int, column: int) -> None:
    with pytest.raises(ValueError, match="not in the file"):
        inserted("abc\ndef\n", {"line": line, "column": column, "insert": "x"})


def test_an_edit_is_inserted_by_character() -> None:
    assert inserted("äbc\ndef\n", {"line": 1, "column": 2, "insert": "X"}) == "äbXc\ndef\n"
    assert inserted("abc\n", {"line": 1, "column": 3, "insert": "X"}) == "abcX\n"
