"""What can only be seen inside a program, and may explain its outcome: reported as events.

sitecustomize.py runs each of `PATCHES` after the body of its module, so that nothing is imported
that the program does not import. It only observes and changes nothing: no code of the program is
called (no repr, no pickling, no property of its classes), errors in here are dropped, and no frame
of this file is on the stack when code of the program runs. Python 3.
"""

import builtins
import gc
import os
import sys

from startlab_settings import SETTINGS

inject = sys.modules["startlab_inject"]
tell = inject.tell
user_line = inject.user_line

MOST = 50  # events of each kind per process
LONGEST = 160  # characters of a value
environ = dict(os.environ)  # as this interpreter found it
left = {}


def harmless(function):
    """Drop whatever goes wrong, and stop after `MOST` calls in this process."""

    def call(*args):
        try:
            key = os.getpid(), function.__name__
            left[key] = left.get(key, MOST) - 1
            if left[key] >= 0:
                function(*args)
        except Exception:
            pass

    return call


def importing_main():
    """Return whether this process is a child, or a fork server, that is running the main module."""
    process = sys.modules["multiprocessing.process"]
    return getattr(process.current_process(), "_inheriting", False)


# --- the start method ---------------------------------------------------------------------------


def watch_context(context):
    """See where the program itself chooses a start method."""

    def get(self):
        return self.__dict__["_actual_context"]

    def set(self, value):
        self.__dict__["_actual_context"] = value
        if value is not None and sys._getframe(1).f_code.co_name == "set_start_method":
            pinned(value._name, "set_start_method", sys._getframe(2))

    default = context._default_context
    if "_actual_context" in default.__dict__:
        type(default)._actual_context = property(get, set)
    for each in context._concrete_contexts.values():
        # Of the class: what is set on the context itself goes with it when it is pickled.
        type(each)._check_available = seen(type(each)._check_available)


def seen(check_available):
    def _check_available(self):
        check_available(self)
        caller = sys._getframe(2)  # of get_context(METHOD), whose super() may have called it
        if caller.f_code.co_name == "get_context":
            caller = caller.f_back
        if caller.f_code.co_name != "set_start_method":
            pinned(self._name, "get_context", caller)

    return _check_available


@harmless
def pinned(method, by, frame):
    # The program has not chosen what the standard library gets, or a child is given.
    if not inject.is_stdlib(frame.f_code.co_filename) and not importing_main():
        tell("pinned", method, by, user_line(frame))


# --- what is shared -----------------------------------------------------------------------------


def watch_shared(synchronize):
    """See where a semaphore is made: everything shared between processes has one."""
    make_methods = synchronize.SemLock._make_methods

    def _make_methods(self):
        make_methods(self)
        caller = sys._getframe(1)
        if caller.f_code.co_name == "__init__":  # else it comes from another process
            made(caller, self._semlock)

    synchronize.SemLock._make_methods = _make_methods


@harmless
def made(frame, semlock):
    context = getattr(frame.f_locals.get("ctx"), "_name", "")
    name = ""
    while frame is not None and inject.is_stdlib(frame.f_code.co_filename):
        name = frame.f_code.co_name
        if name == "__init__":
            name = type(frame.f_locals.get("self")).__name__
        frame = frame.f_back
    patched()
    importing = "importing" if importing_main() else ""
    semaphore = getattr(semlock, "name", None) or "%x" % semlock.handle  # fork's have no name
    tell("made", name, user_line(frame), context, importing, semaphore)


# --- starts that come too early, and what is registered too often -------------------------------


@harmless
def starting(frame):
    """Note that `Popen.__init__`, whose frame this is, is about to start a process."""
    process = frame.f_locals.get("process_obj")
    patched()
    if importing_main():
        tell("unguarded", user_line(frame))
    else:
        tell("state", getattr(process, "_name", ""), *state(the_program()))


def watch_spawn(spawn):
    """See, in a child, what the main module registers with atexit."""
    import atexit  # built in

    register = atexit.register

    def register_(func, *args, **kwargs):
        registered(func, sys._getframe(1))
        return register(func, *args, **kwargs)

    register_.__name__ = register_.__qualname__ = "register"
    atexit.register = register_


@harmless
def registered(function, frame):
    if importing_main() and not inject.is_stdlib(frame.f_code.co_filename):
        tell("exit handler", named(function), user_line(frame))


def watch_popen(popen):
    """See a signal that is sent to a child on purpose."""
    send_signal = getattr(popen.Popen, "_send_signal", None)
    if send_signal is None:
        return

    def _send_signal(self, number):
        sent(self, number, sys._getframe(1))
        return send_signal(self, number)

    popen.Popen._send_signal = _send_signal


@harmless
def sent(popen, number, frame):
    tell("signal sent", getattr(popen, "pid", ""), int(number), user_line(frame))


# --- what parent and child have in their globals ------------------------------------------------


def watch_begin(util):
    """See a child just before it runs its target: it logs that."""
    info = util.info

    def info_(message, *args, **kwargs):
        if message == "child process calling self.run()":
            begin()
        elif message == "error in queue thread: %s":  # when the process ends: nothing is printed
            dropped(sys._getframe(1), *args)
        elif str(message).startswith("process exiting with exitcode"):
            del inject.seen_to_come[:]  # what its end imports is nothing that a task has brought
            undrawn()
            unsent()
        return info(message, *args, **kwargs)

    info_.__name__ = info_.__qualname__ = "info"
    util.info = info_


