"""The report as text: lesson, line and JSON; and the file that is written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from django_mercury.testing import voices
from django_mercury.testing.files import write_text
from support.reports import UNUSED, empty_report, hostile_report, large_report


def test_names_of_voices() -> None:
    assert [voices.resolve_voice(name) for name in ("student", "expert", "agent")] == ["lesson", "line", "json"]
    assert [voices.resolve_voice(name) for name in voices.VOICES] == list(voices.VOICES)
    with pytest.raises(ValueError, match=r"'poet'.*lesson, line, json, student, expert, agent"):
        voices.resolve_voice("poet")


def test_a_lesson_says_each_kind_once_and_each_finding(report: dict[str, Any]) -> None:
    text = voices.render(report, "student")
    for kind in {one["kind"] for one in report["findings"]}:
        title = next(one["title"] for one in report["findings"] if one["kind"] == kind)
        assert len(re.findall(rf"^{re.escape(title)} \(\d", text, re.M)) == 1, title
    assert text.count("One query fetched a list") == 1
    for one in report["findings"]:
        if not one["ignored"] and one["suggestion"]["code"]:
            assert one["suggestion"]["code"] in text
        assert one["place"] in text
    assert "Ignored the sidebar shows two authors at most" in text
    assert "Seen in GET books/naive/" in text
    assert "fail, severe: 40 calls" in text
    assert max(len(line) for line in text.splitlines() if "://" not in line and "(adapt it)" not in line) <= 140


def test_a_line_for_each_test_and_each_finding(report: dict[str, Any]) -> None:
    lines = voices.render(report, "line").split("\n\nMercury\n")[0].splitlines()
    tests = [line for line in lines if not line.startswith("  ")]
    assert len(tests) == len(report["tests"])
    naive = next(line for line in tests if " BookPages::test_naive_list  " in line)
    shape = r"tests/shop/test_pages\.py:21 BookPages::test_naive_list  81 queries  [\d.,]+ ms  \S+  \d findings"
    assert re.fullmatch(shape, naive), naive
    at = lines.index(naive)
    assert re.fullmatch(
        r"  fail  N\+1 queries: 40 calls, [\d.]+ ms  shop/books_naive\.html:3  shop\.Book\.\S+  \..*", lines[at + 1]
    )
    failed = lines.index(next(line for line in tests if "  FAILED  " in line))
    assert lines[failed + 1] == "  over  block stock of each author: an N+1 of 8 calls, the limit is 3"


@pytest.mark.parametrize("voice", ["lesson", "line"])
def test_the_summary_at_the_end(report: dict[str, Any], voice: str) -> None:
    text = voices.render(report, voice).split("\nMercury\n")[1]
    assert "  tests   16 (15 passed, 1 failed)\n" in text
    assert f"  queries {report['summary']['query_count']}\n" in text
    assert re.search(r"  found   \d+ \(N\+1 queries: 9, Too many queries: 3", text)
    assert f"ignored: {report['summary']['ignored']})" in text.replace("\n          ", " ")
    worst = text.partition("  worst units\n")[2].splitlines()[:5]
    assert len(worst) == 5 and "GET api/books-naive/$" in "".join(worst)
    assert f"IGNORE rule 2 (reason '{UNUSED['reason']}') matched nothing" in text
    assert "rule 1" not in text


def test_json_is_the_document_as_ascii_and_stable(report: dict[str, Any]) -> None:
    text = voices.render(report, "json")
    assert json.loads(text) == report
    assert text.isascii()
    turned = {key: report[key] for key in reversed(report)}
    assert voices.render(turned, "agent", colour=True) == text


def test_colour_only_where_it_is_asked_for(report: dict[str, Any]) -> None:
    for voice in ("lesson", "line"):
        plain, coloured = voices.render(report, voice), voices.render(report, voice, colour=True)
        assert "\x1b" not in plain
        assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
        assert coloured.count("\x1b[0m") == len(re.findall(r"\x1b\[[^0]\d?m", coloured)) > 0


def test_hostile_texts_steer_no_terminal(report: dict[str, Any]) -> None:
    hostile = hostile_report(report)
    for voice in ("lesson", "line"):
        text = voices.render(hostile, voice)
        assert all(one == "\n" or one.isprintable() for one in text)
        assert "\n::error::" not in text
    assert json.loads(voices.render(hostile, "json")) == hostile


def test_an_empty_run() -> None:
    for voice in ("lesson", "line"):
        text = voices.render(empty_report(), voice)
        assert "tests   0\n" in text and "nothing" in text and "worst" not in text


def test_two_thousand_tests(report: dict[str, Any]) -> None:
    large = large_report(report, 2000)
    assert len(voices.render(large, "lesson")) < 50_000
    assert len(voices.render(large, "line")) < 1_000_000


# ------------------------------------------------------------------------------------------------ files
def test_a_file_is_written_whole_or_not_at_all(report: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    voices.write(report, path)
    assert json.loads(path.read_text()) == report
    assert [one.name for one in path.parent.iterdir()] == ["report.json"]
    with pytest.raises(ValueError):
        voices.write({**report, "run": float("nan")}, path)
    assert json.loads(path.read_text()) == report


def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=re.escape(f"the report can not be written to {tmp_path}: ")):
        write_text(tmp_path, "a folder is in the way")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file/report"):
        write_text(tmp_path / "file" / "report.json", "")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file")
def test_what_is_no_regular_file_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE)
    write_text(tmp_path / "pipe", "text")
    assert reader.communicate(timeout=20)[0] == b"text"
