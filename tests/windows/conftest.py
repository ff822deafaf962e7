"""Fixtures of the tests on Windows, and when they are skipped: never where MERCURY_REQUIRE_WINDOWS=1 is set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from windows.world import Daemon, Windows, missing


def need(reason: str) -> None:
    """Skip the test for this reason, "" is none; where Windows is required, fail."""
    if reason and os.environ.get("MERCURY_REQUIRE_WINDOWS") == "1":
        pytest.fail(f"MERCURY_REQUIRE_WINDOWS is set, but {reason}")
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def windows() -> Windows:
    """A Windows with a Python in it."""
    need(missing())
    return Windows()


@pytest.fixture
def daemon(windows: Windows, tmp_path: Path) -> Iterator[Daemon]:
    """A real daemon of this test, which runs."""
    need(missing(daemon=True))
    with Daemon(windows, tmp_path, f"mercury-test-{os.getpid()}-{tmp_path.name}") as running:
        yield running
