"""Get from a frame to its call site: cheaply where the way is known, by the long walk where it is new.

The key of a stack is, for each frame from the query out to the request handler, the identity of its code and
the index of the instruction it is at: about 0.2 µs a frame. A code object is never hashed, which may cost 9 µs;
``id()`` names it, and the entry keeps it alive so that no other gets the number. Where code serves many places
(see readers.py), what the readers say is part of the key as well. The statement is part of it by its hash: one
line that runs many querysets has as many sites.

Most statements are made where they were made before, so a statement remembers its last stack, and that is
compared first, at its landmarks alone: the application's frames, what each of them has called, the frames with
a reader, and the outermost. ``sys._getframe`` gets there without making an object of every frame between, which
is most of what a frame costs. The same number of library frames lies between, entered by the same call, for the
same statement.

Equal sites are one object, whatever keys lead there: instructions move when Python specialises byte code.
Everything is bounded: a table that is full is started over.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Hashable, Sequence
from types import CodeType, FrameType
from typing import Any

from mercury_client import faults
from mercury_client.protocol import Site
from mercury_client.statements import OVERFLOW, Statement, text_of

from . import ignoring
from .readers import Reader, readers_of
from .resolve import resolve
from .stack import HANDLERS, STEPS_MAX, Step

__all__ = ["Table", "clear", "site_of"]

KEYS_MAX = 5_000  # some 7 KB each
SITES_MAX = 20_000
SITES_OF_KEY_MAX = 500  # statements and places of one stack; beyond, a place has the site of its first statement

_FRAMES = range(STEPS_MAX)
_frame = sys._getframe
_reason = ignoring.reason.get
_handler, _outer_handler = HANDLERS


# From site_of: record_query, Django's _execute_with_wrappers, its execute, and who asked.
ABOVE = 4

# What stands at a landmark: its depth for sys._getframe in site_of (0: the next after the landmark before), its code,
# its instruction.
_Landmark = tuple[int, CodeType, int]


class _Entry:
    """What is known about one stack."""

    __slots__ = ("is_whole", "keep", "landmarks", "places", "readers", "sites", "table")

    def __init__(self, table: Table, stack: Sequence[FrameType], readers: tuple[tuple[int, Reader], ...]) -> None:
        self.table = table
        self.landmarks = _landmarks(stack, {depth for depth, _ in readers})
        self.is_whole = len(stack) < STEPS_MAX and stack[-1].f_code not in HANDLERS  # nothing is further out
        self.readers = readers
        self.keep: list[Any] = [frame.f_code for frame in stack]
        self.sites: dict[Hashable, Site] = {}  # by statement, reason, and what the readers say
        self.places: dict[Hashable, Site] = {}  # without the statement


class _Last:
    """What a statement remembers: its last stack, and the site there if nothing but the stack decides on it.

    What is the entry's stands here once more: to go through it would cost every query three look-ups.
    """

    __slots__ = ("entry", "is_whole", "landmarks", "site", "table")

    def __init__(self, entry: _Entry, site: Site | None) -> None:
        self.entry = entry
        self.site = site
        self.landmarks = entry.landmarks
        self.is_whole = entry.is_whole
        self.table = entry.table


def _landmarks(stack: Sequence[FrameType], read: set[int]) -> tuple[_Landmark, ...]:
    application = [Step(frame).application for frame in stack]
    found: list[_Landmark] = []
    last = -2
    for depth, frame in enumerate(stack):
        called = depth + 1 < len(stack) and application[depth + 1]
        if application[depth] or called or depth in read or depth == len(stack) - 1 or not any(application):
            found.append((0 if depth == last + 1 else ABOVE + depth, frame.f_code, frame.f_lasti))
            last = depth
    return tuple(found)


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


def site_of(statement: Statement, sql: Any) -> Site | None:
    """Return the site of the query that the caller, hooks.record_query, is the wrapper of. Never raises.

    ``sql`` is what ``statement`` was made of. None if the site cannot be told.
    """
    try:
        last: _Last | None = statement.place
        entry: _Entry | None = None
        frame: Any = None
        if last is not None:
            try:  # compare the landmarks, here: a function of its own would be a tenth of the whole
                for depth, code, instruction in last.landmarks:
                    frame = _frame(depth) if depth else frame.f_back
                    if frame.f_code is not code or frame.f_lasti != instruction:
                        break
                else:
                    if last.table is _table and not (last.is_whole and frame.f_back is not None):
                        if last.site is not None and not _reason():
                            return last.site
                        entry = last.entry
            except (ValueError, AttributeError):  # the stack ends before
                pass
        return _look_up(_frame(ABOVE), entry, statement, sql)
    except Exception:
        faults.recover("call site")
    return None


def _look_up(start: FrameType, entry: _Entry | None, statement: Statement, sql: Any) -> Site | None:
    """Find the site by the stack's key if its entry is not known yet, the reason, and what readers say."""
    if type(sql) is not str:
        sql = text_of(sql)
    if entry is None:
        entry = _find(start)
        if entry is None:
            return _add(start, statement, sql)
    reason = _reason()
    keep: list[Any] = []
    said = _read(entry.readers, start, keep)
    site = entry.sites.get(_key(hash(sql), reason, said)) or _look_closer(entry, start, sql, reason, said, keep)
    _remember(statement, entry, None if reason or entry.readers else site)
    return site


