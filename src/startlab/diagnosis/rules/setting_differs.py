"""What the interpreter and the libraries are set to in the parent, and not in its children.

Mostly experiments show what a setting is the cause of. Here are those that none can change, and
what can be seen without one.

## What it sees
A child recurses deeper than it may, and its parent may recurse deeper. A signal that the parent
alone handles ends a child, as does one whose threads have smaller stacks. The parent's output goes
elsewhere than its children's. Or a decimal context, a locale or the like is the only thing that
differs in the children, or both its values are in what the exception says.

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
from typing import Final

from startlab.diagnosis.case import Case, Cause, started_at
from startlab.diagnosis.globals import value_in
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.settings import SETTINGS
from startlab.diagnosis.source.places import written
from startlab.diagnosis.told import KEPT_BY_SERVER
from startlab.model import ChangedSetting
from startlab.output import signals

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

_HANDLER: Final = "signal.getsignal(signal.{0})"
_RECURSION: Final = "sys.getrecursionlimit()"
_STACK: Final = "threading.stack_size()"
_REGISTRY: Final = "{0}.registry"
_STREAM: Final = "sys.{0}"
_OUTPUT: Final = "os.fstat({0})"
_STREAMS: Final = {"1": "stdout", "2": "stderr"}


def find(case: Case) -> Cause | None:
    """See a child that recurses too deep, or dies by a signal: unhandled, or of a small stack."""
    clues = case.clues(ChangedSetting)
    limit = _first(clues, _RECURSION)
    if limit and any(each.exception.type == "RecursionError" for each in case.of_children):
        return _differs(case, limit)
    # By a signal that the program has sent it, too: it was to handle that.
    names = [signals.name_of(each.exit_code) for each in case.trial.starts]
    for each in clues:
        # Pools end their workers by SIGTERM, whatever handles it.
        if each.setting == _HANDLER and each.part in names and each.part != "SIGTERM":
            return _cause(
                case,
                each,
                f"{each.part} is handled by `{each.parent}`{{at}} in the parent alone, and ends a "
                "child",
                "A child started by spawn or forkserver begins with Python's own handlers of "
                "signals.",
            )
    crash = next((name for name in names if name in signals.CRASHES), None)
    clue = _first(clues, _STACK)
    if crash is None or clue is None:
        return None
    return _cause(
        case,
        clue,
        f"{_values(clue)}, and a child dies by {crash}",
        f"{_ITS_OWN} Where a thread's stack is too small for the depth of its calls, a signal ends "
        "the process, without a Python traceback: faulthandler has a stack of its own in the main "
        "thread only.",
    )


def suspect(case: Case) -> Cause | None:
    """See what was not tried by experiment: an exception shows both values, or no other differs.

    Or the parent's output goes elsewhere than its children's.
    """
    clues = [each for each in case.telling(ChangedSetting) if _is_used(case, each)]
    rare = [clue for clue in clues if SETTINGS[clue.setting].registry and _usual(clue)]
    shown = next((clue for clue in rare if _is_shown(case, clue)), None)
    alone = rare[0] if len({clue.setting for clue in rare}) == 1 else None
    if clue := shown or alone or _first(clues, _STREAM):
        return _differs(case, clue)
    if clue := _first(clues, _OUTPUT):
        return _cause(
            case,
            clue,
            f"the children write to the {_STREAMS[clue.part]} that the fork server was started "
            "with, not to that of the parent{since}",
            "The fork server is started with the first child. Its children have the files that it "
            "had open then, wherever the parent's descriptors lead by now.",
            "output_elsewhere",
        )
    return None


_ITS_OWN: Final = (
    "What a process sets for itself does not reach a child started by spawn or forkserver."
)


def _differs(case: Case, clue: ChangedSetting) -> Cause:
    kept = KEPT_BY_SERVER.get(SETTINGS[clue.setting].registry)
    return _cause(case, clue, _values(clue), kept.why if kept else _ITS_OWN)


def _cause(
    case: Case, clue: ChangedSetting, title: str, why: str, mechanism: str = "setting_differs"
) -> Cause:
    """Tell of a setting; `{at}` and `{since}` in the title are the line that sets it."""
    name = re.escape(clue.part.rpartition(".")[2])
    patterns = [each.replace("{0}", name) for each in SETTINGS[clue.setting].set_by]
    where = written(case.sources, *patterns, of_test=case.test_part)
    at, since = (f", set at {where},", f" since {where}") if where else ("", "")
    title = title.replace("{at}", at).replace("{since}", since)
    return Cause(mechanism, title, why, where or started_at(case))


def _usual(clue: ChangedSetting) -> str:
    usual = SETTINGS[clue.setting].usual
    return usual if isinstance(usual, str) else usual.get(clue.part, "")


def _is_used(case: Case, clue: ChangedSetting) -> bool:
    """Tell whether a test may use it: what others register for a function is none of its."""
    name = clue.part.rpartition(".")[2]
    return clue.setting != _REGISTRY or case.reached is None or name in case.reached


def _is_shown(case: Case, clue: ChangedSetting) -> bool:
    said = case.trial.exception.message if case.trial.exception else ""
    return all(value_in(value, said) for value in (clue.parent, clue.child or _usual(clue)))


def _first(clues: list[ChangedSetting], setting: str) -> ChangedSetting | None:
    return next((each for each in clues if each.setting == setting), None)


def _values(clue: ChangedSetting) -> str:
    child = clue.child or "as it is by default"
    return f"`{clue.name}` is {clue.parent} in the parent{{at}} and {child} in its children"
