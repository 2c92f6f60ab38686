"""What experiments on causes have confirmed, as causes: in their words, with the line that counts.

A cause that a rule has found too is confirmed; another one takes its place, for what was shown goes
before what was only recognized.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.at_fork import of_libraries
from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.rules import MECHANISMS
from startlab.diagnosis.settings import SETTINGS
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.places import written
from startlab.diagnosis.stacks import is_waiting, line_of
from startlab.diagnosis.told import (
    ADDED,
    CACHED_CHANGED,
    COPIED,
    EITHER,
    FILE_KEPT,
    HANDLER_INHERITED,
    LACKED,
    MADE_ANEW,
    QUEUE_LACKED,
    QUEUE_MADE_ANEW,
    REGISTRIES,
    SKIPPED_IF,
    SKIPPED_MAIN,
    SOCKET_SHARED,
    TOLD,
    TRACKED_APART,
    UNREADABLE,
    Told,
    is_rid,
    run_too,
    told_of,
)
from startlab.model import (
    ChangedGlobal,
    ChangedSetting,
    MadeAgain,
    NativeThreadsAtFork,
    ThreadAtFork,
)
from startlab.results.summary import WELL, has_failed_child

if TYPE_CHECKING:
    from collections.abc import Mapping

    from startlab.diagnosis.source.calls import Call
    from startlab.model import Aspect, AspectKind, CauseExperiment, Noted


def confirmed(case: Case, made: CauseExperiment, found: Cause | None) -> Cause:
    """Give the cause that an experiment has confirmed; `found` is what a rule has found."""
    aspect = made.aspects[0]
    where = _where(case, made) or _known(case, made)
    where = _condition(case, aspect, where) or where
    told = _told(case, made, where)
    said = f" By experiment: {_said(case, made)}"
    if found is not None:
        same = found.mechanism == told.mechanism and not _is_of_library(made)
        same = same and _is_about(found, aspect)
        if same or _says_more(found, made, where):
            if aspect.kind == "descriptors" and where not in (None, found.where):
                said = f" The child was forked at {where}.{said}"
            where = (where if same and aspect.kind not in OF_WAITS else None) or found.where
            title = found.title
            if where != found.where:  # which the rule's own title names
                title, _ = _in_own_words(case, made, told, where, found)
            return found._replace(
                title=title,
                text=f"{found.text}{said}",
                where=where,
                grade="confirmed",
                advice=_first_advice(case, made, told, where) or found.advice,
            )
    title, why = _in_own_words(case, made, told, where, found)
    if told is FILE_KEPT:  # who waits for its lock
        waiting = (line_of(each) for _, each in case.threads() if is_waiting(each, "file lock"))
        where = next(waiting, where)
    return Cause(
        told.mechanism,
        title,
        f"{why}{said}",
        where or (None if found is None else found.where),
        grade="confirmed",
        advice=_first_advice(case, made, told, where),
        key=f"{aspect.kind} {_named(made, aspect.kind)}",
    )


OF_WAITS: Final = ("threads", "waiters", "descriptors")
"""Kinds of aspect of which the line that waits tells more than where the difference is made."""


def _is_about(found: Cause, aspect: Aspect) -> bool:
    """Tell whether a rule means what an experiment has changed, and not another of its kind."""
    if aspect.kind not in ("global", "environ") or not aspect.words or found.key is None:
        return True
    return not set(found.key.split()).isdisjoint(aspect.words)


def _is_of_library(made: CauseExperiment) -> bool:
    """Tell whether an experiment has met an exception of a library's, which a rule cannot name."""
    return any(each.what == "exception" and "." in each.name for each in made.noted)


