"""Why a program crashes or ends with an exception."""

from __future__ import annotations

from typing import Final

from startlab.causes.again import exit_line, handed_on, used_at_exit
from startlab.causes.case import (
    Case,
    Cause,
    ended_by,
    first_line,
    last_words,
    may_end_by,
    of_worker,
    own_exceptions,
    own_line,
    own_lines,
    what_was_raised,
)
from startlab.causes.starts import differing_global
from startlab.judge import CRASH_SIGNALS, signal_name

_OWN_ID: Final = "this process's id"
"""As the injection writes a number that is its process's."""


def native_after_fork(case: Case) -> Cause | None:
    """See that a forked child dies by what its parent made before the fork."""
    signals = [signal_name(code) for _, code, _ in case.died if signal_name(code) in CRASH_SIGNALS]
    if not signals or not case.inherited_main:
        return None
    stack = own_lines(case.trial.crash_stacks[-1]) if case.trial.crash_stacks else []
    where = stack[0] if stack else case.where
    way = f", called from {stack[1]}" if len(stack) > 1 else ""
    owned = [clue for clue in case.clues("global") if _OWN_ID in clue.parent]
    made = f" The main module's `{owned[0].name}` was made by another process." if owned else ""
    said = last_words(case.trial.stderr)
    server = ""
    if "forkserver" in case.trial.method_used:
        server = (
            " Here the fork server has imported the main module (from Python 3.13.8 and 3.14.1 "
            "on), and its children are forks of that."
        )
    return Cause(
        "native_after_fork",
        where or "",
        f"a forked child dies by {signals[0]} at {where}{way}: it uses what was made before the "
        "fork",
        "A library's handle, context or thread pool that was made before a fork does not work in "
        f"the child, which has a copy of the memory and nothing else.{made}{server}"
        + (f" Before it died it said: {said}" if said else ""),
        where,
    )


def died_by_signal(case: Case) -> Cause:
    """See that a process died by a signal, whatever the method."""
    stack = own_lines(case.trial.crash_stacks[-1]) if case.trial.crash_stacks else []
    where = stack[0] if stack else case.where
    said = last_words(case.trial.stderr)
    signals = [signal_name(code) for _, code, _ in case.died if signal_name(code)]
    by = case.trial.signal or (signals[0] if signals else "a signal")
    who = "the program" if case.trial.signal else "a child"
    return Cause(
        "crash",
        f"{by} {where}",
        f"{who} dies by {by}" + (f" at {where}" if where else ""),
        f"Before it died it said: {said}" if said else "",
        where,
    )


def killed_worker(case: Case) -> Cause | None:
    """See that a worker of an executor has ended in the middle of its task."""
    exception = case.trial.exception
    if exception is None or not exception.type.endswith("BrokenProcessPool"):
        return None
    unread = [
        each.exception
        for each in case.tracebacks
        if not each.child
        and own_line(each.frames) is None
        and [file.rpartition("/")[2] for file, _ in each.frames[:2]] == _READING
    ]
    if unread:
        said = f"{unread[0].type}: {first_line(unread[0].message)}"
        return Cause(
            "unreadable_result",
            case.where or "",
            f"a result or exception of an executor's task cannot be unpickled, and {case.where} "
            "waits for it",
            f"Reading it raises {said}. An exception whose class has its own __init__ is made "
            "again by calling the class with `args`, which must then be all that it takes. The "
            "executor gives all its work up: every future raises BrokenProcessPool."
            + own_exceptions(case, said),
            case.where,
        )
    died = case.died
    failed = [each for each in case.tracebacks if each.child]
    ends = ", ".join(dict.fromkeys(ended_by(code) for _, code, _ in died)) or "an exit of its own"
    if failed:
        last = failed[0]
        where = own_line(last.frames) or case.where
        ends = f"{last.exception.type}: {first_line(last.exception.message)}"
    else:
        where = case.where
    return Cause(
        "killed_worker",
        where or "",
        f"a worker of the executor has ended ({ends})" + (f" at {where}" if where else ""),
        "concurrent.futures gives all its work up when a worker ends: every future raises "
        "BrokenProcessPool." + ("" if failed else may_end_by(case)),
        where,
    )


_READING: Final = ["process.py", "connection.py"]
"""Where an executor's own thread reads the results."""


def stdin_at_its_end(case: Case) -> Cause | None:
    """See that the program, or a child, has read stdin where there is nothing to be read."""
    exception = case.trial.exception
    if exception is None or exception.type != "EOFError":
        return None
    if "reading a line" not in exception.message:
        return None
    in_child = [each for each in case.tracebacks if each.child]
    if not in_child:
        title = f"the program reads its stdin at {case.where}, which is empty"
        return Cause("no_stdin", case.where or "", title, "", case.where)
    where = own_line(in_child[-1].frames) or case.where
    return Cause(
        "stdin_in_child",
        where or "",
        f"a child reads its stdin at {where}, which is closed to it",
        "multiprocessing opens the null device as the stdin of every child: only the program "
        "itself can read what is typed.",
        where,
    )


def _last_printed(stdout: str) -> str:
    """Quote the end of what was printed: pytest, say, tells all there."""
    lines = [line.strip()[:200] for line in stdout.splitlines() if line.strip()]
    return f" The last that it printed: {' / '.join(lines[-3:])}." if lines else ""


