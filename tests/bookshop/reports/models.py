"""The second database: figures that a nightly job would write."""

from django.db import models


class DailySale(models.Model):
    """How many copies of a book were sold on a day. The book is in another database: no foreign key."""

    day = models.DateField()
    book_id = models.BigIntegerField(db_index=True)
    copies = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.copies} of book {self.book_id} on {self.day}"
