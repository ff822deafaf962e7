"""Change lists of django.contrib.admin."""

from ground_truth.row import Named, found, slow


def line(id, url, relation, action, source):
    """A column that is a line of the application."""
    return slow(id, "admin", url, found(id, relation, action, source=Named(source)), login=True)


ROWS = (
    line("admin.callable", "/first-admin/catalogue/book/", "catalogue.Book.publisher", "select_related", "ColumnAdmin"),
    line("admin.count", "/first-admin/catalogue/author/", "catalogue.Author.books", "annotate_count", "CountAdmin"),
    line("admin.str", "/first-admin/catalogue/chapter/", "catalogue.Chapter.book", "select_related", "StringAdmin"),
    line("admin.m2m", "/third-admin/catalogue/book/", "catalogue.Book.genres", "prefetch_related", "GenresAdmin"),
    slow("admin.nullable", "admin", "/second-admin/catalogue/book/",
         found("admin.nullable", "catalogue.Book.translator", "select_related",
               trigger=Named("NullableAdmin", column="translator"), source=Named("NullableAdmin")), login=True,
         django_below=(6, 1)),
    slow("admin.forgotten", "admin", "/fourth-admin/catalogue/book/",
         found("admin.forgotten", "catalogue.Book.author", "select_related",
               trigger=Named("ForgottenAdmin", column="author"), source=Named("ForgottenAdmin")), login=True),
)  # fmt: skip
