"""Queues and pipes: who waits for what nobody writes, or nobody reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from startlab.causes.case import (
    Case,
    Cause,
    is_at,
    joining,
    library_frames,
    line_of,
    own_frame,
    pids_in,
    through,
)
from startlab.causes.places import lines_like, own_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Clue, Frame, Thread


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
        return _polled(case, clues)
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


def _polled(case: Case, clues: Sequence[Clue]) -> Cause | None:
    """See a child look again and again at an object of its own, in a loop of its own."""
    for process, thread in case.threads():
        frame = own_frame(thread)
        if process == case.root or frame is None:
            continue
        source = case.sources.file(frame.file)
        for clue in clues:
            made = case.sources.code(clue.where).partition("=")[0].partition(":")[0].strip()
            line = source.mentions(rf"^\s+.*\b{re.escape(made)}\b", source.function_of(frame.line))
            if made and line and source.function_of(line) == source.function_of(frame.line):
                return Cause(
                    "shared_made_again",
                    clue.where or "",
                    f"a child looks at {frame.file}:{line} again and again at its own "
                    f"`{clue.name}()`, made at {clue.where}",
                    "A child that is no plain fork imports the main module, and what is made there "
                    f"is made again: what the program does to its `{clue.name}()` of {clue.where}, "
                    "the child never sees.",
                    f"{frame.file}:{line}",
                )
    return None


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


def queue_of_threads(case: Case) -> Cause | None:
    """See a process wait at a queue.Queue, which is its own, for what another one has put."""
    for process, thread in case.threads():
        if not any(is_at(each, "/queue.py", "get") for each in library_frames(thread)):
            continue
        others = [each for each in process.threads if each != thread and own_frame(each)]
        if others or not case.trial.starts or case.clues("thread at fork"):
            continue
        where = line_of(thread)
        return Cause(
            "queue_of_threads",
            where or "",
            f"{case.who(process)} waits at {where} for an item of a queue.Queue, which is for the "
            "threads of one process",
            "A forked child has a copy of it: what one process puts into its own, the others never "
            "see.",
            where,
        )
    return None


def unfinished_tasks(case: Case) -> Cause | None:
    """See one wait in JoinableQueue.join() for tasks that those who took them never called done."""
    for process, thread in case.threads():
        if not any(is_at(each, "queues.py", "join") for each in library_frames(thread)):
            continue
        where = line_of(thread)
        takers = _takers(case)
        text = "join() of a JoinableQueue ends when task_done() was called for each item put in. "
        if takers:
            text += (
                f"Those who take from it wait at {takers[0]} for the next: on some way through the "
                "loop there (a continue, a break, an exception) task_done() is left out."
            )
        else:
            text += "Nobody takes from it any more."
        return Cause(
            "unfinished_tasks",
            where or "",
            f"{case.who(process)} waits at {where} for task_done(), which was not called for every "
            "item of the queue",
            text,
            where,
        )
    return None


def _takers(case: Case) -> list[str]:
    """Give the lines at which children wait for an item of a queue, those of pools left out."""
    lines = [
        line_of(thread)
        for process, thread in case.threads()
        if process != case.root and _takes(thread)
    ]
    return list(dict.fromkeys(line for line in lines if line))


def _takes(thread: Thread) -> bool:
    """Tell whether a thread waits in Queue.get(), called by the program itself."""
    library = library_frames(thread)
    return any(is_at(each, "queues.py", "get") for each in library) and not through(
        thread, "pool.py", "process.py", "managers.py"
    )


def no_end_mark(case: Case) -> Cause | None:
    """See one wait for the end of a child that waits for another item of its queue."""
    takers = _takers(case)
    joiner = joining(case)
    if joiner is None or not takers:
        return None
    where = line_of(joiner)
    copied = _copied_mark(case)
    if copied is not None:
        return copied
    return Cause(
        "no_end_mark",
        where or "",
        f"the program waits at {where} for the end of a child that waits at {takers[0]} for an "
        "item of its queue that nobody puts",
        "A child that takes from a queue in a loop does not know that there is nothing more: it "
        "must be told, and each of them once, for what one takes the others do not see.",
        where,
    )


def _copied_mark(case: Case) -> Cause | None:
    """See an end mark that is known by its identity, which no copy has."""
    for file in own_files(case):
        source = case.sources.file(file)
        for line in lines_like(case, file, r"^\w+\s*=\s*object\(\)"):
            name = line.partition("=")[0].strip()
            asked = source.mentions(rf"\bis (not )?{name}\b")
            put = source.mentions(rf"\b(put|put_nowait|send)\({name}\)")
            if asked and put:
                where = f"{file}:{asked}"
                return Cause(
                    "end_mark_copied",
                    where,
                    f"a child does not know the end mark `{name}`, which is put at {file}:{put}, "
                    f"by `is` at {where}",
                    "What goes through a queue or a pipe is pickled: out comes a copy, and "
                    f"another object than the receiver's own `{name}`.",
                    where,
                )
    return None


def item_never_comes(case: Case) -> Cause | None:
    """See the program wait for an item of a queue, though all its children have ended."""
    root = case.root
    if root is None or not case.trial.starts:
        return None
    thread = next((each for each in root.threads if _takes(each)), None)
    if thread is None or any(process != root for process, _ in case.threads()):
        return None
    where = line_of(thread) or case.where
    source = case.sources.file(case.sources.main)
    line = source.mentions(r"\bos\._exit\(|\.cancel_join_thread\(")
    if line:
        place = f"{case.sources.main}:{line}"
        return Cause(
            "item_lost_at_exit",
            where or "",
            f"the program waits at {where} for an item of the queue that a child has lost: it ends "
            f"by `{case.sources.code(place)}` at {place}",
            "put() only hands an item to a thread of the child's, which writes it later, and the "
            "child ends without waiting for that: the item is lost.",
            where,
        )
    return Cause(
        "item_never_comes",
        where or "",
        f"the program waits at {where} for an item of the queue, and all children have ended",
        "Each get() waits for one item, and the children have put less than is read.",
        where,
    )


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
