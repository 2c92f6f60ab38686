"""The processes of a trial, as this platform lets them be known and ended."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from .job_windows import Job, prepare, remove_shared_memory
elif sys.platform == "linux":
    from .job_linux import Job, prepare, remove_shared_memory
else:
    from .job_ps import Job, prepare, remove_shared_memory

__all__ = ["Job", "prepare", "remove_shared_memory"]
