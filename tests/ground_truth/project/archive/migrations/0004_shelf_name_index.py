# ruff: noqa: RUF012 (the form that makemigrations writes)
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0003_first_shelf")]
    operations = [
        migrations.AddIndex("shelf", models.Index(fields=["name"], name="shelf_name")),
        migrations.RemoveIndex("shelf", name="shelf_name"),
    ]
