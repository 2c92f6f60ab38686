"""A trial of a program, as rules look at it, and the cause that they find."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar

import msgspec

from startlab.diagnosis.phrases import at, listed
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.places import own_files, reached_from
from startlab.diagnosis.stacks import (
    is_helper,
    is_idle_feeder,
    is_in,
    line_of,
    own_frames,
    own_line,
    own_lines,
    through,
)
from startlab.model import (
    ChangedGlobal,
    ChangedSetting,
    Clue,
    ForkedBy,
    LostVariable,
    MadeAgain,
    MainModule,
    NativeThreadsAtFork,
    Raised,
    SignalSent,
    SystemExitInChild,
    ThreadAtFork,
)
from startlab.output import signals
from startlab.output.compare import Difference
from startlab.output.tracebacks import find_tracebacks, first_line
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from startlab.diagnosis.source.sources import Sources
    from startlab.model import (
        Environment,
        FindingGrade,
        Process,
        PythonException,
        Thread,
        Trial,
    )
    from startlab.output.tracebacks import Traceback


Situation = Literal[
    "hang",
    "crash",
    "error",
    "wrong",
    "output",
    "chosen",
    "stuck",
    "race",
    "unstable",
    "python",
    "unlike",
    "unseen",
    "ok",
    "any",
    "unknown",
]
"""What rules are asked about; `rules.ORDER` tells which, in which order, and what each is."""

OfKind = TypeVar("OfKind", bound=Clue)


class Cause(NamedTuple):
    """Why: `mechanism` and `key`, or `where`, make it one with the same in other trials.

    `title` goes on from «Hangs under fork: »; `text` says more; `where` is the line where it shows.
    `chosen` is an end that the program itself chose, by its exit status or by a check of its own:
    why it chose so is another question. `grade` is that of the mechanism, if it is None. `advice`
    comes before the mechanism's, for this case.
    """

    mechanism: str
    title: str
    text: str = ""
    where: str | None = None
    chosen: bool = False
    grade: FindingGrade | None = None
    advice: str = ""
    key: str | None = None

    @property
    def identity(self) -> tuple[str, str | None]:
        """What two causes have in common that are one."""
        return self.mechanism, self.where if self.key is None else self.key


NO_LINES: Final = Difference((), ())


class Outputs(NamedTuple):
    """Outputs that are not the same: the trials of each, and by what cells and Pythons they go."""

    trials: tuple[Sequence[Trial], ...]
    cells: tuple[str, ...]
    pythons: tuple[str, ...]


def _nothing(_: Situation, __: Case) -> None:
    """Find no cause, where no rules are there to be asked."""


class Case:
    """A trial, and what is asked of it again and again.

    `others` are trials that it is compared with, of the same environment, and `lines` those that
    only it has printed, and only they; `against` names their cells. `given_at` is the line that
    hands over what cannot be pickled, as an experiment has seen it. `outputs` are those of all
    trials, where they are what is to be explained.
    """

    def __init__(
        self,
        trial: Trial,
        sources: Sources,
        *,
        environment: Environment | None = None,
        others: Sequence[Trial] = (),
        lines: Difference = NO_LINES,
        against: str = "",
        outputs: Outputs | None = None,
        ask: Callable[[Situation, Case], Cause | None] = _nothing,
        given_at: str | None = None,
    ) -> None:
        self.trial = trial
        self.sources = sources
        self.environment = environment
        self.others = others
        self.lines = lines
        self.against = against
        self.outputs = outputs
        self._ask = ask
        self.given_at = given_at
        if trial.exception is not None:
            self.trial = msgspec.structs.replace(trial, exception=_as_told(trial.exception))
        self.tracebacks = _tracebacks(trial)
        self.processes = {process.pid: process for process in trial.processes}

    @property
    def test(self) -> str:
        """The function of a suite's test; empty for a program."""
        _, found, name = self.trial.experiment.rpartition("::")
        return name.partition("[")[0] if found else ""

    @property
    def test_part(self) -> str:
        """The function or class of its file that a suite's test is in; empty for a program."""
        _, _, name = self.trial.experiment.partition("::")
        return name.partition("::")[0].partition("[")[0].rpartition(".")[2]

    @property
    def where(self) -> str | None:
        """The line of the program that the trial came to its end at."""
        if self.trial.where is not None and not self.trial.where.startswith("<"):
            return self.trial.where
        root = self.root
        lines = [line_of(thread) for thread in root.threads] if root else []
        return next((line for line in lines if line), None)

    def clues(self, kind: type[OfKind]) -> list[OfKind]:
        """Give the clues of one kind.

        A line that is in no file, of a function that was made at run time, is left out; and so is
        a second name for what has the same values, as `from settings import current` gives one,
        and a global that the test cannot use.
        """
        found: dict[tuple[object, ...], OfKind] = {}
        for clue in self.trial.clues:
            if not isinstance(clue, kind) or not self._is_of_the_test(clue):
                continue
            key: tuple[object, ...] = (len(found),)
            if isinstance(clue, ChangedGlobal):
                key = (clue.name.rpartition(".")[2], clue.parent, clue.child)
            known = found.get(key)
            if not isinstance(known, ChangedGlobal) or self.sources.changed(known.name) is None:
                where = getattr(clue, "where", None)
                nowhere = where is not None and where.startswith("<")
                found[key] = msgspec.structs.replace(clue, where=None) if nowhere else clue
        return list(found.values())

    def _is_of_the_test(self, clue: Clue) -> bool:
        """Tell whether a test may use what differs: others in its file, and fixtures, change more.

        What no file of the program but the tests' mentions, a library may use.
        """
        if self.reached is not None and isinstance(clue, MadeAgain):
            made = re.match(r"[\w, ]+", self.sources.code(clue.where))
            return made is None or not self.reached.isdisjoint(re.findall(r"\w+", made[0]))
        if self.reached is None or not isinstance(clue, ChangedGlobal | LostVariable):
            return True
        if clue.name.rpartition(".")[2] in self.reached:
            return True
        files = [each for each in own_files(self.sources) if each != self.sources.main]
        return isinstance(clue, LostVariable) and not any(
            clue.name in self.sources.file(each).text for each in files
        )

    @cached_property
    def reached(self) -> set[str] | None:
        """The names that a suite's test leads to; None for a program, which runs all."""
        return reached_from(self.sources, self.test) if self.test else None

    def telling(self, *kinds: type[OfKind]) -> list[OfKind]:
        """Give the clues of some kinds, unless all others have such too: they explain nothing.

        Nor does a setting by which a trial fails that differs just so in a cell where all is well.
        """
        others = [Case(each, self.sources) for each in self.others]
        if others and all(any(map(each.clues, kinds)) for each in others):
            return []
        harmless = [
            msgspec.structs.replace(setting, count=1)
            for other in others
            if self.trial.outcome not in WELL and other.trial.outcome in WELL
            if other.trial.cell != self.trial.cell
            for setting in other.clues(ChangedSetting)
        ]
        found = [clue for kind in kinds for clue in self.clues(kind)]
        return [clue for clue in found if msgspec.structs.replace(clue, count=1) not in harmless]

    def again(self, situation: Situation, **changes: object) -> Cause | None:
        """Ask the rules about this trial as it would be with some facts changed."""
        trial = msgspec.structs.replace(self.trial, **changes)
        case = Case(
            trial,
            self.sources,
            environment=self.environment,
            others=self.others,
            ask=self._ask,
            given_at=self.given_at,
        )
        return self._ask(situation, case)

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

    def whose(self, process: Process, thread: Thread) -> str:
        """Name a thread in a sentence; the first one goes by its process."""
        who = self.who(process)
        return who if thread.tid == process.pid else f"a thread of {who}"

    def is_fork(self, process: Process) -> bool:
        """Tell whether a process may be a fork: what was executed has a command of its own."""
        if process == self.root:
            return False
        parent = self.processes.get(process.ppid)
        started = {start.child for start in self.trial.starts}
        return parent is None or parent.command == process.command or process.pid in started

    @property
    def forked_child(self) -> str:
        """Name a forked child in a sentence; with the library that forks whatever is chosen."""
        by = self.clues(ForkedBy)
        if not by or self.trial.starts:
            return "a forked child"
        return f"a child, which {by[0].by} forks{at(by[0].where)} whatever the start method is,"

    @property
    def forked(self) -> bool:
        """Whether children may have been forked from a process with the program's own state."""
        return self.inherited_main or bool(self.clues(ThreadAtFork))

    @property
    def inherited_main(self) -> bool:
        """Whether children were forked from a process that had run the main module."""
        return any(clue.how == "inherited" for clue in self.clues(MainModule))

    @property
    def of_children(self) -> list[Traceback]:
        """The tracebacks of children, and of workers whose pool or executor has handed them on."""
        quoted = self.trial.stderr.count('"""') > 1
        files = ("pool.py", "process.py")
        return [
            each
            for each in self.tracebacks
            if each.child or (quoted and any(f.endswith(files) for f, _ in each.frames))
        ]

    @property
    def within_children(self) -> list[Traceback]:
        """The tracebacks of children, and the one of a worker that the program has raised too."""
        worker = of_worker(self)
        return [*(e for e in self.tracebacks if e.child), *([] if worker is None else [worker])]

    @property
    def died(self) -> list[tuple[int | None, int, str | None]]:
        """Children that ended badly: pid, exit code and where they were started."""
        sent = {(clue.child, clue.number) for clue in self.clues(SignalSent)}
        return [
            (start.child, start.exit_code, start.where)
            for start in self.trial.starts
            if start.exit_code and (start.child, -start.exit_code) not in sent
        ]


