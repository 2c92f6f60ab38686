"""What an experiment notes about itself, from inside the program: what it met, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.model import Noted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from startlab.model import Aspect, AspectKind, Trial

MET: Final[Mapping[str, AspectKind]] = {
    "by name": "identity", "exception": "exceptions", "pool end": "pool end", "empty": "empty",
    "ended": "written",
    "reaped": "child exits", "written back": "write back", "imported": "imports",
    "made": "attributes", "id": "ids", "equal": "ids",
    "behind": "proxies", "parent id": "parent id", "unwritten": "flush",
    "lock": "lock", "epoll": "epoll", "inherited": "descriptors",
    "exit handler": "exit in children", "exit handler inherited": "finalizers",
    "variable": "environ", "call": "calls", "set": "calls",
    "main again": "one main", "blocked": "signal mask", "tracked": "tracker",
    "handler": "signal handlers", "loop": "event loop", "thread": "threads",
    "found": "modules", "gone": "kept", "tracked apart": "kept",
    "read": "stdin", "undone": "undone", "rebound": "as imported",
    "left out": "left out", "added": "left out", "process id": "process ids",
    "too soon": "patience", "begins later": "begin", "set later": "pool start",
    "sent later": "sent later", "notified later": "waiters",
    "counted": "own children", "helper": "own children",
    "preloaded": "preload", "fork hook": "fork hooks", "finalized": "finalizers",
    "cached": "caches",
    "position": "positions", "elsewhere": "folder", "interpreter": "interpreter", "key": "keys",
    "local": "thread locals", "variable of import": "first environ", "arguments": "first argv",
    "asked": "method asked", "process name": "names", "read too early": "exit codes",
    "transaction": "transactions", "hidden": "own names",
    "earlier": "earlier", "context variable": "contexts",
    "generator": "seed", "of the forking thread": "forking thread",
    "executor thread": "executor thread", "no text": "path text", "printed": "printed",
}  # fmt: skip
"""What an experiment notes where it has something to do, and the kind of aspect that this is."""

MAY_BE_SILENT: Final = frozenset({"flush"})
"""Kinds that do not always note what they have met: what is written to a pipe cannot be told."""

ALWAYS_THERE: Final = frozenset({"calls"})
"""Kinds that say nothing by having met something: there always are calls to make again."""


def noted(trial: Trial) -> tuple[Noted, ...]:
    """Give what was noted in a trial."""
    return tuple(each for each in trial.clues if isinstance(each, Noted))


def met(notes: Sequence[Noted]) -> set[AspectKind]:
    """Give the kinds of aspect that have met what they change, and say something by that."""
    return {MET[each.what] for each in notes if each.what in MET} - ALWAYS_THERE


def names(kind: AspectKind, notes: Sequence[Noted]) -> tuple[str, ...]:
    """Name what an aspect of a kind has met."""
    return tuple(dict.fromkeys(each.name for each in notes if MET.get(each.what) == kind))


def has_met(aspects: Sequence[Aspect], notes: Sequence[Noted]) -> bool:
    """Tell whether an aspect that is alone has met something, if it would tell: else it is none."""
    kind = aspects[0].kind
    telling = len(aspects) == 1 and kind in MET.values() and kind not in MAY_BE_SILENT
    return not telling or bool(names(kind, notes))
