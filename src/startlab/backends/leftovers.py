"""What a killed run has left on this host, and its removal."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRATCH: Final = re.compile(r"startlab-(?P<pid>\d+)-")
"""An agent names its scratch folder after itself (agent/main.py)."""


def clean() -> list[str]:
    """End the programs of agents that are gone and remove their folders; say what was removed.

    A program is known by the events file in its environment, which only its agent gave it.
    """
    removed = []
    for process in _orphans():
        try:
            command = " ".join(process.cmdline())
            process.kill()
        except psutil.Error:
            continue  # it has ended meanwhile
        removed.append(f"process {process.pid}: {command}")
    # An agent whose own temporary directory has too long a name takes /tmp (agent/main.py).
    parents = {Path(tempfile.gettempdir()), Path("/tmp")}  # noqa: S108 - looked at, not written to
    for folder in sorted(each for parent in parents for each in parent.glob("startlab-*")):
        match = SCRATCH.match(folder.name)
        if match and not _agent_lives(int(match["pid"]), folder):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                removed.append(f"folder {folder}")
    return removed


def _orphans() -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            events = process.environ().get("STARTLAB_EVENTS")
        except psutil.Error:
            continue  # somebody else's, or gone
        for folder in Path(events).parents if events else ():
            match = SCRATCH.match(folder.name)
            if match and _is_here(process.pid) and not _agent_lives(int(match["pid"]), folder):
                yield process


def _is_here(pid: int) -> bool:
    """Tell whether a process counts pids as this one does: a container's means others by them."""
    try:
        return Path(f"/proc/{pid}/ns/pid").readlink() == Path("/proc/self/ns/pid").readlink()
    except FileNotFoundError:
        return True  # there are no such namespaces, or the process is gone
    except OSError:
        return False


def _agent_lives(pid: int, folder: Path) -> bool:
    """Tell whether the agent that made a folder lives; a later process may have its pid."""
    try:
        return psutil.Process(pid).create_time() <= folder.stat().st_mtime + 1
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, OSError):
        return True  # not ours to judge
