"""Django's own test runner with Mercury on: ``manage.py mercury_test``, or ``TEST_RUNNER`` in the settings.

Every test is measured from its ``setUp`` to its ``tearDown``. With ``--parallel`` each worker process measures its own
and sends the record along with the result, the way Django's results travel; this process merges, writes and decides.
"""

from __future__ import annotations

import inspect
import os
import sys
import unittest
from typing import Any

from django.core.management import CommandError
from django.test.runner import DiscoverRunner, ParallelTestSuite, RemoteTestResult, RemoteTestRunner

from .record import TestRecorder
from .run import Run, labels, options_from, wants_summary, write
from .text import wants_colour

__all__ = ["MercuryDiscoverRunner", "MercuryRunnerMixin", "with_mercury"]

_YARDSTICK = "MERCURY_YARDSTICK"  # tells the workers of a parallel run that times are wanted
_recorder: TestRecorder | None = None  # one a process: of two results in a process only one runs tests


class _Measured:
    """Measure what a result sees: a mixin for results of unittest."""

    _outcome = "passed"
    measures = True  # False: what comes was measured in a worker, and is replayed here

    def startTest(self, test: unittest.TestCase) -> None:
        global _recorder
        super().startTest(test)  # type: ignore[misc]  # of the class beside this mixin
        self._outcome = "passed"
        if self.measures:
            if _recorder is None:
                _recorder = TestRecorder(yardstick=bool(os.environ.get(_YARDSTICK)))
            _recorder.start(test.id())

    def stopTest(self, test: unittest.TestCase) -> None:
        if self.measures and _recorder is not None:
            file, line = _place_of(test)
            record = _recorder.finish(test.id(), file, line, self._outcome)
            if record is not None:
                self.take_record(test, record)
        super().stopTest(test)  # type: ignore[misc]  # of the class beside this mixin

    def take_record(self, test: unittest.TestCase, record: dict[str, Any]) -> None:
        raise NotImplementedError

    def addFailure(self, test: Any, err: Any) -> None:
        self._outcome = "failed"
        super().addFailure(test, err)  # type: ignore[misc]  # of the class beside this mixin

    def addError(self, test: Any, err: Any) -> None:
        self._outcome = "error"
        super().addError(test, err)  # type: ignore[misc]  # of the class beside this mixin

    def addSkip(self, test: Any, reason: str) -> None:
        if self._outcome == "passed":
            self._outcome = "skipped"
        super().addSkip(test, reason)  # type: ignore[misc]  # of the class beside this mixin

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._outcome = "xfailed"
        super().addExpectedFailure(test, err)  # type: ignore[misc]  # of the class beside this mixin

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._outcome = "xpassed"
        super().addUnexpectedSuccess(test)  # type: ignore[misc]  # of the class beside this mixin

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._outcome = "failed"
        super().addSubTest(test, subtest, err)  # type: ignore[misc]  # of the class beside this mixin


def _place_of(test: unittest.TestCase) -> tuple[str, int]:
    method = getattr(test, getattr(test, "_testMethodName", ""), None)
    code = getattr(inspect.unwrap(method), "__code__", None) if method is not None else None
    return (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)


class _RemoteResult(_Measured, RemoteTestResult):
    """A worker's result: the record is one more event, which Django replays on the result of the main process."""

    def take_record(self, test: unittest.TestCase, record: dict[str, Any]) -> None:
        self.events.append(("addMercuryRecord", self.test_index, record))


class _RemoteRunner(RemoteTestRunner):
    resultclass = _RemoteResult


class _ParallelSuite(ParallelTestSuite):
    runner_class = _RemoteRunner


