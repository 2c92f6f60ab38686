"""Reading what the injection told: one line of the events file per event, fields between tabs."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional


class Event(NamedTuple):
    """One line: its kind, who told it, when on the clock of time.time(), and what."""

    kind: str
    pid: int
    time_s: float
    fields: List[str]


def read(path: str) -> List[Event]:
    """Read an events file; a line that was cut off by the end of its writer is left out.

    A program can find the file and remove it: then nothing was told.
    """
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8", "backslashreplace")
    except OSError:
        return []
    events = []
    for line in text.split("\n"):
        parts = line.replace("\\\\", "\\").split("\t")
        try:
            events.append(Event(parts[0], int(parts[1]), float(parts[2]), parts[3:]))
        except (IndexError, ValueError):
            continue
    return events


def forced(events: List[Event], method: Optional[str], root: int) -> Optional[bool]:
    """Tell whether the method was forced; None where nothing was asked or nothing imported it.

    A program that never imports multiprocessing has no start method, and an interpreter that the
    injection did not reach (-I, -E, -S) runs with its own default.
    """
    if method is None:
        return None
    kinds = {event.kind for event in events}
    if "unforced" in kinds:
        return False
    if not any(event.kind == "interpreter" and event.pid == root for event in events):
        return False
    return True if "forced" in kinds else None


def starts(events: List[Event], began_s: float) -> List[Dict[str, Any]]:
    """Put the events of multiprocessing together: one `Start` of the model for each process."""
    found: Dict[Any, Dict[str, Any]] = {}
    done = []
    for event in events:
        if event.kind == "start" and len(event.fields) == 3:
            key, method, where = event.fields
            start = {
                "pid": event.pid,
                "method": method,
                "where": where or None,
                "time_s": event.time_s - began_s,
            }
            # The id of an object is used again once the object is gone.
            found[event.pid, key] = start
            done.append(start)
        elif event.kind == "end" and len(event.fields) == 3:
            key, child, code = event.fields
            of = found.get((event.pid, key))
            if of is not None:
                of["child"] = int(child) if child.isdigit() else None
                of["exit_code"] = int(code)
                of["exit_s"] = event.time_s - began_s
    return done


def threads_at_fork(events: List[Event]) -> Dict[int, List[str]]:
    """Give for each forked process the other threads its parent had, as `name at file:line`."""
    return {event.pid: event.fields[1:] for event in events if event.kind == "forked"}
