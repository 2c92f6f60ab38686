"""Reading the injection's events file: one line per event, with fields between tabs."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

MOST_CLUES = 60


class Event(NamedTuple):
    """One line: its kind, the process, the time of time.time(), and further fields."""

    kind: str
    pid: int
    time_s: float
    fields: List[str]


def read(path: str) -> List[Event]:
    """Read an events file; a line that the end of its writer truncated is left out.

    A program can find the file and remove it: then there are no events.
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
    """Return whether the method was forced; None if none was requested, or it never mattered.

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
    """Combine the events of multiprocessing: one `Start` of the model for each process."""
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
            # The id of an object is reused once the object is gone.
            found[event.pid, key] = start
            done.append(start)
        elif event.kind == "end" and len(event.fields) == 3:
            key, child, code = event.fields
            of = found.get((event.pid, key))
            if of is not None:
                of["child"] = int(child) if child.isdigit() else None
                of["exit_code"] = int(code)
                of["exit_s"] = event.time_s - began_s
    _find_children(events, done)
    _see_them_begin(events, done, began_s)
    return done


def _find_children(events: List[Event], found: List[Dict[str, Any]]) -> None:
    """Find processes that were never waited for, by their starter and their name.

    If several processes of a starter have the same name, it is unknown which is which.
    """
    starts = iter(found)
    last: Dict[int, Dict[str, Any]] = {}
    named: Dict[Tuple[int, str], List[Dict[str, Any]]] = {}
    for event in events:
        if event.kind == "start" and len(event.fields) == 3:
            last[event.pid] = next(starts)
        elif event.kind == "state" and event.fields and event.pid in last:
            named.setdefault((event.pid, event.fields[0]), []).append(last[event.pid])
        elif event.kind == "begin" and len(event.fields) >= 3 and event.fields[0].isdigit():
            of = named.get((int(event.fields[0]), event.fields[1]), [])
            if len(of) == 1:
                of[0].setdefault("child", event.pid)


def _see_them_begin(events: List[Event], found: List[Dict[str, Any]], began_s: float) -> None:
    """Note when each started process sent its first event, and when it began to run."""
    by_pid: Dict[int, List[Event]] = {}
    for event in events:
        by_pid.setdefault(event.pid, []).append(event)
    for start in found:
        for event in by_pid.get(start.get("child", 0), []):
            since_s = event.time_s - began_s
            # The pid may have been another process's before.
            if since_s >= start["time_s"]:
                start.setdefault("launched_s", since_s)
                if event.kind == "begin":
                    start.setdefault("began_s", since_s)


def threads_at_fork(events: List[Event]) -> Dict[int, List[str]]:
    """Return for each forked process the other threads its parent had, as `name at file:line`."""
    return {event.pid: event.fields[1:] for event in events if event.kind == "forked"}


# --- clues --------------------------------------------------------------------------------------


def clues(events: List[Event]) -> List[Dict[str, Any]]:
    """Return what the injection saw that may explain an outcome: `Clue`s of the model.

    The same clue in several processes is given once, with its count.
    """
    found: Dict[Tuple[str, ...], int] = {}
    for finder in (_told, _made, _differences, _copies, _forks):
        for clue in finder(events):
            found[clue] = found.get(clue, 0) + 1
    names = ("kind", "name", "where", "parent", "child")
    return [
        {**{names[i]: value for i, value in enumerate(clue) if value}, "count": count}
        for clue, count in list(found.items())[:MOST_CLUES]
    ]


def _told(events: List[Event]) -> Iterator[Tuple[str, ...]]:
    """Yield the clues that are a single event."""
    for event in events:
        fields = event.fields
        if event.kind == "unguarded" and len(fields) == 1:
            yield "unguarded", "", fields[0], "", ""
        elif event.kind == "pinned" and len(fields) == 3:
            yield "pinned", fields[0], fields[2], fields[1], ""
        elif event.kind == "at exit" and len(fields) == 2:
            yield "exit handler", fields[0], fields[1], "", ""
        elif event.kind == "unpicklable" and len(fields) == 3:
            yield "unpicklable", fields[0], fields[2], fields[1], ""
        elif event.kind == "sent" and len(fields) == 3 and fields[1].isdigit():
            yield "signal sent", fields[1], fields[2], "", fields[0]
        elif event.kind == "looked" and len(fields) == 2:
            yield "exit code read", fields[0], fields[1], "", ""
        elif event.kind == "begin" and len(fields) >= 3:
            yield "main", fields[2], "", "", ""


def _made(events: List[Event]) -> Iterator[Tuple[str, ...]]:
    """Find shared objects that each child makes again when it imports the main module.

    Also those that were made for one start method in a process that starts its children by another.
    """
    made = {tuple(event.fields[:2]): event.pid for event in events if _makes(event, "")}
    again: Set[Tuple[Any, ...]] = set()
    for event in events:
        key = tuple(event.fields[:2])
        elsewhere = _makes(event, "importing") and made.get(key, event.pid) != event.pid
        if elsewhere and (event.pid, key) not in again:
            again.add((event.pid, key))
            yield "made again", event.fields[0], event.fields[1], "", ""
    used: Dict[int, Set[str]] = {}
    for event in events:
        if event.kind == "start" and len(event.fields) == 3:
            used.setdefault(event.pid, set()).add(event.fields[1])
    for event in events:
        if _makes(event, "") and event.fields[2]:
            others = used.get(event.pid, set()) - {event.fields[2]}
            # A context of spawn also works with the fork server, and vice versa.
            if others and "fork" in {event.fields[2], *others}:
                yield (
                    "other context", event.fields[0], event.fields[1], event.fields[2],
                    " and ".join(sorted(others)),
                )  # fmt: skip


def _makes(event: Event, importing: str) -> bool:
    return event.kind == "made" and len(event.fields) == 4 and event.fields[3] == importing


def _differences(events: List[Event]) -> Iterator[Tuple[str, ...]]:
    """Find what differs in a child from its parent at the time of the start."""
    states: Dict[Tuple[int, str], Dict[Tuple[str, str], str]] = {}
    for event in events:
        if event.kind == "state" and event.fields:
            states[event.pid, event.fields[0]] = _items(event.fields[1:])
        elif event.kind == "begin" and len(event.fields) >= 3 and event.fields[0].isdigit():
            before = states.get((int(event.fields[0]), event.fields[1]))
            now = _items(event.fields[3:])
            for (kind, name), value in (before or {}).items():
                if kind == "environment":
                    lost = set(value.split()) - set(now.get(("names", ""), value).split())
                    for variable in sorted(lost):
                        yield "environment", variable, "", "set", ""
                elif kind == "value":  # of a module that the child may not have imported
                    if now.get((kind, name), value) != value:
                        yield "setting", name, "", value, now[kind, name]
                elif now.get((kind, name)) != value:
                    yield kind, name, "", value, now.get((kind, name), "")


def _copies(events: List[Event]) -> Iterator[Tuple[str, ...]]:
    """Find what children have inherited or have in common, but should not."""
    states: Dict[Tuple[str, str], int] = {}
    undrawn = {(e.pid, name) for e in events if e.kind == "undrawn" for name in e.fields}
    for event in events:
        if event.kind == "begin" and len(event.fields) >= 3:
            for (kind, name), value in _items(event.fields[3:]).items():
                if kind in ("handler", "open") and event.fields[2] == "inherited":
                    yield "inherited " + kind, name, "", value, ""
                elif kind == "random" and (event.pid, name) not in undrawn:
                    states[name, value] = states.get((name, value), 0) + 1
    for (name, _), count in states.items():
        if count > 1:
            yield from [("same random", name, "", "", "")] * count


def _forks(events: List[Event]) -> Iterator[Tuple[str, ...]]:
    """Find forks of a process that had other threads."""
    for event in events:
        if event.kind == "forked":
            for thread in event.fields[1:]:
                name, _, where = thread.partition(" at ")
                yield "thread at fork", name, where, "", ""
        elif event.kind == "native" and event.fields:
            yield "native threads at fork", event.fields[0], "", " ".join(event.fields[1:]), ""


def _items(fields: List[str]) -> Dict[Tuple[str, str], str]:
    """Read `kind, name, value, kind, name, value, ...`."""
    whole = range(0, len(fields) - 2, 3)
    return {(fields[i], fields[i + 1]): fields[i + 2] for i in whole}
