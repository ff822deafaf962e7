"""The report's page in a headless Chromium: sorting, filtering, opening, light and dark, paper; no request, no error.

Without a Chromium these tests are skipped, and fail with ``MERCURY_REQUIRE_CHROMIUM=1``. ``MERCURY_SCREENSHOTS`` names
a folder for pictures to look at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from django_mercury.testing.html import write_html
from support import chromium
from support.chromium import Chromium, Page
from support.reports import hostile_report, large_report

NAMES = "[...document.querySelectorAll('#tests > tbody > tr > td > details > summary')].map("
NAMES += "one => one.firstChild.textContent.trim())"


def column(number: int) -> str:
    """Return the expression for the texts of a column of the tests."""
    return f"[...document.querySelectorAll('#tests > tbody > tr')].map(one => one.cells[{number}].textContent)"


def head(number: int) -> str:
    """Return the expression for a column's button."""
    return f"document.querySelectorAll('#tests > thead th')[{number}].querySelector('button')"


def shown(id: str) -> str:
    """Return the expression that tells whether an element is seen."""
    return f"!!document.getElementById('{id}')?.checkVisibility({{contentVisibilityAuto: true}})"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    if os.name == "nt" or not chromium.find():
        assert os.environ.get("MERCURY_REQUIRE_CHROMIUM") != "1", "there is no Chromium, and there must be one"
        pytest.skip("no Chromium on this machine (packaging/setup/debian.sh test installs it)")
    with Chromium() as one:
        yield one


@pytest.fixture
def address(report: dict[str, Any], tmp_path: Path) -> str:
    write_html(report, tmp_path / "report.html")
    return (tmp_path / "report.html").as_uri()


def quiet(page: Page, address: str) -> None:
    """Check that a page asked for itself alone, and that the console is empty."""
    assert page.errors == []
    assert page.requests == [address]


def test_a_click_on_a_head_sorts(browser: Chromium, address: str) -> None:
    page = browser.open(address)
    aria = "[...document.querySelectorAll('#tests > thead th')].map(one => one.getAttribute('aria-sort'))"
    assert page.evaluate(aria) == [None] * 7
    page.click(head(3))
    queries = [int(text) for text in page.evaluate(column(3))]
    assert queries == sorted(queries, reverse=True) and queries[0] == 100
    assert page.evaluate(aria) == [None, None, None, "descending", None, None, None]
    page.click(head(3))
    assert [int(text) for text in page.evaluate(column(3))] == sorted(queries)
    assert page.evaluate(aria)[3] == "ascending"
    page.click(head(0))
    names = page.evaluate(NAMES)
    assert names == sorted(names) and page.evaluate(aria) == ["ascending", *[None] * 6]
    page.click(head(4))
    times = page.evaluate(column(4).replace("textContent", "dataset.value"))
    assert [float(text) for text in times] == sorted(map(float, times), reverse=True)
    page.click(head(5))  # the worst grade first
    assert page.evaluate(column(5))[0].startswith("F ") and page.evaluate(aria)[5] == "ascending"
    page.click(head(6))
    assert page.evaluate(column(6))[-1] == "0"
    quiet(page, address)


def test_the_keyboard_sorts_filters_and_opens(browser: Chromium, address: str) -> None:
    page = browser.open(address)
    page.evaluate(head(3) + ".focus()")
    page.key("Enter", 13, "\r")
    assert page.evaluate(column(3))[0] == "100"
    page.evaluate("document.querySelector('#tests > tbody summary').focus()")
    page.key("Enter", 13, "\r")
    assert page.evaluate("document.querySelector('#tests > tbody details').open") is True
    page.evaluate("document.getElementById('filter').focus()")
    page.call("Input.insertText", text="sales")
    assert page.evaluate(NAMES) == ["tests/shop/test_sales.py::test_two_databases"]
    page.key("Escape", 27)
    assert len(page.evaluate(NAMES)) == 16
    assert page.evaluate("document.querySelectorAll('[tabindex]:not([tabindex=\"0\"])').length") == 0
    quiet(page, address)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("naive api", ["tests/shop/test_api.py::BookApi::test_naive_list"]),
        ("FAILED", ["tests/shop/test_models.py::test_stock"]),
        ("write_loop", ["tests/shop/test_orders.py::test_order_of_six"]),
        ("bestsellers/", ["tests/shop/test_pages.py::BookPages::test_all_of_them_in_a_row"]),
        ("shop/books_naive.html:3 in_a_row", ["tests/shop/test_pages.py::BookPages::test_all_of_them_in_a_row"]),
        ("nobody", []),
    ],
)
def test_the_filter_finds(browser: Chromium, address: str, words: str, names: list[str]) -> None:
    page = browser.open(address)
    page.evaluate("document.getElementById('filter').focus()")
    page.call("Input.insertText", text=words)
    assert page.evaluate(NAMES) == names
    assert page.evaluate("document.getElementById('shown').textContent") == f"{len(names)} of 16 tests"
    quiet(page, address)


