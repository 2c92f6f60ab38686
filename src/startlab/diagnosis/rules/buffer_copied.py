"""Unwritten text that a fork copies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.source.places import written

if TYPE_CHECKING:
    from startlab.output.compare import Difference


_WRITES: Final = r"open\([^#]*[\"'][rbt]?[wax][bt+]*[\"']"


def buffer_copied(case: Case, _: Difference) -> Cause | None:
    """See that forked children have a copy of a buffer that their parent had not yet written."""
    for clue in case.clues("inherited open"):
        if clue.parent not in ("TextIOWrapper", "BufferedWriter", "BufferedRandom"):
            continue
        name = re.escape(clue.name.rpartition(".")[2])
        opened = rf"\b{name}\s*(?::[^=]*)?=[^=].*{_WRITES}|{_WRITES}.*\bas\s+{name}\b"
        where = written(case.sources, opened)
        file, number = (where or ":0").rsplit(":", 1)
        source = case.sources.file(file)
        if where is None or (
            int(number) in source.emptied().values() and not source.unflushed(clue.name)
        ):
            continue  # then it is the other methods that harm the file
        return Cause(
            "buffer_copied",
            clue.name,
            f"forked children have a copy of what `{clue.name}`, opened for writing at {where}, "
            "had in its buffer, and each of them writes it",
            "A fork copies the memory of its parent, and with it what was written to the file but "
            "was still in the buffer: it gets into the file once from the parent, and once more "
            "from every child that flushes or closes its own.",
            where,
        )
    return None