@harmless
def begin():
    process = sys.modules["multiprocessing.process"].current_process()
    how = "inherited" if inject.inherited_main else "imported"
    behind[os.getpid()] = list(of_the_fork)
    if how == "inherited":
        still_open()
    program = the_program()
    states = began[os.getpid()] = dict(random_states(program))
    said = ["random\0%s\0%s" % each for each in states.items()]
    said += ["handler\0%s\0%s" % each for each in handlers()]
    if how == "inherited":
        said += ["open\0%s\0%s" % each for each in open_globals(program)]
    said += ["names\0\0" + " ".join(sorted(os.environ))]
    said += [functions_of(module) for module in program.modules]
    tell("begin", process._parent_pid, process._name, how, *(state(program, True) + said))
    inject.seen_to_come[:] = [came]


@harmless
def came(module):
    """See a module that a task, say, has brought into a child, as its import has made it."""
    program = Program()
    program.modules = [module]
    program.names.update(vars(module))
    found = [each for each in state(program) if each.startswith("global\0")]
    tell("came", *(found + [functions_of(module)]))


def functions_of(module):
    """Name a module and its own functions: a parent may have put others in their places."""
    names = [k for k, v in list(vars(module).items()) if type(v) is FUNCTION and v.__name__ == k]
    return "module\0%s\0%s" % (module.__name__, " ".join(names))


def state(program, whole=False):
    """Give what a child may find otherwise than its parent, each as `kind NUL name NUL value`.

    Values that were never set are included only with `whole`.
    """
    found = []
    for place, name, value in program.globals():
        text = text_of(value)
        if text is None and is_other(value, name):
            text = named(value)
        if text is not None:
            found.append("global\0%s%s\0%s" % (place, name, text))
    del found[:-200]
    logging = sys.modules.get("logging")
    if logging is not None:
        root = logging.root
        shown = "%s %s" % (
            logging.getLevelName(root.level),
            " ".join(type(each).__name__ for each in root.handlers) or "without a handler",
        )
        found.append("logging\0root\0" + shown)
    for settings_of in LOOKED_AT:
        try:
            for name, part, value, usual in settings_of(program):
                if whole or value != usual:
                    kind = "value" if usual is None else "setting"
                    found.append("%s\0%s %s\0%s" % (kind, name, part, value[:LONGEST]))
        except Exception:  # of a version that nobody has tried: the rest is told
            pass
    found.append("environment\0\0" + " ".join(sorted(set(os.environ).difference(environ))))
    return found


def is_other(value, name):
    """Return whether another function or class has replaced the one of that name, or is new."""
    if type(value) is MODULE or not isinstance(value, NOT_TOLD):
        return False
    return value.__name__ != name or "<locals>" in value.__qualname__


class Program(object):
    """The program's own modules, and the names that their functions and methods mention."""

    def __init__(self):
        self.modules = list(user_modules())[:100]
        self.names = set()
        for module in self.modules:
            for value in list(vars(module).values()):
                mention(value, self.names)

    def globals(self):
        """Return the globals that are mentioned, each as (module with a dot, name, value)."""
        names = self.names
        for module in self.modules:
            place = "" if module.__name__ in inject.MAIN else module.__name__ + "."
            for name, value in list(vars(module).items()):
                if name in names and not name.startswith("__"):
                    yield place, name, value
                    if is_class(value) and value.__module__ == module.__name__:
                        for key, each in list(vars(value).items()):  # it may hold settings
                            if key in names and not key.startswith("__"):
                                yield place + name + ".", key, each


libraries = {}  # whether the files of modules are a library's
looked_over = {}  # the program as last seen, by the number of modules and globals


def the_program():
    """Inspect the program, again only when it has grown: it costs a quarter of a millisecond."""
    sizes = [len(sys.modules)]
    for program in looked_over.values():
        sizes += [len(vars(module)) for module in program.modules]
    key = tuple(sizes)
    if key not in looked_over:
        looked_over.clear()
        program = Program()
        sizes[1:] = [len(vars(module)) for module in program.modules]
        looked_over[tuple(sizes)] = program
        return program
    return looked_over[key]


def user_modules():
    for name, module in list(sys.modules.items()):
        if name == "__mp_main__" or not isinstance(module, type(os)):
            continue
        file = vars(module).get("__file__")
        if name == "__main__" or (isinstance(file, str) and not of_library(file)):
            yield module


def of_library(file):
    if file not in libraries:
        libraries[file] = inject.is_library(file)
    return libraries[file]


def is_class(value):
    # Not isinstance(): that may call the value's own __class__. An Enum's members are not settings.
    return type(value) is type or type(value).__name__ == "ABCMeta"


def mention(value, names):
    """Add the names that a function or the methods of a class mention."""
    if type(value).__name__ == "_lru_cache_wrapper":
        value = vars(value).get("__wrapped__")
    if isinstance(value, type(mention)):
        add_names(value.__code__, names)
    elif is_class(value):
        for each in list(vars(value).values()):
            each = getattr(each, "__func__", each) if type(each) in WRAPPED else each
            if isinstance(each, type(mention)):
                add_names(each.__code__, names)


WRAPPED = (staticmethod, classmethod)


def add_names(code, names):
    names.update(code.co_names)
    for each in code.co_consts:
        if isinstance(each, type(code)):
            add_names(each, names)


# --- what the interpreter and its libraries are set to ------------------------------------------


def usually(name, value, part=""):
    """Give a setting with what the table says is usual: (key, part, value, usual)."""
    return name, part, value, SETTINGS[name].get("usual")


