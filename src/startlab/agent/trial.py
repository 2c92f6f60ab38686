"""One trial: a fresh place, the program in it, its process tree, and what was observed."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from base64 import b64decode
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Type

from . import boundary, events, tests
from .capture import Capture
from .job import Job, remove_shared_memory, restore
from .limit import Limit
from .removal import remove
from .watch import Watch

if TYPE_CHECKING:
    from types import TracebackType

    from .control import Control
    from .injection import Injection

PASSED_ON = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM",
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA",
    "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "NUMBER_OF_PROCESSORS",
)  # fmt: skip
"""The variables of the agent's environment that a program may need; also LC_*.

Others, such as PYTHONUNBUFFERED and PYTHONDONTWRITEBYTECODE, would hide hazards.
"""

TICK_S = 0.05
ORPHANS_S = 1.0  # helpers (resource tracker, fork server) outlive the program by a few ms
DRAIN_S = 1.0
STACKS_BEFORE_S = 1.0  # before the limit, if processes cannot be asked for their stacks
MOST_NAMED = 20
MOST_WORDS = 4000  # characters of a command line
COPYING_S = 60.0  # the user's files
CLEANING_S = 60.0  # for the files of a trial that is over: some leave a million
LEAST_ROOM = 1 << 20  # bytes for a trial's events and its own copy of the files
MOST_CRASHES = 1 << 20  # bytes of their stacks
MOST_WRITTEN = 1 << 15  # bytes of a file that the program leaves
COARSE_S = 0.02  # by which the time of a file may be behind the clock


class Place:
    """A fresh working directory, TMPDIR and events file, removed afterwards with all contents.

    Raises OSError where they cannot be made.
    """

    def __init__(self, parent: str) -> None:
        self.path = os.path.realpath(tempfile.mkdtemp(prefix="trial-", dir=parent))
        self.work = os.path.join(self.path, "work")
        self.tmp = os.path.join(self.path, "tmp")
        self.events = os.path.join(self.path, "events")
        try:
            os.mkdir(self.work)
            os.mkdir(self.tmp)
            for file in (self.events, self.events + ".crashes", self.events + ".stacks"):
                os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError:
            remove(self.path)
            raise

    def __enter__(self) -> "Place":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        remove(self.path)

    def copy(self, files: str) -> None:
        """Fill the working directory with a copy of a folder. Raises OSError."""
        os.rmdir(self.work)
        try:
            shutil.copytree(files, self.work, symlinks=True, copy_function=_copied)
        except _NotCopiedError as error:
            raise error.reason from None

    def written(self, files: str, since: float) -> Dict[str, str]:
        """Give the texts that the program has left in its folder, by their paths, if not long."""
        found = {}
        for path in boundary.changed(self.work, since - COARSE_S, MOST_NAMED):
            name = os.path.relpath(path, self.work)
            with suppress(OSError, UnicodeDecodeError):
                data = boundary.read(path, most=MOST_WRITTEN)
                text = "" if data.left else data.data.decode("utf-8")
                if "\0" not in text and not _is_text_of(os.path.join(files, name), data.data):
                    found[name.replace(os.sep, "/")] = text
        return {name: text for name, text in found.items() if text}

    def left_files(self) -> List[str]:
        """List what the program left in its TMPDIR; nothing if it has removed or locked it."""
        return boundary.names(self.tmp, MOST_NAMED)


def run(
    request: Dict[str, Any],
    control: Control,
    scratch: str,
    injection: Injection,
    py_spy: str,
    within: Callable[[float], None],
    say: Callable[[Dict[str, Any], Dict[str, Any]], None] = lambda *_: None,
) -> Dict[str, Any]:
    """Run one trial for a `Request` of the model, and return its `Observation`.

    `injection` is the code that is put into the program, `py_spy` the path of py-spy, or empty.
    `within` tells the engine how long to wait for the next word: a program that stops its agent
    stops this too. `say` hands on what a program that runs tests says of each.
    """
    entered = time.monotonic()
    refused = restore()
    if refused:  # another agent is to run this one
        raise RuntimeError(refused)
    try:
        _refuse_full(scratch)
        injected = injection.ready()
        place = Place(scratch)
    except OSError as error:
        error.filename = error.filename or scratch  # a write does not say where
        return _not_launched("place", request, error)
    with place:
        watch = Watch(py_spy, place.events)
        channel = None if request.get("tests") is None else tests.Channel(control.wake)
        try:
            if request.get("files"):
                within(COPYING_S)
                place.copy(request["files"])
            stdin = _stdin(place, request) if channel is None else channel.stdin
        except OSError as error:
            return _not_launched("copy", request, error)
        try:
            within(request["timeout_s"])
            env = environment(place, request, injected, watch)
            if channel is not None:
                env["STARTLAB_TESTS"] = channel.token
            started = _start(request, place, env, stdin)
        except (OSError, ValueError) as error:
            return _not_launched("start", request, error)
        finally:
            os.close(stdin)
        try:
            watching = _Watching(place, watch, control, within, channel, py_spy, say)
            observation = _observe(started, request, watching)
        except BaseException:
            started.job.end()  # the next trial would take what is left of it for its own
            raise
    overhead_s = time.monotonic() - entered - observation["duration_s"]
    return dict(observation, overhead_s=overhead_s)


def _refuse_full(folder: str) -> None:
    """Raise OSError where a program could not tell what it does, and would be misjudged."""
    if sys.platform != "win32":
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < LEAST_ROOM and disk.f_blocks:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)


class _Started(NamedTuple):
    """A job, since when it runs, on both clocks, and the ends of its stdout and stderr."""

    job: Job
    began: float
    began_s: float
    out: int
    err: int


def _start(request: Dict[str, Any], place: Place, env: Dict[str, str], stdin: int) -> _Started:
    """Start the program. Raises OSError or ValueError if it cannot be."""
    pipes: List[int] = []
    try:
        for _ in range(2):
            pipes += os.pipe()
        out, out_theirs, err, err_theirs = pipes
        began, began_s = time.monotonic(), time.time()
        job = Job(
            request["argv"],
            env=env,
            cwd=os.path.normpath(os.path.join(place.work, request.get("cwd", "."))),
            stdin=stdin,
            stdout=out_theirs,
            stderr=err_theirs,
        )
    except (OSError, ValueError):
        for each in pipes:
            os.close(each)
        raise
    os.close(out_theirs)
    os.close(err_theirs)
    return _Started(job, began, began_s, out, err)


class _Watching(NamedTuple):
    """What a job is watched with; `channel` is that of a program that runs tests."""

    place: Place
    watch: Watch
    control: Control
    within: Callable[[float], None]
    channel: Optional[tests.Channel]
    py_spy: str
    say: Callable[[Dict[str, Any], Dict[str, Any]], None]


def _observe(started: _Started, request: Dict[str, Any], watching: _Watching) -> Dict[str, Any]:
    """Watch a job to its end, and end it."""
    job, began, began_s = started.job, started.began, started.began_s
    place, watch, control, within, channel, py_spy, say = watching
    streams = [Capture(started.err, request["keep_bytes"])]
    if channel is None:
        streams.insert(0, Capture(started.out, request["keep_bytes"]))

    def written() -> int:
        # Only what is kept: a flood of output is not progress.
        return sum(min(stream.total, 2 * request["keep_bytes"]) for stream in streams)

    def new_limit(timeout_s: float) -> Limit:
        return Limit(job, timeout_s, written)

    if channel is None:
        limit = new_limit(request["timeout_s"])
        ended = _wait(job, limit, watch, control, within, request.get("passing_s"))
    else:
        channel.listen(started.out)
        looks = tests.Looks(request, job, place.work, place.events, py_spy, new_limit)
        ended = tests.serve(looks, control, channel, say, within, TICK_S)
        watch, limit, began, began_s = looks.now
    duration_s = time.monotonic() - began
    observation: Dict[str, Any] = {
        "ended": ended,
        "exit_status": job.exit_status if ended == "exit" else None,
        "duration_s": duration_s,
        "began_s": began_s,
        "sys_platform": sys.platform,
        "work": place.work,
        "idle_s": limit.idle_s,
        "limit_s": min(limit.limit_s, duration_s) if ended == "limit" else limit.limit_s,
        "starved_s": limit.starved_s,
        "load": _load(),
    }
    left: Dict[str, Any] = {}
    with _urgency():
        if ended in ("limit", "proof", "rounds"):
            observation.update(_given_up(job, limit, watch, request))
        if ended == "exit" and not _orphans_end(job, control):
            left["processes"] = [
                each["command"][:MOST_WORDS] for each in job.processes()[:MOST_NAMED]
            ]
        shared = job.shared_memory()
        observation["all_ended"] = job.end()
    restore()  # if it may: what was seen until now holds in any case
    within(CLEANING_S)
    removed = remove_shared_memory(shared)
    if ended == "exit":
        left.update(shared_memory=removed[:MOST_NAMED], files=place.left_files())
    observation.update(_told(job, watch, request, began_s, exited=ended == "exit"))
    written_by = [stream.finish(DRAIN_S) for stream in streams]
    if channel is not None:
        written_by = tests.captured(place.events, written_by[0])
        channel.close()
    if channel is None and ended == "exit" and request.get("files"):
        observation["written"] = place.written(request["files"], began_s)
    observation.update(
        stdout=written_by[0],
        stderr=written_by[1],
        left_behind=left,
        crashes=_crashes(place),
        cpu_s=job.cpu(),
    )
    return observation


def _given_up(job: Job, limit: Limit, watch: Watch, request: Dict[str, Any]) -> Dict[str, Any]:
    """Tell how a job that has not ended stands still, and since when."""
    return {
        "grade": "quiescent" if limit.quiet else "busy",
        "verdict_s": limit.still_s,
        **watch.verdict(job, request["argv"], watch.told.read().events),
    }


def _told(
    job: Job, watch: Watch, request: Dict[str, Any], began_s: float, *, exited: bool
) -> Dict[str, Any]:
    """Tell what the program's processes told of themselves."""
    told, dropped = watch.told.read()
    return {
        "forced": events.forced(told, request.get("method"), job.pid),
        "starts": events.starts(told, began_s),
        "pids": sorted({os.getpid(), *(each.pid for each in told)}),  # the agent is its parent
        "clues": events.clues(told),
        "dropped_events": dropped,
        "stuck": watch.stuck(job, told) if exited else [],
    }


