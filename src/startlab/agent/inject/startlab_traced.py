"""The line that makes the difference: the first process is followed until an aspect is another."""

import os
import sys

from startlab_aspects import ASPECTS, FUNCTION, inject, module_of, resolve, tell
from startlab_carried import pack_global
from startlab_forked import caches, results_in
from startlab_registries import REGISTRIES, registered
from startlab_threads import locals_of_threads, thread_locals
from startlab_values import code_of, text_of


def trace():
    """Follow the first process line by line, and tell after which line an aspect was another.

    The interpreters that it starts know of no experiment: they have lines of their own.
    """
    words = [aspect[1:] for aspect in ASPECTS if aspect[0] == "trace"][0]
    del os.environ["STARTLAB_EXPERIMENT"]
    follower = Follower(LOOKS[words[0]], words[1:])
    inject.PATCHES["multiprocessing.process"] = [
        *inject.PATCHES.get("multiprocessing.process", []), follower.watch_start
    ]
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=follower.tell_changes)
    if follower.look is look_at_locals:
        import threading

        threading.settrace(follower.call)
    sys.settrace(follower.call)


class Follower(object):
    """Looks at an aspect after each line of the program's.

    What is changed once the last child was started, like what is put back, made no difference to
    one. A handler of SIGCHLD does, whenever it is set. Of the changes before a start the last one
    counts: the others may be of what was for an earlier child.
    """

    def __init__(self, look, words):
        self.look, self.words = look, words
        self.value = look(*words)
        self.last = self.file = ""
        self.changes = []
        self.first = os.getpid()

    def tell_changes(self):
        if os.getpid() == self.first:
            running = set(lines_of(sys._getframe(1)))
            for number, (place, last) in enumerate(self.changes, 1):
                what = "last line" if number == len(self.changes) else "line"
                # A call that starts the child, too, tells less than the line within it.
                tell("noted", what, "" if place in running else place, last)
            del self.changes[:]

    def watch_start(self, process):
        start = process.BaseProcess.start

        def start_(process_):
            self.tell_changes()
            return start(process_)

        start_.__name__ = start_.__qualname__ = "start"
        process.BaseProcess.start = start_

    def call(self, frame, event, arg):
        if not is_own(frame.f_code.co_filename):
            return None
        outer = frame.f_back
        if outer is not None and not is_own(outer.f_code.co_filename) and (
            is_decorated(frame.f_code) or not is_within_program(outer)
        ):
            # What a library has done before it calls a function is by what decorates that.
            by = "%s:%d" % (frame.f_code.co_filename, frame.f_code.co_firstlineno)
            self.line(frame, event, arg, by)
        return self.line

    def line(self, frame, event, arg, by=""):
        if os.getpid() != self.first:
            return self.line
        if event == "return" and self.look is look_at_caches:
            as_returned.setdefault(id(arg), text_of(arg))
        try:
            value = self.look(*self.words)
        except Exception:
            value = None
        if value != self.value:
            self.value = value
            self.changes.append((self.caller(frame), by or self.last))
        if event == "return":  # what comes then is done by the line that has called
            frame = frame.f_back
            while frame is not None and not is_own(frame.f_code.co_filename):
                frame = frame.f_back  # as through what imports a module
        if frame is not None and is_own(frame.f_code.co_filename):
            self.file = frame.f_code.co_filename
            self.last = "%s:%d" % (self.file, frame.f_lineno)
        return self.line

    def caller(self, frame):
        """Find the call that led to another file, or into the function that keeps what is changed."""
        codes = keepers_of(self.words) if self.look is look_at_globals else ()
        return caller(frame, "" if frame.f_code in codes else self.file, codes)


