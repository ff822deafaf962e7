"""What is wrong gets one sentence and the right exit code from mercuryd and mercuryctl, and harms nobody."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from support.client_process import ClientProcess
from support.daemon import Daemon, clean_environment, find_program, is_ready
from support.wire import ERROR, HELLO, REJECT, UNIT, WELCOME, Peer, frame

FOREIGN_USER = 65534


def mercuryd(directory: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run mercuryd to its end, which must come by itself."""
    line = [str(find_program("mercuryd")), *arguments]
    environment = clean_environment(directory, **variables)
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=30)


# ---- addresses ----


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (Path.touch, 69),
        (Path.mkdir, 69),
        (lambda path: os.mkfifo(path), 69),
        (lambda path: path.symlink_to("/"), 69),
    ],
    ids=["file", "directory", "fifo", "link"],
)
def test_something_that_is_no_socket_is_left_alone(make: Callable[[Path], None], code: int, tmp_path: Path) -> None:
    """It may be somebody's work: the sentence names it, and it is still there."""
    path = tmp_path / "mercuryd.sock"
    make(path)
    before = os.lstat(path)
    done = mercuryd(tmp_path, "--address", f"unix://{path}", "--state-dir", "")
    assert done.returncode == code, done
    assert str(path) in done.stderr and "cannot start" in done.stderr
    after = os.lstat(path)
    assert (after.st_ino, after.st_mode, after.st_size) == (before.st_ino, before.st_mode, before.st_size)


def test_a_socket_of_another_program_is_not_taken(tmp_path: Path) -> None:
    """Somebody listens there, and it is no mercuryd: 69, and it goes on listening."""
    path = tmp_path / "other.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        done = mercuryd(tmp_path, "--address", f"unix://{path}", "--state-dir", "")
        assert done.returncode == 69, done
        assert str(path) in done.stderr
        assert is_ready(path)
    path.unlink()


def test_a_path_over_103_bytes_is_refused_and_one_of_103_works(tmp_path: Path) -> None:
    """The limit of macOS, everywhere, so that a set-up that works here works there."""
    name = "x" * (103 - len(str(tmp_path)) - 1)
    done = mercuryd(tmp_path, "--address", f"unix://{tmp_path}/{name}y", "--state-dir", "")
    assert done.returncode == 2, done
    assert "103 bytes" in done.stderr and name in done.stderr
    with Daemon(tmp_path) as daemon:
        daemon.stop()
        daemon.socket = tmp_path / name
        daemon.address = f"unix://{daemon.socket}"
        daemon.start()
        ClientProcess(tmp_path, daemon.address, "work(3)").run()
        assert daemon.status()["units"]["received"] == 3


def test_a_long_runtime_directory_gives_daemon_client_and_ctl_the_same_short_address(tmp_path: Path) -> None:
    """XDG_RUNTIME_DIR may be anything; all three fall back to the same hashed name."""
    runtime = tmp_path / ("deep" * 20)
    runtime.mkdir(mode=0o700)
    shared = Path(f"/tmp/mercury-{os.geteuid()}")
    was_there = shared.exists()
    variables = {"XDG_RUNTIME_DIR": str(runtime), "TMPDIR": str(tmp_path)}
    environment = clean_environment(tmp_path, **variables)
    process = subprocess.Popen(
        [find_program("mercuryd"), "--state-dir", "", "--log-file", str(tmp_path / "mercuryd.log")],
        env=environment,
    )
    try:
        code = (
            "from mercury_client.paths import private_address\n"
            "print('address', private_address(os.environ), flush=True)\n"
            "mercury_client.configure(environment='development', on_demand=False)\n"
            "work(3); flush()"
        )
        with ClientProcess(tmp_path, "", code, variables=variables) as client:
            address = client.hear("address")
        path = Path(address.removeprefix("unix://"))
        assert path.parent == shared
        assert re.fullmatch("m-[0-9a-f]{12}.sock", path.name)
        line = [str(find_program("mercuryctl")), "--json", "status"]
        done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and f'"address":"{address}"' in done.stdout, done
        assert '"received":3' in done.stdout
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert not path.exists()
    if not was_there:
        with suppress(OSError):  # somebody else's daemon has moved in
            shared.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    """Its owner could replace the socket: 77, with path and owner in the sentence."""
    directory = tmp_path / "theirs"
    directory.mkdir()
    os.chown(directory, FOREIGN_USER, FOREIGN_USER)
    done = mercuryd(tmp_path, "--address", f"unix://{directory}/mercuryd.sock", "--state-dir", "")
    assert done.returncode == 77, done
    assert str(directory) in done.stderr and str(FOREIGN_USER) in done.stderr
    assert not list(directory.iterdir())


def test_a_private_directory_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    """The sentence is the command that mends it."""
    directory = tmp_path / "run" / "mercury"
    directory.mkdir(parents=True)
    directory.chmod(0o755)
    (tmp_path / "run").chmod(0o700)
    done = mercuryd(tmp_path, "--state-dir", "")
    assert done.returncode == 77, done
    assert f"chmod 0700 '{directory}'" in done.stderr


