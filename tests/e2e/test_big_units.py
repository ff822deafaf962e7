"""Units that are very large, very long or very many: the totals are exact and the memory stays small."""

from __future__ import annotations

import json
from pathlib import Path

from support.bookshop import SITE, BookshopData
from support.client_process import ClientProcess
from support.daemon import Daemon, assert_balanced

MEGABYTE = 1024 * 1024
CLIENT_GROWTH_MAX = 64 * MEGABYTE
DAEMON_GROWTH_MAX = 30 * MEGABYTE

MEMORY = """
import resource

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
"""

A_MILLION = f"""{MEMORY}
work(1, name="small"); flush()
before = peak()
with mercury_client.unit("huge") as unit:
    for number in range(1_000_000):
        unit.record(TEXTS[number % 5], "default", "sqlite", time.perf_counter_ns(), 1000, 0, 2)
flush()
print("grown", peak() - before)
""".replace("work(1", 'TEXTS = [f"SELECT {n} FROM shop_book WHERE id = %s" for n in "abcde"]\nwork(1', 1)


def test_a_unit_of_a_million_queries_is_folded_and_exact(tmp_path: Path, daemon: Daemon) -> None:
    """One frame, every query counted, by statement too; neither side keeps a million of anything."""
    with ClientProcess(tmp_path, daemon.address, A_MILLION) as process:
        daemon.wait_for_received(1)
        memory = daemon.status()["memory_bytes"]
        grown = int(process.hear("grown"))
    status = daemon.wait_for_ended()
    assert_balanced(status)
    assert (status["units"]["created"], status["units"]["received"]) == (2, 2)
    assert status["queries"]["received"] == 1_000_001
    (row,) = [row for row in daemon.routes("block") if row["route"] == "huge"]
    assert (row["count"], row["queries"]["total"], row["queries"]["max"]) == (1, 1_000_000, 1_000_000)
    assert row["db_time_ms"]["total"] == 1000  # a million times 1000 ns
    statements = [one for one in daemon.ask("statements") if one["summary"].endswith("shop_book")]
    assert [one["calls"] for one in statements] == [200_000] * 5
    assert [one["rows"] for one in statements] == [400_000] * 5
    assert [one["duration_ms"]["total"] for one in statements] == [200] * 5
    assert {(one["worst_repeat"]["count"], one["worst_repeat"]["route"]) for one in statements} == {(200_000, "huge")}
    assert grown <= CLIENT_GROWTH_MAX
    assert status["memory_bytes"] - memory <= DAEMON_GROWTH_MAX


LONG_STREAM = f"""
sys.path.insert(0, {str(SITE)!r})
from mercury_client import flusher
flusher.PART_S = 0.2  # of part_interval_ms
import django
django.setup()
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

environ = RequestFactory().get("/books/export/").environ
answer = WSGIHandler()(environ, lambda status, headers: None)
lines = iter(answer)
next(lines)
for query in range(4):  # a page of thirty books each
    for book in range(30):
        next(lines)
    say("page"); hear("next")
assert list(lines) == []
answer.close()
flush()
print("stats", json.dumps(mercury_client.stats()))
"""


def test_a_stream_that_stays_open_is_seen_while_it_runs_and_counts_once(
    tmp_path: Path, daemon: Daemon, bookshop: BookshopData
) -> None:
    """Its parts show the queries so far; in the end it is one request with all of its queries."""
    process = ClientProcess(
        tmp_path,
        daemon.address,
        LONG_STREAM,
        variables={
            "BOOKSHOP_DATA": str(bookshop.copy(tmp_path / "data")),
            "DJANGO_SETTINGS_MODULE": "bookshop.settings",
        },
    )
    with process:
        for page in range(1, 5):
            process.hear("page")
            daemon.wait_for_queries(page)
            (unit,) = daemon.ask("units")
            assert (unit["state"], unit["queries"], unit["kind"]) == ("open", page, "request")
            assert daemon.status()["units"]["open"] == 1
            assert daemon.routes() == []  # not before it is closed
            process.say("next")
        stats = json.loads(process.hear("stats"))
    status = daemon.wait_for_ended()
    assert_balanced(status)
    assert status["units"]["received"] == status["units"]["created"] == stats["created"] >= 5
    assert status["units"]["open"] == status["units"]["incomplete"] == 0
    (row,) = daemon.routes()
    assert (row["route"], row["count"], row["queries"]["total"]) == ("books/export/", 1, 5)
    assert status["queries"]["received"] == 5
    (unit,) = daemon.ask("units")
    assert (unit["state"], unit["queries"], len(unit["records"]) + unit["records_left_out"]) == (
        "closed",
        5,
        5,
    )


