"""What a line of /proc/PID/task/TID/syscall says, with lines as they were read on real machines."""

from __future__ import annotations

import pytest

from startlab.agent.proof import waits
from startlab.agent.proof.waits import (
    Child,
    Epoll,
    FileLock,
    Lock,
    Open,
    Poll,
    Select,
    Signal,
    SystemV,
    Transfer,
)

END = " 0x7ffd5c93d728 0x7fafb9726ef3\n"


def decode(line: str, machine: str = "x86_64") -> waits.Inside:
    call = waits.parse((line + END).encode())
    assert call is not None
    assert (call.stack_pointer, call.program_counter) == (0x7FFD5C93D728, 0x7FAFB9726EF3)
    return waits.decode(call, machine)


def test_a_thread_on_a_processor_is_in_no_call() -> None:
    assert waits.parse(b"running\n") is None
    assert waits.parse(b"") is None


def test_a_stop_outside_of_any_call_may_end() -> None:
    call = waits.parse(b"-1 0x7ffd5c93d728 0x7fafb9726ef3\n")
    assert call is not None
    assert call.number == -1
    assert isinstance(waits.decode(call, "x86_64"), Open)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "202 0x55dfaa6caab0 0x189 0x0 0x0 0x0 0xffffffff",
            Lock(0x55DFAA6CAAB0, private=True),
            id="threading.Lock",
        ),
        pytest.param(
            "202 0x7fe7dce67000 0x109 0x0 0x0 0x0 0xffffffff",
            Lock(0x7FE7DCE67000, private=False),
            id="multiprocessing.Lock",
        ),
        pytest.param("202 0x10 0x86 0x0 0x0 0x0 0x0", Lock(0x10, private=True), id="LOCK_PI"),
        pytest.param("202 0x10 0x8d 0x0 0x0 0x0 0x0", Lock(0x10, private=True), id="LOCK_PI2"),
        pytest.param(
            "202 0x10 0x8b 0x0 0x0 0x20 0x0", Lock(0x10, private=True), id="WAIT_REQUEUE_PI"
        ),
        pytest.param(
            "202 0x10 0x189 0x0 0x7ffd 0x0 0xffffffff",
            Open("futex", timed=True, timespec=0x7FFD, clock=0),
            id="Lock.acquire(timeout) by the time of day",
        ),
        pytest.param(
            "202 0x10 0x89 0x0 0x7ffd 0x0 0xffffffff",
            Open("futex", timed=True, timespec=0x7FFD, clock=1),
            id="Lock.acquire(timeout) by the monotonic clock",
        ),
        pytest.param(
            "202 0x10 0x80 0x0 0x7ffd 0x0 0x0",
            Open("futex", timed=True, timespec=0x7FFD),
            id="FUTEX_WAIT with a relative timeout",
        ),
        pytest.param("202 0x10 0x81 0x1 0x0 0x0 0x0", Open("futex", timed=False), id="FUTEX_WAKE"),
        pytest.param("61 0xffffffff 0x7fff 0x0 0x0 0x0 0x0", Child(None), id="os.wait"),
        pytest.param("61 0x2a 0x7fff 0x0 0x0 0x0 0x0", Child(42), id="waitpid of one"),
        pytest.param("61 0xffffffd6 0x7fff 0x0 0x0 0x0 0x0", Child(None), id="of a group"),
        pytest.param("61 0x2a 0x7fff 0x1 0x0 0x0 0x0", Open("wait4", timed=False), id="WNOHANG"),
        pytest.param("247 0x1 0x2a 0x7fff 0x4 0x0 0x0", Child(42), id="waitid(P_PID)"),
        pytest.param("247 0x0 0x0 0x7fff 0x4 0x0 0x0", Child(None), id="waitid(P_ALL)"),
        pytest.param("247 0x3 0x5 0x7fff 0x4 0x0 0x0", Child(None), id="waitid(P_PIDFD)"),
        pytest.param("0 0x3 0x7fe7 0x1 0x0 0x0 0x0", Transfer(3, writing=False), id="read"),
        pytest.param("1 0x4 0x55df 0x186a0 0x0 0x0 0x0", Transfer(4, writing=True), id="write"),
        pytest.param(
            "46 0x4 0x55df 0x0 0x0 0x0 0x0",
            Transfer(4, writing=True, resumable=False),
            id="sendmsg",
        ),
        pytest.param("288 0x3 0x7f 0x7f 0x80000 0x0 0x0", Transfer(3, writing=False), id="accept"),
        pytest.param("7 0x7f7d 0x2 0xffffffff 0x1 0x0 0x0", Poll(0x7F7D, 2), id="poll"),
        pytest.param(
            "7 0x7f7d 0x2 0x3e8 0x1 0x0 0x0", Open("poll", timed=True), id="poll, a second"
        ),
        pytest.param("7 0x7f7d 0x2 0x0 0x1 0x0 0x0", Open("poll", timed=True), id="poll, at once"),
        pytest.param("271 0x7f7d 0x2 0x0 0x0 0x8 0x0", Poll(0x7F7D, 2), id="ppoll"),
        pytest.param(
            "270 0x4 0x7f7d 0x0 0x0 0x0 0x0", Select(4, (0x7F7D, 0, 0)), id="select.select"
        ),
        pytest.param(
            "270 0x0 0x0 0x0 0x0 0x7f7d 0x0",
            Open("pselect6", timed=True, timespec=0x7F7D),
            id="time.sleep before 3.11",
        ),
        pytest.param(
            "23 0x0 0x0 0x0 0x0 0x7f7d 0x0",
            Open("select", timed=True, timespec=0x7F7D, per_second=1_000_000),
            id="time.sleep before 3.11, glibc before 2.34",
        ),
        pytest.param(
            "23 0x4 0x7f00 0x0 0x0 0x7f7d 0x0",
            Open("select", timed=True),
            id="select with a descriptor and a timeout, glibc before 2.34",
        ),
        pytest.param(
            "232 0x5 0x55df 0x3ff 0xffffffff 0x0 0x0", Epoll(5), id="epoll_wait, for ever"
        ),
        pytest.param(
            "232 0x5 0x55df 0x3ff 0xfffffc18 0x0 0x0", Epoll(5), id="asyncio on 3.6: -1000"
        ),
        pytest.param(
            "232 0x5 0x55df 0x3ff 0x3e8 0x0 0x0", Open("epoll_wait", timed=True), id="a second"
        ),
        pytest.param(
            "230 0x1 0x1 0x7f 0x0 0x0 0x0", Open("clock_nanosleep", timed=True), id="sleep"
        ),
        pytest.param(
            "219 0x1 0x1 0x7f 0x0 0x0 0x0", Open("restart_syscall", timed=False), id="219"
        ),
        pytest.param("34 0x0 0x0 0x0 0x0 0x0 0x0", Signal(), id="pause"),
        pytest.param("73 0x3 0x2 0x0 0x0 0x0 0x0", FileLock(3, "FLOCK"), id="flock"),
        pytest.param("72 0x3 0x7 0x7ffe 0x0 0x0 0x0", FileLock(3, "POSIX"), id="lockf"),
        pytest.param(
            "72 0x3 0x26 0x7ffe 0x0 0x0 0x0", Open("fcntl", timed=False), id="lock of an open file"
        ),
        pytest.param("65 0x2 0x7ffe 0x1 0x0 0x0 0x0", SystemV("sem", 2), id="semop"),
        pytest.param("220 0x2 0x7ffe 0x1 0x0 0x0 0x0", SystemV("sem", 2), id="semop of glibc 2.31"),
        pytest.param(
            "220 0x2 0x7ffe 0x1 0x7ff0 0x0 0x0", Open("semtimedop", timed=True), id="semtimedop"
        ),
        pytest.param("70 0x3 0x7ffe 0x8 0x0 0x0 0x0", SystemV("msg", 3), id="msgrcv"),
        pytest.param("69 0x3 0x7ffe 0x8 0x0 0x0 0x0", SystemV("msg", 3), id="msgsnd"),
        pytest.param("449 0x7f 0x1 0x0 0x0 0x0 0x0", Open("futex_waitv", timed=False), id="waitv"),
        pytest.param(
            "999 0x7f 0x1 0x0 0x0 0x0 0x0", Open("system call 999", timed=False), id="unheard of"
        ),
        pytest.param(
            "1073741824 0x3 0x7f 0x1 0x0 0x0 0x0",
            Open("system call 1073741824", timed=False),
            id="read of the x32 ABI",
        ),
    ],
)
def test_what_a_call_waits_for(line: str, expected: waits.Inside) -> None:
    assert decode(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("98 0x10 0x189 0x0 0x0 0x0 0xffffffff", Lock(0x10, private=True)),
        ("260 0xffffffff 0x7fff 0x0 0x0 0x0 0x0", Child(None)),
        ("63 0x3 0x7fe7 0x1 0x0 0x0 0x0", Transfer(3, writing=False)),
        ("73 0x7f7d 0x2 0x0 0x0 0x8 0x0", Poll(0x7F7D, 2)),
        ("22 0x5 0x55df 0x3ff 0xffffffff 0x0 0x8", Epoll(5)),
        ("128 0x1 0x1 0x7f 0x0 0x0 0x0", Open("restart_syscall", timed=False)),
        ("61 0xffffffff 0x7fff 0x0 0x0 0x0 0x0", Open("system call 61", timed=False)),
        ("7 0x7f7d 0x2 0xffffffff 0x1 0x0 0x0", Open("system call 7", timed=False)),
    ],
)
def test_aarch64_has_its_own_numbers(line: str, expected: waits.Inside) -> None:
    assert decode(line, "aarch64") == expected


