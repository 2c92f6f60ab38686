"""Observation and expectation → outcome and verdict."""

from __future__ import annotations

import hashlib
import posixpath
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from packaging.markers import Marker

from startlab import measurements, signals
from startlab.environments import marker_environment
from startlab.model import Check, PythonException, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from startlab.model import (
        Cell,
        Environment,
        Expectation,
        Experiment,
        Grade,
        Observation,
        Outcome,
        Process,
        Program,
        Stream,
        Thread,
    )

    Own = Callable[[str], str | None]
    """Gives a file of the program the name that a person knows it by, None for any other file."""

CRASH_SIGNALS: Final = signals.CRASHES
signal_name: Final = signals.name_of

STARVED_SHARE: Final = 0.25
"""Of the time limit: a busy job that lacked a core for longer may only have been slow."""

EXCERPT: Final = 4000
"""Characters kept of the head and of the tail of each output stream of a trial that is not ok."""

PROGRAM_EXCERPT: Final = 20_000
"""Likewise of every trial of a user's program, whose outputs are compared."""


class Verdict(NamedTuple):
    """The class of a trial, and why."""

    outcome: Outcome
    reason: str = ""
    grade: Grade | None = None
    where: str | None = None
    exception: PythonException | None = None


class Traceback(NamedTuple):
    """A traceback found in an output: what it says, where it points, and whose it is.

    `passing` is one after which Python went on: a thread's, a destructor's.
    """

    exception: PythonException
    frames: tuple[tuple[str, int], ...]
    child: bool
    passing: bool


def judge(
    experiment: Experiment,
    environment: Environment,
    cell: Cell,
    number: int,
    observation: Observation,
    reproduce: str,
) -> Trial:
    """Judge one trial of an experiment."""
    verdict = classify(observation, experiment.check, in_folder_of(experiment.program))
    expectation = expected(experiment.expect, environment, cell)
    deviation = _deviation(verdict, expectation, observation)
    if deviation is None and experiment.force and cell.method != "default":
        deviation = _not_as_asked(cell, observation)
    stdout = observation.stdout.text()
    shown = verdict.outcome != "ok" or deviation is not None
    return msgspec.structs.replace(
        _observed(cell, number, observation, verdict, reproduce),
        reason="; ".join(part for part in (verdict.reason, deviation) if part),
        as_expected=expectation is not None and deviation is None,
        expected=None if expectation is None else expectation.outcome,
        frequency=None if expectation is None else expectation.frequency,
        stdout=excerpt(stdout) if shown else "",
        stderr=excerpt(observation.stderr.text()) if shown else "",
        notes=notes(observation, expectation),
        measurements=measurements.read(experiment.measure, stdout),
    )


def judge_program(
    program: Program,
    cell: Cell,
    number: int,
    observation: Observation,
    reproduce: str,
) -> Trial:
    """Judge one trial of a user's own program.

    An exit status other than 0 is an error, also without an exception: whoever started the program
    takes it for one. Paths are told as the user knows them, relative to the program's folder.
    """
    place = _Place(observation, program)
    observation = place.seen(observation)
    verdict = classify(observation, Check(lines=program.stdout), _told_as_own)
    stdout, stderr = observation.stdout.text(), observation.stderr.text()
    not_forced = _not_forced(cell, observation)
    return msgspec.structs.replace(
        _observed(cell, number, observation, verdict, reproduce),
        reason="; ".join(part for part in (verdict.reason, not_forced) if part),
        as_expected=verdict.outcome == "ok" and not_forced is None,
        expected=("ok",),
        program=program.command,
        stdout_shape=None if observation.stdout.dropped else digest(shape(stdout, observation)),
        stdout=excerpt(stdout, PROGRAM_EXCERPT),
        stderr=excerpt(stderr, PROGRAM_EXCERPT),
        notes=(*notes(observation, None), *_passed_over(verdict, stderr)),
        stuck=observation.stuck,
        clues=observation.clues,
        crash_stacks=observation.crashes[-3:] if verdict.outcome != "ok" else (),
    )


