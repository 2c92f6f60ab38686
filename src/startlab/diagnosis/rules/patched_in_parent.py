"""What a test has patched in its own process, and children do not have.

## What it sees
monkeypatch or mock had replaced something when a child was started by spawn or forkserver; the
child raises where it uses that, or the test's check shows it.

## Why
A patch changes one process. A forked child is a copy of it, and has the patch; one that is started
by spawn or forkserver imports the modules again, and has what they define.

## What to do
Patch in the child, in the function that it runs or by a pool's `initializer`; or give it what it
needs as an argument. From 3.14 on forkserver is the default on Linux, so such tests break there.

## Bad
```python
def test_total(monkeypatch):
    monkeypatch.setattr("shop.rates.fetch", lambda: 2)
    with ProcessPoolExecutor() as pool:
        assert pool.submit(shop.total, 10).result() == 20
```

## Good
```python
def fixed_rate():
    shop.rates.fetch = lambda: 2

def test_total():
    with ProcessPoolExecutor(initializer=fixed_rate) as pool:
        assert pool.submit(shop.total, 10).result() == 20
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.globals import value_in
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.places import distances_from_child, own_functions, written
from startlab.diagnosis.stacks import is_own, own_line
from startlab.model import ChangedGlobal, ChangedSetting, Replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.output.tracebacks import Traceback

MECHANISMS: Final = (
    Mechanism(
        "patched_in_parent",
        imported=True,
        advice="Patch it in the child: in the function that it runs, or by `initializer=` of a "
        "pool. Or give the child what it needs as an argument.",
        experiment="changed_global",
    ),
)

_MODULES: Final = "sys.modules["


def find(case: Case) -> Cause | None:
    """See that a child raises in what the parent has replaced, or at a line that uses it."""
    patches = case.clues(Replaced)
    for traceback in case.of_children if patches else ():
        where = own_line(traceback.frames)
        text = f"{case.sources.code(where)} {traceback.exception.message}"
        ran = {case.sources.file(file).function_name(line) for file, line in traceback.frames}
        for patch in patches:
            names = _names(patch)
            said = any(re.search(rf"\b{each}\b", text) for each in names)
            if said or ran.intersection(names) or _is_through(traceback, patch):
                at = f", at {where}" if where else ""
                return _cause(case, patch, f" A child raises {traceback.said}{at}.")
    return None


def in_output(case: Case) -> Cause | None:
    """See what is replaced for the parent alone, and shows, or is used beside the test itself."""
    text = " ".join([*case.lines.only_first, *case.lines.only_second])
    patches = case.telling(Replaced)
    shown = [name for name, values in _differing(case) if any(value_in(e, text) for e in values)]
    found = [patch for patch in patches if any(map(patch.is_of, shown))]
    if not found and not shown:
        found = [patch for patch in patches if _is_used(case, patch)]
        where = next((start.where for start in case.trial.starts if is_own(start.where)), None)
        near = distances_from_child(case.sources, where) if where and len(found) > 1 else {}
        found.sort(key=lambda patch: min(near.get(each, len(near)) for each in _names(patch)))
    return _cause(case, found[0]) if found else None


def _differing(case: Case) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give what differs in a child, with what it is there and in the parent."""
    for clue in case.clues(ChangedGlobal):
        yield clue.name, (clue.parent, clue.child or "")
    for setting in case.clues(ChangedSetting):
        yield setting.part, (setting.parent, setting.child or "")


def _names(patch: Replaced) -> list[str]:
    """Give what code calls it: of an entry of a dictionary, that and the key."""
    names = re.findall(r"\w+", patch.name)
    is_entry = patch.name.endswith("]") and not patch.whole.startswith(_MODULES)
    return names[-2:] if is_entry else names[-1:]


def _is_through(traceback: Traceback, patch: Replaced) -> bool:
    """Tell whether an exception came through the function that a library's module really has."""
    file = f"/{patch.module.replace('.', '/')}.py"
    function = patch.name.rpartition(".")[2]
    frames = zip(traceback.frames, traceback.functions, strict=False)
    return any(there.endswith(file) and within == function for (there, _), within in frames)


def _is_used(case: Case, patch: Replaced) -> bool:
    """Tell whether a function that the test leads to uses it, beside the one that replaces it."""
    file, _, line = (patch.where or "").rpartition(":")
    return any(
        names.intersection(_names(patch)) and not (file == within and first <= int(line) <= last)
        for within, first, last, names in own_functions(case.sources, case.reached)
    )


def _cause(case: Case, patch: Replaced, more: str = "") -> Cause:
    name = patch.whole
    where = Calls(case.sources).decorator(patch.where, patch.library) or patch.where
    why = f"`{patch.by}` changes the process that calls it."
    if patch.by == "sys.modules":
        where = written(case.sources, rf"sys\.modules\[.*\b{_names(patch)[-1]}\b")
        why = "What is put into `sys.modules` is there in that process alone."
    clue = next((each for each in case.clues(ChangedGlobal) if patch.is_of(each.name)), None)
    values = ""
    if clue is not None:
        values = f" It is {clue.parent} in the parent when it starts the child, and "
        values += f"{clue.child or 'not there'} in the child."
    what = f"`{name}` is patched"
    by = f" by {patch.library}" if patch.library else ""
    if name.startswith(_MODULES):
        what = f"the module `{_names(patch)[-1]}` is put into `sys.modules`"
    return Cause(
        "patched_in_parent",
        f"{what}{at(where)}{by} in the parent, not in its children",
        f"{why} A child started by spawn or forkserver imports the modules again, and has what "
        f"they define.{values}{more}",
        where,
        key=name,
    )
