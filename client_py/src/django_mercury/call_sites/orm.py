"""Read from the ORM's frames what was being done: the operation, the relation, the model, the state.

The ORM's part of a stack, innermost first, for ``book.author`` and for ``author.books.count()``::

    compiler.execute_sql              compiler.execute_sql
    ModelIterable.__iter__            Query.get_count
    QuerySet._fetch_all, .get         QuerySet.count            self._hints: the author
    Descriptor.get_object, .__get__   manager_method
    ---- the application, a template, a serializer ----

The innermost frame that decides, decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet, sql
from django.db.models.sql.compiler import SQLCompiler

from mercury_client.protocol import SiteFlags

from . import querysets, relations
from .relations import Relation
from .stack import CONTENT_TYPES, DELETION, DESCRIPTORS, MODELS, QUERIES, QUERY_UTILS, Step, is_manager, is_queryset

__all__ = ["Call", "describe", "segment_end"]

CHUNK, BULK = int(SiteFlags.CHUNK), int(SiteFlags.BULK)

_OPERATIONS = {
    "count": "count", "exists": "exists", "contains": "exists", "aggregate": "aggregate", "get": "get",
    "first": "first", "last": "first", "earliest": "first", "latest": "first", "explain": "other",
}  # fmt: skip
_ROWS = ("fetch", "get", "first")  # what returns rows of a queryset
_CREATING = ("get_or_create", "update_or_create")


class Call:
    """What the ORM was doing. ``root`` is the queryset that the application evaluated, if there is one."""

    __slots__ = ("batched", "creating", "flags", "iterator", "joins", "model", "operation", "path", "query", "queryset",
                 "relation", "root")  # fmt: skip

    def __init__(self) -> None:
        self.operation = ""
        self.relation: Relation = relations.NONE
        self.model: Any = None
        self.joins = ""
        self.path = ""
        self.flags = 0
        self.query: Any = None
        self.queryset: Any = None  # the innermost
        self.root: Any = None  # the outermost
        self.iterator = False
        self.creating = False
        self.batched = False

    @property
    def state(self) -> str:
        """The words that describe the root queryset."""
        words = querysets.state(self.root) if self.root is not None else ""
        return f"{words} iterator".lstrip() if self.iterator else words


def segment_end(steps: Sequence[Step]) -> int:
    """Return the number of innermost frames that are the ORM's.

    Methods of an application's or library's own queryset or manager class are part of it where the ORM called
    them, and where they stand for one of Django's (``get``, ``__iter__``): the line of interest called them.
    """
    end = 0
    for index, step in enumerate(steps):
        if step.orm:
            end = index + 1
        elif step.application or step.template or step.serializer or step.column:
            inside = (index + 1 < len(steps) and steps[index + 1].orm) or hasattr(QuerySet, step.name)
            receiver = step.receiver() if inside else None
            if not (is_queryset(receiver) or is_manager(receiver)):
                break
            end = index + 1
        elif index - end > 3:  # contextlib, asgiref, a library's subclass may stand between; much else does not
            break
    return end


def describe(steps: Sequence[Step]) -> Call:
    """Describe the call that the ORM's frames, and only they, are part of."""
    call = Call()
    for step in steps:
        if step.orm:
            _look_at(call, step, steps)
    if not call.operation:
        call.operation = "fetch" if call.queryset is not None else ("raw" if call.query is None else "other")
    if call.queryset is not None and not call.relation.kind and call.operation not in ("prefetch", "load_field"):
        _relate(call)
    if call.query is not None:
        call.model = call.model or querysets.model_of(call.query)
        call.joins = querysets.joins(call.query) if call.operation not in ("count", "exists", "aggregate") else ""
    elif call.queryset is not None:
        call.model = querysets.model_of(call.queryset)
    return call


def _look_at(call: Call, step: Step, steps: Sequence[Step]) -> None:
    name, file = step.name, step.file
    if file == QUERIES:
        _look_at_queryset(call, step)
    elif name == "execute_sql" and call.query is None:
        _look_at_compiler(call, step.local("self"))
    elif name == "__get__" and (file in (DESCRIPTORS, QUERY_UTILS) or file.startswith(CONTENT_TYPES)):
        _look_at_descriptor(call, step)
    elif name in ("count", "exists") and file == DESCRIPTORS:
        call.model = querysets.model_of(step.local("self"))  # the query may read the through table only
    elif name == "_add_items" and file == DESCRIPTORS and not call.batched:
        call.flags &= ~BULK  # one add() to a many-to-many relation is one write, however Django makes it
    elif file == DELETION:
        _look_at_deletion(call, step)
    elif file == MODELS and name == "refresh_from_db" and not call.operation:
        call.operation = "get"
    elif file.startswith(CONTENT_TYPES) and name.startswith("get_for_"):
        call.operation = "other"  # the type of a generic relation, which Django keeps: not what was asked for


