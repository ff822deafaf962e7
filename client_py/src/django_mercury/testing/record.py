"""Record what each test came to, as plain values; merge.py makes the records of a run into one document.

Paths are relative to the working directory, with forward slashes. Parameters of queries are never in it.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Sequence
from typing import Any

from mercury_client.protocol import Method, Operation, UnitKind
from mercury_client.reference import Finding, Place, known_statement
from mercury_client.reference.facts import known_site
from mercury_client.reference.fingerprint import normalise
from mercury_client.reference.rules import ACTIONS, LESSONS
from mercury_client.reference.summary import summary as summary_of
from mercury_client.reference.verdict import hex_id
from mercury_client.unit import Unit

from .. import site_setup
from ..wording import place_text, short_path
from . import monitor
from .capture import Capture
from .engines import judge_locally
from .merge import LEVELS, OF_TIME, document
from .result import MonitorResult
from .yardstick import THREAD_TIME, Yardstick, reading

__all__ = ["TestRecorder", "report_of_result", "rules_of_settings"]

STATEMENTS_MAX = 200  # of one unit
TIMELINE_MAX = 500  # of one unit
SQL_CHARACTERS_MAX = 2000
PLACES_MAX = 3  # of one statement

_LISTED = frozenset({UnitKind.REQUEST, UnitKind.TASK, UnitKind.COMMAND, UnitKind.BLOCK})
_NO_METHOD = (Method.NONE, Method.OTHER)


class TestRecorder:
    """Measure tests one after the other: ``start``, the test, ``finish``. Made by the runners.

    ``yardstick``: time it before and after each test, 18 ms in all, so that a baseline can hold the times.
    """

    __test__ = False  # no test class of pytest's

    def __init__(self, *, yardstick: bool = False) -> None:
        self._yardstick = Yardstick() if yardstick else None
        self._before: list[float] = []
        self._after: list[float] = []
        self._ran: set[str] = set()  # which tests, with the yardstick
        self._capture: Capture | None = None
        self._results: list[MonitorResult] = []
        monitor.add_listener(self._note)

    def _note(self, result: MonitorResult) -> None:
        if self._capture is not None:
            self._results.append(result)

    def start(self, id: str) -> None:
        """Begin a test."""
        self._results = []
        self._before, self._after = [], []
        if self._yardstick is not None:
            gc.collect(1)  # so that each repeat of a test begins about as far from the next collection
            self._before = self._yardstick.measure()
        self._capture = Capture(id, UnitKind.TEST)
        self._capture.start()

    def pause(self) -> None:
        """End measuring; ``finish`` tells the outcome later. A second call does nothing."""
        if self._capture is not None:
            self._stop(self._capture)

    def _stop(self, capture: Capture) -> None:
        if capture.stop() and self._yardstick is not None:
            self._after = self._yardstick.measure()

    def finish(self, id: str, file: str, line: int, outcome: str) -> dict[str, Any] | None:
        """End the test and return its record; None if none was started."""
        capture, self._capture = self._capture, None
        if capture is None:
            return None
        self._stop(capture)
        results, self._results = self._results, []
        traced = {result.unit.id: result.memory_mb for result in results if result.unit and result.memory_traced}
        units = []
        for unit, below in _listed(capture):
            units.append(_unit_record(unit, below))
            if unit.id in traced:
                units[-1]["timing"]["allocated_mb"] = round(traced[unit.id], 3)
        total = judge_locally(capture.unit, capture.below)
        failures, in_time = _failures(results)
        record = {
            "id": id,
            "file": short_path(file) if file else "",
            "line": line,
            "outcome": outcome,
            "query_count": total.queries,
            "failures": failures,
            "units": units,
            "timing": {
                "duration_ms": _ms(capture.unit.duration_ns),
                "db_time_ms": _ms(total.db_ns),
                "failures": in_time,
                "engines": sorted({one.engine for one in results if one.engine}),
                "yardstick": reading(self._before, self._after, warm=id in self._ran),
            },
        }
        if self._yardstick is not None:
            self._ran.add(id)
        # Plain values all through: a worker's channel takes no enumeration and no subclass of str.
        plain: dict[str, Any] = json.loads(json.dumps(record))
        return plain


def _listed(capture: Capture) -> list[tuple[Unit, list[Unit]]]:
    """Return what a test did, in the order of its start: requests, tasks, commands, blocks; itself if none of them."""
    below: dict[int, list[Unit]] = {}
    parents = capture.parents | {part.id: part.parent_id for part in capture.below}
    for part in capture.below:
        above = part.id if part.more else part.parent_id
        seen = set()
        while above and above != capture.unit.id and above not in seen:
            seen.add(above)
            below.setdefault(above, []).append(part)
            above = parents.get(above, 0)
    wholes = [part for part in capture.below if not part.more and part.kind in _LISTED]
    wholes.sort(key=lambda part: (part.start_ns, part.id))
    if not wholes:
        return [(capture.unit, capture.below)]
    return [(part, below.get(part.id, [])) for part in wholes]


def _failures(results: Sequence[MonitorResult]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return which limits the blocks of a test exceeded: those of counts, and those of time and memory."""
    counts: list[dict[str, Any]] = []
    times: list[dict[str, Any]] = []
    for result in results:
        block = result.name
        limits = result.thresholds
        for what, value, out in (
            ("query_count", result.query_count, counts),
            ("response_time_ms", round(result.response_time_ms, 3), times),
            ("memory_mb", round(result.memory_mb, 3), times),
        ):
            limit = limits.get(what)
            if limit is not None and value > limit:
                out.append({"block": block, "what": what, "value": value, "limit": limit})
        threshold = limits.get("n_plus_one_threshold")
        for one in result.loops:
            if threshold is not None and one.level == "fail":
                entry = {"block": block, "what": "n_plus_one_threshold", "value": one.count, "limit": threshold}
                counts.append({**entry, "finding": hex_id(one.id)})
    counts.sort(key=lambda one: (one["block"], one["what"], -one["value"], one.get("finding", "")))
    return counts, times


