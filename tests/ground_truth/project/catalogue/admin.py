# ruff: noqa: RUF012 (a class's lists are how Django and DRF are configured)
"""The admin of the catalogue; several sites show the same models in different ways."""

from django.contrib import admin

from catalogue.models import Author, Book, Chapter, Genre, Publisher, Review


class ColumnAdmin(admin.ModelAdmin):
    """A column that is a method."""

    list_display = ["title", "place"]

    @admin.display(description="published in")
    def place(self, book):
        return book.publisher.name  # trigger: admin.callable


class CountAdmin(admin.ModelAdmin):
    list_display = ["name", "how_many"]
    list_per_page = 50

    def how_many(self, author):
        return author.books.count()  # trigger: admin.count


class NullableAdmin(admin.ModelAdmin):
    """Before version 6.1 Django joins the foreign keys of list_display, but not this one, which may be NULL."""

    list_display = ["title", "translator"]


class ForgottenAdmin(admin.ModelAdmin):
    """Somebody listed what to join, and forgot one of the columns."""

    list_display = ["title", "publisher", "author"]
    list_select_related = ["publisher"]


class StringAdmin(admin.ModelAdmin):
    list_display = ["__str__", "number"]


class GenresAdmin(admin.ModelAdmin):
    list_display = ["title", "genre_names"]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(price__gte=0)  # queryset: admin.m2m

    def genre_names(self, book):
        return ", ".join(genre.name for genre in book.genres.all())  # trigger: admin.m2m


class GoodNullableAdmin(admin.ModelAdmin):
    list_display = ["title", "author", "translator"]
    list_select_related = ["author", "translator"]


class ReviewInline(admin.TabularInline):
    model = Review
    extra = 0
    fields = ["rating", "text"]


class JoinedAdmin(admin.ModelAdmin):
    """Foreign keys that are not NULL: Django joins them itself."""

    list_display = ["title", "author", "publisher"]
    list_filter = ["genres"]
    search_fields = ["title"]
    fields = ["title", "price", "author"]
    inlines = [ReviewInline]


def site(name, *pairs):
    one = admin.AdminSite(name=name)
    for model, options in pairs:
        one.register(model, options)
    return one


first = site("first", (Book, ColumnAdmin), (Author, CountAdmin), (Chapter, StringAdmin))
second = site("second", (Book, NullableAdmin))
third = site("third", (Book, GenresAdmin))
fourth = site("fourth", (Book, ForgottenAdmin))
good = site("good", (Book, GoodNullableAdmin))
plain = site("plain", (Book, JoinedAdmin), (Genre, admin.ModelAdmin), (Publisher, admin.ModelAdmin))
