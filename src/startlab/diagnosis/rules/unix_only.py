"""A name, module or argument that Python has on Unix only.

## What it sees
The exception for a name that is missing on Windows or macOS (`os.fork`, `signal.SIGKILL`,
`os.sched_getaffinity`), a missing module (`fcntl`), a listener of the family `AF_UNIX`, an argument
of subprocess (`preexec_fn`), or an event loop's `add_signal_handler`. Or, on Windows, a signal is
sent to a child that has a handler for it.

## Why
Windows has no fork, no Unix signals and no Unix file locks, and macOS lacks what belongs to Linux.
Python leaves out what the platform cannot do.

## What to do
Use what exists on every platform; the finding says what, where there is such a thing.

## Bad
```python
os.kill(process.pid, signal.SIGKILL)
```

## Good
```python
process.kill()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import at
from startlab.diagnosis.raised import WINDOWS, Raised, by_exception, look, place
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.source.places import written
from startlab.model import SignalSent

if TYPE_CHECKING:
    from startlab.diagnosis.raised import Seen

MECHANISMS: Final = (
    Mechanism(
        "unix_only",
        shown=True,
        depends_on="platform",
        advice="Use what exists on every platform, or check `sys.platform` first.",
    ),
    Mechanism(
        "killed_at_once",
        depends_on="platform",
        advice="Ask the child to end by an Event, or by a message through a queue, and join it.",
    ),
)


def find(case: Case) -> Cause | None:
    """Know it by the exception's own words."""
    said = _missing_name(case) or _missing_module(case) or by_exception(case, *_RAISED)
    return said or _killed(case)


def _killed(case: Case) -> Cause | None:
    """See a child ended at once by a signal that it has a handler for."""
    if case.environment is None or case.environment.sys_platform != "win32":
        return None
    for clue in case.clues(SignalSent):
        handler = written(case.sources, r"\bsignal\.signal\(\s*(signal\.)?SIG(TERM|INT|ABRT)\b")
        if handler is not None and clue.number > _EVENTS:
            return Cause(
                "killed_at_once",
                f"the signal that is sent{at(clue.where)} ends the child at once on Windows: the "
                f"handler that is set at {handler} is not called",
                "There os.kill() calls TerminateProcess(), with the number of the signal for an "
                "exit status. Process.terminate() does the same.",
                clue.where,
            )
    return None


_EVENTS: Final = 1
"""CTRL_C_EVENT is 0 and CTRL_BREAK_EVENT 1: these are sent to a group, and handled."""


def _missing_name(case: Case) -> Cause | None:
    macos = case.environment is not None and case.environment.sys_platform == "darwin"
    for pattern in _NAME_PATTERNS:
        seen = look(case, pattern, platforms=(*WINDOWS, "darwin"))
        if seen:
            words = seen.found
            name = f"{words['module']}.{words['name']}"
            what = f"does not exist on {'macOS' if macos else 'Windows'}"
            if words["name"] in _LINUX_ONLY:
                what = "exists on Linux only"
            return _lacking(case, seen, name, f"`{name}`", what)
    return None


def _missing_module(case: Case) -> Cause | None:
    seen = look(case, rf"ModuleNotFoundError: No module named '({_MODULES})'")
    if seen is None:
        return None
    name = seen.found[1]
    return _lacking(case, seen, name, f"the module `{name}`", "does not exist on Windows")


def _lacking(case: Case, seen: Seen, name: str, named: str, what: str) -> Cause:
    """Say what the platform does not have, and what to use instead."""
    where = place(case, seen)
    used = f", used at {where}," if where else ""
    return Cause("unix_only", f"{named}{used} {what}", _INSTEAD.get(name, _ONLY_UNIX), where)


