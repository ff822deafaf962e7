"""Make the tables of both engines from rules.json: constants, each with its unit, and no code."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from checks.contract import Json

__all__ = ["LIMITS", "RULES_H", "RULES_PY", "rules_h", "rules_py"]

RULES_PY = Path("client_py/src/mercury_client/reference/rules.py")
RULES_H = Path("daemon/analysis/rules_table.h")
LIMITS = ("response_ms", "queries", "memory_mb")  # of an operation


# ------------------------------------------------------------------------------------------------- Python
def rules_py(rules: Json) -> str:
    """Return the text of the Python engine's tables."""
    return _PY_HEAD + "\n".join(_python_lines(rules)) + "\n"


_PY_HEAD = '''"""Hold the numbers and sentences of the verdict (VERDICTS.md).

Generated from proto/rules.json by `proto/check.py --write`: edit that file, not this one.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Severity(NamedTuple):
    """One step of severity: ``halves`` half thresholds of calls, and what it takes off the score."""

    name: str
    halves: int
    penalty: int
    delete_penalty: int


class Scale(NamedTuple):
    """Points of one component: those of the first step that is not exceeded (cache: that is reached)."""

    max: int
    steps: tuple[tuple[int, int], ...]
    otherwise: int


class Limits(NamedTuple):
    """What a unit of one operation may take."""

    response_ms: int
    queries: int
    memory_mb: int


class Action(NamedTuple):
    """What to do about a finding: code and sentence with placeholders, and a page to read."""

    code: str
    text: str
    read: str


class Lesson(NamedTuple):
    """What a kind of finding is, and why it matters."""

    title: str
    what: str
    why: str


'''


def _python_lines(rules: Json) -> Iterator[str]:
    for name, row in rules["thresholds"].items():
        yield f"# {row['unit']}: {row['doc']}."
        yield f"{name.upper()}: Final = {row['value']:_}"
    yield ""
    for name, value in rules["constants"].items():
        yield f"{name.upper()}: Final = {value}"
    yield ""
    yield "SEVERITIES: Final = ("
    for row in rules["severities"]:
        yield f'    Severity("{row["name"]}", {row["halves"]}, {row["penalty"]}, {row["delete_penalty"]}),'
    yield ")"
    for name, scale in rules["score"].items():
        yield f"\n# {scale['unit']}"
        yield f"{name.upper()}: Final = Scale("
        yield f"    {scale['max']},"
        yield "    ("
        yield from (f"        ({bound:_}, {points})," for bound, points in scale["steps"])
        yield "    ),"
        yield f"    {scale['else']},"
        yield ")"
    yield ""
    yield "GRADES: Final = (" + ", ".join(f'("{name}", {score})' for name, score in rules["grades"]) + ")"
    yield ""
    yield "OPERATIONS: Final = {"
    for name, row in rules["operations"].items():
        yield f'    "{name}": Limits(' + ", ".join(str(row[key]) for key in LIMITS) + "),"
    yield "}"
    yield from _python_rows("ACTIONS", "Action", rules["actions"], ("code", "text", "read"))
    yield from _python_rows("LESSONS", "Lesson", rules["lessons"], ("title", "what", "why"))


def _python_rows(constant: str, type_name: str, rows: Json, keys: tuple[str, ...]) -> Iterator[str]:
    yield f"\n{constant}: Final = {{"
    for name, row in rows.items():
        yield f'    "{name}": {type_name}('
        for key in keys:
            yield from _text_lines(row[key], 8)
        yield "    ),"
    yield "}"


def _python_text(text: str) -> str:
    """Quote as ruff does: with double quotes, unless those stand in the text."""
    return repr(text) if '"' in text else '"' + text.replace("\\", "\\\\") + '"'


def _text_lines(text: str, indent: int) -> Iterator[str]:
    """Yield a string literal and a comma, in brackets and in pieces where it is long."""
    margin = " " * indent
    line = f"{margin}{_python_text(text)},"
    if len(line) <= 120:
        yield line
        return
    yield f"{margin}("
    for piece in _pieces(text, 100):
        yield f"{margin}    {_python_text(piece)}"
    yield f"{margin}),"


