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
