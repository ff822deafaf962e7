"""Importing has no side effect: no file, thread, socket, log handler, and for the plugin no Django."""

from __future__ import annotations

from support.project import Project

CODE = """
import logging, os, socket, sys, threading
opened, sockets = [], []
def look(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        opened.append(arguments)
    if event.startswith(("socket.connect", "socket.bind", "os.mkdir", "subprocess", "os.fork", "os.posix_spawn")):
        sockets.append((event, arguments))
handlers = {name: list(getattr(logging.getLogger(name), "handlers", [])) for name in (None, "django_mercury")}
sys.addaudithook(look)
{imports}
assert not opened, opened
assert not sockets, sockets
assert threading.active_count() == 1, threading.enumerate()
assert all(logging.getLogger(name).handlers == before for name, before in handlers.items())
{more}
"""
EVERYTHING = """
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
django.setup()
opened.clear(); sockets.clear()
import django_mercury, django_mercury.pytest_plugin, django_mercury.__main__
for name in django_mercury.__all__:
    getattr(django_mercury, name)
import django_mercury.testing.run, django_mercury.testing.runner, django_mercury.testing.record
import django_mercury.testing.html, django_mercury.testing.sarif, django_mercury.testing.github
import django_mercury.testing.baseline, django_mercury.testing.voices, django_mercury.testing.scale
import django_mercury.management.commands.mercury_test
"""


def test_every_module_of_the_tests(project: Project) -> None:
    project.run("-c", CODE.replace("{imports}", EVERYTHING).replace("{more}", ""))


def test_the_package_and_the_plugin_import_no_django(project: Project) -> None:
    more = "assert not [name for name in sys.modules if name.partition('.')[0] == 'django'], sys.modules.keys()"
    for module in ("django_mercury", "django_mercury.pytest_plugin", "django_mercury.testing.run",
                   "django_mercury.testing.merge", "django_mercury.__main__"):  # fmt: skip
        project.run("-c", CODE.replace("{imports}", f"import {module}").replace("{more}", more))
