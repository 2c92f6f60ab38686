"""Which thread, or which ring of threads, is told to be at the bottom of a deadlock."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("only Linux shows what a thread waits for", allow_module_level=True)
assert sys.platform == "linux"  # the type checker skips this module elsewhere

from startlab.agent import cause  # noqa: E402 - Linux only
from startlab.agent.procfs import Stat, Thread  # noqa: E402 - Linux only
from startlab.agent.scene import Bond, Process  # noqa: E402 - Linux only
from startlab.agent.waits import Child  # noqa: E402 - Linux only

AGENT = 1


def thread(pid: int, tid: int) -> Thread:
    return Thread(pid, tid, b"", "S", 0, 0, 0, 0, 0, 0, 0, dumping=False)


def process(pid: int, parent: int, *tids: int) -> Process:
    threads = tuple(thread(pid, tid) for tid in tids or (pid,))
    return Process(Stat(pid, "python", "S", parent, pid, pid), threads)


def bond(pid: int, what: str, *wakers: int, tid: int = 0) -> Bond:
    return Bond(thread(pid, tid or pid), Child(None), what, f"why {pid}", frozenset(wakers))


def find(*bonds: Bond, parents: dict[int, int]) -> tuple[int, str]:
    snapshot = tuple(
        process(pid, parent, *(bond.thread.tid for bond in bonds if bond.thread.pid == pid))
        for pid, parent in parents.items()
    )
    found, sentence = cause.find(snapshot, list(bonds))
    return found.tid, sentence


def test_the_child_that_waits_for_itself_is_the_cause() -> None:
    assert find(
        bond(10, "waits for its child", 11),
        bond(11, "waits for a lock", 11),
        parents={10: AGENT, 11: 10},
    ) == (11, "pid 11 waits for a lock: why 11")


def test_it_is_found_behind_others() -> None:
    assert find(
        bond(10, "waits for a lock", 10),
        bond(10, "reads a pipe", 11, 12, tid=20),
        bond(11, "waits for a lock", 11, tid=11),
        bond(11, "reads a pipe", 12, tid=21),
        bond(12, "waits for a lock", 12),
        parents={10: AGENT, 11: 10, 12: 10},
    ) == (12, "pid 12 waits for a lock: why 12")


def test_a_ring_is_told_from_its_first_to_its_last() -> None:
    assert find(
        bond(10, "waits for pid 11", 11),
        bond(11, "reads a pipe", 10),
        parents={10: AGENT, 11: 10},
    ) == (11, "2 threads wait for one another: pid 10 waits for pid 11; pid 11 reads a pipe")


def test_who_leads_into_a_ring_is_not_of_it() -> None:
    tid, sentence = find(
        bond(10, "waits for pid 11", 11),
        bond(11, "reads a pipe", 12),
        bond(12, "reads another", 11),
        parents={10: AGENT, 11: 10, 12: 10},
    )
    assert tid == 12
    assert sentence == "2 threads wait for one another: pid 11 reads a pipe; pid 12 reads another"


def test_two_threads_of_one_process() -> None:
    assert find(
        bond(10, "waits for one", 10),
        bond(10, "waits for two", 10, tid=20),
        parents={10: AGENT},
    ) == (
        20,
        "2 threads wait for one another: pid 10 waits for one; thread 20 of pid 10 waits for two",
    )


def test_a_long_ring_is_cut() -> None:
    bonds = [bond(pid, f"waits for {pid + 1}", pid + 1) for pid in range(10, 16)]
    parents = {pid: AGENT if pid == 10 else 10 for pid in range(10, 17)}
    _, sentence = find(*bonds, bond(16, "waits for 10", 10), parents=parents)
    assert sentence.startswith("7 threads wait for one another: pid 10 waits for 11; ")
    assert sentence.endswith("pid 13 waits for 14 and 3 more")


def test_an_orphan_is_begun_with_where_the_program_has_ended() -> None:
    snapshot = (
        Process(Stat(10, "python", "Z", AGENT, 10, 10), ()),
        process(11, AGENT),
        process(12, 11),
    )
    found, _ = cause.find(snapshot, [bond(12, "reads", 11), bond(11, "waits", 12)])
    assert found.pid == 12
