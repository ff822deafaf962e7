"""The flusher comes when there is work, goes when there is none, and is not needed where threads are not."""

from __future__ import annotations

import sys
import threading
import time
import types

import pytest

import mercury_client
from mercury_client import flusher as flusher_module
from mercury_client import limits
from mercury_client import sender as sender_module
from mercury_client.flusher import THREAD_NAME
from mercury_client.process import Client
from mercury_client.protocol import UnitFlags, UnitKind
from support.fake_daemon import FakeDaemon, wait_until

from .conftest import MakeClient


def work(name: str = "block") -> None:
    with mercury_client.unit(name) as unit:
        unit.record("SELECT 1", "default", "sqlite", time.perf_counter_ns(), 1000)


_earlier: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def _know_earlier_threads() -> None:
    """Another client of this process may still have a flusher, which is none of ours."""
    _earlier.clear()
    _earlier.update(threading.enumerate())


def flushers() -> int:
    return sum(thread.name == THREAD_NAME and thread not in _earlier for thread in threading.enumerate())


def test_the_thread_ends_when_idle_and_the_next_one_uses_its_connection(
    client: Client, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread stays behind in an idle process; nothing is lost at the change."""
    monkeypatch.setattr(flusher_module, "IDLE_S", 0.05)
    for round in range(1, 4):
        work()
        daemon.wait_for_units(round)
        wait_until(lambda: flushers() == 0, "the thread ends")
        assert mercury_client.stats()["acknowledged"] == round
    assert len(daemon.connections) == 1


def test_many_threads_at_the_moment_of_its_end_lose_nothing(
    client: Client, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread ends all the time.

    Whatever is put at that moment is sent without another unit pushing it.
    """
    monkeypatch.setattr(flusher_module, "IDLE_S", 0.0)
    threads = [threading.Thread(target=lambda: [work() for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    daemon.wait_for_units(400)
    wait_until(lambda: mercury_client.stats()["acknowledged"] == 400, "all acknowledged")


def test_units_of_one_moment_travel_together(client: Client, daemon: FakeDaemon) -> None:
    """A hundred units in a row are a few batches, not a hundred."""
    for _ in range(100):
        work()
    daemon.wait_for_units(100)
    assert len(daemon.connections[0].batches) <= 20


def test_the_outside_unit_is_sent_without_any_other_unit(client: Client, daemon: FakeDaemon) -> None:
    """A query of a plain thread starts the flusher by itself."""
    outside = mercury_client.innermost()
    assert outside is not None
    outside.record("SELECT 'outside'", "default", "sqlite", time.perf_counter_ns(), 1000)
    (seen,) = daemon.wait_for_units(1)
    assert (seen.unit.header.kind, seen.statements) == (UnitKind.OUTSIDE, ["SELECT ?"])


def test_a_unit_that_stays_open_is_sent_in_parts(
    client: Client, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is seen while it is open, and counted once: the last part closes it."""
    monkeypatch.setattr(flusher_module, "PART_S", 0.1)
    with mercury_client.unit("long", kind=UnitKind.COMMAND) as unit:
        unit.record("SELECT a", "default", "sqlite", time.perf_counter_ns(), 1000)
        daemon.wait_for_units(1)
        unit.record("SELECT b", "default", "sqlite", time.perf_counter_ns(), 1000)
        daemon.wait_for_units(2)
    wait_until(lambda: not daemon.all_units()[-1].unit.header.flags & UnitFlags.MORE_PARTS, "the last part")
    headers = [seen.unit.header for seen in daemon.all_units()]
    assert {header.unit_id for header in headers} == {unit.id}
    assert [header.part for header in headers] == list(range(len(headers)))
    assert [bool(header.flags & UnitFlags.MORE_PARTS) for header in headers] == [True] * (len(headers) - 1) + [False]
    assert [text for seen in daemon.all_units() for text in seen.statements] == ["SELECT a", "SELECT b"]
    assert headers[-1].queries == 2
    assert mercury_client.stats()["queries"] == 2


@pytest.mark.parametrize(("units", "parts"), [(3, 3), (4, 3)])
def test_only_so_many_open_units_are_sent_in_parts(make_client: MakeClient, units: int, parts: int) -> None:
    """At the limit all of them, beyond it the first ones; the others are sent when they end."""
    client = make_client(quiet=True)
    for _ in range(units):
        mercury_client.begin()
    client.recorder.split_open(0, 3)
    assert client.buffer.counters().created == parts
    assert limits.OPEN_UNITS_CLIENT_MAX == 256


def test_without_threads_units_are_sent_in_line(
    client: Client, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that cannot start is no error: each finished unit makes a step."""

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        work()
    assert mercury_client.stats()["inline"]
    outside = mercury_client.innermost()
    assert outside is not None
    outside.record("SELECT 'outside'", "default", "sqlite", time.perf_counter_ns(), 1000)
    for _ in range(20):
        work()
    assert flushers() == 0
    assert mercury_client.flush(5.0)
    assert len(daemon.all_units()) == 22
    assert mercury_client.stats()["internal_errors"] == 0


@pytest.mark.parametrize(
    ("options", "inline"),
    [({}, True), ({b"threads": b"2"}, False), ({"enable-threads": True}, False), ({"processes": 4}, True)],
)
def test_uwsgi_without_threads_is_recognised(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, options: dict[object, object], inline: bool
) -> None:
    """There a started thread would never run."""
    uwsgi = types.ModuleType("uwsgi")
    uwsgi.opt = options  # type: ignore[attr-defined]  # a module made here has no declared names
    monkeypatch.setitem(sys.modules, "uwsgi", uwsgi)
    assert make_client().flusher.inline is inline


def test_stop_is_quick_with_a_stuck_daemon(client: Client, daemon: FakeDaemon) -> None:
    """A fork waits for it, so it must not wait for the daemon."""
    daemon.hang()
    for _ in range(200):
        work("x" * 500)
    started = time.monotonic()
    assert client.flusher.stop(5.0)
    assert time.monotonic() - started < 1.0
    assert flushers() == 0


def test_the_first_unit_after_a_pause_is_sent_at_once(
    client: Client, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what follows it waits for the batch's time: a process that is killed soon after loses less."""
    work()
    assert mercury_client.flush(5.0)
    wait_until(lambda: client.flusher._sleeping, "the flusher sleeps")
    for module in (flusher_module, sender_module):
        monkeypatch.setattr(module, "BATCH_S", 60.0)
    client.sender._next_batch = 0.0
    work("first")
    daemon.wait_for_units(2)
    for _ in range(10):
        work("following")
    assert [len(one.batches) for one in daemon.connections] == [2]
    assert client.buffer.has_queued
    assert mercury_client.flush(5.0)
    assert [batch.created for batch in daemon.connections[0].batches] == [1, 2, 12]
