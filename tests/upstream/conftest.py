"""The project of this folder, and a daemon of a test's own. The project's tests are run by it, not collected here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.daemon import Daemon
from support.project import Project

collect_ignore = ["project"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The project, with databases of this test's own."""
    return Project(tmp_path)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon of this test, which runs."""
    with Daemon(tmp_path) as running:
        yield running
