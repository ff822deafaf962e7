"""Modes, bounds, silence and ordinals of call sites, and what they never do."""

from __future__ import annotations

import datetime
import decimal
import threading
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from shop.models import Author, Book
from sink import Sink

from django_mercury import call_sites, propagate, unit
from django_mercury.call_sites import parameters_hash, places, sources, walk
from django_mercury.call_sites.ignoring import ignore
from mercury_client import faults
from mercury_client.ordinals import NO_KEY
from mercury_client.protocol import Site
from mercury_client.statements import OVERFLOW, table
from mercury_client.unit import Unit

HERE = str(Path(__file__).resolve())


@pytest.fixture(autouse=True)
def mode() -> Iterator[None]:
    call_sites.configure("all", [HERE])
    before = faults.total()
    yield
    call_sites.configure("all")
    assert faults.total() == before


def ask(text: str, params: Any = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, params)


def records(sink: Sink) -> list[Any]:
    one = sink.one()
    return [record for record in one.records[: one.count] if not record[0].control]


def captured(sink: Sink) -> list[bool]:
    return [record[7] is not None for record in records(sink)]


# Silence.


def test_a_comment_silences_its_line(sink: Sink) -> None:
    """With a kind, without one, on the line of an outer frame; without a reason it is no silence."""

    def inner() -> None:
        Author.objects.count()

    with unit("block"):
        Author.objects.count()  # mercury: ignore[query_in_loop] a table of three
        Author.objects.count()  # mercury: ignore three shelves | and no more
        Author.objects.count()  # mercury: ignore[query_in_loop]
        Author.objects.count()
        inner()  # mercury: ignore[] the caller knows
    ignored = [record[7].ignore for record in records(sink)]
    assert ignored == ["query_in_loop|a table of three", "|three shelves | and no more", "", "", "|the caller knows"]


def test_a_block_silences_what_is_asked_in_it(sink: Sink) -> None:
    """Nested ones too; one line inside and outside of a block has two sites."""
    with unit("block"):
        for silent in (False, True, False):
            if silent:
                with ignore("known and\n fine"), ignore("inner"):
                    Author.objects.count()
                with ignore("known and\n fine"):
                    Author.objects.count()
            else:
                Author.objects.count()
    ignored = [record[7].ignore for record in records(sink)]
    assert ignored == ["", "|inner", "|known and fine", ""]
    with pytest.raises(ValueError, match="needs a reason"):
        ignore("  ")


# Modes.


def test_repeated_captures_what_is_rare_and_what_repeats(sink: Sink) -> None:
    """The first three sightings in the process, then only from the second time in a unit on."""
    call_sites.configure("repeated", [HERE])
    text = f"SELECT '{uuid.uuid4()}'"
    for _ in range(5):
        with unit("block"):
            ask(text)
    with unit("block"):
        for _ in range(3):
            ask(text)
    *single, last = sink.units()
    assert [one.records[0][7] is not None for one in single] == [True, True, True, False, False]
    assert [record[7] is not None for record in last.records] == [False, True, True]
    assert last.records[1][7].frames[0].function == "ask" and last.records[1][7].anchor is None
    statement = table.find(text)
    assert statement is not None and statement.sightings < 5


def test_off_captures_nothing_but_ordinals(sink: Sink) -> None:
    call_sites.configure("off", [HERE])
    with unit("block"):
        ask("SELECT %s", [1])
        ask("SELECT %s", [2])
    assert [(record[7], record[8]) for record in records(sink)] == [(None, 1), (None, 2)]
    with pytest.raises(ValueError, match="none of all"):
        call_sites.configure("some")


def test_nothing_is_captured_outside_of_units_or_for_transactions(sink: Sink) -> None:
    ask("SELECT 1")
    assert sink.outside().records[-1][7:] == (None, NO_KEY)  # it is open: a record holds no hash either
    with unit("block"):
        ask("SAVEPOINT x")
        ask("RELEASE SAVEPOINT x")
    one = sink.one()
    assert {record[7:] for record in one.records[: one.count]} == {(None, 0)}


# Ordinals.


def test_an_ordinal_counts_distinct_parameter_sets(sink: Sink) -> None:
    """Per statement and unit, from 1; None and () are the same; what may not be hashed is 0."""

    class Named(str):
        def __hash__(self) -> int:
            raise AssertionError("somebody hashed")

    sets: list[Any] = [
        (1,),
        [1],
        (2,),
        ("a",),
        (1,),
        (b"x",),
        (None,),
        (datetime.date(2024, 1, 1),),
        (1.5,),
        (Named("a"),),
    ]
    with unit("block"):
        for params in sets:
            ask("SELECT %s", params)
        for params in (None, (), []):
            ask("SELECT 2", params)
        ask("SELECT %(a)s", {"a": 1})
        ask("SELECT %(a)s", {"a": 2})
    numbers = [record[8] for record in records(sink)]
    assert numbers == [1, 1, 2, 3, 1, 4, 5, 6, 7, 0, 1, 1, 1, 1, 2]


