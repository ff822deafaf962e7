"""Read PROTOCOL.md: its sections, its tables, and the layouts and lists that stand in its sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Page", "Table", "backticked", "layout", "numbered", "other"]

_TYPE = r"(?:u8|u16|u32|u64|i32|str16)(?:\[\d+\])?"


@dataclass(frozen=True)
class Table:
    """One table: `rows` are dictionaries by the words of its head row."""

    section: str
    head: tuple[str, ...]
    rows: list[dict[str, str]]


class Page:
    """The text of PROTOCOL.md, cut at its `## n.` headings."""

    def __init__(self, text: str) -> None:
        self.text = text
        parts = re.split(r"^## (\d+)\. .*$", text, flags=re.MULTILINE)
        self.sections = dict(zip(parts[1::2], parts[2::2], strict=True))
        self.tables = [table for number, body in self.sections.items() for table in _tables(number, body)]

    def sentence(self, section: str, start: str) -> str:
        """Return the paragraph of a section from the words `start` on, or nothing."""
        _, found, rest = self.sections.get(section, "").partition(start)
        return found + rest.split("\n\n")[0]

    def diagram(self, section: str) -> list[int]:
        """Return the byte offsets that stand over the first drawing of a section."""
        found = re.search(r"^```\n([ \d]+)\n", self.sections.get(section, ""), flags=re.MULTILINE)
        return [int(word) for word in found.group(1).split()] if found else []


def _tables(section: str, body: str) -> list[Table]:
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", body, flags=re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        head, rows = lines[0], lines[2:]
        found.append(Table(section, tuple(head), [dict(zip(head, row, strict=False)) for row in rows]))
    return found


def backticked(text: str) -> list[str]:
    """Return every word that stands in backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def layout(text: str) -> list[tuple[str, str]]:
    """Return the (type, field) pairs of the layouts in backticks; a field without a name is ""."""
    pairs = []
    for code in backticked(text):
        for item in re.sub(r"\([^)]*\)", "", code).split(","):
            found = re.fullmatch(rf"({_TYPE})(?: ([\w ]+?))?(?: id)?", item.strip())
            if found:
                pairs.append((found.group(1), found.group(2) or ""))
    return pairs


def other(text: str) -> int | None:
    """Return N where a text says `any other is read as N`."""
    found = re.search(r"any other is read as (\d+)", text)
    return int(found.group(1)) if found else None


def numbered(text: str) -> list[tuple[int, str]]:
    """Return the (value, words) pairs of a list like `1 request, 2 task (of a queue), 3 command; …`."""
    plain = re.sub(r" \([^()]*\)", "", text).replace("`", "").split(";")[0]
    pairs = [re.fullmatch(r"(\d+) (.+)", item.strip().rstrip(".")) for item in plain.split(",")]
    return [(int(found.group(1)), found.group(2)) for found in pairs if found]
