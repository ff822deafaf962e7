"""What Mercury costs a whole site: the bookshop under gunicorn, with Mercury, without, and with a daemon that ended.

    .venv/bin/python tests/bench/application.py [--rounds 9] [--seconds 5]

A round starts all sites of SITES afresh, each with one worker, one thread and SQLite files of its own, and visits
every page twice. Then one site at a time is under load: keep-alive connections ask for PAGES, the whole list in a pass,
so that all sites do the same work, in an order that changes with each turn, until each site had its seconds. A round's
figure is its median pass (p99: of all its requests), and what is printed the median over rounds; a comparison is the
median of what each round gives, which counts whatever slows a round down on both sides. Fresh processes, because where
memory lies by chance differs by more than what is compared: ``off, once more`` is the same site as ``off`` and shows
how much.

Every answer must be 200, and the daemon must have received each unit, or this ends with a sentence.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bookshop"))

from load import Visitor, make_plan
from rows import Row, median_row, print_rows

from support.bookshop import BookshopData, Server, children_of
from support.daemon import Daemon

# Pages of the demo's plan, by its weights. Left out are the search, whose one slow statement would hide what the others
# pay, and the admin, which wants a login.
PAGES = [
    route.path(n)
    for route, n in make_plan(120)
    if route.method == "GET" and route.status == 200 and not route.name.startswith(("books/search/", "admin/"))
]
GUNICORN = (
    "gunicorn", "--bind", "127.0.0.1:0", "--workers", "1", "--worker-class", "gthread", "--threads", "1",
    "--keep-alive", "60", "bookshop.wsgi",
)  # fmt: skip
CPU_PERCENT_MAX = 2.0  # what `repeated` may add to a worker's CPU
WARM_UP = 2  # passes that are not counted
CONNECTIONS = 2  # so that the worker never waits for us
OFF, ON, ENDED, CONTROL = "off", "repeated", "repeated, daemon ended", "off, once more"
SITES = (OFF, ON, ENDED, CONTROL)


def process_cpu_ns(pid: int) -> int:
    """Return the CPU time that a process has used, threads that have ended included."""
    return time.clock_gettime_ns(~pid << 3 | 2)  # its clock's number, as clock_getcpuclockid(3) makes it on Linux


@dataclass
class Site:
    """One of the sites, and what each pass over the pages came to in this round."""

    server: Server
    worker: int
    visitors: list[Visitor]
    wall_s: list[float] = field(default_factory=list)
    cpu_ns: list[int] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)

    def visit(self) -> None:
        """Ask for every page once, over all connections at a time."""
        pages = iter(PAGES)
        cpu_ns, start = process_cpu_ns(self.worker), time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for latencies_s in pool.map(lambda visitor: ask(visitor, pages), self.visitors):
                self.latencies_s += latencies_s
        self.wall_s.append(time.perf_counter() - start)
        self.cpu_ns.append(process_cpu_ns(self.worker) - cpu_ns)

    def forget(self) -> None:
        """Begin to measure: what was until now is not counted."""
        for passes in (self.wall_s, self.cpu_ns, self.latencies_s):
            passes.clear()

    @property
    def requests(self) -> int:
        return len(self.latencies_s)

    @property
    def per_second(self) -> float:
        return len(PAGES) / statistics.median(self.wall_s)

    @property
    def cpu_ms(self) -> float:
        """Return what a request took of the worker, all of its threads."""
        return statistics.median(self.cpu_ns) / len(PAGES) / 1e6

    @property
    def p99_ms(self) -> float:
        return 1000 * statistics.quantiles(self.latencies_s, n=100)[98]


def ask(visitor: Visitor, pages: Iterator[str]) -> list[float]:
    """Take pages, which other threads take from too, until there are no more; return how long each took."""
    latencies_s = []
    for page in pages:
        start = time.perf_counter()
        status, _ = visitor.send("GET", page)
        latencies_s.append(time.perf_counter() - start)
        if status != 200:
            raise SystemExit(f"bench: GET {page}: {status}")
    return latencies_s


def start_site(stack: ExitStack, data: BookshopData, folder: Path, **variables: str) -> Site:
    """Start a server that ends with ``stack``."""
    folder.mkdir()
    server = stack.enter_context(Server(GUNICORN, folder, data, **variables))
    visitors = [Visitor("127.0.0.1", server.port, {}) for _ in range(CONNECTIONS)]
    for visitor in visitors:
        stack.callback(visitor.close)
    visitors[0].send("GET", "/")  # so that the worker is there
    (worker,) = children_of(server.pid)
    return Site(server, worker, visitors)


def run_round(data: BookshopData, folder: Path, seconds: float) -> tuple[dict[str, Site], float]:
    """Return the sites with what they came to, and the µs of the daemon's CPU a request."""
    with ExitStack() as stack:
        for name in ("daemon", "ended"):
            (folder / name).mkdir(parents=True)
        daemon = stack.enter_context(Daemon(folder / "daemon"))
        ended = stack.enter_context(Daemon(folder / "ended"))
        variables = {
            OFF: {"BOOKSHOP_MERCURY": "0"},
            ON: {"BOOKSHOP_SITES": "repeated", "MERCURY_ADDRESS": daemon.address},
            ENDED: {"BOOKSHOP_SITES": "repeated", "MERCURY_ADDRESS": ended.address},
            CONTROL: {"BOOKSHOP_MERCURY": "0"},
        }
        sites = {
            name: start_site(stack, data, folder / f"site-{at}", **variables[name]) for at, name in enumerate(SITES)
        }
        for site in sites.values():
            for _ in range(WARM_UP):
                site.visit()
            site.forget()
        seen = 1 + WARM_UP * len(PAGES)  # start_site asked once
        for one in (daemon, ended):
            one.wait_for_received(seen)
        ended.stop()
        daemon_ns = process_cpu_ns(daemon.pid)
        orders = itertools.cycle(itertools.permutations(SITES))
        while any(sum(site.wall_s) < seconds for site in sites.values()):
            for name in next(orders):
                sites[name].visit()
        daemon.wait_for_received(seen + sites[ON].requests)
        daemon_ns = process_cpu_ns(daemon.pid) - daemon_ns
    return sites, daemon_ns / sites[ON].requests / 1000


