"""A loop that waits for a change that a child makes in its own copy.

## What it sees
The program goes round in a loop whose condition reads a global, and another function, of a child's,
changes that.

## Why
A child works on its own copy of the program's globals, under every start method. The parent's stays
as it is. Memory that is shared, such as a mapping's, a forked child shares; another child imports
the main module, and makes its own.

## What to do
Share what is asked: an `Event` or a `Value` that is handed to the child, or a manager's dict.

## Bad
```python
def child():
    status["done"] = True

while not status["done"]:
    time.sleep(0.1)
```

## Good
```python
def child(done):
    done.set()

done.wait()
```
"""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.case import Case, Cause, ends_well_when_forked, imports_main
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_frame

MECHANISMS: Final = (
    Mechanism(
        "own_copy_asked",
        advice="Give the child an Event or a Value, or a manager's dict, and ask that.",
    ),
    Mechanism(
        "own_memory_asked",
        imported=True,
        advice='Make it below `if __name__ == "__main__":` and give it to the child as an '
        "argument: a Value, an Array, or a SharedMemory. A mapping of mmap without a file cannot "
        "be given.",
    ),
)


def find(case: Case) -> Cause | None:
    """See the program go round and ask for a global that only its children change."""
    own = [(t, own_frame(t)) for p, t in case.threads() if p == case.root and own_frame(t)]
    if len(own) != 1 or not case.trial.starts:
        return None  # another thread of the program may be who changes it
    thread, frame = own[0]
    if frame is None or thread.wait is None or not thread.wait.rounds:
        return None
    source = case.sources.file(frame.file)
    for name in source.loop_asks(frame.line):
        changed = case.sources.changed(name) if source.assigned(name) is not None else None
        file, _, line = (changed or "").rpartition(":")
        if not changed or (file, case.sources.file(file).function_of(int(line))) == (
            frame.file,
            source.function_of(frame.line),
        ):
            continue
        where = f"{frame.file}:{frame.line}"
        asks = f"the program goes round at {where} until `{name}` changes, which a child changes"
        made = f"{frame.file}:{source.assigned(name)}"
        if imports_main(case) and ends_well_when_forked(case):
            return Cause(
                "own_memory_asked",
                f"{asks} at {changed}: every child makes its own `{name}` at {made}",
                "Forked children share the memory behind it with their parent. A child started by "
                "spawn or forkserver imports the main module, and makes it again.",
                made,
            )
        return Cause(
            "own_copy_asked",
            f"{asks} at {changed} in its own copy",
            "A child works on its own copy of the program's globals, under every start method: the "
            "parent's stays as it is.",
            changed,
            key=changed,
        )
    return None
