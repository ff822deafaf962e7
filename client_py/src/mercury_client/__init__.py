"""Measure units of work and their queries in a Python process, and stream them to the daemon mercuryd.

    import mercury_client

    mercury_client.configure(service="shop", environment="production")
    with mercury_client.unit("nightly import"):
        …

Standard library only; it never blocks the application, never raises into it, and counts what it has to drop.
"""

from .process import ask_report, configure, disable, enable, flush, is_answering, shutdown, stats, verdict_of
from .protocol import Method, Operation, RecordFlags, Site, SiteFlags, SiteFrame, TemplateLine, UnitKind
from .recorder import activate, begin, current, deactivate, enabled, finish, innermost, propagate, unit
from .reports import Reply
from .unit import Unit
from .version import VERSION as __version__

__all__ = [
    "Method",
    "Operation",
    "RecordFlags",
    "Reply",
    "Site",
    "SiteFlags",
    "SiteFrame",
    "TemplateLine",
    "Unit",
    "UnitKind",
    "__version__",
    "activate",
    "ask_report",
    "begin",
    "configure",
    "current",
    "deactivate",
    "disable",
    "enable",
    "enabled",
    "finish",
    "flush",
    "innermost",
    "is_answering",
    "propagate",
    "shutdown",
    "stats",
    "unit",
    "verdict_of",
]
