"""What the threads of a job wait for, and who of the job could end that."""

from __future__ import annotations

import os
import platform
import re
import signal
import stat
import struct
import sys
import time
from typing import (
    TYPE_CHECKING,
    Dict,
    FrozenSet,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Set,
    Tuple,
    Union,
)

assert sys.platform == "linux"

from . import outsiders, procfs, waits
from .facts import Obstacle, Polled, Wait
from .outsiders import EVENTFD, MayWake
from .procfs import Moved

if TYPE_CHECKING:
    from .members import Members

BY_NAME = "opened by name"  # what a proof assumes that nobody outside does
_CLOCK_S = 0.02  # by which the time of a file may be behind
_PERIOD_S = 1.05  # no poller sleeps longer
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where POSIX semaphores live
_OURS = re.compile(r"sem\.mp-[a-z0-9_]{8}")
_ABSTRACT = re.compile(rb"\0listener-(\d+)-\d+")
_IN_DIRECTORY = re.compile(rb"/.*/pymp-\w{6,8}/(?:listener|sock)-\w{6,12}")
_KERNEL_ACTS = ("io_uring", "perf_event", "userfaultfd", "fanotify", "kvm")
_FASYNC = 0o20000
_LAST_STANDARD = 2
_ASKED_SAFELY = ("anon_inode:[pidfd]", outsiders.EPOLL)
_STREAM, _DATAGRAM, _SEQPACKET = 1, 2, 5
_POLLFD = struct.Struct("=ihh")
# SIGINT, and with faulthandler those that a process sends itself when it fails; the last two are
# those that a C library has for its threads.
_CAUGHT_BY_PYTHON = sum(
    1 << number - 1
    for number in (
        signal.SIGINT,
        signal.SIGILL,
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGSEGV,
        32,
        33,
    )
)
# What a descriptor sends (F_SETOWN), one too that the job has no more.
_READY_SIGNALS = 1 << signal.SIGIO - 1 | 1 << signal.SIGURG - 1


def own_signals(caught: int) -> int:
    """Leave out of a mask of signals those that Python, or a C library, handles itself."""
    return caught & ~_CAUGHT_BY_PYTHON


def handles_signals(thread: procfs.Thread) -> bool:
    """Whether a process has a handler of its own for a signal."""
    return bool(own_signals(thread.caught))


class Process(NamedTuple):
    """A process at rest; one without threads has ended and was not waited for."""

    stat: procfs.Stat
    threads: Tuple[procfs.Thread, ...]


Snapshot = Tuple[Process, ...]


class Bond(NamedTuple):
    """What a thread waits for, and the processes of the job that could end it."""

    thread: procfs.Thread
    call: waits.Inside
    wait: Wait
    wakers: FrozenSet[int]