def of_interpreter(program):
    """Give settings that are a process's own, as `usually` does."""
    yield usually("sys.getrecursionlimit()", str(sys.getrecursionlimit()))
    yield usually("sys.getswitchinterval()", str(sys.getswitchinterval()))
    if hasattr(sys, "get_int_max_str_digits"):
        usual = sys.flags.int_max_str_digits
        usual = str(usual if usual >= 0 else sys.int_info.default_max_str_digits)
        yield "sys.get_int_max_str_digits()", "", str(sys.get_int_max_str_digits()), usual
    thread = sys.modules.get("_thread")
    if len(sys._current_frames()) == 1:  # reading it sets it to 0
        size = thread.stack_size()
        if size:
            thread.stack_size(size)
        shown = "%d bytes" % size if size else SETTINGS["threading.stack_size()"]["usual"]
        yield usually("threading.stack_size()", shown)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        kind = type(stream)
        shown = SETTINGS["sys.{0}"]["usual"]
        # What pytest captures by is no test's own doing.
        if kind.__name__ != "TextIOWrapper" and kind.__module__ != "_pytest.capture":
            file = getattr(sys.modules.get(kind.__module__), "__file__", None) or "-packages"
            own = "" if inject.is_library(file) else " of the program's"
            shown = "None" if stream is None else "a %s.%s%s" % (kind.__module__, kind.__name__, own)
        yield usually("sys.{0}", shown.replace("__mp_main__.", "").replace("__main__.", ""), name)
    added = sorted(each for each in vars(builtins) if each not in BUILTINS and each != "_")
    for name in added[:10]:
        shown = show(vars(builtins)[name], 1)
        shown = named(vars(builtins)[name]) if shown is None else shown
        yield usually("builtins.{0}", shown, name)


def of_libraries(program):
    decimal = sys.modules.get("decimal")
    if decimal is not None:
        context = decimal.getcontext()
        for name, usual in SETTINGS["decimal.getcontext().{0}"]["usual"].items():
            shown = getattr(context, name)
            if name == "traps":
                shown = " ".join(sorted(each.__name__ for each, on in shown.items() if on))
            yield "decimal.getcontext().{0}", name, str(shown), usual
    socket = sys.modules.get("_socket")
    if socket is not None:
        yield usually("socket.getdefaulttimeout()", str(socket.getdefaulttimeout()))
    locale = sys.modules.get("_locale")
    if "locale" in sys.modules and locale is not None:
        for name in ("LC_NUMERIC", "LC_COLLATE", "LC_TIME", "LC_MONETARY"):
            if hasattr(locale, name):
                shown = locale.setlocale(getattr(locale, name))
                yield usually("locale.setlocale(locale.{0})", shown, name)
    csv = sys.modules.get("_csv")
    if csv is not None:
        yield usually("csv.field_size_limit()", str(csv.field_size_limit()))
        dialects = set(csv.list_dialects()).difference(("excel", "excel-tab", "unix"))
        yield usually("csv.list_dialects()", " ".join(sorted(map(str, dialects))))
    warnings = sys.modules.get("warnings")
    if warnings is not None:
        shown = ["%s %s" % (each[0], each[2].__name__) for each in list(warnings.filters)[:10]]
        yield usually("warnings.filters", ", ".join(shown))


def of_logging(program):
    logging = sys.modules.get("logging")
    if logging is None:
        return
    level = logging.getLevelName(logging.root.manager.disable)
    yield usually("logging.disable()", str(level))
    for name, logger in sorted(logging.root.manager.loggerDict.items())[:500]:
        fields = vars(logger)
        if name == "multiprocessing" or "handlers" not in fields:
            continue
        shown = logging.getLevelName(fields["level"]) if fields["level"] else ""
        shown = [shown] + [type(each).__name__ for each in fields["handlers"]]
        shown += ["disabled"] if fields["disabled"] else []
        shown += [] if fields["propagate"] else ["no propagation"]
        shown = ", ".join(each for each in shown if each)
        if shown:
            yield usually("logging.getLogger({0})", shown, repr(name))


def of_modules(program):
    """Return what the program has changed in other modules: functions and plain values."""
    own = set(inject.MAIN).union([module.__name__ for module in program.modules])
    found = {"sys": sys, "builtins": builtins}
    for module in program.modules:
        for value in list(vars(module).values()):
            if type(value) is MODULE and value.__name__ not in own:
                found[value.__name__] = value
    queue = list(found.items())[:40]
    for place, module in queue:
        fields = vars(module)
        for key in [each for each in program.names if each in fields]:
            each = fields[key]
            kind = type(each)
            if kind in DATA:
                if key[:2] != "__":
                    yield "{0}", "%s.%s" % (place, key), show(each, 0)[:60], None
            elif kind is FUNCTION:
                if each.__globals__ is not fields and each.__globals__.get("__name__") in own:
                    yield usually("{0}", named(each), "%s.%s" % (place, key))
            elif kind.__module__ == "unittest.mock":
                yield usually("{0}", "a %s" % kind.__name__, "%s.%s" % (place, key))
            elif kind is MODULE:
                if each.__name__ == "%s.%s" % (place, key):
                    queue.append((each.__name__, each))
            elif kind is type and each.__flags__ & HEAP and each.__module__ not in own:
                for name, part in list(vars(each).items()):
                    if type(part) is FUNCTION and part.__globals__.get("__name__") in own:
                        yield usually("{0}", named(part), "%s.%s.%s" % (place, key, name))


