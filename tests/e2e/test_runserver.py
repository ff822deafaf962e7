"""What a developer sees: runserver tells a finding once, its fix makes it gone, and the reloader forgets nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.bookshop import SITE, BookshopData
from support.daemon import DEADLINE_S, SOURCE, Daemon, clean_environment, wait_until


class RunServer:
    """``manage.py runserver`` with its reloader, on a copy of the site."""

    def __init__(self, site: Path, log: Path, url: str) -> None:
        self.site = site
        self._log = log
        self._url = url

    def log(self) -> str:
        """Return all that it has written."""
        return self._log.read_text(errors="replace")

    def get(self, path: str) -> bytes:
        """Return a page, once the server answers: while it reloads it does not."""
        pages: list[bytes] = []

        def answers() -> bool:
            try:
                with urllib.request.urlopen(self._url + path, timeout=DEADLINE_S) as answer:
                    pages.append(answer.read())
            except OSError:
                return False
            return True

        wait_until(answers, f"an answer\n{self.log()}")
        return pages[0]


@contextmanager
def runserver(tmp_path: Path, daemon: Daemon, bookshop: BookshopData) -> Iterator[RunServer]:
    site = tmp_path / "site"
    shutil.copytree(SITE, site, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = clean_environment(
        tmp_path,
        MERCURY_ADDRESS=daemon.address,
        BOOKSHOP_DATA=str(bookshop.copy(tmp_path / "data")),
        BOOKSHOP_DEBUG="1",
        PYTHONUNBUFFERED="1",
    )
    environment["PYTHONPATH"] = str(SOURCE)
    log = tmp_path / "runserver.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", f"127.0.0.1:{port}"],
            cwd=site, env=environment, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        yield RunServer(site, log, f"http://127.0.0.1:{port}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(DEADLINE_S)


def test_a_finding_is_told_once_and_gone_when_it_is_mended(
    tmp_path: Path, daemon: Daemon, bookshop: BookshopData
) -> None:
    """Told with its place and its fix; not again after a reload; gone after five requests without it."""
    told = "GET books/naive/: N+1 queries: 40 calls"
    with runserver(tmp_path, daemon, bookshop) as server:
        page = server.get("/books/naive/")
        wait_until(lambda: server.log().count(told) == 2, f"two loops to be told\n{server.log()}")
        log = server.log()
        assert "shop/books_naive.html:3 (shop.Book.author)" in log and '.select_related("author")' in log
        assert "mercuryctl explain " in log

        def edits() -> list[dict[str, Any]]:
            rows = json.loads(daemon.ctl("findings", "--json").stdout)
            return [row["suggestion"]["edit"] for row in rows if row["relation"] == "shop.Book.author"]

        wait_until(edits, "the daemon to have it, too")
        (edit,) = edits()
        file = Path(edit["file"])
        assert file == server.site / "shop" / "views.py"
        lines = file.read_text().splitlines(keepends=True)
        line = lines[edit["line"] - 1]
        lines[edit["line"] - 1] = line[: edit["column"]] + edit["insert"] + line[edit["column"] :]
        file.write_text("".join(lines))

        def reloads() -> bool:
            os.utime(file)  # Django's reloader misses what changes before it has first looked at a file
            return "changed, reloading" in server.log()

        wait_until(reloads, f"the reload\n{server.log()}")
        for _ in range(6):
            assert server.get("/books/naive/") == page
        gone = "GET books/naive/: gone: N+1 queries: 40 calls"
        wait_until(lambda: gone in server.log(), f"the finding to be gone\n{server.log()}")
        log = server.log()
        assert log.count(told) == 2  # not told again after the reload
        assert log.count(": gone: N+1") == 1 and log.count("books_naive.html:3 (shop.Book.author)") == 2
