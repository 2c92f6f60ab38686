"""Why a trial of a program came out as it did: rules by mechanism, from what was seen of it.

No rule knows a program. Each looks at structured evidence: what threads wait for and where, which
exceptions were raised in which process, how processes ended, and the clues from inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.causes.case import Case, Cause
from startlab.causes.failures import died_by_signal, killed_worker, native_after_fork, raised
from startlab.causes.hangs import (
    child_failed,
    join_before_drain,
    left_behind_by_fork,
    lost_task,
    lost_task_quietly,
    made_again,
    pipe_end_inherited,
    respawning,
    signal_swallowed,
    waits,
)
from startlab.causes.starts import (
    exit_handler_again,
    global_differs,
    mixed_contexts,
    not_importable,
    same_message,
    unguarded_main,
    unpicklable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HANG: Final = (
    unguarded_main, not_importable, respawning, unpicklable, join_before_drain, signal_swallowed,
    left_behind_by_fork, global_differs, lost_task, child_failed, lost_task_quietly, made_again,
    pipe_end_inherited, waits,
)  # fmt: skip
CRASH: Final = (mixed_contexts, native_after_fork, died_by_signal)
ERROR: Final = (
    unguarded_main, mixed_contexts, unpicklable, not_importable, exit_handler_again, same_message,
    global_differs, killed_worker, raised,
)  # fmt: skip


def explain(case: Case) -> Cause:
    """Find the cause of a trial that is a hang, a crash, an error or undecided."""
    rules: dict[str, Sequence[Callable[[Case], Cause | None]]] = {
        "hang": HANG,
        "crash": CRASH,
        "error": ERROR,
    }
    for rule in rules.get(case.trial.outcome, ()):
        cause = rule(case)
        if cause is not None:
            return cause
    trial = case.trial
    key = "" if trial.outcome == "undecided" else trial.reason
    return Cause(trial.outcome, key, trial.reason or trial.outcome, where=case.where)
