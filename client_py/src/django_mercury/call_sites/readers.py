"""Read what varies between two queries that came through the same code.

A loop of a template, the fields of a serializer, the columns of the admin and the descriptors of a model are
each one piece of code that serves many places. Frames of such code have a reader: it returns a value for the
key of the call site that is equal exactly if the place is. What a reader names by ``id()`` it puts into
``keep``, so that the number is not given away again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import FrameType, FunctionType
from typing import Any

from django.template.base import Node

from . import asynchronous, places
from .stack import CONTENT_TYPES, DESCRIPTORS, QUERIES, QUERY_UTILS, STEPS_MAX, Step, is_handler, is_view, local

__all__ = ["Reader", "admin_of", "readers_of", "template_line", "view_of_handler"]

_RENDER_ANNOTATED = Node.render_annotated.__code__
Reader = Callable[[FrameType, list[Any]], Hashable]


def readers_of(frame: FrameType | None, needs_view: bool) -> tuple[tuple[int, Reader], ...]:
    """Return (depth, reader) for the frames of a stack from here on, in the order of depth."""
    found: list[tuple[int, Reader]] = []
    templates = False
    for depth in range(STEPS_MAX):
        if frame is None:
            break
        step = Step(frame)
        if step.template:
            if not templates:
                found.append((depth, _read_template))
            templates = True
        elif reader := _reader_of(step, needs_view):
            found.append((depth, reader))
        if is_handler(step.code):
            break
        frame = frame.f_back
    return tuple(found)


def _reader_of(step: Step, needs_view: bool) -> Reader | None:
    name = step.name
    if name == "__get__" and (step.file in (DESCRIPTORS, QUERY_UTILS) or step.file.startswith(CONTENT_TYPES)):
        return _read_descriptor
    if name == "prefetch_one_level" and step.file == QUERIES:
        return _read_prefetch
    if step.serializer:
        return _read_serializer
    if step.column:
        return _read_column
    if name == "thread_handler" and asynchronous.is_worker(step):
        return asynchronous.read_caller
    if needs_view:
        if is_handler(step.code):
            return _read_handler
        if name == "dispatch" and is_view(step.receiver()):
            return _read_dispatch
    return None


def _identity(value: Any, keep: list[Any]) -> int:
    keep.append(value)
    return id(value)


def template_line(frame: FrameType | None) -> tuple[str, int]:
    """Return (name, line) of the innermost line of an application's template; ("", 0) if there is none."""
    for _ in range(STEPS_MAX):
        if frame is None or is_handler(frame.f_code):
            break
        if frame.f_code is _RENDER_ANNOTATED:
            held = getattr(local(frame, "self"), "__dict__", {})
            name = places.template_name(held.get("origin"))
            line = getattr(held.get("token"), "lineno", None)
            if name and type(line) is int:
                return name, line
        frame = frame.f_back
    return "", 0


def _read_template(frame: FrameType, keep: list[Any]) -> Hashable:
    return template_line(frame)


def _read_descriptor(frame: FrameType, keep: list[Any]) -> Hashable:
    variables = frame.f_locals
    return _identity(variables.get("self"), keep), _identity(type(variables.get("instance")), keep)


def _read_prefetch(frame: FrameType, keep: list[Any]) -> Hashable:
    variables = frame.f_locals
    to, level = getattr(variables.get("lookup"), "prefetch_to", ""), variables.get("level")
    return (to if type(to) is str else "", level if type(level) is int else 0)


def _read_serializer(frame: FrameType, keep: list[Any]) -> Hashable:
    variables = frame.f_locals
    name = getattr(variables.get("field"), "field_name", None)
    kind = type(variables.get("self"))  # by name: DRF makes classes of the same name for each request
    return kind.__module__, kind.__qualname__, name if type(name) is str else ""


def _read_column(frame: FrameType, keep: list[Any]) -> Hashable:
    variables = frame.f_locals
    name = variables.get("name", variables.get("field_name"))
    admin = _identity(type(admin_of(variables)), keep)
    if type(name) is str:
        return admin, name
    code = getattr(name, "__code__", None) if type(name) is FunctionType else None  # a lambda of each request has one
    return admin, _identity(code if code is not None else type(name), keep)


def admin_of(variables: Mapping[str, Any]) -> Any:
    """Return the ModelAdmin whose column is read, from the variables of a frame of the admin."""
    admin = variables.get("model_admin")
    return admin if admin is not None else getattr(variables.get("cl"), "__dict__", {}).get("model_admin")


def _read_dispatch(frame: FrameType, keep: list[Any]) -> Hashable:
    return _identity(type(frame.f_locals.get("self")), keep)


def _read_handler(frame: FrameType, keep: list[Any]) -> Hashable:
    return _identity(view_of_handler(frame), keep)


def view_of_handler(frame: FrameType) -> Any:
    """Return the view class, ModelAdmin class or view function that the request handler has called."""
    view = local(frame, "callback")
    owner = getattr(view, "__dict__", {})
    for name in ("cls", "view_class"):
        if isinstance(owner.get(name), type):
            return owner[name]
    admin = owner.get("model_admin")
    return type(admin) if admin is not None else view
