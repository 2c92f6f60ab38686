"""A lock on a file that ends with the process that has it, however it ends."""

from __future__ import annotations

import sys
from typing import IO, Final

if sys.platform == "win32":
    import msvcrt

    PLACE: Final = (1 << 31) - 2
    """The byte that is locked: it is unreadable meanwhile, so it is one that no file has."""

    def lock(file: IO[bytes]) -> bool:
        """Lock a file until it is closed; return whether no other process has it locked."""
        file.seek(PLACE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def lock(file: IO[bytes]) -> bool:
        """Lock a file until it is closed; return whether no other process has it locked.

        Not with lockf(): such a lock ends when the process closes any descriptor of the file, as
        it does after it has read a journal.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks
        return True
