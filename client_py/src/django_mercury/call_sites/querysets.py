"""Describe a queryset without touching its rows: its model, its state, what it joins.

Everything is read from ``__dict__``: the ``query`` property of a queryset may apply a filter that was put off,
and nothing here may change, evaluate, compare or print a queryset.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models.query import ModelIterable, RawQuerySet
from django.utils.tree import Node

from .relations import leaves
from .stack import is_queryset

__all__ = [
    "by_unique_key", "could_derive", "deferred", "hinted_instance", "is_plain", "joins", "label", "locked", "model_of",
    "query_of", "state",
]  # fmt: skip

JOINS_MAX = 40
DEPTH_MAX = 5


def query_of(queryset: Any) -> Any:
    """Return the ``sql.Query`` of a queryset, None of anything else."""
    return queryset.__dict__.get("_query") if is_queryset(queryset) else None


def hinted_instance(queryset: Any) -> Any:
    """Return the instance whose related manager a queryset came from, if it is one of a model."""
    hints = queryset.__dict__.get("_hints") if is_queryset(queryset) else None
    return hints.get("instance") if type(hints) is dict else None


def model_of(query: Any) -> Any:
    """Return the model class that a query reads, None if it is unknown."""
    model = getattr(query, "model", None)
    return model if isinstance(model, type) and hasattr(model, "_meta") else None


def label(model: Any) -> str:
    """Return ``app_label.Model``."""
    return str(model._meta.label) if model is not None else ""


def state(queryset: Any) -> str:
    """Return the words of PROTOCOL.md §4 that hold, but for ``iterator``."""
    if issubclass(type(queryset), RawQuerySet):
        return "raw"
    query = query_of(queryset)
    if query is None:
        return ""
    words = []
    if _returns_values(queryset, query):
        words.append("values")
    if deferred(query):
        words.append("only")
    if query.combinator:
        words.append("combined")
    if query.low_mark or query.high_mark is not None:
        words.append("sliced")
    return " ".join(words)


def _returns_values(queryset: Any, query: Any) -> bool:
    iterable = queryset.__dict__.get("_iterable_class")
    models = isinstance(iterable, type) and issubclass(iterable, ModelIterable)
    return not models or bool(query.values_select) or queryset.__dict__.get("_fields") is not None


def deferred(query: Any) -> bool:
    """Tell whether a query leaves out columns, after ``only()`` or ``defer()``."""
    loading = getattr(query, "deferred_loading", None)
    return bool(loading and (loading[0] or not loading[1]))


def locked(query: Any) -> bool:
    """Tell whether rows are locked: a join may then be refused (nullable side of an outer join)."""
    return bool(getattr(query, "select_for_update", False))


def is_plain(queryset: Any, query: Any, core: int) -> bool:
    """Tell whether a related manager's ``all()`` is what was asked for, so that a prefetch would answer it."""
    return (
        sum(1 for _ in leaves(query.where)) <= core
        and not query.order_by
        and not query.extra_order_by
        and query.standard_ordering
        and query.select_related is False
        and not query.distinct
        and not query.annotations
        and not query.extra
        and not query.select_for_update
        and not queryset.__dict__.get("_prefetch_related_lookups")
        and not state(queryset)
    )


def by_unique_key(query: Any) -> bool:
    """Tell whether one row is looked up, by the plain value of a primary key or unique field (and more, perhaps)."""
    where = getattr(query, "where", None)
    if where is None or getattr(query, "combinator", None) or where.negated or where.connector != "AND":
        return False
    return any(_is_unique(child, query.model._meta.db_table) for child in where.children)


def _is_unique(lookup: Any, table: str) -> bool:
    if isinstance(lookup, Node):
        inner = lookup.children
        return len(inner) == 1 and not lookup.negated and _is_unique(inner[0], table)
    target = getattr(getattr(lookup, "lhs", None), "target", None)
    if target is None or getattr(lookup, "lookup_name", "") != "exact":
        return False
    if hasattr(type(getattr(lookup, "rhs", None)), "resolve_expression"):
        return False
    return bool(target.primary_key or target.unique) and target.model._meta.db_table == table


def joins(query: Any) -> str:
    """Return what ``select_related`` fetches along, lines ``path=table``."""
    model, selected = model_of(query), getattr(query, "select_related", False)
    if model is None or not selected:
        return ""
    lines: list[str] = []
    for line in _all_joins(model, "", 0) if selected is True else _chosen_joins(model, selected, "", 0):
        lines.append(line)
        if len(lines) >= JOINS_MAX:
            break
    return "\n".join(lines)


def _chosen_joins(model: Any, selected: dict[str, Any], prefix: str, depth: int) -> Iterator[str]:
    if depth >= DEPTH_MAX:
        return
    relations = {field.name: field for field in model._meta.get_fields() if field.is_relation}
    for name, deeper in selected.items():
        field = relations.get(name)
        related = getattr(field, "related_model", None)
        if related is not None:
            yield f"{prefix}{name}={related._meta.db_table}"
            yield from _chosen_joins(related, deeper, f"{prefix}{name}__", depth + 1)


def _all_joins(model: Any, prefix: str, depth: int) -> Iterator[str]:
    if depth >= DEPTH_MAX:
        return
    for field in model._meta.fields:
        if field.remote_field and not field.null and not getattr(field.remote_field, "parent_link", False):
            related = field.related_model
            yield f"{prefix}{field.name}={related._meta.db_table}"
            yield from _all_joins(related, f"{prefix}{field.name}__", depth + 1)


def could_derive(source: Any, root: Any) -> bool:
    """Tell whether ``root`` may be a slice, page or filtered clone of ``source``, which was not evaluated."""
    if not is_queryset(source) or source is root or source.__dict__.get("_result_cache") is not None:
        return False
    before, after = query_of(source), query_of(root)
    if before is None or after is None or not hasattr(before, "where") or not hasattr(after, "where"):
        return False
    if model_of(before) is not model_of(after) or hinted_instance(source) is not hinted_instance(root):
        return False
    # A clone shares the conditions it was made with.
    kept = {id(leaf) for leaf in leaves(after.where)}
    return (
        all(id(leaf) in kept for leaf in leaves(before.where))
        and before.combinator == after.combinator
        and bool(before.select_related) <= bool(after.select_related)
        and deferred(before) <= deferred(after)
        and len(before.annotations) <= len(after.annotations)
    )
