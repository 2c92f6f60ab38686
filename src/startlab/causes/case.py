"""A trial of a program, as rules look at it, and the cause that they find."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from startlab.causes.places import own_files
from startlab.judge import find_tracebacks, signal_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from startlab.judge import Traceback
    from startlab.model import (
        Clue,
        ClueKind,
        Frame,
        Process,
        PythonException,
        Thread,
        Trial,
    )
    from startlab.sources import Sources


class Cause(NamedTuple):
    """Why: `mechanism` and `key` make it one with the same in other trials.

    `title` goes on from «Hangs under fork: »; `text` says more; `where` is the line where it shows.
    """

    mechanism: str
    key: str
    title: str
    text: str = ""
    where: str | None = None


class Case:
    """A trial, and what is asked of it again and again."""

    def __init__(self, trial: Trial, sources: Sources) -> None:
        self.trial = trial
        self.sources = sources
        if trial.exception is not None:
            self.trial = msgspec.structs.replace(trial, exception=_as_told(trial.exception))
        self.tracebacks = [
            each._replace(exception=_as_told(each.exception))
            for each in find_tracebacks(trial.stderr)
        ]
        self.processes = {process.pid: process for process in trial.processes}

    @property
    def where(self) -> str | None:
        """The line of the program that the trial came to its end at."""
        if self.trial.where is not None and not self.trial.where.startswith("<"):
            return self.trial.where
        root = self.root
        lines = [line_of(thread) for thread in root.threads] if root else []
        return next((line for line in lines if line), None)

    def clues(self, kind: ClueKind) -> list[Clue]:
        """Give the clues of one kind.

        A line that is in no file, of a function that was made at run time, is left out; and so is
        a second name for what has the same values, as `from settings import current` gives one.
        """
        found: dict[tuple[str, ...], Clue] = {}
        for clue in self.trial.clues:
            if clue.kind != kind:
                continue
            key: tuple[str, ...] = (str(len(found)),)
            if kind == "global":
                key = (clue.name.rpartition(".")[2], clue.parent, clue.child)
            if key not in found or self.sources.changed(found[key].name) is None:
                nowhere = clue.where is not None and clue.where.startswith("<")
                found[key] = msgspec.structs.replace(clue, where=None) if nowhere else clue
        return list(found.values())

    @property
    def root(self) -> Process | None:
        """The first process of the program, if it was still there."""
        pids = set(self.processes)
        tops = [each for each in self.trial.processes if each.ppid not in pids]
        return min(tops, key=lambda each: each.pid, default=None)

    def threads(self) -> Iterator[tuple[Process, Thread]]:
        """Give every thread that was seen waiting, those of multiprocessing's helpers left out.

        A fork server that has imported the main module may have threads of the program's.
        """
        for process in self.trial.processes:
            if not any(map(is_helper, process.threads)):
                for thread in process.threads:
                    if not is_idle_feeder(thread):
                        yield process, thread

    def who(self, process: Process) -> str:
        """Name a process in a sentence."""
        return "the program" if process == self.root else "a child"

    @property
    def inherited_main(self) -> bool:
        """Whether children were forked from a process that had run the main module."""
        return any(clue.name == "inherited" for clue in self.clues("main"))

    @property
    def died(self) -> list[tuple[int | None, int, str | None]]:
        """Children that ended badly: pid, exit code and where they were started."""
        sent = {(clue.child, clue.name) for clue in self.clues("signal sent")}
        return [
            (start.child, start.exit_code, start.where)
            for start in self.trial.starts
            if start.exit_code and (str(start.child), str(-start.exit_code)) not in sent
        ]


def _as_told(exception: PythonException) -> PythonException:
    """Give an exception of the main module its own name: children and older Pythons add to it."""
    name = exception.type.removeprefix("__mp_main__.").removeprefix("__main__.")
    return msgspec.structs.replace(exception, type=name)


# --- stacks and texts ---------------------------------------------------------------------------

ABSOLUTE: Final = re.compile(r"^(/|[A-Za-z]:[\\/]|<)")


def own_frame(thread: Thread) -> Frame | None:
    """Give the innermost frame in a file of the program, whose name is relative."""
    return next((each for each in thread.stack if not ABSOLUTE.match(each.file)), None)


def line_of(thread: Thread) -> str | None:
    """Give the line of the program that a thread is at."""
    frame = own_frame(thread)
    return f"{frame.file}:{frame.line}" if frame else None


def library_frames(thread: Thread) -> list[Frame]:
    """Give the frames inside of the program's innermost one."""
    frame = own_frame(thread)
    return list(thread.stack[: thread.stack.index(frame)]) if frame else list(thread.stack)


def through(thread: Thread, *files: str) -> bool:
    """Tell whether the frames inside of the program's innermost one are of some files."""
    return any(part in each.file for each in library_frames(thread) for part in files)


def is_at(frame: Frame, file: str, function: str) -> bool:
    """Tell whether a frame is of a function of a file."""
    return frame.file.endswith(file) and frame.function.rpartition(".")[2] == function


