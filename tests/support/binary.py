"""What a program file says of itself: format, processor, and what it needs of the system that runs it.

    file = Binary.read(path)
    assert (file.format, file.machine, file.libraries) == ("ELF", "aarch64", frozenset())

Read here in forty lines, since `file` and `objdump` of one machine know the formats of another in part only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Binary"]

_ELF_MACHINES = {62: "x86_64", 183: "aarch64"}
_MACHO_MACHINES = {0x0100_0007: "x86_64", 0x0100_000C: "arm64"}
_PE_MACHINES = {0x8664: "x86_64", 0xAA64: "arm64"}
_PT_DYNAMIC, _PT_INTERP = 2, 3
_LC_LOAD_DYLIB, _LC_CODE_SIGNATURE, _LC_BUILD_VERSION = 0xC, 0x1D, 0x32


@dataclass(frozen=True)
class Binary:
    """``libraries``: of the system, loaded at the start. ``minimum``: macOS' least version. ``signed``: macOS only."""

    format: str
    machine: str
    libraries: frozenset[str] = frozenset()
    interpreter: bool = False
    minimum: str = ""
    signed: bool = False

    @classmethod
    def read(cls, path: Path) -> Binary:
        """Read a 64-bit ELF, Mach-O or PE file; raise ValueError for anything else."""
        data = path.read_bytes()
        if data.startswith(b"\x7fELF\x02\x01"):
            return _elf(data)
        if data.startswith(b"\xcf\xfa\xed\xfe"):
            return _macho(data)
        if data.startswith(b"MZ"):
            return _pe(data)
        raise ValueError(f"{path} is no program of a kind that is known here: {data[:8]!r}")


def _elf(data: bytes) -> Binary:
    (machine,) = struct.unpack_from("<H", data, 18)
    (offset,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    kinds = {struct.unpack_from("<I", data, offset + number * size)[0] for number in range(count)}
    # A name is enough of a library: that there is none is all that is ever asked.
    libraries = frozenset({"dynamic"} if _PT_DYNAMIC in kinds else ())
    return Binary("ELF", _ELF_MACHINES[machine], libraries, interpreter=_PT_INTERP in kinds)


def _macho(data: bytes) -> Binary:
    (machine,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<I", data, 16)
    libraries, minimum, signed, at = set(), "", False, 32
    for _ in range(count):
        command, size = struct.unpack_from("<II", data, at)
        if command == _LC_LOAD_DYLIB:
            (name,) = struct.unpack_from("<I", data, at + 8)
            libraries.add(_text(data, at + name))
        elif command == _LC_BUILD_VERSION:
            (version,) = struct.unpack_from("<I", data, at + 12)
            minimum = f"{version >> 16}.{version >> 8 & 0xFF}"
        signed |= command == _LC_CODE_SIGNATURE
        at += size
    return Binary("Mach-O", _MACHO_MACHINES[machine], frozenset(libraries), minimum=minimum, signed=signed)


def _pe(data: bytes) -> Binary:
    (header,) = struct.unpack_from("<I", data, 0x3C)
    machine, sections = struct.unpack_from("<HH", data, header + 4)
    (optional_size,) = struct.unpack_from("<H", data, header + 20)
    optional = header + 24
    table = [struct.unpack_from("<IIII", data, optional + optional_size + 40 * n + 8) for n in range(sections)]

    def at(address: int) -> int:
        """Return where in the file an address of memory lies."""
        for virtual_size, start, size, offset in table:
            if start <= address < start + max(virtual_size, size):
                return offset + address - start
        raise ValueError(f"no section holds {address:#x}")

    libraries = set()
    (imports,) = struct.unpack_from("<I", data, optional + 120)
    while imports:
        (name,) = struct.unpack_from("<I", data, at(imports) + 12)
        if not name:
            break
        libraries.add(_text(data, at(name)).lower())
        imports += 20
    return Binary("PE", _PE_MACHINES[machine], frozenset(libraries))


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode("ascii")
