"""What the cells of a program print: which print the same, and in which lines the others differ."""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from startlab.judge import nameless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from startlab.model import Run, Trial


class Difference(NamedTuple):
    """The lines that only one of two outputs has, each as often as it has it more often."""

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def grouped(run: Run) -> Run:
    """Give the trials of a user's program their output groups: same letter, same output.

    The letters go by the plan, so that they do not depend on which trial ended first. Where there
    is more than one, none of them is called right, and no trial is as expected; only what the user
    said the output should be can tell, and then `wrong` does.
    """
    program = run.header.program
    if program is None:
        return run
    order = {cell: number for number, cell in enumerate(run.planned)}
    ended = [trial for trial in run.trials if trial.outcome in ("ok", "wrong")]
    ended.sort(key=lambda trial: (order.get(trial.cell, len(order)), trial.trial))
    letters = _letters(ended)
    agree = len({letters[id(trial)] for trial in ended}) < 2 or program.stdout is not None
    return msgspec.structs.replace(
        run,
        trials=tuple(
            msgspec.structs.replace(
                trial,
                output_group=letters[id(trial)],
                as_expected=trial.as_expected and agree,
                reason=trial.reason or ("" if agree else f"prints {letters[id(trial)]}"),
            )
            if id(trial) in letters
            else trial
            for trial in run.trials
        ),
    )


def _letters(trials: Sequence[Trial]) -> dict[int, str]:
    """Group trials that have the digest or the shape of their output in common."""
    group_of: dict[str, int] = {}
    groups: list[list[Trial]] = []
    for trial in trials:
        # What was cut has no digest: then no two are known to be alike.
        keys = [key for key in (trial.stdout_digest, trial.stdout_shape) if key is not None]
        known = next((group_of[key] for key in keys if key in group_of), len(groups))
        if known == len(groups):
            groups.append([])
        groups[known].append(trial)
        for key in keys:
            group_of.setdefault(key, known)
    return {id(trial): letter(number) for number, group in enumerate(groups) for trial in group}


def letter(number: int) -> str:
    """Give A, B, …, Z, AA, AB, … for 0, 1, and so on."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = string.ascii_uppercase[rest] + name
    return name


def compare(first: str, second: str) -> Difference:
    """Compare the lines of two outputs, whatever their order, and the names of processes in them.

    Where they differ in nothing but such names, they are compared with them.
    """
    for alike in (nameless, str):
        ours = Counter(map(alike, first.splitlines()))
        theirs = Counter(map(alike, second.splitlines()))
        if ours != theirs:
            only_first = _in_order(first, ours - theirs, alike)
            return Difference(only_first, _in_order(second, theirs - ours, alike))
    return Difference((), ())


def _in_order(text: str, lines: Counter[str], alike: Callable[[str], str]) -> tuple[str, ...]:
    found = []
    for line in text.splitlines():
        if lines[alike(line)] > 0:
            lines[alike(line)] -= 1
            found.append(line)
    return tuple(found)


def quoted(lines: Iterable[str], most: int = 4) -> str:
    """Put lines into a sentence: each in quotes, with how often it comes, the first few."""
    counts = Counter(lines)
    shown = [
        f'"{line if len(line) <= 100 else line[:100] + "…"}"' + (f" ×{count}" if count > 1 else "")
        for line, count in list(counts.items())[:most]
    ]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def loose(text: str) -> str:
    """Give a text without its numbers, which a log line has many of."""
    return re.sub(r"\d+", "0", text)
