"""After a fork nothing is inherited: what the parent has queued is sent once, by the parent."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.client_process import ClientProcess
from support.daemon import Daemon, assert_balanced

FORKING = """
work(100)
children = []
readers = []
for number in range(4):
    reader, writer = os.pipe()
    go_reader, go_writer = os.pipe()
    child = os.fork()
    if child == 0:
        work(1)
        os.write(writer, b"!")
        os.close(go_writer)
        for other in readers:
            os.close(other[1])
        os.read(go_reader, 1)
        flush()
        sys.exit(0)
    children.append(child)
    readers.append((reader, go_writer))
    os.close(writer)
    os.close(go_reader)
work(1)
for reader, _ in readers:
    assert os.read(reader, 1) == b"!"
say("queued")
hear("go")
for _, go_writer in readers:
    os.write(go_writer, b"!")
statuses = [os.waitpid(child, 0)[1] for child in children]
assert statuses == [0, 0, 0, 0], statuses
flush()
"""


@pytest.mark.parametrize("absent", ["stopped", "not started"])
def test_a_hundred_queued_units_and_four_children_are_105(absent: str, tmp_path: Path) -> None:
    """100 in the parent, a fork of four, one in each of the five: exactly that many arrive, by client."""
    with Daemon(tmp_path) as daemon:
        if absent == "stopped":
            daemon.pause()
        else:
            daemon.stop()
        with ClientProcess(tmp_path, daemon.address, FORKING) as process:
            process.hear("queued")
            if absent == "stopped":
                daemon.go_on()
            else:
                daemon.start()
            process.say("go")
        status = daemon.wait_for_ended(5)
        (route,) = daemon.routes("block")
        assert "internal error" not in process.log()
    by_client = sorted(client["units"]["received"] for client in status["clients"])
    assert by_client == [1, 1, 1, 1, 101]
    assert [client["units"]["created"] for client in status["clients"]] == [
        client["units"]["received"] for client in status["clients"]
    ]
    assert len({client["pid"] for client in status["clients"]}) == 5
    assert status["units"]["received"] == status["units"]["created"] == route["count"] == 105
    assert status["queries"]["received"] == route["queries"]["total"] == 105
    assert status["units"]["duplicates"] == sum(status["units"]["dropped"].values()) == 0
    assert_balanced(status)
