"""pytest's face of Mercury: the fixture ``mercury``, the marker, the options; with pytest-xdist, too.

::

    def test_books(mercury, client):
        with mercury(query_count=5) as result: …

    @pytest.mark.mercury(query_count=5)
    def test_more(client): …

    pytest --mercury --mercury-report=report.html --mercury-fail-on=n_plus_one

With ``--mercury`` (or any option that needs it, or ``mercury = true`` in the ini file) each test's call is measured,
and its record travels on pytest's own report of it. So a worker of pytest-xdist hands its results over test by test,
JUnit has the figures as properties, and the controller alone merges, writes and decides. Nothing of Django is imported
before a test runs; tests of a project that does not configure Django are left alone.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .testing.record import TestRecorder
    from .testing.run import Run

__all__ = ["Mercury"]

_RECORDS = "mercury_records"  # on a report: the records of the test, one for each repeat
_LABELS = "mercury"  # in a worker's output: what it knows of the run
_MARKER = (
    "mercury(**limits): measure the test and fail over a limit: response_time_ms, query_count, n_plus_one_threshold, "
    "memory_mb, as monitor() has them."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and their ini names; the command line wins."""
    group = parser.getgroup("mercury", "Mercury: queries, N+1, response times")
    group.addoption("--mercury", action="store_true", default=None, help="measure every test and say what it came to")
    group.addoption(
        "--mercury-report",
        action="append",
        metavar="FILE",
        help="write a report: FILE.json, .html or .sarif; repeatable",
    )
    group.addoption(
        "--mercury-fail-on", action="append", metavar="KIND[:LEVEL]",
        help="fail the run for findings of a kind (n_plus_one, query_in_loop, ... or any) at a level or above (notice, "
        "warn, fail; default warn)",
    )  # fmt: skip
    group.addoption("--mercury-format", metavar="VOICE", help="lesson (to learn), line (default) or json")
    group.addoption("--mercury-baseline", metavar="FILE", help="compare with a baseline, fail on what is worse")
    group.addoption("--mercury-update-baseline", action="store_true", help="write the baseline instead")
    group.addoption(
        "--mercury-repeat",
        type=int,
        default=None,
        metavar="N",
        help="run each test N times; for a baseline, until N times count, at most 3 N + 1 times",
    )
    group.addoption("--mercury-github", action="store_true", help="print annotations for GitHub Actions")
    parser.addini("mercury", "measure every test", type="bool", default=False)
    parser.addini("mercury_report", "files of reports", type="linelist", default=[])
    parser.addini("mercury_fail_on", "KIND[:LEVEL] that fails the run", type="linelist", default=[])
    parser.addini("mercury_format", "lesson, line or json", default="")
    parser.addini("mercury_baseline", "file of the baseline", default="")
    parser.addini("mercury_repeat", "how often each test runs, or how many of its times count", default="1")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and what measures if it was asked for."""
    config.addinivalue_line("markers", _MARKER)
    reports = config.getoption("mercury_report") or config.getini("mercury_report")
    fail_on = config.getoption("mercury_fail_on") or config.getini("mercury_fail_on")
    baseline = config.getoption("mercury_baseline") or config.getini("mercury_baseline")
    voice = config.getoption("mercury_format") or config.getini("mercury_format")
    update, github = config.getoption("mercury_update_baseline"), config.getoption("mercury_github")
    asked = config.getoption("mercury") or config.getini("mercury")
    everything = bool(asked or reports or fail_on or baseline or update or github or voice)
    repeat = _repeat(config)
    if everything and not hasattr(config, "workerinput"):
        from .testing.run import Run, options_from

        try:
            options = options_from(
                reports=reports, fail_on=fail_on, voice=voice, baseline=baseline, update_baseline=update, github=github
            )
        except ValueError as error:
            raise pytest.UsageError(f"Mercury: {error}") from error
        config.pluginmanager.register(_Controller(config, Run(options)), "mercury-controller")
    config.pluginmanager.register(_Measuring(config, everything, repeat), "mercury-measuring")


def _repeat(config: pytest.Config) -> int:
    given = config.getoption("mercury_repeat")
    text = config.getini("mercury_repeat") if given is None else given
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= 1000:
        raise pytest.UsageError(f"Mercury: mercury-repeat is {text!r}, it must be a whole number from 1 to 1000")
    return number


def _django_is_ready() -> bool:
    """Tell whether the project has configured Django; never imports it."""
    conf = sys.modules.get("django.conf")
    apps = sys.modules.get("django.apps")
    return bool(conf is not None and conf.settings.configured and apps is not None and apps.apps.ready)


class Mercury:
    """What the fixture gives: ``mercury(…)`` is ``monitor(…)`` with the test's name, and the assertions."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, name: str = "", **limits: Any) -> Any:
        """Measure a block; see ``django_mercury.monitor``."""
        from .testing.monitor import monitor

        return monitor(name or self.name, **limits)

    monitor = __call__

    def assert_no_n_plus_one(self, measured: Any) -> None:
        """Fail if a query ran in a loop in what was measured."""
        from .testing.assertions import assert_no_n_plus_one

        assert_no_n_plus_one(measured)

    def assert_constant_queries(self, populate: Callable[[int], Any], scale: tuple[int, ...] = (2, 3)) -> Any:
        """Check that a block makes the same queries over few rows and over more; see ``testing/scale.py``."""
        from .testing.scale import assert_constant_queries

        return assert_constant_queries(populate, scale)


