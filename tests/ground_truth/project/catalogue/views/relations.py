"""Lists that follow a relation of each row, as they are written in a hurry."""

from django.http import JsonResponse

from catalogue import helpers
from catalogue.answers import text
from catalogue.models import AudioBook, Author, Book, Category, Chapter, Genre, Profile, Publisher, Tag


def fk(request):
    lines = []
    for book in Book.objects.order_by("title"):  # source: fk.view
        lines.append(f"{book.title}: {book.publisher.name}")  # trigger: fk.view
    return text(lines)


def fk_helper(request):
    books = Book.objects.order_by("title")  # queryset: fk.helper
    return text(helpers.publisher_line(book) for book in books)  # source: fk.helper


def fk_one_line(request):
    return text([book.publisher.name for book in Book.objects.order_by("pk")])  # trigger: fk.line # source: fk.line


def fk_sorted(request):
    books = Book.objects.all()  # queryset: fk.sorted
    books = sorted(books, key=lambda book: book.publisher.name)  # trigger: fk.sorted # source: fk.sorted
    return text(book.title for book in books)


def fk_property(request):
    books = Book.objects.filter(price__gte=0).order_by("pk")  # queryset: fk.property
    return JsonResponse({book.title: book.origin for book in books})  # source: fk.property


def fk_str(request):
    return text([str(chapter) for chapter in Chapter.objects.order_by("pk")])  # source: fk.str


def fk_shared(request):
    """All books are of one publisher: the parameters never differ."""
    books = list(Book.objects.order_by("pk"))  # source: fk.shared
    return text([f"{book.title} ({book.publisher.name})" for book in books])  # trigger: fk.shared


