"""Read verdict cases (VERDICTS.md §9) for the Python engine, and ask the C++ engine the same ones."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mercury_client.protocol import Operation, Site, SiteFrame, TemplateLine, UnitKind
from mercury_client.protocol.site import Anchor
from mercury_client.reference import (
    IgnoreRule,
    JudgedSite,
    Query,
    StatementFacts,
    Thresholds,
    UnitFacts,
    judge_queries,
    judged_site,
    known_statement,
)

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "proto" / "vectors" / "analysis"

Json = dict[str, Any]


def verdict_cases() -> Iterator[tuple[str, Json]]:
    """Yield (name, case) of every vector."""
    for path in sorted(FOLDER.glob("verdicts_*.json")):
        for case in json.loads(path.read_text("utf-8")):
            yield f"{path.stem.removeprefix('verdicts_')}: {case['about']}", case


def read_site(row: Json) -> Site:
    """Return the site of a case."""
    texts = {name: value for name, value in row.items() if isinstance(value, str)}
    frames = tuple(SiteFrame(**frame) for frame in row.get("frames", []))
    template = TemplateLine(**row["template"]) if row.get("template") else None
    anchor = Anchor(**row["anchor"]) if row.get("anchor") else None
    return Site(frames, template, flags=row.get("flags", 0), anchor=anchor, **texts)


def read_unit(row: Json) -> UnitFacts:
    """Return the unit of a case."""
    kind = UnitKind[row["kind"].upper()]
    operation = Operation[row["operation"].upper() or "UNKNOWN"]
    return UnitFacts(**row | {"kind": kind, "operation": operation})


def read_queries(case: Json) -> list[Query]:
    """Return the queries of a case."""
    statements: list[StatementFacts] = [known_statement(row["sql"], row["vendor"]) for row in case["statements"]]
    sites: list[JudgedSite] = [judged_site(read_site(row)) for row in case["sites"]]
    rows = []
    for row in case["queries"]:
        number, where = row["statement"], row["site"]
        site = None if where is None else sites[where]
        facts = {"statement": statements[number], "text": case["statements"][number]["sql"], "site": site}
        rows.append(Query(**row | facts))
    return rows


def python_verdict(case: Json, queries: Sequence[Query] | None = None) -> Json:
    """Return what the Python engine says; `queries` instead of those of the case."""
    given = {name.removesuffix("_threshold"): value for name, value in case["thresholds"].items()}
    verdict = judge_queries(
        read_unit(case["unit"]),
        read_queries(case) if queries is None else queries,
        Thresholds(**given),
        [IgnoreRule(**rule) for rule in case["ignore"]],
        case["today"],
    )
    out: Json = verdict.to_dict()
    return out


def judge_json() -> Path | None:
    """Return the C++ engine's program, None if it is not built; MERCURY_BUILD names the build directory."""
    build = Path(os.environ.get("MERCURY_BUILD") or ROOT / "build" / "release")
    return next(
        (path for path in sorted(build.rglob("judge_json*")) if path.is_file() and os.access(path, os.X_OK)), None
    )


def cpp_verdicts(program: Path, cases: Sequence[Json]) -> list[Json]:
    """Return what the C++ engine says of each case, in one run of its program."""
    write = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    lines = "".join(write({name: case[name] for name in case if name != "verdict"}) + "\n" for case in cases)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, encoding="utf-8", timeout=600)
    if done.returncode != 0:
        raise AssertionError(f"judge_json ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def difference(left: Any, right: Any, where: str = "verdict") -> str:
    """Name the first field in which two values differ, "" if they are equal."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            if name not in left or name not in right:
                return f"{where}.{name} is in one of the two only"
            found = difference(left[name], right[name], f"{where}.{name}")
            if found:
                return found
        return ""
    if isinstance(left, list) and isinstance(right, list):
        for at, (one, other) in enumerate(zip(left, right, strict=False)):
            found = difference(one, other, f"{where}[{at}]")
            if found:
                return found
        return "" if len(left) == len(right) else f"{where} has {len(left)} and {len(right)} entries"
    same = left == right and isinstance(left, bool) == isinstance(right, bool)
    return "" if same else f"{where}: {left!r} and {right!r}"
