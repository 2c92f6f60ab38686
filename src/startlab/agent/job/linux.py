"""The processes of a trial on Linux: all descendants of the agent, which is a subreaper."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple

assert sys.platform == "linux"

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where the kernel shows POSIX shared memory
# gVisor lists all children of the process for each thread, including threads.
KERNEL_LISTS_CHILDREN = os.path.exists(
    "/proc/self/task/%d/children" % os.getpid()
) and not os.path.exists("/proc/sentry-meminfo")
UNINTERRUPTIBLE_S = 5.0  # how long a process in D state is given to die


class Stat(NamedTuple):
    """What /proc/PID/stat says of a process; `started` in ticks since boot.

    `children_cpu_s` is what the children that it has waited for have used. `exit_code` is that of a
    zombie, negative for a signal.
    """

    pid: int
    ppid: int
    state: str
    cpu_s: float
    children_cpu_s: float
    started: int
    exit_code: Optional[int]


def prepare(wake: Callable[[], None]) -> None:
    """Become the parent of every orphan among the descendants, and call `wake` when one ends.

    And let no process of the same user, as programs are, open the agent's descriptors or trace it.
    prctl(2), PR_SET_CHILD_SUBREAPER and PR_SET_DUMPABLE.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    signal.signal(signal.SIGCHLD, lambda *_: wake())


def birth() -> str:
    """Return what tells this agent from another process of the same pid, and a dash.

    That is its start, and some digits of the namespace in which it has its pid, in hexadecimal.
    """
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino & 0xFFFFF
    except OSError:
        return ""
    seen = _stat(os.getpid())
    return "" if seen is None else "%x-%x-" % (seen.started, namespace)


