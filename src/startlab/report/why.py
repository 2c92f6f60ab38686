"""A running tree in words: the verdict, what it rests on, who waits for whom, stacks, the cause."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, assert_never

from rich.text import Text

from startlab.diagnosis import phrases
from startlab.diagnosis.stacks import is_waiting
from startlab.judge import roles, waiting
from startlab.judge.standstill import STOPPED
from startlab.report import prose
from startlab.report.finding import GRADES
from startlab.report.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from startlab.diagnosis.tree import Tree
    from startlab.model import (
        AssumptionKind,
        Outside,
        OutsideKind,
        Process,
        RoleKind,
        StandstillKind,
        Thread,
        ThreadRoleKind,
    )

    Id = tuple[int, int]

MOST_FRAMES: Final = 12
MOST_TOLD: Final = 4
LABEL: Final = 14
_STDLIB: Final = re.compile(r"^/.*/lib/(python|pypy)[\d.]+t?/(?=\w)")
"""Where every reader knows what is meant without it."""

_ROLES: Final[Mapping[RoleKind, str]] = {
    "program": "the program",
    "fork server": "the fork server",
    "resource tracker": "the resource tracker",
    "semaphore tracker": "the semaphore tracker",
    "pool worker": "pool worker",
    "executor worker": "executor worker",
    "joblib worker": "joblib worker",
    "manager": "the manager's server",
    "gunicorn master": "the gunicorn master",
    "gunicorn worker": "gunicorn worker",
    "celery master": "the celery master",
    "celery worker": "celery worker",
    "pytest": "pytest",
    "xdist worker": "pytest-xdist worker",
    "child": "child",
    "other": "process",
}
_THREAD_ROLES: Final[Mapping[ThreadRoleKind, str]] = {
    "main": "the main thread",
    "worker handler": "the pool's worker handler",
    "task handler": "the pool's task handler",
    "result handler": "the pool's result handler",
    "queue feeder": "a queue's feeder thread",
    "executor manager": "the executor's manager thread",
    "pool thread": "a thread pool's worker",
    "other": "thread",
}

HEADINGS: Final[Mapping[StandstillKind, str]] = {
    "deadlock": "Deadlock",
    "stuck": "Main thread stuck",
    "part": "Partly stuck",
    "stopped": "Stopped",
    "outside": "Waits for the outside",
    "busy": "Busy",
    "alive": "Alive",
}

HANGS: Final = ("deadlock", "stuck", "part")

_CURES: Final[Mapping[OutsideKind, str]] = {
    "tcp": "See what the other end does; give the connection a timeout, so that it fails instead.",
    "backlog": "See why what listens there does not call accept(): it may wait for this one.",
    "file lock": "See why its owner keeps it; take the lock with LOCK_NB and a limit of your own.",
    "terminal": "It waits for input: give it some, or start it with stdin from /dev/null.",
    "pipe": "See what the process at the other end does, and whether it should have closed it.",
    "fifo": "Some process has to open the other end of the FIFO, or write to it.",
    "fifo to open": "See which process should open the other end, and whether it has ended.",
    "unix": "See what the process at the other end does.",
    "child": "See what that process does.",
    "semaphore": "See which process should release it, and whether it has ended.",
    "futex": "See which process should release it, and whether it has ended.",
    "system v": "See which process should act on it, and whether it has ended.",
}

_NO_STACKS: Final = (
    "Python stacks, so no line is named: py-spy is not installed, or cannot read this Python, such "
    "as PyPy."
)

_NO_NETWORK: Final = (
    "The tree has a network of its own, and its sockets may not be asked for. Look from the host, "
    "or add `--network=container:NAME` to `docker run`."
)


def show(tree: Tree, console: Console, *, stacks: bool = True) -> None:
    """Print all that is known of a tree, the verdict first."""
    style = {"alive": "bold green", "busy": "bold green"}.get(tree.verdict.kind, "bold red")
    prose.say(console, one_line(sentence(tree)), style)
    for line in details(tree):
        prose.say(console, one_line(line), first="-", indent=2)
    console.print()
    console.print(Text("Who waits for whom", "bold"))
    for line, depth in graph(tree):
        prose.say(console, one_line(line), indent=2 * depth)
    if stacks:
        _stacks(tree, console)
    console.print()
    for label, text in explanation(tree):
        prose.say(console, one_line(text), first=f"{label}:" if label else "", indent=LABEL)


# --- the verdict ---------------------------------------------------------------------------------


def sentence(tree: Tree) -> str:
    """Say in one short sentence what the tree is in."""
    verdict = tree.verdict
    age = f", for {duration(verdict.age_s)}" if verdict.age_s is not None else ""
    still = f" has not run for {duration(verdict.age_s)}, and" if verdict.age_s is not None else ""
    match verdict.kind:
        case "deadlock":
            said = f"no thread of {_processes(len(tree.processes))} can ever run again"
            if verdict.age_s is not None:
                said = f"{said}, and none has for {duration(verdict.age_s)}"
        case "stuck":
            said = f"it{still} can never continue by itself"
        case "part":
            said = f"a part of the tree{still} can never continue"
        case "stopped":
            were = "was" if len({pid for pid, _ in verdict.ring}) == 1 else "were"
            said = f"{_some(tree, verdict.ring)} {were} stopped by a signal or a debugger"
        case "outside":
            what = outside(verdict.outside) if verdict.outside is not None else "something"
            who = _who(tree, verdict.leaf) if verdict.leaf is not None else "it"
            silent = verdict.outside is not None and verdict.outside.silent_s is not None
            said = f"{who}{_at(tree, verdict.leaf)} waits for {what}{'' if silent else age}"
        case "busy":
            said = f"{_some(tree, verdict.living)} computes{_at(tree, verdict.leaf)}"
            if verdict.grade is not None and verdict.leaf is not None:
                said = f"{_who(tree, verdict.leaf)} is in an infinite loop{_at(tree, verdict.leaf)}"
        case "alive":
            said = _changed(tree)
        case _:
            assert_never(verdict.kind)
    return f"{heading(tree)}: {said}."


def details(tree: Tree) -> list[str]:
    """Say what a hang consists of: who waits for what, and what could end it."""
    verdict = tree.verdict
    if verdict.kind == "outside":
        return list(_also_outside(tree))
    if verdict.kind not in HANGS:
        return []
    said = [phrases.sentence(_waits(tree, each)) for each in verdict.ring[:MOST_TOLD]]
    more = len(verdict.ring) - MOST_TOLD
    said += [f"{more} more threads wait as well."] if more > 0 else []
    said = said or ["No thread is left that could wake another."]
    if verdict.kind == "stuck":
        said.append(f"It continues only if {_living(tree)} ends, or signals it.")
    if verdict.kind != "deadlock" and any(each.locked for each in tree.look.seen):
        said += _did_nothing(tree)
    return said


def _also_outside(tree: Tree) -> Iterator[str]:
    """Name what else is waited for that is named by a FIFO: the tree itself may have to open it."""
    for process in tree.look.processes:
        for thread in process.threads:
            each = (process.pid, thread.tid)
            for found in thread.outside:
                if found.kind == "fifo to open" and each != tree.verdict.leaf:
                    said = f"{_who(tree, each)}{_at(tree, each)} waits for {outside(found)}"
                    yield phrases.sentence(said)


def _did_nothing(tree: Tree) -> Iterator[str]:
    """Say of the threads that may go on why nothing comes of that."""
    threads = {each: tree.thread(each) for each in tree.verdict.living}
    signals = [each for each, found in threads.items() if found and is_waiting(found, "signal")]
    ticking = [each for each in threads if each not in signals]
    if ticking:
        yield f"{_some(tree, ticking)} only wakes up periodically, and did nothing about it."
    if signals:
        yield f"{_some(tree, signals)} continues only if it gets a signal."


def heading(tree: Tree) -> str:
    """Name what the tree is in, with what could not be asked."""
    kind = tree.verdict.kind
    doubt = kind in HANGS and "alarm" in tree.look.assumptions
    return HEADINGS[kind] + (", unless an alarm is armed" if doubt else "")


def _processes(count: int) -> str:
    return "the process" if count == 1 else f"the {count} processes"


def _waits(tree: Tree, each: Id) -> str:
    """Say who waits, where, for what, and who could end that."""
    thread = tree.thread(each)
    if thread is None:
        return _who(tree, each)
    said = f"{_who(tree, each)}{_at(tree, each)} {thread_waits(tree, each, thread)}"
    if each in tree.holders or is_waiting(thread, "child"):
        return said + _held(tree, each)
    whom = [pid for pid in thread.waits_for if pid != each[0]]
    if whom:
        said += f", of {_list([process_name(tree, pid) for pid in whom])}"
    elif thread.wakers:
        said += f": {thread.wakers}"
    return said + _held(tree, each)


def thread_waits(tree: Tree, each: Id, thread: Thread) -> str:
    """Say what a thread waits for, a lock by its name, a child by what it is."""
    if thread.wait is not None and thread.wait.kind == "child" and thread.waits_for:
        return f"waits for the end of {_list([process_name(tree, p) for p in thread.waits_for])}"
    name = tree.locks.get(each)
    if name is not None and thread.wait is not None:
        shared = " shared between processes" if thread.wait.kind == "shared lock" else ""
        said = name.partition(".")[2]
        known = thread.wait.held.name if thread.wait.held is not None else ""
        also = f" (the global `{known}`)" if known not in ("", said) else ""
        return f"waits for the lock `{said}`{also}{shared}"
    return thread.waits or "runs"


def _held(tree: Tree, each: Id) -> str:
    """Say who has the lock that a thread waits for, or why no thread here can release it."""
    forked = tree.forked_at.get(each[0])
    at = f" at {forked}" if forked is not None else ""
    holder, thread = tree.holders.get(each), tree.thread(each)
    if holder is None:
        if forked is None or thread is None or not is_waiting(thread, "lock"):
            return ""
        return f"; it was forked{at}, and a fork copies locks as they are"
    of = (holder.pid, holder.tid)
    match holder.how:
        case "memory":
            return f"; {_who(tree, of)} has it"
        case "fork":
            return f"; {_who(tree, of)} had it when this process was forked{at}"
        case "source":
            said = f"; {_who(tree, of)} is inside of it at {holder.where} (inferred)"
            copied = holder.pid != each[0] and thread is not None and is_waiting(thread, "lock")
            return f"{said}, and the fork{at} copied it as it is" if copied else said
        case _:
            assert_never(holder.how)


def _living(tree: Tree) -> str:
    names = [_who(tree, each) for each in tree.verdict.living]
    return _list(names[:MOST_TOLD]) + (
        f" or {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    )


def _changed(tree: Tree) -> str:
    """Say what has run between the looks, or what it waits for if nothing has."""
    moved = tree.verdict.living
    if moved:
        apart = f"{tree.look.apart_s:.1f} s"
        return f"between two looks {apart} apart {_some(tree, moved)} ran"
    leaf = tree.verdict.leaf
    thread = tree.thread(leaf) if leaf is not None else None
    if leaf is None or thread is None:
        return "it may go on by itself"
    return f"{_who(tree, leaf)}{_at(tree, leaf)} {_may_go_on(tree, leaf, thread)}"


def _may_go_on(tree: Tree, each: Id, thread: Thread) -> str:
    seen = tree.thread_seen(each)
    if seen is not None and seen.outside:
        return f"waits for {outside(seen.outside[0])}"
    said = thread_waits(tree, each, thread)
    return f"{said}, and may go on: {thread.wakers}" if thread.wakers else said


# --- names ---------------------------------------------------------------------------------------


def process_name(tree: Tree, pid: int) -> str:
    """Say what a process is: `pool worker 3 of 4 (pid 17)`."""
    role = tree.roles.get(pid)
    if role is None:
        return f"pid {pid}"
    which = f" {role.number} of {role.of}" if role.of > 1 else ""
    return f"{_ROLES[role.kind]}{which} (pid {pid}{_inside(tree, pid)})"


def _inside(tree: Tree, pid: int) -> str:
    process = tree.process_seen(pid)
    numbers = process.numbers if process is not None else ()
    return f", {numbers[-1]} in its container" if len(numbers) > 1 else ""


def _who(tree: Tree, each: Id) -> str:
    process, thread = tree.process_seen(each[0]), tree.thread_seen(each)
    of = process_name(tree, each[0])
    if process is None or each[1] in (each[0], 0):  # the first thread, or one that is not known
        return of
    if thread is None:
        return f"thread {each[1]} of {of}"
    role = roles.thread_role(process, thread)
    if role == "other":
        named = f'thread "{thread.name}"' if thread.name else f"thread {each[1]}"
        return f"{named} of {of}"
    return f"{_THREAD_ROLES[role]} of {of}"


def _at(tree: Tree, each: Id | None) -> str:
    thread = tree.thread(each) if each is not None else None
    where = place(thread) if thread is not None else None
    return f" at {where}" if where else ""


def place(thread: Thread) -> str | None:
    """Give the line of the program that a thread is at, or else that of a library."""
    if thread.where:
        return thread.where
    frame = next((each for each in thread.stack if "-packages/" in each.file), None)
    if frame is None:
        return None
    name = frame.file.rpartition("-packages/")[2]
    return f"{'/'.join(name.split('/')[-3:])}:{frame.line}"


def _some(tree: Tree, threads: Sequence[Id]) -> str:
    names = list(dict.fromkeys(_who(tree, each) for each in threads))
    more = len(names) - MOST_TOLD
    return _list(names[:MOST_TOLD]) + (f" and {more} more" if more > 0 else "")


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])


_OUTSIDE: Final[Mapping[OutsideKind, tuple[str, str]]] = {
    "tcp": ("TCP {theirs} {state} (from {ours}){silent}", ""),
    "backlog": ("TCP {theirs} (from {ours}), where nobody has accepted the connection{silent}", ""),
    "udp": ("a datagram at UDP {ours}", ""),
    "listener": ("connections at {ours}", ""),
    "unix listener": ("connections at the Unix socket {theirs}", ""),
    "unix": ("the Unix socket {theirs}", ", whose other end {by} has"),
    "socket": ("the socket {object}", ""),
    "pipe": ("the pipe at its descriptor {descriptor}", ", whose other end {by} has"),
    "fifo": ("the FIFO {object}", ", which {by} has open"),
    "fifo to open": ("a process that opens the other end of the FIFO {object}", ""),
    "terminal": ("input from the terminal {object}", ""),
    "file lock": ("the lock of the file {object}", ", which {by} has"),
    "file": ("the file {object}", ""),
    "device": ("the device {object}", ""),
    "child": ("the end of a process", ": {by}"),
    "lock": ("a lock in shared memory", ", which {by} has too"),
    "semaphore": ("the named semaphore {object}, which any process may open", ""),
    "futex": ("a lock in the file {object}, which any process may open", ""),
    "system v": ("the System V object {object}, which any process may use", ""),
    "descriptor": ("{object}", ""),
}
"""What it is, and who has it, where that is known."""


def outside(what: Outside) -> str:
    """Name what outside is waited for."""
    said, held = _OUTSIDE[what.kind]
    silent = ""
    if what.silent_s is not None:
        silent = f", nothing received for {duration(what.silent_s)}"
    return (said + (held if what.holders else "")).format(
        ours=what.ours,
        theirs=what.theirs or "without a name",
        state=what.state,
        silent=silent,
        object=what.object,
        descriptor=what.descriptor,
        by=_list([f"`{each.command}` (pid {each.pid})" for each in what.holders[:MOST_TOLD]]),
    )


def duration(seconds: float) -> str:
    """Say how long: `43 s`, `5 min 10 s`, `3 h 20 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


# --- the graph and the stacks --------------------------------------------------------------------


def graph(tree: Tree) -> Iterator[tuple[str, int]]:
    """Give the tree's processes, each with its threads and what they wait for, and the depth."""
    by_parent: dict[int, list[Process]] = {}
    pids = {each.pid for each in tree.processes}
    for process in tree.processes:
        by_parent.setdefault(process.ppid if process.ppid in pids else 0, []).append(process)
    yield from _below(tree, by_parent, 0, 1)


def _below(
    tree: Tree, by_parent: Mapping[int, Sequence[Process]], pid: int, depth: int
) -> Iterator[tuple[str, int]]:
    for process in by_parent.get(pid, ()):
        forked = tree.forked_at.get(process.pid)
        at = f", forked at {forked}" if forked else ""
        yield f"{process_name(tree, process.pid)}{at}: {process.command}", depth
        if not process.threads:
            yield "has ended, and was not waited for", depth + 1
        for thread in process.threads:
            yield _of_thread(tree, process, thread), depth + 1
        yield from _below(tree, by_parent, process.pid, depth + 1)


def graph_words(tree: Tree, pid: int, tid: int) -> str:
    """Say what a thread waits for, in the tree or outside of it."""
    thread = tree.thread((pid, tid))
    seen = tree.thread_seen((pid, tid))
    if thread is None or seen is None:
        return ""
    if seen.state in STOPPED:
        return "is stopped"
    if seen.outside and not thread.waits_for:
        return f"waits for {outside(seen.outside[0])}"
    return thread_waits(tree, (pid, tid), thread)


def _of_thread(tree: Tree, process: Process, thread: Thread) -> str:
    each = (process.pid, thread.tid)
    seen = next(one for one in tree.look.seen if (one.pid, one.tid) == each)
    outsides = [one for found in [tree.thread_seen(each)] if found for one in found.outside]
    mark = "✗" if seen.dead else "·"
    who = "main" if thread.tid == process.pid else (thread.name or str(thread.tid))
    what = graph_words(tree, *each)
    if thread.waits_for and thread.wait is not None and thread.wait.kind != "child":
        pids = [pid for pid in thread.waits_for if pid != process.pid]
        what += f" → {_list([f'pid {pid}' for pid in pids])}" if pids else ""
    told = seen.still_s is None or seen.moved or any(one.silent_s for one in outsides)
    age = "" if told else f", for {duration(seen.still_s or 0.0)}"
    root = " ◀" if thread.root else ""
    return f"{mark} {who}{_at(tree, each)} {what}{age}{root}"


def _stacks(tree: Tree, console: Console) -> None:
    shown = [
        (process, thread)
        for process in tree.processes
        for thread in process.threads
        if thread.stack
    ]
    if not shown:
        return
    console.print()
    console.print(Text("Stacks", "bold").append(", innermost frame first", "default"))
    for process, thread in shown:
        prose.say(console, printable(_who(tree, (process.pid, thread.tid))), indent=2, first="  ")
        for frame in thread.stack[:MOST_FRAMES]:
            line = f"{_STDLIB.sub('', frame.file)}:{frame.line} in {frame.function}"
            prose.say(console, printable(line), "dim", indent=4)
        if len(thread.stack) > MOST_FRAMES:
            prose.say(console, f"and {len(thread.stack) - MOST_FRAMES} more", "dim", indent=4)


# --- the cause -----------------------------------------------------------------------------------


def explanation(tree: Tree) -> Iterator[tuple[str, str]]:
    """Give the likely cause and its cure, and what was taken for granted."""
    verdict = tree.verdict
    if tree.cause is not None and tree.mechanism is not None:
        sure = GRADES["shown" if tree.mechanism.shown else "suspected"]
        yield "Likely cause", f"{tree.cause.title}. ({sure})"
        if tree.cause.text:
            yield "Why", tree.cause.text
        if tree.advice:
            yield "What to do", tree.advice
        yield "Read more", f"startlab explain {tree.mechanism.name}"
    elif verdict.kind == "stopped" and verdict.leaf is not None:
        pids = " ".join(map(str, dict.fromkeys(pid for pid, _ in verdict.ring)))
        yield "What to do", f"kill -CONT {pids}, unless a debugger holds it."
    elif verdict.kind == "outside" and verdict.outside is not None:
        cure = _CURES.get(verdict.outside.kind)
        if cure is not None:
            yield "What to do", cure
    yield from _not_seen(tree)
    if verdict.kind in HANGS:
        yield "Assumed", _assumed(tree.look.assumptions)
        if "alarm" in tree.look.assumptions:
            yield "", "--ask asks the processes for alarms; that stops each for a moment."


_FROM_OUTSIDE: Final = frozenset(
    ("signal", "unreadable", "opened later", "under way", "wanders", "address", "name",
     "opened by name")
)  # fmt: skip
"""What is assumed of processes outside; the JSON document has each by itself."""


def _assumed(kinds: Sequence[AssumptionKind]) -> str:
    texts = [waiting.ASSUMPTIONS[each] for each in kinds if each not in _FROM_OUTSIDE]
    if len(texts) < len(kinds):
        texts.insert(0, "nothing outside acts on the tree: by a signal, a descriptor or a name")
    return "; ".join(texts)


def _not_seen(tree: Tree) -> Iterator[tuple[str, str]]:
    if not any(thread.stack for process in tree.processes for thread in process.threads):
        yield "Not seen", _NO_STACKS
    if not tree.look.network:
        yield "Not seen", _NO_NETWORK
