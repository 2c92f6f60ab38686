"""What a program keeps for one thread: a child's own thread is another one. Python 3."""

import gc
import sys

from startlab_aspects import harmless, inject, module_of, namespaces, note
from startlab_calls import owners


def locals_of_threads():
    """Give what threads have set in each thread-local of the program's: (module, names, fields)."""
    kind = sys.modules["_thread"]._local
    return [
        (module, path, fields_in(value))
        for module, path, value in owners()
        if isinstance(value, kind)
    ]


def fields_in(local):
    """Give the fields of a thread-local for any thread, this one's before those of others.

    It keeps one dictionary for each thread, in another one by objects that stand for the threads.
    """
    found = dict(vars(local))
    for of_threads in gc.get_referents(local):
        for thread, fields in list(of_threads.items()) if type(of_threads) is dict else ():
            if type(thread) is not str and type(fields) is dict:
                for name, value in fields.items():
                    found.setdefault(name, value)
    return found


@harmless
def set_locals(found):
    """Give this thread what other ones have, where it has nothing of that name."""
    for module, path, fields in found:
        if module not in inject.MAIN:
            __import__(module)
        value = namespaces(module_of(module))[-1][path[0]]
        for name in path[1:]:
            value = getattr(value, name)
        own = vars(value)
        lacking = {name: each for name, each in fields.items() if name not in own}
        if lacking:
            own.update(lacking)
            note("local", ".".join(path if module in inject.MAIN else (module,) + path))


kept = []  # of the process that forks


@harmless
def keep_locals():
    kept[:] = locals_of_threads()


@harmless
def set_kept_locals():
    set_locals(kept)


@harmless
def forget_locals(*only):
    """Have a forked child begin as a new thread does: without what the one that forked it keeps."""
    for name, local in thread_locals():
        if (not only or name in only) and forget(local):
            note("of the forking thread", name)


def thread_locals():
    """Give the thread-locals that there are, the program's and libraries', with their names."""
    kind = sys.modules["_thread"]._local
    kept = {id(each): each for each in gc.get_objects() if kind in type(each).__mro__}
    return list(named(kept))


def forget(local):
    """Make a thread-local new in this thread, the only one that there is: was it used in it?"""
    if sys.version_info >= (3, 13):  # it keeps a dictionary for each thread, by a key
        found = [each for each in gc.get_referents(local) if type(each) is dict]
        found = [each for each in found if each and not any(type(key) is str for key in each)]
        for of_threads in found:
            of_threads.clear()
        return bool(found)
    import ctypes  # a thread keeps its own ones, by their addresses, where only C gets at them

    ctypes.pythonapi.PyThreadState_GetDict.restype = ctypes.c_void_p
    own = ctypes.cast(ctypes.pythonapi.PyThreadState_GetDict(), ctypes.py_object).value
    return own.pop("thread.local.0x%x" % id(local), None) is not None


def named(kept):
    """Give thread-locals with their names: those of the program's, then those of libraries."""
    left = dict(kept)
    for module, path, value in owners():
        if left.pop(id(value), None) is not None:
            yield ".".join(path if module in inject.MAIN else (module,) + path), value
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        for key, value in list(vars(module).items()):
            if left.pop(id(value), None) is not None and not inject.is_stdlib(file):
                yield "%s.%s" % (name.partition(".")[0], key), value
    for local in left.values():
        package = type(local).__module__.partition(".")[0]
        yield "%s.%s" % (package, type(local).__name__), local


@harmless
def leave_executor():
    """Have a child that an executor's thread forks not join that thread, itself, at its exit."""
    executors = sys.modules.get("concurrent.futures.thread")
    if executors is not None:
        own = sys.modules["threading"].current_thread()
        if executors._threads_queues.pop(own, None) is not None:
            note("executor thread", own.name, inject.user_line(sys._getframe(1)))