_LINUX_ONLY: Final = (
    "copy_file_range", "epoll", "eventfd", "eventfd_read", "eventfd_write", "getrandom",
    "getresgid", "getresuid", "getxattr", "listxattr", "memfd_create", "pidfd_open",
    "pidfd_send_signal", "pipe2", "posix_fadvise", "posix_fallocate", "removexattr",
    "sched_getaffinity", "sched_getscheduler", "sched_setaffinity", "sched_setscheduler", "setns",
    "setresgid", "setresuid", "setxattr", "splice", "timerfd_create", "unshare",
)  # fmt: skip
_UNIX_ONLY: Final = (
    "chown", "chroot", "confstr", "ctermid", "environb", "fchdir", "fchmod", "fchown", "fdatasync",
    "fork", "forkpty", "fpathconf", "fstatvfs", "fwalk", "getegid", "getenvb", "geteuid", "getgid",
    "getgrouplist", "getgroups", "getloadavg", "getpgid", "getpgrp", "getpriority", "getsid",
    "getuid", "initgroups", "killpg", "lchown", "lockf", "login_tty", "major", "makedev", "minor",
    "mkfifo", "mknod", "nice", "openpty", "pathconf", "posix_spawn", "posix_spawnp", "pread",
    "preadv", "pwrite", "pwritev", "readv", "register_at_fork", "sched_yield", "sendfile",
    "setegid", "seteuid", "setgid", "setgroups", "setpgid", "setpgrp", "setpriority", "setregid",
    "setreuid", "setsid", "setuid", "spawnlp", "spawnlpe", "spawnvp", "spawnvpe", "statvfs", "sync",
    "sysconf", "tcgetpgrp", "tcsetpgrp", "ttyname", "uname", "wait", "wait3", "wait4", "waitid",
    "writev",
    "alarm", "getitimer", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "siginterrupt",
    "sigpending", "sigtimedwait", "sigwait", "sigwaitinfo",
    "recv_fds", "send_fds", "sethostname",
    "kqueue", "poll",
    "clock_getres", "clock_gettime", "clock_settime", "pthread_getcpuclockid", "tzset",
    "open_unix_connection", "start_unix_server",
)  # fmt: skip
"""What the documentation says is available on Unix only, by module: os, signal, socket, ..."""

_CONSTANT: Final = "[A-Z][A-Z0-9_]+"
"""SIGALRM, O_NONBLOCK, AF_UNIX: a Python that lacks one is of another platform, not another age."""

_NAMES: Final = "|".join((*_LINUX_ONLY, *_UNIX_ONLY, _CONSTANT))
_PARTLY: Final = "asyncio|mmap|os|posix|select|signal|socket|time"
"""Modules of which Windows has a part."""

_NAME_PATTERNS: Final = (
    rf"AttributeError: module '(?P<module>{_PARTLY})' has no attribute '(?P<name>{_NAMES})'",
    rf"ImportError: cannot import name '(?P<name>{_NAMES})' from '(?P<module>{_PARTLY})'",
)
_MODULES: Final = (
    "fcntl|grp|pwd|resource|termios|tty|pty|syslog|posix|crypt|nis|spwd|readline|curses|_curses"
)

_RAISED: Final = (
    Raised(
        r"ValueError: Family AF_UNIX is not recognized",
        "unix_only",
        "the program opens a listener of the family `AF_UNIX`{at}, which does not exist on Windows",
        "Without a family, Listener() and Client() use what the platform has.",
    ),
    Raised(
        r"(?:Value|Assertion)Error: (?P<name>preexec_fn|pass_fds) (?:is )?not supported on Windows",
        "unix_only",
        "subprocess does not support `{name}`, used{at}, on Windows",
        "There a process starts directly with its program, and inherits no descriptors.",
    ),
    Raised(
        r"^NotImplementedError: $",
        "unix_only",
        "an event loop has no `add_signal_handler`, used{at}, on Windows",
        "signal.signal() exists on every platform.",
        at=r"\.add_signal_handler\(",
    ),
)

_ONLY_UNIX: Final = "Python has it on Unix only."
_THREADING_TIMER: Final = "threading.Timer and the timeouts of join() and get() work everywhere."
_INSTEAD: Final = {
    "os.fork": "multiprocessing.Process starts a process on every platform.",
    "os.killpg": "Keep the Process objects, and call terminate() on each.",
    "os.getuid": "getpass.getuser() names the user on every platform.",
    "os.sched_getaffinity": "os.cpu_count() exists on every platform.",
    "os.uname": "platform.uname() exists on every platform.",
    "os.mkfifo": "multiprocessing.Pipe() connects processes on every platform.",
    "os.wait": "Process.join() waits for a child on every platform.",
    "signal.SIGKILL": "Process.kill() ends a process on every platform.",
    "signal.SIGUSR1": "multiprocessing.Event notifies a process on every platform.",
    "signal.SIGALRM": _THREADING_TIMER,
    "signal.alarm": _THREADING_TIMER,
    "signal.SIGHUP": "Windows has SIGINT, SIGTERM and SIGBREAK.",
    "fcntl": "multiprocessing.Lock works on every platform; on Windows, msvcrt.locking() locks a "
    "file.",
    "resource": "psutil measures a process on every platform.",
    "pwd": "getpass.getuser() and Path.home() work on every platform.",
}
