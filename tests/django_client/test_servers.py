"""The bookshop under real servers: every request that was sent arrives at a daemon as one unit, named."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parent.parent / "bookshop"
sys.path.append(str(SITE.parent))

from mercury_client.protocol import Method, UnitKind  # noqa: E402  (path or settings first)
from support.fake_daemon import FakeDaemon  # noqa: E402  (path or settings first)

REQUESTS = 250
DEADLINE_S = 30.0

SERVERS = {
    "gunicorn sync": ["gunicorn", "-b", "{address}", "-w", "2", "bookshop.wsgi"],
    "gunicorn preload gthread": [
        "gunicorn", "-b", "{address}", "-w", "2", "--preload", "-k", "gthread", "--threads", "2",
        "bookshop.wsgi",
    ],
    "uvicorn": [
        "uvicorn", "--host", "{host}", "--port", "{port}", "--log-level", "warning",
        "bookshop.asgi:application",
    ],
}  # fmt: skip


@contextmanager
def serving(command: list[str], daemon: FakeDaemon, log: Path) -> Iterator[str]:
    """Run a server until the end of the block, which is SIGTERM; yield its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = {"address": f"127.0.0.1:{port}", "host": "127.0.0.1", "port": str(port)}
    arguments = [sys.executable, "-m", *(word.format(**words) for word in command)]
    environment = {
        **os.environ,
        "MERCURY_ADDRESS": daemon.address,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }
    with log.open("wb") as output:
        server = subprocess.Popen(arguments, cwd=SITE, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.mark.parametrize("name", SERVERS)
def test_what_was_sent_is_what_arrives(name: str, tmp_path: Path) -> None:
    """By method, route template and status; nothing lost, nothing twice, and the load's totals agree."""
    sent_file, log = tmp_path / "sent.json", tmp_path / "server.log"
    with FakeDaemon(tmp_path / "daemon.sock") as daemon:
        with serving(SERVERS[name], daemon, log) as url:
            load = [
                sys.executable,
                str(SITE / "load.py"),
                url,
                "--requests",
                str(REQUESTS),
                "--json",
                str(sent_file),
            ]
            done = subprocess.run(load, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr + log.read_text()
            daemon.wait_for_units(REQUESTS)
        daemon.wait_for(lambda: all(one.closed for one in daemon.connections), "the workers' goodbye")
        units = [unit for unit in daemon.all_units() if unit.unit.header.kind == UnitKind.REQUEST]
        seen = Counter((Method(one.unit.header.method).name, one.name, one.unit.header.status) for one in units)
        dropped = [totals for one in daemon.connections for totals in one.dropped if any(totals.dropped.values())]
        services = {one.hello.service for one in daemon.connections if one.hello}
    sent = {(row["method"], row["route"], row["status"]): row["count"] for row in json.loads(sent_file.read_text())}
    assert seen == sent
    assert sum(sent.values()) == REQUESTS
    assert daemon.duplicates == 0 and dropped == []
    assert services == {"bookshop"}
    assert "internal error" not in log.read_text()

    by_route = {one.name: one.unit.header for one in units}
    assert by_route["books/naive/"].queries == 81
    assert by_route["authors/dashboard/"].queries == 5
    assert by_route["reports/sales/"].queries == 2
    assert by_route["books/export/"].queries >= 5 and by_route["books/export/"].first_byte_ns > 0
    aliases = {alias for one in units if one.name == "reports/sales/" for alias in one.aliases}
    assert aliases == {"default", "reports"}
