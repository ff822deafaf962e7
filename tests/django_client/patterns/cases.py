"""Ways to make a query, each with what its call site must say. Nothing here may be reformatted into other lines.

``@case`` names the query by its index among the ones that the function makes. ``at`` is a text on the line that
makes it; ``anchor`` is a text of the function with a ``|`` where a method call may be inserted. ``fix`` is
what is inserted there: the function must then return the same, with ``left`` queries.
"""

# ruff: noqa: B018, E702, SIM108 (each odd form is a case: a query that nobody takes, two on a line)
# fmt: off

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db import connection, transaction
from django.db.models import Count, Prefetch, prefetch_related_objects
from django.http import HttpRequest
from django.shortcuts import get_object_or_404, render
from django.template import engines

from .models import Note, Passport, Person, Tag, Trap, Work

REQUEST = HttpRequest()


@dataclass
class Case:
    function: Callable[[], Any]
    query: int
    at: str
    operation: str
    relation: str = ""
    kind: str = ""
    owner: str = ""
    model: str = "patterns.Work"
    state: str = ""
    joins: str = ""
    path: str = ""
    flags: int = 0
    template: tuple[str, int] | None = None
    anchor: str = ""
    fix: str = ""
    left: int = 0


CASES: list[Case] = []
PERSON_ = "patterns.Person"
PASSPORT_ = "patterns.Passport"
TAG_ = "patterns.Tag"
NOTE_ = "patterns.Note"
TRAP_ = "patterns.Trap"



def case(query: int, at: str, operation: str, relation: str = "", kind: str = "", owner: str = "", **more: Any) -> Any:
    def add(function: Callable[[], Any]) -> Callable[[], Any]:
        CASES.append(Case(function, query, at, operation, relation, kind, owner, **more))
        return function

    return add


WRITER = ("patterns.Work.writer", "foreign_key", "patterns_work")
JOIN = '.select_related("writer")'


# Forward, one-to-one, deferred, generic.
@case(0, "for work in", "fetch", anchor="Work.objects.all()|", fix=JOIN, left=1)
@case(1, "work.writer.name", "follow", *WRITER, model=PERSON_)
def follows_a_foreign_key() -> Any:
    names = []
    for work in Work.objects.all():
        names.append(work.writer.name)
    return names


@case(-1, "work.editor.name", "follow", "patterns.Work.editor", "foreign_key", "patterns_work", model=PERSON_)
def follows_the_other_of_two() -> Any:
    return [work.editor.name for work in Work.objects.filter(editor__isnull=False)]


@case(1, "getattr(work, name)", "follow", *WRITER, model=PERSON_)
@case(2, "getattr(work, name)", "follow", "patterns.Work.editor", "foreign_key", "patterns_work", model=PERSON_)
def follows_by_name() -> Any:
    work = Work.objects.get(title="work 0")
    return [getattr(work, name).name for name in ("writer", "editor")]


@case(0, "for passport in", "fetch", model=PASSPORT_, anchor="Passport.objects.order_by('pk')|",
      fix='.select_related("person")', left=1)
@case(1, "passport.person", "follow", "patterns.Passport.person", "one_to_one", "patterns_passport", model=PERSON_)
def follows_a_one_to_one() -> Any:
    return [passport.person.name for passport in Passport.objects.order_by('pk')]


@case(1, "person.passport", "follow", "patterns.Person.passport", "reverse_one_to_one", "patterns_person",
      model=PASSPORT_)
@case(0, "for person in", "fetch", model=PERSON_, anchor="Person.objects.all()|",
      fix='.select_related("passport")', left=1)
def follows_a_reverse_one_to_one() -> Any:
    return [person.passport.number for person in Person.objects.all()]


@case(0, "for work in", "fetch", state="only", anchor='Work.objects.only("pk")|', fix=".defer(None)", left=1)
@case(1, "work.title", "load_field", "patterns.Work.title", "deferred_field", "patterns_work", state="only")
def loads_a_deferred_field() -> Any:
    return [work.title for work in Work.objects.only("pk")]


@case(-1, "note.subject", "follow", "patterns.Note.subject", "generic_foreign_key", "patterns_note")
@case(0, "for note in", "fetch", model=NOTE_, anchor="Note.objects.all()|",
      fix='.prefetch_related("subject")', left=2)
