"""Hold what a run is agreed to do, and make it of the documents of its repeats.

Repeats of a test need not agree: the first one fills caches. What is kept of a unit is the repeat with the most
queries, every finding of any repeat, and the times of those that count (``has_times``); where they are too few, the
machine was too restless, and none is kept. Tests that did not pass are left out, for what they did until then says
nothing. Plain values, pure functions; the order of documents, tests and statements makes no difference.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .yardstick import NOMINAL_MS

__all__ = [
    "RESTLESS",
    "Baseline",
    "FindingFact",
    "StatementFact",
    "StatementKey",
    "TestFacts",
    "UnitFacts",
    "UnitKey",
    "baseline_of",
    "has_times",
    "is_timed",
    "keyed_units",
    "rounded_ms",
]  # fmt: skip

RESTLESS: Final = 3  # of so many repeats one must have been measured while the machine kept its speed

Document = Mapping[str, Any]


@dataclass(frozen=True, order=True, slots=True)
class UnitKey:
    """Which unit of a test: ``occurrence`` counts from 1 those that are otherwise alike, as they started."""

    kind: str
    method: str = ""  # of requests
    name: str = ""  # "" for the test itself, which then is all of it
    occurrence: int = 1

    def __str__(self) -> str:
        if self.kind == "test" and not self.name:
            return ""
        what = f"{self.method or 'request'} {self.name}" if self.kind == "request" else f"{self.kind} {self.name}"
        return what.strip() + (f" #{self.occurrence}" if self.occurrence > 1 else "")


@dataclass(frozen=True, order=True, slots=True)
class StatementKey:
    """Which statement: its fingerprint, 16 hex digits, and the alias of its database."""

    fingerprint: str
    alias: str = "default"


@dataclass(frozen=True, slots=True)
class StatementFact:
    """How often it was called, and what it is in a few words."""

    count: int
    summary: str


@dataclass(frozen=True, order=True, slots=True)
class FindingFact:
    """What kind of finding, of how many calls, and of what: a statement in a few words; "" for the whole unit."""

    kind: str
    count: int
    about: str = ""


@dataclass(frozen=True)
class UnitFacts:
    """What a unit does. ``cache``: hits and misses; None: none, or not the same in each repeat.

    ``cpu_ms``: CPU time of each repeat that counts, in rising order, converted to a machine whose yardstick takes
    ``NOMINAL_MS``; empty where it was not measured. ``allocated_mb``: the median; None where allocations were not
    traced.
    """

    queries: int
    statements: Mapping[StatementKey, StatementFact] = field(default_factory=dict)
    findings: Mapping[str, FindingFact] = field(default_factory=dict)  # by id, 16 hex digits
    cache: tuple[int, int] | None = None
    allocated_mb: float | None = None
    cpu_ms: tuple[float, ...] = ()

    @property
    def others(self) -> int:
        """Return how many queries are of statements that are not listed; only very large units have any."""
        return self.queries - sum(one.count for one in self.statements.values())


@dataclass(frozen=True)
class TestFacts:
    """What a test does: all of its queries, also those outside of its units, and its units."""

    __test__ = False  # no test class of pytest's

    queries: int
    units: Mapping[UnitKey, UnitFacts] = field(default_factory=dict)

    @property
    def findings(self) -> dict[str, FindingFact]:
        """Return the findings of all units by id."""
        return {id: one for key in sorted(self.units) for id, one in self.units[key].findings.items()}


@dataclass(frozen=True)
class Baseline:
    """What the tests of a run do, by id. ``clock``: which times can be compared with these; "" if there are none."""

    tests: Mapping[str, TestFacts] = field(default_factory=dict)
    clock: str = ""


def baseline_of(documents: Sequence[Document]) -> Baseline:
    """Return what documents of repeats of one run say; one document is allowed, none is a ValueError.

    ValueError too if they are of different Pythons, whose times are not comparable.
    """
    if not documents:
        raise ValueError("a baseline is made of at least one document, and there is none")
    records: dict[str, list[Mapping[str, Any]]] = {}
    clocks = set()
    for document in documents:
        for test in document["tests"]:
            if test["outcome"] == "passed":
                records.setdefault(test["id"], []).append(test)
                clocks |= {clock_of(test)} - {""}
    if len(clocks) > 1:
        raise ValueError(f"the documents are of different clocks: {'; '.join(sorted(clocks))}; repeat the tests on one")
    tests = {id: _test_facts(records[id]) for id in sorted(records)}
    timed = any(unit.cpu_ms for test in tests.values() for unit in test.units.values())
    return Baseline(tests, clocks.pop() if clocks and timed else "")


def clock_of(test: Mapping[str, Any]) -> str:
    """Say with what a test's times may be compared; "" if nothing was measured beside it."""
    yardstick = test["timing"].get("yardstick")
    return f"{yardstick['python']}, yardstick {yardstick['version']}" if yardstick else ""