LOOKED_AT = (of_modules, of_interpreter, of_libraries, of_logging)
BUILTINS = set(vars(builtins))
FUNCTION, MODULE = type(of_modules), type(os)
HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class that is not written in C
DATA = (type(None), bool, int, float, str)


# --- random numbers -----------------------------------------------------------------------------

began = {}  # the states that this process began with


def random_states(program):
    """Return the state of every random number generator that the program's functions can reach."""
    random, numpy = sys.modules.get("random"), sys.modules.get("numpy.random")
    if random is not None and "_inst" in vars(random):
        _, drawn, gauss = random._inst.getstate()  # up to 3.11, hash(None) is its address
        yield "random", "%x/%s" % (hash(drawn), gauss)
    else:
        random = None
    if numpy is not None and "random" in program.names:
        _, key, at, gauss = numpy.mtrand._rand.get_state()[:4]  # the key alone stays for 624 draws
        yield "numpy.random", "%x/%s/%s" % (hash(tuple(key.tolist())), at, gauss)
    if random is None and numpy is None:
        return
    own = (numpy.RandomState, numpy.Generator) if numpy is not None else ()
    for path, value in reachable((p + n, v) for p, n, v in program.globals()):
        kind = type(value)
        if random is not None and issubclass(kind, random.Random):
            if not issubclass(kind, random.SystemRandom) and value is not random._inst:
                # Not its own getstate(), which the program may have overridden.
                yield path, "%x" % hash(random.Random.__mro__[1].getstate(value))
        elif kind in own:
            bits = getattr(value, "bit_generator", None) or value._bit_generator
            yield path, "%x" % hash(tuple(numbers(bits.state)))


@harmless
def undrawn():
    """Report at the end of the process which generators were not used: ignore their state."""
    states = began.pop(os.getpid(), None)
    if states:
        now = dict(random_states(the_program()))
        same = [name for name in states if now.get(name) == states[name]]
        if same:
            tell("undrawn", *same)


def reachable(roots):
    """Return objects that can be reached from named ones in a few steps: (path, object)."""
    queue = [(path, value, 0) for path, value in roots]
    seen = set()
    for path, value, depth in queue:
        kind = type(value)
        if kind in ATOMS or id(value) in seen:
            continue
        seen.add(id(value))
        yield path, value
        if depth < 4 and len(queue) < 2000:
            steps = [(path + step, each, depth + 1) for step, each in held(value)]
            queue.extend(steps[:200])


def held(value):
    """Return what a value contains, without calling its code: (how to write it, object)."""
    kind = type(value)
    if issubclass(kind, dict):
        for key, each in list(dict.items(value))[:100]:
            yield "[%s]" % show(key, 0), each
    elif issubclass(kind, (list, tuple)):
        base = list if issubclass(kind, list) else tuple
        for i, each in enumerate(list(base.__iter__(value))[:100]):
            yield "[%d]" % i, each
    elif kind is type(mention):
        for each in kind.__defaults__.__get__(value) or ():
            yield "()", each
        for cell in kind.__closure__.__get__(value) or ():
            for each in gc.get_referents(cell):
                yield "()", each
    elif kind.__name__ == "_lru_cache_wrapper":
        for each in gc.get_referents(value):
            if type(each) is not type(mention):
                yield "()", each
    elif kind.__module__ in ("functools", "_contextvars", "builtins"):
        bound = getattr(value, "__self__", None) if kind in METHODS else None
        if bound is not None and type(bound) is not type(os):
            yield "", bound
        elif kind.__name__ == "ContextVar":
            yield ".get()", value.get(None)
        elif kind.__name__ == "partial":
            for each in [value.func] + list(value.args) + list(value.keywords.values()):
                yield "()", each
    elif kind.__module__.partition(".")[0] not in OF_PYTHON:
        try:
            fields = object.__getattribute__(value, "__dict__")
        except AttributeError:
            return
        if type(fields) is dict:
            for key, each in list(fields.items())[:100]:
                yield "." + key, each


ATOMS = (type(None), bool, int, float, complex, str, bytes, type(os), type)
METHODS = (type([].append), type(inject.Finder().find_spec))
OF_PYTHON = ("multiprocessing", "threading", "logging", "asyncio", "concurrent", "numpy", "_io")


def numbers(value):
    """Return the integers in a state of numpy's, in their order; a hash of texts is not stable."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict):
        for key in sorted(value):
            for each in numbers(value[key]):
                yield each
    elif hasattr(value, "tolist"):
        for each in value.tolist():
            yield each


def handlers():
    """Return the program's own signal handlers."""
    signal = sys.modules.get("_signal")
    for name in ("SIGTERM", "SIGINT", "SIGCHLD"):
        number = getattr(signal, name, None)
        handler = signal.getsignal(number) if number is not None else None
        if callable(handler) and handler is not signal.default_int_handler:
            yield name, named(handler)


def open_globals(program):
    """Return the globals that are open files, sockets or databases."""
    for place, name, value in program.globals():
        kind = type(value)
        if kind.__module__ in ("_io", "socket", "ssl", "sqlite3", "mmap") and value not in (
            sys.stdin, sys.stdout, sys.stderr,
        ):
            yield place + name, kind.__name__


# --- what a child's exit loses: what is left in the queues of threads ---------------------------

of_the_fork = []  # of the other threads at the last fork: (queue, its length, type, name, line)
behind = {}  # those of the fork that made this process


def before_fork(threads):
    """Note the queues of threads that the child will not have."""
    del of_the_fork[:]
    for thread in threads:
        line = inject.started_at.get(id(thread), "")
        for kind, queue in queues_of(thread):
            of_the_fork.append((queue, waiting_in(queue), kind, thread.name, line))


