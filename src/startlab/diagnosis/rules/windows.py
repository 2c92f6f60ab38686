"""What works on every Unix, and not on Windows.

## What it sees
An exception that only Windows gives: a name that Python has on Unix alone (`os.fork`,
`signal.SIGKILL`, `fcntl`), a file that is removed, renamed or replaced while it is open, a rename
onto a file that exists, more than 61 workers of a ProcessPoolExecutor, a text that the code page
has no bytes for.

## Why
Windows has no fork, no signals and no file locks of Unix. A file there cannot be removed or opened
for writing while a process has it open, the program itself or a child. Its wait for many objects
takes 63 of them. And what is written to a pipe or a file is in the computer's code page, such as
cp1252, unless an encoding is given.

## What to do
What the finding says: each of them has an advice of its own.

## Bad
```python
file = open("report.txt", "w")
Process(target=publish, args=("report.txt",)).start()  # it renames the file
```

## Good
```python
with open("report.txt", "w", encoding="utf-8") as file:
    ...
Process(target=publish, args=("report.txt",)).start()
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.diagnosis.case import Cause
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.diagnosis.case import Case

MECHANISMS: Final = (
    Mechanism(
        "unix_only",
        shown=True,
        depends_on="platform",
        advice="Use what Python has on every platform, or ask `sys.platform` before.",
    ),
    Mechanism(
        "file_in_use",
        shown=True,
        depends_on="platform",
        advice="Close the file first, in every process: use `with open(...)`, and join the "
        "children that have it open.",
    ),
    Mechanism(
        "rename_onto_file",
        shown=True,
        depends_on="platform",
        advice="Use os.replace(), or Path.replace(), which replaces the file on every platform.",
    ),
    Mechanism(
        "too_many_workers",
        shown=True,
        depends_on="platform",
        advice="Take at most 61: `min(61, os.cpu_count() or 1)`.",
        experiment="too_many_workers",
    ),
    Mechanism(
        "code_page",
        shown=True,
        depends_on="platform",
        advice='Say the encoding: `open(..., encoding="utf-8")`, '
        '`sys.stdout.reconfigure(encoding="utf-8")`; or set PYTHONUTF8=1.',
    ),
)


def find(case: Case) -> Cause | None:
    """Know what only Windows raises by its own words."""
    there = case.environment.sys_platform if case.environment else ""
    for traceback in case.tracebacks:
        said = f"{traceback.exception.type}: {traceback.exception.message}"
        for raised in _RAISED:
            found = re.search(raised.pattern, said)
            if found and there in raised.platforms:
                where = own_line(traceback.frames) or case.where
                at = f" at {where}" if where else ""
                title, text = raised.told(found)
                return Cause(raised.mechanism, where or "", title + at, text, where)
    return None


class _Raised(NamedTuple):
    """The words of an exception, and what they mean."""

    pattern: str
    mechanism: str
    told: Callable[[re.Match[str]], tuple[str, str]]
    platforms: tuple[str, ...] = ("win32", "")  # empty: the journal does not say


def _missing_name(found: re.Match[str]) -> tuple[str, str]:
    name = f"{found[1]}.{found[2]}"
    where = "exists on Linux alone" if found[2] in _LINUX_ONLY else "does not exist on Windows"
    return f"`{name}` {where}", _INSTEAD.get(name, _ONLY_UNIX)


def _missing_module(found: re.Match[str]) -> tuple[str, str]:
    return f"the module `{found[1]}` does not exist on Windows", _INSTEAD.get(found[1], _ONLY_UNIX)


def _in_use(found: re.Match[str]) -> tuple[str, str]:
    file = f" `{found['file']}`" if found["file"] else ""
    return (
        f"the file{file} is removed, renamed or opened while it is open",
        (
            "Windows allows that only once no process has the file open any more: neither the "
            "program nor a child."
        ),
    )


def _exists(_: re.Match[str]) -> tuple[str, str]:
    return (
        "a file is renamed onto one that exists",
        "On Windows os.rename() does not replace a file, as it does on Unix.",
    )


def _workers(_: re.Match[str]) -> tuple[str, str]:
    return (
        "a ProcessPoolExecutor is to have more than 61 workers",
        "Windows waits for 63 objects at once, two of which the executor needs itself.",
    )


def _unwritable(found: re.Match[str]) -> tuple[str, str]:
    what = "written" if found["kind"] == "En" else "read"
    return (
        f"a text is {what} in the code page, which does not have its characters",
        (
            "Without an encoding, files are in the code page of the computer, such as cp1252, and "
            "so is what goes to a pipe; on Unix both are UTF-8."
        ),
    )


_LINUX_ONLY: Final = {"sched_getaffinity", "sched_setaffinity"}
_NAMES: Final = (
    "sched_getaffinity|sched_setaffinity|"
    "WNOHANG|chown|chroot|fchown|fork|forkpty|getegid|geteuid|getgid|getgroups|getloadavg|getpgid|"
    "getpgrp|getpriority|getsid|getuid|initgroups|killpg|lchown|mkfifo|mknod|nice|openpty|"
    "posix_spawn|pread|pwrite|register_at_fork|sendfile|setegid|seteuid|setgid|setpgid|setpriority|"
    "setsid|setuid|statvfs|sysconf|ttyname|uname|wait|wait3|wait4|waitid|"
    "SIGALRM|SIGCHLD|SIGCONT|SIGHUP|SIGIO|SIGKILL|SIGPIPE|SIGPROF|SIGQUIT|SIGSTOP|SIGTSTP|SIGTTIN|"
    "SIGTTOU|SIGUSR1|SIGUSR2|SIGWINCH|alarm|pause|pthread_kill|pthread_sigmask|setitimer|"
    "siginterrupt|sigpending|sigwait|"
    "AF_UNIX|CMSG_LEN|epoll|kqueue|poll|tzset"
)
"""What the documentation says is available on Unix alone."""

_WORKERS: Final = r"max_workers must be <= 61"
_MODULES: Final = (
    "fcntl|grp|pwd|resource|termios|tty|pty|syslog|posix|crypt|nis|spwd|readline|curses|_curses"
)

_RAISED: Final = (
    _Raised(
        rf"AttributeError: module '(os|select|signal|socket|time)' has no attribute '({_NAMES})'",
        "unix_only",
        _missing_name,
        ("win32", "darwin", ""),
    ),
    _Raised(rf"ModuleNotFoundError: No module named '({_MODULES})'", "unix_only", _missing_module),
    _Raised(
        r"PermissionError: \[WinError (?:5|32|33)\][^:]*(?:: '(?P<file>[^']*)')?",
        "file_in_use",
        _in_use,
    ),
    _Raised(r"FileExistsError: \[WinError 183\].* -> ", "rename_onto_file", _exists),
    _Raised(_WORKERS, "too_many_workers", _workers),
    _Raised(
        r"Unicode(?P<kind>En|De)codeError: '(?:charmap|cp\d+)' codec", "code_page", _unwritable
    ),
)

_ONLY_UNIX: Final = "Python has it on Unix alone."
_INSTEAD: Final = {
    "os.fork": "multiprocessing.Process starts a process on every platform.",
    "os.killpg": "Keep the Process objects, and call terminate() of each.",
    "os.getuid": "getpass.getuser() names the user on every platform.",
    "os.sched_getaffinity": "os.cpu_count() is there on every platform.",
    "os.uname": "platform.uname() is there on every platform.",
    "os.mkfifo": "multiprocessing.Pipe() connects processes on every platform.",
    "os.wait": "Process.join() waits for a child on every platform.",
    "signal.SIGKILL": "Process.kill() ends a process on every platform.",
    "signal.SIGUSR1": "multiprocessing.Event tells a process something on every platform.",
    "signal.SIGALRM": "threading.Timer, and the timeouts of join() and get(), do it everywhere.",
    "signal.alarm": "threading.Timer, and the timeouts of join() and get(), do it everywhere.",
    "signal.SIGHUP": "Windows has SIGINT, SIGTERM and SIGBREAK.",
    "fcntl": "multiprocessing.Lock excludes processes on every platform; of files, msvcrt.locking.",
    "resource": "psutil tells of a process on every platform.",
    "pwd": "getpass.getuser() and Path.home() tell of the user on every platform.",
}
