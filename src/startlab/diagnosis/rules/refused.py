"""What multiprocessing itself refuses, by its own words."""

from __future__ import annotations

import re
from typing import Final

from startlab.diagnosis.case import BY_INHERITANCE, Case, Cause
from startlab.diagnosis.stacks import own_line


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
        BY_INHERITANCE,
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
