"""System checks: what is wrong with the set-up, told by ``manage.py check`` before it shows in wrong figures.

| id | level | says |
|---|---|---|
| E001 | error | a value in ``settings.MERCURY`` or its environment variable is invalid |
| W001 | warning | the middleware is missing: requests are not measured |
| W002 | warning | the middleware is not first: what stands before it is not measured |
| W003 | warning | the middleware is listed twice |
| W004 | warning | a middleware without async support forces thread hops under ASGI |
| W005 | warning | silk or the debug toolbar distort the timing |
| W006 | warning | a database engine has no execute wrappers: its queries are not seen |
| W007 | warning | a rule of ``IGNORE`` has ended: it matches nothing any more |
| W008 | warning | an unknown key, with the nearest known one |
| W009 | warning | another distribution owns ``django_mercury/`` |

A check connects to nothing: no database, no daemon.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import sys
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db import connections
from django.utils.module_loading import import_string

from . import conf

__all__ = ["DISTRIBUTION", "MIDDLEWARE", "register"]

MIDDLEWARE = "django_mercury.middleware.MercuryMiddleware"
DISTRIBUTION = "mercuryd"
_DISTORTING = {"silk": "django-silk", "debug_toolbar": "django-debug-toolbar"}


def register() -> None:
    """Register all checks; Django ignores a second registration."""
    for check in (
        check_settings,
        check_ignore,
        check_middleware,
        check_async,
        check_distorting,
        check_engines,
        check_owner,
    ):
        checks.register(check, "mercury")


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """E001 and W008."""
    configuration = conf.load()
    found: list[CheckMessage] = [
        checks.Error(sentence, hint="Correct it; until then the site runs without it.", id="django_mercury.E001")
        for sentence in configuration.errors
    ]
    found += [checks.Warning(sentence, id="django_mercury.W008") for sentence in configuration.unknown]
    return found


def check_ignore(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """W007, of what can be told without a run."""
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()  # as the daemon has it
    return [
        checks.Warning(
            f"Rule {number} of MERCURY['IGNORE'] ended with {rule['until']} and matches nothing any more: "
            f"{rule.get('reason', '')}",
            hint="Mend what it silenced and delete the rule, or give it a later date.",
            id="django_mercury.W007",
        )
        for number, rule in enumerate(conf.load().ignore, 1)
        if rule.get("until") and rule["until"] < today
    ]


def check_middleware(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """W001, W002, W003."""
    listed = list(settings.MIDDLEWARE or ())
    count = listed.count(MIDDLEWARE)
    if count == 0:
        return [
            checks.Warning(
                "MercuryMiddleware is not in MIDDLEWARE, so no request is measured.",
                hint=f"Put {MIDDLEWARE!r} first in MIDDLEWARE.",
                id="django_mercury.W001",
            )
        ]
    found: list[CheckMessage] = []
    if listed[0] != MIDDLEWARE:
        before = ", ".join(listed[: listed.index(MIDDLEWARE)])
        found.append(
            checks.Warning(
                f"MercuryMiddleware is not first in MIDDLEWARE; not measured: {before}.",
                hint=f"Move {MIDDLEWARE!r} to the top.",
                id="django_mercury.W002",
            )
        )
    if count > 1:
        found.append(
            checks.Warning(
                f"MercuryMiddleware is {count} times in MIDDLEWARE; only the first one measures.",
                hint="Remove the others.",
                id="django_mercury.W003",
            )
        )
    return found


def check_async(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """W004, where the site is served by ASGI as far as can be told."""
    if not _serves_asgi():
        return []
    return [
        checks.Warning(
            f"The middleware {path} has no async support: under ASGI each request hops threads for it.",
            hint="Use an async-capable one, or serve by WSGI.",
            id="django_mercury.W004",
        )
        for path in settings.MIDDLEWARE or ()
        if _is_sync_only(path)
    ]


def _serves_asgi() -> bool:
    servers = ("daphne", "uvicorn", "hypercorn", "granian")
    return bool(
        getattr(settings, "ASGI_APPLICATION", None)
        or "daphne" in settings.INSTALLED_APPS
        or any(server in sys.modules for server in servers)
    )


def _is_sync_only(path: str) -> bool:
    try:
        return not getattr(import_string(path), "async_capable", False)
    except ImportError:
        return False  # Django itself says so, and better


def check_distorting(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """W005."""
    # An entry may name an AppConfig: "silk.apps.SilkAppConfig".
    packages = {entry.partition(".")[0] for entry in (*settings.INSTALLED_APPS, *(settings.MIDDLEWARE or ()))}
    return [
        checks.Warning(
            f"{name} is installed: it makes queries slower, so the times shown are not those of the site.",
            hint=f"Trust the counts, or measure without {name}.",
            id="django_mercury.W005",
        )
        for package, name in _DISTORTING.items()
        if package in packages
    ]


def check_engines(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """W006; looks at connection objects, which connect only when they are used."""
    return [
        checks.Warning(
            f"The engine {connections.settings[alias]['ENGINE']} of the database {alias!r} has no execute "
            "wrappers: its queries are not seen.",
            id="django_mercury.W006",
        )
        for alias in connections
        if not isinstance(getattr(connections[alias], "execute_wrappers", None), list)
    ]


def check_owner(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """W009."""
    return [
        checks.Warning(
            f"The distribution {name!r} has files in django_mercury/ too: which ones are used is chance, and "
            "uninstalling it would delete ours.",
            hint=f"Run: pip uninstall {name}; pip install --force-reinstall {DISTRIBUTION}",
            id="django_mercury.W009",
        )
        for name in sorted(set(_other_owners(importlib.metadata.distributions())))
    ]


def _other_owners(distributions: Iterable[importlib.metadata.Distribution]) -> Iterable[str]:
    for distribution in distributions:
        name = distribution.metadata["Name"]
        if not name or name.lower().replace("_", "-") == DISTRIBUTION:
            continue
        record = distribution.read_text("RECORD") or ""
        top_level = distribution.read_text("top_level.txt") or ""
        if (
            "django_mercury" in top_level.split()
            or record.startswith("django_mercury/")
            or "\ndjango_mercury/" in record
        ):
            yield name
