"""Load the golden vectors of proto/vectors for the conformance tests; proto/README.md describes their shape.

The functions return lists for `pytest.mark.parametrize`, with `ids=str`: a vector shows as its name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "InvalidVector",
    "SessionVector",
    "ValidVector",
    "invalid_to_peer_vectors",
    "invalid_vectors",
    "join",
    "session_vectors",
    "valid_vectors",
]

VECTORS = Path(__file__).resolve().parents[2] / "proto" / "vectors"

Json = dict[str, Any]


@dataclass(frozen=True)
class ValidVector:
    """Hold the bytes of one or more frames and the fields that are in them."""

    name: str
    about: str
    direction: str  # to_daemon, to_peer
    needs_hello: bool  # valid in a connection after a client's HELLO; else it starts with one, or has no order
    re_encode: bool  # encoding the fields gives the bytes again
    data: bytes
    frames: list[Json]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class InvalidVector:
    """Hold what a peer sends from the start of a connection, and what the other answers."""

    name: str
    about: str
    data: bytes
    expect: Json  # {frame, code, number}; {closed: true} if the bytes go to a client

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class SessionVector:
    """Hold a conversation: steps with `send` (bytes), `expect`, `close` or `closed`, and counts after it."""

    name: str
    about: str
    steps: list[Json]
    after: dict[str, int]

    def __str__(self) -> str:
        return self.name


def join(pieces: list[Json]) -> bytes:
    """Concatenate pieces; one with `repeat` stands that often, its `counters` going up by one each time."""
    out = bytearray()
    for piece in pieces:
        data = bytearray.fromhex(piece["hex"])
        for at in range(piece.get("repeat", 1)):
            for counter in piece.get("counters", []):
                start, size = counter["offset"], counter["size"]
                data[start : start + size] = (counter["from"] + at).to_bytes(size, "little")
            out += data
    return bytes(out)


def valid_vectors(direction: str | None = None) -> list[ValidVector]:
    """Return the valid vectors of one direction, or all."""
    vectors = []
    for value in _load("valid"):
        data = join(value.pop("pieces"))
        vectors.append(ValidVector(data=data, **value))
    return [vector for vector in vectors if direction in (None, vector.direction)]


def invalid_vectors() -> list[InvalidVector]:
    """Return what a daemon must refuse."""
    return _invalid("invalid")


def invalid_to_peer_vectors() -> list[InvalidVector]:
    """Return what a client must answer by closing the connection."""
    return _invalid("invalid_to_peer")


def session_vectors() -> list[SessionVector]:
    """Return the conversations; the pieces of each `send` are joined."""
    vectors = []
    for value in _load("sessions"):
        for step in value["steps"]:
            if "send" in step:
                step["send"] = join(step["send"])
        vectors.append(SessionVector(**value))
    return vectors


def _invalid(folder: str) -> list[InvalidVector]:
    return [
        InvalidVector(value["name"], value["about"], join(value["session"]), value["expect"]) for value in _load(folder)
    ]


def _load(folder: str) -> list[Json]:
    paths = sorted((VECTORS / folder).glob("*.json"))
    if not paths:
        raise FileNotFoundError(f"no vectors in proto/vectors/{folder}")
    return [json.loads(path.read_text("utf-8")) for path in paths]
