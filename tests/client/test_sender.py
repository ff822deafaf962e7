"""Whatever the daemon does, units arrive once, losses are counted, and the application does not wait."""

from __future__ import annotations

import logging
import os
import random
import socket
import time
from pathlib import Path

import pytest

import mercury_client
from mercury_client import sender as sender_module
from mercury_client.encoder import Encoder
from mercury_client.errors import DaemonUnavailable
from mercury_client.process import Client
from mercury_client.protocol import (
    Method,
    Site,
    SiteFrame,
    UnitFlags,
    Vendor,
    Welcome,
)
from mercury_client.transport import UnixTransport
from mercury_client.unit import Unit
from support.fake_daemon import FakeDaemon, wait_until

from .conftest import MakeClient


def work(name: str = "block", queries: int = 1) -> None:
    with mercury_client.unit(name) as unit:
        for number in range(queries):
            unit.record(f"SELECT {number % 10}", "default", "sqlite", time.perf_counter_ns(), 1000)


def accounted() -> bool:
    stats = mercury_client.stats()
    return stats["created"] == stats["acknowledged"] + sum(stats["dropped"].values()) + stats["buffered"]


def test_a_unit_arrives_with_all_that_was_said_of_it(client: Client, daemon: FakeDaemon) -> None:
    """Header, records, sections and dictionary, decoded by the other half of the codec."""
    site = Site(frames=(SiteFrame("views.py", 7, "index", application=True),))
    with mercury_client.unit("books/<int:pk>") as unit:
        start = unit.start_ns
        unit.method, unit.operation, unit.cpu_ns = Method.GET, 2, 5
        unit.streamed, unit.first_byte_ns = True, 40
        unit.record("BEGIN", "default", "sqlite", start + 1, 10)
        unit.record("SELECT 1", "replica", "postgresql", start + 2, 20, 2 | 4, 3, site)
        unit.count_cache("sessions", hits=2, misses=1)
        unit.count_template(99)
        mercury_client.finish(unit, status=200)
    assert mercury_client.flush(5.0)
    (seen,) = daemon.wait_for_units(1)
    header = seen.unit.header
    assert (seen.name, header.status, header.method, header.operation) == (
        "books/<int:pk>",
        200,
        Method.GET,
        2,
    )
    assert (header.queries, header.db_ns, header.failed_queries, header.first_byte_ns) == (1, 20, 1, 40)
    assert header.flags == UnitFlags.STREAMED
    assert (seen.statements, seen.aliases) == (["BEGIN", "SELECT 0"], ["default", "replica"])
    assert [record.flags for record in seen.unit.records] == [16, 6]
    assert [(record.start_ns, record.duration_ns, record.rows) for record in seen.unit.records] == [
        (1, 10, -1),
        (2, 20, 3),
    ]
    assert seen.sites[0] is None and Site.decode(seen.sites[1].data) == site  # type: ignore[attr-defined]  # None would fail the test as well
    sections = seen.unit.sections
    assert (sections.cache[0][1:], sections.template, sections.cpu_ns) == ((2, 1, 0, 0), (99, 1), 5)
    hello = daemon.connections[0].hello
    assert hello is not None
    assert (hello.service, hello.environment, hello.next_unit) == ("shop", "test", 2)
    assert (hello.incarnation, hello.pid) == (mercury_client.stats()["incarnation"], os.getpid())
    vendors = {entry.text: entry.vendor for entry in daemon.connections[0].definitions._entries}
    assert (vendors["default"], vendors["replica"]) == (Vendor.SQLITE, Vendor.POSTGRESQL)


