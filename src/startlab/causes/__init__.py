"""Why a trial of a program came out as it did: rules by mechanism, from what was seen of it.

No rule knows a program. Each looks at structured evidence: what threads wait for and where, which
exceptions were raised in which process, how processes ended, and the clues from inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.causes.again import import_fails_again, made_in_each_child, unguarded_import
from startlab.causes.case import Case, Cause
from startlab.causes.copies import kept_by_child, manager_copy
from startlab.causes.failures import (
    child_raised,
    died_by_signal,
    exit_handed_on,
    killed_worker,
    main_import_fails,
    native_after_fork,
    own_exit_status,
    raised,
    stdin_at_its_end,
    unreadable_program,
    worker_raised,
)
from startlab.causes.hangs import (
    child_failed,
    holder_ended,
    signal_ignored,
    signal_swallowed,
    waits,
)
from startlab.causes.locks import (
    barrier_short,
    joined_under_lock,
    left_behind_by_fork,
    locks_among_themselves,
    never_notified,
)
from startlab.causes.pools import lost_task, lost_task_quietly, respawning
from startlab.causes.queues import (
    item_never_comes,
    join_before_drain,
    made_again,
    no_end_mark,
    pipe_end_inherited,
    queue_of_threads,
    unfinished_tasks,
)
from startlab.causes.settings import setting_differs
from startlab.causes.starts import (
    destructor_again,
    exit_handler_again,
    global_differs,
    handler_in_child,
    loop_after_fork,
    method_set_late,
    mixed_contexts,
    not_importable,
    same_message,
    unpicklable,
)
from startlab.causes.stuck import given_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HANG: Final = (
    unguarded_import, not_importable, import_fails_again, respawning, unpicklable,
    join_before_drain, signal_swallowed, signal_ignored,
    locks_among_themselves, queue_of_threads, left_behind_by_fork, global_differs,
    setting_differs, lost_task,
    child_failed, holder_ended, lost_task_quietly, made_again, joined_under_lock, barrier_short,
    unfinished_tasks, no_end_mark, item_never_comes, never_notified, pipe_end_inherited, waits,
)  # fmt: skip
CRASH: Final = (mixed_contexts, native_after_fork, setting_differs, died_by_signal)
ERROR: Final = (
    unguarded_import, mixed_contexts, unpicklable, not_importable, given_up, exit_handler_again,
    method_set_late, same_message, handler_in_child, loop_after_fork, import_fails_again,
    made_in_each_child, setting_differs, global_differs, killed_worker,
    stdin_at_its_end, manager_copy, destructor_again, kept_by_child,
    signal_ignored, exit_handed_on, own_exit_status, main_import_fails, unreadable_program,
    worker_raised, child_raised, raised,
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
