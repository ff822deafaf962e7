"""Write a report's file so that a reader never meets half of one: beside its place first, then moved there."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_text"]


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write text as UTF-8, with ``\\n`` at line ends; folders that are missing are made, an old file is replaced.

    What is there and no regular file, like ``/dev/stdout``, is written to directly. OSError that names the path, if
    it can not be written; an old file is then as it was.
    """
    target = Path(path)
    data = text.encode("utf-8", "backslashreplace")
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            beside.write_bytes(data)
            beside.replace(target)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OSError(f"the report can not be written to {target}: {error.strerror or error}") from error
