"""That what Linux shows of processes is read right: lines by hand, and this very process."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("/proc is Linux's", allow_module_level=True)
assert sys.platform == "linux"  # the type checker skips this module elsewhere

from startlab.agent.proof import procfs  # noqa: E402 - Linux only
from startlab.agent.proof.procfs import Descriptor, Mapping, Stat  # noqa: E402 - Linux only

MAPS = b"""\
55df00000000-55df00021000 rw-p 00000000 00:00 0                          [heap]
7fe7dce67000-7fe7dce68000 rw-s 00000000 00:19 42                         /dev/shm/sem.a b (deleted)
7fe7dce68000-7fe7dce69000 rw-s 00000000 00:01 1026                       /dev/zero (deleted)
7fe7dce69000-7fe7dce6a000 r-xp 00001000 fe:00 99
"""


def test_maps() -> None:
    assert procfs.mappings(MAPS) == [
        Mapping(
            0x55DF00000000, 0x55DF00021000, shared=False, device="00:00", inode=0, path="[heap]"
        ),
        Mapping(
            0x7FE7DCE67000,
            0x7FE7DCE68000,
            shared=True,
            device="00:19",
            inode=42,
            path="/dev/shm/sem.a b (deleted)",  # noqa: S108 - as it was read
        ),
        Mapping(
            0x7FE7DCE68000,
            0x7FE7DCE69000,
            shared=True,
            device="00:01",
            inode=1026,
            path="/dev/zero (deleted)",
        ),
        Mapping(0x7FE7DCE69000, 0x7FE7DCE6A000, shared=False, device="fe:00", inode=99, path=""),
    ]


@pytest.mark.parametrize(
    ("flags", "reads", "writes"),
    [("0100000", True, False), ("0100001", False, True), ("02", True, True)],
)
def test_the_flags_of_a_descriptor(flags: str, *, reads: bool, writes: bool) -> None:
    descriptor = Descriptor("pipe:[1]", f"pos:\t0\nflags:\t{flags}\nmnt_id:\t15\nPid:\t12\n")
    assert (descriptor.reads, descriptor.writes) == (reads, writes)
    assert descriptor.field("Pid") == "12"
    assert descriptor.field("nothing") is None


def test_descendants() -> None:
    def stat(pid: int, parent: int) -> Stat:
        return Stat(pid, "x", "S", parent, 1, 0)

    everyone = {pid: stat(pid, parent) for pid, parent in [(2, 1), (3, 2), (4, 3), (5, 1), (6, 2)]}
    assert sorted(procfs.descendants(2, everyone)) == [3, 4, 6]


def test_this_process() -> None:
    pid = os.getpid()
    stat = procfs.stat(pid)
    assert (stat.pid, stat.parent, stat.group) == (pid, os.getppid(), os.getpgid(0))
    assert procfs.everyone()[pid].started == stat.started
    assert pid in procfs.threads(pid)
    assert not procfs.ended(pid, pid)
    read, write = os.pipe()
    try:
        assert procfs.descriptor(pid, pid, read).reads
        assert procfs.descriptor(pid, pid, write).writes
        assert procfs.descriptor(pid, pid, write).link in procfs.links(pid)
    finally:
        os.close(read)
        os.close(write)


def test_memory() -> None:
    text = b"something to be read"
    import ctypes

    buffer = ctypes.create_string_buffer(text)
    pid = os.getpid()
    assert procfs.memory(pid, pid, ctypes.addressof(buffer), len(text)) == text


def test_a_thread_that_sleeps() -> None:
    """Whoever sleeps the whole time between two readings has equal values."""
    ready, lock = threading.Event(), threading.Lock()
    found: list[int] = []

    def sleep() -> None:
        found.append(threading.get_native_id())
        ready.set()
        lock.acquire()

    lock.acquire()
    thread = threading.Thread(target=sleep)
    thread.start()
    ready.wait()
    pid, tid = os.getpid(), found[0]
    try:
        while procfs.call(pid, tid) == b"running\n":
            pass
        one = procfs.thread(pid, tid, procfs.call(pid, tid))
        two = procfs.thread(pid, tid, procfs.call(pid, tid))
        assert one == two
        assert one.state == "S"
    finally:
        lock.release()
        thread.join()


def test_a_name_with_brackets_and_spaces() -> None:
    comm = Path("/proc/self/comm")
    before = comm.read_text()
    try:
        comm.write_text("a) R (b")
        assert procfs.stat(os.getpid()).name == "a) R (b"
        assert procfs.stat(os.getpid()).parent == os.getppid()
    finally:
        comm.write_text(before)


def test_unix_sockets() -> None:
    ours, theirs = socket.socketpair()
    server = socket.socket(socket.AF_UNIX)
    other = socket.socket()
    with ours, theirs, server, other:
        name = f"\0startlab-test-{os.getpid()}"
        server.bind(name)
        server.listen(1)
        inode, peer, listener, foreign = (
            os.fstat(each.fileno()).st_ino for each in (ours, theirs, server, other)
        )
        found = procfs.unix_sockets([inode, peer, listener, foreign])
    assert set(found) == {inode, peer, listener}
    assert (found[inode].peer, found[peer].peer) == (peer, inode)
    assert not found[inode].listening
    assert found[listener].listening
    assert found[listener].name == name.encode()


@pytest.mark.parametrize(
    ("scope", "capabilities", "may"),
    [
        (None, "0000000000000000", True),  # a kernel without Yama
        (b"0\n", "0000000000000000", True),
        (b"1\n", "0000000000000000", False),  # Ubuntu's default
        (b"1\n", "000001ffffffffff", True),
        (b"2\n", "0000000000000000", False),
        (b"2\n", "0000000000080000", True),
        (b"3\n", "000001ffffffffff", False),
    ],
)
def test_where_yama_lets_a_sibling_look(
    monkeypatch: pytest.MonkeyPatch, scope: bytes | None, capabilities: str, *, may: bool
) -> None:
    def read(path: str) -> bytes:
        if path == "/proc/sys/kernel/yama/ptrace_scope":
            if scope is None:
                raise FileNotFoundError(path)
            return scope
        return b"Name:\tpython\nCapEff:\t%s\nSeccomp:\t0\n" % capabilities.encode()

    monkeypatch.setattr(procfs, "read", read)
    assert procfs.siblings_may_look() is may
