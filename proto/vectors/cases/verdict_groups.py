"""Cases of VERDICTS.md §1 and §2: which queries are one group, and which groups can be loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cases.verdict_case import BULK, CHUNK, CONTROL, MANY, MS, SUMMARY, Json, Queries, case, finding, loop, one, site
from cases.verdict_shop import AUTHOR, AUTHOR_OF_BOOK, BOOKS, INSERT, LIST, PLAIN, SAVE, UPDATE


def in_loop(sql: str, where: Json | None, count: int, **more: Any) -> Json:
    """Return the finding of a loop of fewer than 8 queries with other values each time."""
    values = {"level": "notice", "severity": 0 if count < 5 else 1, "action": "batch_query", "distinct": count}
    return finding("query_in_loop", sql, where, count, **values | more)


def groups() -> Iterator[Json]:
    """Yield what is grouped, what is left out, and the kinds of units."""
    yield from sites()
    yield from left_out()
    yield from commands()
    yield from unit_kinds()


def sites() -> Iterator[Json]:
    """Yield queries at one place, and at several."""
    found, counted = in_loop(AUTHOR, PLAIN, 3), [(AUTHOR, PLAIN, 3)]
    queries = [one(AUTHOR, None), loop(AUTHOR, PLAIN, 2, [2, 3])]
    yield case("a query without a site takes the only one", queries, [found], counted)
    queries = [one(AUTHOR, None), one(AUTHOR, PLAIN, ordinal=2), one(AUTHOR, LIST, ordinal=3)]
    yield case("of two it takes none", queries)
    richer = PLAIN | {"joins": "a=b", "state": "only"}
    queries.append(one(AUTHOR, richer, ordinal=4))
    yield case("nor of three at two places", queries, groups=[(AUTHOR, PLAIN, 2)])
    queries = [one(AUTHOR, None), one(AUTHOR, PLAIN, ordinal=2), one(AUTHOR, richer, ordinal=3)]
    yield case("two sites of one key are one place", queries, [found], counted)
    queries = [one(AUTHOR, None, alias="other"), one(AUTHOR, PLAIN, ordinal=2)]
    yield case("a site of another alias is not taken", queries)
    queries = [loop(AUTHOR, PLAIN, 2), loop(AUTHOR, LIST, 2)]
    yield case("two lines are two places", queries, groups=[(AUTHOR, PLAIN, 2), (AUTHOR, LIST, 2)])
    queries = [loop(AUTHOR, PLAIN, 2), loop(AUTHOR, PLAIN, 2, alias="other")]
    yield case("two aliases are two groups", queries, groups=[(AUTHOR, PLAIN, 2), (AUTHOR, PLAIN, 2)])
    changes: tuple[tuple[str, Json, Json], ...] = (
        ("templates", {"template": {"name": "a.html", "line": 1}}, {"template": {"name": "b.html", "line": 1}}),
        ("template lines", {"template": {"name": "a.html", "line": 1}}, {"template": {"name": "a.html", "line": 2}}),
        ("views", {"view": "a"}, {"view": "b"}),
        ("serializer fields", {"serializer_field": "a"}, {"serializer_field": "b"}),
        ("admin columns", {"admin_column": "a"}, {"admin_column": "b"}),
        ("relations", {"relation": "a.A.b"}, {"relation": "a.A.c"}),
        ("paths", {"path": "a"}, {"path": "b"}),
    )
    for name, left, right in changes:
        first, second = PLAIN | left, PLAIN | right
        queries = [loop(AUTHOR, first, 2), loop(AUTHOR, second, 2)]
        yield case(f"two {name} are two places", queries, groups=[(AUTHOR, first, 2), (AUTHOR, second, 2)])
    first, second = PLAIN | {"view": "v"}, PLAIN | {"view": "v", "operation": "get"}
    queries = [loop(AUTHOR, first, 2), one(AUTHOR, second, ordinal=3)]
    found, counted = in_loop(AUTHOR, first, 3), [(AUTHOR, first, 3)]
    yield case("the operation is no part of the place; the first query's is shown", queries, [found], counted)
    library = {"file": "/lib/orm.py", "line": 5, "function": "run", "module": "orm", "application": False}
    deeper = library | {"line": 6}
    mine = site(30)["frames"][0]
    queries = [
        loop(AUTHOR, {"frames": [library, mine]}, 2),
        one(AUTHOR, {"frames": [deeper, mine]}, ordinal=3),
    ]
    where = {"frames": [library, mine]}
    found, counted = in_loop(AUTHOR, where, 3), [(AUTHOR, where, 3)]
    yield case("frames of libraries do not count beside the application's", queries, [found], counted)
    first, second = {"frames": [library]}, {"frames": [deeper]}
    queries = [loop(AUTHOR, first, 3), loop(AUTHOR, second, 2)]
    found, counted = in_loop(AUTHOR, first, 3), [(AUTHOR, first, 3), (AUTHOR, second, 2)]
    yield case("where there are no others, they do, but are no place", queries, [found], counted)
    nowhere = site(0, view="shop.views.list")
    found, counted = in_loop(AUTHOR, nowhere, 3), [(AUTHOR, nowhere, 3)]
    yield case("a site without frames", [loop(AUTHOR, nowhere, 3)], [found], counted)


def left_out() -> Iterator[Json]:
    """Yield what is never a loop."""
    chunk, bulk = PLAIN | {"flags": CHUNK}, SAVE | {"flags": BULK}
    yield case("chunks of a prefetch are no loop", [loop(BOOKS, chunk, 9)])
    yield case("batches of a bulk operation are no loop", [loop(INSERT, bulk, 9)])
    queries = [one(BOOKS, None), loop(BOOKS, chunk, 9)]
    yield case("nor is a query without a site that belongs to them", queries)
    yield case("executemany is no loop", [loop(INSERT, SAVE, 9, flags=MANY)])
    found = in_loop(AUTHOR, PLAIN, 3)
    yield case("but of a SELECT it is", [loop(AUTHOR, PLAIN, 3, flags=MANY)], [found], [(AUTHOR, PLAIN, 3)])
    queries = [loop(INSERT, SAVE, 3, flags=MANY), loop(INSERT, SAVE, 2)]
    yield case("some of a group may be left out", queries, groups=[(INSERT, SAVE, 2)])
    found = finding("slow_query", INSERT, SAVE, 1, action="explain_plan", time_ms=150, saving_ns=50 * MS)
    queries = [Queries([INSERT], SAVE, ms=150, more={"flags": MANY})]
    yield case("what is left out can be slow", queries, [found])
    queries = [loop(AUTHOR, PLAIN, 2), one("COMMIT", PLAIN, flags=CONTROL, duration_ns=300 * MS)]
    yield case("transaction control takes part in nothing", queries, groups=[(AUTHOR, PLAIN, 2)])
    test = {"kind": "test"}
    yield case("what a test does itself is no loop", [loop(AUTHOR, PLAIN, 9)], unit=test)
    queries = [loop(AUTHOR, PLAIN, 9), loop(AUTHOR, PLAIN, 3, own=False)]
    found, counted = in_loop(AUTHOR, PLAIN, 3), [(AUTHOR, PLAIN, 3)]
    yield case("what is done below it is, even at the same place", queries, [found], counted, unit=test)
    queries = [loop(AUTHOR, PLAIN, 2), one(AUTHOR, PLAIN, ordinal=3, own=False)]
    yield case("elsewhere descendants count with the unit", queries, [found], counted)
    queries = [one(AUTHOR, PLAIN, ordinal=n, own=False, scope=n) for n in range(1, 5)]
    yield case("one query in each of four requests is no loop", queries, unit=test)
    queries = [*queries, loop(AUTHOR, PLAIN, 3, own=False, scope=5)]
    yield case("three in one of them are", queries, [found], counted, unit=test)
    queries = [one(AUTHOR, PLAIN, own=False, scope=7), one(AUTHOR, PLAIN, ordinal=2), one(AUTHOR, PLAIN, ordinal=3)]
    yield case("a request and what is around it are two places", queries, groups=[(AUTHOR, PLAIN, 2)])
    queries = [loop(BOOKS, PLAIN, 2), loop(AUTHOR, AUTHOR_OF_BOOK, 3, own=False)]
    sources = [(BOOKS, PLAIN)]
    found = finding(
        "n_plus_one", AUTHOR, AUTHOR_OF_BOOK, 3, "notice", 0, "select_related", "author", sources, distinct=3
    )
    yield case("a test's own query can be a source", queries, [found], [(AUTHOR, AUTHOR_OF_BOOK, 3)], unit=test)


def commands() -> Iterator[Json]:
    """Yield polling: in a command only a run of queries close together counts."""
    command = {"kind": "command"}
    gap = 500 * MS

    def at(*starts: int, ordinals: str | list[int] = "each") -> list[Queries]:
        """Return queries that start so many half milliseconds after each other's start."""
        now, out = 0, []
        for number, start in enumerate(starts):
            now += start
            ordinal = ordinals[number] if isinstance(ordinals, list) else number + 1
            out.append(one(AUTHOR, PLAIN, start_ns=now, ordinal=ordinal))
        return out

    def polled(count: int, **more: Any) -> Json:
        return {
            "findings": [in_loop(AUTHOR, PLAIN, count, **more)],
            "groups": [(AUTHOR, PLAIN, count)],
            "unit": command,
        }

    yield case("exactly the gap is a loop", at(0, gap, gap, gap), **polled(4))
    yield case("1 ns more is polling", at(0, gap + 1, gap + 1, gap + 1), unit=command)
    below = [replace(query, more=query.more | {"own": False, "scope": 3, "command": True}) for query in at(0, gap, gap)]
    yield case("a command below the unit", below, [in_loop(AUTHOR, PLAIN, 3)], [(AUTHOR, PLAIN, 3)])
    below = [replace(query, more=query.more | {"start_ns": n * (gap + 1)}) for n, query in enumerate(below)]
    yield case("polling in a command below the unit", below)
    below = [replace(query, more=query.more | {"command": False}) for query in below]
    yield case(
        "a request below a command does not poll", below, [in_loop(AUTHOR, PLAIN, 3)], [(AUTHOR, PLAIN, 3)], command
    )
    yield case("not so in a request", at(0, gap + 1, gap + 1), [in_loop(AUTHOR, PLAIN, 3)], [(AUTHOR, PLAIN, 3)])
    yield case("the longest run counts", at(0, MS, gap + 1, MS, MS, gap + 1, MS), **polled(3))
    queries = at(0, MS, MS, gap + 1, MS, MS, ordinals=[1, 2, 3, 4, 4, 4])
    yield case("of two as long the first", queries, **polled(3))
    queries = at(0, MS, MS, gap + 1, MS, MS, MS, ordinals=[1, 2, 3, 4, 4, 4, 4])
    repeated = finding("repeated_query", AUTHOR, PLAIN, 4, action="hoist", distinct=1)
    yield case("its values count alone", queries, [repeated], [(AUTHOR, PLAIN, 4)], unit=command)
    queries = [*at(0, MS, MS), one(AUTHOR, PLAIN, start_ns=2 * gap, flags=SUMMARY, calls=4, ordinal=4)]
    longest = in_loop(AUTHOR, PLAIN, 4, likely=True, distinct=None, time_ms=1)
    yield case("longest is what has most calls", queries, [longest], [(AUTHOR, PLAIN, 4)], unit=command)
    texts = [AUTHOR.replace("%s", text) for text in ("7", "8")]
    queries = [one(texts[at % 2], PLAIN, start_ns=at * 300 * MS, ordinal=1) for at in range(4)]
    alternating = in_loop(AUTHOR, PLAIN, 4, distinct=2)
    yield case("texts in turns are one run", queries, [alternating], [(AUTHOR, PLAIN, 4)], unit=command)
    yield case("the gap as given", at(0, MS, MS + 1, MS, MS), thresholds={"polling_gap_ns": MS}, **polled(3))
    queries = [one(AUTHOR, PLAIN, start_ns=0, duration_ns=150 * MS), one(AUTHOR, PLAIN, start_ns=9 * gap, ordinal=2)]
    slow = finding("slow_query", AUTHOR, PLAIN, 1, action="explain_plan", time_ms=150, saving_ns=50 * MS)
    yield case("slow calls count in and out of runs", queries, [slow], unit=command)


def unit_kinds() -> Iterator[Json]:
    """Yield units of the other kinds."""
    for kind in ("task", "block"):
        queries = [loop(UPDATE, SAVE, 3)]
        found = finding("write_loop", UPDATE, SAVE, 3, action="bulk_update", distinct=3)
        yield case(f"a {kind}", queries, [found], [(UPDATE, SAVE, 3)], unit={"kind": kind})
    queries = [loop(AUTHOR, PLAIN, 9), Queries([BOOKS], LIST, ms=101)]
    found = finding("slow_query", BOOKS, LIST, 1, action="explain_plan", time_ms=101, saving_ns=MS)
    unit = {"kind": "outside", "duration_ns": 9000 * MS}
    given = {"response_ms": 1, "queries": 1}
    about = "outside of units there are slow queries only, and no score"
    yield case(about, queries, [found], unit=unit, scored=None, thresholds=given)
