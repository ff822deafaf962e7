"""Silence findings: ``with django_mercury.ignore("reason")`` and ``# mercury: ignore[kind] reason``.

Nothing is left out of the figures: the queries get a site that carries the reason, and the finding stays in
the verdict, marked.
"""

from __future__ import annotations

import re
from contextvars import ContextVar, Token
from types import TracebackType

from . import sources

__all__ = ["comment", "follow", "ignore", "reason"]

REASON_CHARACTERS_MAX = 200
FILES_MAX = 4096

_follows = True
_comments: dict[str, dict[int, str]] = {}  # by file and line, where files are not followed

# The reason of the innermost block, "" outside of all.
reason: ContextVar[str] = ContextVar("mercury_ignore", default="")

_COMMENT = re.compile(r"#\s*mercury:\s*ignore(?:\[\s*([a-z_]*)\s*\])?[ \t]+(\S.*)")


class ignore:
    """Silence what Mercury finds in the queries of a block, for a reason that reports show.

    ::

        with django_mercury.ignore("three shelves, they never become more"):
            …

    The reason is required: ValueError if it is empty. It follows the context: tasks and threads that were
    started with a copy of it are silenced too. One object serves one block at a time.
    """

    def __init__(self, reason: str) -> None:
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError("ignore() needs a reason: one sentence that says why this is fine")
        self._reason = " ".join(reason.split())[:REASON_CHARACTERS_MAX]
        self._tokens: list[Token[str]] = []

    def __enter__(self) -> ignore:
        self._tokens.append(reason.set(self._reason))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            reason.reset(self._tokens.pop())
        except (ValueError, IndexError):
            reason.set("")  # left in another context than it was entered in, as generators may


def comment(file: str, line: int) -> str:
    """Return ``kind|reason`` if a line of a file has the comment, else ""."""
    if _follows:
        source = sources.load(file)
        return _comment_in(source.line(line)) if source is not None and source.has_comment else ""
    known = _comments.get(file)
    if known is None:
        if len(_comments) >= FILES_MAX:
            _comments.clear()
        known = _comments[file] = _comments_of(sources.read(file))
    return known.get(line, "")


def follow(follows: bool) -> None:
    """Say whether files change under the process (development), or are read once, for their comments alone."""
    global _follows
    _follows = follows
    _comments.clear()


def _comments_of(source: sources.Source | None) -> dict[int, str]:
    if source is None or not source.has_comment:
        return {}
    found = ((number, _comment_in(text)) for number, text in enumerate(source.lines, 1))
    return {number: text for number, text in found if text}


def _comment_in(text: str) -> str:
    found = _COMMENT.search(text)
    return f"{found[1] or ''}|{found[2].strip()[:REASON_CHARACTERS_MAX]}" if found is not None else ""
