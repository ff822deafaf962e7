"""Run every request of the bookshop's plan and print, as JSON, what Mercury and Django each counted.

    python compare.py wsgi|asgi

One process for one variant of the settings, which are environment variables (bookshop/settings.py). The
databases are created and filled first. Django's figure is that of its own CaptureQueriesContext on both
aliases around the request, the streamed body included; transaction control is left out of both.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "bookshop"), str(TESTS.parent / "client_py" / "src"), str(TESTS / "django")]
os.environ["DJANGO_SETTINGS_MODULE"] = "bookshop.settings"
CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def main(interface: str) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    with open(os.devnull, "w") as silence:
        call_command("migrate", verbosity=0)
        call_command("migrate", verbosity=0, database="reports")
        call_command("populate", stdout=silence)

    warnings.simplefilter("ignore")  # a body of the other interface's kind
    import load
    from sink import caught

    rows = []
    with caught() as sink:
        visitor, staff = _clients(interface)
        for route, n in load.make_plan(100):
            client = staff if route.name.startswith("admin/") else visitor
            rows.append(_measure(interface, client, sink, route, n))
    json.dump(rows, sys.stdout)


def _clients(interface: str) -> tuple[Any, Any]:
    """Return a visitor without a session, and one who is logged in.

    The session matters: under ASGI, Django renders the debug page of a broken view in another thread, and its
    queries for `request.user` are seen by Mercury, but not by a CaptureQueriesContext of this thread.
    """
    from django.contrib.auth.models import User
    from django.test import AsyncClient, Client

    make = Client if interface == "wsgi" else AsyncClient
    visitor, staff = make(raise_request_exception=False), make(raise_request_exception=False)
    staff.force_login(User.objects.get(username="admin"))
    return visitor, staff


def _measure(interface: str, client: Any, sink: Any, route: Any, n: int) -> dict[str, Any]:
    from asgiref.sync import async_to_sync
    from django.db import connections
    from django.test.utils import CaptureQueriesContext
    from sink import queries_by_alias

    path = route.path(n)
    form = _form(route.form(n)) if route.form else None
    sink.units()
    with ExitStack() as stack:
        captured = {alias: stack.enter_context(CaptureQueriesContext(connections[alias])) for alias in connections}
        if interface == "wsgi":
            response = client.get(path) if form is None else client.post(path, form)
            body = b"".join(response) if response.streaming else response.content
        else:
            response, body = async_to_sync(_send_async)(client, path, form)
        django = {
            alias: sum(not query["sql"].upper().startswith(CONTROL) for query in one.captured_queries)
            for alias, one in captured.items()
        }
    units = sink.units()
    return {
        "path": path,
        "status": response.status_code,
        "bytes": len(body),
        "units": [[unit.name, unit.status] for unit in units],
        "expected": [[route.name, route.status]],
        "mercury": queries_by_alias(units),
        "django": {alias: count for alias, count in django.items() if count},
    }


def _form(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for key, value in pairs:
        form.setdefault(key, []).append(value)
    return form


async def _send_async(client: Any, path: str, form: Any) -> tuple[Any, bytes]:
    response = await (client.get(path) if form is None else client.post(path, form))
    if not response.streaming:
        return response, response.content
    return response, b"".join([part async for part in response])


if __name__ == "__main__":
    main(sys.argv[1])
