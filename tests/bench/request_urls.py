"""The view of request_site.py: as many ORM queries as its path says, none of them twice."""

from __future__ import annotations

from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.urls import path

__all__ = ["make_table", "urlpatterns"]


class Thing(models.Model):
    name = models.CharField(max_length=40)
    size = models.IntegerField()
    colour = models.CharField(max_length=40)
    made = models.DateField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        app_label = "bench"


def things(request: HttpRequest, queries: int) -> HttpResponse:
    """Ask what nobody else in this request asks: each statement differs by its LIMIT."""
    for number in range(queries):
        list(Thing.objects.filter(pk=1)[: 2 + number])
    return HttpResponse(str(queries))


def make_table() -> None:
    """Fill the table of the things."""
    with connection.schema_editor() as editor:
        editor.create_model(Thing)
    Thing.objects.bulk_create(Thing(name="a thing", size=1, colour="red", price=1) for _ in range(5))


urlpatterns = [path("things/<int:queries>/", things)]
