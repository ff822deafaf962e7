"""What the library owns: authors, books and what people say about them."""

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Avg


class City(models.Model):
    name = models.CharField(max_length=60)

    def __str__(self):
        return self.name


class Publisher(models.Model):
    name = models.CharField(max_length=60)
    city = models.ForeignKey(City, on_delete=models.CASCADE)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="imprints")

    def __str__(self):
        return self.name


class Author(models.Model):
    name = models.CharField(max_length=60)
    city = models.ForeignKey(City, null=True, on_delete=models.SET_NULL)

    def __str__(self):
        return self.name

    def average_rating(self):
        reviews = Review.objects.filter(book__author=self)
        return reviews.aggregate(mean=Avg("rating"))["mean"]  # trigger: method.aggregate

    def book_total(self):
        return self.books.count()  # trigger: tmpl.method, drf.model_method


class Profile(models.Model):
    author = models.OneToOneField(Author, on_delete=models.CASCADE, related_name="profile")
    biography = models.TextField()


class Genre(models.Model):
    name = models.CharField(max_length=60, unique=True)

    def __str__(self):
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    translator = models.ForeignKey(
        Author, null=True, blank=True, on_delete=models.SET_NULL, related_name="translations"
    )
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE)
    genres = models.ManyToManyField(Genre, related_name="books", blank=True)
    contributors = models.ManyToManyField(Author, through="Contribution", related_name="contributed")
    tags = GenericRelation("catalogue.Tag")
    price = models.IntegerField(default=10)
    full_text = models.TextField(default="", blank=True)

    def __str__(self):
        return self.title

    @property
    def origin(self):
        return self.publisher.city_id  # trigger: fk.property


class AudioBook(Book):
    minutes = models.IntegerField()


class Contribution(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="contributions")
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    role = models.CharField(max_length=20)


class Chapter(models.Model):
    """A chapter has no related_name for its book on purpose: book.chapter_set."""

    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    number = models.IntegerField()
    title = models.CharField(max_length=100)

    def __str__(self):
        return f"{self.book.title}, {self.title}"  # trigger: fk.str, admin.str, drf.string_str


class Review(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="reviews")
    rating = models.IntegerField()
    text = models.TextField()


class Tag(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    content_object = GenericForeignKey("content_type", "object_id")
    label = models.CharField(max_length=30)


class Category(models.Model):
    name = models.CharField(max_length=60)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")

    def __str__(self):
        return self.name

    def path(self):
        """Return the names from the root to this one."""
        prefix = self.parent.path() + "/" if self.parent else ""  # trigger: tree.method, tree.template
        return prefix + self.name