def _observed(
    cell: Cell, number: int, observation: Observation, verdict: Verdict, reproduce: str
) -> Trial:
    """Make the record of a trial, of what does not depend on what it was expected to do."""
    stdout = observation.stdout
    return Trial(
        experiment=cell.experiment,
        environment=cell.environment,
        method=cell.method,
        trial=number,
        outcome=verdict.outcome,
        reason=verdict.reason,
        as_expected=False,
        expected=None,
        method_used=tuple(sorted({start.method for start in observation.starts})),
        grade=verdict.grade,
        where=verdict.where,
        exit_status=observation.exit_status,
        signal=signal_name(observation.exit_status, observation.sys_platform),
        exception=verdict.exception,
        duration_s=round(observation.duration_s, 4),
        verdict_s=observation.verdict_s,
        overhead_s=round(observation.overhead_s, 4),
        load=round(observation.load, 2),
        stdout_digest=None if stdout.dropped else digest(stdout.text()),
        starts=observation.starts,
        processes=observation.processes if verdict.outcome == "hang" else (),
        reproduce=reproduce,
    )


class _Place:
    """Where a trial was: its paths, and what a person calls them."""

    def __init__(self, observation: Observation, program: Program) -> None:
        self._work = observation.work.replace("\\", "/")
        self._cwd = program.cwd
        place = posixpath.dirname(self._work)
        # The paths of one trial are in no other, and its output would be like no other's.
        self._names = {self._work + "/": "", self._work: ".", place + "/tmp": "$TMPDIR"}  # noqa: S108 - the trial's own

    def own(self, file: str) -> str | None:
        """Name a file of the program's folder. Python 3.8 and older have it relative."""
        file = file.replace("\\", "/")
        if file.startswith("<"):
            return None
        if not posixpath.isabs(file) and file[1:3] != ":/":
            return posixpath.normpath(posixpath.join(self._cwd, file))
        inside = self._work and file.startswith(self._work + "/")
        return file[len(self._work) + 1 :] if inside else None

    def seen(self, observation: Observation) -> Observation:
        """Give the observation with the user's names for the paths in it."""
        if not self._work:
            return observation
        return msgspec.structs.replace(
            observation,
            reason=self._text(observation.reason),
            stdout=self._stream(observation.stdout),
            stderr=self._stream(observation.stderr),
            crashes=tuple(self._bytes(each.encode()).decode() for each in observation.crashes),
            starts=tuple(
                msgspec.structs.replace(start, where=self._line(start.where))
                for start in observation.starts
            ),
            clues=tuple(
                msgspec.structs.replace(
                    clue,
                    name=self._text(clue.name),
                    where=self._line(clue.where),
                    parent=self._text(clue.parent),
                    child=self._text(clue.child),
                )
                for clue in observation.clues
            ),
            processes=tuple(map(self._process, observation.processes)),
            stuck=tuple(map(self._process, observation.stuck)),
        )

    def _process(self, process: Process) -> Process:
        threads = tuple(map(self._thread, process.threads))
        return msgspec.structs.replace(process, threads=threads)

    def _thread(self, thread: Thread) -> Thread:
        stack = tuple(
            msgspec.structs.replace(frame, file=self.own(frame.file) or frame.file)
            for frame in thread.stack
        )
        return msgspec.structs.replace(thread, stack=stack)

    def _line(self, where: str | None) -> str | None:
        if where is None:
            return None
        file, _, line = where.rpartition(":")
        return f"{self.own(file) or file}:{line}"

    def _text(self, text: str) -> str:
        for path, name in self._names.items():
            text = text.replace(path, name)
        return text

    def _stream(self, stream: Stream) -> Stream:
        return msgspec.structs.replace(
            stream, head=self._bytes(stream.head), tail=self._bytes(stream.tail)
        )

    def _bytes(self, data: bytes) -> bytes:
        data = _RELATIVE.sub(self._from_the_folder, data)
        for path, name in self._names.items():
            data = data.replace(path.encode(), name.encode())
        return data

    def _from_the_folder(self, found: re.Match[bytes]) -> bytes:
        path = posixpath.normpath(posixpath.join(self._cwd.encode(), found[2]))
        return found[1] + path + found[3]


_RELATIVE: Final = re.compile(rb'(?m)(^ *File ")(?!/|<|[A-Za-z]:[\\/])([^"\n]+)(", line )')


def _told_as_own(file: str) -> str | None:
    """Take a file for the program's own by how it is told: relative."""
    return None if posixpath.isabs(file) or file[:1] == "<" or file[1:2] == ":" else file


