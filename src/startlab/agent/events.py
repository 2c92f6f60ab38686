"""Reading what the injection told: one line of the events file per event, fields between tabs.

A program can write there too, and what it does may reach every field: each is checked here, and
nowhere else. An event that does not fit its kind is dropped and counted.
"""

from __future__ import annotations

import math
import re
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)  # fmt: skip

from . import boundary

MOST_CLUES = 60
MOST_MODULES = 100  # that a process tells of
LONGEST = 2000  # characters of a text that is handed on

MAIN = ("__main__", "__mp_main__")
MARK = "\1"  # between a value's text and a mark of all that it holds
_NUMBER = re.compile(r"-?[0-9]{1,10}")
_LINE = re.compile(r".+:[0-9]{1,9}", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\tnr])")
_MEANT = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}
ITEMS = (
    "global", "logging", "environment", "names", "setting", "value", "random", "handler",
    "module",
)  # fmt: skip


class Event(NamedTuple):
    """One line: its kind, the process, the time of time.time(), and further fields."""

    kind: str
    pid: int
    time_s: float
    fields: Dict[str, Any]


class Told(NamedTuple):
    """The events of a trial, and how many more were dropped."""

    events: List[Event]
    dropped: int


# --- the fields of each kind --------------------------------------------------------------------


def _text(said: str) -> str:
    return said


def _number(said: str) -> int:
    if _NUMBER.fullmatch(said) is None:
        raise ValueError(said)
    return int(said)


def _process(said: str) -> Optional[int]:
    if said.startswith("-"):
        raise ValueError(said)
    return _number(said) if said else None


def _line(said: str) -> Optional[str]:
    if said and _LINE.fullmatch(said) is None:
        raise ValueError(said)
    return said[-LONGEST:] or None


def _one_of(*known: str) -> Callable[[str], str]:
    def read(said: str) -> str:
        if said not in known:
            raise ValueError(said)
        return said

    return read


def _texts(said: List[str]) -> Tuple[str, ...]:
    return tuple(said)


Others = Tuple[Tuple[str, Optional[str], Optional[str]], ...]
"""Threads beside the one that forks: name, `file:line`, and that of its start."""


def _threads(said: List[str]) -> Others:
    """Read `name, file:line, file:line, name, ...`."""
    if len(said) % 3:
        raise ValueError(said)
    return tuple((said[i], _line(said[i + 1]), _line(said[i + 2])) for i in range(0, len(said), 3))


def _items(said: List[str]) -> Dict[Tuple[str, str], str]:
    """Read `kind, name, value, kind, name, value, ...`."""
    if len(said) % 3 or not set(said[::3]).issubset(ITEMS):
        raise ValueError(said)
    return {(said[i], said[i + 1]): said[i + 2] for i in range(0, len(said), 3)}


_METHOD = _one_of("fork", "forkserver", "spawn")

