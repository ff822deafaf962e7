"""Start worker.py in a fresh process and read its answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ground_truth.markers import PROJECT

WORKER = Path(__file__).resolve().parent / "worker.py"
TIMEOUT_S = 300


def answers(mode: str, rows: Iterable[str] = (), sizes: Iterable[int] = (), project: Path = PROJECT) -> list[Any]:
    """Return one answer for each row and size, in order; raise RuntimeError if the process itself failed."""
    command = [sys.executable, str(WORKER), mode, "--project", str(project)]
    if rows:
        command += ["--rows", ",".join(rows)]
    if sizes:
        command += ["--sizes", ",".join(map(str, sizes))]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr[-4000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
