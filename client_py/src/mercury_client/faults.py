"""Count our own errors: they never reach the application, and only the first one is logged.

``recover("where")`` belongs into the ``except Exception`` of an entry that the application calls.
"""

from __future__ import annotations

import logging

__all__ = ["log", "recover", "total"]

log = logging.getLogger("mercury_client")
_total = 0


def recover(where: str) -> None:
    """Count the exception that is being handled; log the first one of the process with its traceback."""
    global _total
    _total += 1
    if _total == 1:
        try:
            log.warning(
                "internal error, measuring goes on; later ones are only counted where=%s",
                where,
                exc_info=True,
            )
        except Exception:
            _total += 1  # a handler of the application failed; there is nobody left to tell


def total() -> int:
    """Return how many errors of ours were caught in this process."""
    return _total
