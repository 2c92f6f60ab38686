"""The data types of startlab: frozen, and converted to and from JSON.

Every stage takes and returns these values: catalogue → plan → backend → agent → judge → journal →
report. This module has no behaviour of its own.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Sequence
from typing import Final, Literal, get_args

import msgspec

StartMethod = Literal["fork", "forkserver", "spawn"]
"""multiprocessing's own term."""

Method = Literal["fork", "forkserver", "spawn", "default"]
"""The method of a cell: a start method, or `default`, where none is forced."""

Outcome = Literal[
    "ok", "hang", "crash", "error", "wrong", "differs", "undecided", "unsupported", "unavailable"
]
"""The class of a trial; the last two where nothing could be run.

`differs` is of a user's program without an expected output: it ended well, but the trials of its
environment do not all print the same. A trial gets it when the run is read.
"""

Used = Literal["", "default", "own"]
"""How a test uses multiprocessing: not, by the default start method, or by one that it chooses."""

Grade = Literal["proven", "proven-given-pollers", "respawning", "stuck", "quiescent", "busy"]
"""How sure a hang is."""

BackendName = Literal["native", "docker"]
"""Where environments come from; `backends.opening` opens each."""

BackendChoice = Literal["auto", BackendName]
"""What the user may ask for: `auto` is the first that can be opened."""

BaseChoice = Literal["auto", "hub", "debian"]
"""What Docker images are built on."""

Isolation = Literal["pooled", "fresh"]
"""One container for all trials of an image, or one each."""

START_METHODS: Final[tuple[StartMethod, ...]] = get_args(StartMethod)
METHODS: Final[tuple[Method, ...]] = get_args(Method)
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

JOURNAL_NAME: Final = "journal.jsonl"
"""The file that marks a folder as a run."""

SCHEMA_VERSION: Final = 2
"""Of the journal; raised when a reader of the old one could be misled by the new one."""


# --- what is run -------------------------------------------------------------------------------


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcomes that the catalogue allows for the cells it matches.

    `when` is a PEP 508 marker; `exception` and `stdout` are regular expressions, searched in the
    exception («type: message»), or the last line of stderr where there is none, and in the whole of
    stdout; `method_used` are the start methods
    that the program must have been seen to use. `wine` is whether a Python for Windows runs under
    Wine. `frequency` is the range, from 0 to 1, of the
    share of trials that have the first outcome, where the hazard is a race.
    """

    outcome: tuple[Outcome, ...]
    method: tuple[Method, ...] | None = None
    when: str | None = None
    free_threaded: bool | None = None
    libc: str | None = None
    wine: bool | None = None
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


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quantity that a program measures and prints.

    `pattern` is a regular expression, searched in every line of stdout; its first group are the
    values, numbers between spaces, in `unit`. A line is one process's: its values are not
    independent of each other, those of two lines are.
    """

    name: str
    unit: str
    pattern: str


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
    measure: tuple[Measure, ...] = ()


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A user's own program, which is run unmodified.

    `target` is what `kind` says: a script's path, a module's dotted name, a command's name, or the
    path of the file that a test of pytest is in, whose id is `name`. `root`
    is a folder of the user's machine; all other paths are relative to it, with forward slashes.
    Every trial has a copy of `folder` and `include`, less `exclude` (patterns as in .gitignore),
    digested in `digest`, and runs in `cwd`. `stdin` is the absolute path of what it reads; `stdout`
    is what it should print, if the user said so. `requirements` are what pip installs for it, as
    in a requirements file: what the user said, its project declares, or the user's own environment
    has, by `required_by`. `pythonpath` is the folder where its modules are, if Python does not
    look there; `installed` are the modules that are installed with its project, by their names, and
    where they are in the folder. `sources` are the texts of its Python files as they were when it
    was run, by their paths, as far as they are short: what reports quote, wherever they are made.
    """

    kind: Literal["script", "module", "command", "test"]
    name: str
    target: str
    root: str
    args: tuple[str, ...] = ()
    cwd: str = "."
    folder: str = "."
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    digest: str = ""
    env: dict[str, str] = {}
    stdin: str | None = None
    stdout: str | None = None
    requirements: tuple[str, ...] = ()
    required_by: Literal["user", "project", "environment"] = "user"
    requires_python: str = ""
    pythonpath: str = ""
    installed: dict[str, str] = {}
    sources: dict[str, str] = {}

    @property
    def argv(self) -> tuple[str, ...]:
        """What the user would type, relative to `cwd`."""
        match self.kind:
            case "script":
                path = posixpath.relpath(self.target, self.cwd)
                if path.startswith("-"):  # what python would take for an option
                    path = f"./{path}"
                return ("python", path, *self.args)
            case "module":
                return ("python", "-m", self.target, *self.args)
            case "command":
                return (self.target, *self.args)
            case "test":
                return ("pytest", *self.args, self.name)

    @property
    def command(self) -> str:
        """What the user would type, as a line of a shell."""
        return shlex.join(self.argv)


# --- where it is run ---------------------------------------------------------------------------


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """One interpreter on one platform.

    `python` is the full version; `libc` is like `glibc 2.36` or empty; `methods` are the start
    methods the interpreter says it has; `libraries` are the shared libraries, of those that
    experiments may require, that it can load; `image` is the id of the Docker image. `prefix` is
    the folder of the user's own environment, and empty for every other one. `wine` is the version
    of Wine that a Python for Windows runs under, and `library` that of its `Lib` if that is another
    CPython's.
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
    prefix: str = ""
    wine: str = ""
    library: str = ""


