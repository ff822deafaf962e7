"""Call sites where no line of the application is on the stack: views, serializers, the admin, coroutines."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.contrib.admin.sites import site as admin_site
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import include, path
from django.views.generic import DetailView, ListView
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from shop import admin as shop_admin
from shop import api, views
from shop.models import Author, Book, Review
from sink import Sink

from django_mercury import call_sites, unit
from mercury_client import faults
from mercury_client.protocol import Site, UnitKind

HERE = Path(__file__).resolve()


class OneBook(DetailView):
    template_name = "shop/book.html"

    def get_queryset(self) -> Any:
        books = Book.objects.filter(pk__gt=0)
        return books


class AllBooks(ListView):
    template_name = "shop/books_naive.html"
    context_object_name = "books"
    paginate_by = 5
    queryset = Book.objects.order_by("pk")


class OnlyModel(ListView):
    ordering = "pk"
    template_name = "shop/books_naive.html"
    context_object_name = "books"
    model = Book


class WriterSerializer(serializers.ModelSerializer):
    books = serializers.StringRelatedField(source="book_set", many=True)

    class Meta:
        model = Author
        fields = ("name", "books")


class DeepSerializer(serializers.ModelSerializer):
    author = WriterSerializer()

    class Meta:
        model = Book
        fields = ("title", "author")


class Deep(ListAPIView):
    serializer_class = DeepSerializer
    queryset = Book.objects.filter(pk__lt=4).order_by("pk")


def some(request: Any) -> HttpResponse:
    books = Book.objects.filter(pk__lt=4)
    rows = DeepSerializer(books, many=True)
    return HttpResponse(str(rows.data))


async def _first(name: str) -> Any:
    return await Author.objects.filter(name=name).afirst()


async def gathers(request: Any) -> HttpResponse:
    await asyncio.gather(_first("a"), Author.objects.acount(), _first("b"))
    async for book in Book.objects.order_by("pk")[:2]:
        await Review.objects.filter(book=book).aexists()
    return HttpResponse("")


urlpatterns = [
    path("one/<int:pk>/", OneBook.as_view()),
    path("all/", AllBooks.as_view()),
    path("model/", OnlyModel.as_view()),
    path("deep/", Deep.as_view()),
    path("some/", some),
    path("gathers/", gathers),
    path("admin/", admin_site.urls),
    path("", include("shop.urls")),
    path("api/", include("shop.api_urls")),
]


@pytest.fixture(autouse=True)
def roots() -> Iterator[None]:
    """Make this file and the bookshop the application, and this file its routes."""
    call_sites.configure("all", [str(HERE), str(Path(views.__file__).parent)])
    before = faults.total()
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
        yield
    call_sites.configure("all")
    assert faults.total() == before


def sites(sink: Sink, url: str, client: Any = None) -> list[Site]:
    """Return the sites of what one request asks, without those of sessions and users."""
    response = (client or Client()).get(url)
    assert response.status_code == 200
    one = sink.one(UnitKind.REQUEST)
    found = [record[7] for record in one.records[: one.count] if not record[0].control]
    return [site for site in found if not site.model.startswith(("sessions.", "auth."))]


def line_of(thing: Any, text: str) -> int:
    lines, first = inspect.getsourcelines(thing)
    return max(first, 1) + next(number for number, line in enumerate(lines) if text in line)


def most_frequent(found: list[Site]) -> list[Site]:
    """Return the sites that stand for more than two queries, most frequent first."""
    return [site for site, count in Counter(found).most_common() if count > 2]


def test_a_list_views_template_names_view_template_line_and_the_class_attribute(sink: Sink) -> None:
    """The view's frame is gone when its template is rendered."""
    found = sites(sink, "/all/")
    books = next(one for one in found if one.model == "shop.Book" and one.operation == "fetch")
    name = f"{__name__}.AllBooks"
    assert (books.view, books.template and books.template.name) == (name, "shop/books_naive.html")
    line = line_of(AllBooks, "queryset =")
    assert books.anchor == (str(HERE), line, len('    queryset = Book.objects.order_by("pk")'), 1)
    relations = {(one.operation, one.relation, one.view) for one in most_frequent(found)}
    assert relations == {("follow", "shop.Book.author", name), ("count", "shop.Book.review_set", name)}
    assert all(not frame.application for one in found for frame in one.frames)


def test_two_views_of_one_template_are_two_places(sink: Sink) -> None:
    """The same library frames serve both; a view without a queryset of its own has no anchor."""
    first = next(one for one in sites(sink, "/all/") if one.operation == "fetch")
    second = next(one for one in sites(sink, "/model/") if one.operation == "fetch")
    assert (first.view, second.view) == (f"{__name__}.AllBooks", f"{__name__}.OnlyModel")
    assert second.anchor is None


def test_a_detail_views_queryset_is_what_its_method_returns(sink: Sink) -> None:
    found = sites(sink, "/one/1/")
    assert (found[0].operation, found[0].relation_kind) == ("get", "get_by_key")
    line = line_of(OneBook, "return books")
    assert found[0].anchor == (str(HERE), line, len("        return books"), 1)


