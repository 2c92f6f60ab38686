"""What a blocked system call waits for: pure decoding of a line of `/proc/PID/task/TID/syscall`.

The numbers are those of the kernel's own tables (x86_64: arch/x86/entry/syscalls/syscall_64.tbl;
aarch64: include/uapi/asm-generic/unistd.h). Only a call that is listed here and that has no
timeout is ever more than `Open`: whatever is not known may return by itself.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple, Union


class Call(NamedTuple):
    """A system call that a thread is inside of, off the processor."""

    number: int
    args: Tuple[int, ...]
    stack_pointer: int
    program_counter: int


class Lock(NamedTuple):
    """A futex without a timeout; `private` to its process, else whoever maps it may wake it."""

    address: int
    private: bool


class Child(NamedTuple):
    """A wait for a child: `pid` as in waitpid(2), or None where any child may be meant."""

    pid: Optional[int]


class Transfer(NamedTuple):
    """A read, write or accept on a descriptor.

    On a socket it may have a timeout that its arguments do not show (SO_RCVTIMEO, SO_SNDTIMEO).
    `resumable`: had it been done in part, its arguments could be changed to mean the rest.
    """

    fd: int
    writing: bool
    resumable: bool = True


class Poll(NamedTuple):
    """poll(2) without a timeout on `length` pollfd structures at `address`."""

    address: int
    length: int


class Select(NamedTuple):
    """select(2) without a timeout on descriptors below `limit`, in the sets at `addresses`."""

    limit: int
    addresses: Tuple[int, ...]


class Epoll(NamedTuple):
    """epoll_wait(2) without a timeout."""

    fd: int


class FileLock(NamedTuple):
    """A wait for a lock of a file: flock(2), or F_SETLKW of fcntl(2), which is POSIX's."""

    fd: int
    kind: str


class SystemV(NamedTuple):
    """A wait for a System V semaphore (`kind` is `sem`) or message queue (`msg`), by its number."""

    kind: str
    number: int


class Signal(NamedTuple):
    """pause(2): a wait for any signal that is caught."""


class Open(NamedTuple):
    """A call that may return by itself or by something outside; `timed` where it has a timeout.

    `timespec` is the address of the timeout where it may be that of a polling loop: a bare sleep
    by select(2), or a futex; `clock` is the clock (clock_gettime(2)) of a time of day in it, and
    `per_second` says what its second number counts: nanoseconds, or a timeval's microseconds.
    """

    name: str
    timed: bool
    timespec: int = 0
    clock: Optional[int] = None
    per_second: int = 1_000_000_000


Inside = Union[Lock, Child, Transfer, Poll, Select, Epoll, FileLock, SystemV, Signal, Open]
"""What the system call is that a thread is in."""

