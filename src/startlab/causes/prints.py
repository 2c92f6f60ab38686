"""Why a trial that is ok prints something else, and which of its exceptions nobody saw.

Each rule is given the lines that only this trial has, and those that only the other has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from startlab.answer import listed
from startlab.causes import ERROR
from startlab.causes.case import (
    Case,
    Cause,
    first_line,
    own_line,
)
from startlab.causes.starts import differing_global
from startlab.outputs import Difference, loose, quoted

if TYPE_CHECKING:
    from startlab.model import ClueKind

_Rule = Callable[[Case, Difference], Cause | None]


def _made_again(case: Case, _: Difference) -> Cause | None:
    clues = case.clues("made again")
    if not clues:
        return None
    clue = clues[0]
    own = listed([f"`{each.name}()` at {each.where}" for each in clues[:4]])
    return Cause(
        "shared_made_again",
        clue.where or "",
        f"every child makes its own {own}",
        "A child that is no plain fork imports the main module, and what is made there to be "
        f"shared is made again: what one process does to its `{clue.name}()`, the others never "
        "see.",
        clue.where,
    )


def _copied_random(case: Case, _: Difference) -> Cause | None:
    clues = case.clues("same random")
    if not clues:
        return None
    own = [clue for clue in clues if clue.name not in ("random", "numpy.random")]
    clue = (own or clues)[0]
    source = case.sources.file(case.sources.main)
    line = source.assigned(clue.name) or source.mentions(r"Random\(|\bseed\(|default_rng\(")
    where = f"{case.sources.main}:{line}" if line else None
    how = (
        "A fork copies the generator with its state"
        if case.inherited_main
        else "Each child that imports the main module makes and seeds it anew"
    )
    return Cause(
        "random_copied",
        clue.name,
        f"{clue.count} children draw the same numbers from `{clue.name}`"
        + (f", made at {where}" if where else ""),
        f"{how}: what one child draws, the others draw too.",
        where,
    )


def _shared_file(case: Case, _: Difference) -> Cause | None:
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


def _child_raised(case: Case, _: Difference) -> Cause | None:
    return unseen(case)


def unseen(case: Case) -> Cause | None:
    """Explain an exception of a child that the exit status does not show."""
    if not any(each.child for each in case.tracebacks):
        return None
    for rule in ERROR:
        cause = rule(case)
        if cause is not None and cause.mechanism not in ("exception", "exit_status"):
            return cause._replace(
                text=cause.text + " The exit status is 0 all the same: nobody looks at the child's."
            )
    last = next((e for e in case.tracebacks if e.child and own_line(e.frames)), None)
    if last is None:
        return None  # of the standard library's own, like the resource tracker's at its end
    said = f"{last.exception.type}: {first_line(last.exception.message)}"
    where = own_line(last.frames)
    return Cause(
        "exit_0_in_spite",
        f"{last.exception.type} {where}",
        f"a child raises {said} at {where}, and the exit status is 0 all the same",
        "Nobody looks at the child's exit code: Process.exitcode is other than 0 after join().",
        where,
    )


def _main_again(case: Case, lines: Difference) -> Cause | None:
    """See that what the main module prints comes once more from every child that imports it."""
    imported = any(clue.name == "imported" for clue in case.clues("main"))
    if not lines.only_first or not (imported or "forkserver" in case.trial.method_used):
        return None
    printed = Counter(map(loose, case.trial.stdout.splitlines()))
    once_more = all(printed[loose(line)] > 1 for line in lines.only_first)
    calls = case.sources.file(case.sources.main).top_level_calls()
    if not calls and not case.sources.file(case.sources.main).runs_at_import():
        return None
    if not once_more or len(lines.only_first) < len(lines.only_second):
        return None
    where = next(
        (
            f"{case.sources.main}:{line}"
            for line in calls
            if "print" in case.sources.file(case.sources.main).line(line)
        ),
        f"{case.sources.main}:{calls[0]}" if calls else None,
    )
    return Cause(
        "main_runs_again",
        where or "",
        "the main module runs again in every child that imports it"
        + (f", with what it does at {where}" if where else ""),
        f"So {quoted(lines.only_first)} is printed once more for each child (or for the fork "
        "server).",
        where,
    )


def _exit_handler(case: Case, _: Difference) -> Cause | None:
    clues = case.clues("exit handler")
    if not clues:
        return None
    clue = clues[0]
    return Cause(
        "exit_handler_again",
        clue.where or "",
        f"{clue.name}, registered at {clue.where} by the main module, also runs when a child ends",
        "Each child that imports the main module registers its exit handlers anew, and runs them "
        "when it ends.",
        clue.where,
    )


def _logging(case: Case, lines: Difference) -> Cause | None:
    clues = case.clues("logging")
    if not clues or lines.only_first or not lines.only_second:
        return None
    line = case.sources.file(case.sources.main).mentions(
        r"basicConfig|addHandler|dictConfig|fileConfig|setLevel"
    )
    where = f"{case.sources.main}:{line}" if line else None
    return Cause(
        "logging_differs",
        where or "",
        "what the children log is lost"
        + (f": logging is set up at {where}, where they do not come" if where else ""),
        f"In the parent the root logger is {clues[0].parent}, in the children {clues[0].child}.",
        where,
    )


def _changed_global(case: Case, lines: Difference) -> Cause | None:
    clues = [*case.clues("global"), *case.clues("environment")]
    if not clues:
        return None
    text = " ".join([*lines.only_first, *lines.only_second])
    shown = [each for each in clues if _value_in(each.parent, text) or _value_in(each.child, text)]
    used = shown or clues
    return differing_global(case, used, None)


def _value_in(value: str, lines: str) -> bool:
    words = [word for word in re.findall(r"[\w.]+", value) if len(word) > 1 or word.isdigit()]
    return any(re.search(rf"\b{re.escape(word)}\b", lines) for word in words)


def _handler(case: Case, _: Difference) -> Cause | None:
    clues = case.clues("inherited handler")
    if not clues or not case.clues("signal sent"):
        return None
    clue = clues[0]
    where = case.clues("signal sent")[0].where
    return Cause(
        "handler_inherited",
        clue.name,
        f"a forked child runs its parent's handler of {clue.name}"
        + (f", which it is sent at {where}" if where else ""),
        f"A forked child has its parent's signal handlers, here {clue.parent}.",
        where,
    )


RULES: Final[tuple[tuple[tuple[ClueKind, ...], _Rule], ...]] = (
    ((), _child_raised),
    (("made again",), _made_again),
    (("same random",), _copied_random),
    ((), _main_again),
    (("exit handler",), _exit_handler),
    (("logging",), _logging),
    (("global", "environment"), _changed_global),
    (("inherited open",), _shared_file),
    (("inherited handler",), _handler),
)
"""Rules, the strongest first, and the clues that they go by."""
