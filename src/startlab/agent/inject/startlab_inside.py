"""What can only be seen inside a program, and may explain its outcome: reported as events.

sitecustomize.py runs each of `PATCHES` after the body of its module, so that nothing is imported
that the program does not import. It only observes and changes nothing: no code of the program is
called (no repr, no pickling, no property of its classes), errors in here are dropped, and no frame
of this file is on the stack when code of the program runs. Python 3.
"""

import gc
import os
import sys

from startlab_state import Program, forget, is_class, mention, names_of, state, the_program
from startlab_values import named, show

inject = sys.modules["startlab_inject"]
tell = inject.tell
user_line = inject.user_line

MOST = 50  # events of each kind per process
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


def told(*args):
    """Report what cannot be pickled; what finds it takes a while to import, in every process."""
    from startlab_unpicklable import told

    told(*args)


def importing_main():
    """Return whether this process is a child, or a fork server, that is running the main module."""
    process = sys.modules["multiprocessing.process"]
    return getattr(process.current_process(), "_inheriting", False)


def is_import_in_child(frame):
    """Return whether a module's own body runs in a child: it was imported for what a task needs."""
    process = sys.modules["multiprocessing.process"].current_process()
    return process._parent_pid is not None and frame.f_code.co_name == "<module>"


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
    watch_events(synchronize)


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
    importing = "importing" if importing_main() or is_import_in_child(frame) else ""
    semaphore = getattr(semlock, "name", None) or "%x" % semlock.handle  # fork's have no name
    tell("made", name, user_line(frame), context, importing, semaphore)


# --- starts that come too early, and what is registered too often -------------------------------