# -------------------------------------------------------------------------------------------------- a unit
def _unit_record(unit: Unit, below: Sequence[Unit], findings: Sequence[Finding] | None = None) -> dict[str, Any]:
    verdict = judge_locally(unit, below)
    if findings is None:
        findings = verdict.findings
    shown, statement_times, timeline, places = _statements(unit, below)
    hits = misses = 0
    for part in (unit, *below):
        for counts in (part.caches or {}).values() if not part.more else ():
            hits, misses = hits + counts[0], misses + counts[1]
    method = Method(unit.method)
    return {
        "kind": UnitKind(unit.kind).name.lower(),
        "name": unit.name,
        "method": "" if method in _NO_METHOD else method.name,
        "status": unit.status,
        "operation": "" if unit.operation == Operation.UNKNOWN else Operation(unit.operation).name.lower(),
        "exception": unit.exception,
        "query_count": verdict.queries,
        "cache": {"hits": hits, "misses": misses},
        "statements": shown,
        "findings": _sorted(one for one in findings if one.kind not in OF_TIME),
        "timing": {
            "response_time_ms": _ms(unit.first_byte_ns or unit.duration_ns),
            "cpu_ms": _ms(unit.cpu_ns) if unit.cpu_ns >= 0 and THREAD_TIME else None,
            "db_time_ms": _ms(verdict.db_ns),
            "score": verdict.score.value if verdict.score else None,
            "grade": verdict.score.grade if verdict.score else "",
            "findings": _sorted(one for one in findings if one.kind in OF_TIME),
            "statements_ms": statement_times,
            "statements_at": places,
            "timeline": timeline,
        },
    }


