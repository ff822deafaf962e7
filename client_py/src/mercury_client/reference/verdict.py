"""Hold what comes out of a judgement (VERDICTS.md §4 to §8), named as in the daemon's ``model/verdict.h``.

``Verdict.to_dict`` gives the JSON form of ``proto/vectors/analysis``: ids and fingerprints are 16 hex digits;
``Verdict.from_dict`` reads it. A ValueError names the field that is missing or of another type; keys that are not
known are of a later version and are left alone.
Times are ns. Plain values: no thread rules. Named tuples, for a test waits while a report becomes objects: a frozen
data class takes four times as long.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

from .json_object import JsonObject

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
_KINDS = get_args(FindingKind)
_LEVELS = get_args(Level)


def hex_id(number: int) -> str:
    """Write an id or a fingerprint as JSON has it."""
    return f"{number:016x}"


class Place(NamedTuple):
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

    @classmethod
    def read(cls, row: JsonObject) -> Place:
        """Read the JSON form."""
        return cls(
            file=row.text("file"),
            line=row.number("line"),
            function=row.text("function"),
            module=row.text("module"),
            template_name=row.text("template_name"),
            template_line=row.number("template_line"),
            view=row.text("view"),
            serializer_field=row.text("serializer_field"),
            admin_column=row.text("admin_column"),
        )


class Source(NamedTuple):
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


class Edit(NamedTuple):
    """What to insert, and before which character: line from 1, column from 0."""

    file: str
    line: int
    column: int
    insert: str

    @classmethod
    def read(cls, row: JsonObject) -> Edit:
        """Read the JSON form."""
        return cls(row.text("file"), row.number("line"), row.number("column"), row.text("insert"))


class Suggestion(NamedTuple):
    """What to write. ``edit`` can be applied as it stands; without one the code is a template."""

    action: str
    path: str  # of the relation from the queryset that is mended; "" if unknown
    text: str
    code: str
    is_template: bool = True
    edit: Edit | None = None

    @classmethod
    def read(cls, row: JsonObject) -> Suggestion:
        """Read the JSON form."""
        return cls(
            action=row.text("action"),
            path=row.text("path"),
            text=row.text("text"),
            code=row.text("code"),
            is_template=row.truth("is_template"),
            edit=Edit.read(row.object("edit")) if row.has("edit") else None,
        )


class Finding(NamedTuple):
    """One thing that a unit did wrong. ``alias`` and ``fingerprint`` are "" and 0 for findings of the whole unit."""

    id: int
    kind: FindingKind
    level: Level
    likely: bool
    severity: int  # 0 to 5
    fingerprint: int
    alias: str
    count: int  # type: ignore[assignment]  # it hides tuple.count, which nobody wants
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
        edit = self.suggestion.edit
        return {
            **self._asdict(),
            "id": hex_id(self.id),
            "fingerprint": hex_id(self.fingerprint),
            "trigger": self.trigger._asdict(),
            "sources": [
                {"fingerprint": hex_id(source.fingerprint), "place": source.place._asdict()} for source in self.sources
            ],
            "suggestion": {**self.suggestion._asdict(), "edit": None if edit is None else edit._asdict()},
        }

    @classmethod
    def read(cls, row: JsonObject) -> Finding:
        """Read the JSON form."""
        return cls(
            id=row.id("id"),
            kind=row.choice("kind", _KINDS),
            level=row.choice("level", _LEVELS),
            likely=row.truth("likely"),
            severity=row.number("severity"),
            fingerprint=row.id("fingerprint"),
            alias=row.text("alias"),
            count=row.number("count"),
            distinct=row.number("distinct") if row.has("distinct") else None,
            time_ns=row.number("time_ns"),
            saving_ns=row.number("saving_ns"),
            relation=row.text("relation"),
            relation_kind=row.text("relation_kind"),
            operation=row.text("operation"),
            trigger=Place.read(row.object("trigger")),
            sources=tuple(
                [Source(one.id("fingerprint"), Place.read(one.object("place"))) for one in row.objects("sources")]
            ),
            suggestion=Suggestion.read(row.object("suggestion")),
            ignored=row.text("ignored"),
        )


class Points(NamedTuple):
    """Points of one component, out of how many."""

    points: int
    of: int

    @classmethod
    def read(cls, row: JsonObject) -> Points:
        """Read the JSON form."""
        return cls(row.number("points"), row.number("of"))


class Score(NamedTuple):
    """A score from 0 to 100 with its grade and what it is made of; None: that component does not count."""

    value: int
    grade: str
    response: Points
    queries: Points
    memory: Points | None
    cache: Points | None
    penalty: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        parts = {"response": self.response, "queries": self.queries, "memory": self.memory, "cache": self.cache}
        return {
            **self._asdict(),
            **{name: None if points is None else points._asdict() for name, points in parts.items()},
        }

    @classmethod
    def read(cls, row: JsonObject) -> Score:
        """Read the JSON form."""
        return cls(
            value=row.number("value"),
            grade=row.text("grade"),
            response=Points.read(row.object("response")),
            queries=Points.read(row.object("queries")),
            memory=Points.read(row.object("memory")) if row.has("memory") else None,
            cache=Points.read(row.object("cache")) if row.has("cache") else None,
            penalty=row.number("penalty"),
        )


class GroupCount(NamedTuple):
    """How often a group of at least two calls occurred."""

    id: int
    count: int  # type: ignore[assignment]  # it hides tuple.count, which nobody wants


class Verdict(NamedTuple):
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
            "score": None if self.score is None else self.score.to_dict(),
            "queries": self.queries,
            "db_ns": self.db_ns,
        }

    @classmethod
    def from_dict(cls, value: Any) -> Verdict:
        """Return the verdict of which ``to_dict`` gives ``value``; raise ValueError."""
        row = JsonObject(value, "verdict")
        return cls(
            findings=tuple([Finding.read(one) for one in row.objects("findings")]),
            groups=tuple([GroupCount(one.id("id"), one.number("count")) for one in row.objects("groups")]),
            score=Score.read(row.object("score")) if row.has("score") else None,
            queries=row.number("queries"),
            db_ns=row.number("db_ns"),
        )