FIELDS: Dict[str, Dict[str, Callable[[Any], Any]]] = {
    "interpreter": {"parent": _process},
    "forced": {"method": _text},
    "unforced": {"method": _text},
    "not inside": {"module": _text},
    "start": {"key": _text, "method": _METHOD, "where": _line},
    "end": {"key": _text, "child": _process, "code": _number},
    "forked": {"parent": _process, "*threads": _threads},
    "forked by": {"by": _text, "where": _line},
    "native threads at fork": {"number": _number, "*libraries": _texts},
    "made": {
        "type": _text,
        "where": _line,
        "made_for": _text,
        "importing": _one_of("importing", ""),
        "semaphore": _text,
    },
    "state": {"name": _text, "*items": _items},
    "begin": {
        "parent": _process,
        "name": _text,
        "how": _one_of("inherited", "imported"),
        "*items": _items,
    },
    "came": {"*items": _items},
    "undrawn": {"*names": _texts},
    "left unsent": {
        "number": _number,
        "type": _text,
        "thread": _text,
        "gone": _one_of("gone", ""),
        "where": _line,
    },
    "opened": {"what": _text, "address": _text, "by": _text, "where": _line},
    "moved": {"where": _line},
    "other parent": {"starter": _number, "parent": _number},
    "patched": {"what": _text, "by": _text},
    "replaced": {
        "module": _text,
        "name": _text,
        "by": _text,
        "library": _text,
        "where": _line,
    },
    "unguarded": {"where": _line, "imported": _line},
    "pinned": {"method": _text, "by": _text, "where": _line},
    "exit handler": {"handler": _text, "where": _line},
    "unpicklable": {
        "given": _text,
        "bound": _one_of("bound", ""),
        "attribute": _text,
        "own": _text,
        "type": _text,
        "where": _line,
        "defined": _line,
        "function": _line,
    },
    "signal sent": {"child": _process, "number": _number, "where": _line},
    "exit code read": {"code": _number, "where": _line},
    "task failed": {"traceback": _text},
    "failure read": {"where": _line},
    "system exit": {"code": _text, "where": _line},
    "raised": {"traceback": _text},
    "ran out": {"call": _text, "limit_ms": _number, "where": _line},
    "noted": {"what": _text, "name": _text, "where": _line},
    "not applied": {"aspect": _text, "why": _text},
}
"""What is told of each kind of event, in order; what begins with `*` is all that remains."""

ALONE = (
    "unguarded", "pinned", "exit handler", "unpicklable", "signal sent", "exit code read",
    "native threads at fork", "forked by", "noted", "not applied", "left unsent", "opened",
    "moved", "other parent", "patched", "replaced", "system exit", "raised", "task failed",
    "failure read",
)  # fmt: skip
"""The events that are a clue as they are, of that kind and with those fields."""


def parsed(parts: List[str]) -> Event:
    """Read an event of its kind, process, time and fields.

    Raises ValueError or IndexError if they do not fit.
    """
    kind, pid, time_s = parts[0], _process(parts[1]), float(parts[2])
    if kind not in FIELDS or pid is None or not math.isfinite(time_s):
        raise ValueError(parts)
    fields: Dict[str, Any] = {}
    rest = parts[3:]
    for name, read_field in FIELDS[kind].items():
        if name.startswith("*"):
            fields[name[1:]], rest = read_field(rest), []
        else:
            fields[name] = read_field(rest.pop(0))
    if rest:
        raise ValueError(parts)
    return Event(kind, pid, time_s, fields)


class Reader:
    """Reads an events file while it grows: each line once, and `boundary.MOST` bytes in all.

    A program can find the file and remove it: then there are no more events. If it puts something
    else in its place, or writes more, at least one event was dropped. `earlier` events come first.
    """

    def __init__(self, path: str, earlier: Sequence[Event] = ()) -> None:
        self._path = path
        self._read = 0
        self._rest = b""
        self._events = list(earlier)
        self._dropped = 0

    def read(self) -> Told:
        """Read what has come since, and return all; a line that has no end does not fit either."""
        lost = 0
        try:
            data, lost = boundary.read(self._path, self._read, boundary.MOST - self._read)
        except FileNotFoundError:
            data = b""
        except OSError:
            data, lost = b"", 1
        self._read += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._add(line)
        return Told(list(self._events), self._dropped + bool(self._rest) + bool(lost))

    def _add(self, written: bytes) -> None:
        line = written.decode("utf-8", "backslashreplace")
        parts = line.rstrip("\r").split("\t")  # Windows may end a line so; a field is escaped
        if "\\" in line:
            parts = [_ESCAPED.sub(lambda escaped: _MEANT[escaped[1]], part) for part in parts]
        try:
            self._events.append(parsed(parts))
        except (IndexError, ValueError):
            self._dropped += bool(line)


def read(path: str) -> Told:
    """Read an events file once."""
    return Reader(path).read()


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


def below(events: List[Event], root: int) -> bool:
    """Return whether an interpreter that multiprocessing has not started starts processes by it."""
    children = {start.get("child") for start in starts(events, 0.0)}
    return any(e.kind == "start" and e.pid != root and e.pid not in children for e in events)


