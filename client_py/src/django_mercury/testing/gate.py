"""Decide whether a run fails: kinds of findings that must not be there, a baseline, and a daemon that must be.

``KIND[:LEVEL]`` names findings of a kind at a level or above it: ``n_plus_one``, ``n_plus_one:fail``, ``any:warn``.
Without a level, ``warn``. Silenced findings never fail a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["KINDS", "LEVELS", "Rule", "offences", "parse"]

KINDS: Final = (
    "n_plus_one", "query_in_loop", "repeated_query", "write_loop", "slow_query", "too_many_queries", "slow_response",
)  # fmt: skip
LEVELS: Final = ("notice", "warn", "fail")
DEFAULT_LEVEL: Final = "warn"


@dataclass(frozen=True)
class Rule:
    """One ``KIND[:LEVEL]``; ``kind`` may be ``any``."""

    kind: str
    level: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.level}"

    def matches(self, finding: Mapping[str, Any]) -> bool:
        """Tell whether a finding of a document fails the run."""
        if finding["ignored"] or self.kind not in ("any", finding["kind"]):
            return False
        return LEVELS.index(finding["level"]) >= LEVELS.index(self.level)


def parse(texts: Iterable[str]) -> list[Rule]:
    """Read rules, several of them in one text parted by commas; ValueError that names what is wrong."""
    rules = []
    for text in texts:
        for one in filter(None, (part.strip() for part in text.split(","))):
            kind, colon, level = one.partition(":")
            if kind != "any" and kind not in KINDS:
                raise ValueError(f"{one!r} has the kind {kind!r}; known are any, {', '.join(KINDS)}")
            if colon and level not in LEVELS:
                raise ValueError(f"{one!r} has the level {level!r}; known are {', '.join(LEVELS)}")
            rules.append(Rule(kind, level or DEFAULT_LEVEL))
    return rules


def offences(document: Mapping[str, Any], rules: Sequence[Rule]) -> list[str]:
    """Return a sentence for each finding of a document that a rule names."""
    out = []
    for finding in (*document["findings"], *document["timing"]["findings"]):
        rule = next((rule for rule in rules if rule.matches(finding)), None)
        if rule is not None:
            place = f" at {finding['place']}" if finding["place"] else ""
            seen = finding["tests"][0] + (f" and {len(finding['tests']) - 1} more" if len(finding["tests"]) > 1 else "")
            out.append(f"{rule}: {finding['title']}, {finding['count']} calls{place}, in {seen}")
    return out
