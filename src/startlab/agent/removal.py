"""Removing a folder, whatever a program has made of it; also a script: `removal.py FOLDER...`."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys

MOUNTS = "/proc/self/mountinfo"
DETACH_NOT_FOLLOWING = 2 | 8  # MNT_DETACH, UMOUNT_NOFOLLOW
GET_FLAGS, SET_FLAGS = 0x80086601, 0x40086602  # FS_IOC_GETFLAGS, FS_IOC_SETFLAGS
FORBIDDING = 0x10 | 0x20  # FS_IMMUTABLE_FL, FS_APPEND_FL


def remove(path: str) -> bool:
    """Remove a folder, however deep, and without permissions too; return whether it is gone.

    What is mounted in it is taken out first, for it may be anybody's; else nothing is removed. Nor
    is what a link leads to, which a program may have put in the place of the folder.
    """
    try:
        if not _is_folder(os.lstat(path)):
            _unlink(path)
            return True
    except OSError:
        return not os.path.lexists(path)
    if not _unmount_in(path):
        return False
    try:
        shutil.rmtree(path, ignore_errors=True)
    except RecursionError:  # up to 3.12
        pass
    if os.path.lexists(path):
        _remove_flat(path)
    return not os.path.lexists(path)


def _unmount_in(folder: str) -> bool:
    """Unmount all in a folder, the last first; return whether nothing is mounted there now."""
    try:
        # Each mount's first line may be hidden by a later one at the same place.
        while True:
            places = _mounts_in(os.path.realpath(folder))
            if not places:
                return True
            import ctypes

            if ctypes.CDLL(None).umount2(os.fsencode(places[-1]), DETACH_NOT_FOLLOWING):
                return False
    except (FileNotFoundError, PermissionError):  # no Linux, or no /proc
        return True
    except OSError:  # too few descriptors
        return False


def _mounts_in(folder: str) -> "list[str]":
    """List where something is mounted in a folder. Raises OSError."""
    with open(MOUNTS, "rb") as file:
        mounts = file.read()
    name = os.fsencode(os.path.basename(folder))
    if name not in mounts and re.match(rb"[\w.-]+$", name):  # else it is written with escapes
        return []
    places = [os.fsdecode(_plain(each.split(b" ", 5)[4])) for each in mounts.splitlines()]
    return [each for each in places if each.startswith(folder + os.sep)]


def _plain(escaped: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found.group(1), 8)]), escaped)


def _remove_flat(top: str) -> None:
    """Empty and remove a folder, moving each folder within a folder up to the top.

    So no path gets too long, and nothing recurses.
    """
    number = 0
    todo = [top]
    while todo:
        folder = todo.pop()
        try:
            _let_change(folder)
            os.chmod(folder, stat.S_IRWXU)
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:
            continue
        for entry in entries:
            try:
                if not _is_folder(entry.stat(follow_symlinks=False)):
                    _unlink(entry.path)
                elif folder == top:
                    todo.append(entry.path)
                else:
                    os.chmod(entry.path, stat.S_IRWXU)  # to move it, it is written to
                    up = os.path.join(top, "up-%d" % number)
                    while os.path.lexists(up):
                        number += 1
                        up = os.path.join(top, "up-%d" % number)
                    os.rename(entry.path, up)
                    todo.append(up)
            except OSError:
                continue
        if folder != top:
            _rmdir(folder)
    _rmdir(top)


def _is_folder(seen: os.stat_result) -> bool:
    """Return whether it is a folder, and neither a link to one nor a junction of Windows."""
    return stat.S_ISDIR(seen.st_mode) and not getattr(seen, "st_reparse_tag", 0)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except PermissionError:  # on Windows: it is read-only, or a junction
        if os.path.islink(path):
            raise
        _let_change(path)
        os.chmod(path, stat.S_IRWXU)
        os.unlink(path)


def _let_change(path: str) -> None:
    """Take away the attributes with which root forbids every change: chattr(1), +i and +a."""
    if not sys.platform.startswith("linux") or os.geteuid():
        return
    import array
    import fcntl

    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        flags = array.array("l", [0])
        fcntl.ioctl(fd, GET_FLAGS, flags)
        if flags[0] & FORBIDDING:
            fcntl.ioctl(fd, SET_FLAGS, array.array("l", [flags[0] & ~FORBIDDING]))
    except OSError:  # a file system without them
        pass
    finally:
        os.close(fd)


def _rmdir(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError:
        pass


if __name__ == "__main__":
    for each in sys.argv[1:]:
        remove(each)