def test_a_serializer_names_its_field_and_the_view_its_queryset(sink: Sink) -> None:
    """The bookshop's naive API: relation and field of each of its five queries a row."""
    found = sites(sink, "/api/books-naive/")
    frequent = {(one.serializer_field, one.operation, one.relation) for one in most_frequent(found)}
    assert frequent == {
        ("NaiveBookSerializer.author", "follow", "shop.Book.author"),
        ("NaiveBookSerializer.publisher", "follow", "shop.Book.publisher"),
        ("NaiveBookSerializer.tags", "iterate", "shop.Book.tags"),
        ("NaiveBookSerializer.reviews", "iterate", "shop.Book.review_set"),
        ("NaiveBookSerializer.stars", "filter", "shop.Book.review_set"),
    }
    assert {one.view for one in most_frequent(found)} == {"shop.api.NaiveBookViewSet"}
    stars = next(one for one in found if one.serializer_field.endswith("stars"))
    assert stars.frames[0].function.endswith("get_stars")
    root = next(one for one in found if one.operation == "fetch")
    text = "return super().get_queryset().filter(price_cents__gt=0)"
    assert root.anchor == (api.__file__, line_of(api.NaiveBookViewSet, text), 8 + len(text), 1)


def test_nested_serializers_are_a_path(sink: Sink) -> None:
    found = sites(sink, "/deep/")
    fields = {(one.serializer_field, one.relation) for one in most_frequent(found)}
    assert fields == {
        ("DeepSerializer.author", "shop.Book.author"),
        ("DeepSerializer.author.books", "shop.Author.book_set"),
    }
    text = '    queryset = Book.objects.filter(pk__lt=4).order_by("pk")'
    root = next(one for one in found if one.operation == "fetch")
    assert root.anchor == (str(HERE), line_of(Deep, "queryset ="), len(text), 1)


def test_a_serializer_in_a_function_leads_to_the_variable_it_was_given(sink: Sink) -> None:
    found = sites(sink, "/some/")
    assert found[0].frames[0].line == line_of(some, "rows.data")
    text = "    books = Book.objects.filter(pk__lt=4)"
    assert found[0].anchor == (str(HERE), line_of(some, "books = "), len(text), 1)


def test_an_admin_list_names_class_and_column(sink: Sink) -> None:
    """Also the line of the class, behind its docstring, where list_select_related belongs."""
    User.objects.filter(username="root").delete()
    client = Client()
    client.force_login(User.objects.create_superuser("root", "", "root"))
    sink.units()
    found = sites(sink, "/admin/shop/book/", client)
    frequent = {(one.admin_column, one.operation, one.relation) for one in most_frequent(found)}
    wanted = {("BookAdmin.review_count", "count", "shop.Book.review_set")}
    joins = "author=shop_author"
    if django.VERSION < (6, 1):
        wanted.add(("BookAdmin.publisher", "follow", "shop.Book.publisher"))
    else:  # the admin itself joins what may be null, too
        joins += "\npublisher=shop_publisher"
    assert frequent == wanted
    count = next(one for one in found if one.admin_column == "BookAdmin.review_count")
    assert count.template is None and count.frames[0].function.endswith("review_count")
    books = next(one for one in found if one.operation == "fetch" and one.model == "shop.Book")
    assert (books.view, books.joins) == ("shop.admin.BookAdmin", joins)
    assert books.anchor == (shop_admin.__file__, line_of(shop_admin.BookAdmin, "list_display"), 4, 2)
    User.objects.filter(username="root").delete()


def async_places(found: list[Site]) -> set[tuple[str, str, int]]:
    return {(one.operation, one.frames[0].function, one.frames[0].line) for one in found}


ASYNC_PLACES = {
    ("first", "_first", line_of(_first, "afirst")),
    ("count", "gathers", 0),
    ("fetch", "gathers", line_of(gathers, "async for")),
    ("exists", "gathers", line_of(gathers, "aexists")),
}


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_a_coroutine_that_waits_for_the_orm_is_the_place(sink: Sink, kind: str) -> None:
    """Under WSGI and ASGI, in gather (whose own tasks have no frame of the view), and in async loops."""
    if kind == "wsgi":
        found = sites(sink, "/gathers/")
    else:

        async def ask() -> None:
            assert (await AsyncClient().get("/gathers/")).status_code == 200

        asyncio.run(ask())
        one = sink.one(UnitKind.REQUEST)
        found = [record[7] for record in one.records[: one.count] if not record[0].control]
    application = [one for one in found if one.frames and one.frames[0].application]
    assert async_places(application) == {place for place in ASYNC_PLACES if place[2]}
    # A method of the ORM that gather runs as a task of its own has no frame of the application at all.
    assert [one.operation for one in found if one not in application] == ["count"]
    books = next(one for one in found if one.operation == "fetch")
    line = line_of(gathers, "async for")
    assert books.anchor == (str(HERE), line, len('    async for book in Book.objects.order_by("pk")[:2]'), 1)


def test_middleware_is_no_place_of_a_views_query(sink: Sink) -> None:
    """The stack ends at Django's handler: no frame of a test, of middleware or of a server."""
    found = sites(sink, "/some/")
    assert {frame.function for one in found for frame in one.frames} == {"some"}


def test_a_view_called_without_a_handler_is_named_too(sink: Sink) -> None:
    with unit("block"):
        assert Deep.as_view()(RequestFactory().get("/")).status_code == 200
    one = sink.one()
    deep = [record[7] for record in one.records[: one.count] if record[7].serializer_field]
    assert {site.view for site in deep} == {f"{__name__}.Deep"}
