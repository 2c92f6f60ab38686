"""The processes of a trial on Windows: a job object, which no descendant can leave."""

from __future__ import annotations

import ctypes
import struct
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

assert sys.platform == "win32"

from ctypes import wintypes

CREATE_SUSPENDED = 0x4
KILL_ON_JOB_CLOSE = 0x2000
QUERY_LIMITED_INFORMATION = 0x1000
BASIC_ACCOUNTING, BASIC_PROCESS_ID_LIST, EXTENDED_LIMIT = 1, 3, 9
ENDED_BY_AGENT = 0xC000013A  # STATUS_CONTROL_C_EXIT, as the user's own Ctrl-C gives
SYSTEM_PROCESSES = 5  # SystemProcessInformation
INFO_LENGTH_MISMATCH = 0xC0000004
MOST_PROCESSES = 4096
MORE_DATA = 234  # ERROR_MORE_DATA
LONGEST_PATH = 32768
HAD_ITS_TURN_S = 5.0  # a thread that is ready has run by then, however loaded the machine is

_wake: Callable[[], None] = lambda: None  # noqa: E731 - set by prepare


class _Accounting(ctypes.Structure):
    _fields_ = (
        ("TotalUserTime", ctypes.c_int64),
        ("TotalKernelTime", ctypes.c_int64),
        ("ThisPeriodTotalUserTime", ctypes.c_int64),
        ("ThisPeriodTotalKernelTime", ctypes.c_int64),
        ("TotalPageFaultCount", wintypes.DWORD),
        ("TotalProcesses", wintypes.DWORD),
        ("ActiveProcesses", wintypes.DWORD),
        ("TotalTerminatedProcesses", wintypes.DWORD),
    )


class _ProcessIds(ctypes.Structure):
    _fields_ = (
        ("NumberOfAssignedProcesses", wintypes.DWORD),
        ("NumberOfProcessIdsInList", wintypes.DWORD),
        ("ProcessIdList", ctypes.c_size_t * MOST_PROCESSES),
    )


class _Limits(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", wintypes.DWORD),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", wintypes.DWORD),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", wintypes.DWORD),
        ("SchedulingClass", wintypes.DWORD),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


def prepare(wake: Callable[[], None]) -> None:
    """Call `wake` when the program ends."""
    global _wake  # noqa: PLW0603 - one agent, one waker
    _wake = wake


def birth() -> str:
    """Return nothing: here no number of a process's start stays the same when the clock jumps."""
    return ""


def restore() -> str:
    """Do nothing: here a program gets nothing of the agent that another could change."""
    return ""