class Scene:
    """What the threads of a snapshot wait for; reads each thing of /proc once.

    `since` is when the job began: a FIFO, semaphore or listener that is newer is its own, though it
    has a name, or number, that others might know. Where that is not known, nothing of these is.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        namespaces: Optional[Tuple[str, str]] = None,
        since: Optional[float] = None,
    ) -> None:
        self.snapshot = snapshot
        self._namespaces = namespaces
        self._since = since
        self.machine = platform.machine()
        self.alive = {process.stat.pid: process for process in snapshot if process.threads}
        self._maps: Dict[int, bytes] = {}
        self.assumed: Set[str] = set()
        self._descriptors: Dict[int, List[procfs.Descriptor]] = {}
        self._sockets: Dict[int, procfs.UnixSocket] = {}
        self._holders: Dict[Tuple[str, bool], Set[int]] = {}
        self._linked: Dict[int, Tuple[str, Dict[int, str]]] = {}
        self._mapped: Dict[int, Set[int]] = {}
        self._peers: Dict[str, str] = {}
        self._relied = outsiders.Relied.nothing()
        self._transfers: Dict[int, Dict[Tuple[int, bool], str]] = {}
        for pid in self.alive:
            self._read_descriptors(pid)

    def _read_descriptors(self, pid: int) -> None:
        found = procfs.descriptors(pid, [thread.tid for thread in self.alive[pid].threads])
        self._descriptors[pid] = found
        for each in found:
            thing = each.link
            if each.link == EVENTFD:
                thing = f"eventfd:[{each.field('eventfd-id')}]"
            elif not each.link.startswith(("pipe:", "socket:")):
                continue
            socket = each.link.startswith("socket:")
            if each.writes or socket:
                self._holders.setdefault((thing, True), set()).add(pid)
            if each.reads and not socket:
                self._holders.setdefault((thing, False), set()).add(pid)

    def maps(self, pid: int) -> bytes:
        """Read the memory map of a process."""
        if pid not in self._maps:
            tid = self.alive[pid].threads[0].tid
            self._maps[pid] = procfs.read(f"/proc/{pid}/task/{tid}/maps")
        return self._maps[pid]

    def runs(self, thread: procfs.Thread) -> bool:
        """Whether the thread was on a processor, or about to be."""
        return waits.parse(thread.call) is None

    def naps(self, thread: procfs.Thread) -> bool:
        """Whether the thread's timeout is as short as a poller's."""
        wait = self._wait(thread)
        if not isinstance(wait, waits.Open) or not wait.timespec:
            return False
        seconds, fraction = struct.unpack(
            "=qq", procfs.memory(thread.pid, thread.tid, wait.timespec, 16)
        )
        now = 0.0 if wait.clock is None else time.clock_gettime(wait.clock)
        left: float = seconds + fraction / wait.per_second - now
        return left < _PERIOD_S

    def stack_of(self, thread: procfs.Thread) -> Tuple[int, int]:
        """Give the memory, from and to, that a thread that sleeps has its stack in."""
        call = waits.parse(thread.call)
        assert call is not None
        mapping = self._mapping(thread, call.stack_pointer)
        return mapping.start, mapping.end

    def may_wake(self, thread: procfs.Thread) -> Obstacle:
        """Tell from what a thread may wake."""
        wait = self._wait(thread)
        assert isinstance(wait, waits.Open)
        return open_call(wait, thread)

    def _wait(self, thread: procfs.Thread) -> waits.Inside:
        call = waits.parse(thread.call)
        if call is None:
            return waits.Open("a run", timed=False)
        return waits.decode(call, self.machine)

    # --- whole processes -----------------------------------------------------------------------

    def check_process(self, process: Process) -> None:
        """See that nothing about the process, or a thread of it, lets something else wake it."""
        if process.threads:
            self.check_itself(process)
        for thread in process.threads:
            self.check_thread(thread)

    def check_itself(self, process: Process) -> None:
        """See that nothing about the process lets something else than a thread wake it."""
        pid = process.stat.pid
        tid = process.threads[0].tid
        name = process.stat.name
        home = self._namespaces or procfs.namespaces(os.getpid(), os.getpid())
        if procfs.namespaces(pid, tid) != home:
            raise MayWake(Obstacle("namespace", pid, name=name))
        if procfs.read(f"/proc/{pid}/timers"):
            raise MayWake(Obstacle("posix timer", pid, name=name))
        for each in self._descriptors[pid]:
            if any(part in each.link for part in _KERNEL_ACTS):
                raise MayWake(Obstacle("kernel acts", pid, name=name, object=each.link))
            if each.flags & _FASYNC:
                raise MayWake(Obstacle("signal when ready", pid, name=name, object=each.link))
        maps = self.maps(pid)
        if b"io_uring]" in maps or b"[aio]" in maps:
            raise MayWake(Obstacle("asynchronous", pid, name=name))
        if procfs.io_uring_is_allowed():
            self.assumed.add("io_uring")

    def check_thread(self, thread: procfs.Thread) -> None:
        """See that nothing about the thread lets something else than another thread wake it."""
        if thread.state != "S" and not self.runs(thread):
            raise MayWake(about("state", thread, object=thread.state))
        if thread.pending & ~thread.blocked:
            raise MayWake(about("pending signal", thread))
        if thread.tracer:
            raise MayWake(about("traced", thread, others=(thread.tracer,)))
        if thread.dumping:
            raise MayWake(about("core dump", thread))
        if thread.caught & _READY_SIGNALS:
            raise MayWake(about("handles readiness", thread))
        wait = self._wait(thread)
        if isinstance(wait, waits.Open):
            return
        channel = self._channel(thread)
        if not waits.channel_fits(wait, channel):
            raise MayWake(about("held by kernel", thread, object=channel))
        call = waits.parse(thread.call)
        instruction = waits.SYSCALL_INSTRUCTION[self.machine]
        if call is None or instruction != procfs.memory(
            thread.pid, thread.tid, call.program_counter - len(instruction), len(instruction)
        ):
            raise MayWake(about("foreign call", thread))

    def _channel(self, thread: procfs.Thread) -> str:
        return procfs.read(f"/proc/{thread.pid}/task/{thread.tid}/wchan").decode()

    def check_outside(self, members: Members, seen_before: Optional[FrozenSet[str]] = None) -> None:
        """See that the job is whole, and that nobody else holds what it waits for.

        `seen_before`: see `outsiders.check`.
        """
        job = {process.stat.pid for process in self.snapshot}
        if members.all() != job:
            raise Moved
        any_child = any(
            self._wait(thread) == waits.Child(None)
            for process in self.snapshot
            for thread in process.threads
        )
        if self._relied.any():
            self.assumed.update(("unreadable", "opened later", "replaced"))
        self.assumed |= outsiders.check(self._relied, job, seen_before, tracing=any_child)

    def check_asked(self, thread: procfs.Thread) -> None:
        """See that nobody outside can make ready what a thread of the program may ask about."""
        self.assumed.add("name")
        for fd, each in self._numbered(thread):
            if fd <= _LAST_STANDARD or not each.reads:
                continue
            if each.link.startswith("pipe:"):
                self._relied.links.add(each.link)
            elif each.link.startswith("socket:"):
                self._other_ends(thread, each.link, writing=False)
            elif each.link not in _ASKED_SAFELY and (
                not each.link.startswith("/") or self._is_fifo(thread, fd)
            ):
                raise MayWake(about("descriptor", thread, object=each.link, descriptor=fd))

    def _numbered(self, thread: procfs.Thread) -> List[Tuple[int, procfs.Descriptor]]:
        return [
            (int(fd), procfs.descriptor(thread.pid, thread.tid, int(fd)))
            for fd in os.listdir(f"/proc/{thread.pid}/task/{thread.tid}/fd")
        ]

    def _is_fifo(self, thread: procfs.Thread, fd: int) -> bool:
        return stat.S_ISFIFO(os.stat(f"/proc/{thread.pid}/task/{thread.tid}/fd/{fd}").st_mode)

    def _is_own(self, changed_s: float) -> bool:
        """Whether what was made, or changed, then is the job's own; if so, note what that assumes.

        Nobody outside has it open: that is seen. Who knows its name or number is not.
        """
        own = self._since is not None and changed_s >= self._since - _CLOCK_S
        if own:
            self.assumed.add(BY_NAME)
        return own

    # --- one thread ----------------------------------------------------------------------------

    def bond(self, thread: procfs.Thread) -> Bond:
        """Tell what a thread waits for and who of the job could end that, or raise MayWake."""
        return self._bond(thread, self._wait(thread))

    def alone(
        self, thread: procfs.Thread, *, timeout: bool = True
    ) -> Tuple[Union[Bond, Obstacle], outsiders.Relied]:
        """Tell what a thread waits for, or why it may wake, and what just that relies on.

        Without `timeout`, as if its call had none; then a sleep waits for a signal.
        """
        before, self._relied = self._relied, outsiders.Relied.nothing()
        found: Union[Bond, Obstacle]
        try:
            if timeout:
                self.check_thread(thread)
                found = self.bond(thread)
            else:
                found = self.bond_but_for_the_clock(thread) or about("waits for signal", thread)
        except MayWake as reason:
            found = reason.obstacle
        finally:
            mine, self._relied = self._relied, before
            before.add(mine)
        return found, mine

    @property
    def ends(self) -> FrozenSet[Tuple[str, bool]]:
        """The ends of pipes and sockets that the job has: what, and whether to write to."""
        return frozenset(self._holders)

    @property
    def relied(self) -> outsiders.Relied:
        """What all waits that were looked at rely on."""
        return self._relied

    def bond_but_for_the_clock(self, thread: procfs.Thread) -> Optional[Bond]:
        """Tell the same of a thread with a timeout, as if it had none; None if it just sleeps."""
        call = waits.parse(thread.call)
        endless = None if call is None else waits.without_timeout(call, self.machine)
        return None if endless is None else self._bond(thread, waits.decode(endless, self.machine))

    def _bond(self, thread: procfs.Thread, wait: waits.Inside) -> Bond:
        if isinstance(wait, waits.Lock):
            fact, wakers = self._lock(thread, wait)
        elif isinstance(wait, waits.Child):
            fact, wakers = self._child(thread, wait)
        elif isinstance(wait, waits.Transfer):
            fact, wakers = self._transfer(thread, wait)
        elif isinstance(wait, waits.FileLock):
            fact, wakers = self._file_lock(thread, wait)
        elif isinstance(wait, waits.SystemV):
            fact, wakers = self._system_v(thread, wait)
        elif isinstance(wait, waits.Signal):
            fact, wakers = self._signal(thread)
        elif isinstance(wait, waits.Epoll):
            self._relied.epolls.add((thread.tid, wait.fd))
            fact, wakers = self._several(thread, self._epoll(thread, wait))
        elif isinstance(wait, (waits.Poll, waits.Select)):
            fact, wakers = self._several(thread, self._polled(thread, wait))
        else:
            raise MayWake(open_call(wait, thread))
        return Bond(thread, wait, fact, frozenset(wakers))

    def _lock(self, thread: procfs.Thread, wait: waits.Lock) -> Tuple[Wait, Set[int]]:
        if not wait.private:
            mapping = self._mapping(thread, wait.address)
            if mapping.inode:
                return self._shared_lock(thread, mapping)
        others = len(self.alive[thread.pid].threads) - 1
        return Wait("lock", f"{wait.address:#x}", others=others), {thread.pid}

    def _mapping(self, thread: procfs.Thread, address: int) -> procfs.Mapping:
        mapping = procfs.mapping_at(self.maps(thread.pid), address)
        if mapping is None:
            raise MayWake(about("no such address", thread))
        return mapping

    def _shared_lock(self, thread: procfs.Thread, mapping: procfs.Mapping) -> Tuple[Wait, Set[int]]:
        """Judge a futex in memory that has an inode.

        `(deleted)` in maps says nothing about that: sem_open(3) maps a file under a passing name
        and links it to its own afterwards.
        """
        if not mapping.shared:
            raise MayWake(about("futex in file", thread, object=mapping.path))
        name = ""
        system_v = mapping.path.startswith("/SYSV")
        if mapping.device != procfs.anonymous_device() or system_v:
            device, linked = self._shared_memory(thread.pid)
            if mapping.device == device and not system_v:
                name = linked.get(mapping.inode, "")
                if _OURS.fullmatch(name):
                    self.assumed.add("name")
                elif name and not self._is_own(_changed_s(thread, f"{_SHARED_MEMORY}/{name}")):
                    raise MayWake(about("named semaphore", thread, object=name))
            elif system_v or not self._is_own(_changed_s(thread, mapping.path)):
                raise MayWake(about("futex in file", thread, object=mapping.path))
        self._relied.memory.add((mapping.device, mapping.inode))
        major, minor = (int(each, 16) for each in mapping.device.split(":"))
        self._relied.files.add((os.makedev(major, minor), mapping.inode))
        words = outsiders.needle(mapping.device, mapping.inode)
        sharers = {pid for pid in self.alive if words in self.maps(pid)}
        return Wait("shared lock", name), sharers

    def _shared_memory(self, pid: int) -> Tuple[str, Dict[int, str]]:
        """List what has a name in the shared memory of a process: its device, inode to name."""
        if pid not in self._linked:
            path = f"/proc/{pid}/root{_SHARED_MEMORY}"
            with os.scandir(path) as entries:
                linked = {entry.inode(): entry.name for entry in entries}
            self._linked[pid] = (procfs.device_name(os.stat(path).st_dev), linked)
        return self._linked[pid]

    def _child(self, thread: procfs.Thread, wait: waits.Child) -> Tuple[Wait, Set[int]]:
        children = {
            process.stat.pid: process
            for process in self.snapshot
            if process.stat.parent == thread.pid
        }
        meant = set(children) if wait.pid is None else self._called(thread, wait.pid, children)
        if not meant or not meant <= set(children):
            raise MayWake(about("not its child", thread))
        ended = {pid for pid in meant if children[pid].stat.state in "ZX"}
        if ended:
            raise MayWake(about("ended child", thread, others=tuple(sorted(ended))))
        return Wait("child"), meant

    @staticmethod
    def _called(thread: procfs.Thread, pid: int, children: Iterable[int]) -> Set[int]:
        """Find the child that a process calls `pid`, in whose pid namespace that may be another."""
        depth = len(procfs.numbers(thread.pid))
        if depth < 2:
            return {pid}
        return {each for each in children if procfs.numbers(each)[depth - 1 :][:1] == [pid]}

    def _transfer(self, thread: procfs.Thread, wait: waits.Transfer) -> Tuple[Wait, Set[int]]:
        descriptor = procfs.descriptor(thread.pid, thread.tid, wait.fd)
        link = descriptor.link
        # Another thread may have put something else in its place meanwhile.
        if not waits.transfer_fits(
            link, self._channel(thread), may=descriptor.may(writing=wait.writing)
        ):
            raise MayWake(about("opened since", thread, object=link, descriptor=wait.fd))
        if link.startswith("socket:"):
            self._transfers.setdefault(thread.pid, {})[wait.fd, wait.writing] = link
        if link == EVENTFD:
            if wait.writing:
                raise MayWake(about("descriptor", thread, object=EVENTFD, descriptor=wait.fd))
            return Wait("eventfd", EVENTFD, wait.fd), self._raisers(thread, wait.fd, descriptor)
        if link.startswith("/"):
            return self._fifo(thread, wait, link)
        if not link.startswith(("socket:", "pipe:")):
            raise MayWake(about("descriptor", thread, object=link, descriptor=wait.fd))
        wakers = self._other_ends(thread, link, writing=wait.writing)
        if self._listens(link):
            kind = "connection"
        else:
            kind = f"{link.partition(':')[0]} {'write' if wait.writing else 'read'}"
        return Wait(kind, link, wait.fd, self._peers.get(link, "")), wakers

    def _raisers(self, thread: procfs.Thread, fd: int, descriptor: procfs.Descriptor) -> Set[int]:
        """Give who of the job could raise an eventfd, which anything in the kernel may, too.

        Asynchronous I/O may be under way though its ring is mapped no more: none may be anywhere.
        """
        number = descriptor.field("eventfd-id")  # since 5.2
        if number is None or int(procfs.read("/proc/sys/fs/aio-nr")):
            raise MayWake(about("descriptor", thread, object=EVENTFD, descriptor=fd))
        self._relied.events.add(number)
        self.assumed.add("eventfd")
        return set(self._holders[f"eventfd:[{number}]", True])

    def _fifo(
        self, thread: procfs.Thread, wait: waits.Transfer, link: str
    ) -> Tuple[Wait, Set[int]]:
        """Judge a FIFO: one that has no name any more is a pipe."""
        path = f"/proc/{thread.pid}/task/{thread.tid}/fd/{wait.fd}"
        found = os.stat(path)
        if not stat.S_ISFIFO(found.st_mode) or (
            found.st_nlink and not self._is_own(found.st_ctime)
        ):
            raise MayWake(about("descriptor", thread, object=link, descriptor=wait.fd))
        file = found.st_dev, found.st_ino
        self._relied.files.add(file)
        wakers = self._holders_of_file(file, writing=not wait.writing)
        return Wait(f"pipe {'write' if wait.writing else 'read'}", link, wait.fd), wakers

    def _holders_of_file(self, file: Tuple[int, int], *, writing: Optional[bool]) -> Set[int]:
        """Give the processes that have a file open, for writing or reading where that matters."""
        return {
            pid
            for pid, process in self.alive.items()
            for tid in procfs.tables([thread.tid for thread in process.threads])
            for fd in os.listdir(f"/proc/{pid}/task/{tid}/fd")
            if procfs.descriptor(pid, tid, int(fd)).field("ino") in {None, str(file[1])}
            and procfs.file_id(pid, tid, int(fd)) == file
            and (writing is None or procfs.descriptor(pid, tid, int(fd)).may(writing=writing))
        }

    def _file_lock(self, thread: procfs.Thread, wait: waits.FileLock) -> Tuple[Wait, Set[int]]:
        """Judge a wait for a lock of a file: nobody outside may have that open, or a lock of it.

        The lock's owner in the kernel's list is the process that took it; an open file that is
        shared (flock) keeps it as long as anybody has that.
        """
        link = os.readlink(f"/proc/{thread.pid}/task/{thread.tid}/fd/{wait.fd}")
        file = procfs.file_id(thread.pid, thread.tid, wait.fd)
        name = procfs.device_name(file[0]), file[1]
        locks = [each for each in procfs.file_locks() if (each.device, each.inode) == name]
        takers = {each.pid for each in locks}
        waiting = any(
            each.waits and (each.kind, each.pid) == (wait.kind, thread.pid) for each in locks
        )
        if not waiting or not takers <= set(self.alive):
            raise MayWake(about("file lock", thread, object=link, descriptor=wait.fd))
        self._relied.files.add(file)
        self._relied.memory.add(("", file[1]))
        wakers = {each.pid for each in locks if not each.waits}
        if wait.kind == "FLOCK":
            wakers |= self._holders_of_file(file, writing=None) - {thread.pid}
        return Wait("file lock", link, wait.fd), wakers

    def _system_v(self, thread: procfs.Thread, wait: waits.SystemV) -> Tuple[Wait, Set[int]]:
        """Judge a wait for a System V semaphore or message queue, which every process may use.

        One without a key is known to those alone who were told its number.
        """
        found = procfs.system_v(wait.kind).get(wait.number)
        here = os.readlink("/proc/self/ns/ipc")
        if (
            found is None
            or os.readlink(f"/proc/{thread.pid}/task/{thread.tid}/ns/ipc") != here
            or not found.users <= set(self.alive)
            or not self._is_own(found.changed_s + 1)  # it is in whole seconds
        ):
            raise MayWake(about("system v", thread, object=str(wait.number)))
        kind = {"sem": "semaphore", "msg": "message queue"}[wait.kind]
        return Wait(kind, str(wait.number)), set(self.alive)

    def _signal(self, thread: procfs.Thread) -> Tuple[Wait, Set[int]]:
        """Judge a wait for a signal: of a process that has no handler of its own for any."""
        if handles_signals(thread):
            raise MayWake(about("waits for signal", thread))
        return Wait("signal"), set(self.alive) - {thread.pid} or {thread.pid}

    def _several(
        self, thread: procfs.Thread, parts: List[Tuple[Polled, Set[int]]]
    ) -> Tuple[Wait, Set[int]]:
        if not parts:
            raise MayWake(about("waits for signal", thread))
        wakers = set().union(*(pids for _, pids in parts))
        return Wait("poll", polled=tuple(part for part, _ in parts)), wakers

    def _polled(
        self, thread: procfs.Thread, wait: Union[waits.Poll, waits.Select]
    ) -> List[Tuple[Polled, Set[int]]]:
        self.assumed.add("poll list")
        return [
            self._ready(thread, fd, procfs.descriptor(thread.pid, thread.tid, fd))
            for fd in listed(thread, wait)
        ]

    def _epoll(self, thread: procfs.Thread, wait: waits.Epoll) -> List[Tuple[Polled, Set[int]]]:
        """List what an epoll instance watches: pipes and sockets by inode, else by number.

        All eventfds have one inode; what is open at the number must be what was added by it.
        """
        parts = []
        descriptor = procfs.descriptor(thread.pid, thread.tid, wait.fd)
        watched = descriptor.watched()
        numbers = [fd for fd, _ in watched]
        for fd, inode in watched:
            candidates = (f"pipe:[{inode}]", f"socket:[{inode}]")
            link = next((each for each in candidates if self._holders_of(each)), None)
            if link is not None:
                parts.append(self._ready(thread, fd, procfs.Descriptor(link, "")))
            elif numbers.count(fd) == 1 and procfs.watches(thread.tid, wait.fd, fd):
                found = procfs.descriptor(thread.pid, thread.tid, fd)
                parts.append(self._ready(thread, fd, found))
            else:
                raise MayWake(about("foreign descriptor", thread, descriptor=fd))
        return parts

    def _holders_of(self, link: str) -> Set[int]:
        return self._holders.get((link, True), set()) | self._holders.get((link, False), set())

    def _ready(
        self, thread: procfs.Thread, fd: int, descriptor: procfs.Descriptor
    ) -> Tuple[Polled, Set[int]]:
        """Tell what a polled descriptor is, and who of the job could make it ready."""
        link = descriptor.link
        if link == "anon_inode:[pidfd]":
            pid = int(descriptor.field("Pid") or -1)
            if pid not in self.alive:
                raise MayWake(about("end of outsider", thread, others=(pid,)))
            return Polled("child", pid=pid), {pid}
        if link == EVENTFD:
            return Polled("eventfd", link, fd), self._raisers(thread, fd, descriptor)
        if not link.startswith(("pipe:", "socket:")):
            raise MayWake(about("descriptor", thread, object=link, descriptor=fd))
        kind = link.partition(":")[0]
        wakers = self._other_ends(thread, link, writing=False)
        if kind == "pipe":
            wakers = wakers | self._other_ends(thread, link, writing=True)
            if wakers != {thread.pid}:
                wakers = wakers - {thread.pid}
        return Polled(kind, link, fd), wakers

    def _other_ends(self, thread: procfs.Thread, link: str, *, writing: bool) -> Set[int]:
        """Give who of the job holds the end that could end the wait."""
        self._relied.links.add(link)
        if link.startswith("pipe:"):
            found = self._holders.get((link, not writing), set())
            if not found:
                raise MayWake(about("held outside", thread, object=link))
            return set(found)
        inode = _inode(link)
        found_socket = self._socket(inode)
        if found_socket is None and not writing:
            return self._tcp(thread, inode)
        if found_socket is None:
            raise MayWake(about("socket to outside", thread))
        if found_socket.listening:
            if self._own_listener(thread, found_socket.name):
                self.assumed.add("address")
            elif not self._new_listener(thread, found_socket.name):
                raise MayWake(about("open to connect", thread))
            return set(self.alive)
        peer = self._socket(found_socket.peer)
        holders = self._holders.get((f"socket:[{found_socket.peer}]", True), set())
        if peer is None or not holders:
            raise MayWake(about("peer outside", thread))
        if found_socket.kind not in {_STREAM, _SEQPACKET} and (
            writing or found_socket.name or peer.peer != inode
        ):
            raise MayWake(about("datagram", thread))
        self._relied.links.add(f"socket:[{found_socket.peer}]")
        self._peers[link] = f"socket:[{found_socket.peer}]"
        return set(holders)

    def _tcp(self, thread: procfs.Thread, inode: int) -> Set[int]:
        """Judge a read from a TCP connection that has both its ends in the job, and is quiet."""
        found = {each.inode: each for each in procfs.tcp_sockets(thread.pid) if each.quiet}
        ours = found.get(inode)
        if ours is None:
            raise MayWake(about("socket to outside", thread))
        peers = [each for each in found.values() if each.ends == ours.ends[::-1]]
        link = f"socket:[{peers[0].inode}]" if peers else ""
        holders = self._holders.get((link, True), set())
        if not holders:
            raise MayWake(about("peer outside", thread))
        self._relied.links.add(link)
        self._peers[f"socket:[{inode}]"] = link
        return set(holders)

    def _socket(self, inode: int) -> Optional[procfs.UnixSocket]:
        if inode and inode not in self._sockets:
            self._sockets.update(procfs.unix_sockets([inode]))
        return self._sockets.get(inode)

    def _own_listener(self, thread: procfs.Thread, name: bytes) -> bool:
        """Whether a listening socket is multiprocessing's own.

        It lies, under a random name, in a directory that multiprocessing has made with mkdtemp:
        others do not know it, and may not enter. 3.9 has it in the abstract namespace, named after
        its process and a counter (until gh-97514).
        """
        abstract = _ABSTRACT.fullmatch(name)
        if abstract:
            return int(abstract[1]) in self.alive
        path = name.rstrip(b"\0")
        if not _IN_DIRECTORY.fullmatch(path):
            return False
        root = f"/proc/{thread.pid}/root".encode()
        return not os.stat(root + os.path.dirname(path)).st_mode & 0o077

    def _new_listener(self, thread: procfs.Thread, name: bytes) -> bool:
        """Whether the job itself has bound a listening socket to a path."""
        path = os.fsdecode(name.rstrip(b"\0"))
        return bool(path) and path[0] != "\0" and self._is_own(_changed_s(thread, path))

    def _listens(self, link: str) -> bool:
        found = self._sockets.get(_inode(link)) if link.startswith("socket:") else None
        return found is not None and found.listening

    def sockets_of(self, pid: int) -> Dict[Tuple[int, bool], str]:
        """Give the sockets on which threads of a process sleep: (descriptor, writing) to link."""
        return self._transfers.get(pid, {})

    def keeps(self, thread: procfs.Thread) -> bool:
        """Whether a thread that sleeps on a futex would go to sleep on it again.

        A wake-up that got lost would be found if the call were made again.
        """
        call = waits.parse(thread.call)
        if call is None:
            return False
        word = procfs.memory(thread.pid, thread.tid, call.args[0], 4)
        return int.from_bytes(word, "little") == call.args[2] & 0xFFFF_FFFF


def _changed_s(thread: procfs.Thread, path: str) -> float:
    """Give when a file, as a thread's process sees it, was changed; long ago where it is gone."""
    place = f"/proc/{thread.pid}/task/{thread.tid}"
    inside = f"/root{path}" if path.startswith("/") else f"/cwd/{path}"
    try:
        return os.stat(place + inside).st_ctime
    except FileNotFoundError:
        return 0.0


