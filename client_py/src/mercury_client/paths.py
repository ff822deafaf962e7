"""Work out where the daemon is; the same rules as platform/paths.h, and proto/vectors/paths.json binds both.

The private address is the first of::

    1. $XDG_RUNTIME_DIR/mercury/mercuryd-1.sock      if the variable is an absolute path
    2. /run/user/UID/mercury/mercuryd-1.sock         if that directory is ours
    3. $TMPDIR/mercury-UID/mercuryd-1.sock           if the variable is an absolute path
                                                     (macOS: the user's own temporary directory comes first)
    4. /tmp/mercury-UID/mercuryd-1.sock
    5. a result of 1-4 over 103 bytes: /tmp/mercury-UID/m-HHHHHHHHHHHH.sock, the first 12 hex digits of
       FNV-1a 64 over the bytes of the path that was too long

An empty variable counts as unset, trailing slashes are dropped, and "1" is the protocol's major version.
On Windows an address is the name of a pipe: ``\\\\.\\pipe\\mercuryd-1-SID`` with the user's SID, and
``\\\\.\\pipe\\mercuryd`` for the host's daemon. ``pipes`` says which rule is meant; it is the system's own unless
a test asks for the other. Whether a daemon answers there is for the connection to find out.
"""

from __future__ import annotations

import enum
import ntpath
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import AddressError
from .limits import PATH_BYTES_MAX
from .system import PIPES, user_identity

__all__ = [
    "Address",
    "Candidate",
    "Origin",
    "candidates",
    "parse_address",
    "private_address",
    "private_pipe",
    "private_socket",
    "short_hash",
    "state_directory",
    "system_address",
]

_SCHEME = "unix://"
_SOCKET_NAME = "mercuryd-1.sock"
# macOS has no /run, and /var/run is emptied at each start; platform/macos/kernel.cpp says more.
_SYSTEM_SOCKETS = {"darwin": "/var/db/mercury/mercuryd.sock"}
_SYSTEM_SOCKET = "/run/mercury/mercuryd.sock"
_DARWIN_USER_TEMP_DIR = 65537  # confstr(3) of macOS
_PIPES = "\\\\.\\pipe\\"
_SYSTEM_PIPE = _PIPES + "mercuryd"
_PRIVATE_PIPE = _PIPES + "mercuryd-1-"
_PIPE_BYTES_MAX = 256  # of the whole name


@dataclass(frozen=True)
class Address:
    """Where a daemon listens: ``path`` is the socket's absolute path or the pipe's name, ``str()`` what one writes."""

    path: str

    def __str__(self) -> str:
        return self.path if self.path.startswith(_PIPES) else _SCHEME + self.path


class Origin(enum.Enum):
    """Say why an address is a candidate. Only a private daemon is started on demand."""

    NAMED = "named"  # MERCURY_ADDRESS or a setting
    PRIVATE = "private"
    SYSTEM = "system"


@dataclass(frozen=True)
class Candidate:
    """One address to try."""

    address: Address
    origin: Origin


def candidates(environ: Mapping[str, str], *, named: str = "", environment: str = "production") -> list[Candidate]:
    """Return the addresses to try, in order; raise AddressError if one was named and is wrong.

    MERCURY_ADDRESS alone if it is set, else ``named`` (a setting) alone if it is not empty, else in
    development and tests the user's private daemon only, and everywhere else the system's only.
    """
    chosen = environ.get("MERCURY_ADDRESS") or named
    if chosen:
        return [Candidate(parse_address(chosen), Origin.NAMED)]
    if environment in ("development", "test"):
        return [Candidate(private_address(environ), Origin.PRIVATE)]
    return [Candidate(system_address(), Origin.SYSTEM)]


def parse_address(text: str, *, pipes: bool = PIPES) -> Address:
    """Read ``unix:///path`` or an absolute path, on Windows ``\\\\.\\pipe\\NAME``.

    Raises AddressError with what to write instead.
    """
    if pipes:
        return _parse_pipe(text)
    path = text
    if text.startswith(_SCHEME):
        path = text[len(_SCHEME) :]
    elif "://" in text and not text.startswith("/"):
        raise _bad(text, "has a scheme that this system does not know; write unix:///path/of/the/socket")
    if not path.startswith("/"):
        raise _bad(text, "is no absolute path; write unix:///path/of/the/socket")
    if path.endswith("/"):
        raise _bad(text, "names a directory; add the name of the socket")
    if "\0" in path:
        raise _bad(text, "has a zero byte in it; leave it out")
    size = len(os.fsencode(path))
    if size > PATH_BYTES_MAX:
        most = f"the system allows {PATH_BYTES_MAX}; choose a shorter one, for example below /tmp"
        raise _bad(text, f"has a path of {size} bytes, {most}")
    return Address(path)


