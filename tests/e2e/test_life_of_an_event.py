"""One request through every room of the house, in the order of the README's table."""

from __future__ import annotations

import re
from pathlib import Path

from support.bookshop import GUNICORN, BookshopData, Server
from support.daemon import Daemon


def test_one_request_is_walked_from_the_middleware_to_the_terminal(
    tmp_path: Path, daemon: Daemon, bookshop: BookshopData
) -> None:
    """GET /books/naive/ makes 81 queries; the terminal and its JSON say so."""
    command = (*GUNICORN, "--workers", "1")
    with Server(command, tmp_path, bookshop, MERCURY_ADDRESS=daemon.address) as server:
        server.visit("/books/naive/")
        # measured    django_mercury/middleware.py times the request, hooks.py each query
        # recorded    mercury_client/unit.py appends 81 records; recorder.py hands the unit to the buffer
        # encoded     mercury_client/encoder.py writes DEFINE, BATCH and UNIT; sender.py moves the bytes
        status = daemon.wait_for_received(1)
        # received    daemon/transport/connection.cpp reads them and gives them to the session
        assert (status["connections"], len(status["clients"])) == (2, 1)  # the worker and mercuryctl
        client = status["clients"][0]
        assert (client["state"], client["service"], client["environment"]) == (
            "connected",
            "bookshop",
            "production",
        )
        # decoded     daemon/wire/data_frames.cpp checks every length, id and total
        assert status["errors"] == status["rejects"] == {}
        # aggregated  daemon/aggregate/engine.cpp folds the unit into its series and its statements
        assert (client["units"]["received"], client["queries"]) == (1, 81)
        # rendered    daemon/view/route_view.cpp makes a row of the series
        (row,) = daemon.routes()
        # printed     daemon/cli/routes_page.cpp makes a line of the row
        printed = daemon.ctl("routes").stdout

    named = {name: row[name] for name in ("service", "method", "route", "status_class", "kind")}
    assert named == {
        "service": "bookshop", "kind": "request", "method": "GET", "route": "books/naive/",
        "status_class": "2xx",
    }  # fmt: skip
    assert (row["count"], row["errors"], row["failed"], row["incomplete"]) == (1, 0, 0, 0)
    assert (row["queries"]["mean"], row["queries"]["max"], row["queries"]["total"]) == (81, 81, 81)
    duration, db = row["duration_ms"], row["db_time_ms"]
    assert 0 < db["total"] < duration["max"]
    assert duration["mean"] == duration["max"] and abs(duration["p95"] / duration["max"] - 1) <= 0.01
    (line,) = [line for line in printed.splitlines() if "books/naive/" in line]
    assert re.search(r"\b1\b.*\bGET\b", line) and re.search(r"\b81\b", line)

    statements = {row["summary"]: row for row in daemon.ask("statements")}
    assert sum(row["calls"] for row in statements.values()) == 81
    repeated = [row for row in statements.values() if row["worst_repeat"]["count"] == 40]
    assert {row["worst_repeat"]["route"] for row in repeated} == {"books/naive/"}
    assert len(repeated) == 2  # the author of each of forty books, and their reviews
    assert not any(re.search(r"= \d", row["text"]) for row in statements.values())  # no literal is kept
    assert sum(unit["queries"] for unit in daemon.ask("units")) == 81
