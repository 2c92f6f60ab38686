"""Who has the locks that a job waits for, by what the memory of its processes says.

The kernel knows who waits for a futex, not who would wake it. But the objects of the standard
library do: a SemLock counts how often its process has taken the semaphore, and an RLock notes the
thread that has it. The lock's address leads to them: it is their first field. That is no proof,
for any process may release what another one took, and so no verdict rests on it: it says whom to
ask. Nothing is looked at but a job that does not go on any more.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import struct
import sys
import time
from typing import (
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

assert sys.platform == "linux"

from . import procfs, waits
from .facts import Held, Waiting

Id = Tuple[int, int]
Made = Mapping[str, Tuple[str, Optional[str]]]
"""The name of a semaphore: what it was made as, and the line that did."""

SEARCH_S = 1.0  # of its own running, for all processes together
MOST_BYTES = 1 << 29  # of one process
_PIECE = 1 << 24
_PAGE = 1 << 12
_HEADERS = (16, 32)  # of an object, its type last: the longer is that of a build without the GIL
_NAME_AT = 8  # in a type, after the header
_COUNTED = (None, "Semaphore", "BoundedSemaphore")
_SEMLOCK = struct.Struct("=QQiiiiQ")  # handle, last thread, count, greatest value, kind, -, name
_RLOCK = struct.Struct("=QQQ")  # the lock, its owner, how often
_RECURSIVE = 0
_NEAR = 32  # words
_REFERENCES = 16  # bytes before the first field, also where the header is longer
_MOST_REFERENCES = 0xFFFF_FFFF
_HASH_AT = 8  # in a text, after the header
_TEXT_AT = (24, 32)  # in a text of ASCII, after the header: since 3.12, and before
_MOST_KEY = 80
_FUTEX = "futex"


class _Semaphore(NamedTuple):
    """What one process notes about a semaphore."""

    address: int
    thread: int
    taken: int
    greatest: int
    recursive: bool
    name: str


def find(
    waiting: Sequence[Waiting],
    idents: Mapping[Id, int],
    made: Made,
    parents: Optional[Mapping[int, int]] = None,
) -> Dict[Id, Held]:
    """Tell of each thread that waits for a lock who has it, as far as that can be told.

    `idents` gives threads by their process and their pthread_self(3), `made` what the injection
    has seen of semaphores. With `parents`, those of processes, it is also told who had a lock that
    a fork has copied, and under which name a module has a lock. What cannot be read is left out:
    the verdict stands without it.
    """
    return _Search(waiting, idents, made, parents or {}).found()


class _Search:
    def __init__(
        self,
        waiting: Sequence[Waiting],
        idents: Mapping[Id, int],
        made: Made,
        parents: Mapping[int, int],
    ) -> None:
        self._waiting = waiting
        self._idents = idents
        self._made = made
        self._parents = parents
        self._tids: Dict[int, List[int]] = {}
        for each in waiting:
            self._tids.setdefault(each.pid, []).append(each.tid)
        self._deadline = time.thread_time() + SEARCH_S
        self._maps: Dict[int, List[procfs.Mapping]] = {}
        self._of_file: Dict[Tuple[str, int, int], Optional[Held]] = {}

    def found(self) -> Dict[Id, Held]:
        tellers: Dict[str, Callable[[Waiting], Optional[Held]]] = {
            "shared lock": self._shared,
            "lock": self._private,
            "file lock": self._file_lock,
        }
        found = {}
        for each in self._waiting:
            teller = tellers.get(each.wait.kind)
            try:
                held = teller(each) if teller is not None else None
            except (OSError, ValueError, IndexError, struct.error):
                continue  # it has ended, or may not be looked into
            if held is not None:
                found[each.pid, each.tid] = held
        return found

    # --- locks between processes -----------------------------------------------------------

    def _shared(self, waiting: Waiting) -> Optional[Held]:
        address = self._call(waiting).args[0]
        mapping = self._mapping(waiting.pid, address)
        key = (mapping.device, mapping.inode, address - mapping.start)
        if key not in self._of_file:
            self._of_file[key] = self._semaphore(*key)
        return self._of_file[key]

    def _semaphore(self, device: str, inode: int, offset: int) -> Optional[Held]:
        """Ask each process that has a semaphore's memory what it notes about it."""
        noted: Dict[int, List[_Semaphore]] = {}
        for pid in self._tids:
            addresses = {
                each.start + offset
                for each in self._mappings(pid)
                if (each.device, each.inode, each.shared) == (device, inode, True)
            }
            for address in addresses:
                noted.setdefault(pid, []).extend(self._semlocks(pid, address))
        every = [each for of in noted.values() for each in of]
        if not every:
            return None
        name = next((each.name for each in every if each.name), f"{every[0].address:x}")
        kind, where = self._made.get(name, ("", None))
        if every[0].recursive:
            kind = kind or "RLock"
        elif every[0].greatest == 1:
            kind = kind or "Lock"
        holders = [
            (pid, self._thread(pid, each.thread))
            for pid, of in sorted(noted.items())
            for each in of
            if each.taken > 0
        ]
        alone = every[0].recursive or every[0].greatest == 1
        if (alone and len(holders) > 1) or (
            not alone and kind not in _COUNTED
        ):  # a process that was forked by hand keeps the count
            holders = []
        elif alone and not holders and all(noted.values()):
            return Held(kind, name, where, left=True)
        return Held(kind or "Semaphore", name, where, tuple(holders))

    def _semlocks(self, pid: int, address: int) -> Iterator[_Semaphore]:
        for at, type_name in self._objects(pid, address):
            if type_name != "_multiprocessing.SemLock":
                continue
            handle, thread, count, greatest, kind, _, name = _SEMLOCK.unpack(
                self._read(pid, at, _SEMLOCK.size)
            )
            yield _Semaphore(
                handle, thread, count, greatest, kind == _RECURSIVE, self._text(pid, name)
            )

    # --- locks of one process --------------------------------------------------------------

    def _private(self, waiting: Waiting) -> Optional[Held]:
        """Look at the lock that a futex is of.

        Up to 3.13 the lock's first field is the futex's address. From 3.14 on the futex is on
        the stack of the thread that waits, and the lock's address is near it there.
        """
        pid, call = waiting.pid, self._call(waiting)
        futex = call.args[0]
        on_stack = self._mapping(pid, futex) == self._mapping(pid, call.stack_pointer)
        objects = self._near(pid, futex) if on_stack else self._objects(pid, futex)
        at, kind = next(
            (each for each in objects if each[1].endswith((".lock", ".RLock"))), (0, "")
        )
        if not at:
            return None
        name = self._global(pid, at) if self._parents else ""
        if not kind.endswith("RLock"):
            return Held("Lock", f"{at:#x}", name=name)
        _, owner, _ = _RLOCK.unpack(self._read(pid, at, _RLOCK.size))
        tid = self._idents.get((pid, owner))
        if tid is not None:
            return Held("RLock", f"{at:#x}", None, ((pid, tid),), name=name)
        known = {each for of, each in self._idents if of == pid}
        left = bool(owner) and len(known) == len(self._tids[pid])
        parent = self._parents.get(pid, 0)
        there = self._idents.get((parent, owner)) if left else None
        at_fork = None if there is None else (parent, there)
        return Held("RLock", f"{at:#x}", left=left, name=name, at_fork=at_fork)

    def _near(self, pid: int, address: int) -> Iterator[Tuple[int, str]]:
        """Find the objects of whose first field the address is on a stack, the nearest first."""
        words = struct.unpack(f"={2 * _NEAR}Q", self._read(pid, address - 8 * _NEAR, 16 * _NEAR))
        for at in sorted(range(2 * _NEAR), key=lambda each: abs(each - _NEAR)):
            yield words[at], self._type_name(pid, words[at])

    def _global(self, pid: int, at: int) -> str:
        """Find the name that a module has an object under: the key before it in a dict.

        An entry has the key's hash first, unless all keys are texts (3.11): then its neighbours
        must have texts as keys, too. A frame's variables lie side by side like that as well, and
        what is left of a list of texts does: of a dict the value before is seldom a name.
        """
        header = self._header(pid, at)
        for place in self._places(pid, at - header):
            try:
                before, hashed, key, _, after = struct.unpack(
                    "=5Q", self._read(pid, place - 24, 40)
                )
                name = self._key(pid, key, header)
                if not name:
                    continue
                if self._read(pid, key + header + _HASH_AT, 8) == struct.pack("=Q", hashed):
                    return name
                is_entry = self._key(pid, before, header) and not self._key(pid, hashed, header)
                if is_entry and (not after or self._key(pid, after, header)):
                    return name
            except (OSError, OverflowError):
                continue
        return ""

    def _key(self, pid: int, at: int, header: int) -> str:
        """Read a text that could be a name; empty where there is none."""
        try:
            data = self._read(pid, at, 128)
            of, length = struct.unpack_from("=QQ", data, header - 8)
            if 0 < length < _MOST_KEY and "str" in self._type_names(pid, of):
                for begin in _TEXT_AT:
                    text = data[header + begin :][:length].decode("ascii")
                    if text.isidentifier():
                        return text
        except (OSError, OverflowError, UnicodeDecodeError):
            pass
        return ""

    # --- locks of files --------------------------------------------------------------------

    def _file_lock(self, waiting: Waiting) -> Optional[Held]:
        """Find the processes that have an open file with a lock that another one waits for."""
        call = waits.parse(procfs.call(waiting.pid, waiting.tid))
        assert call is not None
        fd = waits.descriptors(call, platform.machine())[0]
        device, inode = procfs.file_id(waiting.pid, waiting.tid, fd)
        holders = set()
        for pid, tids in self._tids.items():
            for number in map(int, os.listdir(f"/proc/{pid}/task/{tids[0]}/fd")):
                each = procfs.descriptor(pid, tids[0], number)
                if each.locks and procfs.file_id(pid, tids[0], number) == (device, inode):
                    holders.add((pid, self._thread(pid)))
        return Held("file", f"{device}:{inode}", None, tuple(sorted(holders)))

    def _thread(self, pid: int, ident: int = 0) -> int:
        """Give the thread with an ident, or the only one of a process; 0 where it is not known."""
        tids = self._tids[pid]
        return self._idents.get((pid, ident)) or (tids[0] if len(tids) == 1 else 0)

    # --- the memory of a process -----------------------------------------------------------

    @staticmethod
    def _call(waiting: Waiting) -> waits.Call:
        """Read the call on a futex that a thread is in."""
        call = waits.parse(procfs.call(waiting.pid, waiting.tid))
        if call is None or waits.name(call, platform.machine()) != _FUTEX:
            raise ValueError(waiting)
        return call

    def _mapping(self, pid: int, address: int) -> procfs.Mapping:
        for each in self._mappings(pid):
            if each.start <= address < each.end:
                return each
        raise ValueError(pid)

    def _mappings(self, pid: int) -> List[procfs.Mapping]:
        if pid not in self._maps:
            path = f"/proc/{pid}/task/{self._tids[pid][0]}/maps"
            self._maps[pid] = procfs.mappings(procfs.read(path))
        return self._maps[pid]

    def _objects(self, pid: int, address: int) -> Iterator[Tuple[int, str]]:
        """Find the objects whose first field is an address: where that is, and their type.

        One that was freed looks the same, but that it begins with the address of the next free one.
        """
        for at in self._places(pid, address):
            name = self._type_name(pid, at)
            if not name:
                continue
            (references,) = struct.unpack("=Q", self._read(pid, at - _REFERENCES, 8))
            if references <= _MOST_REFERENCES:
                yield at, name

    def _places(self, pid: int, word: int) -> Iterator[int]:
        """Find where a word is in memory, most of which is zeros: it is sought without its own."""
        whole = struct.pack("=Q", word)
        needle = whole.rstrip(b"\0")
        for start, data in self._pieces(pid):
            for at in _all_in(data, needle):
                if at % 8 == 0 and data.startswith(whole, at):
                    yield start + at

    def _pieces(self, pid: int) -> Iterator[Tuple[int, bytes]]:
        """Read the memory that a process has for itself, in pieces; no word is in two of them."""
        left = MOST_BYTES
        for each in self._mappings(pid):
            if each.shared or each.inode or not each.writable:
                continue
            for begin, end in procfs.resident(pid, self._tids[pid][0], each.start, each.end):
                for start in range(begin, end, _PIECE):
                    size = min(_PIECE, end - start)
                    left -= size
                    if left < 0 or time.thread_time() > self._deadline:
                        raise ValueError(pid)
                    yield from self._readable(pid, start, size)

    def _readable(self, pid: int, start: int, size: int) -> Iterator[Tuple[int, bytes]]:
        """Read what can be read of a piece: a stack has pages in it that are to guard its end."""
        try:
            yield start, self._read(pid, start, size)
        except (FileNotFoundError, PermissionError):
            raise
        except OSError:
            half = size // 2 // _PAGE * _PAGE
            if half:
                yield from self._readable(pid, start, half)
                yield from self._readable(pid, start + half, size - half)

    def _type_name(self, pid: int, at: int) -> str:
        """Give the name of the type of an object whose first field is at an address."""
        try:
            (of,) = struct.unpack("=Q", self._read(pid, at - 8, 8))
            for name in self._type_names(pid, of):
                if "." in name and name.replace(".", "").replace("_", "").isalnum():
                    return name
        except (OSError, OverflowError):
            pass  # it is no object
        return ""

    def _header(self, pid: int, at: int) -> int:
        """Give the size of the header of an object whose first field is at an address."""
        (of,) = struct.unpack("=Q", self._read(pid, at - 8, 8))
        return _HEADERS[0] if "." in self._type_names(pid, of)[0] else _HEADERS[1]

    def _type_names(self, pid: int, at: int) -> List[str]:
        """Read the name of a type, where builds with and without the GIL have it."""
        pointers = [
            struct.unpack("=Q", self._read(pid, at + header + _NAME_AT, 8))[0]
            for header in _HEADERS
        ]
        return [self._text(pid, each) for each in pointers]

    def _text(self, pid: int, at: int) -> str:
        """Read a short text; empty where there is none: a SemLock of 2.7 has no name."""
        try:
            data = self._read(pid, at, 64)
        except (OSError, OverflowError):
            return ""
        end = data.find(b"\0")
        return data[: max(end, 0)].decode("ascii", "replace")

    def _read(self, pid: int, at: int, size: int) -> bytes:
        return procfs.memory(pid, self._tids[pid][0], at, size)


def _all_in(data: bytes, needle: bytes) -> Iterator[int]:
    """Find a needle everywhere in some bytes: memmem(3) takes a fifth of the time of `find`."""
    begin = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
    end = begin + len(data)
    at = _memmem()(begin, len(data), needle, len(needle))
    while at is not None:
        yield at - begin
        at = _memmem()(at + 1, end - at - 1, needle, len(needle))


@functools.lru_cache(maxsize=1)
def _memmem() -> Callable[[int, int, bytes, int], Optional[int]]:
    function = ctypes.CDLL(None).memmem
    function.restype = ctypes.c_void_p
    function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
    return function
