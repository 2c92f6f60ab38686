"""Where threads have their native stacks, and which libraries they are in, by what is there."""

from __future__ import annotations

import struct
import sys
from bisect import bisect_right
from typing import Dict, Iterator, List, NamedTuple, Tuple

assert sys.platform == "linux"

from . import procfs, waits

_MOST = 1 << 16  # bytes of a stack: what a library lays on top of the interpreter's frames
_WORD = 8
_LIBC = ("libc.so", "libc-", "libpthread", "libm.so", "ld-", "ld.so", "linux-vdso", "[")
_INTERPRETER = ("python", "pypy", "libpython", "libpypy")


def homes_of(pid: int) -> Dict[int, Tuple[int, int]]:
    """Give the memory, from and to, that the threads of a process, asleep, have their stacks in."""
    found = {}
    try:
        mappings = procfs.mappings(procfs.read(f"/proc/{pid}/maps"))
        for tid in procfs.threads(pid):
            call = waits.parse(procfs.call(pid, tid))
            if call is None:
                continue
            for each in mappings:
                if each.start <= call.stack_pointer < each.end:
                    found[tid] = each.start, each.end
    except (OSError, ValueError):
        pass  # it has ended, or may not be looked at
    return found


class _Code(NamedTuple):
    """A mapping that can be executed."""

    start: int
    end: int
    path: str


class Libraries:
    """The libraries that the threads of one process are in; reads its memory map once."""

    def __init__(self, pid: int, tid: int) -> None:
        self._pid = pid
        self._mapped = list(_mapped(procfs.read(f"/proc/{pid}/task/{tid}/maps").decode()))
        self._code = [each for each in self._mapped if each.path]
        self._starts = [each.start for each in self._code]

    def of(self, tid: int) -> Tuple[str, ...]:
        """Give the mapped files of a thread's return addresses, innermost first.

        The C library's own are left out, and all from the interpreter on, which called the rest.
        Words that a call has left on the stack long ago may look like addresses: so only those
        before the interpreter's first count, of which most are of calls that are still running.
        """
        fields = procfs.call(self._pid, tid).split()
        if len(fields) < 2 or fields[0] == b"running":
            return ()
        counter, pointer = int(fields[-1], 16), int(fields[-2], 16)
        found: List[str] = []
        for address in (counter, *self._words(tid, pointer)):
            path = self._at(address)
            name = path.rpartition("/")[2]
            if not path or name.startswith(_LIBC):
                continue
            if name.startswith(_INTERPRETER):
                break
            if path not in found:
                found.append(path)
        return tuple(found)

    def _words(self, tid: int, pointer: int) -> Tuple[int, ...]:
        ends = [each.end for each in self._mapped if each.start <= pointer < each.end]
        size = min(_MOST, ends[0] - pointer if ends else 0) // _WORD * _WORD
        data = procfs.memory(self._pid, tid, pointer, size) if size else b""
        return struct.unpack(f"={size // _WORD}Q", data)

    def _at(self, address: int) -> str:
        place = bisect_right(self._starts, address) - 1
        if place < 0 or address >= self._code[place].end:
            return ""
        return self._code[place].path


def _mapped(text: str) -> Iterator[_Code]:
    """Give all mappings; those that are not code of a file have no path."""
    for line in text.splitlines():
        fields = line.split(None, 5)
        start, end = (int(each, 16) for each in fields[0].split("-"))
        is_code = "x" in fields[1] and len(fields) > 5
        yield _Code(start, end, fields[5] if is_code else "")
