"""The version of this client, as HELLO and ``pyproject.toml`` have it."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
