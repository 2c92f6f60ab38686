"""What the parent's calls have changed in the globals of modules, put back in a forked child.

What cannot be pickled cannot be given to a child. But it can be seen that a forked child, for which
the change is undone, fails too. Python 3.
"""

import sys

from startlab_aspects import ASPECTS, harmless, note

UNDONE = [set(aspect[1:]) for aspect in ASPECTS if aspect[0] == "undone"]
"""The calls to undo, by their names; of none, all of them."""

changes = []  # by calls: name, line, frame of the caller, its globals, and what these were before


def contents(frame):
    """Give what the globals of a function's module are, and how much they hold."""
    return {
        name: (Same(value), len(value) if holds(value) else 0)
        for name, value in list(frame.f_globals.items())
    }


def holds(value):
    """Tell whether a value is a container that may be emptied and filled again."""
    kind = type(value)
    return kind in (dict, list, set) or (
        kind.__module__ in ("collections", "weakref") and hasattr(kind, "clear")
    )


class Same(object):
    """Keeps a value, and what is in it, and is equal to what keeps the very same one."""

    def __init__(self, value):
        self.value = value
        self.held = None
        if UNDONE and holds(value):
            self.held = list(value.items() if hasattr(value, "items") else value)

    def put_back(self):
        if self.held is not None:
            self.value.clear()
            fill = getattr(self.value, "update", None) or self.value.extend
            fill(dict(self.held) if hasattr(self.value, "items") else self.held)
        return self.value

    def __eq__(self, other):
        return self.value is other.value

    __hash__ = None


def callers():
    """Give the frames that are not over, and None for what no frame has to go on for."""
    frame, active = sys._getframe(1), {None}
    while frame is not None:
        active.add(frame)
        frame = frame.f_back
    return active


@harmless
def undo():
    """Put back, in a forked child, what the globals were before the parent's calls."""
    sys.setprofile(None)
    active = callers()
    for name, line, caller, scope, before, after in reversed(changes):
        if caller not in active or (UNDONE[0] and name not in UNDONE[0]):
            continue
        note("undone", name, line)
        for key in set(before) | set(after):
            if before.get(key) == after.get(key):
                continue
            if key in before:
                scope[key] = before[key][0].put_back()
            else:
                scope.pop(key, None)
