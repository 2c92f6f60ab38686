"""Why a program never ends: who waits for what that cannot come."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Final

from startlab.causes.case import (
    ABSOLUTE,
    Case,
    Cause,
    ended_by,
    first_line,
    is_at,
    library_frames,
    line_of,
    may_end_by,
    own_exceptions,
    own_frame,
    own_line,
    pids_in,
    through,
    without_numbers,
)
from startlab.causes.places import lines_like, own_files, written
from startlab.causes.starts import differing_global
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
    code = " ".join(case.sources.code(f"{file}:{line}") for file, line in last.frames)
    missing = [
        clue
        for clue in case.clues("global")
        if re.search(rf"\b{re.escape(clue.name.rpartition('.')[2])}\b", code)
    ]
    if missing:
        again = f" Every worker raises {said}, at {where}, and the pool replaces it, for ever."
        return differing_global(case, missing, where, again)
    return Cause(
        "dying_workers",
        f"{last.exception.type} {where}",
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
    joiner = _joiner(case)
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


def _joiner(case: Case) -> Thread | None:
    """Give the thread of the program that waits in Process.join()."""
    return next(
        (
            thread
            for process, thread in case.threads()
            if process == case.root
            and any(is_at(each, "process.py", "join") for each in library_frames(thread))
        ),
        None,
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
    joiner = _joiner(case)
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
    where = line_of(thread)
    source = case.sources.file(case.sources.main)
    line = source.mentions(r"\bos\._exit\(|\.cancel_join_thread\(")
    text = "Each get() waits for one item, and the children have put less than is read."
    if line:
        place = f"{case.sources.main}:{line}"
        text = (
            "put() only hands an item to a thread of the child's, which writes it later; "
            f"`{case.sources.code(place)}` at {place} has the child end without waiting for that, "
            "and the item is lost."
        )
    return Cause(
        "item_never_comes",
        where or "",
        f"the program waits at {where} for an item of the queue, and all children have ended",
        text,
        where,
    )


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
    failed = _callback_failed(case, where)
    if failed is not None:
        return failed
    for traceback in case.tracebacks:
        if any(file.endswith("pool.py") for file, _ in traceback.frames) and traceback.passing:
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            return Cause(
                "unreadable_result",
                where or "",
                f"a result or exception of a pool's task cannot be unpickled, and {where} "
                "waits for it",
                f"The thread of the pool that reads results has ended with {said}. An exception "
                "whose class has its own __init__ must be made such that pickle can call it again."
                + own_exceptions(case, said),
                where,
            )
    died = case.died
    if not died and not case.tracebacks:
        return _failed_in_silence(case, where)
    ends = ", ".join(dict.fromkeys(ended_by(code) for _, code, _ in died)) or "an exception"
    return Cause(
        "lost_task",
        where or "",
        f"a worker of the pool has ended ({ends}) with its task, and {where} waits for the result",
        "multiprocessing.Pool replaces a worker that ends, but its task is lost, and nobody tells "
        "who waits for the result." + may_end_by(case),
        where,
    )


def _callback_failed(case: Case, waiting: str | None) -> Cause | None:
    """See that a callback has ended the thread of a pool that reads the results."""
    for traceback in case.tracebacks:
        of_pool = any(file.endswith("pool.py") for file, _ in traceback.frames)
        where = own_line(traceback.frames)
        if traceback.passing and of_pool and where:
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            return Cause(
                "callback_failed",
                where,
                f"the callback of a pool's task raises {said} at {where}, and {waiting} waits for "
                "results",
                f"{_ONE_THREAD} What it raises ends that thread, and no result comes any more.",
                where,
            )
    return None


_ONE_THREAD: Final = "A pool calls all callbacks in its one thread that reads results."


def _failed_in_silence(case: Case, waiting: str | None) -> Cause | None:
    """Suspect a callback where all workers wait for tasks: a pool passes over its KeyError."""
    workers = [thread for process, thread in case.threads() if process != case.root]
    idle = [t for t in workers if t.stack and _takes_a_task(t)]
    source = case.sources.file(case.sources.main)
    line = source.mentions(r"\bcallback\s*=\s*\w")
    if not workers or idle != workers or line is None:
        return None
    match = re.search(r"\bcallback\s*=\s*([\w.]+)", source.line(line))
    name = match[1].rpartition(".")[2] if match else ""
    defined = source.mentions(rf"\bdef {re.escape(name)}\b")
    where = f"{case.sources.main}:{defined or line}"
    return Cause(
        "callback_failed",
        where,
        f"all tasks of the pool are done, and {waiting} still waits for a result: its callback at "
        f"{where} must have raised a KeyError",
        f"{_ONE_THREAD} It passes over a KeyError there without a word, and the result that the "
        "callback was called for is never told.",
        where,
    )


def _takes_a_task(thread: Thread) -> bool:
    """Tell whether a worker of a pool waits for a task."""
    names = [each.file.rpartition("/")[2] for each in thread.stack]
    inside = names[: names.index("pool.py")] if "pool.py" in names else ["?"]
    return set(inside) <= {"queues.py", "connection.py", "synchronize.py"}


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
        "who waits for the result." + may_end_by(case),
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
