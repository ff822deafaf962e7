"""The client's transport for named pipes, in a Windows Python, against a pipe server of the standard library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from windows.world import Windows

PRELUDE = r"""
import json, os, sys, threading, time
import mercury_client
from mercury_client import flusher, process, win32
from mercury_client.errors import DaemonUnavailable
from mercury_client.pipe_transport import PipeTransport, Waker, wait
from pipe_server import DEADLINE_S, PipeServer

NAME = r"\\.\pipe\mercury-test-%d" % os.getpid()
STRANGER = "S-1-5-21-1-2-3-1001"

def say(**facts):
    print(json.dumps(facts), flush=True)

def units(count, statements=()):
    for _ in range(count):
        with mercury_client.unit("work") as unit:
            for statement in statements:
                unit.record(statement, "default", "sqlite", time.perf_counter_ns(), 1000)

def until(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.002)

def try_to_connect(transport):
    # Between two clients a server may have no instance free for a moment, as a full queue of connections.
    try:
        until(transport.connect, "a free instance")
    except DaemonUnavailable as error:
        return str(error)
    finally:
        transport.close()
    return ""

def no_flusher():
    return all(thread.name != flusher.THREAD_NAME for thread in threading.enumerate())

def balanced(stats):
    return stats["created"] == stats["acknowledged"] + sum(stats["dropped"].values()) + stats["buffered"]

mercury_client.configure(address=NAME, environment="test")
"""


@pytest.fixture
def say(windows: Windows, tmp_path: Path) -> Any:
    """Run a script after the prelude and return what it says."""
    return lambda code, **environment: windows.python(tmp_path, PRELUDE + code, **environment)


def test_units_arrive_and_are_acknowledged(say: Any) -> None:
    """And the process says goodbye at its end, without being asked."""
    told = say("""
with PipeServer(NAME) as server:
    units(100, ["SELECT a FROM b", "SELECT c FROM d"])
    arrived = mercury_client.flush(DEADLINE_S)
    stats = mercury_client.stats()
    mercury_client.shutdown()
    server.wait_for(lambda: server.goodbyes() == 1, "BYE")
    say(arrived=arrived, stats=stats, units=len(server.all_units()), statements=len(server.statements()),
        pid=server.hellos()[0].pid == os.getpid(), connections=len(server.hellos()))
""")
    assert told["arrived"]
    assert (told["units"], told["statements"], told["connections"], told["pid"]) == (100, 200, 1, True)
    assert told["stats"]["created"] == told["stats"]["acknowledged"] == 100
    assert told["stats"]["state"] == "connected" and told["stats"]["internal_errors"] == 0


def test_what_is_larger_than_the_pipe_arrives_whole(say: Any) -> None:
    """A write is under way until the daemon has read it; nothing is lost, doubled or mixed up."""
    told = say("""
with PipeServer(NAME) as server:
    texts = [f"SELECT a FROM table_{number}_" + "x" * 15000 for number in range(300)]
    for text in texts:
        units(1, [text])
    arrived = mercury_client.flush(DEADLINE_S)
    say(arrived=arrived, same=server.statements() == texts, bytes=server.received(), connections=len(server.hellos()))
""")
    assert told["arrived"] and told["same"] and told["connections"] == 1
    assert told["bytes"] > 4_000_000


def test_the_thread_that_asked_for_bytes_may_end(say: Any) -> None:
    """The flusher's thread comes and goes, and takes neither the read that it began with it nor the connection."""
    told = say("""
flusher.IDLE_S = flusher.BUSY_S = 0.05
with PipeServer(NAME) as server:
    for round in range(3):
        units(5)
        server.wait_for(lambda: len(server.all_units()) == 5 * (round + 1), "units of the round")
        until(no_flusher, "the thread ends")
    units(5)
    process._client.flusher.stop(DEADLINE_S)
    arrived = mercury_client.flush(DEADLINE_S)
    say(arrived=arrived, units=len(server.all_units()), connections=len(server.hellos()), stats=mercury_client.stats())
""")
    assert told["arrived"]
    assert (told["units"], told["connections"]) == (20, 1)
    assert told["stats"]["acknowledged"] == 20 and told["stats"]["last_error"] == ""


