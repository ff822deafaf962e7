"""Run a piece of Python in a process of its own, which knows the client and the daemon's address."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "client_py" / "src"

PRELUDE = """
import os, sys, time
import mercury_client

def work(name="unit", queries=1):
    with mercury_client.unit(name) as unit:
        for number in range(queries):
            unit.record(f"SELECT {number}", "default", "sqlite", time.perf_counter_ns(), 1000)
"""


def run_scenario(
    code: str,
    address: str,
    directory: Path,
    *,
    status: int = 0,
    timeout_s: float = 30.0,
    flags: tuple[str, ...] = (),
) -> str:
    """Run ``code`` after the prelude, as a file, so that ``spawn`` can import it; return what it printed."""
    file = directory / "scenario.py"
    file.write_text(PRELUDE + textwrap.dedent(code))
    environ = {**os.environ, "MERCURY_ADDRESS": address, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, *flags, str(file)], env=environ, capture_output=True, text=True, timeout=timeout_s
    )
    assert done.returncode == status, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
