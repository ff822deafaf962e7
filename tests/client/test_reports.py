"""A unit's report comes back to who waits for it, or a reason does; nobody waits for a daemon that is not there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mercury_client
from mercury_client import dialer, faults
from mercury_client.limits import REPORTS_PENDING_MAX
from mercury_client.process import Client
from mercury_client.protocol import ErrorMessage, FrameType, Report, UnitFlags, UnitKind, encode_frame
from mercury_client.reference import judge
from mercury_client.unit import Unit
from support.fake_daemon import FakeDaemon
from support.fake_server import SeenConnection, SeenUnit
from support.scenario import run_scenario

from .conftest import MakeClient


def finished(queries: int = 1, *, asks: bool = True) -> Unit:
    """Return a unit that is finished and has asked for its report."""
    with mercury_client.unit("books/", kind=UnitKind.REQUEST) as unit:
        if asks:
            mercury_client.ask_report(unit)
        for number in range(queries):
            unit.record("SELECT 1", "default", "sqlite", time.perf_counter_ns(), 1000, key=number)
    return unit


def verdict_on(seen: SeenUnit) -> dict[str, Any]:
    """Return a verdict that finds nothing."""
    return {"findings": [], "groups": [], "score": None, "queries": seen.unit.header.queries, "db_ns": 0}


def answering(**changes: Any) -> Callable[[SeenConnection, SeenUnit], bytes | None]:
    """Return what answers each unit that asks; ``changes`` are to the fields of the REPORT."""

    def answer(connection: SeenConnection, seen: SeenUnit) -> bytes | None:
        nonce = seen.unit.sections.nonce
        if nonce is None:
            return None
        return Report(**{"nonce": nonce, "verdict": verdict_on(seen)} | changes).encode()

    return answer


def counts() -> tuple[int, int, int]:
    reports = mercury_client.stats()["reports"]
    return reports["asked"], reports["received"], reports["missed"]


def test_a_unit_that_asks_says_so_and_has_its_answer(client: Client, daemon: FakeDaemon) -> None:
    """The flag and the nonce travel, the verdict comes back, and a second call has none."""
    daemon.on_folded = answering()
    unit = finished(3)
    verdict, reason = mercury_client.verdict_of(unit, 5.0)
    assert reason == ""
    assert verdict is not None and (verdict.queries, verdict.findings) == (3, ())
    (seen,) = daemon.all_units()
    assert (seen.unit.header.flags, seen.unit.sections.nonce) == (UnitFlags.REPORT_WANTED, unit.report)
    assert daemon.connections[0].hello is not None and daemon.connections[0].hello.capabilities == ("report",)
    assert mercury_client.verdict_of(unit) == (None, "off")
    assert counts() == (1, 1, 0)


def test_a_unit_that_does_not_ask_says_nothing(client: Client, daemon: FakeDaemon) -> None:
    """Neither flag nor section, and no answer to wait for."""
    unit = finished(asks=False)
    assert mercury_client.verdict_of(unit) == (None, "off")
    assert mercury_client.flush(5.0)
    (seen,) = daemon.all_units()
    assert (seen.unit.header.flags, seen.unit.sections.nonce) == (UnitFlags.NONE, None)
    assert counts() == (0, 0, 0)


def test_only_the_last_part_of_a_unit_asks(client: Client, daemon: FakeDaemon) -> None:
    """The verdict is on all of it, so the parts before have nothing to ask."""
    daemon.on_folded = answering(verdict={"findings": [], "groups": [], "score": None, "queries": 2, "db_ns": 2})
    unit = mercury_client.begin(UnitKind.REQUEST, "stream/")
    mercury_client.ask_report(unit)
    for _ in range(2):
        unit.record("SELECT 1", "default", "sqlite", time.perf_counter_ns(), 1000)
        client.recorder.split_open(0, 10)
    mercury_client.finish(unit)
    assert mercury_client.verdict_of(unit, 5.0).reason == ""
    assert [seen.unit.sections.nonce for seen in daemon.all_units()] == [None, None, unit.report]


def test_threads_have_their_own_answers(client: Client, daemon: FakeDaemon) -> None:
    """Whoever reads from the connection, each report finds its unit."""
    daemon.on_folded = answering()
    replies: dict[int, int] = {}

    def work(number: int) -> None:
        for _ in range(20):
            verdict = mercury_client.verdict_of(finished(number), 10.0).verdict
            replies[number] = replies.get(number, 0) + (verdict is not None and verdict.queries == number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert replies == dict.fromkeys(range(1, 7), 20)
    assert counts() == (120, 120, 0)


def test_a_daemon_that_gives_no_reports_is_not_waited_for(client: Client, daemon: FakeDaemon) -> None:
    """WELCOME does not grant the capability; the unit arrives all the same."""
    daemon.capabilities = ()
    assert mercury_client.verdict_of(finished(), 30.0) == (None, "daemon too old")
    assert mercury_client.flush(5.0)
    assert counts() == (1, 0, 1)


def test_a_refused_unit_has_no_verdict(client: Client, daemon: FakeDaemon) -> None:
    """The ERROR is the answer."""

    def refuse(connection: SeenConnection, seen: SeenUnit) -> bytes:
        connection.closed = True
        return ErrorMessage("unit_invalid", "no good", seen.number).encode()

    daemon.on_unit = refuse
    assert mercury_client.verdict_of(finished(), 30.0) == (None, "rejected")


def test_a_connection_that_ends_takes_the_report_with_it(client: Client, daemon: FakeDaemon) -> None:
    """At once, and the next unit has its answer over a new one."""

    def hang_up(connection: SeenConnection, seen: SeenUnit) -> None:
        connection.closed = True

    daemon.on_folded = hang_up
    assert mercury_client.verdict_of(finished(), 30.0) == (None, "connection lost")
    daemon.on_folded = answering()
    client.sender.retry_now()
    assert mercury_client.verdict_of(finished(), 30.0).reason == ""
    assert len(daemon.connections) == 2


def test_a_report_that_was_lost_before_is_not_waited_for(client: Client, daemon: FakeDaemon) -> None:
    """The unit was folded over an earlier connection: WELCOME acknowledges it, and nothing more will come."""
    daemon.acks = False
    unit = finished()
    daemon.wait_for_units(1)
    daemon.acks = True
    daemon.connections[0].hang_up()
    assert mercury_client.flush(5.0)
    assert mercury_client.verdict_of(unit, 30.0) == (None, "connection lost")


def test_a_daemon_that_was_restarted_is_found_at_once(client: Client, daemon: FakeDaemon) -> None:
    """The old connection ended while nobody looked; the unit was not on it."""
    daemon.on_folded = answering()
    assert mercury_client.verdict_of(finished(), 5.0).reason == ""
    assert mercury_client.flush(5.0)
    daemon.connections[0].hang_up()
    assert mercury_client.verdict_of(finished(), 30.0).reason == ""
    assert len(daemon.connections) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"findings_left_out": 1},
        {"groups_left_out": 1},
        {"verdict": {"findings": [], "groups": [], "score": None, "queries": 2, "db_ns": 0}},
    ],
    ids=["findings", "groups", "queries"],
)
def test_a_verdict_without_something_is_none(client: Client, daemon: FakeDaemon, changes: dict[str, Any]) -> None:
    """What did not fit the frame, and queries of sub-units that the daemon does not have."""
    daemon.on_folded = answering(**changes)
    assert mercury_client.verdict_of(finished(), 5.0) == (None, "incomplete")
    assert counts() == (1, 0, 1)


def test_a_verdict_of_another_form_ends_the_connection(client: Client, daemon: FakeDaemon) -> None:
    """As everything does that is not of the contract; the application sees a reason and no exception."""
    daemon.on_folded = answering(verdict={"findings": [{}], "groups": [], "score": None, "queries": 1, "db_ns": 0})
    assert mercury_client.verdict_of(finished(), 5.0) == (None, "connection lost")
    assert "verdict.findings[0].id is missing" in mercury_client.stats()["last_error"]
    daemon.wait_for(lambda: daemon.connections[0].closed, "the end of the connection")
    assert faults.total() == 0


@pytest.mark.parametrize("text", [b"[1]", b"{", b"\xff", b""])
def test_a_report_that_is_no_json_ends_the_connection(client: Client, daemon: FakeDaemon, text: bytes) -> None:
    def answer(connection: SeenConnection, seen: SeenUnit) -> bytes | None:
        nonce = seen.unit.sections.nonce
        return nonce and encode_frame(FrameType.REPORT, nonce.to_bytes(8, "little") + bytes(8) + text)

    daemon.on_folded = answer
    assert mercury_client.verdict_of(finished(), 5.0) == (None, "connection lost")
    assert "a report that breaks the contract" in mercury_client.stats()["last_error"]
    daemon.wait_for(lambda: daemon.connections[0].closed, "the end of the connection")
    assert faults.total() == 0


def test_a_report_that_nobody_asked_for_is_left(client: Client, daemon: FakeDaemon) -> None:
    """Another nonce than the unit's is no answer, and the connection goes on."""
    daemon.on_folded = answering(nonce=2)
    daemon.acks = False  # or it would be clear that none will come
    assert mercury_client.verdict_of(finished(), 0.3) == (None, "timed out")
    assert mercury_client.stats()["state"] == "connected"