def test_a_daemon_that_hangs_holds_up_nobody(say: Any) -> None:
    """The buffer fills and drops its oldest, counted; who flushes waits for as long as he said; then all goes on."""
    told = say("""
mercury_client.configure(address=NAME, environment="test", buffer_bytes_max=1 << 20)
with PipeServer(NAME) as server:
    units(1)
    mercury_client.flush(DEADLINE_S)
    server.hang()
    start = time.perf_counter()
    units(2000, ["SELECT a FROM " + "x" * 500])
    application_s = time.perf_counter() - start
    start = time.perf_counter()
    gave_up = not mercury_client.flush(0.2)
    flush_s = time.perf_counter() - start
    hung = mercury_client.stats()
    server.go_on()
    mercury_client.flush(DEADLINE_S)
    until(lambda: mercury_client.stats()["buffered"] == 0, "all told")
    after = mercury_client.stats()
    server.wait_for(lambda: len(server.all_units()) == after["acknowledged"], "what was acknowledged")
    say(gave_up=gave_up, application_s=application_s, flush_s=flush_s, hung=hung, after=after,
        balanced=balanced(hung) and balanced(after), connections=len(server.hellos()))
""")
    assert told["gave_up"] and told["balanced"]
    assert told["hung"]["dropped"].keys() == {"buffer_full"} and told["hung"]["buffered_bytes"] <= 1 << 20
    assert told["after"]["created"] == 2001 and told["after"]["internal_errors"] == 0
    assert told["application_s"] < 20 and told["flush_s"] < 20, "a deadline, and no measurement"


def test_a_daemon_that_never_answers_holds_up_no_exit(say: Any) -> None:
    """A pipe is there and nobody serves it: HELLO stays unanswered, the rest is dropped as `exit`."""
    told = say("""
with PipeServer(NAME) as server:
    server.welcome = lambda hello: None
    units(10)
    server.wait_for(lambda: len(server.hellos()) == 1, "HELLO")
    state = mercury_client.stats()["state"]
    mercury_client.shutdown(0.3)
    say(state=state, stats=mercury_client.stats())
""")
    assert told["state"] == "handshake"
    assert told["stats"]["dropped"] == {"exit": 10}


def test_a_pipe_without_a_free_instance_is_tried_again(say: Any) -> None:
    """ERROR_PIPE_BUSY is a moment and no failure: nobody waits for it."""
    told = say("""
with PipeServer(NAME, instances=1) as server:
    first = PipeTransport(NAME, trust_owner=False)
    until(first.connect, "the only instance")
    second = PipeTransport(NAME, trust_owner=False)
    busy = [second.connect() for _ in range(3)]
    units(5)
    until(lambda: mercury_client.stats()["state"] == "connecting", "it is tried")
    first.close()
    arrived = mercury_client.flush(DEADLINE_S)
    say(busy=busy, arrived=arrived, units=len(server.all_units()))
""")
    assert told == {"busy": [False, False, False], "arrived": True, "units": 5}


def test_nobody_listens_and_then_somebody_does(say: Any) -> None:
    """The reason is Windows' own; what waited is sent."""
    told = say("""
units(3)
early = mercury_client.flush(0.2)
before = mercury_client.stats()
with PipeServer(NAME) as server:
    arrived = mercury_client.flush(DEADLINE_S)
    say(early=early, before=before, arrived=arrived, units=len(server.all_units()))
""")
    assert (told["early"], told["arrived"], told["units"]) == (False, True, 3)
    assert told["before"]["state"] == "waiting"
    assert told["before"]["last_error"].startswith(r"cannot connect to \\.\pipe\mercury-test-")


