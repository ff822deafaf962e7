"""The SARIF log: it is as the standard's own schema says, and each part is where a reader looks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from django_mercury.testing.sarif import sarif
from support import reports
from support.reports import empty_report, hostile_report, large_report

SCHEMA = json.loads((Path(reports.__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
CHECK = Draft4Validator(SCHEMA, format_checker=FormatChecker())


def results(report: dict[str, Any]) -> list[dict[str, Any]]:
    log = sarif(report)
    CHECK.validate(log)
    json.dumps(log, allow_nan=False)
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


def test_it_is_as_the_standard_says(report: dict[str, Any]) -> None:
    assert results(report)
    assert results(empty_report()) == []
    assert results(hostile_report(report))
    assert len(results(large_report(report, 200))) == len(results(report))


def test_rules_are_the_lessons(report: dict[str, Any]) -> None:
    driver = sarif(report)["runs"][0]["tool"]["driver"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == sorted(set(ids)) and {"n_plus_one", "too_many_queries", "write_loop"} <= set(ids)
    loop = driver["rules"][ids.index("n_plus_one")]
    assert loop["name"] == "NPlusOne" and loop["shortDescription"]["text"] == "N+1 queries"
    assert "one more query ran for each of its rows" in loop["help"]["text"]
    assert "**Why it matters.**" in loop["help"]["markdown"] and "select_related()" in loop["help"]["markdown"]
    assert loop["helpUri"].startswith("https://docs.djangoproject.com/")
    for one in sarif(report)["runs"][0]["results"]:
        assert ids[one["ruleIndex"]] == one["ruleId"]


def test_a_result_for_each_finding(report: dict[str, Any]) -> None:
    found = {one["partialFingerprints"]["mercuryFinding/v1"]: one for one in results(report)}
    for finding in (*report["findings"], *report["timing"]["findings"]):
        one = found.pop(finding["id"])
        assert one["ruleId"] == finding["kind"]
        assert one["level"] == {"fail": "error", "warn": "warning", "notice": "note"}[finding["level"]]
        if finding["ignored"]:
            assert [entry["justification"] for entry in one["suppressions"]] == [finding["ignored"]]
            assert one["suppressions"][0]["kind"] == "external"  # a rule of IGNORE said so
        else:
            assert one["suppressions"] == []
        physical = one["locations"][0]["physicalLocation"]
        if finding["trigger"]["file"]:
            assert physical["artifactLocation"] == {"uri": finding["trigger"]["file"], "uriBaseId": "%SRCROOT%"}
            assert physical["region"] == {"startLine": finding["trigger"]["line"]}
        else:
            assert physical["artifactLocation"]["uri"].startswith("tests/shop/test_")
            assert one["locations"][0]["message"]["text"] == "The test that saw it"
    assert not found


def test_templates_and_sources_have_places(report: dict[str, Any]) -> None:
    one = next(
        one
        for one in results(report)
        if "(shop.Book.author)" in one["message"]["text"] and "40" in one["message"]["text"]
    )
    names = one["locations"][0]["logicalLocations"]
    assert {"name": "shop/books_naive.html:3", "kind": "resource"} in names
    related = one["relatedLocations"][0]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "tests/bookshop/shop/views.py"
    assert related["message"]["text"] == "The rows are of this query: shop/books_naive.html:3"


def test_a_template_without_a_file_is_a_logical_place(report: dict[str, Any]) -> None:
    finding = next(one for one in report["findings"] if one["trigger"]["template"])
    finding["trigger"]["file"], finding["trigger"]["line"], finding["tests"] = "", 0, []
    one = next(one for one in results(report) if one["partialFingerprints"]["mercuryFinding/v1"] == finding["id"])
    assert "physicalLocation" not in one["locations"][0]
    assert one["locations"][0]["logicalLocations"][0]["name"] == "shop/books_naive.html:3"


def test_a_fix_is_an_insertion(report: dict[str, Any]) -> None:
    suggestion = report["findings"][0]["suggestion"]
    suggestion["edit"] = {"file": "shop/my views.py", "line": 12, "column": 30, "insert": '.select_related("author")'}
    id = report["findings"][0]["id"]
    (fix,) = next(one for one in results(report) if one["partialFingerprints"]["mercuryFinding/v1"] == id)["fixes"]
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "shop/my%20views.py"
    (replacement,) = change["replacements"]
    assert replacement["deletedRegion"] == {"startLine": 12, "startColumn": 31, "endLine": 12, "endColumn": 31}
    assert replacement["insertedContent"] == {"text": '.select_related("author")'}


@pytest.mark.parametrize(
    ("file", "address"),
    [
        ("shop/api.py", {"uri": "shop/api.py", "uriBaseId": "%SRCROOT%"}),
        ("a:b/ü #1.py", {"uri": "a%3Ab/%C3%BC%20%231.py", "uriBaseId": "%SRCROOT%"}),
        ("/usr/lib/x y.py", {"uri": "file:///usr/lib/x%20y.py"}),
        ("C:\\site\\shop\\api.py", {"uri": "file:///C:/site/shop/api.py"}),
    ],
)
def test_addresses_of_files(report: dict[str, Any], file: str, address: dict[str, str]) -> None:
    finding = report["findings"][0]
    finding["trigger"]["file"] = file
    one = next(one for one in results(report) if one["partialFingerprints"]["mercuryFinding/v1"] == finding["id"])
    assert one["locations"][0]["physicalLocation"]["artifactLocation"] == address
