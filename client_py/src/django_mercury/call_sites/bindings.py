"""Find where a function gives a name its value.

A name that is bound once, or bound once and then only refined (``books = books.filter(…)``), has one
expression to change. Anything else (two branches, a loop variable, ``global``) has none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from django.db.models import QuerySet

from .sources import Source
from .stack import Step

__all__ = ["Scope", "scope_of"]

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Scope:
    """One function (or module) and the names it binds."""

    def __init__(self, node: ast.AST) -> None:
        self.node = node
        arguments = node.args if isinstance(node, _FUNCTIONS) else None
        self.parameters: list[str] = []
        if arguments is not None:
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            self.parameters = [one.arg for one in every]

    def value_of(self, name: str) -> ast.expr | None:
        """Return the one expression that a name's value comes from; None for a parameter, or if it is not one."""
        values = self._sources(name)
        return values[0] if values is not None and len(values) == 1 and name not in self.parameters else None

    def is_passed(self, name: str) -> bool:
        """Tell whether a name is a parameter whose value the function at most refines."""
        return name in self.parameters and self._sources(name) == []

    def _sources(self, name: str) -> list[ast.expr] | None:
        """Return what is assigned to a name, but for refinements; None if it is also bound in another way."""
        values: list[ast.expr] = []
        for node in self.nodes():
            bound = _bound_value(node, name)
            if bound is not None:
                values.append(bound)
            elif _binds_otherwise(node, name):
                return None
        return [value for value in values if not _refines(value, name)]

    def entries_of(self, name: str, key: str) -> list[ast.expr]:
        """Return the expressions that are put into the dictionary ``name`` under ``key``."""
        found: list[ast.expr] = []
        value = self.value_of(name)
        if isinstance(value, ast.Dict):
            found += entries(value, key)
        for node in self.nodes():
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and _is_entry(node.targets[0], name, key):
                found.append(node.value)
        return found

    def nodes(self) -> Iterator[ast.AST]:
        """Iterate over the nodes of this scope, without those of functions and classes inside of it."""
        waiting = list(ast.iter_child_nodes(self.node))
        while waiting:
            node = waiting.pop()
            yield node
            if not isinstance(node, _SCOPES):
                waiting.extend(ast.iter_child_nodes(node))


def _is_entry(node: ast.expr, name: str, key: str) -> bool:
    """Tell whether a node is ``name["key"]``."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name) or node.value.id != name:
        return False
    return isinstance(node.slice, ast.Constant) and node.slice.value == key


def entries(node: ast.Dict, key: str) -> list[ast.expr]:
    """Return the values of a dictionary display under a constant key."""
    return [
        value
        for one, value in zip(node.keys, node.values, strict=True)
        if isinstance(one, ast.Constant) and one.value == key
    ]


def _bound_value(node: ast.AST, name: str) -> ast.expr | None:
    if isinstance(node, ast.Assign):
        if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
            return node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
        target = node.target
        return node.value if isinstance(target, ast.Name) and target.id == name else None
    return None


def _binds_otherwise(node: ast.AST, name: str) -> bool:
    """Tell whether a node binds a name in a way that leaves no expression to change."""
    targets: list[ast.AST] = []
    if isinstance(node, ast.Assign):
        targets = [one for one in node.targets if not isinstance(one, ast.Name)]
    elif isinstance(node, ast.AugAssign | ast.For | ast.AsyncFor):
        targets = [node.target]
    elif isinstance(node, ast.With | ast.AsyncWith):
        targets = [one.optional_vars for one in node.items if one.optional_vars is not None]
    elif isinstance(node, ast.Global | ast.Nonlocal):
        return name in node.names
    elif isinstance(node, ast.Import | ast.ImportFrom):
        return any((one.asname or one.name.partition(".")[0]) == name for one in node.names)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler):
        return node.name == name
    return any(
        isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one.id == name
        for target in targets
        for one in ast.walk(target)
    )


def _refines(value: ast.expr, name: str) -> bool:
    """Tell whether a value is the name's own queryset once more: ``name.filter(…)``, ``name[:10]``."""
    inner: ast.AST = value
    while isinstance(inner, ast.Call | ast.Attribute | ast.Subscript):
        outer, inner = inner, inner.func if isinstance(inner, ast.Call) else inner.value
        if isinstance(inner, ast.Name) and inner.id == name:
            if isinstance(outer, ast.Subscript):
                return isinstance(outer.slice, ast.Slice)
            return isinstance(outer, ast.Attribute) and hasattr(QuerySet, outer.attr)
    return False


def scope_of(step: Step, source: Source) -> Scope | None:
    """Return the function that a frame runs; for a comprehension's own frame that is the function around it."""
    if step.name == "<module>":
        return Scope(source.tree)
    first, name = step.code.co_firstlineno, step.name
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            lines = [node.lineno, *(one.lineno for one in node.decorator_list)]
            if first in lines:
                return Scope(node)
    return None
