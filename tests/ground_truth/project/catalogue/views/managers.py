"""Questions that are asked of a related manager for each row."""

from django.db.models import Avg, Max
from django.http import JsonResponse

from catalogue import helpers
from catalogue.answers import text
from catalogue.models import Author, Book, Publisher, Review


def count(request):
    lines = []
    for author in Author.objects.order_by("pk"):  # source: count.view
        lines.append(f"{author.name}: {author.books.count()}")  # trigger: count.view
    return text(lines)


def count_helper(request):
    authors = Author.objects.order_by("pk")  # queryset: count.helper
    return JsonResponse({author.name: helpers.book_total(author) for author in authors})  # source: count.helper


def count_m2m(request):
    books = Book.objects.order_by("pk")  # queryset: count.m2m
    return text([f"{book.title}: {book.genres.count()}" for book in books])  # trigger: count.m2m # source: count.m2m


def count_filtered(request):
    lines = []
    for author in Author.objects.order_by("pk"):  # source: count.filtered
        cheap = author.books.filter(price__lt=100).count()  # trigger: count.filtered
        lines.append(f"{author.name}: {cheap}")
    return text(lines)


def exists(request):
    lines = []
    for author in Author.objects.order_by("pk"):  # source: exists.view
        if author.books.filter(price__gt=5).exists():  # trigger: exists.view
            lines.append(author.name)
    return text(lines)


def exists_helper(request):
    authors = list(Author.objects.order_by("pk"))  # source: exists.helper
    return text([author.name for author in authors if helpers.has_books(author)])


def first(request):
    lines = []
    for author in Author.objects.order_by("pk"):  # source: first.view
        book = author.books.first()  # trigger: first.view
        lines.append(f"{author.name}: {book.title if book else '-'}")
    return text(lines)


def first_helper(request):
    authors = Author.objects.order_by("pk")  # queryset: first.helper
    return text([helpers.first_book(author) for author in authors])  # source: first.helper


def latest(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: first.latest
        lines.append(f"{book.title}: {book.reviews.latest('pk').rating}")  # trigger: first.latest
    return text(lines)


def aggregate(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: aggregate.view
        rating = book.reviews.aggregate(mean=Avg("rating"), best=Max("rating"))  # trigger: aggregate.view
        lines.append(f"{book.title}: {rating['mean']}, {rating['best']}")
    return text(lines)


def aggregate_helper(request):
    books = Book.objects.order_by("pk")  # queryset: aggregate.helper
    return JsonResponse({book.title: helpers.mean_rating(book) for book in books})  # source: aggregate.helper


def aggregate_method(request):
    """A method of the model asks the other table by hand, without the relation's manager."""
    return text([author.average_rating() for author in Author.objects.order_by("pk")])


def filtered(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: filter.view
        for review in book.reviews.filter(rating__gte=4):  # trigger: filter.view
            lines.append(f"{book.title}: {review.text}")
    return text(lines)


def filtered_helper(request):
    books = Book.objects.order_by("pk")  # queryset: filter.helper
    return text([len(helpers.good_reviews(book)) for book in books])  # source: filter.helper


def top_three(request):
    answer = {}
    for book in Book.objects.order_by("pk"):  # source: order_by.view
        answer[book.title] = [one.rating for one in book.reviews.order_by("-rating")[:3]]  # trigger: order_by.view
    return JsonResponse(answer)


def excluded(request):
    lines = []
    for publisher in Publisher.objects.order_by("pk"):  # source: exclude.view
        rest = publisher.book_set.exclude(price=0)
        lines += [f"{publisher.name}: {book.title}" for book in rest]  # trigger: exclude.view
    return text(lines)


def values_list(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: values_list.view
        names = book.genres.values_list("name", flat=True)
        lines.append(f"{book.title}: {', '.join(names)}")  # trigger: values_list.view
    return text(lines)


def values_list_helper(request):
    books = Book.objects.order_by("pk")  # queryset: values_list.helper
    return text([helpers.genre_list(book) for book in books])  # source: values_list.helper


def values(request):
    answer = {}
    for book in Book.objects.order_by("pk"):  # source: values.view
        answer[book.title] = list(book.reviews.values("rating", "text"))  # trigger: values.view
    return JsonResponse(answer)


def related_get(request):
    """``get()`` on the manager of each row."""
    lines = []
    for book in Book.objects.order_by("pk"):  # source: related_get.view
        lines.append(book.chapter_set.get(number=1).title)  # trigger: related_get.view
    return text(lines)


def other_table(request):
    """The same question without the manager: nothing says that the review belongs to the book."""
    lines = []
    for book in Book.objects.order_by("pk"):
        if Review.objects.filter(book=book, rating__gte=4).exists():  # trigger: by_filter.exists
            lines.append(book.title)
    return text(lines)


def other_table_count(request):
    answer = {}
    for book in Book.objects.order_by("pk"):
        answer[book.title] = Review.objects.filter(book_id=book.pk).count()  # trigger: by_filter.count
    return JsonResponse(answer)
