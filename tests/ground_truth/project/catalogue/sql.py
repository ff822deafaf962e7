"""Hand-written SQL of the catalogue."""

from django.db import connection


def rating_of(book_id):
    with connection.cursor() as cursor:
        cursor.execute("SELECT AVG(rating) FROM catalogue_review WHERE book_id = %s", [book_id])  # trigger: raw.helper
        return cursor.fetchone()[0]


def author_name(book):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM catalogue_author WHERE id = {book.author_id}")  # trigger: fstring.helper
        return cursor.fetchone()[0]
