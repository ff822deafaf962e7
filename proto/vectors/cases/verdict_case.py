"""Say what a unit holds and what its verdict must be, in few words; `case` writes both out in full.

Shares no code with either engine. Fingerprints are hashes of statements that are their own normal form but for
`%s` and numbers; points of the score are typed from ANALYSIS.md. Sentences come from rules.json, the numbers of a
finding from the case that expects it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

Json = dict[str, Any]

MS = 1_000_000
CHUNK, BULK = 1, 2  # site flags
MANY, SUMMARY, CONTROL = 1, 8, 16  # record flags
UNKNOWN = "unknown"

ACTIONS: Json = json.loads((Path(__file__).parents[2] / "rules.json").read_text("utf-8"))["actions"]


def blake(data: bytes) -> bytes:
    """Return BLAKE2b-64 as its eight digest bytes; read as a number, the first is the lowest."""
    return blake2b(data, digest_size=8).digest()


def hex_of(digest: bytes) -> str:
    """Write a digest as the hex of its number."""
    return digest[::-1].hex()


# ----------------------------------------------------------------------------------------------- sites
def site(line: int, operation: str = "", relation: str = "", kind: str = "", owner: str = "", **more: Any) -> Json:
    """Return a site with one application frame in `shop/views.py`; frames=… instead of it, more fields by name."""
    frame = {"file": "/srv/shop/views.py", "line": line, "function": f"f{line}", "module": "shop.views"}
    out: Json = {"frames": [{**frame, "application": True}]}
    if line == 0:
        out = {"frames": []}
    texts = {"operation": operation, "relation": relation, "relation_kind": kind, "owner_table": owner}
    out |= {name: text for name, text in texts.items() if text}
    return out | more


def chain_anchor(line: int, column: int = 30) -> Json:
    """Return an anchor behind a queryset."""
    return {"file": "/srv/shop/views.py", "line": line, "column": column, "kind": 1}


def _identity(site: Json | None) -> bytes:
    if site is None:
        return bytes(8)
    frames = [frame for frame in site["frames"] if frame["application"]] or site["frames"]
    lines = [f"{frame['module']}.{frame['function']}" for frame in frames]
    lines.append(site.get("template", {}).get("name", ""))
    lines += [site.get(name, "") for name in ("view", "serializer_field", "admin_column", "relation", "path")]
    return blake("\n".join(lines).encode())


def place(site: Json | None) -> Json:
    """Return the place of a site."""
    site = site or {"frames": []}
    none = {"file": "", "line": 0, "function": "", "module": ""}
    frame = next((frame for frame in site["frames"] if frame["application"]), none)
    template = site.get("template", {"name": "", "line": 0})
    names = {name: site.get(name, "") for name in ("view", "serializer_field", "admin_column")}
    return {
        **{name: frame[name] for name in none},
        "template_name": template["name"],
        "template_line": template["line"],
        **names,
    }


# ------------------------------------------------------------------------------------------ statements
def fingerprint(sql: str) -> bytes:
    """Return the fingerprint of a statement that is normal but for its `%s` and numbers; zeros of none."""
    return blake(re.sub(r"%s|\b\d+\b", "?", sql).encode()) if sql else bytes(8)


def group_id(sql: str, where: Json | None) -> str:
    """Return the id of a finding of a statement at a site."""
    return hex_of(blake(fingerprint(sql) + _identity(where)))


# --------------------------------------------------------------------------------------------- queries
@dataclass
class Queries:
    """Queries in a row, 2 ms from start to start, 1 ms each."""

    sql: Sequence[str]
    site: Json | None = None
    ordinals: str | Sequence[int] = "each"  # each: 1, 2, …; same: 1, 1, …; or the numbers
    ms: int = 1
    more: Json = field(default_factory=dict)  # what else a query says

    def rows(self) -> list[Json]:
        """Return them without statement and site."""
        out = []
        for at, _ in enumerate(self.sql):
            ordinal = {"each": at + 1, "same": 1}.get(str(self.ordinals), 0)
            if not isinstance(self.ordinals, str):
                ordinal = self.ordinals[at]
            row = {"alias": "default", "ordinal": ordinal, "rows": -1, "flags": 0, "own": True, "calls": 1}
            out.append({**row, "duration_ns": self.ms * MS, **self.more})
        return out


def one(sql: str, where: Json | None = None, **more: Any) -> Queries:
    """Return one query."""
    return Queries([sql], where, more=more)


def loop(sql: str, where: Json | None, count: int, ordinals: str | Sequence[int] = "each", **more: Any) -> Queries:
    """Return the same query several times."""
    return Queries([sql] * count, where, ordinals, more=more)


def summary(sql: str, where: Json | None, calls: int, ms: int, **more: Any) -> Queries:
    """Return a summary of calls that took so many ms in all."""
    return Queries([sql], where, [calls], ms, {"flags": SUMMARY, "calls": calls, **more})


# -------------------------------------------------------------------------------------------- findings
def finding(
    kind: str,
    sql: str = "",
    where: Json | None = None,
    count: int = 0,
    level: str = "warn",
    severity: int = 0,
    action: str = "",
    path: str = "",
    sources: Sequence[tuple[str, Json | None]] = (),
    edit: Json | None = None,
    distinct: int | None = None,
    time_ms: int | None = None,
    name: str = "/books/",
    **more: Any,
) -> Json:
    """Return what is expected: a loop of calls of 1 ms each, unless `time_ms` and `saving_ns` say else."""
    where = where if sql or where else None
    relation = (where or {}).get("relation", "")
    row = ACTIONS[action]
    model, _, last = relation.rpartition(".")
    query = re.sub(r"_set(?=__|$)", "", path or last)
    values = {
        "path": path or last,
        "query": query,
        "field": last,
        "relation": relation,
        "model": model,
        "count": str(count),
    }
    code = _filled(row["code"], values)
    time_ns = (count if time_ms is None else time_ms) * MS
    of_unit = kind in ("too_many_queries", "slow_response")
    return {
        "id": hex_of(blake(f"{kind}\n{name}".encode())) if of_unit else group_id(sql, where),
        "kind": kind,
        "level": level,
        "likely": False,
        "severity": severity,
        "fingerprint": "0" * 16 if of_unit else hex_of(fingerprint(sql)),
        "alias": "" if of_unit else "default",
        "count": count,
        "distinct": distinct,
        "time_ns": time_ns,
        "saving_ns": time_ns - time_ns // count,
        "relation": relation,
        "relation_kind": (where or {}).get("relation_kind", ""),
        "operation": (where or {}).get("operation", ""),
        "trigger": place(where),
        "sources": [{"fingerprint": hex_of(fingerprint(text)), "place": place(at)} for text, at in sources],
        "suggestion": {
            "action": action,
            "path": path,
            "text": _filled(row["text"], values | {"code": code}),
            "code": code,
            "is_template": edit is None,
            "edit": edit,
        },
        "ignored": "",
        **more,
    }


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def edit(anchor: Json, insert: str) -> Json:
    """Return the edit at an anchor behind a queryset."""
    return {"file": anchor["file"], "line": anchor["line"], "column": anchor["column"], "insert": insert}


# ----------------------------------------------------------------------------------------------- score
_RESPONSE = ((10, 30), (25, 28), (50, 25), (100, 20), (200, 12), (500, 5), (1000, 2))  # ANALYSIS.md §5
_QUERIES = ((1, 40), (2, 38), (3, 35), (6, 30), (10, 20), (15, 10), (25, 3), (50, 1))
_PENALTY = (0, 5, 10, 20, 30, 40)
_GRADES = (("S", 95), ("A+", 90), ("A", 80), ("B", 70), ("C", 60), ("D", 50), ("F", 0))


def score(response_ms: int, queries: int, severity: int = 0) -> Json:
    """Return the score of a unit without memory and caches; others are written out in their cases."""
    response = next((points for most, points in _RESPONSE if response_ms <= most), 0)
    asked = next((points for most, points in _QUERIES if queries <= most), 0)
    value = max(0, (100 * (response + asked) + 35) // 70 - _PENALTY[severity])
    return {
        "value": value,
        "grade": next(grade for grade, least in _GRADES if value >= least),
        "response": {"points": response, "of": 30},
        "queries": {"points": asked, "of": 40},
        "memory": None,
        "cache": None,
        "penalty": _PENALTY[severity],
    }


# ------------------------------------------------------------------------------------------------ case
UNIT: Json = {
    "kind": "request", "name": "/books/", "operation": "", "duration_ns": 50 * MS, "first_byte_ns": 0,
    "in_tests": False, "cache_hits": 0, "cache_misses": 0, "memory_bytes": None,
}  # fmt: skip
SCORED = ("n_plus_one", "query_in_loop")


def case(
    about: str,
    queries: Sequence[Queries],
    findings: Sequence[Json] = (),
    groups: Sequence[tuple[str, Json | None, int]] = (),
    unit: Json | None = None,
    vendor: str = "sqlite",
    scored: Json | str | None = "",
    **more: Any,
) -> Json:
    """Return a vector. The score is `scored`, or of 50 ms, the queries and the worst finding that counts."""
    statements: list[Json] = []
    sites: list[Json] = []
    rows: list[Json] = []
    for block in queries:
        for sql, row in zip(block.sql, block.rows(), strict=True):
            known = {"sql": sql, "vendor": vendor}
            where = None if block.site is None else _index(sites, block.site)
            start = {"start_ns": rows[-1]["start_ns"] + 2 * MS if rows else 0}
            rows.append({"statement": _index(statements, known), "site": where, **start, **row})
    counted = [row for row in rows if row["calls"] and not row["flags"] & CONTROL]
    total = sum(row["calls"] for row in counted)
    worst = max((row["severity"] for row in findings if row["kind"] in SCORED and not row["ignored"]), default=0)
    return {
        "about": about,
        "unit": UNIT | (unit or {}),
        "thresholds": {},
        "ignore": [],
        "today": "",
        **more,
        "statements": statements,
        "sites": sites,
        "queries": rows,
        "verdict": {
            "findings": list(findings),
            "groups": [{"id": group_id(sql, at), "count": count} for sql, at, count in groups],
            "score": score(50, total, worst) if scored == "" else scored,
            "queries": total,
            "db_ns": sum(row["duration_ns"] for row in counted),
        },
    }


def _index(known: list[Json], value: Json) -> int:
    if value not in known:
        known.append(value)
    return known.index(value)
