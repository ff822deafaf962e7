"""Django Mercury's public names as its users wrote them: each assertion passes once and must fail once."""

# Written as users write: a nested "with", a mutable class attribute as Django has it.
# ruff: noqa: RUF012, SIM117

import asyncio
import io
import json
import os
import re
import tempfile
import threading
import time
import unittest

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.test import AsyncClient, Client, LiveServerTestCase, TestCase, TransactionTestCase, override_settings

import django_mercury
import mercury_client
from django_mercury import (
    DjangoMercuryAPITestCase,
    DjangoPerformanceAPITestCase,
    MonitorResult,
    monitor,
    monitor_django_model,
    monitor_django_view,
    monitor_serializer,
)

from .models import Author, Book, Note
from .rows import add_books

CONFIGURED_IN_MODULE = {"query_count": 1}


class WithRows(TestCase):
    databases = {"default", "other"}

    @classmethod
    def setUpTestData(cls):
        add_books(12)


class Monitor(WithRows):
    def test_within_the_limits(self):
        with monitor(response_time_ms=5000, query_count=1, n_plus_one_threshold=10) as result:
            response = self.client.get("/books/")
        self.assertEqual(response.status_code, 200)
        self.assertIsInstance(result, MonitorResult)
        self.assertEqual(result.query_count, 1)
        self.assertEqual(len(result.queries), 1)
        self.assertIn("library_book", result.queries[0]["sql"])
        self.assertGreater(result.response_time_ms, 0)
        self.assertEqual(result.n_plus_one_patterns, [])
        self.assertEqual(result.failures, [])
        self.assertEqual(result.warnings, [])
        self.assertFalse(result.used_defaults)
        self.assertEqual(
            {name: result.thresholds[name] for name in ("response_time_ms", "query_count", "n_plus_one_threshold")},
            {"response_time_ms": 5000, "query_count": 1, "n_plus_one_threshold": 10},
        )
        self.assertEqual(result.test_name, "Monitor.test_within_the_limits")
        self.assertRegex(result.test_location, r"test_public_names\.py:\d+$")

    def test_too_many_queries_fail_with_the_report(self):
        with self.assertRaises(AssertionError) as caught, monitor(query_count=4, n_plus_one_threshold=100) as result:
            self.client.get("/books/loop/")
        message = str(caught.exception)
        self.assertIn("MERCURY PERFORMANCE REPORT", message)
        self.assertIn("Query count 13 is over the limit of 4 (+9)", message)
        self.assertEqual(result.failures, ["Query count 13 is over the limit of 4 (+9)"])

    def test_an_n_plus_one_fails_with_its_place_and_fix(self):
        with self.assertRaises(AssertionError) as caught, monitor(query_count=100, response_time_ms=5000) as result:
            self.client.get("/books/loop/")
        message = str(caught.exception)
        self.assertRegex(
            message, r"N\+1 queries: 12 calls, [\d.]+ ms at library/views\.py:\d+ \(library\.Book\.author\)"
        )
        self.assertIn('.select_related("author")', message)
        (pattern,) = result.n_plus_one_patterns
        self.assertEqual(pattern.count, 12)
        self.assertRegex(pattern.normalized_query, r'"library_author"\."id" = \?')
        self.assertEqual(len(pattern.sample_queries), 3)

    def test_a_slow_block_fails(self):
        with self.assertRaisesRegex(AssertionError, r"Response time \d+\.\d\d ms is over the limit of 50 \(\+"):
            with monitor(response_time_ms=50):
                time.sleep(0.06)

    def test_the_limit_itself_passes(self):
        with monitor(query_count=2, response_time_ms=5000):
            Book.objects.count(), Author.objects.count()

    def test_the_defaults(self):
        with monitor() as result:
            pass
        self.assertTrue(result.used_defaults)
        self.assertEqual(
            [result.thresholds[name] for name in ("response_time_ms", "query_count", "n_plus_one_threshold")],
            [100, 10, 10],
        )

    def test_a_module_wins_over_settings_and_inline_over_both(self):
        with override_settings(MERCURY_PERFORMANCE_THRESHOLDS={"query_count": 7, "response_time_ms": 6000}):
            with monitor(n_plus_one_threshold=99) as of_settings:
                pass
            globals()["MERCURY_PERFORMANCE_THRESHOLDS"] = CONFIGURED_IN_MODULE
            try:
                with monitor() as of_module:
                    pass
                with monitor(query_count=3) as inline:
                    pass
            finally:
                del globals()["MERCURY_PERFORMANCE_THRESHOLDS"]
        self.assertEqual((of_settings.thresholds["query_count"], of_settings.thresholds["response_time_ms"]), (7, 6000))
        self.assertEqual((of_module.thresholds["query_count"], of_module.thresholds["response_time_ms"]), (1, 6000))
        self.assertEqual(inline.thresholds["query_count"], 3)

    def test_unknown_keywords_are_refused(self):
        with self.assertRaisesRegex(TypeError, "'query_cuont'; did you mean 'query_count'"):
            monitor(query_cuont=3)
        with self.assertRaisesRegex(ValueError, "query_count = -1, it must be a number of at least 0"):
            monitor(query_count=-1)
        with override_settings(MERCURY_PERFORMANCE_THRESHOLDS={"queries": 3}):
            with self.assertRaisesRegex(ValueError, "settings.MERCURY_PERFORMANCE_THRESHOLDS has the name 'queries'"):
                with monitor():
                    pass

    def test_an_exception_keeps_the_metrics(self):
        with self.assertRaisesRegex(KeyError, "mine"), monitor(query_count=0) as result:
            Book.objects.count()
            raise KeyError("mine")
        self.assertEqual(result.query_count, 1)
        self.assertIsInstance(result.exception, KeyError)
        self.assertEqual(result.failures, ["Query count 1 is over the limit of 0 (+1)"])

    def test_every_block_of_a_process_counts(self):
        counts = []
        for number in range(3):
            with monitor(response_time_ms=5000) as result:
                for _ in range(number):
                    Book.objects.count()
            counts.append(result.query_count)
        self.assertEqual(counts, [0, 1, 2])

    def test_another_alias_counts(self):
        with monitor(response_time_ms=5000) as result:
            Note.objects.count()
            Book.objects.count()
        self.assertEqual([query["alias"] for query in result.queries], ["other", "default"])

    def test_blocks_nest(self):
        with monitor(response_time_ms=5000) as outer:
            Book.objects.count()
            with monitor(response_time_ms=5000) as inner:
                self.client.get("/books/")
        self.assertEqual((outer.query_count, inner.query_count), (2, 1))

    def test_more_than_nine_thousand_queries_are_counted(self):
        with monitor(query_count=20_000, response_time_ms=None, n_plus_one_threshold=None) as result:
            with connection.cursor() as cursor:
                for number in range(10_500):
                    cursor.execute("SELECT %s", [number])
        self.assertEqual(result.query_count, 10_500)

    def test_quotes_and_floats_are_normalised(self):
        with monitor(response_time_ms=5000, n_plus_one_threshold=100) as result, connection.cursor() as cursor:
            for text in ("''", "'it''s'", "'x'"):
                cursor.execute(f"SELECT title FROM library_book WHERE title = {text} AND id > 1.5")
        (pattern,) = result.n_plus_one_patterns
        self.assertEqual(pattern.count, 3)
        self.assertEqual(pattern.normalized_query, "SELECT title FROM library_book WHERE title = ? AND id > ?")

    def test_two_tables_stay_two(self):
        with monitor(response_time_ms=5000, query_count=20, n_plus_one_threshold=6) as result:
            for _ in range(5):
                list(Book.objects.filter(title="x"))
                list(Author.objects.filter(name="x"))
        self.assertEqual(result.failures, [])

    def test_inserts_in_a_loop_are_no_n_plus_one(self):
        with monitor(response_time_ms=5000, query_count=50, n_plus_one_threshold=10) as result:
            for number in range(20):
                Author.objects.create(name=str(number))
        self.assertEqual(result.n_plus_one_patterns, [])
        self.assertEqual([finding.kind for finding in result.findings], ["write_loop"])

    def test_explain_to_dict_str_and_html(self):
        with monitor(response_time_ms=5000, n_plus_one_threshold=100, query_count=20) as result:
            self.client.get("/books/loop/")
        out = io.StringIO()
        result.explain(file=out)
        self.assertIn("Query count", out.getvalue())
        self.assertNotIn("\x1b", out.getvalue())
        self.assertIn("13 queries", str(result))
        self.assertEqual(json.loads(json.dumps(result.to_dict()))["query_count"], 13)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "block.html")
            result.to_html(path)
            with open(path, encoding="utf-8") as file:
                page = file.read()
        self.assertIn("library_author", page)
        self.assertRegex(page, r"(?i)^<!doctype html>")

    def test_as_a_decorator(self):
        runs = []

        @monitor(query_count=1, response_time_ms=5000)
        def fine():
            runs.append("fine")
            return Book.objects.count()

        @monitor(query_count=0)
        def over():
            runs.append("over")
            return Book.objects.count()

        self.assertEqual(fine(), 12)
        with self.assertRaisesRegex(AssertionError, "Query count 1 is over the limit of 0"):
            over()
        self.assertEqual(runs, ["fine", "over"])

    def test_decorates_coroutines(self):
        @monitor(query_count=0, response_time_ms=5000)
        async def over():
            await asyncio.sleep(0)
            return await Book.objects.acount()

        with self.assertRaisesRegex(AssertionError, "Query count 1 is over the limit of 0"):
            async_to_sync(over)()


