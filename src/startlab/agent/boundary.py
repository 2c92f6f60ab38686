"""What a program can write or put somewhere, as the agent reads it: never waited for, bounded.

A program may put anything in the place of a file that the agent has made: a named pipe, which would
be waited for, or a link to a device without an end. What it told is checked in events.py.
"""

from __future__ import annotations

import errno
import heapq
import os
import stat
from contextlib import suppress
from typing import List, NamedTuple

MOST = 8 << 20  # bytes of a file
MOST_ENTRIES = 20_000  # of a folder and those below it

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


def changed(folder: str, since: float, most: int) -> List[str]:
    """List the first files in a folder, by their paths, that were written since a time.

    What has a name like `.cache` is nobody's result, nor is bytecode.
    """
    found, folders, seen = [], [folder], 0
    while folders and seen < MOST_ENTRIES:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                seen += 1
                if seen > MOST_ENTRIES:
                    break
                if entry.name.startswith((".", "__pycache__")):
                    continue
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif _is_written(entry, since):
                        found.append(entry.path)
    return sorted(found)[:most]


def _is_written(entry: "os.DirEntry[str]", since: float) -> bool:
    seen = entry.stat(follow_symlinks=False)
    return stat.S_ISREG(seen.st_mode) and seen.st_mtime >= since


def names(folder: str, most: int) -> List[str]:
    """List the first names in a folder, however many there are; none if it is gone or locked."""
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return []
        with os.scandir(folder) as entries:
            return heapq.nsmallest(most, (entry.name for entry in entries))
    except OSError:
        return []
