"""Take the literals out of SQL before it leaves the process.

Parameters never travel; literals stand in the text itself, where somebody wrote or pasted them. What goes to the
daemon has the same tokens with other values, so its fingerprint is the same::

    SELECT a FROM t WHERE name = 'Zoe' AND id = 17      →      SELECT a FROM t WHERE name = '?' AND id = 0

Plain text, which is nearly all, takes two regular expressions and some 20 µs. Where anything is odd (escapes,
comments, prefixes, ``"…"`` that may be a value, numbers that are not just digits) the text is normalised instead,
as the daemon would: about 100 µs. Each text is masked once a connection, by the thread that writes.
"""

from __future__ import annotations

import re

from .protocol import Vendor

__all__ = ["masked"]

_NAMES: dict[int, str] = {
    Vendor.SQLITE: "sqlite",
    Vendor.POSTGRESQL: "postgresql",
    Vendor.MYSQL: "mysql",
    Vendor.ORACLE: "oracle",
    Vendor.MICROSOFT: "microsoft",
}
# Everywhere: what is not ASCII, escapes and placeholders of other kinds than %s, comments, a prefix that touches a
# quote, numbers with more than digits, a password in double quotes.
_ODD = r"""[^ -~\n]|[\\$#@:?{}~^&]|--|/\*|\w'|%\(|(?<!\w)\d+[A-Za-z_.]|\.\d|(?i:IDENTIFIED\s+BY|PASSWORD)\s*\""""
# SQLite takes a quoted name for a text where it is compared with something.
_ODD_OF = {
    Vendor.SQLITE: r"""|[\[\]`]|[=<>]\s*"[^"]*"(?!\s*\.)""",
    Vendor.POSTGRESQL: r"""|[\[\]`]""",
    Vendor.MYSQL: r"""|[\[\]"]""",
    Vendor.ORACLE: r"""|[\[\]`]""",
    Vendor.MICROSOFT: r"""|`""",
}
_ODDITIES = {vendor: re.compile(_ODD + more) for vendor, more in _ODD_OF.items()}
_TOKENS = re.compile(r"""(?P<name>"[^"]*"|`[^`]*`|\[[^\]]*\])|(?P<text>'(?:[^']|'')*')|(?<!\w)\d+""")


def masked(text: str, vendor: int) -> str:
    """Return ``text`` with every literal replaced by another one; total, and linear. ``vendor``: a Vendor."""
    odd = _ODDITIES.get(Vendor(vendor)) if vendor in _NAMES else None
    if odd is None or odd.search(text) or text.count("'") % 2 or text.count('"') % 2:
        from .reference.fingerprint import normalise  # loaded where it is needed

        return normalise(text, _NAMES.get(vendor, ""))
    return _TOKENS.sub(_replaced, text)


def _replaced(token: re.Match[str]) -> str:
    if token["name"] is not None:
        return token[0]
    return "'?'" if token["text"] is not None else "0"
