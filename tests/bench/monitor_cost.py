"""What ``monitor()`` itself costs: a block with it, and the same block as a mere unit, in one process.

    python tests/bench/monitor_cost.py [--runs N]

Wall time in ms, paired medians: an empty block, one of 30 ORM queries, and one request of the test client. The order
of a pair is random, and all that waits is sent before each, so that neither pays for the other. By mode: ``off``, the
engine in this process; ``auto``, a daemon, whose verdict is fetched where it decides (from 8 queries on) or somebody
looks; ``strict``, where each block sees whether there is a daemon, too. Bar: 0.5 ms.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "client_py" / "src"), str(ROOT / "tests"), str(ROOT / "tests" / "upstream" / "project")]
BAR_MS = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000, help="pairs of each row")
    options = parser.parse_args()
    from support.daemon import Daemon

    with tempfile.TemporaryDirectory() as directory, Daemon(Path(directory)) as daemon:
        os.environ.update(DJANGO_SETTINGS_MODULE="settings", MERCURY_ADDRESS=daemon.address)
        missed = _measure(options.runs)
    return 1 if missed else 0


def _measure(runs: int) -> int:
    import django

    django.setup()
    from django.conf import settings

    for alias in settings.DATABASES:
        settings.DATABASES[alias]["NAME"] = ":memory:"
    from django.core.management import call_command
    from django.test import Client
    from library.models import Book
    from library.rows import add_books

    import django_mercury
    import mercury_client
    from django_mercury import monitor
    from django_mercury.testing.engines import set_mode

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0, run_syncdb=True)
    add_books(30)
    client = Client()

    def queries() -> None:
        for _ in range(30):
            Book.objects.count()

    blocks: dict[str, Callable[[], object]] = {
        "an empty block": lambda: None,
        "30 ORM queries": queries,
        "one request, one query": lambda: client.get("/books/"),
    }
    missed = 0
    print(f"{'':24}{'mode':>12}{'median ms':>12}{'quartiles':>18}   bar {BAR_MS} ms")
    for mode in ("off", "auto", "strict"):
        os.environ["DJANGO_MERCURY_PURE_PYTHON"] = "1" if mode == "off" else ""
        set_mode("" if mode == "off" else mode)
        for name, block in blocks.items():
            times: dict[str, list[float]] = {"plain": [], "monitored": []}
            for number in range(runs + 50):
                for kind in random.sample(list(times), 2):
                    mercury_client.flush()  # each pays for its own unit alone, and begins as cold as the other
                    start = time.perf_counter()
                    if kind == "plain":
                        with django_mercury.unit("block"):  # so that each query pays for its place in both
                            block()
                    else:
                        with monitor(raises=False) as result:
                            block()
                    if number >= 50:
                        times[kind].append((time.perf_counter() - start) * 1000)
            differences = [one - other for one, other in zip(times["monitored"], times["plain"], strict=True)]
            assert result.engine == ("reference" if mode == "off" else "daemon"), result.engine
            low, median, high = statistics.quantiles(differences, n=4)
            verdict = "met" if median <= BAR_MS else "MISSED"
            missed += median > BAR_MS
            print(f"{name:24}{mode:>12}{median:12.3f}{f'{low:.3f} to {high:.3f}':>18}   {verdict}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