def _look_at_compiler(call: Call, compiler: Any) -> None:
    if not isinstance(compiler, SQLCompiler):
        return
    call.query = query = compiler.query
    if isinstance(query, sql.InsertQuery):
        call.operation = "insert"
    elif isinstance(query, sql.UpdateQuery):
        call.operation = "update"
    elif isinstance(query, sql.DeleteQuery):
        call.operation = "delete"


def _look_at_queryset(call: Call, step: Step) -> None:
    name = step.name
    if name == "prefetch_one_level":
        _look_at_prefetch(call, step)
        return
    value = step.local("self")
    if name in ("_iterator", "iterator", "aiterator") and querysets.query_of(value) is not None:
        call.iterator = True
        if call.operation == "prefetch":
            call.flags |= CHUNK
    elif name in ("bulk_update", "bulk_create"):
        call.flags |= BULK
    elif name == "in_bulk" and _is_batched(step, "id_list"):
        call.flags |= CHUNK
    elif name == "_batched_insert":
        call.batched = _is_batched(step, "objs")
    elif name in _CREATING:
        call.creating = True
    if name == "__iter__" and not is_queryset(value):
        value = getattr(value, "queryset", None)  # of ModelIterable and its like
    if is_queryset(value):
        if call.queryset is None:
            call.queryset = value
        call.root = value
        if call.query is None:
            call.query = querysets.query_of(value)
    if not call.operation:
        if name in _OPERATIONS:
            call.operation = _OPERATIONS[name]
        elif name == "__getitem__" and type(step.local("k")) is int:
            call.operation = "first"


def _is_batched(step: Step, name: str) -> bool:
    """Tell whether one call becomes several statements, from its list and ``batch_size``."""
    size, items = step.local("batch_size"), step.local(name)
    return type(size) is int and isinstance(items, tuple | list) and 0 < size < len(items)


def _look_at_descriptor(call: Call, step: Step) -> None:
    if call.operation in ("", "get", "fetch") and not call.relation.kind:
        call.relation = relations.of_descriptor(step.local("self"), step.local("instance"))
        if call.relation.kind:
            call.operation = "load_field" if call.relation.kind == "deferred_field" else "follow"


def _look_at_prefetch(call: Call, step: Step) -> None:
    lookup, level, instances = step.local("lookup"), step.local("level"), step.local("instances")
    if type(level) is not int or type(instances) is not list or not instances:
        return
    path = "__".join(lookup.prefetch_to.split("__")[: level + 1])
    if call.operation == "prefetch":  # of rows that are themselves being prefetched
        call.path = f"{path}__{call.path}"
        return
    if call.operation == "other" or call.relation.kind:
        return
    call.operation = "prefetch"
    call.path = path
    attributes = lookup.prefetch_through.split("__")
    call.relation = relations.of_accessor(type(instances[0]), attributes[level])


def _look_at_deletion(call: Call, step: Step) -> None:
    """Leave the deletion of what was asked for a write of its own; what it drags along is bulk."""
    if step.name == "collect":
        call.flags |= BULK
        return
    if step.name != "delete":
        return
    origin = step.local("self").__dict__.get("origin")
    model = origin.model if is_queryset(origin) else type(origin)
    asked = getattr(getattr(model, "_meta", None), "db_table", "")
    deleted = querysets.model_of(call.query)
    if call.operation != "delete" or deleted is None or deleted._meta.db_table != asked:
        call.flags |= BULK
    else:
        ids = step.local("pk_list")
        if type(ids) is list and len(ids) > 100:  # GET_ITERATOR_CHUNK_SIZE: one delete(), many statements
            call.flags |= BULK


def _relate(call: Call) -> None:
    """Find the related manager that a queryset came from, or a look-up by key."""
    query = querysets.query_of(call.queryset)
    instance = querysets.hinted_instance(call.queryset)
    if call.operation in ("insert", "update", "delete", "raw", "other", "follow") or query is None:
        return
    if instance is not None:
        call.relation = relations.of_manager(instance, query)
    elif call.queryset.__dict__.get("_db") and query.model._meta.private_fields:
        call.relation = relations.of_generic_manager(query, call.queryset.__dict__["_db"])
    if call.relation.kind:
        if call.operation == "get":
            call.operation = "first"
        elif call.operation == "fetch":
            plain = not call.iterator and querysets.is_plain(call.queryset, query, call.relation.core)
            call.operation = "iterate" if plain else "filter"
    elif call.operation in ("get", "first") and not call.creating and querysets.by_unique_key(query):
        call.relation = Relation("", "get_by_key", "")
