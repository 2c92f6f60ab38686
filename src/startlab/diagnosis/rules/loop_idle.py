"""An event loop that nothing wakes any more.

## What it sees
The loop of asyncio waits for events without a timeout, and no process or thread is left that could
cause one. Or what a coroutine awaits is ended in a function that another thread, or a signal,
calls.

## Why
A coroutine waits for a future, an event, a lock or a queue of asyncio, and no other task is left
that would resolve it, set it, release it or put into it. Or another thread has done so: that leaves
a note for the loop, and does not wake it.

## What to do
See who should have ended that wait, and start it as a task before; give the wait a timeout. From
another thread, use `loop.call_soon_threadsafe()`.

## Bad
```python
answer = loop.create_future()
await answer
```

## Good
```python
answer = loop.create_future()
task = asyncio.create_task(ask(answer))
await answer
```
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.stacks import is_idle_loop, line_of

if TYPE_CHECKING:
    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism(
        "loop_idle",
        symptom=True,
        advice="Find out what should have ended that wait: create that task first, or give the "
        "wait a timeout with asyncio.wait_for(...).",
    ),
    Mechanism(
        "not_woken",
        advice="Have the loop do it: `loop.call_soon_threadsafe(event.set)`, for a signal "
        "`loop.add_signal_handler()`; or await the work itself, `asyncio.wrap_future(future)`.",
    ),
)

_CALLED: Final = r"\b(\w+)\("


def find(case: Case) -> Cause | None:
    """See a loop of asyncio wait for events that nobody could cause."""
    for process, thread in case.threads():
        line = line_of(thread)
        if (line is None and not case.test) or not is_idle_loop(thread):
            continue
        not_woken = _not_woken(case, case.who(process), thread)
        if not_woken is not None:
            return not_woken
        if set(thread.waits_for) - {process.pid} or len(process.threads) > 1:
            continue
        if line is None:  # a plugin of pytest runs the loop
            runs, names = f"`{case.test}`", {case.test}
        else:
            runs, names = f"what runs at {line}", set(re.findall(_CALLED, case.sources.code(line)))
        awaits = _awaits(case, names)
        at = awaits[0] if len(awaits) == 1 else line
        code = f"`{case.sources.code(at)}` at {at}" if len(awaits) == 1 else runs
        more = f" It awaits at {listed(awaits[:4])}." if len(awaits) > 1 else ""
        return Cause(
            "loop_idle",
            f"the event loop of {case.who(process)} has nothing left to do, and {code} is not over",
            "A coroutine waits for a future, an event, a lock or a queue of asyncio, and no task "
            f"is left that could end that wait.{more}",
            at,
            key=at or case.test,
        )
    return None


_ENDED_BY: Final = {
    "wait": ("set",),
    "get": ("put_nowait",),
    "acquire": ("release",),
    "": ("set_result", "set_exception"),
}
"""Of what is awaited, `await event.wait()` or `await future`, the calls that end that."""

_TO_THREADS: Final = re.compile(
    r"(\.(add_done_callback|submit|apply_async|map_async|run_in_executor|to_thread)|\bThread|"
    r"\bsignal\.signal)$"
)
"""Calls that have another thread, or a signal, call what they are given."""


def _not_woken(case: Case, who: str, thread: Thread) -> Cause | None:
    """See that a function which another thread calls ends what a coroutine awaits."""
    if any(line_of(each) for _, each in case.threads() if each is not thread):
        return None  # that thread may not have come to it
    awaited = _awaited(case)
    for file in own_files(case.sources):
        source = case.sources.file(file)
        handed = _handed_to_threads(source.tree)
        for node in source.nodes:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            at = awaited.get((ast.unparse(node.func.value), node.func.attr))
            by_lambda = any(each.lineno == node.lineno for each in handed["<lambda>"])
            if at and (by_lambda or source.function_name(node.lineno) in handed):
                there = f"{file}:{node.lineno}"
                return Cause(
                    "not_woken",
                    f"the event loop of {who} waits for `{case.sources.code(at)}` at {at}, and "
                    f"`{ast.unparse(node)}` at {there}, which ends that, does not wake it: it is "
                    "not called by the loop",
                    "What asyncio has is not thread-safe. Such a call leaves with the loop what is "
                    "to be done next, and the loop sleeps until an event of its own comes.",
                    there,
                )
    return None


def _awaited(case: Case) -> dict[tuple[str, str], str]:
    """Give what coroutines await, and a call that ends it: the object, the method; and where."""
    found = {}
    for file in own_files(case.sources):
        for node in case.sources.file(file).nodes:
            if isinstance(node, ast.Await):
                what, _, method = ast.unparse(node.value).partition("(")[0].rpartition(".")
                if not isinstance(node.value, ast.Call):
                    what, method = ast.unparse(node.value), ""
                for ends in _ENDED_BY.get(method, ()):
                    found[what, ends] = f"{file}:{node.lineno}"
    return found


def _handed_to_threads(tree: ast.Module) -> defaultdict[str, list[ast.expr]]:
    """Give what is handed to something that calls it in another thread, by name or as a lambda."""
    found: defaultdict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            by_name = {each.arg: each.value for each in node.keywords}
            callbacks = [by_name[each] for each in _CALLBACKS if each in by_name]
            given = node.args if _TO_THREADS.search(ast.unparse(node.func)) else []
            for each in (*callbacks, *given):
                is_lambda = isinstance(each, ast.Lambda)
                found["<lambda>" if is_lambda else ast.unparse(each).rpartition(".")[2]] += [each]
    return found


_CALLBACKS: Final = ("callback", "error_callback", "target")


def _awaits(case: Case, names: set[str]) -> list[str]:
    """Give the lines at which the coroutine functions of these names await something."""
    return list(
        dict.fromkeys(
            f"{file}:{node.lineno}"
            for file in own_files(case.sources)
            for _, function in case.sources.file(file).functions
            if function.name in names and isinstance(function, ast.AsyncFunctionDef)
            for node in ast.walk(function)
            if isinstance(node, ast.Await)
        )
    )
