"""Settings, checks, the `mercury` command, and what importing and starting do not do."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

import django_mercury
from django_mercury import checks, conf
from django_mercury.management.commands import mercury

SOURCE = Path(django_mercury.__file__).resolve().parent
MINE = checks.MIDDLEWARE


def load(environ: dict[str, str] | None = None, **given: Any) -> conf.Configuration:
    return conf.load(SimpleNamespace(MERCURY=given, ROOT_URLCONF="shop.urls", DEBUG=False), environ or {})


RULE = {"route": "books/", "reason": "two rows at most"}
INVALID = [
    # key, value, what the sentence must say
    ("ENABLED", "yes", "MERCURY['ENABLED'] is 'yes': must be True or False"),
    ("SERVICE", "", "MERCURY['SERVICE'] is '': must be a text that is not empty"),
    ("SERVICE", "x" * 129, "is 129 bytes long, at most 128 are allowed"),
    ("SERVICE", 7, "MERCURY['SERVICE'] is 7: must be a text"),
    ("ENVIRONMENT", ["test"], "MERCURY['ENVIRONMENT'] is ['test']: must be a text"),
    ("ADDRESS", "tcp://here", "the address 'tcp://here'"),
    ("ADDRESS", "unix://here", "MERCURY['ADDRESS'] is 'unix://here'"),
    ("MODE", "fast", "MERCURY['MODE'] is 'fast': must be one of 'auto', 'strict', 'off'"),
    ("CALL_SITES", "some", "must be one of 'all', 'repeated', 'off'"),
    ("APP_ROOTS", "/srv", "must be a list of folders"),
    ("APP_ROOTS", ["/nowhere/at/all"], "has '/nowhere/at/all', which is no folder"),
    ("IGNORE", {"route": "x"}, "must be a list of rules like"),
    ("IGNORE", [{"route": "x"}], "has a wrong rule, number 1: it has no reason"),
    ("IGNORE", [{"reason": "x"}], "it would silence everything; give at least one of route, file"),
    ("IGNORE", [RULE, {"rout": "x"}], "number 2: it has the key 'rout', known are route, file"),
    ("IGNORE", [{"kind": "n+1", "reason": "x"}], "it has the kind 'n+1', known are n_plus_one"),
    ("IGNORE", [{**RULE, "until": "soon"}], "it has until 'soon', it must be a date like"),
    ("IGNORE", [RULE] * 101, "has 101 rules, at most 100 are allowed"),
    ("IGNORE", [{**RULE, "reason": "x" * 4096}], "bytes long as JSON, at most 4096 are allowed"),
    ("CONSOLE", 1, "must be True or False"),
    ("THRESHOLDS", {"n_plus_two": 3}, "has the name 'n_plus_two', known are n_plus_one_threshold"),
    ("THRESHOLDS", {"queries": 0}, "has queries 0, it must be a whole number of at least 1"),
]


@pytest.mark.parametrize(("key", "value", "sentence"), INVALID)
def test_an_invalid_value_is_told_and_replaced_by_the_default(key: str, value: Any, sentence: str) -> None:
    """With the value and what is allowed."""
    configuration = load(**{key: value})
    [error] = configuration.errors
    assert sentence in error
    default = load()
    assert getattr(configuration, key.lower()) == getattr(default, key.lower())


def test_every_valid_value_is_taken() -> None:
    """At the limit of its length too."""
    given = {
        "ENABLED": False, "SERVICE": "s" * 128, "ENVIRONMENT": "staging", "RELEASE": "1.2", "RUN": "r",
        "ADDRESS": "unix:///run/m.sock", "MODE": "strict", "CALL_SITES": "repeated", "APP_ROOTS": ["/"],
        "IGNORE": [{**RULE, "until": "2027-01-31"}], "CONSOLE": False, "THRESHOLDS": {"queries": 40},
    }  # fmt: skip
    configuration = load(**given)
    assert configuration.errors == configuration.unknown == []
    assert {key: getattr(configuration, key.lower()) for key in given} == given
    assert set(given) == {one.name for one in conf.SETTINGS}
    assert not configuration.on_demand


def test_the_environment_variable_wins_and_empty_means_off() -> None:
    """Environment, then settings, then default."""
    assert load({"MERCURY_MODE": "off"}, MODE="strict").mode == "off"
    assert load({"MERCURY_MODE": ""}, MODE="strict").mode == "off"
    assert load({"MERCURY_ADDRESS": "/a.sock"}, ADDRESS="/b.sock").address == "/a.sock"
    assert load({"MERCURY_ADDRESS": ""}, ADDRESS="/b.sock").address == ""
    assert load(ADDRESS="/b.sock").address == "/b.sock"
    assert load().address is None
    [error] = load({"MERCURY_MODE": "fast"}).errors
    assert error.startswith("MERCURY_MODE is 'fast'")


def test_unknown_keys_are_told_with_the_nearest_known_one() -> None:
    """A misspelt key is a warning, for a deploy's `migrate` must not stop."""
    near, far = load(SERVISE="x", ZZZZ=1).unknown
    assert near == "MERCURY['SERVISE'] is not a key of Mercury; did you mean 'SERVICE'?"
    assert "known keys: ENABLED, SERVICE" in far
    assert conf.load(SimpleNamespace(MERCURY="x"), {}).errors == ["MERCURY is 'x': must be a dictionary"]


