"""Time templates: what ``Template.render`` takes, for the outermost template only.

A template renders others inside of itself (``include``, inclusion tags, form widgets); their time is part of
its own. Queries made while rendering are part of it too: it is wall time. Only Django's own template language
is seen.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import wraps
from time import perf_counter_ns
from typing import Any

from django.template.base import Template

from mercury_client import faults
from mercury_client.recorder import innermost

__all__ = ["install"]

_MARK = "_mercury_timed"
_rendering: ContextVar[bool] = ContextVar("mercury_rendering", default=False)


def install() -> None:
    """Wrap ``Template.render``, once."""
    render = Template.render
    if getattr(render, _MARK, False):
        return

    @wraps(render)
    def timed(self: Template, context: Any) -> Any:
        if _rendering.get():
            return render(self, context)
        unit = innermost()
        if unit is None:
            return render(self, context)
        token = _rendering.set(True)
        start = perf_counter_ns()
        try:
            return render(self, context)
        finally:
            duration = perf_counter_ns() - start
            try:
                _rendering.reset(token)
                unit.count_template(duration)
            except Exception:
                faults.recover("template")

    setattr(timed, _MARK, True)
    Template.render = timed
