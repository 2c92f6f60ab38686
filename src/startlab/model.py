"""The words of startlab as frozen types, to and from JSON.

Every stage takes and gives these values: catalogue → plan → backend → agent → judge → journal →
report. Nothing in here does anything.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

StartMethod = Literal["fork", "forkserver", "spawn"]
"""multiprocessing's own term."""

Method = Literal["fork", "forkserver", "spawn", "default"]
"""What a cell asks for: a start method, or `default`, where nothing is forced."""

Outcome = Literal[
    "ok", "hang", "crash", "error", "wrong", "undecided", "unsupported", "unavailable"
]
"""The class of a trial; the last two where nothing could be run."""

Grade = Literal["proven", "proven-given-pollers", "respawning", "quiescent", "busy"]
"""How sure a hang is."""

BackendName = Literal["native", "docker"]

START_METHODS: Final[tuple[StartMethod, ...]] = get_args(StartMethod)
METHODS: Final[tuple[Method, ...]] = get_args(Method)
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

SCHEMA_VERSION: Final = 1
"""Of the journal; raised when a reader of the old one could be misled by the new one."""


# --- what is run -------------------------------------------------------------------------------


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcomes that the catalogue allows for the cells it matches.

    `when` is a PEP 508 marker; `exception` and `stdout` are regular expressions, searched in the
    exception («type: message») and in the whole of stdout; `method_used` are the start methods
    that the program must have been seen to use. `frequency` is the range, from 0 to 1, of the
    share of trials that have the first outcome, where the hazard is a race.
    """

    outcome: tuple[Outcome, ...]
    method: tuple[Method, ...] | None = None
    when: str | None = None
    free_threaded: bool | None = None
    libc: str | None = None
    exception: str | None = None
    stdout: str | None = None
    method_used: tuple[StartMethod, ...] | None = None
    frequency: tuple[float, float] | None = None
    unmeasured: bool = False


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the output of a program must be for the trial to be right.

    `stdout` is the whole output, line for line; `lines` the same in any order; `interleaved` are
    texts whose lines each keep their order while the texts may mix. `processes` is how many
    processes the program starts through multiprocessing, each of which must have been waited for
    and have ended with exit status 0.
    """

    stdout: str | None = None
    lines: str | None = None
    interleaved: tuple[str, ...] | None = None
    processes: int | None = None


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """A program of the catalogue plus its claim, expectations, source and cure.

    A variant is an experiment of its own, named `experiment:variant`. `program` is a path relative
    to the catalogue, with forward slashes. `args` may hold `{method}`, the cell's method. `group`
    says what goes wrong; `requires` are shared libraries and modules, `requires_python` a
    specifier of versions (PEP 440).
    """

    name: str
    group: str
    title: str
    claim: str
    mechanism: str
    source: tuple[str, ...]
    program: str
    expect: tuple[Expectation, ...]
    cure: str = ""
    tags: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    methods: tuple[Method, ...] = START_METHODS
    force: bool = True
    exclusive: bool = False
    min_cores: int = 1
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    timeout_s: float | None = None
    check: Check = Check()


# --- where it is run ---------------------------------------------------------------------------


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """One interpreter on one platform.

    `python` is the full version; `libc` is like `glibc 2.36` or empty; `methods` are the start
    methods the interpreter says it has; `libraries` are the shared libraries, of those that
    experiments may require, that it can load; `image` is the id of the Docker image.
    """

    name: str
    backend: BackendName
    python: str
    implementation: str
    executable: str
    sys_platform: str
    os_name: str
    platform_system: str
    platform_release: str
    platform_version: str
    machine: str
    libc: str
    methods: tuple[StartMethod, ...]
    default_method: StartMethod | None
    free_threaded: bool = False
    libraries: tuple[str, ...] = ()
    cores: int = 1
    image: str | None = None