def test_no_number_is_two_calls() -> None:
    for machine, names in waits.NAMES.items():
        assert len(set(names.values())) == len(names), machine


@pytest.mark.parametrize(
    ("wait", "channel", "fits"),
    [
        (Lock(1, private=True), "futex_do_wait", True),
        (Lock(1, private=True), "futex_wait_queue_me", True),
        (Lock(1, private=True), "do_freezer_trap", False),
        (Lock(1, private=True), "anon_pipe_write", False),
        (Child(None), "do_wait", True),
        (Child(None), "ptrace_stop", False),
        (Transfer(3, writing=False), "anon_pipe_read", True),
        (Transfer(3, writing=False), "unix_stream_read_generic", True),
        (Transfer(3, writing=True), "sock_alloc_send_pskb", True),
        (Transfer(3, writing=False), "handle_userfault", False),
        (Transfer(3, writing=False), "seccomp_do_user_notification", False),
        (Transfer(3, writing=False), "request_wait_answer", False),
        (Poll(1, 1), "poll_schedule_timeout.constprop.0", True),
        (Select(1, (1, 0, 0)), "do_select", True),
        (Epoll(3), "do_epoll_wait", True),
        (Epoll(3), "ep_poll", True),
        (Epoll(3), "do_freezer_trap", False),
        (Epoll(3), "0", True),
    ],
)
def test_the_kernel_must_wait_where_the_call_waits(
    wait: waits.Inside, channel: str, *, fits: bool
) -> None:
    assert waits.channel_fits(wait, channel) is fits


