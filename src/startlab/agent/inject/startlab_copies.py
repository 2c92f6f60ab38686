"""What children change of their own copies, and its way back to the parent."""

import os
import sys

from startlab_aspects import FUNCTION, harmless, inject, module_of, namespaces, note, own_modules


PLAIN = (type(None), bool, int, float, str, bytes)

FEW = 2000  # items of what is looked at

GIVEN = (0, 1, 4)  # the ways that begin at what a child was given


def slots(process):
    """Give what a child has a copy of, as (way to it, value): its process, arguments, globals.

    Of a class of the program's own these are its fields, such as a counter. And what its target is
    a method of.
    """
    roots = [((0, i), each) for i, each in enumerate(process._args)]
    roots += [((1, key), each) for key, each in process._kwargs.items()]
    roots += [((2, key), each) for key, each in vars(process).items() if key[0] != "_"]
    if hasattr(process._target, "__self__"):
        roots.append(((4, "__self__"), process._target.__self__))
    for name, module in own_modules():
        name = "" if name in inject.MAIN else name
        for key, each in list(namespaces(module)[-1].items()):
            if type(each) is type and each.__module__ == module.__name__:
                fields = list(vars(each).items())
                roots += [((3, name, key, k), v) for k, v in fields if k[:2] != "__"]
            elif key[:2] != "__" and type(each) not in (FUNCTION, type, type(os)):
                roots.append(((3, name, key), each))
    for way, value in roots:
        yield way, value
        if type(value).__module__ not in ("builtins", "__mp_main__") and of_program(value):
            for key, each in list(vars(value).items()):
                yield way + (key,), each


def of_program(value):
    file = file_of(value)
    return file is not None and not inject.is_library(file) and hasattr(value, "__dict__")


def of_package(value):
    """Tell whether a value is an object of a library's, that may keep what a child does to it."""
    file = file_of(value)
    return file is not None and "-packages" in file and hasattr(value, "__dict__")


def file_of(value):
    file = getattr(sys.modules.get(type(value).__module__), "__file__", None)
    return file if isinstance(file, str) and not isinstance(value, type) else None


def copied(way, value):
    """Give a value as it is now, to be compared later; None for what is not looked at.

    What a child was given of a library's is compared as it is pickled.
    """
    if type(value) in PLAIN:
        return (value,)
    if type(value) in (list, dict, set) and len(value) < FEW:
        return type(value)(value)
    if type(value).__name__ == "count" and type(value).__module__ == "itertools":
        return (repr(value),)
    if way[0] in GIVEN and of_package(value):
        import pickle

        try:
            return pickle.dumps(value)
        except Exception:
            return None
    return None


had = {}


@harmless
def look_at_slots():
    process = sys.modules["multiprocessing.process"].current_process()
    had.clear()
    had.update((way, copied(way, value)) for way, value in slots(process))


def changed_slots(process):
    for way, value in slots(process):
        before, now = had.get(way, ()), copied(way, value)
        if now is not None and before != now and repr(before) != repr(now):
            yield way, before, now if type(now) is bytes else value


sent_back = []  # how many files this child has left for its parent


@harmless
def send_back():
    """Leave what this child has changed of its copies for its parent, beside the events."""
    dumps = sys.modules["multiprocessing.reduction"].ForkingPickler.dumps
    sent = []
    process = sys.modules["multiprocessing.process"].current_process()
    for way, before, value in changed_slots(process):
        try:
            sent.append((name_of(process, way), way, before, value))
            dumps(sent[-1])
        except Exception:
            sent.pop()
    if sent:
        path = "%s.back.%d.%d" % (inject.EVENTS, os.getpid(), len(sent_back))
        with open(path + "~", "wb") as file:
            file.write(dumps(sent))
        os.rename(path + "~", path)
        sent_back.append(path)
        look_at_slots()


