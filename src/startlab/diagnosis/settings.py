"""The settings that clues are about: what sets each, and which experiment changes it."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Final

import msgspec

TABLE: Final = Path(__file__).parents[1] / "agent" / "inject" / "startlab_settings.py"
"""Nothing but data: what is put into programs reads the same file, which says what is in it."""


class Setting(msgspec.Struct, frozen=True):
    """A row of the table: the `registry` that an experiment changes, or the lines that set it.

    `usual` is what it is in most programs, of each part where it has parts; empty for none.
    """

    registry: str = ""
    usual: str | dict[str, str] = ""
    set_by: tuple[str, ...] = ()


SETTINGS: Final = msgspec.convert(runpy.run_path(str(TABLE))["SETTINGS"], dict[str, Setting])