def test_a_daemon_that_is_killed_and_comes_back_loses_nothing(say: Any) -> None:
    """What was not acknowledged is sent again, with the numbers that it had."""
    told = say("""
first = PipeServer(NAME)
with first:
    units(10)
    mercury_client.flush(DEADLINE_S)
    first.acks = False
    units(10)
    first.wait_for(lambda: len(first.all_units()) == 20, "units without an answer")
until(lambda: mercury_client.stats()["state"] != "connected", "the end is noticed")
units(10)
lost = mercury_client.stats()
with PipeServer(NAME) as second:
    arrived = mercury_client.flush(DEADLINE_S)
    numbers = [unit.number for unit in second.all_units()]
    say(lost=lost, arrived=arrived, numbers=numbers, incarnations=len(second.units))
""")
    assert told["lost"]["acknowledged"] == 10 and told["lost"]["buffered"] == 20
    assert told["arrived"] and told["numbers"] == list(range(11, 31)) and told["incarnations"] == 1


def test_a_stranger_at_our_pipe_gets_no_byte(say: Any) -> None:
    """Whoever is first can take the name; who it is, the kernel tells. An address that the user named is his affair."""
    told = say("""
with PipeServer(NAME, owner=STRANGER) as server:
    refusals = [try_to_connect(PipeTransport(NAME, trust_owner=False)) for _ in range(2)]
    connected = try_to_connect(PipeTransport(NAME, trust_owner=True)) == ""
    say(refusals=refusals, connected=connected, bytes=server.received(), user=win32.user_sid())
""")
    (sentence,) = set(told["refusals"])
    assert "refused to talk to" in sentence and "belongs to S-1-5-21-1-2-3-1001" in sentence
    assert told["user"] in sentence and "MERCURY_ADDRESS" in sentence
    assert told["connected"] and told["bytes"] == 0


def test_the_private_and_the_systems_pipe_are_guarded_and_a_named_one_is_not(say: Any) -> None:
    """The names of pipes belong to nobody, so the system's is no better than the user's."""
    told = say("""
from mercury_client import system
with PipeServer(NAME, owner=STRANGER):
    answers = {}
    for kind, chosen in {"private": (False, True), "system": (False, False), "named": (True, False)}.items():
        transport = system.open_transport(NAME, named=chosen[0], private=chosen[1])
        answers[kind] = try_to_connect(transport) == ""
    say(**answers)
""")
    assert told == {"private": False, "system": False, "named": True}


@pytest.mark.parametrize("owner", ["SY", "BA", "S-1-5-80-SERVICE"])
def test_the_system_its_administrators_and_the_service_are_trusted(say: Any, owner: str) -> None:
    """An elevated daemon's pipe belongs to the administrators, a service's to the system or to itself."""
    told = say(f"""
from mercury_client.pipe_transport import SERVICE_NAME, service_sid
owner = {owner!r}.replace("S-1-5-80-SERVICE", service_sid(SERVICE_NAME))
with PipeServer(NAME, owner=owner):
    refusal = try_to_connect(PipeTransport(NAME, trust_owner=False))
    say(refusal=refusal, known=service_sid("TrustedInstaller"))
""")
    assert told["refusal"] == ""
    assert told["known"] == "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"