@harmless
def take_back(process=None):
    """Put what children have changed into what the parent has: of one, or of a pool's workers."""
    import pickle

    folder, start = os.path.split(inject.EVENTS + ".back.")
    start += "%d." % process._popen.pid if process else ""
    for name in sorted(os.listdir(folder)):
        if not name.startswith(start) or name.endswith("~"):
            continue
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            sent = pickle.load(file)
        os.unlink(path)
        for name, way, before, value in sent:
            if process or way[0] == 3:
                note("written back", name)
                put_back(process, way, before, value)


def name_of(process, way):
    """Name what a child has changed as its own code does."""
    name = way[1]
    if way[0] == 0:  # an argument, by its place
        code = getattr(process._target, "__code__", None)
        first = 1 if hasattr(process._target, "__self__") else 0
        names = code.co_varnames[first:code.co_argcount] if code else ()
        name = names[name] if name < len(names) else "args[%d]" % name
    elif way[0] == 2:
        name = "self." + name
    elif way[0] == 4:
        name = "target." + name
    return ".".join(each for each in (name,) + way[2:] if each)


def put_back(process, way, before, value):
    owner = None
    if process:
        of_target = {"__self__": getattr(process._target, "__self__", None)}
        owner = (process._args, process._kwargs, vars(process), None, of_target)[way[0]]
    rest = list(way[1:])
    if way[0] == 3:
        owner = vars(module_of(rest.pop(0)))
    last = None
    while len(rest) > 1:
        last = owner[rest.pop(0)]
        owner = vars(last)
    old = owner[rest[0]] if isinstance(owner, tuple) else owner.get(rest[0])
    if type(old) is list and type(value) is list:
        old.extend(value[len(before or ()):])
    elif type(old) in (dict, set) and type(value) is type(old):
        old.update(value)
    elif way[0] in GIVEN and of_package(old):
        import pickle

        vars(old).update(vars(pickle.loads(value)))
    else:
        numbers = type(value) in (int, float) and before and type(old) in (int, float)
        value = old + value - before[0] if numbers else value
        if isinstance(owner, dict):
            owner[rest[0]] = value
        elif type(last) is type:
            setattr(last, rest[0], value)


def watch_join(process):
    """See where a child's end is waited for: then what it has changed is there."""
    start, join = process.BaseProcess.start, process.BaseProcess.join

    def start_(self):
        self._startlab = [self._target, self._args, self._kwargs]  # start() drops them
        return start(self)

    def join_(self, timeout=None):
        result = join(self, timeout)
        given = self.__dict__.get("_startlab")
        if given and self._popen is not None and self._popen.returncode is not None:
            self._target, self._args, self._kwargs = given
            take_back(self)
        return result

    process.BaseProcess.start, process.BaseProcess.join = start_, join_


def watch_results(queues):
    """Send back what a pool's worker has changed before each of its results."""
    put = queues.SimpleQueue.put

    def put_(self, item):
        send_back()
        return put(self, item)

    queues.SimpleQueue.put = put_


def watch_pool_results(pool):
    for kind in (pool.ApplyResult, pool.MapResult, pool.IMapIterator):
        take_before(kind, "_set")


def watch_futures(base):
    take_before(base.Future, "set_result")


def take_before(kind, name):
    function = vars(kind)[name]

    def taken(self, *args):
        take_back()
        return function(self, *args)

    setattr(kind, name, taken)


def trace_child():
    """Follow a child line by line, and tell after which line of its own a copy was another."""
    process = sys.modules["multiprocessing.process"].current_process()
    state = {"last": ""}

    def line(frame, event, arg):
        try:
            found = [name_of(process, way) for way, _, _ in changed_slots(process)]
        except Exception:
            found = []
        if found:
            note("line", found[0], state["last"])
            sys.settrace(None)
            return None
        if event == "return":  # what comes then is done by the line that has called
            frame = frame.f_back
            while frame is not None and inject.is_library(frame.f_code.co_filename):
                frame = frame.f_back
        if frame is not None:
            state["last"] = "%s:%d" % (frame.f_code.co_filename, frame.f_lineno)
        return line

    def call(frame, event, arg):
        return None if inject.is_library(frame.f_code.co_filename) else line

    sys.settrace(call)
