"""What report.js shows: an index of all cells, and packs of the journal's records."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64encode
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from startlab.model import METHODS, OUTCOMES
from startlab.plan.environments import sort_key
from startlab.report import text
from startlab.results import measurements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from startlab.model import Run
    from startlab.report.html.subjects import Subject
    from startlab.results.measurements import Level
    from startlab.results.summary import CellSummary

PACK: Final = 200
"""Trials, and at most as many cells, after which a pack ends."""

PART: Final = 1000
"""Cells of the index that are in memory at a time."""

LONGEST: Final = 300
"""Characters of a reason in the index; the trial has the whole of it."""

UNSHOWN: Final = frozenset((
    "experiment", "environment", "method", "program", "run_as", "used", "deviation", "obstacle",
    "overhead_s", "stdout_digest", "stdout_shape", "written_shapes", "stuck", "dropped_events",
    "measurements",
))  # fmt: skip
"""Fields of a trial that the page does not show or has from its cell: two thirds of its size."""

_NUMBERED: Final = re.compile(r"\b(pids?|child|process|thread) \d+(, \d+)*")


class Pack(NamedTuple):
    """JSON as DEFLATE has it, in base64: a fifth of the size, and nothing in it is HTML."""

    id: str
    content: str


# --- the index ---------------------------------------------------------------------------------


def index(run: Run, cells: Sequence[CellSummary], subjects: Sequence[Subject]) -> Iterator[str]:
    """Give what the matrix is drawn and filtered from, piece by piece, as `embedded` does.

    Cells are columns of small numbers.
    """
    names = sorted({each.name for each in run.environments}, key=sort_key)
    known = {planned.name: planned.environment for planned in run.environments}
    told = {
        "run": run.header.id,
        "isProgram": run.header.program is not None,
        "outcomes": [*OUTCOMES, "missing"],
        "glyphs": text.GLYPHS,
        "methods": METHODS,
        "groups": {each.group: each.heading for each in subjects},
        "subjects": [(each.name, each.title, each.group, each.label) for each in subjects],
        "environments": [
            {
                "name": name,
                "family": sort_key(name)[0],
                "environment": msgspec.to_builtins(known[name]),
            }
            for name in names
        ],
        "packs": firsts(cells),
        "childFailed": [number for number, each in enumerate(cells) if each.child_failed],
        "levels": [_level(level) for level in measurements.levels(run)],
    }
    yield embedded(told)[:-1]
    reasons = {"": 0}
    yield ',"cells":{'
    for number, (name, column) in enumerate(_columns(cells, subjects, names, reasons).items()):
        yield f'{"," if number else ""}"{name}":['
        yield from _in_parts(column, list)
        yield "]"
    yield '},"intervals":{'
    yield from _in_parts(_intervals(cells), dict)
    yield '},"outputs":'
    if len({letter for each in cells for letter in each.outputs}) > 1:
        yield "["
        yield from _in_parts((" ".join(each.outputs) for each in cells), list)
        yield "]"
    else:
        yield "null"
    yield f',"reasons":{embedded(list(reasons))}}}'


def _columns(
    cells: Iterable[CellSummary],
    subjects: Iterable[Subject],
    names: Iterable[str],
    reasons: dict[str, int],
) -> dict[str, Iterable[int]]:
    """Give the columns; that of the reasons numbers them, and puts them into `reasons`."""
    subject, environment, method, outcome = (
        {name: number for number, name in enumerate(column)}
        for column in ([each.name for each in subjects], names, METHODS, [*OUTCOMES, "missing"])
    )
    return {
        "subject": (subject[each.cell.experiment] for each in cells),
        "environment": (environment[each.cell.environment] for each in cells),
        "method": (method[each.cell.method] for each in cells),
        "outcome": (outcome[each.outcome] for each in cells),
        "asExpected": (int(each.as_expected) for each in cells),
        "count": (each.count for each in cells),
        "trials": (len(each.trials) for each in cells),
        "reason": (reasons.setdefault(alike(each), len(reasons)) for each in cells),
    }


def _intervals(cells: Iterable[CellSummary]) -> Iterator[tuple[int, list[float]]]:
    for number, each in enumerate(cells):
        if each.interval is not None:
            yield number, [_short(share) for share in each.interval]


def _in_parts(values: Iterable[object], kind: type[list[Any] | dict[Any, Any]]) -> Iterator[str]:
    """Give what is between the brackets of an array or an object, some values at a time."""
    left: Iterator[Any] = iter(values)
    separator = ""
    while part := kind(islice(left, PART)):
        yield separator + embedded(part)[1:-1]
        separator = ","


def alike(each: CellSummary) -> str:
    """Give a cell's reason with its place, the same for all that differ but in process ids."""
    reason = _NUMBERED.sub(r"\1 …", text.one_line(each.reason, LONGEST))
    first = each.first
    where = text.one_line(first.where or "", LONGEST) if first else ""
    return f"{reason} ({where})" if where and where not in reason else reason


def _level(level: Level) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(level),
        "values": [_short(value) for value in level.values],
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")


# --- the packs ---------------------------------------------------------------------------------


def firsts(cells: Sequence[CellSummary]) -> list[int]:
    """Say which cell each pack begins with."""
    found: list[int] = []
    room = 0
    for number, each in enumerate(cells):
        if room <= 0:
            found.append(number)
            room = PACK
        room -= max(1, len(each.trials))
    return found


def packs(cells: Sequence[CellSummary], subjects: Sequence[Subject]) -> Iterator[Pack]:
    """Give the subjects, then the trials of all cells in their order, pack by pack."""
    yield Pack("subjects", packed([_json([each.details for each in subjects])]))
    begin = firsts(cells)
    for number, (first, end) in enumerate(pairwise([*begin, len(cells)])):
        yield Pack(f"trials-{number}", packed(_trials(cells[first:end])))


def _trials(cells: Iterable[CellSummary]) -> Iterator[bytes]:
    """Give an array of the trials of each cell, one trial at a time."""
    for number, each in enumerate(cells):
        yield b",[" if number else b"[["
        for place, trial in enumerate(each.trials):
            shown = {
                name: value
                for name, value in msgspec.structs.asdict(trial).items()
                if name not in UNSHOWN
            }
            yield b"," + _json(shown) if place else _json(shown)
        yield b"]"
    yield b"]"


def packed(pieces: Iterable[bytes]) -> str:
    """Pack JSON, which comes in pieces, as report.js unpacks it."""
    deflate = zlib.compressobj(7)  # 9 takes half as long again, for 2 %
    compressed = [*filter(None, map(deflate.compress, pieces)), deflate.flush()]
    return b64encode(b"".join(compressed)).decode()


def embedded(value: object) -> str:
    """Give a value as JSON that can stand in a page's script element, whatever is in it."""
    content = _json(value).decode()
    for character in "<>&\u2028\u2029":
        content = content.replace(character, f"\\u{ord(character):04x}")
    return content


def _json(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # half a character, from a file's name that is no text
        return json.dumps(msgspec.to_builtins(value)).encode()
