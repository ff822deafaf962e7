"""Functions that views of other modules call; some get one object, some a queryset."""

from django.db.models import Avg


def publisher_line(book):
    return f"{book.title}: {book.publisher.name}"  # trigger: fk.helper


def people_line(book):
    author = book.author.name  # trigger: two.helper.author
    translator = book.translator.name  # trigger: two.helper.translator
    return f"{author}, translated by {translator}"


def biography_of(author):
    return author.profile.biography  # trigger: rev_o2o.helper


def profile_lines(profiles):
    lines = []
    for profile in profiles:  # source: o2o.helper
        lines.append(f"{profile.author.name}: {profile.biography}")  # trigger: o2o.helper
    return lines


def titles_of(author):
    return ", ".join(book.title for book in author.books.all())  # trigger: rev_fk.helper


def genre_names(books):
    table = {}
    for book in books:  # source: m2m.helper
        table[book.title] = [genre.name for genre in book.genres.all()]  # trigger: m2m.helper
    return table


def labels_of(book):
    return [tag.label for tag in book.tags.all()]  # trigger: generic_rel.helper


def tagged_name(tag):
    return str(tag.content_object)  # trigger: gfk.helper


def chapter_titles(book):
    return [chapter.title for chapter in book.chapter_set.all()]  # trigger: rev_fk_unnamed.helper


def word_count(book):
    return len(book.full_text.split())  # trigger: deferred.helper


def book_total(author):
    return author.books.count()  # trigger: count.helper


def has_books(author):
    return author.books.exists()  # trigger: exists.helper


def first_book(author):
    return author.books.order_by("pk").first()  # trigger: first.helper


def mean_rating(book):
    return book.reviews.aggregate(mean=Avg("rating"))["mean"]  # trigger: aggregate.helper


def good_reviews(book):
    return list(book.reviews.filter(rating__gte=4))  # trigger: filter.helper


def genre_list(book):
    return "/".join(book.genres.values_list("name", flat=True))  # trigger: values_list.helper


def role_lines(book):
    lines = []
    for contribution in book.contributions.all():  # trigger: through.helper.rows # source: through.helper.author
        lines.append(f"{contribution.role}: {contribution.author.name}")  # trigger: through.helper.author
    return lines


def city_of(book):
    return book.author.city.name  # trigger: chain_joined.helper


def root_of(category):
    while category.parent is not None:  # trigger: tree.helper
        category = category.parent
    return category
