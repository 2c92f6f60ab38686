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
        name: (Same(value), len(value) if isinstance(value, (dict, list, set)) else 0)
        for name, value in list(frame.f_globals.items())
    }


class Same(object):
    """Keeps a value, and what is in it, and is equal to what keeps the very same one."""

    def __init__(self, value):
        self.value = value
        self.copy = type(value)(value) if UNDONE and type(value) in (dict, list, set) else None

    def put_back(self):
        if self.copy is not None:
            self.value.clear()
            (self.value.extend if type(self.value) is list else self.value.update)(self.copy)
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