def _first_advice(case: Case, made: CauseExperiment, told: Told, where: str | None) -> str:
    """Give what to do before the mechanism's own advice."""
    if made.aspects[0].kind == "earlier":
        return f"Start the processes before the parent first comes to {_name(made.aspects[0])}."
    if _is_of_library(made):
        return (
            "Catch the library's exception in the worker, and return what it says, or raise one of "
            "your own."
        )
    called = Calls(case.sources).called_for("initializer", where) if where else None
    if called is not None:
        name, place = called
        return (
            f"Pass the function itself, `initializer={name}` and `initargs=`: {place} calls it in "
            "the parent, and passes its result, None."
        )
    if _holds_queue(made):
        return "Set that up in each child with the parent's queue."
    is_either = case.trial.outcome == "differs" and not has_failed_child(case.trial)
    if made.aspects[0].kind in ("calls", "undone") and is_either:
        return "If forked children are not to have it, start them before it. If all are to have it:"
    own = "If each process is to have its own, make it where it is used. If all share one:"
    return own if told is EITHER else ""


def _told(case: Case, made: CauseExperiment, where: str | None) -> Told:
    """Choose the words for an aspect, by what was noted and where it is."""
    kind = made.aspects[0].kind
    told = told_of(made)
    if kind == "descriptors":
        inherited = {each.name for each in made.noted if each.what == "inherited"}
        is_file = inherited == {"file"}
        told = SOCKET_SHARED if _noted_at(made, "used") else FILE_KEPT if is_file else told
    elif kind in MET_FIRST and _first_met(made, *MET_FIRST[kind][:2]):
        told = MET_FIRST[kind][2]
    elif kind == "kept" and any(each.what == "tracked apart" for each in made.noted):
        told = TRACKED_APART
    elif kind == "earlier" and not _has_threads(case):
        told = told._replace(why=COPIED)
    elif _holds_queue(made):
        told = QUEUE_MADE_ANEW if case.clues(MadeAgain) else QUEUE_LACKED
    elif kind == "made again" and case.trial.outcome == "differs":
        told = EITHER
    elif kind == "caches" and is_rid(made) and any(each.what in LINES for each in made.noted):
        told = CACHED_CHANGED
    elif kind == "global" and where and _is_at_import(case, where):
        made_anew = EITHER if case.trial.outcome == "differs" else MADE_ANEW
        is_skipped = case.sources.skips_main and where.rpartition(":")[0] == case.sources.main
        told = SKIPPED_MAIN if is_skipped else made_anew
        told = SKIPPED_IF if _condition(case, made.aspects[0], where) else told
    handed = _handed_over(made)
    if handed is not None:
        told = UNREADABLE._replace(why=f"{UNREADABLE.why} Here that raises {handed.name}.")
    return told


MET_FIRST: Final[Mapping[AspectKind, tuple[str, str, Told]]] = {
    "finalizers": ("finalized", "exit handler inherited", HANDLER_INHERITED),
    "left out": ("left out", "added", ADDED),
}
"""Of kinds that note two things: both, and what is told where the second was met first."""


def _has_threads(case: Case) -> bool:
    """Tell whether the parent had other threads when it forked."""
    return any(isinstance(each, ThreadAtFork | NativeThreadsAtFork) for each in case.trial.clues)


def _condition(case: Case, aspect: Aspect, where: str | None) -> str | None:
    """Give the condition by which children lack a global that the import of a module makes."""
    lacked = any(
        each.child is None and each.name in aspect.words for each in case.clues(ChangedGlobal)
    )
    return case.sources.condition(where) if aspect.kind == "global" and lacked else None


def _first_met(made: CauseExperiment, other: str, what: str) -> bool:
    """Tell which of two things an experiment has met first: that is the one that is named."""
    return next((e.what for e in made.noted if e.what in (other, what)), other) == what


def _handed_over(made: CauseExperiment) -> Noted | None:
    """Give what could not be made again from its pickle."""
    return next((each for each in made.noted if each.what == "handed over"), None)


def _says_more(found: Cause, made: CauseExperiment, where: str | None) -> bool:
    """Tell whether what a rule has found says more than an experiment.

    It saw what is lost, where an experiment only shows how to keep it; or, if it is no mere symptom
    and all is handed over, it has its own words at the very line that makes the difference. Of a
    call that children lack it knows their line too. What was seen not to be pickled is no copy.
    """
    of, kind = MECHANISMS[found.mechanism], made.aspects[0].kind
    says = told_of(made).says
    is_here = where is not None and found.where == where and _handed_over(made) is None
    less = says == "less" or (kind in ("calls", "contexts") and of.lacks_call)
    by_name = any(each.kind == "identity" for each in made.aspects)  # so nothing was pickled
    less = less or (by_name and of.shown)
    return of.loses or (not of.symptom and ((is_here and says != "more") or less))


