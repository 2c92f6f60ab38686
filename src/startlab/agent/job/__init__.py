"""Finding and ending the processes of a trial, on each platform."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from .windows import Job, birth, prepare, remove_shared_memory, restore
elif sys.platform == "linux":
    from .inherited import restore
    from .linux import Job, birth, prepare, remove_shared_memory
else:
    from .inherited import restore
    from .ps import Job, birth, prepare, remove_shared_memory

__all__ = ["Job", "birth", "prepare", "remove_shared_memory", "restore"]