# Each name: its number on x86_64 and on aarch64, None where the architecture lacks the call.
_NUMBERS: Dict[str, Tuple[Optional[int], Optional[int]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "open": (2, None),
    "poll": (7, None),
    "readv": (19, 65),
    "writev": (20, 66),
    "select": (23, None),
    "pause": (34, None),
    "nanosleep": (35, 101),
    "sendfile": (40, 71),
    "connect": (42, 203),
    "accept": (43, 202),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "clone": (56, 220),
    "vfork": (58, None),
    "wait4": (61, 260),
    "semop": (65, 193),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "fcntl": (72, 25),
    "flock": (73, 32),
    "fsync": (74, 82),
    "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133),
    "futex": (202, 98),
    "io_getevents": (208, 4),
    "restart_syscall": (219, 128),
    "semtimedop": (220, 192),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "epoll_wait": (232, None),
    "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183),
    "waitid": (247, 95),
    "openat": (257, 56),
    "pselect6": (270, 72),
    "ppoll": (271, 73),
    "splice": (275, 76),
    "tee": (276, 77),
    "vmsplice": (278, 75),
    "epoll_pwait": (281, 22),
    "accept4": (288, 242),
    "recvmmsg": (299, 243),
    "sendmmsg": (307, 269),
    "copy_file_range": (326, 285),
    "io_uring_enter": (426, 426),
    "clone3": (435, 435),
    "epoll_pwait2": (441, 441),
    "futex_waitv": (449, 449),
}
_COLUMNS = {"x86_64": 0, "aarch64": 1}
NAMES: Dict[str, Dict[int, str]] = {
    machine: {
        number: name
        for name, numbers in _NUMBERS.items()
        if (number := numbers[column]) is not None
    }
    for machine, column in _COLUMNS.items()
}
"""Machine, as uname(2) has it, to number to name."""

SYSCALL_INSTRUCTION: Dict[str, bytes] = {"x86_64": b"\x0f\x05", "aarch64": b"\x01\x00\x00\xd4"}
"""What stands just before the program counter of a thread inside a call of these tables.

A 32-bit program, or `int 0x80` in a 64-bit one, has another instruction there and other numbers.
"""

_SLEEPS = frozenset({"nanosleep", "clock_nanosleep"})
_FILE_LOCKS = frozenset({"flock", "fcntl"})
_READS = frozenset({"read", "readv", "recvfrom", "recvmsg", "accept", "accept4"})
_WRITES = frozenset({"write", "writev", "sendto", "sendmsg"})
# Which arguments are descriptors, of calls that may sleep and keep what was open when they began.
_DESCRIPTORS: Dict[str, Tuple[int, ...]] = {
    **dict.fromkeys(_READS | _WRITES | {"recvmmsg", "sendmmsg", "connect", "vmsplice"}, (0,)),
    **dict.fromkeys(("fcntl", "flock", "fsync"), (0,)),
    **dict.fromkeys(("sendfile", "tee"), (0, 1)),
    **dict.fromkeys(("splice", "copy_file_range"), (0, 2)),
}
_F_SETLKW = 7
# linux/futex.h: the operations that put a thread to sleep.
_FUTEX_WAIT, _FUTEX_LOCK_PI, _FUTEX_WAIT_BITSET, _FUTEX_WAIT_REQUEUE_PI, _FUTEX_LOCK_PI2 = (
    0,
    6,
    9,
    11,
    13,
)
_FUTEX_SLEEPS = frozenset(
    {_FUTEX_WAIT, _FUTEX_LOCK_PI, _FUTEX_WAIT_BITSET, _FUTEX_WAIT_REQUEUE_PI, _FUTEX_LOCK_PI2}
)
_FUTEX_COMMAND = 0x7F
_FUTEX_PRIVATE = 0x80
_FUTEX_CLOCK_REALTIME = 0x100
_REALTIME, _MONOTONIC = 0, 1
_WNOHANG = 1
_P_PID = 1


def parse(line: bytes) -> Optional[Call]:
    """Read a line of `syscall`; None if the thread was on a processor or about to be."""
    fields = line.split()
    if not fields or fields[0] == b"running":
        return None
    values = [int(field, 16) for field in fields[1:]]
    return Call(
        number=int(fields[0]),
        args=tuple(values[:-2]),
        stack_pointer=values[-2],
        program_counter=values[-1],
    )


def _int32(value: int) -> int:
    """Read a register as the kernel reads an `int` argument."""
    value &= 0xFFFF_FFFF
    return value - (1 << 32) if value & 0x8000_0000 else value


def name(call: Call, machine: str) -> str:
    """Give the call's name, or its number where this module does not know it."""
    return NAMES[machine].get(call.number, f"system call {call.number}")


def descriptors(call: Call, machine: str) -> Tuple[int, ...]:
    """Give the descriptors that a call is on."""
    return tuple(_int32(call.args[index]) for index in _DESCRIPTORS.get(name(call, machine), ()))


def is_in_queue(text: bytes, machine: str) -> bool:
    """Tell, by what /proc says of a thread's call, whether it waits for the lock of a file.

    Linux keeps those that do in a tree: when one is interrupted, those behind it wake, and wait
    again (locks_delete_block() in fs/locks.c).
    """
    call = parse(text)
    return call is not None and isinstance(decode(call, machine), FileLock)


def kind(call: Inside) -> str:
    """Tell what kind of wait a call is of which it is not known who could end it."""
    if isinstance(call, FileLock) or (isinstance(call, Open) and call.name in _FILE_LOCKS):
        return "file lock"
    return "asleep" if isinstance(call, Open) and call.name in _SLEEPS else "call"


def decode(call: Call, machine: str) -> Inside:  # noqa: C901, PLR0911, PLR0912 - a table, row by row
    """Tell what the thread waits for.

    Timeouts are read as the kernel reads them: asyncio on Python 3.6 and 3.7 gives epoll_wait
    -1000, and every negative number means forever.
    """
    what = name(call, machine)
    if call.number < 0 or len(call.args) != 6:
        return Open("a stop outside of any system call", timed=False)
    args = call.args
    if what == "futex":
        operation = args[1] & _FUTEX_COMMAND
        if operation not in _FUTEX_SLEEPS:
            return Open(what, timed=False)
        if args[3]:
            absolute = operation != _FUTEX_WAIT
            clock = _REALTIME if args[1] & _FUTEX_CLOCK_REALTIME else _MONOTONIC
            return Open(what, timed=True, timespec=args[3], clock=clock if absolute else None)
        return Lock(address=args[0], private=bool(args[1] & _FUTEX_PRIVATE))
    if what == "wait4":
        pid = _int32(args[0])
        return Open(what, timed=False) if args[2] & _WNOHANG else Child(pid if pid > 0 else None)
    if what == "waitid":
        pid = _int32(args[1])
        if args[3] & _WNOHANG:
            return Open(what, timed=False)
        return Child(pid if args[0] == _P_PID else None)
    if what in _READS or what in _WRITES:
        return Transfer(
            fd=_int32(args[0]),
            writing=what in _WRITES,
            resumable=what not in {"writev", "sendmsg"},
        )
    if what == "flock":
        return FileLock(_int32(args[0]), "FLOCK")
    if what == "fcntl" and _int32(args[1]) == _F_SETLKW:
        return FileLock(_int32(args[0]), "POSIX")
    if what == "semop" or (what == "semtimedop" and not args[3]):
        return SystemV("sem", _int32(args[0]))
    if what in {"msgrcv", "msgsnd"}:
        return SystemV("msg", _int32(args[0]))
    if what == "pause":
        return Signal()
    if what == "poll" and _int32(args[2]) < 0:
        return Poll(address=args[0], length=args[1] & 0xFFFF_FFFF)
    if what == "ppoll" and not args[2]:
        return Poll(address=args[0], length=args[1] & 0xFFFF_FFFF)
    if what in {"select", "pselect6"} and not args[4]:
        return Select(limit=_int32(args[0]), addresses=tuple(args[1:4]))
    if what in {"epoll_wait", "epoll_pwait"} and _int32(args[3]) < 0:
        return Epoll(fd=_int32(args[0]))
    if what == "epoll_pwait2" and not args[3]:
        return Epoll(fd=_int32(args[0]))
    if what == "pselect6" and not any(args[:4]):
        return Open(what, timed=True, timespec=args[4])
    if what == "select" and not any(args[:4]):  # glibc up to 2.33 on x86_64
        return Open(what, timed=True, timespec=args[4], per_second=1_000_000)
    return Open(what, timed=what in _SLEEPS or what in _TIMEOUT_AT)


_TIMEOUT_AT: Dict[str, Tuple[int, int]] = {
    "futex": (3, 0),
    "poll": (2, -1),
    "ppoll": (2, 0),
    "select": (4, 0),
    "pselect6": (4, 0),
    "epoll_wait": (3, -1),
    "epoll_pwait": (3, -1),
    "epoll_pwait2": (3, 0),
    "semtimedop": (3, 0),
}
"""Which argument is the timeout, and what it is where there is none."""


def without_timeout(call: Call, machine: str) -> Optional[Call]:
    """Give the call as it would be without its timeout, if it waits for more than that."""
    what = name(call, machine)
    at = _TIMEOUT_AT.get(what)
    if at is None or len(call.args) != 6:
        return None
    if what in {"select", "pselect6"} and not any(call.args[:4]):
        return None
    index, never = at
    return call._replace(args=(*call.args[:index], never, *call.args[index + 1 :]))


# What the kernel's own wait channel must then say, by parts of the names it had from 4.x to 6.x:
# a thread that a freezer, a page fault in userfaultfd or FUSE, seccomp's supervisor, a core dump
# or its own exit holds *inside* one of these calls shows the call, but another channel.
_CHANNELS: Dict[type, Tuple[str, ...]] = {
    Lock: ("futex", "rt_mutex"),
    Child: ("do_wait", "kernel_wait"),
    Transfer: ("pipe", "unix", "skb", "sock", "wait_woken", "do_wait_intr_irq", "eventfd"),
    FileLock: ("lock", "setlk"),
    SystemV: ("semtimedop", "msgrcv", "msgsnd"),
    Signal: ("pause",),
    Poll: ("poll", "select"),
    Select: ("poll", "select"),
    Epoll: ("poll",),
}


def channel_fits(wait: Inside, channel: str) -> bool:
    """Whether the wait channel is that of the call; one that the kernel keeps to itself is."""
    if channel in {"", "0"}:
        return True
    return any(part in channel for part in _CHANNELS.get(type(wait), ()))


def transfer_fits(link: str, channel: str, *, may: bool) -> bool:
    """Whether a read or write that the kernel has in `channel` can be on what `link` names."""
    if channel in {"", "0"}:
        return may
    if "pipe" in channel:
        return may and not link.startswith(("socket:", "anon_inode:"))
    if "eventfd" in channel or channel == "do_wait_intr_irq":
        return may and link == "anon_inode:[eventfd]"
    return may and link.startswith("socket:")
