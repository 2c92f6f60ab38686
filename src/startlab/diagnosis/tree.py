"""A running tree, looked at as a trial that hangs: what it is in, and the cause that rules see."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from startlab.diagnosis.case import Case, held_locks
from startlab.diagnosis.locks import waits_for_room
from startlab.diagnosis.source.sources import Sources
from startlab.diagnosis.stacks import (
    ABSOLUTE,
    library_frames,
    line_of,
    own_frame,
    own_frames,
    waits_for_lock,
)
from startlab.judge import roles, waiting
from startlab.judge.standstill import classify
from startlab.model import (
    Frame,
    MainModule,
    Process,
    Program,
    Thread,
    ThreadAtFork,
    Trial,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from startlab.diagnosis.case import Cause
    from startlab.diagnosis.rule import Mechanism
    from startlab.model import (
        AnyClue,
        Look,
        Role,
        Standstill,
        StartMethod,
        TreeProcess,
        TreeThread,
    )

    Id = tuple[int, int]

_LIBRARY: Final = re.compile(r"-packages/|/[Ll]ib/(python|pypy)\d|^<|/startlab/agent/")
_LOCK: Final = re.compile(r"\bwith\s+([\w.\[\]]+)\s*(?:as\s+\w+\s*)?:|([\w.\[\]]+)\.acquire\(")
_BY_CLOUDPICKLE: Final = "<dynamic-code>"


class Holder(NamedTuple):
    """Who has a lock that a thread waits for, and how that is known.

    `memory`: the lock itself notes it; `fork`: so does the copy of one that a fork has made, whose
    owner is a thread of the parent; `source`: the thread's line is inside of what the lock guards.
    """

    pid: int
    tid: int
    how: Literal["memory", "fork", "source"]
    where: str | None = None


class Tree(NamedTuple):
    """All that is known of a running tree.

    `processes` are those of the look with the program's own files named from the `root` folder;
    `locks` names what threads wait for, and `holders` tells who has it, as far as the sources say
    so. `forked_at` is the line at which a forked child was started.
    """

    look: Look
    verdict: Standstill
    roles: dict[int, Role]
    processes: tuple[Process, ...]
    root: str
    locks: dict[Id, str]
    holders: dict[Id, Holder]
    forked_at: dict[int, str]
    cause: Cause | None = None
    mechanism: Mechanism | None = None

    @property
    def advice(self) -> str:
        """What to do: for this case, and whatever the mechanism advises."""
        own = self.cause.advice if self.cause else ""
        return f"{own} {self.mechanism.advice if self.mechanism else ''}".strip()

    def process(self, pid: int) -> Process | None:
        """Find a process."""
        return next((each for each in self.processes if each.pid == pid), None)

    def thread(self, each: Id) -> Thread | None:
        """Find a thread."""
        process = self.process(each[0])
        threads = process.threads if process else ()
        return next((thread for thread in threads if thread.tid == each[1]), None)

    def process_seen(self, pid: int) -> TreeProcess | None:
        """Find a process as the look has it."""
        return next((each for each in self.look.processes if each.pid == pid), None)

    def thread_seen(self, each: Id) -> TreeThread | None:
        """Find a thread as the look has it."""
        process = self.process_seen(each[0])
        threads = process.threads if process else ()
        return next((thread for thread in threads if thread.tid == each[1]), None)


def explain(look: Look) -> Tree:
    """Tell all that is known of a running tree."""
    verdict = classify(look)
    names = _Names(look)
    every = roles.roles(look)
    processes = waiting.worded(_process(each, names, verdict, look.top) for each in look.processes)
    program = Program(
        kind="script",
        name="",
        target=names.main,
        root="/nowhere",
        sources={name: look.sources[path] for path, name in names.own.items()},
    )
    sources = Sources(program)
    locks = dict(_locks(processes, sources))
    forked_at = dict(_forked_at(look, names))
    tree = Tree(
        look,
        verdict,
        every,
        processes,
        names.root,
        locks,
        _holders(processes, locks, forked_at, sources),
        forked_at,
    )
    cause = _cause(tree, sources)
    if cause is None:
        return tree
    from startlab.diagnosis.rules import MECHANISMS  # slow to import

    return tree._replace(cause=cause, mechanism=MECHANISMS[cause.mechanism])


# --- names ---------------------------------------------------------------------------------------


class _Names:
    """The program's own files, named from the innermost folder that has all of them."""

    def __init__(self, look: Look) -> None:
        files = [path for path in look.sources if not _LIBRARY.search(path)]
        folders = {posixpath.dirname(path) for path in files}
        self.root = posixpath.commonpath(folders) if folders else "/"
        self.own = {path: posixpath.relpath(path, self.root) for path in files}
        top = next((each for each in look.processes if each.pid == look.top), None)
        words = top.command.split() if top is not None else []
        cwd = top.cwd if top is not None else ""
        scripts = [posixpath.normpath(posixpath.join(cwd, word)) for word in words[1:]]
        path = next((each for each in scripts if each in self.own), None)
        self.main = self.own[path] if path is not None else ""
        self._main_text = look.sources[path] if path is not None else ""

    def of(self, frame: Frame, cwd: str) -> str:
        """Name a frame's file; cloudpickle's functions of the main module have lost theirs."""
        file = frame.file
        defined = f"def {frame.function.rpartition('.')[2]}("
        if file == _BY_CLOUDPICKLE and defined in self._main_text:
            return self.main
        path = posixpath.normpath(posixpath.join(cwd, file))
        return self.own.get(path, file)


