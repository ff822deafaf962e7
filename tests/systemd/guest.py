"""What happens in the booted system: one scenario a boot, as root, under a systemd of its own.

    guest.py OUT SCENARIO      writes OUT/result.json, which test_systemd.py judges

A scenario installs Mercury with the very commands of packaging/README.md, does what its name says with systemctl,
real Python clients and the real mercuryctl, and returns values; it asserts nothing but that it got so far. Nothing
sleeps for a fixed time: everything is polled until a deadline.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from installed import (
    CONFIG,
    SOCKET,
    STATE,
    all_ended,
    client,
    commands,
    configure,
    descriptors,
    drop_in,
    install,
    is_active,
    journal,
    main_pid,
    ownership,
    rows,
    run,
    said,
    show,
    status,
    wait_for_status,
)

from support.daemon import is_ready, wait_until

WORKERS = 3
RESTARTS = 3

# Works until it is told to end, then says how much. The pause keeps the pace of a busy site, far below what would
# fill the client's buffer while nobody listens: what is lost then is lost by the restart.
BUSY = """
import threading
over = threading.Event()
def wait_for_the_end():
    hear("end")
    over.set()
work(); flush()
say("connected")
threading.Thread(target=wait_for_the_end).start()
units = 1
while not over.is_set():
    work(2, queries=3)
    units += 2
    over.wait(0.002)
flush()
say("units " + str(units))
say("stats " + json.dumps(mercury_client.stats()))
"""


def boots() -> dict[str, Any]:
    """Say what came up."""
    return {
        "state": run("systemctl", "is-system-running", status=None).stdout.strip(),
        "pid_1": os.readlink("/proc/1/exe"),
    }


def unit_files() -> dict[str, Any]:
    """Ask systemd what it thinks of the files."""
    install()
    verified = run("systemd-analyze", "verify", "--man=no", "mercuryd.service", "mercuryd.socket", status=None)
    security = run("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=7",
                   "/usr/local/lib/systemd/system/mercuryd.service", status=None)  # fmt: skip
    exposure = re.search(r"exposure level for mercuryd.service: ([\d.]+)", security.stdout)
    return {
        "verify": [verified.returncode, verified.stdout, verified.stderr],
        "security": [security.returncode, security.stderr],
        "exposure": exposure and float(exposure.group(1)),
        "private_users": show("PrivateUsers")["PrivateUsers"],
    }


def notify() -> dict[str, Any]:
    """Start the service with a gate before mercuryd, so that it can be seen before it is ready."""
    install()
    os.mkfifo("/run/gate", 0o644)
    drop_in("""
        [Service]
        ExecStart=
        ExecStart=/bin/sh -c 'read _ </run/gate; exec /usr/bin/mercuryd --address unix:///run/mercury/mercuryd.sock'
    """)
    run("systemctl", "start", "--no-block", "mercuryd.service")
    wait_until(lambda: is_active("activating") and main_pid() > 0, "the start")
    before = show("ActiveState", "SubState", "StatusText")
    with open("/run/gate", "w", encoding="ascii") as gate:
        gate.write("go\n")
    run("systemctl", "start", "mercuryd.service")  # waits for the job that is under way
    answer = status()
    pid = main_pid()
    facts = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    environment = Path(f"/proc/{pid}/environ").read_bytes().decode()
    return {
        "before": before,
        "after": show("ActiveState", "SubState", "StatusText", "NRestarts", "Type", "NotifyAccess"),
        "same_pid": answer["pid"] == pid,
        "state": answer["state"],
        "snapshot": answer["snapshot"]["path"],
        "user": [facts["Uid"].split()[0] == facts["Uid"].split()[1], Path(f"/proc/{pid}").owner()],
        "capabilities": [facts["CapEff"], facts["CapBnd"], facts["NoNewPrivs"], facts["Seccomp"]],
        "was_given_a_notify_socket": "NOTIFY_SOCKET=" in environment,
        "files": {str(path): ownership(path) for path in (SOCKET.parent, SOCKET, STATE)},
        "descriptors": descriptors(pid),
        "descriptors_of_systemd": descriptors(1),
    }


def broken_configuration() -> dict[str, Any]:
    """Start with a file that is wrong, see what an operator sees, mend it."""
    install()
    configure(idle_exit_s=-1)
    failed = run("systemctl", "start", "mercuryd.service", status=None).returncode
    wait_until(lambda: is_active("failed"), "the failure")
    wait_until(lambda: said("mercuryd: "), "the sentence")
    seen = show("Result", "ExecMainStatus", "NRestarts", "StatusText")
    errors = journal("--priority=err")
    configure(idle_exit_s=0)
    run("systemctl", "reset-failed", "mercuryd.service", "mercuryd.socket")
    run("systemctl", "start", "mercuryd.socket", "mercuryd.service")
    return {"status": failed, "seen": seen, "errors": errors, "mended": status()["state"]}


def broken_below_clients() -> dict[str, Any]:
    """Let a client start, through the socket, what cannot start; then mend it as packaging/README.md says."""
    install()
    configure(idle_exit_s=-1)
    run("systemctl", "start", "mercuryd.socket")
    with client("work(20); say('worked'); hear('end'); flush()") as process:
        process.hear("worked")
        wait_until(lambda: show("ActiveState", unit="mercuryd.socket")["ActiveState"] == "failed", "systemd to give up")
        seen = show("Result", unit="mercuryd.socket")
        configure(idle_exit_s=0)
        run("bash", "-euxc", commands("When it does not start"))
        process.say("end")
    state = wait_for_status(all_ended(1), "the client's end")
    active = [show("ActiveState", unit=unit)["ActiveState"] for unit in ("mercuryd.socket", "mercuryd.service")]
    return {"seen": seen, "active": active, "units": state["units"]}


def trouble_that_passes() -> dict[str, Any]:
    """Let each start fail with a code that another start may mend, oftener than systemd's own limit."""
    install()
    drop_in("[Service]\nExecStartPre=/bin/sh -c 'test -e /run/mercury/well || exit 69'\n")
    run("systemctl", "start", "mercuryd.socket")
    run("systemctl", "start", "--no-block", "mercuryd.service")
    wait_until(lambda: int(show("NRestarts")["NRestarts"]) > 6, "the restarts")
    Path("/run/mercury/well").touch()
    wait_until(lambda: is_active("active"), "the daemon")
    return {"state": status()["state"], "socket": show("ActiveState", unit="mercuryd.socket")["ActiveState"]}


