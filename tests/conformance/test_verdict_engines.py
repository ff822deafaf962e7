"""Both engines of VERDICTS.md against its vectors, and against each other on random units."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from support.random_units import random_case
from support.verdicts import Json, cpp_verdicts, difference, judge_json, python_verdict, verdict_cases

CASES = list(verdict_cases())
COUNT = int(os.environ.get("MERCURY_DIFFERENTIAL") or 1500)
BATCH = 500


@pytest.fixture(scope="module")
def program() -> Path:
    """Return the C++ engine's program, or skip."""
    found = judge_json()
    if found is None:
        pytest.fail("judge_json is not built: build it, or name the build directory in MERCURY_BUILD")
    return found


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_python_engine_gives_the_verdict_of_the_vector(name: str, case: Json) -> None:
    """Every field of every vector is as it was worked out from the page."""
    assert difference(python_verdict(case), case["verdict"]) == ""


def test_cpp_engine_gives_the_verdict_of_every_vector(program: Path) -> None:
    """Every field of every vector is as it was worked out from the page."""
    verdicts = cpp_verdicts(program, [case for _, case in CASES])
    pairs = zip(CASES, verdicts, strict=True)
    wrong = [f"{name}: {found}" for (name, case), said in pairs if (found := difference(said, case["verdict"]))]
    assert wrong == []


def test_vectors_show_every_kind_and_action() -> None:
    """No kind, level, severity or action is without a vector."""
    findings = [finding for _, case in CASES for finding in case["verdict"]["findings"]]
    rules = json.loads((Path(__file__).parents[2] / "proto" / "rules.json").read_text("utf-8"))
    assert {finding["kind"] for finding in findings} == set(rules["lessons"])
    assert {finding["suggestion"]["action"] for finding in findings} == set(rules["actions"])
    assert {finding["level"] for finding in findings} == {"notice", "warn", "fail"}
    assert {finding["severity"] for finding in findings} == set(range(6))


def test_engines_agree_on_random_units(program: Path) -> None:
    """Both say the same of units nobody wrote; MERCURY_DIFFERENTIAL says how many."""
    seed = int(os.environ.get("MERCURY_SEED") or 1)
    random = Random(seed)
    findings = 0
    for first in range(0, COUNT, BATCH):
        cases = [random_case(random) for _ in range(min(BATCH, COUNT - first))]
        for case, said in zip(cases, cpp_verdicts(program, cases), strict=True):
            ours = python_verdict(case)
            findings += len(ours["findings"])
            if difference(ours, said):
                pytest.fail(_smallest(program, case))
    assert findings > COUNT  # units without any would agree, too


def _smallest(program: Path, case: Json) -> str:
    """Return the sentence about the smallest part of a case on which the engines differ."""

    def differ(some: Json) -> str:
        return difference(python_verdict(some), cpp_verdicts(program, [some])[0], "Python and C++ differ")

    def part(keep: tuple[list[bool], list[bool], bool]) -> Json:
        queries, rules, thresholds = keep
        chosen = [query for query, kept in zip(case["queries"], queries, strict=True) if kept]
        silent = [rule for rule, kept in zip(case["ignore"], rules, strict=True) if kept]
        given = case["thresholds"] if thresholds else {}
        return case | {"queries": chosen, "ignore": silent, "thresholds": given}

    def flags(count: int) -> st.SearchStrategy[list[bool]]:
        return st.lists(st.booleans(), min_size=count, max_size=count)

    choices = st.tuples(flags(len(case["queries"])), flags(len(case["ignore"])), st.booleans())
    whole = ([True] * len(case["queries"]), [True] * len(case["ignore"]), True)
    quick = settings(max_examples=300, database=None, deadline=None, phases=(Phase.generate, Phase.shrink))
    try:
        small = part(find(st.one_of(choices, st.just(whole)), lambda keep: differ(part(keep)) != "", settings=quick))
    except Exception:  # found none again: the whole case has to do
        small = case
    return f"{differ(small)}\n{json.dumps(small, ensure_ascii=False)}"


def test_order_of_arrival_changes_nothing() -> None:
    """Queries with starts of their own give one verdict, whatever order they come in and whoever made them."""
    random = Random(3)
    judged = 0
    while judged < 300:
        case = random_case(random)
        starts = [query["start_ns"] for query in case["queries"]]
        if len(set(starts)) < len(starts) or case["unit"]["kind"] == "test":
            continue
        judged += 1
        shuffled = random.sample(case["queries"], len(starts))
        moved = [query | {"own": random.random() < 0.5} for query in shuffled]
        verdict = python_verdict(case)
        assert difference(verdict, python_verdict(case | {"queries": shuffled})) == ""
        assert difference(verdict, python_verdict(case | {"queries": moved})) == ""
