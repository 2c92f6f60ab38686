"""Calls that only the parent makes, of functions that set something up, made in its children too.

Noted are those that are over when the first process is started, and whose caller goes on: what
main() does before it; or whose caller is a function that only libraries have called, as a fixture
and `setUpClass` are. That is calls of the program's own functions, those of a library's that
change a global of their module, and those of functions written in C that are statements of their
own: what these change cannot be seen. So with statements that call a library's object, and with its
contexts that are not left. How a child makes them again is in startlab_calls_again.
"""

import collections
import os
import sys
import time

from startlab_aspects import FUNCTION, harmless, inject, own_modules
from startlab_statements import (
    GIVEN,
    before,
    dotted,
    has_calls,
    makers,
    names_in,
    node_of,
    sets_part,
    setting_in,
)
from startlab_undone import UNDONE, changes, contents

MOST_CALLS = 200
MOST_LOOKS = 20  # calls of a library's function that change nothing
LONGEST_S = 2.0  # a call that takes longer is not made again
NO_CALL = 0x20 | 0x80 | 0x100 | 0x200  # a generator's or coroutine's code: it is not run by a call
VARARGS, VARKEYWORDS = 0x04, 0x08

calls = []  # that are over: name, module, path, pickled arguments, line, what has to go on for it
begun = {}  # by the frame of each call that is not over: when it began, the globals, and the call
looks = {}  # by the code of a library's function: how many of its calls have changed nothing
ours = {}  # by files: whether they are the program's own


def watch_calls():
    """Note calls until the first process is started."""
    sys.setprofile(profile)


def is_ours(frame):
    file = frame.f_code.co_filename
    if file not in ours:
        ours[file] = not file.startswith("<") and not inject.is_library(file)
    return ours[file]


def profile(frame, event, arg):
    if event == "call":
        if frame.f_back is not None and is_ours(frame.f_back):
            if frame.f_code.co_name == "__exit__":
                leave(line_of(frame.f_back))
            noted = begins(frame)
            if noted:
                begun[frame] = noted
    elif event == "return" and frame in begun:
        ends(frame, *begun.pop(frame))
    elif event == "c_return" and is_ours(frame) and len(calls) < MOST_CALLS:
        call = c_call(frame, arg)
        if call:
            calls.append(call)


@harmless
def begins(frame):
    code = frame.f_code
    file = file_of(frame)
    if file.startswith("<frozen"):  # an import
        return None
    if code.co_flags & NO_CALL or len(calls) >= MOST_CALLS or looks.get(code, 0) >= MOST_LOOKS:
        return None
    if is_of_package(file) or sets_up(frame):
        call = statement(frame.f_back, code.co_name, frame)
        if call:
            return time.time(), None, call
    args, kwargs = arguments(code, frame.f_locals)
    module, path, args = found(frame, args)
    if not path:
        return None
    name = ".".join(path if module in inject.MAIN else (module,) + path) + "()"
    args, kwargs = by_name(args), dict(zip(kwargs, by_name(kwargs.values())))
    before = contents(frame) if UNDONE or not is_ours(frame) else None
    return time.time(), before, (name, module, path, pickled((args, kwargs)), line_of(frame.f_back))


def ends(frame, started, before, call):
    after = contents(frame) if before is not None else None
    changed = before != after
    if UNDONE and changed:
        changes.append((call[0], call[4], goes_on(frame.f_back), frame.f_globals, before, after))
    if before is not None and not changed and not is_ours(frame):
        looks[frame.f_code] = looks.get(frame.f_code, 0) + 1
    elif call[3] and time.time() - started < LONGEST_S:
        calls.append(call + (goes_on(frame.f_back),))


def goes_on(caller):
    """Give the frame that has to go on for its calls to count; none, where libraries called it."""
    if caller.f_code.co_name == "<module>":  # which a child that needs it runs as well
        return caller
    frame = caller.f_back
    while frame is not None:
        if is_ours(frame):
            return caller
        frame = frame.f_back
    return None


def by_name(values):
    """Put the way to it in the place of each value that no copy of would do: a global's object."""
    return tuple(way_to(each) or each for each in values)


def way_to(value):
    if type(value) in PLAIN or not (is_library_s(value) or pickled(value) is None):
        return None
    ways = [ByName(module, path) for module, path, each in owners() if each is value]
    package = type(value).__module__.partition(".")[0]
    for name, module in list(sys.modules.items()) if not ways else ():  # one of the library's own
        if name.partition(".")[0] == package:
            ways += [ByName(name, (key,)) for key, each in list(vars(module).items()) if each is value]
    return ways[0] if ways else None


