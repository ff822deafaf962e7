"""A process ends in many ways; its units arrive all the same, or are counted, within a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from mercury_client.settings import settings_from
from support.fake_daemon import FakeDaemon
from support.scenario import run_scenario


def counts(daemon: FakeDaemon) -> list[int]:
    """Return how many units arrived of each incarnation, the most first."""
    return sorted((len(units) for units in daemon.units.values()), reverse=True)


def names(daemon: FakeDaemon) -> list[str]:
    return sorted(seen.name for seen in daemon.all_units())


ENDS = {
    "return": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "exception": ("raise RuntimeError('unhandled')", 1),
    "thread": (
        "import threading; threading.Thread(target=lambda: (time.sleep(0.01), work('unit'))).start()",
        0,
    ),
    "atexit of the application": ("import atexit; atexit.register(mercury_client.flush)", 0),
    "exit in a unit": (
        "with mercury_client.unit('open'): sys.exit(0)",
        0,
    ),
    "SIGTERM with a handler": (
        "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); os.kill(os.getpid(), 15)",
        0,
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_all_units_arrive_at_a_process_end(daemon: FakeDaemon, tmp_path: Path, end: tuple[str, int]) -> None:
    """Whatever way it takes, with BYE last, within the time that it may take."""
    code, status = end
    run_scenario(f"for _ in range(50): work()\n{code}", daemon.address, tmp_path, status=status)
    assert len(daemon.wait_for_units(50)) in (50, 51)
    daemon.wait_for(lambda: daemon.connections[-1].types[-1].name == "BYE", "BYE")
    assert len(daemon.units) == 1


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_send_their_units_at_their_end(
    daemon: FakeDaemon, tmp_path: Path, method: str
) -> None:
    """They run no atexit handlers, so a finalizer does it."""
    run_scenario(
        f"""
        import multiprocessing

        def child(number):
            work(f"child {{number}}")

        if __name__ == "__main__":
            context = multiprocessing.get_context({method!r})
            work("parent")
            children = [context.Process(target=child, args=(number,)) for number in range(3)]
            for one in children:
                one.start()
            for one in children:
                one.join()
                assert one.exitcode == 0
        """,
        daemon.address,
        tmp_path,
    )
    daemon.wait_for_units(4)
    assert names(daemon) == ["child 0", "child 1", "child 2", "parent"]
    assert counts(daemon) == [1, 1, 1, 1]


def test_an_end_without_a_daemon_is_quick(tmp_path: Path) -> None:
    """Nobody is there: nothing is waited for, and the program's own result stands."""
    output = run_scenario(
        """
        import atexit
        atexit.register(lambda: print(time.monotonic() - ended, mercury_client.stats()["dropped"]))
        work()
        ended = time.monotonic()
        """,
        f"unix://{tmp_path}/nobody.sock",
        tmp_path,
    )
    seconds, dropped = output.split(" ", 1)
    assert float(seconds) < 0.5
    assert dropped.strip() == "{'exit': 1}"


def test_an_end_with_a_hung_daemon_takes_a_second_and_counts_the_rest(daemon: FakeDaemon, tmp_path: Path) -> None:
    """It accepts and says nothing; the process ends all the same."""
    daemon.hang()
    output = run_scenario(
        """
        import atexit
        atexit.register(lambda: print(time.monotonic() - ended, mercury_client.stats()))
        work()
        ended = time.monotonic()
        """,
        daemon.address,
        tmp_path,
    )
    seconds, stats = output.split(" ", 1)
    assert 0.5 < float(seconds) < 1.6
    assert eval(stats)["dropped"] == {"exit": 1}
    daemon.go_on()


def test_drops_are_told_before_bye(daemon: FakeDaemon, tmp_path: Path) -> None:
    """The daemon folds nothing of what was dropped, and knows why."""
    run_scenario(
        """
        work()
        assert mercury_client.flush(5)
        work()
        mercury_client.disable()
        """,
        daemon.address,
        tmp_path,
    )
    daemon.wait_for(lambda: daemon.connections[0].types[-1].name == "BYE", "BYE")
    (totals,) = daemon.connections[0].dropped
    assert (totals.created, totals.acknowledged, totals.buffered, totals.dropped) == (2, 1, 0, {6: 1})


