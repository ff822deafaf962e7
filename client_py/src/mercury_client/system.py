"""Choose what differs between the systems; the only file of the client that asks which one this is.

====================  =================================  ==============================
what                  POSIX                              Windows
====================  =================================  ==============================
``open_transport``    ``transport.py``, a Unix socket    ``pipe_transport.py``, a named pipe
``Waker``, ``wait``   a pair of sockets, ``poll``        events
``run_daemon``        ``posix_process.py``               ``windows_process.py``
``user_identity``     the effective uid                  the user's SID
``PIPES``             False                              True: addresses are names of pipes
====================  =================================  ==============================
"""

from __future__ import annotations

import sys

from .transport import Transport

__all__ = ["PIPES", "PROGRAM_SUFFIX", "Waker", "open_transport", "run_daemon", "user_identity", "wait"]

if sys.platform == "win32":
    from . import win32
    from .pipe_transport import PipeTransport, Waker, wait
    from .windows_process import run_daemon

    PIPES = True
    PROGRAM_SUFFIX = ".exe"

    def open_transport(path: str, *, named: bool, private: bool) -> Transport:
        """Return a transport to an address that the user ``named``, that is his ``private`` one, or the system's.

        The names of pipes belong to nobody, so only one that the user chose may be anybody's.
        """
        return PipeTransport(path, trust_owner=named)

    def user_identity() -> str:
        """Return who this process runs as: the SID."""
        return win32.user_sid()

else:
    import os

    from .posix_process import run_daemon
    from .transport import UnixTransport, Waker, wait

    PIPES = False
    PROGRAM_SUFFIX = ""

    def open_transport(path: str, *, named: bool, private: bool) -> Transport:
        """Return a transport to an address that the user ``named``, that is his ``private`` one, or the system's."""
        return UnixTransport(path, trust_owner=not private)

    def user_identity() -> str:
        """Return who this process runs as: the effective uid in decimal."""
        return str(os.geteuid())
