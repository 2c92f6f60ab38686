"""Sentences about jobs that do not go on: who waits, where, for what, and why it never comes."""

from __future__ import annotations

import errno
from typing import Any, get_args

import pytest

from startlab.judge import waiting
from startlab.model import (
    Held,
    LostThread,
    NotLaunched,
    Observation,
    Obstacle,
    ObstacleKind,
    Polled,
    Process,
    Respawn,
    Start,
    Stream,
    Thread,
    Wait,
    WaitKind,
)

LOCK = Wait(kind="lock", object="0x55d0")
READ = Wait(kind="pipe read", object="pipe:[7]", descriptor=5)
WRITE = Wait(kind="pipe write")


def thread(tid: int, wait: Wait, *waits_for: int, where: str | None = None) -> Thread:
    return Thread(tid=tid, wait=wait, waits_for=waits_for, where=where)


def process(pid: int, *threads: Thread, role: Any = "", lost: tuple[LostThread, ...] = ()) -> Any:
    return Process(pid=pid, ppid=1, command="", role=role, threads=threads, lost_threads=lost)


def hang(*processes: Process, ring: tuple[tuple[int, int], ...], **said: Any) -> str:
    return waiting.hang(
        Observation(
            ended="proof", exit_status=None, duration_s=9.0, processes=processes, ring=ring, **said
        )
    )


def locked(where: str | None = None, *lost: LostThread, wait: Wait = LOCK) -> str:
    child = process(12, thread(12, wait, 12, where=where), lost=lost)
    return hang(process(10, role="program"), child, ring=((12, 12),))


# --- one that waits for itself, and a ring -------------------------------------------------------


def test_the_sentence_names_the_process_the_line_and_who_was_left_behind() -> None:
    assert locked("worker.py:24", LostThread(name="pusher", where="worker.py:9")) == (
        "child 12 waits at worker.py:24 for a lock: only threads of this process could release it; "
        'it has no other thread; when it was forked, thread "pusher" was at worker.py:9: it does '
        "not exist here"
    )


def test_the_sentence_counts_further_threads_and_does_without_a_line() -> None:
    lost = [LostThread(name=name, where="x.py:1") for name in "abc"]
    said = locked(None, *lost)
    assert said.startswith("child 12 waits for a lock: ")
    assert 'thread "a" was at x.py:1 and 2 more' in said


def test_a_wait_for_something_else_names_the_line_too_and_no_thread() -> None:
    said = locked("a.py:3", LostThread(name="pusher", where="b.py:1"), wait=READ)
    assert said == (
        "child 12, at a.py:3, reads from an empty pipe (descriptor 5): "
        "only this process itself could write to it or close the other end"
    )


def test_a_thread_without_a_line_or_a_name_was_there() -> None:
    assert locked(None, LostThread(name="pusher")).endswith(
        'when it was forked, thread "pusher" was there: it does not exist here'
    )
    assert "when it was forked, a native thread was there" in locked(None, LostThread(name="?"))


def test_a_lock_of_another_thread_s_says_nothing_of_a_child_that_reads() -> None:
    program = process(10, thread(10, LOCK, 10), role="program")
    child = process(12, thread(12, READ, 10), lost=(LostThread(name="pusher", where="a.py:1"),))
    assert "forked" not in hang(program, child, ring=((10, 10), (12, 12)))


def test_of_threads_that_wait_for_one_another_each_has_its_own_line() -> None:
    program = process(
        10,
        thread(10, LOCK, 10, where="a.py:32"),
        thread(20, WRITE, 12, where="a.py:15"),
        role="program",
    )
    children = (
        process(12, thread(12, Wait(kind="child"), 13)),
        process(13, thread(13, READ, 10)),
    )
    assert hang(program, *children, ring=((10, 10), (10, 20), (12, 12), (13, 13))) == (
        "4 threads wait for one another: the program waits at a.py:32 for a lock; "
        "thread 20 of the program, at a.py:15, writes to a full pipe; "
        "child 12 waits for the end of its child pid 13; "
        "child 13 reads from an empty pipe (descriptor 5)"
    )


def has(*holders: tuple[int, int], kind: str = "Lock", **said: Any) -> Wait:
    held = Held(type=kind, lock="7f00", holders=holders, **said)
    return Wait(kind="lock" if kind == "RLock" else "shared lock", held=held)


