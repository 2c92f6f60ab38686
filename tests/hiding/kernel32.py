"""The part of Windows' kernel that startlab's agent calls: job objects, and what they need.

A job is the tree below the process that was assigned to it; this process is made the parent of
their orphans, so that, as on Windows, none of them can leave. A handle of a process is its pid.
Structures must have the sizes that Windows has them in on 64-bit machines.
"""

from __future__ import absolute_import

import ctypes
import os
import signal
import time

INVALID_HANDLE, BAD_LENGTH, INVALID_PARAMETER, MORE_DATA = 6, 24, 87, 234
PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
KILL_ON_JOB_CLOSE = 0x2000
SIZES = {1: 48, 9: 144}  # JOBOBJECT_BASIC_ACCOUNTING_, JOBOBJECT_EXTENDED_LIMIT_INFORMATION

_error = 0


def of_ctypes(real):
    """Give the names that ctypes has on Windows alone."""

    def win_error(code=None, descr=None):
        code = _error if code is None else code
        error = OSError(code, descr or f"Windows says {code}")
        error.winerror = code
        return error

    return {
        "WinDLL": lambda name, **_: LIBRARIES[name](),
        "WinError": win_error,
        "get_last_error": lambda: _error,
        "wintypes": of_wintypes_module(real),
    }


def of_wintypes_module(real):
    """Give ctypes.wintypes as it is on Windows, where a long has 32 bits."""
    import types

    from . import hide

    return hide.seen("ctypes.wintypes", types.ModuleType("ctypes.wintypes"))


def of_wintypes(_):
    """Give its names."""
    return {
        "BOOL": ctypes.c_int32,
        "DWORD": ctypes.c_uint32,
        "WORD": ctypes.c_uint16,
        "HANDLE": ctypes.c_void_p,
        "LONG": ctypes.c_int32,
        "LPCWSTR": ctypes.c_wchar_p,
        "LPWSTR": ctypes.c_wchar_p,
        "MAX_PATH": 260,
        "ULONG": ctypes.c_uint32,
    }


class Function:
    """A function of a library: its types may be set, and it fails as on Windows."""

    def __init__(self, function):
        self._function = function
        self.argtypes = self.restype = None

    def __call__(self, *args):
        global _error
        try:
            return self._function(*(_value(arg) for arg in args))
        except Refused as refused:
            _error = refused.args[0]
            return 0


class Refused(Exception):
    """What SetLastError is called with."""


def _value(arg):
    """Give what an argument stands for; byref() has what it points to in `_obj`."""
    return arg.value if isinstance(arg, ctypes.c_void_p) else getattr(arg, "_obj", arg)


