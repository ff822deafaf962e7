"""Get from a frame to its call site: cheaply where the way is known, by the long walk where it is new.

The key of a stack is, for each frame from the query out to the request handler, the identity of its code and
the index of the instruction it is at: about 0.15 µs a frame. A code object is never hashed, which may cost
9 µs; ``id()`` names it, and the table keeps it alive so that no other gets the number. Where code serves many
places (see readers.py), what the readers say is part of the key as well. The statement is part of it by its
hash: one line that runs many querysets has as many sites.

Equal sites are one object, whatever keys lead there: instructions move when Python specialises byte code.
Everything is bounded: a table that is full is started over.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from types import FrameType
from typing import Any

from mercury_client.protocol import Site

from . import ignoring
from .readers import Reader, readers_of
from .resolve import resolve
from .stack import HANDLERS, STEPS_MAX

__all__ = ["Table", "clear", "site_of"]

KEYS_MAX = 5_000  # some 7 KB each
SITES_MAX = 20_000
SITES_OF_KEY_MAX = 500  # statements and places of one stack; beyond, a place has the site of its first statement

_FRAMES = range(STEPS_MAX)
_reason = ignoring.reason.get
_handler, _outer_handler = HANDLERS


class _Entry:
    """What is known about one stack."""

    __slots__ = ("keep", "places", "readers", "sites")

    def __init__(self, readers: tuple[tuple[int, Reader], ...], keep: list[Any]) -> None:
        self.readers = readers
        self.keep = keep
        self.sites: dict[Hashable, Site] = {}  # by statement, reason, and what the readers say
        self.places: dict[Hashable, Site] = {}  # without the statement


class Table:
    """All stacks that were seen. Any thread may look and add; nothing is ever changed in place but dictionaries."""

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self.keys_max = keys_max
        self.entries: dict[tuple[int, ...], _Entry] = {}
        self.sites: dict[Site, Site] = {}
        self.resolved = 0  # long walks, for tests and figures


_table = Table()
_resolving: set[int] = set()  # threads: whatever a long walk may set off, it does not start another


def clear() -> None:
    """Forget every stack; the next queries walk the long way again."""
    global _table
    _table = Table()


def site_of(frame: FrameType | None, statement: int, sql: str) -> Site | None:
    """Return the call site of the query that ``frame`` (the caller of ``cursor.execute``) makes.

    ``statement`` is the hash of the text. None if it cannot be told.
    """
    start = frame
    key: list[int] = []
    add = key.append
    for _ in _FRAMES:
        if frame is None:
            break
        code = frame.f_code
        add(id(code))
        add(frame.f_lasti)
        if code is _handler or code is _outer_handler:
            break
        frame = frame.f_back
    table = _table
    stack = tuple(key)
    entry = table.entries.get(stack)
    if entry is None:
        return _add(table, stack, start, statement, sql)
    reason = _reason()
    if not entry.readers:
        site = entry.sites.get((statement, reason) if reason else statement)
        return site or _look_closer(table, entry, start, statement, reason, (), sql)
    keep: list[Any] = []
    said = _read(entry.readers, start, keep)
    site = entry.sites.get((statement, reason, said))
    if site is None:
        site = _look_closer(table, entry, start, statement, reason, said, sql, keep)
    return site


def _read(readers: tuple[tuple[int, Reader], ...], frame: FrameType | None, keep: list[Any]) -> tuple[Hashable, ...]:
    said = []
    at = 0
    for depth, reader in readers:
        while at < depth and frame is not None:
            frame = frame.f_back
            at += 1
        if frame is not None:
            said.append(reader(frame, keep))
    return tuple(said)


def _add(table: Table, stack: tuple[int, ...], start: FrameType | None, statement: int, sql: str) -> Site | None:
    thread = threading.get_ident()
    if thread in _resolving:
        return None
    _resolving.add(thread)
    try:
        if len(table.entries) >= table.keys_max:
            table.entries.clear()
            table.sites.clear()
        site = _intern(table, resolve(start, sql))
        readers = readers_of(start, bool(site.view))
        keep: list[Any] = []
        frame = start
        while frame is not None and len(keep) < len(stack):
            keep.append(frame.f_code)
            frame = frame.f_back
        entry = _Entry(readers, keep)
        said = _read(readers, start, keep)
        reason = _reason()
        entry.sites[_key(statement, reason, said)] = entry.places[(reason, said)] = site
        table.entries[stack] = entry
        return site
    finally:
        _resolving.discard(thread)


def _key(statement: int, reason: str, said: tuple[Hashable, ...]) -> Hashable:
    if said:
        return statement, reason, said
    return (statement, reason) if reason else statement


def _look_closer(
    table: Table,
    entry: _Entry,
    start: FrameType | None,
    statement: int,
    reason: str,
    said: tuple[Hashable, ...],
    sql: str,
    keep: Sequence[Any] = (),
) -> Site | None:
    """Walk the long way for a statement or place that is new on a known stack."""
    thread = threading.get_ident()
    if thread in _resolving:
        return None
    if len(entry.sites) >= SITES_OF_KEY_MAX:
        return entry.places.get((reason, said))
    _resolving.add(thread)
    try:
        site = _intern(table, resolve(start, sql))
        entry.keep += keep  # what the key names by id() lives as long as it
        entry.sites[_key(statement, reason, said)] = site
        entry.places.setdefault((reason, said), site)
        return site
    finally:
        _resolving.discard(thread)


def _intern(table: Table, site: Site) -> Site:
    table.resolved += 1
    known = table.sites.get(site)
    if known is not None:
        return known
    if len(table.sites) >= SITES_MAX:
        table.sites.clear()
    return table.sites.setdefault(site, site)
