"""What a tree is in, by what two looks have shown."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from startlab.judge import roles
from startlab.judge.standstill import classify, hangs
from startlab.model import (
    Frame,
    Look,
    Outside,
    OutsideHolder,
    SeenThread,
    Standstill,
    TreeProcess,
    TreeThread,
    Wait,
)

LOCK = Wait(kind="lock")
SLEEP = Wait(kind="asleep", timed=True)
TCP = Outside(kind="tcp", theirs="10.0.0.5:5432", state="ESTABLISHED", silent_s=43.0)
LISTENER = Outside(kind="listener", ours="0.0.0.0:80")


def thread(tid: int, wait: Wait = LOCK, **more: Any) -> TreeThread:
    return TreeThread(tid=tid, wait=wait, **more)


def look(*processes: TreeProcess, seen: dict[int, dict[str, Any]] | None = None) -> Look:
    facts = seen or {}
    return Look(
        processes=processes,
        top=processes[0].pid,
        apart_s=1.0,
        seen=tuple(
            SeenThread(pid=process.pid, tid=each.tid, **facts.get(each.tid, {}))
            for process in processes
            for each in process.threads
        ),
    )


def process(pid: int, *threads: TreeThread, ppid: int = 0, **more: Any) -> TreeProcess:
    return TreeProcess(
        pid=pid, ppid=ppid, command="python app.py", threads=threads or (thread(pid),), **more
    )


DEAD = {"dead": True, "still_s": 5.0}


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        pytest.param({1: DEAD, 2: DEAD}, "deadlock", id="all"),
        pytest.param({1: DEAD}, "stuck", id="the first one"),
        pytest.param({2: DEAD}, "part", id="another one"),
        pytest.param({}, "alive", id="none"),
        pytest.param({2: {"ran_s": 0.9, "moved": True}}, "busy", id="one computes"),
        pytest.param(
            {2: {"ran_s": 0.1, "queued_s": 0.85, "moved": True}}, "busy", id="a busy machine"
        ),
        pytest.param(
            {2: {"ran_s": 0.001, "queued_s": 0.999, "moved": True}}, "alive", id="it woke"
        ),
        pytest.param({1: DEAD, 2: {"ran_s": 0.9}}, "stuck", id="one computes beside"),
    ],
)
def test_what_can_never_go_on_decides(seen: dict[int, dict[str, Any]], kind: str) -> None:
    assert classify(look(process(1), process(2, ppid=1), seen=seen)).kind == kind


def test_it_is_so_since_the_last_one_ran() -> None:
    seen = {1: {"dead": True, "still_s": 9.0}, 2: {"dead": True, "still_s": 4.0}}
    assert classify(look(process(1), process(2, ppid=1), seen=seen)).age_s == 4.0


def test_a_stopped_process_is_told_before_all() -> None:
    stopped = process(2, thread(2, state="T"), ppid=1)
    assert classify(look(process(1), stopped, seen={1: DEAD})).kind == "stopped"


def test_the_leaf_is_told_and_not_the_timed_sleep_of_its_master() -> None:
    master = process(1, thread(1, SLEEP))
    worker = process(2, thread(2, Wait(kind="call"), outside=(TCP,)), ppid=1)
    found = classify(look(master, worker, seen={1: {"moved": True}, 2: {"still_s": 43.0}}))
    assert (found.kind, found.leaf, found.outside, found.age_s) == ("outside", (2, 2), TCP, 43.0)


def test_what_the_first_thread_waits_for_is_told_though_others_work() -> None:
    first = process(1, thread(1, Wait(kind="child"), waits_for=(2,)))
    worker = process(2, thread(2, Wait(kind="call"), outside=(TCP,)), ppid=1)
    other = process(3, thread(3, Wait(kind="pipe read")), ppid=1)
    assert classify(look(first, worker, other, seen={3: {"moved": True}})).leaf == (2, 2)


def test_whoever_waits_for_work_is_alive() -> None:
    idle = process(1, thread(1, Wait(kind="call"), outside=(LISTENER,)))
    assert classify(look(idle)).kind == "alive"


def test_a_child_of_the_tree_is_not_outside() -> None:
    child = Outside(kind="child", holders=(OutsideHolder(pid=2),))
    first = process(1, thread(1, Wait(kind="call"), outside=(LISTENER, child)))
    assert classify(look(first, process(2, ppid=1))).kind == "alive"
    assert classify(look(first)).outside == child


@pytest.mark.parametrize(
    ("kind", "age_s", "expected"),
    [
        ("deadlock", 0.0, True),
        ("part", None, True),
        ("outside", 60.0, True),
        ("outside", 1.0, False),
        ("busy", None, False),
        ("alive", None, False),
    ],
)
def test_the_exit_status(kind: Any, age_s: float | None, *, expected: bool) -> None:
    assert hangs(Standstill(kind=kind, age_s=age_s)) is expected


WORKER = Frame(file="/usr/lib/python3.13/multiprocessing/pool.py", line=114, function="worker")
HANDLER = msgspec.structs.replace(WORKER, function="Pool._handle_results")


def test_roles_are_counted_among_the_children_of_one_parent() -> None:
    workers = [process(pid, thread(pid, stack=(WORKER,), own_depth=1), ppid=1) for pid in (5, 6, 7)]
    found = roles.roles(look(process(1), *workers))
    assert found[1].kind == "program"
    assert [(found[pid].kind, found[pid].number, found[pid].of) for pid in (5, 6, 7)] == [
        ("pool worker", 1, 3),
        ("pool worker", 2, 3),
        ("pool worker", 3, 3),
    ]


def test_a_thread_is_known_by_its_loop() -> None:
    handler = thread(11, stack=(HANDLER,))
    assert roles.thread_role(process(1, thread(1), handler), handler) == "result handler"
