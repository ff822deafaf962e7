"""Measure the requests of tests as requests where the site does not list the middleware.

Django builds each handler's chain of middleware in ``BaseHandler.load_middleware``, the test client's and the live
server's, too. In tests, and only there, a chain that is built without ours gets it as its outermost. A chain that was
built before the first measured block stays as it is.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.conf import settings
from django.core.handlers.base import BaseHandler

from mercury_client import faults

from ..middleware import MercuryMiddleware

__all__ = ["install"]

_MARK = "_mercury_measured"
_NAME = "django_mercury.middleware.MercuryMiddleware"


def install() -> None:
    """Wrap ``load_middleware``, once."""
    load = BaseHandler.load_middleware
    if getattr(load, _MARK, False):
        return

    @wraps(load)
    def measured(self: BaseHandler, *args: Any, **kwargs: Any) -> None:
        load(self, *args, **kwargs)
        try:
            if _NAME in settings.MIDDLEWARE:
                return
            self._middleware_chain = MercuryMiddleware(self._middleware_chain)
        except Exception:
            faults.recover("load_middleware")

    setattr(measured, _MARK, True)
    BaseHandler.load_middleware = measured