_ADDRESS: Final = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_DURATION: Final = re.compile(
    r"\b\d+(\.\d+)?(e-\d+)? ?(s|ms|us|µs|ns|sec|secs|seconds?|minutes?)\b( \(\d+:\d\d:\d\d\))?"
)
_TOOK: Final = re.compile(
    r"\b(took|elapsed|after|within|duration|time)([:=]? *)\d+\.\d+\b", re.IGNORECASE
)
_UUID: Final = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_TEMPORARY: Final = re.compile(r"\$TMPDIR/[^/\s'\"]*?[a-z0-9_]{8}(?=[/.,:;\s'\")\]]|$)")
_CLOCK: Final = re.compile(r"\b(\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d([.,]\d+)?\b")
_NUMBER: Final = re.compile(r"\b\d{3,}\b")
_GIVEN: Final = re.compile(
    r" *\b(?:(?:Fork|ForkServer|Spawn)?(?:PoolWorker|Process)-\d+(?::\d+)*"
    r"|\w*Manager-\d+(?::\d+)*"
    r"|Thread-\d+(?: \(\w+\))?|ThreadPoolExecutor-\d+_\d+|asyncio_\d+|Dummy-\d+"
    r"|QueueFeederThread|QueueManagerThread|ExecutorManagerThread) *"
)
_KIND: Final = re.compile(
    r"\b(?:fork|forkserver|spawn)\b|\b(?:Fork|ForkServer|Spawn)(?=(?:Process|Context)\b)"
)


def nameless(text: str) -> str:
    """Give an output without the names that differ by start method, or by who took a task.

    multiprocessing and threading number processes and threads, and name processes by the method:
    ForkPoolWorker-3, SpawnProcess-1. The blanks beside a name go too, for it may be in a column.
    """
    return _KIND.sub("<method>", _GIVEN.sub(" <name> ", text))


def shape(text: str, observation: Observation) -> str:
    """Give an output without what no two runs have in common.

    Those are addresses, durations, times of day, UUIDs, names that tempfile made, what `nameless`
    leaves out, and the ids of the processes that were started; numbers of one or two digits are not
    taken for ids, for small numbers are what programs count.
    """
    pids = {str(pid) for start in observation.starts for pid in (start.pid, start.child)}
    text = _TEMPORARY.sub("<temporary>", _UUID.sub("<uuid>", nameless(text)))
    text = _TOOK.sub(r"\1\2<duration>", text)
    text = _DURATION.sub("<duration>", _CLOCK.sub("<time>", _ADDRESS.sub("<address>", text)))
    return _NUMBER.sub(lambda found: "<pid>" if found[0] in pids else found[0], text)


def _passed_over(verdict: Verdict, stderr: str) -> tuple[str, ...]:
    """Say of exceptions in children and threads that they did not show in the exit status."""
    found = find_tracebacks(stderr) if verdict.outcome == "ok" else []
    return tuple(
        f"exit status 0 in spite of {each.exception.type}: {_first_line(each.exception.message)}"
        for each in found[:3]
    )


def _not_forced(cell: Cell, observation: Observation) -> str | None:
    if observation.forced is not False or cell.method == "default":
        return None
    return (
        f"{cell.method} was not forced: the interpreter did not load the injection "
        "(is -I, -E or -S in the command?)"
    )


def classify(observation: Observation, check: Check, own: Own) -> Verdict:
    """Give the outcome of a trial, from what was observed and what a right output is."""
    match observation.ended:
        case "launch":
            return Verdict("unavailable", observation.reason)
        case "proof":
            return _proven(observation, own)
        case "stopped":
            return Verdict("undecided", "the trial was stopped before its end")
        case "limit":
            return _at_the_limit(observation)
        case "exit":
            return _at_the_exit(observation, check, own)


def _proven(observation: Observation, own: Own) -> Verdict:
    if observation.grade == "respawning":
        died_of = find_tracebacks(observation.stderr.text())
        if died_of:
            exception = died_of[-1].exception
            what = f"{exception.type}: {_first_line(exception.message)}"
            where = observation.where or _where(died_of[-1].frames, own)
            reason = f"{observation.reason}, of {what}"
            return Verdict("hang", reason, observation.grade, where, exception)
    return Verdict("hang", observation.reason, observation.grade, observation.where)


