"""What the proof tells of a job, as plain values; the engine puts them into words."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple


class Obstacle(NamedTuple):
    """What stands in the way of a proof: `kind` says in what way `pid`, or its thread, may go on.

    `name` is the process's, or the system call's, which may be `timed`; `object` is what it has or
    waits for, as the kernel calls it, and `descriptor` its number there; `others` are processes
    that the kind speaks of; `error` are the system's own words.
    """

    kind: str
    pid: int = 0
    tid: int = 0
    name: str = ""
    object: str = ""
    descriptor: Optional[int] = None
    timed: bool = False
    others: Tuple[int, ...] = ()
    error: str = ""


class Polled(NamedTuple):
    """One of several that a thread waits for: a pipe, a socket, an eventfd, the end of `pid`."""

    kind: str
    object: str = ""
    descriptor: Optional[int] = None
    pid: Optional[int] = None


class Held(NamedTuple):
    """What is known of a lock that a thread waits for, as the model's `Held` has it."""

    type: str
    lock: str
    made: Optional[str] = None
    holders: Tuple[Tuple[int, int], ...] = ()
    left: bool = False
    name: str = ""
    at_fork: Optional[Tuple[int, int]] = None


class Wait(NamedTuple):
    """What a thread waits for, as the model's `Wait` has it."""

    kind: str
    object: str = ""
    descriptor: Optional[int] = None
    peer: str = ""
    polled: Tuple[Polled, ...] = ()
    others: int = 0
    timed: bool = False
    poller: bool = False
    rounds: bool = False
    held: Optional[Held] = None
    obstacle: Optional[Obstacle] = None


class Waiting(NamedTuple):
    """A thread and what it waits for; `waits_for` are the processes that could end that."""

    pid: int
    tid: int
    wait: Wait
    waits_for: Tuple[int, ...] = ()


class Verdict(NamedTuple):
    """A proof that the job hangs: of every thread that it can never run again, or changes nothing.

    The first thread of the program comes first, or that of the oldest process it has left.
    `assumptions` are the kinds of what could not be seen, and would matter. `loops` are the lines
    of those that threads go round in without a pause.
    """

    grade: str
    threads: Tuple[Waiting, ...]
    assumptions: Tuple[str, ...] = ()
    loops: Tuple[Tuple[int, int, str], ...] = ()


def plain(value: object) -> object:
    """Give a value as JSON has it: fields by their names, those with their defaults left out."""
    named = getattr(value, "_asdict", None)
    if named is not None:
        defaults = getattr(value, "_field_defaults", {})
        return {
            name: plain(each)
            for name, each in named().items()
            if name not in defaults or each != defaults[name]
        }
    return list(map(plain, value)) if isinstance(value, (tuple, list)) else value