def test_a_link_opens_what_it_points_at(browser: Chromium, address: str) -> None:
    page = browser.open(address)
    page.evaluate("document.querySelector('.findings > details').open = true")
    link = "document.querySelector('.findings a[href^=\"#t\"]')"
    target = page.evaluate(link + ".hash")[1:]
    assert page.evaluate(shown(target)) is False
    page.evaluate("void (window.moved = new Promise(done => addEventListener('hashchange', () => done(true))))")
    page.click(link)
    assert page.evaluate("moved") is True  # the browser itself opens the target before; the page's part comes with this
    assert page.evaluate(shown(target)) is True
    assert page.evaluate(f"document.getElementById('{target}').getBoundingClientRect().top < innerHeight") is True
    # In a row that is filtered out, and the second time.
    page.evaluate("(() => { const f = document.getElementById('filter'); f.value = 'nobody';"
                  " f.dispatchEvent(new Event('input')) })()")  # fmt: skip
    assert page.evaluate(shown(target)) is False
    page.click(link)
    assert page.evaluate(shown(target)) is True


def test_a_timeline_tells_its_sql(browser: Chromium, address: str) -> None:
    page = browser.open(address)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate("window.width = one => one.getBoundingClientRect().width")
    lanes = page.evaluate(
        "[...document.querySelectorAll('.lane')].map(one => [one.querySelector('title').textContent, width(one),"
        " width(one.querySelector('path')), one.classList[1]])"
    )
    loop = next(lane for lane in lanes if lane[0].startswith("40 calls from ") and "shop_author" in lane[0])
    assert "SELECT" in loop[0] and loop[3] == "fail"
    assert loop[1] > 200 and loop[2] > 100
    assert all(0 < mark <= width for _, width, mark, _ in lanes)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_readable_in_light_and_dark(
    browser: Chromium, address: str, dark: bool, width: int, report: dict[str, Any]
) -> None:
    page = browser.open(address, dark=dark, width=width)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(21, 24, 27)" if dark else "rgb(252, 252, 251)")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
    picture(page, f"{'dark' if dark else 'light'}-{width}.png")
    quiet(page, address)


def test_it_is_read_without_scripts(browser: Chromium, address: str) -> None:
    page = browser.open(address, scripts=False)
    assert page.evaluate("document.documentElement.className") == ""
    assert page.evaluate("getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert page.evaluate("document.querySelectorAll('#tests button').length") == 0
    assert page.evaluate(shown("t1")) is False
    page.click("document.querySelector('#tests > tbody > tr > td > details > summary')")
    assert page.evaluate(shown("t1")) is True
    quiet(page, address)


def test_paper_has_all_of_it(browser: Chromium, address: str) -> None:
    page = browser.open(address)
    before = page.evaluate("document.querySelectorAll('details[open]').length")
    page.evaluate(
        "addEventListener('beforeprint', () => { window.opened = document.querySelectorAll('details[open]').length })"
    )
    assert page.pdf().startswith(b"%PDF")
    assert page.evaluate("window.opened === document.querySelectorAll('details').length") is True
    assert page.evaluate("document.querySelectorAll('details[open]').length") == before
    paper = browser.open(address, media="print", width=794)
    assert paper.evaluate("getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert paper.evaluate("[...document.querySelectorAll('.units')].every(one => one.offsetHeight > 0)") is True
    picture(paper, "paper.png")


def test_hostile_texts_run_nothing(browser: Chromium, report: dict[str, Any], tmp_path: Path) -> None:
    write_html(hostile_report(report), tmp_path / "hostile.html")
    page = browser.open((tmp_path / "hostile.html").as_uri())
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    quiet(page, (tmp_path / "hostile.html").as_uri())
    assert page.evaluate("document.scripts.length") == 1
    assert page.evaluate("document.querySelectorAll('#tests > tbody > tr').length") == 16


def test_the_policy_stops_what_would_leave(browser: Chromium, address: str) -> None:
    page = browser.open(address)
    asked = "fetch('http://127.0.0.1:9/').then(() => 'left', () => 'stopped')"
    assert page.evaluate(asked) == "stopped"
    assert any("Content Security Policy" in text for text in page.errors)


def test_two_thousand_tests_are_quick(browser: Chromium, report: dict[str, Any], tmp_path: Path) -> None:
    write_html(large_report(report, 2000), tmp_path / "large.html")
    page = browser.open((tmp_path / "large.html").as_uri())
    clock = "(() => { const began = performance.now(); %s; document.body.offsetHeight;"
    clock += " return performance.now() - began })()"
    assert page.evaluate(clock % (head(3) + ".click()")) < 5000
    filtering = (
        "const f = document.getElementById('filter'); f.value = 'naive api'; f.dispatchEvent(new Event('input'))"
    )
    assert page.evaluate(clock % filtering) < 5000
    assert page.evaluate("document.getElementById('shown').textContent") == "125 of 2000 tests"
    quiet(page, (tmp_path / "large.html").as_uri())


def picture(page: Page, name: str) -> None:
    """Write a picture of the page where MERCURY_SCREENSHOTS says."""
    folder = os.environ.get("MERCURY_SCREENSHOTS")
    if folder:
        page.screenshot(Path(folder) / name)
