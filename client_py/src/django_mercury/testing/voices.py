"""Say a report document as text: as a lesson for who learns, a line each for who knows, JSON for a program.

``render`` is a pure function of the document. Names that mean the same: student, lesson; expert, line; agent, json.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from . import digest
from .files import write_text

__all__ = ["VOICES", "render", "resolve_voice", "write"]

VOICES: Final = ("lesson", "line", "json")
_ALIASES: Final[Mapping[str, str]] = {"student": "lesson", "expert": "line", "agent": "json"}
WIDTH: Final = 100  # columns of the lesson and the summary; the lines of the other voice are as long as they are
_TESTS_SHOWN: Final = 3

_RED, _GREEN, _YELLOW, _BLUE, _BOLD, _RESET = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"
_COLOURS: Final = {"fail": _RED, "warn": _YELLOW, "notice": _BLUE}


def resolve_voice(name: str) -> str:
    """Return ``lesson``, ``line`` or ``json`` for a voice's name or its other name; ValueError for anything else."""
    voice = _ALIASES.get(name, name)
    if voice not in VOICES:
        allowed = ", ".join([*VOICES, *_ALIASES])
        raise ValueError(f"the voice is {name!r:.80}, it must be one of {allowed}")
    return voice


def render(document: Mapping[str, Any], voice: str, colour: bool = False) -> str:
    """Return the report as text that ends in one line end.

    ``voice``: see ``resolve_voice``, ValueError if there is no such one. ``colour``: with codes of an ANSI terminal;
    JSON never has them. Control characters of the tests' own texts are replaced.
    """
    voice = resolve_voice(voice)
    if voice == "json":
        return as_json(document)
    paint = _Paint(colour)
    lines = [*(_lesson if voice == "lesson" else _line)(document, paint), *_summary(document, paint)]
    return "\n".join(lines) + "\n"