def _in_own_words(
    case: Case, made: CauseExperiment, told: Told, where: str | None, found: Cause | None
) -> tuple[str, str]:
    """Give the title, and why it is so, with what a rule or the sources know besides."""
    aspect = made.aspects[0]
    at = f" at {where}" if where else ""
    name = _named(made, aspect.kind)
    title, why = told.title.format(name=name, at=at), told.why
    is_named = found is not None and not MECHANISMS[found.mechanism].symptom
    named = sorted(Calls(case.sources).named_at(where)) if where is not None else []
    libraries = listed(named) if named else ""
    if aspect.kind in ("calls", "undone"):
        set_up = _set_up_by(case, aspect)
        is_there = is_named and found is not None and _is_within(case, aspect, found.where)
        if set_up and not is_there:
            title += f" in {listed(list(dict.fromkeys(each.package for each in set_up)))}"
            why += f" In it: {listed([f'{each.told} at {each.where}' for each in set_up[:3]])}."
        else:
            title += f" in {libraries}" if libraries else ""
            # What the call has set up, a rule may know.
            if found is not None and is_named and not _is_at_import(case, found.where):
                why += f" That is: {found.title}."
    elif aspect.kind == "positions" and libraries:
        title += f", where {libraries} has opened it"
    elif aspect.kind == "seed" and libraries:
        title += f", where {libraries} has made it"
    elif aspect.kind == "made again" and (of := of_libraries(case)):
        title = (
            f"forked children share {name}{at}, with what {listed(list(of))} made for one process"
        )
        why += f" When it was forked, its parent had {listed(list(of.values()))}."
    elif aspect.kind == "forking thread" and (of := of_libraries(case)):
        why += f" Its parent had {listed(list(of.values()))}."
    if aspect.kind == "registry":
        why += "".join(
            f" `{each.name}` is {each.parent} in the parent when it starts the child, and "
            f"{each.child or 'as it is by default'} in the child."
            for each in case.clues(ChangedSetting)
            if each.setting in SETTINGS and SETTINGS[each.setting].registry == aspect.words[0]
        )
    if found is not None and not is_named and found.where not in (None, where):
        why += f" What was seen: {found.title}."
    return title, why


def is_cure(made: CauseExperiment) -> bool:
    """Tell whether what an experiment has changed is what is advised."""
    if is_rid(made):
        return False
    return all(each.kind in TOLD and TOLD[each.kind].cures for each in made.aspects)


def _holds_queue(made: CauseExperiment) -> bool:
    """Tell whether a setting came with the parent's queue: one set in a child has its own."""
    first = made.aspects[0]
    name = " ".join((first.kind, *first.words))
    return first.kind == "registry" and any(
        (each.what, each.name) == ("shared", name) for each in made.noted
    )


def variables_of(made: CauseExperiment) -> str:
    """Name the environment variables that an experiment has set, with their values, if any."""
    names = [_name(each) for each in made.aspects if each.kind == "variable"]
    return listed(names) if names else ""


MOST_REJECTED: Final = 6
"""Aspects that were tried in vain and are named, the program's own globals first."""


def rejected(made: CauseExperiment) -> str:
    """Say what was tried in vain: all aspects at once changed nothing."""
    tried = sorted(made.aspects, key=lambda each: each.kind != "global")
    names = list(dict.fromkeys(_name(e) or e.kind for e in tried if e.kind != "statement"))
    more = len(names) - MOST_REJECTED
    told = [*names[:MOST_REJECTED], *([f"{more} other aspects"] if more > 0 else [])]
    return f" By experiment it is none of these: {listed(told)}."


