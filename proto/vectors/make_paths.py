"""Write paths.json: which private address follows from which environment, and where the host's own daemon is.

Stand-alone on purpose: it imports nothing of this project, so that the daemon, the client and this table are
three answers to one question. Run it without arguments after a change of the rule in platform/paths.h:

    python3 proto/vectors/make_paths.py            # rewrites proto/vectors/paths.json
    python3 proto/vectors/make_paths.py --check    # exits 1 if the file is not what it would write
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

LIMIT = 103
NAME = "mercuryd-1.sock"
ABOUT = (
    "Private addresses. A null variable is unset; run_user_is_ours says that /run/user/<uid> is a directory "
    "of the effective user <uid>; lengths are bytes of UTF-8. Rows with `hashed` had a path over 103 bytes, "
    "which is given. `system` is the host's own daemon, by operating system. `pipes` is "
    "Windows': private names follow from the user's SID; a null pipe means that the text is refused as an address. "
    "Written by make_paths.py, which shares no code with either implementation."
)


def fnv1a64(data: bytes) -> str:
    """Return FNV-1a 64 of `data` as 16 lower-case hex digits."""
    value = 14695981039346656037
    for byte in data:
        value = ((value ^ byte) * 1099511628211) % 2**64
    return format(value, "016x")


def directory_of_length(start: str, rest: str, length: int) -> str:
    """Return a directory that begins with `start` and makes `directory + rest` `length` bytes long."""
    return start + "d" * (length - len(start.encode()) - len(rest.encode()))


def row(name: str, runtime: str | None, temporary: str | None, uid: int, ours: bool, path: str) -> dict[str, object]:
    """Return one row; `path` is the plain address, before the limit is applied to it."""
    environment = {"XDG_RUNTIME_DIR": runtime, "TMPDIR": temporary, "uid": uid, "run_user_is_ours": ours}
    result: dict[str, object] = {"name": name, "environment": environment, "address": path}
    if len(path.encode()) > LIMIT:
        result["address"] = f"/tmp/mercury-{uid}/m-{fnv1a64(path.encode())[:12]}.sock"
        result["hashed"] = path
    return result


def rows() -> list[dict[str, object]]:
    """Return the table, each plain path written out by hand or cut to a length."""
    in_runtime = f"/mercury/{NAME}"
    in_temporary = f"/mercury-1000/{NAME}"
    fits = directory_of_length("/srv/", in_runtime, LIMIT)
    too_long = directory_of_length("/srv/", in_runtime, LIMIT + 1)
    unicode_fits = directory_of_length("/home/zoë/Prüfung/", in_runtime, LIMIT)
    unicode_too_long = directory_of_length("/home/zoë/Prüfung/", in_runtime, LIMIT + 1)
    temporary_fits = directory_of_length("/var/tmp/", in_temporary, LIMIT)
    temporary_too_long = directory_of_length("/var/tmp/", in_temporary, LIMIT + 1)
    very_long = "/data/" + "deep/" * 60 + "end"
    run_user = f"/run/user/1000/mercury/{NAME}"
    in_tmp = f"/tmp/mercury-1000/{NAME}"
    return [
        row("the runtime directory", "/run/user/1000", None, 1000, True, run_user),
        row("the runtime directory wins over all", "/xdg", "/scratch", 1000, True, f"/xdg/mercury/{NAME}"),
        row("trailing slashes are dropped", "/xdg//", None, 1000, True, f"/xdg/mercury/{NAME}"),
        row("the root as runtime directory", "/", None, 1000, False, f"/mercury/{NAME}"),
        row("no runtime directory, /run/user is ours", None, "/scratch", 1000, True, run_user),
        row("an empty runtime directory counts as unset", "", None, 1000, True, run_user),
        row("a relative runtime directory is ignored", "run/me", None, 1000, True, run_user),
        row("empty, and /run/user is not ours", "", "/scratch", 1000, False, f"/scratch/mercury-1000/{NAME}"),
        row("only TMPDIR", None, "/scratch/", 1000, False, f"/scratch/mercury-1000/{NAME}"),
        row("nothing at all", None, None, 1000, False, in_tmp),
        row("an empty TMPDIR counts as unset", None, "", 1000, False, in_tmp),
        row("a relative TMPDIR is ignored", "", "./tmp", 1000, False, in_tmp),
        row("root", None, None, 0, False, f"/tmp/mercury-0/{NAME}"),
        row("the largest uid", None, None, 4294967294, True, f"/run/user/4294967294/mercury/{NAME}"),
        row("blanks and percent signs stay", "/a b/100%20", None, 1000, True, f"/a b/100%20/mercury/{NAME}"),
        row("letters outside ASCII", "/home/zoë/läuft", None, 1000, True, f"/home/zoë/läuft/mercury/{NAME}"),
        row("103 bytes fit", fits, None, 1000, True, fits + in_runtime),
        row("104 bytes do not", too_long, None, 1000, True, too_long + in_runtime),
        row("103 bytes, fewer letters", unicode_fits, None, 1000, True, unicode_fits + in_runtime),
        row("104 bytes, 102 letters", unicode_too_long, None, 1000, True, unicode_too_long + in_runtime),
        row("TMPDIR, 103 bytes", None, temporary_fits, 1000, False, temporary_fits + in_temporary),
        row("TMPDIR, 104 bytes", None, temporary_too_long, 1000, False, temporary_too_long + in_temporary),
        row("far too long", very_long, None, 1000, True, very_long + in_runtime),
        row("far too long, the largest uid", very_long, None, 4294967294, True, very_long + in_runtime),
    ]


def system() -> dict[str, str]:
    """Return the sockets of the host's own daemon; what is below macOS' /var/run ends with each start of it."""
    return {"linux": "/run/mercury/mercuryd.sock", "macos": "/var/db/mercury/mercuryd.sock"}


def pipes() -> dict[str, object]:
    """Return the names on Windows: what is private, what the system's, and what is an address at all."""
    start = "\\\\.\\pipe\\"
    private = [
        ("a user of a machine", "S-1-5-21-1004336348-1177238915-682003330-1001"),
        ("a user of a domain, the largest parts", "S-1-5-21-4294967295-4294967295-4294967295-4294967295"),
        ("the system itself", "S-1-5-18"),
        ("a service", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"),
    ]
    most = start + "p" * (256 - len(start))
    addresses: list[tuple[str, str, str | None]] = [
        ("a pipe", start + "mercuryd", start + "mercuryd"),
        ("capitals in the prefix", "\\\\.\\PIPE\\mercuryd", None),
        ("letters of the name stay", start + "MercuryD", start + "MercuryD"),
        ("blanks and percent signs stay", start + "a b%20", start + "a b%20"),
        ("letters outside ASCII", start + "zoë", start + "zoë"),
        ("256 bytes fit", most, most),
        ("257 bytes do not", most + "p", None),
        ("nothing", "", None),
        ("only the prefix", start, None),
        ("no prefix", "mercuryd", None),
        ("another machine's", "\\\\server\\pipe\\mercuryd", None),
        ("a folder", start + "mercury\\d", None),
        ("a zero byte", start + "mer\0cury", None),
        ("a file", "C:\\mercuryd", None),
        ("a socket", "unix:///run/mercury/mercuryd.sock", None),
        ("a socket's path", "/run/mercury/mercuryd.sock", None),
        ("another spelling", "npipe:////./pipe/mercuryd", None),
        ("a port", "tcp://localhost:1", None),
    ]
    return {
        "system": start + "mercuryd",
        "private": [{"name": name, "sid": sid, "address": f"{start}mercuryd-1-{sid}"} for name, sid in private],
        "addresses": [{"name": name, "text": text, "pipe": pipe} for name, text, pipe in addresses],
    }


def document() -> str:
    """Return the text of paths.json."""
    hashes = [{"text": text, "fnv1a64": fnv1a64(text.encode())} for text in ("", "a", "foobar", "zoë")]
    content = {
        "about": ABOUT,
        "path_bytes_max": LIMIT,
        "hashes": hashes,
        "rows": rows(),
        "system": system(),
        "pipes": pipes(),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with --check compare it."""
    target = Path(__file__).with_name("paths.json")
    if arguments == ["--check"]:
        return 0 if target.read_text(encoding="utf-8") == document() else 1
    target.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