def _at_the_limit(observation: Observation) -> Verdict:
    after = f"after {observation.limit_s:.3g} s"
    starved = f"was ready to run without a core for {observation.starved_s:.1f} s"
    starved_long = observation.starved_s > STARVED_SHARE * observation.limit_s
    if observation.grade == "busy" and starved_long and not _deaf_pool(observation):
        return Verdict("undecided", f"not over {after}, but the machine was loaded: it {starved}")
    if observation.grade == "quiescent":
        reason = f"not over {after}; its processes have used no CPU for {observation.idle_s:.1f} s"
    else:
        reason = f"not over {after}; its processes are using the CPU"
    if observation.reason:
        reason = f"{reason}; no proof: {observation.reason}"
    return Verdict("hang", reason, observation.grade, observation.where)


def _deaf_pool(observation: Observation) -> bool:
    """Tell whether the thread of a Pool that takes results has died: nobody will take any more.

    Another thread of the pool then spins, and looks alive.
    """
    return (
        re.search(r'pool\.py", line \d+, in _handle_results', observation.stderr.text()) is not None
    )


def _at_the_exit(observation: Observation, check: Check, own: Own) -> Verdict:
    tracebacks = find_tracebacks(observation.stderr.text())
    crash = _crash(observation)
    if crash is not None:
        frames = _crash_frames(observation.crashes[-1]) if observation.crashes else ()
        return Verdict("crash", crash, where=_where(frames, own))
    if observation.exit_status != 0:
        return _error(observation, tracebacks, own)
    wrong = wrong_output(check, observation)
    if wrong is not None:
        where = _where(tracebacks[-1].frames, own) if tracebacks else None
        return Verdict("wrong", wrong, where=where)
    return Verdict("ok")


def _crash(observation: Observation) -> str | None:
    own = signal_name(observation.exit_status, observation.sys_platform)
    if own is not None:
        return f"the program died by {own}"
    for start in observation.starts:
        name = signal_name(start.exit_code, observation.sys_platform)
        if name in CRASH_SIGNALS:
            status = observation.exit_status
            return f"process {start.child} died by {name}; the program's exit status is {status}"
    if observation.crashes:
        return f"a process died: {observation.crashes[-1].splitlines()[0]}"
    return None


def _error(observation: Observation, tracebacks: Sequence[Traceback], own: Own) -> Verdict:
    status = observation.exit_status
    of_the_parent = [each for each in tracebacks if not each.child and not each.passing]
    if not tracebacks:
        last = observation.stderr.text().strip().rpartition("\n")[2].strip()
        return Verdict("error", f"exit status {status}" + (f": {last}" if last else ""))
    traceback = (of_the_parent or tracebacks)[-1]
    of = "in a child: " if traceback.child else ""
    exception = traceback.exception
    return Verdict(
        "error",
        f"{of}{exception.type}: {_first_line(exception.message)}",
        where=_where(traceback.frames, own),
        exception=exception,
    )


# --- the output --------------------------------------------------------------------------------


def wrong_output(check: Check, observation: Observation) -> str | None:
    """Say what is wrong with the output; None if it is as the experiment's check wants it."""
    lines = observation.stdout.text().splitlines()
    if check.stdout is not None and lines != check.stdout.strip("\n").splitlines():
        return f"stdout is not as it should be: {_difference(check.stdout, lines)}"
    if check.lines is not None and sorted(lines) != sorted(check.lines.strip("\n").splitlines()):
        return f"the lines of stdout are not as they should be: {_difference(check.lines, lines)}"
    if check.interleaved is not None:
        texts = [text.strip("\n").splitlines() for text in check.interleaved]
        if not is_interleaving(lines, texts):
            return (
                f"stdout ({len(lines)} lines) is not a mixture of the "
                f"{' and '.join(str(len(text)) for text in texts)} lines that it should be, "
                "each text in its own order"
            )
    if check.processes is not None:
        return _wrong_processes(check.processes, observation)
    return None


