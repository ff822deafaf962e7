"""Run the project of tests/upstream in processes of its own, as its user would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.daemon import clean_environment

__all__ = ["PROJECT", "Project"]

PROJECT = Path(__file__).resolve().parents[1] / "upstream" / "project"


class Project:
    """The project's commands. ``environment``: changed by tests; without more, no daemon is asked."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = clean_environment(directory, PROJECT_DATABASES=str(directory), MERCURY_MODE="off")
        self.environment.pop("CI", None)

    def run(self, *arguments: str, status: int = 0, **environment: str) -> str:
        """Run Python with these arguments; return what it printed, and fail on another exit status."""
        ended = self.start(*arguments, **environment)
        output, _ = ended.communicate(timeout=300)
        assert ended.returncode == status, f"exit status {ended.returncode}, not {status}:\n{output}"
        return output

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start Python with these arguments; both streams are one."""
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=PROJECT, env={**self.environment, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def pytest(self, *arguments: str, status: int = 0, **environment: str) -> str:
        """Run pytest on the suite, with Mercury on."""
        return self.run("-m", "pytest", "--mercury", *arguments, status=status, **environment)

    def manage(self, *arguments: str, status: int = 0, **environment: str) -> str:
        """Run manage.py."""
        return self.run("manage.py", *arguments, status=status, **environment)