def test_units_that_come_while_a_batch_is_written_are_of_the_next(
    client: Client, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number above the batch's ``created`` would be an error."""
    encode = Encoder.encode

    def encode_slowly(self: Encoder, unit: Unit, out: bytearray) -> None:
        if unit.name == "first":
            work("meanwhile")
        encode(self, unit, out)

    monkeypatch.setattr(Encoder, "encode", encode_slowly)
    work("first")
    daemon.wait_for_units(2)
    assert [batch.created for batch in daemon.connections[0].batches] == [1, 2]


def test_a_folded_unit_is_one_valid_frame(client: Client, daemon: FakeDaemon) -> None:
    """The decoder checks that the totals are what the records say, summaries counted by their calls."""
    work("folded", 25_000)
    work("largest that is not", 10_000)
    assert mercury_client.flush(10.0)
    folded, plain = daemon.wait_for_units(2)
    assert (folded.unit.header.queries, folded.unit.header.flags) == (25_000, UnitFlags.FOLDED)
    assert (len(folded.unit.records), folded.unit.records[-1].ordinal) == (10_010, 1500)
    assert (plain.unit.header.flags, len(plain.unit.records)) == (0, 10_000)


def test_more_statements_than_ids_become_overflow(make_client: MakeClient, daemon: FakeDaemon) -> None:
    """A daemon with a small dictionary.

    Ids are evicted between units, and id 0 stands for the rest of one.
    """
    daemon.welcome = lambda hello: Welcome(limits={"dictionary_max": 8}, acknowledged=0).encode()
    make_client(address=daemon.address)
    for name in ("a", "b", "c"):
        work(name, 10)
    assert mercury_client.flush(5.0)
    for seen in daemon.wait_for_units(3):
        assert seen.unit.header.queries == 10
        assert seen.aliases == ["default"] * 10
        assert set(seen.statements) < {"", *(f"SELECT {number}" for number in range(10))} and "" in seen.statements


def test_units_that_were_not_acknowledged_are_sent_again_once(client: Client, daemon: FakeDaemon) -> None:
    """The daemon folds, does not acknowledge, and goes: after the re-connection each number arrives again."""
    daemon.acks = False
    for _ in range(5):
        work()
    daemon.wait_for_units(5)
    assert mercury_client.stats()["buffered"] == 5
    daemon.acks = True
    daemon.connections[0].hang_up()
    assert mercury_client.flush(5.0)
    assert sorted(daemon.units[client.incarnation]) == [1, 2, 3, 4, 5]
    assert mercury_client.stats()["acknowledged"] == 5
    assert len(daemon.connections) == 2


def test_what_the_daemon_knows_is_not_sent_again(client: Client, daemon: FakeDaemon) -> None:
    """WELCOME tells the highest number that is folded."""
    daemon.acks = False
    work()
    work()
    daemon.wait_for_units(2)
    daemon.welcome = lambda hello: Welcome(acknowledged=1).encode()
    daemon.acks = True
    daemon.connections[0].hang_up()
    assert mercury_client.flush(5.0)
    assert daemon.duplicates == 1


def test_an_absent_daemon_is_told_of_once_and_found_when_it_comes(
    make_client: MakeClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning while it is away, one line when it is there; nothing is lost meanwhile."""
    caplog.set_level(logging.INFO, "mercury_client")
    client = make_client(address=f"unix://{tmp_path}/late.sock")
    work()
    wait_until(lambda: client.sender._failures >= 3, "three attempts")
    work()
    assert mercury_client.stats()["state"] == "waiting"
    assert not mercury_client.flush(0.01)
    with FakeDaemon(tmp_path / "late.sock") as daemon:
        daemon.wait_for_units(2)
        wait_until(lambda: mercury_client.stats()["acknowledged"] == 2, "both acknowledged")
    lines = [record.getMessage().split(" address=")[0] for record in caplog.records]
    assert lines[:2] == ["no connection, measurements wait", "connected"]


def test_a_hung_daemon_costs_bounded_memory_and_no_time(
    make_client: MakeClient, daemon: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    """It stops reading.

    The buffer stays within its bytes, the oldest units are counted, the newest arrive.
    """
    client = make_client(address=daemon.address, buffer_bytes_max=256 * 1024)
    work("first")
    assert mercury_client.flush(5.0)
    daemon.hang()
    slowest_ns = 0
    for number in range(3000):
        before = time.perf_counter_ns()
        work(str(number), 20)
        slowest_ns = max(slowest_ns, time.perf_counter_ns() - before)
        assert client.buffer.counters().bytes <= 256 * 1024
    assert accounted()
    assert slowest_ns < 250_000_000, "the application waited"
    assert mercury_client.stats()["dropped"]["buffer_full"] > 1000
    assert not mercury_client.flush(0.05)
    daemon.go_on()
    assert mercury_client.flush(10.0)
    assert daemon.all_units()[-1].name == "2999"
    assert accounted() and mercury_client.stats()["buffered"] == 0
    dropped = mercury_client.stats()["dropped"]["buffer_full"]
    daemon.wait_for(lambda: any(totals.dropped == {1: dropped} for totals in daemon.connections[-1].dropped), "DROPPED")


def test_a_unit_that_cannot_be_encoded_is_counted_and_the_rest_arrives(client: Client, daemon: FakeDaemon) -> None:
    """A defect of a hook (a status that is no status) costs one unit."""
    work("a")
    with mercury_client.unit("bad") as unit:
        mercury_client.finish(unit, status=1_000_000)
    with mercury_client.unit("worse") as unit:
        unit.record("SELECT 1", "default", "sqlite", "now", 1)  # type: ignore[arg-type]  # the wrong type is the test
    work("b")
    mercury_client.flush(5.0)
    assert [seen.name for seen in daemon.wait_for_units(2)] == ["a", "b"]
    assert mercury_client.stats()["dropped"] == {"encode_failed": 2}


def test_a_daemon_that_owes_an_answer_for_too_long_is_left(
    client: Client, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket may belong to a process that will never go on, while a new one listens."""
    monkeypatch.setattr(sender_module, "STALL_S", 0.1)
    daemon.acks = False
    work()
    daemon.wait_for(lambda: len(daemon.connections) >= 2, "a new connection")
    daemon.acks = True
    assert mercury_client.flush(5.0)


def test_new_labels_open_a_new_connection(client: Client, daemon: FakeDaemon) -> None:
    """``configure`` may be called again; the next unit comes under the new labels."""
    work()
    assert mercury_client.flush(5.0)
    mercury_client.configure(address=daemon.address, service="renamed")
    work()
    assert mercury_client.flush(5.0)
    assert [one.hello.service for one in daemon.connections if one.hello] == ["shop", "renamed"]


def test_a_listener_of_another_user_gets_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's word for who listens decides; an address that the user named may be its file's owner's."""
    path = str(tmp_path / "s.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()
        monkeypatch.setattr(UnixTransport, "_listener_uid", lambda self: 4242)
        transport = UnixTransport(path, trust_owner=False)
        with pytest.raises(DaemonUnavailable, match="user 4242"):
            transport.connect()
        transport.close()
        trusting = UnixTransport(path, trust_owner=True)
        with pytest.raises(DaemonUnavailable, match="user 4242"):
            trusting.connect()
        trusting.close()
        monkeypatch.setattr(UnixTransport, "_file_uid", lambda self: 4242)
        named = UnixTransport(path, trust_owner=True)
        assert named.connect()
        assert not os.get_inheritable(named.read_handle())
        named.close()


def test_a_long_pause_costs_no_connection(client: Client, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's time to answer begins with the first unit that is sent, not with what it said last."""
    work()
    assert mercury_client.flush(5.0)
    client.flusher.stop(1.0)
    monkeypatch.setattr(sender_module, "STALL_S", 30.0)
    daemon.acks = False
    pause_over = time.monotonic() + 31.0
    client.buffer.put(Unit(99, 1, "after the pause", time.perf_counter_ns()))
    client.sender.step(pause_over, urgent=True)
    assert client.sender.state == "connected"
    client.sender.step(pause_over + 29.0)
    assert client.sender.state == "connected"
    client.sender.step(pause_over + 31.0)
    assert (client.sender.state, len(daemon.connections)) == ("waiting", 1)
    daemon.acks = True


def test_the_applications_random_numbers_stay_its_own(make_client: MakeClient) -> None:
    """A test that seeds the generator sees the same sequence while the daemon is away."""
    client = make_client(quiet=True)
    work()
    random.seed(7)
    before = random.getstate()
    client.sender.step(time.monotonic(), urgent=True)
    assert client.sender.unreachable
    assert random.getstate() == before


def test_an_empty_address_is_not_looked_for(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the settings name one, or the environment has one by default."""
    monkeypatch.setenv("MERCURY_ADDRESS", "")
    client = make_client(quiet=True)
    work()
    client.sender.step(time.monotonic(), urgent=True)
    assert (client.sender.address, client.sender.last_error) == (
        "",
        "measuring is off: the mode is 'off' or the address is empty",
    )
