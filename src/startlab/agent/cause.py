"""The one thread, or the ring of threads, that all others of a dead job wait for in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Set, Tuple

from .scene import Bond, Snapshot, named

if TYPE_CHECKING:
    from . import procfs


def find(snapshot: Snapshot, bonds: List[Bond]) -> Tuple[procfs.Thread, str]:
    """Find the thread that all wait for, or the ring in which they wait, and say it."""
    by_pid: Dict[int, List[Bond]] = {}
    for bond in bonds:
        by_pid.setdefault(bond.thread.pid, []).append(bond)
    for own in by_pid.values():
        own.sort(key=lambda bond: bond.thread.tid)
    pids = {process.stat.pid for process in snapshot}
    begin = next(
        process.stat.pid
        for process in snapshot
        if process.stat.parent not in pids and process.stat.pid in by_pid
    )
    reached: List[Bond] = []
    todo = [begin]
    seen: Set[int] = set()
    while todo:
        pid = todo.pop(0)
        if pid in seen:
            continue
        seen.add(pid)
        for bond in by_pid.get(pid, []):
            reached.append(bond)
            todo += sorted(bond.wakers - seen)
    for bond in reached:
        if bond.wakers == {bond.thread.pid} and len(by_pid[bond.thread.pid]) == 1:
            return bond.thread, _sentence(bond)
    first = reached[0]
    path = [first]
    while True:
        further = [
            bond
            for pid in sorted(path[-1].wakers)
            for bond in by_pid.get(pid, [])
            if bond is not path[-1] and (bond.wakers - {path[-1].thread.pid} or bond in path)
        ]
        following = next((bond for bond in further if bond not in path), None)
        if following is None:
            break
        path.append(following)
    ring = ", ".join(named(bond.thread.pid, bond.thread.tid) for bond in path)
    last = path[-1]
    if len(path) == 1:
        return last.thread, _sentence(last)
    return last.thread, f"{ring} wait for one another; {_sentence(last)}"


def _sentence(bond: Bond) -> str:
    return f"{named(bond.thread.pid, bond.thread.tid)} {bond.what}: {bond.why}"
