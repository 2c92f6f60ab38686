"""The processes of a trial on Windows: a job object, which no descendant can leave."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from typing import Any, Callable, Dict, List, Optional, Tuple

assert sys.platform == "win32"

from ctypes import wintypes

CREATE_SUSPENDED = 0x4
KILL_ON_JOB_CLOSE = 0x2000
BASIC_ACCOUNTING, BASIC_PROCESS_ID_LIST, EXTENDED_LIMIT = 1, 3, 9
ENDED_BY_AGENT = 0xC000013A  # STATUS_CONTROL_C_EXIT, as a person's own Ctrl-C gives
MOST_PROCESSES = 4096

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
    """Have `wake` called when the program ends."""
    global _wake  # noqa: PLW0603 - one agent, one waker
    _wake = wake


class Job:
    """A program and all that it starts. There is one at a time."""

    def __init__(self, argv: List[str], **options: Any) -> None:  # noqa: ANN401 - Popen's own
        self.exit_status: Optional[int] = None
        self._kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        self._kernel32.CreateJobObjectW.restype = wintypes.HANDLE
        self._object = wintypes.HANDLE(self._kernel32.CreateJobObjectW(None, None))
        limits = _Limits(LimitFlags=KILL_ON_JOB_CLOSE)
        self._kernel32.SetInformationJobObject(
            self._object, EXTENDED_LIMIT, ctypes.byref(limits), ctypes.sizeof(limits)
        )
        # Suspended until it is in the job: nothing that it starts can be outside.
        flags = CREATE_SUSPENDED | subprocess.CREATE_NEW_PROCESS_GROUP
        self._process = subprocess.Popen(argv, creationflags=flags, **options)
        self.pid = self._process.pid
        handle = wintypes.HANDLE(int(self._process._handle))  # type: ignore[attr-defined]  # noqa: SLF001 - not public anywhere
        self._kernel32.AssignProcessToJobObject(self._object, handle)
        ctypes.WinDLL("ntdll").NtResumeProcess(handle)
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        self._process.wait()
        _wake()

    def reap(self) -> None:
        """Take note of the end of the program."""
        self.exit_status = self._process.poll()

    def members(self) -> List[int]:
        """List every living process of the job."""
        ids = _ProcessIds()
        self._query(BASIC_PROCESS_ID_LIST, ids)
        return list(ids.ProcessIdList[: ids.NumberOfProcessIdsInList])

    def processes(self) -> List[Dict[str, Any]]:
        """Describe every process of the job, as `Process` of the model."""
        return [{"pid": pid, "ppid": 0, "command": ""} for pid in self.members()]

    def cpu(self) -> float:
        """Give the CPU time of the whole job so far, in seconds."""
        accounting = _Accounting()
        self._query(BASIC_ACCOUNTING, accounting)
        return float(accounting.TotalUserTime + accounting.TotalKernelTime) / 1e7

    def scheduling(self) -> Tuple[float, float]:
        """Give how long the job ran, in seconds; how long it waited for a core is not to be had."""
        return self.cpu(), 0.0

    def end(self) -> bool:
        """End every process of the job; tell whether none is left."""
        self._kernel32.TerminateJobObject(self._object, ENDED_BY_AGENT)
        self._process.wait(5)
        self.reap()
        return not self.members()

    def shared_memory(self) -> Dict[str, int]:
        """Give nothing: shared memory ends with its last handle here."""
        return {}

    def _query(self, what: int, into: ctypes.Structure) -> None:
        self._kernel32.QueryInformationJobObject(
            self._object, what, ctypes.byref(into), ctypes.sizeof(into), None
        )


def remove_shared_memory(mapped: Dict[str, int]) -> List[str]:
    """Remove nothing: `Job.shared_memory` finds nothing here."""
    return sorted(mapped)
