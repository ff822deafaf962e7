"""When a block's verdict is fetched: as soon as somebody looks, and at once where it decides."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from mercury_client.limits import REPORTS_PENDING_MAX
from support.daemon import Daemon
from support.project import Project

START = """
import json, os, select, signal, threading, warnings
import django
from django.conf import settings
django.setup()
for alias in settings.DATABASES:
    settings.DATABASES[alias]["NAME"] = ":memory:"
from django.core.management import call_command
from library.models import Author, Book
import django_mercury, mercury_client
from django_mercury import monitor

call_command("migrate", verbosity=0, run_syncdb=True)

def reports():
    reports = mercury_client.stats()["reports"]
    return [reports["asked"], reports["received"], reports["missed"]]

def block(queries, **limits):
    with monitor(raises=False, **limits) as result:
        for number in range(queries):
            Book.objects.filter(pk=number).exists()
    return result

def sentence_of(action):
    try:
        action()
    except AssertionError as error:
        return str(error).partition(":")[0]
    return ""

def kill():
    handle = os.pidfd_open(int(os.environ["DAEMON"]))
    os.kill(int(os.environ["DAEMON"]), signal.SIGKILL)
    select.select([handle], [], [], 10)

"""
NO_DAEMON = "Mercury is strict here and has no daemon to ask"


def output_of(project: Project, script: str, **environment: str) -> Any:
    """Run a script in the project, with blocks and figures at hand; return the JSON that it printed.

    Both streams are one: a line of a log may come after it, as where the daemon ends first.
    """
    printed = project.run("-c", START + script, DJANGO_SETTINGS_MODULE="settings", **environment)
    (line,) = (line for line in printed.splitlines() if line.startswith("["))
    return json.loads(line)


def test_a_block_that_passes_waits_for_nobody(project: Project, daemon: Daemon) -> None:
    """Figures and limits need no verdict; the first look fetches it, the second has it."""
    said = output_of(
        project,
        """
result = block(7)
at_once = [result.query_count, result.failures, reports()]
looked = [result.engine, result.grade, result.findings[0].count, result.db_time_ms > 0, result.engine, reports()]
print(json.dumps([at_once, looked]))
""",
        MERCURY_MODE="auto", MERCURY_ADDRESS=daemon.address,
    )  # fmt: skip
    assert said[0] == [7, [], [1, 0, 0]]
    engine, grade, count, took, again, reports = said[1]
    assert (engine, count, took, again, reports) == ("daemon", 7, True, "daemon", [1, 1, 0])
    assert grade in ("A+", "A", "B", "C", "D", "F", "S")


@pytest.mark.parametrize(
    ("mode", "queries", "limits", "received", "failures"),
    [
        ("auto", 7, "", 0, 0),  # no loop of 7 is more than a notice where 10 fail
        ("auto", 8, "", 1, 0),  # it may be a warning
        ("auto", 10, "", 1, 1),
        ("auto", 10, "n_plus_one_threshold=None", 0, 0),
        ("auto", 3, "n_plus_one_threshold=4", 0, 0),
        ("auto", 4, "n_plus_one_threshold=5", 1, 0),
        ("auto", 4, "n_plus_one_threshold=4", 1, 1),
        ("auto", 4, "query_count=3", 0, 1),
        ("strict", 8, "", 1, 0),
    ],
)
def test_the_verdict_is_fetched_at_once_where_it_decides(
    project: Project, daemon: Daemon, mode: str, queries: int, limits: str, received: int, failures: int
) -> None:
    said = output_of(
        project,
        f"result = block({queries}, {limits})\nprint(json.dumps([reports(), len(result.failures)]))",
        MERCURY_MODE=mode, MERCURY_ADDRESS=daemon.address,
    )  # fmt: skip
    assert said == [[1, received, 0], failures]


def test_a_look_after_the_daemon_was_killed(project: Project, daemon: Daemon) -> None:
    """The reference engine says the same, and one warning says that it was this one."""
    said = output_of(
        project,
        """