def test_who_has_a_lock_is_named_with_the_line_that_made_it() -> None:
    one = process(11, thread(11, has((12, 12), made="a.py:3"), 11, 12, where="a.py:9"))
    two = process(12, thread(12, has((11, 11), kind="Queue", made="a.py:4"), 11, 12))
    assert hang(process(10, role="program"), one, two, ring=((11, 11), (12, 12))) == (
        "2 threads wait for one another: child 11 waits at a.py:9 for a Lock (made at a.py:3) "
        "shared between processes, which pid 12 has; child 12 waits for a lock of a Queue (made "
        "at a.py:4) shared between processes, which pid 11 has"
    )


def test_a_thread_of_the_same_process_has_it() -> None:
    one = thread(11, has((11, 20), kind="RLock"), 11)
    two = thread(20, Wait(kind="signal"), 11)
    assert hang(process(11, one, two), ring=((11, 11), (11, 20))) == (
        "2 threads wait for one another: child 11 waits for an RLock, which thread 20 of it has; "
        "thread 20 of child 11 waits for a signal"
    )


def test_what_took_a_lock_has_ended() -> None:
    assert locked("a.py:9", wait=has(kind="RLock", left=True)) == (
        "child 12 waits at a.py:9 for an RLock: what took it has ended without releasing it"
    )


def test_a_long_ring_is_cut() -> None:
    ring = tuple((pid, pid) for pid in range(10, 17))
    said = hang(*(process(pid, thread(pid, READ, pid + 1)) for pid, _ in ring), ring=ring)
    assert said.startswith("7 threads wait for one another: child 10 reads ")
    assert said.endswith("child 13 reads from an empty pipe (descriptor 5) and 3 more")


def test_a_server_of_multiprocessing_is_named_where_another_waits_for_it() -> None:
    poll = Wait(kind="poll", polled=(Polled(kind="pipe", descriptor=4),))
    program = process(10, thread(10, poll, 11, where="a.py:9"), role="program")
    server = process(11, thread(11, poll, 10), role="fork server")
    child = process(13, thread(13, READ, 10, 13))
    said = hang(program, server, child, ring=((10, 10), (13, 13)))
    assert said.startswith(
        "2 threads wait for one another: the program waits at a.py:9 for a pipe (descriptor 4) of "
        "the fork server; child 13 reads "
    )


def test_who_was_not_seen_any_more_is_not_told_of() -> None:
    assert hang(ring=((7, 7),)) == "no thread of it can ever run again"


# --- who had ended before ------------------------------------------------------------------------

STDERR = """\
Process SpawnPoolWorker-1:
Traceback (most recent call last):
  File "/usr/lib/python3.13/multiprocessing/pool.py", line 114, in worker
    task = get()
           ~~~^^
AttributeError: Can't get attribute 'greet' on <module '__mp_main__'>
"""


IN_THREADS = """\
Exception in thread Thread-3 (_handle_results):
Traceback (most recent call last):
  File "/usr/lib/python3.13/threading.py", line 1041, in _bootstrap_inner
    self.run()
    ~~~~~~~~^^
KeyError: 1

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/p/a.py", line 3, in work
TypeError: __init__() missing 1 required positional argument: 'text'
Exception in thread Thread-4:
Traceback (most recent call last):
  File "/p/a.py", line 4, in work
ValueError
"""


def ends(*codes: int) -> tuple[Start, ...]:
    return tuple(
        Start(pid=1, method="fork", time_s=0.1, child=pid, exit_code=code, exit_s=0.2)
        for pid, code in enumerate(codes, start=21)
    )


@pytest.mark.parametrize(
    ("codes", "stderr", "said"),
    [
        ([], STDERR, ""),
        ([0, 0], STDERR, ""),
        (
            [0, 1],
            STDERR,
            (
                "; child 22 had ended with exit code 1, "
                "of AttributeError: Can't get attribute 'greet' on <module '__mp_main__'>"
            ),
        ),
        ([1], "ready\n", "; child 21 had ended with exit code 1"),
        ([-9, -9, -9], STDERR, "; child 21 and 2 more had ended by signal 9"),
        (
            [1],
            IN_THREADS[IN_THREADS.index("Exception in thread Thread-4") :] + STDERR,
            (
                "; child 21 had ended with exit code 1, of AttributeError: Can't get attribute "
                "'greet' on <module '__mp_main__'>; thread \"Thread-4\" had ended of ValueError"
            ),
        ),
        (
            [],
            IN_THREADS,
            (
                '; thread "Thread-3 (_handle_results)" and 1 more had ended of '
                "TypeError: __init__() missing 1 required positional argument: 'text'"
            ),
        ),
    ],
)
def test_the_sentence_ends_with_who_had_ended_badly(
    codes: list[int], stderr: str, said: str
) -> None:
    child = process(30, thread(30, LOCK, 30))
    sentence = hang(
        child, ring=((30, 30),), starts=ends(*codes), stderr=Stream(head=stderr.encode())
    )
    assert sentence == (
        "child 30 waits for a lock: only threads of this process could release it; "
        f"it has no other thread{said}"
    )