def test_handles_do_not_pile_up(say: Any) -> None:
    """Connections, wakers and requests give back what they took, a refused connection and a pending write too."""
    told = say("""
import ctypes, gc
def handles():
    gc.collect()
    count = ctypes.c_uint32()
    ctypes.windll.kernel32.GetProcessHandleCount(ctypes.c_void_p(-1), ctypes.byref(count))
    return count.value

def once():
    transport = PipeTransport(NAME, trust_owner=False)
    until(transport.connect, "a free instance")
    while transport.send(b"x" * 200_000):
        pass
    transport.close()
    refused = PipeTransport(r"\\\\.\\pipe\\nobody-at-all", trust_owner=False)
    try:
        refused.connect()
    except DaemonUnavailable:
        pass
    Waker().close()

server = PipeServer(NAME)
server.__enter__()
server.hang()
before = handles()
for _ in range(7):
    once()
after = handles()
server.go_on()
server.stop()
say(per_round=(after - before) // 7, in_flight=len(win32._in_flight))
""")
    # The server's own ends of the seven connections are in this process, too: a pipe and a thread each.
    assert told["per_round"] <= 3 and told["in_flight"] == 0


def test_a_wait_ends_at_its_time_and_by_a_waker(say: Any) -> None:
    """From another thread; a waker that was closed, and a handle that is not valid any more, hurt nobody."""
    told = say("""
waker = Waker()
nothing = wait([waker.handle()], [], 0.02)
threading.Timer(0.02, waker.wake).start()
woken = wait([waker.handle()], [], DEADLINE_S)
still = wait([waker.handle()], [], 0.0)
waker.clear()
cleared = wait([waker.handle()], [], 0.0)
handle = waker.handle()
waker.close()
waker.wake()
invalid = wait([handle], [], 0.01)
say(nothing=len(nothing), woken=woken == {handle}, still=still == {handle}, cleared=len(cleared),
    invalid=len(invalid), empty=len(wait([], [-1], 0.01)), closed=waker.handle())
""")
    assert told == {
        "nothing": 0, "woken": True, "still": True, "cleared": 0, "invalid": 0, "empty": 0, "closed": -1,
    }  # fmt: skip


def test_where_sleep_is_cooperative_the_wait_is_too(say: Any) -> None:
    """Under gevent a wait for an event would stop every greenlet: there it looks, and sleeps as gevent does."""
    told = say("""
naps = []
slept = time.sleep
def cooperative(seconds):
    naps.append(seconds)
    slept(seconds)
    if len(naps) == 3:
        waker.wake()
waker = Waker()
time.sleep = cooperative
ready = wait([waker.handle()], [], DEADLINE_S)
say(naps=len(naps), ready=ready == {waker.handle()})
""")
    assert told == {"naps": 3, "ready": True}


def test_a_child_of_multiprocessing_is_a_client_of_its_own(say: Any) -> None:
    """There is no fork: the child begins anew, and sends the rest at its end, where no atexit runs."""
    told = say("""
import multiprocessing

def work(name):
    mercury_client.configure(address=name, environment="test")
    units(7)

if __name__ == "__main__":
    with PipeServer(NAME) as server:
        units(3)
        mercury_client.flush(DEADLINE_S)
        child = multiprocessing.get_context("spawn").Process(target=work, args=(NAME,))
        child.start()
        child.join(DEADLINE_S)
        server.wait_for(lambda: len(server.all_units()) == 10, "the child's units")
        server.wait_for(lambda: server.goodbyes() == 1, "the child's goodbye")
        mercury_client.flush(DEADLINE_S)
        say(code=child.exitcode, incarnations=len(server.units),
            pids=len({hello.pid for hello in server.hellos()}))
""")
    assert told == {"code": 0, "incarnations": 2, "pids": 2}


def test_a_process_that_ends_sends_the_rest(say: Any) -> None:
    """Without a flush or a shutdown of the application's, and with nothing printed about our own end."""
    told = say("""
import subprocess
code = f'''
import mercury_client
mercury_client.configure(address=r"{NAME}", environment="test")
for _ in range(9):
    with mercury_client.unit("last"):
        pass
'''
with PipeServer(NAME) as server:
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=DEADLINE_S)
    server.wait_for(lambda: server.goodbyes() == 1, "goodbye")
    say(code=done.returncode, printed=done.stdout.decode(), units=len(server.all_units()))
""")
    assert told == {"code": 0, "printed": "", "units": 9}
