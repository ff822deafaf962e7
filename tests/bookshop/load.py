#!/usr/bin/env python3
"""Send a fixed plan of requests to a running bookshop and say what came back.

    python load.py http://127.0.0.1:8000 --requests 2000 --threads 4 --json sent.json

The plan has no chance in it: the same number of requests gives the same requests in the same order, so that
what Mercury counts can be compared with what was sent. Routes are named as Mercury names them. The two
requests that log in to the admin are part of the plan and of the counts. Standard library only, and no
Django.

Exit code: 0 all answers as expected, 1 some were not (they are listed), 2 usage.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Route:
    """One kind of request: how often it is sent, and what its n-th path and form are."""

    weight: int
    method: str
    name: str  # the route template, as Mercury shows it
    status: int
    path: Callable[[int], str]
    form: Callable[[int], list[tuple[str, str]]] | None = None


def _fixed(path: str) -> Callable[[int], str]:
    return lambda n: path


def _book_form(n: int) -> list[tuple[str, str]]:
    return [("title", f"New book {n}"), ("author", str(n % 40 + 1))]


def _order_form(n: int) -> list[tuple[str, str]]:
    return [("customer", str(n % 50 + 1)), ("book", str(n % 120 + 1)), ("book", str((n + 7) % 120 + 1))]


def _get(weight: int, name: str, path: str, status: int = 200) -> Route:
    return Route(weight, "GET", name, status, _fixed(path))


PLAN = (
    _get(6, "/", "/"),
    _get(16, "books/", "/books/"),
    _get(8, "books/naive/", "/books/naive/"),
    Route(20, "GET", "books/<int:pk>/", 200, lambda n: f"/books/{n % 120 + 1}/"),
    Route(2, "GET", "books/search/", 200, lambda n: f"/books/search/?q={'aeiou'[n % 5]}"),
    _get(2, "books/new/", "/books/new/"),
    Route(3, "POST", "books/new/", 302, _fixed("/books/new/"), _book_form),
    _get(3, "books/export/", "/books/export/"),
    _get(2, "books/feed/", "/books/feed/"),
    _get(4, "authors/dashboard/", "/authors/dashboard/"),
    Route(4, "POST", "orders/new/", 201, _fixed("/orders/new/"), _order_form),
    _get(6, "bestsellers/", "/bestsellers/"),
    _get(3, "reports/sales/", "/reports/sales/"),
    _get(2, "licence/", "/licence/"),
    Route(3, "GET", "<lang>/about/", 200, lambda n: f"/{('en', 'de')[n % 2]}/about/"),
    _get(2, "missing/", "/missing/", 404),
    _get(1, "broken/", "/broken/", 500),
    Route(2, "GET", "(unmatched)", 404, lambda n: f"/nowhere/{n}/"),
    _get(1, "(unmatched)", "/books", 301),
    _get(4, "api/books/$", "/api/books/"),
    Route(3, "GET", "api/books/(?P<pk>[^/.]+)/$", 200, lambda n: f"/api/books/{n % 120 + 1}/"),
    _get(2, "api/books-naive/$", "/api/books-naive/"),
    Route(1, "GET", "api/books-naive/(?P<pk>[^/.]+)/$", 200, lambda n: f"/api/books-naive/{n % 120 + 1}/"),
    _get(1, "admin/shop/book/", "/admin/shop/book/"),
    Route(
        1,
        "GET",
        "admin/shop/book/<path:object_id>/change/",
        200,
        lambda n: f"/admin/shop/book/{n % 120 + 1}/change/",
    ),
)
LOGIN = "admin/login/"


def make_plan(requests: int) -> list[tuple[Route, int]]:
    """Return ``requests`` requests as (route, n-th of its route), shares by weight, evenly mixed."""
    total = sum(route.weight for route in PLAN)
    shares = [requests * route.weight // total for route in PLAN]
    # Largest remainder first, so that the shares add up; ties go to the earlier route.
    by_remainder = sorted(range(len(PLAN)), key=lambda i: (-(requests * PLAN[i].weight % total), i))
    for i in by_remainder[: requests - sum(shares)]:
        shares[i] += 1
    places = [((n + 0.5) / share, i, n) for i, share in enumerate(shares) for n in range(share)]
    return [(PLAN[i], n) for _, i, n in sorted(places)]


@dataclass
class Outcome:
    """What all threads saw. Guarded by ``lock``."""

    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, method: str, name: str, status: int, expected: int, path: str) -> None:
        """Count one answer; status 0: there was none."""
        with self.lock:
            self.answers[method, name, status] += 1
            if status != expected:
                self.wrong.append(f"{method} {path}: {status}, expected {expected}")


class Visitor:
    """One keep-alive connection with its cookies. Used by one thread."""

    def __init__(self, host: str, port: int, cookies: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=60)
        self.cookies = cookies

    def send(self, method: str, path: str, form: list[tuple[str, str]] | None = None) -> tuple[int, bytes]:
        """Send one request and read the whole answer; connect again if the server closed meanwhile."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name.strip()] = value
        if response.will_close:
            self._connection.close()
        return response.status, content

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def log_in(host: str, port: int, outcome: Outcome) -> dict[str, str]:
    """Log in to the admin as `populate` created it; return the cookies."""
    visitor = Visitor(host, port, {})
    path = "/admin/login/"
    status, _ = visitor.send("GET", path)
    outcome.add("GET", LOGIN, status, 200, path)
    form = [("username", "admin"), ("password", "admin"), ("next", "/admin/")]
    form.append(("csrfmiddlewaretoken", visitor.cookies.get("csrftoken", "")))
    status, _ = visitor.send("POST", path, form)
    outcome.add("POST", LOGIN, status, 302, path)
    visitor.close()
    return visitor.cookies


