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
from startlab.causes.places import children_may_use, written
from startlab.causes.settings import setting_in_lines, setting_shows
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
    clues = [
        clue
        for clue in case.clues("same random")
        if children_may_use(case, re.findall(r"\w+", clue.name))
    ]
    if not clues:
        return None
    own = [clue for clue in clues if clue.name not in ("random", "numpy.random")]
    clue = (own or clues)[0]
    made = r"Random\(|RandomState\(|default_rng\(|Generator\("
    last = re.findall(r"\w+", clue.name)[-1]
    source = case.sources.file(case.sources.main)
    line = source.assigned(clue.name)
    where = (
        f"{case.sources.main}:{line}"
        if line
        else written(case, rf"\b{re.escape(last)}\b.*=.*({made})", made, r"\bseed\(")
    )
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
    if not any(each.child for each in case.tracebacks):
        return None
    looked = case.clues("exit code read")
    ends = "The exit status is 0 all the same" + ("." if looked else _NOBODY)
    for rule in ERROR:
        cause = rule(case)
        if cause is not None and cause.mechanism not in ("exception", "exit_status"):
            return cause._replace(text=f"{cause.text} {ends}")
    last = next((e for e in case.tracebacks if e.child and own_line(e.frames)), None)
    if last is None:
        return None  # of the standard library's own, like the resource tracker's at its end
    # The main module has another name in a child that has imported it.
    kind = re.sub(r"^__(mp_)?main__\.", "", last.exception.type)
    said = f"{kind}: {first_line(last.exception.message)}"
    where = own_line(last.frames)
    return Cause(
        "exit_0_in_spite",
        f"{kind} {where}",
        f"a child raises {said} at {where}, and the exit status is 0 all the same",
        f"The program reads the child's exit code at {looked[0].where}."
        if looked
        else "Nobody looks at the child's exit code: Process.exitcode is other than 0 after "
        "join().",
        where,
    )


_NOBODY: Final = ": nobody looks at the child's."


def unseen(case: Case) -> Cause | None:
    """Explain an exception of a child that neither the exit status shows, nor anybody has seen."""
    cause = _child_raised(case, Difference((), ()))
    mechanism = cause.mechanism if cause is not None else ""
    if mechanism == "exit_0_in_spite" and case.clues("exit code read"):
        return None  # children that fail are what the program is made for
    return cause


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
    where = written(case, r"basicConfig|addHandler|dictConfig|fileConfig|setLevel")
    return Cause(
        "logging_differs",
        where or "",
        "what the children log is lost"
        + (f": logging is set up at {where}, where they do not come" if where else ""),
        f"In the parent the root logger is {clues[0].parent}, in the children {clues[0].child}.",
        where,
    )


def _setting(case: Case, lines: Difference) -> Cause | None:
    """Prefer a setting to a global where the values of no global are in the lines."""
    return None if _shows_a_global(case, lines) else setting_in_lines(case, lines)


def _hash(case: Case, lines: Difference) -> Cause | None:
    """Prefer the hash of a string to a global where the values of no global are in the lines."""
    return None if _shows_a_global(case, lines) else hash_seed(case)


def hash_seed(case: Case) -> Cause | None:
    """See that processes are to agree on the hash of a string, which each Python salts anew."""
    where = written(case, r"(?<![\w.])hash\(")
    if where is None or "fork" in case.trial.method_used or not case.trial.method_used:
        return None
    return Cause(
        "hash_seed",
        where,
        f"hash() at {where} gives other numbers in each process",
        "Python salts the hash of a str or bytes by a random number that it draws when it begins. "
        "A forked child has its parent's; one that is no plain fork draws its own, unless "
        "PYTHONHASHSEED is set.",
        where,
    )


def _shows_a_global(case: Case, lines: Difference) -> bool:
    text = " ".join([*lines.only_first, *lines.only_second])
    return any(
        _value_in(clue.parent, text) or _value_in(clue.child, text)
        for clue in (*case.clues("global"), *case.clues("environment"))
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
    (("setting",), _setting),
    ((), _hash),
    (("global", "environment"), _changed_global),
    (("setting",), setting_shows),
    (("inherited open",), _shared_file),
    (("inherited handler",), _handler),
)
"""Rules, the strongest first, and the clues that they go by."""
