"""Fold the lists whose length is data: ``IN (?, ?, ?)`` to ``IN (?)``, ``VALUES (?), (?)`` to ``VALUES (?)``.

The twin of ``daemon/analysis/list_fold.h``, which has the rules. It works in place on the normaliser's output, a list
of pieces (each a token's text with the blank before it), and is called around each bracket and comma in the order of
the methods below; depth counts open brackets, round and square. Pieces are compared only if as many characters long,
so the work is linear in what is written.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ELEMENTS_REMEMBERED", "ListFold", "ListKind"]

ELEMENTS_REMEMBERED = 8


class ListKind(IntEnum):
    """Tell ``IN ( element , element )`` from ``VALUES ( … ) , ( … )``."""

    ELEMENTS = 0
    ROWS = 1


class _List:
    __slots__ = ("between_rows", "depth", "element", "element_size", "kept", "kind", "separator", "separator_size")

    def __init__(self, kind: ListKind, depth: int, pieces: int, size: int) -> None:
        self.kind = kind
        self.depth = depth
        self.between_rows = False
        self.separator = self.element = pieces  # where the comma before the current element is, where that starts
        self.separator_size = self.element_size = size  # in characters of all pieces before
        self.kept: list[tuple[int, int, int, int]] = []  # first piece, end, characters, size at the end; all different


class ListFold:
    """Shorten ``out``; ``size`` is the number of characters in it, and whoever appends must add to it."""

    __slots__ = ("_lists", "_out", "size")

    def __init__(self, out: list[str]) -> None:
        self._out = out
        self._lists: list[_List] = []
        self.size = 0

    def end_rows(self) -> None:
        """End the row list, if one is between two rows: the next token is no comma behind which a row follows."""
        if self._lists and self._lists[-1].between_rows:
            self._lists.pop()

    def open(self, kind: ListKind, depth: int) -> None:
        """Start a list at the end of what is written."""
        self._lists.append(_List(kind, depth, len(self._out), self.size))

    def before_close(self, depth: int) -> None:
        """Take note before a closing bracket is written; depth is that inside."""
        if self._inside(ListKind.ELEMENTS, depth):
            self._end_element(self._lists[-1])
            self._lists.pop()

    def after_close(self, depth: int) -> None:
        """Take note after a closing bracket; depth is that outside."""
        if self._inside(ListKind.ROWS, depth):
            self._end_element(self._lists[-1])
            self._lists[-1].between_rows = True

    def before_comma(self, depth: int) -> None:
        """Take note before a comma is written."""
        if not self._lists or self._lists[-1].depth != depth:
            return
        here = self._lists[-1]
        if here.kind is ListKind.ELEMENTS:
            self._end_element(here)
        here.separator, here.separator_size = len(self._out), self.size

    def after_comma(self, depth: int) -> None:
        """Take note after a comma."""
        if self._lists and self._lists[-1].depth == depth:
            here = self._lists[-1]
            here.element, here.element_size = len(self._out), self.size
            here.between_rows = False

    def finish(self) -> None:
        """End every list: the text, or a statement of it, is over. One that is open keeps its first element only."""
        while self._lists:
            here = self._lists.pop()
            if not here.between_rows and here.kept:
                _, end, _, self.size = here.kept[0]
                del self._out[end:]

    def _inside(self, kind: ListKind, depth: int) -> bool:
        return bool(self._lists) and self._lists[-1].kind is kind and self._lists[-1].depth == depth

    def _end_element(self, here: _List) -> None:
        out = self._out
        first, end = here.element, len(out)
        characters = self.size - here.element_size
        if first < end and out[first][0] == " ":
            characters -= 1
        for kept_first, kept_end, kept_characters, _ in here.kept:
            if kept_characters == characters and self._text(kept_first, kept_end) == self._text(first, end):
                del out[here.separator :]
                self.size = here.separator_size
                return
        if len(here.kept) < ELEMENTS_REMEMBERED:
            here.kept.append((first, end, characters, self.size))

    def _text(self, first: int, end: int) -> str:
        text = "".join(self._out[first:end])
        return text[1:] if text.startswith(" ") else text
