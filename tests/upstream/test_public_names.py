"""What Django Mercury's users wrote runs unchanged, whatever is installed, with a daemon and without."""

from __future__ import annotations

import pytest

from support.daemon import Daemon, assert_balanced
from support.project import Project

CONFIGURATIONS = [("1", "1"), ("1", "0"), ("0", "1"), ("0", "0")]


@pytest.mark.parametrize(("app", "drf"), CONFIGURATIONS, ids=["both", "no REST framework", "no app", "neither"])
def test_every_public_assertion_passes_and_fails(project: Project, app: str, drf: str) -> None:
    output = project.manage("test", "--noinput", "library", WITH_APP=app, WITH_DRF=drf)
    assert "Ran 54 tests" in output
    assert output.rstrip().splitlines()[-3].startswith("OK") or "\nOK\n" in output


def test_the_same_with_verdicts_of_the_daemon(project: Project, daemon: Daemon) -> None:
    output = project.manage("test", "--noinput", "library", MERCURY_MODE="strict", MERCURY_ADDRESS=daemon.address)
    assert "\nOK\n" in output
    status = daemon.status()
    assert status["units"]["received"] > 54, "each test has at least one block that the daemon judged"
    assert_balanced(status)
