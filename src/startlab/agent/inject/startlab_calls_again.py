"""Calls that only the parent has made, made again in a child once it has imported the main module.

Python 3.
"""

import contextlib
import os
import sys

from startlab_aspects import harmless, inject, module_of, namespaces, note
from startlab_calls import ByName, begun, calls, settings_in
from startlab_statements import GIVEN, as_given, at_line, before
from startlab_undone import callers

frozen = []  # the calls before the first start
given = []  # with what calls were made again: they may have kept weak references to that alone


def pack_calls(*names):
    """Give the calls that are over whose callers are not; of some names, if there are any."""
    sys.setprofile(None)
    if not frozen:
        active = callers()
        settings = [each for frame in active - {None} for each in settings_in(frame) or ()]
        frozen.append([call[:5] for call in calls if call[5] in active] + settings)
        del calls[:]
        begun.clear()
    return [call for call in frozen[0] if not names or call[0] in names]


def call_in_parent(*names):
    """Make calls once more in the process that has made them, before it starts another one."""
    if not frozen:
        for each in pack_calls(*names):
            call_again(each)


@harmless
def call_again(made):
    """Make a call in a child, or run the statement that it was, without what a call prints."""
    name, module, path, packed, line = made
    if module not in inject.MAIN:
        __import__(module)
    if type(path[0]) is int:
        run_again(module_of(module), path, name, line, packed)
        return
    note("call", name, line)
    import pickle

    function = lead(module, path)
    args, kwargs = pickle.loads(packed)
    args = [led(each) for each in args]
    kwargs = {key: led(each) for key, each in kwargs.items()}
    given.append((args, kwargs))
    sys.stdout.flush()
    with printing_nothing(sys.stdout.fileno()):
        function(*args, **kwargs)
        sys.stdout.flush()


@contextlib.contextmanager
def printing_nothing(descriptor):
    """Have a descriptor lead to nothing: who keeps sys.stdout meanwhile keeps what it is later."""
    kept, nothing = os.dup(descriptor), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    try:
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)
        os.close(nothing)


def led(value):
    return lead(*value) if type(value) is ByName else value


def lead(module, path):
    """Give what a module's global is, or a part of it."""
    if module not in inject.MAIN:
        __import__(module)
    found = vars(module_of(module))[path[0]]
    for each in path[1:]:
        found = getattr(found, each)
    return found


def run_again(module, lines, name, where, packed):
    """Run statements, the last of which tells, as in the function that they are of."""
    import ast
    import pickle

    file = where.rpartition(":")[0]
    makes = {node.lineno: node for node in before(file, lines[-1])}
    values = pickle.loads(packed)
    call = at_line(file, lines[-1])
    note("call" if isinstance(call, ast.Expr) else "set", name, where)
    nodes = [makes[line] for line in lines[:-1]] + [as_given(call) if GIVEN in values else call]
    exec(compile(ast.Module(nodes, []), file, "exec"), namespaces(module)[-1], values)
