"""The Django face of Mercury: request, SQL, cache, template and command hooks for ``mercury_client``.

Use it by adding ``"django_mercury"`` to ``INSTALLED_APPS`` and
``"django_mercury.middleware.MercuryMiddleware"`` as the first entry of ``MIDDLEWARE``. Importing this package
does nothing: no file, thread, socket or log handler. Its names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mercury_client.recorder import propagate, unit

    from .call_sites import ignore

__all__ = ["ignore", "propagate", "unit"]


def __getattr__(name: str) -> Any:
    if name == "ignore":
        from .call_sites import ignore

        return ignore
    if name in __all__:
        from mercury_client import recorder

        return getattr(recorder, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
