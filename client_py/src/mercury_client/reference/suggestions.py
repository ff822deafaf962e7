"""Say what to write about a finding, as code that can be inserted where that is possible (VERDICTS.md §7)."""

from __future__ import annotations

import re

from ..protocol import AnchorKind
from . import rules
from .groups import Group
from .sources import Path
from .verdict import Edit, FindingKind, Suggestion

__all__ = ["suggest"]

ADMIN_COLUMN_MAX = 255  # a body is not indented further; the line would have as many spaces
_PLACEHOLDER = re.compile(r"{(path|query|field|relation|model|count|code)}")
_OF_KIND = {
    "query_in_loop": "batch_query",
    "repeated_query": "hoist",
    "slow_query": "explain_plan",
    "too_many_queries": "fewer_queries",
    "slow_response": "profile",
}
_OF_WRITE = {"UPDATE": "bulk_update", "DELETE": "filter_delete"}
_OF_FOLLOW = {
    "foreign_key": "select_related",
    "one_to_one": "select_related",
    "reverse_one_to_one": "select_related",
    "generic_foreign_key": "prefetch_related",
}
_OF_OPERATION = {
    "iterate": "prefetch_related",
    "prefetch": "prefetch_objects",
    "filter": "prefetch_object",
    "first": "prefetch_object",
    "other": "prefetch_object",
    "count": "annotate_count",
    "exists": "annotate_exists",
    "aggregate": "annotate",
    "get": "in_bulk",
}


def suggest(kind: FindingKind, group: Group | None, count: int, path: Path | None) -> Suggestion:
    """Return the suggestion for a finding of a group, or of the unit; ``path``: of an n_plus_one with a source."""
    action = _action(kind, group, path)
    way = path.text if path else ""
    site = group.site if group else None
    field = site.field if site else ""
    values = {
        "path": way or field,
        "query": "__".join(part.removesuffix("_set") for part in (way or field).split("__")),
        "field": field,
        "relation": site.site.relation if site else "",
        "model": site.model if site else "",
        "count": str(count),
    }
    row = rules.ACTIONS[action]
    code = values["code"] = _filled(row.code, values)
    edit = _edit(action, code, path) if path and way and not _leads_to_itself(action, group) else None
    return Suggestion(action, way, _filled(row.text, values), code, edit is None, edit)


def _leads_to_itself(action: str, group: Group | None) -> bool:
    """Tell whether a relation is a tree's: what is fetched along for one level is asked for again on the next."""
    if group is None or group.site is None or action == "load_field":
        return False
    return group.facts.targets[:1] == (group.site.site.owner_table,)


def _filled(text: str, values: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _action(kind: FindingKind, group: Group | None, path: Path | None) -> str:
    if group is None or kind in _OF_KIND:
        return _OF_KIND[kind]
    if kind == "write_loop":
        return _OF_WRITE.get(group.facts.operation, "bulk_create")
    action = _of_relation(group)
    if action == "select_related" and path is not None:
        unjoinable = any(_of_relation(link) != "select_related" for link in path.chain)
        if unjoinable or path.root.operation == "prefetch" or _state(path.root) & {"raw", "only"}:
            return "prefetch_related"
    return action


def _of_relation(group: Group) -> str:
    """Return the action for the relation of a loop alone."""
    relation_kind = group.site.site.relation_kind if group.site else ""
    if relation_kind == "get_by_key":
        return "in_bulk"
    if group.operation == "follow":
        return _OF_FOLLOW.get(relation_kind, "batch_query")
    if group.operation == "load_field":
        return "load_field" if relation_kind == "deferred_field" else "batch_query"
    return _OF_OPERATION.get(group.operation, "batch_query")


def _state(group: Group) -> set[str]:
    return set(group.site.site.state.split()) if group.site else set()


def _edit(action: str, code: str, path: Path) -> Edit | None:
    """Return the edit that is right without a look at the code around it, None if there is none."""
    site = path.root.site.site if path.root.site else None
    anchor = site.anchor if site else None
    forbidden = {
        "select_related": {"values", "combined"},
        "prefetch_related": {"values", "combined", "iterator"},
        "load_field": {"values", "combined", "raw"},
    }.get(action)
    if site is None or anchor is None or forbidden is None or forbidden & _state(path.root):
        return None
    if action == "load_field" and path.chain:
        return None
    if anchor.kind == AnchorKind.CHAIN:
        return Edit(anchor.file, anchor.line, anchor.column, code)
    if anchor.kind == AnchorKind.ADMIN and action == "select_related" and anchor.column <= ADMIN_COLUMN_MAX:
        names = [*(line.partition("=")[0] for line in site.joins.split("\n")), path.text]
        paths = ", ".join(f'"{name}"' for name in dict.fromkeys(name for name in names if name))
        line = f"{' ' * anchor.column}list_select_related = ({paths}{'' if ', ' in paths else ','})\n"
        return Edit(anchor.file, anchor.line, 0, line)
    return None
