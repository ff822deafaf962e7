"""A query belongs to the innermost unit of its context, whatever runs beside it.

Nothing of ours reaches the site.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

import mercury_client
from mercury_client import faults, process, recorder
from mercury_client.protocol import DropReason, UnitKind
from mercury_client.recorder import OPEN_UNITS_MAX, OUTSIDE_RECORDS_MAX
from mercury_client.unit import Unit

from .conftest import MakeClient


def query(sql: str = "SELECT 1") -> None:
    """Do what a hook does."""
    unit = mercury_client.innermost()
    if unit is not None:
        unit.record(sql, "default", "sqlite", 1000, 10)


def texts(unit: Unit) -> list[str]:
    return [record[0].text for record in unit.records]


def test_a_query_belongs_to_the_innermost_unit(make_client: MakeClient) -> None:
    """Inside, after and between nested blocks."""
    make_client()
    with mercury_client.unit("outer") as outer:
        query("a")
        with mercury_client.unit("inner", kind=UnitKind.TASK) as inner:
            query("b")
        query("c")
    assert (texts(outer), texts(inner)) == (["a", "c"], ["b"])
    assert (inner.parent_id, inner.kind, outer.descendant_queries) == (outer.id, UnitKind.TASK, 1)
    assert mercury_client.current.get() is None


def test_begin_sets_nothing_and_finish_counts_once(make_client: MakeClient) -> None:
    """``begin`` leaves the current unit alone; a second ``finish`` changes nothing."""
    client = make_client()
    unit = mercury_client.begin(UnitKind.REQUEST, "/")
    assert mercury_client.current.get() is None
    mercury_client.finish(unit, status=404, name="(unmatched)", exception=KeyError("secret"))
    mercury_client.finish(unit, status=200)
    assert (unit.status, unit.name) == (404, "(unmatched)")
    assert (unit.failed, unit.exception) == (True, "KeyError")
    assert client.buffer.counters().created == 1


@pytest.mark.parametrize(
    ("error", "failed"), [(ValueError(), True), (SystemExit(0), False), (SystemExit(3), True), (None, False)]
)
def test_an_exception_that_leaves_a_block_marks_it_failed(
    make_client: MakeClient, error: BaseException | None, failed: bool
) -> None:
    """The exception goes on untouched; a normal exit is no failure."""
    make_client()
    try:
        with mercury_client.unit("block") as unit:
            if error is not None:
                raise error
    except BaseException as caught:
        assert caught is error
    assert (unit.failed, unit.exception) == (failed, type(error).__name__ if failed else "")


def test_tasks_of_asyncio_keep_their_units_apart(make_client: MakeClient) -> None:
    """``gather`` interleaves two requests; each query stays with its own."""
    make_client()

    async def request(name: str) -> Unit:
        with mercury_client.unit(name) as unit:
            for _ in range(20):
                query(name)
                await asyncio.sleep(0)
                await asyncio.to_thread(query, name)
        return unit

    async def both() -> list[Unit]:
        return await asyncio.gather(request("a"), request("b"))

    first, second = asyncio.run(both())
    assert (texts(first), texts(second)) == (["a"] * 40, ["b"] * 40)


def test_plain_threads_record_outside_and_propagated_ones_inside(make_client: MakeClient) -> None:
    """A thread has no unit by itself.

    ``propagate`` gives it the one that was current, many threads at once.
    """
    client = make_client(quiet=True)
    with mercury_client.unit("block") as unit:
        thread = threading.Thread(target=query, args=("outside",))
        thread.start()
        thread.join()
        inside = mercury_client.propagate(query)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(inside, ["inside"] * 100))
    assert texts(unit) == ["inside"] * 100
    assert texts(client.recorder.outside) == ["outside"]


def test_threads_in_one_unit_lose_nothing_when_it_folds(make_client: MakeClient) -> None:
    """Four threads, 40,000 queries, a unit that keeps 10,000 records: the totals are exact."""
    make_client()
    with mercury_client.unit("block") as unit:
        run = mercury_client.propagate(lambda: [query(f"SELECT {n % 7}") for n in range(10_000)])
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert unit.queries == 40_000


def test_queries_after_a_units_end_go_outside(make_client: MakeClient) -> None:
    """A background task that inherited the context of a request does not change what was counted."""
    client = make_client(quiet=True)
    with mercury_client.unit("request") as unit:
        query("in time")
        late = mercury_client.propagate(query)
    late("late")
    late("later")
    assert (texts(unit), unit.queries, unit.count) == (["in time"], 1, 1)
    assert texts(client.recorder.outside) == ["late", "later"]


@pytest.mark.parametrize(("queries", "sealed"), [(OUTSIDE_RECORDS_MAX, 0), (OUTSIDE_RECORDS_MAX + 1, 1)])
def test_the_outside_unit_is_handed_over_when_it_is_full(make_client: MakeClient, queries: int, sealed: int) -> None:
    """At its limit it is still open, one more starts the next one."""
    client = make_client(quiet=True)
    for _ in range(queries):
        query()
    assert client.buffer.counters().created == sealed
    assert client.buffer.counters().queries == sealed * OUTSIDE_RECORDS_MAX
    assert len(client.recorder.outside.records) == queries - sealed * OUTSIDE_RECORDS_MAX


def test_disable_stops_at_once_and_counts_what_it_drops(make_client: MakeClient) -> None:
    """Hooks see no unit, open units are forgotten, buffered ones are dropped as disabled.

    Enable starts afresh.
    """
    client = make_client()
    for _ in range(3):
        with mercury_client.unit("done"):
            query()
    with mercury_client.unit("open"):
        query()
        mercury_client.disable()
        assert mercury_client.innermost() is None
        assert not mercury_client.enabled()
        query()
    with mercury_client.unit("while disabled") as unit:
        unit.record("SELECT 1", "default", "sqlite", 1000, 10)
    assert unit.records == []
    assert client.buffer.counters().dropped == {DropReason.DISABLED: 3}
    assert (mercury_client.stats()["created"], mercury_client.stats()["buffered"]) == (3, 0)
    mercury_client.enable()
    with mercury_client.unit("again"):
        query()
    assert client.buffer.counters().created == 4


def test_units_that_are_never_finished_are_bounded(make_client: MakeClient) -> None:
    """At the limit a unit is measured, the next one is not, and does no harm."""
    client = make_client(quiet=True)
    units = [mercury_client.begin() for _ in range(OPEN_UNITS_MAX + 1)]
    assert [unit.closed for unit in units[-2:]] == [False, True]
    for unit in units:
        mercury_client.finish(unit)
    assert client.buffer.counters().created == OPEN_UNITS_MAX


def test_our_own_defects_are_counted_and_logged_once(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever breaks inside begin, record or finish, the application sees nothing of it."""
    client = make_client()
    caplog.set_level(logging.WARNING, "mercury_client")

    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    unit = mercury_client.begin()
    monkeypatch.setattr(client.recorder, "close", broken)
    mercury_client.finish(unit)
    unit.room, unit.overflow = 0, broken
    unit.record("SELECT 1", "default", "sqlite", 1, 1)
    monkeypatch.setattr(client.recorder, "open", broken)
    with mercury_client.unit("block") as unmeasured:
        query()
    assert unmeasured.closed
    assert mercury_client.stats()["internal_errors"] == 3
    assert [entry.name for entry in caplog.records] == ["mercury_client"]


