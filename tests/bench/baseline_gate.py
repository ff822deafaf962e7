"""Whether a baseline can be believed: false alarms, a slowdown of 20 %, added queries, beside a busy processor and not.

    .venv/bin/python tests/bench/baseline_gate.py [--sets 10] [--repeats 10] [--record FILE] [--evaluate FILE]

A run is a test of the bookshop through Django's test client: its good list of books, and its list with N+1 queries. It
is recorded as a test run records it, yardstick and all, in a process of its own until ``--repeats`` of its times count,
which is a set: ``--sets`` processes alone, as many beside one busy loop for each processor, and as many of both that
are really slower: a loop is executed in each request that takes 20 % of what the request took when both were
calibrated, once, before anything was recorded. The sets come in random order, so that whatever else the machine does is
in all of them.

Each figure is a share of comparisons of one set as the baseline with another as the run, by ``compare`` on their
documents. ``shuffled``: sets drawn at random from all repeats that count, alone and not, which is what the bars are
of. ``processes``: the sets as they were recorded, each with each other one, where what two processes differ in by
chance counts as well; beside a busy processor and alone apart, and one as the baseline of the other. For added queries
one more query is really made, of each of several kinds in each page, and the run is a single one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "client_py" / "src"), str(ROOT / "tests"), str(ROOT / "tests" / "bookshop")]

PAGES = ("/books/", "/books/naive/")
SLOWDOWN = 0.2
FALSE_ALARMS_MAX, FOUND_MIN = 1.0, 95.0  # per cent
DRAWS = 2000
FAMILY = 100  # units of a larger run, for the rows that say what Holm costs
LOOP = 20_000
BUSY = "while True: pass"

Document = dict[str, Any]
Set = dict[str, Any]  # hog, slow, and the documents of its repeats


# ----------------------------------------------------------------------------------------------- in a process
def busy(iterations: int) -> int:
    """Work, in Python alone."""
    total = 0
    for number in range(iterations):
        total += number * number % 7
    return total


def loop_ms() -> float:
    """Return how long ``LOOP`` iterations take, the fastest of three."""
    times = []
    for _ in range(3):
        before = time.thread_time()
        busy(LOOP)
        times.append((time.thread_time() - before) * 1000)
    return min(times)


class Slow:
    """A middleware that executes a loop in each request, and one more query in those that shall have one."""

    iterations: dict[str, int] = {}  # noqa: RUF012  (set once, before the first request)
    added: Callable[[], Any] | None = None

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        """Do it, then answer."""
        busy(self.iterations.get(request.path, 0))
        if Slow.added is not None:
            Slow.added()
        return self.get_response(request)


class Demo:
    """The test, and what records it."""

    def __init__(self, data: str, iterations: dict[str, int]) -> None:
        os.environ.update(
            BOOKSHOP_DATA=data, DJANGO_SETTINGS_MODULE="bookshop.settings", DJANGO_MERCURY_PURE_PYTHON="1",
            MERCURY_ADDRESS="",
        )  # fmt: skip
        import django

        django.setup()
        from django.conf import settings
        from django.test import Client

        from django_mercury.testing.record import TestRecorder

        sys.modules["baseline_gate"] = sys.modules["__main__"]
        Slow.iterations = iterations
        settings.MIDDLEWARE.append("baseline_gate.Slow")
        self._client = Client()
        self._recorder = TestRecorder(yardstick=True)

    def run(self, pages: tuple[str, ...] = PAGES) -> Document:
        """Run the test once and return its document, without what nothing here reads."""
        from django_mercury.testing.record import document

        id = "shop/tests.py::test_lists"
        self._recorder.start(id)
        for page in pages:
            assert self._client.get(page).status_code == 200
        test = self._recorder.finish(id, "shop/tests.py", 1, "passed")
        assert test is not None
        for unit in test["units"]:
            del unit["timing"]["timeline"], unit["timing"]["statements_ms"]
        return {"tests": document([test])["tests"], "load": os.getloadavg()[0]}

    def repeats(self, count: int) -> Iterator[Document]:
        """Run the test until so many of its times count, as the pytest plugin does."""
        from django_mercury.testing.baseline_facts import RESTLESS

        for _ in range(RESTLESS * count + 1):
            document = self.run()
            yield document
            count -= counts(document)
            if not count:
                return

    def calibrate(self) -> dict[str, int]:
        """Return for each page how many iterations take ``SLOWDOWN`` of what it takes.

        Each run of the pages is compared with loops before and after it, where these agree: the machine changes its
        speed in between.
        """
        ratios: dict[str, list[float]] = {page: [] for page in PAGES}
        before = loop_ms()
        while len(ratios[PAGES[0]]) < 20:
            units = self.run()["tests"][0]["units"]
            after = loop_ms()
            if abs(after / before - 1) < 0.1:
                for page, unit in zip(PAGES, units, strict=True):
                    ratios[page].append(2 * unit["timing"]["cpu_ms"] / (before + after))
            before = after
        return {page: round(SLOWDOWN * statistics.median(ratios[page]) * LOOP) for page in PAGES}

    def added_queries(self) -> Iterator[Document]:
        """Return a run for each kind of query that could be added."""
        from shop.models import Author, Book, Publisher, Review

        kinds: tuple[Callable[[], Any], ...] = (
            lambda: list(Book.objects.order_by("title", "id")[:40]),  # what the page asks anyway
            lambda: Author.objects.get(pk=Author.objects.values_list("pk", flat=True)[0]),
            lambda: Author.objects.count(),
            lambda: Publisher.objects.filter(name="nobody's").exists(),
            lambda: Review.objects.filter(book_id=-1).update(text=""),
            lambda: list(Book.objects.raw("SELECT id, title FROM shop_book LIMIT 1")),
        )
        for Slow.added in kinds:
            yield self.run()
        Slow.added = None


def in_process(arguments: argparse.Namespace) -> None:
    """Do what a process was started for, and print it as JSON."""
    demo = Demo(arguments.data, json.loads(arguments.iterations))
    if arguments.child == "calibrate":
        print(json.dumps(demo.calibrate()))
    elif arguments.child == "added":
        print(json.dumps(list(demo.added_queries())))
    else:
        print(json.dumps(list(demo.repeats(arguments.repeats))))


def counts(document: Document) -> bool:
    """Tell whether the times of a run count."""
    from django_mercury.testing.baseline_facts import has_times

    return has_times(document["tests"][0])


# -------------------------------------------------------------------------------------------------- recording
@contextmanager
def busy_processors(count: int) -> Iterator[None]:
    """Keep so many processors busy for as long as the block takes."""
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def record(sets: int, repeats: int) -> dict[str, Any]:
    """Record everything; some 5 minutes on two cores."""
    from support.bookshop import BookshopData

    with tempfile.TemporaryDirectory(prefix="mercury-bench-") as folder:
        BookshopData(Path(folder) / "data").make()

        def start(what: str, iterations: dict[str, int], number: int = 0) -> Any:
            line = [sys.executable, __file__, "--child", what, "--data", str(Path(folder) / "data")]
            line += ["--repeats", str(repeats), "--iterations", json.dumps(iterations)]
            return json.loads(subprocess.check_output(line, env={**os.environ, "PYTHONHASHSEED": str(number)}))

        iterations = start("calibrate", {})
        plan = list(itertools.product((False, True), (False, True))) * sets
        random.Random(1).shuffle(plan)
        recorded: list[Set] = []
        for number, (hog, slow) in enumerate(plan):
            with busy_processors(os.cpu_count() or 1 if hog else 0):
                documents = start("repeat", iterations if slow else {}, number)
            recorded.append({"hog": hog, "slow": slow, "documents": documents})
            print(f"\r{len(recorded)} of {len(plan)} sets", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return {"iterations": iterations, "sets": recorded, "added": start("added", {})}


# ------------------------------------------------------------------------------------------------- evaluating
Pair = tuple[list[Document], list[Document]]


def says_slower(pair: Pair) -> bool:
    """Tell whether a comparison of two sets fails on time; not where the machine was too restless."""
    from django_mercury.testing.baseline import baseline_of, compare

    return any(": slower" in one for one in compare(baseline_of(pair[0]), pair[1]).failures)


def says_slower_in_a_family(pair: Pair) -> bool:
    """Tell the same, as if the test were one of a run with ``FAMILY`` units."""
    from django_mercury.testing.baseline import baseline_of
    from django_mercury.testing.significance import ERROR_RATE, exceedance_p

    old, new = (next(iter(baseline_of(side).tests.values())).units for side in pair)
    return min(exceedance_p(old[key].cpu_ms, new[key].cpu_ms) for key in old) * FAMILY <= ERROR_RATE


def only(page: int, documents: list[Document]) -> list[Document]:
    """Return documents as if the test had asked for one page."""
    return [{"tests": [{**test, "units": [test["units"][page]]} for test in one["tests"]]} for one in documents]


def drawn(before: list[Document], now: list[Document], repeats: int, random_: random.Random) -> Pair:
    """Draw two sets that share no repeat; the second one of ``now``. Fewer repeats where there are not so many."""
    repeats = min(repeats, len(before) // 2, len(now))
    if before is now:
        both = random_.sample(before, 2 * repeats)
        return both[:repeats], both[repeats:]
    return random_.sample(before, repeats), random_.sample(now, repeats)


def share(pairs: list[Pair], says: Callable[[Pair], bool]) -> float:
    """Return in how many per cent of comparisons something is said."""
    return 100 * sum(map(says, pairs)) / len(pairs)


def evaluate(data: dict[str, Any], repeats: int, draws: int) -> list[tuple[str, str, str, str]]:
    """Return the rows of the table: what, figure, bar, verdict."""
    sets: list[Set] = data["sets"]
    random_ = random.Random(2)
    rows: list[tuple[str, str, str, str]] = []

    def row(what: str, figure: float, count: int, at_most: float | None = None, at_least: float | None = None) -> None:
        met = (at_most is None or figure <= at_most) and (at_least is None or figure >= at_least)
        bar = f"≤ {at_most:g} %" if at_most is not None else f"≥ {at_least:g} %" if at_least is not None else ""
        rows.append((what, f"{figure:.2f} % of {count:,}", bar, ("met" if met else "MISSED") if bar else ""))

    def pool(slow: bool, hogs: tuple[bool, ...] = (False, True)) -> list[list[Document]]:
        return [one["documents"] for one in sets if one["slow"] == slow and one["hog"] in hogs]

    def processes(slow: bool, hogs: tuple[bool, bool]) -> list[Pair]:
        before, now = pool(False, hogs[:1]), pool(slow, hogs[1:])
        return [(one, other) for one in before for other in now if one is not other]

    same, slower = ([one for one in itertools.chain(*pool(slow)) if counts(one)] for slow in (False, True))
    shuffled = [drawn(same, same, repeats, random_) for _ in range(draws)]
    row("false alarms, shuffled", share(shuffled, says_slower), draws, at_most=FALSE_ALARMS_MAX)
    found = [drawn(same, slower, repeats, random_) for _ in range(draws)]
    for at, page in enumerate(PAGES):
        one = [(only(at, before), only(at, now)) for before, now in found]
        row(f"+20 % found, shuffled, {page}", share(one, says_slower), draws, at_least=FOUND_MIN)
    row(f"+20 % found, shuffled, in one of both, of {FAMILY} units", share(found, says_slower_in_a_family), draws)
    names = {False: "alone", True: "busy"}
    everywhere: dict[bool, list[Pair]] = {False: [], True: []}
    for slow, what in ((False, "false alarms"), (True, "+20 % found")):
        for hogs in itertools.product((False, True), (False, True)):
            pairs = processes(slow, hogs)
            everywhere[slow] += pairs
            row(f"{what}, processes, {names[hogs[0]]} then {names[hogs[1]]}", share(pairs, says_slower), len(pairs))
    pairs = everywhere[False]
    row("false alarms, processes, all", share(pairs, says_slower), len(pairs), at_most=FALSE_ALARMS_MAX)
    for at, page in enumerate(PAGES):
        pairs = [(only(at, before), only(at, now)) for before, now in everywhere[True]]
        row(f"+20 % found, processes, all, {page}", share(pairs, says_slower), len(pairs), at_least=FOUND_MIN)
    row("added queries found", *added_found(data, pool(False)), at_least=100)
    return rows


def added_found(data: dict[str, Any], baselines: list[list[Document]]) -> tuple[float, int]:
    """Return in how many per cent of comparisons both pages are said to have more queries, and of how many."""
    from django_mercury.testing.baseline import baseline_of, compare

    found = []
    for before, run in itertools.product(baselines, data["added"]):
        failures = [one for one in compare(baseline_of(before), [run]).failures if " in the baseline (+" in one]
        found.append(len(failures) == len(PAGES))
    return 100 * sum(found) / len(found), len(found)


def print_table(data: dict[str, Any], rows: list[tuple[str, str, str, str]]) -> None:
    """Print what was recorded, then the rows."""
    from django_mercury.testing.baseline_facts import baseline_of

    for slow, hog in itertools.product((False, True), repeat=2):
        sets = [one for one in data["sets"] if one["slow"] == slow and one["hog"] == hog]
        flat = list(itertools.chain(*(one["documents"] for one in sets)))
        texts = []
        for at, page in enumerate(PAGES):
            wall = [one["tests"][0]["units"][at]["timing"]["response_time_ms"] for one in flat]
            cpu = [one["tests"][0]["units"][at]["timing"]["cpu_ms"] for one in flat]
            facts = next(iter(baseline_of(only(at, flat)).tests.values())).units
            converted = next(iter(facts.values())).cpu_ms
            quartiles = [statistics.quantiles(values or (0.0, 0.0), n=4) for values in (wall, cpu, converted)]
            texts.append(f"{page} " + ", ".join(f"{low:.1f}–{high:.1f}" for low, _, high in quartiles))
        judged = sum(bool(baseline_of(one["documents"]).clock) for one in sets)
        load = statistics.median(one["load"] for one in flat)
        name = f"{'+20 %' if slow else 'as it is'}, {'busy' if hog else 'alone'}"
        steady = f"{sum(map(counts, flat))} of {len(flat)} runs count, {judged} of {len(sets)} sets are judged"
        print(f"{name:16} {steady}, load {load:.1f}; {'; '.join(texts)}")
    print("(quartiles in ms: on the wall, CPU, CPU over the yardstick's of those that count)\n")
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        cells = zip(row, widths, (str.ljust, str.rjust, str.rjust, str.ljust), strict=True)
        print("  ".join(align(cell, width) for cell, width, align in cells).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sets", type=int, default=10, help="of each of the four kinds")
    parser.add_argument("--repeats", type=int, default=10, help="of the test in a set")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep what was recorded")
    parser.add_argument("--evaluate", type=Path, metavar="FILE", help="record nothing, take this")
    for name in ("--child", "--data", "--iterations"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        in_process(arguments)
        return 0
    if arguments.evaluate:
        data = json.loads(arguments.evaluate.read_text())
    else:
        data = record(arguments.sets, arguments.repeats)
        if arguments.record:
            arguments.record.write_text(json.dumps(data))
    print_table(data, evaluate(data, arguments.repeats, arguments.draws))
    return 0


if __name__ == "__main__":
    sys.exit(main())
