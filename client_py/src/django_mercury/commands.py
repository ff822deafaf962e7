"""Measure management commands: each ``BaseCommand.execute`` is a unit of kind ``command``.

Commands that run until they are stopped are none: what they do is measured as requests or tasks, or is a
person's own typing. A command called by another one (``call_command``) is a unit below it.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.core.management.base import BaseCommand

from mercury_client import faults
from mercury_client.protocol import UnitKind
from mercury_client.recorder import activate, begin, deactivate, enabled, finish

__all__ = ["ENDLESS", "install", "name_of"]

_MARK = "_mercury_measured"
ENDLESS = frozenset({
    "celery", "daphne", "db_worker", "dbshell", "mercury", "mercury_test", "process_tasks", "qcluster", "rqscheduler",
    "rqworker", "run_huey", "rundramatiq", "rungunicorn", "runserver", "runserver_plus", "runworker",
    "shell", "shell_plus", "test", "testserver",
})  # fmt: skip


def name_of(command: BaseCommand) -> str:
    """Return the name a command is called by: its module's."""
    return type(command).__module__.rpartition(".")[2]


def install() -> None:
    """Wrap ``BaseCommand.execute``, once."""
    execute = BaseCommand.execute
    if getattr(execute, _MARK, False):
        return

    @wraps(execute)
    def measured(self: BaseCommand, *args: Any, **options: Any) -> Any:
        name = name_of(self)
        if name in ENDLESS or not enabled():
            return execute(self, *args, **options)
        unit = begin(UnitKind.COMMAND, name)
        token = activate(unit)
        try:
            result = execute(self, *args, **options)
        except BaseException as error:
            deactivate(token)
            finish(unit, exception=None if _is_success(error) else error)
            raise
        deactivate(token)
        finish(unit)
        return result

    setattr(measured, _MARK, True)
    BaseCommand.execute = measured


def _is_success(error: BaseException) -> bool:
    try:
        return isinstance(error, SystemExit) and error.code in (None, 0)
    except Exception:
        faults.recover("command")
        return False
