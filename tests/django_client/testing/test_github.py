"""Annotations and step summary, read back as GitHub's runner reads them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from django_mercury.testing import digest
from django_mercury.testing.github import annotations, step_summary
from support.reports import HOSTILE, empty_report, hostile_report, large_report

PROPERTIES = {"file", "line", "endLine", "col", "endColumn", "title"}


def unescape(text: str, codes: dict[str, str]) -> str:
    """Undo the percent codes of a workflow command; a percent sign that begins none of them is a fault."""

    def one(match: re.Match[str]) -> str:
        return codes[match[0]]

    return re.sub("%.{0,2}", one, text)


DATA = {"%25": "%", "%0D": "\r", "%0A": "\n"}


def parse(line: str) -> tuple[str, dict[str, str], str]:
    """Read one workflow command as its documentation defines it: ``::name key=value,…::message``."""
    assert "\n" not in line and "\r" not in line
    match = re.fullmatch(r"::(error|warning|notice) (.*?)::(.*)", line)
    assert match, line
    properties: dict[str, str] = {}
    for pair in match[2].split(","):
        key, equals, value = pair.partition("=")
        assert equals and key in PROPERTIES and key not in properties and ":" not in value, pair
        properties[key] = unescape(value, DATA | {"%3A": ":", "%2C": ","})
    return match[1], properties, unescape(match[3], DATA)


def test_each_finding_is_a_command_at_its_line(report: dict[str, Any]) -> None:
    live = digest.active(digest.all_findings(report))
    commands = [parse(line) for line in annotations(report) if line.startswith("::")]
    names = [name for name, _, _ in commands]
    for level, name in (("fail", "error"), ("warn", "warning"), ("notice", "notice")):
        assert names.count(name) == min(10, sum(one["level"] == level for one in live))
    loop = next(one for one in commands if "40 calls" in one[2] and "shop.Book.author" in one[2])
    assert loop[0] == "error"
    assert loop[1] == {"file": "tests/bookshop/shop/views.py", "line": "55", "title": "Mercury: N+1 queries"}
    assert re.match(r"40 calls, [\d.]+ ms at shop/books_naive\.html:3 \(shop\.Book\.author\)\nFetch author", loop[2])
    many = next(one for one in commands if one[1]["title"] == "Mercury: Too many queries")
    assert many[1]["file"].startswith("tests/shop/test_") and int(many[1]["line"]) > 0
    assert not any("publisher" in message for _, _, message in commands)  # they are silenced


def test_ten_of_each_and_how_many_are_left(report: dict[str, Any]) -> None:
    for number in range(40):
        for level in ("fail", "warn", "notice"):
            one = {**report["findings"][0], "id": f"{number:016x}", "level": level, "ignored": ""}
            report["findings"].append(one)
    lines = annotations(report)
    commands = [parse(line)[0] for line in lines[:-1]]
    assert len(lines) == 31
    assert [commands.count(name) for name in ("error", "warning", "notice")] == [10, 10, 10]
    assert re.fullmatch(
        r"Mercury: \d+ more errors, \d+ more warnings, \d+ more notices; GitHub shows 10 of each, the report has all",
        lines[-1],
    )


def test_hostile_texts_stay_texts(report: dict[str, Any]) -> None:
    lines = annotations(hostile_report(report))
    commands = [parse(line) for line in lines if line.startswith("::")]
    assert commands
    for _, properties, message in commands:
        assert properties["title"].endswith(HOSTILE)
        assert HOSTILE in message


def test_nothing_for_a_run_without_findings() -> None:
    assert annotations(empty_report()) == []
    assert "nothing found" in step_summary(empty_report())


@pytest.mark.parametrize("hostile", [False, True])
def test_the_step_summary_is_a_page_of_whole_tables(report: dict[str, Any], hostile: bool) -> None:
    text = step_summary(hostile_report(report) if hostile else report)
    columns = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            columns = 0
            continue
        here = line.count("|")
        assert columns in (0, here), line
        columns = here
    assert set(re.findall("<[^>]*>", text)) <= {"<code>", "</code>", "<br>"}
    assert not re.search(r"[`\\~]", text) and "script>alert" not in text
    assert "16 tests, 19 units, " in text


def test_the_step_summary_of_a_large_run_is_small(report: dict[str, Any]) -> None:
    assert len(step_summary(large_report(report, 2000)).encode()) < 100_000
    worst = hostile_report(report)
    worst["findings"] = [{**worst["findings"][0], "id": f"{number:016x}"} for number in range(3000)]
    assert len(step_summary(worst).encode()) < 1 << 20
