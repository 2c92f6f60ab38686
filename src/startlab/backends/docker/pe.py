"""Windows' executable files, as far as a Python that comes without its own needs some.

A wheel that carries CPython's `python312.dll` carries neither `python.exe` nor `python3.dll`. Both
are so small that they are written here, byte by byte, which spares every image a compiler: one
calls `Py_Main`, the other forwards every name. "PE Format" in Microsoft's documentation has it all.
"""

from __future__ import annotations

import struct
from typing import Final

MANIFEST: Final = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application>
      <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
    </application>
  </compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3">
    <windowsSettings>
      <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
    </windowsSettings>
  </application>
</assembly>
"""
"""As in CPython's own: without Windows 10 in it, sys.getwindowsversion() says 6.2."""

AMD64: Final = 0x8664
FILE_ALIGNMENT: Final = 0x200
PAGE: Final = 0x1000
STACK: Final = 2_000_000  # PCbuild/python.vcxproj

CODE: Final = 0x60000020  # contains code; may be executed and read
DATA: Final = 0xC0000040  # contains data; may be read and written

EXPORTS, IMPORTS, RESOURCES, UNWINDING, ADDRESSES = 0, 1, 2, 3, 12
"""The data directories, by their places in the header."""

_RUNTIME: Final = "api-ms-win-crt-runtime-l1-1-0.dll"


# --- reading -----------------------------------------------------------------------------------


def exports(dll: bytes) -> list[str]:
    """List what a DLL exports. Raises ValueError for a file that is no 64-bit DLL."""
    try:
        return _exports(dll)
    except (struct.error, IndexError):
        raise ValueError("not a 64-bit DLL") from None


def _exports(dll: bytes) -> list[str]:
    (header,) = struct.unpack_from("<I", dll, 0x3C)
    signature, machine, count = struct.unpack_from("<4sHH", dll, header)
    (optional_size,) = struct.unpack_from("<H", dll, header + 20)
    if signature != b"PE\0\0" or machine != AMD64:
        raise ValueError("not a 64-bit DLL")
    sections = [
        struct.unpack_from("<8sIIIIIIHHI", dll, header + 24 + optional_size + 40 * number)
        for number in range(count)
    ]

    def at(address: int) -> int:
        for _, size, start, raw_size, raw, *_ in sections:
            if start <= address < start + max(size, raw_size):
                return int(address - start + raw)
        raise ValueError("not a 64-bit DLL")

    (table,) = struct.unpack_from("<I", dll, header + 24 + 112)
    place = at(table)
    names_count, _, names = struct.unpack_from("<III", dll, place + 24)
    found = []
    for number in range(names_count):
        (name_at,) = struct.unpack_from("<I", dll, at(names) + 4 * number)
        start = at(name_at)
        found.append(dll[start : dll.index(b"\0", start)].decode("ascii"))
    return found


# --- writing -----------------------------------------------------------------------------------


def interpreter(dll: str) -> bytes:
    """Make `python.exe`: it hands its command line, split by the C library, to `Py_Main`."""
    code_at, data_at = PAGE, 2 * PAGE
    data = bytearray()
    wanted = {
        dll: ["Py_Main"],
        _RUNTIME: ["_configure_wide_argv", "__p___argc", "__p___wargv", "exit"],
    }
    slots, imports, addresses = _imports(data, data_at, wanted)

    code = bytearray(b"\x48\x83\xec\x28")  # sub rsp, 28h

    def call(name: str) -> None:
        after = code_at + len(code) + 6
        code.extend(b"\xff\x15" + struct.pack("<i", slots[name] - after))  # call [rip + n]

    code += b"\xb9\x01\0\0\0"  # mov ecx, 1: patterns are not expanded
    call("_configure_wide_argv")
    call("__p___argc")
    code += b"\x8b\x00\x89\x44\x24\x20"  # mov eax, [rax]; mov [rsp + 20h], eax
    call("__p___wargv")
    code += b"\x48\x8b\x10\x8b\x4c\x24\x20"  # mov rdx, [rax]; mov ecx, [rsp + 20h]
    call("Py_Main")
    code += b"\x89\xc1"  # mov ecx, eax
    call("exit")
    code += b"\xcc"

    # How to unwind that frame, which a crash below does: at 4 the stack pointer went down by 28h.
    unwind = data_at + _put(data, b"\x01\x04\x01\0\x04\x42\0\0")
    function = struct.pack("<III", code_at, code_at + len(code), unwind)
    unwinding = data_at + _put(data, function)
    resources, resources_size = _manifest(data, data_at)
    return _file(
        [(b".text", CODE, bytes(code)), (b".data", DATA, bytes(data))],
        base=0x140000000,
        entry=code_at,
        directories={
            IMPORTS: imports,
            RESOURCES: (resources, resources_size),
            UNWINDING: (unwinding, len(function)),
            ADDRESSES: addresses,
        },
    )


