"""Find the daemon and open a transport to it, starting the user's private daemon if it is allowed to.

Which addresses are tried is paths.py's to say, how a daemon is started spawn.py's; the two
meet here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from .errors import AddressError, MercuryError
from .paths import Address, Candidate, Origin, candidates
from .settings import Settings
from .spawn import DaemonStarter, start_daemon
from .system import open_transport
from .transport import Transport

__all__ = ["Dialer"]


class Dialer:
    """Open transports for one sender. ``address`` is the one that was tried last, as a user writes it."""

    def __init__(self) -> None:
        self.address = ""
        self._start_timeout_s = 0.0
        self._starter = DaemonStarter(os.environ, start=self._start)

    @property
    def cause(self) -> str | None:
        """Return why a daemon could not be started, None if none was tried or it worked."""
        return self._starter.cause

    def dial(self, settings: Settings, start_timeout_s: float) -> Transport:
        """Return a transport that is connected or about to be; raise MercuryError if nobody listens.

        Returns at once, unless a daemon may be started: then within about ``start_timeout_s``; 0 forbids it.
        """
        self._start_timeout_s = start_timeout_s
        if settings.off or os.environ.get("MERCURY_ADDRESS") == "":
            raise AddressError("measuring is off: the mode is 'off' or the address is empty")
        (candidate,) = candidates(os.environ, named=settings.address or "", environment=settings.environment)
        self.address = str(candidate.address)
        try:
            return self._connect(candidate)
        except MercuryError:
            may_start = candidate.origin is Origin.PRIVATE and settings.on_demand and start_timeout_s > 0
            if not may_start or not self._starter.start(candidate.address):
                raise
            return self._connect(candidate)

    def _connect(self, candidate: Candidate) -> Transport:
        origin = candidate.origin
        path = candidate.address.path
        transport = open_transport(path, named=origin is Origin.NAMED, private=origin is Origin.PRIVATE)
        try:
            transport.connect()
        except MercuryError:
            transport.close()
            raise
        return transport

    def _start(self, address: Address, environ: Mapping[str, str]) -> str | None:
        return start_daemon(address, environ, timeout_s=self._start_timeout_s)
