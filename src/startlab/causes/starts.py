"""What goes wrong between a start and the first line of the child.

The main module that is imported again, what is pickled, contexts, and the state that a child has.
All of it may show as a hang, as an error or as another output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.causes.case import (
    Case,
    Cause,
    first_line,
    is_remote,
    own_line,
    started_at,
    what_was_raised,
)
from startlab.causes.places import written
from startlab.judge import CRASH_SIGNALS, signal_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.judge import Traceback
    from startlab.model import Clue

_BOOTSTRAPPING: Final = "An attempt has been made to start a new process before"


def unguarded_main(case: Case) -> Cause | None:
    """See that a child that imports the main module starts processes itself."""
    told = [each for each in case.tracebacks if _BOOTSTRAPPING in each.exception.message]
    clues = case.clues("unguarded")
    if not clues and not told and _BOOTSTRAPPING not in case.trial.stderr:
        return None
    where = clues[0].where if clues else own_line(told[-1].frames) if told else None
    if where is None:
        where = case.where
    again = ""
    if case.trial.outcome == "hang":
        again = " The pool replaces each worker that dies of this, for ever."
    elif case.trial.exception is not None:
        again = f" The program only sees {what_was_raised(case.trial).rstrip('.')}."
    return Cause(
        "unguarded_main",
        where or "",
        f"the main module starts processes at {where} without a guard, and so does every child "
        "that imports it",
        "Where children are not plain forks, each of them (or the fork server) first imports the "
        f'main module. What is not below `if __name__ == "__main__":` runs again there, and at '
        f"{where} it starts processes, which multiprocessing refuses.{again}",
        where,
    )


_BY_INHERITANCE: Final = "should only be shared between processes through inheritance"


def unpicklable(case: Case) -> Cause | None:
    """See that what a child is to be given cannot be pickled."""
    clues = case.clues("unpicklable")
    found = [each for each in case.tracebacks if _is_pickling(each)]
    refused = any(_BY_INHERITANCE in each.exception.message for each in case.tracebacks)
    if refused or not (clues or found):
        return None
    raised = found[-1] if found else None
    message = f"{raised.exception.type}: {first_line(raised.exception.message)}" if raised else ""
    where = (clues[0].where if clues else None) or (own_line(raised.frames) if raised else None)
    where = where or case.where
    if raised and not clues and _GIVEN_BACK.search(f"{message} {case.trial.stderr}"):
        return Cause(
            "unpicklable_result",
            where or message,
            "what a worker gives back cannot be pickled"
            + (f": its task is given at {where}" if where else ""),
            "The result of a task comes back through a pipe, pickled, under every start method. "
            f"Python says {message}.",
            where,
        )
    what = f"{clues[0].name}, a {clues[0].parent}," if clues else "what the child is to be given"
    why = (
        "What is given to a child that is no plain fork is pickled, with all that hangs on it: "
        "the target, what a bound method belongs to, the arguments."
    )
    if "fork" in case.trial.method_used:
        why = (
            "What is sent to a worker of a pool, or put into a queue, is pickled under every start "
            "method, with all that hangs on it: the function, what a bound method belongs to, the "
            "arguments; a function goes by its name, which must lead to it in its module."
        )
    waits = ""
    if case.trial.outcome == "hang":
        waits = " It is dropped where it was put into a queue, and whoever waits for it waits on."
    return Cause(
        "unpicklable",
        clues[0].name if clues else where or message,
        f"{what} cannot be pickled" + (f", at {where}" if where else ""),
        why + (f" Python says {message}." if message else "") + waits,
        where,
    )


_GIVEN_BACK: Final = re.compile(r"MaybeEncodingError: Error sending result|in _sendback_result\b")


def _is_pickling(traceback: Traceback) -> bool:
    exception = traceback.exception
    text = exception.message
    if exception.type.endswith("PicklingError"):
        return True
    at_pickling = any(
        file.endswith(("reduction.py", "queues.py", "pool.py", "process.py"))
        for file, _ in traceback.frames[-6:]
    )
    said = re.search(
        r"(can't|cannot|Can't get local|Can't) (pickle|serialize)"
        r"|cannot be (passed between processes or )?pickled|[Pp]ickling .* is disallowed",
        text,
    )
    local = "local object" in text
    return bool(said or local) and (at_pickling or "pickle" in text)


_NOT_FOUND: Final = re.compile(
    r"Can't get attribute '(?P<a>[^']+)' on <module '(?P<m>[^']+)'"
    r"|module '(?P<n>__main__|__mp_main__)' has no attribute '(?P<b>[^']+)'"
)


def not_importable(case: Case) -> Cause | None:
    """See that the import of main does not define what a child was told to run."""
    for traceback in case.tracebacks:
        match = _NOT_FOUND.search(traceback.exception.message)
        if match is None:
            continue
        name = match["a"] or match["b"]
        line = case.sources.file(case.sources.main).mentions(
            rf"\b(def|class)\s+{name}\b|\b{name}\s*="
        )
        where = f"{case.sources.main}:{line}" if line else started_at(case)
        begun = started_at(case)
        if line and case.inherited_main and _is_before(begun, where):
            return Cause(
                "defined_after_start",
                name,
                f"children that are forked at {begun} do not have `{name}`, which is defined at "
                f"{where}, only after that",
                "A forked child has what its parent had made when it was forked, and nothing of "
                f"what came later. It ended with {traceback.exception.type}.",
                where,
            )
        return Cause(
            "not_importable",
            name,
            f"children cannot find `{name}`"
            + (
                f", which is defined at {where} only where the program itself comes" if line else ""
            ),
            "A child that is no plain fork imports the main module and looks there for what it is "
            f"to run. `{name}` is not there after that import: it is defined below "
            '`if __name__ == "__main__":`, in a function, in an interactive session, or the module '
            f"is another one. It ended with {traceback.exception.type}.",
            where,
        )
    return None


def _is_before(one: str | None, other: str | None) -> bool:
    """Tell whether a line stands above another one of the same file."""
    file, _, line = (one or "").rpartition(":")
    other_file, _, other_line = (other or "").rpartition(":")
    return file == other_file and line.isdigit() and int(line) < int(other_line)


def mixed_contexts(case: Case) -> Cause | None:
    """See that what was made for fork is given to a spawned process, or the other way round."""
    text = "SemLock created in a fork context"
    told = [each for each in case.tracebacks if text in each.exception.message]
    clues = case.clues("other context")
    crashed = case.trial.outcome == "crash" and any(
        signal_name(code) in CRASH_SIGNALS for _, code, _ in case.died
    )
    if not told and not (clues and crashed):
        return None
    where = clues[0].where if clues else own_line(told[-1].frames)
    made = f"`{clues[0].name}()`, made at {where} for {clues[0].parent}," if clues else "a lock"
    other = clues[0].child if clues else "another method"
    return Cause(
        "mixed_contexts",
        where or "",
        f"{made} is used in processes started by {other}",
        "A lock, queue or value belongs to the context that made it. One of fork's has no name "
        "by which a spawned process could open it: Python 3.11.5 and later refuse it, older ones "
        "die by a signal.",
        where,
    )


def method_set_late(case: Case) -> Cause | None:
    """See that the only call of set_start_method() comes after something has asked for one."""
    told = [each for each in case.tracebacks if "already been set" in each.exception.message]
    where = own_line(told[0].frames) if told else None
    if where is None or any(each.child for each in told):
        return None
    file, _, number = where.rpartition(":")
    source = case.sources.file(file)
    first = source.mentions(r"\bset_start_method\(")
    earlier = source.mentions(_ASKS_FOR_A_METHOD)
    again = source.mentions(r"\bset_start_method\(", (first or 0) + 1)
    if earlier is None or first != int(number) or again or earlier >= first:
        return None
    return Cause(
        "method_set_late",
        where,
        f"set_start_method() at {where} comes too late: `{source.line(earlier)}` at "
        f"{file}:{earlier} has settled the method",
        "The first lock, queue, pool or process that is made without a context of its own takes "
        "the platform's method, and it stays that.",
        where,
    )


_ASKS_FOR_A_METHOD: Final = (
    r"^(?!\s*(from|import|def|class)\b).*(?<!\w)(?:mp|multiprocessing)\.(Array|Barrier|Bounded|Con"
    r"dition|Event|JoinableQueue|Lock|Manager|Pool|Process|Queue|RLock|Semaphore|SimpleQueue|Value"
    r"|get_start_method)\w*\("
)


def same_message(case: Case) -> Cause | None:
    """Know a refusal of multiprocessing by its message."""
    for pattern, mechanism, title, text in _REFUSALS:
        for traceback in case.tracebacks:
            said = f"{traceback.exception.type}: {traceback.exception.message}"
            if re.search(pattern, said):
                where = own_line(traceback.frames) or case.where
                at = f" at {where}" if where else ""
                return Cause(mechanism, where or "", title + at, text, where)
    return None


_REFUSALS: Final = (
    (
        _BY_INHERITANCE,
        "shared_as_argument",
        "a lock or queue is sent to a process that runs already",
        (
            "Locks, queues and values of multiprocessing can only be given to a process when it is "
            "started, not through a queue or as an argument of a pool's task."
        ),
    ),
    (
        r"daemonic processes are not allowed to have children",
        "daemonic_children",
        "a daemonic process, as every worker of a Pool is, starts a process",
        (
            "multiprocessing does not let a daemonic process have children, for they would be left "
            "behind when it is ended."
        ),
    ),
    (
        r"context has already been set",
        "method_set_twice",
        "the start method is set a second time",
        (
            "set_start_method() may be called once, and not after anything has asked for the "
            'method; outside `if __name__ == "__main__":` each child that imports the module calls '
            "it again."
        ),
    ),
    (
        r"cannot find context for",
        "no_such_method",
        "a start method is asked for that does not exist there",
        "Windows has spawn only; a name that is no start method exists nowhere.",
    ),
    (
        r"is multi-threaded, use of fork\(\) may lead to deadlocks",
        "fork_with_threads",
        "the warning that fork meets several threads is made an exception",
        (
            "From Python 3.12 on, a fork of a process with several threads warns; here the "
            "warning is an error."
        ),
    ),
    (
        r"Pool is still running",
        "pool_not_closed",
        "join() is called for a pool that was not closed",
        "The workers of a pool that is not closed wait for more tasks and never end.",
    ),
    (
        r"Pool not running|cannot schedule new futures after",
        "pool_ended",
        "a task is given to a pool that was closed before",
        (
            "A pool takes no more tasks after close(), terminate() or shutdown(), nor behind its "
            "`with` block."
        ),
    ),
    (
        r"can't fork at interpreter shutdown|can't create new thread at interpreter shutdown",
        "start_at_exit",
        "a process is started while the interpreter shuts down",
        "From Python 3.12 on, nothing can be forked any more once the main thread has ended.",
    ),
)


def handler_in_child(case: Case) -> Cause | None:
    """See that a forked child has run its parent's signal handler, and failed in it."""
    clues = {clue.parent.rpartition(" at ")[2]: clue for clue in case.clues("inherited handler")}
    for traceback in case.tracebacks:
        for file, line in traceback.frames if traceback.child else ():
            clue = clues.get(f"{file}:{case.sources.file(file).function_of(line)}")
            if clue is None:
                continue
            where = f"{file}:{line}"
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            return Cause(
                "handler_inherited",
                clue.name,
                f"a forked child runs its parent's handler of {clue.name}, which raises {said} at "
                f"{where}",
                f"A forked child has its parent's signal handlers, here {clue.parent}, and what "
                "that does is meant for the parent: there, its children are not this one's.",
                where,
            )
    return None


