"""A library's native threads that a fork leaves behind.

## What it sees
A forked child waits in a library's native code, as the return addresses on its stack show, for what
no thread of it can do.

## Why
Libraries such as those with OpenMP have a pool of native threads, from their first use on. A fork
copies only the thread that forks: the child has the pool's memory and none of its threads.

## What to do
Use the library first in the children, or use spawn.

## Bad
```python
index.search(queries, 3)
multiprocessing.Process(target=index.search, args=(queries, 3)).start()
```

## Good
```python
multiprocessing.Process(target=index.search, args=(queries, 3)).start()
index.search(queries, 3)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.libraries import called, installed, package, runtime_of, waits_in
from startlab.diagnosis.rule import USE_LATER, Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.stacks import is_waiting, line_of
from startlab.model import NativeThreadsAtFork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism(
        "native_pool_after_fork", copied=True, advice=USE_LATER, experiment="native_pool_after_fork"
    ),
)


def find(case: Case) -> Cause | None:
    """See that a forked child waits in a library, for threads that only its parent has."""
    if not case.forked:
        return None
    for process, thread in case.threads():
        library = waits_in(thread)
        where = line_of(thread)
        if not case.is_fork(process) or where is None or not library or not _is_inside(thread):
            continue
        native = case.clues(NativeThreadsAtFork)
        lacks = "native threads that only its parent has" if native else "what a fork does not copy"
        known = runtime_of(thread)
        return Cause(
            "native_pool_after_fork",
            f"{case.forked_child} waits at {where} in {library}, for {lacks}",
            f"{_used(case, thread)}{_had(native)} A fork copies only the thread that forks: "
            "nothing does the work of the library's threads in the child, and a lock that one of "
            "them held stays held.",
            where,
            advice=f"{known.name}: {known.cure}." if known and known.cure else "",
        )
    return None


def _used(case: Case, thread: Thread) -> str:
    """Say which call of the library the child is in, and which is the parent's first one."""
    frame = called(thread)
    if frame is None:
        return ""
    said = f"It was called by `{frame.function}` at {installed(frame.file)}:{frame.line}. "
    name = package(frame.file)
    first = Calls(case.sources).first_use(name)
    return said + (f"The program first calls {name} at {first}. " if first else "")


def _had(native: Sequence[NativeThreadsAtFork]) -> str:
    """Say which native threads there were at the fork."""
    if not native:
        return "The child has a copy of the library's memory, as it was at the fork."
    number = max(each.number for each in native)
    names = " ".join(dict.fromkeys(name for each in native for name in each.libraries))
    return (
        f"When the child was forked, its parent had {number} native "
        f"thread{'s' if number != 1 else ''}{f' ({names})' if names else ''}."
    )


def _is_inside(thread: Thread) -> bool:
    """Tell whether nothing but its own process could end what a thread waits for."""
    return is_waiting(thread, "lock", "eventfd") or (
        is_waiting(thread, "poll", "call")
        and thread.wait is not None
        and not any(each.kind == "child" for each in thread.wait.polled)
    )
