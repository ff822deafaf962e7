"""Who borrows what."""

from catalogue.models import Book
from django.conf import settings
from django.db import models


class Member(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    card = models.CharField(max_length=20, unique=True)

    def __str__(self):
        return f"{self.card} {self.user.username}"  # trigger: form.choice_str


class Loan(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="loans")
    days = models.IntegerField(default=14)
    note = models.CharField(max_length=60, default="", blank=True)


class Fine(models.Model):
    loan = models.ForeignKey(Loan, on_delete=models.CASCADE, related_name="fines")
    cents = models.IntegerField()


class Renewal(models.Model):
    """Each renewal is written to the log by a signal handler (lending.signals)."""

    loan = models.ForeignKey(Loan, on_delete=models.CASCADE)
    days = models.IntegerField(default=7)


class LogEntry(models.Model):
    text = models.CharField(max_length=100)


class Setting(models.Model):
    key = models.CharField(max_length=30, unique=True)
    value = models.CharField(max_length=60)


class Job(models.Model):
    state = models.CharField(max_length=20)
