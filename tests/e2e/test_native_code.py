"""No native code of ours is ever loaded into a Python process: the claim that the whole design rests on."""

from __future__ import annotations

import json
import sys
import sysconfig
from pathlib import Path

from support.bookshop import SITE, BookshopData
from support.client_process import ClientProcess
from support.daemon import ROOT, SOURCE, Daemon, find_program

EVERYTHING = f"""
sys.path.insert(0, {str(SITE)!r})
import django
django.setup()
from django.core.management import call_command
from django.test import Client

client = Client(raise_request_exception=False)
for path in ("", "books/", "books/naive/", "bestsellers/", "bestsellers/", "reports/sales/", "licence/",
             "authors/dashboard/", "api/books/", "broken/", "missing/"):
    client.get("/" + path).getvalue()
list(client.get("/books/export/").streaming_content)
call_command("mercury", "version")
call_command("check", stdout=open(os.devnull, "w"))
work(3, queries=3)
flush()
child = os.fork()
if child == 0:
    work(1)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
files = {{line.split(maxsplit=5)[5].strip() for line in open("/proc/self/maps") if " /" in line}}
modules = [getattr(one, "__file__", None) for one in list(sys.modules.values())]
extensions = [one for one in modules if one and not one.endswith((".py", ".pyc"))]
print("mapped", json.dumps(sorted(files)))
print("extensions", json.dumps(sorted(extensions)))
print("modules", json.dumps(sorted(name for name in sys.modules if name.split(".")[0] in
                                  ("mercury_client", "django_mercury"))))
"""


def test_a_process_that_used_everything_has_mapped_nothing_of_ours(
    tmp_path: Path, daemon: Daemon, bookshop: BookshopData
) -> None:
    """Only files of the interpreter, of the system and of other people's wheels stand in its memory map."""
    process = ClientProcess(
        tmp_path,
        daemon.address,
        EVERYTHING,
        variables={
            "BOOKSHOP_DATA": str(bookshop.copy(tmp_path / "data")),
            "DJANGO_SETTINGS_MODULE": "bookshop.settings",
            "PATH": f"{find_program('mercuryd').parent}:/usr/bin:/bin",
        },
    )
    with process:
        while not (line := process.hear("")).startswith("mapped"):
            pass  # what mercuryctl printed
        mapped = [Path(path) for path in json.loads(line.removeprefix("mapped"))]
        extensions = json.loads(process.hear("extensions"))
        modules = json.loads(process.hear("modules"))
    # It did use everything, and it all arrived.
    assert {
        "mercury_client.flusher",
        "mercury_client.spawn",
        "django_mercury.hooks",
        "django_mercury.streaming",
    } <= {*modules}
    status = daemon.wait_for_ended(2)
    assert status["units"]["received"] == 12 + 1 + 3 + 1  # requests, `check`, blocks, the child's
    assert {"block", "command", "request"} == {row["kind"] for row in daemon.ask("routes")}

    assert any(path.name.startswith(("python", "libpython")) for path in mapped), mapped
    assert not [path for path in mapped if path.is_relative_to(SOURCE) or "mercury" in path.name], mapped
    assert not [path for path in extensions if "mercury" in Path(path).name or Path(path).is_relative_to(SOURCE)]
    strangers = [path for path in mapped if not belongs_to_others(path)]
    assert not strangers, strangers


def belongs_to_others(path: Path) -> bool:
    """Tell whether a file is the interpreter's, the system's, or of a wheel that is not ours."""
    wheels = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    for place in wheels:
        if path.is_relative_to(place):
            return "mercury" not in path.relative_to(place).parts[0]
    if path.is_relative_to(ROOT / "build") or path.is_relative_to(SOURCE):
        return False
    # SYSV and shm objects of the C library and the like have no file of their own.
    return any(path.is_relative_to(place) for place in (sys.base_prefix, sys.prefix, "/usr", "/lib", "/lib64", "/etc"))
