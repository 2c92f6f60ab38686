"""The thread, or the ring of threads, that all others of a dead job wait for in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, Dict, List, Sequence, Set, Tuple

if TYPE_CHECKING:
    from .facts import Waiting


Id = Tuple[int, int]
"""A thread: its process and its own number."""


def find(
    threads: Sequence[Waiting],
    own: Collection[Id] = (),
    servers: Collection[int] = (),
) -> Tuple[Id, ...]:
    """Give the thread that nobody but itself could wake, or those that wait for one another.

    The last one is the root, at the bottom of it. `threads` are those of a proof, the program's
    first one first. Of several that a thread waits for, one of `own` is taken: it has a line of the
    program. `servers` are processes of multiprocessing itself: not they are taken, but whom they
    wait for. Where it is known who has a lock, that is who should wake the one that waits for it.
    """
    by_pid: Dict[int, List[Waiting]] = {}
    for thread in threads:
        if thread.waits_for:
            by_pid.setdefault(thread.pid, []).append(thread)
    if not by_pid:
        return ()
    first = next(iter(by_pid.values()))[0]
    for thread in _reached(first, by_pid):
        alone = _wakers(thread) == {thread.pid} and len(by_pid[thread.pid]) == 1
        if alone and thread.pid not in servers:
            return (_id(thread),)
    return tuple(map(_id, _ring(first, by_pid, own, servers)))


def _reached(first: Waiting, by_pid: Dict[int, List[Waiting]]) -> List[Waiting]:
    """List what the first thread waits for, directly or not, nearest first."""
    reached: List[Waiting] = []
    pids = [first.pid]
    for pid in pids:
        for thread in by_pid.get(pid, []):
            reached.append(thread)
            pids += sorted(_wakers(thread).difference(pids))
    return reached


def _ring(
    first: Waiting,
    by_pid: Dict[int, List[Waiting]],
    own: Collection[Id],
    servers: Collection[int],
) -> List[Waiting]:
    """Go from each thread to the one that should wake it, until one comes again."""
    path = [first]
    while True:
        here = path[-1]
        pids = _beyond(here, by_pid, servers)
        rivals = [thread for pid in pids for thread in by_pid.get(pid, []) if thread != here]
        held = here.wait.held
        if held is not None:
            rivals = [
                each
                for each in rivals
                if (each.pid, 0) in held.holders or _id(each) in held.holders
            ] or rivals
        if not rivals:
            return [here]
        chosen = min(
            rivals,
            key=lambda thread: (_id(thread) not in own, thread.pid == here.pid, _id(thread)),
        )
        if chosen in path:
            return path[path.index(chosen) :]
        path.append(chosen)


def _beyond(here: Waiting, by_pid: Dict[int, List[Waiting]], servers: Collection[int]) -> Set[int]:
    """Give whom a thread waits for, and in the place of a server whom that waits for."""
    pids = _wakers(here)
    for server in pids.intersection(servers):
        pids.update(*(thread.waits_for for thread in by_pid.get(server, [])))
    return pids.difference(servers) or pids


def _wakers(thread: Waiting) -> Set[int]:
    """Give the processes that could wake a thread: those that have its lock, if that is known."""
    holders = thread.wait.held.holders if thread.wait.held is not None else ()
    return {pid for pid, _ in holders} or set(thread.waits_for)


def _id(thread: Waiting) -> Id:
    return thread.pid, thread.tid
