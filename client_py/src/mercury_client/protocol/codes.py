"""Name the small numbers of the data plane (PROTOCOL.md §5, §6)."""

from __future__ import annotations

import enum

__all__ = ["DropReason", "Method", "Operation", "RecordFlags", "UnitFlags", "UnitKind"]


class UnitKind(enum.IntEnum):
    """Say what a unit of work is."""

    REQUEST = 1
    TASK = 2
    COMMAND = 3
    TEST = 4
    BLOCK = 5
    OUTSIDE = 6


class Method(enum.IntEnum):
    """Name HTTP methods; ``named`` takes a request's method."""

    NONE = 0
    GET = 1
    HEAD = 2
    POST = 3
    PUT = 4
    DELETE = 5
    CONNECT = 6
    OPTIONS = 7
    TRACE = 8
    PATCH = 9
    OTHER = 255

    @classmethod
    def named(cls, name: str | None) -> Method:
        """Return the method of that name, ``NONE`` for no name and ``OTHER`` for every other one."""
        return _METHODS.get(name, cls.OTHER) if name else cls.NONE


_METHODS = {method.name: method for method in Method if method not in (Method.NONE, Method.OTHER)}


class UnitFlags(enum.IntFlag):
    """Say how a unit ended, and what its frame is."""

    NONE = 0
    MORE_PARTS = 1
    FAILED = 2  # an exception left the unit
    FOLDED = 4
    STREAMED = 8
    REPORT_WANTED = 16


class Operation(enum.IntEnum):
    """Say what a request does with its resource."""

    UNKNOWN = 0
    LIST = 1
    DETAIL = 2
    CREATE = 3
    UPDATE = 4
    DELETE = 5
    SEARCH = 6
    AUTH = 7


class RecordFlags(enum.IntFlag):
    """Say what a query was."""

    NONE = 0
    MANY = 1  # executemany
    FAILED = 2
    IN_TRANSACTION = 4
    SUMMARY = 8  # stands for ``ordinal`` calls of a folded unit
    TRANSACTION_CONTROL = 16


class DropReason(enum.IntEnum):
    """Say why a numbered frame was dropped; ``label`` is its name in JSON."""

    BUFFER_FULL = 1
    REJECTED = 2
    TOO_LARGE = 3
    ENCODE_FAILED = 4
    EXIT = 5
    DISABLED = 6

    @property
    def label(self) -> str:
        """Return the name as PROTOCOL.md §6 writes it."""
        return self.name.lower()
