"""The chances are those that counting gives, and the rates are kept on data that are known."""

from __future__ import annotations

import itertools
import random

import pytest

from django_mercury.testing.significance import ERROR_RATE, MARGIN, exceedance_p, least_p, significant


@pytest.mark.parametrize(("before", "now"), [(1, 1), (2, 3), (4, 3), (5, 5), (6, 2)])
def test_the_chance_is_the_share_of_all_orders(before: int, now: int) -> None:
    size = before + now
    scores = [max(0, 7 * size // 10 - rank) ** 2 for rank in range(1, size + 1)]
    sums = [sum(scores[at] for at in places) for places in itertools.combinations(range(size), now)]
    for places in itertools.combinations(range(size), now):
        late = [float(at) for at in places]
        early = [float(at) for at in range(size) if at not in places]
        seen = sum(scores[at] for at in places)
        assert exceedance_p(early, late, margin=1) == sum(one <= seen for one in sums) / len(sums)


def test_the_longest_times_tell_nothing() -> None:
    before = [float(at) for at in range(10)]
    assert exceedance_p(before, [*before[:9], 1000.0]) > 0.5
    assert exceedance_p([*before[:9], 1000.0], [100.0 + at for at in range(10)]) < 1e-4


def test_ties_and_nothing_are_no_slowdown() -> None:
    assert exceedance_p([3.0] * 10, [3.0] * 10, margin=1) == 1
    assert exceedance_p([], [1.0]) == exceedance_p([1.0], []) == 1
    assert exceedance_p([1.0] * 5, [2.0] * 5) == least_p(5, 5) == 1 / 252


def test_the_margin_is_no_slowdown() -> None:
    times = [10 + at / 100 for at in range(10)]
    assert exceedance_p(times, [time * MARGIN for time in times]) > 0.4
    assert exceedance_p(times, times) > 0.99
    assert exceedance_p(times, [time * MARGIN * 1.1 for time in times]) == least_p(10, 10)


def test_many_repeats_are_quick_and_sure() -> None:
    assert exceedance_p([1.0] * 500, [2.0] * 500) == least_p(500, 500) < 1e-16


def test_of_many_times_in_rising_order_not_the_lowest_are_taken() -> None:
    times = [10 + at / 10 for at in range(90)]  # as a baseline has them
    assert exceedance_p(times, times[::3], margin=1) > 0.4
    assert exceedance_p(times[::3], times, margin=1) > 0.4


def test_holm_compares_with_what_is_left() -> None:
    assert significant({"a": 0.002, "b": 0.004, "c": 0.02}, 0.01) == {"a", "b"}  # 0.01/3, 0.01/2, 0.01/1
    assert significant({"a": 0.004, "b": 0.0001, "c": 0.0001}, 0.01) == {"a", "b", "c"}
    assert significant({"a": 0.0051, "b": 0.0051}, 0.01) == set()
    assert significant({}) == set()


@pytest.mark.parametrize("noise", ["gauss", "heavy", "two speeds"])
def test_rates_on_data_that_are_known(noise: str) -> None:
    chance = random.Random(7)

    def times(ms: float) -> list[float]:
        if noise == "gauss":
            return [ms * chance.gauss(1, 0.03) for _ in range(10)]
        if noise == "heavy":  # most are alike, some twice as slow
            return [ms * (1 + 0.02 * chance.paretovariate(1.5)) for _ in range(10)]
        return [ms * chance.choice((1, 1.03)) * chance.gauss(1, 0.01) for _ in range(10)]

    runs = 1000
    alarms = sum(exceedance_p(times(30), times(30)) <= ERROR_RATE for _ in range(runs))
    at_the_margin = sum(exceedance_p(times(30), times(30 * MARGIN)) <= ERROR_RATE for _ in range(runs))
    found = sum(exceedance_p(times(30), times(36)) <= ERROR_RATE for _ in range(runs))
    assert alarms <= 0.01 * runs
    assert at_the_margin <= 1.4 * ERROR_RATE * runs  # the rate, and what chance makes of a thousand
    assert found >= 0.95 * runs
    many = {at: exceedance_p(times(30), times(36 if at < 20 else 30)) for at in range(200)}
    assert all(at < 20 for at in significant(many))
