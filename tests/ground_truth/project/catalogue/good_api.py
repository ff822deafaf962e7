"""The API as it should be."""

from rest_framework import generics, viewsets
from rest_framework.pagination import PageNumberPagination

from catalogue import serializers as out
from catalogue.models import Author, Book, Genre


class GoodPlaceList(generics.ListAPIView):
    queryset = Book.objects.select_related("publisher__city").order_by("pk")
    serializer_class = out.BookWithPlace


class GoodGenreList(generics.ListAPIView):
    queryset = Genre.objects.prefetch_related("books__publisher").order_by("pk")
    serializer_class = out.GenreWithPublishers


class Page(PageNumberPagination):
    page_size = 5


class GoodAuthorViewSet(viewsets.ModelViewSet):
    queryset = Author.objects.prefetch_related("books").order_by("pk")
    serializer_class = out.AuthorWithBooks
    pagination_class = Page


class KeyOnlyViewSet(viewsets.ModelViewSet):
    """Foreign keys shown as numbers need no query; a POST checks two keys."""

    queryset = Book.objects.order_by("pk")
    serializer_class = out.BookSerializer
