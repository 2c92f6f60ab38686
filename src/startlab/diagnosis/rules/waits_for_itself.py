"""A thread that waits for what it would have to do itself.

## What it sees
A thread waits in a library's call, and further out in its own stack is the loop that would end
that wait, or that of a worker whose pool is in another process; or a signal handler notifies the
wait that it has interrupted; or a child waits for a connection that the loop would serve. Or all
threads of a pool are in tasks that wait for the result of other tasks.

## Why
One thread runs an event loop, a pool's callbacks or a server's requests, one after the other. A
call from there that waits for a later one keeps the thread, and the later one never comes. A pool
runs as many tasks at once as it has threads: if all wait for others, none is left to run those.

## What to do
Do not wait there: `await` it, hand it to another thread or pool, or wait in the main thread. Within
a task, call the function.

## Bad
```python
async def handler():
    return asyncio.run_coroutine_threadsafe(fetch(), asyncio.get_running_loop()).result()
```

## Good
```python
async def handler():
    return await fetch()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import (
    is_at,
    is_waiting,
    library_frames,
    line_of,
    own_frame,
    through,
    waits_for_lock,
)

if TYPE_CHECKING:
    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism("waits_for_itself", shown=True),
    Mechanism(
        "loop_blocked",
        advice="Wait in another thread: `await asyncio.to_thread(process.join)`, or "
        "`loop.run_in_executor()`.",
    ),
    Mechanism(
        "waits_for_own_pool",
        shown=True,
        advice="Call the function itself where a task would wait for a task of its own pool, or "
        "give the inner tasks a pool of their own.",
    ),
)


class _Loop(NamedTuple):
    """A loop of a library's, `file` and `function`, and the calls that wait for its next round.

    One that is `alone` waits for another thread, which its process does not have.
    """

    file: str
    function: str
    waits: tuple[tuple[str, str], ...]
    title: str
    why: str
    advice: str
    alone: bool = False


_FUTURES: Final = tuple(
    ("concurrent/futures/_base.py", each) for each in ("result", "exception", "wait")
)

_LOOPS: Final = (
    _Loop(
        "asyncio/base_events.py",
        "_run_once",
        _FUTURES,
        "{who} waits at {where} in {call}() inside of its event loop, which completes nothing "
        "meanwhile",
        "An event loop runs in one thread. While that waits, it runs neither coroutines nor what "
        "completes futures.",
        "Use `await` there (asyncio.wrap_future() makes a future of concurrent.futures awaitable), "
        "or wait in another thread: `loop.run_in_executor()`.",
    ),
    _Loop(
        "multiprocessing/pool.py",
        "_handle_results",
        (("multiprocessing/pool.py", "wait"), ("multiprocessing/pool.py", "next")),
        "a pool's callback waits at {where} for a result, in the thread that reads the results",
        "A pool reads its results in one thread, which also runs all callbacks. While a callback "
        "waits, no result is read.",
        "Start what follows without waiting for it (`apply_async()`), or collect the results in "
        "the main thread.",
    ),
    _Loop(
        "concurrent/futures/process.py",
        "run",
        _FUTURES,
        "a callback of add_done_callback() waits at {where} for a result, in the thread that reads "
        "the results",
        "A ProcessPoolExecutor reads its results in one thread, which also runs all callbacks. "
        "While a callback waits, no result is read.",
        "Submit what follows without waiting for it, or wait in the main thread.",
    ),
    _Loop(
        "concurrent/futures/process.py",
        "_process_worker",
        (("concurrent/futures/process.py", "submit"), *_FUTURES),
        "a task gives another one at {where} to the executor that runs it, of which its worker has "
        "a copy",
        "A fork copies an executor with its locks as they are, and without the thread that starts "
        "tasks.",
        "Call the function itself in the task, or make an executor there for what is in it.",
        alone=True,
    ),
    _Loop(
        "socketserver.py",
        "serve_forever",
        (("socketserver.py", "shutdown"),),
        "{who} waits at {where} in shutdown() inside of serve_forever(), for whose end that waits",
        "shutdown() returns when serve_forever() has ended, and that cannot end before the request "
        "that it handles has.",
        "Call shutdown() in another thread, or handle requests in threads: ThreadingTCPServer.",
    ),
    _Loop(
        "multiprocessing/synchronize.py",
        "wait",
        (("multiprocessing/synchronize.py", "notify"),),
        "{who} waits at {where} in a signal handler for the end of the wait that the signal has "
        "interrupted, at {outer}",
        "A handler runs in the main thread, amid what that does. set() and notify() of "
        "multiprocessing return when those that wait have woken up, and the one that was "
        "interrupted goes on only after the handler.",
        "Have the handler set a plain variable, and a loop look at it, "
        "`while not stopping: time.sleep(0.1)`; or wait for the signal itself: "
        "`signal.sigwait({signal.SIGTERM})`.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a thread wait inside of the loop whose next round would end its wait."""
    for process, thread in case.threads():
        frame = own_frame(thread)
        if frame is None or not waits_for_lock(thread):
            continue
        inside = library_frames(thread)
        around = thread.stack[len(inside) :]
        for loop in _LOOPS:
            call = next((f for f in inside for each in loop.waits if is_at(f, *each)), None)
            at = [n for n, f in enumerate(around) if is_at(f, loop.file, loop.function)]
            if call is None or not at or (loop.alone and len(process.threads) > 1):
                continue
            where = line_of(thread) or ""
            title = loop.title.format(
                who=case.whose(process, thread),
                where=where,
                call=call.function.rpartition(".")[2],
                outer=line_of(msgspec.structs.replace(thread, stack=tuple(around[at[0] :]))),
            )
            return Cause("waits_for_itself", title, loop.why, where, advice=loop.advice)
    return None


