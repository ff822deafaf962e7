"""A Python process that uses the client and does what a test tells it, one word at a time.

    with ClientProcess(tmp_path, daemon.address, '''
        work(50)
        say("queued"); hear("go")
        flush()
    ''') as process:
        process.hear("queued")
        daemon.go_on()
        process.say("go")
    # ended with status 0

The code is a file, so that ``spawn`` can import it. It may use ``work``, ``say``, ``hear`` and ``flush``.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from support.daemon import DEADLINE_S, clean_environment

__all__ = ["ClientProcess"]

PRELUDE = f"""
import json, os, sys, time
import mercury_client

def work(units=1, queries=1, name="unit"):
    for number in range(units):
        with mercury_client.unit(name) as unit:
            for query in range(queries):
                unit.record(f"SELECT {{query}}", "default", "sqlite", time.perf_counter_ns(), 1000)

def say(word):
    print(word, flush=True)

def hear(word):
    line = sys.stdin.readline().strip()
    assert line == word, line

def flush():
    assert mercury_client.flush({DEADLINE_S}), mercury_client.stats()
"""


class ClientProcess:
    """The process from ``with`` to its end, which ``with`` waits for; it must end with ``status``.

    ``address`` "": the one that the client finds by itself.
    """

    def __init__(
        self,
        directory: Path,
        address: str,
        code: str,
        *,
        status: int = 0,
        variables: Mapping[str, str] | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._deadline_s = deadline_s
        self.log_file = directory / "client.log"
        self._file = directory / "scenario.py"
        self._file.write_text(PRELUDE + textwrap.dedent(code))
        self._environment = clean_environment(directory, **(variables or {}))
        if address:
            self._environment["MERCURY_ADDRESS"] = address
        self._status = status
        self._rest = b""
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ClientProcess:
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(self._file)],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._running()
        if error is not None:
            process.kill()
        try:
            process.communicate(timeout=self._deadline_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        if error is None:
            assert process.returncode == self._status, f"ended with {process.returncode}\n{self.log()}"

    def run(self) -> None:
        """Run it from its start to its end."""
        with self:
            pass

    def say(self, word: str) -> None:
        """Give it the word that it waits for with ``hear``."""
        stdin = self._running().stdin
        assert stdin is not None
        stdin.write(word.encode() + b"\n")
        stdin.flush()

    def hear(self, word: str) -> str:
        """Wait for a line that begins with ``word`` and return what follows it."""
        line = self._line()
        assert line.startswith(word), f"said {line!r} and not {word!r}\n{self.log()}"
        return line[len(word) :].strip()

    def log(self) -> str:
        """Return what it has written to standard error."""
        return self.log_file.read_text(errors="replace")

    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, "it was not started"
        return self.process

    def _line(self) -> str:
        stdout: Any = self._running().stdout
        deadline = time.monotonic() + self._deadline_s
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                assert selector.select(max(0.0, deadline - time.monotonic())), f"it says nothing\n{self.log()}"
                data = os.read(stdout.fileno(), 4096)
                assert data, f"it ended without a word\n{self.log()}"
                self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()
