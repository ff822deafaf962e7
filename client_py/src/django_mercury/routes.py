"""Name a request: its route template, and which operation it is (list, detail, create …).

Everything is read from the resolver's match, never from the path: a path holds ids and names of people, and
has no end of variants. ``resolve()`` is never called. Both answers cost a dictionary look-up for a route that
is known.
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.http import HttpRequest
from django.urls import ResolverMatch

from mercury_client.protocol import Operation

__all__ = ["UNMATCHED", "is_detail", "operation_of", "route_of"]

UNMATCHED = "(unmatched)"
CACHE_MAX = 4096  # entries of each cache; it is emptied when full

_routes: dict[tuple[str, str], str] = {}
_operations: dict[tuple[Any, str, str], int | None] = {}  # None: depends on the query string


def route_of(request: HttpRequest) -> str:
    """Return the route template: ``books/<int:pk>/``, ``/`` for the empty one, ``<lang>/…``."""
    match = request.resolver_match
    if match is None:
        return UNMATCHED
    urlconf = getattr(request, "urlconf", None)
    if not isinstance(urlconf, str):  # a module or a list, set by some middleware, counts as the site's own
        urlconf = settings.ROOT_URLCONF
    key = (match.route, urlconf)
    name = _routes.get(key)
    if name is None:
        if len(_routes) >= CACHE_MAX:
            _routes.clear()
        name = _routes[key] = _without_language(match.route, urlconf) or "/"
    return name


def _without_language(route: str, urlconf: str) -> str:
    """Replace the prefix that i18n_patterns puts before a route: one series, not one for each language."""
    code, slash, rest = route.partition("/")
    if slash and any(code == language for language, _ in settings.LANGUAGES):
        used, _ = is_language_prefix_patterns_used(urlconf)
        if used:
            return f"<lang>/{rest}"
    return route


# What a view class says about itself, by the name of the framework's class that it inherits from.
_CLASS_OPERATIONS = {
    "LoginView": Operation.AUTH,
    "LogoutView": Operation.AUTH,
    "ObtainAuthToken": Operation.AUTH,
    "TokenViewBase": Operation.AUTH,
    "CreateAPIView": Operation.CREATE,
    "CreateView": Operation.CREATE,
    "UpdateAPIView": Operation.UPDATE,
    "UpdateView": Operation.UPDATE,
    "DestroyAPIView": Operation.DELETE,
    "DeleteView": Operation.DELETE,
    "RetrieveAPIView": Operation.DETAIL,
    "DetailView": Operation.DETAIL,
    "ListAPIView": Operation.LIST,
    "ListView": Operation.LIST,
}
_FRAMEWORKS = ("django.", "rest_framework.", "rest_framework_simplejwt.")
_ACTIONS = {
    "list": Operation.LIST,
    "retrieve": Operation.DETAIL,
    "create": Operation.CREATE,
    "update": Operation.UPDATE,
    "partial_update": Operation.UPDATE,
    "destroy": Operation.DELETE,
}
_METHODS = {
    "POST": Operation.CREATE,
    "PUT": Operation.UPDATE,
    "PATCH": Operation.UPDATE,
    "DELETE": Operation.DELETE,
}
_SEARCH_KEYS = ("q", "search", "filter")


def operation_of(request: HttpRequest) -> int:
    """Return the operation's code of a request that was resolved; 0 (unknown) if it was not."""
    match = request.resolver_match
    if match is None:
        return int(Operation.UNKNOWN)
    method = request.method or ""
    key = (match.func, match.route, method)
    if key in _operations:
        known = _operations[key]
    else:
        if len(_operations) >= CACHE_MAX:
            _operations.clear()
        known = _operations[key] = _fixed_operation(match, method)
    if known is not None:
        return known
    return int(Operation.SEARCH if _is_search(request.META.get("QUERY_STRING", "")) else Operation.LIST)


def _fixed_operation(match: ResolverMatch, method: str) -> int | None:
    """Return what does not depend on the query string: by action, by class, by method, by the route's end."""
    view: Any = match.func
    actions = getattr(view, "actions", None)  # of a DRF view set
    if isinstance(actions, dict):
        action = _ACTIONS.get(actions.get(method.lower()) or "")
        if action is not None:
            return int(action)
    if match.url_name in ("login", "logout"):
        return int(Operation.AUTH)
    operation = _class_operation(getattr(view, "cls", None) or getattr(view, "view_class", None))
    if operation is Operation.AUTH or (operation is not None and not _contradicts(operation, method)):
        return int(operation)
    if method in _METHODS:
        return int(_METHODS[method])
    if method not in ("GET", "HEAD"):
        return int(Operation.UNKNOWN)
    return int(Operation.DETAIL) if is_detail(match.route) else None


def _class_operation(view_class: Any) -> Operation | None:
    for base in getattr(view_class, "__mro__", ()):
        if base.__module__.startswith(_FRAMEWORKS) and base.__name__ in _CLASS_OPERATIONS:
            return _CLASS_OPERATIONS[base.__name__]
    return None


def _contradicts(operation: Operation, method: str) -> bool:
    """Tell whether the class speaks of another method: ``ListView`` is a list for GET, not for POST."""
    reads = operation in (Operation.LIST, Operation.DETAIL)
    return reads != (method in ("GET", "HEAD"))


_CAPTURE = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>")


def is_detail(route: str) -> bool:
    """Tell whether the last component of a route template is captured, other than as a ``format`` suffix."""
    end = re.sub(r"(\$|\\Z|/\?|/)+$", "", route)
    names = [path or regex for path, regex in _CAPTURE.findall(_last_component(end))]
    return any(name != "format" for name in names)


def _last_component(route: str) -> str:
    """Return what stands after the last slash outside of brackets: ``(?P<pk>[^/.]+)`` has one inside."""
    depth = 0
    for at in range(len(route) - 1, -1, -1):
        character = route[at]
        if character in ")]>":
            depth += 1
        elif character in "([<":
            depth -= 1
        elif character == "/" and depth <= 0:
            return route[at + 1 :]
    return route


def _is_search(query: str) -> bool:
    for part in query.split("&"):
        key, _, value = part.partition("=")
        if value and key in _SEARCH_KEYS:
            return True
    return False
