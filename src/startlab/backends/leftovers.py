"""Finding and removing what killed runs have left on this host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from startlab.backends import cgroups

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRATCH: Final = re.compile(
    r"startlab-(?P<pid>\d+)-(?:(?P<started>[0-9a-f]+)-(?P<namespace>[0-9a-f]+)-)?"
)
"""An agent's scratch folder has its pid in its name; on Linux also its start and its pid namespace,
in hexadecimal (agent/job/linux.py)."""

REMOVAL: Final = Path(__file__).parents[1] / "agent" / "removal.py"


def clean() -> list[str]:
    """End the programs of dead agents and remove their folders; return what was removed.

    A program is recognized by its cgroup, where agents have one, and by the events file in its
    environment variables, which only an agent sets.
    """
    removed = []
    for cgroup in cgroups.of_dead_agents():
        removed += [f"process {pid}: {_command(pid)}" for pid in cgroup.members()]
        cgroup.remove()
    for process in _orphans():
        try:
            command = " ".join(process.cmdline())
            process.kill()
        except psutil.Error:
            continue  # it has ended in the meantime
        removed.append(f"process {process.pid}: {command}")
    # An agent whose temporary directory has too long a path uses /tmp (agent/main.py).
    parents = {Path(tempfile.gettempdir()), Path("/tmp")}  # noqa: S108 - only searched
    for folder in sorted(each for parent in parents for each in parent.glob("startlab-*")):
        match = SCRATCH.match(folder.name)
        if match and not _agent_lives(int(match["pid"]), folder):
            # In a process of its own: nobody imports the agent.
            subprocess.run([sys.executable, "-I", str(REMOVAL), str(folder)], check=False)
            left = " (in part: the rest may not be removed)" if os.path.lexists(folder) else ""
            removed.append(f"folder {folder}{left}")
    return removed


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""


def _orphans() -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            events = process.environ().get("STARTLAB_EVENTS")
        except psutil.Error:
            continue  # another user's, or gone
        for folder in Path(events).parents if events else ():
            match = SCRATCH.match(folder.name)
            if match and _is_here(process.pid) and not _agent_lives(int(match["pid"]), folder):
                yield process


def _is_here(pid: int) -> bool:
    """Return whether a process is in this pid namespace, and not in a container's."""
    try:
        return Path(f"/proc/{pid}/ns/pid").readlink() == Path("/proc/self/ns/pid").readlink()
    except FileNotFoundError:
        return True  # there are no such namespaces, or the process is gone
    except OSError:
        return False


def _agent_lives(pid: int, folder: Path) -> bool:
    """Return whether the agent that made a folder lives; a later process may have its pid.

    The clock may have jumped since: where the name tells the start of the agent, that decides. Of
    an agent in another pid namespace nothing is known.
    """
    name = SCRATCH.match(folder.name)
    if name and name["started"]:
        if int(name["namespace"], 16) != cgroups.namespace() & 0xFFFFF:  # as it is in the name
            return True
        return cgroups.started(pid) == int(name["started"], 16)
    try:
        return psutil.Process(pid).create_time() <= folder.stat().st_mtime + 1
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, OSError):
        return True  # unknown, so leave it alone
