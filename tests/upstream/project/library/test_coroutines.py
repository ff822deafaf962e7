"""Tests that are coroutines, and blocks that run beside each other.

Apart from the others: which of two tasks asks first is chance, and so is whether the line of its query is known.
"""

import asyncio
import unittest

from asgiref.sync import async_to_sync

from django_mercury import DjangoMercuryAPITestCase, mercury, monitor

from .models import Book


class AsyncCases(DjangoMercuryAPITestCase):
    """Coroutines as tests, which Django wraps."""

    async def test_a_coroutine_is_measured(self):
        await self.async_client.get("/books/async/")

    @mercury(query_count=0)
    async def over(self):
        await self.async_client.get("/books/async/")

    def test_its_own_limits_hold(self):
        case = type(self)("over")
        case.async_client = self.async_client
        case.over = async_to_sync(case.over)
        result = unittest.TestResult()
        case.run(result)
        self.assertIn("Query count 2 is over the limit of 0", result.failures[0][1])

    async def test_blocks_beside_each_other_count_their_own(self):
        async def work(count):
            async with monitor(response_time_ms=5000) as result:
                for _ in range(count):
                    await Book.objects.acount()
                    await asyncio.sleep(0)
            return result.query_count

        self.assertEqual(await asyncio.gather(work(1), work(3), work(2)), [1, 3, 2])

    async def test_one_monitor_in_two_tasks(self):
        both = monitor("both", response_time_ms=5000)

        async def work(count):
            async with both as result:
                for _ in range(count):
                    await Book.objects.acount()
                    await asyncio.sleep(0)
            return result.query_count

        self.assertEqual(await asyncio.gather(work(1), work(3)), [1, 3])
