"""Which thread, or which ring of threads, is told to be at the bottom of a deadlock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.agent.proof import deadlock
from startlab.agent.proof.facts import Waiting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def bond(pid: int, waits: str, *wakers: int, tid: int = 0) -> Waiting:
    return Waiting(pid, tid or pid, waits, f"why {pid}", wakers)


def find(
    *threads: Waiting,
    own: Collection[tuple[int, int]] = (),
    servers: Mapping[int, str] | None = None,
) -> tuple[int, str]:
    (_, tid), sentence = deadlock.find(threads, own, servers)
    return tid, sentence


def test_the_child_that_waits_for_itself_is_the_cause() -> None:
    assert find(
        bond(10, "waits for its child", 11),
        bond(11, "waits for a lock", 11),
    ) == (11, "pid 11 waits for a lock: why 11")


def test_it_is_found_behind_others() -> None:
    assert find(
        bond(10, "waits for a lock", 10),
        bond(10, "reads a pipe", 11, 12, tid=20),
        bond(11, "waits for a lock", 11, tid=11),
        bond(11, "reads a pipe", 12, tid=21),
        bond(12, "waits for a lock", 12),
    ) == (12, "pid 12 waits for a lock: why 12")


def test_a_ring_is_told_from_its_first_to_its_last() -> None:
    assert find(
        bond(10, "waits for pid 11", 11),
        bond(11, "reads a pipe", 10),
    ) == (11, "2 threads wait for one another: pid 10 waits for pid 11; pid 11 reads a pipe")


def test_who_leads_into_a_ring_is_not_of_it() -> None:
    tid, sentence = find(
        bond(10, "waits for pid 11", 11),
        bond(11, "reads a pipe", 12),
        bond(12, "reads another", 11),
    )
    assert tid == 12
    assert sentence == "2 threads wait for one another: pid 11 reads a pipe; pid 12 reads another"


def test_two_threads_of_one_process() -> None:
    assert find(
        bond(10, "waits for one", 10),
        bond(10, "waits for two", 10, tid=20),
    ) == (
        20,
        "2 threads wait for one another: pid 10 waits for one; thread 20 of pid 10 waits for two",
    )


def test_a_long_ring_is_cut() -> None:
    bonds = [bond(pid, f"waits for {pid + 1}", pid + 1) for pid in range(10, 16)]
    _, sentence = find(*bonds, bond(16, "waits for 10", 10))
    assert sentence.startswith("7 threads wait for one another: pid 10 waits for 11; ")
    assert sentence.endswith("pid 13 waits for 14 and 3 more")


def test_a_poller_waits_for_nobody() -> None:
    poller = bond(10, "wakes by the clock", tid=20)
    assert find(poller, bond(10, "waits for a lock", 10)) == (10, "pid 10 waits for a lock: why 10")


def test_who_has_a_line_of_the_program_is_told_before_others() -> None:
    ring = (
        bond(10, "waits for a result", 11, 12),
        bond(11, "reads a pipe", 10),
        bond(12, "reads a pipe", 10),
        bond(12, "waits for a lock", 10, tid=22),
    )
    assert find(*ring)[0] == 11
    assert find(*ring, own={(10, 10), (12, 22)}) == (
        22,
        (
            "2 threads wait for one another: pid 10 waits for a result; "
            "thread 22 of pid 12 waits for a lock"
        ),
    )


def test_not_the_fork_server_is_told_but_whom_it_waits_for() -> None:
    threads = (
        bond(10, "waits for a pipe", 11),
        bond(10, "waits for a lock", 10, tid=20),
        bond(11, "waits for any of two pipes", 10, 11, 12, 13),
        bond(12, "reads a pipe", 10, 13),
        bond(13, "reads an empty queue", 10, 13),
    )
    assert find(
        *threads, own={(10, 10), (13, 13)}, servers={11: "fork server", 12: "resource tracker"}
    ) == (
        13,
        (
            "2 threads wait for one another: pid 10 waits for a pipe of the fork server; "
            "pid 13 reads an empty queue"
        ),
    )


def test_a_server_is_told_where_there_is_nobody_else() -> None:
    threads = (bond(10, "waits for a pipe", 11), bond(11, "waits for a lock", 11))
    assert find(*threads, servers={11: "fork server"}) == (11, "pid 11 waits for a lock: why 11")
