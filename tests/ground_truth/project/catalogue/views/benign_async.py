"""Async views that ask once for everything."""

import asyncio

from django.http import JsonResponse, StreamingHttpResponse

from catalogue.answers import text
from catalogue.models import Author, Book, Genre, Publisher


async def prefetch(request):
    lines = []
    async for author in Author.objects.prefetch_related("books").order_by("pk"):
        lines.append(f"{author.name}: {[book.title for book in author.books.all()]}")
    return text(lines)


async def joined(request):
    return text([f"{book}: {book.author}" async for book in Book.objects.select_related("author").order_by("pk")])


async def gather(request):
    """Four different questions at once."""
    books, authors, genres, publishers = await asyncio.gather(
        Book.objects.acount(), Author.objects.acount(), Genre.objects.acount(), Publisher.objects.acount()
    )
    return JsonResponse({"books": books, "authors": authors, "genres": genres, "publishers": publishers})


async def lines():
    async for book in Book.objects.select_related("publisher").order_by("pk").aiterator(chunk_size=2):
        yield f"{book.title}: {book.publisher.name}\n"


async def stream(request):
    return StreamingHttpResponse(lines(), content_type="text/plain")
