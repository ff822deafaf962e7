"""Make random verdict cases (VERDICTS.md §9), small and full of ties, so that every rule meets every other."""

from __future__ import annotations

from random import Random
from typing import Any

Json = dict[str, Any]

MS = 1_000_000
TABLES = ("a", "b", "c")
STATEMENTS = (
    *(f"SELECT * FROM {table}" for table in TABLES),
    *(f"SELECT * FROM {table} WHERE id = {value}" for table in TABLES for value in ("%s", 1, 2)),
    *(f"SELECT * FROM {left} INNER JOIN {right} ON x = y" for left in TABLES for right in TABLES),
    "INSERT INTO a (x) VALUES (%s)", "UPDATE b SET x = %s", "DELETE FROM c WHERE id IN (%s, %s)",
    "REPLACE INTO a VALUES (1)", "MERGE INTO a USING b ON x = y", "PRAGMA table_info", "", "not SQL 'at all",
)  # fmt: skip
OPERATIONS = (
    "fetch", "follow", "follow", "follow", "iterate", "filter", "first", "count", "exists", "aggregate", "get",
    "load_field", "prefetch", "raw", "insert", "other", "",
)  # fmt: skip
KINDS = (
    "foreign_key", "foreign_key", "foreign_key", "one_to_one", "reverse_foreign_key", "reverse_one_to_one",
    "many_to_many", "generic_foreign_key", "generic_relation", "deferred_field", "get_by_key", "", "",
)  # fmt: skip
LINKS = (
    ("follow", "foreign_key"), ("follow", "generic_foreign_key"), ("iterate", "many_to_many"),
    ("prefetch", "many_to_many"), ("load_field", "deferred_field"),
)  # fmt: skip
RELATIONS = ("shop.A.b", "shop.B.c", "c", "shop.C.a", "", "shop.Ä.straße")
STATES = ("", "", "values", "only", "raw", "combined", "sliced iterator", "iterator", "raw values")
JOINS = ("", "", "b=b", "b=b\nc=c", "b=b\nd=b", "b__c=c\na=a", "=a", "c", "\n")
IGNORES = ("", "", "", "", "n_plus_one|site", "|site", "slow_query|", "query_in_loop", "|a|b")
UNIT_KINDS = ("request", "request", "request", "request", "task", "command", "command", "test", "block", "outside")
UNIT_OPERATIONS = ("", "list", "detail", "create", "update", "delete", "search", "auth")


def random_case(random: Random) -> Json:
    """Return one unit with what it is judged by."""
    if random.random() < 0.4:
        statements, sites, queries = _chain(random)
    else:
        sites = [_site(random) for _ in range(random.randint(1, 5))]
        statements = random.sample(STATEMENTS, random.randint(1, 5))
        queries = _queries(random, len(statements), len(sites))
    return {
        "unit": _unit(random),
        "thresholds": _thresholds(random),
        "ignore": [_rule(random) for _ in range(random.choice((0, 0, 0, 1, 2)))],
        "today": random.choice(("", "2026-05-02")),
        "statements": [{"sql": sql, "vendor": "sqlite"} for sql in statements],
        "sites": sites,
        "queries": queries,
    }


def _chain(random: Random) -> tuple[list[str], list[Json], list[Json]]:
    """Return a list and loops over relations of relations, with something of it changed at random."""
    statements = ["SELECT * FROM a", *(f"SELECT * FROM {table} WHERE id = %s" for table in "bcdefg")]
    sites = [{"frames": [_frame(random)], "operation": "fetch", "anchor": _anchor(random), "path": "p"}]
    for at, table in enumerate("abcdef"):
        frame = _frame(random) | {"line": at + 10}
        operation, kind = random.choice((*LINKS[:1] * 6, *LINKS))
        usual = {"operation": operation, "relation_kind": kind}
        names = {"relation": f"shop.{table}.to_{'bcdefg'[at]}", "owner_table": table}
        sites.append({"frames": [frame], **usual, **names})
    for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
        odd = _site(random)
        name = random.choice(("operation", "relation_kind", "state", "joins", "path", "flags", "ignore", "anchor"))
        if odd.get(name):
            random.choice(sites)[name] = odd[name]
    if random.random() < 0.3:
        statements[random.randrange(6)] = random.choice(STATEMENTS)
    rows: list[Json] = []
    for at in range(random.randint(2, 7)):
        shape = {"statement": at, "site": at, "alias": "default", "flags": 0, "own": True, "rows": 1}
        shape |= {"ordinals": random.choice(("each", "each", "same", "unknown"))}
        for turn in range(random.choice((2, 3, 3, 5, 11)) if at else 1):
            rows.append(_query(random, shape, turn, len(rows) * MS))
    return statements, sites, rows


def _anchor(random: Random) -> Json:
    kind, column = random.choice((1, 1, 2)), random.randint(0, 5)
    return {"file": "/app/views.py", "line": random.randint(1, 9), "column": column, "kind": kind}


