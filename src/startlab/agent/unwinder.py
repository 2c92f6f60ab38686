"""The Python stacks of a process from its memory, by what CPython publishes for debuggers.

Since 3.13 the interpreter's own state begins with a table of where its structures have what. That
is enough to read the stacks from outside, of builds without the GIL too: nothing is run for it,
neither in the process nor beside it. Newer Pythons than are known here have other tables.
"""

from __future__ import annotations

import os
import re
import struct
import sys
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

assert sys.platform == "linux"

_COOKIE = b"xdebugpy"
_SECTIONS = {
    13: {"runtime": 3, "interpreter": 13, "thread": 9, "frame": 6, "code": 10, "object": 2,
         "type": 4, "tuple": 3, "list": 3, "dict": 3, "float": 2, "long": 3, "bytes": 3,
         "unicode": 4},
    14: {"runtime": 3, "interpreter": 16, "thread": 9, "frame": 8, "code": 11, "object": 2,
         "type": 4, "tuple": 3, "list": 3, "set": 4, "dict": 3, "float": 2, "long": 3, "bytes": 3,
         "unicode": 4},
    15: {"runtime": 3, "interpreter": 16, "thread": 16, "exception": 1, "frame": 8, "code": 11,
         "object": 2, "type": 6, "heap type": 2, "tuple": 3, "list": 3, "set": 4, "dict": 3,
         "float": 2, "long": 3, "bytes": 3, "unicode": 5},
}  # fmt: skip
"""The table's sections, by the minor version, and how many numbers each has: the size is first."""
_HEADER = 3  # numbers: the cookie, the version, whether it has no GIL
_LAST_OF_PYTHON = 2  # kind of a frame's owner; above are those of C
_TABLE = re.compile(rb"(?=%s)" % _COOKIE)
_PYTHON = re.compile(r"(lib)?python")
_MAPPING = re.compile(r"^(\w+)-(\w+) rw-p (\w+) (\S+ \d+) +(/.+)$", re.MULTILINE)
_TRIES = 3
_MOST_READS = 200_000
_MOST_FRAMES = 2000
_MOST_TEXT = 4096
_MOST_LINES = 1 << 20  # bytes of a table of lines
_MOST_DATA = 1 << 26  # bytes, at once
_WORD = 8
_TAGS = 7  # bits of an address that are none of it
_ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}  # by the bytes of a letter
_BEFORE_DATA = 16  # bytes, between the part that all texts have and letters that are not ASCII

Line = Tuple[str, int, str]
"""The file, the line and the function of a frame."""

_places: Dict[str, int] = {}
"""Where the table is in the data of an interpreter's file."""


class Unwound(NamedTuple):
    """The stack of a thread, innermost frame first; `ident` is its pthread_self(3)."""

    tid: int
    ident: int
    frames: Tuple[Line, ...]


class _Torn(Exception):  # noqa: N818 - a finding
    """What was read does not fit together: the thread has gone on meanwhile."""


_UNREADABLE = (_Torn, OSError, OverflowError, IndexError, struct.error)


def unwind(pid: int, *, with_gil: bool = True) -> List[Unwound]:
    """Read the stacks of a process; none where it has no such table, or may not be read.

    The numbers of threads are those that the process knows. `with_gil`: read not only those of a
    build without the GIL.
    """
    for tid in _threads(pid):  # a first thread that has ended shows nothing
        try:
            fd = os.open(f"/proc/{pid}/task/{tid}/mem", os.O_RDONLY)
        except OSError:
            continue
        try:
            memory = _Memory(fd)
            table = _find(memory, f"/proc/{pid}/task/{tid}")
            if table is None or not (with_gil or table.no_gil):
                return []
            return list(_Process(memory, table).stacks())
        except _UNREADABLE:
            continue
        finally:
            os.close(fd)
    return []


def _threads(pid: int) -> List[str]:
    try:
        return sorted(os.listdir(f"/proc/{pid}/task"), key=int)
    except OSError:
        return []


