"""What the parent changes after it has started a child, given to that child too. Python 3.

It is sent as the parent waits for the child's end: in a file that the child is told of by a signal
which does nothing to a process that does not handle it. Not by SIGURG or SIGIO: a process that
handles these may be woken by a descriptor, and no hang of it could be proven.
"""

import os
import sys

from startlab_aspects import harmless, inject, note
from startlab_carried import give_global, set_global
from startlab_state import the_program
from startlab_values import text_of

then = {}  # by the ids of processes: what the globals were when each was started


def state_of_program():
    """Give what the globals are that the program's functions mention."""
    return {
        place + name: text_of(value) or id(value) for place, name, value in the_program().globals()
    }


def watch_changes(process):
    start, join = process.BaseProcess.start, process.BaseProcess.join

    def start_(self):
        keep(self)
        return start(self)

    def join_(self, timeout=None):
        send(self)
        return join(self, timeout)

    start_.__name__ = start_.__qualname__ = "start"
    join_.__name__ = join_.__qualname__ = "join"
    process.BaseProcess.start, process.BaseProcess.join = start_, join_


@harmless
def keep(child):
    then[id(child)] = state_of_program()


@harmless
def send(child):
    import signal

    before = then.pop(id(child), None)
    changed = [] if before is None else [
        name for name, value in state_of_program().items() if before.get(name) != value
    ]
    if changed:
        dumps = sys.modules["multiprocessing.reduction"].ForkingPickler.dumps
        path = file_of(child.pid)
        with open(path + "~", "wb") as file:
            file.write(dumps([(name, give_global(name)) for name in changed]))
        os.rename(path + "~", path)
        os.kill(child.pid, signal.SIGWINCH)


@harmless
def receive_changes():
    """Take in a child what has been sent already, and what will be."""
    import signal

    signal.signal(signal.SIGWINCH, receive)
    receive()


@harmless
def receive(*args):
    import pickle

    path = file_of(os.getpid())
    if os.path.exists(path):
        with open(path, "rb") as file:
            changed = pickle.load(file)
        os.remove(path)
        for name, packed in changed:
            set_global(packed, name)
            note("sent later", name)


def file_of(pid):
    return "%s.later.%d" % (inject.EVENTS, pid)
