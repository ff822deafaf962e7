"""Cases of VERDICTS.md §5, §6 and §8: limits of units, silence, order, and every step of the score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cases.verdict_case import MS, Json, Queries, case, finding, loop, one, score, site, summary
from cases.verdict_shop import AUTHOR, AUTHOR_OF_BOOK, BOOKS, LIST, PLAIN, PRAGMA, SAVE, UPDATE


def units() -> Iterator[Json]:
    """Yield limits, rules of silence, ties, scores."""
    yield from limits()
    yield from silence()
    yield from order()
    yield from scores()


def asked(count: int) -> list[Queries]:
    """Return so many queries that are no finding, in 1 ms."""
    return [summary(PRAGMA, PLAIN, count, 1)] if count else []


def counted(count: int) -> list[tuple[str, Json, int]]:
    """Return the groups of `asked`."""
    return [(PRAGMA, PLAIN, count)] if count >= 2 else []


# ------------------------------------------------------------------------------------------------ limits
OPERATIONS = (
    ("list", 200, 25),
    ("detail", 150, 10),
    ("create", 250, 15),
    ("update", 200, 12),
    ("search", 300, 30),
    ("auth", 100, 8),
)


def many(count: int, level: str = "warn", **more: Any) -> Json:
    """Return the finding of too many queries that took 1 ms."""
    values: Json = {"action": "fewer_queries", "time_ms": 1, "saving_ns": 0} | more
    return finding("too_many_queries", count=count, level=level, **values)


def late(time_ms: int, over_ms: int, level: str = "warn", **more: Any) -> Json:
    """Return the finding of a slow response."""
    values: Json = {"action": "profile", "time_ms": time_ms, "saving_ns": over_ms * MS} | more
    return finding("slow_response", count=1, level=level, **values)


def limits() -> Iterator[Json]:
    """Yield units at and over their limits."""
    for operation, most_ms, most in OPERATIONS:
        unit = {"operation": operation, "duration_ns": most_ms * MS}
        about = f"{operation}: at its limits"
        yield case(about, asked(most), [], counted(most), unit, scored=score(most_ms, most))
        unit = {"operation": operation, "duration_ns": (most_ms + 1) * MS}
        found = [late(most_ms + 1, 1), many(most + 1)]
        about = f"{operation}: over its limits"
        yield case(about, asked(most + 1), found, counted(most + 1), unit, scored=score(most_ms + 1, most + 1))
    over = {"operation": "list", "duration_ns": 201 * MS}
    found = [late(201, 1, "fail"), many(26, "fail")]
    args: Json = {"groups": counted(26), "scored": score(201, 26)}
    yield case("in tests they fail", asked(26), found, unit=over | {"in_tests": True}, **args)
    for kind in ("task", "command", "block"):
        yield case(f"a {kind} has no limits of its own", asked(26), unit=over | {"kind": kind}, **args)
    about = "nor has a request of an unknown operation"
    yield case(about, asked(26), unit=over | {"operation": ""}, **args)
    given = {"response_ms": 10, "queries": 1}
    found = [late(201, 191), many(26)]
    yield case("limits that are given", asked(26), found, unit=over, thresholds=given, **args)
    yield case("hold for a block, too", asked(26), found, unit=over | {"kind": "block"}, thresholds=given, **args)
    found = [late(201, 1)]
    yield case("one of them is given", asked(26), found, unit=over, thresholds={"queries": 26}, **args)
    streamed = over | {"duration_ns": 9000 * MS, "first_byte_ns": 200 * MS}
    yield case("a stream counts to its first byte", asked(2), [], counted(2), streamed, scored=score(200, 2))
    streamed |= {"first_byte_ns": 200 * MS + 1}
    found = [late(200, 0, time_ns=200 * MS + 1, saving_ns=1)]
    about = "1 ns over the limit"
    yield case(about, asked(2), found, counted(2), streamed, scored=score(201, 2))
    found = [finding("too_many_queries", count=3, action="fewer_queries", saving_ns=0, name="/käufe/")]
    queries = [one(BOOKS, LIST), one(BOOKS, PLAIN, own=False), one(UPDATE, SAVE)]
    unit = {"name": "/käufe/"}
    yield case("descendants count", queries, found, unit=unit, thresholds={"queries": 2})


# ----------------------------------------------------------------------------------------------- silence
def silence() -> Iterator[Json]:
    """Yield rules that match and rules that do not."""
    template = {"serializer_field": "BookSerializer.author"}
    where = AUTHOR_OF_BOOK | template
    queries = [one(BOOKS, LIST), loop(AUTHOR, where, 10)]

    def found(reason: str, at: Json = where) -> Json:
        change = {"file": "/srv/shop/views.py", "line": 10, "column": 30, "insert": '.select_related("author")'}
        return finding(
            "n_plus_one", AUTHOR, at, 10, "fail", 2, "select_related", "author", [(BOOKS, LIST)], change,
            distinct=10, ignored=reason,
        )  # fmt: skip

    groups = [(AUTHOR, where, 10)]
    for about, rule, matches in (
        ("everything", {}, True),
        ("kind", {"kind": "n_plus_one"}, True),
        ("another kind", {"kind": "write_loop"}, False),
        ("route", {"route": "/books/"}, True),
        ("another route", {"route": "/books"}, False),
        ("file, whole", {"file": "/srv/shop/views.py"}, True),
        ("file, at a slash", {"file": "shop/views.py"}, True),
        ("file, amid a name", {"file": "hop/views.py"}, False),
        ("file of the source", {"file": "views.txt"}, False),
        ("function", {"function": "f20"}, True),
        ("function of the source", {"function": "f10"}, False),
        ("field, the relation", {"field": "shop.Book.author"}, True),
        ("field, its last component", {"field": "author"}, True),
        ("field, the serializer's", {"field": "BookSerializer.author"}, True),
        ("field, another part", {"field": "Book.author"}, False),
        (
            "all keys",
            {
                "kind": "n_plus_one",
                "route": "/books/",
                "file": "views.py",
                "function": "f20",
                "field": "author",
                "until": "2026-01-31",
            },
            True,
        ),
        ("all keys but one", {"kind": "n_plus_one", "route": "/books/", "file": "views.py", "function": "f21"}, False),
        ("until today", {"until": "2026-01-31"}, True),
        ("until yesterday", {"until": "2026-01-30"}, False),
    ):
        rules = [rule | {"reason": "known"}]
        expected = [found("known" if matches else "")]
        about = f"a rule, {about}: {'ignored' if matches else 'not'}"
        yield case(about, queries, expected, groups, ignore=rules, today="2026-01-31")
    rules = [{"until": "2000-01-01", "reason": "old"}]
    yield case("without a today no rule is over", queries, [found("old")], groups, ignore=rules)
    rules = [{"kind": "slow_query", "reason": "a"}, {"field": "author", "reason": "b"}, {"reason": "c"}]
    yield case("the first rule that matches", queries, [found("b")], groups, ignore=rules)
    for text, reason in (
        ("n_plus_one|by hand", "by hand"), ("|by hand", "by hand"), ("|a|b", "a|b"), ("write_loop|by hand", "rule"),
        ("n_plus_one|", "rule"), ("n_plus_one", "rule"),
    ):  # fmt: skip
        at = where | {"ignore": text}
        about = f"a site says {text!r}, and a rule 'rule'"
        rules = [{"reason": "rule"}]
        silenced = [one(BOOKS, LIST), loop(AUTHOR, at, 10)]
        yield case(about, silenced, [found(reason, at)], [(AUTHOR, at, 10)], ignore=rules)
    helper = {"file": "/srv/shop/models.py", "line": 3, "function": "title", "module": "shop.models"}
    library = {"file": "/lib/orm.py", "line": 5, "function": "run", "module": "orm", "application": False}
    at = where | {"frames": [library, helper | {"application": True}, *where["frames"]]}
    silenced, groups = [one(BOOKS, LIST), loop(AUTHOR, at, 10)], [(AUTHOR, at, 10)]
    for about, rule, reason in (
        ("any frame of the application", {"function": "f20", "file": "shop/models.py"}, "known"),
        ("but none of a library beside it", {"function": "run"}, ""),
    ):
        yield case(about, silenced, [found(reason, at)], groups, ignore=[rule | {"reason": "known"}])
    yield from silent_units()


def silent_units() -> Iterator[Json]:
    """Yield rules for findings of the unit, and what is left of the score."""
    for about, rule, reason in (
        ("by route", {"route": "/books/"}, "known"),
        ("by kind", {"kind": "too_many_queries"}, "known"),
        ("not by file", {"file": "views.py"}, ""),
        ("not by function", {"function": "f30"}, ""),
        ("not by field", {"field": "author"}, ""),
    ):
        found = [many(2, ignored=reason)]
        rules = [rule | {"reason": "known"}]
        about = f"too many queries, {about}"
        yield case(about, asked(2), found, counted(2), ignore=rules, thresholds={"queries": 1})
    other = site(31)
    queries = [loop(AUTHOR, PLAIN, 10), loop(AUTHOR, other, 5)]
    found = [
        finding("query_in_loop", AUTHOR, PLAIN, 10, "fail", 2, "batch_query", distinct=10, ignored="known"),
        finding("query_in_loop", AUTHOR, other, 5, "notice", 1, "batch_query", distinct=5),
    ]
    groups = [(AUTHOR, PLAIN, 10), (AUTHOR, other, 5)]
    rules = [{"function": "f30", "reason": "known"}]
    # 50 ms: 25 of 30; 15 queries: 10 of 40; ⌊(3500 + 35) / 70⌋ = 50, less 5 of the one that counts
    about = "the penalty is of the worst that is not ignored"
    scored = score(50, 15, 1)
    assert (scored["value"], scored["grade"]) == (45, "F")
    yield case(about, queries, found, groups, ignore=rules, scored=scored)


# ------------------------------------------------------------------------------------------------- order
def order() -> Iterator[Json]:
    """Yield findings that differ in saving, in start, and in neither."""
    queries = [Queries([UPDATE] * 3, SAVE, ms=1), Queries([AUTHOR] * 3, PLAIN, ms=2)]
    write = finding("write_loop", UPDATE, SAVE, 3, action="bulk_update", distinct=3)
    read = finding("query_in_loop", AUTHOR, PLAIN, 3, "notice", 0, "batch_query", distinct=3, time_ms=6)
    groups = [(UPDATE, SAVE, 3), (AUTHOR, PLAIN, 3)]
    yield case("the most expensive first", queries, [read, write], groups)
    read = finding("query_in_loop", AUTHOR, PLAIN, 3, "notice", 0, "batch_query", distinct=3)
    queries = [loop(UPDATE, SAVE, 3), loop(AUTHOR, PLAIN, 3)]
    yield case("then the earlier", queries, [write, read], groups)
    both = sorted([read, write], key=lambda row: str(row["id"]))
    for pair in ([(AUTHOR, PLAIN), (UPDATE, SAVE)], [(UPDATE, SAVE), (AUTHOR, PLAIN)]):
        queries = [one(sql, at, start_ns=time * MS, ordinal=time) for time in (1, 2, 3) for sql, at in pair]
        about = f"then by id, {pair[0][0][:6]} first"
        yield case(about, queries, both, [(sql, at, 3) for sql, at in pair])
    lines = [PLAIN, PLAIN | {"frames": [PLAIN["frames"][0] | {"line": 31}]}]
    for name, places in (("up", lines), ("down", lines[::-1])):
        queries = [one(AUTHOR, where, start_ns=at * MS, ordinal=at) for at in (1, 2, 3) for where in places]
        found = [finding("query_in_loop", AUTHOR, where, 3, "notice", 0, "batch_query", distinct=3) for where in places]
        groups = [(AUTHOR, where, 3) for where in places]
        yield case(f"then as they start ({name}); two lines, one id", queries, found, groups)
    queries = [loop(PRAGMA, PLAIN, 2), Queries([BOOKS], LIST, ms=100)]
    slow = finding("slow_query", BOOKS, LIST, 1, action="explain_plan", time_ms=100, saving_ns=0)
    found = [slow, many(3, time_ms=102)]
    given = {"queries": 2}
    yield case("the unit's come last", queries, found, [(PRAGMA, PLAIN, 2)], thresholds=given)


# ------------------------------------------------------------------------------------------------- score
def scores() -> Iterator[Json]:
    """Yield each step of each component, exactly at it and just beyond; ANALYSIS.md §5 says the points."""
    for most_ms, at, beyond in (
        (10, 30, 28), (25, 28, 25), (50, 25, 20), (100, 20, 12), (200, 12, 5), (500, 5, 2), (1000, 2, 0)
    ):  # fmt: skip
        for more, points in ((0, at), (1, beyond)):
            yield scored(f"{most_ms} ms and {more} ns", response=points, duration_ns=most_ms * MS + more)
    yield scored("a stream's first byte", response=30, duration_ns=900 * MS, first_byte_ns=10 * MS)
    for most, at, beyond in (
        (1, 40, 38), (2, 38, 35), (3, 35, 30), (6, 30, 20), (10, 20, 10), (15, 10, 3), (25, 3, 1), (50, 1, 0)
    ):  # fmt: skip
        for count, points in ((most, at), (most + 1, beyond)):
            yield scored(f"at most {most}: {count} queries", queries=points, count=count)
    for most, at, beyond in ((3, 38, 35), (8, 35, 28), (15, 28, 20), (25, 20, 12), (35, 12, 5), (50, 5, 1)):
        for count, points in ((most, at), (most + 1, beyond)):
            about = f"a delete, at most {most}: {count} queries"
            limit = {"queries": 99}
            yield scored(about, queries=points, count=count, operation="delete", thresholds=limit)
    yield scored("a delete without queries", queries=38, operation="delete")
    for most, at, beyond in ((5, 20, 17), (15, 17, 14), (30, 14, 8), (50, 8, 3), (100, 3, 0)):
        for more, points in ((0, at), (1, beyond)):
            yield scored(f"{most} MB and {more} bytes", memory=points, memory_bytes=most * 1_000_000 + more)
    yield scored("no memory at all", memory=20, memory_bytes=0)
    for percent, at, below in ((90, 10, 8), (70, 8, 5), (50, 5, 0)):
        misses = 1000 - 10 * percent
        for hits, points in ((10 * percent, at), (10 * percent - 1, below)):
            yield scored(f"{hits} hits, {misses} misses", cache=points, cache_hits=hits, cache_misses=misses)
    yield scored("memory and a cache", memory=17, cache=10, memory_bytes=5_000_001, cache_hits=1)
    yield from penalties()


def scored(
    about: str, response: int = 30, queries: int = 40, memory: int | None = None, cache: int | None = None,
    count: int = 0, thresholds: Json | None = None, **unit: Any,
) -> Json:  # fmt: skip
    """Return a unit of 10 ms without findings, and its points."""
    parts = {"response": (response, 30), "queries": (queries, 40), "memory": (memory, 20), "cache": (cache, 10)}
    known = [(points, most) for points, most in parts.values() if points is not None]
    most = sum(part[1] for part in known)
    value = round(100 * sum(part[0] for part in known) / most + 1e-9)
    out: Json = {"value": value, "grade": grade(value), "penalty": 0}
    for name, (points, of) in parts.items():
        out[name] = None if points is None else {"points": points, "of": of}
    facts = {"duration_ns": 10 * MS, **unit}
    return case(about, asked(count), [], counted(count), facts, scored=out, thresholds=thresholds or {})


def grade(value: int) -> str:
    """Return the grade of a score."""
    grades = (("S", 95), ("A+", 90), ("A", 80), ("B", 70), ("C", 60), ("D", 50), ("F", 0))
    return next(name for name, least in grades if value >= least)


def penalties() -> Iterator[Json]:
    """Yield what loops of each severity take off, and the grades that are left: each sum was done by hand."""
    for operation, calls, severity, level, points, penalty, value, letter in (
        ("", 3, 0, "notice", 35, 0, 93, "A+"),  # (6500 + 35) / 70 = 93
        ("", 5, 1, "notice", 30, 5, 81, "A"),  # (6000 + 35) / 70 = 86
        ("", 10, 2, "fail", 20, 10, 61, "C"),  # (5000 + 35) / 70 = 71
        ("", 20, 3, "fail", 3, 20, 27, "F"),  # (3300 + 35) / 70 = 47
        ("", 35, 4, "fail", 1, 30, 14, "F"),  # (3100 + 35) / 70 = 44
        ("", 50, 5, "fail", 1, 40, 4, "F"),  # the same, less 40
        ("", 51, 5, "fail", 0, 40, 3, "F"),  # (3000 + 35) / 70 = 43
        ("delete", 3, 0, "notice", 38, 0, 97, "S"),  # (6800 + 35) / 70 = 97
        ("delete", 5, 1, "notice", 35, 2, 91, "A+"),  # (6500 + 35) / 70 = 93
        ("delete", 10, 2, "fail", 28, 5, 78, "B"),  # (5800 + 35) / 70 = 83
        ("delete", 20, 3, "fail", 20, 8, 63, "C"),  # (5000 + 35) / 70 = 71
        ("delete", 35, 4, "fail", 12, 15, 45, "F"),  # (4200 + 35) / 70 = 60
        ("delete", 50, 5, "fail", 5, 25, 25, "F"),  # (3500 + 35) / 70 = 50
    ):
        found = finding("query_in_loop", AUTHOR, PLAIN, calls, level, severity, "batch_query", distinct=calls)
        expected = {
            "value": value, "grade": letter, "penalty": penalty, "memory": None, "cache": None,
            "response": {"points": 30, "of": 30}, "queries": {"points": points, "of": 40},
        }  # fmt: skip
        unit = {"operation": operation, "duration_ns": 10 * MS}
        about = f"{operation or 'a request'} with a loop of {calls}: {letter}"
        queries, groups = [loop(AUTHOR, PLAIN, calls)], [(AUTHOR, PLAIN, calls)]
        yield case(about, queries, [found], groups, unit, scored=expected, thresholds={"queries": 99})
    found = finding("query_in_loop", AUTHOR, PLAIN, 51, "fail", 5, "batch_query", distinct=51)
    expected = {"value": 0, "grade": "F", "penalty": 40, "memory": None, "cache": None}
    expected |= {"response": {"points": 5, "of": 30}, "queries": {"points": 0, "of": 40}}  # (500 + 35) / 70 = 7
    queries, groups = [loop(AUTHOR, PLAIN, 51)], [(AUTHOR, PLAIN, 51)]
    unit = {"duration_ns": 500 * MS}
    yield case("no score is below 0", queries, [found], groups, unit, scored=expected)