def is_interleaving(lines: Sequence[str], texts: Sequence[Sequence[str]]) -> bool:
    """Tell whether `lines` is made of all lines of all `texts`, each text in its order."""
    reached = {(0,) * len(texts)}
    for line in lines:
        reached = {
            (*at[:i], at[i] + 1, *at[i + 1 :])
            for at in reached
            for i, text in enumerate(texts)
            if at[i] < len(text) and text[at[i]] == line
        }
    return tuple(len(text) for text in texts) in reached


def _wrong_processes(number: int, observation: Observation) -> str | None:
    starts = observation.starts
    if len(starts) != number:
        return f"{len(starts)} processes were started, not {number}"
    for start in starts:
        if start.exit_code is None:
            return f"the process started at {start.where} was never waited for"
        if start.exit_code != 0:
            return f"process {start.child}, started at {start.where}, ended with {start.exit_code}"
    return None


def _difference(right: str, lines: Sequence[str]) -> str:
    wanted = right.strip("\n").splitlines()
    missing = [line for line in wanted if line not in lines]
    extra = [line for line in lines if line not in wanted]
    parts = []
    if missing:
        parts.append(f"missing {_quote(missing)}")
    if extra:
        parts.append(f"extra {_quote(extra)}")
    return "; ".join(parts) or "the same lines in another order or number"


def _quote(lines: Sequence[str]) -> str:
    first = f"{lines[0][:80]!r}"
    return first if len(lines) == 1 else f"{first} and {len(lines) - 1} more"


def digest(text: str) -> str:
    """Give a hash of the lines of a text, whatever their order."""
    return hashlib.sha256("\n".join(sorted(text.splitlines())).encode()).hexdigest()[:16]


def excerpt(text: str, kept: int = EXCERPT) -> str:
    """Keep the head and the tail of a text, `kept` characters of each."""
    if len(text) <= 2 * kept:
        return text
    dropped = len(text) - 2 * kept
    return f"{text[:kept]}\n[{dropped} characters left out]\n{text[-kept:]}"


# --- tracebacks --------------------------------------------------------------------------------

_FRAME: Final = re.compile(r'^\s*File "(?P<file>.+)", line (?P<line>\d+)')
_EXCEPTION: Final = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: ?(?P<message>.*))?$")
_CHILD: Final = re.compile(r"^(Process .+|Exception in initializer):$")
_SPAWNED: Final = re.compile(
    r"multiprocessing.(spawn|forkserver|resource_tracker|semaphore_tracker)\.py$"
)
_IN_CHILD: Final = re.compile(
    r"multiprocessing.(process|popen_\w+|spawn|forkserver|resource_tracker|semaphore_tracker)\.py$"
)
_PASSING: Final = re.compile(r"^(Exception ignored |Exception in thread |Error in )")
_AFTER: Final = re.compile(
    r"^(\"\"\"|'''|The above exception was the direct cause of the following exception:"
    r"|During handling of the above exception, another exception occurred:)$"
)
_GROUP: Final = re.compile(r"^  (\+ Exception Group (?=Traceback )|\| )")


def find_tracebacks(text: str) -> list[Traceback]:
    """Find the Python tracebacks in an output, in their order."""
    lines = [_GROUP.sub("", line) for line in text.splitlines()]
    heads = [i for i, line in enumerate(lines) if line == "Traceback (most recent call last):"]
    found = []
    for head, after in pairwise([*heads, len(lines)]):
        block = lines[head + 1 : after]
        at = next((i for i, line in enumerate(block) if line[:1] not in (" ", "")), None)
        if at is None or (match := _EXCEPTION.match(block[at])) is None:
            continue
        frames = _frames("\n".join(block[:at]))
        rest = [match["message"] or ""]
        for line in block[at + 1 :]:
            if _CHILD.match(line) or _PASSING.match(line) or _AFTER.match(line):
                break
            rest.append(line)
        exception = PythonException(type=match["type"], message="\n".join(rest).rstrip())
        above = lines[head - 1] if head > 0 else ""
        child = _CHILD.match(above) is not None or _is_child(frames)
        found.append(Traceback(exception, frames, child, _PASSING.match(above) is not None))
    return found


def _is_child(frames: Sequence[tuple[str, int]]) -> bool:
    """Tell by the outermost frame: it is multiprocessing's own, below `<string>` when spawned."""
    files = [file for file, _ in frames[:2]]
    if files[:1] == ["<string>"]:
        return _SPAWNED.search(files[-1]) is not None
    return bool(files) and _IN_CHILD.search(files[0]) is not None


