"""What the application may choose, checked: a Settings that exists is valid.

The environment wins over arguments: MERCURY_ADDRESS and MERCURY_MODE; an empty MERCURY_ADDRESS means off.
An invalid value of either is a ValueError of ``configure``, and without it the process measures nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .errors import AddressError
from .limits import BUFFER_BYTES_MAX
from .paths import parse_address

__all__ = ["MODES", "Settings", "settings_from"]

MODES = ("auto", "strict", "off")
_PRIVATE = ("development", "test")  # environments whose daemon is the user's own, started on demand
BUFFER_BYTES_MIN = 64 * 1024


@dataclass(frozen=True)
class Settings:
    """Labels of every series, where the daemon is, and how much memory may wait for it.

    ``address`` None: found by environment, the private daemon in ``development`` and ``test``, else the
    system's.
    """

    service: str = ""
    environment: str = ""
    run: str = ""
    release: str = ""
    address: str | None = None
    mode: str = "auto"
    on_demand: bool = False
    buffer_bytes_max: int = BUFFER_BYTES_MAX
    thresholds: Mapping[str, int] = field(default_factory=dict)  # of rules.json, and response_ms, queries
    ignore: Sequence[Mapping[str, str]] = ()  # rules that silence findings (VERDICTS.md §6)

    def __post_init__(self) -> None:
        for name in ("service", "environment", "run", "release", "mode"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise ValueError(f"{name} is {type(value).__name__}, it must be a string")
        if self.mode not in MODES:
            raise ValueError(f"mode is {self.mode!r}, it must be one of {', '.join(MODES)}")
        if self.address is not None and not isinstance(self.address, str):
            raise ValueError(f"address is {type(self.address).__name__}, it must be a string or None")
        if self.address:
            try:
                parse_address(self.address)
            except AddressError as error:
                raise ValueError(error.sentence) from error
        if not isinstance(self.buffer_bytes_max, int) or self.buffer_bytes_max < BUFFER_BYTES_MIN:
            raise ValueError(f"buffer_bytes_max is {self.buffer_bytes_max!r}, it must be at least {BUFFER_BYTES_MIN}")

    @property
    def off(self) -> bool:
        """Tell whether nothing is to be measured."""
        return self.mode == "off" or self.address == ""

    @property
    def private(self) -> bool:
        """Tell whether the user's own daemon is meant, and not the system's."""
        return self.environment in _PRIVATE


def settings_from(
    *,
    service: str = "",
    environment: str = "",
    run: str = "",
    release: str = "",
    address: str | None = None,
    mode: str = "auto",
    on_demand: bool | None = None,
    buffer_bytes_max: int = BUFFER_BYTES_MAX,
    thresholds: Mapping[str, int] | None = None,
    ignore: Sequence[Mapping[str, str]] = (),
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Build Settings from arguments and the environment; raise ValueError that names the value at fault.

    ``on_demand`` None: where no address is given, in development and tests.
    """
    environ = os.environ if environ is None else environ
    address = environ.get("MERCURY_ADDRESS", address)
    if on_demand is None:
        on_demand = address is None and environment in _PRIVATE
    return Settings(
        service=service,
        environment=environment,
        run=run,
        release=release,
        address=address,
        mode=environ.get("MERCURY_MODE") or mode,
        on_demand=on_demand,
        buffer_bytes_max=buffer_bytes_max,
        thresholds=dict(thresholds or {}),
        ignore=tuple(ignore),
    )
