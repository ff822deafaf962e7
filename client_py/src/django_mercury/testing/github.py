"""Say a report document to GitHub: annotations at lines of code, and the summary page of a step.

GitHub shows at most ten errors, ten warnings and ten notices of a step, so no more are made. Whatever a test or a
statement is called, it can not end a command or begin one: texts are escaped as the runner unescapes them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from . import digest

__all__ = ["annotations", "step_summary"]

SHOWN_MAX: Final = 10  # of each command
ROWS_MAX: Final = 50  # of a table of the summary
_COMMANDS: Final = {"fail": "error", "warn": "warning", "notice": "notice"}


def annotations(document: Mapping[str, Any]) -> list[str]:
    """Return the lines to print: a workflow command for each finding, and if some are left, how many, as plain text.

    A finding without a line of code stands at the first test that saw it.
    """
    lines: list[str] = []
    left: list[str] = []
    findings = digest.active(digest.all_findings(document))
    for level, command in _COMMANDS.items():
        of_level = [one for one in findings if one["level"] == level]
        lines += [_command(command, document, one) for one in of_level[:SHOWN_MAX]]
        if len(of_level) > SHOWN_MAX:
            left.append(digest.plural(len(of_level) - SHOWN_MAX, f"more {command}"))
    if left:
        lines.append(f"Mercury: {', '.join(left)}; GitHub shows {SHOWN_MAX} of each, the report has all")
    return lines


def _command(command: str, document: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    file, line = digest.home(document, one)
    properties = {"file": file, "line": str(line) if file and line else "", "title": f"Mercury: {one['title']}"}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{command} {said}::{_data(_message(one))}"


def _message(one: Mapping[str, Any]) -> str:
    lines = [digest.numbers(one) + digest.where(one), one["suggestion"]["text"]]
    edit = one["suggestion"]["edit"]
    if edit:
        lines.append(f"Insert {edit['insert'].strip()} at {edit['file']}:{edit['line']}, column {edit['column'] + 1}.")
    routes = one.get("routes") or one.get("tests") or []
    if routes:
        lines.append(f"Seen in {_few(routes)}.")
    return "\n".join(lines)


def _few(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _data(text: str) -> str:
    """Escape the message of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape the value of a property of a command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# ---------------------------------------------------------------------------------------- step summary
def step_summary(document: Mapping[str, Any]) -> str:
    """Return Markdown for ``$GITHUB_STEP_SUMMARY``; well below the 1 MiB that GitHub takes."""
    summary = document["summary"]
    findings = digest.active(digest.all_findings(document))
    ignored = sum(bool(one["ignored"]) for one in digest.all_findings(document))
    kinds = digest.kinds(document)
    said = ", ".join(f"{_text(title)}: {count}" for title, count in kinds.items()) or "nothing found"
    lines = [
        "## Mercury",
        "",
        f"{digest.plural(summary['tests'], 'test')}, {digest.plural(summary['units'], 'unit')}, "
        f"{digest.plural(summary['query_count'], 'query')}: **{said}**" + (f", {ignored} ignored." if ignored else "."),
    ]
    if findings:
        lines += ["", "| level | finding | numbers | place | what to write |", "|---|---|---|---|---|"]
        for one in findings[:ROWS_MAX]:
            place = "<br>".join(_code(part) for part in (one["place"], one["relation"]) if part)
            place = place or _code(_few(one.get("routes", ())))
            cells = (one["level"], _text(one["title"]), digest.numbers(one), place, _code(one["suggestion"]["code"]))
            lines.append(f"| {' | '.join(cells)} |")
        if len(findings) > ROWS_MAX:
            lines += ["", f"{len(findings) - ROWS_MAX} more findings are in the report."]
    over = [(test, one) for test in document["tests"] for one in (*test["failures"], *test["timing"]["failures"])]
    if over:
        lines += ["", "| test | over its limit |", "|---|---|"]
        lines += [f"| {_code(test['id'])} | {_text(digest.failure_text(one))} |" for test, one in over[:ROWS_MAX]]
        if len(over) > ROWS_MAX:
            lines += ["", f"{len(over) - ROWS_MAX} more are in the report."]
    worst = digest.worst_units(document)
    if worst:
        lines += ["", "| worst units | grade | queries | time | test |", "|---|---|--:|--:|---|"]
        for test, unit in worst:
            timing = unit["timing"]
            queries, time = f"{unit['query_count']:,}", digest.ms(timing["response_time_ms"])
            row = (_code(digest.route(unit)), timing["grade"], queries, time, _code(test["id"]))
            lines.append(f"| {' | '.join(row)} |")
    for number, rule in digest.unmatched_rules(document):
        lines += ["", _text(digest.rule_text(number, rule))]
    return "\n".join(lines) + "\n"


_SPECIAL: Final = {ord(one): f"&#{ord(one)};" for one in "&<>|`*_[]()#!~\\@"} | {10: " ", 13: " "}


def _text(text: str) -> str:
    """Escape text in Markdown so that none of it is markup."""
    return text[:500].translate(_SPECIAL)


def _code(text: str) -> str:
    """Return text as code in a table's cell; "" for none."""
    return f"<code>{_text(text)}</code>" if text else ""
