"""Locks, Events and Conditions that nobody will ever release, set or notify."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.causes.case import (
    ABSOLUTE,
    Case,
    Cause,
    is_at,
    joining,
    library_frames,
    line_of,
    own_frame,
    through,
)
from startlab.causes.places import own_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Clue, Frame, Thread


def locks_among_themselves(case: Case) -> Cause | None:
    """See a thread wait for a lock that it holds itself, or two for each other's."""
    found = []
    for process, thread in case.threads():
        locks = _held_and_wanted(case, thread) if "for a lock" in thread.waits else None
        if locks is not None:
            found.append((process, thread, *locks))
    if not found:
        return None
    process, thread, place, wanted, held = found[0]
    where = line_of(thread)
    if len(found) == 1 and wanted & held:
        name = min(wanted & held).partition(".")[2]
        return Cause(
            "lock_taken_twice",
            where or "",
            f"{case.who(process)} waits at {where} for `{name}`, which it has held since {place}",
            "A Lock can be taken once, also by the same thread: it waits for itself. An RLock may "
            "be taken again by the one that holds it.",
            where,
        )
    if len(found) == 1:
        return None
    other = line_of(found[1][1])
    places = f"at {where} and at {other}" if where != other else f"both at {where}"
    return Cause(
        "lock_order",
        " ".join(sorted({where or "", other or ""})),
        f"two wait for each other's lock, {places}",
        "Each holds one lock and waits for a second one, and they take them in different orders.",
        where,
    )


def _held_and_wanted(case: Case, thread: Thread) -> tuple[str, set[str], set[str]] | None:
    """Give where a thread runs with locks held, those that it wants, and those that it holds."""
    own = _own_frames(thread)
    if not own or through(thread, "queues.py", "pool.py", "queue.py"):
        return None
    wanted = case.sources.file(own[0].file).locks_at(own[0].line)[0]
    place, held = _held(case, thread) if wanted else ("", set())
    return (place, wanted, held) if held else None


def _held(case: Case, thread: Thread) -> tuple[str, set[str]]:
    """Give the locks that a thread holds by its sources, and the innermost line that does."""
    for frame in _own_frames(thread):
        held = case.sources.file(frame.file).locks_at(frame.line)[1]
        if held:
            return f"{frame.file}:{frame.line}", held
    return "", set()


def _own_frames(thread: Thread) -> list[Frame]:
    """Give a thread's frames in files of the program; a forked child has its parent's below."""
    ends = (i for i, each in enumerate(thread.stack) if is_at(each, "popen_fork.py", "_launch"))
    stack = thread.stack[: next(ends, None)]
    return [each for each in stack if not ABSOLUTE.match(each.file)]


def joined_under_lock(case: Case) -> Cause | None:
    """See the program wait for the end of a child while it holds the lock that this needs."""
    root = case.root
    joiner = joining(case)
    if joiner is None or not _held(case, joiner)[1]:
        return None
    for process, thread in case.threads():
        own = _own_frames(thread)
        shared = "for a lock shared between processes" in thread.waits
        if process == root or not shared or not own or through(thread, "queues.py"):
            continue
        if any(is_at(each, "synchronize.py", "wait") for each in library_frames(thread)):
            continue
        where = line_of(joiner)
        return Cause(
            "joined_under_lock",
            where or "",
            f"the program waits at {where} for the end of a child, and holds the lock that the "
            f"child waits for at {line_of(thread)}",
            "The child cannot end before it has the lock, and the program keeps it until the child "
            "has ended.",
            where,
        )
    return None


def barrier_short(case: Case) -> Cause | None:
    """See processes wait in a Barrier for more to come."""
    waiting = [
        (process, line_of(thread))
        for process, thread in case.threads()
        if any(is_at(each, "threading.py", "_wait") for each in library_frames(thread))
    ]
    if not waiting:
        return None
    process, where = waiting[0]
    who = case.who(process) if len(waiting) == 1 else f"{len(waiting)} processes or threads"
    return Cause(
        "barrier_short",
        where or "",
        f"{who} wait{'s' if len(waiting) == 1 else ''} at {where} in a Barrier, and no more come",
        "A Barrier lets nobody through before as many have come as it was made for.",
        where,
    )