class _Memory:
    """The memory of a process. What is read leads to where to read next: so that must end."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._reads = 0

    def read(self, at: int, size: int) -> bytes:
        self._reads += 1
        if size > _MOST_DATA or self._reads > _MOST_READS:
            raise _Torn
        data = os.pread(self._fd, size, at)
        if len(data) != size:
            raise _Torn
        return data

    def words(self, at: int, count: int) -> Tuple[int, ...]:
        return struct.unpack(f"={count}Q", self.read(at, _WORD * count))

    def word(self, at: int) -> int:
        return self.words(at, 1)[0]


class _Table(NamedTuple):
    """What a process says of its structures; `start` is where its interpreter's state begins."""

    start: int
    minor: int
    no_gil: bool
    numbers: Tuple[int, ...]

    def section(self, name: str) -> Tuple[int, ...]:
        """Give the numbers of a section: the size of the structure, and where it has what."""
        at = _HEADER
        for each, count in _SECTIONS[self.minor].items():
            if each == name:
                return self.numbers[at : at + count]
            at += count
        raise KeyError(name)

    @property
    def fits(self) -> bool:
        """Whether it is what it is taken for: these sizes are known."""
        return (self.section("object")[0], self.section("unicode")[3]) == (
            (32, 56) if self.no_gil else (16, 40)
        )


def _find(memory: _Memory, folder: str) -> Optional[_Table]:
    """Find the table in the data of a process's interpreter: its program, or a library."""
    with open(f"{folder}/maps", "rb") as file:
        mapped = _MAPPING.findall(os.fsdecode(file.read()))
    program = os.readlink(f"{folder}/exe")
    for begin, end, offset, which, path in mapped:
        start, size = int(begin, 16), int(end, 16) - int(begin, 16)
        if path != program and not _PYTHON.match(os.path.basename(path)):
            continue
        key = f"{which} {offset} {size}"
        if key in _places:
            table = _table(memory, start + _places[key])
            if table is not None:
                return table
        for found in _TABLE.finditer(memory.read(start, size)):
            table = _table(memory, start + found.start())
            if table is not None:
                _places[key] = found.start()
                return table
    return None


def _table(memory: _Memory, start: int) -> Optional[_Table]:
    cookie, version, no_gil = struct.unpack("=8sQQ", memory.read(start, _WORD * _HEADER))
    minor = version >> 16 & 0xFF
    if cookie != _COOKIE or version >> 24 != 3 or minor not in _SECTIONS:
        return None
    count = _HEADER + sum(_SECTIONS[minor].values())
    table = _Table(start, minor, bool(no_gil), memory.words(start, count))
    return table if table.fits else None


class _Code(NamedTuple):
    file: str
    function: str
    first_line: int
    lines: bytes


