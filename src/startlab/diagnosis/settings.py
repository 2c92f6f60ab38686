"""The settings that clues are about: what sets each, and by what it is known to be the cause."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Final

import msgspec

TABLE: Final = Path(__file__).parents[1] / "agent" / "inject" / "startlab_settings.py"
"""Nothing but data: what is put into programs reads the same file, which says what is in it."""


class Setting(msgspec.Struct, frozen=True):
    """A row of the table, of it what rules look for."""

    set_by: tuple[str, ...]
    usual: str | dict[str, str] = ""
    raises: str | None = None
    printed: bool = False
    registry: str | None = None


SETTINGS: Final = msgspec.convert(runpy.run_path(str(TABLE))["SETTINGS"], dict[str, Setting])
