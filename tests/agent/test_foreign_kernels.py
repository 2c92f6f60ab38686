"""What kernels say that are seldom tested on: recorded on aarch64 (Linux 6.12) and in gVisor."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("/proc is Linux's", allow_module_level=True)
assert sys.platform == "linux"  # the type checker skips this module elsewhere

from startlab.agent.proof import procfs, waits  # noqa: E402 - Linux only
from startlab.agent.proof.procfs import Mapping, Stat, Thread  # noqa: E402 - Linux only
from startlab.agent.proof.waits import (  # noqa: E402 - Linux only
    Child,
    Epoll,
    FileLock,
    Inside,
    Lock,
    Open,
    Poll,
    Select,
    Transfer,
)

# Python 3.13.5 with glibc 2.41: the file `syscall` of a blocked process, and its `wchan`.
AARCH64 = [
    pytest.param(
        "63 0x3 0xffffb22e5550 0x1 0x0 0x0 0x0 0xffffe4f4eb40 0xffffb25f28dc",
        "pipe_read",
        Transfer(3, writing=False),
        id="os.read",
    ),
    pytest.param(
        "64 0x4 0xffffa3ae3030 0x20000 0x0 0x0 0x0 0xfffffe3a5cb0 0xffffa3ec28dc",
        "pipe_write",
        Transfer(4, writing=True),
        id="os.write",
    ),
    pytest.param(
        "98 0xffffd7511280 0x189 0x0 0x0 0x0 0xffffffff 0xffffd7511130 0xffff84c028dc",
        "futex_wait_queue",
        Lock(0xFFFFD7511280, private=True),
        id="threading.Lock",
    ),
    pytest.param(
        "98 0xfffffc76ee00 0x89 0x0 0xfffffc76ed80 0x0 0xffffffff 0xfffffc76eca0 0xffffb64528dc",
        "futex_wait_queue",
        Open("futex", timed=True, timespec=0xFFFFFC76ED80, clock=1),
        id="Lock.acquire(timeout)",
    ),
    pytest.param(
        "98 0xffffbe994000 0x109 0x0 0x0 0x0 0xffffffff 0xffffe638f7b0 0xffffbe6f28dc",
        "futex_wait_queue",
        Lock(0xFFFFBE994000, private=False),
        id="multiprocessing.Lock",
    ),
    pytest.param(
        "260 0x68f 0xfffffd04872c 0x0 0x0 0x0 0x0 0xfffffd0486b0 0xffff85dc28dc",
        "do_wait",
        Child(1679),
        id="os.waitpid",
    ),
    pytest.param(
        "260 0xffffffffffffffff 0xfffff6bd472c 0x0 0x0 0x0 0x0 0xfffff6bd46c0 0xffff8c7328dc",
        "do_wait",
        Child(None),
        id="os.wait",
    ),
    pytest.param(
        "95 0x1 0x693 0xffffc687f300 0x4 0x0 0x0 0xffffc687f270 0xffff983128dc",
        "do_wait",
        Child(1683),
        id="os.waitid",
    ),
    pytest.param(
        "73 0xffffb43d81f0 0x1 0x0 0x0 0x0 0x0 0xffffc2f7b930 0xffffb45328dc",
        "do_sys_poll",
        Poll(0xFFFFB43D81F0, 1),
        id="poll is ppoll",
    ),
    pytest.param(
        "73 0xffff81ce81f0 0x1 0xffffc81d9640 0x0 0x0 0x0 0xffffc81d9610 0xffff81e428dc",
        "do_sys_poll",
        Open("ppoll", timed=True),
        id="poll with a timeout",
    ),
    pytest.param(
        "72 0x4 0xffffeb70d840 0x0 0x0 0x0 0x0 0xffffeb70d730 0xffff9fb828dc",
        "do_select",
        Select(4, (0xFFFFEB70D840, 0, 0)),
        id="select is pselect6",
    ),
    pytest.param(
        "72 0x4 0xffffcef7eca0 0x0 0x0 0xffffcef7ebc0 0x0 0xffffcef7eb90 0xffffb9d028dc",
        "do_select",
        Open("pselect6", timed=True),
        id="select with a timeout",
    ),
    pytest.param(
        "22 0x5 0x2753d800 0x3ff 0xffffffffffffffff 0x0 0x8 0xfffff552fc40 0xffff91e528dc",
        "do_epoll_wait",
        Epoll(5),
        id="epoll_wait is epoll_pwait",
    ),
    pytest.param(
        "22 0x5 0xc129bd0 0x3ff 0xea60 0x0 0x8 0xffffd85a7ed0 0xffffa40d28dc",
        "do_epoll_wait",
        Open("epoll_pwait", timed=True),
        id="epoll_wait with a timeout",
    ),
    pytest.param(
        "207 0x3 0xffffb8565340 0x1 0x0 0x0 0x0 0xffffdec04dc0 0xffffb88728dc",
        "unix_stream_read_generic",
        Transfer(3, writing=False),
        id="recv is recvfrom",
    ),
    pytest.param(
        "212 0x3 0xfffff919bfc0 0x0 0x0 0x0 0x0 0xfffff919bea0 0xffff9c7e28dc",
        "unix_stream_read_generic",
        Transfer(3, writing=False),
        id="recvmsg",
    ),
    pytest.param(
        "206 0x3 0xffffb17d3030 0x400000 0x0 0x0 0x0 0xffffc2d8ec50 0xffffb20928dc",
        "sock_alloc_send_pskb",
        Transfer(3, writing=True),
        id="send is sendto",
    ),
    pytest.param(
        "211 0x3 0xfffff10fb790 0x0 0x0 0x0 0x0 0xfffff10fb670 0xffff84f428dc",
        "sock_alloc_send_pskb",
        Transfer(3, writing=True, resumable=False),
        id="sendmsg",
    ),
    pytest.param(
        "242 0x3 0xffffdcf82bc8 0xffffdcf82bac 0x80000 0x0 0x0 0xffffdcf82ab0 0xffffbd2928dc",
        "__skb_wait_for_more_packets",
        Transfer(3, writing=False),
        id="accept is accept4",
    ),
]

# These may return by themselves, or by a signal, another process or a reader from outside.
AARCH64_OPEN = [
    ("203 0x5 0xffffd2815be8 0xb 0x0 0x0 0x0 0xffffd2815b50 0xffffb21d28dc", "connect", False),
    (
        "115 0x1 0x1 0xffffe0e9f7d0 0x0 0x0 0x0 0xffffe0e9f770 0xffffaa8128dc",
        "clock_nanosleep",
        True,
    ),
    (
        "137 0xfffff4850d60 0xfffff4850bf8 0x0 0x8 0x0 0x0 0xfffff4850ba0 0xffff8c1a28dc",
        "rt_sigtimedwait",
        False,
    ),
    (
        "56 0xffffffffffffff9c 0xffff92f456d0 0x80000 0x0 0x0 0x0 0xffffd6bf60d0 0xffff932528dc",
        "openat",
        False,
    ),
]

AARCH64_STATUS = b"""\
Name:\tcat
Umask:\t0022
State:\tS (sleeping)
Tgid:\t1704
Ngid:\t0
Pid:\t1704
PPid:\t1672
TracerPid:\t0
Uid:\t0\t0\t0\t0
CoreDumping:\t0
THP_enabled:\t1
untag_mask:\t0xffffffffffffff
Threads:\t1
SigQ:\t1/15209
SigPnd:\t0000000000000000
ShdPnd:\t0000000000000000
SigBlk:\t0000000000000000
SigIgn:\t0000000000000000
SigCgt:\t0000000000000000
CapInh:\t0000000000000000
voluntary_ctxt_switches:\t1
nonvoluntary_ctxt_switches:\t1
"""

# runsc 20240729: neither the masks of signals nor the numbers of switches are there.
GVISOR_STATUS = b"""\
Name:\tcat
State:\tS (sleeping)
Tgid:\t3
Pid:\t3
PPid:\t2
TracerPid:\t0
Uid:\t1000\t1000\t1000\t1000
Gid:\t1000\t1000\t1000\t1000
FDSize:\t512
Groups:\t1000\x20
VmSize:\t11348 kB
VmRSS:\t4016 kB
VmData:\t488 kB
Threads:\t1
CapInh:\t0000000000000000
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
CapBnd:\t00000000a80405fb
Seccomp:\t0
Mems_allowed:\t1
Mems_allowed_list:\t0
"""

GVISOR_STAT = (
    b"3 (cat) S 2 2 1 0 0 0 0 0 0 0 0 1 0 0 20 0 1 0 17 11620352 1004 18446744073709551615"
    b" 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
)

GVISOR_MAPS = b"""\
00067000-0006c000 r-xp 00000000 00:00 0                                  [usertrap]
55f5edd4c000-55f5edd4e000 r--p 00000000 00:19 459                        /usr/bin/cat
55f5edd59000-55f5edd7a000 rw-p 00000000 00:00 0                          [heap]
7ebfb98d2000-7ebfb9914000 rw-p 00000000 00:00 0\x20
"""


def call_of(line: str) -> waits.Call:
    call = waits.parse(line.encode() + b"\n")
    assert call is not None
    return call


@pytest.mark.parametrize(("line", "channel", "expected"), AARCH64)
def test_what_a_thread_waits_for_on_aarch64(line: str, channel: str, expected: Inside) -> None:
    wait = waits.decode(call_of(line), "aarch64")
    assert wait == expected
    assert isinstance(wait, Open) or waits.channel_fits(wait, channel)


@pytest.mark.parametrize(("line", "name", "timed"), AARCH64_OPEN, ids=lambda each: str(each)[:9])
def test_what_may_return_on_aarch64(line: str, name: str, *, timed: bool) -> None:
    assert waits.decode(call_of(line), "aarch64") == Open(name, timed=timed)


def test_a_lock_of_a_file_on_aarch64() -> None:
    line = "32 0x4 0x2 0x0 0x1 0x0 0xa3ee90 0xfffff0432020 0xffff8c2aff8c"
    assert waits.decode(call_of(line), "aarch64") == FileLock(4, "FLOCK")


def test_pause_on_aarch64_polls_nothing() -> None:
    line = "73 0x0 0x0 0x0 0x0 0x0 0x0 0xffffdc0ad760 0xffffab8f28dc"
    assert waits.decode(call_of(line), "aarch64") == Poll(0, 0)


def test_the_numbers_of_one_machine_are_not_those_of_the_other() -> None:
    read = call_of("63 0x3 0xffffb22e5550 0x1 0x0 0x0 0x0 0xffffe4f4eb40 0xffffb25f28dc")
    assert waits.decode(read, "x86_64") == Open("system call 63", timed=False)


def test_the_status_of_a_thread_on_aarch64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "read", {"/proc/1704/task/1704/status": AARCH64_STATUS}.__getitem__)
    assert procfs.thread(1704, 1704, b"") == Thread(
        pid=1704,
        tid=1704,
        call=b"",
        state="S",
        voluntary=1,
        involuntary=1,
        pending=0,
        blocked=0,
        ignored=0,
        caught=0,
        tracer=0,
        dumping=False,
    )


def test_gvisor_shows_too_little_of_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "read", {"/proc/3/task/3/status": GVISOR_STATUS}.__getitem__)
    with pytest.raises(OSError):  # noqa: PT011 - what the agent takes for a refusal
        procfs.thread(3, 3, b"")


def test_the_stat_of_a_process_in_gvisor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "read", {"/proc/3/stat": GVISOR_STAT}.__getitem__)
    assert procfs.stat(3) == Stat(
        pid=3, name="cat", state="S", parent=2, group=2, session=1, started=17
    )


def test_the_maps_of_a_process_in_gvisor() -> None:
    assert procfs.mappings(GVISOR_MAPS)[:2] == [
        Mapping(
            0x67000,
            0x6C000,
            shared=False,
            writable=False,
            device="00:00",
            inode=0,
            path="[usertrap]",
        ),
        Mapping(
            0x55F5EDD4C000,
            0x55F5EDD4E000,
            shared=False,
            writable=False,
            device="00:19",
            inode=459,
            path="/usr/bin/cat",
        ),
    ]
    assert procfs.mappings(GVISOR_MAPS)[3].path == ""