def _tracebacks(trial: Trial) -> list[Traceback]:
    """Give the tracebacks on stderr, and of a trial that went wrong those that are not there.

    A program may print them elsewhere, or run in another one that keeps its stderr.
    """
    printed = find_tracebacks(trial.stderr)
    said = {each.exception for each in printed}
    told = [each.traceback for each in trial.clues if isinstance(each, Raised)]
    hidden = [each for text in told for each in find_tracebacks(text) if each.exception not in said]
    found = printed if trial.outcome in WELL else printed + hidden
    return [each._replace(exception=_as_told(each.exception)) for each in found]


def _as_told(exception: PythonException) -> PythonException:
    """Give an exception of the main module its own name: children and older Pythons add to it."""
    name = exception.type.removeprefix("__mp_main__.").removeprefix("__main__.")
    return msgspec.structs.replace(exception, type=name)


def forked_with_threads(trials: Iterable[Trial]) -> bool:
    """Tell whether a process was forked that had other threads: that it went well was luck."""
    clues = [clue for trial in trials for clue in trial.clues]
    return any(isinstance(clue, ThreadAtFork | NativeThreadsAtFork) for clue in clues)


def joining(case: Case) -> Thread | None:
    """Give the thread of the program that waits in Process.join()."""
    threads = (thread for process, thread in case.threads() if process == case.root)
    return next((each for each in threads if is_in(each, "process.py", "join")), None)


