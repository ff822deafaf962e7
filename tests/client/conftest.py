"""A fake daemon, and a client of this process that talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mercury_client import faults, process, recorder
from mercury_client.process import Client
from mercury_client.settings import Settings
from support.fake_daemon import FakeDaemon

MakeClient = Callable[..., Client]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    """A fake daemon that runs, and that fails the test if a client broke the contract."""
    with FakeDaemon(tmp_path / "daemon.sock") as running:
        yield running


@pytest.fixture
def make_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MakeClient]:
    """Make the client of this process, with settings of the test's choice; by default nobody listens.

    ``quiet``: the flusher is told of nothing, so nothing is sealed or sent but by the test.
    """
    monkeypatch.delenv("MERCURY_ADDRESS", raising=False)
    monkeypatch.setattr(faults, "_total", 0)
    before = process._client
    made: list[Client] = []

    def make(*, quiet: bool = False, **settings: object) -> Client:
        settings.setdefault("address", f"unix://{tmp_path}/nobody.sock")
        client = Client(Settings(**settings))  # type: ignore[arg-type]  # tests pass settings by name
        made.append(client)
        if quiet:
            client.recorder._notify = lambda work: None
        process._client = client
        recorder.install(client.recorder)
        return client

    yield make
    for client in made:
        client.flusher.stop(1.0)
        client.end(0.0)
    process._client = before
    recorder.install(before.recorder)


@pytest.fixture
def client(make_client: MakeClient, daemon: FakeDaemon) -> Client:
    """The client of this process, connected to ``daemon`` by its first unit."""
    return make_client(address=daemon.address, service="shop", environment="test")
