"""A process that is given nothing to run.

## What it sees
The program waits, and its processes have ended. The `target` of one is an attribute that holds no
function: it has the name of a method. Or the program itself runs the function that a process or
thread should run: it is called, and what it returns is the `target`.

## Why
A process without a target starts, runs nothing and ends well. An attribute of an object hides the
method of its class that has the same name. `target=work(queue)` calls the function at once, before
there is a process.

## What to do
Give the attribute another name; give the function without calling it, and its arguments in `args`.

## Bad
```python
multiprocessing.Process(target=work(queue)).start()
```

## Good
```python
multiprocessing.Process(target=work, args=(queue,)).start()
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.stacks import own_frames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.diagnosis.source.sources import Source
    from startlab.model import Frame

MECHANISMS: Final = (
    Mechanism(
        "no_target",
        advice="Give the attribute another name than the method has.",
    ),
    Mechanism(
        "target_called",
        shown=True,
        advice="Give the function without calling it: `target=work, args=(queue,)`.",
    ),
)


def find(case: Case) -> Cause | None:
    """See a target that is no function, or that the program itself runs."""
    frames = [each for p, t in case.threads() if p == case.root for each in own_frames(t)]
    is_alone = all(process == case.root for process, _ in case.threads())
    for file in own_files(case.sources):
        source = case.sources.file(file)
        for call, target in _targets(source.tree):
            there, name = f"{file}:{call.lineno}", ast.unparse(target)
            around = range(call.lineno, (call.end_lineno or 0) + 1)
            inner = frames[: next((n for n, f in enumerate(frames) if _is_at(f, file, around)), 0)]
            if isinstance(target, ast.Call) and inner and _is_of(target, case, inner[-1]):
                return Cause(
                    "target_called",
                    f"the program itself runs `{name}` at {there}, and is at "
                    f"{inner[0].file}:{inner[0].line}: only what that returns is the target",
                    "The arguments of a call are evaluated first: the function runs before there "
                    "is a process.",
                    there,
                )
            line = _hidden(source, call, name) if is_alone and case.trial.starts else None
            if line is not None:
                return Cause(
                    "no_target",
                    f"the process that {there} makes runs nothing: {file}:{line} has put a value "
                    f"in the place of the method `{name}`, which is its target",
                    "A process whose target is None or False starts, runs nothing, and ends well. "
                    "An attribute of an object hides the method of the same name.",
                    f"{file}:{line}",
                )
    return None


def _targets(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Give the calls that are given a target, and that."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for each in node.keywords:
                if each.arg == "target":
                    yield node, each.value


def _is_at(frame: Frame, file: str, lines: range) -> bool:
    return frame.file == file and frame.line in lines


def _is_of(target: ast.Call, case: Case, frame: Frame) -> bool:
    """Tell whether a frame is of the function that a target calls."""
    name = case.sources.file(frame.file).function_name(frame.line)
    return bool(name) and ast.unparse(target.func).rpartition(".")[2] == name


def _hidden(source: Source, call: ast.Call, name: str) -> int | None:
    """Give the line that sets an attribute to a constant, where the class has such a method."""
    owner = source.owner_of(call.lineno)
    found = source.functions
    methods = {f"self.{function.name}" for of, function in found if of == owner}
    if not owner or name not in methods:
        return None
    return next(
        (
            node.lineno
            for node in source.nodes
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            if name in [ast.unparse(each) for each in node.targets]
            if source.owner_of(node.lineno) == owner
        ),
        None,
    )
