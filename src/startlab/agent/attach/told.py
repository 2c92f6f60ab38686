"""A look at a tree as plain values: its processes, their threads, and the program's source."""

from __future__ import annotations

import os
import platform
import sys
import tokenize
from typing import TYPE_CHECKING, Any, BinaryIO, Dict, List, Mapping, Sequence

assert sys.platform == "linux"

from ..proof import homes_of, procfs, waits
from ..proof.facts import Wait, Waiting, plain
from ..stacks import Stack, matched, own_frames, server
from .outside import Naming

if TYPE_CHECKING:
    from ..proof.fixpoint import Id
    from ..proof.partial import Partial
    from ..proof.scene import Process

MOST_SOURCE = 200_000  # bytes of a file
MOST_SOURCES = 40
MOST_TEXT = 4000
_LIBRARY = ("/lib/python", "/lib/pypy", "-packages/")

Stacks = Mapping[int, Sequence[Stack]]
"""Those of each process."""


def by_thread(seen: Partial, found: Stacks) -> Dict[Id, Stack]:
    """Tell which stack is which thread's."""
    told = {}
    for process in seen.snapshot:
        pid = process.stat.pid
        mine = found.get(pid, ())
        tids = [thread.tid for thread in process.threads]
        ghosts = any(map(_keeps_ghosts, mine))
        for tid, stack in matched(pid, tids, mine, homes_of(pid), ghosts=ghosts).items():
            told[pid, tid] = stack
    return told


def _keeps_ghosts(stack: Stack) -> bool:
    """Whether it is of a Python that keeps the stacks of threads which a fork left behind."""
    return any("/python2." in frame.file or "/python3.6/" in frame.file for frame in stack.frames)


def waiting(seen: Partial) -> Dict[Id, Waiting]:
    """Tell what each thread waits for, and who of the tree could end that."""
    found = {}
    for process in seen.snapshot:
        for thread in process.threads:
            each = thread.pid, thread.tid
            bond = seen.bonds.get(each)
            why = seen.may_wake.get(each)
            wait = _wait_of(thread) if bond is None else bond.wait
            wait = wait._replace(obstacle=why, timed=bool(why and why.timed))
            found[each] = Waiting(*each, wait, tuple(sorted(bond.wakers)) if bond else ())
    return found


def _wait_of(thread: procfs.Thread) -> Wait:
    """Tell what a thread is in that waits for nothing of the tree."""
    call = waits.parse(thread.call)
    if call is None:
        return Wait("running")
    machine = platform.machine()
    return Wait(waits.kind(waits.decode(call, machine)), waits.name(call, machine))


def processes(
    seen: Partial, found: Stacks, stacks: Mapping[Id, Stack], waits_of: Mapping[Id, Waiting]
) -> List[Dict[str, Any]]:
    """Tell of each process and thread what it is in.

    `stacks` are those of the threads, and `waits_of` what they wait for.
    """
    naming = Naming(seen.ends, [each.stat.pid for each in seen.snapshot if each.threads])
    return [
        {
            "pid": process.stat.pid,
            "ppid": process.stat.parent,
            "command": _text(f"/proc/{process.stat.pid}/cmdline") or f"[{process.stat.name}]",
            "name": process.stat.name,
            "state": process.stat.state,
            "started": process.stat.started,
            "cwd": link(f"/proc/{process.stat.pid}/cwd"),
            "numbers": procfs.numbers(process.stat.pid),
            "server": server(found.get(process.stat.pid, ())) or "",
            "threads": [
                {
                    **_thread(thread, stacks.get((thread.pid, thread.tid), _NO_STACK), process),
                    **_wait(seen, thread, waits_of[thread.pid, thread.tid], naming),
                }
                for thread in process.threads
            ],
        }
        for process in seen.snapshot
    ]


_NO_STACK = Stack(None, "", ())
_STARTED_AT = 19  # in `stat`, after the name


def _thread(thread: procfs.Thread, stack: Stack, process: Process) -> Dict[str, Any]:
    name = stack.name or _text(f"/proc/{thread.pid}/task/{thread.tid}/comm").strip()
    return {
        "tid": thread.tid,
        "name": "" if name == process.stat.name else name,  # most have the process's
        "state": thread.state,
        "started": int(procfs.thread_stat(thread.pid, thread.tid)[_STARTED_AT]),
        "own_depth": len(own_frames(stack)),
        "stack": plain(stack.frames),
    }


def _wait(seen: Partial, thread: procfs.Thread, waiting: Waiting, naming: Naming) -> Dict[str, Any]:
    """Tell what a thread waits for, also outside, unless more than a look has shown it harmless."""
    each = thread.pid, thread.tid
    why = seen.may_wake.get(each)
    named = []
    if why is not None and not (waiting.wait.rounds or waiting.wait.poller):
        named = naming.of(thread, why, seen.outside.get(each, ()))
    return {
        "wait": plain(waiting.wait),
        "waits_for": waiting.waits_for,
        "outside": plain(named),
    }


# --- the program's own code ----------------------------------------------------------------------


def is_own(file: str) -> bool:
    """Whether a file is the program's, by its path."""
    return not file.startswith("<") and not any(part in file for part in _LIBRARY)


def sources(seen: Partial, found: Stacks) -> Dict[str, str]:
    """Read the program's files that stacks go through, as its processes have them."""
    texts: Dict[str, str] = {}
    for process in seen.snapshot:
        pid = process.stat.pid
        files = [frame.file for stack in found.get(pid, ()) for frame in stack.frames]
        for file in dict.fromkeys(filter(is_own, files)):
            path = os.path.normpath(os.path.join(link(f"/proc/{pid}/cwd"), file))
            if path in texts or len(texts) >= MOST_SOURCES:
                continue
            try:
                with open(f"/proc/{pid}/root{path}", "rb") as source:
                    texts[path] = _decoded(source)
            except OSError:
                continue
    return texts


def _decoded(file: BinaryIO) -> str:
    """Read a Python file by its byte order mark or coding line, else as UTF-8."""
    try:
        encoding, _ = tokenize.detect_encoding(file.readline)
    except SyntaxError:
        encoding = "utf-8"
    file.seek(0)
    text = file.read(MOST_SOURCE).decode(encoding, "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(path: str) -> str:
    try:
        data = procfs.read(path)
    except OSError:
        return ""
    return data.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")[:MOST_TEXT]


def link(path: str) -> str:
    """Read a link; empty where it is gone."""
    try:
        return os.readlink(path)
    except OSError:
        return ""
