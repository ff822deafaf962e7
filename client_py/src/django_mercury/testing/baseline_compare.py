"""Compare a run with its baseline: what fails it, what became better, what else is worth a line.

A test fails the run for a finding that it did not have, and for queries that it did not make: both are counted, so one
is enough. It fails for its time only if a statistical test over the repeats says so (significance.py). New tests do
not fail: nobody agreed on anything. What became better does not either; it should be agreed on, or it may get lost.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mercury_client.reference.rules import LESSONS

from .baseline_facts import (
    RESTLESS,
    Baseline,
    Document,
    StatementKey,
    TestFacts,
    UnitFacts,
    UnitKey,
    baseline_of,
    is_timed,
    keyed_units,
)
from .significance import ERROR_RATE, MARGIN, exceedance_p, least_p, significant

__all__ = ["Comparison", "compare"]

ALLOCATED_MARGIN: Final = 1.2  # a larger share more is worth a note
ALLOCATED_MB: Final = 0.5  # if it is at least so much
LISTED_MAX: Final = 20  # tests that are new, or gone, by name


@dataclass
class Comparison:
    """What came out; each entry is a sentence, below which lines that are indented say more."""

    failures: list[str] = field(default_factory=list)
    improvements: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    timing: str = ""  # what was done to tell whether anything is slower, and how often that errs

    @property
    def failed(self) -> bool:
        """Tell whether the run fails."""
        return bool(self.failures)

    def text(self) -> str:
        """Return all of it for a terminal."""
        lines = []
        for title, entries in (("worse", self.failures), ("better", self.improvements), ("notes", self.notes)):
            if entries:
                lines += [f"Baseline, {title}:", *(f"  {line}" for entry in entries for line in entry.split("\n"))]
        if self.failures:
            lines.append("If this is meant to be so, agree on it with --mercury-update-baseline.")
        elif self.improvements:
            lines.append("Agree on what is better with --mercury-update-baseline, so that it stays so.")
        if not lines:
            lines.append("Baseline: the tests do what was agreed on.")
        if self.timing:
            lines.append(self.timing)
        return "\n".join(lines)


def compare(baseline: Baseline, documents: Sequence[Document]) -> Comparison:
    """Compare the documents of the repeats of a run with a baseline; ValueError as of ``baseline_of``."""
    return _Comparer(baseline, documents).run()


class _Comparer:
    def __init__(self, baseline: Baseline, documents: Sequence[Document]) -> None:
        self._old = baseline
        self._new = baseline_of(documents)
        self._shown = _Shown(documents)
        self._out = Comparison()

    def run(self) -> Comparison:
        """Compare everything."""
        old, new = self._old.tests, self._new.tests
        for id in sorted(old.keys() & new.keys()):
            self._test(id, old[id], new[id])
        self._times()
        self._list("not in the baseline yet", new.keys() - old.keys())
        missing = old.keys() - new.keys()
        ended = {id for id in missing if id in self._shown.outcomes}
        for id in sorted(ended):
            self._out.notes.append(f"{id}: not compared, it {_ENDED.get(self._shown.outcomes[id], 'did not pass')}")
        self._list("in the baseline, but not in this run", missing - ended)
        return self._out

    def _list(self, what: str, ids: set[str]) -> None:
        if not ids:
            return
        listed = [f"\n  {id}" for id in sorted(ids)[:LISTED_MAX]]
        if len(ids) > LISTED_MAX:
            listed.append(f"\n  and {len(ids) - LISTED_MAX} more")
        self._out.notes.append(f"{len(ids)} test{'s' * (len(ids) > 1)} {what}:{''.join(listed)}")

    # ------------------------------------------------------------------------------------- what is counted
    def _test(self, id: str, old: TestFacts, new: TestFacts) -> None:
        explained = {1: 0, -1: 0}
        for key in sorted(old.units.keys() & new.units.keys()):
            change = self._unit(id, key, old.units[key], new.units[key])
            if change:
                explained[1 if change > 0 else -1] += change
        self._total(id, old, new, explained)
        known = old.findings
        for finding_id, fact in new.findings.items():
            if finding_id not in known:
                said = self._shown.finding(id, finding_id)
                self._out.failures.append(
                    f"{id}: new finding: {said or _finding_text(fact.kind, fact.count, fact.about)}"
                )
        for finding_id, fact in known.items():
            if finding_id not in new.findings:
                self._out.improvements.append(f"{id}: gone: {_finding_text(fact.kind, fact.count, fact.about)}")

    def _unit(self, id: str, key: UnitKey, old: UnitFacts, new: UnitFacts) -> int:
        """Compare a unit; return by how much its queries grew."""
        change = new.queries - old.queries
        changes = "".join(f"\n  {line}" for line in self._statement_changes(id, key, old, new))
        sentence = f"{_at(id, key)}: {_queries(new.queries)}, {old.queries} in the baseline ({change:+d}){changes}"
        if change > 0:
            self._out.failures.append(sentence)
        elif change < 0:
            self._out.improvements.append(sentence)
        elif changes:
            self._out.notes.append(f"{_at(id, key)}: as many queries, but others{changes}")
        if old.cache != new.cache and old.cache and new.cache:
            were = f"(were {old.cache[0]} and {old.cache[1]})"
            self._out.notes.append(f"{_at(id, key)}: cache hits {new.cache[0]}, misses {new.cache[1]} {were}")
        if old.allocated_mb is not None and new.allocated_mb is not None:
            more = new.allocated_mb - old.allocated_mb
            if more >= ALLOCATED_MB and new.allocated_mb > old.allocated_mb * ALLOCATED_MARGIN:
                self._out.notes.append(f"{_at(id, key)}: allocates {new.allocated_mb} MB (were {old.allocated_mb})")
        return change

    def _statement_changes(self, id: str, key: UnitKey, old: UnitFacts, new: UnitFacts) -> Iterator[str]:
        changes = []
        for statement in old.statements.keys() | new.statements.keys():
            was, now = old.statements.get(statement), new.statements.get(statement)
            change = (now.count if now else 0) - (was.count if was else 0)
            if change:
                either = now or was
                assert either is not None
                places = self._shown.places(id, key, statement) if now else ""
                on = f" on {statement.alias}" if statement.alias != "default" else ""
                counts = f"(was {was.count if was else 0}, now {now.count if now else 0})"
                name = either.summary or statement.fingerprint
                changes.append((-change, name, statement, f"{change:+d} {name}{on}{places} {counts}"))
        for *_, line in sorted(changes):
            yield line
        if old.others != new.others:
            yield f"{new.others - old.others:+d} of statements that are not listed (were {old.others})"

    def _total(self, id: str, old: TestFacts, new: TestFacts, explained: Mapping[int, int]) -> None:
        """Compare all queries of a test; say nothing if its units have said it."""
        change = new.queries - old.queries
        lines = [f"\n  new: {key}, {_queries(new.units[key].queries)}" for key in sorted(new.units.keys() - old.units)]
        lines += [
            f"\n  gone: {key}, {_queries(old.units[key].queries)}" for key in sorted(old.units.keys() - new.units)
        ]
        if change > explained[1] or change < explained[-1]:
            sentence = f"{id}: {_queries(new.queries)} in all, {old.queries} in the baseline ({change:+d})"
            where = "" if lines else "\n  outside of its requests, tasks, commands and blocks"
            into = self._out.failures if change > 0 else self._out.improvements
            into.append(f"{sentence}{''.join(lines) or where}")
        elif lines:
            self._out.notes.append(f"{id}: other units{''.join(lines)}")

    # ---------------------------------------------------------------------------------------------- its time
    def _times(self) -> None:
        pairs = dict(self._pairs())
        self._list("not judged on time, because the machine changed its speed beside too many runs", self._untimed())
        if not pairs:
            return
        if self._old.clock != self._new.clock:
            self._out.notes.append(
                f"times were not judged: the baseline's are of {self._old.clock}, this run's of {self._new.clock}; "
                "--mercury-update-baseline takes these"
            )
            return
        repeats = max((min(len(old), len(new)) for old, new in pairs.values()), default=0)
        able = [pair for pair in pairs.values() if least_p(len(pair[0]), len(pair[1])) * len(pairs) <= ERROR_RATE]
        if not able:
            self._out.notes.append(
                f"times were not judged: {repeats} repeat{'s' * (repeats != 1)} of {len(pairs)} units cannot tell a "
                f"slower one from noise; repeat the tests {_needed(len(pairs))} times for the baseline and for each "
                f"run.{self._restless}"
            )
            return
        self._judge(pairs, self._out.failures, "slower", lambda old, new: exceedance_p(old, new))
        self._judge(pairs, self._out.improvements, "faster", lambda old, new: exceedance_p(new, old))
        self._out.timing = (
            f"Time: CPU of {len(pairs)} units over up to {repeats} repeats. If none is slower by more than "
            f"{MARGIN - 1:.0%}, at most {ERROR_RATE:.0%} of runs call any slower (exact rank tests, Holm)."
            f"{self._restless}"
        )

    @property
    def _restless(self) -> str:
        """Say how many times do not count, because the machine changed its speed beside them; "" if all do."""
        runs = [steady for id, every in self._shown.steady.items() if id in self._old.tests for steady in every]
        if all(runs):
            return ""
        left_out = len(runs) - sum(runs)
        return f" The machine changed its speed beside {left_out} of {len(runs)} runs, whose times do not count."

    def _untimed(self) -> set[str]:
        """Return the tests with times in the baseline that ran again and again, and never long enough at one speed."""
        restless = {
            id for id, runs in self._shown.steady.items() if len(runs) > 1 and RESTLESS * sum(runs) < len(runs) - 1
        }
        old, new = self._old.tests, self._new.tests
        return {id for id in restless & old.keys() & new.keys() if is_timed(old[id]) and not is_timed(new[id])}

    def _pairs(self) -> Iterator[tuple[tuple[str, UnitKey], tuple[Sequence[float], Sequence[float]]]]:
        for id in sorted(self._old.tests.keys() & self._new.tests.keys()):
            old, new = self._old.tests[id].units, self._new.tests[id].units
            for key in sorted(old.keys() & new.keys()):
                if old[key].cpu_ms and new[key].cpu_ms:
                    yield (id, key), (old[key].cpu_ms, new[key].cpu_ms)

    def _judge(
        self,
        pairs: Mapping[tuple[str, UnitKey], tuple[Sequence[float], Sequence[float]]],
        into: list[str],
        word: str,
        chance: Callable[[Sequence[float], Sequence[float]], float],
    ) -> None:
        chances = {at: chance(old, new) for at, (old, new) in pairs.items()}
        for at in sorted(significant(chances)):
            old, new = pairs[at]
            was, now = statistics.median(old), statistics.median(new)
            share = f" by {abs(now / was - 1):.0%}" if was else ""
            into.append(
                f"{_at(*at)}: {word}{share}: {now:.3g} ms of CPU, {was:.3g} in the baseline "
                f"(medians of {len(new)} and {len(old)} repeats, p = {chances[at]:.1g})"
            )


_ENDED = {"failed": "failed", "error": "ended in an error", "skipped": "was skipped", "xfailed": "failed as expected"}


def _needed(tests: int) -> int:
    """Return how many repeats on each side can show one of so many units to be slower."""
    repeats = 2
    while least_p(repeats, repeats) * tests > ERROR_RATE:
        repeats += 1
    return max(10, repeats + 2)


def _queries(count: int) -> str:
    return "1 query" if count == 1 else f"{count} queries"


def _at(id: str, key: UnitKey) -> str:
    return f"{id}: {key}" if str(key) else id


def _finding_text(kind: str, count: int, about: str = "") -> str:
    lesson = LESSONS.get(kind)  # a baseline may have a kind of a newer Mercury
    calls = _queries(count) if kind == "too_many_queries" else f"{count} calls"
    return f"{lesson.title if lesson else kind}, {calls}" + (f" of {about}" if about else "")


class _Shown:
    """What documents say besides the facts: places of statements, findings in full, outcomes."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.outcomes: dict[str, str] = {}
        self.steady: dict[str, list[bool]] = {}  # whether the machine kept its speed, by test and run
        self._places: dict[tuple[str, UnitKey, StatementKey], list[str]] = {}
        self._findings: dict[tuple[str, str], Mapping[str, Any]] = {}
        for document in documents:
            for test in document["tests"]:
                id = test["id"]
                self.outcomes[id] = test["outcome"]
                if test["outcome"] != "passed":
                    continue
                if "steady" in (test["timing"].get("yardstick") or ()):
                    self.steady.setdefault(id, []).append(test["timing"]["yardstick"]["steady"])
                for key, unit in keyed_units(test):
                    places = unit["timing"].get("statements_at") or [[]] * len(unit["statements"])
                    for one, at in zip(unit["statements"], places, strict=False):
                        known = self._places.setdefault((id, key, StatementKey(one["fingerprint"], one["alias"])), [])
                        known += [place for place in at if place not in known]
                    for one in unit["findings"]:
                        self._findings.setdefault((id, one["id"]), one)

    def places(self, id: str, key: UnitKey, statement: StatementKey) -> str:
        """Say where a statement was called, as far as that is known."""
        places = self._places.get((id, key, statement), [])
        more = f" and {len(places) - 2} more" if len(places) > 2 else ""
        return f" at {' and '.join(places[:2])}{more}" if places else ""

    def finding(self, id: str, finding_id: str) -> str:
        """Say a finding with its place and what to do; "" if it is unknown."""
        one = self._findings.get((id, finding_id))
        if one is None:
            return ""
        place = f" at {one['place']}" if one["place"] else ""
        relation = f" ({one['relation']})" if one["relation"] else ""
        return f"{_finding_text(one['kind'], one['count'])}{place}{relation}\n  {one['suggestion']['text']}"