def test_whom_the_agent_has_ended_is_not_told_of() -> None:
    late = Start(pid=1, method="fork", time_s=0.1, child=21, exit_code=-9, exit_s=9.5)
    assert "ended" not in hang(process(30, thread(30, LOCK, 30)), ring=((30, 30),), starts=(late,))


def test_workers_that_are_replaced() -> None:
    assert waiting.respawning(Respawn(pid=1, exit_code=1, deaths=7)) == (
        "workers die and are replaced forever: 7 have ended with exit code 1"
    )


# --- every kind has its words --------------------------------------------------------------------

WORDS = [
    (LOCK, (1,), "waits for a lock", ("only threads of this process could "
     "release it; it has no other thread")),
    (Wait(kind="lock", others=1), (1,), "waits for a lock",
     "only threads of this process could release it; the other one waits too"),
    (Wait(kind="lock", others=2), (1,), "waits for a lock",
     "only threads of this process could release it; the 2 others wait too"),
    (Wait(kind="shared lock", object="sem.mp-x"), (1,),
     "waits for a lock shared between processes (sem.mp-x)", "only this process has it"),
    (Wait(kind="shared lock"), (1, 2), "waits for a lock shared between processes",
     "only pids 1, 2 could release it, and they wait too"),
    (Wait(kind="file lock", object="/a"), (2,), "waits for a lock on a file (/a)",
     "only pid 2 could release it, and they wait too"),
    (Wait(kind="file lock", object="/a"), (1,), "waits for a lock on a file (/a)",
     "only this process has it"),
    (Wait(kind="eventfd"), (1, 2), "reads from an eventfd that is zero",
     "only pids 1, 2 could raise it, and they wait too"),
    (Wait(kind="pipe read", object="/a/fifo", descriptor=5), (1,),
     "reads from an empty FIFO (/a/fifo)",
     "only this process itself could write to it or close the other end"),
    (Wait(kind="semaphore", object="7"), (1, 2), "waits for a System V semaphore (7)",
     "only pids 1, 2 could change it, and they wait too"),
    (Wait(kind="message queue"), (1,), "waits for a System V message queue",
     "only this process itself could send or receive one"),
    (Wait(kind="signal"), (2,), "waits for a signal",
     "only pid 2 could send one, and they wait too"),
    (Wait(kind="child"), (2,), "waits for the end of its child pid 2", "it can never end"),
    (Wait(kind="child"), (2, 3), "waits for the end of its child pids 2, 3",
     "none of them can ever end"),
    (READ, (2,), "reads from an empty pipe (descriptor 5)",
     "only pid 2 could write to it, and they wait too"),
    (WRITE, (1,), "writes to a full pipe",
     "only this process itself could read from it or close the other end"),
    (Wait(kind="socket read"), (2,), "reads from an empty socket",
     "only pid 2 could write to it, and they wait too"),
    (Wait(kind="socket write"), (2,), "writes to a full socket",
     "only pid 2 could read from it, and they wait too"),
    (Wait(kind="connection", descriptor=3), (1,), "waits for a connection (descriptor 3)",
     "only processes of this job know the address, and they wait too"),
    (Wait(kind="poll", polled=(Polled(kind="pipe", descriptor=3), Polled(kind="child", pid=4))),
     (2, 4), "waits for any of a pipe (descriptor 3), the end of pid 4",
     "only pids 2, 4 could make one of them ready, and they wait too"),
    (Wait(kind="asleep", poller=True), (),
     "wakes up periodically in a loop of the standard library",
     "does nothing until another thread or process has done something"),
    (Wait(kind="asleep", object="clock_nanosleep"), (), "sleeps (clock_nanosleep)", ""),
    (Wait(kind="running", poller=True), (), "runs in a loop of the standard library",
     "does nothing until another thread or process has done something"),
    (Wait(kind="running"), (), "runs", ""),
    (Wait(kind="call", object="futex", timed=True,
          obstacle=Obstacle(kind="call", pid=1, tid=1, name="futex", timed=True)),
     (), "is in futex with a timeout", "may wake: futex with a timeout in pid 1"),
]  # fmt: skip


