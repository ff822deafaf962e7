"""A row of the ground truth: one piece of the library site, how to run it, and what must be said about it.

Rows are plain data and import neither Django nor the site, so that pytest can list them without either. Where
something must be found is marked in the site's own code by comments (``# trigger: LABEL``, ``# source: LABEL``,
``# queryset: LABEL``); a row only names labels. See README.md.
"""

from __future__ import annotations

from dataclasses import dataclass

SIZES = (3, 10, 30)
KINDS = ("n_plus_one", "query_in_loop", "repeated_query", "write_loop")
ACTIONS = (
    "select_related", "prefetch_related", "prefetch_object", "annotate_count", "annotate_exists", "annotate",
    "in_bulk", "load_field", "prefetch_objects", "bulk_update", "bulk_create", "filter_delete", "hoist",
    "batch_query",
)  # fmt: skip


@dataclass(frozen=True)
class Named:
    """A place without an application line: a view or ModelAdmin class, and a serializer field or admin column."""

    view: str
    field: str = ""
    column: str = ""


@dataclass(frozen=True)
class Expected:
    """One finding. Several kinds, relations or actions: the definitions leave a choice between them.

    ``relations`` empty: not checked; an empty text in it: no relation is fine, too. ``trigger`` and ``source``:
    a named place, where there is one, beside what is marked in the code. ``source_checked`` False: this kind of
    finding has no source, or need not.
    """

    mark: str
    kinds: tuple[str, ...]
    relations: tuple[str, ...]
    actions: tuple[str, ...]
    trigger: Named | None = None
    source: Named | None = None
    source_checked: bool = True


@dataclass(frozen=True)
class Row:
    """One case. Exactly one of ``url`` and ``call`` (``module:function``) is given.

    ``populate`` is a function of library_site.populate; what it returns fills ``{pk}`` in the URL and the
    query string, form data, JSON body or keyword arguments. ``client``: ``sync`` or ``async``.
    ``unit``: kind of the unit that the case runs in, ``block`` or ``test``. ``statements``: how many different
    statements grow with n, if not one for each expected finding. ``django_below``: the first version of Django
    that does it right by itself; the row is left out there.
    """

    id: str
    group: str
    form: str
    populate: str
    url: str = ""
    call: str = ""
    method: str = "get"
    client: str = "sync"
    login: bool = False
    expected: tuple[Expected, ...] = ()
    sizes: tuple[int, ...] = SIZES
    unit: str = "block"
    statements: int = 0
    django_below: tuple[int, ...] = ()

    @property
    def pattern(self) -> str:
        """Name the pattern: rows of one pattern differ in their form only."""
        return self.id.partition(".")[0] if self.group == "n_plus_one" else self.id


FORMS = ("view", "helper", "template", "drf", "admin", "async", "stream", "function")


def found(
    mark: str,
    relations: str | tuple[str, ...],
    actions: str | tuple[str, ...],
    *,
    kinds: str | tuple[str, ...] = "n_plus_one",
    trigger: Named | None = None,
    source: Named | None = None,
    source_checked: bool = True,
) -> Expected:
    """Build an Expected; a single text stands for a tuple of one."""
    return Expected(
        mark, _tuple(kinds), _tuple(relations), _tuple(actions), trigger=trigger, source=source,
        source_checked=source_checked,
    )  # fmt: skip


def _tuple(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def slow(
    id: str, form: str, url: str, *expected: Expected, populate: str = "library", method: str = "get",
    client: str = "sync", login: bool = False, statements: int = 0, django_below: tuple[int, ...] = (),
) -> Row:  # fmt: skip
    """Build a row of the group ``n_plus_one``; ``url`` without a slash is ``module:function``."""
    url, call = (url, "") if "/" in url else ("", url)
    return Row(
        id, "n_plus_one", form, populate, url, call, method=method, client=client, login=login, expected=expected,
        statements=statements, django_below=django_below,
    )  # fmt: skip


def benign(
    id: str, form: str, url: str, populate: str = "library", *, method: str = "get", client: str = "sync",
    login: bool = False, sizes: tuple[int, ...] = SIZES, unit: str = "block",
) -> Row:  # fmt: skip
    """Build a row of the group ``benign``."""
    url, call = (url, "") if "/" in url else ("", url)
    return Row(
        id, "benign", form, populate, url, call, method=method, client=client, login=login, sizes=sizes, unit=unit
    )
