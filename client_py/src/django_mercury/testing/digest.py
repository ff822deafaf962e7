"""Say of a report document what every form of it says alike: which findings, which units are worst, in which words.

Pure functions of the document (``report.schema.json``); no Django. Times are ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mercury_client.reference.rules import GRADES, SEVERITIES

__all__ = [
    "HOW", "LEVELS", "active", "all_findings", "failure_text", "findings_of_test", "findings_of_unit", "grades", "home",
    "kinds", "level_text", "ms", "numbers", "plural", "route", "rule_text", "unmatched_rules", "where", "worst_units",
]  # fmt: skip

LEVELS: Final = ("fail", "warn", "notice")  # the worst one first

# How such findings are mended in general; what to write in one case is in its own suggestion.
HOW: Final[Mapping[str, str]] = {
    "n_plus_one": "Fetch what belongs to the rows together with the list: select_related() for one row, "
    "prefetch_related() for many, an annotation for a count.",
    "query_in_loop": "Collect the values first and ask once for all of them, before the loop.",
    "repeated_query": "Ask once, before the loop, and keep the result in a variable or in a cache.",
    "write_loop": "Collect the objects and write them together: bulk_create(), bulk_update(), or one update() or "
    "delete() of a queryset.",
    "slow_query": "Look at the plan of the statement with explain(); often an index is missing.",
    "too_many_queries": "Mend the loops among its findings first; then ask together what is asked one by one.",
    "slow_response": "Compare the time in SQL with the whole: mend the queries if they are most of it, else profile "
    "the code of the view.",
}
_OF_TIME: Final = ("slow_query", "slow_response")
_UNIT_WORDS: Final = {"task": "task ", "command": "command ", "block": "block "}


def all_findings(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each finding of the run once, the worst level first, silenced ones last."""
    findings = [*document["findings"], *document["timing"]["findings"]]
    return sorted(findings, key=_rank)


def _rank(one: Mapping[str, Any]) -> tuple[Any, ...]:
    """Order findings: silenced ones last; the worst level first, kind by kind, the most calls first."""
    return bool(one["ignored"]), LEVELS.index(one["level"]), one["kind"], -one["count"], one["id"]


def active(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those that are not silenced."""
    return [one for one in findings if not one["ignored"]]


def findings_of_unit(unit: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the findings of a unit, the worst level first, silenced ones last."""
    findings = [*unit["findings"], *unit["timing"]["findings"]]
    return sorted(findings, key=_rank)


def findings_of_test(test: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a test's units came to, each finding once with its largest count; silenced ones are left out."""
    found: dict[str, dict[str, Any]] = {}
    for unit in test["units"]:
        for one in active(findings_of_unit(unit)):
            if one["id"] not in found or found[one["id"]]["count"] < one["count"]:
                found[one["id"]] = one
    return sorted(found.values(), key=_rank)


def kinds(document: Mapping[str, Any]) -> dict[str, int]:
    """Return how many findings there are by title, silenced ones left out, the most frequent first."""
    counts: dict[str, int] = {}
    for one in active(all_findings(document)):
        counts[one["title"]] = counts.get(one["title"], 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def grades(document: Mapping[str, Any]) -> dict[str, int]:
    """Return how many units have each grade, the best grade first; grades that none has are there with 0."""
    counts = {name: 0 for name, _ in GRADES}
    for test in document["tests"]:
        for unit in test["units"]:
            grade = unit["timing"]["grade"]
            if grade:
                counts[grade] = counts.get(grade, 0) + 1
    return counts


def worst_units(document: Mapping[str, Any], most: int = 5) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the tests and units with the fewest points, then the most queries, then the longest time."""
    pairs = [(test, unit) for test in document["tests"] for unit in test["units"]]

    def badness(pair: tuple[dict[str, Any], dict[str, Any]]) -> tuple[Any, ...]:
        test, unit = pair
        score = unit["timing"]["score"]
        points = 101 if score is None else score
        return points, -unit["query_count"], -unit["timing"]["response_time_ms"], test["id"]

    return sorted(pairs, key=badness)[:most]


def unmatched_rules(document: Mapping[str, Any]) -> list[tuple[int, dict[str, str]]]:
    """Return the IGNORE rules that silenced nothing, with their number from 1."""
    return [(number, one["rule"]) for number, one in enumerate(document["ignore"], 1) if not one["matched"]]


# ------------------------------------------------------------------------------------------------- words
def plural(number: int, noun: str) -> str:
    """Return a number with its noun; the plural of these nouns ends in s or ies."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("ry") else f"{number:,} {noun}s"


def ms(time: float) -> str:
    """Return a time in ms with its unit, three digits of it."""
    return f"{time:,.0f} ms" if time >= 99.95 else f"{time:.1f} ms" if time >= 9.995 else f"{time:.2f} ms"


def numbers(finding: Mapping[str, Any]) -> str:
    """Return how often and how long, as far as it says something of this kind of finding."""
    time = ms(finding["timing"]["time_ms"])
    if finding["kind"] in _OF_TIME:
        return time if finding["count"] <= 1 else f"{plural(finding['count'], 'call')}, {time}"
    if finding["kind"] == "too_many_queries":
        return plural(finding["count"], "query")
    return f"{plural(finding['count'], 'call')}, {time}"


def where(finding: Mapping[str, Any]) -> str:
    """Return `` at `` the most telling place and the relation that was read there, as far as they are known; or ""."""
    place, relation = finding["place"], finding["relation"]
    if place:
        return f" at {place} ({relation})" if relation else f" at {place}"
    return f" of {relation}" if relation else ""


def level_text(finding: Mapping[str, Any]) -> str:
    """Return ``ignored`` or the level, with the severity of a loop: ``fail, high``."""
    if finding["ignored"]:
        return "ignored"
    severity = finding["severity"]
    name = SEVERITIES[severity].name if 0 < severity < len(SEVERITIES) else ""
    return f"{finding['level']}, {name}" if name else str(finding["level"])


def route(unit: Mapping[str, Any]) -> str:
    """Return what a unit was: method and route, or its kind and name."""
    if unit["kind"] == "test":
        return "the test itself"
    if unit["kind"] == "request":
        return " ".join(filter(None, (unit["method"], unit["name"] or "a request without a route")))
    return _UNIT_WORDS.get(unit["kind"], f"{unit['kind']} ") + str(unit["name"])


def home(document: Mapping[str, Any], finding: Mapping[str, Any]) -> tuple[str, int]:
    """Return a file and a line for a finding: its own, else of the first test that saw it; ("", 0) if there is none."""
    trigger = finding["trigger"]
    if trigger["file"]:
        return trigger["file"], trigger["line"]
    seen = set(finding.get("tests", ()))
    for test in document["tests"]:
        if test["id"] in seen and test["file"]:
            return test["file"], test["line"]
    return "", 0


def failure_text(failure: Mapping[str, Any]) -> str:
    """Return one sentence for a limit that a block exceeded."""
    what = {
        "query_count": "{value:g} queries",
        "response_time_ms": "response time {value:.4g} ms",
        "memory_mb": "memory {value:.4g} MB",
        "n_plus_one_threshold": "an N+1 of {value:g} calls",
    }.get(failure["what"], failure["what"] + " {value:g}")
    sentence = f"{what.format(value=failure['value'])}, the limit is {failure['limit']:g}"
    return f"block {failure['block']}: {sentence}" if failure["block"] else sentence


def rule_text(number: int, rule: Mapping[str, str]) -> str:
    """Return one sentence for an IGNORE rule that silenced nothing."""
    return f"IGNORE rule {number} (reason {rule.get('reason', '')!r}) matched nothing"
