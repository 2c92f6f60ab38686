"""That what Linux shows of processes is read right: lines by hand, and this very process."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("/proc is Linux's", allow_module_level=True)
assert sys.platform == "linux"  # the type checker skips this module elsewhere

import fcntl  # noqa: E402 - not on Windows

from startlab.agent.proof import procfs, ptrace  # noqa: E402 - Linux only
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
            0x55DF00000000,
            0x55DF00021000,
            shared=False,
            writable=True,
            device="00:00",
            inode=0,
            path="[heap]",
        ),
        Mapping(
            0x7FE7DCE67000,
            0x7FE7DCE68000,
            shared=True,
            writable=True,
            device="00:19",
            inode=42,
            path="/dev/shm/sem.a b (deleted)",  # noqa: S108 - as it was read
        ),
        Mapping(
            0x7FE7DCE68000,
            0x7FE7DCE69000,
            shared=True,
            writable=True,
            device="00:01",
            inode=1026,
            path="/dev/zero (deleted)",
        ),
        Mapping(
            0x7FE7DCE69000,
            0x7FE7DCE6A000,
            shared=False,
            writable=False,
            device="fe:00",
            inode=99,
            path="",
        ),
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


def test_what_an_epoll_instance_watches() -> None:
    line = "tfd:        4 events:       19 data:                4  pos:0 ino:4d2 sdev:d\n"
    descriptor = Descriptor("anon_inode:[eventpoll]", f"pos:\t0\nflags:\t02\n{line}{line}")
    assert descriptor.watched() == [(4, 0x4D2), (4, 0x4D2)]


def test_descendants() -> None:
    def stat(pid: int, parent: int) -> Stat:
        return Stat(pid, "x", "S", parent, 1, 1, 0)

    everyone = {pid: stat(pid, parent) for pid, parent in [(2, 1), (3, 2), (4, 3), (5, 1), (6, 2)]}
    assert procfs.descendants([2], everyone) == {3, 4, 6}


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
    finally:
        os.close(read)
        os.close(write)


def test_the_descriptors_of_a_process() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:  # noqa: S607 - as it is found
        ptrace.asleep(child.pid)
        found = procfs.descriptors(child.pid, procfs.threads(child.pid))
        assert procfs.descriptor(child.pid, child.pid, 0) in found
        assert len(found) == len(set(found)) == len(os.listdir(f"/proc/{child.pid}/fd"))
        assert child.stdin is not None
        child.stdin.close()


def test_threads_share_their_table_of_descriptors() -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    try:
        assert thread.native_id is not None
        assert procfs.tables([os.getpid(), thread.native_id]) == [os.getpid()]
        assert len(procfs.tables([os.getpid(), os.getppid()])) == 2
    finally:
        release.set()
        thread.join()


def test_a_duplicate_is_the_same_open_file() -> None:
    read, write = os.pipe()
    copy = os.dup(read)
    try:
        assert procfs.same_file((os.getpid(), read), (os.getpid(), copy)) is True
        assert procfs.same_file((os.getpid(), read), (os.getpid(), write)) is False
        assert procfs.same_file((os.getpid(), read), (os.getpid(), 1 << 20)) is None
    finally:
        for fd in (read, write, copy):
            os.close(fd)


def test_the_timeout_of_a_socket() -> None:
    pid = os.getpid()
    one, other = socket.socketpair()
    with one, other:
        link = os.readlink(f"/proc/self/fd/{one.fileno()}")
        assert procfs.socket_timeout(pid, one.fileno(), link, writing=False) is False
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 5, 0))
        assert procfs.socket_timeout(pid, one.fileno(), link, writing=False) is True
        assert procfs.socket_timeout(pid, one.fileno(), link, writing=True) is False
        assert procfs.socket_timeout(pid, other.fileno(), link, writing=False) is None


def test_a_limit_of_the_time_on_a_processor() -> None:
    limit = "import resource as r, sys; r.setrlimit(r.RLIMIT_CPU, (60, 60)); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", limit], stdin=subprocess.PIPE) as child:
        thread = ptrace.asleep(child.pid)
        while not procfs.cpu_limited(child.pid):
            assert thread.state != "Z"
            thread = ptrace.asleep(child.pid)
        assert not procfs.cpu_limited(os.getpid())
        assert child.stdin is not None
        child.stdin.close()


def test_the_locks_of_a_file(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.lockf(file, fcntl.LOCK_EX)
        found = os.fstat(file.fileno())
        mine = [each for each in procfs.file_locks() if each.inode == found.st_ino]
    device = procfs.device_name(found.st_dev)
    assert {(each.kind, each.waits, each.pid, each.device) for each in mine} >= {
        ("FLOCK", False, os.getpid(), device),
        ("POSIX", False, os.getpid(), device),
    }


def test_the_two_ends_of_a_tcp_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        other, _ = server.accept()
    with client, other:
        inodes = {each.inode: each for each in procfs.tcp_sockets(os.getpid())}
        one, two = (inodes[os.fstat(each.fileno()).st_ino] for each in (client, other))
        assert one.ends == two.ends[::-1]
        client.sendall(b"x")
        assert other.recv(1) == b"x"
        while not all(
            each.quiet
            for each in procfs.tcp_sockets(os.getpid())
            if each.inode in {one.inode, two.inode}
        ):
            pass  # what was received is yet to be acknowledged


def test_memory() -> None:
    text = b"something to be read"
    import ctypes

    buffer = ctypes.create_string_buffer(text)
    pid = os.getpid()
    assert procfs.memory(pid, pid, ctypes.addressof(buffer), len(text)) == text


def test_shared_memory_without_a_name() -> None:
    with os.fdopen(os.memfd_create("theirs")) as memory:
        expected = procfs.device_name(os.fstat(memory.fileno()).st_dev)
    assert procfs.anonymous_device() == expected


def test_memory_that_was_only_reserved_is_not_read() -> None:
    page = mmap.PAGESIZE
    with mmap.mmap(-1, 1024 * page, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        for number in (100, 110, 500):
            memory[number * page] = 1
        here = ctypes.c_char.from_buffer(memory)
        start = ctypes.addressof(here)
        found = procfs.resident(os.getpid(), os.getpid(), start, start + 1024 * page)
        del here
    assert [((a - start) // page, (b - start) // page) for a, b in found] == [
        (100, 111),
        (500, 501),
    ]


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
