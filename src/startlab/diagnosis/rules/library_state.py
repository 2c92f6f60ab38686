"""A library that only the parent has set up.

## What it sees
Children import the main module, and one raises where it calls a library, or prints something else
than a forked child, or loses what it logs. Below the main guard the program calls the same library
to set something up, and no child makes that call. Or it starts its processes within a `with` block
of a library's.

## Why
Sinks, clients, registries, open databases, options and contexts live in the memory of one process.
A child started by spawn or forkserver has what importing its modules creates, and nothing else.

## What to do
Set the library up in the child too, or give the child what was made.

## Bad
```python
if __name__ == "__main__":
    logger.add("jobs.log")
    multiprocessing.Process(target=work).start()
```

## Good
```python
def work():
    logger.add("jobs.log")
    ...
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, ends_well_when_forked, imports_main
from startlab.diagnosis.libraries import is_unpickling, package
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.stacks import own_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.diagnosis.source.calls import Call
    from startlab.output.tracebacks import Traceback

MECHANISMS: Final = (
    Mechanism(
        "library_state_differs",
        imported=True,
        lacks_call=True,
        advice="Do the same in the children: at the start of the target, or in a pool's "
        "`initializer=`.",
    ),
)


def find(case: Case) -> Cause | None:
    """See that a child raises in a library that only its parent has set up."""
    if not imports_main(case) or not ends_well_when_forked(case):
        return None
    calls = Calls(case.sources)
    around = _around(case, calls)
    starts = [each.where for each in case.trial.starts if each.where]
    for traceback in case.within_children:
        where = own_line(traceback.frames)
        by = package(traceback.frames[-1][0]) if traceback.frames else ""
        alone = [e for e in calls.in_first_alone(by) if not calls.is_after(e.where, starts)]
        raises = f"raises {traceback.said}{at(where)}"
        if where is None and is_unpickling(traceback):
            raises += " when it unpickles their work"
            raises += f", which {case.where} gives them" if case.where else ""
            return _of_library(by, alone, f"and it {raises}") if alone else None
        for used in calls.uses_in_children():
            set_up = calls.set_up(used, filled=True)
            if set_up and _is_of(traceback, used, where):
                return _cause(used, set_up, f"and it {raises}")
        of = {package(file) for file, _ in traceback.frames} | calls.named_at(where or "")
        for context in around:
            if context.package in of:
                return _of_context(context, f"and a child {raises}")
        alone = alone or calls.in_first_otherwise(by)
        if alone:  # by an object that the child was given, whose library no name tells
            return _of_library(by, alone, f"and it {raises}")
    return None


def _around(case: Case, calls: Calls) -> list[Call]:
    """Give the contexts of libraries within which the first process starts children."""
    lines = dict.fromkeys(start.where for start in case.trial.starts if start.where)
    return [context for where in lines for context in calls.around(where)]


def of_test(case: Case) -> Cause | None:
    """See that a check of a suite's test fails within what a library has made for the parent."""
    raised = case.trial.exception
    if not case.test or raised is None or raised.type != "AssertionError":
        return None
    if not imports_main(case) or not ends_well_when_forked(case):
        return None
    contexts = Calls(case.sources).around_test(case.test)
    at = f", and the check at {case.where} fails" if case.where else ", and a check fails"
    return _of_context(contexts[0], at.removeprefix(", ")) if contexts else None


def _of_context(context: Call, came: str) -> Cause:
    text = context.text if context.text.startswith("@") else f"with {context.text}"
    told = f"`{text}` of {context.package} at {context.where}"
    return Cause(
        "library_state_differs",
        f"processes are started within {told}, which holds in the parent alone, {came}",
        "What a context sets up is in the memory of the process that enters it. A child started by "
        "spawn or forkserver imports the main module, and enters none of its parent's contexts.",
        context.where,
    )


def suspect(case: Case) -> Cause | None:
    """Take a library that only the parent has set up for the cause where there is no other."""
    if not imports_main(case) or not any(case.lines):
        return None
    calls = Calls(case.sources)
    for used in calls.uses_in_children():
        set_up = calls.set_up(used)
        if set_up:
            same = used.made is not None and set_up[0].root == used.root
            lacks = f"and {used.where} uses that" if same else f"which {used.where} goes without"
            return _cause(used, set_up, lacks)
    around = _around(case, calls)
    return _of_context(around[0], "and the children print something else") if around else None


def _is_of(traceback: Traceback, used: Call, where: str | None) -> bool:
    """Tell whether an exception comes out of a call of the library, made at that line."""
    if where is None:
        return False
    own = next(
        (i for i, (f, n) in reversed(list(enumerate(traceback.frames))) if f"{f}:{n}" == where), 0
    )
    inside = {package(file) for file, _ in traceback.frames[own + 1 :]}
    of_type = traceback.exception.type.partition(".")[0].lstrip("_")
    return used.package in inside or used.package == of_type


def _cause(used: Call, set_up: Sequence[Call], came: str) -> Cause:
    in_child = f" In the child: {used.told} at {used.where}."
    cause = _of_library(used.package, set_up, came, in_child)
    if used.made is None or set_up[0].root != used.root:
        return cause
    title = f"every child makes its own `{used.root}` at {used.made}, without {_first(set_up)}"
    return cause._replace(title=f"{title}, {came}", where=used.made)


def _of_library(by: str, set_up: Sequence[Call], came: str, in_child: str = "") -> Cause:
    """Tell of a library that raises in the children for what only the parent has set up."""
    lines = ", ".join(f"{each.told} at {each.where}" for each in set_up[:4])
    return Cause(
        "library_state_differs",
        f"the children do not have what the parent set up in {by} by {_first(set_up)}, {came}",
        f"Only in the parent: {lines}.{in_child} A child started by spawn or forkserver imports "
        "the main module, and what the parent does with a library below the main guard is not done "
        "there.",
        set_up[0].where,
        key=f"{by} {set_up[0].where}",
    )


def _first(set_up: Sequence[Call]) -> str:
    more = f" and {len(set_up) - 1} more" if len(set_up) > 1 else ""
    return f"{set_up[0].told} at {set_up[0].where}{more}"