def measure(rounds: int, seconds: float) -> list[Row]:
    """Return the rows of this table."""
    results: list[dict[str, Site]] = []
    daemon_us: list[float] = []
    with tempfile.TemporaryDirectory(prefix="mercury-bench-") as folder:
        data = BookshopData(Path(folder) / "data").make()
        for number in range(rounds):
            sites, us = run_round(data, Path(folder) / str(number), seconds)
            results.append(sites)
            daemon_us.append(us)

    def figures(name: str, figure: Callable[[Site], float]) -> list[float]:
        return [figure(sites[name]) for sites in results]

    def changes(name: str, figure: Callable[[Site], float]) -> list[float]:
        """Return by how many percent a site's figure is over that of the site without Mercury, by round."""
        pairs = zip(figures(name, figure), figures(OFF, figure), strict=True)
        return [100 * (one / off - 1) for one, off in pairs]

    rows = []
    for what, unit, figure, bars in (
        ("requests a second", "", lambda site: site.per_second, {}),
        ("p99", "ms", lambda site: site.p99_ms, {}),
        ("CPU of the worker a request", "ms", lambda site: site.cpu_ms, {ON: CPU_PERCENT_MAX}),
    ):
        rows += [median_row(f"{name}: {what}", unit, figures(name, figure)) for name in SITES]
        rows += [
            median_row(f"{name}, over off: {what}", "%", changes(name, figure), at_most=bars.get(name))
            for name in SITES[1:]
        ]
    rows.append(median_row("daemon: CPU a request", "µs", daemon_us))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=5, help="of load, for each site in a round")
    options = parser.parse_args()
    print_rows("The demo site", measure(options.rounds, options.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
