"""Ask a blocked process what the kernel tells nobody else: its interval timers.

setitimer(2) and alarm(2) leave no trace in /proc/PID, nor do SO_RCVTIMEO and SO_SNDTIMEO, where no
duplicate of the socket is to be had. Only the process itself can ask, so it is made to: a thread of
it that sleeps in a system call is stopped (PTRACE_SEIZE, PTRACE_INTERRUPT), led through
getitimer(2) and getsockopt(2) with the very system call instruction that it sleeps behind, and put
back to where it was, as checkpointing tools and debuggers do. The call it slept in goes on as if
nothing had been: the kernel restarts it, and where it would not (epoll_wait fails with EINTR), it
is issued again with the same arguments. A call on a socket fails with EINTR only where it had a
timeout: if the socket has none any more, the call is made to end early rather than never.

A thread whose seccomp mode or filters might kill it for such a question is left alone.

Needs no privilege beyond what reading /proc/PID/syscall takes. `works` tries it out first.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import signal
import subprocess
import sys
import time
from typing import Callable, Dict, FrozenSet, NamedTuple, Sequence, Tuple

assert sys.platform == "linux"

from . import procfs, waits
from .procfs import Moved


class NotAllowed(Exception):  # noqa: N818 - a finding
    """The process cannot be asked here; the text says why."""


class Answer(NamedTuple):
    """What the process answered.

    `armed` are the interval timers that are; `timeouts` tells whether each (fd, writing) has one.
    `switches` is how many voluntary context switches it costs the thread: one for the stop, one for
    each question, one for going back to sleep. `written` is how many bytes of a write had been
    written, which the call is not about any more. `timed_out`: the call had a timeout, though its
    socket has none any more.
    """

    armed: FrozenSet[int]
    timeouts: Dict[Tuple[int, bool], bool]
    switches: int
    written: int = 0
    timed_out: bool = False


class _Machine(NamedTuple):
    """Where a register set (NT_PRSTATUS) holds what, and the numbers of the two calls."""

    words: int
    number: int
    result: int
    args: Tuple[int, ...]
    stack_pointer: int
    program_counter: int
    original: int
    getitimer: int
    getsockopt: int


_MACHINES = {
    # arch/x86/include/uapi/asm/ptrace.h, struct user_regs_struct
    "x86_64": _Machine(27, 10, 10, (14, 13, 12, 7, 9, 8), 19, 16, 15, 36, 55),
    # arch/arm64/include/uapi/asm/ptrace.h, struct user_pt_regs; nothing like orig_rax
    "aarch64": _Machine(34, 8, 0, (0, 1, 2, 3, 4, 5), 31, 32, -1, 102, 209),
}

# write and sendto: the calls that can be made to go on where they were stopped.
_WRITES = {
    machine: frozenset(number for number, name in names.items() if name in {"write", "sendto"})
    for machine, names in waits.NAMES.items()
}
_SINGLESTEP, _DETACH, _POKEDATA = 9, 17, 5
_GETREGSET, _SETREGSET, _SEIZE, _INTERRUPT = 0x4204, 0x4205, 0x4206, 0x4207
_EVENT_STOP = 128
_NT_PRSTATUS = 1
_WALL = 0x4000_0000
_CLD_STOPPED = 5  # os has it since 3.9
_WORD = (1 << 64) - 1
_EINTR, _EAGAIN, _RESTART_BLOCK = (_WORD + 1 - code for code in (4, 11, 516))
# ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND: the kernel restarts these as they were.
_RESTARTED = frozenset(_WORD + 1 - code for code in (512, 513, 514))
_SOL_SOCKET, _SO_RCVTIMEO, _SO_SNDTIMEO = 1, 20, 21
_RED_ZONE = 128
ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF = 0, 1, 2
_SECCOMP_STRICT, _SECCOMP_FILTER = 1, 2


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


@functools.lru_cache(maxsize=1)
def _ptrace() -> Callable[[int, int, int, int], int]:
    function = ctypes.CDLL(None, use_errno=True).ptrace
    function.restype = ctypes.c_long
    function.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)

    def ptrace(request: int, tid: int, address: int = 0, data: int = 0) -> int:
        if function(request, tid, address, data) == -1:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return 0

    return ptrace


class _Stopped:
    """A thread in a ptrace stop, with the registers it had."""

    def __init__(self, machine: _Machine, thread: procfs.Thread) -> None:
        self.machine = machine
        self.tid = thread.tid
        self.leads = thread.tid == thread.pid
        self.instruction = len(waits.SYSCALL_INSTRUCTION[platform.machine()])
        self.before = self._registers()

    def _transfer(self, request: int, values: Tuple[int, ...]) -> Tuple[int, ...]:
        buffer = (ctypes.c_uint64 * self.machine.words)(*values)
        vector = _Vector(ctypes.addressof(buffer), ctypes.sizeof(buffer))
        _ptrace()(request, self.tid, _NT_PRSTATUS, ctypes.addressof(vector))
        return tuple(buffer)

    def _registers(self) -> Tuple[int, ...]:
        return self._transfer(_GETREGSET, ())

    def _set(self, changes: Dict[int, int]) -> None:
        values = list(self.before)
        for index, value in changes.items():
            if index >= 0:
                values[index] = value & _WORD
        self._transfer(_SETREGSET, tuple(values))

    def _asleep_in(self, call: waits.Call) -> bool:
        machine, before = self.machine, self.before
        if before[machine.stack_pointer] != call.stack_pointer:
            return False
        at, result = before[machine.program_counter], before[machine.result]
        if machine.original >= 0 and before[machine.original] != call.number:
            return False
        if machine.original < 0 and before[machine.number] != call.number:
            return False
        if at == call.program_counter - self.instruction:
            return machine.original < 0  # aarch64 has prepared the restart by now
        restarts = result in _RESTARTED and machine.original >= 0
        return at == call.program_counter and (
            restarts or result in {_EINTR, _RESTART_BLOCK} or self.written(call) > 0
        )

    def written(self, call: waits.Call) -> int:
        """Give how many bytes a write had written, with more to come, when it was stopped."""
        if call.number not in _WRITES[platform.machine()]:
            return 0
        if self.before[self.machine.program_counter] != call.program_counter:
            return 0
        result = self.before[self.machine.result]
        return result if result < call.args[2] else 0

    def check(self, call: waits.Call) -> None:
        """See that the stop was the end of the sleep in `call`, and of nothing else."""
        if not self._asleep_in(call):
            raise Moved

    def make(self, call: waits.Call, number: int, *args: int) -> int:
        """Have the thread make a system call; give its result."""
        machine = self.machine
        changes = dict(zip(machine.args, args))  # noqa: B905 - not in 3.8, and unequal on purpose
        changes[machine.number] = number
        changes[machine.program_counter] = call.program_counter - self.instruction
        changes[machine.original] = -1
        self._set(changes)
        _ptrace()(_SINGLESTEP, self.tid, 0, 0)
        stop = _wait(self.tid, leads=self.leads)
        if stop != signal.SIGTRAP:
            raise _Signalled(stop & 0xFF)
        return self._registers()[machine.result]

    def put_back(self, call: waits.Call, *, whole: bool) -> int:
        """Give the thread its registers back, so that it sleeps on in `call`.

        A write that had gone half way comes back with that half, unless `whole`: then it is made
        to write the rest. Gives how many bytes are not to be written again.
        """
        machine = self.machine
        written = self.written(call) if whole else 0
        if not written and self.before[machine.result] not in {_EINTR, _RESTART_BLOCK}:
            self.restore()
            return 0
        changes = {
            machine.args[0]: call.args[0],
            machine.number: call.number,
            machine.program_counter: call.program_counter - self.instruction,
            machine.original: -1,
        }
        if written:
            changes[machine.args[1]] = call.args[1] + written
            changes[machine.args[2]] = call.args[2] - written
        self._set(changes)
        return written

    def had_timeout(self) -> bool:
        """Whether a call on a socket, by the way that it was stopped, had a timeout."""
        return self.before[self.machine.result] == _EINTR

    def time_out(self) -> None:
        """Have the call end as if its timeout were over."""
        self._set({self.machine.result: _EAGAIN, self.machine.original: -1})

    def restore(self) -> None:
        """Give the thread its registers back as they were."""
        self._set({})


class _Signalled(Exception):  # noqa: N818 - an event
    """Another signal came in between."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _wait(tid: int, *, leads: bool) -> int:
    """Wait for the next stop of a thread, which is asleep or on its way there: it comes at once.

    Gives the signal, and the event above its eight bits. The end of a child of ours is left for
    whoever waits for the children; that of another's must be taken, for its parent to learn of it.
    `leads`: it is the first thread of its process, whose end is that of the process.
    """
    found = os.waitid(os.P_PID, tid, os.WSTOPPED | os.WEXITED | os.WNOWAIT | _WALL)
    ended = found is None or found.si_code not in {os.CLD_TRAPPED, _CLD_STOPPED}
    ours = ended and leads and procfs.stat(tid).parent == os.getpid()
    taken = None
    if not ended:
        taken = os.waitid(os.P_PID, tid, os.WSTOPPED | os.WNOHANG | _WALL)
    elif not ours:
        os.waitid(os.P_PID, tid, os.WEXITED | os.WNOHANG | _WALL)
    if taken is None:
        raise Moved
    return taken.si_status


