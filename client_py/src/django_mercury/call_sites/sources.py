"""Keep source files that were looked at, parsed where somebody asked for it.

A file is read again when its time or size has changed: in development it changes under us. Files over 1 MB,
files that cannot be read and files that are not Python are None. Everything here is bounded; any thread may
call (what two of them do at once is done twice).
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import tokenize
from collections.abc import Iterator

__all__ = ["Source", "load", "read"]

FILE_BYTES_MAX = 1024 * 1024
FILES_MAX = 256
TREES_MAX = 8
PARSED_CHARACTERS_MAX = 256 * 1024  # 0.2 s, once

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_VALID_ESCAPES = frozenset("\n\r\\'\"abfnrtvxNuU01234567")

_Position = tuple[int, int, int, int]
_sources: dict[str, tuple[tuple[int, int], Source | None]] = {}
_parsed: list[Source] = []


def _harmless(escape: re.Match[str]) -> str:
    """Return an escape as it is, or something as long in the place of one that Python warns of."""
    return escape[0] if escape[1] in _VALID_ESCAPES or ord(escape[1]) > 127 else f"_{escape[1]}"


class Source:
    """The text of one file. Lines count from 1, columns in characters from 0."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.has_comment = "mercury:" in text
        self._text = text
        self._nodes: dict[tuple[int, int], list[ast.AST]] | None = None
        self._tree: ast.Module | None = None

    def line(self, number: int) -> str:
        """Return the text of a line, "" if there is none of that number."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    @property
    def tree(self) -> ast.Module:
        """The parsed file; raises SyntaxError if it is not Python."""
        tree = self._tree  # another thread may forget it meanwhile
        if tree is None:
            if len(self._text) > PARSED_CHARACTERS_MAX:
                raise SyntaxError("too large to be parsed in passing")
            # An invalid escape is a warning that the application would see; only positions matter here.
            tree = self._tree = ast.parse(_ESCAPE.sub(_harmless, self._text))
            _parsed.append(self)
            if len(_parsed) > TREES_MAX:
                with contextlib.suppress(IndexError):  # another thread may have emptied it
                    _parsed.pop(0).forget()
            return tree
        return tree

    def forget(self) -> None:
        """Drop what can be had again by parsing."""
        self._tree = self._nodes = None

    def ending_at(self, line: int, column_bytes: int) -> list[ast.AST]:
        """Return the expressions and statements that end at a position, the outermost first."""
        known = self._nodes
        if known is None:
            nodes: dict[tuple[int, int], list[ast.AST]] = {}
            for node in ast.walk(self.tree):
                if isinstance(node, ast.expr | ast.stmt) and node.end_lineno and node.end_col_offset is not None:
                    nodes.setdefault((node.end_lineno, node.end_col_offset), []).append(node)
            known = self._nodes = nodes
        return known.get((line, column_bytes), [])

    def nodes_on(self, line: int) -> Iterator[ast.AST]:
        """Iterate over the expressions and statements that span a line, of statements with a body only the head."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.expr | ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
                body = getattr(node, "body", None)
                if not isinstance(body, list) or line < body[0].lineno or body[0].lineno == node.lineno:
                    yield node

    def column(self, line: int, column_bytes: int) -> int:
        """Turn a column of the parser, in bytes of UTF-8, into one in characters."""
        return len(self.line(line).encode("utf-8")[:column_bytes].decode("utf-8", "ignore"))


def load(path: str) -> Source | None:
    """Return a file's source, from memory while the file is unchanged."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    state = (status.st_mtime_ns, status.st_size)
    known = _sources.get(path)
    if known is not None and known[0] == state:
        return known[1]
    if len(_sources) >= FILES_MAX:
        _sources.clear()
        _parsed.clear()
    source = read(path)
    _sources[path] = (state, source)
    return source


def read(path: str) -> Source | None:
    """Return a file's source without keeping it."""
    try:
        if os.stat(path).st_size > FILE_BYTES_MAX:
            return None
        with open(path, "rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        # The parser reads every kind of line end as one.
        return Source(path, data.decode(encoding).removeprefix("\ufeff").replace("\r\n", "\n"))
    except (OSError, ValueError, SyntaxError, LookupError):
        return None