OF_POOLS = {"multiprocessing", "concurrent", "_thread"}


def queues_of(thread):
    """Give the queues that a thread works on: those of the object that it runs a method of."""
    fields = vars(thread)
    owner = getattr(fields.get("_target"), "__self__", thread)
    kind = type(owner)
    run = getattr(fields.get("_target"), "__module__", None) or ""
    if {kind.__module__.partition(".")[0], run.partition(".")[0]} & OF_POOLS:
        return  # a pool's own, into which it puts marks of its end
    values = list(fields.get("_args") or ())
    if owner is not thread or kind.__module__ != "threading":
        values += list(vars(owner).values())[:100]
    name = kind.__name__ if kind.__module__ in inject.MAIN else "%s.%s" % (
        kind.__module__.partition(".")[0], kind.__name__,
    )
    for value in values:
        if type(value).__name__ == "deque":  # it may be a log of anything: items are its own kind
            if own_items(value, kind):
                yield name, value
        elif waiting_in(value) is not None:
            yield name, value


def own_items(items, kind):
    """Tell whether what is in a deque is of the same package as its owner, or it is empty."""
    top = kind.__module__.partition(".")[0]
    return not items or type(items[0]).__module__.partition(".")[0] == top


def waiting_in(queue):
    """Give the number of items in a queue of threads; None if it is none."""
    kind = type(queue)
    if kind.__name__ == "deque":
        return len(queue)
    if kind.__module__ == "_queue":
        return queue.qsize()
    if kind.__module__.startswith("multiprocessing"):
        return None
    try:
        inner = object.__getattribute__(queue, "__dict__").get("queue")
    except AttributeError:
        return None
    return len(inner) if type(inner).__name__ == "deque" else None


@harmless
def unsent():
    """Report at the end of a child that leaves by os._exit() what the threads have not sent."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_name == "spawn_main":
            return  # its interpreter ends as usual, with exit handlers
        frame = frame.f_back
    threads = sys.modules["threading"]
    alive = {}
    for thread in list(threads._active.values()):
        if thread.daemon and thread is not threads.current_thread():
            line = inject.started_at.get(id(thread), "")
            alive.update((id(q), (q, kind, thread.name, line)) for kind, q in queues_of(thread))
    for queue, length, kind, name, line in behind.get(os.getpid(), ()):
        if id(queue) in alive:
            alive[id(queue)] = (queue, kind, name, line)  # an exporter that begins anew
        elif waiting_in(queue) > length and (
            type(queue).__name__ != "deque" or own_kind(queue[-1], kind)
        ):
            tell("left unsent", waiting_in(queue) - length, kind, name, "gone", line)
    for queue, kind, name, line in alive.values():
        if waiting_in(queue) and (type(queue).__name__ != "deque" or own_kind(queue[-1], kind)):
            tell("left unsent", waiting_in(queue), kind, name, "", line)


def own_kind(item, kind):
    top = type(item).__module__.partition(".")[0]
    return "." in kind and top == kind.partition(".")[0]


# --- connections that forked children have too --------------------------------------------------

opened = []  # (its descriptor's link, what it is, address, package, line)


def hear(event, args):
    """Hear of what is opened, by the interpreter's own audit events: it leaves no frame."""
    try:
        if event == "socket.connect" and type(args[1]) is tuple:
            fd = args[0].fileno()
            link = "socket:[%d]" % os.fstat(fd).st_ino
            note_opened(link, "connection", "%s:%s" % args[1][:2], sys._getframe(2))
        elif event == "sqlite3.connect" and args[0] not in (":memory:", ""):
            path = os.path.realpath(os.fsdecode(args[0]))
            note_opened(path, "database", path, sys._getframe(2))
    except Exception:  # it would be raised in the program
        pass


def note_opened(link, what, address, frame):
    package = ""
    while frame is not None and inject.is_library(frame.f_code.co_filename):
        file = frame.f_code.co_filename
        if "multiprocessing" in file and inject.is_stdlib(file):
            return
        if "-packages" in file:
            package = file.partition("-packages")[2][1:].replace(os.sep, "/").partition("/")[0]
        frame = frame.f_back
    if len(opened) < 200:
        opened.append((link, what, address, package.partition(".")[0], inject.own_line(frame)))


def still_open():
    """Report what the parent had opened and this child has, too."""
    if not opened or not sys.platform.startswith("linux"):
        return
    links = set()
    for fd in os.listdir("/proc/self/fd"):
        try:
            links.add(os.readlink("/proc/self/fd/" + fd))
        except OSError:  # the descriptor of the folder itself
            pass
    for link, what, address, package, line in opened:
        if link in links:
            tell("opened", what, address, package, line)


def hook_of(hear):
    """Make an audit hook that keeps nothing alive: it stays until the interpreter is gone.

    Otherwise the modules that are known here would end later than they do, and so would the
    objects in them.
    """
    import _weakref

    heard = {"of": _weakref.ref(hear), "events": ("socket.connect", "sqlite3.connect")}
    exec(compile("""
def hook(event, args):
    if event in events:
        hear = of()
        if hear is not None:
            hear(event, args)
""", "<startlab>", "exec"), heard)
    return heard["hook"]


if hasattr(sys, "addaudithook"):
    sys.addaudithook(hook_of(hear))


# --- a standard library that a package has replaced ---------------------------------------------

REPLACED = (("threading", "_start_new_thread"), ("threading", "_allocate_lock"), ("time", "sleep"))
seen_patched = set()


