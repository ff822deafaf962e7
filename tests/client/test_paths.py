"""Where the client looks for its daemon."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mercury_client.errors import AddressError
from mercury_client.limits import PATH_BYTES_MAX
from mercury_client.paths import (
    Address,
    Candidate,
    Origin,
    candidates,
    parse_address,
    private_address,
    private_pipe,
    private_socket,
    short_hash,
    state_directory,
    system_address,
)

TABLE = json.loads(
    (Path(__file__).resolve().parents[2] / "proto" / "vectors" / "paths.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("row", TABLE["rows"], ids=lambda row: str(row["name"]))
def test_the_private_address_is_what_the_contract_says(row: dict[str, Any]) -> None:
    """Both languages must find the same socket without having met."""
    given = row["environment"]
    environ = {name: given[name] for name in ("XDG_RUNTIME_DIR", "TMPDIR") if given[name] is not None}
    address = private_socket(
        environ, given["uid"], run_user_is_ours=given["run_user_is_ours"], user_temporary_directory=""
    )
    assert address.path == row["address"]
    assert str(address) == "unix://" + row["address"]
    assert parse_address(str(address)) == address
    if "hashed" in row:
        assert len(os.fsencode(row["hashed"])) > PATH_BYTES_MAX
        assert short_hash(os.fsencode(row["hashed"])) in address.path


@pytest.mark.parametrize("row", TABLE["pipes"]["private"], ids=lambda row: str(row["name"]))
def test_the_private_pipe_is_what_the_contract_says(row: dict[str, str]) -> None:
    """On Windows the user's SID names the pipe, and nothing is cut or hashed."""
    address = private_pipe(row["sid"])
    assert str(address) == address.path == row["address"]
    assert parse_address(row["address"], pipes=True) == address


@pytest.mark.parametrize("row", TABLE["pipes"]["addresses"], ids=lambda row: str(row["name"]))
def test_an_address_on_windows_is_the_name_of_a_local_pipe(row: dict[str, str | None]) -> None:
    """One spelling, which Windows itself uses; null in the table: refused, with what to write instead."""
    text = row["text"]
    assert text is not None
    if row["pipe"] is not None:
        assert parse_address(text, pipes=True).path == row["pipe"]
        return
    with pytest.raises(AddressError) as caught:
        parse_address(text, pipes=True)
    assert f"'{text}'" in caught.value.sentence


def test_the_pipe_of_the_system_is_fixed() -> None:
    """Service and clients know it without asking."""
    assert system_address(pipes=True).path == TABLE["pipes"]["system"]


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({"LOCALAPPDATA": "D:\\zoe\\Local\\", "USERPROFILE": "C:\\Users\\zoe"}, "D:\\zoe\\Local\\mercury"),
        ({"LOCALAPPDATA": "Local", "USERPROFILE": "C:\\Users\\zoe"}, "C:\\Users\\zoe\\AppData\\Local\\mercury"),
        ({"HOME": "/home/zoe", "XDG_STATE_HOME": "/state"}, None),
    ],
)
def test_the_state_directory_on_windows_is_the_users_local_one(environ: dict[str, str], directory: str | None) -> None:
    """Not the roaming one: it belongs to this machine. Without it there is none."""
    assert state_directory(environ, pipes=True) == directory


@pytest.mark.parametrize("row", TABLE["hashes"], ids=lambda row: repr(row["text"]))
def test_the_hash_is_fnv_1a(row: dict[str, str]) -> None:
    """The first 12 of 16 hex digits."""
    assert short_hash(row["text"].encode()) == row["fnv1a64"][:12]


def test_the_limit_is_that_of_the_table() -> None:
    """proto/limits.json and paths.json speak of the same number."""
    assert TABLE["path_bytes_max"] == PATH_BYTES_MAX


def test_the_users_own_temporary_directory_comes_before_tmpdir() -> None:
    """macOS has one for each user; its trailing slash is dropped."""
    address = private_socket(
        {"TMPDIR": "/scratch"}, 501, run_user_is_ours=False, user_temporary_directory="/var/folders/x/T/"
    )
    assert address.path == "/var/folders/x/T/mercury-501/mercuryd-1.sock"


