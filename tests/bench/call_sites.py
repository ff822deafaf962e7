"""Measure what call sites cost: an ORM query on SQLite with the hook off, and in each mode, at three depths.

    python tests/bench/call_sites.py [--rounds 300] [--queries 25]

The first rows are ``Thing.objects.get(pk=…)`` with 12, 23 and 44 frames from the query out to the bottom of the
stack, each query the same line with another key: a loop. The last rows are a view without repetition, thirty
statements that differ, which is where ``repeated`` is meant to cost next to nothing.

``no hook`` is Django alone, ``off`` is the hook without call sites. Rounds are interleaved and in changing
order, CPU time of this thread. Differences are medians of the differences within a round, so that what slows a
round down counts on both sides; the percentages are of the query without a hook.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import thread_time_ns

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "client_py" / "src"))

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.configure(
    BASE_DIR=Path(__file__).resolve().parent,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.db import connection, models  # noqa: E402

import mercury_client  # noqa: E402
from django_mercury import call_sites, hooks  # noqa: E402
from mercury_client import process  # noqa: E402
from mercury_client.protocol import UnitKind  # noqa: E402

DEPTHS = (12, 23, 44)
MODES = ("no hook", "off", "repeated", "all")
STATEMENTS = 30


class Thing(models.Model):
    name = models.CharField(max_length=40)
    size = models.IntegerField()
    colour = models.CharField(max_length=40)
    made = models.DateField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        app_label = "bench"


def one_query(number: int) -> object:
    return Thing.objects.get(pk=1 + number % 20)


def many_queries(number: int) -> object:
    """Ask what no other call in a unit asks: the statement differs by its LIMIT."""
    return list(Thing.objects.filter(pk=1)[: 2 + number % STATEMENTS])


def at_depth(frames: int, function: Callable[[int], object], number: int) -> object:
    """Call a function with some frames more on the stack."""
    return at_depth(frames - 1, function, number) if frames > 0 else function(number)


def own_frames(function: Callable[[int], object]) -> int:
    """Return how many frames the key of a query has without any that are added here."""
    seen: list[int] = []

    def look(execute: Callable[..., object], *arguments: object) -> object:
        frame, count = sys._getframe(3), 0  # as hooks.py: from who called cursor.execute on
        while frame is not None and frame.f_code is not own_frames.__code__:
            frame, count = frame.f_back, count + 1  # type: ignore[assignment]  # the loop ends before None
        seen.append(count)
        return execute(*arguments)

    with connection.execute_wrapper(look):
        at_depth(0, function, 0)
    return seen[0]


def stack_below() -> int:
    """Return the frames that stand below the measured ones: ours."""
    frame, count = sys._getframe(), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1  # type: ignore[assignment]  # the loop ends before None
    return count


def time_units(mode: str, queries: int, function: Callable[[int], object], frames: int) -> float:
    """Return µs a query of one unit."""
    wrappers = connection.execute_wrappers
    wrappers.clear()
    extra = frames - own_frames(function) - stack_below() + 1 if frames else 0
    if frames and extra < 0:
        raise SystemExit(f"{frames} frames are fewer than a query has by itself")
    if mode != "no hook":
        call_sites._mode = mode  # configure() would forget what is known
        wrappers.insert(0, hooks.record_query)
    buffer = process._client.recorder.buffer
    unit = mercury_client.begin(UnitKind.REQUEST)
    token = mercury_client.activate(unit)
    before = thread_time_ns()
    for number in range(queries):
        at_depth(extra, function, number)
    total = thread_time_ns() - before
    mercury_client.deactivate(token)
    mercury_client.finish(unit)
    while buffer.take(buffer.created):  # as the flusher does
        pass
    return total / queries / 1000


def measure(rounds: int, queries: int, function: Callable[[int], object], frames: int) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {mode: [] for mode in MODES}
    for number in range(rounds + 5):
        for mode in random.sample(MODES, len(MODES)):
            value = time_units(mode, queries, function, frames)
            if number >= 5:  # the first ones fill the tables, and let Python specialise
                samples[mode].append(value)
    return samples


def show(name: str, samples: dict[str, list[float]]) -> None:
    base = statistics.median(samples["no hook"])
    for mode in MODES:
        columns = [f"{name:22} {mode:9} {statistics.median(samples[mode]):8.2f}"]
        for other in ("no hook", "off"):
            pairs = zip(samples[mode], samples[other], strict=True)
            difference = statistics.median(one - two for one, two in pairs)
            columns.append(f"{difference:+8.2f} {100 * difference / base:+6.2f} %")
        print("  ".join(columns))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--queries", type=int, default=25, help="queries of a unit")
    arguments = parser.parse_args()
    process._client.recorder._notify = lambda work: None
    call_sites.configure("all", [str(Path(__file__).parent)])
    with connection.schema_editor() as editor:
        editor.create_model(Thing)
    Thing.objects.bulk_create(Thing(name="a thing", size=1, colour="red", price=1) for _ in range(50))
    print(f"Python {sys.version.split()[0]}, Django {django.get_version()}; µs of CPU a query, medians\n")
    print(f"{'':22} {'mode':9} {'µs':>8}  {'to no hook':>17}  {'to off':>17}")
    for frames in DEPTHS:
        show(f"one line, {frames} frames", measure(arguments.rounds, arguments.queries, one_query, frames))
    show("a view, no repetition", measure(arguments.rounds, STATEMENTS, many_queries, 0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
