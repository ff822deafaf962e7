"""Test cases that measure themselves.

``MercuryTestMixin`` makes any ``django.test`` case measure each of its tests: the body of the test (not ``setUp``) is
a unit, and a test that passed fails afterwards if it is over its limits. ``MercuryTestCase``,
``MercuryTransactionTestCase``, ``MercuryLiveServerTestCase`` and ``MercurySimpleTestCase`` are Django's with it.
``DjangoMercuryAPITestCase`` and ``DjangoPerformanceAPITestCase`` are the names of Django Mercury: REST framework's
``APITestCase`` where it is installed, else Django's own (``REST_FRAMEWORK`` tells which).

Limits of a test, the first that says something wins::

    @mercury(query_count=3)                        on the method
    self.set_test_performance_thresholds({...})    this test
    cls.set_performance_thresholds({...})          this class
    MERCURY_PERFORMANCE_THRESHOLDS                 module, then settings
    the limits of each request's operation         a list 25 queries, a detail 10, … (VERDICTS.md §5);
                                                   an N+1 fails from 10 calls on

``with self.mercury_override_thresholds({...}):`` measures a block by itself, with limits of its own. The body of a
test runs once, whatever it comes to.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django import test

from mercury_client.protocol import UnitKind

from ..wording import short_path
from .assertions import MercuryAssertions, fail
from .engines import judge_locally
from .monitor import Monitor, monitor_django_model, monitor_django_view, monitor_serializer
from .result import MonitorResult
from .thresholds import UNLIMITED, ThresholdError, checked, resolve

__all__ = [
    "REST_FRAMEWORK", "DjangoMercuryAPITestCase", "DjangoPerformanceAPITestCase", "MercuryLiveServerTestCase",
    "MercurySimpleTestCase", "MercuryTestCase", "MercuryTestMixin", "MercuryTransactionTestCase", "PerformanceMixin",
    "mercury",
]  # fmt: skip

try:
    from rest_framework.test import APITestCase

    REST_FRAMEWORK = True
except Exception:  # not installed, or not usable with these settings
    APITestCase = test.TestCase
    REST_FRAMEWORK = False

N_PLUS_ONE_DEFAULT = 10


class PerformanceMixin(MercuryAssertions):
    """Assertions and ways to measure, for a case that has a ``client``; measures nothing by itself."""

    client: Any
    _testMethodName: str

    def monitor_django_view(self, operation_name: str) -> Monitor:
        """Measure a view's call."""
        return monitor_django_view(operation_name)

    def monitor_django_model(self, operation_name: str) -> Monitor:
        """Measure what is done with a model."""
        return monitor_django_model(operation_name)

    def monitor_serializer(self, operation_name: str) -> Monitor:
        """Measure a serializer."""
        return monitor_serializer(operation_name)

    def measure_django_view(
        self,
        url: str,
        method: str = "GET",
        data: Mapping[str, Any] | None = None,
        format: str | None = None,
        operation_name: str | None = None,
        **extra: Any,
    ) -> MonitorResult:
        """Request ``url`` with the test's client and return what it came to; nothing is asserted.

        ``format``: of REST framework's client. ``extra`` goes to the client.
        """
        verb = method.lower()
        send = getattr(self.client, verb, None)
        if verb not in ("get", "post", "put", "patch", "delete", "head", "options", "trace") or send is None:
            raise ValueError(f"method is {method!r}, it must be GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS or TRACE")
        if format is not None:
            extra["format"] = format
        monitor = Monitor(operation_name or f"{method.upper()} {url}", defaults=UNLIMITED)
        with monitor as result:
            if verb == "trace" or data is None:
                send(url, **extra)
            else:
                send(url, data, **extra)
        return result

    def run_comprehensive_analysis(
        self,
        operation_name: str,
        test_function: Callable[[], Any],
        operation_type: str = "general",
        expect_response_under: float | None = None,
        expect_memory_under: float | None = None,
        expect_queries_under: int | None = None,
        expect_cache_hit_ratio_above: float | None = None,
        print_analysis: bool = True,
        auto_detect_n_plus_one: bool = True,
        show_scoring: bool = True,
        **ignored: Any,
    ) -> MonitorResult:
        """Run a function once, measured; print the report, fail over a limit or for an N+1, return the result.

        ``operation_type``, ``show_scoring`` and further keywords are taken for older tests and change nothing: the
        report always has the score, and the operation is the request's own.
        """
        monitor = Monitor(operation_name, defaults=UNLIMITED)
        if expect_response_under is not None:
            monitor.expect_response_under(expect_response_under)
        if expect_memory_under is not None:
            monitor.expect_memory_under(expect_memory_under)
        if expect_queries_under is not None:
            monitor.expect_queries_under(expect_queries_under)
        if expect_cache_hit_ratio_above is not None:
            monitor.expect_cache_hit_ratio_above(expect_cache_hit_ratio_above)
        monitor.disable_auto_assert()
        with monitor as result:
            test_function()
        if print_analysis:
            result.explain()
        failing = [one for one in result.loops if one.level == "fail"]
        if result.failures:
            fail(result, "; ".join(result.failures))
        if auto_detect_n_plus_one and failing:
            fail(result, f"N+1 queries: {len(failing)} with {failing[0].count} calls and more")
        return result