def _named(made: CauseExperiment, kind: AspectKind) -> str:
    names = [_name(each) for each in made.aspects if each.kind == kind]
    if kind == "calls":
        calls = list(dict.fromkeys(_call(each.name) for each in run_too(made)))
        # Of many that help together, and not one by one, the last ones.
        names = list(filter(None, names)) or calls[-3:]
    met = [f"`{each.name}`" for each in made.noted if each.what in NAMED][:1]
    if met == ["`__main__`"]:
        met = ["the main module"]
    met += [f"a {each.name}" for each in made.noted if each.what in OF_KIND]
    return listed([name for name in names if name] or list(dict.fromkeys(met)) or [""])


NAMED: Final = (
    "by name",
    "exception",
    "imported",
    "made",
    "id",
    "equal",
    "behind",
    "written back",
    "variable",
    "main again",
    "blocked",
    "found",
    "preloaded",
    "fork hook",
    "finalized",
    "exit handler inherited",
    "position",
    "process name",
    "local",
    "of the forking thread",
    "interpreter",
    "variable of import",
    "generator",
    "left out",
    "added",
    "process id",
    "set later",
    "sent later",
    "notified later",
    "counted",
    "helper",
    "parent id",
    "hidden",
    "no text",
)
"""What an experiment notes with the name of what its cause is about."""

OF_KIND: Final = ("inherited", "gone", "tracked apart")
"""What an experiment notes with the kind of object that its cause is about."""

SET_BY_CALLS: Final = ("global", "environ", "as imported", "forking thread")
"""Kinds of aspect that a program changes through a function of its own."""


def _name(aspect: Aspect) -> str:
    if aspect.kind in _NAMES and aspect.words:
        return _NAMES[aspect.kind].format(*aspect.words)
    if aspect.kind in ("calls", "undone"):
        return listed([*map(_call, aspect.words)]) if aspect.words else ""
    if aspect.kind == "made again":
        return f"`{'.'.join(filter(None, aspect.words))}`"
    if aspect.kind == "registry":
        return REGISTRIES[aspect.words[0]]
    return "=".join(aspect.words)


def _call(name: str) -> str:
    """Name a call as the program writes it: of a `with` block's the one that makes its object."""
    return f"`{name.replace('().__enter__()', '()')}`"


_NAMES: Final[Mapping[AspectKind, str]] = {
    "global": "`{}`",
    "caches": "`{}()`",
    "positions": "`{}`",
    "contexts": "`{}`",
    "as imported": "`{}`",
    "environ": "`{}`",
    "imports": "`{}`",
    "forking thread": "`{}`",
    "statement": "line {}",
}
"""How aspects are named that are known by one word."""


def _set_up_by(case: Case, calls: Aspect) -> list[Call]:
    """Give the calls of libraries that the last of some functions of the program's makes."""
    return [each for each in Calls(case.sources).within(_last_of(calls)) if each.alone]


def _is_within(case: Case, calls: Aspect, where: str | None) -> bool:
    """Tell whether a line is in the last of some functions of the program's."""
    return where is not None and Calls(case.sources).holds(_last_of(calls), where)


def _last_of(calls: Aspect) -> str:
    return calls.words[-1].partition("(")[0].rpartition(".")[2] if calls.words else ""


def _said(case: Case, made: CauseExperiment) -> str:
    """Say what was changed, and how often the cell then did what the other one does."""
    told = LACKED if is_rid(made) else TOLD
    kinds = [each for each in dict.fromkeys(each.kind for each in made.aspects) if each in told]
    what = listed([told[each].what.format(name=_named(made, each)) for each in kinds])
    without = sum(trial.method == made.method for trial in (case.trial, *case.others))
    if made.good is None and has_failed_child(case.trial):
        return f"with {what}, no child fails in {made.cured} of {made.of} trials, one does without."
    if made.good is None and case.trial.outcome in WELL:
        alone = " and one worker" if len(made.aspects) > 1 else ""
        return f"with {what}{alone}, {made.of} of {made.of} trials print the same."
    if made.good is None:
        return f"with {what}, it ends well in {made.cured} of {made.of} trials; without, in none."
    if is_rid(made):
        return (
            f"with {what} in its children, {made.good} does what {made.method} does in "
            f"{made.cured} of {made.of} trials; without, in none."
        )
    there = f" on {made.good_environment}" if made.good_environment else ""
    return (
        f"with {what}, {made.method} does what {made.good} does{there} "
        f"in {made.cured} of {made.of} trials; without, in 0 of {max(without, 1)}."
    )