def test_what_parameters_may_be() -> None:
    """Exact types only, lists inside of lists too, and neither too many nor too deep."""
    good: list[Any] = [(), [], (1, True), {"a": 1}, ([1, 2], "x"), (decimal.Decimal(1), uuid.UUID(int=0)), (1,) * 2000]
    bad: list[Any] = [(object(),), ({1},), iter(()), (1,) * 2001, [[[[1]]]], "text", (decimal.Decimal, 1)]
    assert all(parameters_hash(one) != NO_KEY for one in good)
    assert [parameters_hash(one) for one in bad] == [NO_KEY] * len(bad)


def test_a_key_is_an_int_of_two_digits(sink: Sink) -> None:
    """None of Python's larger ints, which slow down the queries around them, unless the parameter itself is one."""
    sets: list[Any] = [(number,) for number in range(-40, 40)] + [(f"name {number}",) for number in range(40)]
    several: list[Any] = [(*one, 7) for one in sets] + [[one] for one in sets] + [{"a": one} for one in sets]
    sets.remove((-1,))  # Python's own hash of it is that of -2
    with unit("block") as one:
        for params in sets:
            ask("SELECT %s", params)
        keys = [record[8] for record in one.records]
    assert [parameters_hash(params) for params in sets] == keys == [parameters_hash([*params]) for params in sets]
    assert min(map(hash, sets)) < 0 and len(set(keys)) == len(sets) and NO_KEY not in keys
    keys += [parameters_hash(params) for params in several]
    assert all(abs(key) < 1 << 60 for key in keys) and NO_KEY not in keys
    sink.units()


def test_parameters_and_their_hashes_stay_here(sink: Sink) -> None:
    """A record and its site hold neither; what was hashed goes with the unit's seal."""
    secret = "a secret of a customer"
    with unit("block") as one:
        ask("SELECT %s", [secret])
        Author.objects.filter(name=secret).first()
        assert parameters_hash((secret,)) in [record[8] for record in one.records]
    assert one.ordinals is None and one.scratch is None
    assert [record[8] for record in one.records] == [1, 1]
    held = repr([record[7:] for record in one.records]) + repr([record[0].text for record in one.records])
    hashes = hash(secret), hash((secret,)), parameters_hash((secret,))
    assert secret not in held and not any(str(one) in held for one in hashes)
    sink.units()


# Bounds, threads, guards.


def test_tables_are_started_over_when_they_are_full(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "_table", walk.Table(keys_max=3))
    with unit("block"):
        Author.objects.count()
        Author.objects.count()
        Author.objects.count()
        assert len(walk._table.entries) == 3
        Author.objects.count()
        assert len(walk._table.entries) == 1
    assert captured(sink) == [True] * 4


def test_a_line_with_ever_new_statements_is_walked_a_bounded_number_of_times(sink: Sink) -> None:
    """Beyond the limit such a line keeps the site of its first statement."""
    with unit("block"):
        for number in range(walk.SITES_OF_KEY_MAX + 20):
            ask(f"SELECT {number}")
        resolved = walk._table.resolved
    assert resolved <= walk.SITES_OF_KEY_MAX + 1
    assert len({id(record[7]) for record in records(sink)}) == 1


