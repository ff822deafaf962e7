"""No value of a query leaves the process, nor anything computed from one, nor a literal of raw SQL."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

from support.bookshop import SITE, BookshopData
from support.client_process import ClientProcess
from support.daemon import Daemon
from support.relay import Relay

TEXTS = ("hunter2-SECRET", "carol@example.org", "Zoë-Ünïcode")
NUMBERS = (987_654_321_012, 424_242_424_242)
LITERALS = ("raw-LITERAL-77", "135792468013579")

QUERIES = f"""
sys.path.insert(0, {str(SITE)!r})
import django
django.setup()
from django.db import connection
from shop.models import Book, Customer
TEXTS, NUMBERS, LITERALS = {TEXTS!r}, {NUMBERS!r}, {LITERALS!r}
with mercury_client.unit("private"):
    for text in TEXTS:
        for number in NUMBERS:
            list(Book.objects.filter(title=text, price_cents=number % 2**31, id=number))
            Customer.objects.filter(email__in=[text, str(number)]).first()
            Customer.objects.filter(email=text).exists()
    with connection.cursor() as cursor:
        for _ in range(4):
            cursor.execute(f"SELECT id FROM shop_book WHERE title = '{{LITERALS[0]}}' OR id = {{LITERALS[1]}}")
from django_mercury.call_sites import parameters_hash
sets = [(text,) for text in TEXTS] + [tuple(TEXTS), (TEXTS[0], 4)]
print("hashes", json.dumps([hash(value) for value in (*TEXTS, *NUMBERS, *sets)] + [*map(parameters_hash, sets)]))
flush()
print("done", 1)
"""


def test_no_value_is_sent_shown_or_written(tmp_path: Path, daemon: Daemon, bookshop: BookshopData) -> None:
    """As text, as bytes, as numbers, as Python's hash."""
    data = bookshop.copy(tmp_path / "data")
    environment = {
        "BOOKSHOP_DATA": str(data), "DJANGO_SETTINGS_MODULE": "bookshop.settings", "BOOKSHOP_SITES": "all",
    }  # fmt: skip
    with Relay(tmp_path / "tap.sock", daemon.address.removeprefix("unix://")) as relay:
        with ClientProcess(tmp_path, relay.address, QUERIES, variables=environment) as process:
            hashes = json.loads(process.hear("hashes"))
            process.hear("done")
            daemon.wait_for_received(1)
        daemon.wait_for_ended()
        sent = relay.sent()
    shown = b"".join(
        daemon.ctl(*line, "--json").stdout.encode()
        for line in (("status",), ("routes",), ("statements",), ("units",), ("findings", "--all"), ("route", "private"))
    )
    loops = [row for row in json.loads(daemon.ctl("findings", "--all", "--json").stdout) if row["route"] == "private"]
    assert {row["kind"] for row in loops} >= {"query_in_loop", "repeated_query"}  # ordinals did travel
    daemon.stop()
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*.mercury")) + daemon.log().encode()
    assert b"shop_book" in sent and b"shop_book" in shown and b"shop_book" in written
    values = [text.encode() for text in TEXTS]
    for number in (*NUMBERS, *hashes):
        values += [str(number).encode(), struct.pack("<Q", number & 2**64 - 1), struct.pack(">Q", number & 2**64 - 1)]
        values.append(f"{number & 2**64 - 1:016x}".encode())
    for value in values:
        for name, where in (("sent", sent), ("shown", shown), ("written", written)):
            assert value not in where, f"{value!r} was {name}"
    for literal in LITERALS:
        for name, where in (("sent", sent), ("shown", shown), ("written", written)):
            assert literal.encode() not in where, f"{literal} was {name}"
    assert not re.search(rb"title = '", shown)
