"""What a test needs of the machine that it runs on: where that is missing it is skipped."""

from __future__ import annotations

import sys
import venv
from pathlib import Path
from typing import Final

import pytest


def links(folder: Path) -> None:
    """Skip where this user may make no links, as most users of Windows."""
    try:
        (folder / "link").symlink_to("nowhere")
    except OSError as error:
        pytest.skip(f"no link can be made here: {error.strerror}")
    (folder / "link").unlink()


def venvs() -> None:
    """Skip where Windows' Python has no launcher to put into the virtual environments it makes."""
    launchers = Path(venv.__file__).parent / "scripts" / "nt"
    if sys.platform == "win32" and not [*launchers.glob("*.exe")]:
        pytest.skip(f"no virtual environment can be made here: no launcher in {launchers}")


ONCE_ON_LINUX: Final = [pytest.mark.targets] if sys.platform == "linux" else []
"""For what shows the same on every Python, and not on every platform: others have no `targets`."""
