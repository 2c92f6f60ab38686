"""Sentences about a job that does not go on, made once from what the agent has seen of it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

import msgspec

from startlab.output.tracebacks import last_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from startlab.model import (
        AssumptionKind,
        Held,
        NotLaunched,
        Observation,
        Obstacle,
        ObstacleKind,
        Polled,
        Process,
        Respawn,
        Thread,
        Wait,
        WaitKind,
    )

ASSUMPTIONS: Final[Mapping[AssumptionKind, str]] = {
    "signal": "no signal comes from outside the job",
    "unreadable": "no process that the agent may not look into was handed a descriptor of the job",
    "opened later": "no process outside opens a descriptor of the job later",
    "replaced": "no descriptor was replaced by a like one while a thread slept on it",
    "under way": "no descriptor of the job is in a message that a process outside has yet to read",
    "wanders": "no descriptor of the job goes from one process outside to another",
    "io_uring": "no io_uring that is neither open nor mapped has requests under way",
    "eventfd": "nothing in the kernel but a process of the job raises the eventfd",
    "poll list": "no list of polled descriptors was overwritten while a thread slept on it",
    "timeout changed": "no timeout of a socket was changed while a thread slept on it",
    "address": "no process outside is told the address",
    "name": "no process outside is told the name",
    "opened by name": "no process outside opens what the job waits for by its name or number",
    "own classes": "no pool or manager has classes of the program's own",
    "alarm": "no process that could not be asked has armed an interval timer (alarm)",
}

_MOST_IN_RING: Final = 4


def worded(processes: Iterable[Process]) -> tuple[Process, ...]:
    """Give the processes with what their threads wait for in words too."""
    return tuple(
        msgspec.structs.replace(process, threads=tuple(_worded(process.pid, process.threads)))
        for process in processes
    )


def _worded(pid: int, threads: Iterable[Thread]) -> Iterator[Thread]:
    for thread in threads:
        yield (
            thread
            if thread.wait is None
            else msgspec.structs.replace(thread, waits=waits(thread), wakers=_wakers(pid, thread))
        )


# --- what a thread waits for ---------------------------------------------------------------------


def waits(thread: Thread, *, numbers: bool = True) -> str:
    """Say what a thread waits for; without `numbers`, as it is in every trial alike."""
    if thread.wait is None:
        return ""
    return " ".join(filter(None, _waits(thread.wait, thread.waits_for, numbers=numbers)))


_WAITS: Final[Mapping[WaitKind, tuple[str, str]]] = {
    "lock": ("waits", "for {lock}"),
    "shared lock": ("waits", "for {lock} shared between processes{name}"),
    "file lock": ("waits", "for a lock on a file{name}"),
    "child": ("waits", "for the end of its child{pids}"),
    "pipe read": ("reads", "from an empty {pipe}"),
    "pipe write": ("writes", "to a full {pipe}"),
    "socket read": ("reads", "from an empty socket{at}"),
    "socket write": ("writes", "to a full socket{at}"),
    "connection": ("waits", "for a connection{at}"),
    "eventfd": ("reads", "from an eventfd{at} that is zero"),
    "semaphore": ("waits", "for a System V semaphore{name}"),
    "message queue": ("waits", "for a System V message queue{name}"),
    "signal": ("waits", "for a signal"),
    "poll": ("waits", "for {polled}"),
    "asleep": ("sleeps", "{name}"),
    "running": ("runs", ""),
    "call": ("is", "in {object}{timeout}"),
}


def _waits(wait: Wait, waits_for: Sequence[int], *, numbers: bool) -> tuple[str, str]:
    """Give the verb and what comes after it: `waits`, `for a lock`."""
    if wait.poller:
        verb = "runs" if wait.kind == "running" else "wakes up periodically"
        return verb, "in a loop of the standard library"
    if wait.rounds and wait.kind in ("running", "asleep"):
        return (
            ("asks", "without a pause") if wait.kind == "running" else ("wakes up", "periodically")
        )
    verb, what = _WAITS[wait.kind]
    polled = list(dict.fromkeys(_polled(each, numbers=numbers) for each in wait.polled))
    return verb, what.format(
        lock=_lock(wait.held),
        name=f" ({wait.object})" if numbers and wait.object else "",
        object=wait.object,
        pids=f" {numbered(waits_for)}" if numbers else "",
        at=_at(wait.descriptor) if numbers else "",
        pipe=_pipe(wait) if numbers else _pipe(wait).partition(" ")[0],
        polled=("any of " if len(polled) > 1 else "") + ", ".join(polled),
        timeout=" with a timeout" if wait.timed else "",
    ).strip() + (", again and again" if wait.rounds else "")


def _lock(held: Held | None) -> str:
    """Name a lock by what it was made as, and where; of a Queue it is a lock within."""
    if held is None or (not held.made and held.type != "RLock"):
        return "a lock"
    own = held.type in ("Lock", "RLock", "Semaphore", "BoundedSemaphore")
    article = "an" if held.type in ("RLock", "Event") else "a"
    kind = f"{article} {held.type}" if own else f"a lock of {article} {held.type}"
    return kind + (f" (made at {held.made})" if held.made else "")


def _pipe(wait: Wait) -> str:
    return f"FIFO ({wait.object})" if wait.object.startswith("/") else f"pipe{_at(wait.descriptor)}"


def _polled(part: Polled, *, numbers: bool) -> str:
    if part.kind == "child":
        return f"the end of pid {part.pid}" if numbers else "the end of a child"
    article = "an" if part.kind == "eventfd" else "a"
    return f"{article} {part.kind}{_at(part.descriptor) if numbers else ''}"


def _at(descriptor: int | None) -> str:
    return "" if descriptor is None else f" (descriptor {descriptor})"


_READ: Final = (
    "only this process itself could write to it or close the other end",
    "only {pids} could write to it, and they wait too",
)
_WRITE: Final = (
    "only this process itself could read from it or close the other end",
    "only {pids} could read from it, and they wait too",
)
_WAKERS: Final[Mapping[WaitKind, tuple[str, str]]] = {
    "lock": ("only threads of this process could release it; {others}", ""),
    "shared lock": ("only this process has it", "only {pids} could release it, and they wait too"),
    "child": ("it can never end", "none of them can ever end"),
    "pipe read": _READ,
    "socket read": _READ,
    "pipe write": _WRITE,
    "socket write": _WRITE,
    "connection": ("", "only processes of this job know the address, and they wait too"),
    "file lock": (
        "only this process has it",
        "only {pids} could release it, and they wait too",
    ),
    "eventfd": (
        "only this process itself could raise it",
        "only {pids} could raise it, and they wait too",
    ),
    "semaphore": (
        "only this process itself could raise it",
        "only {pids} could change it, and they wait too",
    ),
    "message queue": (
        "only this process itself could send or receive one",
        "only {pids} could send or receive one, and they wait too",
    ),
    "signal": (
        "only this process itself could send one",
        "only {pids} could send one, and they wait too",
    ),
    "poll": (
        "only this process itself could make one of them ready or close the other end",
        "only {pids} could make one of them ready, and they wait too",
    ),
}
"""Who could end a wait: where that is one alone, itself or its child, and where it is others."""


def _wakers(pid: int, thread: Thread) -> str:
    """Say who could end the wait, and why they do not."""
    wait = thread.wait
    if wait is None:
        return ""
    if wait.poller or (wait.rounds and not thread.waits_for):
        return "does nothing until another thread or process has done something"
    if wait.obstacle is not None:
        return obstacle(wait.obstacle)
    if wait.held is not None and wait.held.left:
        return "what took it has ended without releasing it"
    if wait.held is not None and wait.held.holders:
        return f"{_having(pid, wait.held)} it, and is waiting too"
    alone, others = _WAKERS.get(wait.kind, ("", ""))
    is_alone = len(thread.waits_for) == 1 if wait.kind == "child" else thread.waits_for == (pid,)
    return (alone if is_alone and alone else others).format(
        pids=numbered(thread.waits_for), others=_other_threads(wait.others)
    )


def _having(pid: int, held: Held) -> str:
    """Say who has a lock that a thread of a process waits for."""
    tids = [tid for of, tid in held.holders if of == pid]
    if len(tids) == len(held.holders) == 1 and tids[0]:
        return f"thread {tids[0]} of it has"
    pids = {of for of, _ in held.holders}
    return f"{numbered(pids)} {'has' if len(pids) == 1 else 'have'}"


def _other_threads(number: int) -> str:
    match number:
        case 0:
            return "it has no other thread"
        case 1:
            return "the other one waits too"
        case _:
            return f"the {number} others wait too"


def numbered(pids: Iterable[int]) -> str:
    """Name processes in a sentence."""
    found = sorted(pids)
    return ("pid " if len(found) == 1 else "pids ") + ", ".join(map(str, found))


# --- why a job hangs -----------------------------------------------------------------------------


def hang(observation: Observation) -> str:
    """Say why a job can never go on: who waits for whom, and who had ended badly before."""
    return (
        _deadlock(observation.processes, observation.ring)
        + _ended_children(observation)
        + _ended_threads(observation)
    )


def goes_round(observation: Observation) -> str:
    """Say why a job does not go on though parts of it live: who waits, and who only goes round."""
    roles = {process.pid: process.role for process in observation.processes}
    alive = [
        _who_waits(process, thread, roles)
        for process in observation.processes
        for thread in process.threads
        if thread.wait is not None and thread.wait.rounds
        if (process.pid, thread.tid) not in observation.ring
    ]
    told = [_deadlock(observation.processes, observation.ring)] if observation.ring else []
    if alive:
        more = len(alive) - _MOST_IN_RING
        only = "; ".join(alive[:_MOST_IN_RING]) + (f" and {more} more" if more > 0 else "")
        told.append(f"the threads that still run change nothing: {only}")
    told.append("it continues only if one of its processes gets a signal")
    return "; ".join(told) + _ended_children(observation) + _ended_threads(observation)


def respawning(respawn: Respawn) -> str:
    """Say that workers die and are replaced."""
    return (
        f"workers die and are replaced forever: {respawn.deaths} have ended with exit code "
        f"{respawn.exit_code}"
    )


def _deadlock(processes: Sequence[Process], ring: Sequence[tuple[int, int]]) -> str:
    found = {
        (process.pid, thread.tid): (process, thread)
        for process in processes
        for thread in process.threads
    }
    threads = [found[each] for each in ring if each in found]
    if not threads:
        return "no thread of it can ever run again"
    roles = {process.pid: process.role for process in processes}
    process, root = threads[-1]
    if len(threads) == 1:
        sentence = f"{_who_waits(process, root, roles)}: {_wakers(process.pid, root)}"
    else:
        told = "; ".join(_who_waits(*each, roles) for each in threads[:_MOST_IN_RING])
        more = len(threads) - _MOST_IN_RING
        sentence = f"{len(threads)} threads wait for one another: {told}"
        sentence += f" and {more} more" if more > 0 else ""
    if root.wait is not None and root.wait.kind in ("lock", "shared lock"):
        sentence += _lost(process)
    return sentence


def _who_waits(process: Process, thread: Thread, roles: Mapping[int, str]) -> str:
    """Say who waits, at which line, for what."""
    who = "the program" if process.role == "program" else f"child {process.pid}"
    if thread.tid != process.pid:
        who = f"thread {thread.tid} of {who}"
    if thread.wait is None:
        return f"{who} waits"
    verb, what = _waits(thread.wait, thread.waits_for, numbers=True)
    what += _of_a_server(process, thread, roles)
    held = thread.wait.held
    if held is not None and held.holders:
        what += f", which {_having(process.pid, held)}"
    if thread.where is None:
        return f"{who} {verb} {what}"
    if verb == "waits":
        return f"{who} waits at {thread.where} {what}"
    return f"{who}, at {thread.where}, {verb} {what}"


def _of_a_server(process: Process, thread: Thread, roles: Mapping[int, str]) -> str:
    """Name the server of multiprocessing that a thread of another process waits for."""
    names = {roles.get(pid, "") for pid in thread.waits_for}
    name = names.pop() if len(names) == 1 else ""
    servers = ("fork server", "resource tracker", "semaphore tracker")
    return f" of the {name}" if name in servers and process.role not in servers else ""


def _lost(process: Process) -> str:
    """Say which threads a fork has left behind, one of which may have held the lock."""
    if not process.lost_threads:
        return ""
    first = process.lost_threads[0]
    thread = "a native thread" if first.name == "?" else f'thread "{first.name}"'
    was_at = f"was at {first.where}" if first.where else "was there"
    more = _and_more(process.lost_threads)
    return f"; when it was forked, {thread} {was_at}{more}: it does not exist here"


def _ended_children(observation: Observation) -> str:
    """Say which children had ended badly, to end a sentence.

    Which process printed which traceback is not known where there are several.
    """
    ends = sorted(
        (start.exit_s, start.child, start.exit_code)
        for start in observation.starts
        if start.exit_code and start.exit_s is not None and start.child is not None
        if start.exit_s <= observation.duration_s  # and was not ended by the agent
    )
    if not ends:
        return ""
    _, child, code = ends[0]
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    died_of = [each for each in last_words(observation.stderr.text()) if each.thread is None]
    of = f", of {died_of[0].exception}" if died_of and code > 0 else ""
    return f"; child {child}{_and_more(ends)} had ended {how}{of}"


def _ended_threads(observation: Observation) -> str:
    """Say which threads had ended by an exception, to end a sentence."""
    ended = [each for each in last_words(observation.stderr.text()) if each.thread is not None]
    if not ended:
        return ""
    first = ended[0]
    return f'; thread "{first.thread}"{_and_more(ended)} had ended of {first.exception}'


def _and_more(found: Sequence[object]) -> str:
    return f" and {len(found) - 1} more" if len(found) > 1 else ""


# --- why there is nothing to tell ----------------------------------------------------------------


def not_launched(failure: NotLaunched) -> str:
    """Say why a program could not be launched."""
    what = {
        "place": "there is no place for a trial",
        "copy": "its files could not be copied",
        "start": f"{failure.program} could not be started",
    }[failure.step]
    return f"{what}: {failure.error}{_REMEDIES.get(failure.errno or 0, '')}"


_REMEDIES: Final[Mapping[int, str]] = dict.fromkeys(
    (errno.ENOSPC, errno.EDQUOT),
    "; make room there, or set TMPDIR to another folder, and finish the run with --resume",
) | {errno.EMFILE: "; raise the limit of open files (ulimit -n), or take fewer --jobs"}


NOT_ENDED: Final = "a process in uninterruptible sleep could not be ended"

_OBSTACLES: Final[Mapping[ObstacleKind, str]] = {
    "platform": "only Linux shows what a thread waits for",
    "machine": "the system calls of {name} are not known",
    "no cat": "there is no cat to try it out on",
    "no waits": "/proc does not tell what a thread waits for: {error}",
    "no holders": "/proc does not tell who holds a pipe",
    "not tried": "it could not be tried out: {error}",
    "moved": "threads of the job come and go",
    "second look": "nothing seems to move any more; a second look is due",
    "no process": "no process of the job is left",
    "unreadable": "{who} cannot be looked into: {error}",
    "running": "{who} is running",
    "call": "may wake: {name}{timeout} in {who}",
    "namespace": "may wake: {process} lives in a namespace of its own",
    "posix timer": "may wake: {process} has a POSIX timer",
    "kernel acts": "may wake: {process} has {object}, through which the kernel acts",
    "signal when ready": "may wake: {process} is sent a signal when {object} is ready",
    "asynchronous": "may wake: {process} has asynchronous input and output under way",
    "alarm": "may wake: {who} has armed an interval timer (alarm)",
    "alarm unknown": "may wake: {who} may have armed an interval timer ({unasked})",
    "cpu limit": "may wake: {who} is sent a signal when it has run for long",
    "socket timeout": "may wake: a socket of {who} has a timeout",
    "socket timeout unknown": "may wake: a socket of {who} may have a timeout ({unasked})",
    "held by outsider": (
        "may wake: {process}, outside the job, holds {object}, which the job waits for"
    ),
    "descriptor under way": (
        "may wake: {process}, outside the job, has yet to read a message with descriptors"
    ),
    "lock of outsider": "may wake: {process}, outside the job, shares a lock",
    "traces outsider": "may wake: {who} traces {others}, outside the job",
    "state": "may wake: {who} is in state {object}",
    "pending signal": "may wake: {who} has a signal to handle",
    "handles readiness": "may wake: {who} handles a signal that a descriptor may send",
    "traced": "may wake: {who} is traced by {others}",
    "core dump": "may wake: {who} dumps core",
    "held by kernel": "may wake: {who} is held by the kernel in {object}",
    "foreign call": "may wake: {who} is in a system call of another kind of program",
    "no such address": "may wake: {who} waits at an address it lacks",
    "futex in file": "may wake: {who} waits for a futex in the file {object}",
    "named semaphore": "may wake: {who} waits for {object}, which any process may open",
    "system v": (
        "may wake: {who} waits for the System V object {object}, which any process may use"
    ),
    "not its child": "may wake: {who} waits for a process that is no child of it",
    "ended child": "may wake: {who} waits for {others}, which ended",
    "end of outsider": "may wake: {who} waits for the end of {others}, which is not of the job",
    "descriptor": "may wake: {who} waits for {object}{at}",
    "foreign descriptor": (
        "may wake: {who} waits for something{at} that is neither a pipe nor a socket of the job"
    ),
    "opened since": "may wake: {who} does not wait for {object}{at}, which was opened since",
    "waits for signal": "may wake: {who} waits for a signal",
    "file lock": "may wake: {who} waits for a lock of {object}{at}, held outside the job",
    "held outside": "may wake: {who} waits for {object}, held outside the job",
    "socket to outside": "may wake: {who} waits for a socket to the outside",
    "peer outside": "may wake: {who} waits for a socket whose other end is not of the job",
    "open to connect": "may wake: {who} waits for a connection, which any process may make",
    "datagram": "may wake: {who} waits for a datagram, which any process may send",
}


def obstacle(found: Obstacle) -> str:
    """Say what stands in the way of a proof."""
    who = f"pid {found.pid}" if found.tid in (0, found.pid) else (
        f"thread {found.tid} of pid {found.pid}"
    )  # fmt: skip
    unasked = f"ptrace: {found.error}" if found.error else "ptrace is not allowed here"
    if found.name == "no thread":
        unasked = "none of its threads can be asked"
    return _OBSTACLES[found.kind].format(
        who=who,
        process=f"{who} ({found.name})",
        name=found.name,
        object=found.object,
        at=_at(found.descriptor),
        timeout=" with a timeout" if found.timed else "",
        others=numbered(found.others),
        error=found.error or "it was not tried",
        unasked=unasked,
    )
