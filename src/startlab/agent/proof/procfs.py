"""What Linux shows of processes: /proc (proc(5)) and sock_diag(7), read into frozen values.

A file of a process that ends while it is read raises OSError: ENOENT, ESRCH, and also EACCES,
because a task without memory belongs to root. None of them means more than that it changed.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import platform
import re
import socket
import struct
import sys
from typing import Callable, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Set, Tuple

assert sys.platform == "linux"

_PAGE = mmap.PAGESIZE
_ENTRY = 8  # bytes of `pagemap` for a page; in the last one, what is there has one of two bits
_RESIDENT = re.compile(rb"[\x40-\xff]+(?:[^\x40-\xff]{1,16}[\x40-\xff]+)*")


class Moved(Exception):  # noqa: N818 - a finding
    """The job was not at rest while it was looked at."""


class Thread(NamedTuple):
    """What a thread is in; two equal values mean that it did not run in between.

    `call` is the line of `syscall`, with stack pointer and program counter; `voluntary` and
    `involuntary` count context switches; the sets of signals are bit masks, signal 1 lowest.
    `seccomp` is its mode, and how many filters it has where the kernel (5.9) tells.
    """

    pid: int
    tid: int
    call: bytes
    state: str
    voluntary: int
    involuntary: int
    pending: int
    blocked: int
    ignored: int
    caught: int
    tracer: int
    dumping: bool
    seccomp: Tuple[int, int] = (0, 0)


class Stat(NamedTuple):
    """The fields of `stat` that place a process; `started` in ticks since boot."""

    pid: int
    name: str
    state: str
    parent: int
    group: int
    session: int
    started: int


class Mapping(NamedTuple):
    """A line of `maps`."""

    start: int
    end: int
    shared: bool
    writable: bool
    device: str
    inode: int
    path: str


class Descriptor(NamedTuple):
    """An open file: what its link in `fd` says, and the lines of its `fdinfo`."""

    link: str
    info: str

    @property
    def flags(self) -> int:
        """The flags of open(2)."""
        return int(self.field("flags") or "0", 8)

    @property
    def writes(self) -> bool:
        """Whether it was opened for writing."""
        return self.flags & os.O_ACCMODE in {os.O_WRONLY, os.O_RDWR}

    @property
    def reads(self) -> bool:
        """Whether it was opened for reading."""
        return self.flags & os.O_ACCMODE in {os.O_RDONLY, os.O_RDWR}

    def may(self, *, writing: bool) -> bool:
        """Whether it was opened for writing, or for reading."""
        return self.writes if writing else self.reads

    def field(self, name: str) -> Optional[str]:
        """Give the value of a line `name: value`, or None."""
        for line in self.info.splitlines():
            if line.startswith(name + ":"):
                return line[len(name) + 1 :].strip()
        return None

    @property
    def locks(self) -> bool:
        """Whether the open file has a lock, or with POSIX locks the process has one of the file."""
        return "\nlock:" in self.info

    def watched(self) -> List[Tuple[int, int]]:
        """List what an epoll instance watches: descriptor and inode.

        The former is of the process and the time that added it: it may name something else by now.
        """
        found = []
        for line in self.info.splitlines():
            if line.startswith("tfd:"):
                fields = line.replace(":", ": ").split()
                found.append((int(fields[1]), int(fields[fields.index("ino:") + 1], 16)))
        return found


class UnixSocket(NamedTuple):
    """A socket of the kernel's table of Unix sockets; `peer` is 0 where there is none."""

    inode: int
    kind: int
    listening: bool
    name: bytes
    peer: int


def read(path: str) -> bytes:
    """Read a file of /proc whole."""
    fd = os.open(path, os.O_RDONLY)
    try:
        data = os.read(fd, 1 << 16)
        if data:
            while more := os.read(fd, 1 << 16):
                data += more
        return data
    finally:
        os.close(fd)


def threads(pid: int) -> List[int]:
    """List the threads of a process, its first one first."""
    return sorted(map(int, os.listdir(f"/proc/{pid}/task")))


def call(pid: int, tid: int) -> bytes:
    """Read the system call that a thread is in: `running`, or number, arguments, sp and pc."""
    return read(f"/proc/{pid}/task/{tid}/syscall")


def ran_s(pid: int, tid: int) -> float:
    """Give how long a thread has run, in seconds."""
    return scheduled_s(pid, tid)[0]