ByName = collections.namedtuple("ByName", "module path")
PLAIN = {type(None), bool, int, float, complex, str, bytes, FUNCTION}


def pickled(value):
    import pickle

    try:
        return pickle.dumps(value)
    except Exception:
        return None


def line_of(frame):
    return "%s:%d" % (frame.f_code.co_filename, frame.f_lineno)


@harmless
def c_call(frame, function):
    """Note the call of a function written in C that a statement of the program's consists of."""
    module = function.__module__ or type(function.__self__).__module__
    if module in ACTS and function.__name__ not in ACTS[module]:
        return None
    path = dotted(node_of(frame).func) if node_of(frame) else ()
    root = found_in(frame, path[0]) if path else None
    if root is not function and type(root) is not type(os):
        return None  # what is changed is the program's own
    call = statement(frame, function.__name__)
    return call and call + (goes_on(frame),)


def file_of(frame):
    """Give the file of a function; of a method that an object has inherited, that of its class."""
    file = frame.f_code.co_filename
    if inject.is_stdlib(file) and "self" in frame.f_code.co_varnames[:1]:
        module = sys.modules.get(type(frame.f_locals.get("self")).__module__)
        file = getattr(module, "__file__", None) or file
    return file


def is_of_package(file):
    return "-packages" in file and not inject.is_stdlib(file)


def sets_up(frame):
    """Tell whether a statement of the program's calls the standard library by its module's name."""
    if not inject.is_stdlib(frame.f_code.co_filename):
        return False
    name = frame.f_globals.get("__name__", "")
    if name.partition(".")[0] in DOES and name != "unittest.mock":
        return False
    caller = frame.f_back
    path = dotted(node_of(caller).func) if node_of(caller) else ()
    return len(path) > 1 and type(found_in(caller, path[0])) is type(os)


def found_in(frame, name):
    return frame.f_locals.get(name, frame.f_globals.get(name))


def leads_to(path, frame, code):
    """Tell whether a dotted name leads to a function, whatever that calls itself: by its code."""
    value = found_in(frame, path[0])
    for name in path[1:]:
        owners = [value] if type(value) is type(os) else type(value).__mro__
        value = next((vars(each)[name] for each in owners if name in vars(each)), None)
    value = getattr(value, "__func__", value)
    return type(value) is FUNCTION and value.__code__ is code


@harmless
def given(frame):
    """Give what a function or method is called with; None if a copy of it would be another one."""
    args, kwargs = arguments(frame.f_code, frame.f_locals)
    if args and is_method(frame.f_code, args[0]):
        args = args[1:]
    values = list(args) + list(kwargs.values())
    return None if any(map(is_library_s, values)) or pickled(values) is None else (args, kwargs)


def statement(frame, function, called=None):
    """Note the statement at which the program calls a function, with the locals that it needs.

    A local that cannot be pickled, or is an object of a library's, is made again by the statements
    that have made it. Where an argument is made by a call, as the path of a temporary file is, it is
    what the frame `called` was given: another call would make another one.
    """
    node, values = node_of(frame), frame.f_locals
    path = dotted(node.func) if node else ()
    if not path or (path[-1] != function and not (called and leads_to(path, frame, called.f_code))):
        return None
    needed = names_in(node) & set(values)
    made = called is not None and has_calls([*node.args, *node.keywords]) and given(called)
    if made:
        values = dict(values)
        values[GIVEN] = made
        needed = names_in(node.func) & set(values) | {GIVEN}
    name = (".".join(path) + "()").replace(".__enter__", "().__enter__")
    return as_it_ran(frame, frame.f_lineno, name, needed, values)


def as_it_ran(frame, number, name, needed, values):
    """Note the statement at a line of a frame, with the values of the locals that it needs."""
    file, lines = frame.f_code.co_filename, (number,)
    packed = packed_of(values, needed)
    if packed is None or any(is_library_s(values[each]) for each in needed):
        made = makers(file, number, needed)
        rest = packed_of(values, made[1] & set(values)) if made else None
        if rest is not None:
            lines, packed = tuple(made[0]) + lines, rest
    if packed is None:
        return None
    return name, frame.f_globals["__name__"], lines, packed, "%s:%d" % (file, number)


