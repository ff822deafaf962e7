"""Compare limits.json with PROTOCOL.md, with schema.json and with the client's generated copy."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from checks.contract import Contract, Json
from checks.page import backticked

__all__ = ["LIMITS_PY", "check_limits", "limits_py"]

LIMITS_PY = Path("client_py/src/mercury_client/limits.py")
_KEYS = {"value", "unit", "over", "why"}


def check_limits(contract: Contract) -> None:
    """Find limits that only one place knows, and numbers that differ."""
    limits = contract.limits
    said = set(backticked(contract.page.text))
    keys = {key for schema in contract.schema["json"].values() for key in schema["properties"]}
    for word in sorted(said):
        if re.fullmatch(r"[a-z_]+_(max|ms)", word) and word not in keys:
            contract.holds(word in limits, f"PROTOCOL.md names the limit `{word}`, limits.json has none of that name")
    for name, limit in limits.items():
        contract.holds(limit.keys() - {"local"} == _KEYS, f"limits.json, {name}: its keys must be {sorted(_KEYS)}")
        fine = isinstance(limit.get("value"), int) and limit["value"] > 0
        contract.holds(fine, f"limits.json, {name}: the value must be a whole number above 0")
        if "local" in limit:
            contract.holds(name not in said, f"limits.json, {name}: is `local`, but PROTOCOL.md names it")
            contract.holds(
                limit["local"] in ("client", "daemon", "both"),
                f"limits.json, {name}: `local` is client, daemon or both",
            )
        else:
            contract.holds(name in said, f"limits.json, {name}: PROTOCOL.md does not name it, and it is not `local`")
    for name in _references(contract.schema):
        contract.holds(name in limits, f"schema.json refers to the limit `{name}`, limits.json has none of that name")
    contract.same_text(LIMITS_PY, limits_py(limits), "limits.json")


def _references(schema: Json) -> list[str]:
    named = [row["bytes_max"] for row in (*schema["frames"], *schema["define_kinds"])]
    welcome: list[str] = schema["json"]["WELCOME"]["properties"]["limits"]["required"]
    return [*(name for name in named if isinstance(name, str)), *welcome]


def limits_py(limits: Json) -> str:
    """Return the text of the client's copy."""
    lines = [
        '"""Hold every number that client and daemon keep to, or that bounds something.',
        "",
        "Generated from proto/limits.json by `proto/check.py --write`: edit that file, not this one.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
    ]
    for name, limit in limits.items():
        why = limit["why"]
        about = f"{limit['unit']}; over it: {limit['over']}. {why[0].upper()}{why[1:]}."
        comment = textwrap.wrap(about, 108, initial_indent="# ", subsequent_indent="# ")
        lines += ["", *comment, f"{name.upper()}: Final = {limit['value']:_}"]
    return "\n".join(lines) + "\n"