class MercuryTestMixin(PerformanceMixin):
    """Measure each test of the class it is mixed into; put it first among the bases."""

    mercury_enabled: ClassVar[bool] = True
    mercury_verbose: ClassVar[bool] = False
    mercury_limits: ClassVar[Mapping[str, float | None]] = {}
    mercury_result: MonitorResult | None = None  # of the test that ran last on this instance
    _own_limits: Mapping[str, float | None] = {}

    # ----------------------------------------------------------------------------------------- configuration
    @classmethod
    def configure_mercury(
        cls,
        enabled: bool = True,
        auto_scoring: bool = True,
        auto_threshold_adjustment: bool = True,
        generate_summaries: bool = True,
        verbose_reporting: bool = False,
        educational_guidance: bool = True,
    ) -> None:
        """Switch measuring of this class on or off; ``verbose_reporting`` prints each test's report.

        The other keywords are taken for older tests and change nothing: scores, limits by operation, the summary
        and the lesson are always there.
        """
        cls.mercury_enabled = bool(enabled)
        cls.mercury_verbose = bool(verbose_reporting)

    @classmethod
    def set_performance_thresholds(cls, thresholds: Mapping[str, float | None]) -> None:
        """Set limits for each test of this class: ``response_time_ms``, ``query_count_max``, ``memory_overhead_mb``,
        ``n_plus_one_threshold``."""
        cls.mercury_limits = {**cls.mercury_limits, **checked(thresholds, "set_performance_thresholds()")}

    def set_test_performance_thresholds(self, thresholds: Mapping[str, float | None]) -> None:
        """Set limits for this test; in ``setUp`` or in the test itself."""
        limits = checked(thresholds, "set_test_performance_thresholds()")
        self._own_limits = {**self._own_limits, **limits}

    @property
    def mercury_override_thresholds(self) -> Callable[[Mapping[str, float | None]], Any]:
        """Set limits for a block, which is measured by itself: ``with self.mercury_override_thresholds({…}):``."""

        @contextmanager
        def override(thresholds: Mapping[str, float | None]) -> Iterator[MonitorResult]:
            limits = checked(thresholds, "mercury_override_thresholds()")
            # From here on they are the block's.
            self._own_limits = {**self._own_limits, **dict.fromkeys(limits)}
            with Monitor("", limits, defaults=UNLIMITED) as result:
                yield result

        return override

    # --------------------------------------------------------------------------------------------- measuring
    def _callTestMethod(self, method: Callable[[], Any]) -> None:
        """Run the test's body, measured: unittest calls this once, between setUp and tearDown."""
        call = super()._callTestMethod  # type: ignore[misc]  # of the case beside this mixin
        written: Any = inspect.unwrap(getattr(type(self), self._testMethodName))  # Django wraps coroutines in objects
        if not self.mercury_enabled or getattr(written, "mercury_off", False):
            call(method)
            return
        name = f"{type(self).__qualname__}.{self._testMethodName}"
        monitor = Monitor(name, defaults=UNLIMITED, kind=UnitKind.TEST, raises=False)
        with monitor as result:
            call(method)
        self.mercury_result = result
        code = getattr(written, "__code__", None)
        if code is not None:
            result.test_location = f"{short_path(code.co_filename)}:{code.co_firstlineno}"
        result.test_name = monitor.name
        self._judge(result, getattr(written, "mercury_limits", {}))

    def _judge(self, result: MonitorResult, of_method: Mapping[str, float | None]) -> None:
        module = sys.modules.get(type(self).__module__)
        limits, _ = resolve({}, vars(module) if module else None, UNLIMITED)
        given = {**limits, **self.mercury_limits, **self._own_limits, **of_method}
        said = {*self.mercury_limits, *self._own_limits, *of_method}
        by_operation = {name for name in UNLIMITED if limits[name] is None and name not in said}
        given.setdefault("n_plus_one_threshold", None)
        if given["n_plus_one_threshold"] is None and "n_plus_one_threshold" in by_operation:
            given["n_plus_one_threshold"] = N_PLUS_ONE_DEFAULT
        result.thresholds = {name: given.get(name) for name in UNLIMITED}
        result.used_defaults = False
        result.check()
        result.failures += _over_operation(result, by_operation)
        if self.mercury_verbose:
            result.explain()
        if result.failures:
            fail(result, f"{result.test_name}: {result.failures[0]}")