def starts(events: List[Event], began_s: float) -> List[Dict[str, Any]]:
    """Combine the events of multiprocessing: one `Start` of the model for each process."""
    found: Dict[Any, Dict[str, Any]] = {}
    done = []
    for event in events:
        if event.kind == "start":
            start = {
                "pid": event.pid,
                "method": event.fields["method"],
                "where": event.fields["where"],
                "time_s": round(event.time_s - began_s, 6),
            }
            # The id of an object is used again once the object is gone.
            found[event.pid, event.fields["key"]] = start
            done.append(start)
        elif event.kind == "end":
            of = found.get((event.pid, event.fields["key"]))
            if of is not None:
                of["child"] = event.fields["child"]
                of["exit_code"] = event.fields["code"]
                of["exit_s"] = round(event.time_s - began_s, 6)
    _find_children(events, done)
    _see_them_begin(events, done, began_s)
    return done


def _find_children(events: List[Event], found: List[Dict[str, Any]]) -> None:
    """Find processes that were never waited for, by their starter and their name.

    If several processes of a starter have the same name, it is unknown which is which.
    """
    starts = iter(found)
    last: Dict[int, Dict[str, Any]] = {}
    named: Dict[Tuple[Optional[int], str], List[Dict[str, Any]]] = {}
    for event in events:
        if event.kind == "start":
            last[event.pid] = next(starts)
        elif event.kind == "state" and event.pid in last:
            named.setdefault((event.pid, event.fields["name"]), []).append(last[event.pid])
        elif event.kind == "begin":
            of = named.get((event.fields["parent"], event.fields["name"]), [])
            if len(of) == 1:
                of[0].setdefault("child", event.pid)


def _see_them_begin(events: List[Event], found: List[Dict[str, Any]], began_s: float) -> None:
    """Note when each process that was started first told something, and when it began to run."""
    by_pid: Dict[Optional[int], List[Event]] = {}
    for event in events:
        by_pid.setdefault(event.pid, []).append(event)
    for start in found:
        for event in by_pid.get(start.get("child"), []):
            since_s = round(event.time_s - began_s, 6)
            # The pid may have been another process's before.
            if since_s >= start["time_s"]:
                start.setdefault("launched_s", since_s)
                if event.kind == "begin":
                    start.setdefault("began_s", since_s)


def threads_at_fork(events: List[Event]) -> Dict[int, Others]:
    """Give for each forked process the other threads that its parent had."""
    return {event.pid: event.fields["threads"] for event in events if event.kind == "forked"}


def semaphores(events: List[Event]) -> Dict[str, Tuple[str, Optional[str]]]:
    """Give for each semaphore what it was made as, and the line that made it.

    It is known by its name, and one without by its address in hexadecimal digits, unless two
    processes have made another one there each.
    """
    made: Dict[str, Dict[int, Tuple[str, Optional[str]]]] = {}
    for event in events:
        if event.kind == "made":
            of = made.setdefault(event.fields["semaphore"], {})
            of[event.pid] = event.fields["type"], event.fields["where"]
    return {key: next(iter(of.values())) for key, of in made.items() if len(set(of.values())) == 1}


# --- clues --------------------------------------------------------------------------------------


def clues(events: List[Event]) -> List[Dict[str, Any]]:
    """Give what the inside saw that may explain an outcome: each a clue of the model.

    The same clue in several processes is given once, with its count.
    """
    found: Dict[Tuple[Tuple[str, object], ...], int] = {}
    for finder in (_told, _made, _differences, _copies, _forks, _impatience):
        for clue in finder(events):
            key = tuple((name, _short(value)) for name, value in clue.items())
            found[key] = found.get(key, 0) + 1
    return [{**dict(clue), "count": count} for clue, count in list(found.items())[:MOST_CLUES]]


def _short(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_short, value[:MOST_CLUES]))
    return value[:LONGEST] if isinstance(value, str) else value