def patched():
    """Report which package threads, locks and sleeping come from, if not from Python."""
    for module, name in REPLACED:
        value = getattr(sys.modules.get(module), name, None)
        package = (getattr(value, "__module__", "") or "").partition(".")[0]
        file = getattr(sys.modules.get(package), "__file__", None) or ""
        if "-packages" in file and module not in seen_patched:
            seen_patched.add(module)
            tell("patched", "%s.%s" % (module, name), package)


# --- values, without calling their own code -----------------------------------------------------

def text_of(value):
    """Write a value as text, with a mark of all that it holds where the text leaves some out."""
    text = show(value, 3)
    if text is None or (len(text) <= LONGEST and "..." not in text):
        return text
    return "%s%s%x" % (text[:LONGEST], MARK, mark(value, 4, [5000]))


def mark(value, depth, left):
    """Give a number that differs where values do: of the first objects in it, as far as data."""
    left[0] -= 1
    kind = type(value)
    if isinstance(value, NOT_TOLD) or depth == 0 or left[0] < 0:
        return 0
    if issubclass(kind, dict):
        pairs = dict.items(value)
        return together_mark(mark(k, 1, left) * 31 + mark(v, depth - 1, left) for k, v in pairs)
    for base in (list, tuple):
        if issubclass(kind, base):
            every = enumerate(base.__iter__(value), 1)
            return together_mark(i * mark(each, depth - 1, left) for i, each in every)
    for base in (set, frozenset):
        if issubclass(kind, base):
            return together_mark(mark(each, depth - 1, left) for each in base.__iter__(value))
    data = value if kind in (str, bytes) else show(value, 1)
    if not isinstance(data, bytes):
        data = data.encode("utf-8", "surrogatepass")
    return int.from_bytes(data + kind.__name__.encode(), "big") % LARGE


def together_mark(numbers):
    total = 1
    for each, _ in zip(numbers, range(5000)):
        total = (total + each) % LARGE
    return total


MARK = "\1"  # between a text and its mark: agent/events.py shows only the text
LARGE = (1 << 61) - 1
PLAIN = (type(None), bool, float, complex)
NOT_TOLD = (type(os), type(mention), type(len), type, type(importing_main.__get__(0)))


def show(value, depth):
    """Write a value as text; None for what is not data: functions, classes, modules."""
    kind = type(value)
    if isinstance(value, NOT_TOLD):
        return None
    if kind in PLAIN:
        return repr(value)
    if kind is int:
        if value == os.getpid() >= 100:
            return "this process's id"
        return repr(value) if value.bit_length() < 256 else "an int of %d bits" % value.bit_length()
    if kind in (str, bytes):
        return repr(value) if len(value) < 60 else "%r... (%d)" % (value[:40], len(value))
    if isinstance(value, dict):
        items = [] if depth == 0 else list(dict.items(value))
        shown = ["%s: %s" % (show(k, depth - 1), show(v, depth - 1)) for k, v in items[:8]]
        return together(kind, dict, "{%s}", shown, dict.__len__(value))
    for base, form in ((list, "[%s]"), (tuple, "(%s)")):
        if isinstance(value, base):
            items = [] if depth == 0 else list(base.__iter__(value))[:8]
            shown = [str(show(each, depth - 1)) for each in items]
            return together(kind, base, form, shown, base.__len__(value))
    for base in (set, frozenset):
        if isinstance(value, base):
            items = [] if depth == 0 or base.__len__(value) > 100 else list(base.__iter__(value))
            shown = sorted(str(show(each, depth - 1)) for each in items)[:8]
            return together(kind, base, "{%s}", shown, base.__len__(value))
    name = kind.__name__
    if kind.__module__.startswith("multiprocessing"):
        return name  # each process has its own handle
    if name == "ContextVar" and kind.__module__ in ("builtins", "_contextvars"):
        held = value.get(show)
        return "%s, not set" % name if held is show else "%s(%s)" % (name, show(held, depth - 1))
    try:
        fields = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return name
    if depth == 0 or type(fields) is not dict or kind.__module__ in sys.builtin_module_names:
        return name
    file = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    if inject.is_library(file) and name not in ("Namespace", "SimpleNamespace"):
        return name
    shown = ["%s=%s" % (k, show(v, depth - 1)) for k, v in list(fields.items())[:8]]
    return "%s(%s)" % (name, ", ".join(shown))


def together(kind, base, form, shown, length):
    if length > len(shown):
        shown = shown + ["... (%d)" % length]
    text = form % ", ".join(shown)
    return text if kind is base else "%s(%s)" % (kind.__name__, text)


def named(function):
    """Name a callable, with the location of its code."""
    function = getattr(function, "__func__", function)
    name = getattr(function, "__qualname__", type(function).__name__)
    module = getattr(function, "__module__", "")
    code = getattr(function, "__code__", None)
    if code is None or inject.is_library(code.co_filename):
        return "%s.%s" % (module, name) if module else name
    return "%s at %s:%d" % (name, code.co_filename, code.co_firstlineno)


# --- what cannot be pickled ---------------------------------------------------------------------


def watch_pickling(popen):
    """See a process that could not be sent to its child: pickling has ended by an exception."""
    set_spawning_popen = popen.set_spawning_popen

    def set_spawning_popen_(value):
        error = sys.exc_info()[1]
        if value is None and error is not None:
            frame = sys._getframe(1)
            unpicklable_process(frame.f_locals.get("process_obj"), error, frame)
        set_spawning_popen(value)

    popen.set_spawning_popen = set_spawning_popen_


