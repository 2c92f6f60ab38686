"""What a program has bound anew since its modules were imported, put back in a forked child.

So a forked child finds what any other child does that imports these modules: a mock, or whatever
else cannot be pickled and given to that, is gone. Of modules that are not the program's own, only
its own functions and objects, and mocks, are put back. Python 3.
"""

import os
import sys

from startlab_aspects import ASPECTS, FUNCTION, harmless, inject, namespaces, note
from startlab_bound import is_guard

ONLY = {name for aspect in ASPECTS if aspect[0] == "as imported" for name in aspect[1:]}

imported = {}  # by names of modules: (path, owner, what it had when the import was over) of each
guards = {}  # by files: the lines of what does not run when the main module is imported


def watch_imports():
    """Keep what modules are made of at the end of their import, and the main one at its guard."""
    sys.settrace(call)


def call(frame, event, arg):
    code = frame.f_code
    file = code.co_filename
    if code.co_name != "<module>" or file.startswith("<") or inject.is_library(file):
        return None
    return at_guard if frame.f_globals.get("__name__") == "__main__" else at_end


@harmless
def at_end(frame, event, arg):
    if event == "return":
        keep(frame.f_globals.get("__name__"))
    return at_end


@harmless
def at_guard(frame, event, arg):
    if event == "line" and frame.f_lineno in guards_of(frame.f_code.co_filename):
        keep("__main__")
        return None
    return at_guard


def guards_of(file):
    if file not in guards:
        import ast
        import tokenize

        with tokenize.open(file) as source:
            body = ast.parse(source.read()).body
        guards[file] = {
            each.lineno for each in body
            if isinstance(each, ast.If) and is_guard(each)
        }
    return guards[file]


@harmless
def keep(done):
    """Keep what a module has, and its classes have, and all others whose import is over."""
    for name, module in list(sys.modules.items()):
        if type(module) is not type(os) or name in imported:
            continue
        begun = getattr(vars(module).get("__spec__"), "_initializing", False)
        if name != done and (begun or name == "__main__"):
            continue
        imported[name] = [("", module, parts_of(module))]
        for key, value in list(vars(module).items()):
            if isinstance(value, type) and value.__module__ == name:
                imported[name].append((key + ".", value, parts_of(value)))


def parts_of(owner):
    return {key: (value, held(value)) for key, value in list(vars(owner).items())}


def held(value):
    """Give what a container holds."""
    return type(value)(value) if type(value) in (dict, list, set) else None


def same(held, other):
    """Tell whether two containers hold the very same: their contents are not compared by `==`."""
    if type(held) is dict:
        return same(list(held), list(other)) and same(list(held.values()), list(other.values()))
    if type(held) is set:
        return sorted(map(id, held)) == sorted(map(id, other))
    return held is other or list(map(id, held)) == list(map(id, other))


@harmless
def bind_as_imported():
    """Put back, in a forked child, what is not as the import of its module has made it."""
    sys.settrace(None)
    for name, owners in list(imported.items()):
        own = is_own(name)
        for path, owner, parts in owners:
            place = path if name in inject.MAIN else "%s.%s" % (name, path)
            for key in set(vars(owner)).union(parts):
                full = place + key
                if key[:2] != "__" and (not ONLY or full in ONLY) and is_other(owner, key, parts, own):
                    note("rebound", full)
                    put_back(owner, key, parts)


def is_own(name):
    file = getattr(sys.modules.get(name), "__file__", None)
    return name == "__main__" or (isinstance(file, str) and not inject.is_library(file))


def is_other(owner, key, parts, own):
    now = vars(owner).get(key, parts)  # which stand for none
    before, content = parts.get(key, (parts, None))
    if now is before:
        return own and content is not None and not same(content, now)
    if own:
        return type(now) is not type(os)
    kind = type(now)
    by = now.__globals__.get("__name__") if kind is FUNCTION else kind.__module__
    return by == "unittest.mock" or is_own(by)


def put_back(owner, key, parts):
    places = [owner] if isinstance(owner, type) else namespaces(owner)
    value, content = parts.get(key, (parts, None))
    if content is not None:
        value.clear()
        (value.extend if type(value) is list else value.update)(content)
    for place in places:
        if isinstance(place, type):
            type.__delattr__(place, key) if value is parts else type.__setattr__(place, key, value)
        elif value is parts:
            place.pop(key, None)
        else:
            place[key] = value


if any(aspect[0] == "as imported" for aspect in ASPECTS):
    watch_imports()