def scheduled_s(pid: int, tid: int) -> Tuple[float, float]:
    """Give how long a thread has run, and has waited for a processor, in seconds: `schedstat`."""
    ran_ns, queued_ns = read(f"/proc/{pid}/task/{tid}/schedstat").split()[:2]
    return int(ran_ns) / 1e9, int(queued_ns) / 1e9


_STATUS = re.compile(
    rb"\nState:\t(\S)"
    rb"(?:.*?\nTracerPid:\t(\d+))"
    rb"(?:.*?\nCoreDumping:\t(\d))?"
    rb".*?\nSigPnd:\t(\w+)\nShdPnd:\t(\w+)\nSigBlk:\t(\w+)\nSigIgn:\t(\w+)\nSigCgt:\t(\w+)"
    rb"(?:.*?\nSeccomp:\t(\d+))?"
    rb"(?:\nSeccomp_filters:\t(\d+))?"
    rb".*?\nvoluntary_ctxt_switches:\t(\d+)\nnonvoluntary_ctxt_switches:\t(\d+)",
    re.DOTALL,
)


def thread(pid: int, tid: int, line: bytes) -> Thread:
    """Read the state of a thread that was found in the system call `line`."""
    found = _STATUS.search(read(f"/proc/{pid}/task/{tid}/status"))
    if found is None:
        raise ProcessLookupError(pid)
    state, tracer, dumping, own, shared, blocked, ignored, caught, mode, filters, *switches = (
        found.groups()
    )
    return Thread(
        pid=pid,
        tid=tid,
        call=line,
        state=state.decode(),
        voluntary=int(switches[0]),
        involuntary=int(switches[1]),
        pending=int(own, 16) | int(shared, 16),
        blocked=int(blocked, 16),
        ignored=int(ignored, 16),
        caught=int(caught, 16),
        tracer=int(tracer),
        dumping=dumping == b"1",
        seccomp=(int(mode or 0), int(filters or 0)),
    )


def stat(pid: int) -> Stat:
    """Read `stat` of a process."""
    data = read(f"/proc/{pid}/stat")
    # The name is in brackets and may hold anything, brackets and spaces too.
    begin, end = data.index(b"("), data.rindex(b")")
    fields = data[end + 2 :].split()
    return Stat(
        pid=pid,
        name=data[begin + 1 : end].decode(errors="replace"),
        state=fields[0].decode(),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        started=int(fields[19]),
    )


def thread_stat(pid: int, tid: int) -> List[bytes]:
    """Give the fields of a thread's `stat` that come after its name: the state first."""
    data = read(f"/proc/{pid}/task/{tid}/stat")
    return data[data.rindex(b")") + 2 :].split()


def ended(pid: int, tid: int) -> bool:
    """Whether a thread is a zombie, which seems to run, or to be stopped, for good."""
    return thread_stat(pid, tid)[0] in {b"Z", b"X"}


def numbers(pid: int) -> List[int]:
    """Give what a process is called in each pid namespace, from this one to its own (since 4.1)."""
    found = re.search(rb"\nNSpid:\t([\d\t ]+)", read(f"/proc/{pid}/status"))
    return [pid] if found is None else list(map(int, found[1].split()))


def children(pid: int) -> List[int]:
    """List the children of a process (needs CONFIG_PROC_CHILDREN).

    The kernel may miss one while others come and go: `descendants` is the slow, complete way.
    """
    found: List[int] = []
    for tid in os.listdir(f"/proc/{pid}/task"):
        found += map(int, read(f"/proc/{pid}/task/{tid}/children").split())
    return found


