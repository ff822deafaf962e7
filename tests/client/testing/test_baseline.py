"""A baseline says what a run did, survives its file, merges like code, and finds whatever is worse."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_mercury.testing.baseline import (
    BaselineError,
    baseline_of,
    compare,
    read,
    updated,
    write,
)
from django_mercury.testing.baseline_facts import StatementKey, UnitKey
from django_mercury.testing.baseline_text import dumps, loads
from support.baseline_documents import (
    AUTHORS,
    BOOKS,
    TAGS,
    Record,
    document,
    finding,
    noisy,
    only,
    record,
    run_of,
    statement,
    timed,
    unit,
)

# --------------------------------------------------------------------------------------------- any documents
hexes = st.text("0123456789abcdef", min_size=16, max_size=16)
texts = st.one_of(
    st.sampled_from(
        ["books/", "", " ", "#2", "-", '"', "a b", "clock x", "mercury-baseline 1", "queries 3", "<<<<<<< a"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=8),
)
statements_ = st.builds(
    statement, hexes, st.integers(1, 50), st.sampled_from(["default", "reports", "a b", "0" * 16, '" on x']), texts
)
findings_ = st.builds(
    finding,
    hexes,
    st.integers(1, 50),
    hexes,
    st.sampled_from(["", "known"]),
    st.sampled_from(["n_plus_one", "write_loop"]),
)


@st.composite
def units_(draw: st.DrawFn) -> Record:
    """Return a unit of any kind; some queries of it may not be listed."""
    one = unit(draw(st.lists(statements_, max_size=4)), draw(texts), cpu_ms=draw(st.none() | st.floats(0, 1e5)))
    one["kind"] = draw(st.sampled_from(["request", "block", "task", "command", "test"]))
    one["method"] = draw(st.sampled_from(["GET", "POST", ""])) if one["kind"] == "request" else ""
    one["query_count"] += draw(st.integers(0, 2))
    one["findings"] = draw(st.lists(findings_, max_size=2))
    one["cache"] = {"hits": draw(st.integers(0, 2)), "misses": draw(st.integers(0, 2))}
    one["timing"]["allocated_mb"] = draw(st.none() | st.floats(0, 1e4))
    return one


@st.composite
def documents_(draw: st.DrawFn) -> list[Record]:
    """Return repeats of a run, which need not agree on anything."""
    ids = draw(st.lists(texts, max_size=3, unique=True))
    outcomes = st.sampled_from(["passed", "passed", "failed"])
    return [
        document(
            *(
                record(
                    *draw(st.lists(units_(), max_size=3)),
                    id=id,
                    outcome=draw(outcomes),
                    query_count=draw(st.integers(0, 99)),
                )
                for id in ids
            )
        )
        for _ in range(draw(st.integers(1, 3)))
    ]


@settings(deadline=None)
@given(documents_())
def test_a_baseline_is_read_as_it_was_written(documents: list[Record]) -> None:
    baseline = baseline_of(documents)
    text = dumps(baseline)
    assert loads(text) == baseline
    assert dumps(loads(text)) == text
    assert loads(text.replace("\n", "\r\n")) == baseline  # as git checks out on Windows


@settings(deadline=None)
@given(documents_(), st.randoms(use_true_random=False))
def test_no_order_changes_the_file(documents: list[Record], shuffle: random.Random) -> None:
    text = dumps(baseline_of(documents))
    others = copy.deepcopy(documents)
    shuffle.shuffle(others)
    for one in others:
        shuffle.shuffle(one["tests"])
        for test in one["tests"]:
            for each in test["units"]:
                for part in (each["statements"], each["findings"]):
                    shuffle.shuffle(part)
    assert dumps(baseline_of(others)) == text


@settings(deadline=None)
@given(documents_())
def test_a_run_is_no_worse_and_no_better_than_itself(documents: list[Record]) -> None:
    comparison = compare(baseline_of(documents), documents)
    assert not comparison.failed and not comparison.improvements


@settings(deadline=None)
@given(documents_(), documents_())
def test_an_update_is_the_new_baseline_but_for_times(before: list[Record], now: list[Record]) -> None:
    new = updated(baseline_of(before), now)
    comparison = compare(new, now)
    assert not comparison.failed and not comparison.improvements
    assert updated(new, now) == new


@settings(deadline=None)
@given(documents_(), st.data())
def test_any_statement_that_is_added_is_found(documents: list[Record], data: st.DataObject) -> None:
    passed = [test for test in documents[0]["tests"] if test["outcome"] == "passed" and test["units"]]
    if not passed:
        return
    id = data.draw(st.sampled_from(passed))["id"]
    at = data.draw(st.integers(0, 2))
    worse = copy.deepcopy(documents)
    added = data.draw(statements_) | {"count": 1}
    changed = False
    for each in worse:
        for test in each["tests"]:
            if test["id"] == id and test["outcome"] == "passed" and len(test["units"]) > at:
                test["units"][at]["statements"].append(added)
                test["units"][at]["query_count"] += 1
                test["query_count"] += 1
                changed = True
    assert compare(baseline_of(documents), worse).failed == changed


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=4, max_size=6), st.data())
def test_changes_of_different_tests_merge(counts: list[int], data: st.DataObject) -> None:
    def text(counts: Sequence[int]) -> str:
        tests = [record(unit([statement(BOOKS, n)]), id=f"tests.py::test_{at}") for at, n in enumerate(counts) if n]
        return dumps(baseline_of([document(*tests)]))

    ours, theirs, both = list(counts), list(counts), list(counts)
    for at in range(len(counts)):  # each test is changed by one side or none; 0: it is gone
        side = data.draw(st.sampled_from([ours, theirs, None]))
        last = both[at - 1] if at else 1
        if side is not None:
            side[at] = both[at] = counts[at] + 1 if not last else data.draw(st.sampled_from([0, counts[at] + 1]))
    merged = merge(text(counts), text(ours), text(theirs))
    if merged is not None:  # git joins what neighbours in the same gap; what it merges is right
        assert loads(merged) == loads(text(both))
    if 0 not in both:
        assert merged == text(both)


def test_a_new_test_merges_with_a_change_beside_it() -> None:
    def text(**tests: int) -> str:
        return dumps(baseline_of([document(*(record(unit([statement(BOOKS, n)]), id=id) for id, n in tests.items()))]))

    merged = merge(text(a=1, c=1), text(a=1, b=2, c=1), text(a=3, c=4))
    assert merged == text(a=3, b=2, c=4)
    assert merge(text(a=1, b=1, c=1), text(a=1, c=1), text(a=2, b=1, c=1)) == text(a=2, c=1)


def merge(base: str, ours: str, theirs: str) -> str | None:
    """Return what git makes of both; None if there is a conflict."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("ours", "base", "theirs")]
        for file, text in zip(files, (ours, base, theirs), strict=True):
            file.write_text(text, encoding="utf-8")
        done = subprocess.run(["git", "merge-file", "-p", *map(str, files)], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


# ------------------------------------------------------------------------------------------------- comparing
def test_an_added_query_is_said_statement_by_statement() -> None:
    before = run_of([statement(BOOKS), statement(AUTHORS)])
    now = run_of([statement(BOOKS), statement(AUTHORS, 2)], places=[[], ["shop/views.py:55"]])
    comparison = compare(baseline_of([before]), [now])
    assert only(comparison.failures).split("\n") == [
        "tests.py::test_a: GET books/: 3 queries, 2 in the baseline (+1)",
        "  +1 SELECT shop_author at shop/views.py:55 (was 1, now 2)",
    ]
    assert comparison.failed and "--mercury-update-baseline" in comparison.text()
    assert "shop/views.py:55" in comparison.text()


def test_one_more_and_one_less_is_a_note() -> None:
    comparison = compare(baseline_of([run_of([statement(BOOKS)])]), [run_of([statement(TAGS)])])
    assert not comparison.failed and not comparison.improvements
    assert "+1 SELECT shop_tag (was 0, now 1)\n  -1 SELECT shop_book (was 1, now 0)" in only(comparison.notes)


def test_fewer_queries_are_better_and_do_not_fail() -> None:
    comparison = compare(baseline_of([run_of([statement(AUTHORS, 40)])]), [run_of([statement(AUTHORS)])])
    assert not comparison.failed
    assert "1 query, 40 in the baseline (-39)" in only(comparison.improvements)
    assert "so that it stays so" in comparison.text()


def test_the_same_statement_on_another_database_is_another() -> None:
    comparison = compare(baseline_of([run_of([statement(BOOKS)])]), [run_of([statement(BOOKS, alias="reports")])])
    assert "+1 SELECT shop_book on reports" in only(comparison.notes)


def test_findings_that_are_new_fail_and_those_that_are_gone_do_not() -> None:
    before = run_of([statement(AUTHORS, 3)], findings=[finding("b" * 16)])
    now = run_of([statement(AUTHORS, 3)], findings=[finding("c" * 16)])
    comparison = compare(baseline_of([before]), [now])
    said = only(comparison.failures)
    assert "new finding: N+1 queries, 3 calls at shop/books.html:3 (shop.Book.author)" in said
    assert "Add select_related." in said
    assert only(comparison.improvements) == "tests.py::test_a: gone: N+1 queries, 3 calls of SELECT shop_author"
    silenced = run_of([statement(AUTHORS, 3)], findings=[finding("c" * 16, ignored="known"), finding("b" * 16)])
    assert not compare(baseline_of([before]), [silenced]).failed


def test_the_repeat_with_the_most_queries_counts() -> None:
    cold, warm = run_of([statement(BOOKS), statement(TAGS)]), run_of([statement(BOOKS)])
    baseline = baseline_of([warm, cold, warm])
    assert baseline.tests["tests.py::test_a"].units[UnitKey("request", "GET", "books/")].queries == 2
    assert not compare(baseline, [cold, warm]).failed
    assert compare(baseline, [warm, run_of([statement(BOOKS), statement(TAGS, 2)])]).failed


def test_requests_of_one_route_are_told_apart_by_their_number() -> None:
    before = document(record(unit([statement(BOOKS)]), unit([statement(TAGS)])))
    now = document(record(unit([statement(BOOKS)]), unit([statement(TAGS, 2)])))
    assert "GET books/ #2: 2 queries, 1 in" in only(compare(baseline_of([before]), [now]).failures)


def test_a_request_more_in_a_test_is_queries_more() -> None:
    before = document(record(unit([statement(BOOKS)])))
    now = document(record(unit([statement(BOOKS)]), unit([statement(TAGS)], "tags/")))
    said = only(compare(baseline_of([before]), [now]).failures)
    assert "2 queries in all, 1 in the baseline (+1)\n  new: GET tags/, 1 query" in said


def test_queries_outside_of_units_count() -> None:
    before, now = (document(record(unit([statement(BOOKS)]), query_count=count)) for count in (1, 3))
    assert "outside of its requests" in only(compare(baseline_of([before]), [now]).failures)
    assert not compare(baseline_of([now]), [before]).failed
    assert only(compare(baseline_of([now]), [before]).improvements)


def test_tests_that_are_new_gone_or_did_not_pass_do_not_fail() -> None:
    before = document(*(record(unit([statement(BOOKS)]), id=id) for id in ("a", "b", "c")))
    now = document(
        record(unit([statement(BOOKS)]), id="a"),
        record(unit([statement(BOOKS, 9)]), id="b", outcome="skipped"),
        record(unit([statement(BOOKS, 9)], findings=[finding("b" * 16)]), id="d"),
    )
    comparison = compare(baseline_of([before]), [now])
    assert not comparison.failed and not comparison.improvements
    assert comparison.notes == [
        "1 test not in the baseline yet:\n  d",
        "b: not compared, it was skipped",
        "1 test in the baseline, but not in this run:\n  c",
    ]
    new = updated(baseline_of([before]), [now])
    assert set(new.tests) == {"a", "b", "d"} and new.tests["b"].queries == 1
    assert set(updated(baseline_of([before]), [now], only_some=True).tests) == {"a", "b", "c", "d"}


def test_cache_and_allocations_are_notes() -> None:
    def run(hits: int, allocated: float) -> Record:
        one = run_of([statement(BOOKS)], cache={"hits": hits, "misses": 1})
        one["tests"][0]["units"][0]["timing"]["allocated_mb"] = allocated
        return one

    comparison = compare(baseline_of([run(3, 10.0)]), [run(2, 15.0)])
    assert not comparison.failed and len(comparison.notes) == 2
    assert not compare(baseline_of([run(3, 10.0)]), [run(3, 10.4)]).notes
    unsteady = baseline_of([run(3, 1.0), run(2, 1.0)])
    assert unsteady.tests["tests.py::test_a"].units[UnitKey("request", "GET", "books/")].cache is None


# ---------------------------------------------------------------------------------------------------- the file
TEXT = """mercury-baseline 1
# a comment
clock CPython 3.11, yardstick 2

tests.py::test_a
  queries 9 in all
  request GET books/ queries 3
    2x SELECT shop_author 2222222222222222 on reports
    1x SELECT shop_book 1111111111111111
    finding n_plus_one 2x SELECT shop_author bbbbbbbbbbbbbbbb
    cache hits 3 misses 1
    allocated 1.5 MB
    cpu 9.000 11.50 102.5 ms
  request GET books/ #2 queries 5
    1x SELECT shop_book 1111111111111111
    4x others
"""


def test_the_file_reads_like_a_sentence() -> None:
    baseline = loads(TEXT)
    assert dumps(baseline).split("\n")[2:] == TEXT.split("\n")[2:]
    facts = baseline.tests["tests.py::test_a"].units[UnitKey("request", "GET", "books/")]
    assert facts.statements[StatementKey("2" * 16, "reports")].count == 2
    assert facts.cpu_ms == (9.0, 11.5, 102.5) and facts.cache == (3, 1) and facts.allocated_mb == 1.5


FAULTS = [
    ("mercury-baseline 1", "mercury-baseline 2", 1, "install that one"),
    ("mercury-baseline 1", "mercury-baseline x", 1, "version"),
    ("mercury-baseline 1", "{", 1, "no baseline"),
    ("# a comment", "<<<<<<< ours", 2, "a merge left its conflict here; keep the blocks of both sides"),
    ("# a comment", "clock CPython 3.12, yardstick 2", 3, "clock is said twice"),
    ("# a comment", "  request GET books/ queries 3", 2, "indented by 2"),
    ("  queries 9 in all", "  queries 9 in all\n  queries 9 in all", 7, "twice"),
    ("  request GET books/ queries 3", "  request books/ queries 3", 7, "is no unit"),
    ("  request GET books/ queries 3", "  request GET queries 3", 7, "is no unit"),
    ("  request GET books/ queries 3", "  block queries 3", 7, "without a name"),
    ("  request GET books/ queries 3", "  ask GET books/ queries 3", 7, "is no unit"),
    (
        "  request GET books/ queries 3",
        "  request GET books/ queries 4",
        7,
        "has 4 queries, and the lines below it say 3",
    ),
    ("#2", "#1", 14, "GET books/ comes twice"),
    ("    cache hits 3 misses 1", "    cache hits 3", 11, "nothing that a unit has"),
    ("    cache hits 3 misses 1", "   cache hits 3 misses 1", 11, "indented by 3"),
    ("    allocated 1.5 MB", "    cache hits 3 misses 1", 12, "such a line already"),
    (
        "    2x SELECT shop_author 2222222222222222 on reports",
        "    1x SELECT shop_book 1111111111111111",
        9,
        "twice in this",
    ),
    ("tests.py::test_a", '"tests.py::\\x"', 5, "is no JSON string"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), FAULTS)
def test_a_fault_names_file_line_and_remedy(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    file = tmp_path / "mercury.baseline"
    file.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BaselineError) as fault:
        read(file)
    assert str(fault.value).startswith(f"{file}:{line}: ") and said in str(fault.value)
    assert "; " in str(fault.value)


def test_a_test_that_comes_twice_is_a_fault() -> None:
    with pytest.raises(BaselineError, match=r"baseline:18: the test 'tests.py::test_a' comes twice"):
        loads(TEXT + "\n" + "\n".join(TEXT.split("\n")[4:]))


def test_a_file_is_written_whole_and_read_again(tmp_path: Path) -> None:
    baseline = baseline_of(timed(noisy(1)))
    write(baseline, tmp_path / "a")
    assert read(tmp_path / "a") == baseline
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    with pytest.raises(BaselineError, match="no such file; --mercury-update-baseline"):
        read(tmp_path / "b")
    (tmp_path / "c").write_bytes(b"\xff")
    with pytest.raises(BaselineError, match="cannot be read"):
        read(tmp_path / "c")


def test_no_documents_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least one document"):
        baseline_of([])


def test_django_is_not_needed() -> None:
    code = "import sys, django_mercury.testing.baseline as b; print(json.dumps('django' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"import json; {code}"], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": str(Path(sys.modules["django_mercury"].__path__[0]).parent)})  # fmt: skip
    assert json.loads(done.stdout) is False
