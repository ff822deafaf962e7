"""The room lint passes on the tree, and fails on each kind of wrong arrow."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import rooms

ROOT = Path(__file__).resolve().parents[2]

WRONG = [
    ("daemon/model/wrong.h", '#include "wire/frame.h"\n', "model includes wire/frame.h"),
    ("daemon/wire/wrong.cpp", '#include "platform/stream.h"\n', "wire includes platform/stream.h"),
    ("daemon/view/wrong.cpp", '#include "aggregate/engine.h"\n', "view includes aggregate/engine.h"),
    ("daemon/session/wrong.h", "#include <nlohmann/json.hpp>\n", "a header of session includes nlohmann/json.hpp"),
    ("daemon/view/wrong.cpp", "#include <boost/asio.hpp>\n", "a file of view includes boost/asio.hpp"),
    ("daemon/base/wrong.cpp", "#ifdef _WIN32\n#endif\n", "_WIN32 outside platform/windows"),
    ("daemon/cli/wrong.h", "#if defined(_WIN64)\n#endif\n", "_WIN64 outside platform/windows"),
    ("platform/posix/wrong.cpp", "#ifdef __MINGW32__\n#endif\n", "__MINGW32__ outside platform/windows"),
    ("tests/platform/wrong.cpp", "#if _MSC_VER > 1900\n#endif\n", "_MSC_VER outside platform/windows"),
    ("platform/windows/wrong.cpp", "#ifdef __APPLE__\n#endif\n", "__APPLE__ outside platform/posix"),
    ("daemon/session/wrong.cpp", "void f() { co_await g(); }\n", "co_await outside transport"),
    ("daemon/attic/wrong.cpp", "\n", "no room of CMakeLists.txt"),
    ("client_py/src/mercury_client/wrong.py", "import django_mercury\n", "mercury_client imports django_mercury"),
    ("client_py/src/mercury_client/wrong.py", "import django\n", "standard library only and imports django"),
    ("client_py/src/mercury_client/protocol/wrong.py", "import socket\n", "protocol imports socket"),
]


def test_every_arrow_of_the_tree_points_the_right_way() -> None:
    """The repository itself has no fault."""
    assert rooms.check(ROOT) == []


@pytest.mark.parametrize(("path", "text", "fault"), WRONG, ids=[f"{path}-{fault[:30]}" for path, _, fault in WRONG])
def test_a_wrong_arrow_is_named(tmp_path: Path, path: str, text: str, fault: str) -> None:
    """A file that breaks a rule is named together with the rule."""
    shutil.copy(ROOT / "CMakeLists.txt", tmp_path)
    target = tmp_path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    faults = rooms.check(tmp_path)
    assert len(faults) == 1
    assert fault in faults[0]
    assert path in faults[0]
