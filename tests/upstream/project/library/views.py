import os
import time
from http import HTTPStatus

from django.core.cache import cache
from django.http import HttpResponse

from .models import Author, Book


def books(request):
    return HttpResponse(
        ", ".join(f"{book.title} of {book.author.name}" for book in Book.objects.select_related("author"))
    )


def loop(request):
    return HttpResponse(", ".join(f"{book.title} of {book.author.name}" for book in Book.objects.all()))


def slow(request):
    time.sleep(0.6)
    return HttpResponse(str(Book.objects.count()))


async def books_async(request):
    return HttpResponse(str(await Author.objects.acount() + await Book.objects.acount()))


def book(request, pk):
    if os.environ.get("ONE_MORE_QUERY"):
        Author.objects.count()
    return HttpResponse(Book.objects.get(pk=pk).title)


def cached(request):
    cache.get_or_set("books", 1)
    return HttpResponse(str([cache.get("books") for _ in range(9)]))


def teapot(request):
    return HttpResponse(status=HTTPStatus.IM_A_TEAPOT)


def echo(request):
    return HttpResponse(request.method + " " + request.POST.get("text", ""))