def lines_of(frame):
    """Give the lines that a thread is at, of a function and of what has called it."""
    while frame is not None:
        yield "%s:%d" % (frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back


def keepers_of(names):
    """Give the code of what keeps something by one of some names: a function, or one's wrapper."""
    codes = []
    for name in names:
        try:
            owner = pack_global(name.rpartition(".")[0])[2]
        except (KeyError, TypeError):  # it is a global of a module
            continue
        owner = getattr(owner, "__func__", owner)
        if code_of(owner, name.split(".")[-2]) is not None:
            methods = [owner] if type(owner) is FUNCTION else list(vars(type(owner)).values())
            codes += [each.__code__ for each in methods if type(each) is FUNCTION]
    return codes


def is_own(file):
    """Tell whether a file is the program's: what a library has made from a string is no file."""
    return not file.startswith("<") and not inject.is_library(file)


def caller(frame, file, codes=()):
    """Find the call that led to a file, in another file of the program, or into some code."""
    while frame is not None:
        place = frame.f_code.co_filename
        if place != file and frame.f_code not in codes and is_own(place):
            return "%s:%d" % (place, frame.f_lineno)
        frame = frame.f_back
    return ""


def is_decorated(code):
    """Tell whether the first line of a function is a decorator's."""
    import linecache

    return linecache.getline(code.co_filename, code.co_firstlineno).lstrip().startswith("@")


def is_within_program(frame):
    """Tell whether a function of the program's has called, maybe through others, what runs."""
    while frame is not None:
        if is_own(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


def look_at_globals(*names):
    found = []
    for name in names:
        try:
            value = pack_global(name)[2]
            is_mock = type(value).__module__ == "unittest.mock"  # which changes as it is called
            found.append(id(value) if is_mock else text_of(value) or id(value))
        except (KeyError, TypeError):
            found.append(None)
    return found


def look_at_registries(*names):
    codecs = len(registered["codec"]), len(registered["codec error"])
    return [codecs if name == "codecs" else repr(REGISTRIES[name][0]()) for name in names]


def look_at_handlers(*names):
    signal = sys.modules.get("_signal")
    if signal is None or "signal" not in sys.modules:
        return None
    found = [id(signal.getsignal(number)) for number in range(1, 32)]
    fd = signal.set_wakeup_fd(-1)
    if fd != -1:
        signal.set_wakeup_fd(fd)
    return found, fd


modules_seen = {}


def look_at_imports(*names):
    if len(sys.modules) not in modules_seen:
        modules_seen.clear()
        modules_seen[len(sys.modules)] = [name for name in names if name in sys.modules]
    return modules_seen[len(sys.modules)]


def look_at_attributes(*names):
    found = []
    for each in names:
        module, path = resolve(each)
        found.append(path[0] in vars(module_of(module)))
    return found


def look_at_contexts(*names):
    from _contextvars import copy_context  # a library in C needs no module for them

    here = copy_context()
    return [id(here[each]) for each in here if each.name in names]


def look_at_locals(*names):
    return [
        (path, sorted(fields), list(map(id, fields.values())))
        for _, path, fields in locals_of_threads()
    ]


kept_by_name = {}


def look_at_forking_thread(*names):
    """Tell what the thread that runs keeps in thread-locals, of libraries too, by their names."""
    if len(sys.modules) != kept_by_name.get(""):
        kept_by_name.update(thread_locals())
        kept_by_name[""] = len(sys.modules)
    for name in names:  # a module makes its own after its imports
        module, path = resolve(name)
        if name not in kept_by_name and len(path) == 1 and path[0] in vars(module_of(module)):
            kept_by_name[name] = vars(module_of(module))[path[0]]
    found = [vars(kept_by_name[each]) for each in names if each in kept_by_name]
    return [
        (name, id(value), len(value) if type(value) in (dict, list, set) else 0)
        for fields in found for name, value in sorted(fields.items())
    ]  # fmt: skip


def look_at_variables(*names):
    return [os.environ.get(each) for each in names]


as_returned = {}  # by the ids of what functions have returned: what it was like


def look_at_caches(*names):
    """Tell which of the results that functions have cached have been changed since."""
    changed = []
    for name, cache in caches():
        for each in results_in(cache) if name in names else ():
            text = text_of(each)
            if as_returned.get(id(each), text) != text:
                changed.append(text)
    return changed


def look_at_files(*names):
    """Tell which of some files are open, by Python or by a library of machine code."""
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.append(os.path.basename(os.readlink("/proc/self/fd/" + fd)))
        except OSError:  # the descriptor of the folder itself
            pass
    return sorted(name for name in found if name in names)


LOOKS = {
    "positions": look_at_files,
    "contexts": look_at_contexts,
    "caches": look_at_caches,
    "folder": lambda *names: os.getcwd(),
    "thread locals": look_at_locals,
    "forking thread": look_at_forking_thread,
    "attributes": look_at_attributes,
    "imports": look_at_imports,
    "global": look_at_globals,
    "registry": look_at_registries,
    "path text": lambda *names: [repr(each) for each in sys.path if type(each).__name__ in names],
    "modules": lambda *names: (tuple(sys.path), look_at_imports(*names)),
    "environ": look_at_variables,
    "first environ": look_at_variables,
    "first argv": lambda *names: list(sys.argv),
    "signal handlers": look_at_handlers,
}
