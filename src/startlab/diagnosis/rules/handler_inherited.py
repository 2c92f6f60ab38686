"""A signal handler that a fork copies.

## What it sees
A forked child has a handler that its parent set, and it is sent that signal: it does not end by it,
prints what the handler prints, or fails in it.

## Why
A forked child has its parent's signal handlers, and runs them instead of ending.

## What to do
Set `signal.SIG_DFL` at the beginning of the child.

## Bad
```python
signal.signal(signal.SIGTERM, lambda *_: print("stopping"))
child = multiprocessing.Process(target=work)
child.start()
child.terminate()
```

## Good
```python
def work():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ...
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.model import InheritedHandler, SignalSent
from startlab.output import signals

MECHANISMS: Final = (
    Mechanism(
        "handler_inherited",
        copied=True,
        advice="Set signal.SIG_DFL (and signal.set_wakeup_fd(-1) under asyncio) at the beginning "
        "of the child.",
        experiment="signal_handler_in_child",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a forked child has its parent's handler: it does not end, or fails in it."""
    return _swallowed(case) if case.trial.outcome == "hang" else _failed_in(case)


def _swallowed(case: Case) -> Cause | None:
    """See that a child that was to end by a signal has inherited a handler for it."""
    handlers = {clue.signal: clue for clue in case.clues(InheritedHandler)}
    for sent in case.clues(SignalSent):
        name = signals.name_of(-sent.number) or ""
        if name in handlers:
            return Cause(
                "handler_inherited",
                f"a child does not end by the {name} that it is sent{at(sent.where)}: it has "
                "inherited the parent's handler",
                "A forked child has its parent's signal handlers, here "
                f"{handlers[name].handler}, and runs it instead of ending.",
                sent.where,
                key=name,
            )
    return None


def _failed_in(case: Case) -> Cause | None:
    """See that a forked child has run its parent's signal handler, and failed in it."""
    clues = {clue.handler.rpartition(" at ")[2]: clue for clue in case.clues(InheritedHandler)}
    for traceback in case.tracebacks:
        for file, line in traceback.frames if traceback.child else ():
            if clue := clues.get(f"{file}:{case.sources.file(file).function_of(line)}"):
                return Cause(
                    "handler_inherited",
                    f"a forked child runs its parent's handler of {clue.signal}, which raises "
                    f"{traceback.said} at {file}:{line}",
                    f"A forked child has its parent's signal handlers, here {clue.handler}, and "
                    "that one is meant for the parent: the parent's children are not the child's.",
                    f"{file}:{line}",
                    key=clue.signal,
                )
    return None
