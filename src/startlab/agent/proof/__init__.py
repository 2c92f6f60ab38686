"""A proof that a job hangs: that no thread of it can ever run again. Only Linux shows enough."""

from __future__ import annotations

import sys
from typing import Any, Dict, Optional, Tuple

from .facts import Obstacle, Verdict, Waiting

if sys.platform == "linux":
    from .prover import Prover
    from .rounds import Rounds
else:

    class Prover:
        """Proves nothing here."""

        def __init__(
            self,
            agent_pid: int,  # noqa: ARG002 - as on Linux
            py_spy: Optional[str] = None,  # noqa: ARG002 - as on Linux
        ) -> None:
            self.blocker: Optional[Obstacle] = Obstacle("platform")

        @staticmethod
        def available() -> Optional[Obstacle]:
            """Tell why nothing can be proven here."""
            return Obstacle("platform")

        def look(self) -> Optional[Verdict]:
            """Find no proof."""
            return None

        def waits(self) -> Tuple[Waiting, ...]:
            """Know of no thread what it waits for."""
            return ()

        def stuck(self) -> Dict[int, Tuple[Any, Tuple[Waiting, ...]]]:
            """Find none."""
            return {}

    class Rounds:
        """Sees nothing here."""

        def __init__(self, prover: Prover, py_spy: Optional[str]) -> None:
            """As on Linux."""

        def look(self) -> Optional[Verdict]:
            """Find nothing."""
            return None


__all__ = ["Prover", "Rounds", "Verdict", "Waiting"]
