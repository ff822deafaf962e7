"""Every exception of the client.

::

    MercuryError
    ├── ProtocolError        bytes that break the contract; has a code of PROTOCOL.md §9
    ├── AddressError         an address that names no daemon we could reach
    └── DaemonUnavailable    nobody answers there, or the daemon could not be started

They are for callers inside the client and for tools. The application never sees one: the flusher, the hooks
and the exit handlers turn each into a counter and, where somebody must act, into one log line.
"""

from __future__ import annotations

__all__ = ["AddressError", "DaemonUnavailable", "MercuryError", "ProtocolError"]


class MercuryError(Exception):
    """Be the root of all errors of this package; ``sentence`` says what happened, with the value at fault."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class ProtocolError(MercuryError):
    """Report bytes that break PROTOCOL.md; ``code`` is one of its stable error codes."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence}"


class AddressError(MercuryError):
    """Report an address that cannot be parsed or is not usable on this system."""


class DaemonUnavailable(MercuryError):
    """Report that no daemon answers, with the real cause in ``sentence``."""
