"""Loans of past years, in a database of their own."""

from django.db import models


class Shelf(models.Model):
    name = models.CharField(max_length=30)


class PastLoan(models.Model):
    title = models.CharField(max_length=100)
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE)
