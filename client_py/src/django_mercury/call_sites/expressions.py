"""Find the expression in the source that the current instruction of a frame evaluates.

Python 3.11 and newer know line and column of every instruction; on 3.10 the line has to do, and where two
expressions on it could be meant, none is. The tree is only ever read; what cannot be told for sure is None.
"""

from __future__ import annotations

import ast
import itertools
import opcode
import sys
from collections.abc import Iterator
from typing import Any

from .sources import Source
from .stack import Step

__all__ = ["at_instruction", "chain_root", "evaluated", "is_primary"]

_LOOPS = ast.For | ast.AsyncFor
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_Position = tuple[int | None, int | None, int | None, int | None]


def _position(step: Step) -> _Position:
    positions: Any = getattr(step.code, "co_positions", None)
    if positions is None:
        return step.line, None, None, None
    found: _Position = next(itertools.islice(positions(), step.frame.f_lasti // 2, None), (None,) * 4)
    return found


def _operation(step: Step) -> str:
    at = step.frame.f_lasti
    code = step.code.co_code
    while 0 < at < len(code) and opcode.opname[code[at]] == "CACHE":
        at -= 2  # 3.12: a frame that runs a Python method in its own loop stands behind the instruction, in its cache
    return opcode.opname[code[at]] if 0 <= at < len(code) else ""


def _is_call(step: Step) -> bool:
    """Tell whether the instruction is a call, of which the queryset would be an argument or the receiver."""
    return _operation(step).startswith(("CALL", "PRECALL"))


def _is_subscript(step: Step) -> bool:
    """Tell whether the instruction takes an item of the queryset, and not the queryset out of something else."""
    return _operation(step).startswith(("BINARY_SUBSCR", "BINARY_OP", "BINARY_SLICE"))


def at_instruction(step: Step, source: Source) -> list[ast.AST]:
    """Return the nodes that the instruction stands for, the outermost first; several if that is not certain."""
    line, end_line, column, end_column = _position(step)
    if line is None:
        return []
    if end_line is None or column is None or end_column is None:
        return list(source.nodes_on(line))
    nodes = source.ending_at(end_line, end_column)
    exact = [node for node in nodes if (node.lineno, node.col_offset) == (line, column)]  # type: ignore[attr-defined]  # what ends somewhere has a place
    # The instruction of a method call in a chain of several lines begins at the name of the method.
    return exact or [node for node in nodes if _method_place(node) == (line, column)]


def _method_place(node: ast.AST) -> tuple[int, int] | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        func = node.func
        return func.end_lineno or 0, (func.end_col_offset or 0) - len(func.attr.encode("utf-8"))
    return None


def evaluated(step: Step, source: Source, method: str) -> ast.expr | None:
    """Return the expression whose value is the queryset (or manager) that the instruction evaluates.

    ``method``: which of its methods was called by name (``first``); "" for one that Python called
    (``__iter__``, ``__len__``).
    """
    nodes = at_instruction(step, source)
    exact = hasattr(step.code, "co_positions")
    if method:
        found = [one for node in nodes for one in _receivers(node, method)]
    else:
        call = _is_call(step)
        found = [one for node in nodes for one in _iterated(node, call, step, exact)]
    unique = {id(one): one for one in map(_queryset_itself, found) if is_primary(one)}
    return next(iter(unique.values())) if len(unique) == 1 else None


def _receivers(node: ast.AST, method: str) -> Iterator[ast.expr]:
    """Iterate over the X of ``X.method(…)`` that a node is, or, for loops and awaits, is made of."""
    if isinstance(node, ast.Await):
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in (method, f"a{method}"):
        yield node.func.value


def _iterated(node: ast.AST, call: bool, step: Step, exact: bool) -> Iterator[ast.expr]:
    """Iterate over what Python asks for its items, length or truth where a node is evaluated."""
    if isinstance(node, ast.Call) and call:
        if exact or isinstance(node.func, ast.Name):
            yield from _arguments(node)
    elif call:
        return
    elif isinstance(node, _COMPREHENSIONS):
        yield from _sources(node, step)
    elif isinstance(node, _LOOPS):
        yield node.iter
    elif isinstance(node, ast.If | ast.While | ast.Assert | ast.IfExp):
        test = node.test
        yield test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test
    elif isinstance(node, ast.BoolOp):
        if len(node.values) == 2:
            yield node.values[0]
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        starred = [one.value for one in node.elts if isinstance(one, ast.Starred)]
        if len(starred) == 1:
            yield starred[0]
    elif isinstance(node, ast.Compare):
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            yield node.comparators[0]
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Subscript):
        yield node.value if _is_subscript(step) else node
    elif isinstance(node, ast.YieldFrom):
        yield node.value
    elif isinstance(node, ast.Name | ast.Attribute | ast.Call) and exact:
        yield node


def _arguments(node: ast.Call) -> Iterator[ast.expr]:
    takes_function = isinstance(node.func, ast.Name) and node.func.id in ("map", "filter")
    if len(node.args) > takes_function and not any(isinstance(one, ast.Starred) for one in node.args):
        yield node.args[1 if takes_function else 0]


def _sources(node: Any, step: Step) -> Iterator[ast.expr]:
    """Iterate over what a comprehension goes through in this frame.

    The first source is evaluated by the function around, the others in a frame of the comprehension's own; on
    Python 3.12 all in one and with one position, so that they cannot be told apart.
    """
    if step.comprehension or step.name == "<genexpr>":
        if len(node.generators) == 2:
            yield node.generators[1].iter
    elif len(node.generators) == 1 or sys.version_info < (3, 12):
        yield node.generators[0].iter


def _queryset_itself(node: ast.expr) -> ast.expr:
    """Take away what turns a queryset into an iterator of its rows."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr not in ("iterator", "aiterator", "__iter__", "__aiter__"):
            break
        node = node.func.value
    if isinstance(node, ast.NamedExpr):
        node = node.value
    return node


def is_primary(node: ast.AST | None) -> bool:
    """Tell whether ``.method()`` can be written behind an expression as it stands, and means what it says."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super":
        return False  # the method would be looked for in another class than it was
    return isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)


def chain_root(node: ast.AST) -> ast.AST:
    """Return what a chain of attributes, calls and subscripts begins with."""
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        else:
            return node