def fk_nullable(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: fk.nullable
        if book.translator:  # trigger: fk.nullable
            lines.append(f"{book.title}, translated by {book.translator.name}")
    return text(lines)


def fk_of_one(request, pk):
    author = Author.objects.get(pk=pk)
    lines = [author.name]
    for book in author.books.order_by("pk"):  # source: fk.of_one
        lines.append(f"{book.title}: {book.publisher.name}")  # trigger: fk.of_one
    return text(lines)


def fk_self(request):
    imprints = Publisher.objects.filter(parent__isnull=False).order_by("pk")  # queryset: fk.self
    return text([f"{one.name} of {one.parent.name}" for one in imprints])  # trigger: fk.self # source: fk.self


def two(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: two.view.author, two.view.translator
        author = book.author.name  # trigger: two.view.author
        translator = book.translator.name  # trigger: two.view.translator
        lines.append(f"{book.title} by {author}, translated by {translator}")
    return text(lines)


def two_helper(request):
    books = Book.objects.order_by("pk")[:100]  # queryset: two.helper.author, two.helper.translator
    lines = [helpers.people_line(book) for book in books]  # source: two.helper.author, two.helper.translator
    return text(lines)


def o2o(request):
    answer = {}
    for profile in Profile.objects.order_by("pk"):  # source: o2o.view
        answer[profile.author.name] = profile.biography  # trigger: o2o.view
    return JsonResponse(answer)


def o2o_helper(request):
    profiles = Profile.objects.order_by("pk")  # queryset: o2o.helper
    return text(helpers.profile_lines(profiles))


def rev_o2o(request):
    authors = Author.objects.order_by("name")  # queryset: rev_o2o.view
    lines = []
    for author in authors:  # source: rev_o2o.view
        if hasattr(author, "profile"):  # trigger: rev_o2o.view
            lines.append(author.profile.biography)
    return text(lines)


def rev_o2o_helper(request):
    lines = []
    for author in Author.objects.exclude(name="").order_by("name"):  # source: rev_o2o.helper
        lines.append(helpers.biography_of(author))
    return text(lines)


def child(request):
    """Ask each book whether it is an audio book (multi-table inheritance)."""
    lines = []
    for book in Book.objects.order_by("pk"):  # source: child.view
        try:
            lines.append(f"{book.title}: {book.audiobook.minutes} minutes")  # trigger: child.view
        except AudioBook.DoesNotExist:
            lines.append(book.title)
    return text(lines)


def rev_fk(request):
    answer = {}
    for author in Author.objects.order_by("pk"):  # source: rev_fk.view
        answer[author.name] = [book.title for book in author.books.all()]  # trigger: rev_fk.view
    return JsonResponse(answer)


def rev_fk_helper(request):
    authors = Author.objects.order_by("pk")  # queryset: rev_fk.helper
    return text([helpers.titles_of(author) for author in authors])  # source: rev_fk.helper


def rev_fk_two(request):
    """Two relations of one model to the same other one, both from their far end."""
    lines = []
    for author in Author.objects.order_by("pk"):  # source: rev_fk_two.view.books, rev_fk_two.view.translations
        written = len(author.books.all())  # trigger: rev_fk_two.view.books
        translated = len(author.translations.all())  # trigger: rev_fk_two.view.translations
        lines.append(f"{author.name}: {written} written, {translated} translated")
    return text(lines)


def rev_fk_unnamed(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: rev_fk_unnamed.view
        for chapter in book.chapter_set.all():  # trigger: rev_fk_unnamed.view
            lines.append(f"{book.title}, {chapter.title}")
    return text(lines)


def rev_fk_unnamed_helper(request):
    books = list(Book.objects.order_by("pk"))  # source: rev_fk_unnamed.helper
    return JsonResponse({book.title: helpers.chapter_titles(book) for book in books})


def m2m(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: m2m.view
        names = [genre.name for genre in book.genres.all()]  # trigger: m2m.view
        lines.append(f"{book.title}: {', '.join(names)}")
    return text(lines)


def m2m_helper(request):
    return JsonResponse(helpers.genre_names(Book.objects.order_by("pk")))  # queryset: m2m.helper


def m2m_reverse(request):
    genres = Genre.objects.order_by("name")  # queryset: m2m_reverse.view
    lines = []
    for genre in genres:  # source: m2m_reverse.view
        lines += [f"{genre.name}: {book.title}" for book in genre.books.all()]  # trigger: m2m_reverse.view
    return text(lines)


def through(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: through.view.rows
        for part in book.contributions.all():  # trigger: through.view.rows # source: through.view.author
            lines.append(f"{book.title}: {part.author.name} ({part.role})")  # trigger: through.view.author
    return text(lines)


def through_helper(request):
    lines = []
    for book in Book.objects.order_by("pk"):  # source: through.helper.rows
        lines += helpers.role_lines(book)
    return text(lines)


def through_m2m(request):
    answer = {}
    for book in Book.objects.order_by("pk"):  # source: through_m2m.view
        answer[book.title] = [person.name for person in book.contributors.all()]  # trigger: through_m2m.view
    return JsonResponse(answer)


def gfk(request):
    lines = []
    for tag in Tag.objects.order_by("pk"):  # source: gfk.view
        lines.append(f"{tag.label}: {tag.content_object}")  # trigger: gfk.view
    return text(lines)


def gfk_helper(request):
    tags = Tag.objects.filter(label__startswith="t").order_by("pk")  # queryset: gfk.helper
    return text([helpers.tagged_name(tag) for tag in tags])  # source: gfk.helper


def generic_rel(request):
    answer = {}
    for book in Book.objects.order_by("pk"):  # source: generic_rel.view
        answer[book.title] = [tag.label for tag in book.tags.all()]  # trigger: generic_rel.view
    return JsonResponse(answer)


def generic_rel_helper(request):
    books = Book.objects.order_by("pk")  # queryset: generic_rel.helper
    return JsonResponse({book.title: helpers.labels_of(book) for book in books})  # source: generic_rel.helper


def deferred(request):
    lines = []
    for book in Book.objects.only("title").order_by("pk"):  # source: deferred.view
        lines.append(f"{book.title}: {len(book.full_text)} characters")  # trigger: deferred.view
    return text(lines)


def deferred_helper(request):
    books = Book.objects.defer("full_text").order_by("pk")  # queryset: deferred.helper
    return text([helpers.word_count(book) for book in books])  # source: deferred.helper


def children(request):
    """The direct children of each root: one level of a tree."""
    roots = Category.objects.filter(parent=None).order_by("pk")  # queryset: children.view
    lines = []
    for root in roots:  # source: children.view
        lines.append(f"{root.name}: {', '.join(one.name for one in root.children.all())}")  # trigger: children.view
    return text(lines)
