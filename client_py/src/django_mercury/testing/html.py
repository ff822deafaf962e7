"""Write a report document as one HTML file that asks the network for nothing and needs no JavaScript to be read.

Style and script are ``report.css`` and ``report.js`` beside this file; the page holds both, and its policy allows just
these two texts, by their hashes. All of a test stands in one row of a table, in a ``<details>`` that a browser lays
out when it is opened, so thousands of tests stay quick.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Final

from . import digest
from .files import write_text

__all__ = ["html", "write_html"]

LINKS_MAX: Final = 12  # tests that a finding names
TITLE_CHARACTERS_MAX: Final = 300  # of SQL in a hover title
LANE: Final = 1000  # width of a timeline in its own units
MARK_MIN: Final = 3  # the narrowest mark of a call on it
_GRADE_LOOKS: Final = {"S": "good", "A+": "good", "A": "good", "B": "", "C": "warn", "D": "warn", "F": "fail"}
_OUTCOME_LOOKS: Final = {"passed": "good", "failed": "fail", "error": "fail", "xpassed": "warn"}
# Control characters, and those that turn the direction of what follows.
_UNPRINTABLE: Final = dict.fromkeys(
    (*range(9), 11, 12, *range(14, 32), *range(127, 160), 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F),
     *range(0x2066, 0x206A)), "\N{REPLACEMENT CHARACTER}"
)  # fmt: skip


def html(document: Mapping[str, Any]) -> str:
    """Return the page of a report; ``document`` is what ``record.document`` makes."""
    return "".join(_page(document))


def write_html(document: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write the page to a file, all of it or nothing; OSError that names the path if it can not be written."""
    write_text(path, html(document))


