"""Write a result as text for a terminal or an assertion's message: figures, limits, and each finding as a lesson."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mercury_client.reference import Finding
from mercury_client.reference.rules import ACTIONS, LESSONS

from ..wording import finding_text, place_text, short_path

if TYPE_CHECKING:
    from .result import MonitorResult

__all__ = ["lesson", "report", "wants_colour"]

WIDTH = 78
_RED, _GREEN, _YELLOW, _BOLD, _RESET = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[0m"


def wants_colour(stream: Any, environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether a stream is a terminal and neither NO_COLOR nor MERCURY_NO_COLOR is set and not empty."""
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR") or environ.get("MERCURY_NO_COLOR"):
        return False
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def report(result: MonitorResult, colour_for: Any = None) -> str:
    """Return the whole report; ``colour_for``: the stream it is meant for, None for plain text."""
    with result.said():
        return _report(result, colour_for)


def _report(result: MonitorResult, colour_for: Any) -> str:
    colour = wants_colour(colour_for)

    def paint(text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if colour else text

    lines = ["=" * WIDTH, paint("MERCURY PERFORMANCE REPORT", _BOLD), "=" * WIDTH]
    if result.test_name:
        lines.append(f"Test      {result.test_name}")
    if result.test_location:
        lines.append(f"Place     {result.test_location}")
    if result.name:
        lines.append(f"Block     {result.name}")
    if result.exception is not None:
        lines.append(f"Ended by  {type(result.exception).__name__}; the figures are those until then")
    lines += ["", *_figures(result)]
    if result.failures:
        lines += ["", paint("FAILURES", _RED)]
        lines += [f"  {sentence}" for sentence in result.failures]
    if result.warnings:
        lines += ["", paint("WARNINGS", _YELLOW)]
        lines += [f"  {sentence}" for sentence in result.warnings]
    if result.findings:
        lines += ["", paint("FINDINGS, the most expensive one first", _BOLD)]
        for number, finding in enumerate(result.findings, 1):
            lines += [f"{number}. {_head(finding)}", *(f"   {line}" for line in lesson(finding)), ""]
        lines.pop()
    else:
        lines += ["", paint("No N+1 queries and nothing else found.", _GREEN)]
    lines.append("=" * WIDTH)
    return "\n".join(lines)


def _figures(result: MonitorResult) -> list[str]:
    limits = result.thresholds

    def line(what: str, value: str, limit: str, unit: str = "") -> str:
        known = limits.get(limit)
        shown = f"limit {known:g}{unit}" if known is not None else "no limit"
        return f"{what:<14}{value:>14}   {shown}"

    lines = [
        line("Response time", f"{result.response_time_ms:.2f} ms", "response_time_ms", " ms"),
        line("Query count", str(result.query_count), "query_count"),
        f"{'In SQL':<14}{f'{result.db_time_ms:.2f} ms':>14}",
        line("N+1 queries", str(len(result.loops)), "n_plus_one_threshold", " calls"),
    ]
    how = "allocated" if result.memory_traced else "growth of the process"
    if limits.get("memory_mb") is not None or result.memory_traced:
        lines.append(line("Memory", f"{result.memory_mb:.1f} MB", "memory_mb", " MB") + f", {how}")
    ratio = result.cache_hit_ratio
    if ratio is not None:
        lines.append(f"{'Cache hits':<14}{f'{ratio:.0%}':>14}   {result.cache_hits + result.cache_misses} look-ups")
    if result.score is not None:
        lines.append(f"{'Grade':<14}{result.score.grade:>14}   {result.score.value} of 100 points")
    if result.used_defaults:
        lines.append("The limits are the defaults: monitor(response_time_ms=..., query_count=...) sets others.")
    return lines


def _head(finding: Finding) -> str:
    mark = f"{finding.level.upper()} " if not finding.ignored else "IGNORED "
    return mark + finding_text(finding)


def lesson(finding: Finding) -> list[str]:
    """Return what happened, why it matters and what to try, a line each."""
    about = LESSONS[finding.kind]
    suggestion = finding.suggestion
    if finding.ignored:
        return [f"Silenced: {finding.ignored}"]
    lines = [f"What happened:   {about.what}", f"Why it matters:  {about.why}", f"What to try:     {suggestion.text}"]
    for source in finding.sources:
        place = place_text(source.place)
        if place:
            code = f"{short_path(source.place.file)}:{source.place.line}" if source.place.file else ""
            lines.append(f"The rows are of: {place}" + (f", from {code}" if code and code != place else ""))
    if suggestion.code:
        lines.append(f"Code:            {suggestion.code}" + ("   (a template)" if suggestion.is_template else ""))
    if suggestion.edit is not None:
        edit = suggestion.edit
        lines.append(f"Insert it at:    {short_path(edit.file)}:{edit.line}, column {edit.column + 1}")
    action = ACTIONS.get(suggestion.action)
    if action is not None:
        lines.append(f"To read:         {action.read}")
    return lines
