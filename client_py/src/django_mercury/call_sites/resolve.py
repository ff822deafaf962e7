"""Walk a stack the long way and say everything about it: the Site.

It costs some 100 µs (more where a file is parsed for the first time), and happens once for each way to a
query, not once a query.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType
from typing import Any

from mercury_client import faults
from mercury_client.protocol import Anchor, Site, SiteFlags, SiteFrame, TemplateLine

from . import anchors, asynchronous, ignoring, orm, querysets
from .readers import admin_of, template_line, view_of_handler
from .stack import MIGRATIONS, Step, is_handler, is_view, steps_from

__all__ = ["resolve"]

FRAMES_MAX = 30
LIBRARY_FRAMES_MAX = 20

_WRITES = {"INSERT": "insert", "UPDATE": "update", "DELETE": "delete", "REPLACE": "insert", "MERGE": "update"}


def resolve(frame: FrameType | None, sql: str) -> Site:
    """Describe the query that is made from ``frame``."""
    steps = _with_caller(steps_from(frame))
    end = orm.segment_end(steps)
    call = orm.describe(steps[:end])
    own = [step for step in steps[end:] if step.application] or [step for step in steps[:end] if step.application]
    name, line = template_line(frame)
    serializer_field = _serializer_field(steps)
    label = querysets.label(call.model)
    operation = call.operation
    if operation == "raw" and steps and steps[0].orm:
        operation = _WRITES.get(sql[:8].upper().partition(" ")[0], "other")
    return Site(
        frames=_frames(own[:], True) if own else _frames(steps, False),
        template=TemplateLine(name, line) if name else None,
        view=_view(steps) if serializer_field or not own else "",
        serializer_field=serializer_field,
        admin_column=_admin_column(steps),
        operation=operation,
        relation=call.relation.label,
        flags=call.flags | _flags(steps),
        relation_kind=call.relation.kind,
        owner_table=call.relation.owner_table,
        model=label,
        state=call.state,
        joins=call.joins,
        path=call.path,
        anchor=_anchor(steps, end, call),
        ignore=_ignore(own),
    )


def _flags(steps: Sequence[Step]) -> int:
    """Return BULK for what migrations and fixtures do: it is no loop that anybody would mend."""
    return int(SiteFlags.BULK) if any(step.file.startswith(MIGRATIONS) for step in steps) else 0


def _with_caller(steps: list[Step]) -> list[Step]:
    """Put the coroutine that waits in the place of the worker thread's own frames."""
    for index, step in enumerate(steps):
        if step.application:
            return steps
        if asynchronous.is_worker(step):
            frames = asynchronous.caller(step.frame)
            return [*steps[: index + 1], *map(Step, frames)] if frames else steps
    return steps


def _frames(steps: Sequence[Step], application: bool) -> tuple[SiteFrame, ...]:
    """Return frames innermost first, each place once: how deep a recursion was is no part of a place."""
    seen: dict[tuple[str, int, str], SiteFrame] = {}
    line = 0  # of a comprehension that has a frame of its own: it counts as part of its function
    for step in steps:
        if step.comprehension:
            line = line or step.line
            continue
        place = (step.file, line or step.line, step.function)
        line = 0
        if place not in seen:
            seen[place] = SiteFrame(*place, step.module, application)
            if len(seen) >= (FRAMES_MAX if application else LIBRARY_FRAMES_MAX):
                break
    return tuple(seen.values())


def _serializer_field(steps: Sequence[Step]) -> str:
    """Return ``SerializerClass.field``, with the fields of nested serializers: ``BookSerializer.author.name``."""
    names: list[str] = []
    outermost = ""
    for step in steps:
        if step.serializer:
            field = step.local("field")
            name = getattr(field, "field_name", None)
            if type(name) is str and name:
                names.append(name)
                outermost = type(step.local("self")).__name__
    return ".".join([outermost, *reversed(names)]) if names else ""


def _admin_column(steps: Sequence[Step]) -> str:
    for step in steps:
        if step.column:
            variables = step.frame.f_locals
            name = variables.get("name", variables.get("field_name"))
            if type(name) is not str:
                name = getattr(name, "__name__", "")
            admin = admin_of(variables)
            if name and admin is not None:
                return f"{type(admin).__name__}.{name}"
    return ""


def _view(steps: Sequence[Step]) -> str:
    """Return ``module.Class`` (or ``module.function``) of the view that answers the request."""
    view: Any = None
    for step in steps:
        if is_handler(step.code):
            view = view_of_handler(step.frame) or view
        elif step.name == "dispatch" and is_view(step.receiver()):
            view = type(step.receiver())
    module, name = getattr(view, "__module__", ""), getattr(view, "__qualname__", "")
    return f"{module}.{name}" if type(module) is str and type(name) is str and name else ""


def _ignore(own: Sequence[Step]) -> str:
    """Return ``kind|reason`` of the innermost comment, else of the block."""
    for step in own[:FRAMES_MAX]:
        found = ignoring.comment(step.file, step.line)
        if found:
            return found
    reason = ignoring.reason.get()
    return f"|{reason}" if reason else ""


def _anchor(steps: Sequence[Step], end: int, call: orm.Call) -> Anchor | None:
    try:
        return anchors.find(steps, end, call)
    except Exception:
        faults.recover("anchor")  # the rest of the site is right without
        return None
