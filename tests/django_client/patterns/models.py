"""One model for each kind of relation that a call site can name."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Person(models.Model):
    name = models.CharField(max_length=40, unique=True)
    mentor = models.ForeignKey("self", null=True, related_name="pupils", on_delete=models.CASCADE)


class Passport(models.Model):
    person = models.OneToOneField(Person, related_name="passport", on_delete=models.CASCADE)
    number = models.CharField(max_length=20)


class Tag(models.Model):
    name = models.CharField(max_length=40)


class Note(models.Model):
    text = models.CharField(max_length=40)
    subject_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    subject_id = models.PositiveIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")


class WorkQuerySet(models.QuerySet[Any]):
    def get(self, *args: Any, **kwargs: Any) -> Any:
        return super().get(*args, **kwargs)


class Work(models.Model):
    title = models.CharField(max_length=40)
    writer = models.ForeignKey(Person, related_name="works", on_delete=models.CASCADE)
    editor = models.ForeignKey(Person, null=True, on_delete=models.CASCADE)
    tags = models.ManyToManyField(Tag, related_name="works")
    notes = GenericRelation(Note, object_id_field="subject_id", content_type_field="subject_type")

    objects = WorkQuerySet.as_manager()


class Trap(models.Model):
    """Whoever shows, compares or hashes one is found out."""

    name = models.CharField(max_length=40)
    work = models.ForeignKey(Work, related_name="traps", on_delete=models.CASCADE)

    def __repr__(self) -> str:
        raise AssertionError("somebody looked")

    __str__ = __bool__ = __repr__  # type: ignore[assignment]  # all of them must raise, whatever they return

    def __eq__(self, other: object) -> bool:
        raise AssertionError("somebody compared")

    def __hash__(self) -> int:
        raise AssertionError("somebody hashed")
