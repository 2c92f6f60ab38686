"""Why a trial of a program came out as it did: each file is a rule, and `ORDER` lists them all.

No rule knows a program, or another rule. Each looks at structured evidence: what threads wait for
and where, which exceptions were raised in which process, how processes ended, and the clues from
inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.by_experiment import BY_EXPERIMENT
from startlab.diagnosis.rules import (
    callback_failed,
    child_failed,
    child_reaped,
    code_page,
    connection_shared,
    crash,
    crossed_waits,
    deadlock,
    descriptor_by_number,
    dying_workers,
    exception,
    exit_0_in_spite,
    exit_handler_again,
    exit_status,
    file_in_use,
    fork_with_threads,
    given_up,
    global_differs,
    handler_inherited,
    holder_killed,
    holder_waits,
    import_runs_again,
    import_waits,
    item_never_comes,
    join_before_drain,
    left_unsent,
    library_copy,
    library_state,
    lock_held_at_fork,
    lock_order,
    logging_differs,
    loop_idle,
    loop_inherited,
    lost_task,
    lost_update,
    made_in_each_child,
    manager_copy,
    manager_ended,
    method_set_late,
    mixed_contexts,
    native_pool,
    never_notified,
    never_released,
    no_answer,
    no_end_mark,
    no_target,
    not_importable,
    output_differs,
    own_copy_asked,
    parent_is_fork_server,
    passed_over,
    patched_in_parent,
    pinned,
    pipe_end_inherited,
    queue_stays_empty,
    raised_before_exit,
    random_copied,
    refused,
    replaced_in_parent,
    setting_differs,
    shared_made_again,
    signal_ignored,
    stdin_in_child,
    subprocess_pipes,
    thread_not_ended,
    threads_replaced,
    unexplained,
    unfinished_tasks,
    unguarded_main,
    unix_command,
    unix_only,
    unix_path,
    unpicklable,
    unpickling_fails,
    unreadable_program,
    wait_too_short,
    waits_for_itself,
    waits_on_windows,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from startlab.diagnosis.case import Situation
    from startlab.diagnosis.rule import Mechanism, Rule

_ONLY_ON_WINDOWS: Final[tuple[Rule, ...]] = (
    unix_only.find,
    unix_path.find,
    unix_command.find,
    file_in_use.find,
    waits_on_windows.find,
    code_page.find,
)
"""What an exception says that is raised there alone; a path before the command that it names."""

ORDER: Final[Mapping[Situation, tuple[Rule, ...]]] = {
    # What a process was in when it could not go on. What children raised or lack comes before what
    # follows from it: that something waits for them.
    "hang": (
        unguarded_main.find,
        threads_replaced.find,  # whatever waits then, it is by that
        not_importable.find,
        import_runs_again.find,
        manager_ended.find,
        descriptor_by_number.find,
        *_ONLY_ON_WINDOWS,  # what a child raised there; that it dies, or is waited for, follows
        refused.find,
        unpicklable.find,
        subprocess_pipes.find,
        join_before_drain.find,
        handler_inherited.find,
        patched_in_parent.find,  # before those that see what it comes to, but not the line
        unpickling_fails.find,
        raised_before_exit.find,
        raised_before_exit.suspect,
        signal_ignored.find,
        child_reaped.find,
        child_reaped.suspect,
        waits_for_itself.find,
        import_waits.find,  # before lock_held_at_fork: both see a lock that nothing releases
        lock_order.find,
        replaced_in_parent.find,
        no_target.find,
        crossed_waits.find,
        queue_stays_empty.find,
        native_pool.find,  # before lock_held_at_fork: the native stack tells more
        lock_held_at_fork.find,
        global_differs.find,
        setting_differs.find,
        library_state.find,
        dying_workers.find,  # what its workers lack tells more
        unpickling_fails.suspect,
        refused.suspect,  # what the library says itself tells more than what it shares
        connection_shared.find,
        callback_failed.find,
        lost_task.find,
        callback_failed.suspect,
        holder_killed.find,
        child_failed.find,
        lost_task.suspect,
        shared_made_again.find,
        never_released.find,
        holder_waits.find,
        waits_for_itself.suspect,
        left_unsent.suspect,
        unfinished_tasks.find,
        no_end_mark.find,
        item_never_comes.find,
        queue_stays_empty.suspect,
        never_notified.find,
        crossed_waits.suspect,
        loop_idle.find,
        pipe_end_inherited.find,
        no_answer.find,
        own_copy_asked.find,
        thread_not_ended.find,
        deadlock.find,  # names who waits for what, whatever it is
    ),
    # A process died by a signal.
    "crash": (
        mixed_contexts.find,
        setting_differs.find,
        crash.find,  # names the signal and the line, whatever it is
    ),
    # The program ended with an exit status that is not 0. Why a start fails comes first, then what
    # children lack, then what was raised, as it is.
    "error": (
        unguarded_main.find,
        mixed_contexts.find,
        threads_replaced.find,
        unpicklable.find,
        not_importable.find,
        manager_ended.find,
        descriptor_by_number.find,
        given_up.find,
        exit_handler_again.find,
        method_set_late.find,  # before refused, which has the same message
        refused.find,
        *_ONLY_ON_WINDOWS,
        fork_with_threads.find,
        parent_is_fork_server.find,
        wait_too_short.find,  # before patched_in_parent, which knows of no time
        handler_inherited.find,
        patched_in_parent.find,  # before those that see what it comes to, but not the line
        unpickling_fails.find,
        replaced_in_parent.find,
        loop_inherited.find,
        import_runs_again.find,
        made_in_each_child.find,
        setting_differs.find,
        global_differs.find,
        library_state.find,
        unpickling_fails.suspect,
        refused.suspect,  # what the library says itself tells more than what it shares
        connection_shared.find,
        lost_task.find,
        stdin_in_child.find,
        manager_copy.find,
        signal_ignored.find,
        import_runs_again.suspect,
        unreadable_program.find,
        library_copy.suspect,
        exit_status.find,
        library_state.of_test,
        logging_differs.of_test,
        exception.find,
    ),
    # All trials print something else than the user gave.
    "wrong": (lost_update.find, manager_copy.find, library_copy.find),
    # A trial prints something else than others of its environment, the strongest reason first.
    "output": (
        given_up.find,
        left_unsent.in_output,
        exit_0_in_spite.in_output,
        unpicklable.in_output,  # who catches what start() raises goes on
        shared_made_again.in_output,
        random_copied.in_output,
        logging_differs.in_output,
        wait_too_short.in_output,
        patched_in_parent.in_output,
        exit_handler_again.in_output,  # whatever it does: what is patched, the test uses
        global_differs.in_output,
        setting_differs.suspect,
        shared_made_again.suspect,
        connection_shared.in_output,
        library_state.suspect,
    ),
    # The program chose its end itself, it is another elsewhere, and no reason is known.
    "chosen": (exit_status.in_output,),
    # A child was in this when the program gave it up.
    "stuck": (lock_order.find, native_pool.find, lock_held_at_fork.find),
    # More outputs than there are start methods.
    "race": (lost_update.find,),
    # The trials of one cell do not print the same; `others` are of those that do.
    "unstable": (lost_update.find, connection_shared.in_output, output_differs.find),
    # Outputs differ from Python to Python, and within none of them.
    "python": (output_differs.find,),
    # Outputs differ from start method to start method, and no reason is known.
    "unlike": (output_differs.find,),
    # All is well but for what a child has raised, or lost.
    "unseen": (exit_0_in_spite.find, left_unsent.find, file_in_use.suspect),
    # Notes of a trial that is ok.
    "ok": (
        fork_with_threads.note,
        passed_over.find,
        manager_copy.find,
        given_up.find,
        logging_differs.note,
    ),
    # Notes of any trial.
    "any": (pinned.find,),
    # No rule has seen a cause.
    "unknown": (unexplained.find,),
}
"""The rules of each situation, in the order in which they are asked: the first cause counts."""


def _modules() -> dict[str, ModuleType]:
    """Give the files of the rules, by their names."""
    inside = f"{__name__}."
    here = {
        name: each
        for name, each in globals().items()
        if hasattr(each, "MECHANISMS") and each.__name__.startswith(inside)
    }
    return dict(sorted(here.items()))


RULES: Final = _modules()

EXPLAINED: Final[Mapping[str, ModuleType]] = {**BY_EXPERIMENT, **RULES}
"""All files that explain mechanisms, by their names."""

MECHANISMS: Final[Mapping[str, Mechanism]] = {
    each.name: each for module in EXPLAINED.values() for each in module.MECHANISMS
}