class Job:
    """A job object."""

    def __init__(self):
        self.limits = 0
        self.root = None
        self.before = set(_children(os.getpid()))  # not of this job
        self.ended_cpu_s = _ended_cpu_s()

    def members(self):
        """List the live processes of the job, and reap those that nothing waits for."""
        found = []
        todo = [pid for pid in _children(os.getpid()) if pid not in self.before]
        while todo:
            pid = todo.pop()
            todo += _children(pid)
            state, ppid, _ = _stat(pid)
            if state in "ZX":
                if ppid == os.getpid() and pid != self.root:
                    _bury(pid)
            else:
                found.append(pid)
        return found if self.root is not None else []

    def end(self):
        """Kill until none is left."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            members = self.members()
            if not members:
                return
            for pid in members:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.001)


JOBS = {}  # by handle
PROCESSES = []  # those that have been opened
_handles = iter(range(1 << 24, 1 << 30, 4))  # no pid is so large


def create_job(_attributes, _name):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    handle = next(_handles)
    JOBS[handle] = Job()
    return handle


def set_information(handle, what, limits, size):
    _check_size(what, limits, size)
    job = _job(handle)
    job.limits = limits.LimitFlags
    return 1


def assign(handle, process):
    job = _job(handle)
    if _stat(process)[0] == "":
        raise Refused(INVALID_HANDLE)
    job.root = process
    return 1


def terminate(handle, _status):
    _job(handle).end()
    return 1


def query(handle, what, into, size, _written):
    job = _job(handle)
    if what == 3:  # JOBOBJECT_BASIC_PROCESS_ID_LIST
        members = job.members()
        room = len(into.ProcessIdList)
        assert size == 8 + 8 * room
        into.NumberOfAssignedProcesses = len(members)
        into.NumberOfProcessIdsInList = min(room, len(members))
        for i, pid in enumerate(members[:room]):
            into.ProcessIdList[i] = pid
        if len(members) > room:
            raise Refused(MORE_DATA)
        return 1
    _check_size(what, into, size)
    members = job.members()
    cpu_s = sum(_stat(pid)[2] for pid in members) + _ended_cpu_s() - job.ended_cpu_s
    into.TotalUserTime = int(cpu_s * 1e7)
    into.ActiveProcesses = len(members)
    return 1


def open_process(_access, _inherit, pid):
    if not os.path.exists("/proc/%d" % pid):
        raise Refused(INVALID_PARAMETER)
    PROCESSES.append(pid)
    return pid


def image_name(process, _format, path, size):
    try:
        path.value = os.readlink("/proc/%d/exe" % process)
    except OSError:
        raise Refused(INVALID_HANDLE)
    size.value = len(path.value)
    return 1


def close(handle):
    if handle in PROCESSES:
        PROCESSES.remove(handle)
        return 1
    if handle not in JOBS:
        raise Refused(INVALID_HANDLE)
    job = JOBS.pop(handle)
    if job.limits & KILL_ON_JOB_CLOSE:
        job.end()
    return 1


def resume(process):
    """Let a process that was started suspended run, once it has come to where it waits for it."""
    deadline = time.monotonic() + 10
    while _stat(process)[0] not in ("T", "Z", "X", ""):
        assert time.monotonic() < deadline
        time.sleep(0.0005)
    try:
        os.kill(process, signal.SIGCONT)
    except ProcessLookupError:
        return 0xC000000B - (1 << 32)  # STATUS_INVALID_CID
    return 0


def system_times(idle, kernel, user):
    """Tell of all cores; the kernel's time has the idle time in it."""
    with open("/proc/stat") as file:
        user_t, nice, system, idle_t = map(int, file.readline().split()[1:5])
    idle.value = int(idle_t / TICKS * 1e7)
    kernel.value = int((system + idle_t) / TICKS * 1e7)
    user.value = int((user_t + nice) / TICKS * 1e7)
    return 1


def query_system(_what, _buffer, _size, _needed):
    """Refuse: only Wine, which does not account for a job, must be asked about each process."""
    return 0xC0000002 - (1 << 32)  # STATUS_NOT_IMPLEMENTED


def _job(handle):
    if handle not in JOBS:
        raise Refused(INVALID_HANDLE)
    return JOBS[handle]


def _check_size(what, structure, size):
    if not size == ctypes.sizeof(structure) == SIZES[what]:
        raise Refused(BAD_LENGTH)


def _children(pid):
    found = []
    try:
        for tid in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{tid}/children") as file:
                found += map(int, file.read().split())
    except OSError:
        pass  # it has ended meanwhile
    return found


def _stat(pid):
    """Give state, parent and CPU time, with that of the children it has waited for."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return "", 0, 0.0
    return fields[0], int(fields[1]), sum(map(int, fields[11:15])) / TICKS


def _ended_cpu_s():
    times = os.times()
    return times.children_user + times.children_system


def _bury(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


class Kernel32:
    def __init__(self):
        self.CreateJobObjectW = Function(create_job)
        self.SetInformationJobObject = Function(set_information)
        self.AssignProcessToJobObject = Function(assign)
        self.TerminateJobObject = Function(terminate)
        self.QueryInformationJobObject = Function(query)
        self.CloseHandle = Function(close)
        self.OpenProcess = Function(open_process)
        self.QueryFullProcessImageNameW = Function(image_name)
        self.GetSystemTimes = Function(system_times)


class Ntdll:
    def __init__(self):
        self.NtQuerySystemInformation = Function(query_system)
        self.NtResumeProcess = Function(resume)


LIBRARIES = {"kernel32": Kernel32, "ntdll": Ntdll}
