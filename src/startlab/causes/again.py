"""What the import of the main module does again in each child, and should not.

A child that is no plain fork imports the main module, and by it the modules that this imports.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from startlab.causes.case import (
    ABSOLUTE,
    Case,
    Cause,
    first_line,
    of_worker,
    own_line,
)
from startlab.causes.places import own_files, written
from startlab.causes.starts import unguarded_main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.judge import Traceback
    from startlab.outputs import Difference


def unguarded_import(case: Case) -> Cause | None:
    """See that a module that a child imports starts processes itself."""
    cause = unguarded_main(case)
    file = (cause.where or "").rpartition(":")[0] if cause else ""
    if cause is None or file in ("", case.sources.main) or ABSOLUTE.match(file):
        return cause
    return cause._replace(
        title=f"{file}, which the main module imports, starts processes at {cause.where} when it "
        "is imported, and so does every child",
        text=cause.text.replace("first imports the main module.", "first imports the main module, "
        f"and that {file}.", 1),
    )  # fmt: skip


def import_fails_again(case: Case) -> Cause | None:
    """See that the import of the main module raises in a child, though it did not in the parent."""
    for traceback in case.tracebacks:
        place = _imported_by_child(traceback)
        exception = traceback.exception
        said = f"{exception.type}: {first_line(exception.message)}"
        if place is None or exception.type in _OF_AN_IMPORT or "already been set" in said:
            continue
        at = own_line(traceback.frames)
        inner = f" (raised at {at})" if at != place else ""
        moved = written(case, r"\bos\.chdir\(|\bchdir\(")
        if exception.type == "FileNotFoundError" and moved:
            return Cause(
                "other_folder",
                place,
                f"{place} looks for a file by a relative path, and the children that run it again "
                f"are in another folder, since {moved}",
                "A child that is no plain fork imports the main module, in the folder in which its "
                f"parent is then: there it raises {said}.",
                place,
            )
        waits = ""
        if case.trial.outcome == "hang" and case.where:
            waits = f" {case.where} waits on for what the child should have done."
        return Cause(
            "main_runs_again",
            place,
            f"{place} runs again in each child, which imports the main module, and raises {said}"
            f"{inner}",
            "A child that is no plain fork, or its fork server, first imports the main module: "
            f'what is not below `if __name__ == "__main__":` happens once more there, and what `'
            f"{case.sources.code(place)}` does cannot be done twice. The child ends before its "
            f"target has begun.{waits}",
            place,
        )
    return None


_OF_AN_IMPORT: Final = ("ImportError", "ModuleNotFoundError", "SyntaxError", "NameError")


def _imported_by_child(traceback: Traceback) -> str | None:
    """Give the main module's own line at which a child's import of it has failed."""
    files = [file for file, _ in traceback.frames]
    for i, file in enumerate(files[:-1]):
        if _SPAWN.search(file) and _RUNPY.search(files[i + 1]):
            return next(
                (f"{f}:{n}" for f, n in traceback.frames[i + 1 :] if not ABSOLUTE.match(f)), None
            )
    return None


_SPAWN: Final = re.compile(r"multiprocessing.spawn\.py$")
_RUNPY: Final = re.compile(r"\brunpy(\.py)?>?$")


def made_in_each_child(case: Case) -> Cause | None:
    """See that a child misses what is in the parent's folder or file, for it has made its own."""
    if not _imports(case):
        return None
    raised = [each for each in (*(e for e in case.tracebacks if e.child), of_worker(case)) if each]
    for name, file, line in _made(case, moments=False):
        for traceback in raised:
            at = own_line(traceback.frames)
            at_file, _, number = (at or "").rpartition(":")
            used = case.sources.file(at_file).used_from(int(number)) if number.isdigit() else set()
            if name in used and _MISSING.search(traceback.exception.type):
                said = f"{traceback.exception.type}: {first_line(traceback.exception.message)}"
                return _of_each(name, f"{file}:{line}", case, f" It raises {said}, at {at}.")
        if not raised and case.trial.exception is None and name in used_at_exit(case):
            return _of_each(name, f"{file}:{line}", case, handed_on(case))
    return None


_MISSING: Final = re.compile(
    r"FileNotFoundError|NotADirectoryError|ConnectionRefusedError|OSError|DatabaseError"
    r"|OperationalError|KeyError"
)


