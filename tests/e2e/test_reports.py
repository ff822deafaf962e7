"""The daemon's verdict on one unit in one round trip, and what a client has when it does not come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.client_process import ClientProcess
from support.daemon import Daemon

# A test of 100 ms around a request with a list, and a block in it with a loop over its rows.
ASKING = """
from datetime import date
from mercury_client import Site, SiteFrame, UnitKind
from mercury_client.reference import IgnoreRule, Thresholds, judge

MS = 1_000_000

def site(line, **more):
    return Site((SiteFrame("/srv/shop/views.py", line, "books", "shop.views", True),), **more)

LIST = site(10, operation="fetch", model="shop.Book")
FOLLOW = site(12, operation="follow", relation="shop.Book.author", relation_kind="foreign_key", owner_table="shop_book")
RAW = site(13, operation="raw")

def begin(kind, name, start_ns):
    unit = mercury_client.begin(kind, name)
    unit.start_ns = start_ns
    return unit, mercury_client.activate(unit)

def finish(unit, token, **more):
    mercury_client.deactivate(token)
    mercury_client.finish(unit, end_ns=unit.start_ns + 100 * MS, **more)

def asked(authors=12):
    # Returns a finished unit that has asked for its report, and the units below it.
    now = time.perf_counter_ns()
    test, of_test = begin(UnitKind.TEST, "test_books", now)
    mercury_client.ask_report(test)
    request, of_request = begin(UnitKind.REQUEST, "books/", now)
    request.operation = 1
    request.count_cache("default", hits=3, misses=1)
    request.record("SELECT * FROM shop_book", "replica", "postgresql", now, MS, 0, 40, LIST, 1)
    block, of_block = begin(UnitKind.BLOCK, "rows", now)
    for number in range(authors):
        sql = "SELECT * FROM shop_author WHERE id = %s"
        block.record(sql, "replica", "postgresql", now + (number + 2) * MS, MS, 0, 1, FOLLOW, number)
    for number in range(3):
        text = f"SELECT name FROM shop_tag WHERE id = {number}"
        block.record(text, "replica", "postgresql", now + (number + 50) * MS, MS, 0, 1, RAW, 1)
    finish(block, of_block)
    finish(request, of_request, status=200)
    test.record("SELECT 1", "default", "sqlite", now + 70 * MS, 200 * MS, 0, 1, site(3), 1)
    finish(test, of_test)
    return test, [block, request]
"""

EQUAL = """
mercury_client.configure(service="shop", environment="test", run="one", thresholds=GIVEN, ignore=IGNORED)
for authors in (12, 0, 4, 300):
    unit, below = asked(authors)
    verdict, reason = mercury_client.verdict_of(unit, 10.0)
    assert reason == "", reason
    thresholds = Thresholds(**{name.removesuffix("_threshold"): value for name, value in GIVEN.items()})
    rules = [IgnoreRule(**rule) for rule in IGNORED]
    ours = judge(unit, below, thresholds, rules, date.today().isoformat(), in_tests=True)
    assert verdict.to_dict() == ours.to_dict(), (verdict, ours)
    assert verdict == ours
    kinds = sorted({(row.kind, row.level, row.ignored) for row in verdict.findings})
    say(f"{authors} {json.dumps(kinds)}")
assert mercury_client.stats()["reports"] == {"asked": 4, "received": 4, "missed": 0}
assert mercury_client.stats()["internal_errors"] == 0
"""
PLAIN = "GIVEN, IGNORED = {}, []"
TUNED = """
GIVEN = {"n_plus_one_threshold": 500, "loop_calls_min": 4, "slow_query_ns": 300 * MS}
IGNORED = [{"kind": "n_plus_one", "reason": "later"}, {"route": "else/", "reason": "no"}]
"""


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (PLAIN, {12: ["n_plus_one fail", "query_in_loop notice", "slow_query warn"]}),
        (TUNED, {0: [], 12: ["n_plus_one notice later"], 300: ["n_plus_one notice later"]}),
    ],
    ids=["plain", "tuned"],
)
def test_the_daemons_verdict_is_that_of_the_reference(
    tmp_path: Path, daemon: Daemon, settings: str, wanted: dict[int, list[str]]
) -> None:
    """Field by field, for a test with a request and a block below it, by the thresholds and rules of the client."""
    found: dict[int, list[str]] = {}
    with ClientProcess(tmp_path, daemon.address, ASKING + settings + EQUAL) as process:
        for authors in (12, 0, 4, 300):
            kinds = json.loads(process.hear(f"{authors} "))
            found[authors] = [" ".join(kind).strip() for kind in kinds]
    assert {authors: found[authors] for authors in wanted} == wanted
    assert daemon.wait_for_ended()["errors"] == {}


TROUBLE = """
mercury_client.configure(service="shop", environment="production", run="one")
for word in iter(lambda: sys.stdin.readline().strip(), ""):
    began = time.monotonic()
    if word == "flush":
        what = mercury_client.flush(30) and "flushed"
    else:
        what = mercury_client.verdict_of(asked()[0], float(word)).reason or "verdict"
    say(json.dumps([what, time.monotonic() - began]))
"""


def ask(process: ClientProcess, word: str = "5.0") -> tuple[str, float]:
    """Let the process ask for a report and wait for it so many seconds; return what came of it, and how soon."""
    process.say(word)
    what, seconds = json.loads(process.hear(""))
    return what, seconds


def test_a_daemon_that_is_killed_is_not_waited_for_and_the_next_is_found(tmp_path: Path, daemon: Daemon) -> None:
    """A reason at once, again and again, and verdicts when there is somebody again."""
    with ClientProcess(tmp_path, daemon.address, ASKING + TROUBLE) as process:
        assert ask(process)[0] == "verdict"
        daemon.kill()
        replies = [ask(process) for _ in range(50)]
        assert {what for what, _ in replies} <= {"no daemon", "connection lost"}
        assert replies[-1][0] == "no daemon"
        assert sum(seconds for _, seconds in replies) < 5.0  # one of them alone would have waited as long
        daemon.start()
        while (last := ask(process)[0]) != "verdict":
            assert last == "no daemon"  # for as long as the back-off says
        process.say("")


def test_a_daemon_that_hangs_is_waited_for_as_long_as_was_said(tmp_path: Path, daemon: Daemon) -> None:
    """Then it is too late for this unit, and nothing is lost for the next one."""
    with ClientProcess(tmp_path, daemon.address, ASKING + TROUBLE) as process:
        assert ask(process)[0] == "verdict"
        daemon.pause()
        what, seconds = ask(process, "0.3")
        assert what == "timed out"
        assert 0.3 <= seconds < 5.0
        daemon.go_on()
        assert ask(process)[0] == "verdict"
        process.say("")
    status = daemon.wait_for_ended()
    assert status["units"]["received"] == status["units"]["created"] == 9


def test_a_daemon_that_was_restarted_answers_the_next_unit(tmp_path: Path, daemon: Daemon) -> None:
    """Without a pause, and without a unit in between that has none."""
    with ClientProcess(tmp_path, daemon.address, ASKING + TROUBLE) as process:
        assert ask(process)[0] == "verdict"
        assert ask(process, "flush")[0] == "flushed"
        daemon.restart()
        assert ask(process)[0] == "verdict"
        process.say("")
