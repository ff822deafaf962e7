"""While a test measures, what no unit claims belongs to its unit; and it measures where measuring is off."""

from __future__ import annotations

import threading
from collections.abc import Callable

import mercury_client
from mercury_client import recorder
from mercury_client.unit import Unit

from .conftest import MakeClient


def query(sql: str) -> None:
    unit = mercury_client.innermost()
    if unit is not None:
        unit.record(sql, "default", "sqlite", 1000, 10)


def in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def texts(unit: Unit) -> list[str]:
    return [record[0].text for record in unit.records]


def test_threads_of_a_block_belong_to_it_and_others_do_not(make_client: MakeClient) -> None:
    """The last unit that adopts takes in; after it the one before."""
    make_client()
    with mercury_client.unit("outer") as outer:
        recorder.adopt(outer)
        in_thread(lambda: query("a"))
        with mercury_client.unit("inner") as inner:
            recorder.adopt(inner)
            in_thread(lambda: query("b"))
            recorder.release(inner)
        in_thread(lambda: query("c"))
        recorder.release(outer)
        in_thread(lambda: query("d"))
    assert (texts(outer), texts(inner)) == (["a", "c"], ["b"])


def test_a_unit_of_a_thread_is_below_the_one_that_adopts(make_client: MakeClient) -> None:
    """As a live server's requests are."""
    make_client()
    made: list[Unit] = []

    def request() -> None:
        with mercury_client.unit("request") as unit:
            made.append(unit)
            query("a")

    with mercury_client.unit("test") as test:
        recorder.adopt(test)
        in_thread(request)
        recorder.release(test)
    assert made[0].parent_id == test.id
    assert test.descendant_queries == 1


def test_a_closed_unit_adopts_nothing(make_client: MakeClient) -> None:
    """Also when nobody released it."""
    client = make_client()
    with mercury_client.unit("test") as test:
        recorder.adopt(test)
    query("late")
    assert test.queries == 0
    assert client.recorder.has_outside
    recorder.release(test)


def test_where_measuring_is_off_a_block_is_measured_and_nothing_is_buffered(make_client: MakeClient) -> None:
    """Listeners see it, the buffer does not, and afterwards it is off again."""
    client = make_client(mode="off")
    seen: list[Unit] = []
    listener = seen.append
    recorder.add_listener(listener)
    try:
        with mercury_client.unit("unmeasured"):
            query("a")
        recorder.record_locally(True)
        recorder.record_locally(True)
        with mercury_client.unit("measured") as unit:
            query("b")
        recorder.record_locally(False)
        assert mercury_client.enabled()
        recorder.record_locally(False)
        assert not mercury_client.enabled()
    finally:
        recorder.remove_listener(listener)
    assert [one.name for one in seen] == ["measured"]
    assert texts(unit) == ["b"]
    assert client.buffer.counters().created == 0


def test_where_measuring_is_on_nothing_changes(make_client: MakeClient) -> None:
    """The unit is sent as ever."""
    client = make_client()
    recorder.record_locally(True)
    with mercury_client.unit("measured"):
        query("a")
    recorder.record_locally(False)
    assert mercury_client.enabled()
    assert client.buffer.counters().created == 1