def ask(
    thread: procfs.Thread,
    sockets: Sequence[Tuple[int, bool]] = (),
    *,
    timers: Sequence[int] = (ITIMER_REAL,),
    on_socket: bool = False,
) -> Answer:
    """Ask the process of `thread`, which sleeps in a system call, for its timers.

    `on_socket`: that call is on a socket, whose timeout is either none now or one of `sockets`.
    Raises NotAllowed, or Moved if the thread was not asleep there any more, or OSError if it is
    gone. The calling thread must be the only one in this process that waits for any child.
    """
    if platform.machine() not in _MACHINES:
        raise NotAllowed(platform.machine())
    call = waits.parse(thread.call)
    if call is None:
        raise Moved
    if _may_be_killed(thread):
        raise NotAllowed("seccomp")
    try:
        _ptrace()(_SEIZE, thread.tid, 0, 0)
    except (PermissionError, ProcessLookupError) as error:
        raise NotAllowed(str(error.strerror)) from error
    with contextlib.suppress(ProcessLookupError):  # it ends: that is to be waited for, too
        _ptrace()(_INTERRUPT, thread.tid, 0, 0)
    stop = _wait(thread.tid, leads=thread.tid == thread.pid)
    pass_on = 0 if stop >> 8 == _EVENT_STOP else stop & 0xFF
    try:
        if stop != signal.SIGTRAP | _EVENT_STOP << 8:
            raise Moved
        stopped = _Stopped(_MACHINES[platform.machine()], thread)
        stopped.check(call)
        try:
            answer = _questions(stopped, thread, call, sockets, timers)
        except _Signalled as signalled:
            pass_on = signalled.number
            stopped.restore()  # so that the signal does what it does
            raise Moved from signalled
        except BaseException:
            stopped.put_back(call, whole=True)
            raise
        if on_socket and stopped.had_timeout() and not any(answer.timeouts.values()):
            stopped.time_out()
            return answer._replace(timed_out=True)
        # A write that has a timeout would come back with its half in the end, too.
        whole = not any(answer.timeouts.values())
        return answer._replace(written=stopped.put_back(call, whole=whole))
    finally:
        _ptrace()(_DETACH, thread.tid, 0, pass_on)


