"""What each process and thread of a tree is, by the code that it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.model import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from startlab.model import Frame, Look, RoleKind, ThreadRoleKind, TreeProcess, TreeThread

_BY_FRAME: Final[tuple[tuple[str, str, RoleKind], ...]] = (
    ("loky/process_executor.py", "_process_worker", "joblib worker"),
    ("concurrent/futures/process.py", "_process_worker", "executor worker"),
    ("multiprocessing/pool.py", "worker", "pool worker"),
    ("billiard/pool.py", "workloop", "celery worker"),
    ("multiprocessing/managers.py", "serve_forever", "manager"),
    ("gunicorn/arbiter.py", "spawn_worker", "gunicorn worker"),
    ("gunicorn/arbiter.py", "run", "gunicorn master"),
    ("celery/bin/worker.py", "worker", "celery master"),
    ("xdist/remote.py", "<module>", "xdist worker"),
    ("_pytest/config/__init__.py", "main", "pytest"),
)
"""File and function of a frame, innermost role first: a worker has its master's frames below."""

_BY_COMMAND: Final[tuple[tuple[str, RoleKind], ...]] = (
    ("multiprocessing.resource_tracker", "resource tracker"),
    ("multiprocessing.semaphore_tracker", "semaphore tracker"),
    ("loky.backend.resource_tracker", "resource tracker"),
    ("multiprocessing.forkserver", "fork server"),
    ("multiprocessing.spawn", "child"),
    ("multiprocessing-fork", "child"),
)

_THREADS: Final[tuple[tuple[str, str, ThreadRoleKind], ...]] = (
    ("multiprocessing/pool.py", "_handle_workers", "worker handler"),
    ("multiprocessing/pool.py", "_handle_tasks", "task handler"),
    ("multiprocessing/pool.py", "_handle_results", "result handler"),
    ("multiprocessing/queues.py", "_feed", "queue feeder"),
    ("concurrent/futures/process.py", "run", "executor manager"),
    ("concurrent/futures/process.py", "_queue_management_worker", "executor manager"),
    ("concurrent/futures/thread.py", "_worker", "pool thread"),
)

_SERVERS: Final[Mapping[str, RoleKind]] = {
    "fork server": "fork server",
    "resource tracker": "resource tracker",
    "semaphore tracker": "semaphore tracker",
}


def roles(look: Look) -> dict[int, Role]:
    """Tell of each process what it is, and which of how many."""
    kinds = {each.pid: _kind(each, look.top) for each in look.processes}
    parents = {each.pid: each.ppid for each in look.processes}
    alike: dict[tuple[int, RoleKind], list[int]] = {}
    for pid, kind in kinds.items():
        alike.setdefault((parents[pid], kind), []).append(pid)
    return {
        pid: Role(kind=kind, number=1 + alike[parents[pid], kind].index(pid), of=len(family))
        for pid, kind in kinds.items()
        for family in [alike[parents[pid], kind]]
    }


def _kind(process: TreeProcess, top: int) -> RoleKind:
    if process.server in _SERVERS:
        return _SERVERS[process.server]
    main = next((each for each in process.threads if each.tid == process.pid), None)
    stack = main.stack if main is not None else ()
    found = _by_frames(stack)
    inherits = main is not None and main.own_depth < len(stack)
    if found is not None and not (inherits and found in ("pytest", "gunicorn master")):
        return found
    if inherits and process.pid != top:
        return "child"
    for words, kind in _BY_COMMAND:
        if words in process.command:
            return kind
    if process.pid == top:
        return "program"
    return "child" if stack else "other"


def _by_frames(stack: Sequence[Frame]) -> RoleKind | None:
    for frame in stack:
        for file, function, kind in _BY_FRAME:
            if is_in(frame, file, function):
                return kind
    return None


def thread_role(process: TreeProcess, thread: TreeThread) -> ThreadRoleKind:
    """Tell what a thread is."""
    if thread.tid == process.pid:
        return "main"
    for frame in thread.stack:
        for file, function, kind in _THREADS:
            if is_in(frame, file, function):
                return kind
    return "other"


def is_in(frame: Frame, file: str, function: str) -> bool:
    """Tell whether a frame is of a function of a library's file."""
    return frame.file.endswith(f"/{file}") and frame.function.rpartition(".")[2] == function
