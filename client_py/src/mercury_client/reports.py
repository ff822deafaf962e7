"""Keep count of the units whose report was asked for, and the reports that came for them.

::

    ask ──▶ waiting ──arrived──▶ answered
               └───────end──────────┴────▶ received or missed

``asked`` = ``received`` + ``missed`` + those that are here, of which there are at most ``reports_pending_max``: the
oldest is missed when one more is asked for, because nobody may ever want it. Any thread may call anything.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple

from .limits import REPORTS_PENDING_MAX
from .protocol import RawReport

if TYPE_CHECKING:
    from .reference import Verdict

__all__ = ["Reason", "Reply", "Reports"]

_U64_MAX = 0xFFFF_FFFF_FFFF_FFFF

Reason = Literal["", "no daemon", "daemon too old", "connection lost", "rejected", "incomplete", "timed out", "off"]


class Reply(NamedTuple):
    """The daemon's verdict on one unit; or None, and why: then judge the unit with ``mercury_client.reference``.

    ``no daemon``: nobody listens. ``daemon too old``: it gives no reports. ``connection lost``: with the report on it.
    ``rejected``: the unit was dropped, or refused. ``incomplete``: the verdict is without some of the findings, which
    were too many, or of the queries of sub-units, which did not arrive. ``off``: the unit was not measured, asked for
    no report, is not finished, or has had its answer.
    """

    verdict: Verdict | None
    reason: Reason


class Reports:
    """The reports of one incarnation, by nonce."""

    def __init__(self) -> None:
        self.asked = 0
        self.received = 0
        self.missed = 0
        self._nonce = int.from_bytes(os.urandom(8), "little") | 1  # no process has one of its parent's; odd, so never 0
        self._pending: dict[int, RawReport | None] = {}  # oldest first; None: it has not come
        self._lock = threading.RLock()  # a signal handler may ask while its own thread is in here

    def ask(self) -> int:
        """Return the nonce for one more unit, never 0."""
        with self._lock:
            self.asked += 1
            self._nonce = nonce = (self._nonce + 2) & _U64_MAX
            self._pending[nonce] = None
            while len(self._pending) > REPORTS_PENDING_MAX:
                self.end(next(iter(self._pending)), received=False)
        return nonce

    def arrived(self, report: RawReport) -> None:
        """Keep a report, if somebody may still ask for it."""
        with self._lock:
            if report.nonce in self._pending:
                self._pending[report.nonce] = report

    def is_pending(self, nonce: int) -> bool:
        """Tell whether the report was asked for and is not ended."""
        return nonce in self._pending

    def get(self, nonce: int) -> RawReport | None:
        """Return the report if it has come."""
        return self._pending.get(nonce)

    def end(self, nonce: int, *, received: bool) -> None:
        """Forget one, and count whether it was of use."""
        with self._lock:
            if nonce not in self._pending:  # too many came after it
                return
            del self._pending[nonce]
            if received:
                self.received += 1
            else:
                self.missed += 1