def loop_after_fork(case: Case) -> Cause | None:
    """See that a forked child uses the event loop that its parent runs."""
    for traceback in case.tracebacks:
        where = own_line(traceback.frames)
        said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
        if traceback.child and "fork" in case.trial.method_used and _RUNNING_LOOP.search(said):
            return Cause(
                "loop_inherited",
                where or "",
                "a forked child uses its parent's event loop"
                + (f" at {where}" if where else "")
                + f", and raises {said}",
                "The fork was made by a coroutine: the child has a copy of the loop that runs it, "
                "and to the child this one is running for ever.",
                where,
            )
    return None


_RUNNING_LOOP: Final = re.compile(
    r"event loop is already running|while another loop is running|from a running event loop"
)


def exit_handler_again(case: Case) -> Cause | None:
    """See that a child has run main's exit handlers, and cleared away what is the parent's."""
    clues = case.clues("exit handler")
    gone = [each for each in case.tracebacks if _MISSING.search(each.exception.type)]
    if not clues or not gone:
        return None
    clue = clues[0]
    first = next((each for each in gone if not each.child), gone[0])
    missed = own_line(first.frames)
    return Cause(
        "exit_handler_again",
        clue.where or "",
        f"{clue.name}, registered at {clue.where} by the main module, also runs when a child ends",
        "Each child that imports the main module registers its exit handlers anew, and runs them "
        f"when it ends: the first that does clears away what the program still needs. At {missed} "
        f"it is missed: {first.exception.type}: {first_line(first.exception.message)}.",
        clue.where,
    )


