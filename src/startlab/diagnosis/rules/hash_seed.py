"""Hashes of strings that differ from process to process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.globals import shows_a_global
from startlab.diagnosis.source.places import written

if TYPE_CHECKING:
    from startlab.output.compare import Difference


def hash_in_output(case: Case, lines: Difference) -> Cause | None:
    """Prefer the hash of a string to a global where the values of no global are in the lines."""
    return None if shows_a_global(case, lines) else hash_seed(case)


def hash_seed(case: Case) -> Cause | None:
    """See that processes are to agree on the hash of a string, which each Python salts anew."""
    where = written(case.sources, r"(?<![\w.])hash\(")
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
