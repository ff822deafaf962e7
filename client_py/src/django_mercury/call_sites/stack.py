"""Look at a call stack: its frames as steps, innermost first, and which files of Django they are in.

Reading ``f_locals`` calls nothing: names are looked up in a dictionary (3.13: a view of the frame). What is
found there may be anything of the application's: only its type, ``__dict__`` and identity are ever used.
"""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType
from typing import Any

from django.core.handlers.base import BaseHandler
from django.db.models import Manager, QuerySet
from django.db.models.manager import BaseManager
from django.db.models.query import RawQuerySet
from django.views.generic.base import View

from . import places

__all__ = [
    "CONTENT_TYPES", "DELETION", "DESCRIPTORS", "HANDLERS", "MANAGERS", "MIGRATIONS", "MODELS", "QUERIES",
    "QUERY_UTILS", "STEPS_MAX", "Step", "is_handler", "is_manager", "is_queryset", "is_view", "local",
    "steps_from", "variables",
]  # fmt: skip

STEPS_MAX = 300  # frames from the query on; what is further out is no part of a place

QUERIES = QuerySet.get.__code__.co_filename
_DJANGO = os.path.dirname(os.path.dirname(os.path.dirname(QUERIES)))
_DB = os.path.join(_DJANGO, "db", "")
MANAGERS = os.path.join(_DB, "models", "manager.py")
DESCRIPTORS = os.path.join(_DB, "models", "fields", "related_descriptors.py")
QUERY_UTILS = os.path.join(_DB, "models", "query_utils.py")
DELETION = os.path.join(_DB, "models", "deletion.py")
MODELS = os.path.join(_DB, "models", "base.py")
# What they do to a database is done once, however often.
MIGRATIONS = (
    os.path.join(_DB, "migrations", ""),
    os.path.join(_DJANGO, "core", "management", "commands", "migrate.py"),
    os.path.join(_DJANGO, "core", "management", "commands", "flush.py"),
    os.path.join(_DJANGO, "core", "management", "commands", "loaddata.py"),
)
CONTENT_TYPES = os.path.join(_DJANGO, "contrib", "contenttypes", "")
_TEMPLATES = os.path.join(_DJANGO, "template", "base.py")
_ADMIN = os.path.join(_DJANGO, "contrib", "admin", "")
_SERIALIZERS = os.path.join("rest_framework", "serializers.py")

# Beyond these frames every middleware, and the server, would look guilty.
HANDLERS: tuple[CodeType, ...] = (BaseHandler._get_response.__code__, BaseHandler.get_response.__code__)

_OWN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
_SEES_LOCALS = frozenset({"locals", "vars", "exec", "eval", "dir", "_getframe", "currentframe"})
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")


class Step:
    """One frame of a stack."""

    __slots__ = ("application", "code", "file", "frame", "name")

    def __init__(self, frame: FrameType) -> None:
        self.frame = frame
        self.code: CodeType = frame.f_code
        self.file: str = self.code.co_filename
        self.name: str = self.code.co_name
        self.application = places.is_application(self.file)

    @property
    def function(self) -> str:
        """The qualified name; on Python 3.10 the bare one."""
        return getattr(self.code, "co_qualname", self.name)

    @property
    def module(self) -> str:
        name = self.frame.f_globals.get("__name__", "")
        return name if isinstance(name, str) else ""

    @property
    def line(self) -> int:
        return self.frame.f_lineno or self.code.co_firstlineno

    @property
    def comprehension(self) -> bool:
        """Whether this is a comprehension that has a frame of its own, as before Python 3.12."""
        return self.name in _COMPREHENSIONS

    @property
    def template(self) -> bool:
        """Whether a node of a template is rendered here."""
        return self.name == "render_annotated" and self.file == _TEMPLATES

    @property
    def serializer(self) -> bool:
        """Whether the fields of a DRF serializer are gone through here."""
        return self.name in ("to_representation", "to_internal_value") and self.file.endswith(_SERIALIZERS)

    @property
    def column(self) -> bool:
        """Whether the admin reads a column here."""
        return self.name in ("lookup_field", "items_for_result") and self.file.startswith(_ADMIN)

    @property
    def orm(self) -> bool:
        """Whether this is a frame of Django's ORM."""
        return self.file.startswith((_DB, CONTENT_TYPES))

    @property
    def own(self) -> bool:
        """Whether this is Mercury itself."""
        return self.file.startswith(_OWN)

    def local(self, name: str) -> Any:
        """Return a local variable, None if it is not set."""
        return local(self.frame, name)

    @property
    def readable(self) -> bool:
        """Whether local variables may be read: the application cannot notice.

        Before Python 3.13 ``f_locals`` and ``locals()`` are one dictionary, and reading refreshes it: a function
        that has called ``locals()`` would see it change.
        """
        return not self.application or sys.version_info >= (3, 13) or _SEES_LOCALS.isdisjoint(self.code.co_names)

    def receiver(self) -> Any:
        """Return the first argument, None if there is none or it may not be looked at."""
        code = self.code
        if not self.readable:
            return None
        return self.frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


def local(frame: FrameType, name: str) -> Any:
    """Return a local variable of a frame, None if it is not set."""
    return frame.f_locals.get(name)


def is_handler(code: CodeType) -> bool:
    """Tell whether this is Django's request handler; code objects are compared by identity, which is cheap."""
    return code is HANDLERS[0] or code is HANDLERS[1]


def is_queryset(value: Any) -> bool:
    """Tell whether a value is a queryset or raw queryset, by its type alone."""
    return issubclass(type(value), QuerySet | RawQuerySet)


def is_manager(value: Any) -> bool:
    """Tell whether a value is a manager, by its type alone."""
    return issubclass(type(value), BaseManager | Manager)


def is_view(value: Any) -> bool:
    """Tell whether a value is a class-based view, by its type alone."""
    return issubclass(type(value), View)


def steps_from(frame: FrameType | None) -> list[Step]:
    """Return the frames from here to Django's request handler (itself included), or to the bottom."""
    steps: list[Step] = []
    for _ in range(STEPS_MAX):
        if frame is None:
            break
        step = Step(frame)
        if not step.own:
            steps.append(step)
        if is_handler(step.code):
            break
        frame = frame.f_back
    return steps


def variables(step: Step) -> dict[str, Any]:
    """Return a copy of the local variables of an application's frame, innermost-scope names only.

    Before Python 3.13 reading them would undo what a debugger has just changed: under one, there are none.
    """
    if not step.readable:
        return {}
    if sys.version_info < (3, 13):
        tracer = sys.gettrace()
        if tracer is not None and not type(tracer).__module__.startswith("coverage"):
            return {}
    return dict(step.frame.f_locals)
