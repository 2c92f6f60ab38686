"""Hostile programs: each does something to what watches it, and then ends in a known way.

The verdict must be that end. Where the agent itself is attacked it may also be `undecided`, but
never another: a program that fails is never called ok, nor one that hangs.
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.results import journal
from tests.campaign.ground import OURS, Ground, is_apart

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from pathlib import Path

HEAD: Final = """
import ctypes, json, multiprocessing, os, resource, signal, socket, stat, subprocess, sys
import threading, time, warnings
warnings.simplefilter("ignore")
AGENT = os.getppid()
EVENTS = os.environ["STARTLAB_EVENTS"]
INJECTED = os.environ["PYTHONPATH"].split(os.pathsep)[0]
TMP = os.environ["TMPDIR"]
PLACE = os.path.dirname(EVENTS)
SCRATCH = os.path.dirname(PLACE)
libc = ctypes.CDLL(None, use_errno=True)

def instead(path, make):
    try:
        os.remove(path)
    except OSError:
        pass
    make(path)

def say(kind, *fields, pid=None, at=None):
    line = [kind, str(os.getpid() if pid is None else pid), repr(at or time.time()), *fields]
    with open(EVENTS, "a") as file:
        file.write("\\t".join(line) + "\\n")

def fds_of(pid):
    return ["/proc/%d/fd/%s" % (pid, each) for each in os.listdir("/proc/%d/fd" % pid)]

def into_agent(data):
    for each in fds_of(AGENT):
        try:
            fd = os.open(each, os.O_WRONLY | os.O_NONBLOCK)
            os.write(fd, data)
            os.close(fd)
        except OSError:
            pass

def others():
    folder = os.path.join(os.path.dirname(SCRATCH), "others")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "kept"), "w") as file:
        file.write("kept")
    return folder

def streams_of_agent():
    opened = libc.syscall(434, AGENT, 0)  # pidfd_open(2)
    taken = [libc.syscall(438, opened, fd, 0) for fd in range(800, 803)]  # pidfd_getfd(2)
    if max(taken) < 0:
        raise OSError("they may not be taken")
    return [fd for fd in taken if fd >= 0]

def forbid_changes(*paths):
    subprocess.run(["chattr", "+i", *paths], check=True, capture_output=True)

def child():
    pass

