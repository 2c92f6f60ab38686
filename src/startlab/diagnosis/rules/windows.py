"""What works on every Unix, and not on Windows.

## What it sees
An exception that only Windows gives: a name that Python has on Unix alone (`os.fork`,
`signal.SIGKILL`, `fcntl`), a path of Unix (`/tmp`) or one that is split at `/`, a file that is
removed, renamed or replaced while it is open, a rename onto a file that exists, a link, a script or
a command of Unix that is started, a pipe in `select`, a socket's number that a child gets, more
than 61 workers of a ProcessPoolExecutor, a text that the code page has no bytes for.

## Why
Windows has no fork, no signals and no file locks of Unix. A file there cannot be removed or opened
for writing while a process has it open, the program itself or a child. Its `select` knows sockets
alone, its wait for many objects takes 63 of them, and a child inherits no descriptors. And what is
written to a pipe or a file is in the computer's code page, such as cp1252, unless an encoding is
given.

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
from startlab.diagnosis.stacks import ABSOLUTE, own_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.diagnosis.case import Case
    from startlab.output.tracebacks import Traceback

MECHANISMS: Final = (
    Mechanism(
        "unix_only",
        shown=True,
        depends_on="platform",
        advice="Use what Python has on every platform, or ask `sys.platform` before.",
    ),
    Mechanism(
        "unix_path",
        shown=True,
        depends_on="platform",
        advice="Take tempfile.TemporaryDirectory() or tempfile.gettempdir() for /tmp, os.devnull "
        "for /dev/null, and Path.home() for a home.",
    ),
    Mechanism(
        "path_split",
        depends_on="platform",
        advice="Use pathlib, as in `Path(path).name` and `Path(path).parts`, or os.path.split().",
    ),
    Mechanism(
        "link_refused",
        shown=True,
        depends_on="platform",
        advice="Copy it, or write the name of what is meant into a file.",
    ),
    Mechanism(
        "script_started",
        shown=True,
        depends_on="platform",
        advice="Start it by its interpreter: `[sys.executable, script]`.",
    ),
    Mechanism(
        "command_missing",
        shown=True,
        depends_on="platform",
        advice="Use what Python has for it, such as shutil, pathlib and os, or ask shutil.which() "
        "before.",
    ),
    Mechanism(
        "select_of_pipe",
        shown=True,
        depends_on="platform",
        advice="Use multiprocessing.connection.wait(), which takes connections, sockets and "
        "sentinels of processes on every platform, or read in a thread.",
    ),
    Mechanism(
        "descriptor_passed",
        shown=True,
        advice="Pass the socket itself, which multiprocessing hands over on every platform, or a "
        "multiprocessing.Pipe().",
        experiment="descriptor_number",
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
            if found and there in raised.platforms and re.search(raised.at, _place(traceback)):
                where = own_line(traceback.frames) or case.where
                at = f" at {where}" if where else ""
                title, text = raised.told(found)
                return Cause(raised.mechanism, where or "", title + at, text, where)
    return None


def _place(traceback: Traceback) -> str:
    """Give the file that raised it, and the program's own line that led there."""
    frames = traceback.frames
    file = frames[-1][0] if frames else ""
    codes = zip(frames, traceback.code, strict=False)
    own = next((code for (name, _), code in reversed([*codes]) if not ABSOLUTE.match(name)), "")
    return f"{file}: {own}"


class _Raised(NamedTuple):
    """The words of an exception, and what they mean; `at` is where it must be raised."""

    pattern: str
    mechanism: str
    told: Callable[[re.Match[str]], tuple[str, str]]
    at: str = ""
    platforms: tuple[str, ...] = ("win32", "")  # empty: the journal does not say


def _missing_name(found: re.Match[str]) -> tuple[str, str]:
    name = f"{found['module']}.{found['name']}"
    linux = found["name"] in _LINUX_ONLY
    where = "exists on Linux alone" if linux else "does not exist on Windows"
    return f"`{name}` {where}", _INSTEAD.get(name, _ONLY_UNIX)


def _missing_module(found: re.Match[str]) -> tuple[str, str]:
    return f"the module `{found[1]}` does not exist on Windows", _INSTEAD.get(found[1], _ONLY_UNIX)


def _missing_family(_: re.Match[str]) -> tuple[str, str]:
    return (
        "a listener of the family `AF_UNIX` does not exist on Windows",
        "Without a family, Listener() and Client() take what the platform has.",
    )


def _missing_argument(found: re.Match[str]) -> tuple[str, str]:
    return (
        f"`{found['name']}` of subprocess does not exist on Windows",
        "Nothing of the program's runs between the start of a process and its own program there.",
    )


def _missing_handler(_: re.Match[str]) -> tuple[str, str]:
    return (
        "an event loop has no `add_signal_handler` on Windows",
        "signal.signal() is there on every platform.",
    )


def _unix_path(found: re.Match[str]) -> tuple[str, str]:
    return (
        f"the path `{found['path']}` is one of Unix",
        "On Windows it is a path on the current drive, where there is no such folder.",
    )


def _split(_: re.Match[str]) -> tuple[str, str]:
    return (
        "a path is split at `/`",
        "On Windows the parts of a path that the system gives are separated by a backslash.",
    )


def _link(_: re.Match[str]) -> tuple[str, str]:
    return (
        "a symbolic link is made",
        "On Windows that takes a right which most users do not have.",
    )


def _script(_: re.Match[str]) -> tuple[str, str]:
    return (
        "a script is started as if it were a program",
        "Windows does not read the line #! of a script, and starts executables alone.",
    )