def test_everything_that_is_public_exists() -> None:
    """``__all__`` is sorted, complete and true."""
    assert mercury_client.__all__ == sorted(mercury_client.__all__)
    for name in mercury_client.__all__:
        assert getattr(mercury_client, name) is not None
    assert set(recorder.__all__) & {"begin", "finish", "unit"} <= set(mercury_client.__all__)
    assert set(process.__all__) - {"Client"} <= set(mercury_client.__all__)


def test_the_full_outside_unit_is_replaced_before_it_is_sealed(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that records while another seals finds the new one, and does not turn in a circle."""
    client = make_client(quiet=True)
    for _ in range(OUTSIDE_RECORDS_MAX):
        query()
    seal = Unit.seal
    old = client.recorder.outside

    def seal_and_record(unit: Unit, end_ns: int) -> bool:
        sealed = seal(unit, end_ns)
        old.record("SELECT 'meanwhile'", "default", "sqlite", 1000, 10)
        return sealed

    monkeypatch.setattr(Unit, "seal", seal_and_record)
    query("the one too many")
    assert texts(client.recorder.outside) == ["SELECT 'meanwhile'", "the one too many"]
    assert mercury_client.stats()["internal_errors"] == 0


def test_threads_outside_of_units_lose_nothing(make_client: MakeClient) -> None:
    """Four threads fill outside units while they are handed over by size and by the flusher's call."""
    client = make_client(quiet=True)
    stop = threading.Event()

    def seal() -> None:
        while not stop.is_set():
            client.recorder.seal_outside()

    threads = [threading.Thread(target=lambda: [query() for _ in range(5_000)]) for _ in range(4)]
    sealer = threading.Thread(target=seal)
    for thread in (*threads, sealer):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    sealer.join()
    client.recorder.seal_outside()
    assert mercury_client.stats()["internal_errors"] == 0
    # Between the look for room and the append a unit may be sealed: a record at most for each handover.
    counters = client.buffer.counters()
    assert 20_000 - counters.created <= counters.queries <= 20_000


def test_cache_operations_alone_make_an_outside_unit(make_client: MakeClient) -> None:
    """They are handed over though no query was made."""
    client = make_client(quiet=True)
    outside = client.recorder.outside
    outside.count_cache("default", hits=1)
    client.recorder.seal_outside()
    assert client.buffer.take(1) is outside
    assert outside.caches == {"default": [1, 0, 0, 0]} and outside.duration_ns == 0
    client.recorder.seal_outside()
    assert client.buffer.counters().created == 1


def test_the_innermost_unit_is_an_open_one(make_client: MakeClient) -> None:
    """What a background task does after its request's end is counted outside."""
    client = make_client(quiet=True)
    with mercury_client.unit("request"):
        late = mercury_client.propagate(mercury_client.innermost)
    assert late() is client.recorder.outside


def test_units_that_are_refused_are_counted_and_told_once(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At the limit none is, beyond it each."""
    make_client(quiet=True)
    monkeypatch.setattr(recorder, "OPEN_UNITS_MAX", 2)
    units = [mercury_client.begin() for _ in range(2)]
    assert mercury_client.stats()["refused"] == 0
    units += [mercury_client.begin() for _ in range(3)]
    assert mercury_client.stats()["refused"] == 3
    assert [entry.getMessage() for entry in caplog.records] == [
        "2 units are open, more are not measured until some of them end"
    ]
    for unit in units:
        mercury_client.finish(unit)


def test_a_token_of_another_context_is_no_error_of_ours(make_client: MakeClient) -> None:
    """A generator may be closed in another context than it ran in; a token may be used twice."""
    make_client(quiet=True)
    token = mercury_client.activate(mercury_client.begin())
    copy_context().run(mercury_client.deactivate, token)
    mercury_client.deactivate(token)
    mercury_client.deactivate(token)
    assert mercury_client.stats()["internal_errors"] == 0


def test_a_listener_sees_each_unit_once_and_its_faults_are_ours(make_client: MakeClient) -> None:
    make_client()
    seen: list[Unit] = []
    listener = seen.append

    def broken(unit: Unit) -> None:
        raise RuntimeError("no")

    before = faults.total()
    recorder.add_listener(broken)
    recorder.add_listener(listener)
    recorder.add_listener(listener)
    try:
        with recorder.unit("a"), recorder.unit("b"):
            pass
    finally:
        recorder.remove_listener(broken)
        recorder.remove_listener(listener)
    with recorder.unit("c"):
        pass
    assert [unit.name for unit in seen] == ["b", "a"]
    assert faults.total() == before + 2
