"""Time a fixed piece of work beside a test, so that the speed of the machine at that moment can be divided out.

A machine does not always go at one speed: its clock changes with its heat, a neighbour takes half of the core or of the
cache, and the next run may be on another machine. What slows a test down slows this down by about as much, if it is
alike: rows of SQLite made objects and text, a tour of the library through much code, and objects that lie all over the
memory, for what a busy neighbour costs most is the cache. It takes some 9 ms before each test and as long after it.

A machine that shares its cores changes between two speeds, and may be half as fast 20 ms later. What ran across such a
change can be divided by neither, so a reading says whether there was one: before and after have to agree.

The work never changes: if it did, times of before and after could not be compared, so ``VERSION`` would have to change
with it. CPU time of the thread is measured, not time on the wall: beside other processes the wall's is theirs, too.
"""

from __future__ import annotations

import copy
import datetime
import decimal
import html
import json
import platform
import random
import re
import string
import sys
import time
import urllib.parse
from collections.abc import Sequence
from typing import Any, Final

__all__ = ["NOMINAL_MS", "PASSES", "THREAD_TIME", "VERSION", "Yardstick", "reading"]

VERSION: Final = 2
NOMINAL_MS: Final = 4.5  # what one pass takes on the machine that times are converted to
PASSES: Final = 2
STEADY: Final = 1.1  # what the means before and after may differ by
EVEN: Final = 1.3  # what any two passes may differ by
THREAD_TIME: Final = sys.platform != "win32"  # whether a thread's CPU time is known to less than 1 ms; there it is 16

_ROWS = 100
_OBJECTS = 12_000
_VISITED = 1_000  # objects in a pass
_COLUMNS = ("id", "name", "size", "colour")
_WORD = re.compile(r"(\w+)-(\d+)")
_LINE = string.Template("<li>$name: $size</li>")


class Yardstick:
    """The work, and what it reads: a database in memory, and some MB of objects; for one thread."""

    def __init__(self) -> None:
        import sqlite3  # not every Python has it

        self._database = sqlite3.connect(":memory:")
        self._database.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, size INTEGER, colour TEXT)")
        self._database.executemany(
            "INSERT INTO thing VALUES (?, ?, ?, ?)",
            [(at, f"thing {at}", at * 37 % 101, ("red", "green", "blue")[at % 3]) for at in range(_ROWS)],
        )
        self._things = [_Thing(at, f"thing {at}", at % 101, {"colour": str(at)}) for at in range(_OBJECTS)]
        random.Random(1).shuffle(self._things)  # so that neighbours in the list are none in memory
        self._next = 0
        self._pass()

    def measure(self) -> list[float]:
        """Do the work ``PASSES`` times; return the CPU time of each in ms."""
        times = []
        for _ in range(PASSES):
            before = time.thread_time_ns()
            self._pass()
            times.append((time.thread_time_ns() - before) / 1e6)
        return times

    def _pass(self) -> int:
        """Do the work once; return how long some of its text is, which is always the same."""
        length = 0
        for _ in range(7):
            length += self._rows()
        _tour()
        self._walk()
        return length

    def _rows(self) -> int:
        """Read a list of rows, then each of them, as a page with N+1 queries does."""
        execute = self._database.execute
        lines = []
        for (key,) in execute("SELECT id FROM thing WHERE size > ? ORDER BY name", (10,)).fetchall():
            row = execute("SELECT id, name, size, colour FROM thing WHERE id = ?", (key,)).fetchone()
            lines.append(_Thing(*row).line())
        return len("\n".join(lines))

    def _walk(self) -> int:
        """Visit the next objects, which no pass before it has had in the cache for long."""
        first = self._next
        self._next = (first + _VISITED) % _OBJECTS
        texts = [f"{one.name} {one.colour['colour']} {one.size + 1}" for one in self._things[first : first + _VISITED]]
        return len("".join(texts))


class _Thing:
    """A row as an object."""

    name: str
    size: int
    colour: Any

    def __init__(self, *values: object) -> None:
        for name, value in zip(_COLUMNS, values, strict=True):
            setattr(self, name, value)

    def line(self) -> str:
        """Return it as a page shows it."""
        return f"<li>{self.name} {self.size:>8} {self.colour.upper()}</li>"


def _tour() -> None:
    """Call a little of everything, so that much code is read and not only much data."""
    for at in range(12):
        json.loads(json.dumps({"a": [at, 2, 3], "b": {"c": "x" * 20}}))
        html.escape(_WORD.sub(r"\2-\1", f"<a href='x'>abc-{at}</a>"))
        (datetime.date(2024, 1, 1) + datetime.timedelta(days=at)).strftime("%d %B %Y")
        decimal.Decimal("12.34") * decimal.Decimal(at)
        copy.deepcopy({"k": [_Thing(at, "a", 1, "b"), _Thing(at, "c", 2, "d")]})
        urllib.parse.urlencode({"q": "a b", "p": at})
        urllib.parse.urlsplit(f"http://example.org/x?y={at}#z")
        _LINE.substitute(name="x", size=at)
        sorted((str(one) for one in range(30)), key=lambda text: text[::-1])


def reading(before: Sequence[float], after: Sequence[float], *, warm: bool) -> dict[str, Any] | None:
    """Return what a record says of the yardstick, passes in ms before and after the test; None if there are none.

    ``cpu_ms``: the fastest pass, for whatever else happens in one makes it longer. ``steady``: the machine's speed was
    the same before and after, and in each. ``warm``: the test had run before in this process. Times count where it was
    steady and warm. The version and the Python stand beside it: times of another version or Python cannot be compared.
    """
    if not before or not after or not THREAD_TIME:
        return None
    python = f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}"
    means, passes = (sum(before) / len(before), sum(after) / len(after)), (*before, *after)
    return {
        "version": VERSION,
        "python": python,
        "cpu_ms": round(min(passes), 4),
        "steady": max(means) <= STEADY * min(means) and max(passes) <= EVEN * min(passes),
        "warm": warm,
    }
