"""Rows for tests."""

from .models import Author, Book


def add_books(count):
    """Add books, each with an author of its own."""
    for number in range(count):
        Book.objects.create(title=f"Book {number}", author=Author.objects.create(name=f"Author {number}"))
