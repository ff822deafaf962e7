"""Two APIs of the same books: one asks the database once a page, the other once a row and field."""

from typing import Any

from rest_framework import serializers, viewsets

from shop.models import Book, Review


class ReviewSerializer(serializers.ModelSerializer):
    class Meta:
        model = Review
        fields = ("id", "reader", "stars")


class BookSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.name")
    publisher = serializers.StringRelatedField()
    tags = serializers.StringRelatedField(many=True)

    class Meta:
        model = Book
        fields = ("id", "title", "author", "publisher", "tags", "price_cents")


class NaiveBookSerializer(BookSerializer):
    reviews = ReviewSerializer(source="review_set", many=True)
    stars = serializers.SerializerMethodField()

    class Meta(BookSerializer.Meta):
        fields = (*BookSerializer.Meta.fields, "reviews", "stars")

    def get_stars(self, book: Book) -> float:
        stars = [review.stars for review in book.review_set.order_by("id")]
        return sum(stars) / len(stars) if stars else 0.0


class BookViewSet(viewsets.ReadOnlyModelViewSet):
    """The good one: joins and prefetches what its serializer reads."""

    queryset = Book.objects.select_related("author", "publisher").prefetch_related("tags").order_by("id")
    serializer_class = BookSerializer


class NaiveBookViewSet(viewsets.ReadOnlyModelViewSet):
    """The N+1: five queries for each book of the page."""

    queryset = Book.objects.order_by("id")
    serializer_class = NaiveBookSerializer

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(price_cents__gt=0)