def as_json(document: Mapping[str, Any]) -> str:
    """Return the document as ASCII; equal documents give equal texts."""
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def write(document: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write the document as a JSON file, all of it or nothing; OSError that names the path if it can not be."""
    write_text(path, as_json(document))


# ------------------------------------------------------------------------------------------------ text
class _Paint:
    """Colour text, or leave it as it is."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if self._colour and code else text

    def level(self, text: str, one: Mapping[str, Any]) -> str:
        return self(text, "" if one["ignored"] else _COLOURS[one["level"]])


def _plain(text: str) -> str:
    """Return text on one line, without characters that would steer a terminal."""
    return "".join(one if one.isprintable() else " " if one.isspace() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def _wrapped(label: str, text: str, indent: int) -> Iterator[str]:
    """Break a labelled text at spaces; what has none, like an address, keeps its length."""
    lead = " " * indent + (f"{label:<8}" if label else "")
    line, used = lead, 0
    for word in _plain(text).split():
        if used and _columns(line) + 1 + _columns(word) > WIDTH:
            yield line
            line, used = " " * len(lead), 0
        line += f" {word}" if used else word
        used += 1
    yield line.rstrip()


# ---------------------------------------------------------------------------------------------- lesson
def _lesson(document: Mapping[str, Any], paint: _Paint) -> Iterator[str]:
    """Give each kind of finding once with what it is, and then where it is."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for one in digest.all_findings(document):
        by_kind.setdefault(one["kind"], []).append(one)
    for kind, findings in by_kind.items():
        live = digest.active(findings)
        first = findings[0]
        silenced = len(findings) - len(live)
        count = f"{len(live)}" + (f", and {silenced} ignored" if silenced else "")
        yield paint(f"{_plain(first['title'])} ({count})", _BOLD)
        yield from _wrapped("What", first["what"], 2)
        yield from _wrapped("Why", first["why"], 2)
        if kind in digest.HOW:
            yield from _wrapped("Mend it", digest.HOW[kind], 2)
        for address in sorted({one["suggestion"]["read"] for one in findings} - {""}):
            yield from _wrapped("Read", address, 2)
        yield ""
        for number, one in enumerate(findings, 1):
            yield from _finding(number, one, paint)
        yield ""


def _finding(number: int, one: Mapping[str, Any], paint: _Paint) -> Iterator[str]:
    where = "  ".join(filter(None, (one["place"], one["relation"])))
    head = f"{digest.level_text(one)}: {digest.numbers(one)}" + (", likely" if one["likely"] else "")
    yield f"  {number}. {paint.level(head, one)}" + (f"  {_plain(where)}" if where else "")
    if one["ignored"]:
        yield from _wrapped("Ignored", one["ignored"], 5)
    else:
        suggestion = one["suggestion"]
        yield from _wrapped("Try", suggestion["text"], 5)
        if suggestion["code"]:
            code = _plain(suggestion["code"])
            yield f"     Code    {code}" + ("   (adapt it)" if suggestion["is_template"] else "")
        edit = suggestion["edit"]
        if edit:
            yield f"     Insert  at {_plain(edit['file'])}:{edit['line']}, column {edit['column'] + 1}"
        for source in one["sources"]:
            if source["place"]:
                code = f"{source['file']}:{source['line']}" if source["file"] else ""
                more = f", from {code}" if code and code != source["place"] else ""
                yield f"     Rows    of {_plain(source['place'] + more)}"
    for label, names in (("Seen in", one.get("routes", [])), ("Tests", one.get("tests", []))):
        if names:
            yield from _wrapped(label, _few(names), 5)


def _few(names: Sequence[str]) -> str:
    left = len(names) - _TESTS_SHOWN
    return ", ".join(names[:_TESTS_SHOWN]) + (f" and {left} more" if left > 0 else "")


# ------------------------------------------------------------------------------------------------ line
def _line(document: Mapping[str, Any], paint: _Paint) -> Iterator[str]:
    """Give a line for each test, and one for each of its findings below it."""
    for test in document["tests"]:
        findings = digest.findings_of_test(test)
        parts = [f"{test['file']}:{test['line']} {_name(test)}" if test["file"] else test["id"]]
        if test["outcome"] != "passed":
            parts.append(test["outcome"].upper())
        parts.append(digest.plural(test["query_count"], "query"))
        parts.append(digest.ms(test["timing"]["duration_ms"]))
        worst = min((unit["timing"] for unit in test["units"] if unit["timing"]["grade"]), key=_points, default=None)
        if worst:
            parts.append(worst["grade"])
        if findings:
            parts.append(digest.plural(len(findings), "finding"))
        yield _plain("  ".join(parts))
        for failure in (*test["failures"], *test["timing"]["failures"]):
            yield f"  {paint('over', _RED)}  {_plain(digest.failure_text(failure))}"
        for one in findings:
            said = (f"{one['title']}: {digest.numbers(one)}", one["place"], one["relation"], one["suggestion"]["code"])
            text = _plain("  ".join(filter(None, said)))
            yield f"  {paint.level(one['level'], one)}  {text}"
    yield ""


def _points(timing: Mapping[str, Any]) -> int:
    return 101 if timing["score"] is None else int(timing["score"])


def _name(test: Mapping[str, Any]) -> str:
    """Return a test's name without its file."""
    name = str(test["id"])
    return name.removeprefix(f"{test['file']}::") if test["file"] else name


# --------------------------------------------------------------------------------------------- summary
def _summary(document: Mapping[str, Any], paint: _Paint) -> Iterator[str]:
    summary = document["summary"]
    outcomes = [f"{summary[name]} {name}" for name in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")]
    yield paint("Mercury", _BOLD)
    said = [one for one in outcomes if not one.startswith("0 ")]
    yield from _wrapped("tests", f"{summary['tests']:,}" + (f" ({', '.join(said)})" if said else ""), 2)
    yield from _wrapped("units", f"{summary['units']:,}", 2)
    yield from _wrapped("queries", f"{summary['query_count']:,}", 2)
    kinds = digest.kinds(document)
    ignored = sum(bool(one["ignored"]) for one in digest.all_findings(document))
    found = [f"{title}: {count}" for title, count in kinds.items()] + ([f"ignored: {ignored}"] if ignored else [])
    if kinds:
        yield from _wrapped("found", f"{sum(kinds.values())} ({', '.join(found)})", 2)
    else:
        nothing = "nothing" + (f", {ignored} ignored" if ignored else "")
        yield f"  {'found':<8}{paint(nothing, _GREEN)}"
    worst = digest.worst_units(document)
    if worst:
        yield "  worst units"
        rows = []
        for test, unit in worst:
            timing = unit["timing"]
            score = "" if timing["score"] is None else str(timing["score"])
            count, time = digest.plural(unit["query_count"], "query"), digest.ms(timing["response_time_ms"])
            rows.append((timing["grade"], score, count, time, digest.route(unit), test["id"]))
        widths = [max(len(row[at]) for row in rows) for at in range(4)]
        for row in rows:
            grade, *figures = row[:4]
            right = "  ".join(f"{value:>{width}}" for value, width in zip(figures, widths[1:], strict=True))
            yield f"    {grade:<{widths[0]}} {right}  " + _plain(f"{row[4]}  in {row[5]}" if row[5] else row[4])
    for number, rule in digest.unmatched_rules(document):
        yield from _wrapped("", digest.rule_text(number, rule), 2)
