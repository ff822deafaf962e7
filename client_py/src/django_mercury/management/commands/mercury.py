"""``manage.py mercury ARGS…``: run mercuryctl with the same arguments, and end with its exit code.

The site's ADDRESS, in production the system's, is passed on, so that the command asks the daemon that the site
sends to.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

import mercury_client
from mercury_client.paths import system_address
from mercury_client.spawn import find_program

from ... import conf

__all__ = ["EXIT_UNAVAILABLE", "Command", "find_mercuryctl", "run"]

PROGRAM = "mercuryctl"
EXIT_UNAVAILABLE = 69  # as mercuryctl itself: something that is needed is not there


def places() -> list[str]:
    """Return the directories to look in: beside this Python, in the package, then those of PATH."""
    found = [os.path.dirname(os.path.abspath(sys.executable))] if sys.executable else []
    found.append(os.path.join(os.path.dirname(os.path.abspath(mercury_client.__file__)), "bin"))
    # A relative entry of PATH would mean the directory of the moment.
    return found + [place for place in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(place)]


def find_mercuryctl() -> str | None:
    """Return the path of mercuryctl, None if it is nowhere."""
    return find_program(PROGRAM, places())


def _address(configuration: conf.Configuration) -> str | None:
    """Return the address that the site sends to, None if mercuryctl finds it by itself: a private daemon's."""
    if configuration.address is None and not configuration.on_demand:
        return str(system_address())
    return configuration.address


def run(arguments: list[str]) -> int:
    """Run mercuryctl and return its exit code; 128 and the number for a signal, as shells do."""
    program = find_mercuryctl()
    if program is None:
        sys.stderr.write(
            f"{PROGRAM} was not found, neither beside {sys.executable} nor in the package mercury_client "
            "nor on PATH.\n"
            "Install it with: pip install --force-reinstall mercuryd\n"
        )
        return EXIT_UNAVAILABLE
    environment = dict(os.environ)
    address = _address(conf.load())
    if address:
        environment.setdefault("MERCURY_ADDRESS", address)
    try:
        code = subprocess.call([program, *arguments], env=environment)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        sys.stderr.write(f"{program} could not be run: {error}\n")
        return EXIT_UNAVAILABLE
    return code if code >= 0 else 128 - code


class Command(BaseCommand):
    """Hand everything to mercuryctl; nothing is parsed here, so every option of its means the same."""

    help = "Ask the Mercury daemon: manage.py mercury status, routes, statements … (the same as mercuryctl)"
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        """Run from the command line, past Django's own parser."""
        sys.exit(run(argv[2:]))

    def add_arguments(self, parser: CommandParser) -> None:
        """Accept anything from ``call_command``."""
        parser.add_argument("arguments", nargs="*")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run from ``call_command``; a code other than 0 is raised as SystemExit."""
        code = run([str(one) for one in options.get("arguments") or args])
        if code:
            sys.exit(code)