def _unit(random: Random) -> Json:
    return {
        "kind": random.choice(UNIT_KINDS),
        "name": random.choice(("/a/", "/b/", "ü")),
        "operation": random.choice(UNIT_OPERATIONS),
        "duration_ns": random.choice((0, 5, 10, 25, 50, 99, 100, 150, 200, 201, 300, 500, 999, 1001)) * MS,
        "first_byte_ns": random.choice((0, 0, 0, 10 * MS, 10 * MS + 1, 400 * MS)),
        "in_tests": random.random() < 0.5,
        "cache_hits": random.choice((0, 0, 1, 5, 9, 90)),
        "cache_misses": random.choice((0, 0, 1, 5, 10)),
        "memory_bytes": random.choice((None, None, 0, 5_000_000, 5_000_001, 60_000_000, 10**9)),
    }


def _thresholds(random: Random) -> Json:
    values = {
        "n_plus_one_threshold": (1, 3, 4, 7, 10, 25),
        "loop_calls_min": (1, 2, 3, 5),
        "slow_query_ns": (1, 2 * MS, 3 * MS + 1, 10**9),
        "polling_gap_ns": (0, 1, MS, 2 * MS),
        "response_ms": (0, 1, 100),
        "queries": (0, 2, 10),
    }
    return {name: random.choice(some) for name, some in values.items() if random.random() < 0.15}


def _rule(random: Random) -> Json:
    keys = {
        "kind": ("n_plus_one", "query_in_loop", "slow_query", "too_many_queries"),
        "route": ("/a/", "/b/"),
        "file": ("views.py", "/app/views.py", "app/views.py", "iews.py", "lib.py"),
        "function": ("f1", "f2"),
        "field": ("b", "c", "shop.A.b", "S.b"),
        "until": ("2026-05-01", "2026-05-02", "2026-05-03"),
    }
    rule = {name: random.choice(some) for name, some in keys.items() if random.random() < 0.2}
    return rule | {"reason": random.choice(("one", "two"))}


def _frame(random: Random) -> Json:
    application = random.random() < 0.8
    return {
        "file": random.choice(("/app/views.py", "/app/models.py")) if application else "/lib/lib.py",
        "line": random.randint(1, 3),
        "function": f"f{random.randint(1, 2)}",
        "module": random.choice(("app.views", "app.models")),
        "application": application,
    }


def _site(random: Random) -> Json:
    frames = [_frame(random) for _ in range(random.choice((0, 1, 1, 1, 2)))]
    site: Json = {
        "operation": random.choice(OPERATIONS),
        "relation": random.choice(RELATIONS),
        "relation_kind": random.choice(KINDS),
        "owner_table": random.choice((*TABLES, *TABLES, "")),
        "state": random.choice(STATES),
        "joins": random.choice(JOINS),
        "path": random.choice(("", "", "p", "p__q")),
        "ignore": random.choice(IGNORES),
        "flags": random.choice((0, 0, 0, 0, 1, 2, 3)),
    }
    if random.random() < 0.2:
        names = ("view", "serializer_field", "admin_column", "model")
        site |= {name: random.choice(("", "S.b", "V")) for name in names}
    if random.random() < 0.2:
        site["template"] = {"name": random.choice(("t.html", "u.html")), "line": random.randint(1, 2)}
    if random.random() < 0.7:
        site["anchor"] = _anchor(random)
    return {"frames": frames, **{name: value for name, value in site.items() if value}}


def _queries(random: Random, statements: int, sites: int) -> list[Json]:
    """Return blocks of queries that are alike, as loops make them, now and then two in turns."""
    rows: list[Json] = []
    start = 0
    step = random.choice((0, 1, MS))
    for _ in range(random.randint(0, 6)):
        pairs = [_shape(random, statements, sites) for _ in range(random.choice((1, 1, 2)))]
        for at in range(random.choice((1, 1, 2, 3, 3, 4, 8, 12))):
            for shape in pairs:
                start += random.choice((0, step, step, step, 3 * step))
                rows.append(_query(random, shape, at, start))
    return rows


def _shape(random: Random, statements: int, sites: int) -> Json:
    scope = random.choice((0, 0, 0, 0, 7, 8))
    return {
        "scope": scope,
        "command": scope == 8,
        "statement": random.randrange(statements),
        "site": random.choice((None, *range(sites), *range(sites))),
        "alias": random.choice(("default", "default", "default", "other")),
        "flags": random.choice((0, 0, 0, 0, 1, 2, 4, 16)),
        "own": scope == 0 and random.random() < 0.8,
        "rows": random.choice((-1, 0, 1, 1, 5)),
        "ordinals": random.choice(("each", "each", "same", "unknown", "some")),
    }


def _query(random: Random, shape: Json, at: int, start_ns: int) -> Json:
    row = {name: value for name, value in shape.items() if name != "ordinals"}
    ordinals = {"each": at + 1, "same": 1, "unknown": 0, "some": random.randint(0, 2)}
    row["ordinal"] = ordinals[shape["ordinals"]]
    row |= {"start_ns": start_ns, "duration_ns": random.choice((0, 1, 2, MS, MS, MS, MS, 3 * MS)), "calls": 1}
    if random.random() < 0.02:
        row["duration_ns"] = random.choice((100 * MS - 1, 100 * MS, 150 * MS))
    if random.random() < 0.05:
        calls = random.choice((0, 1, 2, 9, 60))
        row |= {"flags": row["flags"] | 8, "calls": calls, "ordinal": calls}
    if random.random() < 0.05:
        row["site"] = None
    return row