def _may_be_killed(thread: procfs.Thread) -> bool:
    """Whether the thread has more of seccomp than this process, which has made its children so.

    Before Linux 5.9 one does not see how many filters there are.
    """
    mode, filters = thread.seccomp
    our_mode, our_filters = procfs.thread(os.getpid(), os.getpid(), b"").seccomp
    return mode == _SECCOMP_STRICT or (
        mode == _SECCOMP_FILTER and (mode != our_mode or filters > our_filters)
    )


def _questions(
    stopped: _Stopped,
    thread: procfs.Thread,
    call: waits.Call,
    sockets: Sequence[Tuple[int, bool]],
    timers: Sequence[int],
) -> Answer:
    now = procfs.thread(thread.pid, thread.tid, b"")
    # One switch more is this stop. Two would mean that it had run and gone to sleep again.
    woken = now.voluntary != thread.voluntary + 1
    if woken and not waits.is_in_queue(thread.call, platform.machine()):
        raise Moved
    machine = stopped.machine
    # Below the red zone of its stack: memory that belongs to nobody.
    scratch = (call.stack_pointer - _RED_ZONE - 64) & ~63
    # What cannot be told is taken for the worse.
    armed = set()
    for timer in timers:
        failed = stopped.make(call, machine.getitimer, timer, scratch)
        if failed or any(procfs.memory(thread.pid, thread.tid, scratch, 32)):
            armed.add(timer)
    timeouts = {}
    for fd, writing in sockets:
        _ptrace()(_POKEDATA, thread.tid, scratch + 32, 16)
        option = _SO_SNDTIMEO if writing else _SO_RCVTIMEO
        failed = stopped.make(
            call, machine.getsockopt, fd, _SOL_SOCKET, option, scratch, scratch + 32
        )
        has = any(procfs.memory(thread.pid, thread.tid, scratch, 16))
        timeouts[fd, writing] = bool(failed) or has
    switches = len(timers) + len(sockets) + 2
    return Answer(armed=frozenset(armed), timeouts=timeouts, switches=switches)


_SUBJECT = """
import signal, socket, struct, sys, threading
signal.setitimer(signal.ITIMER_REAL, 1000)
one, other = socket.socketpair()
one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 1000, 0))
print(one.fileno(), other.fileno(), flush=True)
sys.stdout.write(sys.stdin.readline())
"""


@functools.lru_cache(maxsize=1)
def works() -> bool:
    """Try it out on a child that has set a timer, and see that the child never noticed.

    Costs the start of an interpreter, once.
    """
    subject = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _SUBJECT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with subject:
        assert subject.stdin is not None
        assert subject.stdout is not None
        try:
            one, other = map(int, subject.stdout.readline().split())
            thread = asleep(subject.pid)
            answer = ask(thread, [(one, False), (other, False)])
            subject.stdin.write(b"unharmed\n")
            subject.stdin.close()
            return (
                answer.armed == {ITIMER_REAL}
                and answer.timeouts == {(one, False): True, (other, False): False}
                and subject.stdout.read() == b"unharmed\n"
                and subject.wait() == 0
            )
        except (OSError, ValueError, NotAllowed, Moved):
            return False
        finally:
            subject.kill()


def asleep(pid: int, within_s: float = 5.0) -> procfs.Thread:
    """Give the first thread of a process once it is asleep in a system call, or raise OSError."""
    deadline = time.monotonic() + within_s
    while True:
        line = procfs.call(pid, pid)
        call = waits.parse(line)
        if call is not None and call.number >= 0:
            thread = procfs.thread(pid, pid, line)
            if thread.state == "S":
                return thread
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} does not come to rest")
        time.sleep(0.0005)  # the kernel tells nobody when a thread goes to sleep
