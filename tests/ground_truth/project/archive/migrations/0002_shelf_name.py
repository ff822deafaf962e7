# ruff: noqa: RUF012 (the form that makemigrations writes)
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="shelf",
            name="name",
            field=models.CharField(default="", max_length=30),
            preserve_default=False,
        ),
    ]