def test_under_gevent_nothing_changes(daemon: FakeDaemon, tmp_path: Path) -> None:
    """Greenlets keep their units apart, the flusher is one of them, and a fork works."""
    pytest.importorskip("gevent", reason="gevent has no wheel for this Python")
    run_scenario(
        """
        import gevent.monkey
        gevent.monkey.patch_all()
        import gevent

        def request(name):
            with mercury_client.unit(name) as unit:
                for _ in range(5):
                    mercury_client.innermost().record("SELECT 1", "default", "sqlite", 1, 1000)
                    gevent.sleep(0)
                assert len(unit.records) == 5

        gevent.joinall([gevent.spawn(request, str(number)) for number in range(50)], raise_error=True)
        child = os.fork()
        if child == 0:
            request("child")
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert mercury_client.stats()["internal_errors"] == 0
        """,
        daemon.address,
        tmp_path,
    )
    daemon.wait_for_units(51)
    assert counts(daemon) == [50, 1]


def test_importing_and_configuring_starts_nothing(tmp_path: Path) -> None:
    """No thread, no descriptor, until there is a unit."""
    output = run_scenario(
        """
        import threading
        before = len(os.listdir("/proc/self/fd"))
        mercury_client.configure(service="shop", environment="production")
        after = len(os.listdir("/proc/self/fd"))
        print(threading.active_count(), after - before, mercury_client.stats()["state"])
        """,
        "unix:///nowhere.sock",
        tmp_path,
    )
    assert output.split() == ["1", "0", "idle"]


@pytest.mark.parametrize(("variable", "value"), [("MERCURY_ADDRESS", ""), ("MERCURY_MODE", "off")])
def test_the_environment_switches_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str
) -> None:
    """An empty address means off, whatever the settings say."""
    monkeypatch.setenv(variable, value)
    address = value if variable == "MERCURY_ADDRESS" else "unix:///nowhere.sock"
    output = run_scenario(
        """
        mercury_client.configure(address="unix:///else.sock")
        work()
        print(mercury_client.stats()["created"])
        """,
        address,
        tmp_path,
    )
    assert output.split() == ["0"]


@pytest.mark.parametrize(
    ("variable", "value", "enabled"),
    [
        ("MERCURY_ADDRESS", "", False),
        ("MERCURY_ADDRESS", "tcp://here", False),
        ("MERCURY_MODE", "off", False),
        ("MERCURY_MODE", "fast", False),
        ("MERCURY_MODE", "strict", True),
    ],
)
def test_the_environment_counts_without_configure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, enabled: bool
) -> None:
    """A wrong value breaks no import: nothing is measured until configure() names it."""
    monkeypatch.setenv(variable, value)
    output = run_scenario(
        """
        work()
        print(mercury_client.enabled(), mercury_client.stats()["created"])
        """,
        value if variable == "MERCURY_ADDRESS" else f"unix://{tmp_path}/nobody.sock",
        tmp_path,
    )
    assert output.split() == [str(enabled), str(int(enabled))]


@pytest.mark.parametrize("address", ["tcp://here", "relative.sock", "unix:///" + "x" * 103])
def test_an_address_that_names_no_daemon_is_a_value_error(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """From an argument or the environment, with what to write instead."""
    monkeypatch.delenv("MERCURY_ADDRESS", raising=False)
    with pytest.raises(ValueError, match="the address '"):
        settings_from(address=address)
    with pytest.raises(ValueError, match="the address '"):
        settings_from(environ={"MERCURY_ADDRESS": address})


def test_a_terminated_pool_has_sent_the_first_unit_of_each_worker(daemon: FakeDaemon, tmp_path: Path) -> None:
    """``with Pool()`` ends its workers by a signal that runs nothing of ours."""
    run_scenario(
        """
        import multiprocessing
        from mercury_client import flusher, sender
        flusher.BATCH_S = sender.BATCH_S = 60.0  # nothing of it waits for a batch's time

        def job(number):
            work(f"job {number}")
            deadline = time.monotonic() + 5
            while mercury_client.stats()["acknowledged"] < 1 and time.monotonic() < deadline:
                time.sleep(0.001)

        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(1) as pool:
                pool.map(job, [1])
        """,
        daemon.address,
        tmp_path,
    )
    assert names(daemon) == ["job 1"]