def of_worker(case: Case) -> Traceback | None:
    """Give the traceback of a pool's or an executor's worker that the program then raised too."""
    exception = case.trial.exception
    for each in reversed(case.tracebacks):  # what has led to it comes before it
        if exception and each.exception.type == exception.type and each.remote:
            return each
    return None


def started_at(case: Case) -> str | None:
    """Give the line of the first start."""
    return next((start.where for start in case.trial.starts if start.where), None)


def ended_by(code: int) -> str:
    """Name how a process ended."""
    return signals.name_of(code) or f"exit status {code}"


def unreadable(case: Case, traceback: Traceback, of: str, then: str) -> Cause:
    """Tell of a result of `of` that raised a `traceback` as it was read, and what comes `then`.

    An exception's class leads, if the error names it, or the program has but one that can be meant.
    Where the program has none, it may be one of a library that the children call.
    """
    found = {
        name: f"{file}:{line}"
        for file in own_files(case.sources)
        for name, line in case.sources.file(file).own_exceptions().items()
    }
    raised = own_line(traceback.frames)
    named = [name for name in found if re.search(rf"\b{name}\b", traceback.said)]
    names = named or ([] if raised else list(found))
    where = raised or (found[names[0]] if len(names) == 1 else None)
    told = [f"`{name}` at {found[name]}" for name in names[:3]]
    what = f"`{names[0]}`" if len(names) == 1 else "a result or exception"
    calls = [] if raised or found else Calls(case.sources).in_children()
    places = list(dict.fromkeys(f"{each.package} at {each.where}" for each in calls))[:3]
    return Cause(
        "unreadable_result",
        f"{what} of a task cannot be unpickled{at(where)}, and {case.where} waits for it",
        f"{of} that reads results has got {traceback.said}. An exception is unpickled by calling "
        f"its class with `args`: its __init__ must take what `super().__init__` was given. {then}"
        + (f" In the program that is {' or '.join(told)}." if len(told) > 1 else "")
        + (
            f" Of the program's own there is none; its workers call {listed(places)}."
            if calls
            else ""
        ),
        where or case.where,
        advice="Catch a library's exception in the worker, and return what it says, or raise one "
        "of your own."
        if calls
        else "",
    )


