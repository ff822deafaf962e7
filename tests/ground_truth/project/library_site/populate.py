"""Fill the databases: every function takes n and returns what the row's URL, parameters or body may name."""

from archive.models import PastLoan, Shelf
from catalogue.models import (
    AudioBook,
    Author,
    Book,
    Category,
    Chapter,
    City,
    Contribution,
    Genre,
    Profile,
    Publisher,
    Review,
    Tag,
)
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from lending.models import Fine, Job, Loan, Member, Setting


def library(n):
    """n of everything, each with a parent of its own."""
    numbers = range(1, n + 1)
    City.objects.bulk_create([City(name=f"city {i}") for i in numbers])
    Publisher.objects.bulk_create([Publisher(name=f"publisher {i:02}", city_id=i) for i in numbers])
    Author.objects.bulk_create([Author(name=f"author {i:02}", city_id=i) for i in numbers])
    Profile.objects.bulk_create([Profile(author_id=i, biography=f"life of {i}") for i in numbers])
    Genre.objects.bulk_create([Genre(name=f"genre {i:02}") for i in numbers])
    Book.objects.bulk_create(
        [
            Book(
                title=f"book {i:02}", author_id=i, translator_id=n + 1 - i, publisher_id=i, full_text=f"text {i} " * 50
            )
            for i in numbers
        ]
    )
    Book.genres.through.objects.bulk_create(
        [Book.genres.through(book_id=i, genre_id=g) for i in numbers for g in (i, i % n + 1)]
    )
    Chapter.objects.bulk_create([Chapter(book_id=i, number=k, title=f"chapter {k}") for i in numbers for k in (1, 2)])
    Review.objects.bulk_create(
        [Review(book_id=i, rating=rating, text=f"review {i}") for i in numbers for rating in (2, 5)]
    )
    Contribution.objects.bulk_create([Contribution(book_id=i, author_id=n + 1 - i, role="editor") for i in numbers])
    books = ContentType.objects.get_for_model(Book)
    Tag.objects.bulk_create([Tag(content_type=books, object_id=i, label=f"tag {i}") for i in numbers])
    Setting.objects.bulk_create([
        Setting(key="currency", value="EUR"), Setting(key="hours", value="9 to 5"), Setting(key="max_loans", value="5")
    ])  # fmt: skip
    return {"pk": 1, "n": n}


def two_kinds_of_tags(n):
    """Tags of books and of authors."""
    library(n)
    authors = ContentType.objects.get_for_model(Author)
    Tag.objects.bulk_create([Tag(content_type=authors, object_id=i, label="person") for i in range(1, n + 1)])
    return {"n": n}


def one_publisher(n):
    library(n)
    Book.objects.update(publisher_id=1)
    return {"n": n}


def one_author(n):
    """All books are of one author."""
    library(n)
    Book.objects.update(author_id=1)
    return {"pk": 1}


def half_translated(n):
    """n books with a translator among 2 n."""
    library(2 * n)
    Book.objects.filter(pk__gt=n).update(translator=None)
    return {"n": n}


def imprints(n):
    library(2 * n)
    for i in range(1, n + 1):
        Publisher.objects.filter(pk=n + i).update(parent_id=i)
    return {"n": n}


def some_audio(n):
    """Every second book is an audio book."""
    library(n)
    for book in Book.objects.filter(pk__lte=n // 2):
        AudioBook(book_ptr=book, minutes=60).save_base(raw=True)
    return {"n": n}


def book_keys(n):
    library(n)
    return {"query": {"pk": list(range(1, n + 1))}}


def genre_names(n):
    library(n)
    return {"query": {"name": [f"genre {i:02}" for i in range(1, n + 1)]}}


def number(n):
    """The view is told how many."""
    library(n)
    return {"query": {"n": n}}


def one_key(n):
    library(n)
    return {"query": {"pk": 1}}


def members(n):
    """n members with a user and a loan with two fines each."""
    library(n)
    numbers = range(1, n + 1)
    User.objects.bulk_create([User(username=f"user {i:02}") for i in numbers])
    Group.objects.bulk_create([Group(name=f"group {i:02}") for i in numbers])
    User.groups.through.objects.bulk_create([User.groups.through(user_id=i, group_id=i) for i in numbers])
    Member.objects.bulk_create([Member(user_id=i, card=f"card {i - 1}") for i in numbers])
    Loan.objects.bulk_create([Loan(book_id=i, member_id=i) for i in numbers])
    Fine.objects.bulk_create([Fine(loan_id=i, cents=k * 50) for i in numbers for k in (1, 2)])
    return {"query": {"n": n}}


def archive(n):
    Shelf.objects.bulk_create([Shelf(name=f"shelf {i}") for i in range(1, n + 1)])
    PastLoan.objects.bulk_create([PastLoan(title=f"loan {i}", shelf_id=i) for i in range(1, n + 1)])
    return {"n": n}


def both_databases(n):
    archive(n)
    return members(n)


def jobs(n):
    Job.objects.bulk_create([Job(state="waiting") for _ in range(n)])
    return {"n": n}


def deep_tree(n):
    """One branch, n + 1 deep: from its leaf the root is n steps away."""
    Category.objects.bulk_create([Category(name=f"level {i}", parent_id=i - 1 or None) for i in range(1, n + 2)])
    return {"pk": n + 1}


def forest(n):
    """n roots, and below each a branch of four levels."""
    Category.objects.bulk_create([Category(name=f"root {i}") for i in range(1, n + 1)])
    for level in (1, 2, 3):
        parents = range((level - 1) * n + 1, level * n + 1)
        Category.objects.bulk_create([Category(name=f"level {level} of {p}", parent_id=p) for p in parents])
    return {"n": n}


def loan_form(n):
    members(n)
    return {"data": {"book": 1, "member": 1, "days": 7}}


def contributions(n):
    library(n)
    return {"json": [{"book": i, "author": i, "role": "translator"} for i in range(1, n + 1)]}


def credentials(n):
    User.objects.create_user("reader", password="secret")
    return {"data": {"username": "reader", "password": "secret"}}


def new_book(n):
    library(n)
    return {"json": {"title": "new", "author": 1, "publisher": 1, "price": 3}}


def factory(n):
    """What a test's set-up does: rows one by one, each with its parents."""
    books = []
    for i in range(1, n + 1):
        city = City.objects.create(name=f"city {i}")
        author = Author.objects.create(name=f"author {i:02}", city=city)
        publisher = Publisher.objects.create(name=f"publisher {i:02}", city=city)
        genre, _ = Genre.objects.get_or_create(name=f"genre {i % 2}")
        book = Book.objects.create(title=f"book {i:02}", author=author, publisher=publisher)
        book.genres.add(genre)
        books.append(book)
    return {"n": n}


def told(n):
    """Nothing is filled in: the function does it itself."""
    return {"kwargs": {"n": n}}
