"""How long causes are looked for: seconds of trials, as they would be on an idle machine."""

from __future__ import annotations

from typing import Final, Literal

Explain = Literal["quick", "full", "off"]
"""How long causes are looked for."""

BUDGET_S: Final = {"quick": 30.0, "full": 300.0}

EACH_S: Final = 4.0
"""What is kept for each cell to come: what has helped one cell is tried first in the others."""


MOST_TESTS: Final = 4
"""So many times what a program may take is for all tests of a suite."""

MOST_LOAD: Final = 3.0
"""On a machine that has more to do, nobody wants to wait for so long."""


class Budget:
    """What is left of the seconds that trials may take."""

    def __init__(self, seconds: float) -> None:
        self._all_s = seconds
        self._left_s = seconds

    @property
    def used_s(self) -> float:
        """What trials have taken of it."""
        return self._all_s - self._left_s

    def use(self, seconds: float, load: float) -> None:
        """Count a trial that took so long while each core had so many processes to run."""
        self._left_s -= seconds / _slower(load)

    def is_over(self, to_come: int = 0) -> bool:
        """Tell whether nothing is left for a cell if as many others are `to_come`."""
        return self._left_s <= min(EACH_S * to_come, self._all_s / 2)


class Shared:
    """What is left for the tests of a suite, each of which is a program that may be explained.

    The first ones are explained, rather than all of them begun.
    """

    def __init__(self, explain: Explain, tests: int) -> None:
        self._most_s = BUDGET_S[explain]
        self.left_s = self._most_s * min(tests, MOST_TESTS)

    def next(self) -> Budget:
        """Give what the next one may take: no more than a program."""
        return Budget(min(self._most_s, self.left_s))

    def use(self, budget: Budget) -> None:
        """Count what one has taken."""
        self.left_s -= budget.used_s

    def longest_s(self, load: float) -> float:
        """Give the seconds that it may take on a machine with so much to do."""
        return self.left_s * _slower(load)


def _slower(load: float) -> float:
    return min(MOST_LOAD, max(1.0, load))
