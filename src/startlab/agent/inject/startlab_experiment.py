"""Makes an aspect of a program's processes as it is in another world: an experiment on a cause.

A child that is started by spawn or forkserver is given what its parent has; a forked child is rid
of what it inherited; and some aspects are changed in every process. What cannot be done is left:
then the outcome stays as it was, and the experiment shows nothing. sitecustomize.py imports this,
and only where there is an experiment. Python 3.
"""

import sys

from startlab_aspects import ASPECTS, NAMES, harmless, inject
from startlab_calls import watch_calls
from startlab_carried import apply_after_import, luggage, watch_spawn
from startlab_copies import (
    look_at_slots,
    send_back,
    trace_child,
    watch_futures,
    watch_join,
    watch_pool_results,
    watch_results,
)
from startlab_earlier import fork_at, note_growths
from startlab_everywhere import (
    end_transactions,
    hand_on_exits,
    keep_equal,
    keep_ids,
    keep_interpreter,
    keep_own_names,
    keep_parent_id,
    keep_parent_id_of,
    keep_semaphores,
    keep_shared_memory,
    keep_what_is_inherited,
    know_all_children,
    leave_used,
    list_all_children,
    look_behind_proxies,
    name_as_forked,
    name_other_method,
    one_main,
    run_exit_handlers,
    send_keys,
    unblock_signals,
    wait_for_exit_codes,
    watch_connection,
    watch_empty,
    watch_exceptions,
    watch_executor,
    watch_exit_handlers,
    watch_finalizers,
    watch_forkserver,
    watch_left_out,
    watch_pool,
    watch_pool_end,
    watch_puts,
    watch_reduction,
    watch_signals,
    watch_submits,
    watch_tasks,
    write_at_once,
    write_path_as_text,
)
from startlab_first import tell_server, watch_main
from startlab_forked import (
    close_inherited,
    forked_at,
    random_state,
    watch_bootstrap,
    watch_buffering,
    watch_forks,
    watch_open,
    watch_tracker,
)
from startlab_later import receive_changes, watch_changes
from startlab_registries import set_random, watch_registries
from startlab_timing import (
    say_that_it_has_begun,
    watch_async_results,
    watch_events,
    watch_future_results,
    watch_joins,
    watch_notifies,
    watch_polls,
    watch_pool_start,
    watch_starts,
)
from startlab_traced import LOOKS, trace


@harmless
def before_the_task():
    """A child is about to run its target."""
    for aspect, packed in luggage:
        apply_after_import(aspect, packed)
    for state in random_state:
        set_random(state)
    if forked_at:
        close_inherited()
    if "begin" in NAMES:
        say_that_it_has_begun()
    if "sent later" in NAMES:
        receive_changes()
    if "signal mask" in NAMES:
        unblock_signals()
    if "written" in NAMES:
        write_at_once()
    if "finalizers" in NAMES:
        keep_what_is_inherited()
    if {"write back", "trace"} & NAMES:
        look_at_slots()
    if any(aspect[:2] == ("trace", "write back") for aspect in ASPECTS):
        trace_child()


@harmless
def at_the_end():
    """A child has run its target, and is about to end."""
    if "exit in children" in NAMES and sys.version_info < (3, 14):
        run_exit_handlers()
    if "write back" in NAMES:
        send_back()
    if "own children" in NAMES:
        leave_used()


def watch_begin(util):
    info = util.info

    def info_(message, *args, **kwargs):
        if message == "child process calling self.run()":
            before_the_task()
        elif str(message).startswith("process exiting with"):
            at_the_end()
        return info(message, *args, **kwargs)

    info_.__name__ = info_.__qualname__ = "info"
    util.info = info_


FIRST = [("multiprocessing.spawn", watch_main), ("multiprocessing.forkserver", tell_server)]

