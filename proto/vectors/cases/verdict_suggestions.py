"""Cases of VERDICTS.md §7: each action, and why some code is a template only."""

from __future__ import annotations

from collections.abc import Iterator

from cases.verdict_case import Json, Queries, case, chain_anchor, edit, finding, loop, one, site
from cases.verdict_shop import ANCHOR, AUTHOR, AUTHOR_OF_BOOK, BOOKS, LIST

NOTE = "SELECT * FROM note WHERE id = %s"

# operation, relation_kind, action
ACTIONS = (
    ("follow", "foreign_key", "select_related"),
    ("follow", "one_to_one", "select_related"),
    ("follow", "reverse_one_to_one", "select_related"),
    ("follow", "generic_foreign_key", "prefetch_related"),
    ("follow", "many_to_many", "batch_query"),
    ("iterate", "reverse_foreign_key", "prefetch_related"),
    ("iterate", "many_to_many", "prefetch_related"),
    ("iterate", "generic_relation", "prefetch_related"),
    ("prefetch", "reverse_foreign_key", "prefetch_objects"),
    ("filter", "many_to_many", "prefetch_object"),
    ("first", "reverse_foreign_key", "prefetch_object"),
    ("other", "generic_relation", "prefetch_object"),
    ("count", "many_to_many", "annotate_count"),
    ("exists", "reverse_foreign_key", "annotate_exists"),
    ("aggregate", "reverse_foreign_key", "annotate"),
    ("get", "foreign_key", "in_bulk"),
    ("first", "get_by_key", "in_bulk"),
    ("load_field", "deferred_field", "load_field"),
    ("load_field", "foreign_key", "batch_query"),
    ("fetch", "foreign_key", "batch_query"),
    ("", "foreign_key", "batch_query"),
)
INSERTED = {
    "select_related": '.select_related("note")',
    "prefetch_related": '.prefetch_related("note")',
    "load_field": ".defer(None)",
}


def suggestions() -> Iterator[Json]:
    """Yield actions, states of the root, anchors."""
    for operation, kind, action in ACTIONS:
        yield notes(f"{operation or 'nothing known'} × {kind}: {action}", LIST, action, True, operation, kind)
    yield from states()
    yield from anchors()
    yield from links()


def notes(
    about: str, root: Json, action: str, applies: bool, operation: str = "follow", kind: str = "foreign_key"
) -> Json:
    """Return a case of three notes, a relation of the books that `root` fetched."""
    where = site(28, operation, "shop.Book.note", kind, "book")
    change = edit(root["anchor"], INSERTED[action]) if applies and action in INSERTED else None
    found = finding("n_plus_one", NOTE, where, 3, "notice", 0, action, "note", [(BOOKS, root)], edit=change, distinct=3)
    return case(about, [one(BOOKS, root), loop(NOTE, where, 3)], [found], [(NOTE, where, 3)])


def states() -> Iterator[Json]:
    """Yield what the state of the root's queryset allows."""
    select, prefetch, load = "select_related", "prefetch_related", "load_field"
    for state, operation, action, applies in (
        ("values", "follow", select, False),
        ("combined", "follow", select, False),
        ("sliced", "follow", select, True),
        ("iterator", "follow", select, True),
        ("raw", "follow", prefetch, True),
        ("only", "follow", prefetch, True),
        ("sliced only", "follow", prefetch, True),
        ("only iterator", "follow", prefetch, False),
        ("raw values", "follow", prefetch, False),
        ("values", "iterate", prefetch, False),
        ("combined", "iterate", prefetch, False),
        ("iterator", "iterate", prefetch, False),
        ("raw", "iterate", prefetch, True),
        ("values", "load_field", load, False),
        ("combined", "load_field", load, False),
        ("raw", "load_field", load, False),
        ("only", "load_field", load, True),
        ("iterator", "load_field", load, True),
    ):
        kind = {"follow": "foreign_key", "iterate": "many_to_many", "load_field": "deferred_field"}[operation]
        about = f"{operation} on a queryset that is {state}: {'an edit' if applies else 'a template'}"
        yield notes(about, LIST | {"state": state}, action, applies, operation, kind)