def _process(process: TreeProcess, names: _Names, verdict: Standstill, top: int) -> Process:
    role = process.server if process.server in ("fork server", "resource tracker") else ""
    return Process(
        pid=process.pid,
        ppid=process.ppid,
        command=process.command,
        role="program" if process.pid == top else role,  # type: ignore[arg-type]  # checked
        state=process.state,
        stacks_by="py-spy",
        threads=tuple(
            _thread(process, each, names, root=verdict.ring[-1:] == ((process.pid, each.tid),))
            for each in process.threads
        ),
    )


def _thread(process: TreeProcess, thread: TreeThread, names: _Names, *, root: bool) -> Thread:
    stack = tuple(
        Frame(file=names.of(each, process.cwd), line=each.line, function=each.function)
        for each in thread.stack[: thread.own_depth or None]
    )
    made = Thread(
        tid=thread.tid,
        name=thread.name,
        wait=thread.wait,
        waits_for=thread.waits_for,
        root=root,
        stack=stack,
    )
    return msgspec.structs.replace(made, where=line_of(made))


def _forked_at(look: Look, names: _Names) -> Iterator[tuple[int, str]]:
    """Give the line at which each forked child was started: its parent's frames are below its."""
    for process in look.processes:
        for thread in process.threads:
            if thread.tid != process.pid or not thread.own_depth:
                continue
            for frame in thread.stack[thread.own_depth :]:
                name = names.of(frame, process.cwd)
                if not ABSOLUTE.match(name):
                    yield process.pid, f"{name}:{frame.line}"
                    break


# --- locks ---------------------------------------------------------------------------------------


def _locks(processes: Iterable[Process], sources: Sources) -> Iterator[tuple[Id, str]]:
    """Name the lock that each thread waits for, by the line that it is at, or else by memory."""
    for process in processes:
        for thread in process.threads:
            if thread.wait is None or not waits_for_lock(thread):
                continue
            name = _named_at(thread, sources)
            if name is None and thread.wait.held is not None and thread.wait.held.name:
                name = f".{thread.wait.held.name}"
            if name is not None:
                yield (process.pid, thread.tid), name


def _named_at(thread: Thread, sources: Sources) -> str | None:
    """Name the lock that a line of the program takes itself, and nothing that it calls."""
    frame = own_frame(thread)
    if frame is None or not all(map(_takes, library_frames(thread))):
        return None
    source = sources.file(frame.file)
    taken = source.locks_at(frame.line)[0]
    if len(taken) == 1:
        return taken.pop()
    found = _LOCK.search(source.line(frame.line))
    return f".{found[1] or found[2]}" if found is not None else None


def _takes(frame: Frame) -> bool:
    return frame.function.rpartition(".")[2] in ("acquire", "__enter__")