_ENDS: Final = r"\bos\._exit\(|\braise SystemExit\b(?!\(main)"


def ending_line(case: Case) -> str | None:
    """Give the line at which a child called sys.exit(), or one that ends a process otherwise."""
    raised = [clue.where for clue in case.clues(SystemExitInChild) if clue.where]
    source = case.sources.file(case.sources.main)
    line = source.mentions(_ENDS)
    if raised or line is None or source.function_of(line) is None:
        return raised[0] if raised else None
    return f"{case.sources.main}:{line}"


def may_end_by(case: Case) -> str:
    """Name the line that ends a process, if there is one."""
    where = ending_line(case)
    return "" if where is None else f" `{case.sources.code(where)}` at {where} ends a process."


def what_was_raised(trial: Trial) -> str:
    """Give the exception that ended the program, on one line."""
    exception = trial.exception
    if exception is None:
        return trial.reason
    return f"{exception.type}: {first_line(exception.message)}".rstrip(": ")


_TRACKER: Final = re.compile(r"(?m)^.*(resource|semaphore)_tracker.*: UserWarning: .*\n(  .*\n?)?")
"""What the resource tracker says of things that were left: that follows from the rest."""


def last_words(stderr: str) -> str:
    """Give what was written to stderr beside tracebacks, the last two lines of it."""
    return " / ".join(words_beside_tracebacks(stderr)[-2:])


def words_beside_tracebacks(stderr: str) -> list[str]:
    """Give the lines that were written to stderr beside tracebacks, each once."""
    said: dict[str, None] = {}
    inside = False
    for line in _TRACKER.sub("", stderr).splitlines():
        if line.startswith(("Traceback ", "Process ")):
            inside = True
        elif inside and line[:1] not in (" ", ""):
            inside = False  # the exception itself
        elif not inside and line.strip():
            said[line.strip()[:200]] = None
    return list(said)


def takers_of(case: Case) -> list[str]:
    """Give the lines at which children wait for an item of a queue, those of pools left out."""
    lines = [
        line_of(thread)
        for process, thread in case.threads()
        if process != case.root and takes(thread)
    ]
    return list(dict.fromkeys(line for line in lines if line))


def takes(thread: Thread) -> bool:
    """Tell whether a thread waits in Queue.get(), called by the program itself."""
    of_library = through(thread, "pool.py", "process.py", "managers.py")
    return is_in(thread, "queues.py", "get") and not of_library


