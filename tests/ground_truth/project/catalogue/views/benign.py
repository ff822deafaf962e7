"""Views that ask the database no more often when there is more data, or for a good reason."""

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db import connection, models, transaction
from django.db.models import Avg, Count, Exists, F, OuterRef, Prefetch, Subquery, prefetch_related_objects
from django.forms import formset_factory, modelform_factory
from django.http import JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.generic import DetailView, ListView
from lending.models import Fine, Loan, Member, Setting

from catalogue.answers import text
from catalogue.models import Author, Book, Category, Chapter, Genre, Profile, Publisher, Review, Tag
from catalogue.views import site_settings


def joined(request):
    books = Book.objects.select_related("author__city", "publisher").order_by("pk")
    return text([f"{book.title}: {book.author.city.name}, {book.publisher.name}" for book in books])


def reverse_one(request):
    return text([author.profile.biography for author in Author.objects.select_related("profile").order_by("pk")])


def three_levels(request):
    lines = []
    for author in Author.objects.prefetch_related("books__chapter_set", "books__genres").order_by("pk"):
        for book in author.books.all():
            lines.append(f"{author.name}: {book.title}, {len(book.chapter_set.all())}, {len(book.genres.all())}")
    return text(lines)


def self_prefetch(request):
    """The same SQL three times at one line: one query a level of the tree."""
    roots = Category.objects.filter(parent=None).prefetch_related("children__children__children")
    lines = []
    for root in roots:
        for child in root.children.all():
            for grandchild in child.children.all():
                lines.append(f"{root}/{child}/{grandchild}: {len(grandchild.children.all())}")
    return text(lines)


def two_prefetches(request):
    """Two relations to one model, prefetched: queries that look alike."""
    authors = Author.objects.prefetch_related("books", "translations").order_by("pk")
    return text([f"{a.name}: {len(a.books.all())}, {len(a.translations.all())}" for a in authors])


def prefetch_object(request):
    good = Prefetch("reviews", queryset=Review.objects.filter(rating__gte=4), to_attr="good_reviews")
    answer = {}
    for book in Book.objects.prefetch_related(good).order_by("pk"):
        answer[book.title] = [review.text for review in book.good_reviews]
    return JsonResponse(answer)


def generic_prefetch(request):
    """One query for each kind of target."""
    return text([f"{tag.label}: {tag.content_object}" for tag in Tag.objects.prefetch_related("content_object")])


def prefetch_list(request):
    books = list(Book.objects.order_by("pk"))
    prefetch_related_objects(books, "genres", "publisher__city")
    return text([f"{book.title}: {book.publisher.city}, {len(book.genres.all())}" for book in books])


def chunked(request):
    """The chunks of one iterator, each with its prefetch."""
    lines = []
    for book in Book.objects.prefetch_related("genres").order_by("pk").iterator(chunk_size=2):
        lines.append(f"{book.title}: {len(book.genres.all())}")
    return text(lines)


def annotated(request):
    authors = Author.objects.annotate(total=Count("books", distinct=True), mean=Avg("books__price")).order_by("pk")
    return text([f"{author.name}: {author.total}, {author.mean}" for author in authors])


def exists(request):
    reviewed = Exists(Review.objects.filter(book=OuterRef("pk"), rating__gte=4))
    return text([book.title for book in Book.objects.annotate(reviewed=reviewed).order_by("pk") if book.reviewed])


def subquery(request):
    newest = Review.objects.filter(book=OuterRef("pk")).order_by("-pk").values("text")[:1]
    return JsonResponse({b.title: b.newest for b in Book.objects.annotate(newest=Subquery(newest))})


def by_keys(request):
    """``in_bulk`` of more keys than one statement takes."""
    names = Author.objects.in_bulk(list(range(1, 3000)))
    return text([names[book.author_id].name for book in Book.objects.order_by("pk")])


def key_only(request):
    return text([f"{book.title}: {book.publisher_id}" for book in Book.objects.order_by("pk")])


def page(request):
    """A page of a list: a count and a slice."""
    shown = Paginator(Book.objects.select_related("author").order_by("pk"), 10).get_page(request.GET.get("page"))
    return text([f"{shown.number} of {shown.paginator.num_pages}", *[f"{b}: {b.author}" for b in shown]])


class PagedList(ListView):
    queryset = Book.objects.select_related("publisher").order_by("title")
    paginate_by = 10
    template_name = "catalogue/good_list.html"


class GoodDetail(DetailView):
    queryset = Author.objects.prefetch_related("books__publisher")
    template_name = "catalogue/good_detail.html"


def savepoints(request):
    """Transactions in a loop, and nothing in them."""
    done = 0
    for _ in Book.objects.order_by("pk"):
        with transaction.atomic(), transaction.atomic():
            done += 1
    return text([done])


def bulk_create(request):
    made = Review.objects.bulk_create(
        [Review(book=book, rating=3, text="new") for book in Book.objects.order_by("pk")], batch_size=2
    )
    return text([len(made)])


def bulk_update(request):
    books = list(Book.objects.order_by("pk"))
    for book in books:
        book.price += 1
    return text([Book.objects.bulk_update(books, ["price"], batch_size=2)])


def update_all(request):
    changed = Book.objects.filter(price__gte=0).update(price=F("price") + 1)
    return text([changed, *Book.objects.order_by("pk").values_list("price", flat=True)])


