"""Tests of pages, as pytest-django's users write them; some are meant to fail."""

import pytest
from library.models import Author, Book, Note
from library.rows import add_books

pytestmark = pytest.mark.django_db(databases=["default", "other"])


@pytest.fixture
def rows():
    add_books(12)


def test_page(rows, client):
    assert client.get("/books/").status_code == 200


def test_loop(rows, client):
    assert client.get("/books/loop/").status_code == 200


@pytest.mark.parametrize("count", [1, 4, 30])
def test_loop_of(count, client):
    add_books(count)
    assert client.get("/books/loop/").status_code == 200


def test_two_pages(rows, client):
    client.get("/books/")
    client.get("/books/")
    client.get(f"/books/{Book.objects.first().pk}/")


def test_two_databases():
    assert Note.objects.count() + Author.objects.count() == 0


def test_status_of_an_enumeration(client):
    assert client.get("/teapot/").status_code == 418


def test_cached(client):
    client.get("/cached/")


@pytest.mark.mercury(query_count=1, response_time_ms=60_000)
def test_marked(rows, client):
    client.get("/books/")


@pytest.mark.mercury(query_count=5, response_time_ms=60_000)
def test_marked_and_over(rows, client):
    client.get("/books/loop/")


def test_fixture(rows, client, mercury):
    with mercury(query_count=1, response_time_ms=60_000) as result:
        client.get("/books/")
    mercury.assert_no_n_plus_one(result)


def test_fixture_and_over(rows, client, mercury):
    with mercury("the loop", query_count=100, response_time_ms=60_000):
        client.get("/books/loop/")


def test_constant(client, mercury):
    for _ in mercury.assert_constant_queries(add_books):
        client.get("/books/")


def test_growing(client, mercury):
    for _ in mercury.assert_constant_queries(add_books):
        client.get("/books/loop/")


def test_wrong():
    assert Book.objects.count() == 7


@pytest.mark.skip(reason="shows what a report does with it")
def test_skipped():
    raise AssertionError


@pytest.mark.xfail(reason="shows what a report does with it", strict=True)
def test_expected():
    assert Book.objects.count() == 7