def follows_a_generic_foreign_key() -> Any:
    return [note.subject.title for note in Note.objects.all()]


# Related managers.
WORKS = ("patterns.Person.works", "reverse_foreign_key", "patterns_person")
TAGS = ("patterns.Work.tags", "many_to_many", "patterns_work")


@case(1, "person.works.all()", "iterate", *WORKS, anchor="person.works.all()|")
@case(0, "for person in", "fetch", model=PERSON_, anchor="Person.objects.all()|",
      fix='.prefetch_related("works")', left=2)
def iterates_a_reverse_foreign_key() -> Any:
    titles = []
    for person in Person.objects.all():
        titles += [work.title for work in person.works.all()]
    return titles


@case(0, ".works.filter", "filter", *WORKS)
@case(1, ".works.first", "first", *WORKS, state="", anchor="person.works|.first()")
@case(2, ".works.count", "count", *WORKS)
@case(3, ".works.exists", "exists", *WORKS)
@case(4, ".works.aggregate", "aggregate", *WORKS)
@case(5, ".works.order_by", "filter", *WORKS)
@case(6, ".works.values_list", "filter", *WORKS, state="values")
@case(7, ".works.all()[", "filter", *WORKS, state="sliced")
@case(8, ".works.get", "first", *WORKS)
@case(9, ".work_set", "iterate", "patterns.Person.work_set", "reverse_foreign_key", "patterns_person")
def asks_a_reverse_manager() -> Any:
    person = PERSON
    list(person.works.filter(title="work 0"))
    person.works.first()
    person.works.count()
    person.works.exists()
    person.works.aggregate(n=Count("pk"))
    list(person.works.order_by("title"))
    list(person.works.values_list("title"))
    list(person.works.all()[:2])
    person.works.get(title="work 0")
    list(person.work_set.all())


@case(0, ".tags.all", "iterate", *TAGS, model=TAG_)
@case(1, ".tags.count", "count", *TAGS, model=TAG_)
@case(2, ".tags.filter", "filter", *TAGS, model=TAG_)
@case(3, "tag.works", "iterate", "patterns.Tag.works", "many_to_many", "patterns_tag")
@case(4, ".notes.all", "iterate", "patterns.Work.notes", "generic_relation", "patterns_work", model=NOTE_)
@case(5, ".pupils", "iterate", "patterns.Person.pupils", "reverse_foreign_key", "patterns_person", model=PERSON_)
def asks_other_managers() -> Any:
    work, tag = WORK, TAG
    list(work.tags.all())
    work.tags.count()
    list(work.tags.filter(name="x"))
    list(tag.works.all())
    list(work.notes.all())
    list(PERSON.pupils.all())


# No relation.
@case(0, "objects.get(pk", "get", kind="get_by_key", anchor="Work.objects|.get(pk=1)")
@case(1, "objects.get(title", "get")
@case(2, 'objects.get(name="person 0")', "get", kind="get_by_key", model=PERSON_)
@case(3, "filter(pk=1).first", "first", kind="get_by_key", anchor="Work.objects.filter(pk=1)|.first()")
@case(4, 'order_by("title").first', "first")
@case(5, "Work.objects.count", "count")
@case(6, "filter(pk=1).exists", "exists")
@case(7, "get_or_create", "get", model=TAG_)
@case(8, "get_object_or_404(Work, pk=1)", "get", kind="get_by_key", anchor="none")
@case(9, "get_object_or_404(Work.objects", "get", kind="get_by_key", anchor="get_object_or_404(Work.objects.all()|")
@case(10, "objects.all()[0]", "first", anchor="Work.objects.all()|[0]")
@case(11, "SELECT 1", "raw", model="")
@case(12, "raw(", "fetch", state="raw", anchor='Work.objects.raw("SELECT * FROM patterns_work")|')
@case(13, "refresh_from_db", "get", kind="get_by_key")
@case(14, "in_bulk([1, 2])", "fetch")
def asks_models() -> Any:
    Work.objects.get(pk=1)
    Work.objects.get(title="work 0")
    Person.objects.get(name="person 0")
    Work.objects.filter(pk=1).first()
    Work.objects.order_by("title").first()
    Work.objects.count()
    Work.objects.filter(pk=1).exists()
    Tag.objects.get_or_create(name="tag 0")
    get_object_or_404(Work, pk=1)
    get_object_or_404(Work.objects.all(), pk=1)
    Work.objects.all()[0]
    connection.cursor().execute("SELECT 1")
    list(Work.objects.raw("SELECT * FROM patterns_work"))
    WORK.refresh_from_db()
    Work.objects.in_bulk([1, 2])


