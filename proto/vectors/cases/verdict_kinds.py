"""Cases of VERDICTS.md §4: each row of its table, and each number where one row or step ends."""

from __future__ import annotations

from collections.abc import Iterator

from cases.verdict_case import MS, SUMMARY, UNKNOWN, Json, Queries, case, edit, finding, loop, one, summary
from cases.verdict_shop import ANCHOR, AUTHOR, AUTHOR_OF_BOOK, BOOKS, INSERT, LIST, PLAIN, PRAGMA, SAVE, UPDATE

SELECT_RELATED: Json = {
    "action": "select_related",
    "path": "author",
    "sources": [(BOOKS, LIST)],
    "edit": edit(ANCHOR, '.select_related("author")'),
}

# calls, level, severity at T = 10: fail from 10, warn from 8; severities from 5, 10, 20, 35, 50
STEPS = (
    (3, "notice", 0), (4, "notice", 0), (5, "notice", 1), (7, "notice", 1), (8, "warn", 1), (9, "warn", 1),
    (10, "fail", 2), (19, "fail", 2), (20, "fail", 3), (34, "fail", 3), (35, "fail", 4), (49, "fail", 4),
    (50, "fail", 5),
)  # fmt: skip
# the same at T = 7: fail from 7, warn from 5.6; mild from 3.5, severe from 24.5
STEPS_OF_7 = (
    (3, "notice", 0),
    (4, "notice", 1),
    (5, "notice", 1),
    (6, "warn", 1),
    (7, "fail", 2),
    (24, "fail", 3),
    (25, "fail", 4),
)


def kinds() -> Iterator[Json]:
    """Yield loops of every kind, and slow queries."""
    yield from relations()
    yield from loops()
    yield from slow()


def relations() -> Iterator[Json]:
    """Yield loops over a foreign key."""
    yield case("a unit without queries", [])
    queries = [one(BOOKS, LIST), *[loop(AUTHOR, AUTHOR_OF_BOOK, 2)]]
    yield case("two calls are no loop, but counted", queries, groups=[(AUTHOR, AUTHOR_OF_BOOK, 2)])
    for threshold, steps in ((10, STEPS), (7, STEPS_OF_7)):
        for count, level, severity in steps:
            found = finding(
                "n_plus_one", AUTHOR, AUTHOR_OF_BOOK, count, level, severity, distinct=count, **SELECT_RELATED
            )
            yield case(
                f"N+1 of {count} calls, T = {threshold}: {level}, severity {severity}",
                [one(BOOKS, LIST), loop(AUTHOR, AUTHOR_OF_BOOK, count)],
                [found],
                [(AUTHOR, AUTHOR_OF_BOOK, count)],
                thresholds={} if threshold == 10 else {"n_plus_one_threshold": threshold},
            )
    found = finding("n_plus_one", AUTHOR, AUTHOR_OF_BOOK, 3, "notice", action="select_related", distinct=3, likely=True)
    groups = [(AUTHOR, AUTHOR_OF_BOOK, 3)]
    yield case("a relation without a source is likely", [loop(AUTHOR, AUTHOR_OF_BOOK, 3)], [found], groups)
    queries = [loop(AUTHOR, AUTHOR_OF_BOOK, 3), one(BOOKS, LIST)]
    yield case("what comes later is no source", queries, [found], groups)
    found = finding("n_plus_one", AUTHOR, AUTHOR_OF_BOOK, 3, "notice", distinct=1, **SELECT_RELATED)
    queries = [one(BOOKS, LIST), loop(AUTHOR, AUTHOR_OF_BOOK, 3, "same")]
    yield case("a relation with the same parent everywhere is an N+1 still", queries, [found], groups)
    queries = [one(BOOKS, LIST), loop(AUTHOR, AUTHOR_OF_BOOK, 3)]
    yield case("no loop below loop_calls_min", queries, groups=groups, thresholds={"loop_calls_min": 4})