@harmless
def settings_in(frame):
    """Give the statements by which a function that goes on has set a part of a library's object.

    Also those that call a function of ctypes: of these a profile function is told nothing.
    """
    if not is_ours(frame):
        return []
    found = []
    for node in before(frame.f_code.co_filename, frame.f_lineno):
        setting, call = setting_in(node), getattr(node, "value", None)
        if setting is not None and is_of_library(frame, sets_part(setting)):
            name = " ".join(text_of(setting).split())
        elif setting is None and is_of_ctypes(frame, dotted(getattr(call, "func", None))):
            name = ".".join(dotted(call.func)) + "()"
        else:
            continue
        needed = names_in(node) & set(frame.f_locals)
        found.append(as_it_ran(frame, node.lineno, name, needed, frame.f_locals))
    return [each for each in found if each]


def is_of_ctypes(frame, path):
    value = found_in(frame, path[0]) if path else None
    for name in path[1:]:
        value = getattr(value, "__dict__", {}).get(name)
    return any(each.__module__ == "_ctypes" for each in type(value).__mro__)


def is_of_library(frame, node):
    """Tell whether what a name leads to is a library's object, or a part of one."""
    path = dotted(node)
    value = found_in(frame, path[0]) if path else None
    for name in path[1:]:
        if is_library_s(value) or is_of_package(getattr(value, "__file__", None) or ""):
            return True
        value = getattr(value, "__dict__", {}).get(name)
    return is_library_s(value)


def text_of(node):
    """Give a statement as text, or, if it is long or Python is old, what it sets."""
    import ast

    target = getattr(node, "target", None) or node.targets[0]
    text = ast.unparse(node) if hasattr(ast, "unparse") else ""
    return text if 0 < len(text) < 60 else ".".join(dotted(target.value)) + " = ..."


def packed_of(values, names):
    return pickled({
        name: values[name] for name in names
        if type(values[name]) not in (FUNCTION, type(os), type)
    })


def is_library_s(value):
    """Tell whether an object is a library's: a copy of it need not be what the library knows."""
    module = sys.modules.get(type(value).__module__)
    return is_of_package(getattr(module, "__file__", None) or "")


def leave(line):
    """Forget the context that was entered at a line: it is over before a process is started."""
    calls[:] = [e for e in calls if e[4] != line or not e[0].endswith(".__enter__()")]


ACTS = {
    "builtins": (), "posix": (), "nt": (), "_io": ("reconfigure",), "time": ("tzset",),
    "_thread": (), "_socket": ("setdefaulttimeout",), "_posixsubprocess": (), "_winapi": (),
    "_multiprocessing": (), "_posixshmem": (),
}
"""Modules of functions that do something with the world outside the interpreter, but for some."""

DOES = {
    "asyncio", "bz2", "concurrent", "dbm", "gzip", "http", "logging", "lzma", "multiprocessing", "os",
    "shelve", "shutil", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "tarfile",
    "tempfile", "threading", "unittest", "zipfile",
}
"""Packages whose functions in Python do something with the world, or have an aspect of their own."""


def arguments(code, values):
    """Give what a function was called with, as its first line finds it."""
    names = list(code.co_varnames)
    first = code.co_argcount + code.co_kwonlyargcount
    args = tuple(values[each] for each in names[: code.co_argcount])
    kwargs = {each: values[each] for each in names[code.co_argcount : first]}
    if code.co_flags & VARARGS:
        args += values[names[first]]
        first += 1
    if code.co_flags & VARKEYWORDS:
        kwargs.update(values[names[first]])
    return args, kwargs


def found(frame, args):
    """Find a function by its name in its module, or a method by the way to what it is one of."""
    code = frame.f_code
    for name, value in list(frame.f_globals.items()):
        if type(value) is FUNCTION and value.__code__ is code:
            return frame.f_globals["__name__"], (name,), args
    if args and is_method(code, args[0]):
        for module, path, value in owners():
            if value is args[0]:
                return module, path + (code.co_name,), args[1:]
    return "", (), args


def is_method(code, owner):
    kind = owner if isinstance(owner, type) else type(owner)
    method = getattr(kind, code.co_name, None)
    return getattr(getattr(method, "__func__", method), "__code__", None) is code


def owners():
    """Give what modules' globals are, and what these have: (module, names, value), main's last."""
    modules = sorted(own_modules(), key=lambda each: each[0] in inject.MAIN)
    for module, owner in modules:
        for name, value in list(vars(owner).items()):
            yield module, (name,), value
            if type(value) is not type(os):
                for key, each in list(getattr(value, "__dict__", {}).items()):
                    yield module, (name, key), each