def test_without_a_daemon_mercuryctl_exits_with_3_and_lists_what_it_tried(tmp_path: Path) -> None:
    """Each path, why it failed, and what to do; nothing is started."""
    line = [str(find_program("mercuryctl")), "status"]
    environment = clean_environment(tmp_path)
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=30)
    if "/run/mercury/mercuryd.sock" not in done.stderr:
        pytest.skip("a system daemon runs on this machine")
    assert (done.returncode, done.stdout) == (3, "")
    assert f"tried unix://{tmp_path}/run/mercury/mercuryd-1.sock (your own)" in done.stderr
    assert "Start a daemon with `mercuryd`" in done.stderr
    assert not (tmp_path / "run" / "mercury").exists()


# ---- configuration ----


def test_a_good_configuration_is_shown_with_where_each_value_comes_from(tmp_path: Path) -> None:
    """--check-config listens nowhere and exits with 0."""
    file = tmp_path / "mercuryd.json"
    file.write_text('{\n  // a comment\n  "idle_exit_s": 600\n}\n')
    done = mercuryd(tmp_path, "--check-config", "--config", str(file), "--log-level", "debug")
    assert done.returncode == 0, done
    lines = [re.split(r" += | +# ", line) for line in done.stdout.splitlines()]
    assert ["idle_exit_s", "600", f"{file}:3"] in lines
    assert ["log_level", "debug", "--log-level"] in lines
    assert len(lines) == 7
    assert not (tmp_path / "run" / "mercury").exists()


@pytest.mark.parametrize(
    ("text", "line", "rest"),
    [
        (
            '{\n\n "idle_exit_s": "soon"}',
            3,
            'idle_exit_s is "soon", allowed is a whole number of seconds from 0',
        ),
        ('{"idle_exit_s": 2592001}', 1, "idle_exit_s is 2592001, allowed is"),
        ('{\n "log_level": "loud"}', 2, "log_level is 'loud', allowed is debug, info, warn, error or off"),
        ('{\n "adress": "unix:///x"}', 2, "the key 'adress' is unknown, the nearest known one is address"),
        ('{\n "address": "tcp://x"}', 2, "address is 'tcp://x', allowed is unix:///path"),
        ('{\n "log_level": "info",\n "log_level": "off"}', 3, "log_level stands here for the second time"),
        ('{\n "idle_exit_s": 1,,\n}', 2, "this is no JSON"),
    ],
)
def test_a_bad_configuration_is_a_sentence_with_file_line_key_value_and_what_is_allowed(
    text: str, line: int, rest: str, tmp_path: Path
) -> None:
    """Exit code 78, by --check-config and by a start alike."""
    file = tmp_path / "mercuryd.json"
    file.write_text(text)
    for arguments in (["--check-config"], ["--state-dir", ""]):
        done = mercuryd(tmp_path, "--config", str(file), *arguments)
        assert done.returncode == 78, done
        assert f"mercuryd: {file}:{line}: {rest}" in done.stderr
    assert not (tmp_path / "run" / "mercury").exists()


# ---- peers ----


def test_garbage_and_a_wrong_version_harm_nobody_and_are_counted(tmp_path: Path, daemon: Daemon) -> None:
    """A client that works goes on working, and `status` says what came beside it."""
    code = "work(5); flush(); say('connected'); hear('more'); work(5)"
    chance = random.Random(20261122)
    with ClientProcess(tmp_path, daemon.address, code) as process:
        process.hear("connected")
        for size in (1, 7, 8, 9, 500, 70_000):
            with Peer(daemon.socket) as peer:
                peer.send(chance.randbytes(size))
                assert peer.is_closed()
        for data, wanted in (
            (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "frame_too_large"),
            (frame(HELLO, b"x" * 8193), "frame_too_large"),
            (frame(HELLO, b"{}", flags=2), "frame_flags_unknown"),
            (frame(77), "frame_type_unknown"),
            (frame(UNIT, bytes(112)), "frame_unexpected"),
        ):
            with Peer(daemon.socket) as peer:
                before = daemon.status()["errors"].get(wanted, 0)
                peer.send(data)
                type, answer = peer.answer()
                assert (type, answer["code"]) == (ERROR, wanted)
                assert daemon.status()["errors"][wanted] == before + 1
        with Peer(daemon.socket) as peer:
            type, answer = peer.hello(protocol=(2, 9))
            assert (type, answer["code"], answer["required"]) == (
                REJECT,
                "version_unsupported",
                {"min": 1, "max": 1},
            )
        with Peer(daemon.socket) as peer:
            peer.send(frame(HELLO, b"no json"))
            assert peer.answer()[1]["code"] == "hello_invalid"
        with Peer(daemon.socket) as peer:
            assert peer.hello(protocol=(0, 9))[0] == WELCOME
        process.say("more")
    status = daemon.wait_for_ended()
    assert status["rejects"] == {"version_unsupported": 1, "hello_invalid": 1}
    assert status["units"]["received"] == 10 and status["units"]["duplicates"] == 0
    assert len(status["clients"]) == 1
    assert daemon.log().count("\n") < 20  # hot repeats are counted, not logged
