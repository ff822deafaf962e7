"""Write a baseline as text and read it: one fact a line, in an order that nothing changes but the facts.

It is made to be reviewed in a pull request and merged by git. A test is a block; its first line is its id, which stands
alone so that branches which change neighbouring tests have a line between them, and at the margin so that git shows
it above each hunk. Statements are sorted by what they are, not by how often they ran: a count that changes is one line.

::

    mercury-baseline 1
    clock CPython 3.11, yardstick 2

    shop/tests.py::test_list
      request GET books/ queries 41
        1x SELECT shop_book 1964ab18c7b53a13
        40x SELECT shop_author e376b6105796c65c
        finding n_plus_one 40x SELECT shop_author c2aa0104c3d7cf44
        cpu 31.51 31.72 32.04 ms

A name with blanks, or with anything that cannot be seen, is written as a JSON string. What is read is checked: a line
that was lost in a merge, or came twice, is an error that says where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

from mercury_client.protocol import UnitKind

from .baseline_facts import (
    Baseline,
    FindingFact,
    StatementFact,
    StatementKey,
    TestFacts,
    UnitFacts,
    UnitKey,
)

__all__ = ["FORMAT_VERSION", "BaselineError", "dumps", "loads"]

FORMAT_VERSION: Final = 1
UPDATE: Final = "--mercury-update-baseline makes it anew"
_MAGIC = "mercury-baseline"
_COMMENT = (
    "# What the tests did when this was agreed on; each line of it is compared. Made by --mercury-update-baseline."
)
_KINDS = frozenset(kind.name.lower() for kind in UnitKind)

_JSON = r'"(?:[^"\\]|\\.)*"'
_PLAIN_ALIAS = re.compile(r"(?![0-9a-f]{16}\Z)[A-Za-z_][A-Za-z_0-9]*")
_PLAIN_NAME = re.compile(r'[^\s"#-][^\s"]*')
_PLAIN_ID = re.compile(r'[^\s"#<=>|].*\S|[^\s"#<=>|]')

_UNIT = re.compile(rf'([a-z]+)(?: ([A-Z]+|-)(?= ))??(?: ({_JSON}|[^\s"#-][^\s"]*))??(?: #(\d+))? queries (\d+)')
_IN_ALL = re.compile(r"queries (\d+) in all")
_STATEMENT = re.compile(rf"(\d+)x (.+) ([0-9a-f]{{16}})(?: on ([A-Za-z_][A-Za-z_0-9]*|{_JSON}))?")
_OTHERS = re.compile(r"(\d+)x others")
_FINDING = re.compile(r"finding ([a-z_]+) (\d+)x (?:(.+) )?([0-9a-f]{16})")
_CACHE = re.compile(r"cache hits (\d+) misses (\d+)")
_ALLOCATED = re.compile(r"allocated (\d+\.\d) MB")
_CPU = re.compile(r"cpu((?: \d+\.\d+)+) ms")


class BaselineError(ValueError):
    """A baseline that cannot be used; the message names file and line, and says what to do."""


# -------------------------------------------------------------------------------------------------- writing
def dumps(baseline: Baseline) -> str:
    """Return the text of a baseline."""
    lines = [f"{_MAGIC} {FORMAT_VERSION}", _COMMENT]
    if baseline.clock:
        lines.append(f"clock {baseline.clock}")
    for id in sorted(baseline.tests):
        test = baseline.tests[id]
        lines += ["", id if _is_plain(id, _PLAIN_ID) and not _is_header(id) else json.dumps(id)]
        if test.queries != _sum_of(test):
            lines.append(f"  queries {test.queries} in all")
        for key in sorted(test.units):
            lines.append(f"  {_unit_text(key)} queries {test.units[key].queries}")
            lines += [f"    {line}" for line in _fact_lines(test.units[key])]
    return "\n".join(lines) + "\n"


def _is_plain(text: str, pattern: re.Pattern[str]) -> bool:
    return text.isprintable() and pattern.fullmatch(text) is not None


def _is_header(id: str) -> bool:
    return id.startswith((_MAGIC, "clock "))


def _sum_of(test: TestFacts) -> int:
    return sum(unit.queries for unit in test.units.values())


def _unit_text(key: UnitKey) -> str:
    parts = [key.kind]
    if key.kind == "request":
        parts.append(key.method or "-")
    if key.name or key.kind != "test":
        parts.append(key.name if _is_plain(key.name, _PLAIN_NAME) else json.dumps(key.name))
    if key.occurrence > 1:
        parts.append(f"#{key.occurrence}")
    return " ".join(parts)


def _fact_lines(unit: UnitFacts) -> Iterator[str]:
    for key, one in sorted(unit.statements.items(), key=lambda pair: (pair[1].summary, pair[0])):
        alias = key.alias if _PLAIN_ALIAS.fullmatch(key.alias) else json.dumps(key.alias)
        on = f" on {alias}" if key.alias != "default" else ""
        yield f"{one.count}x {_words(one.summary)} {key.fingerprint}{on}"
    if unit.others:
        yield f"{unit.others}x others"
    for id, finding in sorted(unit.findings.items(), key=lambda pair: (pair[1].kind, pair[0])):
        about = f"{_words(finding.about)} " if finding.about else ""
        yield f"finding {finding.kind} {finding.count}x {about}{id}"
    if unit.cache is not None:
        yield f"cache hits {unit.cache[0]} misses {unit.cache[1]}"
    if unit.allocated_mb is not None:
        yield f"allocated {unit.allocated_mb:.1f} MB"
    if unit.cpu_ms:
        yield f"cpu {' '.join(_ms_text(ms) for ms in unit.cpu_ms)} ms"


def _words(text: str) -> str:
    plain = text.isprintable() and text and text == text.strip() and not text.startswith('"')
    return text if plain else json.dumps(text)


def _ms_text(ms: float) -> str:
    return f"{ms:.3f}" if ms < 10 else f"{ms:.2f}" if ms < 100 else f"{ms:.1f}"


# -------------------------------------------------------------------------------------------------- reading
def loads(text: str, file: str = "baseline") -> Baseline:
    """Return the baseline of a text; BaselineError for anything that is not one. ``file`` names it in errors."""
    return _Reader(file).read(text)


class _Reader:
    """Read line by line; what a line belongs to is the last one that was less indented."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._number = 0
        self._clock = ""
        self._tests: dict[str, TestFacts] = {}
        self._id: str | None = None
        self._id_at = 0
        self._in_all: int | None = None
        self._units: dict[UnitKey, UnitFacts] = {}
        self._key: UnitKey | None = None
        self._key_at = 0
        self._facts: dict[str, Any] = {}

    def read(self, text: str) -> Baseline:
        """Return what all lines say."""
        lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")  # splitlines() knows other ends, too
        self._number = 1
        self._check_version(lines[0])
        for self._number, line in enumerate(lines[1:], 2):  # errors name it
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||")):
                self._fail(
                    "a merge left its conflict here",
                    "keep the blocks of both sides where they are of different tests, else run the tests with "
                    "--mercury-update-baseline on the merged code",
                )
            indent = len(line) - len(line.lstrip(" "))
            content = line[indent:]
            if indent == 0:
                self._head(content)
            elif indent == 2 and self._id is not None:
                self._unit(content)
            elif indent == 4 and self._key is not None:
                self._fact(content)
            else:
                self._fail(f"{content!r:.80} is indented by {indent}", f"a unit is by 2, its facts by 4; or {UPDATE}")
        self._end_test()
        return Baseline(dict(sorted(self._tests.items())), self._clock)

    def _fail(self, what: str, remedy: str = UPDATE, line: int = 0) -> NoReturn:
        raise BaselineError(f"{self._file}:{line or self._number}: {what}; {remedy}")

    def _check_version(self, line: str) -> None:
        magic, _, version = line.partition(" ")
        if magic != _MAGIC:
            self._fail(f"this is no baseline: the first line is {line!r:.60}, not '{_MAGIC} {FORMAT_VERSION}'")
        if version != str(FORMAT_VERSION):
            newer = version.isascii() and version.isdigit() and int(version) > FORMAT_VERSION
            self._fail(
                f"the baseline is of version {version!r:.20}, and this Mercury reads version {FORMAT_VERSION}",
                "a newer Mercury made it: install that one" if newer else UPDATE,
            )

    def _head(self, content: str) -> None:
        if content.startswith("clock ") and self._id is None:
            if self._clock:
                self._fail("the clock is said twice", "keep the line of the Python that runs the tests")
            self._clock = content[6:]
            return
        if content.startswith(_MAGIC):
            self._fail("a second version line", UPDATE)
        self._end_test()
        id = self._unquoted(content)
        if id in self._tests:
            self._fail(f"the test {id!r:.200} comes twice", f"leave the block that is right; or {UPDATE}")
        self._id, self._id_at = id, self._number

    def _unit(self, content: str) -> None:
        self._end_unit()
        in_all = _IN_ALL.fullmatch(content)
        if in_all:
            if self._in_all is not None:
                self._fail("the test has this line twice", f"leave the right one; or {UPDATE}")
            self._in_all = int(in_all[1])
            return
        match = _UNIT.fullmatch(content)
        if match is None or match[1] not in _KINDS or (match[1] == "request") != (match[2] is not None):
            self._fail(f"{content!r:.120} is no unit", f"one is like 'request GET books/ queries 7'; or {UPDATE}")
        kind, method, name, occurrence, queries = match.groups()
        if name is None and kind != "test":
            self._fail(f"{content!r:.120} is a unit without a name", f'an empty one is ""; or {UPDATE}')
        key = UnitKey(kind, "" if method in (None, "-") else method, self._unquoted(name or ""), int(occurrence or 1))
        if key in self._units:
            self._fail(f"{key} comes twice in the test", f"leave the block that is right; or {UPDATE}")
        self._key, self._key_at = key, self._number
        self._facts = {"queries": int(queries), "statements": {}, "findings": {}}

    def _fact(self, content: str) -> None:
        for pattern, take in self._patterns:
            match = pattern.fullmatch(content)
            if match is not None:
                take(self, match)
                return
        self._fail(f"{content!r:.120} is nothing that a unit has", f"correct it; or {UPDATE}")

    def _take_statement(self, match: re.Match[str]) -> None:
        count, summary, fingerprint, alias = match.groups()
        key = StatementKey(fingerprint, self._unquoted(alias or "default"))
        self._put("statements", key, StatementFact(int(count), self._unquoted(summary)))

    def _take_finding(self, match: re.Match[str]) -> None:
        self._put("findings", match[4], FindingFact(match[1], int(match[2]), self._unquoted(match[3] or "")))

    def _put(self, where: str, key: Any, value: Any) -> None:
        if key in self._facts[where]:
            self._fail("the same comes twice in this unit", f"leave the line that is right; or {UPDATE}")
        self._facts[where][key] = value

    def _once(self, what: str, value: Any) -> None:
        if what in self._facts:
            self._fail("the unit has such a line already", f"leave the right one; or {UPDATE}")
        self._facts[what] = value

    _patterns: tuple[tuple[re.Pattern[str], Callable[[_Reader, re.Match[str]], None]], ...] = (
        (_STATEMENT, _take_statement),
        (_FINDING, _take_finding),
        (_OTHERS, lambda self, match: self._once("others", int(match[1]))),
        (_CACHE, lambda self, match: self._once("cache", (int(match[1]), int(match[2])))),
        (_ALLOCATED, lambda self, match: self._once("allocated_mb", float(match[1]))),
        (_CPU, lambda self, match: self._once("cpu_ms", tuple(sorted(map(float, match[1].split()))))),
    )

    def _end_unit(self) -> None:
        key, self._key = self._key, None
        if key is None:
            return
        others = self._facts.pop("others", 0)
        unit = UnitFacts(**self._facts)
        if unit.others != others:
            self._fail(
                f"{key} has {unit.queries} queries, and the lines below it say {unit.queries - unit.others + others}",
                f"a merge may have lost a line; {UPDATE}",
                self._key_at,
            )
        self._units[key] = unit

    def _end_test(self) -> None:
        self._end_unit()
        id, self._id = self._id, None
        if id is None:
            return
        test = TestFacts(0, dict(sorted(self._units.items())))
        self._tests[id] = TestFacts(_sum_of(test) if self._in_all is None else self._in_all, test.units)
        self._units, self._in_all = {}, None

    def _unquoted(self, text: str) -> str:
        if not text.startswith('"'):
            return text
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, str):
            self._fail(f"{text!r:.120} is no JSON string", f"correct it; or {UPDATE}")
        return value
