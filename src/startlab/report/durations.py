"""How long trials took in earlier runs here: what the time that is left is learnt from."""

from __future__ import annotations

import os
from statistics import fmean
from typing import TYPE_CHECKING, Final

import msgspec
import platformdirs

from startlab import catalogue
from startlab.errors import CatalogueError

if TYPE_CHECKING:
    from pathlib import Path

    from startlab.model import Cell, Trial

MOST: Final = 20_000
"""Cells that are remembered, the last that were run."""

LONGEST_S: Final = 86_400.0


class Durations:
    """The durations of cells, in seconds: of a cell's last trial here, else of its like."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or platformdirs.user_cache_path("startlab") / "durations.json"
        try:
            self._known = msgspec.json.decode(self._path.read_bytes(), type=dict[str, float])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            self._known = {}
        try:
            self._shipped = catalogue.durations()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, CatalogueError):
            self._shipped = {}
        self._fresh: dict[str, float] = {}

    def expect(self, cell: Cell) -> float:
        """Say how long a trial of a cell may take, in seconds."""
        known = self._fresh.get(_key(cell), self._known.get(_key(cell)))
        if known is not None:
            return _sane(known)
        if cell.experiment in self._shipped:
            return self._shipped[cell.experiment]
        return fmean(self._fresh.values()) if self._fresh else 1.0

    def learn(self, trial: Trial) -> None:
        """Take note of how long a trial took."""
        if trial.outcome not in ("unsupported", "unavailable"):
            self._fresh[_key(trial.cell)] = _sane(round(trial.duration_s, 3))

    def save(self) -> None:
        """Remember, if there is where to; the next run's guess is only worse otherwise."""
        if not self._fresh:
            return
        every = {key: value for key, value in self._known.items() if key not in self._fresh}
        every |= self._fresh
        fresh = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(dict(list(every.items())[-MOST:])))
            fresh.replace(self._path)
        except OSError:
            return


def _sane(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST_S)


def _key(cell: Cell) -> str:
    return f"{cell.experiment} {cell.environment} {cell.method}"
