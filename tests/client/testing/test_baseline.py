"""A baseline says what a run did, survives its file, merges like code, and finds whatever is worse."""

from __future__ import annotations

import copy
import itertools
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_mercury.pytest_plugin import _Measuring
from django_mercury.testing.baseline import (
    BaselineError,
    baseline_of,
    compare,
    read,
    updated,
    without_new_times,
    write,
)
from django_mercury.testing.baseline_facts import StatementKey, UnitKey
from django_mercury.testing.baseline_text import dumps, loads
from django_mercury.testing.yardstick import NOMINAL_MS

Record = dict[str, Any]
PYTHON = "CPython 3.11"
BOOKS, AUTHORS, TAGS = "1" * 16, "2" * 16, "a" * 16
SUMMARIES = {BOOKS: "SELECT shop_book", AUTHORS: "SELECT shop_author", TAGS: "SELECT shop_tag"}


def statement(fingerprint: str, count: int = 1, alias: str = "default", summary: str | None = None) -> Record:
    """Return a statement as a document has it."""
    summary = SUMMARIES.get(fingerprint, "SELECT x") if summary is None else summary
    return {"fingerprint": fingerprint, "summary": summary, "sql": "", "alias": alias, "count": count}


def finding(id: str, count: int = 3, fingerprint: str = AUTHORS, ignored: str = "", kind: str = "n_plus_one") -> Record:
    """Return a finding as a document has it, as far as anybody here looks at it."""
    return {
        "id": id, "kind": kind, "count": count, "fingerprint": fingerprint, "ignored": ignored, "level": "warn",
        "place": "shop/books.html:3", "relation": "shop.Book.author", "suggestion": {"text": "Add select_related."},
    }  # fmt: skip


def unit(statements: Sequence[Record] = (), name: str = "books/", **more: Any) -> Record:
    """Return a request as a document has it."""
    places = more.pop("places", None)
    timing = {"cpu_ms": more.pop("cpu_ms", None), "statements_at": places or [[] for _ in statements]}
    count = sum(one["count"] for one in statements)
    return {
        "kind": "request", "method": "GET", "name": name, "query_count": count, "statements": list(statements),
        "findings": [], "cache": {"hits": 0, "misses": 0}, "timing": timing, **more,
    }  # fmt: skip


def record(*units: Record, id: str = "tests.py::test_a", outcome: str = "passed", **more: Any) -> Record:
    """Return a test as a document has it."""
    yardstick = {
        "version": 2, "python": more.pop("python", PYTHON), "cpu_ms": more.pop("yardstick_ms", NOMINAL_MS),
        "steady": more.pop("steady", True), "warm": more.pop("warm", True),
    }  # fmt: skip
    count = more.pop("query_count", sum(one["query_count"] for one in units))
    return {
        "id": id,
        "outcome": outcome,
        "query_count": count,
        "units": list(units),
        "timing": {"yardstick": yardstick},
    }


def document(*tests: Record) -> Record:
    """Return a document of tests."""
    return {"tests": list(tests)}


def run_of(statements: Sequence[Record], **more: Any) -> Record:
    """Return a document of one test with one request."""
    return document(record(unit(statements, **more)))


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
def only(entries: list[str]) -> str:
    """Return the one entry."""
    assert len(entries) == 1, entries
    return entries[0]


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


# ------------------------------------------------------------------------------------------------------- time
def timed(times: Sequence[float], **more: Any) -> list[Record]:
    """Return a document for each time of the one request."""
    return [document(record(unit([statement(BOOKS)], cpu_ms=ms), **more)) for ms in times]


def noisy(seed: int, ms: float = 30.0, count: int = 10) -> list[float]:
    """Return times as they are measured: 3 % of noise, and the first one cold."""
    chance = random.Random(seed)
    return [ms * 5, *(ms * chance.gauss(1, 0.03) for _ in range(count - 1))]


