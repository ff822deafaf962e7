"""Measure what call sites cost: an ORM query on SQLite with the hook off, and in each mode, at three depths.

    python tests/bench/call_sites.py [--rounds 100] [--queries 25] [--processes 7]

The first rows are ``Thing.objects.get(pk=…)`` with 12, 23 and 44 frames from the query out to the bottom of the
stack, each query the same line with another key: a loop. As in a site, most of the frames are a library's, here
frames.py; then once more with all of them the application's, which is the worst case. The last rows are a view
without repetition, thirty statements that differ, which is where ``repeated`` is meant to cost next to nothing.

``no hook`` is Django alone, ``off`` is the hook without call sites. Rounds are interleaved and in changing
order, CPU time of this thread. Differences are medians of the differences within a round, so that what slows a
round down counts on both sides; of several processes the median again. Percentages are of the query without a
hook.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import thread_time_ns

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "client_py" / "src"))

import django  # noqa: E402  (path or settings first)
from django.conf import settings  # noqa: E402  (path or settings first)

settings.configure(
    BASE_DIR=Path(__file__).resolve().parent,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.db import connection, models  # noqa: E402  (path or settings first)
from frames import below  # noqa: E402  (path or settings first)

import mercury_client  # noqa: E402  (path or settings first)
from django_mercury import call_sites, hooks  # noqa: E402  (path or settings first)
from mercury_client import process  # noqa: E402  (path or settings first)
from mercury_client.protocol import UnitKind  # noqa: E402  (path or settings first)

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
        below(0, function, 0)
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
        call_sites.always, call_sites.captures = mode == "all", mode != "off"  # configure() would forget what is known
        wrappers.insert(0, hooks.record_query)
    buffer = process._client.recorder.buffer
    unit = mercury_client.begin(UnitKind.REQUEST)
    token = mercury_client.activate(unit)
    before = thread_time_ns()
    for number in range(queries):
        below(extra, function, number)
    total = thread_time_ns() - before
    mercury_client.deactivate(token)
    mercury_client.finish(unit)
    while buffer.take(buffer.created):  # as the flusher does
        pass
    buffer.acknowledge(buffer.created)
    return total / queries / 1000


def measure(rounds: int, queries: int, function: Callable[[int], object], frames: int) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {mode: [] for mode in MODES}
    for number in range(rounds + 5):
        for mode in random.sample(MODES, len(MODES)):
            value = time_units(mode, queries, function, frames)
            if number >= 5:  # the first ones fill the tables, and let Python specialise
                samples[mode].append(value)
    return samples


def medians(samples: dict[str, list[float]]) -> dict[str, list[float]]:
    """Return for each mode the median, and the medians of its differences to no hook and to off."""
    found = {}
    for mode in MODES:
        found[mode] = [statistics.median(samples[mode])]
        for other in ("no hook", "off"):
            pairs = zip(samples[mode], samples[other], strict=True)
            found[mode].append(statistics.median(one - two for one, two in pairs))
    return found


def run(rounds: int, queries: int) -> None:
    """Measure every row in this process and print the medians as JSON."""
    process._client.recorder._notify = lambda work: None
    call_sites.configure("all", [__file__])  # frames.py is a library
    with connection.schema_editor() as editor:
        editor.create_model(Thing)
    Thing.objects.bulk_create(Thing(name="a thing", size=1, colour="red", price=1) for _ in range(50))
    rows = {}
    for frames in DEPTHS:
        rows[f"one line, {frames} frames"] = medians(measure(rounds, queries, one_query, frames))
    call_sites.configure("all", [str(Path(__file__).parent)])  # frames.py is the application's: the worst case
    for frames in DEPTHS:
        rows[f"{frames}, all application"] = medians(measure(rounds, queries, one_query, frames))
    call_sites.configure("all", [__file__])
    rows["a view, no repetition"] = medians(measure(rounds, STATEMENTS, many_queries, 0))
    print(json.dumps(rows))


def show(runs: list[dict[str, dict[str, list[float]]]]) -> None:
    for name in runs[0]:
        base = statistics.median(run[name]["no hook"][0] for run in runs)
        for mode in MODES:
            columns = [f"{name:22} {mode:9} {statistics.median(run[name][mode][0] for run in runs):8.2f}"]
            for at in (1, 2):
                differences = [run[name][mode][at] for run in runs]
                middle = statistics.median(differences)
                columns.append(f"{middle:+7.2f} ({min(differences):+.1f} to {max(differences):+.1f})")
                columns.append(f"{100 * middle / base:+6.2f} %")
            print("  ".join(columns))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--queries", type=int, default=25, help="queries of a unit")
    parser.add_argument("--processes", type=int, default=7, help="where memory lies by chance differs by 2 µs a query")
    arguments = parser.parse_args()
    child = [sys.executable, __file__, "child", str(arguments.rounds), str(arguments.queries)]
    runs = [json.loads(subprocess.check_output(child)) for _ in range(arguments.processes)]
    print(f"Python {sys.version.split()[0]}, Django {django.get_version()}; µs of CPU a query, medians (min to max)\n")
    print(f"{'':22} {'mode':9} {'µs':>8}  {'to no hook':<27} {'to off':>13}")
    show(runs)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        run(int(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(main())
