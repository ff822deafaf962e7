"""Say a report document as SARIF 2.1.0, which code scanning, editors and viewers read.

A kind of finding is a rule, a finding is a result at the line that asked; the lines that fetched the rows are related
places, and where the fix is known character by character it is in ``fixes``. A silenced finding is a result that is
suppressed. The id of a finding is its fingerprint: it stays when lines move.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from . import digest

__all__ = ["sarif"]

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
BASE: Final = "%SRCROOT%"
_LEVELS: Final = {"fail": "error", "warn": "warning", "notice": "note"}
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def sarif(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the SARIF log of a report: plain values for ``json.dumps``.

    A finding without a line of code stands at the first test that saw it.
    """
    findings = digest.all_findings(document)
    kinds: dict[str, list[dict[str, Any]]] = {}
    for one in findings:
        kinds.setdefault(one["kind"], []).append(one)
    order = sorted(kinds)
    in_rules = {one["rule"].get("reason", "") for one in document["ignore"] if one["matched"]}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": document["tool"]["name"],
                        "version": document["tool"]["version"],
                        "rules": [_rule(kind, kinds[kind]) for kind in order],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {BASE: {"description": {"text": "The working directory of the tests."}}},
                "results": [_result(document, one, order.index(one["kind"]), in_rules) for one in findings],
            }
        ],
    }


def _rule(kind: str, findings: list[dict[str, Any]]) -> dict[str, Any]:
    first = findings[0]
    how = digest.HOW.get(kind, "")
    pages = sorted({one["suggestion"]["read"] for one in findings} - {""})
    text = "\n\n".join(filter(None, (first["what"], first["why"], how, "\n".join(pages))))
    parts = [f"**What happened.** {first['what']}", f"**Why it matters.** {first['why']}"]
    if how:
        parts.append(f"**What to do.** {how}")
    if pages:
        parts.append("**To read.** " + ", ".join(f"<{page}>" for page in pages))
    rule = {
        "id": kind,
        "name": "".join(word.capitalize() for word in kind.split("_")),
        "shortDescription": {"text": first["title"]},
        "fullDescription": {"text": f"{first['what']} {first['why']}"},
        "help": {"text": text, "markdown": "\n\n".join(parts)},
        "defaultConfiguration": {"level": _LEVELS[first["level"]]},
        "properties": {"tags": ["performance", "django"]},
    }
    return {**rule, "helpUri": pages[0]} if pages else rule


def _result(document: Mapping[str, Any], one: Mapping[str, Any], rule: int, in_rules: set[str]) -> dict[str, Any]:
    suggestion = one["suggestion"]
    head = f"{one['title']}: {digest.numbers(one)}{digest.where(one)}"
    result: dict[str, Any] = {
        "ruleId": one["kind"],
        "ruleIndex": rule,
        "level": _LEVELS[one["level"]],
        "message": {"text": f"{head}. {suggestion['text']}"},
        "locations": [_location(document, one)],
        "partialFingerprints": {"mercuryFinding/v1": one["id"]},
        "properties": {
            "count": one["count"],
            "severity": one["severity"],
            "likely": one["likely"],
            "timeMs": one["timing"]["time_ms"],
            "routes": list(one.get("routes", ())),
            "tests": list(one.get("tests", ())),
        },
    }
    related: list[dict[str, Any]] = []
    for source in one["sources"]:
        location = _of_place(source)
        if location:
            text = f"The rows are of this query: {source['place']}" if source["place"] else "The rows are of this query"
            related.append({"id": len(related), **location, "message": {"text": text}})
    if related:
        result["relatedLocations"] = related
    if suggestion["edit"]:
        result["fixes"] = [_fix(suggestion)]
    # Results of one run have all of them suppressions, or none (SARIF 2.1.0, 3.27.23).
    result["suppressions"] = []
    if one["ignored"]:
        kind = "external" if one["ignored"] in in_rules else "inSource"
        result["suppressions"] = [{"kind": kind, "justification": one["ignored"]}]
    return result


def _location(document: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    location = _of_place(one["trigger"])
    names = list(location.get("logicalLocations", ()))
    if "physicalLocation" not in location:
        file, line = digest.home(document, one)
        if file:
            location["physicalLocation"] = _physical(file, line)
            location["message"] = {"text": "The test that saw it"}
    if not names:
        names = [{"name": name, "kind": "resource"} for name in one.get("routes", ())[:1]]
    if names:
        location["logicalLocations"] = names
    return location


def _of_place(place: Mapping[str, Any]) -> dict[str, Any]:
    """Return a location: a line of code, and the template, field or column that a line can not tell; {} for none."""
    template = f"{place['template']}:{place['template_line']}" if place["template"] else ""
    said = [("resource", template), ("member", place["field"]), ("member", place["column"])]
    said += [("function", place["function"]), ("function", place["view"])]
    names = [{"name": name, "kind": kind} for kind, name in dict.fromkeys(said) if name]
    location: dict[str, Any] = {}
    if place["file"]:
        location["physicalLocation"] = _physical(place["file"], place["line"])
    if names:
        location["logicalLocations"] = names
    return location


def _physical(file: str, line: int) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(file)}
    if line > 0:
        physical["region"] = {"startLine": line}
    return physical


def _artifact(file: str) -> dict[str, str]:
    """Return the address of a file: relative to the working directory, or absolute where it lies elsewhere."""
    if _DRIVE.match(file):
        return {"uri": f"file:///{file[0]}:" + quote(file[2:].replace("\\", "/"))}
    if file.startswith("/"):
        return {"uri": "file://" + quote(file)}
    return {"uri": quote(file), "uriBaseId": BASE}


def _fix(suggestion: Mapping[str, Any]) -> dict[str, Any]:
    """Return an insertion: what is deleted has no length. Columns of SARIF begin with 1, those of the report with 0."""
    edit = suggestion["edit"]
    at = {"startLine": edit["line"], "startColumn": edit["column"] + 1}
    region = {**at, "endLine": edit["line"], "endColumn": edit["column"] + 1}
    replacement = {"deletedRegion": region, "insertedContent": {"text": edit["insert"]}}
    change = {"artifactLocation": _artifact(edit["file"]), "replacements": [replacement]}
    return {"description": {"text": suggestion["text"]}, "artifactChanges": [change]}
