"""Catch finished units in memory: the recorder of the client, without a daemon behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mercury_client import recorder
from mercury_client.buffer import Buffer
from mercury_client.protocol import UnitKind
from mercury_client.recorder import Recorder
from mercury_client.unit import Unit


class Sink:
    """Hold what was finished since the last look."""

    def __init__(self) -> None:
        self.buffer = Buffer(1 << 26)
        self.recorder = Recorder(self.buffer, lambda *what: None)

    def units(self, *kinds: UnitKind) -> list[Unit]:
        """Return what finished since the last call, in order; if no kind is named, all but ``outside``."""
        taken = iter(lambda: self.buffer.take(self.buffer.created), None)
        return [one for one in taken if (one.kind in kinds if kinds else one.kind != UnitKind.OUTSIDE)]

    def one(self, *kinds: UnitKind) -> Unit:
        """Return the only unit that finished since the last call."""
        units = self.units(*kinds)
        assert len(units) == 1, units
        return units[0]

    def outside(self) -> Unit:
        """Return the unit of what was recorded where none was current."""
        return self.recorder.outside


def queries_by_alias(units: list[Unit]) -> dict[str, int]:
    """Count queries without transaction control."""
    counts: dict[str, int] = {}
    for unit in units:
        for statement, alias, *_ in unit.records[: unit.count]:
            if not statement.control:
                counts[alias] = counts.get(alias, 0) + 1
    return counts


@contextmanager
def caught() -> Iterator[Sink]:
    """Put a sink in the place of the process's recorder, and the old one back."""
    sink = Sink()
    before = recorder._recorder
    recorder.install(sink.recorder)
    try:
        yield sink
    finally:
        recorder.install(before)
