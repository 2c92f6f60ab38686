"""Whether a process outside the job has in its hands what the job waits for.

A descriptor is in a table, of a process or of one thread; or in a message that was not read yet;
or in an io_uring; or in a call that began before its number was closed. Memory is mapped, or its
file is open. Processes outside run while they are looked at, so that a descriptor may go from one
that is still to be looked at to one that was: those that have Unix sockets, and have run since,
are looked at again, until none has.

Where other programs send each other descriptors all the time, that has no end. Then it must be
seen twice that nobody has what the job waits for, with other messages under way each time, and it
is assumed that it was in none of these.
"""

from __future__ import annotations

import functools
import os
import platform
import socket
import sys
import time
from typing import Dict, FrozenSet, List, NamedTuple, Optional, Set, Tuple

assert sys.platform == "linux"

from . import procfs, waits
from .facts import Obstacle

_ROUNDS = 3
_MORE = 5
_UNDER_WAY_S = 0.02
_LONGEST_UNDER_WAY_S = 1.0
_RING = "anon_inode:[io_uring]"
_WORKER = b"iou-wrk"
EPOLL = "anon_inode:[eventpoll]"
EVENTFD = "anon_inode:[eventfd]"


class MayWake(Exception):  # noqa: N818 - no error: a finding
    """Why the job may go on yet."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle


class UnderWay(MayWake):
    """Descriptors are in messages to a process outside, at `sockets`; in others soon, mostly."""

    def __init__(self, obstacle: Obstacle, sockets: FrozenSet[str]) -> None:
        super().__init__(obstacle)
        self.sockets = sockets


class Relied(NamedTuple):
    """What a proof relies on: that nobody outside the job has it.

    `links` are pipes and sockets, as the links of their descriptors have them; `events` the numbers
    of eventfds; `epolls` descriptors (thread, number); `memory` devices, or none where `maps` may
    have another one, and inodes, as `maps` has them; `files` devices and inodes.
    """

    links: Set[str]
    events: Set[str]
    epolls: Set[Tuple[int, int]]
    memory: Set[Tuple[str, int]]
    files: Set[Tuple[int, int]]

    def any(self) -> bool:
        """Whether there is anything."""
        return any(self)

    @staticmethod
    def nothing() -> Relied:
        """Give one that holds nothing yet."""
        return Relied(set(), set(), set(), set(), set())

    def add(self, other: Relied) -> None:
        """Rely on what another one does, too."""
        for mine, theirs in zip(self, other):  # noqa: B905 - not in 3.8
            mine.update(theirs)  # type: ignore[attr-defined]  # a tuple's are of the types of all

    def has(self, key: object) -> bool:
        """Whether it relies on what an outsider was found to have; see `holders`."""
        return key == ANYTHING or any(key in each for each in self)


ANYTHING = "anything"
"""What an outsider may have of which only the kernel knows."""


class Holder(NamedTuple):
    """A process outside the job that has what the job waits for: one of a `Relied`."""

    key: object
    obstacle: Obstacle


def holders(relied: Relied, job: Set[int]) -> List[Holder]:
    """Look once at every process outside, and tell all that have what is relied on."""
    look = _Look(relied, job, tracing=False, found=[])
    look.once()
    return look.found or []


def check(
    relied: Relied, job: Set[int], seen_before: Optional[FrozenSet[str]], *, tracing: bool
) -> Set[str]:
    """See that no process outside has what is relied on, or raise MayWake; give what is assumed.

    `seen_before` are the sockets that had descriptors under way when this was looked at before, and
    the job did not run since. `tracing`: that no process of the job traces one outside is relied
    on, too.
    """
    look = _Look(relied, job, tracing=tracing)
    if not relied.any() and not tracing:
        return set()
    settled = look.at_all()
    look.see_what_is_under_way(seen_before)
    assumed = set() if _tell_what_is_under_way() else {"under way"}
    return assumed if settled else assumed | {"wanders"}


def needle(device: str, inode: int) -> bytes:
    """Give what a line of `maps` has of a file; without a device, of any with that inode."""
    return b" %s %d " % (device.encode(), inode) if device else b" %d " % inode


class _Look:
    """A look at all processes outside; `found` collects those that have something, where given."""

    def __init__(
        self,
        relied: Relied,
        job: Set[int],
        *,
        tracing: bool,
        found: Optional[List[Holder]] = None,
    ) -> None:
        self.found = found
        self._relied = relied
        self._job = job
        self._tracing = tracing
        self._needles = [(each, needle(*each)) for each in relied.memory]
        self._inodes = {inode for _, inode in relied.files}
        self._under_way: Dict[int, Set[str]] = {}
        self._couriers: Dict[int, Optional[Tuple[bytes, ...]]] = {}

    def once(self) -> None:
        """Look at every process, once; again at those that were sent descriptors, till they came.

        What stays under way may be anything; on a busy machine a message may lie there for long.
        """
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in self._job:
                self._at(int(name))
        deadline = time.monotonic() + _LONGEST_UNDER_WAY_S
        while self._under_way and time.monotonic() < deadline:
            time.sleep(_UNDER_WAY_S)
            for pid in list(self._under_way):
                self._at(pid)
        for pid, sockets in self._under_way.items():
            self._hit("descriptor under way", pid, min(sockets), ANYTHING)

    def at_all(self) -> bool:
        """Look at every process; tell whether none has run, or was born, since it was looked at.

        Those that always run are looked at some more times, so that a descriptor that wanders among
        them is seen.
        """
        seen: Set[int] = set()
        due: Set[int] = set()
        for _ in range(_ROUNDS):
            there = {int(name) for name in os.listdir("/proc") if name.isdigit()} - self._job
            due = (there - seen) | self._under_way.keys() | self._that_ran()
            if not due:
                return True
            for pid in due:
                self._at(pid)
            seen |= there
        for pid in sorted(due) * _MORE:
            self._at(pid)
        return False

    def _that_ran(self) -> Set[int]:
        return {
            pid
            for pid, before in self._couriers.items()
            if before is None or _threads(pid) != before
        }

    def see_what_is_under_way(self, seen_before: Optional[FrozenSet[str]]) -> None:
        """See that no descriptors stay under way; raise UnderWay where that is not known yet."""
        sockets = frozenset(each for found in self._under_way.values() for each in found)
        for pid, found in self._under_way.items():
            if seen_before is None or sockets & seen_before:
                obstacle = self._found("descriptor under way", pid, min(found)).obstacle
                raise UnderWay(obstacle, sockets)

    def _at(self, pid: int) -> None:
        self._couriers.pop(pid, None)
        self._under_way.pop(pid, None)
        try:
            tids = [tid for tid in procfs.threads(pid) if _may_look(pid, tid)]
        except OSError:
            return
        courier = self._relied.any() and self._tables(pid, tids)
        if courier and self.found is None and pid != os.getpid():  # which runs here
            self._couriers[pid] = _threads(pid)
            self._tables(pid, tids)
        if self._needles:
            self._maps(pid, tids)
        if len(tids) > 1 and self._relied.any() and pid != os.getpid():
            self._inside_calls(pid, tids)
        if self._tracing:
            self._tracers(pid, tids)

    def _tables(self, pid: int, tids: List[int]) -> bool:
        """Look at all tables of descriptors; tell whether there is a Unix socket in one."""
        courier = False
        for tid in procfs.tables(tids):
            try:
                courier |= self._table(pid, tid)
            except OSError:  # it ends
                continue
        return courier

    def _table(self, pid: int, tid: int) -> bool:
        """Look at a table of descriptors; tell whether there is a Unix socket in it."""
        courier = False
        for fd in os.listdir(f"/proc/{pid}/task/{tid}/fd"):
            try:
                link = os.readlink(f"/proc/{pid}/task/{tid}/fd/{fd}")
                if link.startswith("socket:"):
                    courier |= self._socket(pid, tid, int(fd), link)
                key = self._key(pid, tid, int(fd), link)
                if key is not None:
                    self._hit("held by outsider", pid, link, key)
            except OSError:
                continue
        return courier

    def _socket(self, pid: int, tid: int, fd: int, link: str) -> bool:
        """Note if descriptors are under way to a socket; tell whether any may ever be."""
        sent = procfs.descriptor(pid, tid, fd).field("scm_fds")
        if sent not in {None, "0"}:
            self._under_way.setdefault(pid, set()).add(link)
        return sent is not None or not _tell_what_is_under_way()

    def _key(self, pid: int, tid: int, fd: int, link: str) -> object:
        """Give what a descriptor is of that which is relied on; None if it is nothing of it."""
        relied = self._relied
        if link == _RING:
            return ANYTHING if self._ring(pid, tid, fd) else None
        if link == EPOLL:
            same = (one for one in relied.epolls if self._same_epoll(pid, tid, fd, *one))
            return next(same, None)
        if link == EVENTFD and relied.events:
            number = procfs.descriptor(pid, tid, fd).field("eventfd-id")
            return number if number in relied.events else None
        if link.startswith("/") and link != os.devnull and self._inodes:
            # To ask a file system that is gone for more than this may take forever.
            inode = procfs.descriptor(pid, tid, fd).field("ino")  # since 5.14
            if inode is not None and int(inode) not in self._inodes:
                return None
            file = procfs.file_id(pid, tid, fd)
            return file if file in relied.files else None
        return link if link in relied.links else None

    @staticmethod
    def _same_epoll(pid: int, tid: int, fd: int, our_tid: int, our_fd: int) -> bool:
        """Tell whether two epoll instances are one; without kcmp(2), by what they watch."""
        same = procfs.same_file((our_tid, our_fd), (tid, fd))
        if same is not None:
            return same
        ours, theirs = (
            {inode for _, inode in procfs.descriptor(*each).watched()}
            for each in ((our_tid, our_tid, our_fd), (pid, tid, fd))
        )
        return not ours.isdisjoint(theirs)

    @staticmethod
    def _ring(pid: int, tid: int, fd: int) -> bool:
        """Tell whether an io_uring may have files: of its own, or in requests that wait."""
        ring = procfs.descriptor(pid, tid, fd)
        polls = ring.info.partition("PollList:")[2].partition("CqOverflowList:")[0]
        return (
            ring.field("UserFiles") != "0"
            or bool(polls.strip())
            or any(
                procfs.read(f"/proc/{pid}/task/{each}/comm").startswith(_WORKER)
                for each in procfs.threads(pid)
            )
        )

    def _maps(self, pid: int, tids: List[int]) -> None:
        """Read the memory map through a thread that lives: one that ended shows none."""
        for tid in tids:
            try:
                maps = procfs.read(f"/proc/{pid}/task/{tid}/maps")
            except OSError:
                continue
            for key, words in self._needles:
                if words in maps:
                    self._hit("lock of outsider", pid, "", key)
            if maps:
                return

    def _inside_calls(self, pid: int, tids: List[int]) -> None:
        """See that no thread is in a call on a descriptor that another one has closed meanwhile."""
        for tid in tids:
            try:
                line = procfs.call(pid, tid)
            except OSError:
                continue
            call = waits.parse(line)
            if call is None or call.number < 0:
                continue
            for fd in waits.descriptors(call, platform.machine()):
                try:
                    os.readlink(f"/proc/{pid}/task/{tid}/fd/{fd}")
                except OSError:
                    if _still(pid, tid, line):
                        self._hit("held by outsider", pid, f"descriptor {fd}", ANYTHING)

    def _tracers(self, pid: int, tids: List[int]) -> None:
        for tid in tids:
            try:
                tracer = procfs.thread(pid, tid, b"").tracer
            except OSError:
                continue
            if tracer in self._job:
                raise MayWake(Obstacle("traces outsider", tracer, others=(pid,)))

    def _hit(self, kind: str, pid: int, what: str, key: object) -> None:
        if self.found is None:
            raise self._found(kind, pid, what)
        self.found.append(Holder(key, self._found(kind, pid, what).obstacle))

    @staticmethod
    def _found(kind: str, pid: int, what: str) -> MayWake:
        try:
            name = procfs.stat(pid).name
        except OSError:  # it has ended meanwhile
            name = ""
        return MayWake(Obstacle(kind, pid, name=name, object=what))


@functools.lru_cache(maxsize=1)
def _tell_what_is_under_way() -> bool:
    """Whether Unix sockets tell how many descriptors are in their messages: since Linux 5.6."""
    one, other = socket.socketpair()
    with one, other:
        found = procfs.descriptor(os.getpid(), os.getpid(), one.fileno())
    return found.field("scm_fds") is not None


def _may_look(pid: int, tid: int) -> bool:
    """Whether a thread runs a program, has not ended, and may be looked into."""
    try:
        os.readlink(f"/proc/{pid}/task/{tid}/exe")
    except OSError:
        return False
    return True


def _still(pid: int, tid: int, line: bytes) -> bool:
    """Whether a thread is in the same call yet."""
    try:
        return procfs.call(pid, tid) == line
    except OSError:
        return False


def _threads(pid: int) -> Optional[Tuple[bytes, ...]]:
    """Give how often each thread of a process has gone to sleep; None if one of them runs."""
    found = []
    try:
        for tid in procfs.threads(pid):
            status = procfs.read(f"/proc/{pid}/task/{tid}/status")
            if b"\nState:\tR" in status:
                return None
            found.append(b"%d" % tid + status[status.rindex(b"\nvoluntary_ctxt_switches") :])
    except (OSError, ValueError):
        return None
    return tuple(found)