def _frames(text: str) -> tuple[tuple[str, int], ...]:
    matches = (_FRAME.match(line) for line in text.splitlines())
    return tuple((match["file"], int(match["line"])) for match in matches if match)


def _crash_frames(crash: str) -> tuple[tuple[str, int], ...]:
    """Read the stack of the thread that crashed, which faulthandler gives innermost first."""
    current = crash.partition("\nCurrent thread ")[2] or crash
    return _frames(current.partition("\n\n")[0])[::-1]


def _where(frames: Sequence[tuple[str, int]], own: Own) -> str | None:
    """Give the innermost line of the program's own files, as `file:line`."""
    for file, line in reversed(frames):
        if (name := own(file)) is not None:
            return f"{name}:{line}"
    return None


def in_folder_of(program: str) -> Own:
    """Take a program of the catalogue, and what lies beside it, for the program's own files."""
    folder = program.rpartition("/")[0]

    def own(file: str) -> str | None:
        file = file.replace("\\", "/")
        return posixpath.basename(file) if f"/{folder}/" in file else None

    return own


def _first_line(message: str) -> str:
    return next((line.strip() for line in message.splitlines() if line.strip()), "")


# --- the expectation ---------------------------------------------------------------------------


def expected(
    expectations: Sequence[Expectation], environment: Environment, cell: Cell
) -> Expectation | None:
    """Find what the catalogue expects of a cell: the first entry that matches, from the top."""
    markers = marker_environment(environment)
    for expectation in expectations:
        if expectation.method is not None and cell.method not in expectation.method:
            continue
        if expectation.free_threaded not in (None, environment.free_threaded):
            continue
        if expectation.libc is not None and not environment.libc.startswith(expectation.libc):
            continue
        if expectation.when is not None and not Marker(expectation.when).evaluate(markers):
            continue
        return expectation
    return None


def _deviation(
    verdict: Verdict, expectation: Expectation | None, observation: Observation
) -> str | None:
    if expectation is None:
        return "the catalogue expects nothing of this cell"
    if verdict.outcome not in expectation.outcome:
        return f"expected {' or '.join(expectation.outcome)}"
    if verdict.outcome == "error" and expectation.exception is not None:
        exception = verdict.exception
        said = f"{exception.type}: {exception.message}" if exception else verdict.reason
        if not re.search(expectation.exception, said):
            return f"expected an exception like {expectation.exception!r}"
    if expectation.stdout is not None and not re.search(
        expectation.stdout, observation.stdout.text(), re.MULTILINE
    ):
        return f"expected stdout like {expectation.stdout!r}"
    used = {start.method for start in observation.starts}
    if expectation.method_used is not None and used != set(expectation.method_used):
        return (
            f"expected the program to use {' and '.join(expectation.method_used)}, "
            f"it used {' and '.join(sorted(used)) or 'none'}"
        )
    return None


def _not_as_asked(cell: Cell, observation: Observation) -> str | None:
    not_forced = _not_forced(cell, observation)
    if not_forced is not None:
        return not_forced
    others = sorted({start.method for start in observation.starts} - {cell.method})
    if others:
        where = next(start.where for start in observation.starts if start.method in others)
        return f"asked for {cell.method}, the program used {' and '.join(others)} at {where}"
    return None


def notes(observation: Observation, expectation: Expectation | None) -> tuple[str, ...]:
    """Say what an outcome does not: what was left behind, dropped or never measured."""
    found = []
    left = observation.left_behind
    if left.processes:
        found.append(f"left {len(left.processes)} processes running: {left.processes[0]}")
    if left.shared_memory:
        found.append(f"left shared memory: {', '.join(left.shared_memory)}")
    if left.files:
        found.append(f"left temporary files: {', '.join(left.files)}")
    for name, stream in (("stdout", observation.stdout), ("stderr", observation.stderr)):
        if stream.dropped:
            found.append(f"{stream.dropped} bytes of {name} were dropped")
    found += [f"assumed: {assumption}" for assumption in observation.assumptions]
    if expectation is not None and expectation.unmeasured:
        found.append("the expectation was never measured")
    return tuple(found)
