"""Compare the answers of the engine with the rows: what was missed, invented, misplaced or wrongly advised.

A finding *answers* an expected one if its kind and its relation are among those expected. Of several that do,
the one with the right trigger counts, and none counts twice while another one is left. What answers nothing is
a false alarm, on a benign row and on any other, unless it is a second finding of the same subject at the same
place (a generic foreign key with two kinds of targets). An expected finding counts as found, in place or well
advised only if it is so at every size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ground_truth import markers
from ground_truth.row import KINDS, Expected, Row
from ground_truth.rows import BY_ID

Finding = Mapping[str, Any]


@dataclass
class Score:
    """The result; each list holds one sentence for each fault."""

    rows: int = 0
    expected: int = 0
    found: int = 0
    in_place: int = 0
    advised: int = 0
    benign: int = 0
    misses: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    misadvised: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.expected if self.expected else 0.0

    @property
    def places(self) -> float:
        """Return the share of the found whose trigger and source are both right."""
        return self.in_place / self.found if self.found else 0.0

    @property
    def advice(self) -> float:
        return self.advised / self.found if self.found else 0.0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "recall": self.recall, "places": self.places, "advice": self.advice}


def answers_to(expected: Expected, finding: Finding) -> bool:
    """Tell whether kind and relation are among those expected."""
    relation = finding["relation"] or ""
    return finding["kind"] in expected.kinds and (not expected.relations or relation in expected.relations)


def has_trigger(expected: Expected, finding: Finding) -> bool:
    return any(markers.is_at(finding["trigger"], wanted) for wanted in markers.triggers(expected))


def has_source(expected: Expected, finding: Finding) -> bool:
    """Tell whether one of the candidates is right; true where no source is asked for."""
    wanted = markers.sources(expected)
    return not expected.source_checked or any(
        markers.is_at(place, one) for place in finding["sources"] for one in wanted
    )


def is_advised(expected: Expected, finding: Finding) -> bool:
    suggestion = finding["suggestion"]
    return bool(suggestion) and suggestion["action"] in expected.actions


def assign(row: Row, findings: Iterable[Finding]) -> tuple[dict[int, Finding], list[Finding]]:
    """Return position of the expected → finding, and the findings that answer nothing."""
    left = [one for one in findings if one["kind"] in KINDS]
    assigned: dict[int, Finding] = {}
    for placed in (True, False):
        for position, expected in enumerate(row.expected):
            if position in assigned:
                continue
            for finding in left:
                if answers_to(expected, finding) and (not placed or has_trigger(expected, finding)):
                    assigned[position] = finding
                    left.remove(finding)
                    break
    again = [one for one in left if any(answers_to(e, one) and has_trigger(e, one) for e in row.expected)]
    return assigned, [one for one in left if one not in again]


def describe(finding: Finding) -> str:
    """Say in a line what a finding says."""
    trigger, sources = _where(finding["trigger"]), ", ".join(_where(one) for one in finding["sources"])
    action = (finding["suggestion"] or {}).get("action")
    what = f"{finding['kind']} ×{finding['count']} {finding['relation'] or '-'}"
    return f"{what} at {trigger} from {sources or '-'}: {action}"


def _where(place: Finding | None) -> str:
    if not place:
        return "nowhere"
    parts = [f"{place['file']}:{place['line']}"] if place.get("file") else []
    parts += [f"{place['template_name']}:{place['template_line']}"] if place.get("template_name") else []
    parts += [str(place[name]) for name in ("view", "serializer_field", "admin_column") if place.get(name)]
    return " ".join(parts) or "nowhere"


def score(answers: Iterable[Mapping[str, Any]]) -> Score:
    """Score the answers of ``worker.py judge``."""
    result = Score()
    by_row: dict[str, list[Mapping[str, Any]]] = {}
    for answer in answers:
        by_row.setdefault(answer["row"], []).append(answer)
    for id, of_row in by_row.items():
        row = BY_ID[id]
        result.rows += 1
        result.expected += len(row.expected)
        result.benign += row.group == "benign"
        _score_row(result, row, of_row)
    return result


def _score_row(result: Score, row: Row, of_row: list[Mapping[str, Any]]) -> None:
    faults: dict[str, dict[int, str]] = {"misses": {}, "misplaced": {}, "misadvised": {}}
    for answer in of_row:
        where = f"{row.id} at n={answer['n']}"
        if "error" in answer:
            result.errors.append(f"{where}: {answer['error'].strip().splitlines()[-1]}")
            faults["misses"].update(dict.fromkeys(range(len(row.expected)), f"{where}: error"))
            continue
        assigned, invented = assign(row, answer["findings"])
        result.false_alarms += [f"{where}: {describe(one)}" for one in invented]
        for position, expected in enumerate(row.expected):
            finding = assigned.get(position)
            if finding is None:
                faults["misses"].setdefault(position, f"{where}: {expected.mark} ({'/'.join(expected.kinds)})")
                continue
            if not (has_trigger(expected, finding) and has_source(expected, finding)):
                what = "source" if has_trigger(expected, finding) else "trigger"
                sentence = f"{where}: {expected.mark}: wrong {what}: {describe(finding)}"
                faults["misplaced"].setdefault(position, sentence)
            if not is_advised(expected, finding):
                faults["misadvised"].setdefault(position, f"{where}: {expected.mark}: {describe(finding)}")
    for position in range(len(row.expected)):
        found = position not in faults["misses"]
        result.found += found
        result.in_place += found and position not in faults["misplaced"]
        result.advised += found and position not in faults["misadvised"]
    for name, sentences in faults.items():
        getattr(result, name).extend(sentences[position] for position in sorted(sentences))
