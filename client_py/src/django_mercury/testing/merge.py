"""Merge the records of tests into one document: the JSON report. Pure functions of plain values; no Django.

Everything else is made of a document: the summary, HTML, SARIF, annotations, baselines. Its schema is in
``report.schema.json`` beside this file. Whatever depends on the clock stands below a key ``timing`` or in ``run``: two
runs of the same tests give the same document without these, in any order and on any number of workers.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mercury_client.version import VERSION

__all__ = [
    "LEVELS", "OF_TIME", "OUTCOMES", "SCHEMA_VERSION", "checked_document", "document", "merged", "without_timing",
]  # fmt: skip

SCHEMA_VERSION: Final = 1
OF_TIME: Final = frozenset({"slow_query", "slow_response"})  # kinds of findings that depend on the clock
LEVELS: Final[Mapping[str, int]] = {"fail": 0, "warn": 1, "notice": 2}
OUTCOMES: Final = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def document(
    tests: Iterable[Mapping[str, Any]],
    *,
    run: str = "",
    started: datetime.datetime | None = None,
    duration_ms: float = 0.0,
    engine: str = "",
    rules: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Merge the records of a run into one document; of two records of one test the worse outcome stays.

    ``rules``: the IGNORE rules that were in force; those that silenced nothing in the whole run are told.
    """
    by_id: dict[str, Mapping[str, Any]] = {}
    for test in tests:
        known = by_id.get(test["id"])
        if known is None or _badness(test) >= _badness(known):
            by_id[test["id"]] = test
    ordered = [dict(by_id[id]) for id in sorted(by_id)]
    findings = _merged(ordered)
    outcomes = [test["outcome"] for test in ordered]
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "mercury", "version": VERSION},
        "run": {
            "id": run,
            "started": started.isoformat(timespec="seconds") if started else "",
            "duration_ms": round(duration_ms, 1),
            "engine": engine,
        },
        "summary": {
            "tests": len(ordered),
            **{name: outcomes.count(name) for name in OUTCOMES},
            "units": sum(len(test["units"]) for test in ordered),
            "query_count": sum(test["query_count"] for test in ordered),
            "findings": _by_kind(one for one in findings if not one["ignored"]),
            "ignored": sum(bool(one["ignored"]) for one in findings),
            "timing": {"findings": _by_kind(one for one in _merged(ordered, timing=True) if not one["ignored"])},
        },
        "tests": ordered,
        "findings": findings,
        "timing": {"findings": _merged(ordered, timing=True)},
        "ignore": [{"rule": dict(rule), "matched": _matched(rule, ordered)} for rule in rules],
    }


def _badness(test: Mapping[str, Any]) -> int:
    return {"error": 3, "failed": 3, "xpassed": 2}.get(test["outcome"], 1 if test["outcome"] == "passed" else 0)


def _by_kind(findings: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for one in findings:
        kinds[one["kind"]] = kinds.get(one["kind"], 0) + 1
    return dict(sorted(kinds.items()))


def _units(tests: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for test in tests:
        for unit in test["units"]:
            yield test["id"], unit


def _merged(tests: Sequence[Mapping[str, Any]], timing: bool = False) -> list[dict[str, Any]]:
    """Return each finding once: its largest count, and in which tests and routes it was seen."""
    merged: dict[str, dict[str, Any]] = {}
    for id, unit in _units(tests):
        name = " ".join(filter(None, (unit["method"], unit["name"])))
        for one in unit["timing"]["findings"] if timing else unit["findings"]:
            known = merged.get(one["id"])
            if known is None:
                known = merged[one["id"]] = {**one, "timing": dict(one["timing"]), "tests": [], "routes": []}
            elif _rank(one) < _rank(known):
                known.update({**one, "timing": known["timing"]})
            for total in ("time_ms", "saving_ms"):
                known["timing"][total] = max(known["timing"][total], one["timing"][total])
            known["tests"] = sorted({*known["tests"], id})
            if unit["kind"] != "test" and unit["kind"] != "block":
                known["routes"] = sorted({*known["routes"], name})
    return sorted(merged.values(), key=lambda one: (LEVELS[one["level"]], one["kind"], one["id"]))


def _rank(one: Mapping[str, Any]) -> tuple[Any, ...]:
    """Order findings of one id; the first is shown: not silenced, the largest, and then by what does not change."""
    return (bool(one["ignored"]), -one["count"], one["place"], str(one["sources"]))


def _matched(rule: Mapping[str, str], tests: Sequence[Mapping[str, Any]]) -> int:
    """Return how many findings of the run a rule silenced."""
    ids = set()
    for _, unit in _units(tests):
        for one in (*unit["findings"], *unit["timing"]["findings"]):
            if one["ignored"] == rule.get("reason") and rule.get("kind") in (None, "", one["kind"]):
                ids.add(one["id"])
    return len(ids)


def merged(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one document of several, as those of the shards of one run; rules that any of them had are judged anew."""
    rules: list[Mapping[str, str]] = []
    for one in documents:
        rules += [entry["rule"] for entry in one["ignore"] if entry["rule"] not in rules]
    runs = sorted({one["run"]["id"] for one in documents if one["run"]["id"]})
    engines = {one["run"]["engine"] for one in documents if one["run"]["engine"]}
    started = sorted(one["run"]["started"] for one in documents if one["run"]["started"])
    return document(
        (test for one in documents for test in one["tests"]),
        run=", ".join(runs),
        started=datetime.datetime.fromisoformat(started[0]) if started else None,
        duration_ms=sum(one["run"]["duration_ms"] for one in documents),
        engine="mixed" if len(engines) > 1 else next(iter(engines), ""),
        rules=rules,
    )


def checked_document(value: Any, path: str) -> dict[str, Any]:
    """Return what was read from a file if it is a report of a version that is known; ValueError names the file."""
    if not isinstance(value, dict) or "schema_version" not in value or not isinstance(value.get("tests"), list):
        raise ValueError(f"{path} is no report of Mercury: it needs the keys schema_version and tests")
    if value["schema_version"] != SCHEMA_VERSION:
        raise ValueError(
            f"{path} has schema version {value['schema_version']!r}, this Mercury reads {SCHEMA_VERSION}: "
            "write it again with this one"
        )
    return value


def without_timing(value: Any) -> Any:
    """Return a document, or part of one, without what depends on the clock: ``timing`` and ``run``."""
    if isinstance(value, Mapping):
        return {key: without_timing(one) for key, one in value.items() if key not in ("timing", "run")}
    if isinstance(value, list | tuple):
        return [without_timing(one) for one in value]
    return value
