"""Apply a suggestion as printed to a copy of the site, and run its case again in a fresh process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ground_truth.markers import PROJECT


def inserted(text: str, edit: Mapping[str, Any]) -> str:
    """Return ``text`` with ``insert`` at line (1-based) and column (0-based, in characters).

    Raise ValueError for a place that is not in the text.
    """
    lines = text.splitlines(keepends=True)
    line, column = edit["line"], edit["column"]
    if not 1 <= line <= len(lines) or not 0 <= column <= len(lines[line - 1].rstrip("\r\n")):
        raise ValueError(f"line {line}, column {column} is not in the file")
    old = lines[line - 1]
    lines[line - 1] = old[:column] + edit["insert"] + old[column:]
    return "".join(lines)


def file_of(edit: Mapping[str, Any]) -> Path:
    """Return the file below the project's root that an edit names, absolutely or from that root."""
    path = Path(edit["file"])
    relative = path.resolve().relative_to(PROJECT) if path.is_absolute() else path
    if not (PROJECT / relative).is_file():
        raise ValueError(f"{edit['file']} is not a file of the site")
    return relative


@contextmanager
def edited(edit: Mapping[str, Any]) -> Iterator[Path]:
    """Copy the site, apply the edit, and lend the copy."""
    with tempfile.TemporaryDirectory(prefix="mercury-edit-") as folder:
        copy = Path(folder).resolve() / "project"
        shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__"))
        path = copy / file_of(edit)
        path.write_text(inserted(path.read_text(encoding="utf-8"), edit), encoding="utf-8")
        yield copy


def subject(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what makes a finding the same one before and after an edit: everything but lines and paths."""
    trigger = finding["trigger"] or {}
    names = ("function", "template_name", "view", "serializer_field", "admin_column")
    return (finding["kind"], finding["relation"], *(trigger.get(name) or "" for name in names))
