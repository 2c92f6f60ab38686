"""What a program can write or put somewhere, as the agent reads it: never waited for, bounded.

A program may put anything in the place of a file that the agent has made: a named pipe, which would
be waited for, or a link to a device without an end. What it told is checked in events.py.
"""

from __future__ import annotations

import errno
import heapq
import os
import stat
from typing import List, NamedTuple

MOST = 8 << 20  # bytes of a file

_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class Written(NamedTuple):
    """What is in a file from an offset on, and how many bytes more than that there are."""

    data: bytes
    left: int


def read(path: str, offset: int = 0, most: int = MOST) -> Written:
    """Read at most `most` bytes of a regular file. Raises OSError, also for what is none."""
    fd = os.open(path, _READ)
    try:
        seen = os.fstat(fd)
        if not stat.S_ISREG(seen.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        os.lseek(fd, offset, os.SEEK_SET)
        parts = []
        while most > 0:
            part = os.read(fd, min(most, 1 << 20))
            if not part:
                break
            parts.append(part)
            most -= len(part)
        data = b"".join(parts)
        return Written(data, max(0, seen.st_size - offset - len(data)))
    finally:
        os.close(fd)


def empty(path: str) -> None:
    """Empty a regular file that many append to; leave alone what is none."""
    try:
        fd = os.open(path, _READ | os.O_WRONLY)
    except OSError:
        return
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def size(path: str) -> int:
    """Return the size of a regular file. Raises OSError, also for what is none."""
    seen = os.lstat(path)
    if not stat.S_ISREG(seen.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
    return seen.st_size


def names(folder: str, most: int) -> List[str]:
    """List the first names in a folder, however many there are; none if it is gone or locked."""
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return []
        with os.scandir(folder) as entries:
            return heapq.nsmallest(most, (entry.name for entry in entries))
    except OSError:
        return []
