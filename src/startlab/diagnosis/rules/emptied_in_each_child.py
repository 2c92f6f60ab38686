"""Files that each child empties by importing the main module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, imports_main
from startlab.diagnosis.source.places import own_files, written

if TYPE_CHECKING:
    from startlab.output.compare import Difference


def emptied_in_each_child(case: Case, lines: Difference) -> Cause | None:
    """See that children open anew, and so empty, a file that the program reads in the end."""
    if not imports_main(case) or not any(lines) or written(case.sources, _READS) is None:
        return None
    for file in own_files(case.sources):
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
