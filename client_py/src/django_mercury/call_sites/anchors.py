"""Find where ``.select_related("…")`` can be inserted so that it changes the queryset a query came from.

From the frame that evaluated the queryset, the first that can be told for sure:

1. the application evaluates it itself (``for book in X``, ``list(X)``, ``X.first()``): the expression X, or
   where X is a local variable, the expression that it was assigned;
2. a library does (a template, a serializer, a paginator): the entry of the context, the argument, or the local
   variable that *is* this queryset, in the application's frames from the innermost out;
3. a class-based view: ``queryset`` or what ``get_queryset`` returns; an admin list: the ModelAdmin's body.

The text that is inserted stands at the end of an expression that is known to have been a queryset, so the file
still runs and returns the same rows. When in doubt there is no anchor, and the suggestion is a template.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from typing import Any

from mercury_client.protocol import Anchor, AnchorKind

from . import classes, querysets
from .bindings import Scope, entries, scope_of
from .expressions import at_instruction, chain_root, evaluated, is_primary
from .orm import Call
from .readers import view_of_handler
from .sources import Source, load
from .stack import MANAGERS, QUERIES, Step, is_handler, is_queryset, is_view, variables

__all__ = ["enable", "find"]

FRAMES_MAX = 6
NAMES_MAX = 5
_OPERATIONS = ("fetch", "iterate", "filter", "first", "get", "prefetch")
_PYTHON_CALLS = (
    "__iter__", "__len__", "__bool__", "__getitem__", "__contains__", "__aiter__",
    "_iterator", "_fetch_all", "next_slice",
)  # fmt: skip
_SHORTCUTS = os.path.join("django", "shortcuts.py")
_CHANGE_LIST = os.path.join("contrib", "admin", "views", "main.py")

_enabled = False


def enable(on: bool) -> None:
    """Say whether anchors are looked for: it parses source files, on the application's thread."""
    global _enabled
    _enabled = on


def find(steps: Sequence[Step], end: int, call: Call) -> Anchor | None:
    """Return the anchor of a call whose ORM frames are ``steps[:end]``."""
    if not _enabled or call.root is None or call.operation not in _OPERATIONS or querysets.locked(call.query):
        return None
    if call.operation == "prefetch" and querysets.deferred(call.query):
        return None  # what is missing was left out in a Prefetch(), not in the queryset around it
    try:
        return _find(steps, end, call.root)
    except (SyntaxError, RecursionError):
        return None  # the file has changed since it was imported


def _find(steps: Sequence[Step], end: int, root: Any) -> Anchor | None:
    index = next((index for index, step in enumerate(steps) if index >= end and step.application), len(steps))
    worker = next((at for at, step in enumerate(steps[:index]) if step.name == "thread_handler"), 0)
    if worker and index < len(steps):
        return _direct(steps, index, _innermost_orm(steps, worker - 1), root)
    if index == end > 0 and _is_orm(steps[end - 1]):
        return _direct(steps, index, steps[end - 1], root)
    own = [at for at in range(index, len(steps)) if steps[at].application]
    for at in own[:FRAMES_MAX]:
        found = _indirect(steps, at, root)
        if found is not None:
            return found
    return _of_class(steps[end:], root)


def _is_orm(step: Step) -> bool:
    return step.file in (QUERIES, MANAGERS) or step.application


def _innermost_orm(steps: Sequence[Step], index: int) -> Step:
    """Return the frame of the ORM at an index, or, below asgiref's own in a worker thread, the next one in."""
    while index > 0 and not _is_orm(steps[index]):
        index -= 1
    return steps[index]


def _direct(steps: Sequence[Step], index: int, callee: Step, root: Any) -> Anchor | None:
    """Find the expression that the application's own frame evaluates."""
    step = steps[index]
    source = load(step.file)
    if source is None:
        return None
    name = callee.local("name") if callee.name == "manager_method" else callee.name
    method = "" if name in _PYTHON_CALLS or type(name) is not str else name
    expression = evaluated(step, source, method)
    return _settle(steps, index, source, expression, root)