class Unavailable(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that was asked for and is missing, with the reason and what to do."""

    name: str
    backend: BackendName
    reason: str


class Cell(msgspec.Struct, frozen=True, kw_only=True, order=True, gc=False):
    """Experiment × environment × method."""

    experiment: str
    environment: str
    method: Method


# --- what is seen ------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The request for one trial, as it is sent to the agent.

    `method` is forced onto the program unless it is None. `timeout_s` is the time limit on a
    machine that is not overloaded; `keep_bytes` is what is kept of the head, and again of the
    tail, of each output stream. `files` is a folder of the environment: the trial's working
    directory is a copy of it, and the program runs in `cwd` below that. `stdin_file`, a path of
    the environment, is what it reads where `stdin` is None. `python` is the interpreter that the
    environment has, for which the agent may compile. `passing_s` is how long the slowest trial took
    that passed, if one did: one that rests for much longer is given up. `tests` are the settings of
    a program that runs tests one at a time, as it is told: see agent/inject/startlab_suite.py.
    """

    argv: tuple[str, ...]
    method: StartMethod | None
    timeout_s: float
    passing_s: float | None = None
    keep_bytes: int = 1 << 20
    stdin: bytes | None = None
    env: dict[str, str] = {}
    files: str | None = None
    cwd: str = "."
    stdin_file: str | None = None
    python: str = ""
    tests: dict[str, object] | None = None


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept of an output stream, in bytes; `dropped` bytes are missing between the two.

    What is not UTF-8 is in `encoding`: the ANSI code page of a Windows.
    """

    head: bytes = b""
    tail: bytes = b""
    dropped: int = 0
    encoding: str = "utf-8"

    def text(self) -> str:
        """Return the stream as text; invalid bytes are escaped, and dropped bytes are counted.

        Lines end with a newline, on Windows too.
        """
        if not self.dropped:
            return self._text(self.head + self.tail)
        head, tail = self._text(self.head), self._text(self.tail)
        return f"{head}\n[{self.dropped} bytes dropped]\n{tail}"

    def _text(self, data: bytes) -> str:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode(self.encoding, "backslashreplace")
        return text.replace("\r\n", "\n")


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """One process that the program started through multiprocessing, seen from inside.

    `pid` is the starter's; `where` is the caller's `file:line`; `exit_code` is what the starter
    learnt when it waited for the process, negative for a signal, None if it never did. Times are
    from the start of the trial: the process was there, and had an interpreter, at `launched_s`; it
    began to run what it was given at `began_s`; its starter learnt of its end at `exit_s`.
    """

    pid: int
    method: StartMethod
    time_s: float
    where: str | None = None
    child: int | None = None
    launched_s: float | None = None
    began_s: float | None = None
    exit_code: int | None = None
    exit_s: float | None = None


class Clue(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What only the inside of a program could see, in `count` processes.

    `where` is the `file:line` of the program, in those kinds that have one.
    """

    count: int = 1


class UnguardedStart(Clue, frozen=True, kw_only=True, tag="unguarded"):
    """A child that was importing the main module started a process.

    It did so at `where`, on behalf of the module-level line `imported`, which is the same line
    unless a function starts the process.
    """

    where: str | None = None
    imported: str | None = None


class PinnedMethod(Clue, frozen=True, kw_only=True, tag="pinned"):
    """The program itself chose a start method, maybe a library's own, by the function `by`."""

    method: str
    by: str
    where: str | None = None


class ExitHandler(Clue, frozen=True, kw_only=True, tag="exit handler"):
    """A child that was importing the main module had a function run at its own end."""

    handler: str
    where: str | None = None


class Unpicklable(Clue, frozen=True, kw_only=True, tag="unpicklable"):
    """What pickle refuses, of a `type`: what a child was to be `given`, or an `attribute` in that.

    What is given may be a method, `bound` to its object. `own` is the first attribute of an object
    of the program's own that leads to what is refused. A generator, or a function within another,
    is `defined` at a line. If a worker was to send it back, `function` is where the function begins
    that returned it.
    """

    given: str
    bound: Literal["bound", ""] = ""
    attribute: str = ""
    own: str = ""
    type: str
    where: str | None = None
    defined: str | None = None
    function: str | None = None

    @property
    def path(self) -> str:
        """Name it with what leads to it: `Crawler.lock via target=crawler.crawl`."""
        if not self.attribute:
            return self.given
        of = "" if self.attribute.startswith(self.own) else f" of {self.own}"
        return f"{self.attribute}{of} via {self.given}"


class SignalSent(Clue, frozen=True, kw_only=True, tag="signal sent"):
    """A process sent a signal to its child, None where that had no number yet."""

    number: int
    child: int | None = None
    where: str | None = None


class ExitCodeRead(Clue, frozen=True, kw_only=True, tag="exit code read"):
    """The program read the exit code by which a child failed."""

    code: int
    where: str | None = None


class TaskFailed(Clue, frozen=True, kw_only=True, tag="task failed"):
    """A task of a pool or executor of processes raised; the `traceback` is its worker's."""

    traceback: str


class FailureRead(Clue, frozen=True, kw_only=True, tag="failure read"):
    """The result of a task that had raised was read, by the program or for its error_callback."""

    where: str | None = None


class SystemExitInChild(Clue, frozen=True, kw_only=True, tag="system exit"):
    """A child ended by sys.exit(), which the program called, or a library that it called."""

    code: str
    where: str | None = None


class MainModule(Clue, frozen=True, kw_only=True, tag="main"):
    """How a child came by the main module: as its parent had it, or by an import of its own."""

    how: Literal["inherited", "imported"]


class MadeAgain(Clue, frozen=True, kw_only=True, tag="made again"):
    """Something shared between processes is made again by each that imports the main module."""

    type: str
    where: str | None = None


class OtherContext(Clue, frozen=True, kw_only=True, tag="other context"):
    """Something shared was made for one start method, and processes are started by others."""

    type: str
    made_for: str
    used_with: tuple[StartMethod, ...]
    where: str | None = None


class ChangedGlobal(Clue, frozen=True, kw_only=True, tag="global"):
    """A global was `parent` when a child was started, and `child` there; None: not there at all."""

    name: str
    parent: str
    child: str | None = None


class RootLogger(Clue, frozen=True, kw_only=True, tag="logging"):
    """The root logger was `parent` when a child was started, and `child` there."""

    parent: str
    child: str | None = None


class LostVariable(Clue, frozen=True, kw_only=True, tag="environment"):
    """A variable of the environment was there when a child was started, and not in the child."""

    name: str


class ChangedSetting(Clue, frozen=True, kw_only=True, tag="setting"):
    """A setting of the interpreter or a library was `parent`, and is `child` in a child.

    `setting` is a key of the table that is `diagnosis.settings.SETTINGS`, `part` what stands in it
    for `{0}`. None is as it is by default.
    """

    setting: str
    part: str
    parent: str
    child: str | None = None

    @property
    def name(self) -> str:
        """The setting as the program would write it."""
        return self.setting.replace("{0}", self.part)

    @property
    def is_patch(self) -> bool:
        """Whether the program has put this into a module of others."""
        return self.setting == "{0}"


class OtherParent(Clue, frozen=True, kw_only=True, tag="other parent"):
    """A child has another `parent`, the fork server, than the process that was its `starter`."""

    starter: int
    parent: int


class InheritedHandler(Clue, frozen=True, kw_only=True, tag="inherited handler"):
    """A forked child has its parent's handler of a signal."""

    signal: str
    handler: str


class SameRandom(Clue, frozen=True, kw_only=True, tag="same random"):
    """A random number generator began in the same state in `count` processes."""

    name: str


class ThreadAtFork(Clue, frozen=True, kw_only=True, tag="thread at fork"):
    """A process that was forked had another thread; a native one has the name `?`.

    `where` it was then may be a library's line; the line of the program that `started` it is not.
    """

    name: str
    where: str | None = None
    started: str | None = None


class ForkedBy(Clue, frozen=True, kw_only=True, tag="forked by"):
    """A package has forked a process by itself, not by multiprocessing, where the program is at."""

    by: str
    where: str | None = None


class Raised(Clue, frozen=True, kw_only=True, tag="raised"):
    """The `traceback` of what has ended a thread, or a child, as Python would print it."""

    traceback: str


class NativeThreadsAtFork(Clue, frozen=True, kw_only=True, tag="native threads at fork"):
    """A process that was forked had `number` native threads; `libraries` are their names.

    That is what they are called, or else the libraries whose code they are in. Those that a library
    takes care of at a fork are left out: they end before it, or are not missed after it.
    """

    number: int
    libraries: tuple[str, ...] = ()


class LeftUnsent(Clue, frozen=True, kw_only=True, tag="left unsent"):
    """A child has ended with `number` items in the queue of a thread, which is to send them.

    The queue is a `type`'s, of a library or the program. The `thread` was started at `where`; if it
    is `gone`, it was one of the parent's, and the child never had it.
    """

    number: int
    type: str
    thread: str
    gone: Literal["gone", ""] = ""
    where: str | None = None


class OpenedBefore(Clue, frozen=True, kw_only=True, tag="opened"):
    """A forked child has a connection or database that its parent had opened, and still has.

    `what` it is, and its `address`; `by` is the package that the program called for it, at `where`.
    """

    what: str
    address: str
    by: str = ""
    where: str | None = None


class Moved(Clue, frozen=True, kw_only=True, tag="moved"):
    """A process had changed the folder that it works in, at `where`, when it started another."""

    where: str | None = None


class PatchedThreads(Clue, frozen=True, kw_only=True, tag="patched"):
    """A package has replaced what the standard library makes threads, locks or sockets with."""

    what: str
    by: str


class Replaced(Clue, frozen=True, kw_only=True, tag="replaced"):
    """A test had put something in the place of a `name` of a `module` as it started a process.

    It did so `by` a function of monkeypatch or mock, at `where`, maybe through a `library`. A
    process started by spawn or forkserver does not have it; of others it is not told.
    """

    module: str
    name: str
    by: str
    library: str = ""
    where: str | None = None

    @property
    def whole(self) -> str:
        """The name with its module: `shop.work.RATES['EUR']`."""
        return f"{self.module}.{self.name}"

    def is_of(self, name: str) -> bool:
        """Whether it changes a global, `module.name`, or a part of what that holds."""
        whole = self.whole
        return whole == name or whole.startswith((f"{name}.", f"{name}["))


class RanOut(Clue, frozen=True, kw_only=True, tag="ran out"):
    """A wait of the program's, a `call` with a limit, ran out before a child had begun."""

    call: str
    limit_ms: int
    where: str | None = None


class Noted(Clue, frozen=True, kw_only=True, tag="noted"):
    """What an experiment on a cause met: a held lock, unwritten text, a line that made a change."""

    what: str
    name: str
    where: str | None = None


class NotApplied(Clue, frozen=True, kw_only=True, tag="not applied"):
    """An aspect that an experiment could not change, and why."""

    aspect: str
    why: str


AnyClue = (
    UnguardedStart
    | PinnedMethod
    | ExitHandler
    | Unpicklable
    | SignalSent
    | ExitCodeRead
    | TaskFailed
    | FailureRead
    | SystemExitInChild
    | MainModule
    | MadeAgain
    | OtherContext
    | ChangedGlobal
    | RootLogger
    | LostVariable
    | ChangedSetting
    | OtherParent
    | InheritedHandler
    | SameRandom
    | ThreadAtFork
    | NativeThreadsAtFork
    | LeftUnsent
    | OpenedBefore
    | Moved
    | PatchedThreads
    | Replaced
    | ForkedBy
    | Raised
    | RanOut
    | Noted
    | NotApplied
)
"""Each kind of clue; `kind` is its tag in JSON."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a Python stack, innermost first in a list."""

    file: str
    line: int
    function: str


ObstacleKind = Literal[
    # Nothing can be proven in the environment at all.
    "platform",
    "machine",
    "no cat",
    "no waits",
    "no holders",
    "not tried",
    # The job was not at rest.
    "moved",
    "second look",
    "no process",
    # A process may go on.
    "namespace",
    "posix timer",
    "kernel acts",
    "signal when ready",
    "asynchronous",
    "alarm",
    "alarm unknown",
    "cpu limit",
    "socket timeout",
    "socket timeout unknown",
    "unreadable",
    # Somebody outside the job may act on it.
    "held by outsider",
    "descriptor under way",
    "lock of outsider",
    "traces outsider",
    # A thread may go on.
    "running",
    "call",
    "state",
    "pending signal",
    "handles readiness",
    "traced",
    "core dump",
    "held by kernel",
    "foreign call",
    # What a thread waits for may come from outside.
    "no such address",
    "futex in file",
    "named semaphore",
    "system v",
    "not its child",
    "ended child",
    "end of outsider",
    "descriptor",
    "foreign descriptor",
    "opened since",
    "waits for signal",
    "file lock",
    "held outside",
    "socket to outside",
    "peer outside",
    "open to connect",
    "datagram",
]
"""What stands in the way of a proof that a job hangs; `judge.waiting` has a sentence for each."""


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the way of a proof: `kind` says in what way `pid`, or its thread, may go on.

    `name` is the process's, or the system call's, which may be `timed`; `object` is what it has or
    waits for, as the kernel calls it, and `descriptor` its number there; `others` are processes
    that the kind speaks of; `error` are the system's own words.
    """

    kind: ObstacleKind
    pid: int = 0
    tid: int = 0
    name: str = ""
    object: str = ""
    descriptor: int | None = None
    timed: bool = False
    others: tuple[int, ...] = ()
    error: str = ""


AssumptionKind = Literal[
    "signal",
    "unreadable",
    "opened later",
    "replaced",
    "under way",
    "wanders",
    "io_uring",
    "eventfd",
    "poll list",
    "timeout changed",
    "address",
    "name",
    "opened by name",
    "own classes",
    "alarm",
]
"""What a proof takes for granted, where it matters; `judge.waiting` has a sentence for each."""

WaitKind = Literal[
    "lock",
    "shared lock",
    "file lock",
    "child",
    "pipe read",
    "pipe write",
    "socket read",
    "socket write",
    "connection",
    "eventfd",
    "semaphore",
    "message queue",
    "signal",
    "poll",
    "asleep",
    "running",
    "call",
]
"""What a thread waits for.

`lock`: one of its own process; `shared lock`: one in memory that processes share; `file lock`: as
flock(2) has it; `child`: the end of a child; `pipe` or `socket`, `read` from while empty or `write`
to while full; `connection`: somebody to connect; `eventfd`: its counter; `semaphore`, `message
queue`: one of System V; `signal`: any; `poll`: any of several; `asleep`: a time; `running`:
nothing; `call`: another system call, or one of which it is not known what it waits for.
"""


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """One of several things that a thread waits for; a child is known by its `pid`."""

    kind: Literal["pipe", "socket", "eventfd", "child"]
    object: str = ""
    descriptor: int | None = None
    pid: int | None = None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a lock that a thread waits for.

    `type` is what it was made as (`Lock`, `RLock`, `Semaphore`, `Queue`, ...; `file`: a lock of a
    file); `lock` is the same for all who wait for the same one, and `made` the line that made it.
    `holders` are the threads that have it, by process and thread, which is 0 where it is not known;
    `left`: none that lives has it, for the one that took it has ended, or was left behind by a
    fork. Of a tree that was running already, `name` is what a module calls it, and `at_fork` the
    thread of the parent that had it at the fork.
    """

    type: str
    lock: str
    made: str | None = None
    holders: tuple[tuple[int, int], ...] = ()
    left: bool = False
    name: str = ""
    at_fork: tuple[int, int] | None = None


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """What a thread waits for.

    `object` is a lock's address (futex), a shared lock's name if it has one, a pipe or socket with
    its inode, or the name of a system call, which may be `timed`. `peer` is the socket at the other
    end; `held` tells who has a lock. `others` are the other threads of
    the process, which alone could release its lock. A `poller` is in a loop of the standard
    library; one that goes `rounds` does so in a loop of the program. `obstacle` is in what way the
    thread may go on all the same.
    """

    kind: WaitKind
    object: str = ""
    descriptor: int | None = None
    peer: str = ""
    polled: tuple[Polled, ...] = ()
    others: int = 0
    timed: bool = False
    poller: bool = False
    rounds: bool = False
    held: Held | None = None
    obstacle: Obstacle | None = None


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A thread of a process at the verdict: what it waits for, who could end that, and where.

    `waits_for` are the processes of the job that could end it. `root` marks the thread that the
    trial's reason is about. `where` is the line of the program it is at, as `file:line`.
    `started_s` is from the start of the trial. `waits` and `wakers` say `wait` and `waits_for` in
    words. `libraries` are the files of native code that it is in, innermost first.
    """

    tid: int
    name: str = ""
    started_s: float | None = None
    wait: Wait | None = None
    waits: str = ""
    wakers: str = ""
    waits_for: tuple[int, ...] = ()
    root: bool = False
    where: str | None = None
    libraries: tuple[str, ...] = ()
    stack: tuple[Frame, ...] = ()


class LostThread(msgspec.Struct, frozen=True, kw_only=True):
    """A thread that a process lacks because a fork copies one alone; `where` it was then."""

    name: str
    where: str | None = None


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the job as the kernel showed it last; times from the start of the trial.

    `role` is empty for a child of the program's own; `lost_threads` are those that its parent had
    beside the one that forked it. `exit_code` is that of a process that has ended and was not
    waited for, negative for a signal.
    """

    pid: int
    ppid: int
    command: str
    role: Literal["", "program", "fork server", "resource tracker", "semaphore tracker"] = ""
    started_s: float | None = None
    cpu_s: float = 0.0
    state: str = ""
    exit_code: int | None = None
    stacks_by: str = ""
    lost_threads: tuple[LostThread, ...] = ()
    threads: tuple[Thread, ...] = ()


class Respawn(msgspec.Struct, frozen=True, kw_only=True):
    """A process whose workers die and are replaced forever: `deaths` so far, all alike."""

    pid: int
    exit_code: int
    deaths: int


class NotLaunched(msgspec.Struct, frozen=True, kw_only=True):
    """At which step `program` could not be launched, and what the system said.

    Before it is started it gets a place of its own, and a copy of its files.
    """

    step: Literal["place", "copy", "start"]
    program: str
    error: str
    errno: int | None = None


class LeftBehind(msgspec.Struct, frozen=True, kw_only=True):
    """What the program left behind, and the agent removed."""

    processes: tuple[str, ...] = ()
    shared_memory: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """Raw facts of one trial.

    `ended` tells how it came to its end: the program's own exit, the time limit, a proof that it
    can never go on, that what lives of it only goes `rounds`, a wish to stop, or that it could not
    be launched. `stuck` are the processes
    that could not go on until they were ended, with their starter. `forced` is None where nothing
    was to be forced. `began_s` is in seconds since the epoch. `crashes` are the Python
    stacks that dying processes left. `ring` are the threads that wait for one another, as pid and
    tid, or the one that waits for itself; the last one is the root. `assumptions` are those of a
    proof. `obstacle` is why there is no
    proof. `all_ended` is false where a process outlived its end by the agent. `limit_s` is the time
    limit as it was in the end; `starved_s` is how long the job was ready to run and got no core.
    `work` was the trial's own working directory, which held the copy of a user's files.
    `sys_platform` is the agent's; by it the numbers of signals have their names. `dropped_events`
    is how many that the inside told were not as they should be, and were left out. `below`: an
    interpreter that the program itself has started, not by multiprocessing, starts processes by it.
    `pids` are those of all of its interpreters, a fork server's and the agent's too. `written` are
    the texts that a user's program has left in its folder, by their files.
    """

    ended: Literal["exit", "limit", "proof", "rounds", "stopped", "launch"]
    exit_status: int | None
    duration_s: float
    began_s: float = 0.0
    sys_platform: str = "linux"
    work: str = ""
    stdout: Stream = Stream()
    stderr: Stream = Stream()
    forced: bool | None = None
    starts: tuple[Start, ...] = ()
    pids: tuple[int, ...] = ()
    clues: tuple[AnyClue, ...] = ()
    below: bool = False
    dropped_events: int = 0
    processes: tuple[Process, ...] = ()
    stuck: tuple[Process, ...] = ()
    left_behind: LeftBehind = LeftBehind()
    written: dict[str, str] = {}
    crashes: tuple[str, ...] = ()
    not_launched: NotLaunched | None = None
    grade: Grade | None = None
    ring: tuple[tuple[int, int], ...] = ()
    assumptions: tuple[AssumptionKind, ...] = ()
    respawn: Respawn | None = None
    obstacle: Obstacle | None = None
    all_ended: bool = True
    where: str | None = None
    verdict_s: float | None = None
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


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one quantity that one process of a trial measured, in their order."""

    name: str
    unit: str
    values: tuple[float, ...]


DeviationKind = Literal["unexpected", "outcome", "exception", "stdout", "method"]
"""In what a trial is not what the catalogue expects; `unexpected`: that expects nothing of it."""


class Trial(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="trial"):
    """One run of a cell, judged: the line of the journal.

    `program` is the command line of a user's own program, and `experiment` then its short name.
    `expected` and `frequency` are those of the expectation that counted. `stdout_shape` is
    `stdout_digest` without what no two runs have in common: process ids, addresses, durations;
    trials of a program that have either in common are of one `output_group`, which they get when
    the run is read, as they get the outcome `differs`. `load` is the machine's of the last minute,
    per core. `stuck`, of a user's program, are the processes that could not go on until they were
    ended, with their starter. `obstacle` is what stood in the way of a proof, where the time limit
    decided. `deviation` is in what a trial of the catalogue is not `as_expected`. `dropped_events`
    is how many that the inside told were not as they should be, and are left out. `run_as` is the
    method of the cell whose trial this is, too: the program chooses its start method itself, and
    was run in one cell for all. `used` is how a suite's test uses multiprocessing. `written` are
    the texts that it has left in its folder, by their files; `written_shapes` are their digests, as
    that of stdout, empty where a file is another in each trial of a cell.
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
    deviation: DeviationKind | None = None
    program: str | None = None
    method_used: tuple[StartMethod, ...] = ()
    run_as: Method | None = None
    used: Used = ""
    grade: Grade | None = None
    obstacle: Obstacle | None = None
    where: str | None = None
    exit_status: int | None = None
    signal: str | None = None
    exception: PythonException | None = None
    duration_s: float = 0.0
    verdict_s: float | None = None
    overhead_s: float = 0.0
    load: float = 0.0
    stdout_digest: str | None = None
    stdout_shape: str | None = None
    written_shapes: dict[str, str] = {}
    output_group: str | None = None
    stdout: str = ""
    written: dict[str, str] = {}
    stderr: str = ""
    notes: tuple[str, ...] = ()
    starts: tuple[Start, ...] = ()
    processes: tuple[Process, ...] = ()
    stuck: tuple[Process, ...] = ()
    clues: tuple[AnyClue, ...] = ()
    dropped_events: int = 0
    crash_stacks: tuple[str, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    reproduce: str = ""

    @property
    def output(self) -> str:
        """What it has printed, and the lines that it has written into its folder."""
        texts = self.written.items()
        lines = [f"{file}: {line}" for file, text in texts for line in text.splitlines()]
        return "\n".join([self.stdout.rstrip(), *lines]) if lines else self.stdout

    @property
    def cell(self) -> Cell:
        """The cell of this trial."""
        return Cell(experiment=self.experiment, environment=self.environment, method=self.method)


AspectKind = Literal[
    "modules", "environ", "global", "registry", "statement", "main",
    "flush", "signal handlers", "event loop", "lock", "threads", "seed", "descriptors",
    "made again", "identity", "exceptions", "child exits", "pipes", "one worker", "trace",
    "imports", "attributes", "ids", "parent id", "preload", "epoll", "pool end", "empty",
    "write back", "hand over", "exit in children", "calls", "one main", "signal mask", "tracker",
    "variable", "stdin", "kept", "hash seed", "undone", "as imported", "left out",
    "process ids", "patience", "begin", "waiters", "pool start",
    "fork hooks", "finalizers", "caches", "written", "positions", "folder", "interpreter", "keys",
    "thread locals", "first environ", "first argv", "method asked", "exit codes",
    "transactions", "earlier", "contexts", "names", "forking thread", "executor thread",
    "own names", "own children", "proxies", "path text", "calls again",
    "sent later", "printed",
]  # fmt: skip
"""What may be another in another world: see `agent/inject/startlab_experiment.py`."""


class Aspect(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a process's state; `words` say which: a global's name, a statement's line."""

    kind: AspectKind
    words: tuple[str, ...] = ()


class CauseExperiment(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="experiment of a cause"
):
    """Trials of a cell in which aspects were as in another world: the cell of `good`, if there is.

    `cured` of the `of` trials did what that world does. It is confirmed if all did, the cell itself
    never does, and `good` always does. Of aspects that together change nothing, `of` is 0 if not
    all was tried. `noted` is what the trials met. `good_environment` is where that cell is, if not
    beside it. `test` is the one of a suite that was run by itself.
    """

    environment: str
    method: Method
    test: str = ""
    aspects: tuple[Aspect, ...]
    good: Method | None = None
    good_environment: str = ""
    cured: int = 0
    of: int = 0
    confirmed: bool = False
    noted: tuple[Noted, ...] = ()


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that a finding explains: `count` of its `of` trials."""

    cell: Cell
    count: int
    of: int


class SourceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a program, as it is written; `marked` is the one that is meant."""

    number: int
    code: str
    marked: bool = False


FindingGrade = Literal["shown", "confirmed", "suspected", "unknown"]
"""How sure a cause is: seen directly, by an experiment, recognized only, or not known."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One cause, reported once, with the cells it explains.

    `title` is one sentence, which ends with the `cause`; `text` is a paragraph. `mechanism` is what
    `startlab explain` explains, `where` the `file:line` where the cause shows, `code` that line,
    and `lines` the same with those around it. `outcome` is what it leads to; a finding about trials
    that are ok, and print what the others do, is a note. `experiment` is the one of the catalogue
    that shows the mechanism; `grade` is how sure the cause is.
    """

    mechanism: str
    outcome: Outcome
    title: str
    text: str
    cause: str = ""
    where: str | None = None
    code: str = ""
    lines: tuple[SourceLine, ...] = ()
    cells: tuple[Explained, ...] = ()
    advice: str = ""
    experiment: str | None = None
    note: bool = False
    grade: FindingGrade = "suspected"


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for; a run is resumed with the selection it was begun with.

    With `repeat`, a cell whose trial surprises is run once more. `platform` is the prefix of
    environment names, if not `host` or, for images, `linux`. `python` is the executable of the
    user's own environment, which is one of a program's.
    """

    backend: BackendChoice = "auto"
    platform: str = ""
    bases: BaseChoice = "auto"
    environments: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    trials: int = 1
    repeat: bool = False
    shard: tuple[int, int] | None = None
    isolation: Isolation = "pooled"
    timeout_s: float | None = None
    python: str = ""


class RunHeader(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """The first line of a journal; `merged` are those of the runs that were merged into it.

    `program` is set if the user's own program is run. `caveats` are sentences about the merged runs
    that every report shows.
    """

    id: str
    schema_version: int
    startlab: str
    catalogue: str
    started: str
    backend: BackendName
    selection: Selection
    host: dict[str, str] = {}
    program: Program | None = None
    merged: tuple[RunHeader, ...] = ()
    caveats: tuple[str, ...] = ()


class PlannedEnvironment(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="environment"
):
    """An environment and the cells that are planned in it, or why it is unavailable.

    `elsewhere` are its cells that other shards of the same plan run.
    """

    name: str
    cells: tuple[Cell, ...]
    environment: Environment | None = None
    unavailable: str | None = None
    elsewhere: tuple[Cell, ...] = ()


class End(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """The last line of a journal; a resumed run has several."""

    finished: str
    duration_s: float
    interrupted: bool = False


Record = RunHeader | PlannedEnvironment | Trial | CauseExperiment | End


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run, as read back from its journal.

    `trials` read from a journal are not kept in memory, but decoded whenever they are asked for:
    its file stays open as long as they are in use, and JournalError is raised where it was
    overwritten. `caveats` are sentences that say what could not be read and is therefore not known.
    """

    header: RunHeader
    environments: tuple[PlannedEnvironment, ...]
    trials: Sequence[Trial]
    ends: tuple[End, ...]
    experiments: tuple[CauseExperiment, ...] = ()
    damaged_lines: int = 0
    caveats: tuple[str, ...] = ()

    @property
    def planned(self) -> tuple[Cell, ...]:
        """Every cell of the plan."""
        return tuple(cell for planned in self.environments for cell in planned.cells)

    @property
    def missing(self) -> tuple[Cell, ...]:
        """The planned cells without a trial."""
        ran = {trial.cell for trial in self.trials}
        return tuple(cell for cell in self.planned if cell not in ran)


# --- a tree that was running already ------------------------------------------------------------


class OutsideHolder(msgspec.Struct, frozen=True, kw_only=True):
    """A process outside of a tree that has what a thread of the tree waits for."""

    pid: int
    command: str = ""


OutsideKind = Literal[
    "tcp", "backlog", "udp", "listener", "unix", "unix listener", "socket", "pipe", "fifo",
    "fifo to open", "terminal", "file lock", "file", "device", "child", "lock", "semaphore",
    "futex", "system v", "descriptor",
]  # fmt: skip
"""What outside of a tree a thread may wait for."""


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """One thing outside of a tree that a thread waits for.

    `ours` and `theirs` are the ends of a connection, `state` as the kernel calls it, and `silent_s`
    how long nothing was received. `holders` are the processes that have the other end, or the lock.
    """

    kind: OutsideKind
    object: str = ""
    descriptor: int | None = None
    ours: str = ""
    theirs: str = ""
    state: str = ""
    silent_s: float | None = None
    holders: tuple[OutsideHolder, ...] = ()


class TreeThread(msgspec.Struct, frozen=True, kw_only=True):
    """A thread of a tree: what it waits for, and who of the tree could end that.

    The first `own_depth` frames of `stack` are its own; a forked child has its parent's below.
    `started` is in the kernel's ticks since boot.
    """

    tid: int
    name: str = ""
    state: str = ""
    started: int = 0
    wait: Wait
    waits_for: tuple[int, ...] = ()
    outside: tuple[Outside, ...] = ()
    own_depth: int = 0
    stack: tuple[Frame, ...] = ()


class TreeProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A process of a tree; `server` is which one of multiprocessing it is, if it is one.

    `numbers` are what it is called in each pid namespace, from the observer's to its own.
    """

    pid: int
    ppid: int
    command: str
    name: str = ""
    state: str = ""
    started: int = 0
    cwd: str = ""
    numbers: tuple[int, ...] = ()
    server: str = ""
    threads: tuple[TreeThread, ...] = ()


class SeenThread(msgspec.Struct, frozen=True, kw_only=True):
    """What two looks tell of a thread: for how long it has not run, and whether it ever can.

    `ran_s` is how long it ran between the looks, `queued_s` how long it waited then for a
    processor, and `moved` whether it ran. `locked`: it waits for a lock, and what lives only went
    round by the clock and did nothing about it.
    """

    pid: int
    tid: int
    still_s: float | None = None
    ran_s: float = 0.0
    queued_s: float = 0.0
    moved: bool = False
    dead: bool = False
    locked: bool = False


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a tree could not be looked at."""

    kind: Literal["no such process", "no python", "not allowed", "moved", "platform", "machine"]
    pid: int = 0
    error: str = ""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What two looks at a running tree have shown; `top` is its first process.

    `ring` are the threads that wait for one another, as in `Observation`; `grade` is that of a
    verdict that took watching. `asked_timers` tells whether processes were asked for alarms.
    `network` tells whether its sockets could be asked for. `sources` are the texts of the program's
    files that stacks go through, by their paths.
    """

    processes: tuple[TreeProcess, ...]
    seen: tuple[SeenThread, ...]
    top: int
    kernel: str = ""
    began_s: float = 0.0
    apart_s: float = 0.0
    cpu_s: float = 0.0
    children_cpu_s: float = 0.0
    asked_timers: bool = False
    network: bool = True
    ring: tuple[tuple[int, int], ...] = ()
    grade: Grade | None = None
    assumptions: tuple[AssumptionKind, ...] = ()
    sources: dict[str, str] = {}


StandstillKind = Literal["deadlock", "stuck", "part", "stopped", "outside", "busy", "alive"]
"""What a tree is in.

`deadlock`: no thread of it can ever run again; `stuck`: its first thread cannot; `part`: some other
threads cannot; `stopped`: by a signal or a debugger; `outside`: it waits for something there;
`busy`: it computes; `alive`: it does something now and then.
"""


class Standstill(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a tree: what it is in, and the threads that show it, as pid and tid.

    `ring` are those that wait for one another, `living` those that go on, `leaf` the one that
    waits for `outside`, or that computes. `age_s` is for how long that has been so.
    """

    kind: StandstillKind
    ring: tuple[tuple[int, int], ...] = ()
    living: tuple[tuple[int, int], ...] = ()
    leaf: tuple[int, int] | None = None
    outside: Outside | None = None
    age_s: float | None = None
    grade: Grade | None = None


RoleKind = Literal[
    "program", "fork server", "resource tracker", "semaphore tracker", "pool worker",
    "executor worker", "joblib worker", "manager", "gunicorn master", "gunicorn worker",
    "celery master", "celery worker", "pytest", "xdist worker", "child", "other",
]  # fmt: skip
"""What a process of a tree is."""

ThreadRoleKind = Literal[
    "main", "worker handler", "task handler", "result handler", "queue feeder", "executor manager",
    "pool thread", "other",
]  # fmt: skip
"""What a thread is."""


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is: the `number` of `of` such ones of one parent."""

    kind: RoleKind
    number: int = 0
    of: int = 0