first, second, third = block(7), block(7), block(7)
before = [first.engine, [one.to_dict()["count"] for one in first.findings]]
kill()
fourth = block(7)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    after = [[one.engine, [finding.count for finding in one.findings]] for one in (second, third, fourth)]
print(json.dumps([before, after, [str(one.message)[:32] for one in caught]]))
""",
        MERCURY_MODE="auto", MERCURY_ADDRESS=daemon.address, DAEMON=str(daemon.pid),
    )  # fmt: skip
    assert daemon.wait_for_end() == -signal.SIGKILL
    before, after, warned = said
    assert before == ["daemon", [7]]
    assert [counts for _, counts in after] == [[7], [7], [7]]
    # Those that were sent with the first may have had their answer before the daemon went.
    assert after[2][0] == "reference"
    assert warned == ["Mercury's daemon did not answer "]


def test_a_strict_block_fails_at_its_end_without_a_daemon(project: Project) -> None:
    said = output_of(
        project,
        """
with_result = monitor()
def measure():
    with with_result:
        Book.objects.count()
failed = sentence_of(measure)
print(json.dumps([failed, with_result.result.engine, with_result.result.query_count]))
""",
        MERCURY_MODE="strict", MERCURY_ADDRESS=f"unix://{project.directory}/nobody.sock",
    )  # fmt: skip
    assert said == [NO_DAEMON, "reference", 1]


def test_strict_blocks_notice_that_the_daemon_was_killed(project: Project, daemon: Daemon) -> None:
    """They look whether it is there, and wait for an answer where they cannot tell; who looks at a verdict is told."""
    said = output_of(
        project,
        """
block(1)
mercury_client.flush(10)
blocks = [block(1) for _ in range(20)]
fetched = reports()[1]
engines = {one.engine for one in blocks}
os.kill(int(os.environ["DAEMON"]), signal.SIGSTOP)
last = block(1)
kill()
failed = [sentence_of(lambda: block(1)), sentence_of(lambda: last.grade), sentence_of(lambda: last.grade)]
print(json.dumps([fetched < 20, [*engines], failed, last.engine]))
""",
        MERCURY_MODE="strict", MERCURY_ADDRESS=daemon.address, DAEMON=str(daemon.pid),
    )  # fmt: skip
    assert daemon.wait_for_end() == -signal.SIGKILL
    assert said == [True, ["daemon"], [NO_DAEMON, NO_DAEMON, ""], "reference"]


def test_strict_blocks_notice_that_the_daemon_hangs(project: Project, daemon: Daemon) -> None:
    said = output_of(
        project,
        """
import mercury_client.sender as sender
block(1)
os.kill(int(os.environ["DAEMON"]), signal.SIGSTOP)
soon = sentence_of(lambda: block(1))
mercury_client.flush(0.05)  # it owes an answer to this one
sender.LATE_S = 0.0
late = sentence_of(lambda: block(1))
os.kill(int(os.environ["DAEMON"]), signal.SIGCONT)
print(json.dumps([soon, late, mercury_client.flush(10)]))
""",
        MERCURY_MODE="strict", MERCURY_ADDRESS=daemon.address, DAEMON=str(daemon.pid),
    )  # fmt: skip
    assert said == ["", NO_DAEMON, True]


def test_a_look_after_too_many_blocks(project: Project, daemon: Daemon) -> None:
    """The daemon's answers are kept for the newest ones; the verdict on an older one is the same, and nobody warns."""
    said = output_of(
        project,
        f"""
results = [block(7) for _ in range({REPORTS_PENDING_MAX} + 10)]
with warnings.catch_warnings():
    warnings.simplefilter("error")
    oldest, newest = results[0], results[-1]
    print(json.dumps([[one.engine, [found.count for found in one.findings]] for one in (oldest, newest)]))
""",
        MERCURY_MODE="auto", MERCURY_ADDRESS=daemon.address,
    )  # fmt: skip
    assert said == [["reference", [7]], ["daemon", [7]]]


