"""Whether an output is what the experiment's check expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import (
        Check,
        Observation,
    )


# --- the output --------------------------------------------------------------------------------


def wrong_output(check: Check, observation: Observation) -> str | None:
    """Return what is wrong with the output; None if it is as the check expects."""
    lines = observation.stdout.text().splitlines()
    if check.stdout is not None and lines != check.stdout.strip("\n").splitlines():
        return f"stdout is not as it should be: {_difference(check.stdout, lines)}"
    if check.lines is not None and sorted(lines) != sorted(check.lines.strip("\n").splitlines()):
        return f"the lines of stdout are not as they should be: {_difference(check.lines, lines)}"
    if check.interleaved is not None:
        texts = [text.strip("\n").splitlines() for text in check.interleaved]
        if not is_interleaving(lines, texts):
            return (
                f"stdout ({len(lines)} lines) is not a mixture of the "
                f"{' and '.join(str(len(text)) for text in texts)} lines that it should be, "
                "each text in its own order"
            )
    if check.processes is not None:
        return _wrong_processes(check.processes, observation)
    return None


def is_interleaving(lines: Sequence[str], texts: Sequence[Sequence[str]]) -> bool:
    """Return whether `lines` has exactly the lines of all `texts`, each text in its order."""
    reached = {(0,) * len(texts)}
    for line in lines:
        reached = {
            (*at[:i], at[i] + 1, *at[i + 1 :])
            for at in reached
            for i, text in enumerate(texts)
            if at[i] < len(text) and text[at[i]] == line
        }
    return tuple(len(text) for text in texts) in reached


def _wrong_processes(number: int, observation: Observation) -> str | None:
    starts = observation.starts
    if len(starts) != number:
        return f"{len(starts)} processes were started, not {number}"
    for start in starts:
        if start.exit_code is None:
            return f"the process started at {start.where} was never waited for"
        if start.exit_code != 0:
            return f"process {start.child}, started at {start.where}, ended with {start.exit_code}"
    return None


def _difference(right: str, lines: Sequence[str]) -> str:
    wanted = right.strip("\n").splitlines()
    missing = [line for line in wanted if line not in lines]
    extra = [line for line in lines if line not in wanted]
    parts = []
    if missing:
        parts.append(f"missing {_quote(missing)}")
    if extra:
        parts.append(f"extra {_quote(extra)}")
    return "; ".join(parts) or "the same lines in another order or number"


def _quote(lines: Sequence[str]) -> str:
    first = f"{lines[0][:80]!r}"
    return first if len(lines) == 1 else f"{first} and {len(lines) - 1} more"
