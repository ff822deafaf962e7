"""Lend the tests of reports one document of real requests."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from support.reports import bookshop_report


@pytest.fixture(scope="session")
def _report(bookshop: None) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_MERCURY_PURE_PYTHON", "1")  # no daemon is asked
        return bookshop_report()


@pytest.fixture
def report(_report: dict[str, Any]) -> dict[str, Any]:
    """Return a document that the test may change."""
    return copy.deepcopy(_report)