@pytest.mark.parametrize(
    ("link", "channel", "may", "fits"),
    [
        ("pipe:[1]", "anon_pipe_read", True, True),
        ("pipe:[1]", "pipe_wait", True, True),
        ("pipe:[1]", "0", True, True),
        ("pipe:[1]", "anon_pipe_read", False, False),
        ("pipe:[1]", "0", False, False),
        ("pipe:[1]", "unix_stream_read_generic", True, False),
        ("socket:[1]", "unix_stream_read_generic", True, True),
        ("socket:[1]", "anon_pipe_read", True, False),
        ("socket:[1]", "wait_woken", True, True),
        ("socket:[1]", "do_wait_intr_irq", True, False),
        ("anon_inode:[eventfd]", "do_wait_intr_irq", True, True),
        ("anon_inode:[eventfd]", "anon_pipe_read", True, False),
        ("/a/fifo", "anon_pipe_read", True, True),
        ("/a/fifo", "unix_stream_read_generic", True, False),
    ],
)
def test_a_descriptor_that_was_replaced_meanwhile(
    link: str, channel: str, *, may: bool, fits: bool
) -> None:
    assert waits.transfer_fits(link, channel, may=may) is fits


@pytest.mark.parametrize(
    ("line", "descriptors"),
    [
        ("0 0x3 0x7f7d 0x1 0x0 0x0 0x0", (3,)),
        ("275 0x3 0x0 0x5 0x0 0x1 0x0", (3, 5)),
        ("40 0x5 0x3 0x0 0x1 0x0 0x0", (5, 3)),
        ("202 0x7ffe 0x189 0x0 0x0 0x0 0xffffffff", ()),
    ],
)
def test_what_a_call_keeps_open(line: str, descriptors: tuple[int, ...]) -> None:
    call = waits.parse((line + END).encode())
    assert call is not None
    assert waits.descriptors(call, "x86_64") == descriptors
