"""Remember what the console has told, over the restarts of ``runserver``'s reloader.

Each saved file starts the server's process anew. Without a memory every finding would be told again after every
save, and none would ever be "gone": the fix itself restarts what remembers it. So a small file, named after the
reloader (which stays), holds the findings that were told and are not gone: route, id, one line of text.

Only the console's own thread comes here. Without a reloader, or a place for the file, nothing is remembered.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import time
from collections.abc import Mapping

from mercury_client.paths import state_directory

__all__ = ["Memory", "of_this_server"]

KEPT_S = 24 * 3600.0  # older files are some other server's
BYTES_MAX = 256 * 1024

Told = dict[str, dict[int, str]]  # by route and id: what was told


class Memory:
    """The file, or none. What cannot be read or written is forgotten: it is a convenience."""

    def __init__(self, path: str | None) -> None:
        self._path = path

    def load(self) -> Told:
        """Return what was told before this process."""
        if self._path is None:
            return {}
        self._sweep(os.path.dirname(self._path))
        try:
            with open(self._path, encoding="utf-8") as file:
                kept = json.loads(file.read(BYTES_MAX))
            return {str(route): {int(id, 16): str(what) for id, what in told.items()} for route, told in kept.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def save(self, told: Told) -> None:
        """Write the file anew, whole or not at all."""
        if self._path is None:
            return
        text = json.dumps({route: {f"{id:x}": what for id, what in ids.items()} for route, ids in told.items() if ids})
        if len(text) > BYTES_MAX:
            return
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            with open(f"{self._path}.new", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(f"{self._path}.new", self._path)

    def _sweep(self, directory: str) -> None:
        for path in glob.glob(os.path.join(glob.escape(directory), "console-*.json")):
            with contextlib.suppress(OSError):
                if time.time() - os.stat(path).st_mtime > KEPT_S:
                    os.remove(path)


def of_this_server(environ: Mapping[str, str] | None = None) -> Memory:
    """Return the memory that all processes of one ``runserver`` share; an empty one without its reloader."""
    environ = os.environ if environ is None else environ
    directory = state_directory(environ)
    if directory is None or environ.get("RUN_MAIN") != "true":
        return Memory(None)
    return Memory(os.path.join(directory, f"console-{os.getppid()}.json"))
