"""Read JSON that must have a certain form: every key there, every value of its type, or a ValueError that names it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

__all__ = ["JsonObject"]

_HEX_DIGITS = frozenset("0123456789abcdef")
_U64_MAX = 0xFFFF_FFFF_FFFF_FFFF


class JsonObject:
    """One object; ``name`` says whose it is, in an error only. Keys that are not asked for are of a later version, and
    left alone.
    """

    __slots__ = ("_name", "_parent", "_values")

    def __init__(self, value: Any, name: str | tuple[str, int], parent: JsonObject | None = None) -> None:
        self._name = name  # with a number: that one of a list
        self._parent = parent
        self._values = value
        if not isinstance(value, dict):
            raise _wrong(self._where, value, "an object")

    @property
    def _where(self) -> str:
        name = self._name if isinstance(self._name, str) else f"{self._name[0]}[{self._name[1]}]"
        return name if self._parent is None else f"{self._parent._where}.{name}"

    def _fault(self, key: str, wanted: str) -> ValueError:
        where = f"{self._where}.{key}"
        return _wrong(where, self._values[key], wanted) if key in self._values else ValueError(f"{where} is missing")

    def text(self, key: str) -> str:
        """Return a string."""
        value = self._values.get(key)
        if type(value) is not str:
            raise self._fault(key, "a string")
        return value

    def choice(self, key: str, names: Sequence[str]) -> Any:
        """Return a string that is one of ``names``."""
        value = self._values.get(key)
        if value not in names:
            raise self._fault(key, f"one of {', '.join(names)}")
        return value

    def number(self, key: str) -> int:
        """Return a whole number of 64 bits."""
        value = self._values.get(key)
        if type(value) is not int or not 0 <= value <= _U64_MAX:
            raise self._fault(key, "a whole number of at least 0")
        return value

    def truth(self, key: str) -> bool:
        """Return a boolean."""
        value = self._values.get(key)
        if type(value) is not bool:
            raise self._fault(key, "true or false")
        return value

    def id(self, key: str) -> int:
        """Return the number of 16 hex digits."""
        value = self._values.get(key)
        if type(value) is not str or len(value) != 16 or not _HEX_DIGITS.issuperset(value):
            raise self._fault(key, "16 hex digits")
        return int(value, 16)

    def has(self, key: str) -> bool:
        """Tell whether the value is anything but null."""
        value = self._values.get(key)
        if value is None and key not in self._values:
            raise self._fault(key, "")
        return value is not None

    def object(self, key: str) -> JsonObject:
        """Return an object."""
        value = self._values.get(key)
        if type(value) is not dict:
            raise self._fault(key, "an object")
        return JsonObject(value, key, self)

    def objects(self, key: str) -> list[JsonObject]:
        """Return a list of objects."""
        values = self._values.get(key)
        if type(values) is not list:
            raise self._fault(key, "a list")
        return [JsonObject(value, (key, at), self) for at, value in enumerate(values)]


def _wrong(where: str, value: Any, wanted: str) -> ValueError:
    text = json.dumps(value, default=repr)
    return ValueError(f"{where} is {text if len(text) <= 60 else text[:57] + '...'}, it must be {wanted}")
