"""Say where each query was made, what the ORM was doing, and where a fix can be inserted.

::

    configure("all", ["/srv/shop"])
    if always or (captures and is_wanted(unit, statement)):
        site = site_of(statement, sql)

Life of a query: ``site_of`` (walk.py) finds its place. On a stack that is known, that is a comparison of some of
its frames. On a new one ``resolve`` looks at all of them: which are the application's (places.py), what
the ORM did (orm.py, relations.py, querysets.py), and, in development, where in the source a method call could be
inserted (anchors.py and what it uses). ``parameters_hash`` tells one set of parameters from another.

Modes: ``all`` for development and tests; ``repeated`` for production: the first three sightings of a statement
in the process, and from its second occurrence in a unit on; ``off``. Nothing is captured outside of units.

Never is a model, a queryset or a lazy object of the application evaluated, compared, hashed or shown: types,
``__dict__`` and identity are all that is used. No SQL is run. Faults are counted and never reach the caller.
"""

from __future__ import annotations

from collections.abc import Sequence

from mercury_client import faults
from mercury_client.statements import Statement
from mercury_client.unit import Unit

from . import anchors, asynchronous, ignoring, places, walk
from .ignoring import ignore
from .parameters import parameters_hash
from .walk import site_of

__all__ = [
    "MODES", "SIGHTINGS_MAX", "always", "captures", "configure", "ignore", "is_wanted", "parameters_hash", "site_of",
]  # fmt: skip

MODES = ("all", "repeated", "off")
SIGHTINGS_MAX = 3
STATEMENTS_MAX = 20_000  # that one unit may be asked whether it met them before

always = True  # whether each query is captured: mode "all"
captures = True  # whether any is
anchors.enable(True)
asynchronous.enable(True)


def configure(mode: str, roots: Sequence[str] = ()) -> None:
    """Set the mode, and the directories of the application; without any they follow from the settings.

    Raises ValueError for a mode that is none. What was captured before is forgotten.
    """
    global always, captures
    if mode not in MODES:
        raise ValueError(f"call sites: {mode!r} is none of {', '.join(MODES)}")
    places.configure(roots)
    anchors.enable(mode == "all")
    asynchronous.enable(mode == "all")
    ignoring.follow(mode == "all")
    walk.clear()
    always = mode == "all"
    captures = mode != "off"


def is_wanted(unit: Unit, statement: Statement) -> bool:
    """Tell whether the mode "repeated" captures a query, and count it. Never raises."""
    try:
        return _is_repeated(unit, statement) or _is_rare(statement)
    except Exception:
        faults.recover("call site")
    return False


def _is_repeated(unit: Unit, statement: Statement) -> bool:
    """Tell whether the unit has met the statement before, and remember it."""
    seen = unit.scratch
    if seen is None:
        seen = unit.scratch = set()
        if unit.closed:  # sealed between look and here
            unit.scratch = None
    if statement in seen:
        return True
    if len(seen) < STATEMENTS_MAX:
        seen.add(statement)
    return False


def _is_rare(statement: Statement) -> bool:
    """Count a sighting of a statement; true for the first three of the process."""
    if statement.sightings >= SIGHTINGS_MAX:
        return False
    statement.sightings += 1
    return True
