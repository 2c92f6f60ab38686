"""Which processes a job is: those below an agent, or a tree that was running already."""

from __future__ import annotations

import os
import sys
from typing import Dict, Iterable, List, Set, Tuple

assert sys.platform == "linux"

from . import procfs


class Members:
    """All descendants of `roots`, and with `inclusive` the roots themselves.

    Those of `without` are none: whoever looks may have been started by the tree itself.
    `namespaces` are the pid and the network namespace that all of them must live in, for what is
    read there to be about them: those of the first root.
    """

    def __init__(
        self, roots: Iterable[int], *, inclusive: bool = False, without: Iterable[int] = ()
    ) -> None:
        self._roots = tuple(roots)
        self._inclusive = inclusive
        self._without = frozenset(without)

    @property
    def namespaces(self) -> Tuple[str, str]:
        """Tell the namespaces; of an agent's job they are its own, whatever the job does."""
        first = self._roots[0] if self._inclusive else os.getpid()
        return procfs.namespaces(first, first)

    def pids(self) -> List[int]:
        """List them, parents first; the kernel may miss one that others are born beside."""
        found: Dict[int, None] = {}
        todo = list(self._roots)
        while todo:
            pid = todo.pop()
            if (
                pid in found
                or pid in self._without
                or (self._inclusive and not os.path.exists(f"/proc/{pid}"))
            ):
                continue
            found[pid] = None
            todo += _children(pid)
        return list(self._without_roots(found))

    def all(self) -> Set[int]:
        """Find them in the list of all processes: slow, and complete."""
        everyone = procfs.everyone()
        for pid in self._without:
            everyone.pop(pid, None)
        below = procfs.descendants(self._roots, everyone)
        return below | (everyone.keys() & set(self._roots) if self._inclusive else set())

    def _without_roots(self, found: Iterable[int]) -> Iterable[int]:
        return found if self._inclusive else [pid for pid in found if pid not in self._roots]


def _children(pid: int) -> List[int]:
    try:
        return procfs.children(pid)
    except (FileNotFoundError, ProcessLookupError):  # it has just ended, or the kernel has no list
        return [stat.pid for stat in procfs.everyone().values() if stat.parent == pid]
