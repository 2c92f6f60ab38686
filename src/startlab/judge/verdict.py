"""The outcome of an observation, and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.judge import waiting
from startlab.judge.check import wrong_output
from startlab.judge.paths import where_in
from startlab.model import SignalSent
from startlab.output import signals
from startlab.output.tracebacks import (
    Traceback,
    crash_frames,
    find_tracebacks,
    first_line,
    last_line,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.judge.paths import Own
    from startlab.model import (
        Check,
        Grade,
        Observation,
        Outcome,
        PythonException,
    )

STARVED_SHARE: Final = 0.25
"""Of the time limit: a busy job that waited longer for a core may only have been slow."""

LOADED: Final = 2.0
"""Processes that want each core: with more, and where nobody sees who waits for one, a job that is
not over may only have been slow."""

TURN_S: Final = 2.0
"""Seconds for each process that wants a core: one that is ready has run by then (Linux's and XNU's
turns are 0.1 s at most), and ps(1), which counts whole seconds in places, shows it."""


class Verdict(NamedTuple):
    """The class of a trial, and why."""

    outcome: Outcome
    reason: str = ""
    grade: Grade | None = None
    where: str | None = None
    exception: PythonException | None = None


def classify(observation: Observation, check: Check, own: Own) -> Verdict:
    """Return the outcome of a trial, from what was observed and the expected output."""
    match observation.ended:
        case "launch":
            failure = observation.not_launched
            return Verdict("unavailable", waiting.not_launched(failure) if failure else "")
        case "proof":
            return _proven(observation, own)
        case "rounds":
            reason = waiting.goes_round(observation)
            return Verdict("hang", reason, observation.grade, observation.where)
        case "stopped":
            return Verdict("undecided", "the trial was stopped before its end")
        case "limit":
            return _at_the_limit(observation)
        case "exit":
            return _at_the_exit(observation, check, own)


def _proven(observation: Observation, own: Own) -> Verdict:
    if not observation.all_ended:
        return Verdict("hang", waiting.NOT_ENDED, observation.grade, observation.where)
    if observation.respawn is None:
        return Verdict("hang", waiting.hang(observation), observation.grade, observation.where)
    reason = waiting.respawning(observation.respawn)
    died_of = find_tracebacks(observation.stderr.text())
    if not died_of:
        return Verdict("hang", reason, observation.grade, observation.where)
    exception = died_of[-1].exception
    reason += f", of {exception.type}: {first_line(exception.message)}"
    where = observation.where or where_in(died_of[-1].frames, own)
    return Verdict("hang", reason, observation.grade, where, exception)


def _at_the_limit(observation: Observation) -> Verdict:
    after = f"after {observation.limit_s:.3g} s"
    starved = f"was ready to run without a core for {observation.starved_s:.1f} s"
    starved_long = observation.starved_s > STARVED_SHARE * observation.limit_s
    if observation.grade == "busy" and starved_long and not _deaf_pool(observation):
        return Verdict("undecided", f"not over {after}, but the machine was loaded: it {starved}")
    # Only Linux tells how long a process waits for a core. Elsewhere a process that is ready has
    # its turn all the same, sooner than this, and ps(1) counts whole seconds in places.
    had_its_turn = observation.idle_s > TURN_S * observation.load
    unseen = observation.sys_platform != "linux" and observation.load > LOADED and not had_its_turn
    if unseen and not _deaf_pool(observation):
        return Verdict(
            "undecided",
            f"not over {after}, but the machine was loaded: {observation.load:.1f} processes "
            "wanted each core, and this platform does not show how long a program waits for one",
        )
    if observation.grade == "quiescent":
        reason = f"not over {after}; its processes have used no CPU for {observation.idle_s:.1f} s"
    else:
        reason = f"not over {after}; its processes are using the CPU"
    if not observation.all_ended:
        reason += f"; no proof: {waiting.NOT_ENDED}"
    elif observation.obstacle is not None:
        reason += f"; no proof: {waiting.obstacle(observation.obstacle)}"
    return Verdict("hang", reason, observation.grade, observation.where)


def _deaf_pool(observation: Observation) -> bool:
    """Return whether the thread that takes a Pool's results has died: none will be taken any more.

    Another thread of the pool then spins, so the job looks busy.
    """
    return (
        re.search(r'pool\.py", line \d+, in _handle_results', observation.stderr.text()) is not None
    )


def _at_the_exit(observation: Observation, check: Check, own: Own) -> Verdict:
    tracebacks = find_tracebacks(observation.stderr.text())
    crash = _crash(observation)
    if crash is not None:
        frames = crash_frames(observation.crashes[-1]) if observation.crashes else ()
        return Verdict("crash", crash, where=where_in(frames, own))
    if observation.exit_status != 0:
        return _error(observation, tracebacks, own)
    wrong = wrong_output(check, observation)
    if wrong is not None:
        where = where_in(tracebacks[-1].frames, own) if tracebacks else None
        return Verdict("wrong", wrong, where=where)
    return Verdict("ok")


def _crash(observation: Observation) -> str | None:
    own = signals.name_of(observation.exit_status, observation.sys_platform)
    if own is not None:
        return f"the program died by {own}"
    # A signal that the program sends to its child is no fault of that.
    sent = {
        (clue.child, -clue.number) for clue in observation.clues if isinstance(clue, SignalSent)
    }
    crashed = False
    for start in observation.starts:
        name = signals.name_of(start.exit_code, observation.sys_platform)
        crashed = crashed or name in signals.CRASHES
        if name in signals.CRASHES and (start.child, start.exit_code) not in sent:
            status = observation.exit_status
            return f"process {start.child} died by {name}; the program's exit status is {status}"
    if observation.crashes and not crashed:
        return f"a process died: {observation.crashes[-1].splitlines()[0]}"
    return None


def _error(observation: Observation, tracebacks: Sequence[Traceback], own: Own) -> Verdict:
    status = observation.exit_status
    of_the_parent = [each for each in tracebacks if not each.child and not each.passing]
    if not tracebacks:
        last = last_line(observation.stderr.text())
        return Verdict("error", f"exit status {status}" + (f": {last}" if last else ""))
    traceback = (of_the_parent or tracebacks)[-1]
    of = "in a child: " if traceback.child else ""
    exception = traceback.exception
    return Verdict(
        "error",
        f"{of}{exception.type}: {first_line(exception.message)}",
        where=where_in(traceback.frames, own),
        exception=exception,
    )
