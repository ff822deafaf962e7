"""Turn text into UTF-8 of a limited length, and back."""

from __future__ import annotations

__all__ = ["cut_text", "show_text"]


def cut_text(text: str, bytes_max: int) -> tuple[bytes, bool]:
    """Encode ``text`` to at most ``bytes_max`` bytes, never inside a character; also tell whether it was cut.

    What cannot be encoded (lone surrogates, as file names may have them) becomes ``?``.
    """
    data = text[: bytes_max + 1].encode("utf-8", "replace")
    if len(data) <= bytes_max:
        return data, False
    end = bytes_max
    while end > 0 and data[end] & 0xC0 == 0x80:
        end -= 1
    return data[:end], True


def show_text(data: bytes) -> str:
    """Decode UTF-8; what is not becomes the replacement character."""
    return data.decode("utf-8", "replace")
