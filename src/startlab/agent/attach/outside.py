"""What outside of a tree a thread waits for: a connection, a file lock's owner, a terminal."""

from __future__ import annotations

import mmap
import os
import platform
import re
import socket
import stat
import struct
import sys
from typing import TYPE_CHECKING, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Set, Tuple

assert sys.platform == "linux"

from ..proof import procfs, waits
from ..proof.scene import listed

if TYPE_CHECKING:
    from ..proof.facts import Obstacle

MOST = 8
MOST_WORDS = 200
_TCP_STATES = (
    "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
    "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING",
)  # fmt: skip
_LAST_RECEIVED = struct.Struct("=52xI")  # tcpi_last_data_recv of struct tcp_info, in milliseconds
_TERMINAL = re.compile(r"/dev/(pts/\d+|tty\w*|console)")
_BY_NAME = {"named semaphore": "semaphore", "futex in file": "futex", "system v": "system v"}
"""What any process may open by its name or number: how the proof calls it, and what it is."""
_HAS_IT = ("held by outsider", "lock of outsider")  # and not just a message that it has yet to read
_PATH_AT = {"open": 0, "openat": 1}  # the number of the argument
_LONGEST_PATH = 4096
_WAITS_FOR_OTHER_END = b"wait_for_partner"  # the kernel's function, of fs/pipe.c


class Holder(NamedTuple):
    """A process outside that has what is waited for."""

    pid: int
    command: str


class Outside(NamedTuple):
    """One thing outside that a thread waits for.

    `kind` says what it is; `ours` and `theirs` are the ends of a connection, `state` as the kernel
    calls it, and `silent_s` how long nothing was received.
    """

    kind: str
    object: str = ""
    descriptor: Optional[int] = None
    ours: str = ""
    theirs: str = ""
    state: str = ""
    silent_s: Optional[float] = None
    holders: Tuple[Holder, ...] = ()


class _Inet(NamedTuple):
    """The sockets of the internet of a process's network.

    `sockets` are kind, both ends and state by inode, and `backlog` both ends of connections that
    wait to be accepted: those have no inode yet.
    """

    sockets: Dict[int, Tuple[str, str, str, str]]
    backlog: Set[Tuple[str, str]]


