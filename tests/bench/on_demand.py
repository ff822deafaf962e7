"""Print the ms from the first unit of a process to its acknowledgement, the daemon started on demand between.

python tests/bench/on_demand.py       in an environment whose run-time directory has no daemon yet
"""

from __future__ import annotations

import subprocess
import time

import mercury_client

mercury_client.configure(environment="development")
before = time.perf_counter()
with mercury_client.unit("first"):
    pass
if not mercury_client.flush(10):
    raise SystemExit(f"not acknowledged within 10 s: {mercury_client.stats()}")
print(1000 * (time.perf_counter() - before))
mercury_client.shutdown()
subprocess.run(["mercuryctl", "stop"], check=True, stdout=subprocess.DEVNULL)
