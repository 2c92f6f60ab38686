"""What each child makes again, or makes for itself.

## What it sees
The main module makes a temporary folder, an id or a time at its top level, children have imported
it, and they raise or print something else where they use it.

## Why
A child started by spawn or forkserver imports the main module, and what is made there is made
again: each process has another one.

## What to do
Make it below `if __name__ == "__main__":`, and give it to the children.

## Bad
```python
FOLDER = tempfile.mkdtemp()

def work():
    return os.listdir(FOLDER)
```

## Good
```python
def work(folder):
    return os.listdir(folder)

if __name__ == "__main__":
    folder = tempfile.mkdtemp()
    multiprocessing.Process(target=work, args=(folder,)).start()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import (
    OF_WHAT_IS_GONE,
    Case,
    Cause,
    handed_on,
    imports_main,
    used_at_exit,
)
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.stacks import own_line

if TYPE_CHECKING:
    from collections.abc import Iterator


MECHANISMS: Final = (
    Mechanism(
        "made_in_each_child",
        imported=True,
        advice='Make it below `if __name__ == "__main__":`, and give it to the children: as an '
        "argument of Process, or through `initializer=` and `initargs=` of a pool.",
        experiment="main_module_again",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a child misses what is in the parent's folder or file, for it has made its own."""
    if not imports_main(case):
        return None
    for name, file, line in _made(case):
        for traceback in case.within_children:
            at = own_line(traceback.frames)
            at_file, _, number = (at or "").rpartition(":")
            used = case.sources.file(at_file).used_from(int(number)) if number.isdigit() else set()
            error = traceback.exception.type
            if name in used and (error == "KeyError" or OF_WHAT_IS_GONE.search(error)):
                again = f" A child raises {traceback.said}, at {at}."
                return _of_each(name, f"{file}:{line}", case, again)
        if not case.within_children and case.trial.exception is None and name in used_at_exit(case):
            return _of_each(name, f"{file}:{line}", case, handed_on(case))
    return None


def _made(case: Case) -> Iterator[tuple[str, str, int]]:
    """Give globals that are made again by each import, are used by functions, and stay as made."""
    files = [file for file in own_files(case.sources) if file]
    used = {name for file in files for name in case.sources.file(file).used_from()}
    for file in files:
        source = case.sources.file(file)
        for name, line in source.unique().items():
            if name in used and source.changed(name) is None:
                yield name, file, line


def _of_each(name: str, where: str, case: Case, more: str = "") -> Cause:
    return Cause(
        "made_in_each_child",
        f"every child creates its own `{name}` at {where}, instead of using the parent's",
        "A child started by spawn or forkserver imports the main module, and what is made there is "
        f"made again: `{case.sources.code(where)}` gives each process another one.{more}",
        where,
        key=name,
    )
