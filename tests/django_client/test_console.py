"""Under runserver a new finding is told once, and told when it is gone."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from django_mercury import conf
from django_mercury.console import Console
from django_mercury.console_memory import of_this_server
from mercury_client.protocol import Anchor, Method, Site, SiteFrame, UnitKind
from mercury_client.unit import Unit

FILE = "/srv/shop/views.py"
SOURCE = Site(
    (SiteFrame(FILE, 10, "books", "shop.views", True),),
    operation="fetch",
    model="shop.Book",
    anchor=Anchor(FILE, 10, 35),
)
TRIGGER = Site(
    (SiteFrame(FILE, 11, "books", "shop.views", True),),
    operation="follow",
    relation="shop.Book.author",
    relation_kind="foreign_key",
    owner_table="shop_book",
)


def console(**settings: Any) -> Console:
    return Console(conf.load(type("Settings", (), {"MERCURY": settings, "DEBUG": True}), {}))


def request(authors: int, name: str = "books/", id: int = 1, parent: Unit | None = None) -> Unit:
    """Return a finished request that asks for the books and for ``authors`` of them."""
    unit = Unit(id, UnitKind.REQUEST, name, 0, parent)
    unit.method = Method.GET
    unit.record("SELECT * FROM shop_book", "default", "sqlite", 1, 1000, site=SOURCE, key=1)
    for n in range(authors):
        sql = "SELECT * FROM shop_author WHERE id = %s"
        unit.record(sql, "default", "sqlite", 2 + n, 1_000_000, site=TRIGGER, key=n + 1)
    unit.seal(50_000_000)
    return unit


def test_a_new_finding_is_told_once_with_its_place_and_its_fix() -> None:
    """The second request with it says nothing; another route does."""
    ours = console()
    (text,) = ours.lines(request(12))
    first, fix, more = text.splitlines()
    assert first == "GET books/: N+1 queries: 12 calls, 12.0 ms at /srv/shop/views.py:11 (shop.Book.author)"
    assert '.select_related("author")' in fix
    assert more.startswith("  More: mercuryctl explain ") and len(more.split()[-1]) == 8
    assert ours.lines(request(12)) == []
    assert len(ours.lines(request(12, "other/"))) == 1


def test_a_finding_that_is_gone_is_told_and_told_again_if_it_comes_back() -> None:
    ours = console()
    ours.lines(request(12))
    said = [line for _ in range(6) for line in ours.lines(request(0))]
    assert said == ["GET books/: gone: N+1 queries: 12 calls, 12.0 ms at /srv/shop/views.py:11 (shop.Book.author)"]
    assert len(ours.lines(request(12))) == 1


@pytest.mark.parametrize(
    ("settings", "authors"),
    [
        ({}, 4),  # a notice is no line
        ({"IGNORE": [{"route": "books/", "reason": "two rows"}]}, 12),
        ({"THRESHOLDS": {"n_plus_one_threshold": 100}}, 12),
    ],
)
def test_what_is_small_silenced_or_below_the_threshold_is_not_told(settings: dict[str, Any], authors: int) -> None:
    assert console(**settings).lines(request(authors)) == []


def test_units_are_judged_on_a_thread_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """``note`` only takes; the thread logs, and ends."""
    ours = console()
    with caplog.at_level(logging.WARNING, "django_mercury"):
        ours.note(request(12))
        thread = ours._thread
        assert thread is not None and thread.daemon
        thread.join(10)
    assert not thread.is_alive()
    assert [record.name for record in caplog.records] == ["django_mercury"]
    assert "N+1 queries" in caplog.text


@pytest.mark.parametrize(
    ("settings", "argv", "wanted"),
    [
        ({}, ["manage.py", "runserver"], True),
        ({"CONSOLE": False}, ["manage.py", "runserver"], False),
        ({"ENABLED": False}, ["manage.py", "runserver"], False),
        ({"ENVIRONMENT": "production"}, ["manage.py", "runserver"], False),
        ({}, ["gunicorn"], False),
    ],
)
def test_only_a_development_server_has_a_console(
    settings: dict[str, Any], argv: list[str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", argv)
    given = {"ENVIRONMENT": "development", **settings}
    configuration = conf.load(type("Settings", (), {"MERCURY": given, "DEBUG": True}), {})
    assert conf.wants_console(configuration) is wanted


def test_what_was_told_is_remembered_by_the_next_process(tmp_path: Path) -> None:
    """The reloader's child before has told it; the fix is noticed by the one after."""
    environ = {"RUN_MAIN": "true", "XDG_STATE_HOME": str(tmp_path)}
    before = Console(conf.load(type("Settings", (), {"MERCURY": {}, "DEBUG": True}), {}), of_this_server(environ))
    before._waiting.append((request(12), ()))
    before.drain()
    after = Console(conf.load(type("Settings", (), {"MERCURY": {}, "DEBUG": True}), {}), of_this_server(environ))
    assert after.lines(request(12)) == []
    said = [line for _ in range(6) for line in after.lines(request(0))]
    assert [line.partition(": N+1")[0] for line in said] == ["GET books/: gone"]


def test_a_memory_without_a_reloader_or_of_yesterday_is_empty(tmp_path: Path) -> None:
    """Nor is one whose file is damaged an error."""
    (tmp_path / "mercury").mkdir()
    assert of_this_server({"XDG_STATE_HOME": str(tmp_path)}).load() == {}
    old = tmp_path / "mercury" / "console-1.json"
    old.write_text("{}")
    os.utime(old, (1, 1))
    memory = of_this_server({"RUN_MAIN": "true", "XDG_STATE_HOME": str(tmp_path)})
    assert memory.load() == {} and not old.exists()
    memory.save({"GET /": {7: "a"}, "GET /b": {}})
    assert memory.load() == {"GET /": {7: "a"}}
    (file,) = (tmp_path / "mercury").iterdir()
    for text in ("[1]", "not JSON", '{"a": 7}', '{"a": {"xyz": "b"}}'):
        file.write_text(text)
        assert memory.load() == {}
