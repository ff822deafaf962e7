# ruff: noqa: RUF012 (a class's lists are how Django and DRF are configured)
"""The API: generic views, view sets and a function."""

from rest_framework import generics, serializers, viewsets
from rest_framework.decorators import api_view
from rest_framework.response import Response

from catalogue import serializers as out
from catalogue.models import Author, Book, Chapter, Contribution, Genre, Profile, Tag


class FkList(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # queryset: fk.drf
    serializer_class = out.BookWithPublisher


class TwoList(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # queryset: two.drf.author, two.drf.translator
    serializer_class = out.BookWithPeople


class DottedList(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # queryset: drf.dotted
    serializer_class = out.BookWithNames


class ProfileList(generics.ListAPIView):
    queryset = Profile.objects.order_by("pk")  # queryset: o2o.drf
    serializer_class = out.ProfileSerializer


class AuthorProfileList(generics.ListAPIView):
    queryset = Author.objects.order_by("pk")  # queryset: rev_o2o.drf
    serializer_class = out.AuthorWithProfile


class AuthorBooksList(generics.ListAPIView):
    queryset = Author.objects.order_by("pk")  # queryset: rev_fk.drf
    serializer_class = out.AuthorWithBooks


class AuthorKeysList(generics.ListAPIView):
    queryset = Author.objects.order_by("pk")  # queryset: drf.many_keys
    serializer_class = out.AuthorWithBookKeys


class GenresViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.order_by("pk")  # queryset: m2m.drf
    serializer_class = out.BookWithGenres


class SlugViewSet(viewsets.ModelViewSet):
    serializer_class = out.BookWithGenreNames

    def get_queryset(self):
        return Book.objects.order_by("pk")  # queryset: drf.slug


class StringList(generics.ListCreateAPIView):
    queryset = Book.objects.order_by("pk")  # queryset: drf.string
    serializer_class = out.BookWithPublisherString


class ChapterList(generics.ListAPIView):
    queryset = Chapter.objects.order_by("pk")  # queryset: drf.string_str
    serializer_class = out.ChapterSerializer


class ContributionsList(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # queryset: through.drf.rows
    serializer_class = out.BookWithContributions


class TextList(generics.ListAPIView):
    queryset = Book.objects.defer("full_text").order_by("pk")  # queryset: deferred.drf
    serializer_class = out.BookWithText


class TagList(generics.ListAPIView):
    queryset = Tag.objects.order_by("pk")  # queryset: gfk.drf
    serializer_class = out.TagSerializer


class TagLabelList(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # queryset: generic_rel.drf
    serializer_class = out.BookWithTagLabels


class TotalsList(generics.ListAPIView):
    queryset = Author.objects.order_by("pk")  # queryset: count.drf
    serializer_class = out.AuthorWithTotals


class TotalMethodList(generics.ListAPIView):
    queryset = Author.objects.order_by("pk")  # queryset: drf.model_method
    serializer_class = out.AuthorWithTotalMethod


class FlagsViewSet(viewsets.ModelViewSet):
    queryset = Author.objects.order_by("pk")  # queryset: exists.drf
    serializer_class = out.AuthorWithFlags


class FirstViewSet(viewsets.ViewSet):
    """A view set by hand."""

    def list(self, request):
        authors = Author.objects.order_by("pk")  # queryset: first.drf
        serializer = out.AuthorWithFirst(authors, many=True)
        return Response(serializer.data)  # source: first.drf


@api_view(["GET"])
def ratings(request):
    books = Book.objects.order_by("pk")  # queryset: filter.drf
    return Response(out.BookWithRating(books, many=True).data)  # source: filter.drf


class PlaceList(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # queryset: chain.drf.publisher, chain.drf.city
    serializer_class = out.BookWithPlace


class GenreTreeList(generics.ListAPIView):
    queryset = Genre.objects.order_by("pk")  # queryset: nested.drf.books
    serializer_class = out.GenreWithPublishers


class NewContribution(serializers.ModelSerializer):
    class Meta:
        model = Contribution
        fields = ["book", "author", "role"]


@api_view(["POST"])
def contribute(request):
    """Many rows in one request: the serializer looks each key up, and creates row by row."""
    serializer = NewContribution(data=request.data, many=True)
    serializer.is_valid(raise_exception=True)  # trigger: drf.keys.book, drf.keys.author
    serializer.save()  # trigger: drf.keys.insert
    return Response({"created": len(serializer.instance)})