def watchdog() -> dict[str, Any]:
    """Stop the daemon with SIGSTOP below a client that works on; systemd has to notice."""
    install()
    configure(snapshot_interval_s=1)
    drop_in("[Service]\nWatchdogSec=4\n")
    run("systemctl", "start", "mercuryd.socket", "mercuryd.service")
    pid = main_pid()
    signs = [show("WatchdogTimestampMonotonic")["WatchdogTimestampMonotonic"]]

    def lives() -> bool:
        now = show("WatchdogTimestampMonotonic")["WatchdogTimestampMonotonic"]
        if now != signs[-1]:
            signs.append(now)
        return len(signs) > 3

    code = """
    work(50); flush(); say("sent")
    hear("work")
    work(50); say("worked")
    hear("end")
    flush()
    """
    with client(code) as process:
        process.hear("sent")
        wait_until(lives, "three signs of life")  # longer than WatchdogSec: it is fed
        fed = show("NRestarts")["NRestarts"]
        wait_for_status(lambda state: not state["snapshot"]["behind"], "the snapshot")
        os.kill(pid, signal.SIGSTOP)
        process.say("work")
        process.hear("worked")
        wait_until(lambda: show("NRestarts")["NRestarts"] == "1" and is_active("active"), "systemd to start it anew")
        process.say("end")
    state = wait_for_status(all_ended(1), "the client's end")
    text = run("journalctl", "--unit=mercuryd.service", "--output=cat").stdout
    return {
        "fed": fed,
        "units": state["units"],
        "rows": rows(),
        "other_pid": state["pid"] != pid and state["pid"] == main_pid(),
        "restored": state["restored"] is not None,
        "restarts": show("NRestarts")["NRestarts"],
        "journal": [line for line in text.splitlines() if "atchdog" in line],
        "settled": show("ActiveState", "SubState"),
    }


def activation() -> dict[str, Any]:
    """Leave the daemon to the first client."""
    install()
    run("systemctl", "start", "mercuryd.socket")
    before = show("ActiveState", "MainPID")
    listening = ownership(SOCKET)
    with client("work(20, queries=2); flush(); say('sent'); hear('end')") as process:
        process.hear("sent")
        during = show("ActiveState", "SubState")
        process.say("end")
    state = wait_for_status(all_ended(1), "the client's end")
    return {
        "before": before,
        "listening": listening,
        "during": during,
        "units": state["units"],
        "queries": state["queries"]["received"],
        "address": state["address"],
        "triggered_by": show("TriggeredBy")["TriggeredBy"],
    }


def restart_under_load() -> dict[str, Any]:
    """Restart it again and again below clients that never stop working."""
    install()
    run("systemctl", "start", "mercuryd.socket", "mercuryd.service")
    pids = [main_pid()]
    sent, accounts = [], []
    with ExitStack() as stack:
        processes = [stack.enter_context(client(BUSY, f"client-{number}")) for number in range(WORKERS)]
        for process in processes:
            process.hear("connected")
        for _ in range(RESTARTS):
            seen = status()["units"]["received"]
            wait_for_status(lambda state, seen=seen: state["units"]["received"] > seen + 100 * WORKERS, "more units")
            run("systemctl", "restart", "mercuryd.service")
            pids.append(main_pid())
        seen = status()["units"]["received"]
        wait_for_status(lambda state: state["units"]["received"] > seen + 100 * WORKERS, "units after the restarts")
        for process in processes:
            process.say("end")
        for process in processes:
            sent.append(int(process.hear("units")))
            accounts.append(json.loads(process.hear("stats")))
    state = wait_for_status(all_ended(WORKERS), "the clients' ends")
    return {
        "sent": sum(sent),
        "units": state["units"],
        "clients": [row["units"] for row in state["clients"]],
        "accounts": accounts,
        "queries": state["queries"]["received"],
        "rows": rows(),
        "restarts": state["restarts"],
        "restored": state["restored"] is not None,
        "processes": len(set(pids)),
        "settled": show("ActiveState", "Result"),
        "warnings": journal("--priority=warning"),
    }


