"""What a run says of the claims, for every report that shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab import catalogue, claims
from startlab.errors import CatalogueError

if TYPE_CHECKING:
    from startlab.claims import Judgement
    from startlab.model import Run


def judged(run: Run) -> tuple[Judgement, ...]:
    """Judge the claims, if they are those of the catalogue that was run."""
    if run.header.program is not None or run.header.catalogue != catalogue.digest():
        return ()
    try:
        return claims.judge(run)
    except CatalogueError:
        return ()  # somebody's own catalogue, without the experiments that claims are about