@harmless
def unpicklable_process(process, error, frame):
    while frame is not None and inject.is_stdlib(frame.f_code.co_filename):
        frame = frame.f_back
    fields = object.__getattribute__(process, "__dict__")
    target = fields.get("_target")
    roots = [("target=", target)]
    if getattr(target, "__module__", None) in POOLS:  # a worker, which gets its pool's arguments
        roots += [(key, each) for key, each in zip(POOL_ARGS, (fields.get("_args") or ())[2:4])]
    else:
        roots += [("args[%d]=" % i, each) for i, each in enumerate(fields.get("_args") or ())]
    roots += [("%s=" % key, each) for key, each in (fields.get("_kwargs") or {}).items()]
    known = ("_target", "_args", "_kwargs", "_identity", "_config", "_popen", "_parent_pid")
    own = type(process).__name__ + "."
    roots += [(own + key, each) for key, each in fields.items() if key not in known]
    told(roots, error, frame)


POOLS = ("multiprocessing.pool", "concurrent.futures.process")
POOL_ARGS = ("initializer=", "initargs=")


@harmless
def dropped(frame, error):
    unpicklable_item(QUEUED, frame.f_locals.get("obj"), error)


QUEUED = "an item of the queue"


def watch_queues(queues):
    watch_feeder(queues.Queue, QUEUED)


def watch_executor(process):
    watch_feeder(getattr(process, "_SafeQueue", None), None)
    watch_results(getattr(process, "_ExceptionWithTraceback", None))


def watch_feeder(queue, what):
    """See an item that could not be sent through a queue."""
    report = queue.__dict__.get("_on_queue_feeder_error") if queue is not None else None
    if report is None:
        return
    static = isinstance(report, staticmethod)
    call = report.__func__ if static else report

    def _on_queue_feeder_error(*args):
        unpicklable_item(what, args[-1], args[-2])
        return call(*args)

    wrapped = staticmethod(_on_queue_feeder_error) if static else _on_queue_feeder_error
    queue._on_queue_feeder_error = wrapped


@harmless
def unpicklable_item(what, item, error):
    if what is not None:
        told([(what, item)], error, None)
    elif hasattr(item, "work_id"):
        function, args = item.fn, item.args
        if type(function).__name__ == "partial" and function.func.__module__.startswith("conc"):
            function, args = function.args[0], item.args[0]  # map() has combined them
        roots = [("the function ", function)]
        roots += [("its argument %d " % i, each) for i, each in enumerate(args)]
        roots += [("its argument %s " % key, each) for key, each in item.kwargs.items()]
        told(roots, error, None)


def watch_pool(pool):
    """See a task that could not be sent to a worker: its result is then the exception."""

    def get(self):
        try:
            return self.__dict__["_value"]
        except KeyError:
            raise AttributeError("_value")

    def set(self, value):
        self.__dict__["_value"] = value
        if isinstance(value, Exception):
            frame = sys._getframe(2)
            if frame.f_code.co_name == "_handle_tasks":
                unpicklable_task(frame.f_locals.get("task"), value)

    pool.ApplyResult._value = property(get, set)
    watch_results(pool.MaybeEncodingError)


@harmless
def unpicklable_task(task, error):
    function, args = task[2], task[3]
    if function.__module__ == "multiprocessing.pool":  # mapstar and its like, of map()
        function, args = args[0][0], args[0][1]
    roots = [("the function ", function)]
    roots += [("item %d of the arguments" % i, each) for i, each in enumerate(args)]
    told(roots, error, None)


def watch_results(instead):
    """See a result that a worker could not send back: it sends an exception instead."""
    init = instead.__init__ if instead is not None else None
    if init is None:
        return

    def __init__(self, error, *args):
        init(self, error, *args)
        unpicklable_result(error, sys._getframe(1))

    instead.__init__ = __init__


@harmless
def unpicklable_result(error, frame):
    values = frame.f_locals
    if frame.f_code.co_name == "worker":  # of a multiprocessing.Pool
        function, args, result = values["func"], values["args"], values["result"][1]
    elif frame.f_code.co_name == "_sendback_result":
        item = frame.f_back.f_locals["call_item"]
        function, args, result = item.fn, item.args, values["result"]
        if type(function).__name__ == "partial" and function.func.__module__ in POOLS:
            function, args = function.func, (function.args, *args)
    else:
        return
    roots = [("the result", result)]
    if function.__module__ in POOLS:  # mapstar and its like, of map()
        function = args[0][0]
        roots = [("the result", each) for each in result]
    told(roots, error, None, line_of(function))


def line_of(function):
    """Give the line of a function's code, of the one that a partial or a wrapper is around."""
    while True:
        inner = getattr(function, "func", None) or getattr(function, "__wrapped__", None)
        if inner is None:
            break
        function = inner
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return "%s:%d" % (code.co_filename, code.co_firstlineno) if code is not None else ""


def told(roots, error, frame, function=""):
    """Report what cannot be pickled, as `Crawler.lock via target=crawler.crawl`."""
    found = None
    for wanted in (looked_for(error), refused_by(error)):
        found = found or (find(roots, wanted) if wanted is not None else None)
    if found is None:
        return
    path, root, value = found
    label, _, way = path.partition("\0")
    if label[-1] in "= ":
        label += called(root, frame)
    text = "%s via %s" % (way, label) if way else label
    kind = type(value)
    what = kind.__name__
    if is_local(kind):
        what = "local %s object" % what
    elif kind.__module__ != "builtins":
        what = "%s.%s" % (kind.__module__, what)
    elif "<locals>" in getattr(value, "__qualname__", ""):
        what = "local " + what
    tell("unpicklable", text, what, user_line(frame) if frame else "", function)


