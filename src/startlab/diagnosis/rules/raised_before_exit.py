"""A program that waits at its end for children that it has not ended.

## What it sees
The program has raised an exception, which nothing catches, and waits at its end for a child that
waits for the program. Or an exit handler would end the child, and its turn comes after that wait.

## Why
At its end a program joins the children that it has started and that are no daemons. What ends them,
an end mark or an event, comes from a line that an exception has skipped. Or it is in an exit
handler: they are called in reverse order, so one that was registered before multiprocessing's own
is called after that has joined the children.

## What to do
Fix what is raised, and end the children in a `finally`; or start them with `daemon=True`. Register
an exit handler after the first `Event`, `Queue` or `Process` is made.

## Bad
```python
writer.start()
for row in rows:
    queue.put(row["price"])  # KeyError
queue.put(None)
```

## Good
```python
writer.start()
try:
    for row in rows:
        queue.put(row["price"])
finally:
    queue.put(None)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import line_within, own_files
from startlab.diagnosis.stacks import is_at, is_in, line_of, own_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism(
        "raised_before_exit",
        shown=True,
        advice="Fix the exception, and end the children in a `finally`, or start them with "
        "daemon=True: a program that exits waits for children that are not daemons.",
    ),
    Mechanism(
        "exit_handler_late",
        advice="Register it after the first Event, Queue or Process is made, or end the child in a "
        "`finally`.",
    ),
)


def find(case: Case) -> Cause | None:
    """See the program at its end, after an exception of its own, join a child that waits."""
    if any(each.child for each in case.tracebacks) or case.died:
        return None  # what it raised may follow from what a child did
    raised = next((each for each in case.tracebacks if not each.passing), None)
    where = own_line(raised.frames) if raised is not None else None
    if raised is None or where is None or not _is_at_its_end(case):
        return None
    waiting = [line_of(thread) for process, thread in case.threads() if process != case.root]
    at = next((line for line in waiting if line), None)
    return Cause(
        "raised_before_exit",
        f"the program raises {raised.said} at "
        f"{where}, and at its end waits for a child that "
        + (f"still waits at {at}" if at else "does not end"),
        "Once an exception has left the main module, multiprocessing joins all children that are "
        "not daemons. What should end this one comes after the line that raises.",
        where,
    )


def suspect(case: Case) -> Cause | None:
    """See the program at its end join a child that one of its exit handlers would end."""
    if not _is_at_its_end(case) or case.tracebacks:
        return None
    for process, thread in case.threads():
        at = line_of(thread) if process != case.root else None
        for name, there in _exit_handlers(case) if at else ():
            done = line_within(case.sources, name, rf"\.({_ended_by(thread)})\(")
            if done is not None:
                return Cause(
                    "exit_handler_late",
                    f"the program at its end waits for a child, which waits at {at} for what the "
                    f"exit handler `{name}` does at {done}: it is called after that wait, for "
                    f"{there} has registered it before multiprocessing has its own",
                    "Exit handlers are called in reverse order. The one of multiprocessing joins "
                    "all children that are not daemons; it is registered when the first Event, "
                    "Queue or Process is made.",
                    there,
                )
    return None


def _is_at_its_end(case: Case) -> bool:
    """Tell whether the program is in multiprocessing's exit handler, which joins its children."""
    frames = [each for p, t in case.threads() if p == case.root for each in t.stack]
    return any(is_at(each, "multiprocessing/util.py", "_exit_function") for each in frames)


def _ended_by(thread: Thread) -> str:
    """Give the calls that end what a child waits for, or the child itself."""
    if is_in(thread, "synchronize.py", "wait"):
        return "set|notify|notify_all|terminate|kill"
    if is_in(thread, "multiprocessing/queues.py", "get"):
        return "put|put_nowait|terminate|kill"
    if is_in(thread, "multiprocessing/connection.py", "recv", "recv_bytes"):
        return "send|send_bytes|close|terminate|kill"
    return "terminate|kill"


def _exit_handlers(case: Case) -> Iterator[tuple[str, str]]:
    """Give the functions that are registered with atexit, each with the line that does so."""
    for file in own_files(case.sources):
        for node in case.sources.file(file).nodes:
            if isinstance(node, ast.Call) and node.args and _registers(node.func):
                yield ast.unparse(node.args[0]).rpartition(".")[2], f"{file}:{node.lineno}"
            elif isinstance(node, ast.FunctionDef):
                for each in filter(_registers, node.decorator_list):
                    yield node.name, f"{file}:{each.lineno}"


def _registers(function: ast.expr) -> bool:
    return ast.unparse(function) == "atexit.register"