@cache
def _part(name: str) -> tuple[str, str]:
    """Return a file that stands beside this one, and its hash for the policy."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return text, "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _e(value: object) -> str:
    """Escape a text for the inside of an element or of a quoted attribute."""
    return escape(str(value).translate(_UNPRINTABLE))


def _tag(text: str, looks: str) -> str:
    return f'<span class="tag {looks}">{_e(text)}</span>'


# ---------------------------------------------------------------------------------------------- page
def _page(document: Mapping[str, Any]) -> Iterator[str]:
    style, style_hash = _part("report.css")
    script, script_hash = _part("report.js")
    policy = f"default-src 'none'; style-src '{style_hash}'; script-src '{script_hash}'; base-uri 'none'"
    numbers = {test["id"]: number for number, test in enumerate(document["tests"], 1)}
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}; form-action \'none\'">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
    yield f"<title>Mercury: {_e(_headline(document))}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    yield from _head(document)
    yield "<main>\n"
    yield from _findings(document, numbers)
    yield from _worst(document, numbers)
    yield from _tests(document, numbers)
    yield from _rules(document)
    yield "</main>\n"
    yield f"<footer>Mercury {_e(document['tool']['version'])}, report schema {_e(document['schema_version'])}. "
    yield "Times depend on the machine; numbers of queries do not.</footer>\n"
    yield f"<script>{script}</script>\n</body>\n</html>\n"


def _headline(document: Mapping[str, Any]) -> str:
    found = len(digest.active(digest.all_findings(document)))
    if not document["tests"]:
        return "no test was measured"
    tests = digest.plural(document["summary"]["tests"], "test")
    return f"{digest.plural(found, 'finding')} in {tests}" if found else f"nothing found in {tests}"


def _head(document: Mapping[str, Any]) -> Iterator[str]:
    run, summary = document["run"], document["summary"]
    about = [run["started"].replace("T", " ")] if run["started"] else []
    if run["duration_ms"]:
        about.append(f"{run['duration_ms'] / 1000:,.1f} s")
    if run["engine"]:
        about.append("judged by the " + {"reference": "reference engine"}.get(run["engine"], run["engine"]))
    if run["id"]:
        about.append(f"run {run['id']}")
    yield f'<header>\n<div class="head"><h1>Mercury</h1><span>{_e(_headline(document))}</span>'
    yield f'<span class="muted">{_e(", ".join(about))}</span></div>\n<dl class="figures">\n'
    outcomes = (
        f"{summary[name]:,} {name}"
        for name in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
        if summary[name]
    )
    yield _figure("Tests", f"{summary['tests']:,}", outcomes)
    yield _figure("Units", f"{summary['units']:,}", ["requests, tasks, blocks"])
    per_test = summary["query_count"] / summary["tests"] if summary["tests"] else 0
    yield _figure("Queries", f"{summary['query_count']:,}", [f"{per_test:,.1f} a test"])
    kinds = digest.kinds(document)
    all_findings = digest.all_findings(document)
    said = [f"{title} {count}" for title, count in kinds.items()]
    ignored = len(all_findings) - len(digest.active(all_findings))
    yield _figure("Findings", f"{sum(kinds.values()):,}", [*said, *([f"ignored {ignored}"] if ignored else [])])
    yield f'<div><dt>Grades of units</dt><dd class="grades">{_grades(document)}</dd></div>\n</dl>\n</header>\n'


def _figure(name: str, value: str, notes: Iterable[str]) -> str:
    small = "".join(f"<small>{_e(note)}</small>" for note in notes)
    return f"<div><dt>{_e(name)}</dt><dd>{_e(value)}{small}</dd></div>\n"


def _grades(document: Mapping[str, Any]) -> str:
    counts = digest.grades(document)
    most = max(counts.values(), default=0) or 1
    out = []
    for grade, count in counts.items():
        height = round(count / most * 22) or (1 if count else 0)
        bar = f'<rect x="2" y="{24 - height}" width="20" height="{height}"/>' if count else ""
        base = '<rect x="0" y="23" width="24" height="1"/>'
        picture = f'<svg viewBox="0 0 24 24" preserveAspectRatio="none" aria-hidden="true">{bar}{base}</svg>'
        out.append(f'<div class="{_GRADE_LOOKS.get(grade, "")}">{picture}<b>{_e(grade)}</b><br>{count:,}</div>')
    return "".join(out)


# ------------------------------------------------------------------------------------------ findings
def _findings(document: Mapping[str, Any], numbers: Mapping[str, int]) -> Iterator[str]:
    findings = digest.all_findings(document)
    if not document["tests"]:
        return
    live = digest.active(findings)
    yield '<section aria-labelledby="findings-title">\n<h2 id="findings-title">What was found</h2>\n'
    if not live:
        yield '<p class="none">Nothing: no query ran in a loop, and nothing else was over its limit.</p>\n'
    if findings:
        yield '<div class="findings">\n'
        for one in findings:
            yield from _finding(one, numbers, f' id="f-{_e(one["id"])}"')
        yield "</div>\n"
    yield "</section>\n"


def _finding(one: Mapping[str, Any], numbers: Mapping[str, int], id: str = "") -> Iterator[str]:
    suggestion = one["suggestion"]
    looks = "" if one["ignored"] else one["level"]
    relation = f"<small>{_e(one['relation'])}</small>" if one["relation"] else ""
    place = one["place"] or _shortest(one.get("routes", ()))
    yield f'<details class="finding{" quiet" if one["ignored"] else ""}"{id}><summary>'
    yield _tag(digest.level_text(one), looks)
    likely = ' <span class="muted">likely</span>' if one["likely"] else ""
    yield f"<span><b>{_e(one['title'])}</b> {_e(digest.numbers(one))}{likely}</span>"
    yield f'<span class="place mono">{_e(place)}{relation}</span><code>{_e(suggestion["code"])}</code></summary>'
    yield '<div class="body"><dl>'
    if one["ignored"]:
        yield _row("Ignored", _e(one["ignored"]))
    yield _row("What happened", _e(one["what"]))
    yield _row("Why it matters", _e(one["why"]))
    yield _row("What to try", _e(suggestion["text"]))
    if suggestion["code"]:
        adapt = '<span class="muted">to be adapted</span>' if suggestion["is_template"] else ""
        yield _row("Code", f"<pre>{_e(suggestion['code'])}</pre>{adapt}")
    edit = suggestion["edit"]
    if edit:
        text = f"<code>{_e(edit['insert'].strip())}</code>"
        yield _row("Insert", f"{text} at <code>{_e(edit['file'])}:{edit['line']}</code>, column {edit['column'] + 1}")
    where = _place(one["trigger"])
    if where:
        yield _row("Place", where)
    sources = [_place(source) for source in one["sources"]]
    if any(sources):
        yield _row("Rows are of", "<br>".join(filter(None, sources)))
    if one["timing"]["saving_ms"]:
        yield _row("Time lost", _e(digest.ms(one["timing"]["saving_ms"])))
    if one.get("routes"):
        yield _row("Seen in", _few([f"<code>{_e(route)}</code>" for route in one["routes"]]))
    if one.get("tests"):
        tests = (
            f'<a href="#t{numbers[test]}">{_e(test)}</a>' if test in numbers else _e(test) for test in one["tests"]
        )
        yield _row("Tests", _few(list(tests)))
    if suggestion["read"]:
        yield _row("To read", f'<a href="{_e(suggestion["read"])}" rel="noreferrer">{_e(suggestion["read"])}</a>')
    yield "</dl></div></details>\n"


def _row(name: str, content: str) -> str:
    return f"<dt>{name}</dt><dd>{content}</dd>"


def _few(parts: Sequence[str]) -> str:
    left = len(parts) - LINKS_MAX
    return ", ".join(parts[:LINKS_MAX]) + (f" and {left:,} more" if left > 0 else "")


def _shortest(routes: Sequence[str]) -> str:
    """Return the first of some routes, and how many more there are."""
    return routes[0] + (f" and {len(routes) - 1} more" if len(routes) > 1 else "") if routes else ""


def _place(place: Mapping[str, Any]) -> str:
    """Return all that is known of a place, the most telling first."""
    parts = []
    if place["template"]:
        parts.append(f"template <code>{_e(place['template'])}:{place['template_line']}</code>")
    if place["field"]:
        parts.append(f"serializer field <code>{_e(place['field'])}</code>")
    if place["column"]:
        parts.append(f"admin column <code>{_e(place['column'])}</code>")
    if place["file"]:
        function = f" in <code>{_e(place['function'])}</code>" if place["function"] else ""
        parts.append(f"<code>{_e(place['file'])}:{place['line']}</code>{function}")
    if place["view"]:
        parts.append(f"view <code>{_e(place['view'])}</code>")
    return ", ".join(parts)


# --------------------------------------------------------------------------------------------- tests
def _worst(document: Mapping[str, Any], numbers: Mapping[str, int]) -> Iterator[str]:
    worst = digest.worst_units(document)
    if len(worst) < 2:
        return
    yield '<section aria-labelledby="worst-title">\n<h2 id="worst-title">Worst units</h2>\n'
    yield '<table class="worst">\n<thead><tr>'
    yield '<th scope="col">Unit</th><th scope="col">Grade</th><th scope="col" class="n">Queries</th>'
    yield '<th scope="col" class="n">Time</th><th scope="col">Test</th></tr></thead>\n<tbody>\n'
    for test, unit in worst:
        timing = unit["timing"]
        yield f'<tr><td><a href="#t{numbers[test["id"]]}"><code>{_e(digest.route(unit))}</code></a></td>'
        yield f"<td>{_grade(timing)}</td>"
        yield f'<td class="n">{unit["query_count"]:,}</td><td class="n">{digest.ms(timing["response_time_ms"])}</td>'
        yield f"<td>{_e(test['id'])}</td></tr>\n"
    yield "</tbody>\n</table>\n</section>\n"


def _grade(timing: Mapping[str, Any]) -> str:
    if not timing["grade"]:
        return ""
    tag = _tag(timing["grade"], _GRADE_LOOKS.get(timing["grade"], ""))
    return f'<span class="grade">{tag} {timing["score"]}</span>'


def _tests(document: Mapping[str, Any], numbers: Mapping[str, int]) -> Iterator[str]:
    yield '<section aria-labelledby="tests-title">\n<h2 id="tests-title">Tests</h2>\n'
    if not document["tests"]:
        yield '<p class="muted">No test was measured.</p>\n</section>\n'
        return
    yield '<div class="tools"><label for="filter">Filter</label><input id="filter" type="search" autocomplete="off" '
    yield 'placeholder="name, file, route, N+1, failed …"><span id="shown" class="muted" role="status"></span></div>\n'
    yield '<div class="wide"><table class="tests" id="tests">\n<thead><tr>'
    yield '<th scope="col" data-sort="text">Test</th><th scope="col" data-sort="text">Outcome</th>'
    yield '<th scope="col" class="n" data-sort="number">Units</th>'
    yield '<th scope="col" class="n" data-sort="number">Queries</th>'
    yield '<th scope="col" class="n" data-sort="number">Time</th>'
    yield '<th scope="col" data-sort="number" data-first="ascending">Grade</th>'
    yield '<th scope="col" class="n" data-sort="number">Findings</th></tr></thead>\n<tbody>\n'
    for test in document["tests"]:
        yield from _test(test, numbers)
    yield "</tbody>\n</table></div>\n</section>\n"


def _test(test: Mapping[str, Any], numbers: Mapping[str, int]) -> Iterator[str]:
    findings = digest.findings_of_test(test)
    words = {digest.route(unit) for unit in test["units"]}
    words |= {part for one in findings for part in (one["title"], one["kind"], one["level"], one["place"])}
    yield f'<tr data-words="{_e(" ".join(sorted(words)))}"><td><details><summary>{_e(test["id"])}'
    if test["file"]:
        place = "line " if test["id"].startswith(test["file"]) else f"{test['file']}:"
        yield f' <span class="file">{_e(place)}{test["line"]}</span>'
    yield f'</summary><div class="units" id="t{numbers[test["id"]]}">'
    for failure in (*test["failures"], *test["timing"]["failures"]):
        yield f'<p class="over">{_e(digest.failure_text(failure))}</p>'
    for unit in test["units"]:
        yield from _unit(unit, numbers)
    duration = test["timing"]["duration_ms"]
    scored = [unit["timing"] for unit in test["units"] if unit["timing"]["score"] is not None]
    worst = min(scored, key=lambda timing: timing["score"], default=None)
    levels = [one["level"] for one in findings]
    weight = sum(10 ** (6 - 3 * digest.LEVELS.index(level)) for level in levels)
    tag = _tag(str(len(levels)), levels[0]) if levels else '<span class="muted">0</span>'
    yield f"</div></details></td><td>{_tag(test['outcome'], _OUTCOME_LOOKS.get(test['outcome'], ''))}</td>"
    yield f'<td class="n">{len(test["units"])}</td>'
    yield f'<td class="n" data-value="{test["query_count"]}">{test["query_count"]:,}</td>'
    yield f'<td class="n" data-value="{duration}">{digest.ms(duration)}</td>'
    yield f'<td data-value="{worst["score"] if worst else 101}">{_grade(worst) if worst else ""}</td>'
    yield f'<td class="n" data-value="{weight}">{tag}</td></tr>\n'


def _unit(unit: Mapping[str, Any], numbers: Mapping[str, int]) -> Iterator[str]:
    timing = unit["timing"]
    about = [str(unit["status"])] if unit["status"] else []
    about += [unit["operation"]] if unit["operation"] else []
    about += [digest.plural(unit["query_count"], "query")]
    about += [f"{digest.ms(timing['response_time_ms'])}, {digest.ms(timing['db_time_ms'])} in SQL"]
    looked = unit["cache"]["hits"] + unit["cache"]["misses"]
    about += [f"{unit['cache']['hits']} of {looked} cache look-ups hit"] if looked else []
    about += [f"{timing['memory_mb']:.1f} MB"] if timing.get("memory_mb") else []
    yield f'<section class="unit"><header><h3><code>{_e(digest.route(unit))}</code></h3><span>{_grade(timing)}</span>'
    yield "".join(f'<span class="muted">{_e(part)}</span>' for part in about)
    if unit["exception"]:
        yield _tag(unit["exception"], "fail")
    yield "</header>"
    findings = digest.findings_of_unit(unit)
    if findings:
        yield '<div class="findings">'
        for one in findings:
            yield from _finding(one, numbers)
        yield "</div>"
    if unit["statements"]:
        yield from _statements(unit, findings)
    yield "</section>"


def _statements(unit: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    timing = unit["timing"]
    levels = {one["fingerprint"]: one for one in reversed(findings) if one["fingerprint"] and not one["ignored"]}
    calls: list[list[tuple[float, float]]] = [[] for _ in unit["statements"]]
    end = timing["response_time_ms"]
    for at, start, time in timing["timeline"]:
        calls[at].append((start, time))
        end = max(end, start + time)
    end = end or 1.0
    yield '<table class="statements"><thead><tr><th scope="col" class="n">Calls</th><th scope="col" class="n">Time</th>'
    yield f'<th scope="col" class="axis"><span><i>0</i><i>{digest.ms(end)}</i></span></th>'
    yield '<th scope="col">Statement</th></tr></thead><tbody>'
    for statement, total, own in zip(unit["statements"], timing["statements_ms"], calls, strict=True):
        finding = levels.get(statement["fingerprint"])
        alias = "" if statement["alias"] == "default" else f' <span class="muted">on {_e(statement["alias"])}</span>'
        mark = f" {_tag(finding['title'], finding['level'])}" if finding else ""
        yield f'<tr><td class="n">{statement["count"]:,}</td><td class="n">{digest.ms(total)}</td><td>'
        yield _lane(statement, own, end, finding["level"] if finding else "")
        yield f'</td><td>{_e(statement["summary"])}{alias}{mark}<span class="sql" tabindex="0">'
        yield f"{_e(statement['sql'])}</span></td></tr>"
    yield "</tbody></table>"


def _lane(statement: Mapping[str, Any], calls: Sequence[tuple[float, float]], end: float, looks: str) -> str:
    """Return when a statement's calls ran, as a picture; calls that touch are one mark."""
    marks: list[list[int]] = []
    for start, time in calls:
        left = min(max(round(start / end * LANE), 0), LANE - MARK_MIN)
        right = min(max(round((start + time) / end * LANE), left + MARK_MIN), LANE)
        if marks and left <= marks[-1][1]:
            marks[-1][1] = max(marks[-1][1], right)
        else:
            marks.append([left, right])
    path = "".join(f"M{left} 2h{right - left}v12h-{right - left}z" for left, right in marks)
    sql = statement["sql"]
    sql = sql if len(sql) <= TITLE_CHARACTERS_MAX else sql[: TITLE_CHARACTERS_MAX - 1] + "…"
    when = f"from {calls[0][0]:.1f} to {calls[-1][0] + calls[-1][1]:.1f} ms: " if calls else ""
    title = f"{digest.plural(statement['count'], 'call')} {when}{sql}"
    return (
        f'<svg class="lane {looks}" viewBox="0 0 {LANE} 16" preserveAspectRatio="none" role="img">'
        f'<title>{_e(title)}</title><path d="{path}"/></svg>'
    )


# --------------------------------------------------------------------------------------------- rules
def _rules(document: Mapping[str, Any]) -> Iterator[str]:
    if not document["ignore"]:
        return
    yield '<section aria-labelledby="rules-title">\n<h2 id="rules-title">IGNORE rules</h2>\n<table>\n<thead><tr>'
    yield '<th scope="col" class="n">Rule</th><th scope="col">Silences</th><th scope="col">Reason</th>'
    yield '<th scope="col">Matched</th></tr></thead>\n<tbody>\n'
    for number, one in enumerate(document["ignore"], 1):
        rule = one["rule"]
        what = ", ".join(f"{_e(key)} <code>{_e(value)}</code>" for key, value in rule.items() if key != "reason")
        matched = digest.plural(one["matched"], "finding") if one["matched"] else _tag("nothing", "warn")
        yield f'<tr><td class="n">{number}</td><td>{what}</td><td>{_e(rule.get("reason", ""))}</td>'
        yield f"<td>{matched}</td></tr>\n"
    yield "</tbody>\n</table>\n</section>\n"
