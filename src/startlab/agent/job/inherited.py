"""What programs inherit from the agent, which a program may change: limits, priority, cores.

prlimit(2), setpriority(2), sched_setscheduler(2) and sched_setaffinity(2) take the id of any
process of the same user. What one program has changed would befall the next one: with a stack of
one byte it crashes, and nobody could tell why.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Dict, FrozenSet, NamedTuple, Tuple

assert sys.platform != "win32"

LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name[:7] == "RLIMIT_"})


def restore() -> str:
    """Make good what a program has changed; say why not where the agent may not, else nothing."""
    try:
        for number, limits in _limits().items():
            if limits != _LIMITS[number]:
                resource.setrlimit(number, _LIMITS[number])
        if _turn() != _TURN:
            _take_turn()
    except (OSError, ValueError) as error:
        return "a program has changed the limits or the priority of the agent itself: %s" % error
    return ""


def _limits() -> Dict[int, Tuple[int, int]]:
    return {number: resource.getrlimit(number) for number in LIMITS}


class _Turn(NamedTuple):
    """When this thread gets a core, and which: it is the one that starts programs."""

    nice: int
    policy: int = 0
    cores: FrozenSet[int] = frozenset()


def _turn() -> _Turn:
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    if sys.platform != "linux":
        return _Turn(nice)
    return _Turn(nice, os.sched_getscheduler(0), frozenset(os.sched_getaffinity(0)))


def _take_turn() -> None:
    if sys.platform == "linux":
        os.sched_setscheduler(0, _TURN.policy, _PARAMETERS)
        os.sched_setaffinity(0, _TURN.cores)
    os.setpriority(os.PRIO_PROCESS, 0, _TURN.nice)


_LIMITS, _TURN = _limits(), _turn()
if sys.platform == "linux":
    _PARAMETERS = os.sched_getparam(0)
