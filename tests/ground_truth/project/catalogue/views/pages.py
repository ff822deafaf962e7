"""HTML pages: what a template asks for while it is rendered."""

from django import forms
from django.forms import modelformset_factory
from django.shortcuts import get_object_or_404, render
from django.views.generic import DetailView, ListView
from lending.models import Loan, Member

from catalogue.models import Author, Book, Category, Genre, Profile, Publisher, Tag


def fk(request):
    books = Book.objects.order_by("title")  # queryset: fk.template
    return render(request, "catalogue/fk.html", {"books": books})  # source: fk.template


def two(request):
    books = Book.objects.order_by("pk")  # queryset: two.template.author, two.template.translator
    context = {"books": books, "heading": "All books"}
    return render(request, "catalogue/two.html", context)  # source: two.template.author, two.template.translator


def o2o(request):
    profiles = Profile.objects.order_by("pk")  # queryset: o2o.template
    return render(request, "catalogue/o2o.html", {"profiles": profiles})  # source: o2o.template


def rev_o2o(request):
    authors = list(Author.objects.order_by("pk"))  # source: rev_o2o.template
    return render(request, "catalogue/rev_o2o.html", {"authors": authors})


def rev_fk(request):
    authors = Author.objects.order_by("name")  # queryset: rev_fk.template
    return render(request, "catalogue/rev_fk.html", {"authors": authors})  # source: rev_fk.template


def rev_fk_unnamed(request):
    books = Book.objects.order_by("pk")  # queryset: rev_fk_unnamed.template
    return render(request, "catalogue/chapters.html", {"books": books})  # source: rev_fk_unnamed.template


def m2m(request):
    books = Book.objects.order_by("pk")  # queryset: m2m.template
    return render(request, "catalogue/m2m.html", {"books": books})  # source: m2m.template


def through(request):
    books = Book.objects.order_by("pk")  # queryset: through.template.rows
    page = "catalogue/through.html"
    return render(request, page, {"books": books})  # source: through.template.rows, through.template.author


def gfk(request):
    tags = Tag.objects.order_by("pk")  # queryset: gfk.template
    return render(request, "catalogue/gfk.html", {"tags": tags})  # source: gfk.template


def generic_rel(request):
    books = Book.objects.order_by("pk")  # queryset: generic_rel.template
    return render(request, "catalogue/tags.html", {"books": books})  # source: generic_rel.template


def deferred(request):
    books = Book.objects.only("title", "price").order_by("pk")  # queryset: deferred.template
    return render(request, "catalogue/deferred.html", {"books": books})  # source: deferred.template


def count(request):
    authors = Author.objects.order_by("pk")  # queryset: count.template
    return render(request, "catalogue/count.html", {"authors": authors})  # source: count.template


def exists(request):
    authors = Author.objects.order_by("pk")  # queryset: exists.template
    return render(request, "catalogue/exists.html", {"authors": authors})  # source: exists.template


def first(request):
    authors = Author.objects.order_by("pk")  # queryset: first.template
    return render(request, "catalogue/first.html", {"authors": authors})  # source: first.template


def tree(request, pk):
    category = get_object_or_404(Category, pk=pk)  # source: tree.template
    return render(request, "catalogue/tree.html", {"category": category})


def chain(request):
    books = Book.objects.order_by("pk")  # queryset: chain.template.author, chain.template.city
    page = "catalogue/chain.html"
    return render(request, page, {"books": books})  # source: chain.template.author, chain.template.city


def nested(request):
    genres = Genre.objects.order_by("pk")  # queryset: nested.template.books
    page = "catalogue/nested.html"
    return render(request, page, {"genres": genres})  # source: nested.template.books, nested.template.publisher


def tag(request):
    books = Book.objects.order_by("pk")  # queryset: tmpl.tag
    return render(request, "catalogue/tag.html", {"books": books})  # source: tmpl.tag


def tag_same(request):
    return render(request, "catalogue/tag_same.html", {"books": Book.objects.order_by("pk")})


def filter_(request):
    publishers = Publisher.objects.order_by("pk")  # queryset: tmpl.filter
    return render(request, "catalogue/filter.html", {"publishers": publishers})  # source: tmpl.filter


def method(request):
    authors = Author.objects.order_by("pk")  # queryset: tmpl.method
    return render(request, "catalogue/method.html", {"authors": authors})  # source: tmpl.method


def include(request):
    books = Book.objects.order_by("pk")  # queryset: tmpl.include
    return render(request, "catalogue/include.html", {"books": books})  # source: tmpl.include


def inclusion(request):
    authors = Author.objects.order_by("pk")  # queryset: tmpl.inclusion
    return render(request, "catalogue/inclusion.html", {"authors": authors})  # source: tmpl.inclusion


def block(request):
    """The loop stands in a block of a template that extends another one."""
    books = Book.objects.order_by("pk")  # queryset: tmpl.block
    return render(request, "catalogue/block.html", {"books": books})  # source: tmpl.block


class BookList(ListView):
    template_name = "catalogue/book_list.html"
    queryset = Book.objects.order_by("title")  # queryset: listview.queryset


class AuthorList(ListView):
    template_name = "catalogue/author_list.html"
    paginate_by = 100

    def get_queryset(self):
        return Author.objects.order_by("pk")  # queryset: listview.paginated


class AuthorDetail(DetailView):
    model = Author
    template_name = "catalogue/author_detail.html"


class LoanForm(forms.Form):
    member = forms.ModelChoiceField(queryset=Member.objects.order_by("pk"))  # queryset: form.choice_str


def choice(request):
    """The drop-down calls ``__str__`` of each member, which asks for its user."""
    return render(request, "catalogue/choice.html", {"form": LoanForm()})  # source: form.choice_str


def formset(request):
    """Each form of the set asks for the books of its drop-down anew."""
    forms_of = modelformset_factory(Loan, fields=["book", "days"], extra=0)
    return render(request, "catalogue/formset.html", {"formset": forms_of(queryset=Loan.objects.order_by("pk"))})
