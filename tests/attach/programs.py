"""The programs that `startlab why` is tried on, what is right of each, and asking about one.

Each program under `hung` and `living` has its folder and the number of a port, which accepts and
says nothing, as arguments, and prints `ready` just before it blocks. Its first comment lines say
what is right:

- `# verdict: ...`: the kinds of verdict that are right, `# who: ...` how the process or thread is
  called that the verdict names, and `# here` marks the line that it is at.
- `# outside: ...`: the kind of what it waits for.
- `# held: ...`: how the thread is called that has the lock, by what memory says.
- `# wide`: it shows what others show, too (see `wide` in pyproject.toml).
- `# needs: PACKAGE`, `# terminal`, `# stdin: ...` (a pipe that stays open), `# other: ...` (the
  same program runs a second time beside it, and does that): what it is run with.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

from startlab.diagnosis import tree as trees
from startlab.errors import LookError
from startlab.report import why as report

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.mark import ParameterSet

    from startlab.model import Look

HERE = Path(__file__).parent
WITHIN_S = 240.0
LOOKS = 2
DEAD = ("deadlock", "stuck", "part")
PATIENCE_S = {"hung": 60.0, "living": 15.0}


class Program(NamedTuple):
    path: Path

    def note(self, name: str) -> str | None:
        found = re.search(rf"^# {name}(?:: (.*))?$", self.path.read_text(), re.MULTILINE)
        return None if found is None else found[1] or ""

    @property
    def lives(self) -> bool:
        return self.path.parent.name == "living"

    @property
    def patience_s(self) -> float:
        return PATIENCE_S[self.path.parent.name]

    @property
    def here(self) -> str | None:
        lines = self.path.read_text().splitlines()
        marked = [number for number, line in enumerate(lines, 1) if "# here" in line]
        return f"{self.path.name}:{marked[0]}" if marked else None

    @property
    def lacks(self) -> str | None:
        """The package that it needs, where that is not installed."""
        needs = self.note("needs")
        return needs if needs and importlib.util.find_spec(needs) is None else None


def every(kind: str) -> list[Program]:
    return [Program(path) for path in sorted((HERE / kind).glob("*.py"))]


def programs(kind: str) -> list[ParameterSet]:
    return [
        pytest.param(each, id=each.path.stem, marks=[pytest.mark.wide] * (each.note("wide") == ""))
        for each in every(kind)
    ]


def all_of(tree: trees.Tree) -> str:
    """Give the verdict with what it rests on."""
    return " ".join((report.sentence(tree), *report.details(tree)))


def wrong(program: Program, tree: trees.Tree) -> list[str]:
    """List what is not right of what is said about a hung program."""
    kinds = (program.note("verdict") or "").split(", ")
    found = []
    if tree.verdict.kind not in kinds:
        return [f"{tree.verdict.kind}, and not {kinds}"]
    where = [tree.verdict.leaf] if tree.verdict.leaf else list(tree.verdict.ring)
    threads = [tree.thread(each) for each in where]
    lines = [each.where for each in threads if each is not None]
    who = program.note("who") or ""
    sentence = all_of(tree)
    if who.lower() not in sentence.lower():
        found.append(f"not called {who}")
    dead = {(each.pid, each.tid) for each in tree.look.seen if each.dead}
    every = [t.where for p in tree.processes for t in p.threads if (p.pid, t.tid) in dead]
    if program.here is not None and program.here not in [*lines, *every]:
        found.append(f"at {lines}, and not {program.here}")
    held = program.note("held")
    if held is not None:
        # 3.13 does not tell the kernel what its threads are called; py-spy reads no such build.
        named = any(thread.name for process in tree.processes for thread in process.threads)
        by = re.escape(held) if named else re.sub('".*"', r"\\d+", re.escape(held))
        if re.search(f"{by} ", sentence.partition("waits for the lock")[2]) is None:
            found.append(f"not held by {held}")
    kind = program.note("outside")
    if kind is not None and (tree.verdict.outside is None or tree.verdict.outside.kind != kind):
        found.append(f"waits for {tree.verdict.outside}, and not for a {kind}")
    return found


class Told(NamedTuple):
    """What is said of a program, look by look, and what is wrong with the last one."""

    trees: list[trees.Tree]
    wrong: list[str]

    @property
    def sentences(self) -> list[str]:
        return [all_of(tree) for tree in self.trees]


def ask(program: Program, look: Callable[[], Look]) -> Told:
    """Ask about a program that runs: about one that hangs until what is said is right."""
    hung = not program.lives
    found: list[trees.Tree] = []
    deadline = time.monotonic() + WITHIN_S
    for number in itertools.count(1):
        with suppress(LookError):  # it may change too fast to be read
            found.append(trees.explain(look()))
        mistakes = wrong(program, found[-1]) if hung and found else []
        done = bool(found) and not mistakes if hung else number == LOOKS
        if done or time.monotonic() > deadline:
            return Told(found, mistakes)
    raise AssertionError


def end_session(session: int) -> None:
    """End all that a program has started, orphans too: they are of its session.

    Session 0 is that of all processes which were started outside of this pid namespace.
    """
    assert session not in {0, 1, os.getsid(0)}, session
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = [each for each in psutil.pids() if session_of(each) == session]
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)


def session_of(pid: int) -> int | None:
    try:
        if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return None
        return os.getsid(pid)
    except (OSError, psutil.Error):
        return None
