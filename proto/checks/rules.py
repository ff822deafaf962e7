"""Compare rules.json with the tables that the two engines are built from, and look whether it can be right."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys

from checks.contract import Contract, Json
from checks.rules_copies import LIMITS, RULES_H, RULES_PY, rules_h, rules_py

__all__ = ["check_rules"]

_PLACEHOLDERS = {"path", "query", "field", "relation", "model", "count", "code"}
_KINDS = (
    "n_plus_one", "query_in_loop", "repeated_query", "write_loop", "slow_query", "too_many_queries", "slow_response"
)  # fmt: skip
_CONSTANTS = ("sources_max", "chain_max", "constant_units_min", "growth_min", "gone_after_units")
_SCALES = ("response", "queries", "delete_queries", "memory", "cache")


def check_rules(contract: Contract) -> None:
    """Find numbers and sentences of rules.json that cannot be meant, and copies that are not of it."""
    rules = contract.rules
    _check_numbers(contract, rules)
    _check_scales(contract, rules)
    _check_texts(contract, rules)
    contract.same_text(RULES_PY, rules_py(rules), "rules.json")
    contract.same_text(RULES_H, rules_h(rules), "rules.json")
    _check_vectors(contract)


def _check_vectors(contract: Contract) -> None:
    """Run make_verdicts.py --check, a program of its own; keep what it complains about."""
    script = contract.proto / "vectors" / "make_verdicts.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    sentences = [line.removeprefix("make_verdicts: ") for line in done.stderr.splitlines()]
    contract.holds(done.returncode == 0, "; ".join(sentences) or f"make_verdicts.py ended with {done.returncode}")


def _check_numbers(contract: Contract, rules: Json) -> None:
    page = contract.verdicts
    for name, row in rules["thresholds"].items():
        fine = row.keys() == {"value", "unit", "doc"} and isinstance(row["value"], int) and row["value"] > 0
        contract.holds(fine, f"rules.json, {name}: value (above 0), unit and doc are needed")
        contract.holds(f"`{name}`" in page, f"rules.json, {name}: VERDICTS.md does not name this threshold")
    contract.same("the constants", list(rules["constants"]), list(_CONSTANTS), "rules.json, checks/rules.py")
    named = [row["value"] for row in contract.schema["operations"] if row["value"]]
    words = [row.get("text", row["name"]) for row in contract.schema["operations"] if row["value"]]
    contract.same("the operations", list(rules["operations"]), words, "rules.json, schema.json")
    contract.same("the numbers of operations", named, list(range(1, len(named) + 1)), "schema.json, rules.json")
    for name, row in rules["operations"].items():
        fine = tuple(row) == LIMITS and all(isinstance(value, int) and value > 0 for value in row.values())
        contract.holds(fine, f"rules.json, operation {name}: {', '.join(LIMITS)}, each above 0, are needed")
    severities = rules["severities"]
    contract.holds(len(severities) == 6, "rules.json, severities: six are needed, 0 to 5")
    for key in ("halves", "penalty", "delete_penalty"):
        values = [row[key] for row in severities]
        contract.holds(values[0] == 0 and _rises(values), f"rules.json, severities: {key} must rise from 0")


def _check_scales(contract: Contract, rules: Json) -> None:
    contract.same("the scales of the score", list(rules["score"]), list(_SCALES), "rules.json, checks/rules.py")
    for name, scale in rules["score"].items():
        bounds, points = zip(*scale["steps"], strict=True)
        best = list(reversed(bounds)) if name == "cache" else list(bounds)
        contract.holds(_rises(best), f"rules.json, score {name}: the steps must go from best to worst")
        falls = _rises([scale["else"], *reversed(points)])
        contract.holds(falls and points[0] <= scale["max"], f"rules.json, score {name}: points must fall from max")
    counted = sum(rules["score"][name]["max"] for name in ("response", "queries", "memory", "cache"))
    contract.same("the sum of all points", counted, 100, "rules.json, checks/rules.py")
    grades = [score for _, score in rules["grades"]]
    contract.holds(_rises(grades[::-1]) and grades[-1] == 0, "rules.json, grades: from best to worst, down to 0")


def _check_texts(contract: Contract, rules: Json) -> None:
    section = contract.verdicts.split("## 7.")[1].split("## 8.")[0]
    said = set(re.findall(r"[a-z_]+", section))
    for name, action in rules["actions"].items():
        contract.holds(name in said, f"rules.json, action {name}: VERDICTS.md §7 does not name it")
        fine = action.keys() == {"code", "text", "read"} and bool(action["text"])
        contract.holds(fine, f"rules.json, action {name}: code, text (not empty) and read are needed")
        unknown = set(re.findall(r"{(\w*)}", action["text"] + action["code"])) - _PLACEHOLDERS
        contract.holds(not unknown, f"rules.json, action {name}: {sorted(unknown)} is replaced by nothing")
        contract.holds("{code}" not in action["code"], f"rules.json, action {name}: its code is of itself")
        fine = ("{code}" in action["text"]) == bool(action["code"])
        contract.holds(fine, f"rules.json, action {name}: its sentence shows the code if there is one")
        fine = action["read"].startswith("https://docs.djangoproject.com/en/stable/")
        contract.holds(fine, f"rules.json, action {name}: read is a page of Django's documentation")
    contract.same("the lessons", list(rules["lessons"]), list(_KINDS), "rules.json, VERDICTS.md §4 and §5")
    for name, lesson in rules["lessons"].items():
        fine = tuple(lesson) == ("title", "what", "why") and all(lesson.values())
        contract.holds(fine, f"rules.json, lesson {name}: title, what and why are needed")


def _rises(values: list[int]) -> bool:
    return all(left < right for left, right in itertools.pairwise(values))
