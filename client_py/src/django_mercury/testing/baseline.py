"""Agree on what the tests do, in a file that is reviewed and merged like code, and fail what does worse.

::

    agreed = read("mercury.baseline")
    comparison = compare(agreed, documents)          # of the repeats of a run; one is enough but for times
    print(comparison.text())
    if comparison.failed: …
    write(updated(agreed, documents), "mercury.baseline")

The file holds, for each test and each of its requests, tasks, commands and blocks: statements with their counts,
findings, cache look-ups, traced allocations, and CPU times of the repeats (baseline_facts.py; baseline_text.py is the
format). A document holds times for a baseline if a yardstick was timed beside the tests (yardstick.py).

Judged is the CPU time of the thread: it is the same beside a busy neighbour, where time on the wall doubles. What a
test waits for (a database server, a lock, sleep) is not in it, nor what other threads do. It is not known of
asynchronous requests, tasks and commands, nor on Windows. Beside a busy neighbour a test is some per cent slower even
after the yardstick is divided out, so a baseline is best made where the tests will run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .baseline_compare import Comparison, compare
from .baseline_facts import Baseline, Document, TestFacts, UnitFacts, baseline_of, is_timed
from .baseline_text import BaselineError, dumps, loads
from .significance import ERROR_RATE, exceedance_p

__all__ = [
    "Baseline",
    "BaselineError",
    "Comparison",
    "baseline_of",
    "compare",
    "read",
    "updated",
    "without_new_times",
    "write",
]

Path_ = str | os.PathLike[str]


def read(path: Path_) -> Baseline:
    """Return the baseline in a file; BaselineError, which names the file, if it is none or cannot be read."""
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise BaselineError(f"{os.fspath(path)}: there is no such file; --mercury-update-baseline makes it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"{os.fspath(path)}: it cannot be read: {error}") from None
    return loads(text, os.fspath(path))


def write(baseline: Baseline, path: Path_) -> None:
    """Write a baseline to a file, whole or not at all; OSError if that cannot be done."""
    target = Path(path)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        part.write_text(dumps(baseline), encoding="utf-8", newline="\n")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def updated(old: Baseline, documents: Sequence[Document], *, only_some: bool = False) -> Baseline:
    """Return the baseline of documents, with what is not new as it stood, so that its diff shows what changed.

    Times stay while a statistical test cannot tell them from those of now, and while there are as many of them: a page
    that becomes a little slower with each update is compared with the first one. Tests that did not pass stay.
    ``only_some``: only some of the tests were run, the others stay; else they are left out.
    """
    new = baseline_of(documents)
    ran = {test["id"] for document in documents for test in document["tests"]}
    tests = dict(new.tests)
    for id, before in old.tests.items():
        if id in tests:
            if new.clock in ("", old.clock):  # "": the machine was too restless, and what was known of it stays
                tests[id] = _with_times_of(before, tests[id])
        elif id in ran or only_some:
            tests[id] = before
    timed = any(unit.cpu_ms for test in tests.values() for unit in test.units.values())
    clock = new.clock or old.clock
    if old.clock and new.clock and old.clock != new.clock:
        tests = {id: test if id in new.tests else _without_times(test) for id, test in tests.items()}
    return Baseline(dict(sorted(tests.items())), clock if timed else "")


def without_new_times(old: Baseline, documents: Sequence[Document]) -> list[str]:
    """Return the tests whose times an update keeps, though they were repeated: none of these times counts."""
    if len(documents) < 2:
        return []
    new = baseline_of(documents)
    both = old.tests.keys() & new.tests.keys()
    return sorted(id for id in both if is_timed(old.tests[id]) and not is_timed(new.tests[id]))


def _with_times_of(old: TestFacts, new: TestFacts) -> TestFacts:
    units = dict(new.units)
    for key in old.units.keys() & units.keys():
        before, now = old.units[key], units[key]
        if _is_as_fast(before, now):
            units[key] = replace(now, cpu_ms=before.cpu_ms)
    return replace(new, units=units)


def _is_as_fast(before: UnitFacts, now: UnitFacts) -> bool:
    if len(before.cpu_ms) < len(now.cpu_ms):
        return False
    chances = exceedance_p(before.cpu_ms, now.cpu_ms), exceedance_p(now.cpu_ms, before.cpu_ms)
    return min(chances) > ERROR_RATE


def _without_times(test: TestFacts) -> TestFacts:
    return replace(test, units={key: replace(unit, cpu_ms=()) for key, unit in test.units.items()})