@case(0, "for work in Work.objects.all().union", "fetch", state="combined",
      anchor="Work.objects.all().union(Work.objects.all())|")
@case(1, "values(", "fetch", state="values")
@case(2, "[:2]", "fetch", state="sliced", anchor='Work.objects.order_by("pk")[:2]|')
@case(3, "iterator", "fetch", state="iterator", anchor="Work.objects.all()|.iterator()")
@case(4, "select_related", "fetch",
      joins="writer=patterns_person\nwriter__mentor=patterns_person\neditor=patterns_person",
      anchor='Work.objects.select_related("writer__mentor", "editor")|')
@case(5, "select_for_update", "fetch", anchor="none")
def has_states() -> Any:
    for work in Work.objects.all().union(Work.objects.all()):
        work.pk
    list(Work.objects.values("pk"))
    list(Work.objects.order_by("pk")[:2])
    for work in Work.objects.all().iterator():
        work.pk
    list(Work.objects.select_related("writer__mentor", "editor"))
    with transaction.atomic():
        list(Work.objects.select_for_update().filter(pk=1))


# Prefetches.
@case(1, "for person in", "prefetch", *WORKS, path="works", anchor='prefetch_related("works__tags")|')
@case(2, "for person in", "prefetch", *TAGS, path="works__tags", model=TAG_,
      anchor='prefetch_related("works__tags")|')
def prefetches() -> Any:
    for person in Person.objects.prefetch_related("works__tags"):
        person.pk


@case(1, "list(", "prefetch", *WORKS, path="mine", anchor="Person.objects.prefetch_related(mine)|")
@case(2, "list(", "prefetch", *WRITER, path="mine__writer", model=PERSON_)
def prefetches_elsewhere() -> Any:
    mine = Prefetch("works", Work.objects.prefetch_related("writer"), to_attr="mine")
    list(Person.objects.prefetch_related(mine))


@case(0, "prefetch_related_objects", "prefetch", *WORKS, path="works")
def prefetches_one() -> Any:
    prefetch_related_objects([PERSON], "works")
    PERSON._prefetched_objects_cache.clear()


@case(2, "for person in", "prefetch", *WORKS, path="works", flags=1, state="iterator")
def prefetches_in_chunks() -> Any:
    for person in Person.objects.prefetch_related("works").iterator(chunk_size=2):
        person.pk


# Writes.
@case(0, "objects.create", "insert", model=TAG_)
@case(1, "tag.save", "update", model=TAG_)
@case(2, ".update(", "update", model=TAG_)
@case(3, "bulk_create", "insert", model=TAG_, flags=2)
@case(4, "bulk_update", "update", model=TAG_, flags=2)
@case(5, "tags.add", "insert", model="patterns.Work_tags")
@case(-1, "tag.delete", "delete", model=TAG_)
@case(-2, "tag.delete", "delete", model="patterns.Work_tags", flags=2)
def writes() -> Any:
    with transaction.atomic():
        tag = Tag.objects.create(name="new")
        tag.save()
        Tag.objects.filter(name="nobody").update(name="n")
        Tag.objects.bulk_create([Tag(name="a")])
        Tag.objects.bulk_update([tag], ["name"])
        WORK.tags.add(tag)
        tag.delete()


# Where the fix goes.
@case(0, "for work in works", "fetch", anchor='Work.objects.order_by("pk")|', fix=JOIN, left=1)
def assigns() -> Any:
    works = Work.objects.order_by("pk")
    return [work.writer.name for work in works]


@case(0, "for work in works", "fetch", anchor="Work.objects.all()|", fix=JOIN, left=1)
def assigns_and_refines() -> Any:
    works = Work.objects.all()
    if REQUEST.method is None:
        works = works.filter(pk__gt=0)
    for work in works:
        work.writer.name


