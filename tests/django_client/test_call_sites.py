"""What a call site says, pattern by pattern: place, operation, relation, state, and where a fix goes."""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from sink import Sink

from django_mercury import call_sites, unit
from mercury_client import faults
from mercury_client.protocol import Site

HERE = Path(__file__).resolve().parent
INSTALLED = [config.name for config in apps.get_app_configs()]


@pytest.fixture(scope="module", autouse=True)
def patterns() -> Iterator[Any]:
    """Install the application of the patterns, with its tables, for this module."""
    with override_settings(INSTALLED_APPS=[*INSTALLED, "patterns"]):
        from patterns import cases

        models = list(apps.get_app_config("patterns").get_models())
        with connection.schema_editor() as editor:
            for model in models:
                editor.create_model(model)
        cases.populate()
        call_sites.configure("all", [str(HERE / "patterns")])
        yield cases
        call_sites.configure("all")
        with connection.schema_editor() as editor:
            for model in reversed(models):
                editor.delete_model(model)


def sites_of(sink: Sink, function: Any) -> list[Site]:
    """Return the sites of what a function asks in a unit of its own."""
    before = faults.total()
    with unit("block"):
        function()
    one = sink.one()
    assert faults.total() == before
    records = [record for record in one.records[: one.count] if not record[0].control]
    assert all(record[7] is not None for record in records)
    return [record[7] for record in records]


def line_of(function: Any, text: str) -> int:
    """Return the number of the only line of a function that holds a text."""
    lines, first = inspect.getsourcelines(function)
    body = next(number for number, line in enumerate(lines) if line.startswith("def "))
    found = [number for number, line in enumerate(lines) if number >= body and text in line]
    assert len(found) == 1, (text, found)
    return first + found[0]


def _names() -> list[str]:
    with override_settings(INSTALLED_APPS=[*INSTALLED, "patterns"]):
        from patterns import cases

        return [f"{one.function.__name__}-{one.query}" for one in cases.CASES]


NAMES = _names()


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_a_site_says(patterns: Any, sink: Sink, number: int) -> None:
    """Every field of the site of one query, the anchor included."""
    case = patterns.CASES[number]
    site = sites_of(sink, case.function)[case.query]
    frame = next(one for one in site.frames if one.function == case.function.__name__)
    assert (frame.file, frame.line) == (patterns.__file__, line_of(case.function, case.at))
    assert frame.module == "patterns.cases" and all(one.application for one in site.frames)
    assert (site.operation, site.relation, site.relation_kind) == (case.operation, case.relation, case.kind)
    assert (site.owner_table, site.model, site.state) == (case.owner, case.model, case.state)
    assert (site.joins, site.path, site.flags) == (case.joins, case.path, case.flags)
    assert (tuple(site.template) if site.template else None) == case.template
    if case.anchor == "none":
        assert site.anchor is None
    elif case.anchor:
        before, after = case.anchor.split("|")
        line = line_of(case.function, before + after)
        text = Path(patterns.__file__).read_text("utf-8").split("\n")[line - 1]
        assert site.anchor is not None
        assert site.anchor == (patterns.__file__, line, text.index(before + after) + len(before), 1)


def _fixes() -> list[int]:
    from patterns import cases

    return [number for number, one in enumerate(cases.CASES) if one.fix]


with override_settings(INSTALLED_APPS=[*INSTALLED, "patterns"]):
    FIXES = _fixes()


@pytest.mark.parametrize("number", FIXES, ids=[NAMES[number] for number in FIXES])
def test_what_is_inserted_at_an_anchor_runs_and_returns_the_same(patterns: Any, sink: Sink, number: int) -> None:
    """The edit is made in the text of the file, and the edited file is imported in the place of the other."""
    case = patterns.CASES[number]
    with CaptureQueriesContext(connection) as before:
        wanted = case.function()
    anchor = sites_of(sink, case.function)[case.query].anchor
    assert anchor is not None
    lines = Path(anchor.file).read_text("utf-8").split("\n")
    line = lines[anchor.line - 1]
    lines[anchor.line - 1] = line[: anchor.column] + case.fix + line[anchor.column :]
    edited = types.ModuleType("patterns.edited")
    edited.__dict__.update(__package__="patterns", PERSON=patterns.PERSON)
    sys.modules["patterns.edited"] = edited
    try:
        exec(compile("\n".join(lines), "edited.py", "exec"), edited.__dict__)
        with CaptureQueriesContext(connection) as after:
            returned = edited.__dict__[case.function.__name__]()
    finally:
        del sys.modules["patterns.edited"]
    assert returned == wanted
    assert len(after) == case.left < len(before)


def shapes(captured: CaptureQueriesContext) -> list[str]:
    """Return the statements without their numbers, which count on from run to run."""
    return [re.sub(r"\d+", "0", one["sql"]) for one in captured]


def test_capturing_asks_the_database_nothing(patterns: Any, sink: Sink) -> None:
    """As many queries with call sites as without, for every pattern, and no fault of ours."""
    for function in {one.function for one in patterns.CASES}:
        with CaptureQueriesContext(connection) as plain:
            function()
        call_sites.configure("all", [str(HERE / "patterns")])
        with CaptureQueriesContext(connection) as captured, unit("block"):
            function()
        assert shapes(captured) == shapes(plain)
    sink.units()


def test_a_known_way_is_not_walked_again_and_equal_sites_are_one_object(patterns: Any, sink: Sink) -> None:
    """The second run of every pattern resolves nothing, and finds the very same objects."""
    from django_mercury.call_sites import walk

    for function in (patterns.follows_a_foreign_key, patterns.follows_by_name, patterns.renders, patterns.prefetches):
        runs, resolved = [], []
        for _ in range(3):
            runs.append([id(one) for one in sites_of(sink, function)])
            resolved.append(walk._table.resolved)
        assert resolved[1] == resolved[2]
        assert runs[0] == runs[1] == runs[2]


def test_a_recursion_is_one_place_whatever_its_depth(patterns: Any, sink: Sink) -> None:
    """All three steps up a tree have the same site, with each line of the stack once."""
    _, *steps = sites_of(sink, patterns.recurses)
    assert len(steps) == 3 and len({id(one) for one in steps}) == 1
    functions = [one.function for one in steps[0].frames]
    assert functions[:2] == ["_depth", "recurses"] and functions.count("_depth") == 1
