"""Views that write one row at a time."""

from catalogue.answers import text
from catalogue.models import Book, Chapter, Genre, Review, Tag
from django.db import connection

from lending.models import Loan, LogEntry, Renewal


def save(request):
    for book in Book.objects.order_by("pk"):
        book.price += 1
        book.save()  # trigger: write.save
    return text(Book.objects.order_by("pk").values_list("price", flat=True))


def save_fields(request):
    for loan in Loan.objects.order_by("pk"):
        extend(loan)
    return text(Loan.objects.order_by("pk").values_list("days", flat=True))


def extend(loan):
    loan.days += 7
    loan.save(update_fields=["days"])  # trigger: write.save_fields


def create(request):
    for number in range(int(request.GET["n"])):
        LogEntry.objects.create(text=f"entry {number}")  # trigger: write.create
    return text([LogEntry.objects.count()])


def create_related(request):
    """Create through the related manager of one book."""
    book = Book.objects.order_by("pk").first()
    for number in range(int(request.GET["n"])):
        book.chapter_set.create(number=100 + number, title="more")  # trigger: write.create_related
    return text([book.chapter_set.count()])


def new_and_save(request):
    loans = []
    for pk in Book.objects.order_by("pk").values_list("pk", flat=True):
        loan = Loan(book_id=pk, member_id=1)
        loan.save()  # trigger: write.new_and_save
        loans.append(loan.book_id)
    return text(loans)


def delete(request):
    for tag in Tag.objects.order_by("pk"):
        tag.delete()  # trigger: write.delete
    return text([Tag.objects.count()])


def delete_filtered(request):
    """Reviews have no dependents: each call is one DELETE."""
    for pk in list(Review.objects.order_by("pk").values_list("pk", flat=True)):
        Review.objects.filter(pk=pk).delete()  # trigger: write.delete_filtered
    return text([Review.objects.count()])


def update_filtered(request):
    for chapter in Chapter.objects.order_by("pk"):
        title = f"{chapter.number}. {chapter.title}"
        Chapter.objects.filter(pk=chapter.pk).update(title=title)  # trigger: write.update
    return text(Chapter.objects.order_by("pk").values_list("title", flat=True))


def add(request):
    """Add one genre to each book."""
    genre = Genre.objects.create(name="new")
    for book in Book.objects.order_by("pk"):
        book.genres.add(genre)  # trigger: write.add
    return text([genre.books.count()])


def cursor(request):
    with connection.cursor() as cursor:
        for number in range(int(request.GET["n"])):
            entry = [f"entry {number}"]
            cursor.execute("INSERT INTO lending_logentry (text) VALUES (%s)", entry)  # trigger: write.cursor
    return text([LogEntry.objects.count()])


def signal(request):
    for loan in Loan.objects.order_by("pk"):
        Renewal.objects.create(loan=loan)  # trigger: write.signal
    return text([LogEntry.objects.count()])


def update_or_create(request):
    """A SELECT and an UPDATE for each card."""
    from lending.models import Member

    for number in range(int(request.GET["n"])):
        card, user = f"card {number}", number + 1
        Member.objects.update_or_create(card=card, defaults={"user_id": user})  # trigger: write.update_or_create
    return text([Member.objects.count()])
