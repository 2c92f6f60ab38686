"""What the interpreter and the libraries are set to in the parent, and not in its children.

A setting that differs is a cause only where it has to do with what came of it: each has its marks.

## What it sees
A recursion limit, a decimal context, a locale, a replaced function or the like is not in a child
what its parent has set, and the child fails by it, or the output shows it.

## Why
What a process sets for itself does not reach a child started by spawn or forkserver: it begins as
every Python does, with what the import of the main module sets. Children of the fork server write
to the files that it had open when it was started.

## What to do
Set it in the child too.

## Bad
```python
if __name__ == "__main__":
    sys.setrecursionlimit(100_000)
    multiprocessing.Process(target=work).start()
```

## Good
```python
def work():
    sys.setrecursionlimit(100_000)
    ...
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, is_remote, started_at
from startlab.diagnosis.globals import value_in
from startlab.diagnosis.phrases import lost_log
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.settings import SETTINGS
from startlab.diagnosis.source.places import written
from startlab.diagnosis.stacks import line_of, own_line
from startlab.model import ChangedSetting
from startlab.output import signals

if TYPE_CHECKING:
    from collections.abc import Sequence


MECHANISMS: Final = (
    Mechanism(
        "setting_differs",
        imported=True,
        advice="Set it in the child too: at the start of its target, by a pool's `initializer=`, "
        "or at the top level of a module that the children import.",
    ),
    Mechanism(
        "output_elsewhere",
        imported=True,
        advice="Start the first child after the output is redirected, or have the children return "
        "what they would print.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a child fails by what its parent has set for itself alone."""
    clues = _known(case.clues(ChangedSetting))
    if not clues:
        return None
    for traceback in case.tracebacks:
        if not (traceback.child or is_remote(traceback, case)):
            continue
        where = own_line(traceback.frames)
        files = [file for file, _ in traceback.frames]
        found = [clue for clue in clues if _raises(clue, traceback.said, files)]
        if found:
            at = f" at {where}" if where else ""
            return _cause(case, found, f"a child raises {traceback.said}{at}")
    names = [signals.name_of(code) for _, code, _ in case.died]
    names = [name for name in names if name in signals.CRASHES]
    stacks = [clue for clue in clues if clue.setting == _STACK]
    if names and stacks:
        return _cause(case, stacks, f"a child dies by {names[0]}", _DEEP)
    timeouts = [clue for clue in clues if clue.setting == _TIMEOUT]
    if timeouts and case.trial.outcome == "hang":
        for process, thread in case.threads():
            if process != case.root and thread.wait and thread.wait.kind in _ON_A_SOCKET:
                return _cause(case, timeouts, f"a child waits at {line_of(thread)} forever")
    return None


_OUTPUT: Final = "os.fstat({0})"
_STREAMS: Final = {"1": "stdout", "2": "stderr"}
_DEFAULT: Final = "as it is by default"
_STACK: Final = "threading.stack_size()"
_TIMEOUT: Final = "socket.getdefaulttimeout()"
_ON_A_SOCKET: Final = ("socket read", "socket write", "connection")
_DEEP: Final = (
    " Where a thread's stack is too small for the depth of its calls, a signal ends the process, "
    "without a Python traceback: faulthandler has a stack of its own in the main thread only."
)


def suspect(case: Case) -> Cause | None:
    """Take what is set for the parent alone, and shows, for the cause where there is no other."""
    clues = _known(case.telling(ChangedSetting))
    shown = [clue for clue in clues if _is_shown(case, clue)]
    found = shown or [clue for clue in clues if SETTINGS[clue.setting].printed]
    order = list(SETTINGS)
    found.sort(key=lambda clue: order.index(clue.setting))
    alike = [clue for clue in found if clue.setting == found[0].setting]
    return _cause(case, alike, "") if alike else None


def _is_shown(case: Case, clue: ChangedSetting) -> bool:
    """Tell whether an exception says what it is in the parent, and what in its children."""
    said = case.trial.exception.message if case.trial.exception else ""
    usual = SETTINGS[clue.setting].usual
    default = usual if isinstance(usual, str) else usual.get(clue.part, "")
    return all(value and value_in(value, said) for value in (clue.parent, clue.child or default))


def _known(clues: list[ChangedSetting]) -> list[ChangedSetting]:
    """Leave out the settings that the table does not know."""
    return [clue for clue in clues if clue.setting in SETTINGS]


def _pattern(clue: ChangedSetting, pattern: str) -> str:
    """Put the last name of a setting's part into a pattern of the table."""
    return pattern.replace("{0}", re.escape(clue.part.rpartition(".")[2]))


def _raises(clue: ChangedSetting, text: str, files: Sequence[str]) -> bool:
    raises = SETTINGS[clue.setting].raises
    if raises is None:
        return False
    if re.search(_pattern(clue, raises), text):
        return True
    # What was put into a module shows where that module raises.
    top = re.escape(clue.part.partition(".")[0])
    shows = re.compile(rf"/{top}(/|\.py$)")
    return clue.is_patch and any(map(shows.search, files))


def _cause(case: Case, clues: Sequence[ChangedSetting], came: str, more: str = "") -> Cause:
    clue = clues[0]
    set_by = [_pattern(clue, each) for each in SETTINGS[clue.setting].set_by]
    where = written(case.sources, *set_by)
    place = where or started_at(case)
    logs = clue.setting.startswith("logging.")
    at = f", set at {where}," if where else ""
    if logs:
        title = lost_log(where)
    else:
        title = " and ".join(
            f"`{each.name}` is {each.parent} in the parent{at if each is clue else ''} and "
            f"{each.child or _DEFAULT} in its children"
            for each in clues[:3]
        )
    why = (
        "What a process sets for itself does not reach a child started by spawn or forkserver: "
        "that starts with Python's defaults and what the import of the main module sets."
    )
    mechanism = "logging_differs" if logs else "setting_differs"
    if clue.setting == _OUTPUT:
        mechanism = "output_elsewhere"
        title = f"the children write to the {_STREAMS[clue.part]} that the fork server was started "
        title += f"with, not to that of the parent{f' since {where}' if where else ''}"
        why = (
            "The fork server is started with the first child. Its children have the files that it "
            "had open then, wherever the parent's descriptors lead by now."
        )
    if came:
        title += f", and {came}"
    values = "; ".join(
        f"`{each.name}` is {each.parent} in the parent when it starts the child, and "
        f"{each.child or _DEFAULT} in the child"
        for each in clues[:3]
    )
    return Cause(
        mechanism,
        title,
        (f"{values}. " if logs else "") + why + more,
        place,
        key=f"{clue.name}",
    )
