"""A proof that a job hangs: that no thread of it can ever run again. Only Linux shows enough."""

from __future__ import annotations

import sys
from typing import Any, Dict, Iterable, Mapping, Optional, Sequence, Tuple

from .facts import Held, Obstacle, Verdict, Waiting

if sys.platform == "linux":
    from .holders import find as holders_of
    from .members import Members
    from .native import Libraries, homes_of
    from .prover import Prover
    from .rounds import Rounds
else:

    def holders_of(
        waiting: Sequence[Waiting],  # noqa: ARG001 - as on Linux
        idents: Mapping[Tuple[int, int], int],  # noqa: ARG001 - as on Linux
        made: Mapping[str, Tuple[str, Optional[str]]],  # noqa: ARG001 - as on Linux
        parents: Optional[Mapping[int, int]] = None,  # noqa: ARG001 - as on Linux
    ) -> Dict[Tuple[int, int], Held]:
        """Know nothing of locks."""
        return {}

    class Members:
        """Tells nobody from others here."""

        def __init__(
            self, roots: Iterable[int], *, inclusive: bool = False, without: Iterable[int] = ()
        ) -> None:
            """As on Linux."""

    def homes_of(pid: int) -> Dict[int, Tuple[int, int]]:  # noqa: ARG001 - as on Linux
        """Know of no thread where it has its stack."""
        return {}

    class Libraries:
        """Sees no native stacks here."""

        def __init__(self, pid: int, tid: int) -> None:
            """As on Linux."""

        def of(self, tid: int) -> Tuple[str, ...]:  # noqa: ARG002 - as on Linux
            """Know of no library."""
            return ()

    class Prover:
        """Proves nothing here."""

        def __init__(
            self,
            members: Members,  # noqa: ARG002 - as on Linux
            py_spy: Optional[str] = None,  # noqa: ARG002 - as on Linux
            *,
            since: Optional[float] = None,  # noqa: ARG002 - as on Linux
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


__all__ = [
    "Libraries", "Members", "Prover", "Rounds", "Verdict", "Waiting", "holders_of", "homes_of",
]  # fmt: skip
