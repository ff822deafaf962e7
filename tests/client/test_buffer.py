"""The buffer accounts for every unit at every moment, and keeps to its bytes."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mercury_client.buffer import Buffer
from mercury_client.protocol import DropReason, UnitKind
from mercury_client.unit import UNIT_BYTES, Unit


def make(size: int = 100) -> Unit:
    unit = Unit(1, UnitKind.BLOCK, "", 0)
    unit.size = size
    return unit


class BufferMachine(RuleBasedStateMachine):
    """Do anything in any order; compare with a model of two lists."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = Buffer(1000)
        self.sent: list[tuple[int, int]] = []
        self.queued: list[tuple[int, int]] = []
        self.created = self.acknowledged = 0
        self.dropped: dict[DropReason, int] = {}

    def drop(self, reason: DropReason) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    @rule(size=st.integers(1, 1100))
    def put(self, size: int) -> None:
        self.created += 1
        assert self.buffer.put(make(size)) == self.created
        if size > 1000:
            self.drop(DropReason.BUFFER_FULL)
            return
        self.queued.append((self.created, size))
        while sum(size for _, size in self.sent + self.queued) > 1000:
            self.queued.pop(0)  # never what the daemon may have
            self.drop(DropReason.BUFFER_FULL)

    @rule(highest=st.integers(0, 60))
    def take(self, highest: int) -> None:
        expected = self.queued[:1] if self.queued and self.queued[0][0] <= highest else []
        in_flight = sum(size for _, size in self.sent)
        if expected and self.sent and 2 * (in_flight + expected[0][1]) > 1000:
            expected = []  # half of it is sent already
        taken = self.buffer.take(highest)
        assert ([] if taken is None else [taken.number]) == [number for number, _ in expected]
        self.sent += expected
        del self.queued[: len(expected)]

    @rule()
    def rewind(self) -> None:
        self.buffer.rewind()
        self.sent, self.queued = [], self.sent + self.queued

    @rule(highest=st.integers(0, 60))
    def acknowledge(self, highest: int) -> None:
        before = len(self.sent) + len(self.queued)
        self.sent = [one for one in self.sent if one[0] > highest]
        self.queued = [one for one in self.queued if one[0] > highest]
        forgotten = before - len(self.sent) - len(self.queued)
        assert self.buffer.acknowledge(highest) is (forgotten > 0)
        self.acknowledged += forgotten

    @rule(number=st.integers(0, 60))
    def reject(self, number: int) -> None:
        here = number in [one[0] for one in self.sent + self.queued]
        assert self.buffer.drop(number, DropReason.REJECTED) is here
        self.sent = [one for one in self.sent if one[0] != number]
        self.queued = [one for one in self.queued if one[0] != number]
        if here:
            self.drop(DropReason.REJECTED)

    @rule()
    def disable(self) -> None:
        assert self.buffer.drop_all(DropReason.DISABLED) == len(self.queued)
        for _ in self.queued:
            self.drop(DropReason.DISABLED)
        self.queued = []

    @invariant()
    def everything_is_accounted_for(self) -> None:
        counters = self.buffer.counters()
        assert counters.created == counters.acknowledged + sum(counters.dropped.values()) + counters.buffered
        assert (counters.created, counters.acknowledged) == (self.created, self.acknowledged)
        assert counters.dropped == self.dropped
        assert counters.bytes == sum(size for _, size in self.sent + self.queued) <= 1000
        assert counters.buffered == len(self.buffer) == len(self.sent) + len(self.queued)
        assert self.buffer.unsent() == [number for number, _ in self.queued]
        assert self.buffer.has_queued is bool(self.queued)


BufferMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBuffer = BufferMachine.TestCase


def test_half_of_it_at_most_waits_for_an_acknowledgement() -> None:
    """What was sent cannot be dropped: a daemon that hangs must not keep the newest units out."""
    buffer = Buffer(1000)
    for _ in range(10):
        buffer.put(make())
    taken = [buffer.take(buffer.created) for _ in range(6)]
    assert [one is not None for one in taken] == [True] * 5 + [False]
    newest = buffer.put(make())
    assert newest in buffer.unsent() and buffer.counters().dropped == {DropReason.BUFFER_FULL: 1}
    buffer.acknowledge(2)
    assert [buffer.take(buffer.created) is not None for _ in range(3)] == [True, True, False]
    buffer.rewind()
    assert sum(buffer.take(buffer.created) is not None for _ in range(10)) == 5
    assert buffer.drop(7, DropReason.REJECTED)
    assert buffer.take(buffer.created) is not None


@pytest.mark.parametrize(
    ("size", "dropped"), [(1000, {DropReason.BUFFER_FULL: 1}), (1001, {DropReason.BUFFER_FULL: 1})]
)
def test_a_unit_as_large_as_the_buffer_replaces_all_and_a_larger_one_is_dropped_itself(
    size: int, dropped: dict[DropReason, int]
) -> None:
    """One monster does not cost everything else."""
    buffer = Buffer(1000)
    buffer.put(make(1))
    buffer.put(make(size))
    assert buffer.unsent() == ([2] if size <= 1000 else [1])
    assert buffer.counters().dropped == dropped


@pytest.mark.parametrize(("queries", "texts"), [(0, 1), (3, 1), (30, 5), (1000, 1), (300, 300)])
def test_real_memory_is_at_most_twice_what_is_accounted(queries: int, texts: int) -> None:
    """A full buffer costs about what it says, for empty, usual and large units and for texts never seen."""
    bytes_max = 2_000_000
    tracemalloc.start()
    try:
        buffer = Buffer(bytes_max)
        before = tracemalloc.get_traced_memory()[0]
        number = 0
        while not buffer.counters().dropped:
            number += 1
            unit = Unit(number, UnitKind.REQUEST, f"/route/{number}", 10**18 + number)
            for query in range(queries):
                sql = f"SELECT {number if texts == 300 else 0}, {query % texts} -- {queries} {'x' * 100}"
                unit.record(sql, "default", "sqlite", 10**18 + query, 10**6 + query)
            unit.seal(2 * 10**18)
            buffer.put(unit)
        used = tracemalloc.get_traced_memory()[0] - before
        accounted = buffer.counters().bytes
    finally:
        tracemalloc.stop()
    assert bytes_max * 0.8 < accounted <= bytes_max
    assert accounted / 2 < used < 2 * accounted, f"{used} bytes for {accounted}, {UNIT_BYTES=}"
