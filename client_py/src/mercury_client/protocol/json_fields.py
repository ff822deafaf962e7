"""Read the JSON of a frame: a whole object, unknown keys left alone, every wrong type named."""

from __future__ import annotations

import json
from typing import Any

from ..errors import ProtocolError

__all__ = ["JsonFields", "dump_json", "texts"]

_U64_MAX = 0xFFFF_FFFF_FFFF_FFFF
_SPACE = " \t\n\r"
_read_value = json.JSONDecoder().raw_decode  # json.loads looks for white space by regular expressions, 20 µs where cold


def dump_json(value: object) -> bytes:
    """Write compact UTF-8; what cannot be encoded (lone surrogates) becomes ``?``."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def texts(values: list[Any]) -> tuple[str, ...]:
    """Return the strings among ``values``."""
    return tuple(value for value in values if isinstance(value, str))


class JsonFields:
    """Read the keys of one object. A null counts as absent; faults raise ProtocolError with ``code``."""

    def __init__(self, values: dict[str, Any], code: str) -> None:
        self.values = values
        self._code = code

    @classmethod
    def parse(cls, payload: bytes, code: str) -> JsonFields:
        """Take a frame's payload, which must be one JSON object in UTF-8."""
        try:
            text = payload.decode("utf-8").strip(_SPACE)
            value, end = _read_value(text)
            if end != len(text):
                raise json.JSONDecodeError("Extra data", text, end)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(code, f"the payload is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise ProtocolError(code, f"the payload is {_shown(value)}, it must be an object")
        return cls(value, code)

    def require(self, *keys: str) -> JsonFields:
        """Raise unless all of ``keys`` are there; return self."""
        for key in keys:
            if self.values.get(key) is None:
                raise ProtocolError(self._code, f"the key '{key}' is missing")
        return self

    def has(self, key: str) -> bool:
        """Tell whether the key is there."""
        return self.values.get(key) is not None

    def number(self, key: str, missing: int = 0) -> int:
        """Return a whole number of 64 bits."""
        value = self.values.get(key)
        if value is None:
            return missing
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _U64_MAX:
            raise self._wrong(key, value, "a whole number of at least 0")
        return int(value)

    def text(self, key: str) -> str:
        """Return a string, "" if it is absent."""
        value = self.values.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(key, value, "a string")
        return value

    def truth(self, key: str) -> bool:
        """Return a boolean, False if it is absent."""
        value = self.values.get(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def object(self, key: str) -> JsonFields:
        """Return an object, an empty one if it is absent."""
        value = self.values.get(key)
        if value is None:
            return JsonFields({}, self._code)
        if not isinstance(value, dict):
            raise self._wrong(key, value, "an object")
        return JsonFields(value, self._code)

    def list(self, key: str) -> list[Any]:
        """Return an array, an empty one if it is absent."""
        value = self.values.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, value, "an array")
        return value

    def _wrong(self, key: str, value: Any, wanted: str) -> ProtocolError:
        return ProtocolError(self._code, f"'{key}' is {_shown(value)}, it must be {wanted}")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
