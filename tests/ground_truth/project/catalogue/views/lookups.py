"""One row fetched at a time, by key or by hand."""

from django.db import connection
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from lending.models import Member, Setting

from catalogue import sql
from catalogue.answers import text
from catalogue.models import Author, Book, Chapter, Genre, Publisher


def raw(request):
    lines = []
    with connection.cursor() as cursor:
        for book in Book.objects.order_by("pk"):
            cursor.execute("SELECT COUNT(*) FROM catalogue_review WHERE book_id = %s", [book.pk])  # trigger: raw.view
            lines.append(f"{book.title}: {cursor.fetchone()[0]}")
    return text(lines)


def raw_helper(request):
    return text([sql.rating_of(book.pk) for book in Book.objects.order_by("pk")])


def fstring(request):
    lines = []
    for book in Book.objects.order_by("pk"):
        with connection.cursor() as cursor:
            query = f"SELECT name FROM catalogue_publisher WHERE id = {book.publisher_id}"
            cursor.execute(query)  # trigger: fstring.view
            lines.append(f"{book.title}: {cursor.fetchone()[0]}")
    return text(lines)


def fstring_helper(request):
    books = Book.objects.order_by("pk")
    return text([sql.author_name(book) for book in books])


def fstring_raw(request):
    """``Manager.raw()`` with the number written into the statement."""
    lines = []
    for author in Author.objects.order_by("pk"):
        rows = Book.objects.raw(f"SELECT * FROM catalogue_book WHERE author_id = {author.pk} ORDER BY id")
        lines += [book.title for book in rows]  # trigger: fstring.raw
    return text(lines)


def get_pk(request):
    names = []
    for author_id in Book.objects.order_by("pk").values_list("author_id", flat=True):
        names.append(Author.objects.get(pk=author_id).name)  # trigger: get_pk.view
    return text(names)


def get_pk_from_request(request):
    """The keys come from the query string: no earlier statement has anything to do with it."""
    books = [get_object_or_404(Book, pk=pk) for pk in request.GET.getlist("pk")]  # trigger: get_pk.shortcut
    return text([book.title for book in books])


def load(model, pk):
    return model.objects.get(id=pk)  # trigger: get_pk.helper


def get_pk_helper(request):
    rows = Book.objects.order_by("pk").values("title", "publisher_id")
    return JsonResponse({row["title"]: load(Publisher, row["publisher_id"]).name for row in rows})


def filter_first(request):
    lines = []
    for book in Book.objects.order_by("pk"):
        publisher = Publisher.objects.filter(pk=book.publisher_id).first()  # trigger: filter_pk.first
        lines.append(f"{book.title}: {publisher.name if publisher else '-'}")
    return text(lines)


def filter_pk_values(request):
    names = []
    for chapter in Chapter.objects.order_by("pk"):
        row = Book.objects.filter(pk=chapter.book_id).values_list("title", flat=True)
        names.append(row[0])  # trigger: filter_pk.values
    return text(names)


def get_by_card(request):
    """A unique column that is not the key."""
    cards = [f"card {number}" for number in range(int(request.GET["n"]))]
    members = [Member.objects.get(card=card) for card in cards]  # trigger: get_unique.view
    return text([member.pk for member in members])


def get_or_create(request):
    """Every genre exists already."""
    pks = []
    for name in request.GET.getlist("name"):
        genre, _ = Genre.objects.get_or_create(name=name)  # trigger: get_or_create.found
        pks.append(genre.pk)
    return text(pks)


def get_or_create_new(request):
    """No genre exists yet: each name is a SELECT and an INSERT."""
    made = 0
    for number in range(int(request.GET["n"])):
        _, is_new = Genre.objects.get_or_create(name=f"new genre {number}")  # trigger: get_or_create.new
        made += is_new
    return text([made])


def setting(key):
    return Setting.objects.get(key=key).value  # trigger: repeated.helper


def same_setting(request):
    lines = []
    for book in Book.objects.order_by("pk"):
        currency = Setting.objects.get(key="currency").value  # trigger: repeated.view
        lines.append(f"{book.title}: {book.price} {currency}")
    return text(lines)


def same_setting_helper(request):
    return text([f"{book.title}: {book.price} {setting('currency')}" for book in Book.objects.order_by("pk")])


def same_count(request):
    lines = []
    for book in Book.objects.order_by("pk"):
        lines.append(f"{book.pk} of {Book.objects.count()}: {book.title}")  # trigger: repeated.count
    return text(lines)