def test_threads_capture_side_by_side(sink: Sink) -> None:
    """Eight threads in one unit: every record has its site, all of one place the same object."""

    def work() -> None:
        for _ in range(20):
            Author.objects.filter(pk=1).exists()
        connection.close()

    with unit("block"):
        threads = [threading.Thread(target=propagate(work)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = [record[7] for record in records(sink)]
    assert len(found) == 160 and len(set(found)) == 1
    assert found[0].frames[0].function.endswith("work") and found[0].operation == "exists"


def test_a_defect_of_ours_costs_the_site_and_nothing_else(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> Site:
        raise RuntimeError("a defect")

    monkeypatch.setattr(walk, "resolve", fail)
    walk.clear()
    before = faults.total()
    with unit("block"):
        assert Author.objects.filter(pk=1).count() == 1
    assert captured(sink) == [False]
    assert faults.total() == before + 1
    faults._total = before


def test_a_walk_that_asks_does_not_walk_again(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """If something of the application's were run while a stack is walked, its queries would not start a walk."""
    resolve = walk.resolve

    def curious(frame: Any, sql: str) -> Site:
        Book.objects.count()
        return resolve(frame, sql)

    monkeypatch.setattr(walk, "resolve", curious)
    walk.clear()
    with unit("block"):
        Author.objects.count()
    assert sorted(captured(sink)) == [False, True]


def test_a_unit_that_is_sealed_takes_no_scratch() -> None:
    call_sites.configure("repeated", [HERE])
    one = Unit(1, 1, "", 0)
    call_sites.is_wanted(one, one.statement("SELECT 1"))
    assert one.scratch is not None
    one.seal(1)
    assert one.scratch is None
    call_sites.is_wanted(one, one.statement("SELECT 1"))
    assert one.scratch is None


def test_a_statement_from_elsewhere_is_not_where_it_was_last(sink: Sink) -> None:
    """The same text, in turn from two lines, from another depth, and below one function called at two lines."""

    def deeper() -> None:
        ask("SELECT 'in turn'")

    call_sites.configure("all", [HERE])
    with unit("block"):
        for _ in range(3):
            ask("SELECT 'in turn'")
            ask("SELECT 'in turn'")
            deeper()
    sites = [record[7] for record in records(sink)]
    lines = [[frame.line for frame in site.frames if frame.function != "ask"] for site in sites]
    here = test_a_statement_from_elsewhere_is_not_where_it_was_last.__code__.co_firstlineno
    assert [[line - here for line in one[:2]] for one in lines[:3]] == [[9], [10], [4, 11]]
    assert lines == lines[:3] * 3


# What is the application.


def test_statements_beyond_the_share_have_a_site_each(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """OVERFLOW stands for all of them: what it remembers is a stack, never a site."""
    monkeypatch.setitem(Unit.statement.__globals__, "TEXT_BYTES_MAX", 0)
    with unit("block"):
        for number in range(3):  # a text that is met again is a statement of its own, hence the numbers
            for model in (Author, Book):
                list(model.objects.filter(pk=9)[: 41 + number])
    found = records(sink)
    assert [record[0] for record in found] == [OVERFLOW] * 6
    assert [record[7].model for record in found] == ["shop.Author", "shop.Book"] * 3


def test_roots(tmp_path: Path) -> None:
    """Libraries and virtual environments below a root are no application, a root inside of a library is one."""
    for name in (
        "shop/views.py",
        "env/pyvenv.cfg",
        "env/shop/x.py",
        "lib/site-packages/dep/x.py",
        "lib/site-packages/own/x.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    places.configure([str(tmp_path), str(tmp_path / "lib/site-packages/own")])
    own = {name: places.is_application(str(tmp_path / name)) for name in (
        "shop/views.py", "env/shop/x.py", "lib/site-packages/dep/x.py", "lib/site-packages/own/x.py",
    )}  # fmt: skip
    assert list(own.values()) == [True, False, False, True]
    assert not places.is_application("<string>") and not places.is_application(walk.__file__)
    assert not places.is_application(threading.__file__)


def test_default_roots_follow_from_the_settings(tmp_path: Path) -> None:
    """BASE_DIR and the packages of ROOT_URLCONF and SETTINGS_MODULE; without BASE_DIR also what is beside those."""
    import bookshop

    class Settings:
        BASE_DIR: Any = tmp_path
        ROOT_URLCONF = "bookshop.urls"
        SETTINGS_MODULE = "absent.settings"

    package = str(Path(bookshop.__file__).parent)
    assert places.default_roots(Settings) == [str(tmp_path), package]
    Settings.BASE_DIR = None
    assert places.default_roots(Settings) == [package, str(Path(package).parent)]
    call_sites.configure("all")
    assert places.is_application(f"{package}/urls.py") and not places.is_application(HERE)


def test_sources_are_read_again_when_they_change_and_refused_when_large(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe4'  # mercury: ignore a reason\n")
    source = sources.load(str(path))
    assert source is not None and source.line(2).startswith("x = 'ä'") and source.has_comment
    assert sources.load(str(path)) is source
    path.write_text("y = 1\n")
    assert sources.load(str(path)) is not source
    path.write_bytes(b"#" * (sources.FILE_BYTES_MAX + 1))
    assert sources.load(str(path)) is None
    assert sources.load(str(tmp_path / "absent.py")) is None


def test_the_demos_naive_page_from_end_to_end(sink: Sink) -> None:
    """With the roots of its settings: place of the fix, and both loops of the template."""
    call_sites.configure("all")
    assert Client().get("/books/naive/").status_code == 200
    found = [record[7] for record in sink.one().records if record[7] is not None]
    root = found[0]
    line = root.frames[0].line
    text = Path(root.frames[0].file).read_text().split("\n")[line - 1]
    assert root.anchor is not None and text[: root.anchor.column].endswith('order_by("title", "id")[:40]')
    assert {(one.relation, one.template) for one in found[1:]} == {
        ("shop.Book.author", ("shop/books_naive.html", 3)),
        ("shop.Book.review_set", ("shop/books_naive.html", 3)),
    }


def test_a_function_that_has_called_locals_keeps_its_dictionary(sink: Sink) -> None:
    """Before Python 3.13 reading a frame's variables refreshes the dictionary that ``locals()`` has given."""

    def get(name: str, codename: str) -> list[str]:
        filters = locals()
        del filters["codename"]
        Book.objects.filter(title="x").exists()
        return sorted(filters)

    with unit("locals"):
        assert get("a", "b") == ["name"]


def test_parsing_a_file_warns_nobody(tmp_path: Path) -> None:
    """An invalid escape is a warning of Python's, and the application would see it; columns stay right."""
    file = tmp_path / "odd.py"
    file.write_text('A = "\\d"; B = r"\\w"\nC = "\\n"\n')
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        source = sources.load(str(file))
        assert source is not None
        assert [type(node).__name__ for node in source.ending_at(1, 8)] == ["Assign", "Constant"]
    assert seen == []
    assert source.line(1) == 'A = "\\d"; B = r"\\w"'
