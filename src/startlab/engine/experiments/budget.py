"""How long causes are looked for: seconds of trials, as they would be on an idle machine."""

from __future__ import annotations

from typing import Final, Literal

Explain = Literal["quick", "full", "off"]
"""How long causes are looked for."""

BUDGET_S: Final = {"quick": 30.0, "full": 300.0}

EACH_S: Final = 4.0
"""What is kept for each cell to come: what has helped one cell is tried first in the others."""


MOST_LOAD: Final = 3.0
"""On a machine that has more to do, nobody wants to wait for so long."""


class Budget:
    """What is left of the seconds that trials may take."""

    def __init__(self, seconds: float) -> None:
        self._all_s = seconds
        self._left_s = seconds

    def use(self, seconds: float, load: float) -> None:
        """Count a trial that took so long while each core had so many processes to run."""
        self._left_s -= seconds / min(MOST_LOAD, max(1.0, load))

    def is_over(self, to_come: int = 0) -> bool:
        """Tell whether nothing is left for a cell if as many others are `to_come`."""
        return self._left_s <= min(EACH_S * to_come, self._all_s / 2)
