"""A daemon that dies before a named test, for the tests of whole runs."""

import os
import signal


def pytest_runtest_setup(item):
    if os.environ.get("KILL_BEFORE") == item.name:
        os.kill(int(os.environ["KILL_DAEMON"]), signal.SIGKILL)