def handed_on(case: Case) -> str:
    """Say which child's exit status the program's own comes from, and from which lines."""
    codes = [code for _, code, _ in case.died if code > 0]
    if not codes:
        return ""
    code = case.trial.exit_status if case.trial.exit_status in codes else codes[0]
    ends = exit_line(case, code or 0)
    read = next(
        (
            f"{file}:{line}"
            for file in own_files(case.sources)
            if (line := case.sources.file(file).mentions(r"\.exitcode\b")) is not None
        ),
        None,
    )
    text = f" A child ends with exit status {code}"
    text += f", by `{case.sources.code(ends)}` at {ends}" if ends else ""
    text += f"; {read} reads that" if read else ""
    return text + f", and the program ends with {case.trial.exit_status}."


def used_at_exit(case: Case) -> set[str]:
    """Name what the function mentions, and those that it calls, that ends a child badly."""
    for code in (code for _, code, _ in case.died if code > 0):
        file, number = (exit_line(case, code) or ":0").rsplit(":", 1)
        if file:
            return case.sources.file(file).used_from(int(number))
    return set()


def exit_line(case: Case, code: int) -> str | None:
    """Find the line, in a function, that ends a process with an exit status."""
    for file in own_files(case.sources):
        source = case.sources.file(file)
        line = source.mentions(rf"\b(sys\.exit|os\._exit|SystemExit|exit)\(\s*{code}\s*\)")
        if line is not None and source.function_of(line) is not None:
            return f"{file}:{line}"
    return None


def imports_main(case: Case) -> bool:
    """Tell whether the children, or their fork server, have imported the main module.

    A spawned child that was terminated may not have said so.
    """
    used, clues = case.trial.method_used, case.clues(MainModule)
    if "forkserver" in used or ("spawn" in used and not clues):
        return True
    return any(clue.how == "imported" for clue in clues)


def ends_well_when_forked(case: Case) -> bool:
    """Tell whether all is well where the children are forks."""
    return any(each.outcome in WELL and each.method_used == ("fork",) for each in case.others)


def held_locks(case: Case, thread: Thread) -> tuple[str, set[str]]:
    """Give the locks that a thread holds by its sources, and the innermost line that took one."""
    for frame in own_frames(thread):
        source = case.sources.file(frame.file)
        held = source.locks_at(frame.line)[1]
        if held:
            return f"{frame.file}:{source.held_since(frame.line)}", held
    return "", set()


def called_on(case: Case, thread: Thread, *methods: str) -> tuple[str, str | None]:
    """Name the object whose method a thread's line calls, if it is but one, and its own line."""
    for frame in own_frames(thread)[:1]:
        source = case.sources.file(frame.file)
        names = {name for name, called in source.calls_at(frame.line) if called in methods}
        if len(names) == 1 and "(" not in (name := names.pop()):
            line = source.made(name, source.owner_of(frame.line))
            return name, f"{frame.file}:{line}" if line else None
    return "", None


OF_WRONG_DATA: Final = (
    "AssertionError", "AttributeError", "IndexError", "KeyError", "RuntimeError", "SystemExit",
    "TypeError", "ValueError", "ZeroDivisionError",
)  # fmt: skip

OF_WHAT_IS_GONE: Final = re.compile(
    r"FileNotFoundError|NotADirectoryError|ConnectionRefusedError|BrokenPipeError|OSError"
    r"|DatabaseError|OperationalError|ProcessLookupError"
)

BY_INHERITANCE: Final = "should only be shared between processes through inheritance"


def is_so_without(case: Case, kind: type[Clue]) -> bool:
    """Tell whether it ends with the same exit status where no clue of a kind was seen."""
    trial = case.trial
    return (
        trial.outcome == "error"
        and trial.exception is None
        and any(
            (each.outcome, each.exit_status) == (trial.outcome, trial.exit_status)
            and not Case(each, case.sources).clues(kind)
            for each in case.others
        )
    )


def died_at(case: Case) -> str | None:
    """Give the program's line at which a process died by a signal."""
    stack = own_lines(case.trial.crash_stacks[-1]) if case.trial.crash_stacks else []
    return stack[0] if stack else case.where


def waits_for_pool(case: Case) -> str | None:
    """Give the program's line that waits within multiprocessing.Pool."""
    waiting = (line_of(t) for _, t in case.threads() if through(t, "pool.py"))
    return next((line for line in waiting if line is not None), None)