def test_a_slowdown_fails_and_says_how_sure_it_is() -> None:
    comparison = compare(baseline_of(timed(noisy(1))), timed(noisy(2, 30 * 1.5)))
    said = only(comparison.failures)
    assert said.startswith("tests.py::test_a: GET books/: slower by ") and "p = " in said
    assert "at most 5% of runs" in comparison.text()
    assert "faster" in only(compare(baseline_of(timed(noisy(2, 30 * 1.5))), timed(noisy(1))).improvements)


def test_noise_and_a_single_slow_repeat_are_no_slowdown() -> None:
    baseline = baseline_of(timed(noisy(1)))
    assert not compare(baseline, timed(noisy(2))).failed
    assert not compare(baseline, timed([*noisy(3)[:9], 3000.0])).failed


def test_the_speed_of_the_machine_is_divided_out() -> None:
    baseline = baseline_of(timed(noisy(1)))
    assert not compare(baseline, timed(noisy(2, 60), yardstick_ms=2 * NOMINAL_MS)).failed
    assert compare(baseline, timed(noisy(2, 60))).failed


def test_one_sample_never_fails() -> None:
    comparison = compare(baseline_of(timed(noisy(1))), timed([3000.0]))
    assert not comparison.failed and "times were not judged: 1 repeat of" in only(comparison.notes)
    assert "10 times" in comparison.text()


def times_of(documents: Sequence[Record]) -> tuple[float, ...]:
    """Return the times that count of the one unit."""
    (facts,) = baseline_of(documents).tests["tests.py::test_a"].units.values()
    return facts.cpu_ms


def test_times_count_where_the_machine_kept_its_speed_and_caches_were_full() -> None:
    cold, restless = timed([1.0], warm=False), timed([2.0, 3.0], steady=False)
    assert times_of([*cold, *restless, *timed([30.0, 31.0])]) == (30.0, 31.0)
    assert times_of(cold) == (1.0,)  # there is no other one
    assert times_of([*cold, *timed([2.0], steady=False)]) == ()
    assert times_of([*cold, *cold]) == (1.0, 1.0)  # each in a process of its own: all are alike
    assert times_of([*cold, *cold, *timed([2.0, 3.0], warm=False, steady=False)]) == (1.0, 1.0)
    assert times_of([*cold, *timed([2.0] * 3, warm=False, steady=False)]) == ()
    assert times_of(timed([2.0, 3.0], yardstick_ms=0.0)) == ()  # a clock of coarse ticks


def test_times_of_a_report_that_does_not_say_so_do_not_count() -> None:
    old = timed([30.0, 31.0])
    for one in old:
        del one["tests"][0]["timing"]["yardstick"]["steady"], one["tests"][0]["timing"]["yardstick"]["warm"]
    assert times_of(old) == times_of(old[:1]) == ()
    assert not compare(baseline_of(timed(noisy(1))), old).failed


def test_few_steady_repeats_may_be_chance() -> None:
    cold = timed([1.0], warm=False)
    assert times_of([*cold, *timed([2.0] * 4, steady=False), *timed([30.0, 31.0])]) == (30.0, 31.0)
    assert times_of([*cold, *timed([2.0] * 5, steady=False), *timed([30.0, 31.0])]) == ()


def test_what_a_restless_machine_leaves_out_is_said() -> None:
    baseline, restless = baseline_of(timed(noisy(1))), timed([3000.0] * 3, steady=False)
    said = "The machine changed its speed beside 3 of 13 runs, whose times do not count."
    comparison = compare(baseline, [*restless, *timed(noisy(2))])
    assert not comparison.failed and comparison.timing.endswith(said)
    assert "a slower one" not in comparison.text() and "Holm" in comparison.timing
    comparison = compare(baseline, restless)
    said = "1 test not judged on time, because the machine changed its speed beside too many runs:\n  tests.py::test_a"
    assert only(comparison.notes) == said and not comparison.failed
    comparison = compare(baseline, [*restless, *timed([3000.0, 3000.0])])
    assert "cannot tell a slower one from noise" in only(comparison.notes)
    assert only(comparison.notes).endswith("beside 3 of 5 runs, whose times do not count.")


