"""Something that multiprocessing, or a library in a forked child, refuses to do.

## What it sees
An exception whose message multiprocessing writes: a lock that is sent through a queue, a daemonic
process that starts a process, a start method that is set twice or does not exist, a pool that is
joined before it is closed, and the like. Or a library raises in a forked child, with a message that
speaks of the fork.

## Why
Each of them is a rule of multiprocessing that is the same under every start method. A library that
has threads, an event loop or a device in the parent may know that they are not in its forks.

## What to do
What the finding says: each refusal has an advice of its own.

## Bad
```python
lock = multiprocessing.Lock()
multiprocessing.Queue().put(lock)
```

## Good
```python
lock = multiprocessing.Lock()
multiprocessing.Process(target=work, args=(lock,)).start()
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.diagnosis import at_fork
from startlab.diagnosis.case import BY_INHERITANCE, Case, Cause, ended_by, words_beside_tracebacks
from startlab.diagnosis.libraries import package
from startlab.diagnosis.phrases import a, at
from startlab.diagnosis.rule import USE_LATER, Mechanism
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.places import written
from startlab.diagnosis.stacks import own_line
from startlab.model import Unpicklable

if TYPE_CHECKING:
    from startlab.diagnosis.source.calls import Call


class _Refusal(NamedTuple):
    """What multiprocessing refuses, by the pattern of its message, and what to do instead."""

    mechanism: str
    pattern: str
    title: str
    text: str
    advice: str
    experiment: str | None = None


_TOO_LONG: Final = "socket_path_too_long"
_SENT_LATE: Final = _Refusal(
    "shared_as_argument",
    BY_INHERITANCE,
    "a lock or queue is sent to a process that is already running",
    "Locks, queues and values of multiprocessing can only be given to a process when it is "
    "started, not through a queue or as an argument of a pool's task.",
    "Give it to the processes when they are started: as an argument of Process, by `initargs=` of "
    "a pool; or use a Manager's.",
    "lock_in_message",
)
_REFUSALS: Final = (
    _SENT_LATE,
    _Refusal(
        "proxy_without_manager",
        r"'NoneType' object has no attribute '_registry'",
        "a manager's proxy is asked in a child for another proxy, which it cannot create",
        "Iterating over a DictProxy needs a proxy of the iterator. A proxy that was given to "
        "another process does not know its manager there, and cannot make one (gh-99595).",
        "Copy it first, as `dict(proxy)` or `proxy.keys()` do: that needs no other proxy.",
    ),
    _Refusal(
        "daemonic_children",
        r"daemonic processes are not allowed to have children",
        "a daemonic process, as every worker of a Pool is, starts a process",
        "multiprocessing does not let a daemonic process have children, for they would be left "
        "behind when it is ended.",
        "Use concurrent.futures.ProcessPoolExecutor, whose workers may have children.",
        "daemon_children",
    ),
    _Refusal(
        "method_set_twice",
        r"context has already been set",
        "the start method is set a second time",
        "set_start_method() may be called once, and not after anything has asked for the method; "
        'outside `if __name__ == "__main__":` each child that imports the module calls it again.',
        'Call set_start_method() once, below `if __name__ == "__main__":`; a library uses '
        "get_context().",
        "top_level_start_method",
    ),
    _Refusal(
        "no_such_method",
        r"cannot find context for",
        "a start method is requested that does not exist there",
        "Windows has spawn only; a name that is no start method exists nowhere.",
        "Ask multiprocessing.get_all_start_methods() which ones exist.",
        "choose_start_method",
    ),
    _Refusal(
        "init_not_called",
        r"Process\.__init__\(\) not called"
        r"|has no attribute '_(popen|closed|parent_pid)'.* in \S*multiprocessing.process\.py$",
        "a subclass of Process is used before the `__init__` of Process has run",
        "A Process keeps what it needs in attributes that its own `__init__` makes: `daemon`, "
        "`name` and start() need them.",
        "Call `super().__init__()` first of all in the `__init__` of the subclass.",
    ),
    _Refusal(
        _TOO_LONG,
        r"AF_UNIX path too long.* in \S*multiprocessing",
        "the path of the temporary folder is too long for multiprocessing's sockets",
        "A fork server, and a manager, listen on a socket in the temporary folder. The path of a "
        "socket may have 107 bytes on Linux, and 103 on macOS.",
        "Keep the path of the temporary folder short (TMPDIR, tempfile.tempdir), or give the "
        "deeper one only where files of the program's own are made, by `dir=`.",
    ),
    _Refusal(
        "pool_not_closed",
        r"Pool is still running",
        "join() is called for a pool that was not closed",
        "The workers of a pool that is not closed wait for more tasks and never end.",
        "Call close() before join(), or use `with` and collect the results.",
    ),
    _Refusal(
        "pool_ended",
        r"Pool not running|cannot schedule new futures after",
        "a task is given to a pool that is already closed",
        "A pool takes no more tasks after close(), terminate() or shutdown(), or after its `with` "
        "block.",
        "Give the pool all its tasks before close(), within its `with` block.",
    ),
    _Refusal(
        "start_at_exit",
        r"can't fork at interpreter shutdown|can't create new thread at interpreter shutdown",
        "a process is started while the interpreter shuts down",
        "From Python 3.12 on, nothing can be forked any more once the main thread has ended.",
        "Start processes while the main thread runs.",
        "start_at_exit",
    ),
)

MECHANISMS: Final = (
    *(Mechanism(e.mechanism, e.advice, e.experiment, shown=True) for e in _REFUSALS),
    Mechanism("fork_refused", shown=True, advice=USE_LATER),
    Mechanism(
        "object_refused",
        shown=True,
        advice="Create that object in each child; where it is kept, per os.getpid().",
    ),
)


def find(case: Case) -> Cause | None:
    """Know a refusal of multiprocessing by its message, or by what it has refused to pickle."""
    late = not any("created in a fork context" in e.exception.message for e in case.tracebacks)
    for clue in case.clues(Unpicklable):
        if _SHARED.match(clue.type) and late:  # else it was made for another start method
            return _sent_late(case, clue)
    for refusal in _REFUSALS:
        for traceback in case.tracebacks:
            said = f"{traceback.exception.type}: {traceback.exception.message}"
            said += f" in {traceback.frames[-1][0]}" if traceback.frames else ""
            own = own_line(traceback.frames)
            if re.search(refusal.pattern, said) and (own or _THREAD not in said):
                chosen = written(case.sources, _TMP) if refusal.mechanism == _TOO_LONG else None
                where = chosen or own or case.where
                title = f"{refusal.title}{at(where)}"
                return Cause(refusal.mechanism, title, refusal.text, where)
    return None


_SHARED: Final = re.compile(r"multiprocessing\.(queues|synchronize|sharedctypes|heap)\.")
"""Types of what a process is given when it is started, and only then."""


def _sent_late(case: Case, clue: Unpicklable) -> Cause:
    given = clue.where or case.given_at
    dropped = (
        " The task, or the item, is dropped. The error of a task is kept in its result: code that "
        "waits for the task's effect, and never calls get(), waits forever."
    )
    return Cause(
        "shared_as_argument",
        f"{a(clue.type)} ({clue.path}) is sent to a process that is already running{at(given)}",
        _SENT_LATE.text + (dropped if case.trial.outcome == "hang" else ""),
        given or case.where,
    )


_THREAD: Final = "can't create new thread at interpreter shutdown"
"""What a library's thread is told that still runs when the program ends: no cause of that end."""

