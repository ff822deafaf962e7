"""Say where each query was made, what the ORM was doing, and where a fix can be inserted.

::

    configure("all", ["/srv/shop"])
    site, ordinal = observe(unit, sql, params, many, frame)

Life of a query: ``observe`` numbers its parameters (ordinals.py) and asks ``walk.site_of`` for the place. That
makes a cheap key of the stack; on a stack that is known, that was all. On a new one ``resolve`` looks at the
frames: which are the application's (places.py), what the ORM did (orm.py, relations.py, querysets.py), and, in
development, where in the source a method call could be inserted (anchors.py and what it uses).

Modes: ``all`` for development and tests; ``repeated`` for production: the first three sightings of a statement
in the process, and from its second occurrence in a unit on; ``off``. Nothing is captured outside of units.

Never is a model, a queryset or a lazy object of the application evaluated, compared, hashed or shown: types,
``__dict__`` and identity are all that is used. No SQL is run. Faults are counted and never reach the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType
from typing import Any

from mercury_client import faults
from mercury_client.protocol import Site
from mercury_client.statements import table, text_of
from mercury_client.unit import Unit

from . import anchors, asynchronous, ignoring, places, walk
from .ignoring import ignore
from .ordinals import Ordinals
from .walk import site_of

__all__ = ["MODES", "SIGHTINGS_MAX", "configure", "ignore", "observe"]

MODES = ("all", "repeated", "off")
SIGHTINGS_MAX = 3

_CONTROL = frozenset({"BEGIN", "SAVEP", "RELEA", "COMMI", "ROLLB"})
_find = table.find
_mode = "all"
anchors.enable(True)
asynchronous.enable(True)


def configure(mode: str, roots: Sequence[str] = ()) -> None:
    """Set the mode, and the directories of the application; without any they follow from the settings.

    Raises ValueError for a mode that is none. What was captured before is forgotten.
    """
    global _mode
    if mode not in MODES:
        raise ValueError(f"call sites: {mode!r} is none of {', '.join(MODES)}")
    places.configure(roots)
    anchors.enable(mode == "all")
    asynchronous.enable(mode == "all")
    ignoring.follow(mode == "all")
    walk.clear()
    _mode = mode


def observe(unit: Unit, sql: Any, params: Any, many: bool, frame: FrameType | None) -> tuple[Site | None, int]:
    """Return the site (None if it was not captured) and the parameter ordinal (0 if unknown) of a query.

    ``frame`` is the caller of ``cursor.execute``. Never raises. About 0.7 µs and 0.15 µs a frame.
    """
    try:
        if sql.__class__ is not str:
            sql = text_of(sql)
        if sql[:5] in _CONTROL:
            return None, 0
        seen = unit.scratch
        if seen is None:
            seen = unit.scratch = Ordinals()
            if unit.closed:  # sealed between look and here: hashes of parameters go with their unit
                unit.scratch = None
        statement = hash(sql)
        ordinal, repeated = seen.look(statement, params, many)
        if _mode == "all" or (_mode == "repeated" and (repeated or _is_rare(sql))):
            return site_of(frame, statement, sql), ordinal
        return None, ordinal
    except Exception:
        faults.recover("call site")
        return None, 0


def _is_rare(sql: str) -> bool:
    """Count a sighting of a statement; true for the first three of the process."""
    known = _find(sql)
    if known is None:
        return True  # the unit is about to make its acquaintance: the first sighting
    if known.sightings < SIGHTINGS_MAX - 1:
        known.sightings += 1
        return True
    return False
