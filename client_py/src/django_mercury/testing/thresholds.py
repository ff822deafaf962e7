"""Find the limits of a measured block: inline > its module > the settings > the defaults.

The module and the settings may hold ``MERCURY_PERFORMANCE_THRESHOLDS``, a dictionary. What nobody set has the default;
None means no limit. Whatever is wrong is an error that names the value, the place where it stands, and what is allowed.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

__all__ = ["DEFAULTS", "NAME", "THRESHOLDS", "UNLIMITED", "ThresholdError", "checked", "resolve"]

NAME: Final = "MERCURY_PERFORMANCE_THRESHOLDS"

# What a limit is of, in the order in which reports show them.
THRESHOLDS: Final = ("response_time_ms", "query_count", "n_plus_one_threshold", "memory_mb")
DEFAULTS: Final[Mapping[str, float | None]] = {
    "response_time_ms": 100,
    "query_count": 10,
    "n_plus_one_threshold": 10,
    "memory_mb": None,
}
UNLIMITED: Final[Mapping[str, float | None]] = dict.fromkeys(THRESHOLDS)
# Names of test cases that mean the same.
_ALIASES: Final[Mapping[str, str]] = {"query_count_max": "query_count", "memory_overhead_mb": "memory_mb"}
_KNOWN: Final = (*THRESHOLDS, *_ALIASES)


class ThresholdError(ValueError):
    """A limit that cannot be one; the message names it."""


def checked(given: Any, where: str) -> dict[str, float | None]:
    """Return the limits of a dictionary under their own names; ``where`` names it in errors."""
    if not isinstance(given, Mapping):
        raise ThresholdError(f"{where} is {given!r:.80}, it must be a dictionary like {{'query_count': 10}}")
    limits: dict[str, float | None] = {}
    for name, value in given.items():
        if not isinstance(name, str) or name not in _KNOWN:
            raise ThresholdError(f"{where} has the name {name!r:.80}; {_near(name)}")
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0):
            raise ThresholdError(
                f"{where} has {name} = {value!r:.80}, it must be a number of at least 0, or None for no limit"
            )
        if name == "n_plus_one_threshold" and value is not None and (value < 1 or value != int(value)):
            raise ThresholdError(f"{where} has {name} = {value!r}, it must be a whole number of at least 1")
        limits[_ALIASES.get(name, name)] = value
    return limits


def _near(name: Any) -> str:
    near = difflib.get_close_matches(str(name), _KNOWN, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known names: {', '.join(_KNOWN)}"


def resolve(
    inline: Mapping[str, Any], module: Mapping[str, Any] | None, defaults: Mapping[str, float | None] = DEFAULTS
) -> tuple[dict[str, float | None], bool]:
    """Return the limits that hold, and whether all of them are defaults. ``module``: the globals of the block's."""
    limits = dict(defaults)
    given: dict[str, float | None] = {}
    settings_value = _of_settings()
    if settings_value is not None:
        given |= checked(settings_value, f"settings.{NAME}")
    if module is not None and module.get(NAME) is not None:
        given |= checked(module[NAME], f"{module.get('__name__', 'the module')}.{NAME}")
    given |= checked(inline, "monitor()")
    limits |= given
    return limits, not given


def _of_settings() -> Any:
    # Past the lazy object: its answer that there is none is two exceptions, 30 µs for each block.
    return getattr(settings._wrapped if settings.configured else settings, NAME, None)
