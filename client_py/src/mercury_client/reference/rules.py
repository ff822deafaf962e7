"""Hold the numbers and sentences of the verdict (VERDICTS.md).

Generated from proto/rules.json by `proto/check.py --write`: edit that file, not this one.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Severity(NamedTuple):
    """One step of severity: ``halves`` half thresholds of calls, and what it takes off the score."""

    name: str
    halves: int
    penalty: int
    delete_penalty: int


class Scale(NamedTuple):
    """Points of one component: those of the first step that is not exceeded (cache: that is reached)."""

    max: int
    steps: tuple[tuple[int, int], ...]
    otherwise: int


class Limits(NamedTuple):
    """What a unit of one operation may take."""

    response_ms: int
    queries: int
    memory_mb: int


class Action(NamedTuple):
    """What to do about a finding: code and sentence with placeholders, and a page to read."""

    code: str
    text: str
    read: str


class Lesson(NamedTuple):
    """What a kind of finding is, and why it matters."""

    title: str
    what: str
    why: str


# calls: from this many calls an N+1 fails a test.
N_PLUS_ONE_THRESHOLD: Final = 10
# calls: fewer calls of one statement at one place are no loop.
LOOP_CALLS_MIN: Final = 3
# ns: from this time a single call is slow.
SLOW_QUERY_NS: Final = 100_000_000
# ns: in a command, calls further apart are polling.
POLLING_GAP_NS: Final = 500_000_000

SOURCES_MAX: Final = 3
CHAIN_MAX: Final = 5
CONSTANT_UNITS_MIN: Final = 10
GROWTH_MIN: Final = 2
GONE_AFTER_UNITS: Final = 5

SEVERITIES: Final = (
    Severity("none", 0, 0, 0),
    Severity("mild", 1, 5, 2),
    Severity("moderate", 2, 10, 5),
    Severity("high", 4, 20, 8),
    Severity("severe", 7, 30, 15),
    Severity("critical", 10, 40, 25),
)

# ns
RESPONSE: Final = Scale(
    30,
    (
        (10_000_000, 30),
        (25_000_000, 28),
        (50_000_000, 25),
        (100_000_000, 20),
        (200_000_000, 12),
        (500_000_000, 5),
        (1_000_000_000, 2),
    ),
    0,
)

# queries
QUERIES: Final = Scale(
    40,
    (
        (1, 40),
        (2, 38),
        (3, 35),
        (6, 30),
        (10, 20),
        (15, 10),
        (25, 3),
        (50, 1),
    ),
    0,
)

# queries
DELETE_QUERIES: Final = Scale(
    40,
    (
        (3, 38),
        (8, 35),
        (15, 28),
        (25, 20),
        (35, 12),
        (50, 5),
    ),
    1,
)

# bytes
MEMORY: Final = Scale(
    20,
    (
        (5_000_000, 20),
        (15_000_000, 17),
        (30_000_000, 14),
        (50_000_000, 8),
        (100_000_000, 3),
    ),
    0,
)

# hit ratio in percent, at least
CACHE: Final = Scale(
    10,
    (
        (90, 10),
        (70, 8),
        (50, 5),
    ),
    0,
)

GRADES: Final = (("S", 95), ("A+", 90), ("A", 80), ("B", 70), ("C", 60), ("D", 50), ("F", 0))

OPERATIONS: Final = {
    "list": Limits(200, 25, 30),
    "detail": Limits(150, 10, 20),
    "create": Limits(250, 15, 25),
    "update": Limits(200, 12, 20),
    "delete": Limits(300, 30, 40),
    "search": Limits(300, 30, 40),
    "auth": Limits(100, 8, 15),
}

ACTIONS: Final = {
    "select_related": Action(
        '.select_related("{path}")',
        "Fetch {path} together with its owner in one query: add {code} to the queryset.",
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related",
    ),
    "prefetch_related": Action(
        '.prefetch_related("{path}")',
        "Fetch all {path} in one more query: add {code} to the queryset.",
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-related",
    ),
    "prefetch_object": Action(
        '.prefetch_related(Prefetch("{path}", queryset=..., to_attr="..."))',
        (
            "A filter, an order or .first() on a related manager asks the database again, prefetched or not. "
            "Prefetch just these rows with {code} and read the attribute in the loop."
        ),
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-objects",
    ),
    "annotate_count": Action(
        '.annotate(n=Count("{query}", distinct=True))',
        "Let the database count for all rows at once: add {code} to the queryset and read .n in the loop.",
        "https://docs.djangoproject.com/en/stable/topics/db/aggregation/",
    ),
    "annotate_exists": Action(
        '.annotate(has=Exists(...filter({field}=OuterRef("pk"))))',
        "Let the database look for all rows at once: add {code} to the queryset and read .has in the loop.",
        "https://docs.djangoproject.com/en/stable/ref/models/expressions/#exists-subqueries",
    ),
    "annotate": Action(
        '.annotate(total=Sum("{query}__..."))',
        (
            "Let the database compute it for all rows at once: add an annotation like {code}, or a Subquery, to "
            "the queryset."
        ),
        "https://docs.djangoproject.com/en/stable/topics/db/aggregation/",
    ),
    "in_bulk": Action(
        "Model.objects.in_bulk(ids)",
        "Collect the keys first and fetch all rows with one {code}, then look them up in the dictionary.",
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#in-bulk",
    ),
    "load_field": Action(
        ".defer(None)",
        (
            "The field {field} was left out by .only() or .defer() and is fetched row by row: drop that, add the "
            "field, or add {code}."
        ),
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#defer",
    ),
    "prefetch_objects": Action(
        'prefetch_related_objects(instances, "{path}")',
        "Each object is prefetched by itself. Do it once for all of them: {code}.",
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-related-objects",
    ),
    "bulk_create": Action(
        "Model.objects.bulk_create(objects)",
        "Insert all rows with one {code}. Mind that it calls no save() and sends no signals.",
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#bulk-create",
    ),
    "bulk_update": Action(
        'Model.objects.bulk_update(objects, ["..."])',
        (
            "Write all rows with one {code}, or one .update(). Mind that they call no save(), send no signals and "
            "leave auto_now fields alone."
        ),
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#bulk-update",
    ),
    "filter_delete": Action(
        "Model.objects.filter(pk__in=ids).delete()",
        "Delete all rows with one {code}. Mind that it does not call the delete() of each object.",
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#delete",
    ),
    "batch_query": Action(
        ".filter(...__in=values)",
        "Ask once for all values, with {code} or in_bulk(), before the loop.",
        "https://docs.djangoproject.com/en/stable/topics/db/optimization/",
    ),
    "hoist": Action(
        "",
        (
            "The same statement with the same values ran {count} times. Run it once before the loop, or keep its "
            "result in a cache."
        ),
        "https://docs.djangoproject.com/en/stable/topics/db/optimization/#understand-cached-attributes",
    ),
    "explain_plan": Action(
        "queryset.explain()",
        "Look at what the database does with {code}; often an index on the filtered or ordered column is missing.",
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#explain",
    ),
    "fewer_queries": Action(
        "",
        "Mend the loops among its findings first; then look for statements that one query could answer together.",
        "https://docs.djangoproject.com/en/stable/topics/db/optimization/",
    ),
    "profile": Action(
        "",
        (
            "Compare the time in SQL with the whole: if SQL is most of it, mend its findings; if not, profile the "
            "Python code of this view."
        ),
        "https://docs.djangoproject.com/en/stable/topics/performance/",
    ),
}

LESSONS: Final = {
    "n_plus_one": Lesson(
        "N+1 queries",
        "One query fetched a list, and then one more query ran for each of its rows.",
        (
            "Each round trip costs time, and there are as many as rows: what is quick with ten rows on your "
            "machine is slow with a thousand in production."
        ),
    ),
    "query_in_loop": Lesson(
        "Query in a loop",
        "The same statement ran again and again with other values.",
        "The number of queries follows the number of rounds, and each one waits for the database.",
    ),
    "repeated_query": Lesson(
        "Repeated query",
        "The same statement with the same values ran several times.",
        "All but the first asked for what was known already.",
    ),
    "write_loop": Lesson(
        "Writes in a loop",
        "Rows were written one at a time.",
        "Each write is a round trip, and outside a transaction also a commit: a batch is many times faster.",
    ),
    "slow_query": Lesson(
        "Slow query",
        "A single statement took long.",
        "No change of the Python code around it helps: the database itself needs that long.",
    ),
    "too_many_queries": Lesson(
        "Too many queries",
        "The unit made more queries than its kind of operation should.",
        "Every query is a round trip; their number is the first thing that grows with the data.",
    ),
    "slow_response": Lesson(
        "Slow response",
        "The answer took longer than its kind of operation should.",
        "A person notices from a tenth of a second, and leaves after a few.",
    ),
}
