"""What to do about each mechanism, and the experiment of the catalogue that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Advice(NamedTuple):
    """What to do, and the experiment of the catalogue that shows the mechanism."""

    do: str
    experiment: str | None = None


_GUARD: Final = (
    'Put what starts processes below `if __name__ == "__main__":`, or into a function that is '
    "called there."
)
_HAND_OVER: Final = (
    "Give it to the children: as an argument of Process, or through `initializer=` and `initargs=` "
    "of a pool."
)
_BEFORE_FORK: Final = (
    "Start the processes before the threads, make what has threads in the child (or when it is "
    "first used), or pin spawn."
)
ADVICE: Final[Mapping[str, Advice]] = {
    "unguarded_main": Advice(_GUARD, "missing_main_guard"),
    "main_runs_again": Advice(
        'Put what is to happen once below `if __name__ == "__main__":`.', "main_module_again"
    ),
    "main_import_fails": Advice(
        "Let the main module be imported without an effect: the rest goes below `if __name__ == "
        '"__main__":`.',
        "main_module_again",
    ),
    "unpicklable": Advice(
        "Give the child a function of a module and plain data, make the lock, file or connection "
        "in the child, or leave it out in `__getstate__`.",
        "unpicklable_target",
    ),
    "not_importable": Advice(
        "Define it at the top level of a module, outside of any `if` and function.",
        "target_under_guard",
    ),
    "mixed_contexts": Advice(
        "Make locks, queues and values by the context that starts the processes: "
        "`ctx = multiprocessing.get_context(...)`, then `ctx.Queue()` and `ctx.Process()`.",
        "mixed_contexts",
    ),
    "shared_as_argument": Advice(
        "Give it to the processes when they are started: as an argument of Process, by `initargs=` "
        "of a pool; or use one of a Manager.",
        "lock_in_message",
    ),
    "daemonic_children": Advice(
        "Use concurrent.futures.ProcessPoolExecutor, whose workers may have children.",
        "daemon_children",
    ),
    "method_set_twice": Advice(
        'Call set_start_method() once, below `if __name__ == "__main__":`; a library uses '
        "get_context().",
        "top_level_start_method",
    ),
    "no_such_method": Advice(
        "Ask multiprocessing.get_all_start_methods() what there is.", "choose_start_method"
    ),
    "fork_with_threads": Advice(_BEFORE_FORK, "fork_warning"),
    "start_at_exit": Advice("Start processes while the main thread runs.", "start_at_exit"),
    "exit_handler_again": Advice(
        'Register it below `if __name__ == "__main__":`, or have it do nothing in a process whose '
        "os.getpid() is not that of the one that made what it removes.",
        "end_of_a_child",
    ),
    "global_differs": Advice(_HAND_OVER, "changed_global"),
    "environment_differs": Advice(
        "Set it before the first process is started, or in the child.", "frozen_environment"
    ),
    "setting_differs": Advice(
        "Set it in the child too: at the start of its target, by a pool's `initializer=`, or at "
        "the top level of a module that the children import."
    ),
    "logging_differs": Advice(
        "Set logging up in the child too: in the target, or in a pool's initializer; or send "
        "records through a QueueHandler.",
        "changed_global",
    ),
    "shared_made_again": Advice(
        'Make it below `if __name__ == "__main__":` or in a function, and give it to the children '
        "as an argument (for a pool: `initializer=` and `initargs=`).",
        "changed_global",
    ),
    "dying_workers": Advice(
        "Have the worker's start (its imports, its initializer) raise nothing; "
        "concurrent.futures.ProcessPoolExecutor gives up instead of waiting.",
    ),
    "join_before_drain": Advice(
        "Read all that comes out of the queue before join(), or read in a thread.",
        "join_before_drain",
    ),
    "thread_gone_at_fork": Advice(_BEFORE_FORK, "thread_pool_after_fork"),
    "lock_held_at_fork": Advice(_BEFORE_FORK, "lock_held_at_fork"),
    "logging_lock_at_fork": Advice(_BEFORE_FORK, "logging_lock_at_fork"),
    "import_lock_at_fork": Advice(
        "Import what the child needs before any thread is started.", "import_at_fork"
    ),
    "file_lock_at_fork": Advice(
        "Open the file in the child, or let no thread write while a process is started.",
        "file_lock_at_fork",
    ),
    "lock_held_by_forker": Advice("Start the process outside of the lock.", "lock_held_by_forker"),
    "native_after_fork": Advice(
        "Make it in the child (or when it is first used, per os.getpid()), or pin spawn; under the "
        "fork server, multiprocessing.set_forkserver_preload([]) keeps the main module out of it.",
        "native_pool_after_fork",
    ),
    "pipe_end_inherited": Advice(
        "Close in each process the ends that it does not use: the child the parent's, the parent "
        "the child's, right after the start.",
        "inherited_write_end",
    ),
    "lost_task": Advice(
        "Use concurrent.futures.ProcessPoolExecutor, which raises BrokenProcessPool; have no "
        "worker end by itself.",
        "killed_pool_worker",
    ),
    "killed_worker": Advice(
        "Find what ends the worker: a signal (memory?), os._exit() or sys.exit() in the task.",
        "killed_pool_worker",
    ),
    "unreadable_result": Advice(
        "Give all arguments of the exception's class to super().__init__(), or write its "
        "__reduce__.",
        "lost_result",
    ),
    "handler_inherited": Advice(
        "Set signal.SIG_DFL (and signal.set_wakeup_fd(-1) under asyncio) at the beginning of the "
        "child.",
        "signal_handler_in_child",
    ),
    "holder_killed": Advice(
        "Let the process end by itself, and wait for it (a pool: close() and join(), within its "
        "`with` block); give each worker a pipe of its own.",
        "killed_lock_holder",
    ),
    "child_failed": Advice(
        "Mend what the child raises; wait with a timeout, or on Process.sentinel too."
    ),
    "random_copied": Advice(
        "Make the generator in the child, or give each child a seed of its own.", "copied_random"
    ),
    "file_shared": Advice(
        "Open the file in the child, or read it with os.pread().", "shared_file_offset"
    ),
    "lost_update": Advice(
        "Do it under the lock: `with counter.get_lock(): counter.value += 1`.", "lost_updates"
    ),
    "lock_taken_twice": Advice(
        "Take an RLock, or have the inner function be called with the lock held and not take it."
    ),
    "joined_under_lock": Advice("Wait for the child's end after the lock was released."),
    "queue_of_threads": Advice(
        "Use multiprocessing.Queue, and give it to the children as an argument."
    ),
    "barrier_short": Advice(
        "Make it for as many as really wait at it, and give wait() a timeout: one that has failed "
        "never comes."
    ),
    "stdin_in_child": Advice("Read it in the program itself, and hand over what was read."),
    "no_stdin": Advice("Give it what it reads: --stdin FILE."),
    "missing_module": Advice("Install what it needs: --requirements FILE or --with PACKAGE."),
    "lock_order": Advice("Take the locks in one order everywhere, or have one lock for both."),
    "unfinished_tasks": Advice(
        "Call task_done() once for every get(), whatever happens to the item: in a `finally`."
    ),
    "callback_failed": Advice(
        "Let a callback raise nothing; or take the results in the main thread: `result.get()`, "
        "`imap_unordered()`."
    ),
    "end_mark_copied": Advice(
        "Take None for an end mark, or compare by `==` what has an equality of its own."
    ),
    "defined_after_start": Advice("Make the pool, or start the process, after what it runs."),
    "unpicklable_result": Advice(
        "Return plain data: a list instead of a generator, what was read instead of an open file.",
        "unpicklable_target",
    ),
    "pool_not_closed": Advice("Call close() before join(), or use `with` and collect the results."),
    "pool_ended": Advice("Give the pool all its tasks before close(), within its `with` block."),
    "hash_seed": Advice(
        "Take a hash that is the same in all processes, of hashlib or zlib.crc32().",
        "string_hash",
    ),
    "kept_by_child": Advice(
        "Give it back: as the result of a pool's task, through a queue, or in a Manager's dict or "
        "list."
    ),
    "destructor_again": Advice(
        "Keep the os.getpid() of the process that made it, and clear away only there; or give the "
        "child the path, not the object."
    ),
    "never_notified": Advice(
        "Take an Event for what is to stay, and look before waiting: `condition.wait_for(...)`; "
        "give wait() a timeout."
    ),
    "holder_failed": Advice("Take the lock by `with lock:`, which releases it in any case."),
    "signal_ignored": Advice(
        "Set signal.SIG_DFL at the beginning of the child, or ignore the signal after the start."
    ),
    "other_folder": Advice(
        "Make the path absolute, from `__file__`, or read the file below "
        '`if __name__ == "__main__":` and hand over what was read.'
    ),
    "child_raised": Advice("Mend what the child raises: the rest follows from it."),
    "item_lost_at_exit": Advice(
        "Have the child return from its target; or call close() and join_thread() of the queue "
        "before it leaves.",
        "lost_result",
    ),
    "method_set_late": Advice(
        "Call set_start_method() before anything of multiprocessing is made, or make it by "
        "get_context().",
        "top_level_start_method",
    ),
    "no_end_mark": Advice(
        "Put one end mark (None) for each child that takes from the queue before join(), or have "
        "the child that takes it put it back."
    ),
    "item_never_comes": Advice(
        "Let the child end by itself, read only as much as was put, or read with a timeout and "
        "look whether the children are alive."
    ),
    "loop_inherited": Advice(
        "Use asyncio.run() or a loop of its own, asyncio.new_event_loop(), in the child, or start "
        "it before the loop runs, or pin spawn."
    ),
    "output_by_python": Advice(
        "Say which output is right with --expect-stdout, or look at what the program has from "
        "Python itself: its version, how it rounds, the order of a set."
    ),
    "deadlock": Advice("Look at the lines above: each waits for another."),
    "no_end": Advice("If it is only slow: --timeout SECONDS."),
    "exit_0_in_spite": Advice(
        "Look at Process.exitcode after join(), or use concurrent.futures, whose result() raises "
        "what the child did."
    ),
    "output_differs": Advice(
        "Say which output is right with --expect-stdout, or look at what the children read that "
        "they were not given."
    ),
    "unstable_output": Advice("Say which output is right with --expect-stdout."),
    "made_in_each_child": Advice(
        'Make it below `if __name__ == "__main__":`, and give it to the children: as an '
        "argument of Process, or through `initializer=` and `initargs=` of a pool.",
        "main_module_again",
    ),
    "buffer_copied": Advice(
        "Flush the file before the first start, or open it in each process that writes to it.",
        "buffer_at_fork",
    ),
    "manager_copy": Advice(
        "Put the changed item back: `item = d[key]; item.append(x); d[key] = item`, under a lock "
        "if others do so too; or keep a list or dict of the Manager's in it."
    ),
    "child_status": Advice(
        "Look at what leads the child to that line: have it print what it caught or found."
    ),
    "exit_status_differs": Advice(
        "Look at what the children read that they were not given, and at what the program makes of "
        "what they return."
    ),
    "exit_status": Advice(
        "Find what it ends so for. If that is as it should be, it says nothing against a start "
        "method."
    ),
    "pinned": Advice(
        "That is a sound way to be safe; to see the others, let the program choose less."
    ),
}
"""By mechanism."""
