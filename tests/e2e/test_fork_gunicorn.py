"""A backlog in a preloading gunicorn master: sent once, by the master, whatever its workers do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.daemon import DEADLINE_S, Daemon, assert_balanced, clean_environment, wait_until

SITE = """
import mercury_client

mercury_client.configure(service="preloaded", environment="production")
for number in range(100):
    with mercury_client.unit("of the master"):
        pass

def application(environ, start_response):
    start_response("200 OK", [])
    return [b""]
"""
CONFIG = """
from pathlib import Path
import mercury_client

bind, workers, preload_app = "127.0.0.1:0", 4, True

def post_worker_init(worker):
    with mercury_client.unit("of a worker"):
        pass
    (Path(__file__).parent / f"ready-{worker.pid}").touch()

def on_exit(server):
    with mercury_client.unit("of the master"):
        pass
"""


def test_a_backlog_in_a_preloading_master_and_four_workers_are_105(tmp_path: Path, daemon: Daemon) -> None:
    """A hundred while the daemon hangs, one from each worker, one more from the master: five clients, 105 units."""
    (tmp_path / "site_of_test.py").write_text(SITE)
    (tmp_path / "gunicorn.conf.py").write_text(CONFIG)
    daemon.pause()
    environment = clean_environment(tmp_path, MERCURY_ADDRESS=daemon.address)
    with (tmp_path / "gunicorn.log").open("wb") as log:
        site = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "site_of_test:application"],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: len(list(tmp_path.glob("ready-*"))) == 4, "four workers")
        daemon.go_on()
        site.terminate()
        assert site.wait(DEADLINE_S) == 0
    finally:
        site.kill()
        site.wait()
    status = daemon.wait_for_ended()
    assert_balanced(status)
    assert status["units"]["received"] == status["units"]["created"] == 105
    assert sorted(client["units"]["received"] for client in status["clients"]) == [1, 1, 1, 1, 101]