@case(0, "for work in works", "fetch", anchor="none")
def assigns_in_two_branches() -> Any:
    if REQUEST.method is None:
        works = Work.objects.all()
    else:
        works = Work.objects.filter(pk=1)
    for work in works:
        work.writer.name


def _names(works: Any) -> list[str]:
    return [work.writer.name for work in works]


@case(0, "_names(", "fetch", anchor="Work.objects.filter(pk__gt=0)|", fix=JOIN, left=1)
def passes_to_a_helper() -> Any:
    return _names(Work.objects.filter(pk__gt=0))


def _all_works() -> Any:
    return Work.objects.all()


@case(0, "for work in", "fetch", anchor="_all_works()|", fix=JOIN, left=1)
def gets_from_a_helper() -> Any:
    return [work.writer.name for work in _all_works()]


@case(0, "if works", "fetch", anchor="Work.objects.all()|", fix=JOIN, left=1)
def asks_whether() -> Any:
    works = Work.objects.all()
    if works:
        return [work.writer.name for work in works]


@case(0, "sorted(", "fetch", anchor="Work.objects.all()|, key", fix=JOIN, left=1)
def sorts() -> Any:
    return [work.writer.name for work in sorted(Work.objects.all(), key=lambda work: work.title)]


@case(0, "enumerate(", "fetch", anchor="Work.objects.all()|)", fix=JOIN, left=1)
def enumerates() -> Any:
    return {number: work.writer.name for number, work in enumerate(Work.objects.all())}


@case(0, "join(", "fetch", anchor="Work.objects.all()|)", fix=JOIN, left=1)
def joins() -> Any:
    return ", ".join(work.writer.name for work in Work.objects.all())


@case(0, "for work in (", "fetch", anchor=".order_by('pk')|", fix=JOIN, left=1)
def spans_lines() -> Any:
    names = []
    for work in (Work.objects
                 .filter(pk__gt=0).exclude(title="äöü €").order_by('pk')):
        names.append(work.writer.name)
    return names


@case(0, ".first()", "first", anchor=".order_by('pk')|", fix=JOIN, left=1)
def takes_the_first_over_lines() -> Any:
    return (
        Work.objects
        .order_by('pk')
        .first()
    ).writer.name


@case(0, "list(works)", "fetch", anchor="works = Work.objects.all()|", fix=JOIN, left=1)
def lists() -> Any:
    works = Work.objects.all(); rows = list(works)
    return [work.writer.name for work in rows]


@case(0, "[*", "fetch", anchor="Work.objects.all()|", fix=JOIN, left=1)
def unpacks() -> Any:
    return [work.writer.name for work in [*Work.objects.all()]]


@case(0, "while", "fetch", anchor="Work.objects.all()|[:3:1]", fix=JOIN, left=1)
def slices_with_step() -> Any:
    rows = Work.objects.all()[:3:1]  # while
    return [work.writer.name for work in rows]


@case(1, "list(Page", "fetch", state="sliced", anchor='Work.objects.order_by("pk")|', fix=JOIN, left=2)
def paginates() -> Any:
    works = Work.objects.order_by("pk")
    return [work.writer.name for work in list(Paginator(works, 3).page(1))]  # list(Page


# Templates.
@case(0, "render(", "fetch", template=("patterns/works.html", 2), anchor='"works": Work.objects.order_by("pk")|',
      fix=JOIN, left=1)
@case(1, "render(", "follow", *WRITER, model=PERSON_, template=("patterns/works.html", 3))
def renders() -> Any:
    return render(REQUEST, "patterns/works.html", {"others": [], "works": Work.objects.order_by("pk")}).content


@case(0, "render(", "fetch", template=("patterns/works.html", 2),
      anchor="works = Work.objects.all()|", fix=JOIN, left=1)
def renders_a_variable() -> Any:
    works = Work.objects.all()
    context = {"works": works}
    return render(REQUEST, "patterns/works.html", context).content


@case(0, "render(", "fetch", template=("patterns/works.html", 2),
      anchor="Work.objects.filter(pk__gt=0)|", fix=JOIN, left=1)
def renders_an_entry() -> Any:
    context: dict[str, Any] = {"others": Work.objects.all()}
    context["works"] = Work.objects.filter(pk__gt=0)
    return render(REQUEST, "patterns/works.html", context).content