_TMP: Final = r"\btempfile\.tempdir\s*=[^=]|[\"'](TMPDIR|TEMP|TMP)[\"']\]\s*=[^=]"
"""How a program chooses its temporary folder."""


def suspect(case: Case) -> Cause | None:
    """See that a library raises in a forked child, or ends it, and speaks of the fork."""
    if not case.forked:
        return None
    killed = [e.exit_code or 0 for e in case.trial.processes if e != case.root]
    killed = [code for code in (*killed, *(code for _, code, _ in case.died)) if code < 0]
    words = words_beside_tracebacks(case.trial.stderr)
    said = " / ".join([each for each in words if _OF_A_FORK.search(each)][:2])
    if killed and said:
        used = _used_before(Calls(case.sources))
        where = used[0].where if used else case.where
        by = f" of {used[0].package}" if used else ""
        return Cause(
            "fork_refused",
            f"native code{by}, used at {where}, ends a forked child ({ended_by(killed[0])}), and "
            f"says: {said}",
            "It was used before the fork. What it had then, such as threads, belongs to the "
            "parent alone.",
            where,
        )
    for traceback in case.within_children:
        by = package(traceback.frames[-1][0]) if traceback.frames else ""
        where = own_line(traceback.frames)
        if by and where and _OF_A_FORK.search(traceback.exception.message):
            calls = Calls(case.sources)
            first = calls.first_use(by)
            at = f", first at {first}" if first else ""
            return Cause(
                "object_refused" if _is_by_object(case, calls, by, where) else "fork_refused",
                f"{by} refuses to work at {where} in a forked child: {traceback.said}",
                f"{by} was used before the fork{at}. What it had then, such as "
                "threads, an event loop or a device, belongs to the parent alone.",
                where,
            )
    return None


def _is_by_object(case: Case, calls: Calls, by: str, where: str) -> bool:
    """Tell whether an object that the parent has made refuses, and not the library as a whole."""
    itself = [e for e in calls.in_children() if (e.package, e.where, e.made) == (by, where, None)]
    return not itself and not at_fork.has_native(case, by)


def _used_before(calls: Calls) -> list[Call]:
    """Give what children call of native code: compiled functions, or what the parent used too."""
    in_children = calls.in_children()
    return calls.decorated_in_children() or [
        each for each in in_children if calls.first_use(each.package)
    ]


_OF_A_FORK: Final = re.compile(r"\bfork(ed|ing|s)?\b", re.IGNORECASE)