class Threads(TransactionTestCase):
    databases = {"default", "other"}

    def test_a_thread_counts(self):
        def work():
            try:
                Book.objects.count()
                Note.objects.count()
            finally:
                connections.close_all()

        with monitor(response_time_ms=5000) as result:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        self.assertEqual(result.query_count, 2)

    async def test_async_with_counts(self):
        async with monitor(response_time_ms=5000) as result:
            await Book.objects.acount()
            response = await AsyncClient().get("/books/async/")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(result.query_count, 3)

    async def test_async_with_fails(self):
        with self.assertRaisesRegex(AssertionError, "Query count 1 is over the limit of 0"):
            async with monitor(query_count=0, response_time_ms=5000):
                await Book.objects.acount()


class Assertions(DjangoPerformanceAPITestCase):
    @classmethod
    def setUpTestData(cls):
        add_books(12)

    def fails(self, pattern):
        return self.assertRaisesRegex(AssertionError, pattern)

    def measured(self, url="/books/"):
        with monitor_django_view("books") as measured:
            self.client.get(url)
        return measured

    def test_assertPerformance(self):
        fine = self.measured()
        self.assertPerformance(fine, max_response_time=5000, max_memory_mb=500, max_queries=1)
        with self.fails(r"1 queries > 0"):
            self.assertPerformance(fine, max_queries=0)
        with self.fails(r"response time [\d.]+ ms > 0 ms"):
            self.assertPerformance(fine, max_response_time=0)
        with self.fails(r"memory [\d.]+ MB > 0.001 MB"):
            self.assertPerformance(self.heavy(), max_memory_mb=0.001)
        with self.fails(r"no cache was asked"):
            self.assertPerformance(fine, min_cache_hit_ratio=0.5)

    def heavy(self):
        with monitor_django_view("heavy") as measured:
            self.kept = bytearray(b"x") * 60_000_000
        return measured

    def test_assertResponseTimeLess(self):
        fine = self.measured()
        self.assertResponseTimeLess(fine, 5000)
        with self.fails(r"Response time [\d.]+ ms is not less than"):
            self.assertResponseTimeLess(fine, fine.response_time_ms)

    def test_assertMemoryLess(self):
        heavy = self.heavy()
        self.assertGreater(heavy.memory_mb, 40)
        self.assertMemoryLess(heavy, 200)
        with self.fails(r"Memory [\d.]+ MB is not less than 20 MB"):
            self.assertMemoryLess(heavy, 20)

    def test_assertQueriesLess(self):
        fine = self.measured()
        self.assertQueriesLess(fine, 2)
        with self.fails("1 queries are not less than 1"):
            self.assertQueriesLess(fine, 1)

    def test_assertPerformanceFast(self):
        with monitor_django_model("nothing") as fine:
            pass
        self.assertPerformanceFast(fine)
        with self.fails(r"Not fast: \d+\.\d\d ms, less than 100 ms is"):
            self.assertPerformanceFast(self.measured("/books/slow/"))

    def test_assertPerformanceNotSlow(self):
        self.assertPerformanceNotSlow(self.measured())
        with self.fails(r"Slow: \d+\.\d\d ms, over 500 ms"):
            self.assertPerformanceNotSlow(self.measured("/books/slow/"))

    def test_assertMemoryEfficient(self):
        self.assertMemoryEfficient(self.measured())
        with self.fails(r"Memory [\d.]+ MB, over 20 MB"):
            self.assertMemoryEfficient(self.heavy())

    def test_assertNoNPlusOne(self):
        self.assertNoNPlusOne(self.measured())
        with self.fails(r"N\+1 queries: 1 group, the largest with 12 calls"):
            self.assertNoNPlusOne(self.measured("/books/loop/"))

    def test_assertGoodCachePerformance(self):
        cache.clear()
        cached = self.measured("/cached/")
        self.assertAlmostEqual(cached.cache_hit_ratio, 0.9)
        self.assertGoodCachePerformance(cached)
        with self.fails("Cache hit ratio 90% is under 95%"):
            self.assertGoodCachePerformance(cached, 0.95)
        with self.fails("No cache was asked"):
            self.assertGoodCachePerformance(self.measured())

    def test_cache_numbers_are_no_constants(self):
        cache.clear()
        with monitor_django_view("misses") as misses:
            cache.get("a"), cache.get("b"), cache.get("c")
        self.assertEqual((misses.cache_hits, misses.cache_misses), (0, 3))

    def test_monitor_serializer(self):
        with monitor_serializer("books") as measured:
            [{"title": book.title} for book in Book.objects.all()]
        self.assertEqual((measured.query_count, measured.operation_name), (1, "books"))
        with self.fails("Query count 1 is over the limit of 0"):
            with monitor_serializer("books").expect_queries_under(0):
                list(Book.objects.all())

    def test_measure_django_view(self):
        self.assertEqual(self.measure_django_view("/books/").query_count, 1)
        self.assertEqual(self.measure_django_view("/echo/", "POST", {"text": "x"}, operation_name="echo").name, "echo")
        with self.assertRaisesRegex(ValueError, "method is 'FETCH', it must be GET"):
            self.measure_django_view("/books/", "FETCH")

    def test_run_comprehensive_analysis(self):
        result = self.run_comprehensive_analysis(
            "books", lambda: self.client.get("/books/"), operation_type="list_view", expect_response_under=5000,
            expect_queries_under=2, print_analysis=False,
        )  # fmt: skip
        self.assertEqual(result.query_count, 1)
        runs = []

        def loop():
            runs.append(1)
            self.client.get("/books/loop/")

        with self.fails(r"N\+1 queries: 1 with 12 calls and more"):
            self.run_comprehensive_analysis("loop", loop, print_analysis=False)
        with self.fails("Query count 13 is over the limit of 5"):
            self.run_comprehensive_analysis("loop", loop, expect_queries_under=5, print_analysis=False)
        self.assertEqual(len(runs), 2)

    def test_excellent_and_ready(self):
        with monitor_django_view("fine") as fine:
            Book.objects.count()
        case = DjangoMercuryAPITestCase()
        case.assert_mercury_performance_excellent(fine)
        case.assert_mercury_performance_production_ready(fine)
        loop = self.measured("/books/loop/")
        with self.fails("Not excellent: .*1 N\\+1"):
            case.assert_mercury_performance_excellent(loop)
        slow = self.measured("/books/slow/")
        with self.fails(r"Not ready for production: .*less than 300 ms is wanted"):
            case.assert_mercury_performance_production_ready(slow)

    def test_wrong_arguments_are_told(self):
        with self.assertRaisesRegex(TypeError, "takes what monitor\\(\\) gave, not int"):
            self.assertQueriesLess(3, 1)


