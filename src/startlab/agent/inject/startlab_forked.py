"""What forked children are rid of: what they inherited of their parent."""

import builtins
import gc
import os
import sys

from startlab_aspects import (
    ASPECTS,
    FUNCTION,
    MOST,
    NAMES,
    harmless,
    inject,
    module_of,
    namespaces,
    note,
    own_modules,
    resolve,
)
from startlab_rebound import bind_as_imported
from startlab_registries import get_random
from startlab_threads import forget_locals, keep_locals, leave_executor, set_kept_locals
from startlab_undone import undo


opened = {}  # by the ids of files: a reference to each, the line that opened it, and if directly

unwritten = []  # files that had text that was not yet written when this process was forked


def watch_open():
    """Note where files are opened, to name the one that held unwritten text, or is inherited."""
    import weakref

    open_ = builtins.open

    def open(*args, **kwargs):
        file = open_(*args, **kwargs)
        frame = sys._getframe(1)
        own = not inject.is_library(frame.f_code.co_filename)
        opened[id(file)] = weakref.ref(file), inject.user_line(frame), own
        return file

    builtins.open = open


def opening_of(file, directly=False):
    """Give the line that opened a file, "" if that is not known: ids are used again."""
    reference, line, own = opened.get(id(file), (None, "", False))
    known = reference is not None and reference() is file and (own or not directly)
    return line if known else ""


@harmless
def flush():
    """Write out what waits in every text file and buffer."""
    for each in gc.get_objects():
        if type(each).__module__ == "_io" and hasattr(each, "flush") and not each.closed:
            if each.writable():
                raw = getattr(getattr(each, "buffer", each), "raw", None)
                before = raw.tell() if raw is not None and raw.seekable() else 0
                each.flush()
                if raw is not None and raw.seekable() and raw.tell() > before:
                    unwritten.append(each)
                    note("unwritten", str(getattr(each, "name", "")), opening_of(each))
        elif id(each) in buffering and each.buffer:
            note("unwritten", type(each).__name__, buffering[id(each)])
            each.flush()


buffering = {}  # by the ids of handlers that keep log records for a while: the line that made each


def watch_buffering(handlers):
    """Note where handlers are made that keep log records, and write them out later."""
    init = handlers.BufferingHandler.__init__

    def __init__(self, *args, **kwargs):
        buffering[id(self)] = inject.user_line(sys._getframe(1))
        init(self, *args, **kwargs)

    handlers.BufferingHandler.__init__ = __init__


@harmless
def note_dropped():
    """Tell where a forked child drops, and so closes, a file that its parent writes to."""
    import weakref

    def dropped(_):
        note("dropped", "", inject.user_line(sys._getframe(1)))

    kept[:] = [weakref.ref(each, dropped) for each in unwritten]
    del unwritten[:]


kept = []


@harmless
def release_locks(*only):
    """Make locks new that are held, by the paths that `walk` gives; without a path, all of them."""
    for path, each in walk():
        if type(each).__name__ in ("lock", "RLock", "_RLock") and (not only or path in only):
            if is_locked(each):
                note("lock", path)
                each._at_fork_reinit()


def is_locked(lock):
    if type(lock).__name__ == "lock":
        return lock.locked()
    return "count=0" not in repr(lock) if type(lock).__name__ == "RLock" else lock._block.locked()


def walk():
    """Give what the program's modules, and logging, hold: (path, object), each object once."""
    queue = [(name, vars(module)) for name, module in own_modules()]
    if "logging" in sys.modules:
        queue.append(("logging", vars(sys.modules["logging"])))
    seen = set()
    for path, value in queue:
        if id(value) in seen:
            continue
        seen.add(id(value))
        yield path, value
        if len(queue) > MOST or isinstance(value, (str, bytes, int, float)):
            continue
        if isinstance(value, dict):
            queue += [
                ("%s.%s" % (path, key), each) for key, each in list(dict.items(value))
                if type(each) is not type(os)
            ]
        elif isinstance(value, (list, tuple)):
            queue += [("%s[%d]" % (path, i), each) for i, each in enumerate(list(value))]
        else:
            try:
                queue.append((path, object.__getattribute__(value, "__dict__")))
            except AttributeError:
                continue


@harmless
def reset_handlers(*only):
    import signal

    names = {int(each): each.name for each in signal.Signals}
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        name = names.get(int(number), str(int(number)))
        own = getattr(handler, "__module__", "") == harmless.__module__
        if callable(handler) and not own and handler is not usual and (not only or name in only):
            note("handler", name)
            signal.signal(number, usual)
    if not only and signal.set_wakeup_fd(-1) != -1:
        note("handler", "wake-up descriptor")


