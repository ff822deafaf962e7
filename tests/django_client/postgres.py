"""A PostgreSQL server of our own, in a temporary directory, for as long as a test session needs it.

It listens on a Unix socket in that directory only. PostgreSQL refuses to run as root; root therefore runs it
as the user `postgres`, which Debian's package creates.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 30.0


def programs() -> str | None:
    """Return the directory of initdb and postgres, Debian's newest or that of PATH, if there is one."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    program = found[-1] if found else shutil.which("postgres")
    return os.path.dirname(os.path.realpath(program)) if program else None


def _user() -> dict[str, object]:
    """Return the arguments of subprocess that make it an unprivileged user."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server with the bookshop's two databases; yield the directory of its socket."""
    bin_directory = programs()
    assert bin_directory is not None
    directory = tempfile.mkdtemp(prefix="mercury-pg-")
    user = _user()
    if user:
        os.chown(directory, user["user"], user["group"])  # type: ignore[arg-type]  # _user() gives numbers
        os.chmod(directory, 0o755)
    try:
        data = f"{directory}/data"
        _run(
            [f"{bin_directory}/initdb", "-D", data, "-U", "shop", "-A", "trust", "-N", "-E", "UTF8"],
            directory,
            user,
        )
        with open(f"{directory}/log", "wb") as log:
            server = subprocess.Popen(
                [
                    f"{bin_directory}/postgres",
                    "-D",
                    data,
                    "-k",
                    directory,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "fsync=off",
                ],
                cwd=directory,
                stdout=subprocess.DEVNULL,
                stderr=log,
                **user,  # type: ignore[call-overload]  # user and group by keyword, where there are any
            )
        try:
            _wait_until_ready(directory, server)
            for name in ("bookshop", "bookshop_reports"):
                _run([f"{bin_directory}/createdb", "-h", directory, "-U", "shop", name], directory, user)
            yield directory
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run(arguments: list[str], directory: str, user: dict[str, object]) -> None:
    done = subprocess.run(arguments, cwd=directory, capture_output=True, text=True, **user)  # type: ignore[call-overload]  # user and group by keyword, where there are any
    assert done.returncode == 0, done.stderr


def _wait_until_ready(directory: str, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(host=directory, user="shop", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None and time.monotonic() < deadline, Path(f"{directory}/log").read_text()
            time.sleep(0.05)
