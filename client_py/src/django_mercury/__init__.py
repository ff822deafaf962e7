"""The Django face of Mercury: request, SQL, cache, template and command hooks for ``mercury_client``.

Use it by adding ``"django_mercury"`` to ``INSTALLED_APPS`` and
``"django_mercury.middleware.MercuryMiddleware"`` as the first entry of ``MIDDLEWARE``. Importing this package
does nothing: no file, thread, socket or log handler. Its names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mercury_client.recorder import propagate, unit

    from .call_sites import ignore
    from .testing.assertions import assert_no_n_plus_one
    from .testing.cases import (
        DjangoMercuryAPITestCase,
        DjangoPerformanceAPITestCase,
        MercuryLiveServerTestCase,
        MercurySimpleTestCase,
        MercuryTestCase,
        MercuryTransactionTestCase,
        mercury,
    )
    from .testing.monitor import monitor, monitor_django_model, monitor_django_view, monitor_serializer
    from .testing.result import MercuryAssertionError, MonitorResult
    from .testing.scale import assert_constant_queries

__all__ = [
    "DjangoMercuryAPITestCase", "DjangoPerformanceAPITestCase", "MercuryAssertionError", "MercuryLiveServerTestCase",
    "MercurySimpleTestCase", "MercuryTestCase", "MercuryTransactionTestCase", "MonitorResult",
    "assert_constant_queries", "assert_no_n_plus_one", "ignore", "mercury", "monitor", "monitor_django_model",
    "monitor_django_view", "monitor_serializer", "propagate", "unit",
]  # fmt: skip

_CASES = "django_mercury.testing.cases"
_MONITOR = "django_mercury.testing.monitor"
_HOME = {
    "DjangoMercuryAPITestCase": _CASES,
    "DjangoPerformanceAPITestCase": _CASES,
    "MercuryAssertionError": "django_mercury.testing.result",
    "MercuryLiveServerTestCase": _CASES,
    "MercurySimpleTestCase": _CASES,
    "MercuryTestCase": _CASES,
    "MercuryTransactionTestCase": _CASES,
    "MonitorResult": "django_mercury.testing.result",
    "assert_constant_queries": "django_mercury.testing.scale",
    "assert_no_n_plus_one": "django_mercury.testing.assertions",
    "ignore": "django_mercury.call_sites",
    "mercury": _CASES,
    "monitor": _MONITOR,
    "monitor_django_model": _MONITOR,
    "monitor_django_view": _MONITOR,
    "monitor_serializer": _MONITOR,
    "propagate": "mercury_client.recorder",
    "unit": "mercury_client.recorder",
}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
