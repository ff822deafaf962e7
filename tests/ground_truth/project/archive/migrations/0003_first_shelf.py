# ruff: noqa: RUF012 (the form that makemigrations writes)
from django.db import migrations


def add_shelf(apps, schema_editor):
    apps.get_model("archive", "Shelf").objects.using(schema_editor.connection.alias).create(name="first")


def remove_shelf(apps, schema_editor):
    apps.get_model("archive", "Shelf").objects.using(schema_editor.connection.alias).filter(name="first").delete()


class Migration(migrations.Migration):
    dependencies = [("archive", "0002_shelf_name")]
    operations = [migrations.RunPython(add_shelf, remove_shelf)]