def exit_handed_on(case: Case) -> Cause | None:
    """See that the program's exit status other than 0 is that of a child, without a traceback."""
    trial = case.trial
    if trial.exception is not None or not trial.exit_status:
        return None
    codes = [code for _, code, _ in case.died if code > 0]
    changed = [e for e in case.clues("global") if case.sources.changed(e.name) is not None]
    used = used_at_exit(case)
    there = [each for each in changed if each.name.rpartition(".")[2] in used]
    if there or (changed and not used):
        return differing_global(case, there or changed, None, handed_on(case))
    if not codes:
        return None
    code = trial.exit_status if trial.exit_status in codes else codes[0]
    where = exit_line(case, code)
    last = last_words(trial.stderr)
    return Cause(
        "child_status",
        f"{code} {where}",
        f"a child ends with exit status {code}"
        + (f" at {where}" if where else "")
        + f", and the program then with {trial.exit_status}",
        "There is no traceback."
        + handed_on(case)
        + (f" It said: {last}." if last else _last_printed(trial.stdout)),
        where,
    )


def own_exit_status(case: Case) -> Cause | None:
    """Tell an exit status of the program that no exception stands behind."""
    trial = case.trial
    if trial.exception is not None:
        return None
    last = last_words(trial.stderr)
    return Cause(
        "exit_status",
        f"{trial.exit_status}",
        f"the program ends with exit status {trial.exit_status}" + (f": {last}" if last else ""),
        "There is no traceback: the program itself chose this exit status, and whoever starts "
        "it takes it for a failure." + ("" if last else _last_printed(trial.stdout)),
        trial.where,
    )


def main_import_fails(case: Case) -> Cause | None:
    """See that the fork server has ended by the import of the main module."""
    exception = case.trial.exception
    of_fork_server = [each for each in case.tracebacks if each.child and not each.passing]
    of_program = [each for each in case.tracebacks if not each.child and not each.passing]
    if exception is None or not of_fork_server or not of_program:
        return None
    if exception.type not in _OF_A_DEAD_FORK_SERVER:
        return None
    first = of_fork_server[0]
    where = own_line(first.frames) or case.trial.where
    said = f"{first.exception.type}: {first_line(first.exception.message)}"
    return Cause(
        "main_import_fails",
        f"{first.exception.type} {where}",
        f"the import of the main module fails in the fork server, with {said} at {where}",
        "The fork server imports the main module before its first fork, and what that import "
        f"raises is its end. The program only sees {what_was_raised(case.trial).rstrip('.')}.",
        where,
    )


def unreadable_program(case: Case) -> Cause | None:
    """See that this Python cannot compile the program, or lacks what it imports."""
    trial = case.trial
    if trial.exception is None:
        return None
    said = what_was_raised(trial)
    if trial.exception.type in ("SyntaxError", "IndentationError", "TabError"):
        title = f"this Python cannot read the program: {said}"
        return Cause("syntax", said, title, "", trial.where)
    if trial.exception.type in ("ModuleNotFoundError", "ImportError"):
        return Cause("missing_module", said, said, "", trial.where)
    return None


def worker_raised(case: Case) -> Cause | None:
    """See that the program raises what a worker has raised and handed on."""
    worker = of_worker(case)
    inside = own_line(worker.frames) if worker else None
    where = case.trial.where
    if case.trial.exception is None or inside is None or inside == where:
        return None
    return Cause(
        "exception",
        f"{case.trial.exception.type} {inside}",
        f"a worker raises {what_was_raised(case.trial)} at {inside}"
        + (f", and so does {where}, which waits for its result" if where else ""),
        "",
        inside,
    )


def child_raised(case: Case) -> Cause | None:
    """See that a child has raised something, and the program then something else."""
    trial = case.trial
    child = next((each for each in case.tracebacks if each.child), None)
    of_program = any(not each.child and not each.passing for each in case.tracebacks)
    first = own_line(child.frames) if child is not None else None
    if trial.exception is None or child is None or first is None or not of_program:
        return None
    if trial.exception == child.exception:
        return None
    at = f" at {trial.where}" if trial.where else ""
    return Cause(
        "child_raised",
        f"{child.exception.type} {first}",
        f"a child raises {child.exception.type}: {first_line(child.exception.message)} at {first}",
        f"The program then raises {what_was_raised(trial)}{at}.",
        first,
    )


def raised(case: Case) -> Cause | None:
    """Tell an exception that no rule knows: which, in which process, at which line."""
    trial = case.trial
    if trial.exception is None:
        return None
    child = [each for each in case.tracebacks if each.child]
    of_program = any(not each.child and not each.passing for each in case.tracebacks)
    of_child = child and (trial.exception == child[-1].exception or not of_program)
    return Cause(
        "exception",
        f"{trial.exception.type} {trial.where}",
        f"{'a child' if of_child else 'the program'} raises {what_was_raised(trial)}"
        + (f" at {trial.where}" if trial.where else ""),
        "",
        trial.where,
    )


_OF_A_DEAD_FORK_SERVER: Final = (
    "EOFError",
    "ConnectionResetError",
    "BrokenPipeError",
    "ConnectionRefusedError",
)