class Naming:
    """Names what threads wait for; reads each table of the kernel once.

    `ends` are those of pipes and sockets that the tree has itself: what has its other end there,
    and only there, is not outside. `pids` are the tree's processes.
    """

    def __init__(self, ends: FrozenSet[Tuple[str, bool]], pids: Iterable[int] = ()) -> None:
        self._ends = ends
        self._pids = list(pids)
        self._inet: Dict[int, _Inet] = {}
        self._locks: Optional[List[procfs.FileLock]] = None

    def of(
        self, thread: procfs.Thread, why: Optional[Obstacle], holding: Iterable[Obstacle]
    ) -> List[Outside]:
        """Name what a thread waits for that is a descriptor, or has a name, or who has its lock.

        `why` it may go on is what the proof says, and `holding` the processes outside.
        """
        having = [each.pid for each in holding if each.kind in _HAS_IT]
        holders = tuple(map(holder_of, dict.fromkeys(having)))
        found = [
            each
            for fd in self._descriptors(thread)[:MOST]
            for each in [self._named(thread, fd, holders)]
            if each is not None
        ]
        if not found and holders:
            return [Outside("lock", holders=holders)]
        if not found and why is not None and why.kind in _BY_NAME:
            return [Outside(_BY_NAME[why.kind], why.object)]
        return found or _opened_fifo(thread)

    @staticmethod
    def _descriptors(thread: procfs.Thread) -> List[int]:
        """Give the descriptors that a thread's call is on, with a timeout or not."""
        machine = platform.machine()
        call = waits.parse(thread.call)
        if call is None or call.number < 0:
            return []
        wait = waits.decode(call, machine)
        if isinstance(wait, waits.Open):
            endless = waits.without_timeout(call, machine)
            wait = wait if endless is None else waits.decode(endless, machine)
        try:
            if isinstance(wait, (waits.Poll, waits.Select)):
                return listed(thread, wait)
            if isinstance(wait, waits.Epoll):
                info = procfs.descriptor(thread.pid, thread.tid, wait.fd)
                return [fd for fd, _ in info.watched()]
        except (OSError, ValueError):
            return []
        return list(waits.descriptors(call, machine))

    def _named(
        self, thread: procfs.Thread, fd: int, holders: Tuple[Holder, ...]
    ) -> Optional[Outside]:
        try:
            found = procfs.descriptor(thread.pid, thread.tid, fd)
            if _locks_file(thread):
                return self._file_lock(thread, fd, found.link)
            both = {(found.link, True), (found.link, False)} <= self._ends
            if found.link.startswith("pipe:") and both and not holders:
                return None
            if found.link.startswith("socket:"):
                return self._socket(thread, fd, found.link, holders)
            if found.link == "anon_inode:[pidfd]":
                holders = (holder_of(int(found.field("Pid") or -1)),)
            path = f"/proc/{thread.pid}/task/{thread.tid}/fd/{fd}"
            kind = _kind(found.link, path)
            if kind == "fifo":
                holders += self._with_fifo(thread, fd, found)
            return Outside(kind, found.link, fd, holders=holders)
        except (OSError, ValueError):
            return None

    def _with_fifo(
        self, thread: procfs.Thread, fd: int, mine: procfs.Descriptor
    ) -> Tuple[Holder, ...]:
        """Give the other processes of the tree that have the other end of a FIFO."""
        file = procfs.file_id(thread.pid, thread.tid, fd)
        having = {
            pid
            for pid in self._pids
            if pid != thread.pid
            for number in map(int, os.listdir(f"/proc/{pid}/fd"))
            for each in [procfs.descriptor(pid, pid, number)]
            if each.link == mine.link
            and each.may(writing=not mine.writes)
            and procfs.file_id(pid, pid, number) == file
        }
        return tuple(map(holder_of, sorted(having)))

    def _file_lock(self, thread: procfs.Thread, fd: int, link: str) -> Outside:
        device, inode = procfs.file_id(thread.pid, thread.tid, fd)
        if self._locks is None:
            self._locks = procfs.file_locks()
        owners = [
            each.pid
            for each in self._locks
            if (each.device, each.inode, each.waits) == (procfs.device_name(device), inode, False)
        ]
        return Outside("file lock", link, fd, holders=tuple(holder_of(pid) for pid in owners))

    def _socket(
        self, thread: procfs.Thread, fd: int, link: str, holders: Tuple[Holder, ...]
    ) -> Optional[Outside]:
        inode = int(link[len("socket:[") : -1])
        if thread.pid not in self._inet:
            self._inet[thread.pid] = _inet_of(thread.pid)
        inet = self._inet[thread.pid]
        known = inet.sockets.get(inode)
        if known is not None:
            kind, ours, theirs, state = known
            if (theirs, ours) in inet.backlog:
                kind = "backlog"
            silent_s = None
            if state == "ESTABLISHED":
                silent_s = _silent_s(thread.pid, fd, link)
            return Outside(kind, link, fd, ours, theirs, state, silent_s, holders)
        unix = procfs.unix_sockets([inode]).get(inode)
        if unix is None:
            return Outside("socket", link, fd, holders=holders)
        if (f"socket:[{unix.peer}]", True) in self._ends and not holders:
            return None
        peer = procfs.unix_sockets([unix.peer]).get(unix.peer) if unix.peer else None
        name = unix.name or (peer.name if peer else b"")
        path = name.rstrip(b"\0").replace(b"\0", b"@").decode(errors="replace")
        return Outside(
            "unix listener" if unix.listening else "unix", link, fd, theirs=path, holders=holders
        )


