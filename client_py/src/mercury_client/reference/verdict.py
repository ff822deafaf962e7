"""Hold what comes out of a judgement (VERDICTS.md §4 to §8), named as in the daemon's ``model/verdict.h``.

``Verdict.to_dict`` gives the JSON form of ``proto/vectors/analysis``: ids and fingerprints are 16 hex digits.
Times are ns. Plain values: no thread rules.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = [
    "Edit", "Finding", "FindingKind", "GroupCount", "Level", "Place", "Points", "Score", "Source", "Suggestion",
    "Verdict", "hex_id",
]  # fmt: skip

FindingKind = Literal[
    "n_plus_one",
    "query_in_loop",
    "repeated_query",
    "write_loop",
    "slow_query",
    "too_many_queries",
    "slow_response",
]
Level = Literal["notice", "warn", "fail"]


def hex_id(number: int) -> str:
    """Write an id or a fingerprint as JSON has it."""
    return f"{number:016x}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a query was made, as far as a person is concerned: application code, template, view, field, column."""

    file: str = ""
    line: int = 0
    function: str = ""
    module: str = ""
    template_name: str = ""
    template_line: int = 0
    view: str = ""
    serializer_field: str = ""
    admin_column: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A query that fetched the rows of a loop; the fields of its place are properties, too."""

    fingerprint: int
    place: Place

    @property
    def file(self) -> str:
        """Return the file of the innermost application frame."""
        return self.place.file

    @property
    def line(self) -> int:
        """Return its line, from 1; 0: unknown."""
        return self.place.line

    @property
    def function(self) -> str:
        """Return its function."""
        return self.place.function

    @property
    def module(self) -> str:
        """Return its dotted module."""
        return self.place.module

    @property
    def template_name(self) -> str:
        """Return the template that was being rendered."""
        return self.place.template_name

    @property
    def template_line(self) -> int:
        """Return the line of it."""
        return self.place.template_line

    @property
    def view(self) -> str:
        """Return the view."""
        return self.place.view

    @property
    def serializer_field(self) -> str:
        """Return the serializer's field."""
        return self.place.serializer_field

    @property
    def admin_column(self) -> str:
        """Return the column of the admin's list."""
        return self.place.admin_column


@dataclass(frozen=True, slots=True)
class Edit:
    """What to insert, and before which character: line from 1, column from 0."""

    file: str
    line: int
    column: int
    insert: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to write. ``edit`` can be applied as it stands; without one the code is a template."""

    action: str
    path: str  # of the relation from the queryset that is mended; "" if unknown
    text: str
    code: str
    is_template: bool = True
    edit: Edit | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a unit did wrong. ``alias`` and ``fingerprint`` are "" and 0 for findings of the whole unit."""

    id: int
    kind: FindingKind
    level: Level
    likely: bool
    severity: int  # 0 to 5
    fingerprint: int
    alias: str
    count: int
    distinct: int | None
    time_ns: int
    saving_ns: int
    relation: str
    relation_kind: str
    operation: str
    trigger: Place
    sources: tuple[Source, ...]
    suggestion: Suggestion
    ignored: str = ""  # the reason; "": it is not

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        out = asdict(self)
        out["id"] = hex_id(self.id)
        out["fingerprint"] = hex_id(self.fingerprint)
        sources = (
            {"fingerprint": hex_id(source.fingerprint), "place": asdict(source.place)} for source in self.sources
        )
        out["sources"] = list(sources)
        return out


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one component, out of how many."""

    points: int
    of: int


@dataclass(frozen=True, slots=True)
class Score:
    """A score from 0 to 100 with its grade and what it is made of; None: that component does not count."""

    value: int
    grade: str
    response: Points
    queries: Points
    memory: Points | None
    cache: Points | None
    penalty: int


@dataclass(frozen=True, slots=True)
class GroupCount:
    """How often a group of at least two calls occurred."""

    id: int
    count: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings of a unit, the most expensive one first, and its score (none for what is outside of units)."""

    findings: tuple[Finding, ...]
    groups: tuple[GroupCount, ...]
    score: Score | None
    queries: int
    db_ns: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, as the vectors have it."""
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "groups": [{"id": hex_id(group.id), "count": group.count} for group in self.groups],
            "score": None if self.score is None else asdict(self.score),
            "queries": self.queries,
            "db_ns": self.db_ns,
        }
