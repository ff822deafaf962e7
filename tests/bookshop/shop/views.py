"""The shop's pages: good ones, and one of each kind of trouble that Mercury shall see."""

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Avg, Count, Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import DetailView, ListView
from reports.models import DailySale

from shop.models import Author, Book, Customer, Order, OrderLine, Publisher, Review

# Which books' reviews share words with other reviews, the most quoted first: every pair of two reviews,
# compared with LIKE, which no index helps. It is slow because it works, not because it waits.
SEARCH = """
SELECT book.id, book.title, COUNT(*) AS mentions
FROM shop_review quoting CROSS JOIN shop_review quoted JOIN shop_book book ON book.id = quoted.book_id
WHERE LOWER(quoting.text) LIKE '%%' || LOWER(SUBSTR(quoted.text, 1, 12)) || '%%'
  AND (LOWER(book.title) LIKE %s OR LOWER(quoting.text) LIKE %s)
GROUP BY book.id, book.title
ORDER BY mentions DESC, book.title, book.id
LIMIT 20
"""


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/home.html")


def about(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/home.html")


class BookList(ListView):
    """The good list: one query for the books with their authors and review counts, one for the tags."""

    template_name = "shop/books.html"
    queryset = (
        Book.objects.select_related("author")
        .prefetch_related("tags")
        .annotate(reviews=Count("review", distinct=True))
        .order_by("title", "id")[:40]
    )


def books_naive(request: HttpRequest) -> HttpResponse:
    """Show the same list with two more queries for every row, which the template makes."""
    return render(request, "shop/books_naive.html", {"books": Book.objects.order_by("title", "id")[:40]})


class BookDetail(DetailView):
    template_name = "shop/book.html"
    queryset = Book.objects.select_related("author", "publisher").prefetch_related("tags", "review_set")


def search(request: HttpRequest) -> HttpResponse:
    wanted = f"%{request.GET.get('q', '').lower()}%"
    with connection.cursor() as cursor:
        cursor.execute(SEARCH, [wanted, wanted])
        found = [{"id": pk, "title": title, "mentions": mentions} for pk, title, mentions in cursor.fetchall()]
    return render(request, "shop/search.html", {"found": found})


@csrf_exempt
def new_book(request: HttpRequest) -> HttpResponse:
    """Create a book by POST. Exempt from CSRF: the load script is no browser."""
    if request.method != "POST":
        return render(request, "shop/new_book.html", {"authors": Author.objects.order_by("name")})
    book = Book.objects.create(
        title=request.POST["title"],
        author_id=int(request.POST["author"]),
        price_cents=1000,
        published=datetime.date(2024, 6, 1),
        blurb="",
    )
    return redirect("book", pk=book.pk)


@csrf_exempt
def new_order(request: HttpRequest) -> HttpResponse:
    """Place an order: a transaction with a savepoint in it."""
    customer = Customer.objects.get(pk=int(request.POST["customer"]))
    with transaction.atomic():
        now = datetime.datetime.now(tz=datetime.timezone.utc)
        order = Order.objects.create(customer=customer, placed=now)
        with transaction.atomic():
            for pk in request.POST.getlist("book"):
                book = Book.objects.get(pk=int(pk))
                OrderLine.objects.create(order=order, book=book, copies=1, price_cents=book.price_cents)
    return JsonResponse({"order": order.pk}, status=201)


async def _count(model: Any) -> int:
    count: int = await model.objects.acount()
    return count


@transaction.non_atomic_requests
async def dashboard(request: HttpRequest) -> HttpResponse:
    """Ask four questions at the same time, with the asynchronous ORM."""
    authors, books, publishers, stars = await asyncio.gather(
        _count(Author), _count(Book), _count(Publisher), Review.objects.aaggregate(mean=Avg("stars"))
    )
    newest = [book.title async for book in Book.objects.order_by("-published", "id")[:3]]
    return JsonResponse(
        {
            "authors": authors,
            "books": books,
            "publishers": publishers,
            "stars": round(stars["mean"] or 0, 2),
            "newest": newest,
        }
    )


def export(request: HttpRequest) -> StreamingHttpResponse:
    """Stream all books, one page at a time: every query is made after the view has returned."""

    def lines() -> Iterator[str]:
        yield "id;title;author\n"
        last = 0
        while page := list(Book.objects.select_related("author").filter(pk__gt=last).order_by("pk")[:30]):
            for book in page:
                yield f"{book.pk};{book.title};{book.author.name}\n"
            last = page[-1].pk

    return StreamingHttpResponse(lines(), content_type="text/csv")


@transaction.non_atomic_requests
async def feed(request: HttpRequest) -> StreamingHttpResponse:
    """Stream the newest books from an asynchronous generator."""

    async def lines() -> AsyncIterator[str]:
        yield "newest\n"
        async for book in Book.objects.order_by("-published", "id")[:10]:
            author = await Author.objects.aget(pk=book.author_id)
            yield f"{book.title} by {author.name}\n"

    return StreamingHttpResponse(lines(), content_type="text/plain")


def bestsellers(request: HttpRequest) -> HttpResponse:
    """Show what sold best, from the cache when it is there."""
    best = cache.get("bestsellers")
    if best is None:
        books = Book.objects.annotate(sold=Sum("orderline__copies")).filter(sold__gt=0)
        best = list(books.order_by("-sold", "id").values("id", "title", "sold")[:10])
        cache.set("bestsellers", best, 3600)
    return render(request, "shop/bestsellers.html", {"best": best})


def sales(request: HttpRequest) -> JsonResponse:
    """Read both databases: the figures from `reports`, the titles from `default`."""
    rows = DailySale.objects.values("book_id").annotate(sold=Sum("copies")).order_by("-sold", "book_id")[:10]
    figures = {row["book_id"]: row["sold"] for row in rows}
    titles = Book.objects.in_bulk(list(figures))
    return JsonResponse({titles[pk].title: sold for pk, sold in figures.items() if pk in titles})


def licence(request: HttpRequest) -> FileResponse:
    """Send a file: no query at all."""
    return FileResponse(Path(__file__).open("rb"), content_type="text/plain")


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404("this page is always missing")


def broken(request: HttpRequest) -> HttpResponse:
    """Fail after one query, as defects do."""
    raise ValueError(f"this page is always broken, with {Book.objects.count()} books in stock")
