"""Forks: every unit arrives exactly once, from the process that it was measured in, and nobody waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from mercury_client.protocol import FrameType, UnitKind
from support.fake_daemon import FakeDaemon
from support.scenario import run_scenario


def counts(daemon: FakeDaemon) -> list[int]:
    """Return how many units arrived of each incarnation, the most first."""
    return sorted((len(units) for units in daemon.units.values()), reverse=True)


def names(daemon: FakeDaemon) -> list[str]:
    return sorted(seen.name for seen in daemon.all_units())


@pytest.mark.parametrize("flags", [(), ("-W", "error")], ids=["as usual", "warnings are errors"])
def test_units_queued_before_forks_arrive_once(daemon: FakeDaemon, tmp_path: Path, flags: tuple[str, ...]) -> None:
    """A hundred in the parent, one in each of four children, one more in the parent: 105, by incarnation."""
    run_scenario(
        """
        for _ in range(100):
            work("before")
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                work("child")
                sys.exit(0)
            children.append(child)
        work("after")
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
        """,
        daemon.address,
        tmp_path,
        flags=flags,
    )
    assert len(daemon.wait_for_units(105)) == 105
    assert counts(daemon) == [101, 1, 1, 1, 1]
    assert daemon.duplicates == 0


def test_a_fork_inside_a_unit_leaves_it_to_the_parent(daemon: FakeDaemon, tmp_path: Path) -> None:
    """The child's queries are not the parent's unit's; the block that both leave is counted once."""
    run_scenario(
        """
        def query(text):
            mercury_client.innermost().record(text, "default", "sqlite", time.perf_counter_ns(), 1000)

        with mercury_client.unit("outer"):
            with mercury_client.unit("inner"):
                query("before")
                child = os.fork()
                query("child" if child == 0 else "parent")
                if child == 0:
                    work("of the child")
        query("child later" if child == 0 else "parent later")
        if child:
            assert os.waitpid(child, 0)[1] == 0
        """,
        daemon.address,
        tmp_path,
    )
    daemon.wait_for(
        lambda: len(daemon.connections) == 2 and all(one.types[-1:] == [FrameType.BYE] for one in daemon.connections),
        "both processes end",
    )
    outside = {
        who: sorted(
            text for one in units.values() if one.unit.header.kind == UnitKind.OUTSIDE for text in one.statements
        )
        for who, units in daemon.units.items()
    }
    assert sorted(outside.values()) == [["child", "child later"], ["parent later"]]
    (inner,) = [one for one in daemon.all_units() if one.name == "inner"]
    assert inner.statements == ["before", "parent"]
    assert names(daemon).count("inner") == names(daemon).count("outer") == 1
    (of_child,) = [one for one in daemon.all_units() if one.name == "of the child"]
    assert of_child.unit.header.parent_id == 0


def test_forks_among_busy_threads_lose_and_hang_nothing(daemon: FakeDaemon, tmp_path: Path) -> None:
    """Other threads may hold any of our locks at the moment of the fork; the child does not wait for them."""
    output = run_scenario(
        """
        import threading, warnings
        warnings.simplefilter("ignore")
        stop = threading.Event()

        def busy():
            while not stop.wait(0.0005):
                work("busy", 3)

        threads = [threading.Thread(target=busy) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            child = os.fork()
            if child == 0:
                work("child")
                os._exit(0 if mercury_client.flush(5) else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
        mercury_client.flush(5)
        stats = mercury_client.stats()
        print(stats["created"] - sum(stats["dropped"].values()))
        """,
        daemon.address,
        tmp_path,
    )
    assert counts(daemon)[1:] == [1] * 20
    assert counts(daemon)[0] >= int(output) > 20


def test_a_stopped_daemon_does_not_delay_a_fork(daemon: FakeDaemon, tmp_path: Path) -> None:
    """The flusher is in the middle of something that it cannot finish."""
    daemon.hang()
    output = run_scenario(
        """
        mercury_client.configure(address=os.environ["MERCURY_ADDRESS"])
        for _ in range(3000):
            work("x" * 200, 10)
        before = time.monotonic()
        if os.fork() == 0:
            os._exit(0)
        print(time.monotonic() - before)
        os.wait()
        mercury_client.disable()
        """,
        daemon.address,
        tmp_path,
    )
    assert float(output) < 0.5
    daemon.go_on()


def test_the_parent_goes_on_sending_after_a_fork(daemon: FakeDaemon, tmp_path: Path) -> None:
    """What waited at the fork arrives without another unit that pushes it."""
    run_scenario(
        """
        work("before")
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        deadline = time.monotonic() + 5
        while mercury_client.stats()["acknowledged"] < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert mercury_client.stats()["acknowledged"] == 1
        os._exit(0)
        """,
        daemon.address,
        tmp_path,
    )
    assert names(daemon) == ["before"]


def test_a_fork_in_c_is_noticed(daemon: FakeDaemon, tmp_path: Path) -> None:
    """uWSGI forks without a word to Python: each child has an incarnation and a connection of its own."""
    output = run_scenario(
        """
        import ctypes
        from mercury_client import process

        def fork():
            process._client.flusher.stop(5)  # whoever forks in C among running threads may hang in C
            while len(os.listdir("/proc/self/task")) > 1:
                time.sleep(0.001)
            return ctypes.PyDLL(None).fork()

        def query(text):
            mercury_client.innermost().record(text, "default", "sqlite", time.perf_counter_ns(), 1000)

        work("parent")
        children = []
        for kind in ("unit", "query", "open", "nothing"):
            with mercury_client.unit("of both"):
                child = fork()
                if child == 0 and kind == "open":
                    query("query of the open unit's child")
            if child == 0:
                if kind == "unit":
                    work("child")
                elif kind == "query":
                    query("child")
                os.write(1, mercury_client.stats()["incarnation"].encode() + b"\\n")
                mercury_client.shutdown()
                os._exit(0)
            children.append(child)
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
        print(mercury_client.stats()["incarnation"], mercury_client.stats()["internal_errors"])
        """,
        daemon.address,
        tmp_path,
    )
    assert len(set(output.split())) == 6 and output.split()[-1] == "0"
    assert counts(daemon) == [5, 1, 1, 1]
    assert names(daemon) == ["", "", "child", "of both", "of both", "of both", "of both", "parent"]
    assert daemon.duplicates == 0
