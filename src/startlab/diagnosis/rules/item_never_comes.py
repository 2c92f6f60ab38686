"""Waiting for an item that never comes.

## What it sees
The program waits in `get()` of a queue, also of a manager, and all its children have ended.

## Why
The children have put less than is read, also by an executor's thread that nobody awaits; or one has
left by `os._exit()`, before its queue's thread has written what was put. Or a line drops an item
where the queue is full.

## What to do
Read only as much as was put, with a timeout. Let the child return from its target.

## Bad
```python
def work(queue):
    queue.put("done")
    os._exit(0)
```

## Good
```python
def work(queue):
    queue.put("done")
```
"""

from __future__ import annotations

import ast
import re
from typing import Final

from startlab.diagnosis.case import Case, Cause, ended_by, last_words, takes
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files, written
from startlab.diagnosis.stacks import is_in, line_of
from startlab.model import NativeThreadsAtFork

MECHANISMS: Final = (
    Mechanism(
        "item_never_comes",
        advice="Let the child end by itself, read only as many items as were put, or read with a "
        "timeout and check whether the children are alive.",
    ),
    Mechanism(
        "item_dropped",
        advice="Put with put(), which waits for room: an end mark may not be dropped.",
    ),
    Mechanism(
        "get_in_executor",
        advice="Put an end mark (None) into the queue for it, or call get() with a timeout there.",
    ),
    Mechanism(
        "child_died_unseen",
        shown=True,
        advice="Look at what the child said last, and read with a timeout, or with "
        "multiprocessing.connection.wait() on the queue and the child's sentinel.",
    ),
    Mechanism(
        "item_lost_at_exit",
        advice="Have the child return from its target; or call close() and join_thread() of the "
        "queue before it leaves.",
        experiment="lost_result",
    ),
)


_GET_IN_THREAD: Final = r"\b(run_in_executor|to_thread|submit)\(.*\w\.get\b(?!\()"
"""How an executor's thread is given a queue's get(): no line of the program's is on its stack."""

BESIDE_NATIVE: Final = (
    "When it was forked, its parent had native threads ({}), which a fork does not copy: libraries "
    "may end a process that uses them then."
)


def find(case: Case) -> Cause | None:
    """See the program wait for an item of a queue, though all its children have ended."""
    root = case.root
    if root is None or not case.trial.starts:
        return None
    served = {p.pid for p, t in case.threads() if is_in(t, "managers.py", "serve_forever")}
    in_server = any(
        is_in(t, "/queue.py", "get") for p, t in case.threads() if p.pid in served and p != root
    )
    thread = next(
        (t for t in root.threads if takes(t) or (in_server and is_in(t, "<string>", "get"))), None
    )
    if thread is None or any(p != root and p.pid not in served for p, _ in case.threads()):
        return None
    where = line_of(thread) or case.where
    place = written(case.sources, r"\bos\._exit\(|\.cancel_join_thread\(")
    if place:
        return Cause(
            "item_lost_at_exit",
            f"a child ends by `{case.sources.code(place)}` at {place} before what it has put is "
            f"written, and the program waits at {where} for that",
            "put() only hands an item to a thread of the child's, which writes it later, and the "
            "child ends without waiting for that: the item is lost.",
            place,
        )
    died = next((e for e in case.trial.processes if e != root and e.exit_code), None)
    if died is not None:
        said, end = last_words(case.trial.stderr).rstrip("."), ended_by(died.exit_code or 0)
        native = case.clues(NativeThreadsAtFork) if (died.exit_code or 0) < 0 else []
        names = list(dict.fromkeys(name for each in native for name in each.libraries))
        return Cause(
            "child_died_unseen",
            f"a child has ended ({end}), and the program waits at {where} for an item of the queue "
            "that it would have put",
            "A queue's reader is not notified when the writing process exits."
            + (f" The last that was said: {said}." if said else "")
            + (f" {BESIDE_NATIVE.format(' '.join(names))}" if names else ""),
            where,
        )
    given = None if line_of(thread) else written(case.sources, _GET_IN_THREAD)
    if given:
        return Cause(
            "get_in_executor",
            f"a thread of an executor waits in the get() that {given} gives it, and all children "
            "have ended",
            "What waits for the result may be cancelled, but not the thread: it waits until an "
            f"item comes, and the program at {where} for the end of the thread.",
            given,
        )
    return _fewer(case, where)


def _fewer(case: Case, where: str | None) -> Cause:
    """Tell that the children have put less than is read, and of a line that drops what it puts."""
    drops = _drops(case)
    if drops is not None:
        return Cause(
            "item_dropped",
            f"the program waits at {where} for an item of the queue, all children have ended, and "
            f"`{case.sources.code(drops)}` at {drops} drops one where the queue is full",
            "put_nowait() raises queue.Full at once where a queue with a maxsize is full, and that "
            "is passed over there.",
            drops,
        )
    return Cause(
        "item_never_comes",
        f"the program waits at {where} for an item of the queue, and all children have ended",
        "Each get() waits for one item, and the children have put fewer than are read.",
        where,
    )


def _drops(case: Case) -> str | None:
    """Give the line that puts without waiting, within what passes over queue.Full."""
    for file in own_files(case.sources):
        for node in case.sources.file(file).nodes:
            passes: list[ast.expr | None] = []
            if isinstance(node, ast.With):
                passes = [each.context_expr for each in node.items]
            elif isinstance(node, ast.Try):
                passes = [each.type for each in node.handlers]
            if any(each is not None and _FULL.search(ast.unparse(each)) for each in passes):
                body = node.body if isinstance(node, ast.With | ast.Try) else []
                for each in (inner for part in body for inner in ast.walk(part)):
                    if isinstance(each, ast.Call) and _AT_ONCE.search(ast.unparse(each)):
                        return f"{file}:{each.lineno}"
    return None


_FULL: Final = re.compile(r"\bFull\b")
_AT_ONCE: Final = re.compile(r"\.put_nowait\(|\.put\(.*\b(timeout=|block=False|False)")
