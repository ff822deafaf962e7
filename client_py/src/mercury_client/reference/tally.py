"""Take the queries of a unit, bundled by what is the same object: the one pass over all of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from ..protocol import RecordFlags
from ..unit import Record
from .facts import Query, known_site, known_statement
from .groups import Belonging, Group

__all__ = ["bundles_of_queries", "bundles_of_records"]

_CONTROL = int(RecordFlags.TRANSACTION_CONTROL)
_SUMMARY = int(RecordFlags.SUMMARY)


def bundles_of_records(records: Iterable[Record], belongings: Iterable[Belonging]) -> list[Group]:
    """Return the bundles of records that come in the order of their start."""
    bundles: dict[object, Group] = {}
    find = bundles.get
    for record, belonging in zip(records, belongings, strict=False):
        statement, alias, vendor, _, _, flags, _, site, ordinal = record
        if statement.control or (not ordinal and flags & _SUMMARY):
            continue
        key = (statement, alias, id(site), flags, belonging)  # the records keep the site alive
        bundle = find(key)
        if bundle is None:
            facts = known_statement(statement.text, vendor)
            judged = None if site is None else known_site(site)
            bundle = bundles[key] = Group(facts, judged, alias, flags, belonging)
        bundle.records.append(record)
    return list(bundles.values())


class _Text:
    """Stand for a statement of which only the text is known."""

    __slots__ = ("text",)

    def __init__(self, text: Hashable) -> None:
        self.text = text


def bundles_of_queries(queries: Iterable[Query]) -> list[Group]:
    """Return the bundles of queries that come in the order of their start."""
    bundles: dict[object, Group] = {}
    belongings: dict[tuple[bool, int, bool], Belonging] = {}
    for query in queries:
        if query.flags & _CONTROL or not query.calls:
            continue
        whose = (query.own, query.scope, query.command)
        belonging = belongings.get(whose) or belongings.setdefault(whose, Belonging(*whose))
        key = (id(query.statement), query.alias, id(query.site), query.flags, belonging)
        bundle = bundles.get(key)
        if bundle is None:
            bundle = bundles[key] = Group(query.statement, query.site, query.alias, query.flags, belonging)
        ordinal = query.calls if query.flags & _SUMMARY else query.ordinal
        text: Any = _Text(query.text)
        bundle.records.append(
            (text, query.alias, "", query.start_ns, query.duration_ns, query.flags, query.rows, None, ordinal)
        )
    return list(bundles.values())