def test_the_service_is_the_package_of_the_urls() -> None:
    """If nobody says otherwise."""
    assert load().service == "shop"
    assert load(SERVICE="bookshop").service == "bookshop"


def test_the_environment_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test runner makes it `test`; else DEBUG decides; a server that a test started is none."""
    assert conf.detect_environment(False, os.environ) == "test"  # this is pytest
    monkeypatch.setattr(sys, "argv", ["manage.py", "test"])
    assert conf.detect_environment(True, {}) == "test"
    monkeypatch.setattr(sys, "argv", ["manage.py", "runserver"])
    assert conf.detect_environment(True, {}) == "development"
    assert conf.detect_environment(False, {}) == "production"
    monkeypatch.setattr(sys, "argv", ["/venv/site-packages/pytest/__main__.py"])  # python -m pytest
    assert conf.detect_environment(True, {}) == "test"
    monkeypatch.setattr(sys, "argv", ["/srv/shop/__main__.py"])
    assert conf.detect_environment(True, {}) == "development"
    code = "from django_mercury import conf; import os; print(conf.detect_environment(True, os.environ))"
    child = subprocess.run([sys.executable, "-c", code], env=child_environment(), capture_output=True, text=True)
    assert child.stdout.strip() == "development"


def test_a_test_run_has_one_id_and_its_own_daemon() -> None:
    """Shared by the workers of pytest-xdist."""
    one = load(ENVIRONMENT="test")
    assert one.run and one.run == load(ENVIRONMENT="test").run
    assert one.on_demand
    assert load({"PYTEST_XDIST_TESTRUNUID": "abc"}, ENVIRONMENT="test").run == "abc"
    assert load(ENVIRONMENT="production").run == ""
    assert not load(ENVIRONMENT="production").on_demand


def child_environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1", **more}


def test_the_readmes_table_is_the_codes() -> None:
    """One table, generated: `python -c 'from django_mercury.conf import table; print(table())'`."""
    text = (SOURCE / "README.md").read_text(encoding="utf-8")
    begin, end = "<!-- settings: begin -->\n", "<!-- settings: end -->"
    assert text[text.index(begin) + len(begin) : text.index(end)] == conf.table()


_IMPORT = """
import logging, os, sys, threading
before = (set(os.listdir(".")), os.listdir("/proc/self/fd"), logging.getLogger().handlers[:])
import django_mercury
assert "django" not in sys.modules and "mercury_client" not in sys.modules
django_mercury.unit, django_mercury.propagate
assert "django" not in sys.modules
assert threading.active_count() == 1
assert set(os.listdir(".")) == before[0]
assert os.listdir("/proc/self/fd") == before[1]
assert logging.getLogger().handlers == before[2]
assert not any(logging.getLogger(name).handlers for name in ("django_mercury", "mercury_client"))
import django; django.setup()
from django.apps import apps
assert apps.is_installed("django_mercury")
assert threading.active_count() == 1
assert os.listdir("/proc/self/fd") == before[1]
import mercury_client
assert mercury_client.stats()["internal_errors"] == 0
print(set(django_mercury.__all__) <= set(dir(django_mercury)), {"ignore", "monitor"} <= set(django_mercury.__all__))
"""


def test_importing_and_starting_have_no_side_effect(tmp_path: Path) -> None:
    """No file, thread, descriptor or log handler, from the import to the end of ready()."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT], env=child_environment(), cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "True True"
    assert list(tmp_path.iterdir()) == []


