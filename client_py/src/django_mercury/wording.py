"""Say a finding in words, the same everywhere: the console's lines, the reports of tests, annotations in CI."""

from __future__ import annotations

import functools
import os

from mercury_client.reference import Finding, Place
from mercury_client.reference.rules import LESSONS

__all__ = ["finding_text", "numbers_text", "place_text", "short_path"]


def finding_text(finding: Finding) -> str:
    """Return what happened, how often, how long and where, in one line."""
    parts = [numbers_text(finding)]
    place = place_text(finding.trigger)
    if place:
        parts.append(f"at {place}")
    if finding.relation:
        parts.append(f"({finding.relation})")
    return " ".join(parts)


def numbers_text(finding: Finding) -> str:
    """Return the kind of a finding and its numbers."""
    title = LESSONS[finding.kind].title
    if finding.kind in ("slow_query", "slow_response"):
        return f"{title}: {finding.time_ns / 1e6:.0f} ms"
    if finding.kind == "too_many_queries":
        return f"{title}: {finding.count}"
    return f"{title}: {finding.count} calls, {finding.time_ns / 1e6:.1f} ms"


def place_text(place: Place) -> str:
    """Return the most telling place: a template's line, a field, a column, or a line of code; "" if none."""
    if place.template_name:
        return f"{place.template_name}:{place.template_line}"
    if place.file:
        return f"{short_path(place.file)}:{place.line}"
    return place.serializer_field or place.admin_column or place.view


def short_path(file: str) -> str:
    """Return a path as seen from the working directory, if it lies below it, with forward slashes."""
    try:  # what is kept is 30 µs; the directory may change
        return _seen_from(os.getcwd(), file)
    except (ValueError, OSError):  # another drive; no working directory
        return file


@functools.lru_cache(maxsize=1024)
def _seen_from(directory: str, file: str) -> str:
    relative = os.path.relpath(file, directory)
    return file if relative.startswith("..") else relative.replace(os.sep, "/")
