"""Find where a class says what it shows: ``queryset`` and ``get_queryset`` of a view, the body of a ModelAdmin.

Classes are read through ``__dict__``, not ``getattr``: nothing of the application's is run.
"""

from __future__ import annotations

import ast
import sys
from typing import Any

from mercury_client.protocol import Anchor, AnchorKind

from . import places, querysets
from .bindings import Scope
from .expressions import is_primary
from .sources import Source, load

__all__ = ["admin_anchor", "find_class", "view_expression"]


def find_class(model: type) -> tuple[Source, ast.ClassDef] | None:
    """Return the source and definition of one of the application's classes."""
    module = sys.modules.get(model.__module__)
    path = getattr(module, "__file__", None)
    if not isinstance(path, str) or not places.is_application(path):
        return None
    source = load(path)
    if source is None:
        return None
    body: list[ast.stmt] = source.tree.body
    found: ast.ClassDef | None = None
    for name in model.__qualname__.split("."):
        if name == "<locals>":
            return None
        definitions = [one for one in body if isinstance(one, ast.ClassDef) and one.name == name]
        if len(definitions) != 1:
            return None
        found = definitions[0]
        body = found.body
    return (source, found) if found is not None else None


def view_expression(view: type, root: Any) -> tuple[Source, ast.expr] | None:
    """Return the expression from which a class-based view has its queryset, if ``root`` can have come from it."""
    for owner in view.__mro__:
        if "get_queryset" in owner.__dict__:
            found = find_class(owner)
            if found is not None:
                expression = _returned(found[1], "get_queryset")
                return (found[0], expression) if expression is not None else None
        if "queryset" in owner.__dict__ and owner.__dict__["queryset"] is not None:
            if not querysets.could_derive(owner.__dict__["queryset"], root):
                return None
            found = find_class(owner)
            return _assigned(*found, "queryset") if found is not None else None
    return None


def context_expression(view: type, key: str) -> tuple[Source, ast.expr] | None:
    """Return what a view's ``get_context_data`` puts into the context under a key."""
    for owner in view.__mro__:
        if "get_context_data" not in owner.__dict__:
            continue
        found = find_class(owner)
        if found is None:
            continue
        for node in found[1].body:
            if isinstance(node, ast.FunctionDef) and node.name == "get_context_data":
                scope = Scope(node)
                names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
                values = [value for name in sorted(names) for value in scope.entries_of(name, key)]
                if len(values) == 1:
                    return found[0], _followed(scope, values[0])
    return None


def _followed(scope: Scope, value: ast.expr) -> ast.expr:
    if isinstance(value, ast.Name):
        return scope.value_of(value.id) or value
    return value


def _assigned(source: Source, definition: ast.ClassDef, name: str) -> tuple[Source, ast.expr] | None:
    values = [
        node.value
        for node in definition.body
        if (isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets))
        or (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name)
    ]
    return (source, values[0]) if len(values) == 1 and values[0] is not None and is_primary(values[0]) else None


def _returned(definition: ast.ClassDef, name: str) -> ast.expr | None:
    """Return what the only ``return`` of a method returns."""
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            returns = [one.value for one in Scope(node).nodes() if isinstance(one, ast.Return)]
            return returns[0] if len(returns) == 1 and is_primary(returns[0]) else None
    return None


def admin_anchor(admin: type) -> Anchor | None:
    """Return the first line of a ModelAdmin's body, unless it says itself what is to be joined."""
    for owner in admin.__mro__:
        if owner.__module__.startswith("django.contrib.admin"):
            break
        if "list_select_related" in owner.__dict__ or "get_list_select_related" in owner.__dict__:
            return None
    found = find_class(admin)
    if found is None:
        return None
    source, definition = found
    body = definition.body
    if ast.get_docstring(definition, clean=False) is not None:
        body = body[1:]
    if not body:
        return None
    lines = [body[0].lineno, *(one.lineno for one in getattr(body[0], "decorator_list", ()))]
    line = min(lines)
    column = len(source.line(line)) - len(source.line(line).lstrip())
    if line <= definition.lineno or not source.line(line)[:column].isspace():
        return None
    return Anchor(source.path, line, column, int(AnchorKind.ADMIN))