@harmless
def new_loop():
    asyncio = sys.modules.get("asyncio.events")
    if asyncio is not None:
        policy = asyncio._event_loop_policy
        own = getattr(policy, "_local", None)
        if asyncio._get_running_loop() or getattr(own, "_loop", None):
            note("loop", "event loop")
        asyncio._set_running_loop(None)
        if own is not None:
            policy._local = type(own)()


@harmless
def seed():
    for path, each in walk():
        for kind in type(each).__mro__:
            if kind.__module__ in ("random", "_random") and kind.__name__ == "Random":
                each.seed()
                module, names = resolve(path)
                own = names[0].partition("[")[0]
                note("generator", own if module in inject.MAIN else module + "." + own)
                break
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        note("generator", "numpy.random")
        numpy.seed()


@harmless
def make_again(module, name):
    """Run the statement again that binds a global."""
    import ast
    import tokenize

    owner = module_of(module)
    with tokenize.open(owner.__file__) as file:
        tree = ast.parse(file.read(), owner.__file__)
    for each in tree.body:
        targets = getattr(each, "targets", None) or [getattr(each, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            for place in namespaces(owner):
                exec(compile(ast.Module([each], []), owner.__file__, "exec"), place)
            return


missing = []


@harmless
def note_threads():
    threading = sys.modules.get("threading")
    missing[:] = [] if threading is None else [
        each for each in threading.enumerate()
        if each is not threading.current_thread() and hasattr(each, "_target")
    ]


@harmless
def start_threads():
    """Start again the threads that the fork has left behind: none of them waits for anything."""
    threading = sys.modules["threading"]
    for each in gc.get_objects():
        if type(each) is threading.Condition:
            each._waiters.clear()
    for thread in list(missing):
        if thread is not threading.main_thread() and thread._target is not None:
            note("thread", thread.name, inject.started_at.get(id(thread), ""))
            threading.Thread(
                target=thread._target, args=thread._args, kwargs=thread._kwargs, daemon=True
            ).start()


class OwnEpoll(object):
    """An epoll of a forked child's own, in the place of the one that it shares with its parent.

    It tells the line that would have changed the parent's.
    """

    def __init__(self, selector):
        kind = type(selector._selector)
        self.epoll = kind()
        for fd, key in list(selector._fd_to_key.items()):
            events = selector._EVENT_READ if key.events & 1 else 0
            events |= selector._EVENT_WRITE if key.events & 2 else 0
            self.epoll.register(fd, events)

    def __getattr__(self, name):
        if name in ("register", "unregister", "modify"):
            note("epoll", name, inject.user_line(sys._getframe(1)))
        return getattr(self.epoll, name)


@harmless
def own_epoll():
    for each in gc.get_objects():
        if type(each).__name__ == "EpollSelector" and not each._selector.closed:
            each._selector = OwnEpoll(each)


forked_at = []  # in a forked child: the line that forked it


@harmless
def note_fork():
    forked_at[:] = [inject.user_line(sys._getframe(2))]  # past `harmless`


@harmless
def close_inherited():
    """Close what a forked child has open and its own work does not reach.

    These are sockets, ends of pipes, also those of subprocesses, and files that the program opened.
    A socket leads to nothing then, and it is told where the child uses it all the same.

    A worker of a pool gets what it works on from the pool, and so keeps its ends.
    """
    needed = reached(sys.modules["multiprocessing.process"].current_process())
    sockets = set()
    for each in gc.get_objects():
        kind = ENDS.get((type(each).__module__, type(each).__name__))
        if kind is None or id(each) in needed:
            continue
        if kind == "file":
            where = opening_of(each, directly=True)
            if where and not each.closed:
                note("inherited", kind, where)
                give_up(each)
        elif kind == "subprocess's pipe":
            for pipe in (each.stdin, each.stdout, each.stderr):
                if pipe is not None and not pipe.closed:
                    note("inherited", kind, forked_at[0])
                    give_up(pipe)
        elif not is_closed(each):
            note("inherited", kind, forked_at[0])
            if kind == "socket":
                sockets.add(id(each))
                lead_nowhere(each)
            else:
                each.close()
                each._check_closed = refuse
    if sockets:
        watch_uses(sockets)


def refuse():
    """Tell that the child uses a pipe's end, through a library's globals: it was not left over."""
    note("needed", "a pipe's end", inject.user_line(sys._getframe(1)))
    raise OSError("handle is closed")


def give_up(file):
    """Have a file lead to nothing: what is still in its buffer gets nowhere when it is closed."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, file.fileno())
    os.close(nothing)


def watch_uses(sockets):
    """Tell where one of some sockets is used, by itself or through a file that was made of it."""
    through = {id(each) for each in gc.get_objects() if leads_to(each, sockets)}
    mine = os.getpid()

    def profile(frame, event, function):
        if event == "c_call" and os.getpid() == mine and function.__name__ in USES:
            if id(getattr(function, "__self__", None)) in through:
                note("used", "socket", inject.user_line(frame))

    sys.setprofile(profile)


def leads_to(value, sockets):
    """Tell whether it is one of some sockets, or a file or buffer that was made of one."""
    todo = [value]
    for each in todo:
        if id(each) in sockets:
            return True
        if (type(each).__module__, type(each).__name__) in OF_SOCKETS and len(todo) < 20:
            todo += gc.get_referents(each)
            todo += [getattr(each, "_sock", None)]
    return False


OF_SOCKETS = {
    ("socket", "SocketIO"), ("_io", "TextIOWrapper"), ("_io", "BufferedReader"),
    ("_io", "BufferedWriter"), ("_io", "BufferedRWPair"),
}
USES = {
    "send", "sendall", "sendto", "sendmsg", "recv", "recv_into", "recvfrom", "recvmsg", "shutdown",
    "read", "readinto", "readline", "write", "flush",
}

nowhere = []  # the other ends of what leads to nothing: what is written to them is not read


def lead_nowhere(socket):
    """Have a socket lead to nobody: what is sent to it gets nowhere, and it is read to its end."""
    module = sys.modules["socket"]
    one, two = module.socketpair()
    two.shutdown(module.SHUT_WR)
    nowhere.append(two)
    os.dup2(one.fileno(), socket.fileno())
    one.close()


ENDS = {
    ("socket", "socket"): "socket",
    ("multiprocessing.connection", "Connection"): "pipe's end",
    ("subprocess", "Popen"): "subprocess's pipe",
    ("_io", "TextIOWrapper"): "file",
    ("_io", "BufferedReader"): "file",
    ("_io", "BufferedWriter"): "file",
    ("_io", "BufferedRandom"): "file",
    ("_io", "FileIO"): "file",
}


def is_closed(end):
    return end._closed if hasattr(end, "_closed") else end.closed


def reached(process):
    """Give the ids of what a process object leads to: of a function, the globals that it names."""
    queue, seen = [process], set()
    for each in queue:
        if id(each) in seen or len(queue) > MOST:
            continue
        seen.add(id(each))
        if type(each) is FUNCTION:
            names = names_in(each.__code__)
            queue += [value for name, value in each.__globals__.items() if name in names]
            queue += [each.__closure__, each.__defaults__, each.__kwdefaults__]
        elif type(each) is not type(os):
            queue += gc.get_referents(each)
    return seen


def names_in(code):
    """Give the names that a function's code uses, and that functions within it use."""
    names = set(code.co_names)
    for each in code.co_consts:
        if type(each) is type(code):
            names |= names_in(each)
    return names


last_opened = {}  # by the paths of files: the line of the program that last opened them to read


def hear_opening(event, args):
    """Note by the interpreter's own audit events where files are opened."""
    try:
        if event != "open" or type(args[0]) is not str or args[0].startswith("/proc/"):
            return
        if (args[2] or 0) & os.O_ACCMODE == os.O_RDONLY:
            last_opened[os.path.realpath(args[0])] = inject.own_line(sys._getframe(1))
    except Exception:  # it would be raised in the program
        pass


@harmless
def own_positions(*only):
    """Open again what a forked child has open to read, so that it has positions of its own."""
    import fcntl
    import stat

    for fd in map(int, os.listdir("/proc/self/fd")):
        link = "/proc/self/fd/%d" % fd
        try:
            path = os.readlink(link)
            is_file = stat.S_ISREG(os.fstat(fd).st_mode)
        except OSError:  # the descriptor of the folder itself
            continue
        name = os.path.basename(path)
        if only and name not in only:
            continue
        if fd > 2 and is_file and fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            own = os.open(link, os.O_RDONLY)
            os.lseek(own, os.lseek(fd, 0, os.SEEK_CUR), os.SEEK_SET)
            os.dup2(own, fd, os.get_inheritable(fd))
            os.close(own)
            note("position", name, last_opened.get(path, ""))


random_state = []  # of the process that forks; multiprocessing seeds a forked child again

@harmless
def start_tracker():
    """Have a resource tracker in the parent, which its forked children then use too."""
    import signal
    from multiprocessing import resource_tracker

    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)  # which it has changed (gh-127586)


def watch_tracker(tracker):
    """Tell where a child has something tracked that it would else have started a tracker for."""
    register = tracker.register

    def register_(name, rtype):
        if forked:
            note("tracked", rtype, inject.user_line(sys._getframe(1)))
        return register(name, rtype)

    tracker.register = register_


forked = []  # in a forked child, its process id


@harmless
def clear_caches(*only):
    """Have forked children without the results that functions of the program's have cached."""
    for name, cache in caches():
        if cache.cache_info().currsize and (not only or name in only):
            code = cache.__wrapped__.__code__
            note("cached", name, "%s:%d" % (code.co_filename, code.co_firstlineno))
            cache.cache_clear()


def caches():
    """Give the program's functions that cache their results, with their names."""
    for _, module in own_modules():
        values = list(vars(module).items())
        for _, kind in values:
            values += list(vars(kind).items()) if isinstance(kind, type) else []
        for name, value in values:
            code = getattr(getattr(value, "__wrapped__", None), "__code__", None)
            if code is not None and hasattr(value, "cache_info"):
                if not inject.is_library(code.co_filename):
                    yield name, value


def results_in(cache):
    """Give what a function has cached."""
    held = [each for each in gc.get_referents(cache) if each is not vars(cache)]
    tables = [each for each in held if type(each) is dict]
    if cache.cache_info().maxsize is None:
        return [value for each in tables for value in each.values()]
    links = [each for each in tables if any(is_link(value) for value in each.values())]
    return [each for each in held if not any(each is table for table in links)]


def is_link(value):
    """Tell whether a value is how a cache that is not to grow keeps a result."""
    return type(value).__name__ == "_lru_list_elem"


def watch_bootstrap(process):
    """Have forked children without the values of context variables that they inherit."""
    bootstrap = process.BaseProcess._bootstrap

    def _bootstrap(self, *args, **kwargs):
        import contextvars

        only = [name for aspect in ASPECTS if aspect[0] == "contexts" for name in aspect[1:]]
        context = contextvars.Context()
        for variable, value in contextvars.copy_context().items():
            if only and variable.name not in only:
                context.run(variable.set, value)
            else:
                note("context variable", variable.name)
        return context.run(bootstrap, self, *args, **kwargs)

    process.BaseProcess._bootstrap = _bootstrap


def watch_fork_hooks():
    """Have what the program has registered for forked children do nothing there."""
    register = os.register_at_fork

    def register_at_fork(**hooks):
        hook = hooks.get("after_in_child")
        frame = sys._getframe(1)
        if hook is not None and not inject.is_stdlib(frame.f_code.co_filename):
            where = inject.user_line(frame)
            name = getattr(hook, "__qualname__", type(hook).__name__)
            hooks["after_in_child"] = lambda: note("fork hook", name, where)
        return register(**hooks)

    os.register_at_fork = register_at_fork


IN_FORKED_CHILD = {
    "lock": release_locks,
    "signal handlers": reset_handlers,
    "event loop": new_loop,
    "seed": seed,
    "made again": make_again,
    "threads": start_threads,
    "epoll": own_epoll,
    "positions": own_positions,
    "tracker": lambda: forked.append(os.getpid()),
    "undone": lambda *names: undo(),
    "as imported": lambda *names: bind_as_imported(),
    "caches": clear_caches,
    "thread locals": set_kept_locals,
    "forking thread": forget_locals,
    "executor thread": leave_executor,
}


def watch_forks():
    if not hasattr(os, "register_at_fork"):
        return
    if "positions" in NAMES:
        sys.addaudithook(hear_opening)
    before = [flush] if "flush" in NAMES else []
    before += [start_tracker] if "tracker" in NAMES else []
    before += [note_threads] if "threads" in NAMES else []
    before += [keep_locals] if "thread locals" in NAMES else []
    before += [note_fork] if "descriptors" in NAMES else []
    if ("registry", "random") in ASPECTS:
        before.append(lambda: random_state.__setitem__(slice(None), [get_random()]))
    after = []
    for aspect in ASPECTS:
        if aspect[0] in IN_FORKED_CHILD:
            function = IN_FORKED_CHILD[aspect[0]]
            after.append(lambda function=function, aspect=aspect: function(*aspect[1:]))
    after += [note_dropped] if "flush" in NAMES else []
    for each in before:
        os.register_at_fork(before=each)
    for each in after:
        os.register_at_fork(after_in_child=each)
    if "fork hooks" in NAMES:
        watch_fork_hooks()