class _Process:
    """What is read of one process, at once."""

    def __init__(self, memory: _Memory, table: _Table) -> None:
        self._memory = memory
        self._table = table
        self._code: Dict[int, _Code] = {}
        self._type_of_code = 0

    def stacks(self) -> Iterator[Unwound]:
        """Read the stack of each thread; in several interpreters, the newest one's is innermost."""
        by_thread: Dict[int, Unwound] = {}
        for state in self._states():
            found = self._stack(state)
            if found.tid:
                inner = by_thread[found.tid].frames if found.tid in by_thread else ()
                by_thread[found.tid] = found._replace(frames=inner + found.frames)
        yield from by_thread.values()

    def _states(self) -> Iterator[int]:
        """Give where the states of all threads are."""
        _, _, head = self._table.section("runtime")
        _, _, following, threads, *_ = self._table.section("interpreter")
        _, _, next_thread, *_ = self._table.section("thread")
        for interpreter in self._chain(self._table.start + head, following):
            yield from self._chain(interpreter + threads, next_thread)

    def _chain(self, head: int, following: int) -> Iterator[int]:
        at = self._memory.word(head)
        while at:
            yield at
            at = self._memory.word(at + following)

    def _stack(self, state: int) -> Unwound:
        """Read the stack of a thread, again if it has gone on meanwhile, but not without end."""
        numbers = self._table.section("thread")
        ident, tid = numbers[8:10] if self._table.minor >= 15 else numbers[5:7]
        frames: Tuple[Line, ...] = ()
        for _ in range(_TRIES):
            frames = frames or self._tried(state)
        words = self._memory.word(state + tid), self._memory.word(state + ident)
        return Unwound(words[0] & 0xFFFF_FFFF, words[1], frames)

    def _tried(self, state: int) -> Tuple[Line, ...]:
        try:
            innermost = self._innermost(state)
            frames = tuple(self._frames(innermost[0]))
            return frames if innermost == self._innermost(state) else ()
        except _UNREADABLE:
            return ()

    def _innermost(self, state: int) -> Tuple[int, bytes]:
        """Tell which frame of a thread is the innermost one, and what is in it."""
        frame = self._memory.word(state + self._table.section("thread")[4])
        return frame, self._memory.read(frame, self._table.section("frame")[0]) if frame else b""

    def _frames(self, at: int) -> Iterator[Line]:
        size, previous, executable, instruction, _, owner, *more = self._table.section("frame")
        code_at = self._table.section("code")[9]
        for _ in range(_MOST_FRAMES):
            if not at:
                return
            frame = self._memory.read(at, size)
            (code,) = struct.unpack_from("=Q", frame, executable)
            code &= ~_TAGS
            if frame[owner] <= _LAST_OF_PYTHON and code:  # else it is just being left
                (now,) = struct.unpack_from("=Q", frame, instruction)
                known = self._known(code)
                begin = code + code_at
                if self._table.no_gil and more:
                    (number,) = struct.unpack_from("=i", frame, more[1])
                    begin = self._copy_of(code, number) if number else begin
                line = line_of(known.lines, known.first_line, (now - begin) // 2)
                yield known.file, line, known.function
            (at,) = struct.unpack_from("=Q", frame, previous)

    def _copy_of(self, code: int, number: int) -> int:
        """Tell where the instructions of code are that a thread has for itself, without the GIL."""
        copies = self._memory.word(code + self._table.section("code")[10])
        if not 0 <= number < self._memory.word(copies):
            raise _Torn
        return self._memory.word(copies + _WORD * (1 + number))

    def _known(self, at: int) -> _Code:
        if at not in self._code:
            self._check_is_code(at)
            size, file, _, function, lines, first_line, *_ = self._table.section("code")
            data = self._memory.read(at, size)
            texts = [struct.unpack_from("=Q", data, each)[0] for each in (file, function, lines)]
            self._code[at] = _Code(
                self._text(texts[0]),
                self._text(texts[1]),
                struct.unpack_from("=i", data, first_line)[0],
                self._bytes(texts[2]),
            )
        return self._code[at]

    def _check_is_code(self, at: int) -> None:
        """See that an object is code: what was freed meanwhile may be anything."""
        kind = self._memory.word(at + self._table.section("object")[1])
        if kind != self._type_of_code:
            name = self._memory.word(kind + self._table.section("type")[1])
            if self._memory.read(name, 5) != b"code\0":
                raise _Torn
            self._type_of_code = kind

    def _text(self, at: int) -> str:
        _, state, length, begin, *_ = self._table.section("unicode")
        data = self._memory.read(at, begin)
        (letters,) = struct.unpack_from("=Q", data, length)
        (flags,) = struct.unpack_from("=I", data, state)
        flags >>= 8 if self._table.no_gil and self._table.minor >= 14 else 2
        wide, is_ascii = flags & 7, bool(flags & 16)
        if letters > _MOST_TEXT or wide not in _ENCODINGS:
            raise _Torn
        begin += 0 if is_ascii else _BEFORE_DATA
        return self._memory.read(at + begin, letters * wide).decode(_ENCODINGS[wide], "replace")

    def _bytes(self, at: int) -> bytes:
        _, size_at, begin = self._table.section("bytes")
        size = self._memory.word(at + size_at)
        if size > _MOST_LINES:
            raise _Torn
        return self._memory.read(at + begin, size)


# --- the table of lines: Objects/locations.md ----------------------------------------------------

_LONG, _WITHOUT_COLUMNS, _NONE = 14, 13, 15
_ONE_LINE = (10, 11, 12)


def line_of(table: bytes, first_line: int, instruction: int) -> int:
    """Give the line of an instruction, by its number, of code that begins at `first_line`."""
    line, at, number = first_line, 0, 0
    while at < len(table):
        kind, units = table[at] >> 3 & 15, (table[at] & 7) + 1
        if kind in (_LONG, _WITHOUT_COLUMNS):
            line += _signed(table, at + 1)
        elif kind in _ONE_LINE:
            line += kind - _ONE_LINE[0]
        if number <= instruction < number + units:
            return first_line if kind == _NONE else line
        number += units
        at += 1
        while at < len(table) and not table[at] & 128:
            at += 1
    return first_line


def _signed(table: bytes, at: int) -> int:
    """Read a number of six bits a byte, the lowest first; the lowest of all is the sign."""
    value = shift = 0
    while True:
        if at >= len(table):
            raise _Torn
        value |= (table[at] & 63) << shift
        if not table[at] & 64:
            return -(value >> 1) if value & 1 else value >> 1
        shift += 6
        at += 1