def _told(events: List[Event]) -> Iterator[Dict[str, Any]]:
    """Give what one event tells by itself."""
    for event in events:
        if event.kind in ALONE:
            yield {"kind": event.kind, **event.fields}
        elif event.kind == "begin":
            yield {"kind": "main", "how": event.fields["how"]}


def _made(events: List[Event]) -> Iterator[Dict[str, Any]]:
    """Find what is shared between processes, but made again by each that imports the main module.

    Also those that were made for one start method in a process that starts its children by another.
    """
    made: Dict[Tuple[str, Optional[str]], int] = {}
    used: Dict[int, Set[str]] = {}
    for event in events:
        if event.kind == "made" and not event.fields["importing"]:
            made[event.fields["type"], event.fields["where"]] = event.pid
        elif event.kind == "start":
            used.setdefault(event.pid, set()).add(event.fields["method"])
    again: Set[Tuple[Any, ...]] = set()
    for event in events:
        if event.kind != "made":
            continue
        kind, where, made_for = (event.fields[each] for each in ("type", "where", "made_for"))
        if event.fields["importing"]:
            elsewhere = made.get((kind, where), event.pid) != event.pid
            if elsewhere and (event.pid, kind, where) not in again:
                again.add((event.pid, kind, where))
                yield {"kind": "made again", "type": kind, "where": where}
        elif made_for:
            others = used.get(event.pid, set()) - {made_for}
            # A context that is spawn's serves the fork server too, and the other way round.
            if others and "fork" in {made_for, *others}:
                yield {
                    "kind": "other context",
                    "type": kind,
                    "made_for": made_for,
                    "used_with": tuple(sorted(others)),
                    "where": where,
                }


def _differences(events: List[Event]) -> Iterator[Dict[str, Any]]:
    """Find what a child found otherwise than its parent had it when it started the child."""
    states: Dict[Tuple[Optional[int], str], Dict[Tuple[str, str], str]] = {}
    of_starter: Dict[int, Dict[Tuple[str, str], str]] = {}
    for event in events:
        now = event.fields.get("items", {})
        if event.kind == "state":
            states[event.pid, event.fields["name"]] = now
        elif event.kind == "begin":
            before = states.get((event.fields["parent"], event.fields["name"]), {})
            of_starter[event.pid] = before
            for (kind, name), value in before.items():
                if _may_be_seen(now, kind, name):
                    yield from _difference(now, kind, name, value)
        elif event.kind == "came":  # a module that the child had not imported when it began
            before = of_starter.get(event.pid, {})
            for (kind, name), value in before.items():
                module = ("module", name.rpartition(".")[0])
                if kind == "global" and (module in now or _child_value(now, name) is not None):
                    yield from _difference(now, kind, name, value)


def _difference(
    now: Dict[Tuple[str, str], str], kind: str, name: str, value: str
) -> Iterator[Dict[str, Any]]:
    child = _child_value(now, name) if kind == "global" else now.get((kind, name))
    there = {"parent": value, "child": child}
    if kind == "environment":
        lost = set(value.split()) - set(now.get(("names", ""), value).split())
        yield from ({"kind": kind, "name": variable} for variable in sorted(lost))
    elif there["child"] != value and kind in ("setting", "value"):
        setting, _, part = name.partition(" ")
        yield {"kind": "setting", "setting": setting, "part": part, **there}
    elif there["child"] != value and kind == "global":
        parent, seen = value.partition(MARK)[0], child and child.partition(MARK)[0]
        seen = f"{seen} with other contents" if seen == parent else seen
        yield {"kind": kind, "name": name, "parent": parent, "child": seen}
    elif there["child"] != value and kind == "logging":
        yield {"kind": kind, **there}


def _child_value(now: Dict[Tuple[str, str], str], name: str) -> Optional[str]:
    """Give the value of a global in a child, of one of its module's own functions too."""
    module, _, own = name.rpartition(".")
    for each in (module,) if module else MAIN:
        if own in now.get(("module", each), "").split():
            return f"<function {own}>"
    return now.get(("global", name))


