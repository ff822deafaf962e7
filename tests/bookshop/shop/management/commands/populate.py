"""`manage.py populate`: fill both databases with the same books every time."""

import datetime
import random
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser
from django.core.management.color import no_style
from django.db import connection, transaction
from reports.models import DailySale

from shop.models import Author, Book, Customer, Order, OrderLine, Publisher, Review, Tag

SEED = 20240229
FIRST_DAY = datetime.date(2024, 1, 1)
WORDS = [
    "amber",
    "anchor",
    "autumn",
    "basalt",
    "beacon",
    "birch",
    "bridge",
    "canyon",
    "cedar",
    "cinder",
    "cobalt",
    "comet",
    "copper",
    "coral",
    "delta",
    "drift",
    "dune",
    "echo",
    "ember",
    "falcon",
    "fathom",
    "fern",
    "flint",
    "frost",
    "garnet",
    "glacier",
    "granite",
    "harbour",
    "hazel",
    "heron",
    "hollow",
    "indigo",
    "island",
    "ivory",
    "jasper",
    "juniper",
    "lantern",
    "linden",
    "marble",
    "meadow",
    "mercury",
    "mirror",
    "nomad",
    "oak",
    "orchard",
    "osprey",
    "pebble",
    "pepper",
    "prairie",
    "quarry",
    "quartz",
    "raven",
    "reed",
    "river",
    "saffron",
    "sable",
    "silver",
    "slate",
    "sparrow",
    "storm",
    "summit",
    "thistle",
    "tide",
    "timber",
    "tundra",
    "valley",
    "velvet",
    "violet",
    "walnut",
    "willow",
    "winter",
    "wren",
]


class Command(BaseCommand):
    help = "Replace what is in both databases by the demo's books, reviews, customers and orders."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", type=int, default=1, help="how many times as many rows (default 1)")

    def handle(self, *args: Any, scale: int, **options: Any) -> None:
        with transaction.atomic(), transaction.atomic(using="reports"):
            rows = _replace_everything(random.Random(SEED), scale)
        self.stdout.write(f"populated {rows} rows")


def _replace_everything(chance: random.Random, scale: int) -> int:
    for model in (OrderLine, Order, Customer, Review, Book, Tag, Author, Publisher, DailySale):
        model._default_manager.all().delete()

    def phrase(words: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(words))

    def day() -> datetime.date:
        return FIRST_DAY + datetime.timedelta(days=chance.randrange(300))

    publishers = [
        Publisher(id=n, name=f"{phrase(1).title()} Press", city=phrase(1).title()) for n in range(1, 12 * scale + 1)
    ]
    authors = [
        Author(id=n, name=phrase(2).title(), born=chance.randrange(1900, 2000)) for n in range(1, 40 * scale + 1)
    ]
    tags = [Tag(id=n, name=f"{phrase(1)} {n}") for n in range(1, 15 * scale + 1)]
    books = [
        Book(
            id=n,
            title=phrase(3).title(),
            author=chance.choice(authors),
            publisher=chance.choice(publishers) if n % 10 else None,
            price_cents=chance.randrange(500, 4000),
            published=day(),
            blurb=phrase(40),
        )
        for n in range(1, 120 * scale + 1)
    ]
    reviews = [
        Review(
            id=n,
            book=chance.choice(books),
            reader=phrase(1).title(),
            stars=chance.randrange(1, 6),
            text=phrase(20),
        )
        for n in range(1, 400 * scale + 1)
    ]
    customers = [
        Customer(id=n, name=phrase(2).title(), email=f"customer{n}@example.org") for n in range(1, 50 * scale + 1)
    ]
    noon = datetime.time(12, tzinfo=datetime.timezone.utc)
    orders = [
        Order(id=n, customer=chance.choice(customers), placed=datetime.datetime.combine(day(), noon))
        for n in range(1, 80 * scale + 1)
    ]
    lines = [
        OrderLine(
            id=n,
            order=chance.choice(orders),
            book=(book := chance.choice(books)),
            copies=chance.randrange(1, 4),
            price_cents=book.price_cents,
        )
        for n in range(1, 200 * scale + 1)
    ]
    sales = [
        DailySale(id=n, day=day(), book_id=chance.choice(books).id, copies=chance.randrange(1, 9))
        for n in range(1, 150 * scale + 1)
    ]
    for rows in (publishers, authors, tags, books, reviews, customers, orders, lines):
        rows[0].__class__._default_manager.bulk_create(rows)
    DailySale.objects.bulk_create(sales)
    tagged = Book.tags.through
    tagged._default_manager.bulk_create(
        tagged(book_id=book.id, tag_id=tag.id) for book in books for tag in chance.sample(tags, 2)
    )
    _advance_sequences()
    users = get_user_model()._default_manager
    users.filter(username="admin").delete()
    users.create_superuser("admin", "admin@example.org", "admin")
    return sum(map(len, (publishers, authors, tags, books, reviews, customers, orders, lines, sales)))


def _advance_sequences() -> None:
    """Let the next INSERT without a key follow the rows that were written with theirs."""
    models = [Publisher, Author, Tag, Book, Review, Customer, Order, OrderLine, Book.tags.through]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