def _respond(name: str, works: Any) -> Any:
    return render(REQUEST, f"patterns/{name}.html", {"works": works}).content


@case(0, "_respond(", "fetch", template=("patterns/works.html", 2),
      anchor="works = Work.objects.all()|", fix=JOIN, left=1)
def renders_in_a_helper() -> Any:
    works = Work.objects.all()
    return _respond("works", works)


@case(1, "render(", "iterate", *TAGS, model=TAG_, template=("patterns/tags.html", 3))
def renders_a_manager() -> Any:
    return render(REQUEST, "patterns/tags.html", {"works": Work.objects.all()}).content


@case(0, "of_a_string", "fetch", anchor="Work.objects.all()|")
def renders_a_string() -> Any:
    template = engines["django"].from_string("{% for work in works %}{{ work.title }}{% endfor %}")
    works = Work.objects.all()
    return template.render({"works": works})  # of_a_string


@case(1, "render(", "fetch", state="sliced", template=("patterns/works.html", 2), anchor='Work.objects.order_by("pk")|',
      fix=JOIN, left=2)
def renders_a_page() -> Any:
    works = Work.objects.order_by("pk")
    others = Tag.objects.all()
    paginator = Paginator(works, 3)
    page = paginator.get_page(1)
    return render(REQUEST, "patterns/works.html", {"works": page, "others": others}).content


@case(0, "render(", "fetch", template=("patterns/works.html", 2), anchor="none")
def renders_one_of_two() -> Any:
    first, second = Work.objects.all(), Work.objects.all()
    return render(REQUEST, "patterns/works.html", {"works": first, "others": second}).content


def _refine(works: Any) -> list[str]:
    works = works.filter(pk__gt=0)[:4]
    return [work.writer.name for work in works]


@case(0, "_refine(", "fetch", state="sliced", anchor="Work.objects|)", fix=JOIN, left=1)
def passes_a_manager() -> Any:
    return _refine(Work.objects)


def _replace(works: Any, person: Any) -> list[str]:
    works = person.works.all()
    return [work.editor.name for work in works]


@case(0, "_replace(", "iterate", *WORKS)
def passes_what_is_replaced() -> Any:
    return _replace(None, PERSON)


@case(1, "for work in", "iterate", *WORKS, anchor="none")
def assigns_to_one_name_twice() -> Any:
    someone: Any = Person.objects.get(name="person 0")
    someone = someone.works.all()
    return [work.editor.name for work in someone]


# Recursion, generators, traps.
def _depth(person: Any) -> int:
    return 1 + _depth(person.mentor) if person.mentor_id else 0


@case(1, "_depth(last)", "follow", "patterns.Person.mentor", "foreign_key", "patterns_person", model=PERSON_)
def recurses() -> Any:
    last = Person.objects.get(name="person 3")
    return _depth(last)


def _titles() -> Iterator[str]:
    for work in Work.objects.all():
        yield work.writer.name


@case(0, "list(_titles())", "fetch")
def generates() -> Any:
    return list(_titles())


@case(1, "trap.work.title", "follow", "patterns.Trap.work", "foreign_key", "patterns_trap")
@case(2, "trap.work.traps", "iterate", "patterns.Work.traps", "reverse_foreign_key", "patterns_work", model=TRAP_)
@case(0, "trap = ", "get", model=TRAP_, kind="get_by_key", anchor="Trap.objects|.get")
def is_trapped() -> Any:
    trap = Trap.objects.get(pk=1)
    trap.work.title
    list(trap.work.traps.all())


PERSON: Any = None
WORK: Any = None
TAG: Any = None


def populate() -> None:
    """Fill the tables; called once."""
    global PERSON, WORK, TAG
    people = []
    for number in range(4):
        people.append(Person.objects.create(name=f"person {number}", mentor=people[-1] if people else None))
        Passport.objects.create(person=people[-1], number=f"{number}")
    TAG = Tag.objects.create(name="tag 0")
    for number in range(5):
        work = Work.objects.create(title=f"work {number}", writer=people[number % 3], editor=people[3])
        work.tags.add(TAG)
        Note.objects.create(text="a note", subject=work)
        Trap.objects.create(name="a trap", work=work)
    PERSON = Person.objects.get(name="person 0")
    WORK = Work.objects.get(title="work 0")
