"""Files that a person names, as they are read: bounded, and never waited for."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

MOST: Final = 256 << 20
"""Bytes; a dump of a thousand processes has ten million."""


def read(path: Path) -> bytes:
    """Read a file, or a pipe that a shell hands over, as `<(command)` does. Raises OSError.

    A named pipe may have no writer, and a device no end: they are refused.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    handed_over = stat.S_ISFIFO(mode) and os.path.realpath(path).startswith(("/proc/", "/dev/fd/"))
    if not (stat.S_ISREG(mode) or handed_over):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
    with path.open("rb") as file:
        data = file.read(MOST + 1)
    if len(data) > MOST:
        raise OSError(errno.EFBIG, f"it has more than {MOST >> 20} MB", str(path))
    return data