def test_what_is_not_given_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a runtime directory of ours, the effective user names the directory."""
    monkeypatch.setattr(os, "geteuid", lambda: 4294967000)
    assert private_address({}).path == "/tmp/mercury-4294967000/mercuryd-1.sock"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("unix:///run/mercury/mercuryd.sock", "/run/mercury/mercuryd.sock"),
        ("/run/mercury/mercuryd.sock", "/run/mercury/mercuryd.sock"),
        ("unix:///a b/100%20.sock", "/a b/100%20.sock"),
        ("/odd://name", "/odd://name"),
        ("/" + "x" * (PATH_BYTES_MAX - 1), "/" + "x" * (PATH_BYTES_MAX - 1)),
    ],
)
def test_an_address_is_a_path_with_or_without_its_scheme(text: str, path: str) -> None:
    """Nothing is percent-decoded, and 103 bytes fit."""
    assert parse_address(text) == Address(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no absolute path"),
        ("mercury.sock", "no absolute path"),
        ("unix://mercury.sock", "no absolute path"),
        ("unix://", "no absolute path"),
        ("tcp://localhost:1", "scheme"),
        ("npipe:////./pipe/mercuryd", "scheme"),
        ("/run/mercury/", "directory"),
        ("/run/\0mercury", "zero byte"),
        ("/" + "x" * PATH_BYTES_MAX, "104 bytes"),
        ("/" + "é" * 52, "105 bytes"),
    ],
)
def test_a_wrong_address_is_refused_with_the_reason(text: str, why: str) -> None:
    """The sentence names the address and what is wrong with it."""
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert why in caught.value.sentence
    assert f"'{text}'" in caught.value.sentence


RUNTIME = {"XDG_RUNTIME_DIR": "/xdg"}
PRIVATE = Candidate(Address("/xdg/mercury/mercuryd-1.sock"), Origin.PRIVATE)
SYSTEM = Candidate(Address("/run/mercury/mercuryd.sock"), Origin.SYSTEM)


@pytest.mark.parametrize(
    ("environ", "named", "environment", "wanted"),
    [
        ({}, "", "development", PRIVATE),
        ({}, "", "test", PRIVATE),
        ({}, "", "production", SYSTEM),
        ({}, "", "staging", SYSTEM),
        ({"MERCURY_ADDRESS": ""}, "", "test", PRIVATE),
        ({}, "/srv/a.sock", "test", Candidate(Address("/srv/a.sock"), Origin.NAMED)),
        (
            {"MERCURY_ADDRESS": "unix:///srv/b.sock"},
            "/srv/a.sock",
            "production",
            Candidate(Address("/srv/b.sock"), Origin.NAMED),
        ),
    ],
)
def test_who_names_no_address_gets_the_daemon_of_his_environment(
    environ: dict[str, str], named: str, environment: str, wanted: Candidate
) -> None:
    """Tests never meet the system's daemon, and production never the user's."""
    assert candidates(environ | RUNTIME, named=named, environment=environment) == [wanted]


def test_a_wrong_address_by_name_is_never_replaced_by_another() -> None:
    """Who names an address wants that one."""
    with pytest.raises(AddressError):
        candidates({"MERCURY_ADDRESS": "localhost"}, environment="test")


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({"XDG_STATE_HOME": "/state/", "HOME": "/home/zoe"}, "/state/mercury"),
        ({"XDG_STATE_HOME": "", "HOME": "/home/zoe"}, "/home/zoe/.local/state/mercury"),
        ({"XDG_STATE_HOME": "state", "HOME": "/home/zoe/"}, "/home/zoe/.local/state/mercury"),
    ],
)
def test_the_state_directory_follows_the_users_variables(environ: dict[str, str], directory: str) -> None:
    """As platform/paths.h says."""
    assert state_directory(environ) == directory


@pytest.mark.parametrize(("platform", "name"), [("linux", "linux"), ("freebsd", "linux"), ("darwin", "macos")])
def test_the_system_address_is_fixed(platform: str, name: str) -> None:
    """It is in the service's files, too."""
    assert system_address(platform=platform).path == TABLE["system"][name]


def test_the_system_address_is_that_of_this_system() -> None:
    """Spelled out for once."""
    assert str(system_address()) == "unix:///run/mercury/mercuryd.sock"
