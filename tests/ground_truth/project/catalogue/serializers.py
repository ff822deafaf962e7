# ruff: noqa: RUF012 (a class's lists are how Django and DRF are configured)
"""What the API shows."""

from rest_framework import serializers

from catalogue.models import Author, Book, Chapter, City, Contribution, Genre, Profile, Publisher, Review, Tag


class CitySerializer(serializers.ModelSerializer):
    class Meta:
        model = City
        fields = ["id", "name"]


class PublisherSerializer(serializers.ModelSerializer):
    class Meta:
        model = Publisher
        fields = ["id", "name"]


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["id", "name"]


class GenreSerializer(serializers.ModelSerializer):
    class Meta:
        model = Genre
        fields = ["id", "name"]


class ReviewSerializer(serializers.ModelSerializer):
    class Meta:
        model = Review
        fields = ["rating", "text"]


class BookSerializer(serializers.ModelSerializer):
    """No relation is followed: the author is a number."""

    class Meta:
        model = Book
        fields = ["id", "title", "author", "publisher", "price"]


class BookWithPublisher(serializers.ModelSerializer):
    publisher = PublisherSerializer()

    class Meta:
        model = Book
        fields = ["title", "publisher"]


class BookWithPeople(serializers.ModelSerializer):
    author = AuthorSerializer()
    translator = AuthorSerializer()

    class Meta:
        model = Book
        fields = ["title", "author", "translator"]


class BookWithNames(serializers.ModelSerializer):
    """A dotted source."""

    author_name = serializers.CharField(source="author.name")

    class Meta:
        model = Book
        fields = ["title", "author_name"]


class ProfileSerializer(serializers.ModelSerializer):
    author = AuthorSerializer()

    class Meta:
        model = Profile
        fields = ["author", "biography"]


class ShortProfile(serializers.ModelSerializer):
    class Meta:
        model = Profile
        fields = ["biography"]


class AuthorWithProfile(serializers.ModelSerializer):
    profile = ShortProfile()

    class Meta:
        model = Author
        fields = ["name", "profile"]


class AuthorWithBooks(serializers.ModelSerializer):
    books = BookSerializer(many=True)

    class Meta:
        model = Author
        fields = ["name", "books"]


class AuthorWithBookKeys(serializers.ModelSerializer):
    """``books`` is a list of primary keys, as ModelSerializer makes it."""

    class Meta:
        model = Author
        fields = ["name", "books"]


class BookWithGenres(serializers.ModelSerializer):
    genres = GenreSerializer(many=True)

    class Meta:
        model = Book
        fields = ["title", "genres"]


class BookWithGenreNames(serializers.ModelSerializer):
    genres = serializers.SlugRelatedField(many=True, read_only=True, slug_field="name")

    class Meta:
        model = Book
        fields = ["title", "genres"]


class BookWithPublisherString(serializers.ModelSerializer):
    publisher = serializers.StringRelatedField()

    class Meta:
        model = Book
        fields = ["title", "publisher"]


class ContributionSerializer(serializers.ModelSerializer):
    author = AuthorSerializer()

    class Meta:
        model = Contribution
        fields = ["role", "author"]


class BookWithContributions(serializers.ModelSerializer):
    contributions = ContributionSerializer(many=True)

    class Meta:
        model = Book
        fields = ["title", "contributions"]


class ChapterSerializer(serializers.ModelSerializer):
    """The label is ``__str__`` of the chapter, which names its book."""

    class Meta:
        model = Chapter
        fields = ["number", "label"]

    label = serializers.CharField(source="__str__")


class BookWithText(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title", "full_text"]


class TagSerializer(serializers.ModelSerializer):
    target = serializers.SerializerMethodField()

    class Meta:
        model = Tag
        fields = ["label", "target"]

    def get_target(self, tag):
        return str(tag.content_object)  # trigger: gfk.drf


class AuthorWithTotals(serializers.ModelSerializer):
    book_count = serializers.IntegerField(source="books.count")

    class Meta:
        model = Author
        fields = ["name", "book_count"]


class AuthorWithTotalMethod(serializers.ModelSerializer):
    """A method of the model as a read-only field."""

    total = serializers.ReadOnlyField(source="book_total")

    class Meta:
        model = Author
        fields = ["name", "total"]


class AuthorWithFlags(serializers.ModelSerializer):
    has_books = serializers.SerializerMethodField()

    class Meta:
        model = Author
        fields = ["name", "has_books"]

    def get_has_books(self, author):
        return author.books.exists()  # trigger: exists.drf


class AuthorWithFirst(serializers.ModelSerializer):
    first_book = serializers.SerializerMethodField()

    class Meta:
        model = Author
        fields = ["name", "first_book"]

    def get_first_book(self, author):
        book = author.books.first()  # trigger: first.drf
        return BookSerializer(book).data if book else None


class BookWithRating(serializers.ModelSerializer):
    good_reviews = serializers.SerializerMethodField()

    class Meta:
        model = Book
        fields = ["title", "good_reviews"]

    def get_good_reviews(self, book):
        reviews = book.reviews.filter(rating__gte=4)
        return ReviewSerializer(reviews, many=True).data  # trigger: filter.drf


class BookWithTagLabels(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title"]

    def to_representation(self, book):
        data = super().to_representation(book)
        data["tags"] = [tag.label for tag in book.tags.all()]  # trigger: generic_rel.drf
        return data


class PublisherWithCity(serializers.ModelSerializer):
    city = CitySerializer()

    class Meta:
        model = Publisher
        fields = ["name", "city"]


class BookWithPlace(serializers.ModelSerializer):
    publisher = PublisherWithCity()

    class Meta:
        model = Book
        fields = ["title", "publisher"]


class GenreWithPublishers(serializers.ModelSerializer):
    """Many books, each with its publisher."""

    books = BookWithPublisher(many=True)

    class Meta:
        model = Genre
        fields = ["name", "books"]