def _pieces(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [line + " " for line in lines[:-1]] + lines[-1:]


# ---------------------------------------------------------------------------------------------------- C++
def rules_h(rules: Json) -> str:
    """Return the text of the C++ engine's tables."""
    return _H_HEAD + "\n".join(_cpp_lines(rules)) + _H_FOOT


_H_HEAD = """\
// The numbers and sentences of the verdict (proto/VERDICTS.md), as constants.
//
// Generated from proto/rules.json by `proto/check.py --write`: edit that file, not this one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// clang-format off
namespace mercury::analysis::rules {

// One step of severity: `halves` half thresholds of calls, and what it takes off the score.
struct Severity {
  std::string_view name;
  std::uint32_t halves, penalty, delete_penalty;
};

// The points of one component: those of the first step whose bound is not exceeded (cache: is reached).
struct Step {
  std::uint64_t bound;
  std::uint32_t points;
};
struct Scale {
  std::uint32_t max;
  std::span<const Step> steps;
  std::uint32_t otherwise;
};

struct Grade {
  std::string_view name;
  std::uint32_t score_min;
};

// What a unit of one operation may take.
struct Limits {
  std::string_view operation;
  std::uint64_t response_ms, queries, memory_mb;
};

// What to do about a finding; `code` and `text` have placeholders in braces, `read` is a URL.
struct Action {
  std::string_view name, code, text, read;
};

// What a kind of finding is, and why it matters.
struct Lesson {
  std::string_view kind, title, what, why;
};

"""

_H_FOOT = """

// The action of that name; for constants: an unknown name does not compile there, and throws elsewhere.
constexpr const Action& action_named(std::string_view name) {
  std::size_t at = 0;
  while (kActions.at(at).name != name) ++at;
  return kActions[at];
}

}  // namespace mercury::analysis::rules
// clang-format on
"""


def _cpp_lines(rules: Json) -> Iterator[str]:
    for name, row in rules["thresholds"].items():
        yield f"// {row['unit']}: {row['doc']}."
        yield f"inline constexpr std::uint64_t {_constant(name)} = {_number(row['value'])};"
    yield ""
    for name, value in rules["constants"].items():
        yield f"inline constexpr std::uint32_t {_constant(name)} = {value};"
    yield ""
    yield f"inline constexpr std::array<Severity, {len(rules['severities'])}> kSeverities{{{{"
    for row in rules["severities"]:
        yield f'  {{"{row["name"]}", {row["halves"]}, {row["penalty"]}, {row["delete_penalty"]}}},'
    yield "}};"
    for name, scale in rules["score"].items():
        steps = ", ".join(f"{{{_number(bound)}, {points}}}" for bound, points in scale["steps"])
        constant = _constant(name)
        yield f"\n// {scale['unit']}"
        yield f"inline constexpr std::array<Step, {len(scale['steps'])}> {constant}Steps{{{{{steps}}}}};"
        yield f"inline constexpr Scale {constant}{{{scale['max']}, {constant}Steps, {scale['else']}}};"
    grades = ", ".join(f'{{"{name}", {score}}}' for name, score in rules["grades"])
    yield f"\ninline constexpr std::array<Grade, {len(rules['grades'])}> kGrades{{{{{grades}}}}};"
    yield "\n// By model::Operation less one."
    yield f"inline constexpr std::array<Limits, {len(rules['operations'])}> kOperations{{{{"
    for name, row in rules["operations"].items():
        yield f'  {{"{name}", ' + ", ".join(str(row[key]) for key in LIMITS) + "},"
    yield "}};"
    yield ""
    yield f"inline constexpr std::array<Action, {len(rules['actions'])}> kActions{{{{"
    yield from _cpp_rows(rules["actions"], ("code", "text", "read"))
    yield "}};"
    yield "\n// By model::FindingKind."
    yield f"inline constexpr std::array<Lesson, {len(rules['lessons'])}> kLessons{{{{"
    yield from _cpp_rows(rules["lessons"], ("title", "what", "why"))
    yield "}};"


def _cpp_rows(rows: Json, keys: tuple[str, ...]) -> Iterator[str]:
    for name, row in rows.items():
        yield f'  {{"{name}",'
        for key in keys:
            lines = [_cpp_text(piece) for piece in _pieces(row[key], 100)] or ['""']
            yield "\n".join(f"   {line}" for line in lines) + ("}," if key == keys[-1] else ",")


def _constant(name: str) -> str:
    return "k" + "".join(word.capitalize() for word in name.split("_"))


def _number(value: int) -> str:
    return f"{value:_}".replace("_", "'")


def _cpp_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
