"""A pool's callback that raised, or was not called.

## What it sees
A pool's thread has ended by an exception in a line of the program's. Or, on weaker evidence, all
workers wait for tasks, a callback is there, and the program still waits for a result, or for what
the callback does.

## Why
A pool runs all callbacks in the one thread that reads its results. What a callback raises ends that
thread, and no result comes any more. A `KeyError` is dropped there silently. The `callback` of a
task that has raised is not called: there is `error_callback` for that.

## What to do
Make sure that a callback cannot raise, or collect the results in the main thread. Give the task an
`error_callback`, too.

## Bad
```python
pool.apply_async(work, (name,), callback=lambda value: totals[name].append(value))
```

## Good
```python
result = pool.apply_async(work, (name,))
totals.setdefault(name, []).append(result.get())
```
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, waits_for_pool
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import line_within, own_files
from startlab.diagnosis.source.syntax import ENDED_BY
from startlab.diagnosis.stacks import is_at, line_of, own_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.model import Thread


MECHANISMS: Final = (
    Mechanism(
        "callback_failed",
        advice="Make sure that a callback cannot raise; or collect the results in the main thread: "
        "`result.get()`, `imap_unordered()`.",
    ),
    Mechanism(
        "callback_skipped",
        advice="Give the task an `error_callback=` that does the same, or look at each result with "
        "get(), which raises what the task has raised.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a callback has ended the thread of a pool that reads the results."""
    waiting = waits_for_pool(case)
    if waiting is None:
        return None
    for traceback in case.tracebacks:
        of_pool = any(file.endswith("pool.py") for file, _ in traceback.frames)
        where = own_line(traceback.frames)
        if traceback.passing and of_pool and where:
            return Cause(
                "callback_failed",
                f"the callback of a pool's task raises {traceback.said} at {where}, and {waiting} "
                "waits for results",
                f"{_ONE_THREAD} What it raises ends that thread, and no further result arrives.",
                where,
            )
    return None


_WAITS: Final = re.compile(rf"(?:\bwith )?([\w.]+)(?:\.({'|'.join(ENDED_BY)})\(|:)")

_ONE_THREAD: Final = "A pool runs all callbacks in the one thread that reads its results."


def suspect(case: Case) -> Cause | None:
    """Suspect a callback where all workers wait for tasks."""
    workers = [thread for process, thread in case.threads() if process != case.root]
    if case.died or not workers or not all(t.stack and _takes_a_task(t) for t in workers):
        return None
    if any(line_of(t) and _is_of_results(t) for _, t in case.threads()):
        return None  # a callback has not returned
    return _skipped(case) or _passed_over(case)


def _skipped(case: Case) -> Cause | None:
    """See a wait for what a callback does, which only a task that raised could leave out."""
    for process, thread in case.threads():
        where = line_of(thread) if process == case.root else None
        for name, method in _WAITS.findall(case.sources.code(where)) if where else ():
            ends = ENDED_BY[method] if method else "release"
            for called, there in _callbacks(case):
                pattern = rf"\b{re.escape(name.rpartition('.')[2])}\.({ends})\("
                done = line_within(case.sources, called, pattern)
                if done is not None:
                    return _of_skipped(case, f"`{called}`", there, where or "", done)
    return None


def _of_skipped(case: Case, called: str, there: str, where: str, done: str) -> Cause:
    raised = next((e for e in case.tracebacks if not e.passing and own_line(e.frames)), None)
    at = own_line(raised.frames) if raised is not None else None
    what = f"raises {raised.said} at {at}" if raised is not None else "must have raised"
    return Cause(
        "callback_skipped",
        f"a task {what}, so its callback {called} is not called, and the program waits at {where} "
        f"for what that does at {done}",
        f"The task is given `callback=` and no `error_callback=` at {there}. A pool calls the "
        "first for a task that went well, and the second for a task that has raised.",
        at or there,
        key=there,
    )


def _callbacks(case: Case) -> Iterator[tuple[str, str]]:
    """Give the functions that are called for tasks that went well alone, and where that is said."""
    for file in own_files(case.sources):
        for node in case.sources.file(file).nodes:
            if isinstance(node, ast.Call):
                given = {each.arg: each.value for each in node.keywords}
                if "callback" in given and "error_callback" not in given:
                    name = ast.unparse(given["callback"]).rpartition(".")[2]
                    yield name, f"{file}:{node.lineno}"


def _passed_over(case: Case) -> Cause | None:
    """Suspect that a callback has raised a KeyError: a pool passes over that."""
    waiting = waits_for_pool(case)
    source = case.sources.file(case.sources.main)
    line = source.mentions(r"\bcallback\s*=\s*\w")
    if waiting is None or case.tracebacks or line is None:
        return None
    match = re.search(r"\bcallback\s*=\s*([\w.]+)", source.line(line))
    name = match[1].rpartition(".")[2] if match else ""
    looked_up = source.lookups_of(name)
    defined = source.mentions(rf"\bdef {re.escape(name)}\b")
    where = f"{case.sources.main}:{looked_up[0] if len(looked_up) == 1 else defined or line}"
    return Cause(
        "callback_failed",
        f"all tasks of the pool are done, and {waiting} still waits for a result: its callback at "
        f"{where} must have raised a KeyError",
        f"{_ONE_THREAD} It drops a KeyError there silently, and the result that the callback "
        "was called for never arrives.",
        where,
    )


def _is_of_results(thread: Thread) -> bool:
    """Tell whether a thread is the one of a pool that reads results, and runs callbacks."""
    return any(is_at(each, "pool.py", "_handle_results") for each in thread.stack)


def _takes_a_task(thread: Thread) -> bool:
    """Tell whether a worker of a pool waits for a task."""
    names = [each.file.rpartition("/")[2] for each in thread.stack]
    inside = names[: names.index("pool.py")] if "pool.py" in names else ["?"]
    return set(inside) <= {"queues.py", "connection.py", "synchronize.py"}
