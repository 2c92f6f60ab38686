"""Naming threads and numbers in a sentence."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Iterable,
)

if TYPE_CHECKING:
    from . import waits


def named(pid: int, tid: int) -> str:
    """Name a thread in a sentence."""
    return f"pid {pid}" if pid == tid else f"thread {tid} of pid {pid}"


def numbered(pids: Iterable[int]) -> str:
    """Name processes in a sentence."""
    found = sorted(pids)
    return ("pid " if len(found) == 1 else "pids ") + ", ".join(map(str, found))


def open_words(wait: waits.Open, pid: int, tid: int) -> str:
    """Say that a thread may wake, and from what."""
    return f"may wake: {wait.name}{' with a timeout' if wait.timed else ''} in {named(pid, tid)}"