def _not_launched(step: str, request: Dict[str, Any], error: Exception) -> Dict[str, Any]:
    return {
        "ended": "launch",
        "exit_status": None,
        "duration_s": 0.0,
        "not_launched": {
            "step": step,
            "program": request["argv"][0],
            "error": said(error),
            "errno": getattr(error, "errno", None),
        },
    }


def said(error: Exception) -> str:
    """Say what the system said, and of which file."""
    if isinstance(error, shutil.Error):  # of many files: source, target and reason of each
        source, _, reason = error.args[0][0]
        return "%s: %s" % (source, reason)
    if isinstance(error, OSError) and error.strerror:
        where = "%s: " % os.fsdecode(error.filename) if error.filename else ""
        return where + error.strerror
    return str(error)


def _wait(
    job: Job,
    limit: Limit,
    watch: Watch,
    control: Control,
    within: Callable[[float], None],
    passing_s: Optional[float],
) -> str:
    """Wait for the end of the program, the time limit, a verdict of `watch`, or a stop request.

    A job that rests is not waited for as long, where it is known how long one takes that passes.
    """
    said_s = limit.limit_s
    while True:
        job.reap()
        if job.exit_status is not None:
            return "exit"
        if control.stop:
            return "stopped"
        over = limit.look()
        if limit.limit_s > said_s + 1:
            said_s = limit.limit_s
            within(said_s - limit.elapsed_s)
        if watch.proves():
            return "proof"
        if watch.goes_round():
            return "rounds"
        if over or (passing_s is not None and limit.still_long(passing_s) and watch.rests()):
            return "limit"
        control.wait(TICK_S)


