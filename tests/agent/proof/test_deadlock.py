"""Which thread, or which ring of threads, is told to be at the bottom of a deadlock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.agent.proof import deadlock
from startlab.agent.proof.facts import Held, Wait, Waiting

if TYPE_CHECKING:
    from collections.abc import Collection


def bond(pid: int, *waits_for: int, tid: int = 0) -> Waiting:
    return Waiting(pid, tid or pid, Wait("lock"), waits_for)


def find(
    *threads: Waiting, own: Collection[tuple[int, int]] = (), servers: Collection[int] = ()
) -> list[int]:
    return [tid for _, tid in deadlock.find(threads, own, servers)]


def test_the_child_that_waits_for_itself_is_the_cause() -> None:
    assert find(bond(10, 11), bond(11, 11)) == [11]


def test_it_is_found_behind_others() -> None:
    assert find(
        bond(10, 10),
        bond(10, 11, 12, tid=20),
        bond(11, 11),
        bond(11, 12, tid=21),
        bond(12, 12),
    ) == [12]


def test_a_ring_is_told_from_its_first_to_its_last() -> None:
    assert find(bond(10, 11), bond(11, 10)) == [10, 11]


def test_who_leads_into_a_ring_is_not_of_it() -> None:
    assert find(bond(10, 11), bond(11, 12), bond(12, 11)) == [11, 12]


def test_two_threads_of_one_process() -> None:
    threads = (bond(10, 10), bond(10, 10, tid=20))
    assert deadlock.find(threads) == ((10, 10), (10, 20))


def test_a_long_ring_is_whole() -> None:
    assert find(*(bond(pid, pid + 1) for pid in range(10, 16)), bond(16, 10)) == [*range(10, 17)]


def test_a_poller_waits_for_nobody() -> None:
    poller = Waiting(10, 20, Wait("asleep", poller=True))
    assert find(poller, bond(10, 10)) == [10]


def test_who_has_a_line_of_the_program_is_told_before_others() -> None:
    ring = (bond(10, 11, 12), bond(11, 10), bond(12, 10), bond(12, 10, tid=22))
    assert find(*ring) == [10, 11]
    assert find(*ring, own={(10, 10), (12, 22)}) == [10, 22]


def test_not_the_fork_server_is_told_but_whom_it_waits_for() -> None:
    threads = (
        bond(10, 11),
        bond(10, 10, tid=20),
        bond(11, 10, 11, 12, 13),
        bond(12, 10, 13),
        bond(13, 10, 13),
    )
    assert find(*threads, own={(10, 10), (13, 13)}, servers={11, 12}) == [10, 13]


def test_a_server_is_told_where_there_is_nobody_else() -> None:
    assert find(bond(10, 11), bond(11, 11), servers={11}) == [11]


def held(pid: int, *waits_for: int, by: tuple[int, int], tid: int = 0) -> Waiting:
    lock = Held("Lock", "7f00", holders=(by,))
    return Waiting(pid, tid or pid, Wait("shared lock", held=lock), waits_for)


def test_who_has_a_lock_is_told_and_not_who_else_could_release_it() -> None:
    everyone = (10, 11, 12, 13)
    assert find(
        bond(10, 11),
        held(11, *everyone, by=(13, 13)),
        held(12, *everyone, by=(11, 11)),
        held(13, *everyone, by=(11, 0)),
    ) == [11, 13]


def test_of_the_process_that_has_a_lock_it_is_the_thread_that_has_it() -> None:
    others = bond(12, 12, tid=20), bond(12, 11, tid=21)
    assert find(bond(10, 11), held(11, 10, 11, 12, by=(12, 21)), *others) == [11, 21]


def test_one_that_waits_for_a_lock_that_it_has_waits_for_itself() -> None:
    assert find(bond(10, 11), held(11, 10, 11, by=(11, 11))) == [11]
