"""The Windows Python that the other tests of this folder stand on, and what the client finds there."""

from __future__ import annotations

from pathlib import Path

from windows.world import Windows


def test_a_real_cpython_with_django_runs(windows: Windows, tmp_path: Path) -> None:
    """With the parts of the standard library that the client and a site need, and without those that Windows lacks."""
    facts = windows.python(
        tmp_path,
        """
import ctypes, json, os, platform, socket, sqlite3, ssl, sys
import _winapi, django
print(json.dumps({
    "python": list(sys.version_info[:2]), "system": sys.platform, "name": os.name,
    "implementation": platform.python_implementation(), "bits": ctypes.sizeof(ctypes.c_void_p) * 8,
    "fork": hasattr(os, "fork"), "unix": hasattr(socket, "AF_UNIX"), "django": django.VERSION[0],
}))
""",
    )
    assert facts["python"] >= [3, 10]
    assert (facts["system"], facts["name"], facts["implementation"], facts["bits"]) == ("win32", "nt", "CPython", 64)
    assert (facts["fork"], facts["unix"]) == (False, False)
    assert facts["django"] >= 4


def test_every_module_of_the_client_can_be_imported(windows: Windows, tmp_path: Path) -> None:
    """Nothing that does not exist on Windows is used at import; the other system's own files are left out."""
    names = windows.python(
        tmp_path,
        """
import importlib, json, pkgutil
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django_mercury"])
django.setup()
import django_mercury, mercury_client
names = []
for package in (mercury_client, django_mercury):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name == "django_mercury.pytest_plugin":
            continue  # pytest alone imports it, and is not there
        importlib.import_module(found.name)
        names.append(found.name)
print(json.dumps(names))
""",
    )
    assert "mercury_client.pipe_transport" in names and "django_mercury.management.commands.mercury" in names
    assert len(names) > 40


def test_a_block_of_a_test_is_measured(windows: Windows, tmp_path: Path) -> None:
    """``monitor()`` counts queries and reads how the process grows, which each system says in its own way."""
    facts = windows.python(
        tmp_path,
        """
import json
import django
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
django.setup()
from django.db import connection
from django_mercury import monitor
from django_mercury.testing.memory import resident_bytes
connection.ensure_connection()
with monitor(raises=False) as result:
    kept = bytearray(b"x") * 50_000_000
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
print(json.dumps([result.query_count, result.engine, result.memory_mb, resident_bytes(), result.failures]))
""",
        DJANGO_MERCURY_PURE_PYTHON="1",
    )
    count, engine, memory_mb, resident, failures = facts
    assert (count, engine) == (1, "reference")
    assert 40 < memory_mb < 200 and resident > 40_000_000
    assert all(sentence.startswith("Response time") for sentence in failures)


def test_the_addresses_are_the_users_and_the_systems_pipe(windows: Windows, tmp_path: Path) -> None:
    """The user's SID, as Windows' own tools print it, names the private one."""
    told = windows.python(
        tmp_path,
        r"""
import json, os
from mercury_client import paths, system, win32
print(json.dumps({
    "sid": win32.user_sid(), "private": str(paths.private_address(os.environ)),
    "candidates": [str(one.address) for one in paths.candidates({}, environment="production")],
    "state": paths.state_directory(os.environ), "directory": win32.system_directory(),
}))
""",
    )
    assert told["sid"].startswith("S-1-5-21-")
    assert told["private"] == rf"\\.\pipe\mercuryd-1-{told['sid']}"
    assert told["candidates"] == [r"\\.\pipe\mercuryd"]
    assert told["state"].endswith(r"\AppData\Local\mercury")
    assert told["directory"].lower() == r"c:\windows\system32"