def imported_line(frame):
    """Find the innermost line of the program's own that runs when its module is imported."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "<module>" and inject.own_line(frame).startswith(code.co_filename):
            return inject.own_line(frame)
        frame = frame.f_back
    return ""


@harmless
def starting(frame):
    """Note that `Popen.__init__`, whose frame this is, is about to start a process."""
    process = frame.f_locals.get("process_obj")
    patched()
    if importing_main():
        where = inject.own_line(frame) or user_line(frame)
        tell("unguarded", where, imported_line(frame) or where)
    else:
        tell("state", getattr(process, "_name", ""), *state(the_program()))
        if moved and moved[0]:
            tell("moved", moved[0])
        replaced = sys.modules.get("startlab_replaced")
        if replaced is not None and frame.f_locals["self"].method != "fork":
            replaced.tell_all()


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
            exits(message)
        return info(message, *args, **kwargs)

    info_.__name__ = info_.__qualname__ = "info"
    util.info = info_


exited = []  # in a child: the code of its last sys.exit(), and the line
exits_by = []  # in a child: the sys.exit() that there was


@harmless
def watch_exit():
    """See where a child calls sys.exit(), maybe through a library."""
    exit_ = sys.exit

    def exit(code=None):
        exited[:] = [code, inject.own_line(sys._getframe(1))]
        exit_(code)

    sys.exit = exit
    exits_by.append(exit_)


@harmless
def exits(message):
    forget()
    while exits_by:  # else the main module is cleared too late for what its objects do at the end
        sys.exit = exits_by.pop()
    if exited and exited[1]:
        code = exited[0]
        status = code if isinstance(code, int) else int(code is not None)
        if message.endswith(" %d" % status):
            tell("system exit", code, exited[1])


@harmless
def begin():
    process = sys.modules["multiprocessing.process"].current_process()
    how = "inherited" if inject.inherited_main else "imported"
    behind[os.getpid()] = list(of_the_fork)
    if how == "inherited":
        still_open()
    program = the_program()
    watch_exit()
    states = began[os.getpid()] = dict(random_states(program))
    said = ["random\0%s\0%s" % each for each in states.items()]
    said += ["handler\0%s\0%s" % each for each in handlers()]
    said += ["names\0\0" + " ".join(sorted(os.environ))]
    said += [names_of(module) for module in program.modules]
    tell("begin", process._parent_pid, process._name, how, *(state(program, True) + said))
    if is_of_fork_server():
        tell("other parent", process._parent_pid, os.getppid())
    inject.seen_to_come[:] = [came]


def is_of_fork_server():
    """Tell whether this process was forked by a fork server."""
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_name != "_serve_one":
        frame = frame.f_back
    return frame is not None


@harmless
def came(module):
    """See a module that a task, say, has brought into a child, as its import has made it."""
    program = Program()
    program.modules = [module]
    program.names.update(vars(module))
    for value in list(vars(module).values()):
        if is_class(value) and value.__module__ == module.__name__:
            program.names.update(vars(value))  # it may hold settings
    found = [each for each in state(program) if each.startswith("global\0")]
    tell("came", *(found + [names_of(module)]))


# --- waits that run out --------------------------------------------------------------------------


def watch_waits(connection):
    """See a wait of the program's for a child, or for what one sends, that runs out.

    As it ends: no frame of this file is on the stack of what waits. Windows has no such selector.
    """
    selector = getattr(connection, "_WaitSelector", None)
    if selector is None:
        return

    class WaitSelector(selector):
        def __enter__(self):
            # As it was given: wait() counts it down. How long that took is no sign: a wait of 0 s,
            # by which is_alive() looks at a child, may take milliseconds on a busy machine.
            self.limit = sys._getframe(1).f_locals.get("timeout")
            return selector.__enter__(self)

        def __exit__(self, *args):
            selector.__exit__(self, *args)
            frame = sys._getframe(1)
            if self.limit and frame.f_locals.get("ready") == []:
                ran_out(frame, int(1000 * self.limit))

    connection._WaitSelector = WaitSelector


def watch_conditions(*kinds):
    """See a wait for a result that runs out: as it ends, in the frame that holds its limit."""
    threading = sys.modules["threading"]

    class Condition(threading.Condition):
        def __exit__(self, *args):
            found = threading.Condition.__exit__(self, *args)
            frame = sys._getframe(1)
            raised = args[0] is not None and args[0].__name__ == "TimeoutError"
            if raised or (args[0] is None and frame.f_locals.get("signaled") is False):
                has_limit(frame)
            return found

    for kind in kinds:
        kind.__init__ = with_condition(kind.__init__, Condition)


def with_condition(init, condition):
    def __init__(self, *args, **kwargs):
        init(self, *args, **kwargs)
        fields = vars(self)
        made = fields.get("_condition") or fields.get("_cond") or fields["_event"]._cond
        made.__class__ = condition

    return __init__


def watch_events(synchronize):
    leave = synchronize.Condition.__exit__

    def __exit__(self, *args):
        found = leave(self, *args)
        frame = sys._getframe(1)
        if frame.f_code is synchronize.Event.wait.__code__:
            if frame.f_locals["self"]._flag._semlock._is_zero():
                has_limit(frame)
        return found

    synchronize.Condition.__exit__ = __exit__


def has_limit(frame):
    limit = frame.f_locals.get("timeout")
    if limit:
        ran_out(frame, int(1000 * limit))


@harmless
def ran_out(frame, waited_ms):
    call = ""
    while frame is not None and inject.is_stdlib(frame.f_code.co_filename):
        call, frame = frame.f_code.co_name, frame.f_back
    if frame is not None and not inject.is_library(frame.f_code.co_filename):
        tell("ran out", call, waited_ms, user_line(frame))


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
            alive[id(queue)] = (queue, kind, name, line)  # an exporter that begins again
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


# --- connections that forked children have too, and the folder ----------------------------------

opened = []  # (its descriptor's link, what it is, address, package, line)
moved = []  # the line that has changed the folder which this process works in


def hear(event, args):
    """Note what is opened, moved to or killed, from audit events: these leave no frame."""
    try:
        if event == "socket.connect" and type(args[1]) is tuple:
            fd = args[0].fileno()
            link = "socket:[%d]" % os.fstat(fd).st_ino
            note_opened(link, "connection", "%s:%s" % args[1][:2], sys._getframe(2))
        elif event == "os.chdir":
            moved[:] = [inject.own_line(sys._getframe(2))]
        elif event == "os.kill":
            signalled(args[0], int(args[1]), sys._getframe(2))
        elif event == "sqlite3.connect" and args[0] not in (":memory:", ""):
            path = os.path.realpath(os.fsdecode(args[0]))
            note_opened(path, "database", path, sys._getframe(2))
    except Exception:  # it would be raised in the program
        pass


def signalled(pid, number, frame):
    """Report a signal that a child is sent; what multiprocessing sends is told already."""
    file = frame.f_code.co_filename
    if number and not (inject.is_stdlib(file) and "multiprocessing" in file):
        children = sys.modules["multiprocessing.process"]._children
        if pid in [each.pid for each in children if each._popen is not None]:
            tell("signal sent", pid, number, user_line(frame))


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

    events = ("os.chdir", "os.kill", "socket.connect", "sqlite3.connect")
    heard = {"of": _weakref.ref(hear), "events": events}
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
    args = fields.get("_args") or ()
    module = getattr(target, "__module__", None)
    if module in POOLS:  # a worker, which gets its pool's arguments
        roots += zip(POOL_ARGS, args[2:4])
    elif module == "multiprocessing.managers":
        roots += [("register()", args[0])] + list(zip(POOL_ARGS, args[5:]))
    else:
        roots += [("args[%d]=" % i, each) for i, each in enumerate(args)]
    roots += [("%s=" % key, each) for key, each in (fields.get("_kwargs") or {}).items()]
    known = ("_target", "_args", "_kwargs", "_identity", "_config", "_popen", "_parent_pid")
    own = type(process).__name__ + "."
    roots += [(own + key, each) for key, each in fields.items() if key not in known]
    told(roots + [("the process ", process)], error, frame)


POOLS = ("multiprocessing.pool", "concurrent.futures.process")
POOL_ARGS = ("initializer=", "initargs=")


@harmless
def dropped(frame, error):
    unpicklable_item(QUEUED, frame.f_locals.get("obj"), error)


QUEUED = "an item of the queue"


def watch_queues(queues):
    watch_feeder(queues.Queue, QUEUED)


def watch_executor(process):
    future = process._base.Future
    future._exception = property(*kept("_exception", in_executor))
    watch_conditions(future)
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
    """See a task that raised, or could not be sent to a worker: its result is the exception."""
    pool.ApplyResult._value = property(*kept("_value", in_pool))
    successful = pool.ApplyResult.successful

    def successful_(self):
        read(self)
        return successful(self)

    pool.ApplyResult.successful = successful_
    watch_conditions(pool.ApplyResult, pool.IMapIterator)
    for kind in (pool.IMapIterator, pool.IMapUnorderedIterator):
        kind._set = seen_to_fail(kind._set)
    watch_results(pool.MaybeEncodingError)


def kept(name, failed):
    """See the exception of a result be set, and read."""

    def get(self):
        if name not in self.__dict__:
            raise AttributeError(name)
        value = self.__dict__[name]
        if isinstance(value, Exception):
            read(self)
        return value

    def set(self, value):
        self.__dict__[name] = value
        if isinstance(value, Exception):
            failed(self, value, sys._getframe(2))

    return get, set


def in_pool(result, error, frame):
    if frame.f_code.co_name == "_handle_tasks":
        unpicklable_task(frame.f_locals.get("task"), error)
        return
    if result._callback is not None and result._error_callback is None:
        unheard(error)
    raised_in_task(result, error)


def in_executor(future, error, frame):
    if frame.f_globals.get("__name__") == "concurrent.futures.process":
        raised_in_task(future, error)


@harmless
def raised_in_task(result, error):
    text = of_worker(error)
    if text:
        result.__dict__["startlab_unread"] = True
        tell("task failed", text)


def read(result):
    # Of those alone that were told of: each result of many may be asked for.
    if result.__dict__.pop("startlab_unread", False):
        failure_read(sys._getframe())


@harmless
def failure_read(frame):
    tell("failure read", user_line(frame))


@harmless
def unheard(error):
    """Tell what a task has raised whose callback is then not called: maybe nothing asks for it."""
    inject.tell_text(of_worker(error))


def of_worker(error):
    """Give the traceback of a worker's exception, which has it between quotes; empty without.

    A thread hands on what it has raised as it is, and its cause is one of the program's own.
    """
    is_remote = type(error.__cause__).__name__.endswith("RemoteTraceback")
    lines = str(error.__cause__).splitlines() if is_remote else []
    return "\n".join(line for line in lines if line.strip('"'))[-8000:]


def seen_to_fail(set):
    """Have what sets a result of imap() tell of a task that could not be sent."""

    def _set(self, i, result):
        frame = sys._getframe(1)
        if not result[0] and frame.f_code.co_name == "_handle_tasks":
            unpicklable_task(frame.f_locals.get("task"), result[1])
        set(self, i, result)

    return _set


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


PATCHES = {
    "multiprocessing.connection": watch_waits,
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
