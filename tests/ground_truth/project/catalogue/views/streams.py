"""Responses whose rows are read while they are sent."""

import csv

from django.http import StreamingHttpResponse

from catalogue.models import Author, Book


class Echo:
    """A file that returns what is written."""

    def write(self, value):
        return value


def rows():
    for book in Book.objects.order_by("pk"):  # source: stream.view
        yield f"{book.title}: {book.publisher.name}\n"  # trigger: stream.view


def plain(request):
    return StreamingHttpResponse(rows(), content_type="text/plain")


def export(request):
    """The CSV export of Django's documentation."""
    writerow = csv.writer(Echo()).writerow
    books = Book.objects.order_by("pk").iterator()  # queryset: stream.csv
    lines = (writerow([book.title, book.author.name]) for book in books)  # trigger: stream.csv # source: stream.csv
    return StreamingHttpResponse(lines, content_type="text/csv")


def totals():
    for author in Author.objects.order_by("pk").iterator(chunk_size=100):  # source: stream.count
        yield f"{author.name}: {author.books.count()}\n"  # trigger: stream.count


def counts(request):
    return StreamingHttpResponse(totals(), content_type="text/plain")


async def announce():
    async for author in Author.objects.order_by("pk"):  # source: stream.async
        yield f"{author.name}: {await author.books.acount()}\n"  # trigger: stream.async


async def asynchronous(request):
    return StreamingHttpResponse(announce(), content_type="text/plain")