MESSAGES = (
    (r"(?:cannot|can't) (?:pickle|serialize) '?([\w.]+)'? (?:object|instance)", "type"),
    (r"^([\w.]+) objects? (?:should only|cannot|can't|can not)", "type"),
    # Since 3.14 a local object is shown as others are.
    (r"Can't pickle (?:local object )?<(?:function|class|built-in function) '?([^ ']+)", "name"),
    (r"local object '?([^']+)'?", "name"),
    (r"attribute lookup (\S+) on", "name"),
)


def looked_for(error):
    """Return what pickle's message names: ("type" or "name", text)."""
    re = sys.modules["re"]  # pickle has it
    for pattern, kind in MESSAGES:
        match = re.search(pattern, str(error))
        if match:
            return kind, match.group(1)
    return None


def refused_by(error):
    """Return the object whose own method for pickling has raised: ("object", it)."""
    traceback = getattr(error, "__traceback__", None)
    found = None
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name in FOR_PICKLING and "self" in frame.f_locals:
            found = "object", frame.f_locals["self"]
        traceback = traceback.tb_next
    return found


FOR_PICKLING = ("__getnewargs__", "__getnewargs_ex__", "__getstate__", "__reduce__", "__reduce_ex__")


def find(roots, wanted):
    """Search the values, breadth first, for what cannot be pickled: (path, its root, value).

    A path has a NUL where the root ends. It stops at a class that pickles itself.
    """
    queue = [(path + "\0", value, value) for path, value in roots]
    seen = set()
    for path, root, value in queue:
        if id(value) in seen:
            continue
        seen.add(id(value))
        if matches(value, wanted):
            return path, root, value
        if len(queue) < 20000:
            queue.extend((step, root, part) for step, part in parts(path, value))
    return None


def matches(value, wanted):
    kind, text = wanted
    if kind == "object":
        return value is text
    if kind == "type":
        own = type(value)
        return text in (own.__name__, "%s.%s" % (own.__module__, own.__name__))
    name = getattr(value, "__qualname__", None) if isinstance(value, NOT_TOLD) else None
    if name is None:
        own = type(value)
        return is_local(own) and text in (
            own.__qualname__, "%s.%s" % (own.__module__, own.__qualname__)
        )
    tail = text.rpartition(".")[2]
    return text in (name, "%s.%s" % (value.__module__, name)) or (
        tail == value.__name__ and ("<l" in name or "<l" in text)
    )


def is_local(kind):
    return "<locals>" in kind.__qualname__


def parts(path, value):
    """Return what pickle would visit next, each with its path."""
    kind = type(value)
    if isinstance(value, dict):
        for key, each in list(dict.items(value)):
            yield "%s[%s]" % (path, show(key, 1)), each
    elif isinstance(value, (list, tuple)):
        base = list if isinstance(value, list) else tuple
        for i, each in enumerate(list(base.__iter__(value))):
            yield "%s[%d]" % (path, i), each
    elif isinstance(value, (set, frozenset)):
        for each in list(value):
            yield path + "{}", each
    elif kind.__name__ == "method" and hasattr(value, "__self__"):
        yield path, value.__self__
    elif kind.__name__ == "partial" and hasattr(value, "keywords"):
        yield path, value.func
        yield path, value.args
        yield path, value.keywords
    if isinstance(value, NOT_TOLD) or kind.__module__.startswith("multiprocessing"):
        return
    plain = getattr(object, "__getstate__", None)
    if (
        kind.__reduce__ is not object.__reduce__
        or kind.__reduce_ex__ is not object.__reduce_ex__
        or getattr(kind, "__getstate__", plain) is not plain
    ):
        return
    try:
        fields = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return
    head = path[: path.index("\0") + 1]
    for key, each in list(fields.items()):
        # The innermost class is the one that the user knows.
        yield "%s%s.%s" % (head, with_package(kind), key), each


def with_package(kind):
    """Name a class, one of a library's with the package: `rich.Progress`."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if not file or inject.is_stdlib(file) or not inject.is_library(file):
        return kind.__name__
    return "%s.%s" % (kind.__module__.partition(".")[0], kind.__name__)


def called(value, frame):
    owner = getattr(value, "__self__", None) if type(value).__name__ == "method" else value
    name = None
    if frame is not None:
        scopes = (frame.f_locals, frame.f_globals)
        names = [k for scope in scopes for k, v in list(scope.items()) if v is owner]
        name = names[0] if names else None
    if type(value).__name__ == "method":
        return "%s.%s" % (name or type(owner).__name__, value.__func__.__name__)
    if name is None and isinstance(value, NOT_TOLD):
        return value.__qualname__
    return name or type(value).__name__


PATCHES = {
    "multiprocessing.context": watch_context,
    "multiprocessing.synchronize": watch_shared,
    "multiprocessing.spawn": watch_spawn,
    "multiprocessing.util": watch_begin,
    "multiprocessing.popen_fork": watch_popen,
    "multiprocessing.popen_spawn_posix": watch_pickling,
    "multiprocessing.popen_forkserver": watch_pickling,
    "multiprocessing.popen_spawn_win32": watch_pickling,
    "multiprocessing.queues": watch_queues,
    "multiprocessing.pool": watch_pool,
    "concurrent.futures.process": watch_executor,
}