def run_case(body, **names):
    """Run a test of DjangoMercuryAPITestCase by itself; return its result."""

    class Case(DjangoMercuryAPITestCase):
        test_it = body

        def setUp(self):  # run() leaves out what Django does around a test: the outer test has the database
            self.client = Client()

    for name, value in names.items():
        setattr(Case, name, value)
    result = unittest.TestResult()
    Case("test_it").run(result)
    return result


class MeasuredCases(WithRows):
    def test_a_good_test_passes(self):
        result = run_case(lambda case: case.client.get("/books/"))
        self.assertEqual((result.testsRun, result.failures, result.errors), (1, [], []))

    def test_an_n_plus_one_fails_the_test_once(self):
        runs = []

        def body(case):
            runs.append(1)
            case.client.get("/books/loop/")

        result = run_case(body)
        self.assertEqual(len(result.failures), 1)
        self.assertRegex(result.failures[0][1], r"N\+1 queries: 12 calls")
        self.assertEqual(len(runs), 1)

    def test_a_failing_body_runs_once_and_keeps_its_failure(self):
        runs = []

        def body(case):
            runs.append(1)
            case.assertEqual(1, 2)

        result = run_case(body)
        self.assertEqual(len(runs), 1)
        self.assertIn("1 != 2", result.failures[0][1])

    def test_limits_of_a_class(self):
        def body(case):
            case.client.get("/books/")
            case.client.get("/books/")

        case = type("Limits", (DjangoMercuryAPITestCase,), {})
        case.set_performance_thresholds({"query_count_max": 1, "response_time_ms": 5000, "memory_overhead_mb": 500})
        result = run_case(body, mercury_limits=case.mercury_limits)
        self.assertIn("Query count 2 is over the limit of 1", result.failures[0][1])
        case.set_performance_thresholds({"query_count_max": 2})
        self.assertEqual(run_case(body, mercury_limits=case.mercury_limits).failures, [])
        with self.assertRaisesRegex(ValueError, "set_performance_thresholds\\(\\) has the name 'querys'"):
            case.set_performance_thresholds({"querys": 1})

    def test_limits_of_a_test(self):
        def body(case):
            case.set_test_performance_thresholds({"n_plus_one_threshold": 20, "query_count_max": 20})
            case.client.get("/books/loop/")

        self.assertEqual(run_case(body).failures, [])

    def test_limits_of_a_block(self):
        def body(case):
            with case.mercury_override_thresholds({"query_count_max": 0}):
                case.client.get("/books/")

        self.assertIn("Query count 1 is over the limit of 0", run_case(body).failures[0][1])

    def test_the_operation_has_limits(self):
        def body(case):
            for _ in range(1):
                case.client.get("/books/slow/")

        self.assertRegex(run_case(body).failures[0][1], r"\d+ ms are over the limit of its operation")

    def test_configure_mercury(self):
        case = type("Off", (DjangoMercuryAPITestCase,), {})
        case.configure_mercury(enabled=False, auto_scoring=True, educational_guidance=False)
        body = lambda case: case.client.get("/books/loop/")  # noqa: E731 (a body)
        self.assertEqual(run_case(body, mercury_enabled=case.mercury_enabled).failures, [])
        case.configure_mercury()
        self.assertEqual(len(run_case(body, mercury_enabled=case.mercury_enabled).failures), 1)