def _remember(statement: Statement, entry: _Entry, site: Site | None) -> None:
    if statement is OVERFLOW:  # it stands for many texts, each with a site of its own
        site = None
    last: _Last | None = statement.place
    if last is None or last.entry is not entry or (last.site is None and site is not None):
        statement.place = _Last(entry, site)


def _find(frame: FrameType | None) -> _Entry | None:
    return _table.entries.get(tuple(_key_of(frame)))


def _key_of(frame: FrameType | None) -> list[int]:
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
    return key


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


def _add(start: FrameType | None, statement: Statement, sql: str) -> Site | None:
    global _table
    thread = threading.get_ident()
    if start is None or thread in _resolving:
        return None
    _resolving.add(thread)
    try:
        if len(_table.entries) >= _table.keys_max:
            _table = Table(_table.keys_max)  # what statements remember of the old one counts no more
        table = _table
        site = _intern(table, resolve(start, sql))
        readers = readers_of(start, bool(site.view))
        key = _key_of(start)
        entry = _Entry(table, _stack(start, len(key) // 2), readers)
        said = _read(readers, start, entry.keep)
        reason = _reason()
        entry.sites[_key(hash(sql), reason, said)] = entry.places[(reason, said)] = site
        table.entries[tuple(key)] = entry
        _remember(statement, entry, None if reason or entry.readers else site)
        return site
    finally:
        _resolving.discard(thread)


def _stack(frame: FrameType | None, frames: int) -> list[FrameType]:
    stack: list[FrameType] = []
    while frame is not None and len(stack) < frames:
        stack.append(frame)
        frame = frame.f_back
    return stack


def _key(statement: int, reason: str, said: tuple[Hashable, ...]) -> Hashable:
    if said:
        return statement, reason, said
    return (statement, reason) if reason else statement


def _look_closer(
    entry: _Entry, start: FrameType | None, sql: str, reason: str, said: tuple[Hashable, ...], keep: Sequence[Any]
) -> Site | None:
    """Walk the long way for a statement or place that is new on a known stack."""
    thread = threading.get_ident()
    if thread in _resolving:
        return None
    if len(entry.sites) >= SITES_OF_KEY_MAX:
        return entry.places.get((reason, said))
    _resolving.add(thread)
    try:
        site = _intern(entry.table, resolve(start, sql))
        entry.keep += keep  # what the key names by id() lives as long as it
        entry.sites[_key(hash(sql), reason, said)] = site
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