def everyone() -> Dict[int, Stat]:
    """Read `stat` of every process that can be seen."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found[int(name)] = stat(int(name))
            except OSError:
                continue
    return found


def descendants(pids: Iterable[int], of: Dict[int, Stat]) -> Set[int]:
    """Give the descendants of some processes among all processes."""
    by_parent: Dict[int, List[int]] = {}
    for each in of.values():
        by_parent.setdefault(each.parent, []).append(each.pid)
    found: Set[int] = set()
    todo = list(pids)
    while todo:
        born = by_parent.pop(todo.pop(), [])
        found.update(born)
        todo += born
    return found


def descriptor(pid: int, tid: int, fd: int) -> Descriptor:
    """Look at one descriptor, as the thread itself has it."""
    base = f"/proc/{pid}/task/{tid}"
    return Descriptor(
        link=os.readlink(f"{base}/fd/{fd}"), info=read(f"{base}/fdinfo/{fd}").decode()
    )


def descriptors(pid: int, tids: Iterable[int]) -> List[Descriptor]:
    """Look at every descriptor of a process, through threads of it that are alive.

    A first thread that has ended while others go on shows none.
    """
    return [
        descriptor(pid, tid, int(fd))
        for tid in tables(tids)
        for fd in os.listdir(f"/proc/{pid}/task/{tid}/fd")
    ]


def tables(tids: Iterable[int]) -> List[int]:
    """Choose of the threads of a process one for each table of descriptors: mostly all share one.

    Where kcmp(2) is not to be had, each thread seems to have its own.
    """
    found: List[int] = []
    for tid in tids:
        if not any(same_table(tid, other) for other in found):
            found.append(tid)
    return found


_CALLS = {"x86_64": 312, "aarch64": 272}  # kcmp; the next two are the same everywhere
_PIDFD_OPEN, _PIDFD_GETFD = 434, 438
_KCMP_FILE, _KCMP_FILES, _KCMP_EPOLL_TFD = 0, 2, 7


@functools.lru_cache(maxsize=1)
def _syscall() -> Callable[..., int]:
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long

    def syscall(number: int, *args: int) -> int:
        result: int = function(*map(ctypes.c_long, (number, *args)))
        return result

    return syscall


def same_table(one: int, other: int) -> bool:
    """Whether two threads share their table of descriptors, as far as one may know."""
    return _syscall()(_CALLS[platform.machine()], one, other, _KCMP_FILES, 0, 0) == 0


def same_file(one: Tuple[int, int], other: Tuple[int, int]) -> Optional[bool]:
    """Whether two descriptors (thread, number) are of one open file; None if one may not know."""
    order = _syscall()(_CALLS[platform.machine()], one[0], other[0], _KCMP_FILE, one[1], other[1])
    return None if order < 0 else order == 0


class _EpollSlot(ctypes.Structure):
    """What kcmp(2) calls an entry of an epoll instance: the first for a descriptor's number."""

    _fields_ = (("efd", ctypes.c_uint32), ("tfd", ctypes.c_uint32), ("toff", ctypes.c_uint32))


def watches(tid: int, epoll: int, fd: int) -> bool:
    """Whether an epoll instance still watches what is now open at a number, as a thread has both.

    That is since Linux 4.14; False also where one may not know.
    """
    slot = _EpollSlot(epoll, fd, 0)
    call = _CALLS[platform.machine()]
    return _syscall()(call, tid, tid, _KCMP_EPOLL_TFD, fd, ctypes.addressof(slot)) == 0


def duplicate_of(pid: int, fd: int, link: str) -> Optional[socket.socket]:
    """Duplicate a socket of a process, which does not notice; None where that may not be done."""
    number = -1
    pidfd = _syscall()(_PIDFD_OPEN, pid, 0)
    if pidfd >= 0:
        number = _syscall()(_PIDFD_GETFD, pidfd, fd, 0)
        os.close(pidfd)
    if number < 0:
        return None
    if link != f"socket:[{os.fstat(number).st_ino}]":
        os.close(number)
        return None  # the thread has a table of its own
    return socket.socket(fileno=number)


def socket_timeout(pid: int, fd: int, link: str, *, writing: bool) -> Optional[bool]:
    """Whether a socket of a process has SO_SNDTIMEO or SO_RCVTIMEO; None if it cannot be told."""
    duplicate = duplicate_of(pid, fd, link)
    if duplicate is None:
        return None
    option = socket.SO_SNDTIMEO if writing else socket.SO_RCVTIMEO
    with duplicate:
        return any(duplicate.getsockopt(socket.SOL_SOCKET, option, 16))


@functools.lru_cache(maxsize=1)
def io_uring_is_allowed() -> bool:
    """Whether a process like this one may use io_uring; one of another group might, too."""
    size = 120  # struct io_uring_params
    parameters = ctypes.create_string_buffer(size)
    ring = _syscall()(425, 1, ctypes.addressof(parameters))
    if ring >= 0:
        os.close(ring)
        return True
    try:
        return int(read("/proc/sys/kernel/io_uring_disabled")) == 1
    except (OSError, ValueError):
        return False