def joining(case: Case) -> Thread | None:
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


def is_helper(thread: Thread) -> bool:
    """Tell whether a thread is the resource tracker's, or the fork server's that waits for work.

    A child of the fork server has its frames outermost too, also when it is at its end.
    """
    files = [each.file.rpartition("/")[2] for each in thread.stack]
    if "resource_tracker.py" in files or "semaphore_tracker.py" in files:
        return True
    return files[-2:-1] == ["forkserver.py"] and set(files[:-2]) <= {"selectors.py"}


def is_idle_feeder(thread: Thread) -> bool:
    """Tell whether a thread is that of a Queue, which waits for an item that it could write."""
    return (
        len(thread.stack) > 1
        and is_at(thread.stack[0], "threading.py", "wait")
        and is_at(thread.stack[1], "queues.py", "_feed")
    )


def own_line(frames: Sequence[tuple[str, int]]) -> str | None:
    """Give the innermost line of the program's own in a traceback."""
    return next((f"{f}:{n}" for f, n in reversed(frames) if not ABSOLUTE.match(f)), None)


def own_lines(crash: str) -> list[str]:
    """Give the program's own lines in a stack of faulthandler's, innermost first."""
    current = crash.partition("\nCurrent thread ")[2] or crash
    found = re.findall(r'^\s*File "(.+)", line (\d+)', current.partition("\n\n")[0], re.MULTILINE)
    return [f"{file}:{line}" for file, line in found if not ABSOLUTE.match(file)]


def is_remote(traceback: Traceback, case: Case) -> bool:
    """Tell whether a traceback is a worker's, which a pool or an executor has handed on."""
    return case.trial.stderr.count('"""') > 1 and any(
        file.endswith(("pool.py", "process.py")) for file, _ in traceback.frames
    )


def of_worker(case: Case) -> Traceback | None:
    """Give the traceback of a pool's or an executor's worker that the program then raised too."""
    exception = case.trial.exception
    for each in case.tracebacks:
        first = each.frames[0][0] if each.frames else ""
        if exception and each.exception.type == exception.type and _WORKER.search(first):
            return each
    return None


_WORKER: Final = re.compile(r"(multiprocessing.pool|concurrent.futures.process)\.py$")


def started_at(case: Case) -> str | None:
    """Give the line of the first start."""
    return next((start.where for start in case.trial.starts if start.where), None)


def pids_in(text: str) -> set[int]:
    """Read the processes that a sentence about wakers names."""
    found = re.search(r"only pids? ([\d, ]+)", text)
    return {int(each) for each in re.findall(r"\d+", found[1])} if found else set()


def without_numbers(text: str) -> str:
    """Leave out of a sentence what is of this one trial."""
    ids = r" \((futex 0x[0-9a-f]+|descriptor \d+|sem\.mp-\w+|a semaphore without a name)\)"
    text = re.sub(ids, "", text)
    return re.sub(r" pids? [\d, ]+\d", "", text)


def ended_by(code: int) -> str:
    """Name how a process ended."""
    return signal_name(code) or f"exit status {code}"


def own_exceptions(case: Case, said: str) -> str:
    """Name the program's exceptions that cannot be made again from `args`; first what is `said`."""
    found = {
        name: f"{file}:{line}"
        for file in own_files(case)
        for name, line in case.sources.file(file).own_exceptions().items()
    }
    names = [name for name in found if name in said] or list(found)
    told = [f"`{name}` at {found[name]}" for name in names[:3]]
    return f" In the program that is {' or '.join(told)}." if told else ""


def may_end_by(case: Case) -> str:
    """Name the line of a function of the main module that ends a process, if there is one."""
    source = case.sources.file(case.sources.main)
    line = source.mentions(r"\b(os\._exit|sys\.exit)\((?!main\b)|\braise SystemExit\b(?!\(main)")
    if line is None or source.function_of(line) is None:
        return ""
    return f" `{source.line(line)}` at {case.sources.main}:{line} ends a process."


def first_line(message: str) -> str:
    """Give the first line of a message that says something."""
    return next((line.strip() for line in message.splitlines() if line.strip()), "")


def what_was_raised(trial: Trial) -> str:
    """Give the exception that ended the program, on one line."""
    exception = trial.exception
    if exception is None:
        return trial.reason
    return f"{exception.type}: {first_line(exception.message)}".rstrip(": ")


_TRACKER: Final = re.compile(r"(?m)^.*(resource|semaphore)_tracker.*: UserWarning: .*\n(  .*\n?)?")
"""What the resource tracker says of things that were left: that follows from the rest."""


def last_words(stderr: str) -> str:
    """Give what was written to stderr beside tracebacks, the first two lines of it."""
    said: dict[str, None] = {}
    inside = False
    for line in _TRACKER.sub("", stderr).splitlines():
        if line.startswith(("Traceback ", "Process ")):
            inside = True
        elif inside and line[:1] not in (" ", ""):
            inside = False  # the exception itself
        elif not inside and line.strip():
            said[line.strip()[:200]] = None
    return " / ".join(list(said)[:2])