def listed(thread: procfs.Thread, wait: Union[waits.Poll, waits.Select]) -> List[int]:
    """Read from a thread's memory the descriptors that it polls."""
    fds: List[int] = []
    if isinstance(wait, waits.Poll):
        size = wait.length * _POLLFD.size
        data = procfs.memory(thread.pid, thread.tid, wait.address, size) if size else b""
        fds = [fd for fd, _, _ in _POLLFD.iter_unpack(data) if fd >= 0]
    else:
        size = (wait.limit + 63) // 64 * 8
        for address in filter(None, wait.addresses if size else ()):
            bits = int.from_bytes(procfs.memory(thread.pid, thread.tid, address, size), "little")
            fds += [fd for fd in range(wait.limit) if bits >> fd & 1]
    return sorted(set(fds))


def about(
    kind: str,
    thread: procfs.Thread,
    *,
    object: str = "",  # noqa: A002 - the field's name
    descriptor: Optional[int] = None,
    others: Tuple[int, ...] = (),
    error: str = "",
) -> Obstacle:
    """Tell in what way a thread may go on."""
    return Obstacle(
        kind,
        thread.pid,
        thread.tid,
        object=object,
        descriptor=descriptor,
        others=others,
        error=error,
    )


def open_call(call: waits.Open, thread: procfs.Thread) -> Obstacle:
    """Tell that a thread may wake, and from what."""
    return Obstacle("call", thread.pid, thread.tid, call.name, timed=call.timed)


def _inode(link: str) -> int:
    return int(link[link.index("[") + 1 : -1])