def forwarding(name: str, to: dict[str, str]) -> bytes:
    """Make a DLL that takes its names from others, as `python3.dll` does: `python312.Py_Main`."""
    names = sorted(to)
    at = PAGE
    tables = 40 + 10 * len(names)
    strings, places = bytearray(), {}
    for text in [name, *names, *to.values()]:
        places[text] = at + tables + len(strings)
        strings += text.encode() + b"\0"
    functions, pointers, ordinals = at + 40, at + 40 + 4 * len(names), at + 40 + 8 * len(names)
    data = struct.pack(
        "<IIHHIIIIIII", 0, 0, 0, 0, places[name], 1, len(names), len(names),
        functions, pointers, ordinals,
    )  # fmt: skip
    data += struct.pack(f"<{len(names)}I", *(places[to[each]] for each in names))
    data += struct.pack(f"<{len(names)}I", *(places[each] for each in names))
    data += struct.pack(f"<{len(names)}H", *range(len(names)))
    data += strings
    return _file(
        [(b".rdata", DATA, data)],
        base=0x180000000,
        entry=0,
        directories={EXPORTS: (at, len(data))},
        is_dll=True,
    )


def _put(data: bytearray, more: bytes) -> int:
    """Append, aligned, and return where."""
    data.extend(bytes(-len(data) % 8))
    place = len(data)
    data.extend(more)
    return place


def _imports(
    data: bytearray, at: int, wanted: dict[str, list[str]]
) -> tuple[dict[str, int], tuple[int, int], tuple[int, int]]:
    """Write the import tables; return the slot of each name, and the two directories."""
    slots: dict[str, int] = {}
    rows = []
    first_slot = at + len(data)
    for names in wanted.values():
        for name in names:
            slots[name] = at + _put(data, bytes(8))
        _put(data, bytes(8))
    last_slot = at + len(data)
    for dll, names in wanted.items():
        hints = [at + _put(data, b"\0\0" + name.encode() + b"\0") for name in names]
        for name, hint in zip(names, hints, strict=True):
            struct.pack_into("<Q", data, slots[name] - at, hint)
        lookup = at + _put(data, struct.pack(f"<{len(hints) + 1}Q", *hints, 0))
        called = at + _put(data, dll.encode() + b"\0")
        rows.append(struct.pack("<IIIII", lookup, 0, 0, called, slots[names[0]]))
    table = b"".join([*rows, bytes(20)])
    place = at + _put(data, table)
    return slots, (place, len(table)), (first_slot, last_slot - first_slot)


def _manifest(data: bytearray, at: int) -> tuple[int, int]:
    """Write the resource that is the manifest: of type 24, called 1, in no language."""
    start = _put(data, b"")

    def directory(number: int, offset: int) -> bytes:
        return struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, number, offset)

    branch = 0x80000000
    tree = directory(24, branch | 24) + directory(1, branch | 48) + directory(0, 72)
    manifest = at + start + 88
    data += tree + struct.pack("<IIII", manifest, len(MANIFEST), 0, 0) + MANIFEST
    return at + start, len(data) - start


def _file(
    sections: list[tuple[bytes, int, bytes]],
    *,
    base: int,
    entry: int,
    directories: dict[int, tuple[int, int]],
    is_dll: bool = False,
) -> bytes:
    headers = PAGE
    rows, bodies = b"", b""
    address, offset = PAGE, FILE_ALIGNMENT * 2
    for name, flags, body in sections:
        padded = body + bytes(-len(body) % FILE_ALIGNMENT)
        rows += struct.pack(
            "<8sIIIIIIHHI", name, len(body), address, len(padded), offset, 0, 0, 0, 0, flags
        )
        bodies += padded
        offset += len(padded)
        address += len(body) + -len(body) % PAGE
    kind = 0x2022 if is_dll else 0x0022  # executable, of more than 2 GB of addresses, a DLL
    console = 3
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        0x20B, 14, 0, 0, 0, 0, entry, PAGE, base, PAGE, FILE_ALIGNMENT,
        6, 0, 0, 0, 6, 0, 0, address, FILE_ALIGNMENT * 2, 0, console,
        0x8160,  # the address may be random, data are not executed
        STACK, PAGE, 1 << 20, PAGE, 0, 16,
    )  # fmt: skip
    optional += b"".join(
        struct.pack("<II", *directories.get(number, (0, 0))) for number in range(16)
    )
    coff = struct.pack("<HHIIIHH", AMD64, len(sections), 0, 0, 0, len(optional), kind)
    dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
    head = dos + b"PE\0\0" + coff + optional + rows
    assert len(head) <= FILE_ALIGNMENT * 2 <= headers  # noqa: S101 - a few sections
    return head + bytes(FILE_ALIGNMENT * 2 - len(head)) + bodies