class Job:
    """A program and all that it starts. There is one at a time."""

    def __init__(self, argv: List[str], **options: Any) -> None:  # noqa: ANN401 - Popen's own
        self.exit_status: Optional[int] = None
        self._launched = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._reaped_cpu_s = 0.0
        self._shared_before = set(_list(SHARED_MEMORY))
        self._process = subprocess.Popen(argv, start_new_session=True, **options)
        self.pid = self._process.pid

    def reap(self) -> None:
        """Reap every child that has ended: the program itself, or one of its orphans."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                continue  # it has asked its parent to trace it, and lives
            self._reaped_cpu_s += usage.ru_utime + usage.ru_stime
            if pid == self.pid:
                code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
                self.exit_status = self._process.returncode = code

    def members(self) -> List[int]:
        """List every process of the job that has not been waited for, parents first."""
        found: List[int] = []
        todo = [os.getpid()]
        while todo:
            children = _children(todo.pop())
            found += children
            todo += children
        return found

    def processes(self) -> List[Dict[str, Any]]:
        """Describe every process of the job, as `Process` of the model."""
        described = []
        for pid in self.members():
            seen = _stat(pid)
            if seen is not None:
                described.append(
                    {
                        "pid": pid,
                        "ppid": seen.ppid,
                        "command": _read("/proc/%d/cmdline" % pid).rstrip("\0").replace("\0", " "),
                        "state": seen.state,
                        "exit_code": seen.exit_code,
                        "cpu_s": seen.cpu_s,
                        "started_s": self._since(seen),
                        "threads": [
                            {"tid": int(tid), "started_s": self._since(thread)}
                            for tid in _list("/proc/%d/task" % pid)
                            for thread in [_stat(pid, "task/%s/stat" % tid)]
                            if thread is not None
                        ],
                    }
                )
        return described

    def _since(self, seen: Stat) -> float:
        return max(0.0, seen.started / TICKS - self._launched)

    def cpu(self) -> float:
        """Return the CPU time of the whole job so far, in seconds."""
        living = [seen for seen in map(_stat, self.members()) if seen is not None]
        return self._reaped_cpu_s + sum(seen.cpu_s + seen.children_cpu_s for seen in living)

    def scheduling(self) -> Tuple[float, float]:
        """Return how long the job ran, and how long its living threads waited for a core.

        In seconds; the first two numbers of /proc/PID/task/TID/schedstat. For threads that have
        ended the run time is known in clock ticks.
        """
        ran_s, starved_ns = self._reaped_cpu_s, 0
        for pid in self.members():
            ran_ns = 0
            for tid in _list("/proc/%d/task" % pid):
                fields = _read("/proc/%d/task/%s/schedstat" % (pid, tid)).split()
                if len(fields) > 1:
                    ran_ns += int(fields[0])
                    starved_ns += int(fields[1])
            seen = _stat(pid)
            if seen is not None:
                ran_s += max(ran_ns / 1e9, seen.cpu_s) + seen.children_cpu_s
        return ran_s, starved_ns / 1e9

    def ready(self) -> bool:
        """Return whether a thread of the job has a core or waits for one: state R."""
        for pid in self.members():
            for tid in _list("/proc/%d/task" % pid):
                seen = _stat(pid, "task/%s/stat" % tid)
                if seen is not None and seen.state == "R":
                    return True
        return False

    def end(self) -> bool:
        """End every process of the job; return whether none is left."""
        self._stop()
        deadline = time.monotonic() + UNINTERRUPTIBLE_S
        while time.monotonic() < deadline:
            self.reap()
            members = self.members()
            if not members:
                return True
            for pid in members:
                _signal(pid, signal.SIGKILL)
            time.sleep(0.001)  # while the kernel ends them
        return False

    def _stop(self) -> None:
        """Stop every process: a program that forks endlessly is faster than its killer.

        Each is stopped as soon as it is seen, since it may pass its work on to a child and be gone
        a moment later; dead ones are reaped, since they slow down the search.
        """
        stopped: Set[int] = set()
        while True:
            self.reap()
            found: Set[int] = set()
            todo = [os.getpid()]
            while todo:
                children = _children(todo.pop())
                for pid in children:
                    _signal(pid, signal.SIGSTOP)
                found.update(children)
                todo += children
            if found <= stopped:
                return
            stopped = found

    def shared_memory(self) -> Dict[str, int]:
        """Find the semaphores and shared memory that the job has created and mapped: name → inode.

        This stops the job, so that it cannot create more.
        """
        self._stop()
        inodes: Set[int] = set()
        for pid in self.members():
            for line in _read("/proc/%d/maps" % pid).splitlines():
                fields = line.split(None, 5)
                if len(fields) > 5 and fields[5].startswith(SHARED_MEMORY):
                    inodes.add(int(fields[4]))
        mapped: Dict[str, int] = {}
        # Thousands of names that other programs have left take 5 ms: do it only if needed.
        for name in _list(SHARED_MEMORY) if inodes else []:
            if name in self._shared_before:
                continue
            try:
                inode = os.stat(os.path.join(SHARED_MEMORY, name)).st_ino
            except OSError:
                continue
            if inode in inodes:
                mapped[name] = inode
        return mapped


def remove_shared_memory(mapped: Dict[str, int]) -> List[str]:
    """Remove the job's shared memory that still exists; return its names."""
    removed = []
    for name, inode in sorted(mapped.items()):
        path = os.path.join(SHARED_MEMORY, name)
        try:
            if os.stat(path).st_ino == inode:
                os.unlink(path)
                removed.append(name)
        except OSError:
            continue
    return removed


def _stat(pid: int, file: str = "stat") -> Optional[Stat]:
    text = _read("/proc/%d/%s" % (pid, file))
    if not text:
        return None
    # The name is in brackets and may contain anything, even brackets and spaces.
    fields = text[text.rindex(")") + 2 :].split()
    user, system, children_user, children_system = map(int, fields[11:15])
    cpu_s, children_cpu_s = (user + system) / TICKS, (children_user + children_system) / TICKS
    exit_code = _exit_code(int(fields[49])) if fields[0] == "Z" and len(fields) > 49 else None
    return Stat(pid, int(fields[1]), fields[0], cpu_s, children_cpu_s, int(fields[19]), exit_code)


def _exit_code(status: int) -> int:
    """Read a status of wait(2), as os.waitstatus_to_exitcode() of 3.9."""
    return -(status & 0x7F) if status & 0x7F else status >> 8


def _children(pid: int) -> List[int]:
    """List the children of a process, from the lists that the kernel keeps per thread.

    /proc/PID/task/TID/children, with CONFIG_PROC_CHILDREN; else from every process's parent.
    """
    if not KERNEL_LISTS_CHILDREN:
        stats = (_stat(int(name)) for name in _list("/proc") if name.isdigit())
        return [seen.pid for seen in stats if seen is not None and seen.ppid == pid]
    found: List[int] = []
    for tid in _list("/proc/%d/task" % pid):
        found += map(int, _read("/proc/%d/task/%s/children" % (pid, tid)).split())
    return found


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):  # gone, or of another user (a setuid program)
        pass


def _list(path: str) -> List[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "backslashreplace")
    except OSError:
        return ""