class Unavailable(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that was asked for and is not there, with the reason and what to do."""

    name: str
    backend: BackendName
    reason: str


class Cell(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Experiment × environment × method."""

    experiment: str
    environment: str
    method: Method


# --- what is seen ------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One trial, as the agent is asked for it.

    `method` is forced onto the program unless it is None. `timeout_s` is the time limit on a
    machine that is not overloaded; `keep_bytes` is what is kept of the head, and again of the
    tail, of each output stream.
    """

    argv: tuple[str, ...]
    method: StartMethod | None
    timeout_s: float
    keep_bytes: int = 1 << 20
    stdin: bytes | None = None
    env: dict[str, str] = {}


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept of an output stream, in bytes; `dropped` bytes are missing between the two."""

    head: bytes = b""
    tail: bytes = b""
    dropped: int = 0

    def text(self) -> str:
        """Give the stream as text; what is not UTF-8 is escaped, what was dropped is said."""
        if not self.dropped:
            return (self.head + self.tail).decode(errors="backslashreplace")
        head = self.head.decode(errors="backslashreplace")
        tail = self.tail.decode(errors="backslashreplace")
        return f"{head}\n[{self.dropped} bytes dropped]\n{tail}"


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """One process that the program started through multiprocessing, seen from inside.

    `pid` is the starter's; `where` is the caller's `file:line`; `exit_code` is what the starter
    learnt when it waited for the process, negative for a signal, None if it never did.
    """

    pid: int
    method: StartMethod
    time_s: float
    where: str | None = None
    child: int | None = None
    exit_code: int | None = None
    exit_s: float | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a Python stack, innermost first in a list."""

    file: str
    line: int
    function: str


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A thread of a process at the verdict: what it waits for, who could end that, and where."""

    tid: int
    name: str = ""
    waits: str = ""
    wakers: str = ""
    stack: tuple[Frame, ...] = ()


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the job as the kernel showed it last; times from the start of the trial."""

    pid: int
    ppid: int
    command: str
    started_s: float | None = None
    cpu_s: float = 0.0
    state: str = ""
    stacks_by: str = ""
    threads: tuple[Thread, ...] = ()


class LeftBehind(msgspec.Struct, frozen=True, kw_only=True):
    """What the program did not clean up after itself, and the agent did."""

    processes: tuple[str, ...] = ()
    shared_memory: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """Raw facts of one trial.

    `ended` tells how it came to its end: the program's own exit, the time limit, a proof that it
    can never go on, a wish to stop, or that it could not be launched. `forced` is None where
    nothing was to be forced. `began_s` is in seconds since the epoch. `crashes` are the Python
    stacks that dying processes left. `assumptions` are those of a proof. `limit_s` is the time
    limit as it was in the end; `starved_s` is how long the job was ready to run and got no core.
    """

    ended: Literal["exit", "limit", "proof", "stopped", "launch"]
    exit_status: int | None
    duration_s: float
    began_s: float = 0.0
    stdout: Stream = Stream()
    stderr: Stream = Stream()
    forced: bool | None = None
    starts: tuple[Start, ...] = ()
    processes: tuple[Process, ...] = ()
    left_behind: LeftBehind = LeftBehind()
    crashes: tuple[str, ...] = ()
    grade: Grade | None = None
    reason: str = ""
    where: str | None = None
    verdict_s: float | None = None
    assumptions: tuple[str, ...] = ()
    cpu_s: float = 0.0
    idle_s: float = 0.0
    limit_s: float = 0.0
    starved_s: float = 0.0
    load: float = 0.0
    overhead_s: float = 0.0


# --- what it means -----------------------------------------------------------------------------


class PythonException(msgspec.Struct, frozen=True, kw_only=True):
    """The exception that ended a process."""

    type: str
    message: str


class Trial(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="trial"):
    """One run of a cell, judged: the line of the journal.

    `program` is the command line of a user's own program, and `experiment` then its short name.
    `expected` and `frequency` are those of the expectation that counted.
    """

    experiment: str
    environment: str
    method: Method
    trial: int
    outcome: Outcome
    reason: str
    as_expected: bool
    expected: tuple[Outcome, ...] | None
    frequency: tuple[float, float] | None = None
    program: str | None = None
    method_used: tuple[StartMethod, ...] = ()
    grade: Grade | None = None
    where: str | None = None
    exit_status: int | None = None
    signal: str | None = None
    exception: PythonException | None = None
    duration_s: float = 0.0
    verdict_s: float | None = None
    overhead_s: float = 0.0
    stdout_digest: str | None = None
    output_group: str | None = None
    stdout: str = ""
    stderr: str = ""
    notes: tuple[str, ...] = ()
    starts: tuple[Start, ...] = ()
    processes: tuple[Process, ...] = ()
    reproduce: str = ""

    @property
    def cell(self) -> Cell:
        """The cell that this is a run of."""
        return Cell(experiment=self.experiment, environment=self.environment, method=self.method)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked for; a run is resumed with the selection it was begun with."""

    backend: Literal["auto", "native", "docker"] = "auto"
    bases: Literal["auto", "hub", "debian"] = "auto"
    environments: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    trials: int = 1
    shard: tuple[int, int] | None = None
    isolation: Literal["pooled", "fresh"] = "pooled"
    timeout_s: float | None = None


class RunHeader(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """The first line of a journal."""

    id: str
    schema_version: int
    startlab: str
    catalogue: str
    started: str
    backend: BackendName
    selection: Selection
    host: dict[str, str] = {}


class PlannedEnvironment(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="environment"
):
    """An environment and the cells that are planned in it, or why it is not there."""

    name: str
    cells: tuple[Cell, ...]
    environment: Environment | None = None
    unavailable: str | None = None


class End(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """The last line of a journal; a resumed run has several."""

    finished: str
    duration_s: float
    interrupted: bool = False


Record = RunHeader | PlannedEnvironment | Trial | End


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is read back from its journal."""

    header: RunHeader
    environments: tuple[PlannedEnvironment, ...]
    trials: tuple[Trial, ...]
    ends: tuple[End, ...]
    damaged_lines: int = 0

    @property
    def planned(self) -> tuple[Cell, ...]:
        """Every cell that was to be run."""
        return tuple(cell for planned in self.environments for cell in planned.cells)

    @property
    def missing(self) -> tuple[Cell, ...]:
        """The planned cells of which no trial came back."""
        ran = {trial.cell for trial in self.trials}
        return tuple(cell for cell in self.planned if cell not in ran)