def _settle(steps: Sequence[Step], index: int, source: Source, expression: ast.expr | None, root: Any) -> Anchor | None:
    """Turn an expression into an anchor: a name into what it was assigned, a parameter into the argument."""
    scope: Scope | None = None
    for _ in range(NAMES_MAX):
        if not isinstance(expression, ast.Name):
            return _anchor(source, expression)
        scope = scope or _scope_around(steps, index, source)
        if scope is None:
            return None
        if scope.is_passed(expression.id):
            return _argument(steps, index, scope, expression.id, root)
        expression = scope.value_of(expression.id)
    return None


def _scope_around(steps: Sequence[Step], index: int, source: Source) -> Scope | None:
    """Return the function a frame is in; for a comprehension or generator expression the one that it is part of."""
    inner = steps[index]
    if not inner.name.startswith("<") or inner.name == "<module>":
        return scope_of(inner, source)
    for step in steps[index + 1 : index + 4]:
        if any(one is inner.code for one in step.code.co_consts):
            return _scope_around(steps, steps.index(step), source)
    return None


def _argument(steps: Sequence[Step], index: int, scope: Scope, name: str, root: Any) -> Anchor | None:
    """Find what the caller passed for a parameter."""
    inner = steps[index]
    for outer in range(index + 1, len(steps)):
        step = steps[outer]
        if step.comprehension and step.file == inner.file:
            continue
        if not step.application:
            return None
        source = load(step.file)
        if source is None:
            return None
        calls = [node for node in at_instruction(step, source) if isinstance(node, ast.Call)]
        passed = [one for one in (_passed(call, scope, name) for call in calls) if one is not None]
        return _settle(steps, outer, source, passed[0], root) if len(passed) == 1 else None
    return None


def _passed(call: ast.Call, scope: Scope, name: str) -> ast.expr | None:
    """Return what a call of a function passes for one of its parameters."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called != getattr(scope.node, "name", ""):
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    position = scope.parameters.index(name)
    if scope.parameters[0] in ("self", "cls") and isinstance(call.func, ast.Attribute):
        position -= 1
    before = call.args[: position + 1]
    if len(before) != position + 1 or position < 0 or any(isinstance(one, ast.Starred) for one in before):
        return None
    return before[-1]


def _indirect(steps: Sequence[Step], index: int, root: Any) -> Anchor | None:
    """Find, in one of the application's frames, what it handed to a library."""
    step = steps[index]
    source = load(step.file)
    if source is None:
        return None
    key = _context_key(steps[:index], root)
    nodes: Sequence[ast.AST] = at_instruction(step, source)
    if len(nodes) > 1 and not hasattr(step.code, "co_positions"):
        nodes = [node for node in nodes if isinstance(node, ast.Call | ast.Return)][:1]
    for node in nodes:
        expression = _handed_over(step, node, key, root)
        if expression is not None:
            return _settle(steps, index, source, expression, root)
    return _held(steps, index, source, key, root)


def _context_key(steps: Sequence[Step], root: Any) -> str:
    """Return the name under which a template's context holds the queryset."""
    for step in steps:
        if step.name in ("render", "render_to_string") and (step.file.endswith(_SHORTCUTS) or "template" in step.file):
            context = step.local("context")
            if type(context) is dict:
                for key, value in context.items():
                    if value is root and type(key) is str:
                        return key
    return ""


def _handed_over(step: Step, node: ast.AST, key: str, root: Any) -> ast.expr | None:
    """Return the part of a call that is the queryset: under the context's key, else the only one of its model."""
    if key:
        named = [value for one in ast.walk(node) if isinstance(one, ast.Dict) for value in entries(one, key)]
        if len(named) == 1:
            return named[0]
    model = querysets.model_of(querysets.query_of(root))
    found: list[ast.expr] = []
    waiting: list[ast.AST] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.expr) and one is not node and is_primary(one) and _starts_from(step, one, model):
            found.append(one)
        elif not isinstance(one, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(one))
    return found[0] if len(found) == 1 else None


def _starts_from(step: Step, node: ast.expr, model: Any) -> bool:
    """Tell whether a chain is ``Model.objects…`` of a model that the frame's module knows by this name."""
    root = chain_root(node)
    if not isinstance(root, ast.Name) or isinstance(node, ast.Name):
        return False
    known: Any = step.frame.f_globals.get(root.id)
    if model is None or known is not model:
        return False
    parts: list[ast.AST] = [node]
    while parts[-1] is not root:
        parts.append(parts[-1].func if isinstance(parts[-1], ast.Call) else parts[-1].value)  # type: ignore[attr-defined]  # is_primary: calls, attributes and names only
    first = parts[-2]
    return isinstance(first, ast.Attribute) and first.attr in {one.name for one in model._meta.managers}