def detached(then, ignored=()):
    if os.fork():
        return
    os.setsid()
    for each in ignored:
        signal.signal(each, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    then()
    time.sleep(900)
    os._exit(0)

def quiet():
    nothing = os.open(os.devnull, os.O_RDWR)
    for each in range(3):
        os.dup2(nothing, each)

def act():
    try:
        attack()
    except (OSError, AttributeError, ValueError, subprocess.SubprocessError) as refused:
        print("refused:", type(refused).__name__)

def works():
    process = multiprocessing.Process(target=child)
    process.start()
    process.join()
"""

ENDS: Final[Mapping[str, str]] = {
    "ok": 'print("the end")',
    "error": 'raise ValueError("meant")',
    "hang": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "crash": "os.abort()",
}


class Act(NamedTuple):
    """What a program does; `watched` tells that its agent is attacked, `works` that it goes on."""

    code: str
    attacks_agent: bool = False
    apart: bool = False
    """Only in namespaces of its own."""

    ends: tuple[str, ...] = ("error", "hang", "ok")
    confesses: bool = False
    """It tells of a crash of its own, which it could as well have made."""

    natively: bool = True


ACTS: Final[dict[str, Act]] = {}


def act(name: str, code: str, **said: object) -> None:
    """Add an act."""
    ACTS[name] = Act(textwrap.dedent(code).strip(), **said)  # type: ignore[arg-type]


# --- the files that tell of it
for file in ("", ".crashes", ".stacks"):
    of = file.lstrip(".") or "events"
    act(f"{of} are a pipe", f'instead(EVENTS + "{file}", os.mkfifo)')
    act(
        f"{of} are a device without end",
        f'instead(EVENTS + "{file}", lambda path: os.symlink("/dev/zero", path))',
    )
    act(f"{of} are a folder", f'instead(EVENTS + "{file}", os.mkdir)')
    act(f"{of} are gone", f'os.remove(EVENTS + "{file}")')
    act(
        f"{of} are noise",
        f'with open(EVENTS + "{file}", "ab") as file: file.write(os.urandom(1 << 20))',
    )
act("events may not be read", "os.chmod(EVENTS, 0)")
act("events are a socket", "instead(EVENTS, socket.socket(socket.AF_UNIX).bind)")
act("events are cut", "say('interpreter', ''); os.truncate(EVENTS, 3)")
act("events are 20 MB", "for _ in range(200): open(EVENTS, 'ab').write(b'x\\t1\\n' * 25000)")
act("an event has no end", "open(EVENTS, 'ab').write(b'x' * 12000000)")
act("an event ends with no number", "say('end', 'NOTINT')")
act("an event came at nan", "say('end', '0', at=float('nan'))")
act("an event came at infinity", "say('end', '0', at=1e308); say('end', '0', at=float('-inf'))")
act("an event came before all", "say('interpreter', '1', at=-1e9)")
act("an event is of another process", "say('end', '0', pid=AGENT); say('end', '0', pid=1)")
act("an event knows another method", "say('start', '5', 'teleport'); say('forced', 'teleport')")
act("an event has numbers too large", "say('end', '9' * 400); say('start', '9' * 30, 'fork')")
act(
    "events are forged of every kind",
    """
    for kind in ("interpreter forced unforced start begin end exit exception clue thread "
                 "pickling items lost daemon chosen method").split():
        for fields in ([], [""], ["0"], ["fork"], ["a"] * 40, ["-1"] * 3, ["\\x1b[2J\\u202e::error::"]):
            say(kind, *fields)
    """,
)
act(
    "a crash is forged",
    """
    with open(EVENTS + ".crashes", "a") as file:
        file.write("Fatal Python error: forged\\n\\x1b[2J::error::forged\\n" * 5000)
    """,
    confesses=True,
)
act("the environment is empty", "os.environ.clear(); works()")

act("stacks are a file of others", """
    instead(EVENTS + ".stacks", lambda path: os.link(others() + "/kept", path))
    """)  # fmt: skip
act("the events are locked", """
    import fcntl
    locked = open(EVENTS, "r+")
    fcntl.flock(locked, fcntl.LOCK_EX); fcntl.lockf(locked, fcntl.LOCK_EX)
    """)  # fmt: skip
act("the events are leased", """
    import fcntl
    lease = open(EVENTS)
    fcntl.fcntl(lease, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    """)  # fmt: skip
act("the events are leased for writing", """
    import fcntl
    lease = open(EVENTS, "r+")
    fcntl.fcntl(lease, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    """)  # fmt: skip

# --- startlab's own files
act(
    "the injection is written over",
    """
    for name in os.listdir(INJECTED):
        path = os.path.join(INJECTED, name)
        if os.path.isfile(path):
            open(path, "w").write("import os; os._exit(0)\\n")
    """,
)
act(
    "modules lie in the injection",
    """
    for name in ("json.py", "threading.py", "multiprocessing.py", "usercustomize.py"):
        open(os.path.join(INJECTED, name), "w").write("import os; os._exit(0)\\n")
    """,
)
act(
    "bytecode of the injection is poisoned",
    """
    cache = os.path.join(INJECTED, "__pycache__")
    for name in os.listdir(cache):
        open(os.path.join(cache, name), "wb").write(b"\\0" * 400)
    """,
)
act("the injection is gone", "import shutil; shutil.rmtree(INJECTED)")
act("the injection is a pipe", "import shutil; shutil.rmtree(INJECTED); os.mkfifo(INJECTED)")
act("the injection is a link to a folder of others", """
    import shutil
    shutil.rmtree(INJECTED); os.symlink(others(), INJECTED)
    """)  # fmt: skip
act("the injection may not be changed, and has a pipe in it", """
    import shutil
    shutil.rmtree(INJECTED); os.mkdir(INJECTED); os.mkfifo(INJECTED + "/sitecustomize.py")
    forbid_changes(INJECTED)
    """)  # fmt: skip
act("modules of the injection are taken away", """
    for name in list(sys.modules):
        if name.startswith(("startlab", "sitecustomize")):
            sys.modules[name] = None
    """)  # fmt: skip

# --- the agent
AGENT: Final = {"attacks_agent": True}
ANSWER: Final = '{"token": "", "id": 1, "observation": {"ended": "exit", "exit_status": 0}}'
act("answers are forged", f"into_agent({ANSWER!r}.encode() + b'\\n')", **AGENT)
act("the agent's streams are flooded", "into_agent(b'{\"token\":' * 100000)", **AGENT)
act("a line without end for the agent", "into_agent(b'x' * 3000000)", **AGENT)
for name in ("SIGSTOP", "SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGSEGV"):
    act(f"the agent gets {name}", f"os.kill(AGENT, signal.{name})", **AGENT)
act("the agent gets many SIGCHLD", "for _ in range(9999): os.kill(AGENT, signal.SIGCHLD)")
act("the agent is traced", "libc.ptrace(16, AGENT, None, None); time.sleep(0.1)", **AGENT)
act("the agent is seized", "libc.ptrace(0x4206, AGENT, None, None)", **AGENT)
for limit in ("NOFILE", "CPU", "AS", "FSIZE", "NPROC", "STACK", "DATA"):
    act(
        f"the agent's limit {limit} is 1",
        f"resource.prlimit(AGENT, resource.RLIMIT_{limit}, (1, 1))",
        **AGENT,
    )
act("the agent gets a signal of real time", "os.kill(AGENT, signal.SIGRTMIN + 1)", **AGENT)
act("the agent's streams are shut down", """
    for fd in streams_of_agent():
        try:
            socket.socket(fileno=fd).shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
    """, **AGENT)  # fmt: skip
act("a part of a line is in the agent's streams", """
    for fd in streams_of_agent():
        try:
            os.write(fd, b'{"token"')
        except OSError:
            pass
    """, **AGENT)  # fmt: skip
act("the agent is stopped, and its streams are flooded", """
    taken = streams_of_agent()
    os.kill(AGENT, signal.SIGSTOP)
    def flood(fd):
        while True:
            os.write(fd, b"x" * 1000 + b"\\n")
    for fd in taken:
        threading.Thread(target=flood, args=(fd,), daemon=True).start()
    """, **AGENT)  # fmt: skip
act("the agent is stopped, and forks go on", """
    os.kill(AGENT, signal.SIGSTOP)
    end = time.monotonic() + 30
    if not os.fork():
        quiet()
        while time.monotonic() < end:
            if os.fork():
                os._exit(0)
        os._exit(0)
    """, **AGENT)  # fmt: skip
act("the agent is stopped, and there is room for no other process", """
    os.kill(AGENT, signal.SIGSTOP)
    try:
        while True:
            if not os.fork():
                quiet()
                time.sleep(900)
                os._exit(0)
    except OSError:
        pass
    """, natively=False, **AGENT)  # fmt: skip
act("the agent is idle, and every core is taken", """
    os.sched_setscheduler(AGENT, os.SCHED_IDLE, os.sched_param(0))
    for _ in range(os.cpu_count()):
        if not os.fork():
            quiet()
            end = time.monotonic() + 30
            while time.monotonic() < end:
                pass
            os._exit(0)
    """, **AGENT)  # fmt: skip
act("the agent is the first to be killed for memory", """
    with open("/proc/%d/oom_score_adj" % AGENT, "w") as file:
        file.write("1000")
    """)  # fmt: skip
act("the agent's memory is read", "open('/proc/%d/mem' % AGENT, 'rb').read(1)", **AGENT)
act("the agent is on one core", "os.sched_setaffinity(AGENT, {0})")
act("the agent is the last to run", "os.setpriority(os.PRIO_PROCESS, AGENT, 19)")
act(
    "the agent's cgroup is frozen",
    """
    tops = [line.split()[1] for line in open("/proc/mounts") if " cgroup2 " in line]
    if not tops:
        return
    path = next(line[3:] for line in open("/proc/self/cgroup").read().split() if line[:3] == "0::")
    top = tops[0]
    assert "startlab-" in path or not os.access(top + path, os.W_OK)
    if "startlab-" in path:
        open(top + path + "/cgroup.freeze", "w").write("1")
    """,
    **AGENT,
)

act(
    "the agent is asked to trace",
    "libc.ptrace(0, 0, None, None); os.kill(os.getpid(), signal.SIGUSR1)",
    ends=("hang",),  # stopped, as under any parent that does not trace
)

# --- files
act("4,000 folders deep", """
    for _ in range(4000):
        os.mkdir("d"); os.chdir("d")
    """)  # fmt: skip
act("1,500 folders deep in TMPDIR", """
    os.chdir(TMP)
    for _ in range(1500):
        os.mkdir("d" * 200); os.chdir("d" * 200)
    """)  # fmt: skip
act("20,000 files", """
    for number in range(20000):
        os.close(os.open(TMP + "/%d" % number, os.O_CREAT))
    """)  # fmt: skip
act("names that are not UTF-8", "open(os.fsencode(TMP) + b'/\\xff\\xfe', 'w').close()")
act("names of control characters", "open(TMP + '/\\x1b[2J\\n::error::\\u202e', 'w').close()")
act("folders without permissions", """
    for each in ("a", "a/b", "a/b/c"):
        os.mkdir(os.path.join(TMP, each))
    for each in ("a/b/c", "a/b", "a"):
        os.chmod(os.path.join(TMP, each), 0)
    """)  # fmt: skip
act("no TMPDIR", "os.rmdir(TMP)")
act("TMPDIR is a link to a folder of others", """
    os.rmdir(TMP); os.symlink(others(), TMP)
    """)  # fmt: skip
act("the trial's place is gone", "import shutil; os.chdir('/'); shutil.rmtree(PLACE)")
act("the trial's place is elsewhere", "os.chdir('/'); os.rename(PLACE, PLACE + '-moved')")
act("the trial's place is a link to a folder of others", """
    os.chdir("/"); os.rename(PLACE, PLACE + "-moved"); os.symlink(others(), PLACE)
    """)  # fmt: skip
act("the agent's folder is a link to a folder of others", """
    import shutil
    os.chdir("/"); shutil.rmtree(SCRATCH); os.symlink(others(), SCRATCH)
    """)  # fmt: skip
act("the agent's folder is a file", """
    import shutil
    os.chdir("/"); shutil.rmtree(SCRATCH); open(SCRATCH, "w").close()
    """)  # fmt: skip
act("TMPDIR may not be changed, nor what is in it", """
    open(TMP + "/file", "w").close(); forbid_changes(TMP + "/file", TMP)
    """)  # fmt: skip
act("something is mounted in TMPDIR", """
    if libc.mount(b"none", TMP.encode(), b"tmpfs", 0, b"size=64k"):
        raise OSError(ctypes.get_errno(), "mount")
    open(TMP + "/in", "w").close()
    """, apart=True)  # fmt: skip
act("a folder of others is mounted in TMPDIR", """
    os.mkdir(TMP + "/a b")
    for target in (TMP + "/a b", TMP):
        if libc.mount(others().encode(), target.encode(), None, 4096, None):
            raise OSError(ctypes.get_errno(), "mount")
    """, apart=True)  # fmt: skip
act("the disk of the trial is full", """
    if libc.mount(b"none", TMP.encode(), b"tmpfs", 0, b"size=64k"):
        raise OSError(ctypes.get_errno(), "mount")
    try:
        open(TMP + "/in", "wb").write(b"x" * 1000000)
    except OSError:
        pass
    """, apart=True)  # fmt: skip

act("a file of 1 TB without content", "open(TMP + '/sparse', 'w').truncate(1 << 40)")
act("names that are not UTF-8 everywhere", """
    for folder in (TMP, PLACE, os.getcwd()):
        os.mkdir(os.fsencode(folder) + b"/\\xff\\n\\x1b[2J")
    os.chdir(b"\\xff\\n\\x1b[2J")
    """)  # fmt: skip
act("all of the trial may not be changed", """
    for folder in (os.getcwd(), TMP, PLACE, os.path.dirname(PLACE)):
        os.chmod(folder, 0)
    """)  # fmt: skip
act("the working directory is gone", "folder = os.getcwd(); os.rmdir(folder)")

# --- output
act("1 GB of output", "for _ in range(1000): os.write(1, b'x' * 1000000)")
act("40 MB of output", "for _ in range(40): os.write(1, b'all work and no play\\n' * 50000)")
act("a line of 40 MB", "for _ in range(40): os.write(2, b'x' * 1000000)")
act("output that is no text", "os.write(1, bytes(range(256)) * 40); os.write(2, b'\\xff\\n')")
act(
    "output for terminals and CI",
    "print('\\x1b[2J\\x1b]0;x\\x07\\n::error::x\\n##[error]x\\n\\u202ex\\x9b')",
)
act(
    "a traceback on stderr",
    "sys.stderr.write('Traceback (most recent call last):\\n  File \"x\", line 1\\nKeyError: 1\\n')",
    ends=("hang", "ok"),
)
act(
    "no stdout and stderr",
    "sys.stdout.flush(); os.close(1); sys.stdout = open(os.devnull, 'w')",
)
act("a writer that raises", """
    class Writer:
        def write(self, text): raise RuntimeError("no")
        flush = write
    sys.stderr = Writer()
    """, ends=("error", "hang"))  # fmt: skip

act(
    "descriptors 0 to 100 are closed",
    "sys.stdout.flush(); os.closerange(0, 101)",
    ends=("error", "hang"),
)
act("descriptors 3 to 1023 are closed", "os.closerange(3, 1024); works()")

# --- processes
act("it adopts orphans itself", "libc.prctl(36, 1, 0, 0, 0); detached(quiet)")
act("it stops itself", "os.kill(os.getpid(), signal.SIGSTOP)", ends=("hang",))
act("a child traces it and is gone", """
    pid = os.fork()
    if not pid:
        libc.ptrace(0x4206, os.getppid(), None, None)
        time.sleep(0.2)
        os._exit(0)
    os.waitpid(pid, 0)
    """)  # fmt: skip
act("namespaces of its own", """
    if libc.unshare(0x20000000 | 0x00020000):
        raise OSError(ctypes.get_errno(), "unshare")
    detached(quiet)
    """)  # fmt: skip
act("20 children with 1 MB of arguments each", """
    for _ in range(20):
        if not os.fork():
            quiet()
            os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(900)", *["x" * 100000] * 10])
    """)  # fmt: skip
act("it is of real time", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))")
act("a daemon", "detached(quiet)")
act("a daemon that ignores signals", "detached(quiet, ignored=(1, 2, 15))")
act("a daemon that holds stdout", "detached(lambda: None)")
act("a daemon without environment", """
    detached(lambda: (quiet(), os.execve(sys.executable, ["python", "-c", "import time; time.sleep(900)"], {})))
    """)  # fmt: skip
act("a daemon kills the agent", """
    detached(lambda: (quiet(), time.sleep(0.2), os.kill(AGENT, 9)))
    time.sleep(1)
    """, **AGENT)  # fmt: skip
act("a daemon without environment kills the agent", """
    code = "import os, time; time.sleep(.2); os.kill(%d, 9); time.sleep(900)" % AGENT
    detached(lambda: (quiet(), os.execve(sys.executable, ["python", "-c", code], {})))
    time.sleep(1)
    """, **AGENT)  # fmt: skip
act("150 children that sleep", """
    for _ in range(150):
        if not os.fork():
            quiet()
            time.sleep(900)
            os._exit(0)
    """)  # fmt: skip
act("a chain of 300 forks", """
    if not os.fork():
        os.setsid(); quiet()
        for _ in range(300):
            if os.fork():
                os._exit(0)
        time.sleep(900)
        os._exit(0)
    """)  # fmt: skip
act("100 zombies", """
    for _ in range(100):
        if not os.fork():
            os._exit(0)
    """)  # fmt: skip
act(
    "200 threads",
    "for _ in range(200): threading.Thread(target=time.sleep, args=(900,), daemon=True).start()",
)
act("a child is stopped", """
    pid = os.fork()
    if not pid:
        quiet()
        time.sleep(900)
    os.kill(pid, signal.SIGSTOP)
    """)  # fmt: skip
act("a name of brackets and lines", "libc.prctl(15, b'a) b (c\\n 1', 0, 0, 0)")
act("arguments of control characters", """
    if not os.fork():
        quiet()
        os.execv(sys.executable, ["\\x1b[2J\\n::error::", "-c", "import time; time.sleep(900)"])
    """)  # fmt: skip
act("another cgroup", """
    tops = [line.split()[1] for line in open("/proc/mounts") if " cgroup2 " in line]
    if not tops:
        return
    top = tops[0]
    own = next(line[3:] for line in open("/proc/self/cgroup").read().split() if line[:3] == "0::")
    os.mkdir(top + own + "/inner")
    open(top + own + "/inner/cgroup.procs", "w").write(str(os.getpid()))
    """)  # fmt: skip
act("everything that it may is killed", "os.kill(-1, signal.SIGKILL)", natively=False, **AGENT)

# --- shared memory
act(
    "shared memory and semaphores are left",
    """
    from multiprocessing import resource_tracker, shared_memory
    resource_tracker.register = lambda *_: None
    kept = shared_memory.SharedMemory(create=True, size=4096)
    locks = [multiprocessing.Lock() for _ in range(20)]
    if not os.fork():  # what no process has mapped in the end is a file like any other
        quiet()
        time.sleep(900)
    """,
)

# --- Python itself
act("another process takes its place", """
    if len(sys.argv) < 2:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, os.path.abspath(sys.argv[0]), "again"])
    """)  # fmt: skip
act("another method is chosen", "multiprocessing.set_start_method('spawn', force=True); works()")
act("the start methods are taken away", "multiprocessing.context._concrete_contexts.clear()")
act("no signal is heard", """
    for each in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        signal.signal(each, signal.SIG_IGN)
    """)  # fmt: skip
act(
    "every signal is blocked",
    "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
)
act("no descriptor is left", """
    try:
        while True:
            os.dup(0)
    except OSError:
        pass
    """)  # fmt: skip
act(
    "few files may be open",
    "resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))",
    ends=("error", "ok"),
)
act("no core, no file, no process", """
    for each in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(each, (0, 0))
    """)  # fmt: skip
act("its limits are low", """
    for each in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        resource.setrlimit(each, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    """)  # fmt: skip
act("300 MB of memory", "kept = bytearray(300 << 20)")
act("umask 0777", "os.umask(0o777); works()")
act("os.write fails", "os.write = None; works()")
act(
    "time jumps",
    "time.time = lambda: 1e12; time.monotonic = lambda: -5.0; works()",
    ends=("error", "ok"),
)
act(
    "an exit handler raises",
    "import atexit; atexit.register(lambda: 1 / 0)",
    ends=("error", "hang"),
)
act("an exception whose text cannot be made", """
    class Mute(ValueError):
        def __str__(self): raise RuntimeError("no text")
    raise Mute()
    """, ends=("error",))  # fmt: skip
act(
    "an exception of 5 MB",
    "raise TypeError('\\u202e::error::\\x1b[2J' * 500000)",
    ends=("error",),
)
act(
    "an exception with a name of lines",
    "raise type('A\\n::error::x', (TypeError,), {})('x')",
    ends=("error",),
)
act(
    "a name in another script",
    "raise type('\\u202eÄ\\u0301', (TypeError,), {})('\\ud800')",
    ends=("error",),
)
act("5,000 calls deep", "sys.setrecursionlimit(4000)\nf = lambda: f()\nf()", ends=("error",))
act("it leaves with a status", "os._exit(3)", ends=("error",))
act("it leaves without a word", "os._exit(0)", ends=("ok",))
act(
    "a thread raises",
    "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()",
    ends=("hang",),
)


BOTH: Final = 2
"""Ends of each act that are tried, natively."""


def cases(ground: Ground, chance: random.Random) -> dict[str, Callable[[], list[str]]]:
    """Every act with two ends, each under a start method."""
    found: dict[str, Callable[[], list[str]]] = {}
    for name, act in ACTS.items():
        if act.natively and (is_apart() or not act.apart):
            for end in chance.sample(act.ends, min(BOTH, len(act.ends))):
                found[f"{name}, {end}"] = _case(
                    ground, act, end, ["--backend", "native", "-e", OURS]
                )
    for name, text in NAMES.items():
        found[f"a program called {name!r}"] = _called(ground, name, text)
    return found


def in_containers(ground: Ground, chance: random.Random) -> dict[str, Callable[[], list[str]]]:
    """Every act once, in a container."""
    where = ["--backend", "docker", "-e", "linux-3.13"]
    return {
        f"{name}, {end}": _case(ground, act, end, where)
        for name, act in ACTS.items()
        for end in [chance.choice(act.ends)]
    }


def _case(ground: Ground, act: Act, end: str, where: list[str]) -> Callable[[], list[str]]:
    attack = textwrap.indent(act.code, "    ")
    guarded = act.ends != ("error",)  # else the attack is the error
    text = (
        f"{HEAD}\ndef attack():\n{attack}\n\n"
        f'if __name__ == "__main__":\n    {"act" if guarded else "attack"}()\n    {ENDS[end]}\n'
    )
    allowed = {end, *(["undecided"] if act.attacks_agent else ["crash"] if act.confesses else [])}

    def case() -> list[str]:
        folder = ground.new()
        (folder / "program.py").write_text(text, "utf-8")
        return _run(ground, folder, allowed, "program.py", where)

    return case


NAMES: Final = {
    "-x.py": "print(1)",
    "a b\n::error::.py": "print(1)",
    "ü\u202e.py": "print(1)",
    "multiprocessing.py": "print(1)",
    "sitecustomize.py": "print(1)",
    "json.py": "print(1)",
    "x" * 240 + ".py": "print(1)",
    "'; echo `id` $(id) #.py": "print(1)",
}


def _called(ground: Ground, name: str, text: str) -> Callable[[], list[str]]:
    def case() -> list[str]:
        folder = ground.new()
        (folder / name).write_text(text, "utf-8")
        return _run(ground, folder, {"ok"}, f"./{name}", ["--backend", "native", "-e", OURS])

    return case


def _run(
    ground: Ground, folder: Path, allowed: set[str], program: str, where: list[str]
) -> list[str]:
    said = ["--method", "fork", "--trials", "1", "--timeout", "5", "--explain", "off", "--json"]
    done = ground.run(folder, "run", *where, *said, "--out", "run", program)
    problems = done.complaints(0, 1)
    if problems:
        return problems
    json.loads(done.out)
    run = journal.read(folder / "run")
    outcomes = [trial.outcome for trial in run.trials]
    if len(outcomes) != 1 or not set(outcomes) <= allowed:
        why = [trial.reason[:300] for trial in run.trials]
        problems.append(f"{outcomes}, not one of {sorted(allowed)}: {why}")
    others = ground.temporary(folder) / "others"
    if others.exists() and (others / "kept").read_text("utf-8") != "kept":
        problems.append("a file of others has changed")
    problems += [
        f"ours in a reason: {t.reason[-300:]!r}"
        for t in run.trials
        if "startlab/agent/" in t.reason and t.outcome != "undecided"  # else its last words
    ]
    return problems
