"""Which threads of a job can never run again, where others can: a greatest fixpoint."""

from __future__ import annotations

from typing import Collection, Dict, FrozenSet, Iterable, List, Mapping, Set, Tuple

Id = Tuple[int, int]
"""A thread: its process and its own number."""


def dead(waiting: Mapping[Id, Collection[int]], threads: Iterable[Id]) -> FrozenSet[Id]:
    """Give the threads that wait for processes alone in which every thread is such a one.

    `waiting` tells of threads which processes could end their wait, and that nothing else could;
    any other thread is alive. Whatever a process could do, each living thread of it could.
    """
    waits_for: Dict[int, List[Id]] = {}
    for thread, pids in waiting.items():
        for pid in pids:
            waits_for.setdefault(pid, []).append(thread)
    alive: Set[Id] = {thread for thread in threads if thread not in waiting}
    todo = {pid for pid, _ in alive}
    reached: Set[int] = set()
    while todo:
        pid = todo.pop()
        reached.add(pid)
        woken = set(waits_for.get(pid, ())) - alive
        alive |= woken
        todo |= {each for each, _ in woken} - reached
    return frozenset(waiting.keys() - alive)
