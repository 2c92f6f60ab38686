"""Which libraries have brought what a process had when it was forked: threads and connections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from startlab.diagnosis.libraries import package
from startlab.diagnosis.source.calls import Calls
from startlab.model import NativeThreadsAtFork, OpenedBefore, ThreadAtFork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.diagnosis.case import Case


class Began(NamedTuple):
    """The library that has brought native threads, and the line of the program at which it did."""

    package: str
    told: str
    where: str


def began(case: Case, clue: NativeThreadsAtFork) -> Began | None:
    """Give the first call of the library that threads are named after, or else its import."""
    calls = Calls(case.sources)
    for name in clue.libraries:
        where = calls.first_use(name)
        if where is not None:
            return Began(name, f"which the program first calls at {where}", where)
    for by, where in calls.imports():
        if any(re.search(rf"\b(lib)?{by}\b", name) for name in clue.libraries):
            return Began(by, f"since {by} is imported at {where}", where)
    return None


def works_in_children(case: Case, clue: NativeThreadsAtFork | ThreadAtFork) -> bool:
    """Tell whether the children of a trial that is ok call the library that has such threads.

    Then it has been seen to take care of forks. That children went well once with what their parent
    may have opened on first use says little.
    """
    if isinstance(clue, ThreadAtFork):
        by = package(clue.where or "")
    else:
        first = began(case, clue)
        by = "" if first is None else first.package
    calls = Calls(case.sources)
    return by in {each.package for each in calls.in_children()} - calls.in_globals()


def has_native(case: Case, by: str) -> bool:
    """Tell whether a process that was forked had native threads of a library."""
    there = (began(case, each) for each in case.clues(NativeThreadsAtFork))
    return any(each is not None and each.package == by for each in there)


def of_libraries(case: Case) -> dict[str, str]:
    """Give the libraries of which a forked child has only a copy: each with what it had."""
    return dict(_of_libraries(case))


def _of_libraries(case: Case) -> Iterator[tuple[str, str]]:
    for thread in case.clues(ThreadAtFork):
        if by := package(thread.where or ""):
            at = f", started at {thread.started}" if thread.started else ""
            yield by, f'thread "{thread.name}"{at}'
    for clue in case.clues(NativeThreadsAtFork):
        if first := began(case, clue):
            yield first.package, f"{clue.number} native threads, {first.told}"
    for opened in case.clues(OpenedBefore):
        if opened.by:
            at = f", opened at {opened.where}" if opened.where else ""
            yield opened.by, f"a {opened.what} ({opened.address}){at}"