def priorities() -> dict[str, Any]:
    """Make lines of three priorities and read them back."""
    install()
    configure(log_level="info")
    run("systemctl", "start", "mercuryd.socket", "mercuryd.service")
    configure(log_level="debug", socket_mode="0600")
    run("systemctl", "reload", "mercuryd.service")
    wait_until(lambda: said("settings reloaded"), "the reload")
    status()
    CONFIG.write_text("{")
    run("systemctl", "reload", "mercuryd.service")
    wait_until(lambda: said("reload failed"), "the refusal")
    lines = journal()
    return {
        "all": [[row["priority"], row["message"].split(" address=")[0]] for row in lines],
        "warnings": [row["message"] for row in journal("--priority=warning..warning")],
        "errors": [row["message"] for row in journal("--priority=err")],
        "from_warning": len(journal("--priority=warning")),
    }


def reload() -> dict[str, Any]:
    """Reload good settings, bad ones, and good ones again, with a client that stays connected."""
    install()
    configure(log_level="info", idle_exit_s=0)
    run("systemctl", "start", "mercuryd.socket", "mercuryd.service")
    pid = main_pid()

    def reloaded(line: str, text: str) -> str:
        CONFIG.write_text(text)
        count = sum(row["message"].startswith(line) for row in journal())
        run("systemctl", "reload", "mercuryd.service")
        wait_until(lambda: sum(row["message"].startswith(line) for row in journal()) > count, line)
        wait_until(lambda: is_active("active"), "the end of the reload")
        return show("StatusText")["StatusText"]

    with client("work(5); flush(); say('sent'); hear('again'); work(5); flush(); say('done')") as process:
        process.hear("sent")
        good = reloaded("settings reloaded", '{"log_level": "debug"}')
        wait_until(lambda: status() and said("connection opened"), "a line of the new level")
        bad = reloaded("reload failed", '{"log_level": "loud"}')
        mended = reloaded("settings reloaded", '{"log_level": "info"}')
        process.say("again")
        process.hear("done")
    state = wait_for_status(all_ended(1), "the client's end")
    return {
        "texts": [good, bad, mended],
        "same_pid": main_pid() == pid == state["pid"],
        "received": state["units"]["received"],
        "settled": show("ActiveState", "NRestarts"),
    }


def stop() -> dict[str, Any]:
    """Stop the service, then the socket."""
    install()
    run("systemctl", "start", "mercuryd.socket", "mercuryd.service")
    client("work(7); flush()").run()
    wait_for_status(all_ended(1), "the client's end")
    run("systemctl", "stop", "mercuryd.service")
    wait_until(lambda: said("mercuryd stopped"), "the last line")
    stopped = show("ActiveState", "Result", "ExecMainCode", "ExecMainStatus", "NRestarts")
    files = {path.name.split("-")[0]: ownership(path) for path in STATE.iterdir()}
    socket_left = SOCKET.is_socket()
    run("systemctl", "stop", "mercuryd.socket")
    return {
        "stopped": stopped,
        "state_files": files,
        "socket_while_it_listens": socket_left,
        "socket_at_the_end": SOCKET.exists(),
        "last": journal()[-1],
    }


def without_the_socket_unit() -> dict[str, Any]:
    """Mask the socket: the daemon makes its own, and takes it away again."""
    install()
    run("systemctl", "mask", "--now", "mercuryd.socket")
    run("systemctl", "start", "mercuryd.service")
    made = ownership(SOCKET)
    client("work(3); flush()").run()
    received = wait_for_status(all_ended(1), "the client's end")["units"]["received"]
    run("systemctl", "restart", "mercuryd.service")
    kept = status()["units"]["received"]
    run("systemctl", "stop", "mercuryd.service")
    return {
        "made": made,
        "received": received,
        "kept": kept,
        "left": sorted(path.name for path in SOCKET.parent.iterdir()),
    }


def at_boot() -> dict[str, Any]:
    """Enable it as packaging/README.md says and see what a boot would start."""
    install()
    run("bash", "-euxc", commands("Start it"))
    wait_until(lambda: is_ready(SOCKET), "the daemon")
    return {
        "enabled": [
            run("systemctl", "is-enabled", unit).stdout.strip() for unit in ("mercuryd.socket", "mercuryd.service")
        ],
        "active": [show("ActiveState", unit=unit)["ActiveState"] for unit in ("mercuryd.socket", "mercuryd.service")],
    }


def main() -> int:
    out, name = Path(sys.argv[1]), sys.argv[2]
    result = globals()[name]()
    (out / "result.json").write_text(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BaseException:
        subprocess.run(["journalctl", "--no-pager", "--lines=60"], check=False)
        raise