def _parse_pipe(text: str) -> Address:
    """Read the name of a pipe of this machine."""
    write = f"write {_PIPES}NAME"
    if not text.startswith(_PIPES):
        raise _bad(text, f"is no pipe of this machine; {write}")
    name = text[len(_PIPES) :]
    if not name:
        raise _bad(text, f"has no name; {write}")
    if "\\" in name:
        raise _bad(text, f"has a backslash in its name; {write}")
    if "\0" in name:
        raise _bad(text, "has a zero byte in it; leave it out")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > _PIPE_BYTES_MAX:
        raise _bad(text, f"has {size} bytes, the system allows {_PIPE_BYTES_MAX}; choose a shorter name")
    return Address(text)


def system_address(*, pipes: bool = PIPES, platform: str = sys.platform) -> Address:
    """Return the address of the host's daemon; ``platform`` is asked for where sockets are used."""
    return Address(_SYSTEM_PIPE if pipes else _SYSTEM_SOCKETS.get(platform, _SYSTEM_SOCKET))


def private_address(environ: Mapping[str, str]) -> Address:
    """Return the address of the user's own daemon; what that depends on is asked of the system."""
    if PIPES:
        return private_pipe(user_identity())
    return private_socket(environ)


def private_pipe(sid: str) -> Address:
    """Return the pipe of the daemon of the user ``sid``."""
    return Address(_PRIVATE_PIPE + sid)


def private_socket(
    environ: Mapping[str, str],
    uid: int | None = None,
    *,
    run_user_is_ours: bool | None = None,
    user_temporary_directory: str | None = None,
) -> Address:
    """Return the socket of the user's own daemon. What is None is asked of the system; else a pure function.

    ``uid`` is the effective user, ``run_user_is_ours`` whether /run/user/UID is a directory of that user, and
    ``user_temporary_directory`` macOS' own, "" elsewhere.
    """
    if uid is None:
        uid = int(user_identity())
    directory = _directory_variable(environ, "XDG_RUNTIME_DIR")
    if directory is None and (_run_user_is_ours(uid) if run_user_is_ours is None else run_user_is_ours):
        directory = f"/run/user/{uid}"
    if directory is not None:
        directory += "/mercury"
    else:
        if user_temporary_directory is None:
            user_temporary_directory = _user_temporary_directory()
        temporary = user_temporary_directory.rstrip("/") or _directory_variable(environ, "TMPDIR")
        directory = f"{'/tmp' if temporary is None else temporary}/mercury-{uid}"
    path = f"{directory}/{_SOCKET_NAME}"
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        path = f"/tmp/mercury-{uid}/m-{short_hash(os.fsencode(path))}.sock"
    return Address(path)


def state_directory(environ: Mapping[str, str], *, pipes: bool = PIPES) -> str | None:
    """Return where the user's private daemon keeps its state and log, None if the user has no home."""
    if pipes:
        for local in (environ.get("LOCALAPPDATA", ""), environ.get("USERPROFILE", "") + "\\AppData\\Local"):
            if ntpath.splitdrive(local)[0] and ntpath.isabs(local):
                return ntpath.join(local.rstrip("\\/"), "mercury")
        return None
    state = _directory_variable(environ, "XDG_STATE_HOME")
    if state is not None:
        return f"{state}/mercury"
    home = _directory_variable(environ, "HOME")
    if home is None:
        home = _home_in_user_database()
    return f"{home}/.local/state/mercury" if home else None


def short_hash(data: bytes) -> str:
    """Return the first 12 hex digits of FNV-1a 64; it keeps two names apart and is no secret."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFF_FFFF_FFFF_FFFF
    return f"{value:016x}"[:12]


def _bad(text: str, why: str) -> AddressError:
    return AddressError(f"the address '{text}' {why}")


def _directory_variable(environ: Mapping[str, str], name: str) -> str | None:
    """Return the variable without trailing slashes ("" for the root), None if it is not an absolute path."""
    value = environ.get(name, "")
    return value.rstrip("/") if value.startswith("/") else None


def _run_user_is_ours(uid: int) -> bool:
    try:
        facts = os.lstat(f"/run/user/{uid}")
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == uid


def _user_temporary_directory() -> str:
    if sys.platform != "darwin":
        return ""
    try:
        return os.confstr(_DARWIN_USER_TEMP_DIR) or ""
    except (OSError, ValueError):
        return ""


def _home_in_user_database() -> str:
    import pwd  # not on Windows, and slow where users come over the network

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir.rstrip("/")
    except (KeyError, OSError):
        return ""