def _opened_fifo(thread: procfs.Thread) -> List[Outside]:
    """Name the FIFO that a thread opens, which waits for another to open its other end."""
    call = waits.parse(thread.call)
    at = _PATH_AT.get(waits.name(call, platform.machine())) if call is not None else None
    if call is None or at is None:
        return []
    try:
        if procfs.read(f"/proc/{thread.pid}/task/{thread.tid}/wchan") != _WAITS_FOR_OTHER_END:
            return []
        folder = os.readlink(f"/proc/{thread.pid}/cwd")
        path = os.path.join(folder, os.fsdecode(_text_at(thread, call.args[at])))
    except OSError:
        return []  # the thread has gone on
    return [Outside("fifo to open", path)]


def _text_at(thread: procfs.Thread, address: int) -> bytes:
    """Read text up to the zero that ends it, page by page: the next one may not be there."""
    text = b""
    while b"\0" not in text and len(text) < _LONGEST_PATH:
        size = mmap.PAGESIZE - (address + len(text)) % mmap.PAGESIZE
        text += procfs.memory(thread.pid, thread.tid, address + len(text), size)
    return text.partition(b"\0")[0]


def _locks_file(thread: procfs.Thread) -> bool:
    call = waits.parse(thread.call)
    return call is not None and isinstance(waits.decode(call, platform.machine()), waits.FileLock)


def _kind(link: str, path: str) -> str:
    """Tell what a descriptor is that is no socket."""
    if link.startswith("pipe:"):
        return "pipe"
    if link == "anon_inode:[pidfd]":
        return "child"
    if _TERMINAL.fullmatch(link):
        return "terminal"
    if not link.startswith("/"):
        return "descriptor"
    mode = os.stat(path).st_mode
    return "fifo" if stat.S_ISFIFO(mode) else "file" if stat.S_ISREG(mode) else "device"


def holder_of(pid: int) -> Holder:
    """Name a process by its command line."""
    try:
        command = procfs.read(f"/proc/{pid}/cmdline") or b"[%s]" % procfs.stat(pid).name.encode()
    except OSError:
        return Holder(pid, "")
    said = command.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
    return Holder(pid, said[:MOST_WORDS])


def _silent_s(pid: int, fd: int, link: str) -> Optional[float]:
    """Tell how long ago a connection received data last; None where it may not be asked."""
    duplicate = procfs.duplicate_of(pid, fd, link)
    if duplicate is None:
        return None
    with duplicate:
        try:
            told = duplicate.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_RECEIVED.size)
        except OSError:
            return None
    return _LAST_RECEIVED.unpack(told)[0] / 1000 if len(told) == _LAST_RECEIVED.size else None


def _inet_of(pid: int) -> _Inet:
    found = _Inet({}, set())
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        try:
            lines = procfs.read(f"/proc/{pid}/net/{kind}").decode().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, ours, theirs, state, *rest = line.split()[:10]
            name = _TCP_STATES[int(state, 16)] if int(state, 16) < len(_TCP_STATES) else state
            protocol = kind[:3]
            if protocol == "udp":
                name = ""
            if name == "LISTEN":
                protocol = "listener"
            inode, ends = int(rest[-1]), (_address(ours), _address(theirs))
            if inode:
                found.sockets[inode] = (protocol, *ends, name)
            elif name == "ESTABLISHED":
                found.backlog.add(ends)
    return found


def _address(said: str) -> str:
    """Read an address as /proc/net has it: words in the machine's order, and the port."""
    address, port = said.split(":")
    words = [bytes.fromhex(address[at : at + 8]) for at in range(0, len(address), 8)]
    if sys.byteorder == "little":
        words = [word[::-1] for word in words]
    packed = b"".join(words)
    if packed.startswith(b"\0" * 10 + b"\xff\xff"):
        packed = packed[12:]  # an IPv4 address in IPv6
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    name = socket.inet_ntop(family, packed)
    return f"{name}:{int(port, 16)}" if family == socket.AF_INET else f"[{name}]:{int(port, 16)}"
