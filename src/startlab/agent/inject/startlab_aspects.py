"""What an experiment on a cause changes, and what its parts have in common. Python 3.

STARTLAB_EXPERIMENT holds the aspects, one in each line, with tabs between the words of one.
"""

import os
import sys

inject = sys.modules["startlab_inject"]
tell = inject.tell
ASPECTS = [tuple(line.split("\t")) for line in os.environ["STARTLAB_EXPERIMENT"].splitlines()]
NAMES = {aspect[0] for aspect in ASPECTS}
MOST = 20000  # objects that are looked through


def harmless(function):
    """Leave undone what cannot be done: the program is not to see it."""

    def call(*args):
        try:
            return function(*args)
        except Exception as error:
            tell("not applied", function.__name__, "%s: %s" % (type(error).__name__, error))
            return None

    return call


noted = set()


def note(what, name, where=""):
    """Tell once what an experiment met: a lock that was held, a file with unwritten text."""
    if (what, name) not in noted and len(noted) < 50:
        noted.add((what, name))
        tell("noted", what, name, where)


def module_of(name):
    """Find a module by the name it has in the parent: the main module has another in a child."""
    if name in ("", "__main__"):
        return sys.modules.get("__mp_main__") or sys.modules["__main__"]
    return sys.modules[name]


def resolve(name):
    """Split `package.module.Class.attribute`, or what is of the main module, at the module's end."""
    parts = name.split(".")
    for i in range(len(parts) - 1, 0, -1):
        if ".".join(parts[:i]) in sys.modules:
            return ".".join(parts[:i]), parts[i:]
    return "", parts


def own_modules():
    """Give the program's own modules, with the names that their parent knows them by."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name == "__mp_main__" or type(module) is not type(os):
            continue
        if name == "__main__" or (isinstance(file, str) and not inject.is_library(file)):
            yield name, module


def namespaces(module):
    """Give the dictionaries that are a module's globals: runpy leaves its functions another one.

    A function that a decorator has wrapped has those of the decorator's module.
    """
    names = inject.MAIN if module.__name__ in inject.MAIN else (module.__name__,)
    found = {id(vars(module)): vars(module)}
    values = list(vars(module).values())
    for value in values:
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if type(value) is FUNCTION and value.__globals__.get("__name__") in names:
            found[id(value.__globals__)] = value.__globals__
        elif isinstance(value, type):  # all functions may be methods
            values += [getattr(each, "__func__", each) for each in list(vars(value).values())]
    return list(found.values())


FUNCTION = type(namespaces)
