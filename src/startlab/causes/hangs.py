"""Why a program never ends: who waits for what that cannot come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from startlab.causes.case import (
    Case,
    Cause,
    ended_by,
    first_line,
    is_at,
    library_frames,
    line_of,
    own_frame,
    own_line,
    pids_in,
    through,
    without_numbers,
)
from startlab.judge import signal_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Clue, Frame, Thread


def respawning(case: Case) -> Cause | None:
    """See a pool whose workers die at once and are replaced for ever."""
    if case.trial.grade != "respawning" or not case.tracebacks:
        return None
    last = next((each for each in case.tracebacks[::-1] if each.child), case.tracebacks[-1])
    said = f"{last.exception.type}: {first_line(last.exception.message)}"
    where = own_line(last.frames) or case.where
    return Cause(
        "dying_workers",
        said,
        f"every worker of the pool dies of {said}" + (f" at {where}" if where else ""),
        "multiprocessing.Pool replaces a worker that dies, without a word and for ever; the tasks "
        "that it had are lost, and who waits for them waits on.",
        where,
    )


def made_again(case: Case) -> Cause | None:
    """See parent and child wait for each other on two objects that should be one."""
    clues = case.clues("made again")
    if not clues:
        return None
    waiting = [
        (process, thread)
        for process, thread in case.threads()
        if ("shared between processes" in thread.waits or "from an empty" in thread.waits)
        and own_frame(thread) is not None
    ]
    if not waiting:
        return None
    root = case.root
    process, thread = min(waiting, key=lambda each: each[0] != root)
    library = library_frames(thread)
    clue = next((each for each in clues if _is_about(each, library)), clues[0])
    where = line_of(thread)
    others = [f"`{each.name}()` of {each.where}" for each in clues if each is not clue]
    also = f" The same holds for {' and '.join(others)}." if others else ""
    return Cause(
        "shared_made_again",
        clue.where or "",
        f"{case.who(process)} waits at {where} for the `{clue.name}()` made at {clue.where}, of "
        "which every child has its own",
        "A child that is no plain fork imports the main module, and what is made there is made "
        f"again: what one process does to its `{clue.name}()` of {clue.where}, the other never "
        f"sees.{also}",
        where,
    )


def _is_about(clue: Clue, library: Sequence[Frame]) -> bool:
    """Tell whether a stack goes through what a clue's object has: `Event.wait`, `queues.py`."""
    text = " ".join(f"{each.file.rpartition('/')[2]} {each.function}" for each in library)
    if clue.name in ("Queue", "JoinableQueue", "SimpleQueue", "Pool"):
        return "queues.py" in text or f"{clue.name}." in text
    if clue.name in ("Event", "Condition", "Barrier"):
        return "wait" in text
    return "queues.py" not in text and "wait" not in text


def join_before_drain(case: Case) -> Cause | None:
    """See one wait for the end of another, which waits for the first to read what it writes."""
    writers = [(p, t) for p, t in case.threads() if "to a full" in t.waits]
    joins = [
        (p, t)
        for p, t in case.threads()
        if any(f.function.rpartition(".")[2] in ("join", "wait", "shutdown") for f in t.stack)
        and not any(p.pid == writer.pid for writer, _ in writers)
        and through(t, "process.py", "popen_fork.py", "popen_forkserver.py", "popen_spawn")
    ]
    if not writers or not joins:
        return None
    joiner, thread = joins[0]
    where = line_of(thread)
    feeder = any(through(t, "queues.py") or "Feeder" in t.name for _, t in writers) or any(
        through(t, "queues.py") for p, t in case.threads() if p.pid == writers[0][0].pid
    )
    what = "queue" if feeder else "pipe"
    return Cause(
        "join_before_drain",
        where or "",
        f"{case.who(joiner)} waits at {where} for the end of a child that waits for its {what} to "
        "be read",
        f"The child cannot end before all that it has put into the {what} has gone into the pipe, "
        "and the pipe is full (64 KiB on Linux). The parent would read it only after the child's "
        "end.",
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
        return _left_behind(case, thread)
    return None


def _left_behind(case: Case, thread: Thread) -> Cause:
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


def pipe_end_inherited(case: Case) -> Cause | None:
    """See a reader wait for the end of a pipe whose other end is open somewhere, maybe in it."""
    for process, thread in case.threads():
        if "from an empty" not in thread.waits and "for a pipe" not in thread.waits:
            continue
        if through(thread, "queues.py", "pool.py", "managers.py", "popen_"):
            continue
        where = line_of(thread)
        holders = pids_in(thread.wakers)
        itself = "this process itself" in thread.wakers or process.pid in holders
        siblings = len(holders - {process.pid}) > (0 if itself else 1)
        if where is None or not (itself or siblings):
            continue
        who = case.who(process)
        who_holds = "it has that end open itself" if itself else "other children have it open too"
        return Cause(
            "pipe_end_inherited",
            where,
            f"{who} reads at {where} from a pipe that nobody will write to or close",
            f"A reader sees the end of a pipe only when every copy of its other end is closed, and "
            f"{who_holds}. A forked child has a copy of every end that its parent had.",
            where,
        )
    return None


def lost_task(case: Case) -> Cause | None:
    """See that a worker of a Pool has ended with its task, or that a result could not be read."""
    waits = [
        (p, t) for p, t in case.threads() if through(t, "pool.py") and own_frame(t) is not None
    ]
    if not waits:
        return None
    where = line_of(waits[0][1])
    for traceback in case.tracebacks:
        if any(file.endswith("pool.py") for file, _ in traceback.frames) and traceback.passing:
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            return Cause(
                "unreadable_result",
                where or "",
                f"a result or exception of a pool's task cannot be unpickled, and {where} "
                "waits for it",
                f"The thread of the pool that reads results has ended with {said}. An exception "
                "whose class has its own __init__ must be made such that pickle can call it again.",
                where,
            )
    died = case.died
    if not died and not case.tracebacks:
        return None
    ends = ", ".join(dict.fromkeys(ended_by(code) for _, code, _ in died)) or "an exception"
    return Cause(
        "lost_task",
        where or "",
        f"a worker of the pool has ended ({ends}) with its task, and {where} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost, and nobody tells "
        "who waits for the result.",
        where,
    )


def lost_task_quietly(case: Case) -> Cause | None:
    """See that a worker has ended with exit status 0 in the middle of its task."""
    waits = [t for _, t in case.threads() if through(t, "pool.py") and own_frame(t) is not None]
    ended = [start for start in case.trial.starts if start.exit_code is not None]
    if not waits or not ended:
        return None
    where = line_of(waits[0])
    return Cause(
        "lost_task",
        where or "",
        f"a worker of the pool has ended with its task, and {where} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost, and nobody tells "
        "who waits for the result.",
        where,
    )


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
    else:
        said = ended_by(died[0][1])
        place = None
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


def waits(case: Case) -> Cause | None:
    """Tell who waits for what, where no mechanism is known."""
    found = list(case.threads())
    if not found:
        return None
    parts = []
    for process, thread in found[:6]:
        line = line_of(thread)
        at = f" at {line}" if line else ""
        if thread.waits:
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
