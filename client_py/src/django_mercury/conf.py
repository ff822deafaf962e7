"""The settings: one table, from which reading, validation, the checks and the README's table all follow.

``settings.MERCURY`` is a dictionary with the keys below. For each key the first that says something wins::

    environment variable (if the key has one)  >  settings.MERCURY[key]  >  default

An invalid value never stops a site: the default is used in its place, and the error is told by
``manage.py check`` (E001) and, where checks do not run, by one log line. Only an invalid MERCURY_MODE or
MERCURY_ADDRESS, which the client reads too, switches measuring off: who set it meant another daemon or none.
"""

from __future__ import annotations

import datetime
import difflib
import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mercury_client.errors import AddressError
from mercury_client.limits import IGNORE_RULES_MAX
from mercury_client.paths import parse_address
from mercury_client.protocol import LABEL_BYTES_MAX

__all__ = ["SETTINGS", "Configuration", "Setting", "detect_environment", "load", "table", "wants_console"]

TEST, DEVELOPMENT, PRODUCTION = "test", "development", "production"
MODES = ("auto", "strict", "off")
CALL_SITES = ("all", "repeated", "off")
IGNORE_KEYS = ("route", "file", "function", "field", "kind", "reason", "until")
IGNORE_BYTES_MAX = 4096  # they travel in HELLO
KINDS = (
    "n_plus_one", "query_in_loop", "repeated_query", "write_loop", "slow_query", "too_many_queries", "slow_response",
)  # fmt: skip
THRESHOLDS = (
    "n_plus_one_threshold", "loop_calls_min", "slow_query_ns", "polling_gap_ns", "response_ms", "queries",
)  # fmt: skip


def _label(value: Any) -> str | None:
    """Say what is wrong with a label of every series, None if nothing is."""
    if not isinstance(value, str) or not value.strip():
        return "must be a text that is not empty"
    size = len(value.encode("utf-8", "replace"))
    return f"is {size} bytes long, at most {LABEL_BYTES_MAX} are allowed" if size > LABEL_BYTES_MAX else None


def _address(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a text like unix:///run/mercury/mercuryd.sock"
    if not value:
        return None
    try:
        parse_address(value)
    except AddressError as error:
        return error.sentence
    return None


def _mode(value: Any) -> str | None:
    return None if value in MODES else f"must be one of {', '.join(map(repr, MODES))}"


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be True or False"


def _call_sites(value: Any) -> str | None:
    return None if value in CALL_SITES else f"must be one of {', '.join(map(repr, CALL_SITES))}"


def _roots(value: Any) -> str | None:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str | os.PathLike) for one in value):
        return "must be a list of folders"
    missing = [str(one) for one in value if not os.path.isdir(one)]
    return f"has {missing[0]!r}, which is no folder" if missing else None


def _ignore(value: Any) -> str | None:
    if not isinstance(value, list | tuple):
        return 'must be a list of rules like {"route": "books/", "kind": "n_plus_one", "reason": "two rows at most"}'
    if len(value) > IGNORE_RULES_MAX:
        return f"has {len(value)} rules, at most {IGNORE_RULES_MAX} are allowed"
    for number, rule in enumerate(value, 1):
        fault = _ignore_rule(rule)
        if fault:
            return f"has a wrong rule, number {number}: it {fault}"
    size = len(json.dumps(value))
    return f"is {size} bytes long as JSON, at most {IGNORE_BYTES_MAX} are allowed" if size > IGNORE_BYTES_MAX else None


def _ignore_rule(rule: Any) -> str | None:
    if not isinstance(rule, Mapping) or not all(isinstance(text, str) for pair in rule.items() for text in pair):
        return "must be a dictionary of texts"
    unknown = [key for key in rule if key not in IGNORE_KEYS]
    if unknown:
        return f"has the key {unknown[0]!r}, known are {', '.join(IGNORE_KEYS)}"
    if not rule.get("reason", "").strip():
        return "has no reason"
    if not any(rule.get(key) for key in IGNORE_KEYS[:5]):
        return f"would silence everything; give at least one of {', '.join(IGNORE_KEYS[:5])}"
    if rule.get("kind") and rule["kind"] not in KINDS:
        return f"has the kind {rule['kind']!r}, known are {', '.join(KINDS)}"
    if rule.get("until"):
        try:
            datetime.date.fromisoformat(rule["until"])
        except ValueError:
            return f"has until {rule['until']!r}, it must be a date like 2027-01-31"
    return None