def _command(_: re.Match[str]) -> tuple[str, str]:
    return (
        "a command is started that does not exist there",
        "Few commands of Unix are there, and what the shell does itself, as `dir`, is no program.",
    )


def _select(_: re.Match[str]) -> tuple[str, str]:
    return ("`select` gets a pipe", "On Windows it waits for sockets alone.")


def _descriptor(_: re.Match[str]) -> tuple[str, str]:
    return (
        "a child gets the number of a socket, and not the socket",
        "A child started by spawn has none of its parent's sockets and files: only a fork has.",
    )


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


_LINUX_ONLY: Final = {
    "eventfd",
    "memfd_create",
    "pidfd_open",
    "pipe2",
    "prctl",
    "sched_getaffinity",
    "sched_setaffinity",
}
_NAMES: Final = (
    "eventfd|memfd_create|pidfd_open|pipe2|prctl|sched_getaffinity|sched_setaffinity|"
    "O_CLOEXEC|O_DIRECTORY|O_NOFOLLOW|O_NONBLOCK|O_SYNC|"
    "WEXITSTATUS|WIFEXITED|WIFSIGNALED|WNOHANG|WTERMSIG|chown|chroot|fchmod|fchown|fdatasync|fork|forkpty|getegid|geteuid|getgid|getgroups|getloadavg|getpgid|"
    "getpgrp|getpriority|getsid|getuid|initgroups|killpg|lchown|lockf|mkfifo|mknod|nice|openpty|"
    "posix_spawn|pread|pwrite|register_at_fork|readv|sched_yield|sendfile|setegid|seteuid|setgid|setgroups|setpgid|setpriority|"
    "setsid|setuid|statvfs|sysconf|ttyname|sync|tcgetpgrp|tcsetpgrp|uname|wait|wait3|wait4|waitid|writev|"
    "SIGALRM|SIGCHLD|SIGCONT|SIGHUP|SIGIO|SIGKILL|SIGPIPE|SIGPROF|SIGQUIT|SIGSTOP|SIGTSTP|SIGTTIN|"
    "SIGTTOU|SIGUSR1|SIGUSR2|SIGWINCH|alarm|pause|pthread_kill|pthread_sigmask|setitimer|"
    "siginterrupt|sigpending|sigwait|sigtimedwait|sigwaitinfo|"
    "ITIMER_PROF|ITIMER_REAL|ITIMER_VIRTUAL|SIG_BLOCK|SIG_SETMASK|SIG_UNBLOCK|"
    "AF_UNIX|CMSG_LEN|SCM_RIGHTS|SO_REUSEPORT|recv_fds|send_fds|epoll|kqueue|poll|"
    "CLOCK_MONOTONIC|CLOCK_REALTIME|clock_gettime|tzset|"
    "open_unix_connection|start_unix_server"
)
"""What the documentation says is available on Unix alone."""

_WORKERS: Final = r"max_workers must be <= 61"
_MODULES: Final = (
    "fcntl|grp|pwd|resource|termios|tty|pty|syslog|posix|crypt|nis|spwd|readline|curses|_curses"
)

_PARTLY: Final = "asyncio|os|posix|select|signal|socket|time"
"""Modules of which Windows has a part."""

_FOLDERS: Final = "bin|dev|etc|home|mnt|opt|proc|root|run|srv|sys|tmp|usr|var"
_SUBPROCESS: Final = r"subprocess\.py: "

_RAISED: Final = (
    _Raised(
        rf"AttributeError: module '(?P<module>{_PARTLY})' has no attribute '(?P<name>{_NAMES})'",
        "unix_only",
        _missing_name,
        platforms=("win32", "darwin", ""),
    ),
    _Raised(
        rf"ImportError: cannot import name '(?P<name>{_NAMES})' from '(?P<module>{_PARTLY})'",
        "unix_only",
        _missing_name,
        platforms=("win32", "darwin", ""),
    ),
    _Raised(rf"ModuleNotFoundError: No module named '({_MODULES})'", "unix_only", _missing_module),
    _Raised(r"ValueError: Family AF_UNIX is not recognized", "unix_only", _missing_family),
    _Raised(
        r"(?:Value|Assertion)Error: (?P<name>preexec_fn|pass_fds) (?:is )?not supported on Windows",
        "unix_only",
        _missing_argument,
    ),
    _Raised(
        r"^NotImplementedError: $", "unix_only", _missing_handler, at=r"\.add_signal_handler\("
    ),
    _Raised(
        rf"(?:FileNotFound|Permission)Error: .*'(?P<path>/(?:{_FOLDERS})(?:/[^']*)?)'",
        "unix_path",
        _unix_path,
    ),
    _Raised(
        r"^(?:ValueError|IndexError|KeyError): ",
        "path_split",
        _split,
        at=r"""\.(?:r?split|r?partition)\(["']/["']""",
    ),
    _Raised(r"OSError: \[WinError 1314\]", "link_refused", _link),
    _Raised(r"OSError: \[WinError 193\]", "script_started", _script, at=_SUBPROCESS),
    _Raised(r"FileNotFoundError: \[WinError 2\]", "command_missing", _command, at=_SUBPROCESS),
    _Raised(r"OSError: \[WinError 10038\]", "descriptor_passed", _descriptor, at=r"socket\.py: "),
    _Raised(r"OSError: \[WinError (?:10038|10045)\]", "select_of_pipe", _select, at="select"),
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
