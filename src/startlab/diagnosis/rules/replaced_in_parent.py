"""What a child was given, and the parent has replaced since.

## What it sees
A child waits for an `Event`, a semaphore or an item of a queue that it was given, and the parent
has done what would end that to another one of the same name. Or a child cannot open what it was
given, for the parent had put another one in its place before the child began.

## Why
A child has the very object that it was given when it was started. The parent's name or attribute
may stand for another one since, of which the child knows nothing. The first one is deleted when the
parent has no reference to it, maybe before a child of spawn or forkserver comes to open it.

## What to do
Keep what a child was given as long as the child runs.

## Bad
```python
stop = multiprocessing.Event()
worker = multiprocessing.Process(target=work, args=(stop,))
worker.start()
stop = multiprocessing.Event()
stop.set()
```

## Good
```python
stop = multiprocessing.Event()
worker = multiprocessing.Process(target=work, args=(stop,))
worker.start()
stop.set()
```
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.diagnosis.case import Case, Cause, started_at
from startlab.diagnosis.phrases import at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.source.shared_data import given
from startlab.diagnosis.source.syntax import ENDED_BY, flat
from startlab.diagnosis.stacks import is_waiting, line_of, own_frame, own_frames, through

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.model import Thread

MECHANISMS: Final = (
    Mechanism(
        "replaced_in_parent",
        advice="Keep what a child was given as long as it runs: clear() an Event instead of making "
        "another one, or make the new one where the next child is started.",
    ),
)

_WAITS: Final = re.compile(rf"([\w.]+)\.({'|'.join(ENDED_BY)})\b")  # `iter(tasks.get, None)`, too


class _Given(NamedTuple):
    """What a `function` that a child runs is given: `name`, at `where`; its file is `there`."""

    function: str
    there: str
    parameter: str
    name: str
    where: str


def find(case: Case) -> Cause | None:
    """See that the parent has gone on with another object than a child was given."""
    return _gone(case) or _waiting(case)


def _waiting(case: Case) -> Cause | None:
    """See a wait that was ended for another object of the name."""
    for process, thread in case.threads():
        frame = own_frame(thread)
        if frame is None or not through(thread, *_SHARED):
            continue
        for name, method in _WAITS.findall(case.sources.file(frame.file).line(frame.line)):
            if process == case.root:
                cause = _waits_for_another(case, thread, name, ENDED_BY[method])
            else:
                cause = _waits_for_the_first(case, thread, name, method)
            if cause is not None:
                return cause
    return None


def _waits_for_the_first(case: Case, thread: Thread, name: str, method: str) -> Cause | None:
    """See a child wait for what the parent has replaced, and has ended the wait for its own."""
    frame = own_frames(thread)[0]
    source = case.sources.file(frame.file)
    clears = source.mentions(rf"\b{re.escape(name)}\.clear\(") is not None
    is_lost = is_waiting(thread, "pipe read", "shared lock") and not _has_parent(case, thread)
    if not is_lost and (method != "wait" or clears):
        return None  # what was put may have been taken, and what was released acquired
    for each in _all_given(case):
        if (each.function, each.parameter) == (source.function_name(frame.line), name):
            done = _done(case, each.name, ENDED_BY[method])
            line = _replaced(case, each) if done else None
            if line is not None:
                return Cause(
                    "replaced_in_parent",
                    f"a child waits at {line_of(thread)} for what `{each.name}` was when it was "
                    f"started, and {line} has put another one in its place",
                    f"The child has the one that it was given at {each.where}. "
                    f"`{case.sources.code(done)}` at {done} is of the one that the parent has now.",
                    line,
                )
    return None


def _has_parent(case: Case, thread: Thread) -> bool:
    """Tell whether the program's first process has what a child waits for."""
    return case.root is not None and case.root.pid in thread.waits_for


def _waits_for_another(case: Case, thread: Thread, name: str, ends: str) -> Cause | None:
    """See the parent wait for what no child has: it has put that in the place of what one has."""
    if not is_waiting(thread, "pipe read", "shared lock") or len(set(thread.waits_for)) > 1:
        return None
    for each in _all_given(case):
        line = _replaced(case, each) if each.name == name else None
        ended = rf"\b{re.escape(each.parameter)}\.({ends})\("
        if line is not None and case.sources.file(each.there).mentions(ended) is not None:
            return Cause(
                "replaced_in_parent",
                f"the program waits at {line_of(thread)} for the `{name}` that {line} has put in "
                "the place of the one that its child was given",
                f"The child has the one that it was given at {each.where}, and nothing has the "
                "other one but the parent.",
                line,
            )
    return None


