"""Children that are forked from the program as it was before a line of it: before its threads.

When the first process comes to that line it is forked, and the copy is the fork server of all
children that are started from then on. They have what the program had made by then, and nothing
that came later: as if it had started them before. What each child is given is pickled.
"""

import os
import sys

from startlab_aspects import harmless, inject, note

MOST_LINES = 2000000
MOST_LOOKS = 20000  # lines after which threads are counted
OFTEN = 20  # a line that has run more often is looked at each time that the number doubles
MOST_GROWTHS = 5


def note_growths():
    """Note where the first process gets more threads, until it starts another process.

    Each line comes with those that led to it: they are named by the growth's number and by how far
    out they are, `1.0`, `1.1`, `2.0`.
    """
    del os.environ["STARTLAB_EXPERIMENT"]  # the interpreters that it starts are none of this
    state = {"lines": [], "threads": count(), "looks": 0, "growths": 0}
    times = {}

    def line(frame, event, arg):
        place = frame.f_code, frame.f_lineno
        seen = times[place] = times.get(place, 0) + 1
        if seen > OFTEN and seen & seen - 1:
            if seen < MOST_LINES:
                return line
            sys.settrace(None)
            return None
        threads = count()
        state["looks"] += 1
        if has_children() or state["looks"] > MOST_LOOKS or state["growths"] == MOST_GROWTHS:
            sys.settrace(None)
            return None
        if threads > state["threads"] and state["lines"]:
            state["growths"] += 1
            for depth, place in enumerate(state["lines"]):
                note("began", "%d.%d" % (state["growths"], depth), place)
        state["threads"] = threads
        state["lines"] = own_lines(frame)
        return line

    sys.settrace(lambda frame, event, arg: line if is_own(frame) else None)


def count():
    return len(os.listdir("/proc/self/task"))


def has_children():
    process = sys.modules.get("multiprocessing.process")
    return bool(getattr(process, "_children", ()))


def own_lines(frame):
    lines = []
    while frame is not None:
        if is_own(frame):
            lines.append("%s:%d" % (frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return lines


def is_own(frame):
    file = frame.f_code.co_filename
    return not file.startswith("<") and not inject.is_library(file)


def fork_at(place):
    """Fork the first process before it runs `file:line` for the first time."""
    del os.environ["STARTLAB_EXPERIMENT"]
    file, _, number = place.rpartition(":")

    def line(frame, event, arg):
        if event == "line" and frame.f_lineno == int(number):
            sys.settrace(None)
            note("earlier", place, inject.own_line(frame))
            start_server()
            return None
        return line

    def call(frame, event, arg):
        code = frame.f_code.co_filename
        return line if code == file or code.endswith("/" + file) else None

    sys.settrace(call)


@harmless
def start_server():
    """Have a copy of this process where multiprocessing would run a new interpreter."""
    from multiprocessing import context, forkserver, spawn

    def run(exe, args, kept):
        parents = opened() - before - set(kept)  # its ends: the server is to see them closed
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            try:
                for fd in parents:
                    os.close(fd)
                spawn._fixup_main_from_path = spawn._fixup_main_from_name = lambda name: None
                exec(args[-1], {})
            finally:
                os._exit(0)
        return pid

    before = opened()
    usual = forkserver.util.spawnv_passfds
    forkserver.util.spawnv_passfds = run
    try:
        forkserver.set_forkserver_preload([])
        forkserver.ensure_running()
    finally:
        forkserver.util.spawnv_passfds = usual
    contexts = context._concrete_contexts
    contexts["fork"] = contexts["forkserver"]  # for a program that chooses fork itself


def opened():
    listed = {int(name) for name in os.listdir("/proc/self/fd")}
    return {fd for fd in listed if os.path.exists("/proc/self/fd/%d" % fd)}  # not the folder's own