class MercuryRunnerMixin:
    """Measure and decide; mixed before a project's own runner."""

    parallel_test_suite = _ParallelSuite
    _replays = False
    _mercury_labels = False

    def __init__(
        self,
        *args: Any,
        html: str | None = None,
        json: str | None = None,
        sarif: str | None = None,
        github: bool = False,
        mercury_format: str = "",
        mercury_fail_on: list[str] | None = None,
        mercury_baseline: str = "",
        mercury_update_baseline: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._mercury_verbosity = int(options.get("verbosity", 1) or 0)
        try:
            asked_for = options_from(
                reports=[path for path in (html, json, sarif) if path],
                fail_on=mercury_fail_on or (),
                voice=mercury_format,
                baseline=mercury_baseline or "",
                update_baseline=mercury_update_baseline,
                github=github,
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.mercury = Run(asked_for)

    @classmethod
    def add_arguments(cls, parser: Any) -> None:
        """Declare the options."""
        add = getattr(super(), "add_arguments", None)
        if add is not None:
            add(parser)
        group = parser.add_argument_group("Mercury")
        group.add_argument(
            "--html", nargs="?", const="mercury_report.html", metavar="FILE", help="write the HTML report"
        )
        group.add_argument(
            "--json", nargs="?", const="mercury_report.json", metavar="FILE", help="write the JSON report"
        )
        group.add_argument(
            "--sarif", nargs="?", const="mercury_report.sarif", metavar="FILE", help="write SARIF for code scanning"
        )
        group.add_argument("--github", action="store_true", help="print annotations for GitHub Actions")
        group.add_argument("--mercury-format", default="", metavar="VOICE", help="lesson, line (default) or json")
        group.add_argument(
            "--mercury-fail-on", action="append", metavar="KIND[:LEVEL]",
            help="fail for findings of a kind, or any, at a level or above (notice, warn, fail; default warn)",
        )  # fmt: skip
        group.add_argument("--mercury-baseline", default="", metavar="FILE", help="compare, and fail on what is worse")
        group.add_argument("--mercury-update-baseline", action="store_true", help="write the baseline instead")

    def get_resultclass(self) -> Any:
        """Return Django's result, or unittest's, that measures besides."""
        base = super().get_resultclass() or unittest.TextTestResult  # type: ignore[misc]  # of the class beside this mixin
        run, replays = self.mercury, self._replays

        class Result(_Measured, base):  # type: ignore[misc,valid-type]  # a base that the project chooses
            measures = not replays

            def take_record(self, test: unittest.TestCase, record: dict[str, Any]) -> None:
                run.add(record)

            def addMercuryRecord(self, test: unittest.TestCase, record: dict[str, Any]) -> None:
                run.add(record)

        return Result

    def run_tests(self, test_labels: Any, **kwargs: Any) -> int:
        """Note whether only some of the tests were asked for."""
        chosen = ("test_name_patterns", "tags", "exclude_tags")
        self._mercury_labels = bool(test_labels) or any(getattr(self, name, None) for name in chosen)
        failed: int = super().run_tests(test_labels, **kwargs)  # type: ignore[misc]  # of the class beside this mixin
        return failed

    def run_suite(self, suite: Any, **kwargs: Any) -> Any:
        """Run the tests; in a strict run, not without a daemon."""
        self.mercury.id, self.mercury.rules = labels()
        os.environ.setdefault("MERCURY_RUN", self.mercury.id)  # of the workers, however they are started
        if self.mercury.options.baseline:
            os.environ[_YARDSTICK] = "1"
        self.mercury.require_daemon("at the start")
        self._replays = isinstance(suite, ParallelTestSuite)
        return super().run_suite(suite, **kwargs)  # type: ignore[misc]  # of the class beside this mixin

    def suite_result(self, suite: Any, result: Any, **kwargs: Any) -> int:
        """Write the reports, also when tests failed, and count what fails the run."""
        failed: int = super().suite_result(suite, result, **kwargs)  # type: ignore[misc]  # of the class beside this mixin
        self.mercury.require_daemon("at the end")
        self.mercury.only_some = self._mercury_labels or bool(result.shouldStop or result.skipped or result.errors)
        if result.testsRun and not self.mercury.measured:
            self.mercury.faults.append(
                f"no test was measured: the runner {type(self).__mro__[2].__name__} brings a result of its own"
            )
        self.mercury.end()
        if self._mercury_verbosity and (wants_summary() or self.mercury.faults):
            write(self.mercury.text(colour=wants_colour(sys.stdout)))
        return failed + len(self.mercury.faults)


class MercuryDiscoverRunner(MercuryRunnerMixin, DiscoverRunner):
    """``TEST_RUNNER = "django_mercury.testing.runner.MercuryDiscoverRunner"``."""


def with_mercury(runner: type) -> type:
    """Return a project's runner with Mercury on; as it is where it has it already."""
    if issubclass(runner, MercuryRunnerMixin):
        return runner
    suite = getattr(runner, "parallel_test_suite", ParallelTestSuite)
    names = {} if suite is ParallelTestSuite else {"parallel_test_suite": suite}  # its own one goes on, unmeasured
    return type(runner.__name__, (MercuryRunnerMixin, runner), names)
