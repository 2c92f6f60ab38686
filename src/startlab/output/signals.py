"""The names of signals on the platform where a program ran, which may not be this one."""

from __future__ import annotations

from typing import Final

_ALIKE: Final = {
    1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 8: "FPE", 9: "KILL", 11: "SEGV",
    13: "PIPE", 14: "ALRM", 15: "TERM", 21: "TTIN", 22: "TTOU", 24: "XCPU", 25: "XFSZ",
    26: "VTALRM", 27: "PROF", 28: "WINCH",
}  # fmt: skip
_LINUX: Final = _ALIKE | {
    7: "BUS", 10: "USR1", 12: "USR2", 16: "STKFLT", 17: "CHLD", 18: "CONT", 19: "STOP", 20: "TSTP",
    23: "URG", 29: "IO", 30: "PWR", 31: "SYS", 34: "RTMIN", 64: "RTMAX",
}  # fmt: skip
_MACOS: Final = _ALIKE | {
    7: "EMT", 10: "BUS", 12: "SYS", 16: "URG", 17: "STOP", 18: "TSTP", 19: "CONT", 20: "CHLD",
    23: "IO", 29: "INFO", 30: "USR1", 31: "USR2",
}  # fmt: skip

FIRST_NTSTATUS: Final = 0xC000_0000
_NTSTATUS: Final = {
    0xC000_0005: "STATUS_ACCESS_VIOLATION",
    0xC000_001D: "STATUS_ILLEGAL_INSTRUCTION",
    0xC000_0094: "STATUS_INTEGER_DIVIDE_BY_ZERO",
    0xC000_00FD: "STATUS_STACK_OVERFLOW",
    0xC000_0135: "STATUS_DLL_NOT_FOUND",
    0xC000_013A: "STATUS_CONTROL_C_EXIT",
    0xC000_0142: "STATUS_DLL_INIT_FAILED",
    0xC000_0374: "STATUS_HEAP_CORRUPTION",
    0xC000_0409: "STATUS_STACK_BUFFER_OVERRUN",  # of abort() too
}
"""What ends a process on Windows instead, by its exit status; [MS-ERREF] 2.3.1."""

CRASHES: Final = frozenset(
    {
        "SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS",
        "STATUS_ACCESS_VIOLATION", "STATUS_ILLEGAL_INSTRUCTION", "STATUS_INTEGER_DIVIDE_BY_ZERO",
        "STATUS_STACK_OVERFLOW", "STATUS_HEAP_CORRUPTION", "STATUS_STACK_BUFFER_OVERRUN",
    }
)  # fmt: skip
"""Signals that a process causes by itself; others may have been sent by another process."""


def name_of(exit_status: int | None, sys_platform: str = "linux") -> str | None:
    """Name the signal that ended a process, by its exit status; None if it ended by itself.

    signal(7), and signal(3) of macOS.
    """
    if exit_status is None or 0 <= exit_status < FIRST_NTSTATUS:
        return None
    if exit_status > 0:
        return _NTSTATUS.get(exit_status, f"status {exit_status:#x}")
    names = _MACOS if sys_platform == "darwin" else _LINUX
    name = names.get(-exit_status)
    return f"SIG{name}" if name else f"signal {-exit_status}"
