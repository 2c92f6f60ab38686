"""The part of Windows' msvcrt that startlab calls: a lock on bytes of a file, by its handle.

No other handle can read bytes that are locked, so they must not be ones that the file has.
"""

from __future__ import absolute_import

import fcntl
import os

LK_NBLCK = 2


def locking(fd, mode, nbytes):
    """Lock that many bytes from where the file is at until it is closed, or raise at once."""
    assert (mode, nbytes) == (LK_NBLCK, 1), (mode, nbytes)
    assert os.lseek(fd, 0, os.SEEK_CUR) >= os.fstat(fd).st_size
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except IOError:
        raise PermissionError(13, "Permission denied")
