"""Which processes belong to one that was named: its tree, and what is left of a tree.

Up from it as long as the parent is a Python of the same session, or has started it through
multiprocessing; from there down to all descendants. A process whose parent has ended is a child of
another one by now: it belongs to the tree where it is at the opposite end of a pipe, or shares
memory, of the same user. To have the same end proves nothing: all that a shell starts have that.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Set

assert sys.platform == "linux"

from ..proof import procfs

MOST = 500
_PYTHON = re.compile(r"(?i)python|pypy")
_SHARED = re.compile(
    rb"^\S+ ...s \S+ (\S+ [1-9]\d*) +(?:/dev/shm/|/memfd:|/dev/zero|/SYSV)", re.MULTILINE
)
"""Device and inode: each container has numbers of its own."""
_LAST_STANDARD = 2

Everyone = Dict[int, procfs.Stat]


class Links(NamedTuple):
    """What ties a process to others: the ends of pipes that it has, and memory that it shares."""

    reads: FrozenSet[str]
    writes: FrozenSet[str]
    memory: FrozenSet[bytes]

    def ties(self, other: Links) -> bool:
        """Whether one could hear from the other, or shares memory with it."""
        return bool(
            (self.reads - self.writes) & other.writes
            or (other.reads - other.writes) & self.writes
            or self.memory & other.memory
        )


def find(pids: Iterable[int]) -> List[int]:
    """Give the tree around some processes, its first one first, and parents before children.

    Those that are not there are left out.
    """
    everyone = procfs.everyone()
    for pid in observers():
        everyone.pop(pid, None)
    tops = {top(pid, everyone) for pid in pids if pid in everyone}
    tree = {each for pid in tops for each in _family(pid, everyone)}
    links = [each for each in map(_links, tree) if any(each)]
    if links:
        orphans = [pid for pid in everyone if pid not in tree and _is_orphan(pid, everyone)]
        families = {pid: _family(pid, everyone) for pid in orphans}
        # Whoever has started the tree, to go its own way, is no orphan of it.
        tree |= _tied(links, {pid: each for pid, each in families.items() if not each & tree})
    order = sorted(tree, key=lambda pid: (pid not in tops, everyone[pid].started, pid))
    return [pid for pid in order if everyone[pid].state != "X"][:MOST]


def top(pid: int, everyone: Everyone) -> int:
    """Go up to the first process of a tree."""
    while True:
        parent = everyone[pid].parent
        if parent not in everyone or not is_python(parent) or not _belongs(pid, everyone):
            return pid
        pid = parent


def _belongs(pid: int, everyone: Everyone) -> bool:
    """Whether a process is its parent's, and not just started by it to go its own way."""
    parent = everyone[pid].parent
    if everyone[pid].session == everyone[parent].session:
        return True
    command = _command(pid)
    return command == _command(parent) or b"from multiprocessing." in command


def _family(pid: int, everyone: Everyone) -> Set[int]:
    return {pid, *procfs.descendants([pid], everyone)}


def observers() -> List[int]:
    """Give the processes that look: no part of a tree, though it may have started them."""
    return [os.getpid(), os.getppid()]


def has_ended(pid: int) -> bool:
    """Whether all of a process has: of a zombie, other threads may go on."""
    try:
        return all(procfs.ended(pid, tid) for tid in procfs.threads(pid))
    except OSError:
        return True


def is_python(pid: int) -> bool:
    """Whether a process runs Python, by its executable's name or a library that it has mapped."""
    try:
        tids = procfs.threads(pid)
    except OSError:
        return False
    for tid in tids:  # a first thread that has ended shows nothing
        try:
            if _PYTHON.search(os.path.basename(os.readlink(f"/proc/{pid}/task/{tid}/exe"))):
                return True
            return b"/libpython" in procfs.read(f"/proc/{pid}/task/{tid}/maps")
        except OSError:
            continue
    return False


def _is_orphan(pid: int, everyone: Everyone) -> bool:
    """Whether a Python's parent has ended: who adopts one is of another session."""
    stat = everyone[pid]
    parent = everyone.get(stat.parent)
    if stat.state in "ZX" or parent is None:
        return False
    adopted = parent.pid == 1 or (parent.session != stat.session and not is_python(parent.pid))
    return adopted and _is_ours(pid) and is_python(pid)


def _is_ours(pid: int) -> bool:
    """Whether a process is of the user who looks, to whom another one's is no part of a tree."""
    try:
        return os.getuid() in {0, os.stat(f"/proc/{pid}").st_uid}
    except OSError:
        return False


def _tied(links: List[Links], orphans: Dict[int, Set[int]]) -> Set[int]:
    """Give the orphans, with their families, that are tied to the tree, or to others that are."""
    found: Set[int] = set()
    due = {pid: list(map(_links, family)) for pid, family in orphans.items()}
    while True:
        new = [
            pid
            for pid, family in due.items()
            if any(mine.ties(theirs) for mine in family for theirs in links)
        ]
        if not new:
            return found
        for pid in new:
            links += due.pop(pid)
            found |= orphans[pid]


def _links(pid: int) -> Links:
    reads: Set[str] = set()
    writes: Set[str] = set()
    memory: FrozenSet[bytes] = frozenset()
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            if int(fd) > _LAST_STANDARD and os.readlink(f"/proc/{pid}/fd/{fd}").startswith("pipe:"):
                each = procfs.descriptor(pid, pid, int(fd))
                (writes if each.writes else reads).add(each.link)
        memory = frozenset(_SHARED.findall(procfs.read(f"/proc/{pid}/maps")))
    except OSError:
        pass  # it has ended, or may not be looked into
    return Links(frozenset(reads), frozenset(writes), memory)


def _command(pid: int) -> bytes:
    try:
        return procfs.read(f"/proc/{pid}/cmdline")
    except OSError:
        return b""