def _thresholds(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return 'must be a dictionary like {"n_plus_one_threshold": 10}'
    for name, number in value.items():
        if name not in THRESHOLDS:
            return f"has the name {name!r}, known are {', '.join(THRESHOLDS)}"
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**48:
            return f"has {name} {number!r}, it must be a whole number of at least 1"
    return None


@dataclass(frozen=True)
class Setting:
    """One key of ``settings.MERCURY``. ``fault`` returns what is wrong with a value, None if nothing is."""

    name: str
    type: str
    default: str  # in words, as the README prints it
    allowed: str
    doc: str
    fault: Callable[[Any], str | None]
    variable: str = ""  # environment variable that overrides it


SETTINGS = (
    Setting(
        "ENABLED", "bool", "`True`", "`True`, `False`",
        "`False` switches all measuring off; the hooks stay and cost next to nothing.", _boolean,
    ),
    Setting(
        "SERVICE", "str", "first part of `ROOT_URLCONF`", f"1 to {LABEL_BYTES_MAX} bytes",
        "The name of this site in every list. Sites with different names never share figures.", _label,
    ),
    Setting(
        "ENVIRONMENT", "str", "`test`, `development` or `production`", f"1 to {LABEL_BYTES_MAX} bytes",
        "Default: `test` under a test runner, else `development` with `DEBUG`, else `production`. `test` and "
        "`development` use your private daemon, started on demand; every other value the system's.", _label,
    ),
    Setting(
        "RELEASE", "str", "none", f"1 to {LABEL_BYTES_MAX} bytes",
        "The version of the site, for instance a commit.", _label,
    ),
    Setting(
        "RUN", "str", "in tests a new one for each run", f"1 to {LABEL_BYTES_MAX} bytes",
        "The id of a test run; runs never share figures.", _label, "MERCURY_RUN",
    ),
    Setting(
        "ADDRESS", "str", "see ENVIRONMENT", "`unix:///path`, a path, on Windows `\\\\.\\pipe\\NAME`, or empty",
        "Where the daemon listens. A named daemon is never started on demand. Empty: nothing is measured.",
        _address, "MERCURY_ADDRESS",
    ),
    Setting(
        "MODE", "str", "`auto`", "`auto`, `strict`, `off`",
        "`off`: nothing is sent. `strict` is for tests only; a site behaves as with `auto`.", _mode,
        "MERCURY_MODE",
    ),
    Setting(
        "CALL_SITES", "str", '`all`, in production `repeated`', "`all`, `repeated`, `off`",
        "Of which queries the line of code is looked up: all of them, those that repeat themselves, none.",
        _call_sites,
    ),
    Setting(
        "APP_ROOTS", "list", "`BASE_DIR` and the packages of `ROOT_URLCONF` and the settings", "folders",
        "Where your own code lies. Findings point there, never into a library.", _roots,
    ),
    Setting(
        "IGNORE", "list", "`[]`", f"at most {IGNORE_RULES_MAX} rules",
        "Findings that are meant to be. A rule is a dictionary of `route`, `file`, `function`, `field`, `kind` (all "
        "that are given must fit), `reason` (required) and `until` (a date).", _ignore,
    ),
    Setting(
        "CONSOLE", "bool", "`True`", "`True`, `False`",
        "Under `runserver`: a line in the log `django_mercury` for each new finding.", _boolean,
    ),
    Setting(
        "THRESHOLDS", "dict", "`{}`", ", ".join(f"`{name}`" for name in THRESHOLDS),
        "Numbers that the verdicts use instead of the defaults.", _thresholds,
    ),
)  # fmt: skip
_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass
class Configuration:
    """What was read. ``errors`` and ``unknown`` are sentences for a person, for E001 and W008."""

    enabled: bool = True
    service: str = ""
    environment: str = ""
    release: str = ""
    run: str = ""
    address: str | None = None
    mode: str = "auto"
    mode_given: bool = False  # somebody said so; else tests under CI are strict
    call_sites: str = ""
    app_roots: Sequence[str | os.PathLike[str]] = ()
    ignore: Sequence[Mapping[str, str]] = ()
    console: bool = True
    thresholds: Mapping[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def on_demand(self) -> bool:
        """Tell whether a private daemon may be started: in development and tests, if none was named."""
        return self.environment in (DEVELOPMENT, TEST) and self.address is None


def load(settings: Any = None, environ: Mapping[str, str] | None = None) -> Configuration:
    """Read and validate everything; never raises on a bad value. ``settings`` None: Django's."""
    if settings is None:
        from django.conf import settings as django_settings

        settings = django_settings
    environ = os.environ if environ is None else environ
    configuration = Configuration()
    given = getattr(settings, "MERCURY", {})
    if not isinstance(given, Mapping):
        configuration.errors.append(f"MERCURY is {given!r:.80}: must be a dictionary")
        given = {}
    configuration.unknown = [_unknown_sentence(key) for key in given if key not in _BY_NAME]
    for setting in SETTINGS:
        value = _read(setting, given, environ, configuration.errors)
        if value is not None:
            setattr(configuration, setting.name.lower(), value)
            configuration.mode_given |= setting.name == "MODE"
    if not configuration.service:
        configuration.service = str(getattr(settings, "ROOT_URLCONF", "") or "django").partition(".")[0]
    if not configuration.environment:
        configuration.environment = detect_environment(bool(getattr(settings, "DEBUG", False)), environ)
    if not configuration.call_sites:
        configuration.call_sites = "all" if configuration.environment in (TEST, DEVELOPMENT) else "repeated"
    if configuration.environment == TEST and not configuration.run:
        configuration.run = _run_id(environ)
    return configuration


def _read(setting: Setting, given: Mapping[str, Any], environ: Mapping[str, str], errors: list[str]) -> Any:
    """Return the value that counts, None for the default."""
    where, value = f"MERCURY[{setting.name!r}]", given.get(setting.name)
    if setting.variable and setting.variable in environ:
        text = environ[setting.variable]
        if not text:  # an empty value means off
            return "off" if setting.name == "MODE" else ""
        where, value = setting.variable, text
    if value is None:
        return None
    fault = setting.fault(value)
    if fault is None:
        return value
    consequence = "; measuring is off" if where in ("MERCURY_MODE", "MERCURY_ADDRESS") else ""
    errors.append(f"{where} is {value!r:.80}: {fault}{consequence}")
    return None


def _unknown_sentence(key: Any) -> str:
    near = difflib.get_close_matches(str(key).upper(), _BY_NAME, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(_BY_NAME)}"
    return f"MERCURY[{key!r:.80}] is not a key of Mercury; {meant}"


def detect_environment(debug: bool, environ: Mapping[str, str]) -> str:
    """Return ``test`` where a test runner is active, else ``development`` with DEBUG, else ``production``."""
    if _tests_are_running(environ):
        return TEST
    return DEVELOPMENT if debug else PRODUCTION


def wants_console(configuration: Configuration) -> bool:
    """Tell whether this process is a development server's, and its user wants lines in the log."""
    if not (configuration.console and configuration.enabled) or configuration.environment != DEVELOPMENT:
        return False
    return len(sys.argv) > 1 and sys.argv[1] in ("runserver", "runserver_plus")


def _tests_are_running(environ: Mapping[str, str]) -> bool:
    program = os.path.basename(sys.argv[0]) if sys.argv else ""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in ("test", "mercury_test") and program in (
        "manage.py",
        "django-admin",
        "django-admin.py",
        "__main__.py",
    ):
        return True
    # pytest sets variables that its children inherit, a server started by a test for instance: so it must
    # also have been imported here.
    if "_pytest" in sys.modules and ("PYTEST_VERSION" in environ or "PYTEST_XDIST_WORKER" in environ):
        return True
    if program == "__main__.py" and os.path.basename(os.path.dirname(sys.argv[0])) == "pytest":
        return True  # python -m pytest, before version 8.2
    return program in ("pytest", "py.test") or "unittest.__main__" in sys.modules


_own_run_id = ""


def _run_id(environ: Mapping[str, str]) -> str:
    """Return one id for all of a test run: pytest-xdist's, else one of this process and its forks."""
    global _own_run_id
    shared = environ.get("PYTEST_XDIST_TESTRUNUID", "")
    if shared:
        return shared[:LABEL_BYTES_MAX]
    if not _own_run_id:
        _own_run_id = secrets.token_hex(8)
    return _own_run_id


def table() -> str:
    """Return the settings as the README's Markdown table."""
    lines = ["| key | type | default | allowed | meaning | environment |", "|---|---|---|---|---|---|"]
    for one in SETTINGS:
        variable = f"`{one.variable}`" if one.variable else ""
        lines.append(f"| `{one.name}` | {one.type} | {one.default} | {one.allowed} | {one.doc} | {variable} |")
    return "\n".join(lines) + "\n"