def test_a_public_name_that_is_none_is_an_attribute_error() -> None:
    """With the name in it."""
    with pytest.raises(AttributeError, match="monitr"):
        django_mercury.monitr  # noqa: B018  (reading it is the test)


_WRONG = """
import django, os
from django.conf import settings
settings.MERCURY = {"MODE": os.environ.pop("TEST_MODE"), "SERVISE": "x"}
django.setup()
from django.test import Client
print(Client().get("/licence/").status_code)
"""


@pytest.mark.parametrize("variable", ["TEST_MODE", "MERCURY_MODE"])
def test_wrong_settings_do_not_stop_a_site(variable: str) -> None:
    """They are logged once where checks do not run, and the site answers."""
    variables = {"TEST_MODE": "off", variable: "fast"}
    done = subprocess.run(
        [sys.executable, "-c", _WRONG], env=child_environment(**variables), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "200"
    assert done.stderr.count("is 'fast': must be one of 'auto', 'strict', 'off'") == 1
    assert done.stderr.count("did you mean 'SERVICE'?") == 1
    assert "internal error" not in done.stderr


_OFF = """
import django
django.setup()
import mercury_client
print(mercury_client.enabled())
"""


@pytest.mark.parametrize("variable", ["MERCURY_ADDRESS", "MERCURY_MODE"])
def test_a_wrong_variable_switches_off_and_is_told_in_one_line(variable: str) -> None:
    """Who set it meant another daemon, or none: nothing is sent to the default one."""
    done = subprocess.run(
        [sys.executable, "-c", _OFF], env=child_environment(**{variable: "tcp://here"}), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr
    [line] = done.stderr.splitlines()
    assert f"{variable} is 'tcp://here': " in line and line.endswith("; measuring is off")


# System checks


def ids(messages: list[Any]) -> list[str]:
    return [message.id.removeprefix("django_mercury.") for message in messages]


MIDDLEWARE = [
    ([MINE, "a"], []),
    (["a", "b"], ["W001"]),
    (["a", MINE], ["W002"]),
    ([MINE, "a", MINE], ["W003"]),
    (["a", MINE, MINE], ["W002", "W003"]),
]


@pytest.mark.parametrize(("listed", "expected"), MIDDLEWARE)
def test_the_middlewares_place_is_checked(listed: list[str], expected: list[str]) -> None:
    """Missing, not first, twice."""
    with override_settings(MIDDLEWARE=listed):
        assert ids(checks.check_middleware()) == expected


def test_the_bookshop_itself_is_clean() -> None:
    """As a site that is set up as the README says."""
    every = (
        checks.check_settings, checks.check_ignore, checks.check_middleware, checks.check_async,
        checks.check_distorting, checks.check_engines, checks.check_owner,
    )  # fmt: skip
    assert [message for check in every for message in check()] == []


def test_settings_are_checked() -> None:
    """An invalid value is an error, an unknown key a warning."""
    with override_settings(MERCURY={"MODE": "fast", "MOOD": "off"}):
        error, warning = checks.check_settings()
    assert ids([error, warning]) == ["E001", "W008"]
    assert "'fast'" in error.msg and "did you mean 'MODE'?" in warning.msg


def test_an_ignore_rule_that_has_ended_is_told() -> None:
    """The last day counts; a rule without an end never ends."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    ends = {"yesterday": str(today - datetime.timedelta(days=1)), "today": str(today), "never": ""}
    rules = [{"route": "books/", "reason": reason, "until": until} for reason, until in ends.items()]
    with override_settings(MERCURY={"IGNORE": rules}):
        (warning,) = checks.check_ignore()
    assert ids([warning]) == ["W007"]
    assert ends["yesterday"] in warning.msg and warning.msg.startswith("Rule 1") and "yesterday" in warning.msg


class SyncOnly:
    """A middleware of the old kind."""

    sync_capable, async_capable = True, False


def test_a_sync_only_middleware_is_named_where_asgi_serves() -> None:
    """And not where WSGI does."""
    path = f"{__name__}.SyncOnly"
    sys.modules.setdefault(__name__, sys.modules[SyncOnly.__module__])
    with override_settings(MIDDLEWARE=[MINE, path]):
        [warning] = checks.check_async()
        assert ids([warning]) == ["W004"] and path in warning.msg
        with override_settings(ASGI_APPLICATION=None):
            assert "uvicorn" in sys.modules or checks.check_async() == []


def test_tools_that_distort_the_timing_are_named() -> None:
    """As a package or by its AppConfig."""
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, "silk.middleware.SilkyMiddleware"]):
        [warning] = checks.check_distorting()
    assert ids([warning]) == ["W005"] and "django-silk" in warning.msg


def test_an_engine_without_wrappers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queries are not seen; nothing connects to find that out."""
    from django.db import connections

    monkeypatch.delattr(connections["reports"], "execute_wrappers")
    [warning] = checks.check_engines()
    assert ids([warning]) == ["W006"] and "'reports'" in warning.msg


def test_another_owner_of_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the remedy; our own distribution is none."""
    for name in ("Django_Mercury_Old", "mercuryd"):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"{name}-1.0.dist-info/METADATA,,\ndjango_mercury/__init__.py,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    [warning] = checks.check_owner()
    assert ids([warning]) == ["W009"]
    assert "'Django_Mercury_Old'" in warning.msg and "pip uninstall Django_Mercury_Old" in warning.hint


# manage.py mercury


def write_program(directory: Path, body: str) -> None:
    program = directory / "mercuryctl"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


def manage(python: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    manage_py = SOURCE.parents[2] / "tests" / "bookshop" / "manage.py"
    return subprocess.run(
        [str(python), str(manage_py), "mercury", *arguments],
        env=child_environment(**variables, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
        capture_output=True,
        text=True,
    )


@pytest.fixture
def lonely_python(tmp_path: Path) -> Path:
    """Return this Python in a directory of its own, with no mercuryctl beside it."""
    python = tmp_path / "lonely" / "python3"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    return python


def test_manage_mercury_is_mercuryctl(tmp_path: Path, lonely_python: Path) -> None:
    """The same arguments, untouched by Django's parser, the same exit code, and the site's address."""
    write_program(tmp_path, 'printf "%s|" "$@" "$MERCURY_ADDRESS"; exit 3')
    done = manage(lonely_python, "routes", "--json", "--help", "a b", "-v", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.stdout == f"routes|--json|--help|a b|-v|{os.environ['MERCURY_ADDRESS']}|"
    assert done.returncode == 3


def test_manage_mercury_without_mercuryctl_says_what_to_do(tmp_path: Path, lonely_python: Path) -> None:
    """And does not look in the directory of the moment."""
    write_program(tmp_path, "exit 0")
    path = str(tmp_path / "nothing")
    done = manage(lonely_python, "status", PATH=f"{path}:.")
    assert done.returncode == 69
    assert "mercuryctl was not found" in done.stderr and "pip install --force-reinstall mercuryd" in done.stderr


def test_the_sites_address_is_passed_on(tmp_path: Path, lonely_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the settings, where no variable says otherwise."""
    output = tmp_path / "seen"
    write_program(tmp_path, f'echo "$MERCURY_ADDRESS" > "{output}"')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(lonely_python))
    monkeypatch.delenv("MERCURY_ADDRESS")
    with override_settings(MERCURY={"ADDRESS": "unix:///there.sock"}):
        assert mercury.run(["status"]) == 0
    assert output.read_text() == "unix:///there.sock\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ENVIRONMENT": "production"}, "unix:///run/mercury/mercuryd.sock\n"),
        ({"ENVIRONMENT": "development"}, "\n"),
        ({"ENVIRONMENT": "production", "ADDRESS": ""}, "\n"),
    ],
)
def test_the_command_asks_the_daemon_that_the_site_sends_to(
    tmp_path: Path, lonely_python: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: str
) -> None:
    """In production the system's, though the user may have a private one; else mercuryctl finds it."""
    output = tmp_path / "seen"
    write_program(tmp_path, f'echo "$MERCURY_ADDRESS" > "{output}"')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(lonely_python))
    monkeypatch.delenv("MERCURY_ADDRESS")
    with override_settings(MERCURY=given):
        assert mercury.run(["status"]) == 0
    assert output.read_text() == expected
