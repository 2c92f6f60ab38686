"""Control groups of Linux, version 2: what an agent has started is there, whatever it does.

A program that ends its agent and forgets its environment is nobody's child and bears no mark, but
it stays in its cgroup. That can be made by root, and by a user to whom a part of the tree is
delegated; elsewhere there is none, and processes are found by their parents and environments.

Each agent has one, and an agent runs one trial at a time: to move a process for each trial would
cost 5 to 20 ms of it, while the kernel waits for forks under way. The agent is moved as it starts.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = re.compile(r"startlab-(?P<pid>\d+)-(?P<started>\d+)-(?P<namespace>\d+)")
"""The agent's pid, when it was started, by which a later process of that pid is told apart, and the
pid namespace in which it has that pid."""

ENDING_S: Final = 5.0


class Cgroup:
    """The cgroup of one agent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def kill(self) -> None:
        """End all processes in it at once, also those that are just being forked."""
        if (self.folder / "cgroup.kill").exists():  # since Linux 5.14
            with suppress(OSError):
                (self.folder / "cgroup.kill").write_text("1")
            return
        import psutil  # slow, and rarely needed

        for pid in _members(self.folder):
            with suppress(psutil.Error):
                psutil.Process(pid).kill()

    def freeze(self) -> None:
        """Have no process in it run, nor start another; they can be ended all the same."""
        with suppress(OSError):  # before Linux 5.2
            (self.folder / "cgroup.freeze").write_text("1")

    def is_frozen(self) -> bool:
        """Tell whether all in it has been frozen, by whoever may."""
        try:
            return "frozen 1" in (self.folder / "cgroup.events").read_text("ascii")
        except OSError:
            return False

    def members(self) -> list[int]:
        """List the processes in it."""
        return _members(self.folder)

    def remove(self) -> None:
        """End what is left in it, and remove it."""
        deadline = time.monotonic() + ENDING_S
        while self.folder.exists() and time.monotonic() < deadline:
            self.kill()
            for folder in (*reversed(list(_below(self.folder))), self.folder):
                with suppress(OSError):  # its processes are ending
                    folder.rmdir()
            if self.folder.exists():
                time.sleep(0.002)


def make(pid: int) -> Cgroup | None:
    """Move an agent that is just starting to a cgroup of its own; None where there can be none."""
    above, ticks = own(), started(pid)
    if above is None or ticks is None:
        return None
    folder = above / f"startlab-{pid}-{ticks}-{namespace()}"
    try:
        folder.mkdir()
    except OSError:
        return None
    try:
        (folder / "cgroup.procs").write_text(f"{pid}")
    except OSError:
        with suppress(OSError):
            folder.rmdir()
        return None
    return Cgroup(folder)


def of_dead_agents() -> list[Cgroup]:
    """Find the cgroups whose agents are gone."""
    top = mounted()
    found = []
    for folder in _below(top) if top is not None else ():
        name = NAME.fullmatch(folder.name)
        if name is None:
            continue
        if int(name["namespace"]) != namespace():
            dead = not _members(folder)  # there it may live, under another pid than it has here
        else:
            dead = started(int(name["pid"])) != int(name["started"])
        if dead:
            found.append(Cgroup(folder))
    return found


def mounted() -> Path | None:
    """Find where the tree is mounted, alone or beside version 1."""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    places = (each.split(" ")[1] for each in mounts if each.split(" ")[2:3] == ["cgroup2"])
    return next((Path(each) for each in places if " " not in each), None)


def own() -> Path | None:
    """Find the cgroup of this process."""
    top = mounted()
    try:
        lines = Path("/proc/self/cgroup").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    path = next((line[3:] for line in lines if line.startswith("0::/")), None)
    if top is None or path is None:
        return None
    return top / path.lstrip("/")


def _below(folder: Path) -> Iterator[Path]:
    """Yield all cgroups in one, each before those in it."""
    todo = [folder]
    while todo:
        try:
            found = [Path(each.path) for each in os.scandir(todo.pop()) if each.is_dir()]
        except OSError:  # it was removed, or is another user's
            continue
        yield from found
        todo += found


def _members(folder: Path) -> list[int]:
    """List the processes in a cgroup and in those in it."""
    found: list[int] = []
    for each in (folder, *_below(folder)):
        with suppress(OSError):
            found += map(int, (each / "cgroup.procs").read_text("ascii").split())
    return found


def namespace() -> int:
    """Name the pid namespace of this process; 0 where there are none."""
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0


def started(pid: int) -> int | None:
    """Tell when a process was started, in ticks since the machine was; None if it is gone.

    No jump of the clock changes that.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name is in brackets, and may have brackets and spaces in it.
    return int(stat[stat.rindex(b")") + 2 :].split()[19])
