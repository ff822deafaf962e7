"""Fixtures of the end-to-end tests: a daemon and a site of the test's own, and a look at what is left behind.

A test that fails shows every log of its directory.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from support.bookshop import BookshopData
from support.daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path, leaves_nothing_behind: None) -> Iterator[Daemon]:
    """A daemon of this test, which runs."""
    with Daemon(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def bookshop(tmp_path_factory: pytest.TempPathFactory) -> BookshopData:
    """The bookshop's databases, filled once; a Server works on a copy."""
    return BookshopData(tmp_path_factory.mktemp("bookshop")).make()


@pytest.fixture(autouse=True)
def leaves_nothing_behind(tmp_path: Path) -> Iterator[None]:
    """End and report whatever process or socket of ours is still there after a test."""
    yield
    left = [f"process {pid}: {line}" for pid, line in _processes_of(tmp_path)]
    for pid, _ in _processes_of(tmp_path):
        os.kill(pid, signal.SIGKILL)
    left += [str(path) for path in tmp_path.rglob("*") if path.is_socket()]
    assert not left, f"left behind: {left}"


def _processes_of(directory: Path) -> list[tuple[int, str]]:
    """Return mercuryd processes that were told of a path in ``directory``."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"{directory}/" in line and "mercuryd" in line.split(" ")[0]:
            found.append((int(file.parent.name), line))
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the logs of a test that failed."""
    report = yield
    directory = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and directory is not None:
        for file in sorted(directory.rglob("*.log")):
            report.sections.append((f"{file.name}", file.read_text(errors="replace")))
    return report
