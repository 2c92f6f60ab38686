"""The thread, or the ring of threads, that all others of a dead job wait for in the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Dict, List, Tuple

assert sys.platform == "linux"

from .scene import Bond, Snapshot, named

if TYPE_CHECKING:
    from . import procfs

_MOST_TOLD = 4


def find(snapshot: Snapshot, bonds: List[Bond]) -> Tuple[procfs.Thread, str]:
    """Give the thread at the bottom of it and one sentence that says why nothing goes on."""
    by_pid: Dict[int, List[Bond]] = {}
    for bond in sorted(bonds, key=lambda bond: bond.thread.tid):
        by_pid.setdefault(bond.thread.pid, []).append(bond)
    first = _first(snapshot, by_pid)
    for bond in _reached(first, by_pid):
        if bond.wakers == {bond.thread.pid} and len(by_pid[bond.thread.pid]) == 1:
            return bond.thread, f"{_told(bond)}: {bond.why}"
    ring = _ring(first, by_pid)
    if len(ring) == 1:
        return ring[0].thread, f"{_told(ring[0])}: {ring[0].why}"
    told = "; ".join(map(_told, ring[:_MOST_TOLD]))
    more = f" and {len(ring) - _MOST_TOLD} more" if len(ring) > _MOST_TOLD else ""
    return ring[-1].thread, f"{len(ring)} threads wait for one another: {told}{more}"


def _first(snapshot: Snapshot, by_pid: Dict[int, List[Bond]]) -> Bond:
    """Begin with the first thread of the program, or of the oldest process it has left."""
    pids = {process.stat.pid for process in snapshot}
    stats = [process.stat for process in snapshot if process.stat.pid in by_pid]
    oldest = min(stats, key=lambda stat: (stat.parent in pids, stat.started, stat.pid))
    return by_pid[oldest.pid][0]


def _reached(first: Bond, by_pid: Dict[int, List[Bond]]) -> List[Bond]:
    """List what the first thread waits for, directly or not, nearest first."""
    reached: List[Bond] = []
    pids = [first.thread.pid]
    for pid in pids:
        for bond in by_pid.get(pid, []):
            reached.append(bond)
            pids += sorted(bond.wakers.difference(pids))
    return reached


def _ring(first: Bond, by_pid: Dict[int, List[Bond]]) -> List[Bond]:
    """Go from each thread to the first that could wake it, until one comes again."""
    path = [first]
    while True:
        here = path[-1]
        others_first = sorted(here.wakers, key=lambda pid: (pid == here.thread.pid, pid))
        rivals = [bond for pid in others_first for bond in by_pid.get(pid, []) if bond != here]
        if not rivals:
            return [here]
        if rivals[0] in path:
            return path[path.index(rivals[0]) :]
        path.append(rivals[0])


def _told(bond: Bond) -> str:
    return f"{named(bond.thread.pid, bond.thread.tid)} {bond.what}"