@pytest.fixture
def mercury(request: pytest.FixtureRequest) -> Mercury:
    """Measure blocks of a test: ``with mercury(query_count=5) as result:``."""
    return Mercury(request.node.name)


def _set_up_and_call(item: pytest.Item) -> list[pytest.TestReport]:
    """Do of one run what comes before its end; as pytest does it, whose function would end it, too."""
    from _pytest.runner import call_and_report, show_test_item

    if hasattr(item, "_request"):
        item._initrequest()  # type: ignore[attr-defined]  # a run begins without the fixtures of the one before
    reports = [call_and_report(item, "setup", log=False)]
    if reports[0].passed:
        if item.config.getoption("setupshow", False):
            show_test_item(item)
        if not item.config.getoption("setuponly", False):
            reports.append(call_and_report(item, "call", log=False))
    return reports


def _log(item: pytest.Item, reports: Iterable[pytest.TestReport]) -> None:
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)


def _ended(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    """End what the next test does not need, after a teardown that failed; its hooks must not run again."""
    state = item.session._setupstate
    reraise = (pytest.exit.Exception, KeyboardInterrupt)
    call = pytest.CallInfo.from_call(lambda: state.teardown_exact(nextitem), when="teardown", reraise=reraise)
    return [] if call.excinfo is None else [item.ihook.pytest_runtest_makereport(item=item, call=call)]


class _Measuring:
    """Measure tests where they run: in this process, or in a worker of pytest-xdist."""

    def __init__(self, config: pytest.Config, everything: bool, repeat: int) -> None:
        self._config = config
        self._everything = everything
        self._repeat = repeat
        self._recorder: TestRecorder | None = None
        self._records: list[dict[str, Any]] = []
        self._faults: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a test again and again where repeats are wanted; the reports of the last run are the test's."""
        self._records = []
        if self._repeat < 2 or not self._everything:
            return None
        from _pytest.runner import call_and_report

        session = item.session
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for number in itertools.count(1):
            reports = _set_up_and_call(item)
            is_last = self._is_enough(number) or any(not report.passed for report in reports)
            if is_last or session.shouldfail or session.shouldstop:
                _log(item, reports)
                is_over = session.shouldfail or session.shouldstop  # which a logged report may have decided
                _log(item, [call_and_report(item, "teardown", log=False, nextitem=None if is_over else nextitem)])
                break
            # The next run needs what this one's module needs.
            end = call_and_report(item, "teardown", log=False, nextitem=item.parent)
            if not end.passed:
                _log(item, [*reports, end, *_ended(item, nextitem)])
                break
        if hasattr(item, "_request"):  # as pytest does: its fixtures' values are nobody's any more
            item._request, item.funcargs = False, None  # type: ignore[attr-defined]  # of functions alone
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _is_enough(self, runs: int) -> bool:
        """Tell whether a test that ran so often has done so often enough: where times are wanted, if so many count."""
        from .testing.baseline_facts import RESTLESS, has_times

        is_timed = bool(self._records) and bool(self._records[-1]["timing"]["yardstick"])
        if not is_timed:
            return runs >= self._repeat
        return runs > RESTLESS * self._repeat or sum(map(has_times, self._records)) >= self._repeat

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        """Measure the call of one test, fixtures left out."""
        limits = _limits_of(item)
        if not _django_is_ready():
            if limits is not None:
                pytest.fail("Mercury: the marker needs Django; configure it, as pytest-django does", pytrace=False)
            yield
            return
        recorder = self._start(item)
        monitor = None
        self._records = self._records if self._repeat > 1 else []
        try:
            if limits is not None:
                monitor = _entered(item, limits)
            outcome = yield
            if monitor is not None:
                _leave(monitor, outcome)
        finally:
            if recorder is not None:
                recorder.pause()

    def _start(self, item: pytest.Item) -> TestRecorder | None:
        if not self._everything:
            return None
        if self._recorder is None:
            from .testing.record import TestRecorder
            from .testing.run import daemon_faults

            wants_times = self._config.getoption("mercury_baseline") or self._config.getini("mercury_baseline")
            self._recorder = TestRecorder(yardstick=bool(wants_times))
            self._faults += daemon_faults("at the start")
        self._recorder.start(item.nodeid)
        return self._recorder

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
        """Put the record of a test on its report."""
        outcome = yield
        if not self._everything or self._recorder is None or call.when != "call":
            return
        report = outcome.get_result()
        file, line, _ = item.location
        record = self._recorder.finish(item.nodeid, file, (line or 0) + 1, _outcome(report))
        if record is None:
            return
        self._records.append(record)
        setattr(report, _RECORDS, list(self._records))
        own = [one for one in item.user_properties if not str(one[0]).startswith("mercury_")]
        item.user_properties[:] = [*own, *_properties(record)]
        report.user_properties = list(item.user_properties)

    def pytest_sessionfinish(self) -> None:
        """Hand over what only a process that ran tests knows: the run's id, the rules, whether a daemon is there."""
        if self._recorder is None:
            return
        from .testing.run import daemon_faults, labels

        id, rules = labels()
        known = {"id": id, "rules": rules, "faults": [*self._faults, *daemon_faults("at the end")]}
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_LABELS] = known
            return
        controller = self._config.pluginmanager.get_plugin("mercury-controller")
        if controller is not None:
            controller.take_labels(known)