PATCHES = {
    "": [
        ("multiprocessing.spawn", watch_spawn),
        ("loky.backend.spawn", watch_spawn),
        ("joblib.externals.loky.backend.spawn", watch_spawn),
        ("multiprocessing.util", watch_begin),
    ],
    "pipes": [("multiprocessing.connection", watch_connection)],
    "left out": [("multiprocessing.reduction", watch_left_out)],
    "begin": [("multiprocessing.process", watch_starts)],
    "waiters": [
        ("threading", watch_notifies),
        ("multiprocessing.synchronize", watch_notifies),
    ],
    "pool start": [("multiprocessing.pool", watch_pool_start)],
    "sent later": [("multiprocessing.process", watch_changes)],
    "patience": [
        ("multiprocessing.process", watch_joins),
        ("multiprocessing.connection", watch_polls),
        ("multiprocessing.synchronize", watch_events),
        ("multiprocessing.pool", watch_async_results),
        ("concurrent.futures._base", watch_future_results),
    ],
    "identity": [("multiprocessing.reduction", watch_reduction)],
    "exceptions": [("multiprocessing.reduction", watch_exceptions)],
    "write back": [
        ("multiprocessing.process", watch_join),
        ("multiprocessing.queues", watch_results),
        ("multiprocessing.pool", watch_pool_results),
        ("concurrent.futures._base", watch_futures),
    ],
    "tracker": [("multiprocessing.resource_tracker", watch_tracker)],
    "contexts": [("multiprocessing.process", watch_bootstrap)],
    "empty": [("multiprocessing.queues", watch_empty)],
    "preload": [("multiprocessing.forkserver", watch_forkserver)],
    "path text": [("multiprocessing.forkserver", write_path_as_text)],
    "pool end": [("multiprocessing.pool", watch_pool_end)],
    "flush": [("logging.handlers", watch_buffering)],
    "interpreter": [("multiprocessing.spawn", keep_interpreter)],
    "keys": [("multiprocessing.managers", send_keys)],
    "ids": [("multiprocessing.reduction", keep_equal)],
    "parent id": [("psutil", keep_parent_id_of)],
    "own children": [("psutil", list_all_children)],
    "proxies": [("multiprocessing.managers", look_behind_proxies)],
    "names": [("multiprocessing.process", name_as_forked)],
    "own names": [("multiprocessing.process", keep_own_names)],
    "exit codes": [("multiprocessing.process", wait_for_exit_codes)],
    "folder": FIRST,
    "first environ": FIRST,
    "first argv": FIRST,
    "transactions": [("multiprocessing.process", end_transactions)],
    "method asked": [("multiprocessing.context", name_other_method("spawn"))],
    "written": [("multiprocessing.popen_fork", watch_signals)],
    "hand over": [
        ("multiprocessing.queues", watch_puts),
        ("multiprocessing.pool", watch_tasks),
        ("concurrent.futures.process", watch_submits),
    ],
    "kept": [
        ("multiprocessing.synchronize", keep_semaphores),
        ("multiprocessing.shared_memory", keep_shared_memory),
    ],
    "one worker": [
        ("multiprocessing.pool", watch_pool),
        ("concurrent.futures.process", watch_executor),
    ],
}
"""What is patched for each kind of aspect as a module is imported; for "", always."""

AT_ONCE = {
    "calls": watch_calls,
    "calls again": watch_calls,
    "undone": watch_calls,
    "one main": one_main,
    "ids": keep_ids,
    "parent id": keep_parent_id,
    "own children": know_all_children,
    "exit in children": watch_exit_handlers,
    "finalizers": watch_finalizers,
    "child exits": hand_on_exits,
    "flush": watch_open,
    "descriptors": watch_open,
}
"""What is done at once."""

for kind, patches in PATCHES.items():
    for module, patch in patches if kind in NAMES or not kind else ():
        inject.PATCHES[module] = inject.PATCHES.get(module, []) + [patch]
for kind, function in AT_ONCE.items():
    if kind in NAMES:
        function()
if any("codecs" in aspect for aspect in ASPECTS):
    watch_registries()
watch_forks()
if any(aspect[0] == "trace" and aspect[1] in LOOKS for aspect in ASPECTS):
    trace()
if ("trace", "threads") in ASPECTS:
    note_growths()
for aspect in ASPECTS:
    if aspect[0] == "earlier":
        fork_at(aspect[1])
