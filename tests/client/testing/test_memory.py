"""The process's resident memory is its own, whatever becomes of the descriptor that it is read through."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from django_mercury.testing.memory import MEGABYTE, Memory, resident_bytes

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


def open_here() -> list[int]:
    """Return the descriptors of this process that read its memory."""
    out = []
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            if os.readlink(f"/proc/self/fd/{number}").endswith("/statm"):
                out.append(number)
        except FileNotFoundError:
            continue  # of the listing itself
    return out


def resident_by_status() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def test_what_a_block_takes_is_seen() -> None:
    memory = Memory(trace=False)
    memory.start()
    taken = bytearray(os.urandom(1)) * (40 * MEGABYTE)
    memory.stop()
    assert 39 * MEGABYTE <= memory.bytes <= 60 * MEGABYTE, len(taken)


def test_one_descriptor_is_kept_and_no_program_inherits_it() -> None:
    assert abs(resident_bytes() - resident_by_status()) < 8 * MEGABYTE
    before = open_here()
    for _ in range(10):
        resident_bytes()
    assert open_here() == before and len(before) == 1
    assert not os.get_inheritable(before[0])


def test_a_forked_child_has_its_own() -> None:
    resident_bytes()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            inherited = open_here()
            taken = bytearray(b"x") * (64 * MEGABYTE)
            is_own = abs(resident_bytes() - resident_by_status()) < 8 * MEGABYTE
            code = 0 if inherited == [] and is_own and len(open_here()) == 1 and taken else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(open_here()) == 1


def test_whoever_closed_it_loses_nothing(tmp_path: Path) -> None:
    """Its number may be somebody else's file by then, which stays open and is not read for memory."""
    resident_bytes()
    [descriptor] = open_here()
    os.close(descriptor)
    assert abs(resident_bytes() - resident_by_status()) < 8 * MEGABYTE

    [descriptor] = open_here()
    other = tmp_path / "other"
    other.write_bytes(b"not numbers")
    with other.open("rb") as file:
        os.dup2(file.fileno(), descriptor)
    try:
        assert abs(resident_bytes() - resident_by_status()) < 8 * MEGABYTE
        assert os.pread(descriptor, 100, 0) == b"not numbers"
    finally:
        os.close(descriptor)


def test_threads_that_read_first_together_keep_one() -> None:
    resident_bytes()
    for _ in range(50):
        [descriptor] = open_here()
        os.close(descriptor)
        start = threading.Barrier(4)
        threads = [threading.Thread(target=lambda: (start.wait(), resident_bytes())) for _ in range(4)]  # noqa: B023  (all end in this pass)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(open_here()) == 1