def destructor_again(case: Case) -> Cause | None:
    """See that a child has cleared away, with its copy of an object, what is the parent's."""
    gone = [each for each in case.tracebacks if _MISSING.search(each.exception.type)]
    where = written(case, r"\bdef __del__\b|\bweakref\.finalize\(")
    if not gone or where is None or "fork" in case.trial.method_used:
        return None
    first = next((each for each in gone if not each.child), gone[0])
    return Cause(
        "destructor_again",
        where,
        f"the destructor at {where} also runs for the copy that a child is given, and clears away "
        "what the program still needs",
        "What is given to a child that is no plain fork is pickled and made again there: a second "
        "object, which knows the same file or folder, and whose end clears that away. At "
        f"{own_line(first.frames)} it is missed: {first.exception.type}: "
        f"{first_line(first.exception.message)}.",
        where,
    )


_MISSING: Final = re.compile(
    r"FileNotFoundError|NotADirectoryError|ConnectionRefusedError|BrokenPipeError|OSError"
    r"|DatabaseError|OperationalError|ProcessLookupError"
)


def global_differs(case: Case) -> Cause | None:
    """See that a child raises, and a global that it uses is not what it is in the parent."""
    differing = [*case.clues("global"), *case.clues("environment")]
    for traceback in case.tracebacks:
        if not traceback.child and not is_remote(traceback, case):
            continue
        where = own_line(traceback.frames)
        text = f"{case.sources.code(where)} {traceback.exception.message}"
        used = [
            clue
            for clue in differing
            if re.search(rf"\b{re.escape(clue.name.split('.')[-1])}\b", text)
        ]
        if not used and differing and traceback.exception.type in _OF_MISSING_STATE:
            used = differing[:1]
        if used:
            said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
            return differing_global(case, used, where, f" It raises {said}, at {where}.")
        if traceback.exception.type == "NameError" and where is not None:
            return Cause(
                "global_differs",
                where,
                f"{first_line(traceback.exception.message)} in the child, at {where}",
                "A child that is no plain fork has only what the import of the main module makes; "
                'what is made below `if __name__ == "__main__":` or in a function is not there.',
                where,
            )
    return None


