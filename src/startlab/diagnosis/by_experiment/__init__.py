"""Mechanisms that no rule recognizes: only an experiment on the cause shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.by_experiment import (
    arguments_at_import,
    buffer_copied,
    cache_empty,
    called_by_parent,
    destructor_again,
    empty_too_early,
    environment_at_import,
    epoll_shared,
    exit_code_too_early,
    exit_handler_not_run,
    file_shared,
    hash_seed,
    hook_after_fork,
    imported_by_parent,
    kept_by_child,
    kept_by_thread,
    key_not_sent,
    keyed_by_id,
    made_at_run_time,
    made_before_fork,
    main_has_another_name,
    main_preloaded,
    main_twice,
    method_by_name,
    module_elsewhere,
    other_folder,
    other_interpreter,
    output_lost,
    parent_is_fork_server,
    pool_ended_early,
    removed_before_start,
    thread_copied,
    tracker_of_child,
    transaction_open,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

BY_EXPERIMENT: Final[Mapping[str, ModuleType]] = {
    "arguments_at_import": arguments_at_import,
    "buffer_copied": buffer_copied,
    "cache_empty": cache_empty,
    "called_by_parent": called_by_parent,
    "destructor_again": destructor_again,
    "empty_too_early": empty_too_early,
    "environment_at_import": environment_at_import,
    "epoll_shared": epoll_shared,
    "exit_code_too_early": exit_code_too_early,
    "exit_handler_not_run": exit_handler_not_run,
    "file_shared": file_shared,
    "hash_seed": hash_seed,
    "hook_after_fork": hook_after_fork,
    "imported_by_parent": imported_by_parent,
    "kept_by_child": kept_by_child,
    "kept_by_thread": kept_by_thread,
    "key_not_sent": key_not_sent,
    "keyed_by_id": keyed_by_id,
    "made_at_run_time": made_at_run_time,
    "made_before_fork": made_before_fork,
    "main_has_another_name": main_has_another_name,
    "main_preloaded": main_preloaded,
    "main_twice": main_twice,
    "method_by_name": method_by_name,
    "module_elsewhere": module_elsewhere,
    "other_folder": other_folder,
    "other_interpreter": other_interpreter,
    "output_lost": output_lost,
    "parent_is_fork_server": parent_is_fork_server,
    "pool_ended_early": pool_ended_early,
    "removed_before_start": removed_before_start,
    "thread_copied": thread_copied,
    "tracker_of_child": tracker_of_child,
    "transaction_open": transaction_open,
}
"""The files of these mechanisms, by their names."""
