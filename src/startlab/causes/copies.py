"""Data of which a process has a copy, and the program takes it for the thing itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.causes.case import Case, Cause, first_line
from startlab.causes.places import own_files, written
from startlab.shared_data import changed_by_children, changed_copies

if TYPE_CHECKING:
    from startlab.outputs import Difference

_WRITES: Final = r"open\([^#]*[\"'][rbt]?[wax][bt+]*[\"']"


def buffer_copied(case: Case, _: Difference) -> Cause | None:
    """See that forked children have a copy of a buffer that their parent had not yet written."""
    for clue in case.clues("inherited open"):
        if clue.parent not in ("TextIOWrapper", "BufferedWriter", "BufferedRandom"):
            continue
        name = re.escape(clue.name.rpartition(".")[2])
        opened = rf"\b{name}\s*(?::[^=]*)?=[^=].*{_WRITES}|{_WRITES}.*\bas\s+{name}\b"
        where = written(case, opened)
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


def manager_copy(case: Case) -> Cause | None:
    """See that an item of a Manager's dict or list is changed, which is a copy of it.

    Source: the note on mutable values under multiprocessing's Proxy Objects.
    """
    exception = case.trial.exception
    if exception is not None and exception.type not in _OF_WRONG_DATA:
        return None
    if case.trial.outcome == "ok" and any(each.child for each in case.tracebacks):
        return None  # which is no sign of it
    for file in own_files(case):
        lines = changed_copies(case.sources.file(file))
        if lines:
            where = f"{file}:{lines[0]}"
            more = ""
            if case.trial.outcome == "error":
                said = case.trial.reason
                if exception is not None:
                    said = f"{exception.type}: {first_line(exception.message)}"
                more = f" Here that leads to {said}" + (
                    f", at {case.trial.where}." if case.trial.where else "."
                )
            return Cause(
                "manager_copy",
                where,
                f"{where} changes a copy of what a Manager's dict or list holds, and the change is "
                "lost",
                f"In `{case.sources.code(where)}` the Manager hands out a copy of the item, and "
                f"nobody tells it of what is done to that.{more}",
                where,
            )
    return None


def kept_by_child(case: Case) -> Cause | None:
    """See that the program looks for what a child has put into data of its own."""
    exception = case.trial.exception
    if exception is not None and exception.type not in _OF_WRONG_DATA:
        return None
    if any(each.child for each in case.tracebacks):
        return None
    for file in own_files(case):
        for name, line in changed_by_children(case.sources.file(file)):
            if exception is not None and name not in case.sources.code(case.trial.where):
                continue
            where = f"{file}:{line}"
            return Cause(
                "kept_by_child",
                where,
                f"`{name}` is changed by a child at {where}, and the program's own `{name}` stays "
                "as it was",
                "A child has a copy of its parent's data, under every start method: a fork copies "
                "the memory, and what is an argument is copied or pickled. What a child does to it "
                f"does not come back. Here that leads to {case.trial.reason}.",
                where,
            )
    return None


_OF_WRONG_DATA: Final = (
    "AssertionError", "AttributeError", "IndexError", "KeyError", "RuntimeError", "SystemExit",
    "TypeError", "ValueError", "ZeroDivisionError",
)  # fmt: skip
