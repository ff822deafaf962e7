"""Keep a daemon busy until killed: scale.py starts it, as processes of their own.

python tests/bench/busy.py units SOCKET CONNECTIONS
    python tests/bench/busy.py routes SOCKET
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import workload
from engines import WRITE_BYTES, Sender
from scale import Reader

UNITS = 2_000  # sent over and over, with new numbers


def send_units(path: str, connections: int) -> None:
    """Be several clients that send as fast as the daemon takes it; one process, so that it is the daemon that waits."""
    senders = [
        Sender(path, sys.maxsize, workload.preamble(incarnation=f"{at + 1000:032x}")) for at in range(connections)
    ]
    frames = [workload.frame(request) for request in workload.requests(UNITS)]
    size = len(frames[0])
    data = bytearray(b"".join(frames))
    per_write = WRITE_BYTES // size * size
    for first in itertools.count(0, UNITS):
        for at in range(UNITS):
            workload.NUMBERS.pack_into(data, at * size + workload.NUMBERS_AT, first + at + 1, first + at + 1)
        for sender in senders:
            sender.socket.sendall(workload.batch(first + UNITS))
        for at in range(0, len(data), per_write):
            for sender in senders:
                sender.socket.sendall(data[at : at + per_write])


def ask_routes(path: str) -> None:
    """Be a reader that asks for every route, again and again."""
    reader = Reader(path)
    while True:
        reader.ask("routes")


if __name__ == "__main__":
    if sys.argv[1] == "units":
        send_units(sys.argv[2], int(sys.argv[3]))
    else:
        ask_routes(sys.argv[2])