def _holders(
    processes: Iterable[Process], locks: dict[Id, str], forked_at: dict[int, str], sources: Sources
) -> dict[Id, Holder]:
    """Find who has the lock that a thread waits for: by memory, or else by the sources."""
    case = Case(_trial(()), sources)
    by_pid = {each.pid: each for each in processes}
    found: dict[Id, Holder] = {}
    for process in by_pid.values():
        for thread in process.threads:
            each = process.pid, thread.tid
            if waits_for_room(case, thread):
                continue
            known = _noted(thread)
            if known is None and each in locks:
                known = _inside(case, each, locks[each], _near(process, thread, by_pid, forked_at))
            if known is not None:
                found[each] = known
    return found


def _noted(thread: Thread) -> Holder | None:
    held = thread.wait.held if thread.wait is not None else None
    if held is not None and held.at_fork is not None:
        return Holder(*held.at_fork, "fork")
    if held is not None and len(held.holders) == 1:
        return Holder(*held.holders[0], "memory")
    return None


def _near(
    process: Process, thread: Thread, by_pid: dict[int, Process], forked_at: dict[int, str]
) -> list[Process]:
    """List the processes of which a thread may have the lock that another one waits for."""
    if thread.wait is not None and thread.wait.kind == "shared lock":
        return list(by_pid.values())
    parent = by_pid.get(process.ppid) if process.pid in forked_at else None
    return [process] if parent is None else [process, parent]


def _inside(case: Case, each: Id, lock: str, processes: Iterable[Process]) -> Holder | None:
    """Find a thread whose line is inside of what a lock guards."""
    for process in processes:
        for thread in process.threads:
            where, held = held_locks(case, thread)
            if lock in held and (process.pid, thread.tid) != each:
                return Holder(process.pid, thread.tid, "source", where)
    return None


# --- the cause -----------------------------------------------------------------------------------


def _cause(tree: Tree, sources: Sources) -> Cause | None:
    """Ask the rules about what can never go on, as about a trial that hangs."""
    if tree.verdict.kind not in ("deadlock", "stuck", "part"):
        return None
    from startlab.diagnosis.rule import Rules  # slow to import
    from startlab.diagnosis.rules import ORDER

    dead = {(each.pid, each.tid) for each in tree.look.seen if each.dead or each.locked}
    top = (tree.look.top, tree.look.top)
    kept: list[Process] = []
    for process in tree.processes:
        threads = tuple(
            each
            for each in process.threads
            if tree.look.grade is not None or (process.pid, each.tid) in dead | {top}
        )
        if threads:
            kept.append(msgspec.structs.replace(process, threads=threads))
    trial = _trial(kept, tree)
    return Rules(ORDER).first("hang", Case(trial, sources))


def _trial(processes: Iterable[Process], tree: Tree | None = None) -> Trial:
    return Trial(
        experiment="",
        environment="",
        method="default",
        trial=1,
        outcome="hang",
        reason="",
        as_expected=False,
        expected=None,
        grade="proven" if tree is not None and tree.verdict.kind == "deadlock" else "stuck",
        method_used=tuple(sorted(_methods(tree))) if tree is not None else (),
        processes=tuple(processes),
        clues=tuple(dict.fromkeys(_clues(tree))) if tree is not None else (),
    )


def _methods(tree: Tree) -> set[StartMethod]:
    """Tell by which start methods processes were started."""
    found: set[StartMethod] = set()
    if any(role.kind == "fork server" for role in tree.roles.values()):
        found.add("forkserver")
    if any("multiprocessing.spawn" in each.command for each in tree.look.processes):
        found.add("spawn")
    if tree.forked_at:
        found.add("fork")
    return found


def _clues(tree: Tree) -> Iterator[AnyClue]:
    """Give what a forked child has of its parent: the main module, and not its threads."""
    by_pid = {each.pid: each for each in tree.look.processes}
    for pid in tree.forked_at:
        child, parent = by_pid[pid], by_pid.get(by_pid[pid].ppid)
        yield MainModule(how="inherited")
        for thread in parent.threads if parent is not None else ():
            forker = parent is not None and thread.tid == parent.pid
            if forker or thread.started > child.started:
                continue
            seen = tree.thread((child.ppid, thread.tid))
            own = own_frames(seen) if seen is not None else []
            if own:
                where = f"{own[0].file}:{own[0].line}"
                yield ThreadAtFork(name=thread.name, where=where)