def test_a_test_that_was_not_judged_is_named_beside_those_that_were() -> None:
    def both(times: Sequence[float], **more: Any) -> list[Record]:
        fine = timed(noisy(3))
        other = [record(unit([statement(BOOKS)], cpu_ms=ms), id="tests.py::test_b", **more) for ms in times]
        return [document(*one["tests"], two) for one, two in zip(fine, other, strict=True)]

    baseline = baseline_of(both(noisy(1)))
    comparison = compare(baseline, both(noisy(2, 90), steady=False))
    assert only(comparison.notes).endswith("too many runs:\n  tests.py::test_b")
    assert "CPU of 1 units" in comparison.timing and "10 of 20 runs" in comparison.timing


def test_an_update_on_a_restless_machine_keeps_the_times() -> None:
    baseline = baseline_of(timed(noisy(1)))
    again = updated(baseline, timed(noisy(2, 90), steady=False))
    assert dumps(again) == dumps(baseline)
    assert without_new_times(baseline, timed(noisy(2, 90), steady=False)) == ["tests.py::test_a"]
    assert without_new_times(baseline, timed(noisy(2, 90))) == []
    assert without_new_times(baseline, timed([90.0], steady=False)) == []  # nobody wanted times


def test_other_reasons_for_no_times_are_not_said_to_be_the_machine() -> None:
    baseline = baseline_of(timed(noisy(1)))
    untimed = [document(record(unit([statement(BOOKS)], cpu_ms=None), warm=at > 0)) for at in range(10)]
    assert not compare(baseline, untimed).notes
    colds_and_one = [*timed(noisy(2), warm=False), *timed([30.0])]
    assert times_of(colds_and_one) == (30.0,)
    assert "too many runs" not in compare(baseline, colds_and_one).text()
    assert "too many runs" not in compare(baseline, timed([30.0], steady=False)).text()  # nothing was to be judged


@pytest.mark.parametrize(
    ("steady", "runs"),
    [
        ([True] * 20, 4),  # the first one fills caches
        ([True, False, True, False, False, True, True], 7),
        ([False] * 20, 10),
        (None, 3),  # no yardstick: as often as was said
    ],
)
def test_a_test_runs_until_its_times_count(steady: list[bool] | None, runs: int) -> None:
    measuring = _Measuring(cast(pytest.Config, None), everything=True, repeat=3)
    for number in itertools.count(1):
        one = record(warm=number > 1, steady=steady is not None and steady[number - 1])
        if steady is None:
            one["timing"]["yardstick"] = None
        measuring._records.append(one)
        if measuring._is_enough(number):
            break
    assert number == runs


def test_times_of_another_python_are_not_compared() -> None:
    baseline = baseline_of(timed(noisy(1)))
    comparison = compare(baseline, timed(noisy(2, 90), python="CPython 3.12"))
    assert not comparison.failed and "CPython 3.12" in only(comparison.notes)
    assert updated(baseline, timed(noisy(2, 90), python="CPython 3.12")).clock == "CPython 3.12, yardstick 2"
    with pytest.raises(ValueError, match="different clocks"):
        baseline_of([*timed([1.0]), *timed([1.0], python="PyPy 3.10")])


def test_an_update_keeps_times_that_are_as_good() -> None:
    baseline = baseline_of(timed(noisy(1)))
    assert dumps(updated(baseline, timed(noisy(2)))) == dumps(baseline)
    assert updated(baseline, timed(noisy(2, 60))) == baseline_of(timed(noisy(2, 60)))
    assert updated(baseline_of(timed(noisy(1, count=3))), timed(noisy(2))) == baseline_of(timed(noisy(2)))


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
