"""Calls that only the parent makes, of functions that set something up, made in its children too.

Noted are those that are over when the first process is started, and whose caller goes on: what
main() does before it. That is calls of the program's own functions, and those of a library's that
change a global of their module. A child makes them again once it has imported the main module.
"""

import os
import sys
import time

from startlab_aspects import FUNCTION, harmless, inject, module_of, note, own_modules

MOST_CALLS = 200
MOST_LOOKS = 20  # calls of a library's function that change nothing
LONGEST_S = 2.0  # a call that takes longer is not made again
NO_CALL = 0x20 | 0x80 | 0x100 | 0x200  # a generator's or coroutine's code: it is not run by a call
VARARGS, VARKEYWORDS = 0x04, 0x08

calls = []  # that are over: name, module, path, pickled arguments, line, frame of the caller
begun = {}  # by the frame of each call that is not over: the same, when it began, and the globals
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
            noted = begins(frame)
            if noted:
                begun[frame] = noted
    elif event == "return" and frame in begun:
        started, before, call = begun.pop(frame)
        sets_up = before is None or before != contents(frame)
        if not sets_up:
            looks[frame.f_code] = looks.get(frame.f_code, 0) + 1
        elif time.time() - started < LONGEST_S:
            calls.append(call)


def contents(frame):
    """Give what the globals of a function's module are: which objects, and how much they hold."""
    return [
        (name, id(value), len(value) if isinstance(value, (dict, list, set)) else 0)
        for name, value in list(frame.f_globals.items())
    ]


@harmless
def begins(frame):
    import pickle

    code = frame.f_code
    if code.co_flags & NO_CALL or len(calls) >= MOST_CALLS or looks.get(code, 0) >= MOST_LOOKS:
        return None
    args, kwargs = arguments(code, frame.f_locals)
    module, path, args = found(frame, args)
    if not path:
        return None
    name = ".".join(path if module in inject.MAIN else (module,) + path) + "()"
    line = "%s:%d" % (frame.f_back.f_code.co_filename, frame.f_back.f_lineno)
    packed = pickle.dumps((args, kwargs))
    before = None if is_ours(frame) else contents(frame)
    return time.time(), before, (name, module, path, packed, line, frame.f_back)


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


def pack_calls(*names):
    """Give the calls that are over whose callers are not; of some names, if there are any."""
    sys.setprofile(None)
    frame, active = sys._getframe(1), set()
    while frame is not None:
        active.add(frame)
        frame = frame.f_back
    if not frozen:
        frozen.append([call[:5] for call in calls if call[5] in active])
        del calls[:]
        begun.clear()
    return [call for call in frozen[0] if not names or call[0] in names]


frozen = []  # the calls before the first start


@harmless
def call_again(made):
    """Make a call in a child, without what it prints."""
    import pickle

    name, module, path, packed, line = made
    if module not in inject.MAIN:
        __import__(module)
    function = vars(module_of(module))[path[0]]
    for each in path[1:]:
        function = getattr(function, each)
    args, kwargs = pickle.loads(packed)
    note("call", name, line)
    printed = sys.stdout
    with open(os.devnull, "w") as sys.stdout:
        try:
            function(*args, **kwargs)
        finally:
            sys.stdout = printed
