"""The shop in Django's admin, as a newcomer would register it."""

from django.contrib import admin

from shop.models import Author, Book, Customer, Order, OrderLine, Publisher, Review, Tag


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ("title", "author", "publisher", "review_count")
    list_per_page = 25
    search_fields = ("title",)

    @admin.display(description="reviews")
    def review_count(self, book: Book) -> int:
        """Count the reviews of one row: one query a row, as admin columns often do."""
        return book.review_set.count()


class OrderLineInline(admin.TabularInline):
    model = OrderLine
    extra = 0


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ("id", "customer", "placed")
    inlines = (OrderLineInline,)


admin.site.register([Author, Publisher, Tag, Review, Customer])