def _statements(
    unit: Unit, below: Sequence[Unit]
) -> tuple[list[dict[str, Any]], list[float], list[list[float]], list[list[str]]]:
    """Return the statements in the order of their first call, the time of each, every call, and places of each.

    A call of the timeline: index of the statement, ms since the unit's start, ms. Of the places the first
    ``PLACES_MAX``; they stand below ``timing`` because it depends on ``CALL_SITES`` which calls have one.
    """
    calls: list[tuple[Any, ...]] = []
    for part in (unit, *below):
        calls += [(*record[:5], 1, record[7]) for record in part.records[: part.count] if not record[0].control]
        for folded, group in (part.groups or {}).items():
            if folded is not None and not folded[0].control:
                calls.append((*folded[:3], group.start_ns, group.duration_ns, group.calls, folded[3]))
    calls.sort(key=lambda call: call[3])
    index: dict[tuple[int, str], int] = {}
    shown: list[dict[str, Any]] = []
    times: list[float] = []
    timeline: list[list[float]] = []
    places: list[list[str]] = []
    for statement, alias, vendor, start_ns, duration_ns, count, site in calls:
        fingerprint = known_statement(statement.text, vendor).fingerprint
        key = (fingerprint, alias)
        at = index.get(key)
        if at is None:
            if len(shown) >= STATEMENTS_MAX:
                continue
            at = index[key] = len(shown)
            normal = normalise(statement.text, vendor)
            shown.append(
                {
                    "fingerprint": hex_id(fingerprint),
                    "summary": summary_of(normal),
                    "sql": normal[:SQL_CHARACTERS_MAX],
                    "alias": alias,
                    "count": 0,
                }
            )
            times.append(0.0)
            places.append([])
        place = place_text(known_site(site).place) if site is not None else ""
        if place and place not in places[at] and len(places[at]) < PLACES_MAX:
            places[at].append(place)
        shown[at]["count"] += count
        times[at] += duration_ns / 1e6
        if len(timeline) < TIMELINE_MAX:
            timeline.append([at, _ms(start_ns - unit.start_ns), _ms(duration_ns)])
    return shown, [round(time, 3) for time in times], timeline, places


def _sorted(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    out = [_finding_record(one) for one in findings]
    out.sort(key=lambda one: (LEVELS[one["level"]], one["kind"], one["id"]))
    return out


def _finding_record(one: Finding) -> dict[str, Any]:
    suggestion, edit = one.suggestion, one.suggestion.edit
    lesson = LESSONS[one.kind]
    action = ACTIONS.get(suggestion.action)
    return {
        "id": hex_id(one.id),
        "kind": one.kind,
        "title": lesson.title,
        "level": one.level,
        "likely": one.likely,
        "severity": one.severity,
        "count": one.count,
        "fingerprint": hex_id(one.fingerprint) if one.fingerprint else "",
        "relation": one.relation,
        "place": place_text(one.trigger),
        "trigger": _place(one.trigger),
        "sources": [{"place": place_text(source.place), **_place(source.place)} for source in one.sources],
        "what": lesson.what,
        "why": lesson.why,
        "suggestion": {
            "text": suggestion.text,
            "code": suggestion.code,
            "is_template": suggestion.is_template,
            "read": action.read if action else "",
            "edit": None
            if edit is None
            else {"file": short_path(edit.file), "line": edit.line, "column": edit.column, "insert": edit.insert},
        },
        "ignored": one.ignored,
        "timing": {"time_ms": _ms(one.time_ns), "saving_ms": _ms(one.saving_ns)},
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "file": short_path(place.file) if place.file else "",
        "line": place.line,
        "function": place.function,
        "template": place.template_name,
        "template_line": place.template_line,
        "view": place.view,
        "field": place.serializer_field,
        "column": place.admin_column,
    }


def _ms(ns: float) -> float:
    return round(ns / 1e6, 3)


def rules_of_settings() -> list[dict[str, str]]:
    """Return the IGNORE rules in force."""
    return [dict(rule) for rule in site_setup.set_up().ignore]


def report_of_result(result: MonitorResult) -> dict[str, Any]:
    """Return a document of one block alone."""
    assert result.unit is not None, "the block has not ended"
    unit = _unit_record(result.unit, result.below, result.findings)
    if not unit["name"]:
        unit["name"] = result.name
    unit["timing"]["memory_mb"] = round(result.memory_mb, 3)
    failures, in_time = _failures([result])
    file, _, line = result.test_location.rpartition(":")
    test = {
        "id": result.test_name or result.name or "block",
        "file": file,
        "line": int(line) if line.isdigit() else 0,
        "outcome": "failed" if result.failures else "passed",
        "query_count": result.query_count,
        "failures": failures,
        "units": [unit],
        "timing": {
            "duration_ms": round(result.response_time_ms, 3),
            "db_time_ms": round(result.db_time_ms, 3),
            "failures": in_time,
            "engines": [result.engine] if result.engine else [],
            "yardstick": None,
        },
    }
    return document([test], rules=rules_of_settings(), engine=result.engine or "", duration_ms=result.response_time_ms)