def cpu_limited(pid: int) -> bool:
    """Whether a process is sent a signal for having run for long."""
    limits = read(f"/proc/{pid}/limits").decode()
    return any(
        line.startswith(("Max cpu time", "Max realtime timeout")) and line.split()[3] != "unlimited"
        for line in limits.splitlines()
    )


def file_id(pid: int, tid: int, fd: int) -> Tuple[int, int]:
    """Give the device and inode of what a descriptor is."""
    found = os.stat(f"/proc/{pid}/task/{tid}/fd/{fd}")
    return found.st_dev, found.st_ino


def mappings(text: bytes) -> List[Mapping]:
    """Decode the `maps` of a process."""
    return [_mapping(line) for line in text.splitlines()]


def mapping_at(text: bytes, address: int) -> Optional[Mapping]:
    """Decode the line of `maps` that an address is in."""
    for line in text.splitlines():
        start, _, rest = line.partition(b"-")
        if int(start, 16) <= address < int(rest[: rest.index(b" ")], 16):
            return _mapping(line)
    return None


def _mapping(line: bytes) -> Mapping:
    fields = line.decode(errors="replace").split(None, 5)
    start, end = fields[0].split("-")
    return Mapping(
        start=int(start, 16),
        end=int(end, 16),
        shared=fields[1][3] == "s",
        writable=fields[1][1] == "w",
        device=fields[3],
        inode=int(fields[4]),
        path=fields[5] if len(fields) > 5 else "",
    )


def memory(pid: int, tid: int, address: int, size: int) -> bytes:
    """Read memory of a process, through a thread of it that is alive."""
    fd = os.open(f"/proc/{pid}/task/{tid}/mem", os.O_RDONLY)
    try:
        data = os.pread(fd, size, address)
    finally:
        os.close(fd)
    if len(data) != size:
        raise ProcessLookupError(pid)
    return data


