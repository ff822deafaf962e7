"""Run cases in this process: a library site of its own on SQLite files in a temporary directory.

Only a process that runs nothing else may import this: it configures Django. See worker.py.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ground_truth.row import Row

_CSRF = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')
_KEPT = ("django_migrations", "django_content_type", "auth_permission")


def _fast(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Let SQLite forget about power failures."""
    for pragma in ("synchronous = OFF", "journal_mode = MEMORY"):
        connection.connection.execute(f"PRAGMA {pragma}").close()


class Site:
    """The library site in ``project``; one for each process. Use it as a context manager: it owns the files."""

    def __init__(self, project: Path, *, mercury: bool) -> None:
        self.data = tempfile.mkdtemp(prefix="mercury-truth-")
        for name in [name for name in os.environ if name.startswith("MERCURY_")]:
            del os.environ[name]
        os.environ["LIBRARY_DATA"] = self.data
        os.environ["LIBRARY_MERCURY"] = str(int(mercury))
        os.environ["DJANGO_SETTINGS_MODULE"] = "library_site.settings"
        os.environ["MERCURY_ADDRESS"] = f"unix://{self.data}/nobody.sock"
        sys.path.insert(0, str(project))
        import django
        from django.db.backends.signals import connection_created

        connection_created.connect(_fast, weak=False)
        django.setup()
        from django.core.management import call_command
        from django.db import connections
        from django.test.utils import setup_test_environment

        call_command("migrate", verbosity=0, run_syncdb=True)
        call_command("migrate", verbosity=0, run_syncdb=True, database="archive")
        setup_test_environment(debug=False)
        self.tables = {
            alias: [name for name in connections[alias].introspection.table_names() if name not in _KEPT]
            for alias in connections
        }

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *error: object) -> None:
        from django.db import connections

        connections.close_all()
        shutil.rmtree(self.data, ignore_errors=True)

    def empty(self) -> None:
        """Empty all tables and caches; keys begin at 1 again."""
        from django.contrib.contenttypes.models import ContentType
        from django.core.cache import cache
        from django.db import connections

        for alias, tables in self.tables.items():
            connection = connections[alias]
            connection.ensure_connection()
            deletes = "".join(f'DELETE FROM "{name}";' for name in tables)
            connection.connection.executescript(
                f"PRAGMA foreign_keys = OFF; BEGIN; {deletes} DELETE FROM sqlite_sequence"
                f" WHERE name NOT IN {_KEPT}; COMMIT; PRAGMA foreign_keys = ON;"
            )
        cache.clear()
        ContentType.objects.clear_cache()

    def prepare(self, row: Row, n: int) -> Case:
        """Empty the databases, fill them for the row, and log in: what must not be measured."""
        self.empty()
        populate = getattr(importlib.import_module("library_site.populate"), row.populate)
        return Case(row, populate(n))


class Case:
    """One row at one size, ready to run once."""

    def __init__(self, row: Row, filled: dict[str, Any]) -> None:
        from django.test import AsyncClient, Client

        self.row = row
        self.filled = filled
        self.client: Any = (AsyncClient if row.client == "async" else Client)()
        if row.login:
            from django.contrib.auth.models import User

            self.client.force_login(User.objects.create_superuser("librarian", "", "secret"))
        if row.call:
            importlib.import_module(row.call.partition(":")[0])

    def run(self) -> bytes:
        """Run the case and return the body without CSRF tokens; raise AssertionError on a bad status."""
        if self.row.call:
            module, _, function = self.row.call.partition(":")
            result = getattr(sys.modules[module], function)(**self.filled.get("kwargs", {}))
            return json.dumps(result, default=str).encode()
        status, body = asyncio.run(self._request_async()) if self.row.client == "async" else self._request()
        assert status in (200, 201, 302), f"{self.row.id}: status {status}"
        return _CSRF.sub(b"", body)

    def _arguments(self) -> tuple[Any, str, dict[str, Any]]:
        url = self.row.url.format(**{"pk": 1, **self.filled})
        if self.row.method == "post":
            if "json" in self.filled:
                body = json.dumps(self.filled["json"])
                return self.client.post, url, {"data": body, "content_type": "application/json"}
            return self.client.post, url, {"data": self.filled.get("data")}
        return self.client.get, url, {"data": self.filled.get("query")}

    def _request(self) -> tuple[int, bytes]:
        send, url, options = self._arguments()
        response = send(url, **options)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        response.close()
        return response.status_code, body

    async def _request_async(self) -> tuple[int, bytes]:
        send, url, options = self._arguments()
        response = await send(url, **options)
        body = b"".join([part async for part in response.streaming_content]) if response.streaming else response.content
        response.close()
        return response.status_code, body


def digest(body: bytes) -> str:
    """Name a body."""
    return hashlib.sha256(body).hexdigest()[:16]


@contextmanager
def finished_units() -> Iterator[list[Any]]:
    """Collect the units that finish inside."""
    from mercury_client import recorder

    units: list[Any] = []
    recorder.add_listener(units.append)
    try:
        yield units
    finally:
        recorder.remove_listener(units.append)


def verdict_of(case: Case) -> tuple[bytes, list[Any]]:
    """Run a case inside a unit; return its body and the findings of the reference engine."""
    from mercury_client import recorder
    from mercury_client.protocol import UnitKind
    from mercury_client.reference import judge

    kind = UnitKind.TEST if case.row.unit == "test" else UnitKind.BLOCK
    with finished_units() as units, recorder.unit(case.row.id, kind=kind) as root:
        body = case.run()
    family = {root.id}
    below = []
    for unit in reversed(units):  # a parent finishes after its children
        if unit.id != root.id and unit.parent_id in family:
            family.add(unit.id)
            below.append(unit)
    assert any(unit.records for unit in (root, *below)), "nothing was measured: Mercury is not set up"
    return body, list(judge(root, below[::-1]).findings)


PLACE_FIELDS = (
    "file", "line", "function", "template_name", "template_line", "view", "serializer_field", "admin_column",
)  # fmt: skip


def as_json(finding: Any) -> dict[str, Any]:
    """Turn a finding into plain data, with the fields that the suite looks at."""
    return {
        "kind": str(getattr(finding.kind, "value", finding.kind)),
        "level": str(getattr(finding.level, "value", finding.level)),
        "count": finding.count,
        "relation": finding.relation or "",
        "trigger": _place(finding.trigger),
        "sources": [_place(source) for source in finding.sources],
        "suggestion": finding.suggestion and _suggestion(finding.suggestion),
    }


def _suggestion(suggestion: Any) -> dict[str, Any]:
    return {
        "action": str(getattr(suggestion.action, "value", suggestion.action)),
        "text": suggestion.text,
        "is_template": bool(suggestion.is_template),
        "edit": suggestion.edit and _edit(suggestion.edit),
    }


def _place(place: Any) -> dict[str, Any] | None:
    return place and {name: getattr(place, name, None) for name in PLACE_FIELDS}


def _edit(edit: Any) -> dict[str, Any]:
    read = edit.get if isinstance(edit, dict) else lambda name: getattr(edit, name)
    return {name: read(name) for name in ("file", "line", "column", "insert")}