def _held(steps: Sequence[Step], index: int, source: Source, key: str, root: Any) -> Anchor | None:
    """Find the local variable that holds the queryset, or the one that it was made of."""
    scope = scope_of(steps[index], source)
    if scope is None:
        return None
    made_of: dict[int, list[ast.expr]] = {}
    for name, value in variables(steps[index]).items():
        inner = _unwrapped(value)
        expression = _expression_of(scope, name, value, inner is root or querysets.could_derive(inner, root))
        if type(value) is dict and key and value.get(key) is root:
            entered = scope.entries_of(name, key)
            expression = entered[0] if len(entered) == 1 else None
        elif inner is not root:
            if expression is not None:
                made_of.setdefault(id(inner), []).append(expression)
            continue
        found = _settle(steps, index, source, expression, root)
        if found is not None:
            return found
    if len(made_of) == 1:  # else several querysets could have been the one
        for expression in next(iter(made_of.values())):
            found = _settle(steps, index, source, expression, root)
            if found is not None:
                return found
    return None


def _expression_of(scope: Scope, name: str, value: Any, wanted: bool) -> ast.expr | None:
    """Return the expression of a variable's queryset: its own, or what a serializer or paginator was given."""
    if not wanted:
        return None
    if is_queryset(value):
        return ast.Name(name, ast.Load()) if scope.is_passed(name) else scope.value_of(name)
    return _first_argument(scope.value_of(name))


def _unwrapped(value: Any) -> Any:
    """Return the queryset that a serializer, paginator or page was made of; the value itself, if it is one."""
    if is_queryset(value):
        return value
    names = {one.__name__ for one in type(value).__mro__}
    if not names & {"BaseSerializer", "Paginator", "Page"}:
        return None  # a proxy's __dict__ may be the application's code
    attributes = getattr(value, "__dict__", {})
    if "BaseSerializer" in names:
        return attributes.get("instance")
    return attributes.get("object_list") if names & {"Paginator", "Page"} else None


def _first_argument(node: ast.expr | None) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    for keyword in node.keywords:
        if keyword.arg in ("instance", "object_list"):
            return keyword.value
    return node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None


def _of_class(steps: Sequence[Step], root: Any) -> Anchor | None:
    """Find the place in the class of the view, or of the admin, that made the queryset."""
    for step in steps:
        receiver = step.receiver() if not step.application else None
        if step.name == "changelist_view" and _is_listed(steps, step, root):
            return classes.admin_anchor(type(receiver))
        if is_view(receiver):
            return _of_view(type(receiver), root, "")
        if step.name == "rendered_content":
            context = getattr(receiver, "__dict__", {}).get("context_data")
            names = [key for key, value in context.items() if value is root] if type(context) is dict else []
            view = view_of_handler(steps[-1].frame) if is_handler(steps[-1].code) else None
            if names and isinstance(view, type):
                return _of_view(view, root, "" if "object_list" in names else names[0])
            return None
    return None


def _is_listed(steps: Sequence[Step], view: Step, root: Any) -> bool:
    """Tell whether a queryset is the rows of an admin list."""
    rows = getattr(view.local("cl"), "__dict__", {}).get("result_list")
    return rows is root or any(one.file.endswith(_CHANGE_LIST) for one in steps)


def _of_view(view: type, root: Any, key: str) -> Anchor | None:
    if querysets.hinted_instance(root) is not None:
        return None
    found = classes.context_expression(view, key) if key else classes.view_expression(view, root)
    return _anchor(*found) if found is not None else None


def _anchor(source: Source, node: ast.expr | None) -> Anchor | None:
    """Return the end of an expression behind which a method call can be written."""
    if node is None or not is_primary(node) or node.end_lineno is None or node.end_col_offset is None:
        return None
    column = source.column(node.end_lineno, node.end_col_offset)
    return Anchor(source.path, node.end_lineno, column, int(AnchorKind.CHAIN))