def _where(case: Case, made: CauseExperiment) -> str | None:
    """Give the line that makes the difference: of the last change before the children's work."""
    noted = [each for each in made.noted if each.where and not each.where.startswith("<")]
    lines = [each.where for each in noted]
    used = _noted_at(made, "dropped") or _noted_at(made, "used")
    made_again = case.clues(MadeAgain)
    if made_again and _holds_queue(made):
        return made_again[0].where
    if used:  # a line of the child's own tells more than the one that opened it
        return used
    if made.aspects[0].kind in SET_BY_CALLS:  # the call of a setter in another file tells more
        lines = [
            each.name
            if each.what in LINES and ":" in each.name and not _is_at_import(case, each.where)
            else each.where
            for each in noted
        ]
    if told_of(made).first:
        return lines[0] if lines else None
    last = [line for line, each in zip(lines, noted, strict=True) if each.what == "last line"]
    return (last or lines or [None])[-1]


def _noted_at(made: CauseExperiment, what: str) -> str | None:
    """Give the line of the first thing of a kind that an experiment has noted with one."""
    return next((each.where for each in made.noted if each.what == what and each.where), None)


LINES: Final = ("line", "last line")
"""What is noted of a process that is followed: each change, and the last one before a start."""


def _is_at_import(case: Case, where: str | None) -> bool:
    file, _, line = (where or "").rpartition(":")
    return line.isdigit() and case.sources.file(file).is_at_import(int(line))


def _known(case: Case, made: CauseExperiment) -> str | None:
    """Find the line in the sources, where no process was followed to it."""
    aspect = made.aspects[0]
    if aspect.kind == "statement":
        return f"{case.sources.main}:{aspect.words[0]}"
    if aspect.kind in WRITTEN:
        return written(case.sources, *WRITTEN[aspect.kind])
    if aspect.kind in ("global", "sent later"):
        names = [*aspect.words, *(each.name for each in made.noted if each.what == "sent later")]
        return case.sources.changed(names[0])
    if aspect.kind in ("seed", "made again", "process ids"):
        names = [e.name for e in made.noted if e.what in ("generator", "process id")]
        own = names[0] if names else ".".join(filter(None, aspect.words))
        return _bound(case, own) if aspect.kind == "process ids" else _assigned(case, own)
    name = next((each.name for each in made.noted if each.what == "by name"), None)
    if name is None:
        return None
    own = name.rpartition(".")[2]
    compared = written(case.sources, rf"\bis\s+(not\s+)?([\w.]+\.)?{own}\b")
    return compared or _assigned(case, name)


WRITTEN: Final[Mapping[AspectKind, tuple[str, ...]]] = {
    "hash seed": (r"(?<![\w.])hash\(",),
    "main": (r"\.__module__\b", r"\b__name__\b(?!\s*==)"),
    "keys": (r"\bauthkey\s*=",),
    "signal mask": (r"\bpthread_sigmask\(.*\bSIG_(BLOCK|SETMASK)\b",),
}
"""How the line looks that makes the difference, for kinds of aspect of which it is known."""


def _bound(case: Case, name: str) -> str | None:
    """Find the line that first binds `name`, `Class.name` or either of a module."""
    *owners, own = name.split(".")
    modules = [".".join(owners[:end]) for end in range(len(owners), 0, -1)]
    files = [file for module in modules for file in case.sources.files_of(module, ".")]
    lines = ((file, case.sources.file(file).defined(own)) for file in [*files, case.sources.main])
    return next((f"{file}:{line}" for file, line in lines if line is not None), None)


def _assigned(case: Case, name: str) -> str | None:
    """Find the line of a module's own body that first makes a global, `name` or `module.name`."""
    module, _, own = name.rpartition(".")
    for file in case.sources.files_of(module, ".") if module else [case.sources.main]:
        line = case.sources.file(file).assigned(own)
        if line is not None:
            return f"{file}:{line}"
    return None