A_MINUTE = f"""{MEMORY}
work(1, name="small"); flush()
before, end, count = peak(), time.monotonic() + 61, 0
with mercury_client.unit("a minute") as unit:
    while time.monotonic() < end:  # the work of the unit: twenty queries, then it waits for its reader
        for number in range(20):
            unit.record(f"SELECT {{number}} FROM shop_book", "default", "sqlite", time.perf_counter_ns(), 1000)
        count += 20
        time.sleep(0.02)
flush()
print("recorded", json.dumps([count, peak() - before]))
"""


def test_a_unit_open_for_a_minute_is_sent_in_parts_and_exact(tmp_path: Path, daemon: Daemon) -> None:
    """With the real part_interval_ms: open until its end, then one unit; neither side grows with its length."""
    with ClientProcess(tmp_path, daemon.address, A_MINUTE, deadline_s=90) as process:
        status = daemon.wait_for(lambda status: status["units"]["open"] == 1, "the first part")
        memory = status["memory_bytes"]
        assert [row["route"] for row in daemon.routes("block")] == ["small"]
        count, grown = json.loads(process.hear("recorded"))
    status = daemon.wait_for_ended()
    assert_balanced(status)
    assert status["units"]["received"] == status["units"]["created"] >= 1 + 6  # parts at 10, 20 … 60 s and the last
    assert (status["units"]["open"], status["units"]["incomplete"]) == (0, 0)
    assert status["queries"]["received"] == 1 + count
    (row,) = [row for row in daemon.routes("block") if row["route"] == "a minute"]
    assert (row["count"], row["queries"]["total"]) == (1, count)
    assert grown <= CLIENT_GROWTH_MAX
    assert status["memory_bytes"] - memory <= DAEMON_GROWTH_MAX


CUT_OFF = """
from mercury_client import flusher
flusher.PART_S = 0.2
with mercury_client.unit("cut off") as unit:
    unit.record("SELECT 1", "default", "sqlite", time.perf_counter_ns(), 1000)
    say("open"); hear("end")
    os._exit(0)
"""


def test_a_stream_whose_process_dies_is_open_until_the_daemon_gives_it_up(tmp_path: Path, daemon: Daemon) -> None:
    """A client that is gone may come back, so its unit stays open for part_gap_ms; nothing is counted yet."""
    with ClientProcess(tmp_path, daemon.address, CUT_OFF) as process:
        process.hear("open")
        daemon.wait_for(lambda status: status["units"]["open"] == 1, "a part")
        process.say("end")
    status = daemon.wait_for(lambda status: status["clients"][0]["state"] == "disconnected", "the end")
    assert (status["units"]["open"], status["units"]["incomplete"]) == (1, 0)
    assert_balanced(status)


SUB_UNITS = f"""{MEMORY}
from django.conf import settings
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=["django_mercury.middleware.MercuryMiddleware"],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
    MERCURY={{"SERVICE": "tree", "ENVIRONMENT": "production"}},
)
import django
django.setup()
import django_mercury
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import path

def query(number):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [number])

def tree(request):
    query(0)
    for number in range(200):
        with django_mercury.unit("branch"):
            for leaf in range(5):
                query(leaf)
    query(1)
    return HttpResponse("ok")

urlpatterns = [path("tree/", tree)]
before = peak()
for _ in range(20):
    assert Client().get("/tree/").status_code == 200
flush()
print("grown", peak() - before)
"""


def test_a_view_that_opens_two_hundred_units_keeps_each_query_where_it_was_made(tmp_path: Path, daemon: Daemon) -> None:
    """A query belongs to the innermost unit, and to no other."""
    with ClientProcess(tmp_path, daemon.address, SUB_UNITS) as process:
        grown = int(process.hear("grown"))
    status = daemon.wait_for_ended()
    assert_balanced(status)
    assert status["units"]["received"] == 20 * 201
    assert status["queries"]["received"] == 20 * (200 * 5 + 2)
    (request,) = daemon.routes()
    (branch,) = daemon.routes("block")
    assert (request["route"], request["count"], request["queries"]["total"]) == ("tree/", 20, 40)
    assert (branch["route"], branch["count"], branch["queries"]["total"]) == ("branch", 4000, 20_000)
    assert branch["queries"]["max"] == 5
    (statement,) = daemon.ask("statements")
    assert statement["calls"] == 20 * 1002
    assert statement["worst_repeat"]["count"] == 5
    assert grown <= CLIENT_GROWTH_MAX
    assert status["memory_bytes"] <= DAEMON_GROWTH_MAX
