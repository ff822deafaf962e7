"""Find the queries that fetched the rows of a loop, and the way from them to its relation (VERDICTS.md §3)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from . import rules
from .groups import Group

__all__ = ["Path", "Sources", "joined"]

_FETCHES_NO_ROWS = frozenset({"count", "exists", "aggregate"})
_FETCHES_ONE = frozenset({"get", "first", "follow", "load_field"})
_CHAINS = frozenset({"follow", "iterate", "prefetch"})


class Path(NamedTuple):
    """The way from the queryset that is mended to a relation: ``author__country``, "" if unknown."""

    text: str
    root: Group
    chain: tuple[Group, ...]  # the loops between the root and this one, nearest first


class _Readers:
    """The groups that read one table, in the order of their start."""

    def __init__(self) -> None:
        self.many: list[Group] = []
        self.single: list[Group] = []


class Sources:
    """The sources of all loops of one unit; costs nothing until it is asked."""

    def __init__(self, groups: Sequence[Group], loop_calls_min: int) -> None:
        self._groups = groups
        self._loop_calls_min = loop_calls_min
        self._readers: dict[str, _Readers] = {}
        self._known: dict[int, list[Group]] = {}

    def of(self, group: Group) -> list[Group]:
        """Return the sources, latest first; none of what is no SELECT loop with a relation and an owner."""
        found = self._known.get(group.index)
        if found is None:
            found = self._known[group.index] = self._find(group)
        return found

    def _find(self, group: Group) -> list[Group]:
        site = group.site.site if group.site else None
        if site is None or not (group.is_loop and group.facts.operation == "SELECT"):
            return []
        if not (site.relation_kind and site.owner_table):
            return []
        readers = self._readers.get(site.owner_table)
        if readers is None:
            readers = self._readers[site.owner_table] = self._readers_of(site.owner_table)
        return _latest(readers.many, group.index) or _latest(readers.single, group.index)

    def _readers_of(self, table: str) -> _Readers:
        readers = _Readers()
        for group in self._groups:
            facts = group.facts
            if table in facts.targets and facts.operation == "SELECT" and group.operation not in _FETCHES_NO_ROWS:
                single = group.c < self._loop_calls_min and _fetches_one(group)
                (readers.single if single else readers.many).append(group)
        return readers

    def path(self, group: Group, loops: int = 1) -> Path | None:
        """Return the way to the relation of a loop, None without a source.

        ``loops``: how many are in the chain, this one included.
        """
        found = self.of(group)
        if not found or group.site is None:
            return None
        source, field, owner = found[0], group.site.field, group.site.site.owner_table
        site = source.site.site if source.site else None
        if source.facts.targets[0] == owner:
            if loops < rules.CHAIN_MAX and source.operation in _CHAINS:
                below = self._below(source, loops)
                if below is not None:
                    text = joined(below.text, field) if below.text else ""
                    return Path(text, below.root, (source, *below.chain))
            return Path(joined(site.path if site else "", field), source, ())
        lines = (line.partition("=") for line in site.joins.split("\n")) if site else ()
        ways = [way for way, _, table in lines if table == owner]
        return Path(joined(site.path, ways[0], field) if site and len(ways) == 1 else "", source, ())

    def _below(self, source: Group, loops: int) -> Path | None:
        """Return the way to a source that is itself such a loop."""
        kind = source.site.site.relation_kind if source.site else ""
        return self.path(source, loops + 1) if kind != "get_by_key" else None


def joined(*parts: str) -> str:
    """Join the parts of a look-up that are there."""
    return "__".join([part for part in parts if part])


def _fetches_one(group: Group) -> bool:
    if group.site is None:
        return all(record[6] == 1 for record in group.records)
    return group.operation in _FETCHES_ONE


def _latest(readers: list[Group], before: int) -> list[Group]:
    end = bisect_left(readers, before, key=_index_of)
    return readers[max(0, end - rules.SOURCES_MAX) : end][::-1]


def _index_of(group: Group) -> int:
    return group.index
