"""One open file in several processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.diagnosis.case import Case, Cause

if TYPE_CHECKING:
    from startlab.output.compare import Difference


def file_shared(case: Case, _: Difference) -> Cause | None:
    """See that parent and children share an open file."""
    clues = case.clues("inherited open")
    if not clues:
        return None
    clue = clues[0]
    source = case.sources.file(case.sources.main)
    line = source.assigned(clue.name)
    if line is None or source.line(line).endswith("None"):
        line = source.changed(clue.name) or line
    where = f"{case.sources.main}:{line}" if line else None
    return Cause(
        "file_shared",
        clue.name,
        f"parent and children share one `{clue.name}`, a {clue.parent}"
        + (f" that was opened at {where}" if where else ""),
        "A forked child has the same open file as its parent, with one position: what one reads, "
        "the other does not get, and what is in a buffer may be written twice.",
        where,
    )
