"""Write a report in the form that its file's name asks for, and say what a run came to.

``.json`` the document, ``.html`` one page, ``.sarif`` (or ``.sarif.json``) for code scanning.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["FORMS", "form_of", "tell_github", "write_report"]

FORMS = (".json", ".html", ".sarif")


def form_of(path: str) -> str:
    """Return the form of a report's file; ValueError names the allowed ones."""
    name = os.path.basename(path).lower()
    if name.endswith((".sarif", ".sarif.json")):
        return ".sarif"
    form = {".json": ".json", ".html": ".html", ".htm": ".html"}.get(os.path.splitext(name)[1])
    if form is None:
        raise ValueError(f"the report {path!r} ends with none of {', '.join(FORMS)}, so its form is unknown")
    return form


def write_report(document: Mapping[str, Any], path: str) -> None:
    """Write one file, whole or not at all; its folders are made. OSError names the path."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    form = form_of(path)
    if form == ".html":
        from .html import write_html

        write_html(document, path)
        return
    from .voices import write

    if form == ".sarif":
        from .sarif import sarif

        write(sarif(document), path)
    else:
        write(document, path)


def tell_github(document: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Sequence[str]:
    """Return the annotations to print, and append to the step's summary where GitHub Actions has one."""
    from .github import annotations, step_summary

    environ = os.environ if environ is None else environ
    path = environ.get("GITHUB_STEP_SUMMARY", "")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(step_summary(document))
    return annotations(document)