def left_behind_by_fork(case: Case) -> Cause | None:
    """See a forked child wait for a lock that nobody in it holds, or for a thread it lacks."""
    for process, thread in case.threads():
        if process == case.root or "for a lock" not in thread.waits:
            continue
        if "shared between processes" in thread.waits or "only threads" not in thread.wakers:
            continue
        if not case.inherited_main and not case.clues("thread at fork"):
            continue
        if any("to a full" in each.waits for each in process.threads):
            continue
        if line_of(thread) is None:
            continue  # a thread of a library's that waits for work
        return _left_behind(case, thread)
    return None


def _left_behind(case: Case, thread: Thread) -> Cause | None:
    where = line_of(thread)
    gone = case.clues("thread at fork")
    native = case.clues("native threads at fork")
    library = library_frames(thread)
    top = thread.stack[0] if thread.stack else None
    in_code = case.sources.code(where)
    waits_for_work = bool(top and is_at(top, "threading.py", "wait")) or (
        not library and re.search(r"\.(get|result|wait|join)\(", in_code) is not None
    )
    holder = _threads(gone)
    server = ""
    if "forkserver" in case.trial.method_used:
        server = (
            " Here the children are forks of the fork server, which imports the main module "
            "before (from Python 3.13.8 and 3.14.1 on), with the threads that this starts."
        )
    if waits_for_work and gone:
        return Cause(
            "thread_gone_at_fork",
            where or "",
            f"a forked child waits at {where} for {holder}, which a fork does not copy",
            "A fork copies the memory of a process and only the thread that forks: what the other "
            f"threads were to do in the child is never done.{server}",
            where,
        )
    if through(thread, "logging/__init__.py"):
        mechanism, what = "logging_lock_at_fork", "a lock of logging"
    elif through(thread, "importlib", "_bootstrap"):
        mechanism, what = "import_lock_at_fork", "the lock of a module's import"
    elif re.search(r"\b(print|write|flush|writelines)\(", in_code) and not library:
        mechanism, what = "file_lock_at_fork", "the lock of a buffered file"
    elif native and not re.search(r"lock|acquire|with ", in_code, re.IGNORECASE):
        mechanism, what = "native_after_fork", "a native library's thread or lock"
    elif not gone and not native and waits_for_work:
        return never_notified(case)
    elif not gone and not native:
        return Cause(
            "lock_held_by_forker",
            where or "",
            f"a forked child waits at {where} for a lock that was held when it was forked",
            "The process that forked held the lock itself, or a thread that had just ended did: "
            "the child has a copy of the lock, held, and nobody in it who could release it.",
            where,
        )
    else:
        mechanism, what = "lock_held_at_fork", "a lock"
    held = f"{holder} held it" if gone else "another thread held it"
    return Cause(
        mechanism,
        where or "",
        f"a forked child waits at {where} for {what} that was held when it was forked",
        f"When the child was forked, {held}. A fork copies the lock as it is, but not the thread "
        f"that would release it.{server}",
        where,
    )


def _threads(clues: Sequence[Clue]) -> str:
    if not clues:
        return "another thread"
    name = f'thread "{clues[0].name}"' if clues[0].name != "?" else "a native thread"
    at = f" (then at {clues[0].where})" if clues[0].where else ""
    more = f" or one of {len(clues) - 1} others" if len(clues) > 1 else ""
    return f"{name}{at}{more}"


def never_notified(case: Case) -> Cause | None:
    """See one wait for an Event or a Condition that nobody is left to set or notify."""
    waiting = [
        (process, thread)
        for process, thread in case.threads()
        if any(is_at(each, file, "wait") for each in library_frames(thread) for file in _WAITS)
        and own_frame(thread) is not None
        and not through(thread, "queues.py", "pool.py", "process.py", "futures")
    ]
    if not waiting:
        return None
    process, thread = min(waiting, key=lambda each: each[0] == case.root)
    where = line_of(thread)
    shared = through(thread, "synchronize.py")
    calls = ", ".join(
        f"{file}:{line}"
        for file in own_files(case)
        for line in [case.sources.file(file).mentions(r"\.(notify|notify_all|set)\(")]
        if line
    )
    return Cause(
        "never_notified",
        where or "",
        f"{case.who(process)} waits at {where} for an Event or a Condition "
        + ("that nobody sets or notifies any more" if calls else "that nobody sets or notifies"),
        (f"What would do it is at {calls}. " if calls else "")
        + (
            "A Condition wakes those who wait at that moment, and nobody who comes later."
            if shared
            else "One of threading is of one process alone: another process has a copy at most."
        ),
        where,
    )


_WAITS: Final = ("threading.py", "synchronize.py")