def _over_operation(result: MonitorResult, names: set[str]) -> list[str]:
    """Return a sentence for each request of the test that is over the limits of its operation."""
    out = []
    for unit in result.below:
        if unit.kind != UnitKind.REQUEST or unit.more:
            continue
        below = [part for part in result.below if part.parent_id == unit.id]
        for finding in judge_locally(unit, below).findings:
            if finding.ignored:
                continue
            if finding.kind == "too_many_queries" and "query_count" in names:
                out.append(f"{unit.name}: {finding.count} queries are over the limit of its operation")
            elif finding.kind == "slow_response" and "response_time_ms" in names:
                out.append(f"{unit.name}: {finding.time_ns / 1e6:.0f} ms are over the limit of its operation")
    return out


def mercury(*, off: bool = False, **limits: float | None) -> Callable[[Any], Any]:
    """Set the limits of one test method: ``@mercury(query_count=3)``; ``off`` leaves it unmeasured."""
    try:
        own = checked(limits, "@mercury()")
    except ThresholdError as error:
        raise TypeError(str(error)) from None

    def mark(method: Any) -> Any:
        if not callable(method) or isinstance(method, type):
            raise TypeError("@mercury() decorates a test method")
        method.mercury_limits = own
        method.mercury_off = off
        return method

    return mark


class MercurySimpleTestCase(MercuryTestMixin, test.SimpleTestCase):
    """Django's SimpleTestCase, measured."""


class MercuryTestCase(MercuryTestMixin, test.TestCase):
    """Django's TestCase, measured."""


class MercuryTransactionTestCase(MercuryTestMixin, test.TransactionTestCase):
    """Django's TransactionTestCase, measured."""


class MercuryLiveServerTestCase(MercuryTestMixin, test.LiveServerTestCase):
    """Django's LiveServerTestCase, measured; the server's requests belong to the test that makes them."""


class DjangoPerformanceAPITestCase(PerformanceMixin, APITestCase):
    """The name of Django Mercury for a case with assertions and ways to measure."""


class DjangoMercuryAPITestCase(MercuryTestMixin, APITestCase):
    """The name of Django Mercury for a case that measures each of its tests."""
