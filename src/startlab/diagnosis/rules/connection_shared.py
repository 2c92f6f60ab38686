"""One connection in several processes.

## What it sees
Forked children have a connection or an open database that their parent had opened, and a child
raises in the library that opened it, waits there, or gets something else than it asked for.

## Why
A fork copies descriptors, not what is behind them: all processes write into one connection, and
each reads what comes first, which may be the answer to another.

## What to do
Connect in the child, or have one client for each process.

## Bad
```python
SESSION = requests.Session()
SESSION.get(url)
multiprocessing.Process(target=SESSION.get, args=(url,)).start()
```

## Good
```python
def work(url):
    with requests.Session() as session:
        session.get(url)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.libraries import package, waits_in
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.stacks import is_waiting, library_frames, line_of, own_line
from startlab.model import OpenedBefore
from startlab.output.tracebacks import find_tracebacks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Trial
    from startlab.output.tracebacks import Traceback

MECHANISMS: Final = (
    Mechanism(
        "connection_shared",
        copied=True,
        advice="Open it in each process: make the client in the child, or keep one for each "
        "os.getpid().",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a child fails or waits in a library whose connection is its parent's."""
    clues = case.telling(OpenedBefore)
    apart = [each for each in case.others if not Case(each, case.sources).clues(OpenedBefore)]
    for traceback in case.within_children:
        where = own_line(traceback.frames)
        if any(_raises(each, traceback) for each in apart):
            continue  # it is raised by children that share nothing, too
        for clue in clues if where is not None else ():  # of a chain, only the last has it
            if _is_through(traceback, clue):
                return _cause(clue, where, f"a child raises {traceback.said}")
    for process, thread in case.threads():
        where = line_of(thread)
        files = [frame.file for frame in library_frames(thread)]
        if not case.is_fork(process) or where is None:
            continue
        for clue in clues:
            if is_waiting(thread, "socket read", "socket write", "poll", "call") and (
                not clue.by or clue.by in waits_in(thread) or clue.by in map(package, files)
            ):
                return _cause(clue, where, "a child waits for an answer that another process got")
    return None


def in_output(case: Case) -> Cause | None:
    """See that children use their parent's connection where they print something else."""
    clues = case.telling(OpenedBefore)
    if not clues or not any(case.lines):
        return None
    clue = clues[0]
    calls = Calls(case.sources).in_children()
    used = [
        each.where
        for each in calls
        if each.where != clue.where and (not clue.by or each.package == clue.by)
    ]
    if not used and not clue.by:
        return None
    # A client that is an object's attribute is called by no name that tells its library.
    return _cause(clue, used[0] if used else None, "children get what others have asked for")


def _raises(other: Trial, traceback: Traceback) -> bool:
    """Tell whether another trial has raised the same at the same line."""
    return any(
        (each.exception, own_line(each.frames)) == (traceback.exception, own_line(traceback.frames))
        for each in find_tracebacks(other.stderr)
    )


def _is_through(traceback: Traceback, clue: OpenedBefore) -> bool:
    files: Sequence[str] = [file for file, _ in traceback.frames]
    if clue.by:
        return clue.by in map(package, files)
    return any("/socket.py" in file or "/http/" in file for file in files) or (
        clue.what == "database" and "sqlite3" in traceback.exception.type
    )


def _cause(clue: OpenedBefore, where: str | None, came: str) -> Cause:
    by = f" of {clue.by}" if clue.by else ""
    opened = f" that the parent opened at {clue.where}" if clue.where else ""
    used = f", and use it at {where}" if where else ""
    return Cause(
        "connection_shared",
        f"forked children share one {clue.what}{by}{opened}{used}: {came}",
        f"The {clue.what} to {clue.address} was open when the children were forked, and all of "
        "them have it: all write to it, and each reads whatever arrives next.",
        where or clue.where,
        key=f"{clue.by} {clue.where}",
    )
