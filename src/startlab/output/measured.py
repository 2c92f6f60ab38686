"""Reading what a program measured from its output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from startlab.model import Measurement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Measure


def read(measures: Sequence[Measure], stdout: str) -> tuple[Measurement, ...]:
    """Read what a program measured from its output; skip truncated lines and non-numbers."""
    found = []
    for measure in measures:
        for match in re.finditer(measure.pattern, stdout, re.MULTILINE):
            try:
                values = tuple(float(word) for word in match[1].split())
            except ValueError:
                continue
            if values:
                found.append(Measurement(name=measure.name, unit=measure.unit, values=values))
    return tuple(found)
