"""The report as a page: one file, escaped, small. What a browser makes of it is in test_html_browser.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import django_mercury
from django_mercury.testing import voices
from django_mercury.testing.html import html, write_html
from support.reports import HOSTILE, empty_report, hostile_report, large_report

VOID = {"meta", "input", "br", "rect", "path"}  # those of the page that have no end tag, or end in />


class Strict(HTMLParser):
    """Read a page, and fail where elements are not nested; ``text``: all that is no style and no script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data


def test_the_page_has_everything(report: dict[str, Any]) -> None:
    page = Strict(html(report))
    for test in report["tests"]:
        assert test["id"] in page.text
        for unit in test["units"]:
            assert unit["name"] in page.text
            for statement in unit["statements"]:
                assert statement["sql"] in page.text
    for one in report["findings"]:
        for text in (one["title"], one["what"], one["why"], one["place"], one["relation"], one["ignored"]):
            assert text in page.text
        for text in (one["suggestion"]["text"], one["suggestion"]["code"], one["suggestion"]["read"]):
            assert text in page.text
    assert "block stock of each author: 9 queries, the limit is 5" in page.text
    assert "it went away in May" in page.text and "nothing" in page.text
    ids = [about["id"] for _, about in page.tags if "id" in about]
    assert len(ids) == len(set(ids))
    links = [about["href"] or "" for tag, about in page.tags if tag == "a"]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_it_asks_the_network_for_nothing(report: dict[str, Any]) -> None:
    page = Strict(html(report))
    policy = next(about["content"] for _, about in page.tags if about.get("http-equiv") == "Content-Security-Policy")
    assert policy and policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    for tag, about in page.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "video", "audio", "form"}
        assert not {"src", "srcset", "style", "background", "action"} & set(about), (tag, about)
        assert not any(name.startswith("on") for name in about)
        if "href" in about:
            assert tag == "a" and (about["href"] or "").startswith(("#", "https://docs.djangoproject.com/"))
    assert "url(" not in html(report) and "@import" not in html(report)


def test_hostile_texts_stay_texts(report: dict[str, Any]) -> None:
    page = html(hostile_report(report))
    assert page.count("<script") == page.count("</script") == 1
    read = Strict(page)
    assert [tag for tag, _ in read.tags].count("script") == 1
    shown = (
        HOSTILE.replace("\r\n", "\n").replace("\x1b", "\ufffd").replace("\x00", "\ufffd").replace("\u202e", "\ufffd")
    )
    assert shown in read.text.replace("\r\n", "\n")


def test_a_run_without_tests() -> None:
    page = Strict(html(empty_report()))
    assert "No test was measured." in page.text and "What was found" not in page.text


def test_two_thousand_tests_are_quick_and_small(report: dict[str, Any]) -> None:
    large = large_report(report, 2000)
    started = time.process_time()
    page = html(large)
    assert time.process_time() - started < 30
    assert len(page) < 20_000_000
    assert page.count('<tr data-words="') == 2000


def test_colours_have_contrast() -> None:
    """Each text colour is readable on each ground that it stands on: 4.5 to 1 (WCAG 2.2, AA)."""
    style = (Path(django_mercury.__file__).parent / "testing" / "report.css").read_text(encoding="utf-8")

    def light(colour: str) -> float:
        wide = colour if len(colour) == 7 else "#" + "".join(one * 2 for one in colour[1:])
        parts = [int(wide[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    schemes = [dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in re.findall(r":root \{(.*?)\}", style, re.S)]
    assert len(schemes) == 3  # light, dark, paper
    for scheme in schemes:
        grounds = ["page", "raised", "shade"]
        pairs = [(text, ground) for text in ("text", "muted", "link") for ground in grounds]
        for level in ("fail", "warn", "notice", "good"):
            pairs += [(level, f"{level}-soft"), (level, "page"), (level, "raised")]
        for text, ground in pairs:
            bright, dim = sorted((light(scheme[text]), light(scheme[ground])), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (scheme[text], text, ground)
        bright, dim = sorted((light(scheme["mark"]), light(scheme["shade"])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 3, "the marks of a timeline"


def test_the_page_is_written_whole(report: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "reports" / "page.html"
    write_html(report, path)
    assert path.read_text(encoding="utf-8") == html(report)
    assert [one.name for one in path.parent.iterdir()] == ["page.html"]


def test_no_form_of_a_report_needs_django(report: dict[str, Any], tmp_path: Path) -> None:
    voices.write(report, tmp_path / "report.json")
    program = """
import json, sys
sys.modules["django"] = None  # an import of it fails
from django_mercury.testing import github, html, sarif, voices
report = json.load(open(sys.argv[1]))
html.html(report), sarif.sarif(report), github.annotations(report), github.step_summary(report)
print(len([voices.render(report, voice) for voice in voices.VOICES]))
"""
    source = Path(django_mercury.__file__).resolve().parents[1]
    command = [sys.executable, "-c", program, tmp_path / "report.json"]
    environ = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("3\n", "")