def _gone(case: Case) -> Cause | None:
    """See that a child could not open a lock or an event that it was given."""
    for traceback in case.tracebacks:
        file = traceback.frames[-1][0] if traceback.frames else ""
        if traceback.exception.type != "FileNotFoundError" or not file.endswith("synchronize.py"):
            continue
        start = case.given_at or started_at(case)
        replaced = [
            (each, line)
            for each in _all_given(case)
            if each.name.startswith("self.") and (line := _replaced(case, each))
        ]
        if len(replaced) == 1:
            each, line = replaced[0]
            return Cause(
                "replaced_in_parent",
                f"a child cannot open the `{each.name}` that it was given{at(start)}: {line} has "
                "put another one in its place, before the child had begun",
                f"The child raises {traceback.said}. {_OPENED}",
                line,
            )
    return None


_SHARED: Final = ("synchronize.py", "multiprocessing/queues.py", "multiprocessing/connection.py")
_OPENED: Final = (
    "What processes share, as a Lock, an Event or a Queue, is opened by its name as a child of "
    "spawn or forkserver begins; it is deleted when the parent has no reference to it any more."
)


def _all_given(case: Case) -> Iterator[_Given]:
    """Give what the targets of processes are given, and what the program's own processes keep."""
    classes = {
        node.name: (file, node)
        for file in own_files(case.sources)
        for node in case.sources.file(file).nodes
        if isinstance(node, ast.ClassDef) and any("Process" in ast.unparse(e) for e in node.bases)
    }
    functions = {
        target.name: (file, [each.arg for each in target.args.args if each.arg != "self"])
        for file in own_files(case.sources)
        for _, target in case.sources.file(file).functions
    }
    for file in own_files(case.sources):
        for node in case.sources.file(file).nodes:
            if isinstance(node, ast.Call) and any(e.arg == "target" for e in node.keywords):
                target, values = given(node)
                there, parameters = functions.get(target, ("", []))
                for parameter, value in zip(parameters, values, strict=False):
                    where = f"{file}:{node.lineno}"
                    yield _Given(target, there, parameter, ast.unparse(value), where)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in classes:
                there, owner = classes[ast.unparse(node.func)]
                for function, own, name in _kept(owner, node.args):
                    yield _Given(function, there, own, name, f"{file}:{node.lineno}")


def _kept(owner: ast.ClassDef, values: list[ast.expr]) -> Iterator[tuple[str, str, str]]:
    """Give what an object keeps of its arguments: a method that may use it, its name, the value."""
    functions = [each for each in owner.body if isinstance(each, ast.FunctionDef)]
    init = next((each for each in functions if each.name == "__init__"), None)
    if init is None:
        return
    given_as = dict(zip([e.arg for e in init.args.args[1:]], values, strict=False))
    for node in ast.walk(init):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            value = given_as.get(node.value.id)
            for each in functions if value is not None else ():
                yield each.name, ast.unparse(node.targets[0]), ast.unparse(value or node.value)


def _done(case: Case, name: str, ends: str) -> str | None:
    """Give the line at which the parent has called what would end a wait for what it so names."""
    pattern = rf"(?<![\w.]){re.escape(name)}\.({ends})\("
    threads = case.root.threads if case.root is not None else ()
    for frame in (each for thread in threads for each in own_frames(thread)):
        source = case.sources.file(frame.file)
        begin = source.function_of(frame.line)
        for line in source.all_mentions(pattern):
            if line < frame.line and source.function_of(line) == begin:
                return f"{frame.file}:{line}"
    return None


def _replaced(case: Case, what: _Given) -> str | None:
    """Give the line that makes another object of the name than the one that was given."""
    file, _, number = what.where.rpartition(":")
    source, at = case.sources.file(file), int(number)
    begin, loop = source.function_of(at), source.loop_of(at)
    lines = [
        node.lineno
        for node in source.nodes
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if what.name in [ast.unparse(each) for each in flat(target)]
        if source.owner_of(node.lineno) == source.owner_of(at)
        if what.name.startswith("self.") or source.function_of(node.lineno) == begin
    ]
    here = [each for each in lines if source.function_of(each) == begin and each < at]
    first = here or [each for each in lines if source.function_name(each) == "__init__"]
    others = [each for each in lines if each not in first]
    others += [each for each in here if each in loop]
    return f"{file}:{others[0]}" if others else None