@pytest.mark.parametrize(("wait", "waits_for", "waits", "wakers"), WORDS)
def test_the_words_for_a_wait(
    wait: Wait, waits_for: tuple[int, ...], waits: str, wakers: str
) -> None:
    (seen,) = waiting.worded([process(1, thread(1, wait, *waits_for))])
    assert (seen.threads[0].waits, seen.threads[0].wakers) == (waits, wakers)


def test_every_kind_of_wait_has_words() -> None:
    assert {wait.kind for wait, *_ in WORDS} == set(get_args(WaitKind))


def test_without_numbers_a_wait_is_the_same_in_every_trial() -> None:
    polled = tuple(Polled(kind="pipe", descriptor=number) for number in (3, 4))
    assert [
        waiting.waits(thread(1, wait, 2), numbers=False)
        for wait in (
            READ,
            Wait(kind="shared lock", object="sem.mp-x"),
            Wait(kind="child"),
            Wait(kind="pipe write", object="/a/fifo"),
            Wait(kind="poll", polled=(*polled, Polled(kind="child", pid=4))),
        )
    ] == [
        "reads from an empty pipe",
        "waits for a lock shared between processes",
        "waits for the end of its child",
        "writes to a full FIFO",
        "waits for any of a pipe, the end of a child",
    ]


def test_what_was_not_seen_has_no_words() -> None:
    (seen,) = waiting.worded([process(1, Thread(tid=1))])
    assert (seen.threads[0].waits, waiting.waits(Thread(tid=1))) == ("", "")


@pytest.mark.parametrize("kind", get_args(ObstacleKind))
def test_every_obstacle_has_words(kind: ObstacleKind) -> None:
    found = Obstacle(
        kind=kind, pid=3, tid=4, name="python", object="pipe:[7]", descriptor=5, others=(6,),
        error="refused",
    )  # fmt: skip
    said = waiting.obstacle(found)
    assert "{" not in said
    assert len(said) > len("is running")
    assert ("thread 4 of pid 3" in said) == ("pid 3" in said)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            Obstacle(kind="alarm unknown", pid=3, name="no thread"),
            "may wake: pid 3 may have armed an interval timer (none of its threads can be asked)",
        ),
        (
            Obstacle(kind="socket timeout unknown", pid=3, name="ptrace"),
            "may wake: a socket of pid 3 may have a timeout (ptrace is not allowed here)",
        ),
        (
            Obstacle(kind="alarm unknown", pid=3, name="ptrace", error="No such process"),
            "may wake: pid 3 may have armed an interval timer (ptrace: No such process)",
        ),
        (
            Obstacle(kind="held by outsider", pid=3, name="cat", object="pipe:[7]"),
            "may wake: pid 3 (cat), outside the job, holds pipe:[7], which the job waits for",
        ),
        (
            Obstacle(kind="descriptor", pid=3, tid=3, object="/dev/tty", descriptor=0),
            "may wake: pid 3 waits for /dev/tty (descriptor 0)",
        ),
    ],
)
def test_the_words_for_an_obstacle(found: Obstacle, said: str) -> None:
    assert waiting.obstacle(found) == said


def test_why_a_program_was_not_launched() -> None:
    failed = NotLaunched(step="copy", program="python", error="no space")
    assert waiting.not_launched(failed) == "its files could not be copied: no space"
    full = NotLaunched(step="place", program="python", error="scratch: full", errno=errno.ENOSPC)
    assert waiting.not_launched(full) == (
        "there is no place for a trial: scratch: full; make room there, or set TMPDIR to another "
        "folder, and finish the run with --resume"
    )


def test_what_only_goes_round_is_told_with_who_waits() -> None:
    beat = Thread(tid=8, where="worker.py:12", wait=Wait(kind="asleep", rounds=True))
    join = Thread(tid=7, where="worker.py:30", wait=Wait(kind="child"), waits_for=(9,))
    lock = Thread(tid=9, where="worker.py:20", wait=Wait(kind="lock"), waits_for=(9,))
    seen = Observation(
        ended="rounds",
        grade="stuck",
        exit_status=None,
        duration_s=3.0,
        processes=(
            Process(pid=7, ppid=1, command="", role="program", threads=(join, beat)),
            Process(pid=9, ppid=7, command="", threads=(lock,)),
        ),
        ring=((9, 9),),
    )
    assert waiting.goes_round(seen) == (
        "child 9 waits at worker.py:20 for a lock: only threads of this process could release it; "
        "it has no other thread; the threads that still run change nothing: thread 8 of the "
        "program, at worker.py:12, wakes up periodically; it continues only if one of its "
        "processes gets a signal"
    )
