"""A row of the table that ``make bench`` prints: a figure, its bar, and whether it is met."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Row", "machine", "median_row", "print_rows", "to_dict"]


@dataclass(frozen=True)
class Row:
    """``figure`` in ``unit``, of runs from ``low`` to ``high``; ``bar`` None: nothing is asked of it."""

    what: str
    unit: str
    figure: float
    low: float
    high: float
    bar: float | None = None
    at_most: bool = True  # the figure may be at most the bar; else at least

    @property
    def verdict(self) -> str:
        if self.bar is None:
            return ""
        return "met" if (self.figure <= self.bar if self.at_most else self.figure >= self.bar) else "MISSED"


def median_row(
    what: str, unit: str, values: Sequence[float], *, at_most: float | None = None, at_least: float | None = None
) -> Row:
    """Return the row of several runs; give one of ``at_most`` and ``at_least``, or none."""
    bar = at_most if at_least is None else at_least
    return Row(what, unit, statistics.median(values), min(values), max(values), bar, at_least is None)


def _number(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:,.1f} M"
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def print_rows(title: str, rows: Iterable[Row]) -> None:
    """Print a table; rows without a bar have no verdict."""
    lines = [("", "median", "min to max", "bar", "")]
    for row in rows:
        sign = "≤" if row.at_most else "≥"
        bar = f"{sign} {_number(row.bar)}" if row.bar is not None else ""
        span = f"{_number(row.low)} to {_number(row.high)}"
        lines.append((row.what, f"{_number(row.figure)} {row.unit}", span, bar, row.verdict))
    widths = [max(len(line[at]) for line in lines) for at in range(5)]
    print(f"\n{title}")
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells).rstrip(), flush=True)


def machine() -> dict[str, Any]:
    """Say what was measured on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in _read("/proc/cpuinfo").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {"system": platform.platform(), "processor": model, "python": platform.python_version()}


def _read(path: str) -> str:
    file = Path(path)
    return file.read_text(errors="replace") if file.exists() else ""


def to_dict(row: Row) -> dict[str, Any]:
    """Return the row as JSON has it."""
    return asdict(row) | {"verdict": row.verdict}
