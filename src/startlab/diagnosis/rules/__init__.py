"""Why a trial of a program came out as it did: rules by mechanism, from what was seen of it.

No rule knows a program. Each looks at structured evidence: what threads wait for and where, which
exceptions were raised in which process, how processes ended, and the clues from inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.rules.barrier_short import barrier_short
from startlab.diagnosis.rules.buffer_copied import buffer_copied
from startlab.diagnosis.rules.callback_failed import callback_failed, callback_failed_in_silence
from startlab.diagnosis.rules.child_failed import child_failed
from startlab.diagnosis.rules.crash import died_by_signal
from startlab.diagnosis.rules.deadlock import waits
from startlab.diagnosis.rules.destructor_again import destructor_again
from startlab.diagnosis.rules.dying_workers import respawning
from startlab.diagnosis.rules.emptied_in_each_child import emptied_in_each_child
from startlab.diagnosis.rules.exception import child_raised, raised, worker_raised
from startlab.diagnosis.rules.exit_handler_again import exit_handler_again, exit_handler_in_output
from startlab.diagnosis.rules.exit_status import exit_handed_on, own_exit_status
from startlab.diagnosis.rules.file_shared import file_shared
from startlab.diagnosis.rules.global_differs import (
    global_differs,
    global_in_output,
)
from startlab.diagnosis.rules.handler_inherited import (
    handler_in_child,
    handler_in_output,
    signal_swallowed,
)
from startlab.diagnosis.rules.hash_seed import hash_in_output
from startlab.diagnosis.rules.holder_killed import holder_ended
from startlab.diagnosis.rules.import_runs_again import import_fails_again
from startlab.diagnosis.rules.item_never_comes import item_never_comes
from startlab.diagnosis.rules.join_before_drain import join_before_drain
from startlab.diagnosis.rules.joined_under_lock import joined_under_lock
from startlab.diagnosis.rules.kept_by_child import kept_by_child
from startlab.diagnosis.rules.killed_worker import killed_worker
from startlab.diagnosis.rules.lock_held_at_fork import left_behind_by_fork
from startlab.diagnosis.rules.lock_order import locks_among_themselves
from startlab.diagnosis.rules.logging_differs import logging_differs
from startlab.diagnosis.rules.loop_inherited import loop_after_fork
from startlab.diagnosis.rules.lost_task import lost_task, lost_task_quietly
from startlab.diagnosis.rules.made_in_each_child import (
    its_own_in_each_child,
    made_in_each_child,
    other_in_each_child,
)
from startlab.diagnosis.rules.main_import_fails import main_import_fails
from startlab.diagnosis.rules.main_runs_again import main_runs_again
from startlab.diagnosis.rules.manager_copy import manager_copy
from startlab.diagnosis.rules.method_set_late import method_set_late
from startlab.diagnosis.rules.mixed_contexts import mixed_contexts
from startlab.diagnosis.rules.native_after_fork import native_after_fork
from startlab.diagnosis.rules.never_notified import never_notified
from startlab.diagnosis.rules.no_end_mark import no_end_mark
from startlab.diagnosis.rules.not_importable import not_importable
from startlab.diagnosis.rules.pipe_end_inherited import pipe_end_inherited
from startlab.diagnosis.rules.queue_of_threads import queue_of_threads
from startlab.diagnosis.rules.random_copied import random_copied
from startlab.diagnosis.rules.refused import same_message
from startlab.diagnosis.rules.setting_differs import (
    setting_differs,
    setting_in_output,
    setting_shows,
)
from startlab.diagnosis.rules.shared_made_again import made_again, made_again_in_output
from startlab.diagnosis.rules.signal_ignored import signal_ignored
from startlab.diagnosis.rules.stdin_in_child import stdin_at_its_end
from startlab.diagnosis.rules.unfinished_tasks import unfinished_tasks
from startlab.diagnosis.rules.unguarded_main import unguarded_import
from startlab.diagnosis.rules.unpicklable import unpicklable
from startlab.diagnosis.rules.unreadable_program import unreadable_program
from startlab.output.compare import Difference

if TYPE_CHECKING:
    from startlab.model import ClueKind


OfOutput = Callable[[Case, Difference], Cause | None]
"""A rule that is given the lines that only this trial has, and those that only the other has."""


HANG: Final = (
    unguarded_import, not_importable, import_fails_again, respawning, unpicklable,
    join_before_drain, signal_swallowed, signal_ignored,
    locks_among_themselves, queue_of_threads, left_behind_by_fork, global_differs,
    setting_differs, callback_failed, lost_task, callback_failed_in_silence,
    child_failed, holder_ended, lost_task_quietly, made_again, joined_under_lock, barrier_short,
    unfinished_tasks, no_end_mark, item_never_comes, never_notified, pipe_end_inherited, waits,
)  # fmt: skip
CRASH: Final = (mixed_contexts, native_after_fork, setting_differs, died_by_signal)
START: Final = (unguarded_import, mixed_contexts, unpicklable, not_importable)
"""Why a start fails; what comes after them of an error is in `ERROR`."""

ERROR: Final = (
    exit_handler_again,
    method_set_late, same_message, handler_in_child, loop_after_fork, import_fails_again,
    made_in_each_child, setting_differs, global_differs, killed_worker,
    stdin_at_its_end, manager_copy, destructor_again, kept_by_child,
    signal_ignored, exit_handed_on, own_exit_status, main_import_fails, unreadable_program,
    worker_raised, child_raised, raised,
)  # fmt: skip

FILES: Final[tuple[tuple[tuple[ClueKind, ...], OfOutput], ...]] = (
    (("inherited open",), buffer_copied),
    ((), emptied_in_each_child),
    (("global",), other_in_each_child),
)
"""Why an output is another, the strongest reason first, and the clues that each goes by.

What comes after them is in `OUTPUT`.
"""

OUTPUT: Final[tuple[tuple[tuple[ClueKind, ...], OfOutput], ...]] = (
    (("made again",), made_again_in_output),
    (("same random",), random_copied),
    ((), main_runs_again),
    (("exit handler",), exit_handler_in_output),
    (("logging",), logging_differs),
    (("setting",), setting_in_output),
    ((), hash_in_output),
    (("global", "environment"), global_in_output),
    (("setting",), setting_shows),
    (("inherited open",), file_shared),
    (("inherited handler",), handler_in_output),
    ((), its_own_in_each_child),
)