def resident(pid: int, tid: int, start: int, end: int) -> List[Tuple[int, int]]:
    """Give the parts of memory, from and to, that are in use, and small gaps between them.

    An allocator may reserve a gigabyte: to read it would take long, and give the process pages.
    """
    fd = os.open(f"/proc/{pid}/task/{tid}/pagemap", os.O_RDONLY)
    try:
        pages = os.pread(fd, (end - start) // _PAGE * _ENTRY, start // _PAGE * _ENTRY)
    finally:
        os.close(fd)
    runs = _RESIDENT.finditer(pages[_ENTRY - 1 :: _ENTRY])
    return [(start + run.start() * _PAGE, start + run.end() * _PAGE) for run in runs]


@functools.lru_cache(maxsize=1)
def anonymous_device() -> str:
    """Give the device of shared memory that has no name: memfd_create(2), shared mmap(2).

    A portable build of Python, such as uv's, has no os.memfd_create: it is built with an old libc.
    """
    with mmap.mmap(-1, _PAGE):
        own = mappings(read("/proc/self/maps"))
    return next(each.device for each in own if each.path == "/dev/zero (deleted)")


def device_name(device: int) -> str:
    """Give a device number as `maps` has it."""
    return f"{os.major(device):02x}:{os.minor(device):02x}"


# linux/sock_diag.h, linux/unix_diag.h, linux/netlink.h
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_NLMSG_ERROR = 2
_UDIAG_SHOW_NAME, _UDIAG_SHOW_PEER = 1, 4
_UNIX_DIAG_NAME, _UNIX_DIAG_PEER = 0, 2
_NETLINK_SOCK_DIAG = 4
_TCP_LISTEN = 10


def unix_sockets(inodes: Iterable[int]) -> Dict[int, UnixSocket]:
    """Look up Unix sockets of this network namespace by inode; others are not in the answer."""
    found = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as diag:
        for inode in inodes:
            body = struct.pack(
                "=BBHIIIII",
                socket.AF_UNIX,
                0,
                0,
                0xFFFF_FFFF,
                inode,
                _UDIAG_SHOW_NAME | _UDIAG_SHOW_PEER,
                0xFFFF_FFFF,
                0xFFFF_FFFF,
            )
            header = struct.pack(
                "=IHHII", 16 + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, inode, 0
            )
            diag.sendto(header + body, (0, 0))
            answer = diag.recv(1 << 16)
            if struct.unpack_from("=H", answer, 4)[0] != _NLMSG_ERROR:
                found[inode] = _unix_socket(answer)
    return found


def _unix_socket(answer: bytes) -> UnixSocket:
    (length,) = struct.unpack_from("=I", answer)
    _, kind, state, inode = struct.unpack_from("=BBBxI", answer, 16)
    name, peer, at = b"", 0, 32
    while at + 4 <= length:
        size, attribute = struct.unpack_from("=HH", answer, at)
        value = answer[at + 4 : at + size]
        if attribute == _UNIX_DIAG_NAME:
            name = value
        elif attribute == _UNIX_DIAG_PEER:
            (peer,) = struct.unpack("=I", value)
        at += (size + 3) & ~3
    return UnixSocket(inode=inode, kind=kind, listening=state == _TCP_LISTEN, name=name, peer=peer)


class FileLock(NamedTuple):
    """A lock of a file, or one that somebody waits for; `pid` took it, -1 where none did alone."""

    kind: str
    waits: bool
    pid: int
    device: str
    inode: int


def file_locks() -> List[FileLock]:
    """List all locks of files, as this process's pid namespace sees them."""
    found = []
    for line in read("/proc/locks").decode().splitlines():
        fields = line.split()[1:]
        waiting = fields[0] == "->"
        kind, _, _, pid, file = fields[waiting : waiting + 5]
        major, minor, inode = file.split(":")
        found.append(FileLock(kind, waiting, int(pid), f"{major}:{minor}", int(inode)))
    return found


class SystemV(NamedTuple):
    """A System V semaphore or message queue without a key (IPC_PRIVATE).

    `changed_s` is when it was made, or changed by semctl(2) or msgctl(2); `users` are the processes
    that last sent or received a message.
    """

    changed_s: int
    users: FrozenSet[int]


def system_v(kind: str) -> Dict[int, SystemV]:
    """List those of a `kind`, `sem` or `msg`, of this process's namespace, by their numbers."""
    names, *rows = (line.split() for line in read(f"/proc/sysvipc/{kind}").decode().splitlines())
    found = {}
    for row in rows:
        fields = dict(zip(names, row))  # noqa: B905 - not in 3.8
        if fields["key"] == "0":
            users = {int(fields.get(each, 0)) for each in ("lspid", "lrpid")}
            found[int(row[1])] = SystemV(int(fields["ctime"]), frozenset(users - {0}))
    return found


class TcpSocket(NamedTuple):
    """A TCP socket; `quiet` where it is connected, with nothing under way and no timer."""

    inode: int
    ends: Tuple[str, str]
    quiet: bool


_ESTABLISHED = "01"


def tcp_sockets(pid: int) -> List[TcpSocket]:
    """List the TCP sockets of a process's network namespace."""
    found = []
    for name in ("tcp", "tcp6"):
        try:
            lines = read(f"/proc/{pid}/net/{name}").decode().splitlines()[1:]
        except FileNotFoundError:  # no IPv6
            continue
        for line in lines:
            _, ours, theirs, state, queues, timer, _, _, _, inode = line.split()[:10]
            quiet = (state, queues, timer[:2]) == (_ESTABLISHED, "00000000:00000000", "00")
            found.append(TcpSocket(int(inode), (ours, theirs), quiet))
    return found


_CAP_SYS_PTRACE = 19


def siblings_may_look() -> bool:
    """Whether a program that is started here may look into the others that are: py-spy, say.

    Yama's ptrace_scope 1, which is Ubuntu's, lets ancestors alone, 2 the privileged, 3 nobody;
    without Yama there is no such file.
    """
    try:
        scope = int(read("/proc/sys/kernel/yama/ptrace_scope"))
    except (OSError, ValueError):
        return True
    found = re.search(rb"\nCapEff:\t(\w+)", read("/proc/self/status"))
    privileged = found is not None and bool(int(found[1], 16) >> _CAP_SYS_PTRACE & 1)
    return scope < 1 or (scope < 3 and privileged)


def namespaces(pid: int, tid: int) -> Tuple[str, str]:
    """Tell the pid and the network namespace of a thread."""
    base = f"/proc/{pid}/task/{tid}/ns"
    return os.readlink(f"{base}/pid"), os.readlink(f"{base}/net")
