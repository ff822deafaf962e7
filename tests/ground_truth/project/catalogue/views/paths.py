"""Chains of relations, trees, and rows that came from a join or a prefetch."""

from django.db.models import prefetch_related_objects
from django.http import JsonResponse

from catalogue import helpers
from catalogue.answers import text
from catalogue.models import Author, Book, Category, Genre


def chain(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: chain.view.author, chain.view.city
        author = book.author  # trigger: chain.view.author # source: chain.view.city
        lines.append(f"{book.title}: {author.city.name}")  # trigger: chain.view.city
    return text(lines)


def chain_line(request):
    """Both links of the chain in one expression."""
    lines = []
    for book in Book.objects.order_by("pk"):  # source: chain.line.publisher, chain.line.city
        where = book.publisher.city.name  # trigger: chain.line.publisher, chain.line.city # source: chain.line.city
        lines.append(f"{book.title}: {where}")
    return text(lines)


def chain_joined(request):
    """``select_related`` went one level deep, the list needs two."""
    lines = []
    for book in Book.objects.select_related("author").order_by("pk"):  # source: chain_joined.view
        lines.append(f"{book.title}: {book.author.city.name}")  # trigger: chain_joined.view
    return text(lines)


def chain_joined_helper(request):
    books = Book.objects.select_related("author").order_by("pk")  # queryset: chain_joined.helper
    return JsonResponse({book.title: helpers.city_of(book) for book in books})  # source: chain_joined.helper


def prefetched(request):
    """The books come from a prefetch, their publishers do not."""
    authors = Author.objects.prefetch_related("books").order_by("pk")  # queryset: prefetched.view
    lines = []
    for author in authors:  # source: prefetched.view
        for book in author.books.all():
            lines.append(f"{author.name}: {book.title}, {book.publisher.name}")  # trigger: prefetched.view
    return text(lines)


def prefetched_m2m(request):
    genres = Genre.objects.prefetch_related("books").order_by("pk")  # queryset: prefetched.reverse
    lines = []
    for genre in genres:  # source: prefetched.reverse
        for book in genre.books.all():
            lines.append(f"{genre.name}: {len(book.reviews.all())}")  # trigger: prefetched.reverse
    return text(lines)


def prefetch_ignored(request):
    """The prefetch is there, and ``filter()`` asks the database all the same."""
    authors = Author.objects.prefetch_related("books").order_by("pk")  # queryset: prefetched.ignored
    lines = []
    for author in authors:  # source: prefetched.ignored
        cheap = author.books.filter(price__lt=1000)
        lines.append(f"{author.name}: {', '.join(book.title for book in cheap)}")  # trigger: prefetched.ignored
    return text(lines)


def nested(request):
    lines = []
    for author in Author.objects.order_by("pk"):  # source: nested.view.books
        for book in author.books.all():  # trigger: nested.view.books # source: nested.view.genres
            for genre in book.genres.all():  # trigger: nested.view.genres
                lines.append(f"{author.name}: {book.title}: {genre.name}")
    return text(lines)


def prefetch_each(request):
    books = list(Book.objects.order_by("pk"))  # source: prefetch_each.view
    lines = []
    for book in books:
        prefetch_related_objects([book], "genres")  # trigger: prefetch_each.view
        lines.append(f"{book.title}: {len(book.genres.all())}")
    return text(lines)


def prefetch_each_get(request):
    """Each author is fetched with a prefetch of its own."""
    lines = []
    for pk in Author.objects.order_by("pk").values_list("pk", flat=True):
        author = Author.objects.prefetch_related("books").get(pk=pk)  # trigger: prefetch_each.get, prefetch_each.books
        lines.append(f"{author.name}: {len(author.books.all())}")
    return text(lines)


def tree(request, pk):
    """Breadcrumbs: from a leaf to the root."""
    category = Category.objects.get(pk=pk)  # source: tree.view
    names = [category.name]
    while category.parent:  # trigger: tree.view
        category = category.parent
        names.append(category.name)
    return text(reversed(names))


def tree_helper(request, pk):
    leaf = Category.objects.get(pk=pk)  # source: tree.helper
    return text([leaf.name, helpers.root_of(leaf).name])


def tree_method(request, pk):
    return text([Category.objects.get(pk=pk).path()])  # source: tree.method


def branch(category, depth):
    lines = ["  " * depth + category.name]
    for child in category.children.all():  # trigger: tree.down # source: tree.down
        lines += branch(child, depth + 1)
    return lines


def tree_down(request):
    """The whole tree, branch by branch."""
    root = Category.objects.filter(parent=None).first()  # source: tree.down
    return text(branch(root, 0))