def test_what_is_not_measured_has_no_verdict(make_client: MakeClient, daemon: FakeDaemon) -> None:
    """Switched off before, between or after; and a unit that is not finished."""
    make_client(mode="off")
    assert mercury_client.verdict_of(finished(), 30.0) == (None, "off")
    make_client(address=daemon.address, quiet=True)
    open_unit = mercury_client.begin(UnitKind.REQUEST, "books/")
    mercury_client.ask_report(open_unit)
    assert mercury_client.verdict_of(open_unit, 30.0) == (None, "off")
    unit = finished()
    mercury_client.disable()
    assert mercury_client.verdict_of(unit, 30.0) == (None, "off")
    assert daemon.connections == []


def test_a_thousand_units_without_a_daemon_wait_for_nobody(make_client: MakeClient) -> None:
    """The sender's back-off remembers that nobody listens."""
    make_client()
    start = time.monotonic()
    replies = {mercury_client.verdict_of(finished(), 30.0) for _ in range(1000)}
    assert replies == {(None, "no daemon")}
    assert time.monotonic() - start < 20.0  # of 30,000 s
    assert counts() == (1000, 0, 1000)


def test_a_daemon_that_can_not_be_started_is_tried_once(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Waiting for a report starts the private daemon as flush does; its failure is remembered, too."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    tries: list[float] = []

    def start(*arguments: object, timeout_s: float) -> str:
        tries.append(timeout_s)
        return "it does not start"

    monkeypatch.setattr(dialer, "start_daemon", start)
    make_client(quiet=True, address=None, environment="test", on_demand=True)
    assert [mercury_client.verdict_of(finished(), 0.5).reason for _ in range(20)] == ["no daemon"] * 20
    assert len(tries) == 1 and 0.0 < tries[0] <= 0.5


def test_reports_that_nobody_waits_for_are_forgotten(make_client: MakeClient, daemon: FakeDaemon) -> None:
    """The oldest go first and count as missed; the newest still have their answers."""
    daemon.on_folded = answering()
    make_client(address=daemon.address)
    units = [finished() for _ in range(REPORTS_PENDING_MAX + 40)]
    assert mercury_client.flush(10.0)
    assert counts() == (REPORTS_PENDING_MAX + 40, 0, 40)
    assert mercury_client.verdict_of(units[0]) == (None, "off")
    assert mercury_client.verdict_of(units[-1]).reason == ""
    assert counts() == (REPORTS_PENDING_MAX + 40, 1, 40)


def test_a_child_has_no_reports_of_its_parent(daemon: FakeDaemon, tmp_path: Path) -> None:
    """Not of a unit that was finished before the fork, and not of one that was open; its own it has."""
    daemon.on_folded = answering()
    output = run_scenario(
        """
        def asking():
            unit = mercury_client.begin(1, "books/")
            mercury_client.ask_report(unit)
            return unit

        before, across = asking(), asking()
        mercury_client.finish(before)
        child = os.fork()
        mercury_client.finish(across)
        mine = asking()
        mercury_client.finish(mine)
        reasons = [mercury_client.verdict_of(unit, 10).reason or "verdict" for unit in (before, across, mine)]
        if child:
            os.waitpid(child, 0)
        print(*("parent" if child else "child", *reasons), sep=", ")
        """,
        daemon.address,
        tmp_path,
    )
    assert sorted(output.splitlines()) == ["child, off, off, verdict", "parent, verdict, verdict, verdict"]


def test_importing_the_client_does_not_load_the_engine(tmp_path: Path) -> None:
    """Who asks for no report pays nothing for it."""
    output = run_scenario(
        """
        loaded = [name for name in sys.modules if name.startswith("mercury_client.reference")]
        print(loaded, mercury_client.verdict_of, mercury_client.ask_report, mercury_client.Reply._fields)
        """,
        f"unix://{tmp_path}/nobody.sock",
        tmp_path,
    )
    assert output.startswith("[] <function")


def test_the_reference_judges_what_has_no_report(make_client: MakeClient) -> None:
    """What the reply asks for: the unit is whole, and judged as the daemon would."""
    make_client()
    unit = finished(4)
    reply = mercury_client.verdict_of(unit)
    assert reply.verdict is None
    assert [(row.kind, row.count) for row in judge(unit).findings] == [("query_in_loop", 4)]