_WORKERS: Final = (
    ("concurrent/futures/thread.py", "_worker"),
    ("multiprocessing/pool.py", "worker"),
)
_RESULTS: Final = (
    ("concurrent/futures/_base.py", "result"),
    ("concurrent/futures/_base.py", "wait"),
    ("concurrent/futures/_base.py", "as_completed"),
    ("concurrent/futures/_base.py", "exception"),
    ("multiprocessing/pool.py", "wait"),
)


def suspect(case: Case) -> Cause | None:
    """See an event loop kept from what a child waits for, or a pool's threads wait for results."""
    return _loop_blocked(case) or _own_pool(case)


def _loop_blocked(case: Case) -> Cause | None:
    """See a coroutine wait for a child that waits for a connection, which the loop would serve."""
    for process, thread in case.threads():
        inside = library_frames(thread)
        around = thread.stack[len(inside) :]
        in_loop = any(is_at(each, "asyncio/base_events.py", "_run_once") for each in around)
        children = [t for p, t in case.threads() if p != process and _at_socket(t)]
        if inside and in_loop and children and own_frame(thread) is not None:
            where = line_of(thread) or ""
            return Cause(
                "loop_blocked",
                f"{case.who(process)} waits at {where} in "
                f"{inside[-1].function.rpartition('.')[2]}() inside of its event loop, and a child "
                f"waits at {line_of(children[0])} at a socket, which that loop does not serve "
                "meanwhile",
                "An event loop runs in one thread. While that waits, it accepts no connection, and "
                "reads from none.",
                where,
            )
    return None


def _at_socket(thread: Thread) -> bool:
    """Tell whether a line of the program waits at a socket, and not at a multiprocessing.Pipe."""
    obstacle = thread.wait.obstacle if thread.wait is not None else None
    at_socket = is_waiting(thread, "socket read", "socket write", "connection") or (
        obstacle is not None and obstacle.kind in ("peer outside", "open to connect")
    )
    return at_socket and line_of(thread) is not None and not through(thread, "connection.py")


def _own_pool(case: Case) -> Cause | None:
    """See every thread of a pool wait for a result."""
    for process in case.trial.processes:
        for file, function in _WORKERS:
            workers = [t for t in process.threads if any(is_at(f, file, function) for f in t.stack)]
            if not workers or len(process.threads) < 2 or not all(map(_waits, workers)):
                continue
            where = line_of(workers[0]) or ""
            number = len(workers)
            threads = f"all its {number} threads are" if number > 1 else "its only thread is"
            return Cause(
                "waits_for_own_pool",
                f"a task waits at {where} for another task of the pool that runs it, and {threads} "
                "taken by such tasks",
                "A task that waits keeps its thread, and none is left to run what it waits for.",
                where,
            )
    return None


def _waits(thread: Thread) -> bool:
    """Tell whether a task of the program's waits for a result."""
    library = library_frames(thread)
    return len(library) < len(thread.stack) and any(
        is_at(each, *result) for each in library for result in _RESULTS
    )