def loops() -> Iterator[Json]:
    """Yield loops without a relation."""
    query_in_loop: Json = {"level": "notice", "action": "batch_query"}
    groups = [(AUTHOR, PLAIN, 3)]
    found = finding("query_in_loop", AUTHOR, PLAIN, 3, distinct=3, **query_in_loop)
    yield case("other values each time: a query in a loop", [loop(AUTHOR, PLAIN, 3)], [found], groups)
    found = finding("query_in_loop", AUTHOR, PLAIN, 3, distinct=2, **query_in_loop)
    yield case("two different values are enough", [loop(AUTHOR, PLAIN, 3, [1, 2, 1])], [found], groups)
    found = finding("query_in_loop", AUTHOR, PLAIN, 3, distinct=None, likely=True, **query_in_loop)
    yield case("unknown values: likely a loop", [loop(AUTHOR, PLAIN, 3, [1, 0, 1])], [found], groups)
    fail = finding("query_in_loop", AUTHOR, PLAIN, 10, "fail", 2, "batch_query", distinct=10)
    yield case("ten of them fail", [loop(AUTHOR, PLAIN, 10)], [fail], [(AUTHOR, PLAIN, 10)])
    texts = [AUTHOR.replace("%s", str(number)) for number in (7, 8, 7)]
    found = finding("query_in_loop", AUTHOR, PLAIN, 3, distinct=2, **query_in_loop)
    yield case("unknown values in the text: its texts count", [Queries(texts, PLAIN, UNKNOWN)], [found], groups)
    yield case("one ordinal, two texts: two", [Queries(texts, PLAIN, "same")], [found], groups)
    found = finding("repeated_query", AUTHOR, PLAIN, 10, "warn", 2, "hoist", distinct=1)
    queries = [loop(AUTHOR, PLAIN, 10, "same")]
    yield case("the same values: repeated, no penalty", queries, [found], [(AUTHOR, PLAIN, 10)])
    found = finding("query_in_loop", AUTHOR, None, 3, distinct=3, **query_in_loop)
    yield case("no site at all", [loop(AUTHOR, None, 3)], [found], [(AUTHOR, None, 3)])
    for sql, action in (
        (INSERT, "bulk_create"),
        ("REPLACE INTO line VALUES (%s)", "bulk_create"),
        ("MERGE INTO line USING a ON b = c", "bulk_create"),
        (UPDATE, "bulk_update"),
        ("DELETE FROM line WHERE a = %s", "filter_delete"),
    ):
        found = finding("write_loop", sql, SAVE, 3, action=action, distinct=3)
        yield case(f"{sql.split()[0]} in a loop", [loop(sql, SAVE, 3)], [found], [(sql, SAVE, 3)], vendor="mysql")
    found = finding("write_loop", UPDATE, AUTHOR_OF_BOOK, 3, action="bulk_update", distinct=3)
    queries = [one(BOOKS, LIST), loop(UPDATE, AUTHOR_OF_BOOK, 3)]
    yield case("a write has no sources, whatever its site", queries, [found], [(UPDATE, AUTHOR_OF_BOOK, 3)])
    yield case("a loop of something else", [loop(PRAGMA, PLAIN, 9)], groups=[(PRAGMA, PLAIN, 9)])
    found = finding("query_in_loop", AUTHOR, PLAIN, 40, "fail", 4, "batch_query", time_ms=80, likely=True)
    yield case("a summary is a loop of its calls", [summary(AUTHOR, PLAIN, 40, 80)], [found], [(AUTHOR, PLAIN, 40)])
    found = finding(
        "query_in_loop", AUTHOR, PLAIN, 3, "notice", 0, "batch_query", likely=True, time_ms=4, saving_ns=2_666_667
    )
    queries = [loop(AUTHOR, PLAIN, 2), summary(AUTHOR, PLAIN, 1, 2)]
    yield case("a summary of one call makes the values unknown; 4 ms / 3", queries, [found], groups)


def slow() -> Iterator[Json]:
    """Yield slow calls that are no loops."""

    def slow_query(sql: str, count: int, time_ms: int, saving_ms: int) -> Json:
        saving_ns = saving_ms * MS
        return finding("slow_query", sql, PLAIN, count, action="explain_plan", time_ms=time_ms, saving_ns=saving_ns)

    yield case("100 ms are slow", [Queries([BOOKS], PLAIN, ms=100)], [slow_query(BOOKS, 1, 100, 0)])
    yield case("1 ns less is not", [one(BOOKS, PLAIN, duration_ns=100 * MS - 1)])
    queries = [Queries([BOOKS], PLAIN, ms=250), Queries([BOOKS], PLAIN, ms=130)]
    yield case("both of two are slow", queries, [slow_query(BOOKS, 2, 380, 180)], [(BOOKS, PLAIN, 2)])
    queries = [Queries([BOOKS], PLAIN, ms=250), Queries([BOOKS], PLAIN, ms=99)]
    yield case("one of two is slow", queries, [slow_query(BOOKS, 1, 250, 150)], [(BOOKS, PLAIN, 2)])
    queries = [Queries([INSERT], PLAIN, ms=101)]
    yield case("a slow write", queries, [slow_query(INSERT, 1, 101, 1)])
    queries = [Queries([PRAGMA] * 3, PLAIN, ms=100)]
    yield case("a slow loop of something else", queries, [slow_query(PRAGMA, 3, 300, 0)], [(PRAGMA, PLAIN, 3)])
    queries = [Queries([""] * 3, PLAIN, ms=100)]
    yield case("slow calls of an unknown statement", queries, [slow_query("", 3, 300, 0)], [("", PLAIN, 3)])
    found = finding("query_in_loop", AUTHOR, PLAIN, 3, "notice", 0, "batch_query", distinct=3, time_ms=600)
    yield case("a slow loop is a loop", [Queries([AUTHOR] * 3, PLAIN, ms=200)], [found], [(AUTHOR, PLAIN, 3)])
    queries = [summary(BOOKS, PLAIN, 2, 200)]
    yield case("a summary is slow in the mean", queries, [slow_query(BOOKS, 2, 200, 0)], [(BOOKS, PLAIN, 2)])
    queries = [summary(BOOKS, PLAIN, 2, 199)]
    yield case("99.5 ms in the mean are not slow", queries, groups=[(BOOKS, PLAIN, 2)])
    queries = [one(BOOKS, PLAIN, calls=0, flags=SUMMARY, duration_ns=300 * MS)]
    yield case("a summary of no calls is nothing", queries)
    queries = [one(BOOKS, PLAIN, duration_ns=20 * MS)]
    found = finding("slow_query", BOOKS, PLAIN, 1, action="explain_plan", time_ms=20, saving_ns=13 * MS)
    yield case("slow_query_ns as given", queries, [found], thresholds={"slow_query_ns": 7 * MS})
