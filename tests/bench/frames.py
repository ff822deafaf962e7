"""Frames that are not the application's: what stands between a request and a query in a real site."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["below"]


def below(frames: int, function: Callable[[int], object], number: int) -> object:
    """Call a function with some frames more on the stack."""
    return below(frames - 1, function, number) if frames > 0 else function(number)