def run(url: str, requests: int, threads: int) -> Outcome:
    """Send the plan to the site at ``url`` and return what came back."""
    address = urlsplit(url)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    outcome = Outcome()
    cookies = log_in(host, port, outcome)
    plan = make_plan(requests - 2)

    def visit(first: int) -> None:
        visitor = Visitor(host, port, dict(cookies))
        for route, n in plan[first::threads]:
            path = route.path(n)
            try:
                status, _ = visitor.send(route.method, path, route.form(n) if route.form else None)
            except (OSError, http.client.HTTPException) as error:
                visitor.close()
                status = 0
                path = f"{path} ({error!r})"
            outcome.add(route.method, route.name, status, route.status, path)
        visitor.close()

    workers = [threading.Thread(target=visit, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return outcome


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Send a fixed plan of requests to a running bookshop.")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    parser.add_argument("--requests", type=int, default=2000, help="how many, log-in included (default 2000)")
    parser.add_argument("--threads", type=int, default=4, help="connections at a time (default 4)")
    parser.add_argument("--json", metavar="FILE", help="write [{method, route, status, count}] there")
    options = parser.parse_args(arguments)
    if options.requests < 2 or options.threads < 1:
        parser.error("--requests must be at least 2 and --threads at least 1")

    started = time.monotonic()
    outcome = run(options.url, options.requests, options.threads)
    seconds = time.monotonic() - started

    rows = [
        {"method": method, "route": name, "status": status, "count": count}
        for (method, name, status), count in sorted(outcome.answers.items(), key=lambda one: one[0][1:])
    ]
    print(f"{'count':>6}  {'status':>6}  {'method':<6}  route")
    for row in rows:
        print(f"{row['count']:>6}  {row['status']:>6}  {row['method']:<6}  {row['route']}")
    total = sum(outcome.answers.values())
    print(f"{total:>6}  requests in {seconds:.1f} s, {len(outcome.wrong)} unexpected answers")
    for sentence in outcome.wrong[:20]:
        print(sentence, file=sys.stderr)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
            file.write("\n")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