def _limits_of(item: pytest.Item) -> dict[str, Any] | None:
    """Return what the markers of a test, its class and its module say together, the closest wins; None without one."""
    markers = list(item.iter_markers("mercury"))
    limits: dict[str, Any] = {}
    for marker in reversed(markers):
        if marker.args:
            pytest.fail(f"Mercury: the marker takes limits by name, not {marker.args!r:.80}", pytrace=False)
        limits |= marker.kwargs
    return limits if markers else None


def _entered(item: pytest.Item, options: dict[str, Any]) -> Any:
    from .testing.monitor import Monitor
    from .testing.thresholds import ThresholdError

    memory = bool(options.pop("memory", False))
    try:
        monitor = Monitor(item.name, options, memory=memory, raises=True)
        result = monitor._enter(None, getattr(getattr(item, "module", None), "__dict__", {}))
    except ThresholdError as error:
        pytest.fail(f"Mercury: {str(error).replace('monitor()', '@pytest.mark.mercury')}", pytrace=False)
    result.test_name = item.nodeid
    file, line, _ = item.location
    result.test_location = f"{file}:{(line or 0) + 1}"
    return monitor


def _leave(monitor: Any, outcome: Any) -> None:
    error = outcome.excinfo[1] if outcome.excinfo else None
    try:
        monitor.__exit__(None, error, None)
    except AssertionError as failure:
        failure = failure.with_traceback(None)
        if hasattr(outcome, "force_exception"):
            outcome.force_exception(failure)
        else:  # pluggy before 1.1
            outcome._excinfo = (type(failure), failure, None)


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return report.outcome


def _properties(record: dict[str, Any]) -> Iterable[tuple[str, object]]:
    """Return the figures of a test as JUnit's properties."""
    findings = {one["id"] for unit in record["units"] for one in unit["findings"] if not one["ignored"]}
    yield "mercury_query_count", record["query_count"]
    yield "mercury_findings", len(findings)
    yield "mercury_duration_ms", record["timing"]["duration_ms"]
    yield "mercury_db_time_ms", record["timing"]["db_time_ms"]


class _Controller:
    """Merge, write and decide; in the process that the person started, never in a worker."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self._config = config
        self._run = run
        self._has_tests = False
        self._has_gaps = False  # a test was skipped, or its fixtures failed: it has no record

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the records that came with a report, of this process or of a worker."""
        self._has_gaps |= report.when == "setup" and not report.passed
        for record in getattr(report, _RECORDS, ()):
            self._has_tests = True
            self._run.add(record)

    def take_labels(self, known: dict[str, Any]) -> None:
        """Take what a process that ran tests knows of the run."""
        self._run.id, self._run.rules = known["id"], known["rules"]
        self._run.faults += [fault for fault in known["faults"] if fault not in self._run.faults]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take it from a worker of pytest-xdist; one that crashed has none, its records are here already."""
        known = getattr(node, "workeroutput", {}).get(_LABELS)
        if known:
            self.take_labels(known)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports and decide; a run that fails here exits with 1."""
        if not self._has_tests:
            return
        self._run.only_some = self._has_gaps or _is_part_of_the_suite(self._config, session)
        self._run.end()
        if self._run.faults and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what the run came to."""
        from .testing.run import wants_summary

        if self._run.document is None:
            if not self._config.getoption("collectonly", False):
                terminalreporter.write_line("Mercury: no test was measured: none ran, or Django is not configured")
            return
        if not wants_summary() and not self._run.faults:
            return
        from .testing.text import wants_colour

        terminalreporter.section("Mercury")
        colour = bool(terminalreporter.hasmarkup) and wants_colour(sys.stdout)
        terminalreporter.write_line(self._run.text(colour=colour))


def _is_part_of_the_suite(config: pytest.Config, session: pytest.Session) -> bool:
    """Tell whether not all tests were run: somebody chose some, or the run ended early."""
    options = ("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "stepwise")
    chosen = any(config.getoption(name, None) for name in options)
    named = getattr(getattr(config, "args_source", None), "name", "ARGS") == "ARGS" and bool(config.args)
    ended_early = bool(session.shouldstop or session.shouldfail)
    complete = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    return chosen or named or ended_early or not complete
