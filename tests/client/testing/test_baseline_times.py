"""Which times of a run count, when a test is slower than its baseline, and what is said where nobody can tell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, cast

import pytest

from django_mercury.pytest_plugin import _Measuring
from django_mercury.testing.baseline import baseline_of, compare, updated, without_new_times
from django_mercury.testing.baseline_text import dumps
from django_mercury.testing.yardstick import NOMINAL_MS
from support.baseline_documents import (
    BOOKS,
    Record,
    document,
    noisy,
    only,
    record,
    statement,
    timed,
    unit,
)


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
