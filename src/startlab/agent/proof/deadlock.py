"""The thread, or the ring of threads, that all others of a dead job wait for in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .names import named

if TYPE_CHECKING:
    from .facts import Waiting


_MOST_TOLD = 4

Id = Tuple[int, int]
"""A thread: its process and its own number."""


def find(
    threads: Sequence[Waiting],
    own: Collection[Id] = (),
    servers: Optional[Mapping[int, str]] = None,
) -> Tuple[Id, str]:
    """Give the thread at the bottom of it and one sentence that says why nothing goes on.

    `threads` are those of a proof, the program's first one first. Of several that a thread waits
    for, one of `own` is told: it has a line of the program. `servers`, pid to name, are processes
    of multiprocessing itself: not they are told, but whom they wait for.
    """
    servers = servers or {}
    by_pid: Dict[int, List[Waiting]] = {}
    for thread in threads:
        if thread.waits_for:
            by_pid.setdefault(thread.pid, []).append(thread)
    first = next(iter(by_pid.values()))[0]
    for thread in _reached(first, by_pid):
        alone = set(thread.waits_for) == {thread.pid} and len(by_pid[thread.pid]) == 1
        if alone and thread.pid not in servers:
            return _id(thread), f"{_told(thread, servers)}: {thread.wakers}"
    ring = _ring(first, by_pid, own, servers)
    if len(ring) == 1:
        return _id(ring[0]), f"{_told(ring[0], servers)}: {ring[0].wakers}"
    told = "; ".join(_told(thread, servers) for thread in ring[:_MOST_TOLD])
    more = f" and {len(ring) - _MOST_TOLD} more" if len(ring) > _MOST_TOLD else ""
    return _id(ring[-1]), f"{len(ring)} threads wait for one another: {told}{more}"


def _reached(first: Waiting, by_pid: Dict[int, List[Waiting]]) -> List[Waiting]:
    """List what the first thread waits for, directly or not, nearest first."""
    reached: List[Waiting] = []
    pids = [first.pid]
    for pid in pids:
        for thread in by_pid.get(pid, []):
            reached.append(thread)
            pids += sorted(set(thread.waits_for).difference(pids))
    return reached


def _ring(
    first: Waiting,
    by_pid: Dict[int, List[Waiting]],
    own: Collection[Id],
    servers: Mapping[int, str],
) -> List[Waiting]:
    """Go from each thread to the one that should wake it, until one comes again."""
    path = [first]
    while True:
        here = path[-1]
        pids = _beyond(here, by_pid, servers)
        rivals = [thread for pid in pids for thread in by_pid.get(pid, []) if thread != here]
        if not rivals:
            return [here]
        chosen = min(
            rivals,
            key=lambda thread: (_id(thread) not in own, thread.pid == here.pid, _id(thread)),
        )
        if chosen in path:
            return path[path.index(chosen) :]
        path.append(chosen)


def _beyond(
    here: Waiting, by_pid: Dict[int, List[Waiting]], servers: Mapping[int, str]
) -> Set[int]:
    """Give whom a thread waits for, and in the place of a server whom that waits for."""
    pids = set(here.waits_for)
    for server in pids.intersection(servers):
        pids.update(*(thread.waits_for for thread in by_pid.get(server, [])))
    return pids.difference(servers) or pids


def _told(thread: Waiting, servers: Mapping[int, str]) -> str:
    names = {servers.get(pid) for pid in thread.waits_for if thread.pid not in servers}
    of = f" of the {names.pop()}" if len(names) == 1 and None not in names else ""
    return f"{named(thread.pid, thread.tid)} {thread.waits}{of}"


def _id(thread: Waiting) -> Id:
    return thread.pid, thread.tid
