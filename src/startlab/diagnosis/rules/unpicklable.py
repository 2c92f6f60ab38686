"""What cannot be pickled.

## What it sees
Pickling has failed on what a child was to be given, or on what a worker gives back.

## Why
What is given to a child started by spawn or forkserver is pickled, with all that hangs on it. What
goes through a queue, or to and from a worker of a pool, is pickled under every start method.

## What to do
Give the child a function of a module and plain data; make locks, files and connections in the
child. To set fork helps against a function that cannot be pickled, but not where a
connection is what is handed over: a forked child shares it with its parent.

## Bad
```python
multiprocessing.Process(target=lambda: print("hello")).start()
```

## Good
```python
multiprocessing.Process(target=print, args=("hello",)).start()
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import BY_INHERITANCE, Case, Cause
from startlab.diagnosis.phrases import a, at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.stacks import own_line
from startlab.model import Unpicklable

if TYPE_CHECKING:
    from startlab.diagnosis.source.calls import Call
    from startlab.output.tracebacks import Traceback


MECHANISMS: Final = (
    Mechanism("unpicklable", shown=True, of_object=True, experiment="unpicklable_target"),
    Mechanism(
        "unpicklable_connection",
        shown=True,
        advice="Open it in the child, and leave it out in `__getstate__`. Fork only hides this: a "
        "forked child shares it with its parent.",
        experiment="unpicklable_target",
        against="fork",
    ),
    Mechanism("unpicklable_result", shown=True, experiment="unpicklable_target"),
)


def find(case: Case) -> Cause | None:
    """See that what a child is to be given cannot be pickled."""
    clue = next(iter(case.clues(Unpicklable)), None)
    raised = next((each for each in reversed(case.tracebacks) if _is_pickling(each)), None)
    refused = any(BY_INHERITANCE in each.exception.message for each in case.tracebacks)
    if refused or not (clue or raised):
        return None
    message = raised.said if raised else ""
    where = (clue and clue.where) or case.given_at
    where = where or (own_line(raised.frames) if raised else None) or case.where
    if raised and _GIVEN_BACK.search(f"{message} {case.trial.stderr}"):
        return _of_result(case, clue, message, where)
    what = _named(clue) if clue else "what the child is to be given"
    if made := _maker(case, clue, where) if clue and where else None:
        what += f", which `{made.text}()` has made at {made.where},"
    elif clue and clue.defined not in (None, where):
        what += f", defined at {clue.defined},"
    kind = clue.type if clue else ""
    if raised and raised.exception.type == "RecursionError":
        kind, what = raised.exception.type, f"{what}, nested as deeply as it is,"
    is_connection = _CONNECTION.search(kind) is not None
    waits = (
        " It is dropped where it was put into a queue, and whoever waits for it never gets it."
        if case.trial.outcome == "hang"
        else ""
    )
    return Cause(
        "unpicklable_connection" if is_connection else "unpicklable",
        f"{what} cannot be pickled{at(where)}",
        f"{_why(case, kind, message)}{f' Python says {message}.' if message else ''}{waits}",
        where,
        advice="" if is_connection else _advice(kind, clue),
        key=clue.path if clue else where or message,
    )


def _named(clue: Unpicklable) -> str:
    """Say what cannot be pickled, and where it is in what is handed over."""
    what = f"{a(clue.type.removeprefix(_NAMELESS))} ({clue.path})"
    if not clue.type.startswith(_NAMELESS):
        return what
    which = "which" if clue.type.endswith(" class") else "whose class"
    return f"{what}, {which} its module does not have under that name,"


def _why(case: Case, kind: str, message: str) -> str:
    """Say what is pickled where, and by which name."""
    why = (
        "What is given to a child started by spawn or forkserver is pickled, with everything that "
        "it refers to: the target, what a bound method belongs to, the arguments, and the "
        "attributes of the Process object."
    )
    if "fork" in case.trial.method_used:
        why = (
            "What is sent to a worker of a pool, or put into a queue, is pickled under every start "
            "method, with everything that it refers to: the function, what a bound method belongs "
            "to, the arguments; a function is pickled by its name, under which its module must "
            "have it."
        )
    missing = _NOT_FOUND.search(message)
    if missing and kind.startswith("replaced "):
        why += (
            f"{_BY_NAME}: its module has nothing there while a decorator runs, and then what that "
            "returns."
        )
    elif missing:
        module, name = (missing[2] or missing[3]), (missing[1] or missing[4])
        file = f", that is {case.sources.main}," if module == "__main__" else ""
        made = (
            "which was made at run time, or is bound to another name there"
            if kind.startswith(_NAMELESS)
            else "whose code was run some other way, by exec() or runpy, or was bound to another "
            "name"
        )
        why += f"{_BY_NAME}: `{module}`{file} has no `{name}`, {made}."
    elif kind.startswith("replaced "):
        why += f"{_BY_NAME}: there, its module has something else by now."
    return why


_NAMELESS: Final = "nameless "
_BY_NAME: Final = " A function or class is pickled by its name"


def in_output(case: Case) -> Cause | None:
    """See that a child was not started, or not given something, and the program goes on without."""
    return find(case) if case.telling(Unpicklable) else None


def _advice(kind: str, clue: Unpicklable | None) -> str:
    local = kind.startswith("local ")
    of_library = " of " in kind or (clue is not None and not clue.own and not local)
    if clue is not None and clue.bound and of_library:  # or it is not known whose
        return "Give the child a function of a module: with a method, its whole object is pickled."
    return next(told for of, told in _ADVICE if re.search(of, kind))


_CONNECTION: Final = re.compile(r"(^|\.)(\w*Connection|\w*[Ss]ocket|\w*Cursor|\w*Channel|SSL\w+)\b")
"""Types of what has an other end, which knows of one process."""

_ADVICE: Final = (
    (
        r"^(unittest|mock)\.mock\.",
        "Give the child a function of a module: a mock of the parent learns nothing of its calls.",
    ),
    (r"^lambda$", "Define it by `def` at the top level of a module."),
    (r"^local (function|class)$", "Move it to the top level of a module."),
    (
        r"^replaced function$",
        "Keep the function under a name of its own, and what the decorator returns under another.",
    ),
    (
        r"^replaced ",
        "Leave the class under its name: have a decorator return the class, or use `__new__`.",
    ),
    (
        rf"^{_NAMELESS}",
        'Bind the class to its name at the top level of a module: `Pt = namedtuple("Pt", "x y")`.',
    ),
    (r"^local (?!function|class)", "Move its class to the top level of a module."),
    (
        r"^_thread\.|\b(Thread|Lock|RLock|Condition|Semaphore|Event)\b",
        "Make it in the child, and leave it out in `__getstate__`.",
    ),
    (
        r"^module$",
        "Give the child the module's name, and import it there by importlib.import_module().",
    ),
    (r"^RecursionError$", "Give the child a flat list, or what it needs to build this itself."),
    (
        r"^(async_)?generator$",
        "Give the child a list of what it yields, or the function that makes it.",
    ),
    (
        r"^itertools\.",
        "Keep a number or a list instead: no object of itertools can be pickled from 3.14 on.",
    ),
    (
        r"^_csv\.|\b(\w*IOWrapper|FileIO|Buffered(Reader|Writer|Random))\b",
        "Open it in the child, and leave it out in `__getstate__`.",
    ),
    (
        "",
        "Give the child a function of a module and plain data, or leave it out in `__getstate__`.",
    ),
)
"""What to do about what cannot be pickled, by its type."""


def _maker(case: Case, clue: Unpicklable, where: str) -> Call | None:
    """Give the call of a library that has made what is given, where its type names none."""
    name = clue.given.rpartition("=")[2]
    if "." in clue.type or not name.isidentifier():
        return None
    return Calls(case.sources).maker(where.rpartition(":")[0], name)


def _of_result(case: Case, clue: Unpicklable | None, message: str, given: str | None) -> Cause:
    """Tell of what a worker returns, at the one line where its function does, if there is one."""
    what = _named(clue) if clue else "what a worker returns"
    function = (clue and clue.function) or ""
    file, _, line = function.rpartition(":")
    is_coroutine = clue is not None and clue.type == "coroutine"  # which the call itself has made
    returns = [] if is_coroutine or not line else case.sources.file(file).returns_of(int(line))
    returned = f"{file}:{returns[0]}" if len(returns) == 1 else None
    where = returned or given
    ways = [f"a worker returns it{at(returned)}"] if clue else []
    ways += [f"its task is given at {given}"] if given else []
    made = f"A call of the `async def` at {function} only makes a coroutine. "
    advice = "Return plain data: a list instead of a generator, what was read instead of an open "
    advice += "file."
    if is_coroutine:
        advice = "Give the worker a function that is no `async def`, or one that returns what "
        advice += "asyncio.run() gives there."
    elif clue is not None and clue.type.startswith(("local ", "lambda", _NAMELESS)):
        advice = f"{_advice(clue.type, clue)} Or return plain data."
    return Cause(
        "unpicklable_result",
        f"{what} cannot be pickled" + (f": {', and '.join(ways)}" if ways else ""),
        "The result of a task comes back through a pipe, pickled, under every start method. "
        f"{made if is_coroutine else ''}Python says {message}.",
        where,
        advice=advice,
        key=where or message,
    )


_NOT_FOUND: Final = re.compile(
    r"attribute lookup ([\w.]+) on (\S+) failed|it's not found as ([\w.]+)\.(\w+)"
)
"""What pickle says of a name that the module does not have."""

_DUMPS: Final = re.compile(r"^(ForkingPickler|cls)\(\w+, protocol\)\.dump\(obj\)$", re.MULTILINE)
"""The line of multiprocessing's that pickles: what passes it is said by what is pickled."""

_OF_THE_PIPE: Final = ("BrokenPipeError", "ConnectionResetError", "OSError", "KeyboardInterrupt")
"""What that line raises where it pickles into a pipe whose child has ended, as on Windows."""

_GIVEN_BACK: Final = re.compile(r"MaybeEncodingError: Error sending result|in _sendback_result\b")


def _is_pickling(traceback: Traceback) -> bool:
    exception, text = traceback.exception, traceback.exception.message
    dumps = exception.type not in _OF_THE_PIPE and _DUMPS.search("\n".join(traceback.code))
    if exception.type.endswith("PicklingError") or dumps:
        return True
    if exception.type == "RecursionError" and traceback.frames:
        return traceback.frames[-1][0].endswith("multiprocessing/reduction.py")
    at_pickling = any(
        file.endswith(("reduction.py", "queues.py", "pool.py", "process.py"))
        for file, _ in traceback.frames[-6:]
    )
    said = re.search(
        r"([Cc]an't|cannot) (pickle|serialize)|local object"
        r"|cannot be (passed between processes or )?pickled|[Pp]ickling .* is disallowed"
        r"|while pickling an object",
        text,
    )
    return said is not None and (at_pickling or "pickle" in text)