_OF_MISSING_STATE: Final = (
    "NameError", "KeyError", "AttributeError", "TypeError", "IndexError", "ValueError",
)  # fmt: skip


def differing_global(case: Case, clues: Sequence[Clue], where: str | None, more: str = "") -> Cause:
    """Tell that globals are not what they were in the parent."""
    clue = clues[0]
    source = case.sources.file(case.sources.main)
    changed = case.sources.changed(clue.name)
    used = None if where else source.mentions(rf"^\s+.*\b{re.escape(clue.name)}\b")
    place = changed or where or (f"{case.sources.main}:{used}" if used else None)
    if clue.kind == "environment":
        name = re.escape(clue.name)
        line = source.mentions(
            rf"environ\[.{name}.\]\s*=|environ\.(update|setdefault)|putenv\(|{name}\s*="
        )
        place = f"{case.sources.main}:{line}" if line else where
        return Cause(
            "environment_differs",
            clue.name,
            f"the environment variable {clue.name}"
            + (f", set at {place}," if place else "")
            + " is not there in the children",
            "Children of the fork server have the environment that it was started with, by the "
            f"first start; what is set later does not reach them.{more}",
            place,
        )
    names = ", ".join(f"`{each.name}`" for each in clues[:3])
    there = f"is {clue.child} in the children" if clue.child else "does not exist in the children"
    return Cause(
        "global_differs",
        " ".join(each.name for each in clues[:3]),
        f"{names} {'are' if len(clues) > 1 else 'is'} not in the children what the parent has made "
        "of "
        + ("them" if len(clues) > 1 else "it")
        + (f" at {place}" if changed else f", which shows at {place}" if place else ""),
        f"`{clue.name}` is {clue.parent} in the parent when it starts the child, and {there}. A "
        "child that is no plain fork has what the import of the main module makes, and nothing of "
        f"what was changed since.{more}",
        place,
    )