def _may_be_seen(now: Dict[Tuple[str, str], str], kind: str, name: str) -> bool:
    """Whether a child can see it: it need not have imported the module that it is in."""
    if kind == "value":
        return (kind, name) in now
    return kind != "global" or (_has_module(now, name) and _has_owner(now, name))


def _has_module(items: Dict[Tuple[str, str], str], name: str) -> bool:
    """Whether a child had imported the module of a global, `module.name` or that of a class in it.

    It tells of so many modules; where it had more, or told of none, that is not known.
    """
    modules = {module for kind, module in items if kind == "module"}
    if "." not in name or not 0 < len(modules) < MOST_MODULES:
        return True
    return any(name.startswith(each + ".") for each in modules) or _is_of_main(items, name)


def _is_of_main(items: Dict[Tuple[str, str], str], name: str) -> bool:
    """Whether a global is in a class of the main module, whose name it is told without."""
    owner = name.rpartition(".")[0] + "."
    return any(owner in items.get(("module", each), "").split() for each in MAIN)


def _has_owner(items: Dict[Tuple[str, str], str], name: str) -> bool:
    """Whether a child told what is in the module or class of a global.

    It tells of a class only where something that it has imported mentions the class.
    """
    modules = {module for kind, module in items if kind == "module"}
    owner = name.rpartition(".")[0]
    if owner in modules or owner.rpartition(".")[0] not in modules:
        return True
    return any(kind == "global" and each.startswith(owner + ".") for kind, each in items)


def _copies(events: List[Event]) -> Iterator[Dict[str, Any]]:
    """Find what children have inherited or have in common, and should not."""
    states: Dict[Tuple[str, str], int] = {}
    undrawn = {(e.pid, name) for e in events if e.kind == "undrawn" for name in e.fields["names"]}
    for event in events:
        if event.kind != "begin":
            continue
        inherited = event.fields["how"] == "inherited"
        for (kind, name), value in event.fields["items"].items():
            if kind == "handler" and inherited:
                yield {"kind": "inherited handler", "signal": name, "handler": value}
            elif kind == "random" and (event.pid, name) not in undrawn:
                states[name, value] = states.get((name, value), 0) + 1
    for (name, _), count in states.items():
        if count > 1:
            yield from [{"kind": "same random", "name": name}] * count


def _forks(events: List[Event]) -> Iterator[Dict[str, Any]]:
    """Find forks of a process that had other threads."""
    for event in events:
        if event.kind == "forked":
            for name, where, started in event.fields["threads"]:
                yield {"kind": "thread at fork", "name": name, "where": where, "started": started}


def _impatience(events: List[Event]) -> Iterator[Dict[str, Any]]:
    """Find waits that ran out before any child had begun that their process had just started.

    One that runs out again and again is no wait for an end.
    """
    processes: Dict[Optional[int], List[Event]] = {}
    for event in events:
        if event.kind in ("start", "state", "end", "ran out"):
            processes.setdefault(event.pid, []).append(event)
        elif event.kind == "begin":
            processes.setdefault(event.fields["parent"], []).append(event)
    for own in processes.values():
        for where in set(_too_soon(own)):
            there = [e for e in own if e.kind == "ran out" and e.fields["where"] == where]
            if len(there) == 1:
                yield {"kind": "ran out", **there[0].fields}


def _too_soon(own: List[Event]) -> Iterator[Optional[str]]:
    """Give the lines at which the waits of a process have run out too soon.

    A child that has failed is another reason why nothing came.
    """
    failed = {e.fields["key"] for e in own if e.kind == "end" and e.fields["code"] > 0}
    key, begun = "", False
    late: Dict[str, str] = {}  # children that have not begun: name and key
    for event in own:
        fields = event.fields
        if event.kind == "start":
            key = fields["key"]
        elif event.kind == "state":
            begun = begun and bool(late)
            late[fields["name"]] = key
        elif event.kind == "begin":
            begun = late.pop(fields["name"], None) is not None or begun
        elif event.kind == "end":
            late = {name: each for name, each in late.items() if each != fields["key"]}
        elif late and not begun and failed.isdisjoint(late.values()):
            yield fields["where"]
