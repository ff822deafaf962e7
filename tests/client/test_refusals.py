"""What the daemon refuses, and what it should not have said, costs a unit or a connection, and no more."""

from __future__ import annotations

import logging
import time

import pytest

import mercury_client
from mercury_client.process import Client
from mercury_client.protocol import (
    Ack,
    ErrorMessage,
    FrameType,
    Goaway,
    Hello,
    Reject,
    Welcome,
)
from support.fake_daemon import FakeDaemon, wait_until
from support.fake_server import SeenConnection, SeenUnit


def work(name: str = "block") -> None:
    with mercury_client.unit(name) as unit:
        unit.record("SELECT 1", "default", "sqlite", time.perf_counter_ns(), 1000)


def test_a_rejected_unit_is_dropped_and_the_others_arrive(client: Client, daemon: FakeDaemon) -> None:
    """ERROR with a number: that unit counts as rejected, the next connection carries the rest."""

    def refuse(connection: SeenConnection, seen: SeenUnit) -> bytes | None:
        if seen.name != "poison":
            return None
        connection.closed = True
        return ErrorMessage("unit_invalid", "poison", seen.number).encode()

    daemon.on_unit = refuse
    for name in ("a", "poison", "b", "c"):
        work(name)
    assert not mercury_client.flush(5.0)
    wait_until(lambda: mercury_client.stats()["acknowledged"] == 3, "three acknowledged")
    assert [seen.name for seen in daemon.all_units()] == ["a", "b", "c"]
    assert mercury_client.stats()["dropped"] == {"rejected": 1}
    assert mercury_client.enabled()


def test_three_errors_in_a_row_switch_off_with_one_line(
    client: Client, daemon: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    """A poisonous client is quiet until its process ends, and the buffer is accounted for."""

    def refuse(connection: SeenConnection, seen: SeenUnit) -> bytes:
        connection.closed = True
        return ErrorMessage("unit_invalid", "no good", seen.number).encode()

    daemon.on_unit = refuse
    for _ in range(5):
        work()
    wait_until(lambda: mercury_client.stats()["state"] == "off", "switched off")
    assert not mercury_client.enabled()
    wait_until(lambda: mercury_client.stats()["buffered"] == 0, "everything dropped")
    assert mercury_client.stats()["dropped"] == {"rejected": 3, "disabled": 2}
    work()
    mercury_client.enable()
    work()
    assert mercury_client.stats()["created"] == 5
    assert sum("off until this process ends" in record.getMessage() for record in caplog.records) == 1
    assert len(daemon.connections) == 3


def test_an_acknowledgement_between_errors_starts_the_count_again(client: Client, daemon: FakeDaemon) -> None:
    """Five bad units among good ones: each is dropped, and measuring goes on."""

    def refuse(connection: SeenConnection, seen: SeenUnit) -> bytes | None:
        if seen.name == "good":
            return None
        connection.closed = True
        return ErrorMessage("unit_invalid", "no good", seen.number).encode()

    daemon.on_unit = refuse
    for _ in range(5):
        work("bad")
        work("good")
        mercury_client.flush(5.0)
    assert mercury_client.stats()["dropped"] == {"rejected": 5}
    assert mercury_client.stats()["acknowledged"] == 5


def test_an_unsupported_version_switches_off_and_names_both_ranges(
    client: Client, daemon: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    """REJECT version_unsupported: one line, no second connection."""
    daemon.welcome = lambda hello: Reject("version_unsupported", "too old", (7, 9)).encode()
    work()
    wait_until(lambda: mercury_client.stats()["state"] == "off", "switched off")
    assert not mercury_client.enabled()
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "protocol 7 to 9" in line and "1 to 1" in line
    assert mercury_client.stats()["dropped"] == {"disabled": 1}


def test_a_full_daemon_is_tried_again(client: Client, daemon: FakeDaemon) -> None:
    """REJECT connections_max is no reason to give up."""
    accept = daemon.welcome
    answers = [Reject("connections_max", "full").encode()]
    daemon.welcome = lambda hello: answers.pop() if answers else accept(hello)
    work()
    daemon.wait_for_units(1)
    assert mercury_client.flush(5.0)
    assert len(daemon.connections) == 2


def test_goaway_is_answered_with_bye_and_followed_by_a_new_connection(client: Client, daemon: FakeDaemon) -> None:
    """The daemon says that it ends; what comes later goes to its successor."""
    work()
    assert mercury_client.flush(5.0)
    daemon.connections[0].send(Goaway("stopping", 1000).encode())
    wait_until(lambda: FrameType.BYE in daemon.connections[0].types, "BYE")
    work()
    daemon.wait_for_units(2)
    assert mercury_client.flush(5.0)
    assert len(daemon.connections) == 2
    assert mercury_client.stats()["dropped"] == {}


GARBAGE = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\xff" * 100,
    Hello(incarnation="0" * 32).encode(),
    Ack(999).encode(),
    Welcome().encode(),
    b"\x05\x00\x00\x00\x0a\x00\x00\x00[1,2]",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=["http", "noise", "hello", "ack of the future", "welcome", "list"])
def test_garbage_from_the_daemon_closes_the_connection_and_loses_nothing(
    client: Client, daemon: FakeDaemon, garbage: bytes
) -> None:
    """After the handshake: the connection is closed, the units are sent again."""
    daemon.acks = False
    work()
    daemon.wait_for_units(1)
    daemon.connections[0].send(garbage)
    daemon.wait_for(lambda: len(daemon.connections) == 2, "a new connection")
    daemon.acks = True
    work()
    assert mercury_client.flush(5.0)
    assert mercury_client.stats()["acknowledged"] == 2
    assert mercury_client.stats()["internal_errors"] == 0


@pytest.mark.parametrize("garbage", [*GARBAGE[:3], Ack(0).encode()])
def test_garbage_instead_of_welcome_is_a_failed_attempt(client: Client, daemon: FakeDaemon, garbage: bytes) -> None:
    """Before the handshake nothing but WELCOME, REJECT and ERROR is listened to."""
    accept = daemon.welcome
    answers = [garbage]
    daemon.welcome = lambda hello: answers.pop() if answers else accept(hello)
    work()
    daemon.wait_for_units(1)
    assert mercury_client.flush(5.0)
