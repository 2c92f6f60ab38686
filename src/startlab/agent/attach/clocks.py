"""For how long threads have not run, by what the scheduler notes of them."""

from __future__ import annotations

import os
import sys
from typing import Dict, Iterable, Optional, Tuple

assert sys.platform == "linux"

from ..proof import procfs

Id = Tuple[int, int]
_PROCESSOR_AT = 36  # in `stat`, after the name


def still_s(threads: Iterable[Id]) -> Dict[Id, float]:
    """Tell for how long each thread has not run, where the kernel tells (CONFIG_SCHED_DEBUG).

    Each processor has a clock of its own. This process runs on each of them once to read it.
    """
    home = os.sched_getaffinity(0)
    now_s: Dict[int, Optional[float]] = {}
    found = {}
    for pid, tid in threads:
        try:
            last_s = _last_ran_s(pid, tid)
            processor = int(procfs.thread_stat(pid, tid)[_PROCESSOR_AT])
        except (OSError, ValueError):
            continue
        if processor not in now_s:
            now_s[processor] = _clock_s(processor)
        now = now_s[processor]
        if now is not None:
            found[pid, tid] = max(0.0, now - last_s)
    os.sched_setaffinity(0, home)
    return found


def _clock_s(processor: int) -> Optional[float]:
    try:
        os.sched_setaffinity(0, {processor})
        return _last_ran_s(os.getpid(), os.getpid())
    except (OSError, ValueError):
        return None  # it is not for this process


def _last_ran_s(pid: int, tid: int) -> float:
    """Tell when a thread ran last, by the clock of its processor."""
    text = procfs.read(f"/proc/{pid}/task/{tid}/sched")
    at = text.index(b"se.exec_start")
    return float(text[at : text.index(b"\n", at)].rpartition(b":")[2]) / 1000
