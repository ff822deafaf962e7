"""Tell what is the application's own: by directory, with library directories inside of it left out.

The roots are ``APP_ROOTS``; by default ``BASE_DIR`` and the packages of ``ROOT_URLCONF`` and
``SETTINGS_MODULE``. A root may lie in ``site-packages`` (an application that was installed by pip is still the
application); below a root, ``site-packages``, ``dist-packages``, virtual environments and the standard library
are no part of it. Django, Django REST framework and Mercury are never the application.

Files are looked at once: the answer is kept by path.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import Any

import django

import mercury_client

__all__ = ["configure", "default_roots", "is_application", "template_name"]

ANSWERS_MAX = 20_000

_LIBRARY_NAMES = ("site-packages", "dist-packages")
_NEVER_NAMES = ("rest_framework", "asgiref", "debug_toolbar", "silk")


def _directory(path: str) -> str:
    return os.path.realpath(path) + os.sep


_NEVER = (
    _directory(os.path.dirname(django.__file__)),
    _directory(os.path.dirname(mercury_client.__file__)),
    _directory(os.path.dirname(os.path.dirname(__file__))),
)
_STANDARD = tuple(_directory(path) for name, path in sysconfig.get_paths().items() if name in ("stdlib", "platstdlib"))

_roots: tuple[str, ...] | None = None
_answers: dict[str, bool] = {}
_environments: dict[str, bool] = {}


def configure(roots: Iterable[str]) -> None:
    """Set the directories (or single files) of the application; without any, they follow from the settings."""
    global _roots
    found = tuple(_root(str(root)) for root in roots)
    _answers.clear()
    _environments.clear()
    _roots = found or None


def _root(path: str) -> str:
    real = os.path.realpath(path)
    return real if os.path.isfile(real) else real.rstrip(os.sep) + os.sep


def default_roots(settings: Any) -> list[str]:
    """Return ``BASE_DIR`` and where the packages of ``ROOT_URLCONF`` and ``SETTINGS_MODULE`` lie."""
    roots: list[str] = []
    base = getattr(settings, "BASE_DIR", None)
    if isinstance(base, str | os.PathLike):
        roots.append(os.fspath(base))
    for name in (getattr(settings, "ROOT_URLCONF", ""), getattr(settings, "SETTINGS_MODULE", "")):
        if isinstance(name, str) and name:
            package = name.partition(".")[0]
            if package not in ("django", *_NEVER_NAMES):
                roots += _package_places(package, beside=base is None)
    return roots


def _package_places(package: str, beside: bool) -> Sequence[str]:
    """Return a package's directories; with ``beside`` also what stands next to it, outside of libraries."""
    try:
        spec = sys.modules[package].__spec__ if package in sys.modules else find_spec(package)
    except (ImportError, ValueError):
        return ()
    if spec is None:
        return ()
    places = list(spec.submodule_search_locations or ())
    if not places and spec.origin and os.path.isfile(spec.origin):
        places = [spec.origin]
    outer = [os.path.dirname(place.rstrip(os.sep)) for place in places] if beside else []
    return [*places, *(one for one in outer if not any(name in one for name in _LIBRARY_NAMES))]


def is_application(path: str) -> bool:
    """Tell whether a source or template file belongs to the application; a dictionary look-up after the first."""
    answer = _answers.get(path)
    if answer is None:
        if len(_answers) >= ANSWERS_MAX:
            _answers.clear()
        answer = _answers[path] = _judge(path)
    return answer


def _judge(path: str) -> bool:
    if not path or path.startswith("<"):
        return False
    real = os.path.realpath(path)
    if real.startswith(_NEVER) or any(f"{os.sep}{name}{os.sep}" in real for name in _NEVER_NAMES):
        return False
    return any(real == root or (real.startswith(root) and _is_own(real, root)) for root in _known_roots())


def _known_roots() -> tuple[str, ...]:
    global _roots
    if _roots is None:
        from django.conf import settings

        _roots = tuple(_root(root) for root in default_roots(settings))
    return _roots


def _is_own(real: str, root: str) -> bool:
    """Tell whether a file below a root is outside of the libraries that lie below it too."""
    inner = real[len(root) :].split(os.sep)
    if any(name in _LIBRARY_NAMES for name in inner[:-1]):
        return False
    if any(standard.startswith(root) and real.startswith(standard) for standard in _STANDARD):
        return False
    directory = root
    for name in inner[:-1]:
        directory += name + os.sep
        if _is_environment(directory):
            return False
    return True


def _is_environment(directory: str) -> bool:
    answer = _environments.get(directory)
    if answer is None:
        if len(_environments) >= ANSWERS_MAX:
            _environments.clear()
        answer = _environments[directory] = os.path.isfile(directory + "pyvenv.cfg")
    return answer


def template_name(origin: Any) -> str:
    """Return the name of an application's template; "" for a library's, and for one that was made of a string."""
    name = getattr(origin, "template_name", None)
    path = getattr(origin, "name", None)
    if type(name) is not str or not name or not isinstance(path, str):
        return ""
    # One that comes from no file (the locmem loader) is named by its name alone.
    return str.__str__(name) if is_application(path) or (path == name and not os.path.isabs(path)) else ""
