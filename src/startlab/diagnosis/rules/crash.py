"""A process that died by a signal.

## What it sees
A process of the program ended by SIGSEGV, SIGABRT or the like, and no rule knows more of it. It may
be a forked child, where a spawned one does not die.

## Why
Native code went wrong in it, under this start method or under all. A library's handle, context or
thread pool that was made before a fork does not work in the child, which has a copy of the memory
and nothing else. The stacks are those that faulthandler wrote.

## What to do
Look at the line that it died at, and at what that calls. Make in the child what is made before the
fork, or use spawn.

## Bad
```python
DEVICE = library.open()
multiprocessing.Process(target=DEVICE.run).start()
```

## Good
```python
def work():
    library.open().run()

multiprocessing.Process(target=work).start()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, died_at, last_words
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_lines
from startlab.output import signals

MECHANISMS: Final = (
    Mechanism("crash", symptom=True, shown=True),
    Mechanism(
        "native_after_fork",
        copied=True,
        advice="Make it in the child (or when it is first used, per os.getpid()); under "
        "forkserver, multiprocessing.set_forkserver_preload([]) keeps the main module out of it.",
        experiment="native_pool_after_fork",
    ),
)


def find(case: Case) -> Cause:
    """See that a process died by a signal: a forked child, or any."""
    said = last_words(case.trial.stderr)
    last = f"Before it died it said: {said}" if said else ""
    names = [name for _, code, _ in case.died if (name := signals.name_of(code))]
    crashes = [name for name in names if name in signals.CRASHES]
    if crashes and case.inherited_main and not _dies_if_spawned(case):
        return _after_fork(case, crashes[0], last)
    where = died_at(case)
    by = case.trial.signal or (names[0] if names else "a signal")
    who = "the program" if case.trial.signal else "a child"
    return Cause("crash", f"{who} dies by {by}{at(where)}", last, where, key=f"{by} {where}")


def _after_fork(case: Case, name: str, last: str) -> Cause:
    """Tell of a forked child that dies by what its parent made before the fork."""
    stack = own_lines(case.trial.crash_stacks[-1]) if case.trial.crash_stacks else []
    where = died_at(case)
    way = f", called from {stack[1]}" if len(stack) > 1 else ""
    return Cause(
        "native_after_fork",
        f"a forked child dies by {name}{at(where)}{way}: it uses what was made before the fork",
        "A library's handle, context or thread pool that was made before a fork does not work in "
        f"the child, which has a copy of the memory and nothing else. {last}".strip(),
        where,
    )


def _dies_if_spawned(case: Case) -> bool:
    """Tell whether a child dies at the same line where it is no fork of the program."""
    return any(
        each.outcome == "crash"
        and each.method_used == ("spawn",)
        and died_at(Case(each, case.sources)) == died_at(case)
        for each in case.others
    )