def has_times(test: Mapping[str, Any], *, cold: bool = False) -> bool:
    """Tell whether the times of a test's record count: the machine kept its speed beside them, and they are warm.

    The first run of a test in a process fills caches and imports; ``cold``: it counts, too, as where each repeat is
    a process of its own. A record of an older version says neither, and does not count.
    """
    yardstick = test["timing"].get("yardstick")
    return bool(yardstick) and yardstick["cpu_ms"] > 0 and yardstick.get("steady", False) and (cold or _is_warm(test))


def is_timed(facts: TestFacts) -> bool:
    """Tell whether there are times of a test."""
    return any(unit.cpu_ms for unit in facts.units.values())


def _is_warm(test: Mapping[str, Any]) -> bool:
    yardstick = test["timing"].get("yardstick")
    return bool(yardstick) and yardstick.get("warm", False)


def keyed_units(test: Mapping[str, Any]) -> Iterator[tuple[UnitKey, Mapping[str, Any]]]:
    """Return the units of a test's record with their keys."""
    seen: Counter[UnitKey] = Counter()
    for unit in test["units"]:
        kind, name = unit["kind"], unit["name"]
        if kind == "test" and name == test["id"]:
            name = ""
        key = UnitKey(kind, unit["method"] if kind == "request" else "", name)
        seen[key] += 1
        yield replace(key, occurrence=seen[key]), unit


def rounded_ms(ms: float) -> float:
    """Return a time as the file has it, to four digits or the nearest µs."""
    return round(ms, 3 if ms < 10 else 2 if ms < 100 else 1)


def _test_facts(records: Sequence[Mapping[str, Any]]) -> TestFacts:
    repeats: dict[UnitKey, list[tuple[Mapping[str, Any], float]]] = {}
    queries = 0
    all_cold = not any(_is_warm(test) for test in records)
    counts = [has_times(test, cold=all_cold) for test in records]
    steady = RESTLESS * sum(counts) >= sum(all_cold or _is_warm(test) for test in records)
    for test, has_counted in zip(records, counts, strict=True):
        queries = max(queries, test["query_count"])
        speed = NOMINAL_MS / test["timing"]["yardstick"]["cpu_ms"] if has_counted and steady else 0.0
        for key, unit in keyed_units(test):
            repeats.setdefault(key, []).append((unit, speed))
    return TestFacts(queries, {key: _unit_facts(repeats[key]) for key in sorted(repeats)})


def _unit_facts(repeats: Sequence[tuple[Mapping[str, Any], float]]) -> UnitFacts:
    units = [unit for unit, _ in repeats]
    counts = [_statements(unit) for unit in units]
    most = max(zip((unit["query_count"] for unit in units), counts, strict=True), key=_size)
    caches = {(unit["cache"]["hits"], unit["cache"]["misses"]) for unit in units}
    cache = caches.pop() if len(caches) == 1 else (0, 0)
    allocated = [unit["timing"]["allocated_mb"] for unit in units if unit["timing"].get("allocated_mb") is not None]
    times = (unit["timing"].get("cpu_ms") for unit in units)
    cpu = [rounded_ms(ms * speed) for ms, (_, speed) in zip(times, repeats, strict=True) if ms is not None and speed]
    return UnitFacts(
        queries=max(most[0], sum(one.count for one in most[1].values())),
        statements=most[1],
        findings=_findings(units),
        cache=cache if any(cache) else None,
        allocated_mb=round(statistics.median(allocated), 1) if allocated else None,
        cpu_ms=tuple(sorted(cpu)),
    )


def _size(repeat: tuple[int, Mapping[StatementKey, StatementFact]]) -> tuple[Any, ...]:
    """Order repeats by their queries, and equal ones by what does not depend on their order."""
    return repeat[0], sorted((key, one.count, one.summary) for key, one in repeat[1].items())


def _statements(unit: Mapping[str, Any]) -> dict[StatementKey, StatementFact]:
    out: dict[StatementKey, StatementFact] = {}
    for one in unit["statements"]:
        key = StatementKey(one["fingerprint"], one["alias"])
        known = out.get(key, StatementFact(0, one["summary"]))
        out[key] = StatementFact(known.count + one["count"], min(known.summary, one["summary"]))
    return dict(sorted(out.items()))


def _findings(units: Iterable[Mapping[str, Any]]) -> dict[str, FindingFact]:
    """Return those that are not silenced; of one id the largest of the repeats."""
    out: dict[str, FindingFact] = {}
    for unit in units:
        summaries = {one["fingerprint"]: one["summary"] for one in unit["statements"]}
        for one in unit["findings"]:
            if not one["ignored"]:
                fact = FindingFact(one["kind"], one["count"], summaries.get(one["fingerprint"], ""))
                out[one["id"]] = max(fact, out.get(one["id"], fact), key=lambda fact: (fact.count, fact))
    return dict(sorted(out.items()))