class Job:
    """A program and all that it starts. There is one at a time."""

    def __init__(self, argv: List[str], **options: Any) -> None:  # noqa: ANN401 - Popen's own
        self.exit_status: Optional[int] = None
        self._used = _Accounting()
        self._times: Dict[int, float] = {}
        self._seen_s = self._ran_s = time.monotonic()
        self._ran = self._waited = 0.0
        self._kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        self._kernel32.CreateJobObjectW.restype = wintypes.HANDLE
        self._kernel32.OpenProcess.restype = wintypes.HANDLE
        self._idle = self._idle_s()
        created = self._done(self._kernel32.CreateJobObjectW(None, None))
        self._object: Optional[wintypes.HANDLE] = wintypes.HANDLE(created)
        limits = _Limits(LimitFlags=KILL_ON_JOB_CLOSE)
        size = ctypes.sizeof(limits)
        set_information = self._kernel32.SetInformationJobObject
        self._done(set_information(self._object, EXTENDED_LIMIT, ctypes.byref(limits), size))
        # Suspended until it is in the job: nothing that it starts can be outside the job.
        flags = CREATE_SUSPENDED | subprocess.CREATE_NEW_PROCESS_GROUP
        try:
            self._process = subprocess.Popen(argv, creationflags=flags, **options)
        except (OSError, ValueError):
            self._close()
            raise
        self.pid = self._process.pid
        handle = wintypes.HANDLE(int(self._process._handle))  # type: ignore[attr-defined]  # noqa: SLF001 - not public anywhere
        try:
            self._done(self._kernel32.AssignProcessToJobObject(self._object, handle))
            self._done(ctypes.WinDLL("ntdll").NtResumeProcess(handle) == 0)
        except OSError:
            self._process.kill()
            self._process.wait()
            self._close()
            raise
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        self._process.wait()
        _wake()

    def reap(self) -> None:
        """Note if the program has ended."""
        self.exit_status = self._process.poll()

    def members(self) -> List[int]:
        """List every living process of the job, at most `MOST_PROCESSES`."""
        ids = _ProcessIds()
        self._query(BASIC_PROCESS_ID_LIST, ids)
        return list(ids.ProcessIdList[: ids.NumberOfProcessIdsInList])

    def processes(self) -> List[Dict[str, Any]]:
        """Describe every process of the job, as `Process` of the model."""
        return [{"pid": pid, "ppid": 0, "command": self._executable(pid)} for pid in self.members()]

    def cpu(self) -> float:
        """Return the CPU time of the whole job so far, in seconds."""
        self._query(BASIC_ACCOUNTING, self._used)
        used = float(self._used.TotalUserTime + self._used.TotalKernelTime) / 1e7
        return used or self._cpu_of_members()

    def _cpu_of_members(self) -> float:
        """Add up the processes, as last seen: Wine does not account for a job."""
        members = self.members()
        if members:
            self._times.update((pid, used) for pid, used in _cpu_times() if pid in members)
        return sum(self._times.values())

    def scheduling(self) -> Tuple[float, float]:
        """Return how long the job ran, and at most waited for a core, in seconds.

        A thread that is ready waits only while no core is idle; and a job that has long not run at
        all is not ready.
        """
        now, ran, idle = time.monotonic(), self.cpu(), self._idle_s()
        if ran > self._ran:
            self._ran, self._ran_s = ran, now
        if now - self._ran_s < HAD_ITS_TURN_S:
            self._waited += max(0.0, now - self._seen_s - (idle - self._idle))
        self._seen_s, self._idle = now, idle
        return ran, self._waited

    def _idle_s(self) -> float:
        """Return how long the cores of the machine have been idle, all together."""
        idle, kernel, user = (ctypes.c_uint64() for _ in range(3))
        self._kernel32.GetSystemTimes(*map(ctypes.byref, (idle, kernel, user)))
        return idle.value / 1e7

    def ready(self) -> bool:
        """Return False: which threads wait for a core is not known here."""
        return False

    def end(self) -> bool:
        """End every process of the job; return whether none is left."""
        if self._object is not None:
            self._done(self._kernel32.TerminateJobObject(self._object, ENDED_BY_AGENT))
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            return False
        self.reap()
        deadline = time.monotonic() + 5
        while self.members():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)  # while the kernel ends them
        self.cpu()  # for the last time
        self._close()
        return True

    def shared_memory(self) -> Dict[str, int]:
        """Return nothing: shared memory ends with its last handle here."""
        return {}

    def _query(self, what: int, into: ctypes.Structure) -> None:
        """Fill a structure; once the job is over it stays unchanged."""
        if self._object is None:
            return
        query = self._kernel32.QueryInformationJobObject
        if not query(self._object, what, ctypes.byref(into), ctypes.sizeof(into), None):
            error = ctypes.get_last_error()
            if error != MORE_DATA:
                raise ctypes.WinError(error)

    def _executable(self, pid: int) -> str:
        """Return the path of a process's executable; empty if it has ended or access is denied."""
        process = self._opened(pid)
        if process is None:
            return ""
        path, size = ctypes.create_unicode_buffer(LONGEST_PATH), wintypes.DWORD(LONGEST_PATH)
        name = self._kernel32.QueryFullProcessImageNameW
        found = name(process, 0, path, ctypes.byref(size))
        self._kernel32.CloseHandle(process)
        return path.value if found else ""

    def _opened(self, pid: int) -> Optional[wintypes.HANDLE]:
        """Open a process to ask about it; None if it has ended or access is denied."""
        opened = self._kernel32.OpenProcess(QUERY_LIMITED_INFORMATION, False, pid)  # noqa: FBT003 - Windows' own order
        return wintypes.HANDLE(opened) if opened else None

    def _close(self) -> None:
        """Close the job object: an agent makes thousands of them."""
        if self._object is not None:
            self._kernel32.CloseHandle(self._object)
            self._object = None

    @staticmethod
    def _done(result: int) -> int:
        """Raise OSError if a call failed."""
        if not result:
            raise ctypes.WinError(ctypes.get_last_error())
        return result


def _cpu_times() -> Iterator[Tuple[int, float]]:
    """Yield the CPU time of every process, in seconds."""
    query = ctypes.WinDLL("ntdll").NtQuerySystemInformation
    size = wintypes.DWORD(1 << 16)
    while True:
        buffer = ctypes.create_string_buffer(size.value)
        status = query(SYSTEM_PROCESSES, buffer, len(buffer), ctypes.byref(size)) & 0xFFFFFFFF
        if status != INFO_LENGTH_MISMATCH:
            break
        size.value += 1 << 14  # there may be more by now
    if status:
        return
    at = 0
    while True:
        # SYSTEM_PROCESS_INFORMATION: the place of the next one, two times, the id.
        (further,) = struct.unpack_from("<I", buffer, at)
        user, kernel = struct.unpack_from("<qq", buffer, at + 40)
        (pid,) = struct.unpack_from("<Q", buffer, at + 80)
        yield pid, (user + kernel) / 1e7
        if not further:
            return
        at += further


def remove_shared_memory(mapped: Dict[str, int]) -> List[str]:
    """Remove nothing: `Job.shared_memory` finds nothing here."""
    return sorted(mapped)
