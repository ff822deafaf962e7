"""Record statements with their places, without any engine: what test_cases.py checks the rows with.

Deliberately plain: an execute wrapper on every connection that walks the whole stack at each statement. A
*frame of the application* is one whose file lies in the project; a node of one of the project's templates
counts as a frame at its line. Where neither is on the stack, the serializer field, admin column and view are
read from the frames of the library. In async code the statement runs in another thread: there the places are
those of all tasks of the loop, and the check is only whether the marked one is among them.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

_NUMBER = re.compile(r"\b\d+\b")
_LISTS = re.compile(r"\((?:%s|\?)(?:, (?:%s|\?))*\)")
_CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "PRAGMA")


@dataclass
class Statement:
    """One statement, without its numbers, and where it may have come from."""

    sql: str
    alias: str
    places: list[dict[str, Any]] = field(default_factory=list)


class Recorder:
    """Watches every connection of every thread from now on; one for each process."""

    def __init__(self, project: Path) -> None:
        from django.db import connections
        from django.db.backends.signals import connection_created

        self._project = str(project)
        self._statements: list[Statement] | None = None
        for connection in connections.all(initialized_only=True):
            self._watch(None, connection)
        connection_created.connect(self._watch, dispatch_uid="stacks")

    @contextmanager
    def statements(self) -> Iterator[list[Statement]]:
        """Collect what is executed inside."""
        self._statements = []
        try:
            yield self._statements
        finally:
            self._statements = None

    def _watch(self, sender: Any, connection: Any, **kwargs: Any) -> None:
        if self._execute not in connection.execute_wrappers:
            connection.execute_wrappers.insert(0, self._execute)

    def _execute(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if self._statements is not None and not str(sql).lstrip().upper().startswith(_CONTROL):
            text = _LISTS.sub("(?)", _NUMBER.sub("?", str(sql)))
            places = _places(sys._getframe(1), self._project)
            self._statements.append(Statement(text, context["connection"].alias, places))
        return execute(sql, params, many, context)


def _places(frame: FrameType | None, project: str) -> list[dict[str, Any]]:
    """Return the innermost place of the application; a place by names; or those of all tasks of a loop."""
    names: dict[str, Any] = {}
    loop = None
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(project):
            return [{"file": code.co_filename, "line": frame.f_lineno, **names}]
        if code.co_name == "render_annotated":
            node = frame.f_locals["self"]
            if str(node.origin.name).startswith(project):
                return [{"template_name": node.origin.template_name, "template_line": node.token.lineno}]
        elif code.co_name == "thread_handler" and "loop" in frame.f_locals:
            loop = frame.f_locals["loop"]
        else:
            _note_names(frame, names)
        frame = frame.f_back
    places = _task_places(loop, project) if loop is not None else []
    return places or [names]


def _note_names(frame: FrameType, names: dict[str, Any]) -> None:
    """Read view, serializer field and admin column from a frame of the library; the innermost ones count."""
    owner = frame.f_locals.get("self")
    name = frame.f_code.co_name
    if owner is None and name == "lookup_field":
        names.setdefault("admin_column", str(frame.f_locals["name"]))
        names.setdefault("view", type(frame.f_locals["model_admin"]).__name__)
    if owner is None:
        return
    kinds = {kind.__module__ + "." + kind.__name__ for kind in type(owner).__mro__}
    if name in ("get_attribute", "to_representation") and "rest_framework.fields.Field" in kinds and owner.field_name:
        names.setdefault("serializer_field", owner.field_name)
    elif kinds & {"django.views.generic.base.View", "django.contrib.admin.options.BaseModelAdmin"}:
        names.setdefault("view", type(owner).__name__)


def _task_places(loop: Any, project: str) -> list[dict[str, Any]]:
    """Return the innermost place of the application of every task of ``loop``."""
    places = []
    for task in asyncio.all_tasks(loop):
        coroutine, innermost = task.get_coro(), None
        while coroutine is not None:
            frame = getattr(coroutine, "cr_frame", None)
            if frame is not None and frame.f_code.co_filename.startswith(project):
                innermost = {"file": frame.f_code.co_filename, "line": frame.f_lineno}
            coroutine = getattr(coroutine, "cr_await", None)
        if innermost is not None:
            places.append(innermost)
    return places
