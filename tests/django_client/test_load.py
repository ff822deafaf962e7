"""The bookshop's load: the same plan every time, over every route, with rows that are always the same."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from io import StringIO
from pathlib import Path

import load
import pytest
from django.core.management import call_command
from django.urls import URLPattern
from shop import urls
from shop.models import Book, Review


@pytest.mark.parametrize("requests", [1, 98, 99, 250, 1998])
def test_the_plan_has_the_size_that_was_asked_for(requests: int) -> None:
    """And is the same at every call."""
    plan = load.make_plan(requests)
    assert len(plan) == requests
    assert plan == load.make_plan(requests)


def test_the_shares_follow_the_weights() -> None:
    """To one request."""
    total = sum(route.weight for route in load.PLAN)
    counts = Counter(id(route) for route, _ in load.make_plan(10 * total))
    assert [counts[id(route)] for route in load.PLAN] == [10 * route.weight for route in load.PLAN]


def test_every_page_is_in_the_plan() -> None:
    """A page that is added without a line in the plan is not measured by the demo."""
    planned = {route.name for route in load.PLAN}
    pages = {str(pattern.pattern) or "/" for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}
    assert pages <= planned


def test_populate_writes_the_same_rows_every_time() -> None:
    """Keys and texts, so that figures can be compared between runs and machines."""

    def digest() -> str:
        rows = [*Book.objects.order_by("id").values_list(), *Review.objects.order_by("id").values_list()]
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    digests, outputs = set(), set()
    for _ in range(2):
        output = StringIO()
        call_command("populate", stdout=output)
        digests.add(digest())
        outputs.add(output.getvalue())
    assert len(digests) == 1
    assert outputs == {"populated 1067 rows\n"}


def test_the_readme_names_every_variable_of_the_settings() -> None:
    """The docstring of the settings is the list that it promises."""
    site = Path(load.__file__).parent / "bookshop" / "settings.py"
    text = site.read_text(encoding="utf-8")
    listed = {line.split()[0] for line in text.splitlines() if line.startswith("BOOKSHOP_")}
    used = {word.strip("\"'") for word in text.replace("(", " ").replace(",", " ").replace(")", " ").split()}
    assert {name for name in used if name.startswith("BOOKSHOP_")} == listed
    assert {name for name in os.environ if name.startswith("BOOKSHOP_")} <= listed
