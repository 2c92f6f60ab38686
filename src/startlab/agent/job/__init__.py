"""Finding and ending the processes of a trial, on each platform."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from .windows import Job, birth, prepare, remove_shared_memory
elif sys.platform == "linux":
    from .linux import Job, birth, prepare, remove_shared_memory
else:
    from .ps import Job, birth, prepare, remove_shared_memory

__all__ = ["Job", "birth", "prepare", "remove_shared_memory"]
