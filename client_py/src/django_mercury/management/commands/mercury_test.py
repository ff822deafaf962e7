"""``manage.py mercury_test``: Django's ``test`` with Mercury on, the same labels and options, and reports."""

from __future__ import annotations

from typing import Any
from unittest import mock

from django.core.management.commands import test
from django.test.utils import get_runner

from django_mercury.testing.runner import with_mercury


class Command(test.Command):
    """Run the tests measured, write reports, fail where a gate says so."""

    help = "Runs the tests like `test`, measures each of them, and reports queries, N+1 and response times."

    def add_arguments(self, parser: Any) -> None:
        """Declare Django's options, Mercury's, and one that older scripts pass."""
        with _measuring_runner():
            super().add_arguments(parser)
        parser.add_argument("--no-discover", action="store_true", help="taken for older scripts; changes nothing")

    def handle(self, *test_labels: str, **options: Any) -> None:
        """Run."""
        options.pop("no_discover", None)
        with _measuring_runner():
            super().handle(*test_labels, **options)


def _measuring_runner() -> Any:
    """Let Django's command, which asks for the settings' runner, get that one with Mercury on."""

    def measuring(settings: Any, name: Any = None) -> type:
        return with_mercury(get_runner(settings, name))

    return mock.patch.object(test, "get_runner", measuring)
