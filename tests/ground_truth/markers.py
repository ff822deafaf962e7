"""Places: the comments in the site's code that mark them, and whether a reported place is a marked one.

``# trigger: a, b # source: c`` in Python, ``{# trigger: a #}{# source: c #}`` in templates. ``queryset`` is
the line where the source's queryset is written; it is as right an answer as ``source``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ground_truth.row import Expected, Named

PROJECT = Path(__file__).resolve().parent / "project"
_MARK = re.compile(r"(?:#|\{#)\s*(trigger|source|queryset):\s*([\w.]+(?:,\s*[\w.]+)*)")


@dataclass(frozen=True)
class Marked:
    """A marked line: the file below the project's root, with slashes."""

    file: str
    line: int

    @property
    def template_name(self) -> str:
        """Return the name that a template is loaded by, empty for Python."""
        return self.file.partition("/templates/")[2] if self.file.endswith(".html") else ""


@cache
def scan(project: Path = PROJECT) -> Mapping[tuple[str, str], list[Marked]]:
    """Return ``(kind, label)`` → marked lines of the whole project."""
    marks: dict[tuple[str, str], list[Marked]] = defaultdict(list)
    for path in sorted([*project.rglob("*.py"), *project.rglob("*.html")]):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for kind, labels in _MARK.findall(line):
                for label in labels.split(","):
                    marks[kind, label.strip()].append(Marked(path.relative_to(project).as_posix(), number))
    return dict(marks)


def triggers(expected: Expected) -> list[Marked | Named]:
    """Return the acceptable places of the repeated call."""
    named = [expected.trigger] if expected.trigger else []
    return [*scan().get(("trigger", expected.mark), []), *named]


def sources(expected: Expected) -> list[Marked | Named]:
    """Return the acceptable places where the rows were fetched."""
    named = [expected.source] if expected.source else []
    marks = scan()
    return [*marks.get(("source", expected.mark), []), *marks.get(("queryset", expected.mark), []), *named]


def is_at(place: Mapping[str, Any] | None, wanted: Marked | Named) -> bool:
    """Tell whether a reported place (a mapping with the fields of a place) is the wanted one."""
    if not place:
        return False
    if isinstance(wanted, Named):
        return _is_named(place, wanted)
    if wanted.template_name:
        name = str(place.get("template_name") or "").replace("\\", "/")
        same = bool(name) and (name == wanted.template_name or name.endswith("/" + wanted.file))
        return same and place.get("template_line") == wanted.line
    file = str(place.get("file") or "").replace("\\", "/")
    return (file == wanted.file or file.endswith("/" + wanted.file)) and place.get("line") == wanted.line


def _is_named(place: Mapping[str, Any], wanted: Named) -> bool:
    view = str(place.get("view") or "")
    field = str(place.get("serializer_field") or "")
    column = str(place.get("admin_column") or "")
    names = {*view.split("."), *column.split(".")[:-1]}  # a column may be given as ModelAdmin.column
    if wanted.view not in names:
        return False
    if wanted.field and field.split(".")[-1] != wanted.field:
        return False
    return not wanted.column or column.split(".")[-1] == wanted.column