def anchors() -> Iterator[Json]:
    """Yield what an anchor allows."""
    bare = {name: value for name, value in LIST.items() if name != "anchor"}
    yield notes("no anchor: a template", bare, "select_related", False)
    for column, joins, paths in ((8, "author=author\nauthor__country=country", '"author", "author__country", "note"'),
                                 (4, "note=note\n\nauthor", '"note", "author"'), (4, "", '"note",')):  # fmt: skip
        admin = chain_anchor(77, column) | {"file": "/srv/shop/admin.py", "kind": 2}
        root = LIST | {"anchor": admin} | ({"joins": joins} if joins else {})
        where = site(28, "follow", "shop.Book.note", "foreign_key", "book", admin_column="BookAdmin.note")
        insert = " " * column + f"list_select_related = ({paths})\n"
        line = {"file": "/srv/shop/admin.py", "line": 77, "column": 0, "insert": insert}
        found = finding(
            "n_plus_one", NOTE, where, 3, "notice", 0, "select_related", "note", [(BOOKS, root)], line, distinct=3
        )
        queries = [one(BOOKS, root), loop(NOTE, where, 3)]
        yield case(f"a line in a ModelAdmin, column {column}, joins {joins!r}", queries, [found], [(NOTE, where, 3)])
    yield notes("no prefetch there", root, "prefetch_related", False, "iterate", "many_to_many")
    yield notes("no .defer(None) there", root, "load_field", False, "load_field", "deferred_field")
    state = root | {"state": "only"}
    yield notes("nor a select_related that became a prefetch_related", state, "prefetch_related", False)
    unicode = LIST | {"anchor": chain_anchor(5, 0) | {"file": "/srv/bücher/views.py"}}
    yield notes("column 0, a path beyond ASCII", unicode, "select_related", True)


def links() -> Iterator[Json]:
    """Yield what a chain of loops allows."""
    author = finding(
        "n_plus_one", AUTHOR, AUTHOR_OF_BOOK, 3, "notice", 0, "select_related", "author", [(BOOKS, LIST)],
        edit(ANCHOR, '.select_related("author")'), distinct=3,
    )  # fmt: skip
    bio = site(29, "load_field", "shop.Author.bio", "deferred_field", "author")
    sql = "SELECT bio FROM author WHERE a = %s"
    found = finding(
        "n_plus_one", sql, bio, 3, "notice", 0, "load_field", "author__bio", [(AUTHOR, AUTHOR_OF_BOOK)], distinct=3
    )
    queries = [one(BOOKS, LIST), loop(AUTHOR, AUTHOR_OF_BOOK, 3), loop(sql, bio, 3)]
    groups = [(AUTHOR, AUTHOR_OF_BOOK, 3), (sql, bio, 3)]
    yield case("a field left out behind a chain: a template", queries, [author, found], groups)
    reviews, sql = site(36, "count", "shop.Book.review_set", "reverse_foreign_key", "book"), "SELECT n FROM review"
    found = finding(
        "n_plus_one", sql, reviews, 3, "notice", 0, "annotate_count", "review_set", [(BOOKS, LIST)], distinct=3
    )
    about = "a look-up has no _set"
    yield case(about, [one(BOOKS, LIST), loop(sql, reviews, 3)], [found], [(sql, reviews, 3)])
    parent, sql = site(35, "follow", "shop.Book.parent", "foreign_key", "book"), f"{BOOKS} WHERE id = %s"
    found = finding("n_plus_one", sql, parent, 3, "notice", 0, "select_related", "parent", [(BOOKS, LIST)], distinct=3)
    yield case("a tree: a template", [one(BOOKS, LIST), loop(sql, parent, 3)], [found], [(sql, parent, 3)])
    item = "SELECT * FROM item WHERE a = %s"
    target = site(33, "follow", "shop.Book.target", "generic_foreign_key", "book")
    owner = site(34, "follow", "shop.Item.note", "foreign_key", "item")
    found = finding(
        "n_plus_one", item, target, 3, "notice", 0, "prefetch_related", "target", [(BOOKS, LIST)],
        edit(ANCHOR, '.prefetch_related("target")'), distinct=3,
    )  # fmt: skip
    behind = finding(
        "n_plus_one", NOTE, owner, 3, "notice", 0, "prefetch_related", "target__note", [(item, target)],
        edit(ANCHOR, '.prefetch_related("target__note")'), distinct=3,
    )  # fmt: skip
    queries = [one(BOOKS, LIST), loop(item, target, 3), loop(NOTE, owner, 3)]
    about = "behind a generic foreign key: a prefetch"
    yield case(about, queries, [found, behind], [(item, target, 3), (NOTE, owner, 3)])
    per_book = site(35, "prefetch", "shop.Book.items", "reverse_foreign_key", "book", path="items")
    found = finding(
        "n_plus_one", item, per_book, 3, "notice", 0, "prefetch_objects", "items", [(BOOKS, LIST)], distinct=3
    )
    behind = finding(
        "n_plus_one", NOTE, owner, 3, "notice", 0, "prefetch_related", "items__note", [(item, per_book)],
        edit(ANCHOR, '.prefetch_related("items__note")'), distinct=3,
    )  # fmt: skip
    queries = [one(BOOKS, LIST), loop(item, per_book, 3), loop(NOTE, owner, 3)]
    about = "behind a prefetch for each instance"
    yield case(about, queries, [found, behind], [(item, per_book, 3), (NOTE, owner, 3)])
    queries = [Queries([BOOKS], LIST, ms=150)]
    found = finding("slow_query", BOOKS, LIST, 1, action="explain_plan", time_ms=150, saving_ns=50_000_000)
    yield case("an anchor is nothing to a slow query", queries, [found])
