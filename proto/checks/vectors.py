"""Compare the golden vectors with make_vectors.py, with schema.json and with the codes of PROTOCOL.md §9."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema

from checks.contract import Contract, Json
from checks.decode import Decoder, Misfit, join

__all__ = ["check_codes", "check_vectors"]

_ENUMERATIONS = [
    "define_kinds",
    "define_flags",
    "vendors",
    "site_flags",
    "site_frame_flags",
    "unit_kinds",
    "methods",
    "unit_flags",
    "operations",
    "record_flags",
    "drop_reasons",
]
_DIRECTIONS = {"to_daemon": "to daemon", "to_peer": "to peer"}


def check_vectors(contract: Contract) -> None:
    """Prove that the files are what the script writes, fit the schema, and leave nothing out."""
    wrong = _differences(contract)
    contract.holds(not wrong, "; ".join(wrong))
    decoder = Decoder(contract.schema)
    seen: set[str] = set()
    for path, vector in contract.vectors("valid"):
        try:
            frames = list(decoder.frames(join(vector["pieces"])))
        except (Misfit, ValueError) as error:
            contract.holds(False, f"{path}: {error}")
            continue
        _compare_frames(contract, path, frames, vector["frames"])
        for frame in frames:
            _check_frame(contract, path, vector["direction"], frame)
            seen.update(_names(contract.schema, frame))
    for name in _all_names(contract.schema):
        contract.holds(name in seen, f"vectors/valid: no vector has a {name}")
    for path, vector in contract.vectors("sessions"):
        _check_session(contract, decoder, path, vector["steps"])


def _differences(contract: Contract) -> list[str]:
    """Run make_vectors.py --check, a program of its own; return what it complains about."""
    script = contract.proto / "vectors" / "make_vectors.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    sentences = [line.removeprefix("make_vectors: ") for line in done.stderr.splitlines()]
    return sentences or ([] if done.returncode == 0 else [f"make_vectors.py ended with {done.returncode}"])


def _compare_frames(contract: Contract, path: str, found: list[Json], said: list[Json]) -> None:
    contract.same(f"{path}, number of frames", len(found), len(said), "its bytes, its fields")
    for at, (left, right) in enumerate(zip(found, said, strict=False), 1):
        for key in left.keys() | right.keys():
            what = f"{path}, frame {at} {right.get('type')}, {key}"
            contract.same(what, left.get(key), right.get(key), "its bytes, its fields")


def _check_frame(contract: Contract, path: str, direction: str, frame: Json) -> None:
    row = next(row for row in contract.schema["frames"] if row["name"] == frame["type"])
    contract.same(f"{path}, {frame['type']}", _DIRECTIONS[direction], row["direction"], "its direction, schema.json")
    if "json" in frame:
        sentence = _json_fault(contract, frame["type"], frame["json"])
        contract.holds(sentence is None, f"{path}, {frame['type']}: {sentence}")


def _json_fault(contract: Contract, name: str, value: Any) -> str | None:
    validator = jsonschema.Draft202012Validator(contract.schema["json"][name])
    error = next(iter(validator.iter_errors(value)), None)
    return None if error is None else f"{error.json_path}: {error.message}"


def _all_names(schema: Json) -> Iterator[str]:
    """Yield every frame type, kind, tag, enumerator and flag that a valid vector must show."""
    yield from (f"frame {row['name']}" for row in schema["frames"])
    for group in ("site_tags", "section_tags"):
        yield from (f"{group} {row['tag']}" for row in schema[group])
    for group in _ENUMERATIONS:
        yield from (f"{group} {row['value']}" for row in schema[group])
    for frame in ("ERROR", "REJECT"):
        yield from (f"{frame} {code}" for code in _codes_of(schema, frame))
    yield from (f"COMMAND {row['name']}" for row in schema["commands"])
    yield from (f"REPLY {code}" for code in schema["reply_error_codes"])


def _names(schema: Json, frame: Json) -> Iterator[str]:
    """Yield what `_all_names` asks for and this frame shows."""
    kind = frame["type"]
    yield f"frame {kind}"
    if kind in ("ERROR", "REJECT"):
        yield f"{kind} {frame['json']['code']}"
    elif kind == "COMMAND":
        yield f"COMMAND {frame['json']['command']}"
    elif kind == "REPLY":
        yield f"REPLY {frame['json'].get('error', {}).get('code')}"
    for struct, tags, rows in (
        ("define", None, [frame] if kind == "DEFINE" else []),
        (None, "site_tags", frame.get("fields", [])),
        ("unit", None, [frame] if kind == "UNIT" else []),
        ("record", None, frame.get("records", [])),
        (None, "section_tags", frame.get("sections", [])),
        ("dropped_reason", None, frame.get("reasons", [])),
    ):
        for row in rows:
            if tags:
                yield f"{tags} {row['tag']}"
                tag = next(entry for entry in schema[tags] if entry["tag"] == row["tag"])
                struct = tag["value"] if tag["value"] in schema["structs"] else None
            yield from _enumerators(schema, struct, row)


def _enumerators(schema: Json, struct: str | None, row: Json) -> Iterator[str]:
    for field in schema["structs"].get(struct, []):
        for part in field.get("bits", [field]):
            group = part.get("of")
            if group is None:
                continue
            value = row[part["field"]]
            for entry in schema[group]:
                if entry["value"] & value if group.endswith("flags") else entry["value"] == value:
                    yield f"{group} {entry['value']}"


def _check_session(contract: Contract, decoder: Decoder, path: str, steps: list[Json]) -> None:
    for at, step in enumerate(steps, 1):
        if "send" in step:
            try:
                frames = list(decoder.frames(join(step["send"])))
            except (Misfit, ValueError) as error:
                contract.holds(False, f"{path}, step {at}: {error}")
                continue
            for frame in frames:
                _check_frame(contract, f"{path}, step {at}", "to_daemon", frame)
        elif "expect" in step:
            _check_expectation(contract, f"{path}, step {at}", step["expect"])


def _check_expectation(contract: Contract, what: str, expected: Json) -> None:
    rows = [row for row in contract.schema["frames"] if row["name"] == expected["type"]]
    fine = bool(rows) and rows[0]["direction"] == "to peer"
    contract.holds(fine, f"{what}: the daemon never sends {expected['type']}")
    if fine and "json" in expected:
        properties = contract.schema["json"][expected["type"]]["properties"]
        for key in expected["json"]:
            contract.holds(key in properties, f"{what}: {expected['type']} has no key `{key}`")


# ------------------------------------------------------------------------------------------------ codes
def _codes_of(schema: Json, frame: str) -> list[str]:
    """Return the codes that travel in a frame, in the order of schema.json."""
    if frame == "REJECT":
        return [row["code"] for row in schema["reject_codes"]]
    return [row["code"] for row in schema["error_codes"] if row.get("frame", "ERROR") == frame]


def check_codes(contract: Contract) -> None:
    """Prove that each code has an invalid vector or a reason for none, and each vector a known code."""
    schema = contract.schema
    for frame in ("ERROR", "REJECT"):
        names = schema["json"][frame]["properties"]["code"]["enum"]
        contract.same(
            f"schema.json, the codes of {frame}", names, _codes_of(schema, frame), "its JSON Schema, its list"
        )
    names = schema["json"]["REPLY"]["properties"]["error"]["properties"]["code"]["enum"]
    contract.same("schema.json, the codes of REPLY", names, schema["reply_error_codes"], "its JSON Schema, its list")

    shown: set[tuple[str, str]] = set()
    for path, vector in contract.vectors("invalid"):
        expected = vector["expect"]
        pair = expected["frame"], expected["code"]
        shown.add(pair)
        known = pair[0] in ("ERROR", "REJECT") and pair[1] in _codes_of(schema, pair[0])
        contract.holds(known, f"{path}: schema.json has no {pair[0]} code `{pair[1]}`")
        _check_json_fault(contract, path, pair[1], join(vector["session"]))
    for frame, group in (("ERROR", "error_codes"), ("REJECT", "reject_codes")):
        for row in schema[group]:
            if row["code"] not in _codes_of(schema, frame):
                continue
            has = (frame, row["code"]) in shown
            contract.holds(
                has or "no_vector" in row, f"vectors/invalid: no vector ends with the {frame} `{row['code']}`"
            )
            contract.holds(
                not (has and "no_vector" in row),
                f"schema.json: `{row['code']}` has a vector, and a reason for none",
            )


def _check_json_fault(contract: Contract, path: str, code: str, data: bytes) -> None:
    """Prove that JSON Schema refuses the JSON at fault, too, and accepts the HELLO of all other vectors."""
    at, payloads = 0, []
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "little")
        payloads.append((data[at + 4], data[at + 8 : end]))
        at = end
    name = "COMMAND" if code == "json_invalid" else "HELLO"
    kind, payload = payloads[-1] if code == "json_invalid" else payloads[0]
    number = next(row["type"] for row in contract.schema["frames"] if row["name"] == name)
    if kind != number or code.startswith("frame_"):
        return
    try:
        fault = _json_fault(contract, name, json.loads(payload))
    except ValueError as error:
        fault = str(error)
    wanted = code in ("json_invalid", "hello_invalid")
    contract.holds((fault is not None) == wanted, f"{path}: its {name} is {fault or 'valid'}, the code is `{code}`")
