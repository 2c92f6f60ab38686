"""The lock that a thread waits for, in the program's terms: its name, who made it, who has it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.diagnosis.case import held_locks
from startlab.diagnosis.stacks import (
    is_in,
    is_own,
    is_waiting,
    line_of,
    own_frame,
    own_frames,
    waits_for_lock,
    waits_for_managers_lock,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from startlab.diagnosis.case import Case
    from startlab.model import Process, Thread

_ARTICLES: Final[Mapping[str, str]] = {"RLock": "an RLock"}
_WHOLE: Final = ("Lock", "RLock", "Semaphore", "BoundedSemaphore")
"""What is a lock itself; others, as a Queue or a Value, have one within."""


class Wanted(NamedTuple):
    """A thread that waits for a lock, and the threads that have that.

    `guessed` if they are known by the name of an attribute, which other objects have as well.
    """

    process: Process
    thread: Thread
    holders: tuple[tuple[Process, Thread], ...]
    guessed: bool

    @property
    def where(self) -> str:
        """The line of the program that waits."""
        return line_of(self.thread) or ""


def wanted(case: Case) -> list[Wanted]:
    """Give the threads that wait, at a line of the program, for a lock, and who has that.

    Who has a Lock is noted nowhere: it is a thread of the same process that is in a block which
    takes one of that name; of a manager's, a thread of any.
    """
    threads = [each for each in case.threads() if own_frame(each[1]) is not None]
    found = []
    for process, thread in threads:
        if waits_for_room(case, thread):
            continue
        held = thread.wait.held if thread.wait is not None else None
        noted = set(held.holders) if held is not None else set()
        holders = tuple((p, t) for p, t in threads if {(p.pid, t.tid), (p.pid, 0)} & noted)
        guessed = False
        if not holders and not (held is not None and held.left):
            if waits_for_managers_lock(thread):
                holders = _in_its_block(case, thread, threads)
            elif is_waiting(thread, "lock"):
                holders = _in_its_block(case, thread, [(process, t) for t in process.threads])
            guessed = any("." in each.partition(".")[2] for each in taken(case, thread))
        if holders:
            found.append(Wanted(process, thread, holders, guessed))
    return found


def waits_for_room(case: Case, thread: Thread) -> bool:
    """Tell whether a thread is in put() of a multiprocessing.Queue with a maxsize, which is full.

    What it waits for is a semaphore, which no thread has: a process that reads gives it back. One
    of a single permit looks as a lock.
    """
    held = thread.wait.held if thread.wait is not None else None
    return (
        is_waiting(thread, "shared lock")
        and is_in(thread, "multiprocessing/queues.py", "put")
        and (
            (held is not None and held.type in SEMAPHORES)
            or _BOUNDED.search(case.sources.code(made_at(case, thread))) is not None
        )
    )


SEMAPHORES: Final = ("Semaphore", "BoundedSemaphore")
_BOUNDED: Final = re.compile(r"\b(Joinable)?Queue\(\s*[^)\s]")


def _in_its_block(
    case: Case, thread: Thread, near: Sequence[tuple[Process, Thread]]
) -> tuple[tuple[Process, Thread], ...]:
    """Give the thread that holds by the sources what one waits for: another one, or itself."""
    found = [each for each in near if holds(case, each[1], thread)]
    others = [each for each in found if each[1] is not thread] or found
    return tuple(others) if len(others) == 1 else ()


def holds(case: Case, other: Thread, thread: Thread) -> bool:
    """Tell whether a thread holds, by the sources, what another one waits for."""
    return not held_locks(case, other)[1].isdisjoint(taken(case, thread))


def taken(case: Case, thread: Thread) -> set[str]:
    """Give the locks that the program's line takes in which a thread is, as Class.self.lock."""
    frames = own_frames(thread)
    return case.sources.file(frames[0].file).locks_at(frames[0].line)[0] if frames else set()


def ring(case: Case) -> Sequence[Wanted]:
    """Give those that wait for a lock of the next one each, and the last for one of the first."""
    by_thread = {(each.process.pid, each.thread.tid): each for each in wanted(case)}
    for first in by_thread.values():
        path = [first]
        while len(path[-1].holders) == 1:
            process, thread = path[-1].holders[0]
            following = by_thread.get((process.pid, thread.tid))
            if following is None:
                break
            if following in path:
                return path[path.index(following) :]
            path.append(following)
    return ()


def name_of(case: Case, thread: Thread) -> str:
    """Name the lock that a thread waits for as its line does: «`lock`», else «a lock»."""
    names = [each.partition(".")[2] for each in taken(case, thread)]
    if len(names) == 1:
        return f"`{names[0]}`"
    held = thread.wait.held if thread.wait is not None else None
    kind = held.type if held is not None else ""
    if kind == "file" and thread.wait is not None:
        return f"the lock of the file {posixpath.basename(thread.wait.object)}"
    if kind and kind not in _WHOLE:
        return f"a lock of the {kind}"
    return _ARTICLES.get(kind, f"a {kind}" if kind in _WHOLE else "a lock")


def made_at(case: Case, thread: Thread) -> str | None:
    """Give the line that made the lock that a thread waits for, as was seen or by its name."""
    held = thread.wait.held if thread.wait is not None else None
    if held is not None and is_own(held.made):
        return held.made
    for name in taken(case, thread) if waits_for_lock(thread) else ():
        file = own_frames(thread)[0].file
        owner, _, own = name.partition(".")
        line = case.sources.file(file).made(own, owner)
        if line is not None:
            return f"{file}:{line}"
    return None


def described(case: Case, thread: Thread) -> str:
    """Name the lock that a thread waits for, with the line that made it."""
    made = made_at(case, thread)
    return name_of(case, thread) + (f" (made at {made})" if made else "")
