"""Finding py-spy."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path


def py_spy() -> str | None:
    """Find the py-spy that was installed with startlab, else one on PATH."""
    beside = Path(sysconfig.get_path("scripts")) / ("py-spy.exe" if os.name == "nt" else "py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy")
