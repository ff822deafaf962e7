"""Set the bookshop up in this process, on SQLite files of this session, and lend its sink to tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "client_py" / "src"), str(HERE.parent / "bookshop"), str(HERE)]

_KEPT = ("MERCURY_BIN_DIR", "MERCURY_CHROMIUM", "MERCURY_REQUIRE_", "MERCURY_SCREENSHOTS")  # for tests
_DATA = tempfile.mkdtemp(prefix="mercury-bookshop-")
for _name in [name for name in os.environ if name.startswith(("BOOKSHOP_", "MERCURY_")) and not name.startswith(_KEPT)]:
    del os.environ[_name]
os.environ["BOOKSHOP_DATA"] = _DATA
os.environ["DJANGO_SETTINGS_MODULE"] = "bookshop.settings"
os.environ["MERCURY_ADDRESS"] = f"unix://{_DATA}/nobody.sock"  # no test of this folder may start a daemon

import django  # noqa: E402  (path or settings first)

django.setup()

from django.core.management import call_command  # noqa: E402  (path or settings first)
from sink import Sink, caught  # noqa: E402  (path or settings first)


def pytest_unconfigure() -> None:
    shutil.rmtree(_DATA, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def bookshop() -> None:
    """Create and fill both databases once."""
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0, database="reports")
    with open(os.devnull, "w") as silence:
        call_command("populate", stdout=silence)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Catch the units of one test."""
    with caught() as one:
        yield one
