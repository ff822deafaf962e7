"""Judge a measured block: by the daemon, in one round trip, or by the reference engine in this process.

Both give the same verdict on the same unit. Which one is asked follows from the mode::

    MERCURY_MODE / MERCURY["MODE"]     auto (default): the daemon, else the reference engine, with one warning
                                       strict (default where CI is set): no daemon is an error
                                       off: the reference engine; nothing is sent anywhere
    DJANGO_MERCURY_PURE_PYTHON=1       the reference engine, whatever the mode

``DJANGO_MERCURY_SUPPRESS_WARNING=1`` silences the warning. Only tests come here: a site never fails.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import mercury_client
from mercury_client.protocol import UnitKind
from mercury_client.reference import Finding, IgnoreRule, Thresholds, Verdict, judge
from mercury_client.unit import Unit

from .. import conf, site_setup

__all__ = [
    "Engine",
    "NoDaemon",
    "judge_locally",
    "may_be_in_loop",
    "mode",
    "queries_of",
    "reply_for",
    "rules_in_force",
    "set_mode",
    "with_threshold",
]

Engine = Literal["daemon", "reference"]
TIMEOUT_S: Final = 1.0
_ON: Final = ("", "0", "false", "no")
# Of mercury_client.Reply: who could answer did not. The other reasons are about one unit, as a verdict of more findings
# than a report may have.
_ABSENT: Final = frozenset({"no daemon", "daemon too old", "connection lost", "timed out"})

_forced_mode = ""
_warned = False


class MercuryWarning(RuntimeWarning):
    """What a person should know, and no test should fail for."""


class NoDaemon(AssertionError):
    """A strict run that has no daemon to ask."""


def set_mode(mode: str) -> None:
    """Let a runner's option win over the settings; "" ends that."""
    global _forced_mode
    _forced_mode = mode


def is_set(name: str, environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether a switch of the environment is on: any value but "", 0, false and no."""
    return (os.environ if environ is None else environ).get(name, "").strip().lower() not in _ON


def mode(environ: Mapping[str, str] | None = None) -> str:
    """Return ``auto``, ``strict`` or ``off``: what was said, else ``strict`` under CI and ``auto`` elsewhere."""
    environ = os.environ if environ is None else environ
    if is_set("DJANGO_MERCURY_PURE_PYTHON", environ):
        return "off"
    if _forced_mode:
        return _forced_mode
    configuration = site_setup.set_up()
    if not configuration.enabled or configuration.address == "":
        return "off"
    if configuration.mode != "auto" or configuration.mode_given:
        return configuration.mode
    return "strict" if is_set("CI", environ) else "auto"


def reply_for(unit: Unit, below: Sequence[Unit], *, strict: bool) -> tuple[Verdict, Engine]:
    """Return the verdict on a finished block: the daemon's if it was asked for; NoDaemon where that is a must."""
    if unit.report:
        reply = mercury_client.verdict_of(unit, TIMEOUT_S)
        if reply.verdict is not None and reply.verdict.queries == queries_of(unit, below):
            return reply.verdict, "daemon"
        if reply.reason in _ABSENT:
            if strict:
                raise NoDaemon(strict_sentence(reply.reason))
            _warn(reply.reason)
    return judge_locally(unit, below), "reference"


def queries_of(unit: Unit, below: Sequence[Unit]) -> int:
    """Return how many queries a finished block had with what finished below it, transaction control left out.

    The unit's own totals lack those of a unit that finished below one that is still open: a view whose streamed
    response is not read to its end, a thread that outlives the block. So does the daemon. What a thread finishes in
    the moment of the block's end may be in the totals alone.
    """
    total = unit.queries + unit.descendant_queries
    if below:
        counts = {unit.id: unit.queries}
        for part in below:  # the totals of a unit's parts are cumulative
            counts[part.id] = max(counts.get(part.id, 0), part.queries)
        total = max(total, sum(counts.values()))
    return total


def missing_daemon() -> str:
    """Return why there is no daemon where there must be one; "" if there is, or need not be. Starts it on demand."""
    if mode() != "strict":
        return ""
    unit = mercury_client.begin(UnitKind.BLOCK, "mercury: is there a daemon")
    mercury_client.ask_report(unit)
    mercury_client.finish(unit)
    reply = mercury_client.verdict_of(unit, TIMEOUT_S)
    return reply.reason if reply.verdict is None and reply.reason in _ABSENT else ""


def strict_sentence(reason: str) -> str:
    """Say why a strict run fails, and what to do."""
    return (
        f"Mercury is strict here and has no daemon to ask: {reason}. Start one ({_address()}), or let the tests fall "
        "back to the engine in Python with MERCURY_MODE=auto; the verdicts are the same."
    )


def _address() -> str:
    address = mercury_client.stats()["address"]
    return f"mercuryd at {address}" if address else "mercuryd"


def _warn(reason: str) -> None:
    """Say once in a process that the daemon was not asked."""
    global _warned
    if _warned or is_set("DJANGO_MERCURY_SUPPRESS_WARNING"):
        return
    _warned = True
    with contextlib.suppress(MercuryWarning):  # where warnings are errors, a test must not fail for this one
        warnings.warn(
            f"Mercury's daemon did not answer ({reason}); blocks are judged in this process, with the same verdicts. "
            "DJANGO_MERCURY_SUPPRESS_WARNING=1 silences this.",
            MercuryWarning,
            stacklevel=2,
        )


def judge_locally(unit: Unit, below: Sequence[Unit]) -> Verdict:
    """Return the verdict of the reference engine, with the thresholds and rules of the settings."""
    thresholds, ignore = rules_in_force()
    return judge(unit, below, thresholds, ignore, datetime.date.today().isoformat(), in_tests=True)


_read_from: conf.Configuration | None = None
_thresholds = Thresholds()
_ignore: tuple[IgnoreRule, ...] = ()


def rules_in_force() -> tuple[Thresholds, tuple[IgnoreRule, ...]]:
    """Return the thresholds and rules of the settings."""
    global _read_from, _thresholds, _ignore
    configuration = site_setup.set_up()
    if configuration is not _read_from:
        numbers = dict(configuration.thresholds)
        numbers["n_plus_one"] = numbers.pop("n_plus_one_threshold", Thresholds().n_plus_one)
        _thresholds = Thresholds(**numbers)
        _ignore = tuple(IgnoreRule(**rule) for rule in configuration.ignore)
        _read_from = configuration
    return _thresholds, _ignore


def with_threshold(findings: Sequence[Finding], threshold: int) -> tuple[Finding, ...]:
    """Return findings as they are with another number of calls from which an N+1 fails (VERDICTS.md §4)."""
    return tuple(one._replace(level=_level(one.count, threshold)) if one.kind in _LOOPS else one for one in findings)


_LOOPS = ("n_plus_one", "query_in_loop")


def may_be_in_loop(queries: int, threshold: int) -> bool:
    """Tell whether so many queries are enough for an N+1 that is more than a notice."""
    return _level(queries, threshold) != "notice"


def _level(calls: int, threshold: int) -> Literal["notice", "warn", "fail"]:
    return "fail" if calls >= threshold else "warn" if 10 * calls >= 8 * threshold else "notice"
