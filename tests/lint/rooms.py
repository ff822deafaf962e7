"""Check that every include and import points the way the house allows.

The table for C++ is the `mercury_room(NAME … DEPENDS …)` lines of CMakeLists.txt, so the build and this check
can not disagree. The table for Python is PYTHON_ROOMS below. Also checked here, because they are rules about
the same arrows: operating-system conditionals and third-party headers stay in their rooms, and only
`daemon/transport` awaits.

usage: rooms.py [ROOT]     prints one sentence for each fault and exits 1 if there is one
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

# Python package → what it may import of ours. mercury_client.protocol also keeps away from I/O and clocks.
PYTHON_ROOMS = {
    "mercury_client": {"mercury_client"},
    "django_mercury": {"django_mercury", "mercury_client"},
}
PROTOCOL_FORBIDS = {"socket", "threading", "time", "select", "asyncio", "django", "os", "multiprocessing"}

# Third party → the rooms whose headers may name it; .cpp files may, except where `cpp` says otherwise.
# cli's pages take JSON as their argument, so its headers declare it (json_fwd.hpp).
HEADERS_MAY: dict[str, set[str]] = {
    "boost": {"transport", "platform"},
    "nlohmann": {"view/json.h", "cli"},
    "spdlog": set(),
    "fmt": set(),
    "CLI": set(),
}
CPP_MAY = {"boost": {"transport", "platform", "daemon"}, "spdlog": {"base"}}

# The files that stand directly in daemon/: the composition root, which may use every room.
ROOT_ROOM = "daemon"
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
# What tells a system, by the folder of platform/ that may ask for it. CMake chooses the files of a system, so nothing
# else has to ask, nor do tests.
OS_CONDITIONALS = {
    "windows": re.compile(r"\b(_WIN32|_WIN64|__MINGW32__|__MINGW64__|_MSC_VER)\b"),
    "posix": re.compile(r"\b(__linux__|__APPLE__|__unix__)\b"),
}
AWAITS = re.compile(r"\bco_(await|return|yield)\b")


def cpp_table(root: Path) -> dict[str, set[str]]:
    """Read room → rooms it may include (itself too) from CMakeLists.txt."""
    table: dict[str, set[str]] = {}
    text = (root / "CMakeLists.txt").read_text(encoding="utf-8")
    for call in re.findall(r"^mercury_room\(([^)]*)\)", text, re.MULTILINE):
        words = call.split()
        name = words[words.index("NAME") + 1]
        depends: set[str] = set()
        for word in words[words.index("DEPENDS") + 1 :] if "DEPENDS" in words else []:
            if word.isupper():
                break
            depends.add(word)
        table[name] = depends | {name}
    table[ROOT_ROOM] = set(table)
    return table


def room_of(path: Path, root: Path) -> str:
    """Name the room that a C++ file lies in."""
    parts = path.relative_to(root).parts
    if parts[0] == "platform":
        return "platform"
    return parts[1] if len(parts) > 2 else ROOT_ROOM


def check_system(path: Path, root: Path) -> list[str]:
    """Return the conditionals of a C++ file that ask which system it is, where none may ask."""
    shown = path.relative_to(root)
    text = path.read_text(encoding="utf-8")
    return [
        f"{shown}: {found.group()} outside platform/{folder}"
        for folder, conditional in OS_CONDITIONALS.items()
        if shown.parts[:2] != ("platform", folder) and (found := conditional.search(text))
    ]


def check_cpp(path: Path, root: Path, table: dict[str, set[str]]) -> list[str]:
    """Return the faults of one C++ file."""
    faults = []
    room = room_of(path, root)
    shown = path.relative_to(root)
    text = path.read_text(encoding="utf-8")
    if room not in table:
        return [f"{shown}: the folder is no room of CMakeLists.txt"]
    for include in INCLUDE.findall(text):
        first = include.split("/")[0]
        if first in table and first not in table[room]:
            faults.append(f"{shown}: {room} includes {include}, allowed are {', '.join(sorted(table[room]))}")
        if first not in HEADERS_MAY:
            continue
        in_header = path.suffix == ".h"
        allowed = HEADERS_MAY[first] if in_header else CPP_MAY.get(first)
        if allowed is not None and room not in allowed and f"{room}/{path.name}" not in allowed:
            faults.append(f"{shown}: {'a header' if in_header else 'a file'} of {room} includes {include}")
    faults += check_system(path, root)
    if room != "transport" and (found := AWAITS.search(re.sub(r"//.*", "", text))):
        faults.append(f"{shown}: {found.group()} outside transport")
    return faults


def imports_of(path: Path) -> set[str]:
    """Return the top-level modules that a Python file imports; relative ones as `.`."""
    out = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            out |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            out.add("." if node.level else (node.module or "").split(".")[0])
    return out


def check_python(path: Path, root: Path) -> list[str]:
    """Return the faults of one Python file of the client."""
    shown = path.relative_to(root)
    package = path.relative_to(root / "client_py" / "src").parts[0]
    imported = imports_of(path)
    faults = [
        f"{shown}: {package} imports {other}"
        for other in sorted((imported & set(PYTHON_ROOMS)) - PYTHON_ROOMS[package])
    ]
    if package == "mercury_client":
        foreign = sorted(imported - set(sys.stdlib_module_names) - set(PYTHON_ROOMS) - {"."})
        faults += [f"{shown}: mercury_client is standard library only and imports {name}" for name in foreign]
    if "protocol" in shown.parts:
        faults += [f"{shown}: protocol imports {name}" for name in sorted(imported & PROTOCOL_FORBIDS)]
    return faults


def check(root: Path) -> list[str]:
    """Return all faults below `root`, the repository."""
    table = cpp_table(root)
    faults = []
    for folder in ("daemon", "platform"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".h", ".cpp"}:
                faults += check_cpp(path, root, table)
    for path in sorted((root / "tests").rglob("*")):
        if path.suffix in {".h", ".cpp"}:
            faults += check_system(path, root)
    for path in sorted((root / "client_py" / "src").rglob("*.py")):
        faults += check_python(path, root)
    return faults


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    faults = check(root)
    for fault in faults:
        print(fault)
    print(f"rooms: {len(faults)} faults, {len(cpp_table(root))} rooms")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
