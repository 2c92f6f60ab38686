"""Where the campaign takes place: commands with a deadline, and what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psutil

from startlab.backends import cgroups
from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS: Final = f"host-{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE: Final = Path(journal.__file__).parents[2]
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - where the kernel shows POSIX shared memory
TRACEBACK: Final = "Traceback (most recent call last)"

LONGEST_S: Final = 240.0
"""For one command, on a machine that does other work too; none needs a tenth of it."""

BEGIN: Final = """
import os, sys
begun = os.environ.pop("STARTLAB_CAMPAIGN_BEGUN", None)
import startlab.cli
if begun:
    os.close(int(begun))
startlab.cli.main()
"""

LONGEST_PROBLEM: Final = 700
MOST_NAMED: Final = 8

_NOW: Final = threading.local()
"""`case` is the name of the one that a thread tries."""

LEFT_S: Final = 30.0
"""For what ends by itself: an agent whose engine was killed."""


class Done(NamedTuple):
    """How a command ended; `status` is None if it did not, and negative for a signal."""

    status: int | None
    out: str
    err: str

    def complaints(self, *allowed: int) -> list[str]:
        """Say what no command may do: not end, show a traceback of ours, end otherwise."""
        found = []
        if self.status is None:
            found.append(f"did not end within {LONGEST_S:.0f} s")
        elif self.status not in allowed:
            found.append(f"exit status {self.status}, not {allowed}: {self.err[-300:]!r}")
        if TRACEBACK in self.err:
            found.append(f"a traceback: {self.err[-600:]!r}")
        return found


class Ground:
    """A folder for everything; each case has one in it, and one for its temporary files."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="c", dir="/tmp"))
        self._cases: dict[Path, str] = {}
        self._number = 0
        self._lock = threading.Lock()
        self._shared = self._shared_now()
        self._cgroup = cgroups.own()

    def new(self) -> Path:
        """Make a folder for one case."""
        with self._lock:
            self._number += 1
            folder = self.folder / f"{self._number}"
        folder.mkdir()
        self.temporary(folder).mkdir()
        self._cases[self.temporary(folder)] = getattr(_NOW, "case", "")
        return folder

    @staticmethod
    def temporary(folder: Path) -> Path:
        """Name the folder for a case's temporary files, whose path is short enough for sockets."""
        return folder.with_name(f"t{folder.name}")

    def environ(self, folder: Path, **more: str) -> dict[str, str]:
        """Give the environment of a command."""
        kept = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
        return kept | {
            "PYTHONPATH": str(SOURCE), "TMPDIR": str(self.temporary(folder)), "COLUMNS": "120",
            "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8", "STARTLAB_BASES": "debian",
        } | more  # fmt: skip

    def start(self, folder: Path, *args: str, **said: Any) -> subprocess.Popen[bytes]:
        """Start a command, in a session of its own, as in a terminal of its own."""
        env = self.environ(folder, **said.pop("env", {}))
        said = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | said
        process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[assignment]
            [sys.executable, "-P", "-c", BEGIN, *args],
            cwd=folder, env=env, stdin=subprocess.DEVNULL, start_new_session=True, **said,
        )  # fmt: skip
        return process

    def begin(self, folder: Path, *args: str) -> subprocess.Popen[bytes]:
        """Start a command, and wait until it is ours: before, a signal ends Python alone."""
        here, there = os.pipe()
        with os.fdopen(here, "rb") as read:
            begun = {"STARTLAB_CAMPAIGN_BEGUN": f"{there}"}
            process = self.start(folder, *args, env=begun, pass_fds=(there,))
            os.close(there)
            read.read(1)
        return process

    def run(self, folder: Path, *args: str, **said: Any) -> Done:
        """Run a command to its end."""
        return finished(self.start(folder, *args, **said))

    def clean(self) -> None:
        """Do what `startlab clean` does here; engines of containers are left alone."""
        code = (
            "import sys, tempfile; from startlab.backends import leftovers\n"
            "for tempfile.tempdir in sys.argv[1:]: leftovers.clean()"
        )
        command = [sys.executable, "-c", code, *map(str, self._cases)]
        env = self.environ(self.folder)
        subprocess.run(command, env=env, timeout=LONGEST_S, check=True)

    def left(self) -> list[str]:
        """Name what is left once everything has ended: processes, folders, memory, cgroups."""
        deadline = time.monotonic() + LEFT_S
        while (found := self._left_now()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def _left_now(self) -> list[str]:
        found = [
            f"by {case!r}: {', '.join(islice(_all_in(each), MOST_NAMED))}"
            for temporary, case in list(self._cases.items())
            for each in temporary.glob("startlab-*")
        ]
        found += [f"shared memory {each}" for each in self._shared_now() - self._shared]
        if self._cgroup is not None:  # agents have theirs in it
            found += [
                f"cgroup {each.folder.name} of {each.members()}"
                for each in cgroups.of_dead_agents()
                if each.folder.is_relative_to(self._cgroup)
            ]
        for process in psutil.process_iter():
            try:
                said = [*process.cmdline(), *process.environ().values()]
                if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                    continue
            except psutil.Error:
                continue
            if any(str(self.folder) in each for each in said):
                found.append(f"process {process.pid}: {' '.join(process.cmdline())[:200]}")
        return found

    def _shared_now(self) -> set[str]:
        if not is_apart() or not SHARED_MEMORY.is_dir():
            return set()  # others' too
        return {each.name for each in SHARED_MEMORY.iterdir()}


def _all_in(folder: Path) -> Iterator[str]:
    """Name a folder and what is in it, with the reason of what cannot be listed."""
    refused: list[str] = []
    for place, folders, files in os.walk(folder, onerror=lambda why: refused.append(f"{why}")):
        yield f"{place} ({len(folders)} folders, files {files[:MOST_NAMED]!a})"
    yield from refused


def finished(process: subprocess.Popen[bytes], within_s: float = LONGEST_S) -> Done:
    """Wait for the end of a command; one that does not end is killed with its session."""
    try:
        out, err = process.communicate(timeout=within_s)
        status: int | None = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        status = None
    return Done(status, out.decode(errors="replace"), err.decode(errors="replace"))


APART: Final = "STARTLAB_CAMPAIGN_APART"


def is_apart() -> bool:
    """Tell whether this runs in namespaces of its own."""
    return APART in os.environ


def go_apart(arguments: list[str]) -> int | None:
    """Run the campaign in namespaces of its own; None where that cannot be."""
    inner = (
        "mount -t tmpfs -o size=256m none /dev/shm && mount -t tmpfs -o size=2g none /tmp && "
        '"$@"; exit $?'  # and sh reaps orphans
    )
    apart = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    try:
        subprocess.run([*apart, "true"], check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    command = [sys.executable, "-m", "tests.campaign", *arguments]
    with _own_cgroup():
        return subprocess.run(
            [*apart, "sh", "-c", inner, "sh", *command], env=os.environ | {APART: "1"}, check=False
        ).returncode


@contextmanager
def _own_cgroup() -> Iterator[None]:
    """Have all that is started be in a cgroup of its own, where there can be one.

    So what others leave in theirs is not taken for ours.
    """
    above = cgroups.own()
    folder = None if above is None else above / f"campaign-{os.getpid()}"
    try:
        if folder is not None:
            folder.mkdir()
            (folder / "cgroup.procs").write_text(f"{os.getpid()}")
    except OSError:
        folder = None
    try:
        yield
    finally:
        if above is not None and folder is not None:
            (above / "cgroup.procs").write_text(f"{os.getpid()}")
            with suppress(OSError):
                folder.rmdir()


class Score:
    """What was tried of one part, and what was wrong with it."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.tried = 0
        self.problems: list[str] = []
        self.took: list[tuple[float, str]] = []
        """How many seconds each case took."""
        self._lock = threading.Lock()

    def add(self, name: str, problems: list[str]) -> None:
        """Count a case."""
        with self._lock:
            self.tried += 1
            for each in problems:
                self.problems.append(f"{name}: {each}")
                print(f"  ! {self.what}: {name}: {each[:LONGEST_PROBLEM]}", flush=True)

    def guarded(self, name: str, case: Callable[[], list[str]]) -> None:
        """Try a case; one that fails by itself is a problem as well."""
        _NOW.case = name
        began = time.monotonic()
        try:
            self.add(name, case())
        except Exception as error:  # noqa: BLE001 - told, and the others go on
            self.add(name, [f"the campaign failed: {type(error).__name__}: {error}"])
        self.took.append((time.monotonic() - began, name))

    def slowest(self, most: int = 5) -> str:
        """Name the cases that took longest."""
        took = sorted(self.took, reverse=True)[:most]
        return ", ".join(f"{name!a:.60} {seconds:.1f} s" for seconds, name in took)
