"""Mercury below a real systemd: booted in a container for each test, installed as packaging/README.md says.

boot.sh boots it, guest.py is what happens in there, and here stands what must have come of it. Where no systemd
can be booted (not root, no systemd-nspawn, no overlay) the tests are skipped and say why; with
MERCURY_REQUIRE_SYSTEMD=1 that is a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.daemon import ROOT, assert_balanced, find_program

BOOT = Path(__file__).with_name("boot.sh")
GUEST = Path(__file__).with_name("guest.py")
DEADLINE_S = 150
SERVING = "serving unix:///run/mercury/mercuryd.sock"


def boot(out: Path, scenario: str) -> dict[str, Any]:
    """Boot a systemd, let ``scenario`` of guest.py happen in it and return what it found."""
    out.mkdir(exist_ok=True)
    done = subprocess.run(
        [str(BOOT), str(out), sys.executable, "-B", str(GUEST), "/out", scenario],
        env=os.environ | {"GUEST_SEES": ":".join(elsewhere()), "GUEST_DEADLINE_S": str(DEADLINE_S)},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S + 30,
        check=False,
    )
    assert done.returncode == 0, f"{scenario} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


def elsewhere() -> list[str]:
    """Return what the guest needs that does not lie on the file system of /, or in /tmp, which it has for itself."""
    places = {str(ROOT), sys.prefix, sys.base_prefix, str(find_program("mercuryd").parent)}
    root = os.stat("/").st_dev
    return sorted(place for place in places if os.stat(place).st_dev != root or place.startswith("/tmp/"))


def why_not(out: Path) -> str | None:
    """Return why no systemd can be booted here, None if it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "it takes Linux and root"
    for program in ("systemd-nspawn", "systemd-analyze", "findmnt", "unshare"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if "\tcgroup2\n" not in Path("/proc/filesystems").read_text():
        return "the kernel has no cgroups of version 2"
    try:
        boot(out, "boots")
    except AssertionError as error:
        return f"the container did not come up: {error}"
    return None


@pytest.fixture(scope="module")
def a_systemd(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip what needs a systemd where there can be none."""
    reason = why_not(tmp_path_factory.mktemp("boot"))
    if reason is None:
        return
    if os.environ.get("MERCURY_REQUIRE_SYSTEMD") == "1":
        pytest.fail(f"no systemd can be booted, and MERCURY_REQUIRE_SYSTEMD is set: {reason}")
    pytest.skip(f"no systemd can be booted: {reason}")


@pytest.fixture
def result(a_systemd: None, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what the scenario found that has the name of the test."""
    return boot(tmp_path / "out", request.node.name.removeprefix("test_"))


def test_boots(result: dict[str, Any]) -> None:
    """It is a whole system, and systemd's own program is its process 1."""
    assert result == {"state": "running", "pid_1": "/usr/lib/systemd/systemd"}


def test_unit_files(result: dict[str, Any]) -> None:
    """systemd has nothing to say against them, and finds little that the service could still do."""
    assert result["verify"] == [0, "", ""]
    assert result["security"] == [0, ""]
    assert 0 < result["exposure"] <= 0.7
    assert result["private_users"] == "no"  # else SO_PEERCRED names nobody


def test_notify(result: dict[str, Any]) -> None:
    """The service is active when mercuryd says so and not before; it runs as its own user without any power."""
    assert result["before"] == {"ActiveState": "activating", "SubState": "start", "StatusText": ""}
    assert result["after"] == {
        "ActiveState": "active",
        "SubState": "running",
        "StatusText": SERVING,
        "NRestarts": "0",
        "Type": "notify",
        "NotifyAccess": "main",
    }
    assert result["same_pid"] and result["state"] == "running"
    assert result["snapshot"].startswith("/var/lib/mercury/state-")
    assert result["user"] == [True, "mercury"]
    assert result["capabilities"] == ["0000000000000000", "0000000000000000", "1", "2"]
    assert result["was_given_a_notify_socket"]
    assert result["files"] == {
        "/run/mercury": "mercury:mercury 0755",
        "/run/mercury/mercuryd.sock": "mercury:mercury 0666",
        "/var/lib/mercury": "mercury:mercury 0700",
    }
    assert result["descriptors"] == [min(65536, result["descriptors_of_systemd"][1])] * 2  # a container may have fewer


def test_broken_configuration(result: dict[str, Any]) -> None:
    """The sentence is in the status and in the journal as an error, and nobody tries again and again."""
    allowed = "a whole number of seconds from 0 (never) to 2592000"
    sentence = f"/etc/mercury/mercuryd.json:1: idle_exit_s is -1, allowed is {allowed}"
    assert result["status"] == 1
    assert result["seen"] == {
        "Result": "exit-code",
        "ExecMainStatus": "78",
        "NRestarts": "0",
        "StatusText": f"cannot start: {sentence}",
    }
    assert result["errors"] == [{"message": f"mercuryd: {sentence}", "priority": "error"}]
    assert result["mended"] == "running"


def test_broken_below_clients(result: dict[str, Any]) -> None:
    """systemd gives up after some tries, the client does not, and once it is mended every unit arrives."""
    assert result["seen"]["Result"] in {"service-start-limit-hit", "trigger-limit-hit"}
    assert result["active"] == ["active", "active"]
    units = result["units"]
    assert (units["created"], units["received"], units["buffered"]) == (20, 20, 0)
    assert sum(units["dropped"].values()) == units["lost_in_restart"] == 0


def test_trouble_that_passes(result: dict[str, Any]) -> None:
    """systemd's limit of starts is not reached by restarts, and the socket stays."""
    assert result == {"state": "running", "socket": "active"}


def test_watchdog(result: dict[str, Any]) -> None:
    """One that works is left alone; one that hangs is ended and started anew, and its client loses nothing."""
    assert result["fed"] == "0"
    assert result["restarts"] == "1" and result["other_pid"]
    assert "mercuryd.service: Watchdog timeout (limit 4s)!" in result["journal"]
    assert "mercuryd.service: Failed with result 'watchdog'." in result["journal"]
    assert result["settled"] == {"ActiveState": "active", "SubState": "running"}
    assert result["restored"]
    units = result["units"]
    assert (units["created"], units["acknowledged"], units["received"]) == (100, 100, 100)
    assert sum(units["dropped"].values()) == units["buffered"] == units["lost_in_restart"] == 0
    assert result["rows"] == 100


def test_activation(result: dict[str, Any]) -> None:
    """The first client starts the daemon, and what it sends is there."""
    assert result["before"] == {"ActiveState": "inactive", "MainPID": "0"}
    assert result["listening"] == "mercury:mercury 0666"
    assert result["during"] == {"ActiveState": "active", "SubState": "running"}
    assert result["triggered_by"] == "mercuryd.socket"
    assert result["address"] == "unix:///run/mercury/mercuryd.sock"
    assert (result["units"]["created"], result["units"]["received"], result["queries"]) == (20, 20, 40)


def test_restart_under_load(result: dict[str, Any]) -> None:
    """Three restarts below three busy clients: every unit is there, once."""
    assert_balanced({"units": result["units"], "clients": [{"units": units} for units in result["clients"]]})
    units = result["units"]
    assert result["sent"] > 4 * 3 * 100
    assert units["created"] == units["acknowledged"] == units["received"] == result["sent"]
    assert sum(units["dropped"].values()) == units["buffered"] == units["lost_in_restart"] == 0
    assert result["rows"] == result["sent"]
    own = [(one["created"], one["acknowledged"], one["buffered"], one["dropped"]) for one in result["accounts"]]
    assert sorted(own) == sorted((one["created"], one["created"], 0, {}) for one in result["clients"])
    assert {one["address"] for one in result["accounts"]} == {"unix:///run/mercury/mercuryd.sock"}
    assert result["queries"] == 3 * (result["sent"] - 3) + 3  # the first unit of each client has one
    assert (result["restarts"], result["restored"], result["processes"]) == (3, True, 4)
    assert result["settled"] == {"ActiveState": "active", "Result": "success"}
    assert result["warnings"] == []


def test_priorities(result: dict[str, Any]) -> None:
    """journalctl -p shows what somebody must see to; a line has neither the prefix nor a second time in it."""
    lines = result["all"]
    assert lines[0] == ["info", lines[0][1]] and lines[0][1].startswith("mercuryd started version=")
    assert ["info", "settings reloaded"] in lines
    assert any(level == "debug" and text.startswith("connection opened peer_user=0 ") for level, text in lines)
    assert result["warnings"] == ["setting needs a restart key=socket_mode value=0600 running_with=0666"]
    assert len(result["errors"]) == 1
    assert result["errors"][0].startswith(
        'reload failed, the settings stay as they are reason="/etc/mercury/mercuryd.json:1:'
    )
    assert result["from_warning"] == 2
    assert not [text for _, text in lines if text.startswith(("<", "20"))]


def test_reload(result: dict[str, Any]) -> None:
    """The same process takes the new settings, the status says what is wrong with them, and clients stay connected."""
    good, bad, mended = result["texts"]
    assert good == mended == SERVING
    wrong = "/etc/mercury/mercuryd.json:1: log_level is 'loud', allowed is debug, info, warn, error or off"
    assert bad == f"{SERVING}; reload failed: {wrong}"
    assert result["same_pid"] and result["received"] == 10
    assert result["settled"] == {"ActiveState": "active", "NRestarts": "0"}


def test_stop(result: dict[str, Any]) -> None:
    """It ends in order; the socket stays for as long as systemd listens."""
    assert result["stopped"] == {
        "ActiveState": "inactive",
        "Result": "success",
        "ExecMainCode": "1",  # exited, by itself
        "ExecMainStatus": "0",
        "NRestarts": "0",
    }
    assert result["state_files"] == {"state": "mercury:mercury 0600"}
    assert result["socket_while_it_listens"] and not result["socket_at_the_end"]
    assert result["last"]["message"].startswith("mercuryd stopped pid=") and result["last"]["priority"] == "info"


def test_without_the_socket_unit(result: dict[str, Any]) -> None:
    """The daemon makes the same socket by itself, keeps its figures over a restart and leaves nothing behind."""
    assert result == {"made": "mercury:mercury 0666", "received": 3, "kept": 3, "left": []}


def test_at_boot(result: dict[str, Any]) -> None:
    """What packaging/README.md says starts both, now and at each boot."""
    assert result == {"enabled": ["enabled", "enabled"], "active": ["active", "active"]}
