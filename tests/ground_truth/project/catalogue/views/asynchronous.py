"""Async views; the tests call them through ASGI and through WSGI."""

import asyncio

from asgiref.sync import sync_to_async
from django.http import JsonResponse

from catalogue.answers import text
from catalogue.models import Author, Book, Publisher


async def count(request):
    lines = []
    async for author in Author.objects.order_by("pk"):  # source: async.count, async.count_wsgi
        lines.append(f"{author.name}: {await author.books.acount()}")  # trigger: async.count, async.count_wsgi
    return text(lines)


async def iterate(request):
    answer = {}
    authors = Author.objects.order_by("pk")  # queryset: async.iterate, async.iterate_wsgi
    async for author in authors:  # source: async.iterate, async.iterate_wsgi
        titles = [book.title async for book in author.books.all()]  # trigger: async.iterate, async.iterate_wsgi
        answer[author.name] = titles
    return JsonResponse(answer)


async def get(request):
    lines = []
    async for book in Book.objects.order_by("pk"):
        publisher = await Publisher.objects.aget(pk=book.publisher_id)  # trigger: async.get, async.get_wsgi
        lines.append(f"{book.title}: {publisher.name}")
    return text(lines)


async def exists(request):
    lines = []
    async for author in Author.objects.order_by("pk"):  # source: async.exists
        if await author.books.filter(price__gt=5).aexists():  # trigger: async.exists
            lines.append(author.name)
    return text(lines)


async def first_book(author):
    return await author.books.order_by("pk").afirst()  # trigger: async.helper


async def helper(request):
    lines = []
    async for author in Author.objects.order_by("pk"):  # source: async.helper
        book = await first_book(author)
        lines.append(f"{author.name}: {book.title}")
    return text(lines)


async def total(author):
    return await author.books.acount()  # trigger: async.gather, async.gather_wsgi


async def gather(request):
    authors = [author async for author in Author.objects.order_by("pk")]  # source: async.gather, async.gather_wsgi
    totals = await asyncio.gather(*[total(author) for author in authors])
    return text([f"{author.name}: {number}" for author, number in zip(authors, totals, strict=True)])


def publisher_lines():
    lines = []
    for book in Book.objects.order_by("pk"):  # source: async.threaded
        lines.append(f"{book.title}: {book.publisher.name}")  # trigger: async.threaded
    return lines


async def threaded(request):
    """Synchronous code of the site in its thread."""
    return text(await sync_to_async(publisher_lines)())


async def create(request):
    """A write for each row."""
    for number in range(int(request.GET["n"])):
        await Publisher.objects.acreate(name=f"new {number}", city_id=1)  # trigger: async.create
    return text([await Publisher.objects.acount()])