def cascade(request):
    """One author goes, and everything that hangs on their books."""
    deleted, _ = Author.objects.get(pk=request.GET["pk"]).delete()
    return text([deleted > 0, Book.objects.count()])


def cascade_all(request):
    Book.objects.all().delete()
    return text([Book.objects.count(), Chapter.objects.count(), Loan.objects.count()])


def twice(request):
    """Two alike queries from different places."""
    book = get_object_or_404(Book, pk=request.GET["pk"])
    return text([book.title, site_settings.neighbour(book)])


def settings_rows(request):
    """Three different rows, looked up in three places."""
    return text([site_settings.currency(), site_settings.opening_hours(), site_settings.max_loans()])


def settings_cached(request):
    """A cold cache: three keys, three lines."""
    currency = cache.get_or_set("currency", lambda: Setting.objects.get(key="currency").value)
    hours = cache.get_or_set("hours", lambda: Setting.objects.get(key="hours").value)
    loans = cache.get_or_set("max_loans", lambda: Setting.objects.get(key="max_loans").value)
    return text([currency, hours, loans])


def small_table(request):
    """A small table read once, and two constants looked up."""
    settings = dict(Setting.objects.values_list("key", "value"))
    lines = [f"{book.price} {settings['currency']}" for book in Book.objects.order_by("pk")]
    for key in ("hours", "currency"):
        lines.append(Setting.objects.get(key=key).value)
    return text(lines)


def dashboard(request):
    """Nine counts of nine tables."""
    return JsonResponse(
        {
            "books": Book.objects.count(),
            "authors": Author.objects.count(),
            "publishers": Publisher.objects.count(),
            "genres": Genre.objects.count(),
            "chapters": Chapter.objects.count(),
            "reviews": Review.objects.count(),
            "members": Member.objects.count(),
            "loans": Loan.objects.count(),
            "fines": Fine.objects.count(),
        }
    )


def detail(request, pk):
    """One book and what belongs to it: a handful of queries, one of each kind."""
    book = get_object_or_404(Book, pk=pk)
    lines = [book.title, book.author.name, book.publisher.name, book.author.city.name, book.publisher.city.name]
    lines += [genre.name for genre in book.genres.all()]
    lines += [f"{chapter.number}" for chapter in book.chapter_set.all()]
    lines += [book.reviews.count(), book.tags.count()]
    return text(lines)


def raw_once(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT title, COUNT(*) FROM catalogue_book GROUP BY title ORDER BY title")
        rows = cursor.fetchall()
    return text([f"{title}: {number}" for title, number in rows])


def union(request):
    old = Book.objects.filter(price__lt=10).values_list("title")
    new = Book.objects.filter(price__gte=10).values_list("title")
    return text(sorted(title for (title,) in old.union(new)))


def values_join(request):
    rows = Book.objects.order_by("pk").values("title", "author__name", "publisher__city__name")
    return JsonResponse({"books": list(rows)})


def full_rows(request):
    """Without the large field, and nobody asks for it."""
    return text([book.title for book in Book.objects.defer("full_text").order_by("pk")])


def stream(request):
    books = Book.objects.select_related("author").order_by("pk").iterator(chunk_size=2)
    return StreamingHttpResponse((f"{book.title}: {book.author.name}\n" for book in books), content_type="text/plain")


def mixed_databases(request):
    from archive.models import PastLoan

    past = PastLoan.objects.select_related("shelf").order_by("pk")
    return text([*(f"{one.title}: {one.shelf.name}" for one in past), Loan.objects.count()])


LoanForm = modelform_factory(Loan, fields=["book", "member", "days"])


def form(request):
    """Two drop-downs: one query each."""
    form = LoanForm()
    form.fields["member"].queryset = Member.objects.select_related("user")
    return render(request, "catalogue/good_form.html", {"form": form})


def save_form(request):
    """Validate the keys, save, and go to the list."""
    form = LoanForm(request.POST)
    if form.is_valid():
        form.save()
        return redirect("/benign/dashboard/")
    return text(form.errors)


def formset(request):
    from django import forms

    class DaysForm(forms.Form):
        days = forms.IntegerField()

    rows = [{"days": loan.days} for loan in Loan.objects.order_by("pk")]
    return render(request, "catalogue/good_formset.html", {"formset": formset_factory(DaysForm, extra=0)(initial=rows)})


def template(request):
    authors = Author.objects.select_related("city").prefetch_related("books__publisher").order_by("pk")
    return render(request, "catalogue/good_template.html", {"authors": authors})


@login_required
def account(request):
    """Session, user and many permissions: Django asks for them once."""
    wanted = ("add", "change", "delete", "view")
    allowed = [f"catalogue.{what}_book" for what in wanted if request.user.has_perm(f"catalogue.{what}_book")]
    request.session["seen"] = request.session.get("seen", 0) + 1
    return text([request.user.username, *allowed])


def set_genres(request):
    """One many-to-many relation of one book, set as a whole."""
    book = Book.objects.order_by("pk").first()
    book.genres.set(Genre.objects.all())
    return text([book.genres.count()])


def locked(request):
    with transaction.atomic():
        loans = list(Loan.objects.select_for_update().order_by("pk"))
        Loan.objects.filter(pk__in=[loan.pk for loan in loans]).update(days=models.F("days") + 1)
    return text([len(loans)])


def joined_children(request):
    """Forward and reverse one-to-one in one query each way."""
    profiles = Profile.objects.select_related("author__city").order_by("pk")
    return text([f"{profile.author.name} of {profile.author.city}" for profile in profiles])