@contextmanager
def _urgency() -> Iterator[None]:
    """Raise the agent's priority, if allowed: endless forks would leave it almost no CPU.

    sched(7). Ending twenty chains of forks took up to 22 s without it, and takes 0.8 s with it.
    """
    if sys.platform != "linux":
        yield
        return
    first = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    try:
        os.sched_setscheduler(0, first, os.sched_param(1))
    except OSError:  # it needs root, which no container gives; musl lacks the call
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _orphans_end(job: Job, control: Control) -> bool:
    """Give the remaining processes a moment to end by themselves; return whether they did."""
    deadline = time.monotonic() + ORPHANS_S
    while job.members():
        if control.stop or time.monotonic() > deadline:
            return False
        control.wait(TICK_S / 10)
        job.reap()
    return True


def environment(
    place: Place, request: Dict[str, Any], injection: str, watch: Watch
) -> Dict[str, str]:
    """Make the program's environment: what it may need, the injection, the requested variables."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in PASSED_ON or name.startswith("LC_")
    }
    asked = dict(request.get("env") or {})
    path = [injection] + [part for part in [asked.pop("PYTHONPATH", "")] if part]
    passed.update(
        TMPDIR=place.tmp,
        TEMP=place.tmp,
        TMP=place.tmp,
        PYTHONPATH=os.pathsep.join(path),
        STARTLAB_EVENTS=place.events,
    )
    if sys.platform == "win32":
        passed["STARTLAB_STACKS_AT"] = repr(time.time() + request["timeout_s"] - STACKS_BEFORE_S)
    if watch.signal_number is not None:
        passed["STARTLAB_STACKS_SIGNAL"] = str(watch.signal_number)
    if request.get("method"):
        passed["STARTLAB_START_METHOD"] = request["method"]
    passed.update(asked)
    return passed


def _stdin(place: Place, request: Dict[str, Any]) -> int:
    path = request.get("stdin_file") or os.devnull
    if request.get("stdin") is not None:
        path = os.path.join(place.path, "stdin")
        with open(path, "wb") as file:
            file.write(b64decode(request["stdin"]))
    return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))


def copy_file(source: str, target: str) -> None:
    """Copy a file's data and mode; if the file system can, blocks are shared until written.

    copy_file_range(2).
    """
    if not stat.S_ISREG(os.stat(source).st_mode):  # a pipe would be waited for
        raise OSError(errno.EINVAL, "not a regular file", source)
    with open(source, "rb") as read, open(target, "wb") as write:
        if sys.platform == "linux":
            try:
                while os.copy_file_range(read.fileno(), write.fileno(), 1 << 30):
                    pass
            except (AttributeError, OSError):  # an old libc or kernel, or two file systems
                pass
        shutil.copyfileobj(read, write)  # the rest, usually nothing
    shutil.copymode(source, target)


class _NotCopiedError(Exception):
    """Ends a copytree at once, which would go on and keep no more of a reason than its text."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason)
        self.reason = reason


def _copied(source: str, target: str) -> None:
    try:
        copy_file(source, target)
    except OSError as error:
        error.filename = error.filename or target
        raise _NotCopiedError(error) from None


def _is_text_of(path: str, data: bytes) -> bool:
    try:
        return boundary.read(path, most=MOST_WRITTEN).data == data
    except OSError:
        return False


def _crashes(place: Place) -> List[str]:
    """Read the stacks that crashing processes left, one text for each fatal error."""
    try:
        data = boundary.read(place.events + ".crashes", most=MOST_CRASHES).data
    except OSError:
        return []
    text = data.decode("utf-8", "backslashreplace")
    # Windows has exceptions that are not signals.
    parts = re.split(r"(?m)^(?=Fatal Python error: |Windows fatal exception: )", text)
    return [part.rstrip() for part in parts[1:]][:MOST_NAMED]


def _load() -> float:
    """Return the load of the last minute per core, or 0 if the platform has no such number."""
    if sys.platform == "win32":
        return 0.0
    return os.getloadavg()[0] / (os.cpu_count() or 1)
