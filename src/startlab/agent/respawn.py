"""Recognizing a pool whose workers die and are replaced forever, by the repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

if TYPE_CHECKING:
    from .events import Event

DEATHS = 6
SPAN_S = 1.0


class Respawn(NamedTuple):
    """Which process replaces workers, where it started the first ones, and how they end."""

    pid: int
    where: Optional[str]
    exit_code: int
    deaths: int


def find(events: List[Event]) -> Optional[Respawn]:
    """Find a process that replaces one worker after another, all of which ended alike.

    Only replacements count: those that a thread of multiprocessing.Pool started, and no line of the
    program. There must be at least `DEATHS` of them over `SPAN_S`, all of which failed: this
    excludes a pool with maxtasksperchild, and a program that retries.
    """
    replacements = set()
    first_at: Dict[int, str] = {}
    ends: Dict[int, List[Tuple[int, float]]] = {}
    for event in events:
        if event.kind == "start":
            key, where = event.fields["key"], event.fields["where"]
            if where:
                first_at.setdefault(event.pid, where)
                replacements.discard((event.pid, key))  # the id of an object that no longer exists
            else:
                replacements.add((event.pid, key))
        elif event.kind == "end" and (event.pid, event.fields["key"]) in replacements:
            ends.setdefault(event.pid, []).append((event.fields["code"], event.time_s))
    for pid, deaths in ends.items():
        (code, first_s), (_, last_s) = deaths[0], deaths[-1]
        alike = code != 0 and all(other == code for other, _ in deaths)
        if alike and len(deaths) >= DEATHS and last_s - first_s >= SPAN_S:
            return Respawn(pid, first_at.get(pid), code, len(deaths))
    return None
