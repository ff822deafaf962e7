"""A small real Django site, served by Django's own server in the Windows Python; test_site.py drives it.

usage: python.exe site_process.py DATABASE [ADDRESS]      (without an address: a private daemon, started on demand)

It prints one line of JSON with its port, then answers each line of its input with one: `stats`, `flush`, `daemon`.
At the end of its input it ends as a site does that is stopped.
"""

from __future__ import annotations

import json
import sys
import threading

import django
from django.conf import settings

DATABASE = sys.argv[1]
ADDRESS = sys.argv[2] if len(sys.argv) > 2 else None
BOOKS = 20

settings.configure(
    DEBUG=True,
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django_mercury"],
    MIDDLEWARE=["django_mercury.middleware.MercuryMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    MERCURY={"SERVICE": "windows", "CONSOLE": False} | ({"ADDRESS": ADDRESS} if ADDRESS else {}),
)
django.setup()

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402  (path or settings first)
from django.core.wsgi import get_wsgi_application  # noqa: E402  (path or settings first)
from django.db import connection, models  # noqa: E402  (path or settings first)
from django.http import HttpRequest, JsonResponse  # noqa: E402  (path or settings first)
from django.urls import path  # noqa: E402  (path or settings first)

import mercury_client  # noqa: E402  (path or settings first)


class Author(models.Model):
    """Somebody who writes."""

    name = models.CharField(max_length=50)

    class Meta:
        app_label = "shop"


class Book(models.Model):
    """Something that was written."""

    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"


def books(request: HttpRequest) -> JsonResponse:
    """List the first books, the author of each by a query of its own: 1 + as many queries."""
    first = Book.objects.order_by("id")[: int(request.GET["first"])]
    return JsonResponse({"books": [f"{book.title} by {book.author.name}" for book in first]})


def one(request: HttpRequest, number: int) -> JsonResponse:
    """Show one book: 1 query."""
    return JsonResponse({"title": Book.objects.get(pk=number).title})


urlpatterns = [path("books/", books), path("books/<int:number>/", one)]


def fill() -> None:
    """Make the tables and their rows; what is measured of it is sent before the site counts."""
    with connection.schema_editor() as editor:
        for model in (Author, Book):
            editor.create_model(model)
    for number in range(1, BOOKS + 1):
        author = Author.objects.create(name=f"author {number}")
        Book.objects.create(title=f"book {number}", author=author)


class QuietHandler(WSGIRequestHandler):
    """Django's handler, which would print a line for each request."""

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def say(facts: dict[str, object]) -> None:
    """Print one line for whoever drives this."""
    print(json.dumps(facts), flush=True)


def main() -> None:
    fill()
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say({"port": server.server_port})
    for line in sys.stdin:
        if line.strip() == "flush":
            say({"arrived": mercury_client.flush(20), **mercury_client.stats()})
        else:
            say(mercury_client.stats())
    server.shutdown()


if __name__ == "__main__":
    main()
