"""Cases of VERDICTS.md §3: which query fetched the rows of a loop, and the way from it to the relation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cases.verdict_case import CHUNK, Json, Queries, case, edit, finding, loop, one, site, summary
from cases.verdict_shop import (
    ANCHOR,
    AUTHOR,
    AUTHOR_OF_BOOK,
    BOOKS,
    COUNTRY,
    COUNTRY_OF_AUTHOR,
    LIST,
    PLAIN,
    TAGS,
    TAGS_OF_BOOK,
)

Source = tuple[str, Json | None]


def select(sql: str, where: Json, path: str, *sources: Source, count: int = 3, **more: Any) -> Json:
    """Return the finding of a loop over a foreign key."""
    values: Json = {"level": "notice", "action": "select_related", "distinct": count}
    return finding("n_plus_one", sql, where, count, path=path, sources=sources, **values | more)


def fix(path: str, verb: str = "select_related") -> Json:
    """Return the edit at the list of books."""
    return edit(ANCHOR, f'.{verb}("{path}")')


def sources() -> Iterator[Json]:
    """Yield candidates, paths and chains."""
    yield from candidates()
    yield from singles()
    yield from paths()
    yield from chains()


def authors(about: str, before: list[Queries], *sources: Source, **more: Any) -> Json:
    """Return a case of three authors followed; `before` are the queries ahead of them."""
    path = "author" if sources else ""
    found = select(AUTHOR, AUTHOR_OF_BOOK, path, *sources, likely=not sources, **more)
    return case(about, [*before, loop(AUTHOR, AUTHOR_OF_BOOK, 3)], [found], [(AUTHOR, AUTHOR_OF_BOOK, 3)])


def candidates() -> Iterator[Json]:
    """Yield what is a source and what is none."""
    others = [LIST | site(line, "fetch") for line in (11, 12, 13)]
    before = [one(BOOKS, where, ordinal=at + 1) for at, where in enumerate([LIST, *others])]
    listed = [(BOOKS, where) for where in reversed(others)]
    yield authors("the latest three of four sources", before, *listed, edit=fix("author"))
    yield authors("another table", [one(COUNTRY, LIST)])
    for operation in ("count", "exists", "aggregate"):
        yield authors(f"{operation} fetches no rows", [one(BOOKS, LIST | {"operation": operation})])
    yield authors("a write", [one("UPDATE book SET a = %s", LIST)])
    chunk = LIST | {"flags": CHUNK}
    yield authors("a chunk is a source", [one(BOOKS, chunk)], (BOOKS, chunk), edit=fix("author"))
    no_owner = site(20, "follow", "shop.Book.author", "foreign_key")
    found = select(AUTHOR, no_owner, "", likely=True)
    queries = [one(BOOKS, LIST), loop(AUTHOR, no_owner, 3)]
    yield case("without an owner table there is none", queries, [found], [(AUTHOR, no_owner, 3)])
    parent = "SELECT * FROM node WHERE id = %s"
    of_itself = site(23, "follow", "shop.Node.parent", "foreign_key", "node")
    found = select(parent, of_itself, "", likely=True)
    yield case("a loop is not its own source", [loop(parent, of_itself, 3)], [found], [(parent, of_itself, 3)])
    other = one(BOOKS, LIST, alias="other")
    yield authors("a source of another alias", [other], (BOOKS, LIST), edit=fix("author"))


def singles() -> Iterator[Json]:
    """Yield sources of a single row."""
    for operation in ("get", "first", "follow", "load_field"):
        single = site(11, operation)
        yield authors(f"{operation} alone is a source", [one(BOOKS, single)], (BOOKS, single))
        queries = [one(BOOKS, LIST), one(BOOKS, single, ordinal=2)]
        yield authors(f"{operation} is none beside a list", queries, (BOOKS, LIST), edit=fix("author"))
    single = site(11, "get")
    queries = [loop(AUTHOR, AUTHOR_OF_BOOK, 3), one(BOOKS, LIST), loop(BOOKS, single, 3, "same")]
    found = [
        select(AUTHOR, AUTHOR_OF_BOOK, "", likely=True),
        finding("repeated_query", BOOKS, single, 3, action="hoist", distinct=1),
    ]
    groups = [(AUTHOR, AUTHOR_OF_BOOK, 3), (BOOKS, single, 3)]
    yield case("repeated get, too late", queries, found, groups)
    queries = [one(BOOKS, LIST), loop(BOOKS, single, 3, "same"), loop(AUTHOR, AUTHOR_OF_BOOK, 3)]
    found = [
        finding("repeated_query", BOOKS, single, 3, action="hoist", distinct=1),
        select(AUTHOR, AUTHOR_OF_BOOK, "author", (BOOKS, single), (BOOKS, LIST)),
    ]
    yield case("get in a loop is a source like others", queries, found, groups[::-1])
    yield authors("no site and one row: single", [one(BOOKS, None, rows=1)], (BOOKS, None))
    many = "SELECT * FROM book WHERE a > %s"
    queries = [one(BOOKS, LIST), one(many, None, rows=1)]
    yield authors("and none beside a list", queries, (BOOKS, LIST), edit=fix("author"))
    for rows in (-1, 0, 2):
        queries = [one(BOOKS, LIST), one(many, None, rows=rows)]
        yield authors(f"no site and {rows} rows: a list", queries, (many, None), (BOOKS, LIST))
    queries = [one(BOOKS, LIST), one(many, None, rows=1), one(many, None, rows=2, ordinal=2)]
    listed = [(many, None), (BOOKS, LIST)]
    both = [select(AUTHOR, AUTHOR_OF_BOOK, "author", *listed)]
    queries.append(loop(AUTHOR, AUTHOR_OF_BOOK, 3))
    yield case("one row in each query", queries, both, [(many, None, 2), (AUTHOR, AUTHOR_OF_BOOK, 3)])
    queries = [one(BOOKS, LIST), summary(many, None, 1, 1, rows=1)]
    yield authors("a summary of one row", queries, (BOOKS, LIST), edit=fix("author"))


JOINED = "SELECT * FROM book INNER JOIN author ON a = b"


def paths() -> Iterator[Json]:
    """Yield relations of what a queryset joined, and of what was prefetched."""
    for about, joins, path in (
        ("the owner is joined", "author=author", "author__country"),
        ("through another", "publisher=publisher\nauthor__boss=author", "author__boss__country"),
        ("twice: unknown", "author=author\neditor=author", ""),
        ("a line of another table", "author=authors\nx=book", ""),
        ("nothing is known of joins", "", ""),
    ):
        where = LIST | {"joins": joins}
        change: Json = {"edit": fix(path)} if path else {}
        found = select(COUNTRY, COUNTRY_OF_AUTHOR, path, (JOINED, where), **change)
        queries = [one(JOINED, where), loop(COUNTRY, COUNTRY_OF_AUTHOR, 3)]
        yield case(about, queries, [found], [(COUNTRY, COUNTRY_OF_AUTHOR, 3)])
    found = select(COUNTRY, COUNTRY_OF_AUTHOR, "", (JOINED, None))
    queries = [one(JOINED, None), loop(COUNTRY, COUNTRY_OF_AUTHOR, 3)]
    yield case("joined, but without a site", queries, [found], [(COUNTRY, COUNTRY_OF_AUTHOR, 3)])
    prefetch = LIST | {"operation": "prefetch", "relation": "shop.Shelf.books", "path": "books", "flags": CHUNK}
    prefetch |= {"relation_kind": "many_to_many", "owner_table": "shelf"}
    verb: Json = {"action": "prefetch_related"}
    change = verb | {"edit": fix("books__author", "prefetch_related")}
    found = select(AUTHOR, AUTHOR_OF_BOOK, "books__author", (BOOKS, prefetch), **change)
    queries = [one(BOOKS, prefetch), loop(AUTHOR, AUTHOR_OF_BOOK, 3)]
    yield case("behind a prefetch", queries, [found], [(AUTHOR, AUTHOR_OF_BOOK, 3)])
    where = prefetch | {"joins": "author=author"}
    change = verb | {"edit": fix("books__author__country", "prefetch_related")}
    found = select(COUNTRY, COUNTRY_OF_AUTHOR, "books__author__country", (JOINED, where), **change)
    queries = [one(JOINED, where), loop(COUNTRY, COUNTRY_OF_AUTHOR, 3)]
    yield case("joined by a prefetch", queries, [found], [(COUNTRY, COUNTRY_OF_AUTHOR, 3)])
    odd = site(24, "follow", "country", "foreign_key", "author")
    found = select(COUNTRY, odd, "country", (AUTHOR, PLAIN))
    queries = [one(AUTHOR, PLAIN), loop(COUNTRY, odd, 3)]
    yield case("a relation without a model", queries, [found], [(COUNTRY, odd, 3)])


CHAIN = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f"), ("f", "g")]


def chains() -> Iterator[Json]:
    """Yield relations of relations: loops whose rows a loop fetched."""
    region = "SELECT * FROM region WHERE id = %s"
    region_of = site(25, "follow", "shop.Country.region", "foreign_key", "country")
    steps = [(AUTHOR, AUTHOR_OF_BOOK, "author"), (COUNTRY, COUNTRY_OF_AUTHOR, "author__country")]
    steps.append((region, region_of, "author__country__region"))
    before: Source = (BOOKS, LIST)
    found, queries = [], [one(BOOKS, LIST)]
    for length, (sql, where, path) in enumerate(steps, 1):
        found.append(select(sql, where, path, before, edit=fix(path)))
        queries.append(loop(sql, where, 3))
        before = (sql, where)
        groups = [(sql, where, 3) for sql, where, _ in steps[:length]]
        yield case(f"a chain of {length}", [*queries], [*found], groups)
    yield from broken_chains()
    yield from long_chain()


def broken_chains() -> Iterator[Json]:
    """Yield chains that end early, and those that need a prefetch."""
    groups = [(AUTHOR, AUTHOR_OF_BOOK, 3), (COUNTRY, COUNTRY_OF_AUTHOR, 3)]
    found = [
        select(AUTHOR, AUTHOR_OF_BOOK, "", likely=True),
        select(COUNTRY, COUNTRY_OF_AUTHOR, "country", (AUTHOR, AUTHOR_OF_BOOK)),
    ]
    queries = [loop(AUTHOR, AUTHOR_OF_BOOK, 3), loop(COUNTRY, COUNTRY_OF_AUTHOR, 3)]
    yield case("a chain without a source ends at its loop", queries, found, groups)
    joined = "SELECT * FROM shelf INNER JOIN book ON a = b"
    found = [
        select(AUTHOR, AUTHOR_OF_BOOK, "", (joined, LIST)),
        select(COUNTRY, COUNTRY_OF_AUTHOR, "", (AUTHOR, AUTHOR_OF_BOOK)),
    ]
    yield case("a chain behind an unknown path is unknown", [one(joined, LIST), *queries], found, groups)
    note = "SELECT * FROM note WHERE id = %s"
    note_of = site(26, "follow", "shop.Tag.note", "foreign_key", "tag")
    prefetch: Json = {"action": "prefetch_related"}
    found = [
        select(TAGS, TAGS_OF_BOOK, "tags", (BOOKS, LIST), edit=fix("tags", "prefetch_related"), **prefetch),
        select(
            note, note_of, "tags__note", (TAGS, TAGS_OF_BOOK), edit=fix("tags__note", "prefetch_related"), **prefetch
        ),
    ]
    queries = [one(BOOKS, LIST), loop(TAGS, TAGS_OF_BOOK, 3), loop(note, note_of, 3)]
    about = "a foreign key behind many rows needs a prefetch"
    yield case(about, queries, found, [(TAGS, TAGS_OF_BOOK, 3), (note, note_of, 3)])
    by_key = site(27, "get", "shop.Author.id", "get_by_key")
    found = [
        select(AUTHOR, by_key, "", likely=True, action="in_bulk"),
        select(COUNTRY, COUNTRY_OF_AUTHOR, "country", (AUTHOR, by_key)),
    ]
    queries = [one(BOOKS, LIST), loop(AUTHOR, by_key, 3), loop(COUNTRY, COUNTRY_OF_AUTHOR, 3)]
    about = "get() by key is the end of a chain"
    yield case(about, queries, found, [(AUTHOR, by_key, 3), (COUNTRY, COUNTRY_OF_AUTHOR, 3)])
    for operation, kind, action in (
        ("filter", "foreign_key", "prefetch_object"),
        ("follow", "get_by_key", "in_bulk"),
    ):
        odd = site(27, operation, "shop.Book.author", kind, "book")
        found = [
            select(AUTHOR, odd, "author", (BOOKS, LIST), action=action),
            select(COUNTRY, COUNTRY_OF_AUTHOR, "country", (AUTHOR, odd)),
        ]
        queries = [one(BOOKS, LIST), loop(AUTHOR, odd, 3), loop(COUNTRY, COUNTRY_OF_AUTHOR, 3)]
        about = f"{operation} × {kind} is no link of a chain"
        yield case(about, queries, found, [(AUTHOR, odd, 3), (COUNTRY, COUNTRY_OF_AUTHOR, 3)])
    joined_author = "SELECT * FROM shelf INNER JOIN author ON a = b"
    found = [
        select(AUTHOR, AUTHOR_OF_BOOK, "author", (BOOKS, LIST), edit=fix("author")),
        select(COUNTRY, COUNTRY_OF_AUTHOR, "", (joined_author, PLAIN), (AUTHOR, AUTHOR_OF_BOOK)),
    ]
    queries = [one(BOOKS, LIST), loop(AUTHOR, AUTHOR_OF_BOOK, 3), one(joined_author, PLAIN)]
    queries.append(loop(COUNTRY, COUNTRY_OF_AUTHOR, 3))
    yield case("the latest source is the one, though another would chain", queries, found, groups)


def long_chain() -> Iterator[Json]:
    """Yield a chain of six loops: the sixth reaches no further back than to the second."""
    roots = site(10, "fetch", anchor=ANCHOR)
    queries, found = [one("SELECT * FROM a", roots)], []
    groups: list[tuple[str, Json | None, int]] = []
    before: Source = ("SELECT * FROM a", roots)
    for at, (owner, table) in enumerate(CHAIN, 1):
        sql = f"SELECT * FROM {table} WHERE id = %s"
        where = site(50 + at, "follow", f"shop.{owner}.to_{table}", "foreign_key", owner)
        names = [f"to_{name}" for _, name in CHAIN[:at]]
        path = "__".join(names[-5:])
        change: Json = {"edit": fix(path)} if at <= 5 else {}
        found.append(select(sql, where, path, before, **change))
        queries.append(loop(sql, where, 3))
        groups.append((sql, where, 3))
        before = (sql, where)
    yield case("a chain of six, chain_max = 5", queries, found, groups)