def other_in_each_child(case: Case, lines: Difference) -> Cause | None:
    """See that children work with a folder, file, id or time of their own, not the parent's."""
    if not _imports(case) or not any(lines):
        return None
    differing = {clue.name.rpartition(".")[2] for clue in case.clues("global")}
    for name, file, line in _made(case, moments=True):
        if name in differing:
            return _of_each(name, f"{file}:{line}", case)
    return None


def emptied_in_each_child(case: Case, lines: Difference) -> Cause | None:
    """See that children open anew, and so empty, a file that the program reads in the end."""
    if not _imports(case) or not any(lines) or written(case, _READS) is None:
        return None
    for file in own_files(case):
        for name, line in case.sources.file(file).emptied().items():
            where = f"{file}:{line}"
            return Cause(
                "main_runs_again",
                where,
                f"{where} runs again in every child that imports it, and empties the file of "
                f"`{name}`",
                "A child that is no plain fork imports the main module, and `"
                f"{case.sources.code(where)}` there opens the same file once more, from its "
                "beginning: what was in it is gone.",
                where,
            )
    return None


_READS: Final = (
    r"\.(read|readlines|read_text|read_bytes)\(|getsize\(|st_size"
    r"|\bopen\([^,()]*(,\s*[\"']rb?[\"'][^()]*)?\)"
)


def its_own_in_each_child(case: Case, lines: Difference) -> Cause | None:
    """See that children make a folder or file of their own, where nothing else is known."""
    if not _imports(case) or not any(lines):
        return None
    made = next(_made(case, moments=False), None)
    return _of_each(made[0], f"{made[1]}:{made[2]}", case) if made else None


def _imports(case: Case) -> bool:
    """Tell whether the children, or their fork server, have imported the main module."""
    used = "forkserver" in case.trial.method_used
    return used or any(clue.name == "imported" for clue in case.clues("main"))


def _made(case: Case, *, moments: bool) -> Iterator[tuple[str, str, int]]:
    """Give globals that are made anew by each import, are used by functions, and stay as made."""
    files = [file for file in own_files(case) if file]
    used = {name for file in files for name in case.sources.file(file).used_from()}
    for file in files:
        source = case.sources.file(file)
        for name, line in source.unique(moments=moments).items():
            if name in used and source.changed(name) is None:
                yield name, file, line


def _of_each(name: str, where: str, case: Case, more: str = "") -> Cause:
    stored = re.search(r"[Tt]emp|mkd|mkstemp|folder|dir", case.sources.code(where))
    lost = ", and what the one puts there, the others do not find" if stored else ""
    return Cause(
        "made_in_each_child",
        name,
        f"every child makes its own `{name}` at {where}, and has not the parent's",
        "A child that is no plain fork imports the main module, and what is made there is made "
        f"again: `{case.sources.code(where)}` gives each process another one{lost}.{more}",
        where,
    )


def handed_on(case: Case) -> str:
    """Say which child's exit status the program's own comes from, and from which lines."""
    codes = [code for _, code, _ in case.died if code > 0]
    if not codes:
        return ""
    code = case.trial.exit_status if case.trial.exit_status in codes else codes[0]
    ends = exit_line(case, code or 0)
    read = next(
        (
            f"{file}:{line}"
            for file in own_files(case)
            if (line := case.sources.file(file).mentions(r"\.exitcode\b")) is not None
        ),
        None,
    )
    text = f" A child ends with exit status {code}"
    text += f", by `{case.sources.code(ends)}` at {ends}" if ends else ""
    text += f"; {read} reads that" if read else ""
    return text + f", and the program ends with {case.trial.exit_status}."


def used_at_exit(case: Case) -> set[str]:
    """Name what the function mentions, and those that it calls, that ends a child badly."""
    for code in (code for _, code, _ in case.died if code > 0):
        file, number = (exit_line(case, code) or ":0").rsplit(":", 1)
        if file:
            return case.sources.file(file).used_from(int(number))
    return set()


def exit_line(case: Case, code: int) -> str | None:
    """Find the line, in a function, that ends a process with an exit status."""
    for file in own_files(case):
        source = case.sources.file(file)
        line = source.mentions(rf"\b(sys\.exit|os\._exit|SystemExit|exit)\(\s*{code}\s*\)")
        if line is not None and source.function_of(line) is not None:
            return f"{file}:{line}"
    return None