def test_the_count_that_is_compared_is_the_verdicts(project: Project, daemon: Daemon) -> None:
    """It is there before the verdict, of a block with others in it, with a thread, and with one that outlives it."""
    said = output_of(
        project,
        """
import contextvars
from django.db import connection
began, go = threading.Event(), threading.Event()

def ask():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

def late():
    with django_mercury.unit("late"):
        ask()
        began.set()
        go.wait(10)
        ask()
    connection.close()

with monitor(raises=False, query_count=None) as outer:
    Book.objects.count()
    with monitor(raises=False) as inner:
        Author.objects.count()
        with django_mercury.unit("below"):
            Book.objects.count()
            Book.objects.count()
    outliving = threading.Thread(target=contextvars.copy_context().run, args=(late,))
    outliving.start()
    began.wait(10)
go.set()
outliving.join()
print(json.dumps([
    [one.query_count, one.settle().queries, one.engine, len(one.queries)] for one in (inner, outer)
]))
""",
        MERCURY_MODE="auto", MERCURY_ADDRESS=daemon.address,
    )  # fmt: skip
    assert [one[:2] + one[3:] for one in said] == [[3, 3, 3], [4, 4, 4]]
    assert said[0][2] == "daemon"


@pytest.mark.parametrize("mode", ["off", "auto", "strict"])
def test_queries_below_a_unit_that_is_still_open_count(project: Project, daemon: Daemon, mode: str) -> None:
    """A response that streams is read after the block: its view's units are of the block, and so is their loop."""
    said = output_of(
        project,
        """
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import path
import urls

def view(request):
    with django_mercury.unit("load"):
        for number in range(30):
            Book.objects.filter(pk=number).exists()
    return StreamingHttpResponse(iter([b"a", b"b"]))

urls.urlpatterns.append(path("streams/", view))
settings.ALLOWED_HOSTS = ["*"]
with monitor(raises=False, response_time_ms=None) as result:
    Client().get("/streams/")
print(json.dumps([result.query_count, len(result.queries), result.failures, [one.count for one in result.loops]]))
""",
        MERCURY_MODE=mode, MERCURY_ADDRESS=daemon.address,
    )  # fmt: skip
    count, listed, failures, loops = said
    assert (count, listed, loops) == (30, 30, [30])
    assert failures[0].startswith("Query count 30 is over the limit of 10") and len(failures) == 2


@pytest.mark.parametrize("action", ["str(last)", "last.explain()", "f'{last}'"])
def test_what_is_said_is_said_without_a_daemon(project: Project, daemon: Daemon, action: str) -> None:
    said = output_of(
        project,
        f"""
block(1)
mercury_client.flush(10)
os.kill(int(os.environ["DAEMON"]), signal.SIGSTOP)
last = block(1)
kill()
failed = [sentence_of(lambda: {action}), sentence_of(lambda: last.grade), sentence_of(lambda: last.grade)]
print(json.dumps([failed, last.engine, last.query_count]))
""",
        MERCURY_MODE="strict", MERCURY_ADDRESS=daemon.address, DAEMON=str(daemon.pid),
    )  # fmt: skip
    assert said == [["", NO_DAEMON, ""], "reference", 1]


def test_answers_that_nobody_reads_are_not_parsed(project: Project, daemon: Daemon) -> None:
    said = output_of(
        project,
        """
import mercury_client.protocol.report as report
parsed = []
read = report.JsonFields.parse
report.JsonFields.parse = lambda *given: parsed.append(1) or read(*given)
block(1)
mercury_client.flush(10)
parsed.clear()  # it was WELCOME
results = [block(1) for _ in range(5)]
engine = results[3].engine
print(json.dumps([len(parsed), engine]))
""",
        MERCURY_MODE="auto", MERCURY_ADDRESS=daemon.address,
    )  # fmt: skip
    assert said == [1, "daemon"]


def test_without_a_daemon_the_engine_of_this_process_is_loaded_by_a_look(project: Project) -> None:
    """A block that passes judges nothing."""
    said = output_of(
        project,
        """
import django_mercury.testing.engines as engines
asked = []
judge = engines.judge
engines.judge = lambda *given, **named: asked.append(1) or judge(*given, **named)
result = block(7)
before = len(asked)
print(json.dumps([before, result.engine, result.engine, len(asked)]))
""",
        MERCURY_MODE="off",
    )  # fmt: skip
    assert said == [0, "reference", "reference", 1]
