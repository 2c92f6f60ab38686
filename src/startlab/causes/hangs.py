"""Why a program never ends, where neither a lock, a queue nor a pool is the cause."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from startlab.causes.case import (
    Case,
    Cause,
    ended_by,
    first_line,
    is_at,
    is_helper,
    library_frames,
    line_of,
    own_frame,
    own_line,
    without_numbers,
)
from startlab.causes.places import written
from startlab.judge import signal_name

if TYPE_CHECKING:
    from startlab.judge import Traceback


def signal_swallowed(case: Case) -> Cause | None:
    """See that a child that was to end by a signal has inherited a handler for it."""
    sent = {clue.name for clue in case.clues("signal sent") if clue.name.isdecimal()}
    handlers = {clue.name: clue for clue in case.clues("inherited handler")}
    for number in sent:
        name = signal_name(-int(number)) or ""
        if name in handlers:
            where = next(c.where for c in case.clues("signal sent") if c.name == number)
            return Cause(
                "handler_inherited",
                name,
                f"a child does not end by the {name} that it is sent"
                + (f" at {where}" if where else "")
                + ": it has inherited the parent's handler",
                "A forked child has its parent's signal handlers, here "
                f"{handlers[name].parent}, and runs it instead of ending.",
                where,
            )
    return None


def signal_ignored(case: Case) -> Cause | None:
    """See that a child was sent a signal that its parent, and so it too, ignores."""
    ended = {-start.exit_code for start in case.trial.starts if start.exit_code}
    sent = {
        int(clue.name): clue.where for clue in case.clues("signal sent") if clue.name.isdecimal()
    }
    for number in (signal.SIGTERM, signal.SIGINT):
        ignored = rf"signal\(\s*(signal\.)?{number.name}\s*,\s*(signal\.)?SIG_IGN"
        where = written(case, ignored)
        by = sent.get(number) or written(case, rf"\bos\.kill\(.*\b{number.name}\b")
        if where and by and number not in ended:
            return Cause(
                "signal_ignored",
                where,
                f"a child does not end by the {number.name} that it is sent at {by}: it ignores "
                f"it, as its parent does since {where}",
                "A signal that a process ignores is ignored by its children too, under every start "
                "method: it stays so across fork and exec (signal(7)).",
                where,
            )
    return None


def child_failed(case: Case) -> Cause | None:
    """See that a child has ended badly, and somebody still waits for its word."""
    failed = [each for each in case.tracebacks if each.child]
    died = case.died
    if not failed and not died:
        return None
    root = case.root
    waiting = next((t for p, t in case.threads() if p == root and own_frame(t)), None)
    where = line_of(waiting) if waiting else case.where
    if failed:
        last = failed[0]
        place = own_line(last.frames)
        said = f"{last.exception.type}: {first_line(last.exception.message)}"
        said += f" at {place}" if place else ""
        said += ", while what it was given is unpickled," if _is_unpickling(last) else ""
    else:
        said = ended_by(died[0][1])
        place = None
    waiter = _waits_for_a_lock_taken_by_hand(case) if failed else None
    if waiter is not None:
        return Cause(
            "holder_failed",
            place or said,
            f"a child has ended with {said}, and with the lock that {waiter} waits for",
            "Between acquire() and release() an exception goes past the release, and a lock "
            "between processes stays taken when the process that has it ends.",
            place,
        )
    killed = not failed and died[0][1] < 0
    if killed and any("shared between processes" in t.waits for _, t in case.threads()):
        return Cause(
            "holder_killed",
            where or "",
            f"{where} waits for a lock of a process that was ended ({said}) while it held it",
            "A lock between processes is not released when the process that holds it is killed, "
            "and a queue has such locks inside.",
            where,
        )
    return Cause(
        "child_failed",
        place or said,
        f"a child has ended with {said}, and {where} waits on for what it should have sent",
        "Nobody tells a reader of a queue, or who waits for an event, that the process it waits "
        "for is no more.",
        place or where,
    )


def _waits_for_a_lock_taken_by_hand(case: Case) -> str | None:
    """Give the line at which a process waits in acquire() for a lock between processes."""
    for _, thread in case.threads():
        where = line_of(thread)
        shared = "for a lock shared between processes" in thread.waits
        by_hand = not library_frames(thread) and ".acquire(" in case.sources.code(where)
        if shared and by_hand:
            return where
    return None


def holder_ended(case: Case) -> Cause | None:
    """See a wait for a lock between processes, after the program has ended a child by a signal."""
    waiting = [
        thread
        for _, thread in case.threads()
        if "for a lock shared between processes" in thread.waits
        and not any(is_at(each, "synchronize.py", "wait") for each in thread.stack)
    ]
    ended = {str(s.child): s.exit_code for s in case.trial.starts if (s.exit_code or 0) < 0}
    sent = [clue for clue in case.clues("signal sent") if clue.child in ended]
    if not waiting or not sent or len(case.processes) > 1 + len(_helpers(case)):
        return None
    where = case.where or sent[0].where
    by = signal_name(ended[sent[0].child] or 0)
    return Cause(
        "holder_killed",
        where or "",
        f"the program waits at {where} for a lock of a child that it has ended itself ({by}"
        + (f", at {sent[0].where}" if sent[0].where else "")
        + "), while that held it",
        "A lock between processes is not released when the process that holds it is killed, as "
        "terminate() and the end of a pool's `with` block do; a queue has such locks inside, "
        "which its feeder thread and every reader take.",
        where,
    )


def _helpers(case: Case) -> list[int]:
    return [process.pid for process in case.trial.processes if any(map(is_helper, process.threads))]


def _is_unpickling(traceback: Traceback) -> bool:
    """Tell whether a child was still reading what it is to run."""
    files = [file.rpartition("/")[2] for file, _ in traceback.frames]
    return "spawn.py" in files and not {"process.py", "runpy.py", "<frozen runpy>"} & set(files)


def waits(case: Case) -> Cause | None:
    """Tell who waits for what, where no mechanism is known."""
    found = list(case.threads())
    if not found:
        return None
    parts = []
    for process, thread in found[:6]:
        line = line_of(thread)
        at = f" at {line}" if line else ""
        if any(is_at(each, "synchronize.py", "wait") for each in library_frames(thread)):
            parts.append(f"{case.who(process)}{at} waits for an Event or a Condition")
        elif thread.waits:
            parts.append(f"{case.who(process)}{at} {without_numbers(thread.waits)}")
        elif line:
            parts.append(f"{case.who(process)} is{at}")
    if not parts:
        return None
    parts = list(dict.fromkeys(parts))
    root = case.root
    first = next((t for p, t in found if p == root and own_frame(t)), None)
    where = (line_of(first) if first else None) or case.where
    return Cause(
        "deadlock" if case.trial.grade in ("proven", "proven-given-pollers") else "no_end",
        where or parts[0],
        parts[0] + (f"; {parts[1]}" if len(parts) > 1 else ""),
        "Nothing goes on any more: " + "; ".join(parts) + "."
        if case.trial.grade == "proven"
        else case.trial.reason,
        where,
    )