class SwitchedOff(TestCase):
    def test_a_block_counts_although_measuring_is_switched_off_meanwhile(self):
        with self.assertRaisesRegex(AssertionError, "Query count 3 is over the limit of 1"):
            with monitor(query_count=1, response_time_ms=5000):
                Book.objects.count()
                mercury_client.disable()
                Book.objects.count(), Author.objects.count()
        mercury_client.enable()

    def test_a_status_may_be_an_enumeration(self):
        self.assertEqual(self.client.get("/teapot/").status_code, 418)


class LiveServer(LiveServerTestCase):
    def test_requests_of_the_servers_thread_count(self):
        from urllib.request import urlopen

        add_books(3)
        with monitor(response_time_ms=5000) as result:
            with urlopen(self.live_server_url + "/books/loop/") as response:
                response.read()
        self.assertEqual(result.query_count, 4)


class Names(unittest.TestCase):
    def test_all_public_names_are_there(self):
        functions = "monitor monitor_django_view monitor_django_model monitor_serializer"
        for name in f"{functions} MonitorResult DjangoMercuryAPITestCase DjangoPerformanceAPITestCase".split():
            self.assertIn(name, dir(django_mercury))
            self.assertIsNotNone(getattr(django_mercury, name))

    def test_the_base_follows_what_is_installed(self):
        names = [base.__module__ for base in DjangoMercuryAPITestCase.__mro__]
        has_drf = "rest_framework" in settings.INSTALLED_APPS
        self.assertEqual(any(re.match("rest_framework", name) for name in names), has_drf)
