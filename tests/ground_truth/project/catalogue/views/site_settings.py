"""Rows of the table of settings, each asked for where it is needed."""

from lending.models import Setting

from catalogue.models import Book


def currency():
    return Setting.objects.get(key="currency").value


def opening_hours():
    return Setting.objects.get(key="hours").value


def max_loans():
    return int(Setting.objects.get(key="max_loans").value)


def neighbour(book):
    """Return the title of a book by key, as the view has done for another one."""
    return Book.objects.get(pk=book.pk).title
