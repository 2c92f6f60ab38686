"""Which outputs are alike: what differs between any two runs is ignored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from startlab.model import (
        Observation,
    )


EXCERPT: Final = 4000
"""How much of the head and the tail of each output stream of a failed trial is kept."""

PROGRAM_EXCERPT: Final = 20_000
"""The same for every trial of the user's program, whose outputs are compared."""


_ADDRESS: Final = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_DURATION: Final = re.compile(
    r"\b\d+(\.\d+)?(e-\d+)? ?(s|ms|us|µs|ns|sec|secs|seconds?|minutes?)\b( \(\d+:\d\d:\d\d\))?"
)
_TOOK: Final = re.compile(
    r"\b(took|elapsed|after|within|duration|time)([:=]? *)\d+\.\d+\b", re.IGNORECASE
)
_UUID: Final = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_TEMPORARY: Final = re.compile(r"\$TMPDIR/[^/\s'\"]*?[a-z0-9_]{8}(?=[/.,:;\s'\")\]]|$)")
_CLOCK: Final = re.compile(r"\b(\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d([.,]\d+)?\b")
_NUMBER: Final = re.compile(r"\b\d{3,}\b")
_GIVEN: Final = re.compile(
    r" *\b(?:(?:Fork|ForkServer|Spawn)?(?:PoolWorker|Process)-\d+(?::\d+)*"
    r"|\w*Manager-\d+(?::\d+)*"
    r"|Thread-\d+(?: \(\w+\))?|ThreadPoolExecutor-\d+_\d+|asyncio_\d+|Dummy-\d+"
    r"|QueueFeederThread|QueueManagerThread|ExecutorManagerThread) *"
)
_KIND: Final = re.compile(
    r"\b(?:fork|forkserver|spawn)\b|\b(?:Fork|ForkServer|Spawn)(?=(?:Process|Context)\b)"
)


def nameless(text: str) -> str:
    """Return an output without names that depend on the method and on scheduling.

    multiprocessing and threading number processes and threads, and name processes after the method:
    ForkPoolWorker-3, SpawnProcess-1. Blanks around a name go too, because it may be in a column.
    A child that has imported the main module knows it as `__mp_main__`.
    """
    text = text.replace("__mp_main__", "__main__")
    return _KIND.sub("<method>", _GIVEN.sub(" <name> ", text))


def shape(text: str, observation: Observation) -> str:
    """Return an output without what differs between any two runs.

    That is addresses, durations, times of day, UUIDs, names from tempfile, what `nameless` leaves
    out, and the ids of the program's processes; numbers of one or two digits do not count as ids,
    because programs often print small numbers.
    """
    started = (pid for start in observation.starts for pid in (start.pid, start.child))
    pids = {str(pid) for pid in (*observation.pids, *started)}
    text = _TEMPORARY.sub("<temporary>", _UUID.sub("<uuid>", nameless(text)))
    text = _TOOK.sub(r"\1\2<duration>", text)
    text = _DURATION.sub("<duration>", _CLOCK.sub("<time>", _ADDRESS.sub("<address>", text)))
    return _NUMBER.sub(lambda found: "<pid>" if found[0] in pids else found[0], text)


def digest(text: str) -> str:
    """Return a hash of the lines of a text, whatever their order."""
    import hashlib  # slow, for it loads OpenSSL

    return hashlib.sha256("\n".join(sorted(text.splitlines())).encode()).hexdigest()[:16]


def excerpt(text: str, kept: int = EXCERPT) -> str:
    """Keep the head and the tail of a text, `kept` characters of each."""
    if len(text) <= 2 * kept:
        return text
    dropped = len(text) - 2 * kept
    return f"{text[:kept]}\n[{dropped} characters left out]\n{text[-kept:]}"
