# ruff: noqa: RUF012 (the form that makemigrations writes)
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Shelf",
            fields=[("id", models.BigAutoField(primary_key=True, serialize=False))],
        ),
        migrations.CreateModel(
            name="PastLoan",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=100)),
                ("shelf", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="archive.shelf")),
            ],
        ),
    ]
