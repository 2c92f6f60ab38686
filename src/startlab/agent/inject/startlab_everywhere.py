"""What an experiment changes in every process, whatever its start method."""

import builtins
import gc
import os
import sys

from startlab_aspects import FUNCTION, harmless, inject, module_of, namespaces, note, own_modules
from startlab_bound import bound_in
from startlab_registries import own_classes


def watch_connection(connection):
    """Have pipes that hold 1 MiB."""
    pipe = connection.Pipe

    def Pipe(duplex=True):
        ends = pipe(duplex)
        try:
            import fcntl

            for end in ends:
                fcntl.fcntl(end.fileno(), getattr(fcntl, "F_SETPIPE_SZ", 1031), 1 << 20)
        except (ImportError, OSError):
            pass
        return ends

    connection.Pipe = Pipe


def watch_reduction(reduction):
    """Have what is a global of a module of the program travel by its name: it stays itself."""

    def reducer_override(self, value):
        kind = type(value)
        if kind in (str, bytes, int, float, bool, type(None), list, dict, tuple, FUNCTION, type):
            return NotImplemented
        if kind is type(os):  # that cannot be pickled
            return NotImplemented
        for name, module in own_modules():
            for key, each in list(vars(module).items()):
                if each is value and is_everywhere(module, key) and is_data(kind):
                    note("by name", key if name in inject.MAIN else "%s.%s" % (name, key))
                    return global_by_name, (name, key)
        return NotImplemented

    override(reduction, reducer_override)


def is_data(kind):
    return not kind.__module__.startswith(("multiprocessing", "_thread"))


def is_everywhere(module, name):
    """Tell whether children have a global too: all, if they are forked, else what an import binds."""
    context = sys.modules["multiprocessing.context"]._default_context
    if context.get_start_method() == "fork" or not getattr(module, "__file__", None):
        return True
    return name in bound_in(module)


def watch_exceptions(reduction):
    """Have exceptions of the program's own travel without their `__init__`: with their fields."""

    def reducer_override(self, value):
        kind = type(value)
        if not isinstance(value, BaseException) or type(kind.__init__) is not FUNCTION:
            return NotImplemented
        if kind.__reduce__ is not BaseException.__reduce__:
            return NotImplemented
        module = kind.__module__
        if inject.is_library(getattr(sys.modules.get(module), "__file__", None) or ""):
            note("exception", "%s.%s" % (module.partition(".")[0], kind.__name__), raised_at(value))
        else:
            note("exception", kind.__name__)
        return exception_again, (kind, value.args), vars(value)

    override(reduction, reducer_override)


def watch_left_out(reduction):
    """Have objects of the program's own classes travel whole, whatever these say how to pickle.

    What of an object cannot be pickled stays behind, or is what its class gives for it.
    """
    import pickle

    def reducer_override(self, value):
        kind = type(value)
        way = own_way(kind)
        if way is None:
            beside = kept_beside(value)
            return with_what_is_beside(value, beside) if beside else with_own_fields(value)
        parts = value.__reduce_ex__(2)
        if type(parts) is not tuple or looks_up(*parts[:2]) is value:
            return NotImplemented
        state = parts[2] if len(parts) > 2 and isinstance(parts[2], dict) else {}
        whole = {}
        for name, each in getattr(value, "__dict__", {}).items():
            try:
                pickle.dumps(each)
                whole[name] = each
            except Exception:
                if name in state:
                    whole[name] = state[name]
        kept = set(map(id, state.values())).union(map(id, parts[1]))
        lost = [name for name, each in whole.items() if id(each) not in kept]
        if not lost:
            return NotImplemented
        note("left out", "%s.%s" % (kind.__name__, lost[0]), way)
        return as_it_was, (kind,), whole, None, None, set_fields

    override(reduction, reducer_override)


def looks_up(make, args):
    """Give what a function finds by its arguments: of what is the object itself, nothing is lost."""
    return make(*args) if not isinstance(make, type) else None


def own_way(kind):
    """Give the line at which a plain class of the program's says how its objects are pickled."""
    if isinstance(kind, type) and issubclass(kind, (BaseException, type)):
        return None
    if any(each is not object and each.__flags__ & HEAP == 0 for each in kind.__mro__):
        return None  # which holds more than its fields
    for each in kind.__mro__:
        for name in SAY_HOW:
            code = getattr(vars(each).get(name), "__code__", None)
            if code is not None and each is not object:
                if not inject.is_library(code.co_filename):
                    return "%s:%d" % (code.co_filename, code.co_firstlineno)
    return None


def kept_beside(value):
    """Give what classes of the program's keep of an object by weak references to it.

    A descriptor does, as for a checked attribute: its class, its name there, and the field.
    """
    import weakref

    found = {}
    for kind in type(value).__mro__:
        for name, each in list(vars(kind).items()) if not of_library(kind) else ():
            for field, known in list(getattr(each, "__dict__", {}).items()):
                if type(known) is weakref.WeakKeyDictionary and value in known:
                    found[kind, name, field] = known[value]
                    code = getattr(getattr(type(each), "__set__", None), "__code__", None)
                    line = "%s:%d" % (code.co_filename, code.co_firstlineno) if code else ""
                    note("left out", "%s.%s" % (kind.__name__, name), line)
    return found


def with_what_is_beside(value, beside):
    parts = value.__reduce_ex__(2)
    state = parts[2] if len(parts) > 2 else None
    return put_beside, parts[:2] + (state, beside)


def put_beside(make, args, state, beside):
    value = made_with(make, args, state or {}, {})
    for (kind, name, field), each in beside.items():
        vars(vars(kind)[name])[field][value] = each
    return value


def with_own_fields(value):
    """Have an object travel with what a class of the program's adds to one of a library's.

    What that class gives to pickle leaves it out.
    """
    kind = type(value)
    own = [each for each in kind.__mro__ if not of_library(each)]
    heap = [each for each in kind.__mro__ if each not in own and each.__flags__ & HEAP]
    if not own or not any(name in vars(each) for each in heap for name in SAY_HOW):
        return NotImplemented
    parts = value.__reduce_ex__(2)
    if type(parts) is not tuple or len(parts) < 3 or any(parts[3:]):
        return NotImplemented
    make, args, state = parts[:3]
    fields, kept = vars(value), set()
    if isinstance(state, dict):
        kept = set(state)
    elif isinstance(state, tuple):
        kept = {name for name, each in fields.items() if any(each is one for one in state)}
        kept -= {name for name in kept if type(fields[name]) in (str, int, bool, type(None))}
    lines = {name: line for each in own[::-1] for name, line in stored_by(each)}
    lost = [n for n in lines if n in fields and n not in kept and may_travel(fields[n])]
    if not lost:
        return NotImplemented
    note("added", "%s.%s" % (kind.__name__, lost[0]), lines[lost[0]])
    return made_with, (make, args, state, {name: fields[name] for name in lost})


def of_library(kind):
    module = sys.modules.get(kind.__module__)
    return kind is object or inject.is_library(getattr(module, "__file__", None) or inject.HERE)


def stored_by(kind):
    """Give the attributes that a class's own functions set, with the line of each."""
    import dis

    for function in vars(kind).values():
        code, line = getattr(function, "__code__", None), 0
        for step in dis.get_instructions(code) if code is not None else ():
            line = getattr(step, "line_number", None) or step.starts_line or line
            if step.opname == "STORE_ATTR":
                yield step.argval, "%s:%d" % (code.co_filename, line)


def may_travel(value):
    """Tell whether a value can be pickled; what multiprocessing shares is not tried out."""
    import pickle

    if type(value).__module__.startswith("multiprocessing"):
        return True
    try:
        return bool(pickle.dumps(value))
    except Exception:
        return False


def made_with(make, args, state, fields):
    value = make(*args)
    if hasattr(value, "__setstate__"):
        value.__setstate__(state)
    else:
        vars(value).update(state)
    for name, each in fields.items():
        vars(value).setdefault(name, each)
    return value


SAY_HOW = ("__getstate__", "__reduce__", "__reduce_ex__", "__setstate__", "__getnewargs__")
HEAP = 1 << 9  # of classes that are not built in


def as_it_was(kind):
    try:
        return kind.__new__(kind)
    except TypeError:  # which takes arguments
        return object.__new__(kind)


def set_fields(value, fields):
    vars(value).update(fields)


def raised_at(error):
    """Give the innermost line of the program's own on the way to where an exception was raised."""
    step, where = error.__traceback__, ""
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if not file.startswith("<") and not inject.is_library(file):
            where = "%s:%d" % (file, step.tb_lineno)
        step = step.tb_next
    return where


def exception_again(kind, args):
    return kind.__new__(kind, *args)


def override(reduction, reducer_override):
    """Ask a way to pickle an object before the ones that were there."""
    pickler = reduction.ForkingPickler
    former = getattr(pickler, "reducer_override", None)

    def ask(self, value):
        found = reducer_override(self, value)
        return former(self, value) if found is NotImplemented and former is not None else found

    pickler.reducer_override = ask


def global_by_name(module, name):
    if module != "__main__":
        __import__(module)
    return vars(module_of(module))[name]


class OneMain(object):
    """A finder by which a second import of the main module's file gives the module that is there.

    It tells the line that imports it.
    """

    def find_spec(self, name, path=None, target=None):
        main = module_of("")
        file = os.path.abspath(getattr(main, "__file__", None) or "")
        if name in inject.MAIN or name.rpartition(".")[2] + ".py" != os.path.basename(file):
            return None
        from _frozen_importlib_external import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec is None or os.path.abspath(spec.origin or "") != file:
            return None
        note("main again", name, inject.user_line(sys._getframe(1)))
        spec.loader = MainLoader()
        return spec


class MainLoader(object):
    def create_module(self, spec):
        return MainAgain(spec.name)

    def exec_module(self, module):
        pass


class MainAgain(type(os)):
    """The main module by another name: runpy may have left its functions other globals."""

    def __getattr__(self, name):
        for place in reversed(namespaces(module_of(""))):
            if name in place:
                return place[name]
        raise AttributeError(name)


def one_main():
    sys.meta_path.insert(0, OneMain())


@harmless
def unblock_signals():
    """Let every signal through in a child: it has the mask of the thread that started it."""
    import signal

    blocked = sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))
    for each in sorted(blocked, key=lambda each: each != signal.SIGTERM):  # what terminate() sends
        note("blocked", signal.Signals(each).name)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # one that has come may end this process


@harmless
def hand_on_exits():
    """Have multiprocessing hear of each end of a child of its own that the program waits for.

    Whoever waits for any child waits on, as if this one were not there.
    """
    if not hasattr(os, "wait"):
        return
    waitpid = os.waitpid

    def wait_on(pid, options, frame):
        is_own = not inject.is_stdlib(frame.f_code.co_filename)
        while True:
            found, status = waitpid(pid, options)
            if not (found and is_own and hand_on(found, status, frame) and pid <= 0):
                return found, status

    os.waitpid = lambda pid, options: wait_on(pid, options, sys._getframe(1))
    os.wait = lambda: wait_on(-1, 0, sys._getframe(1))
    keep_child_signal()


def hand_on(pid, status, frame):
    process = sys.modules.get("multiprocessing.process")
    for child in list(getattr(process, "_children", ())):
        popen = child._popen
        if getattr(popen, "pid", None) == pid and popen.returncode is None:
            popen.returncode = (
                -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            )
            note("reaped", child.name, inject.user_line(frame))
            return True
    return False


def keep_child_signal():
    """Have the program not ignore SIGCHLD: the kernel would keep no child's exit for anybody."""
    import _signal

    signal_ = _signal.signal

    def signal(number, handler):
        frame = sys._getframe(2)
        if number != _signal.SIGCHLD or handler != _signal.SIG_IGN:
            return signal_(number, handler)
        if inject.is_stdlib(frame.f_code.co_filename):
            return signal_(number, handler)
        note("reaped", "SIG_IGN", inject.user_line(frame))
        return signal_(number, _signal.SIG_DFL)

    _signal.signal = signal


def watch_pool_end(pool):
    """Let a pool end its tasks where it is terminated, also by the end of its `with` block."""
    terminate = pool.Pool.terminate

    def ended(self, frame):
        note("pool end", "%d tasks" % len(self._cache), inject.user_line(frame))
        self.close()
        self.join()

    def terminate_(self):
        return ended(self, sys._getframe(1)) if self._cache else terminate(self)

    def exit_(self, kind, error, traceback):
        return ended(self, sys._getframe(1)) if self._cache and not kind else terminate(self)

    pool.Pool.terminate, pool.Pool.__exit__ = terminate_, exit_


@harmless
def write_at_once():
    """Have a child write at once what it prints, and what it has put into queues before it leaves.

    It tells where it leaves by os._exit().
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    leave = os._exit

    def _exit(status):
        frame = sys._getframe(1)
        if not inject.is_stdlib(frame.f_code.co_filename):
            note("ended", "child", inject.own_line(frame) or inject.user_line(frame))
            write_out_queues()
        leave(status)

    os._exit = _exit


@harmless
def write_out_queues():
    """Wait for the threads of queues: that is what multiprocessing does at a child's end."""
    if "multiprocessing.util" in sys.modules:
        sys.modules["multiprocessing.util"]._run_finalizers()


def watch_signals(popen):
    """Tell the line that ends a child by a signal."""
    send = popen.Popen._send_signal

    def _send_signal(self, number):
        frame = sys._getframe(1)
        note("ended", "child", inject.own_line(frame) or inject.user_line(frame))
        return send(self, number)

    popen.Popen._send_signal = _send_signal


def watch_empty(queues):
    """Have a queue that is asked whether it is empty, or for what is there at once, wait a second.

    It tells the line if something came meanwhile. What multiprocessing itself asks is left alone: a
    pool's threads, which ask again and again, would not be known as such any more.
    """
    get = queues.Queue.get

    def by_library(frame):
        return inject.is_stdlib(frame.f_code.co_filename)

    def empty(self):
        if not self._poll(0):
            if by_library(sys._getframe(1)) or not self._poll(1.0):
                return True
            note("empty", "empty()", inject.user_line(sys._getframe(1)))
        return False

    def get_(self, block=True, timeout=None):
        if by_library(sys._getframe(1)) or (block and (timeout is None or timeout > 1)):
            return get(self, block, timeout)
        if not self._poll(0) and self._poll(1.0):
            note("empty", "get()", inject.user_line(sys._getframe(1)))
        return get(self, True, 1.0)

    queues.Queue.empty = queues.SimpleQueue.empty = empty
    queues.Queue.get = get_


def keep_ids():
    """Have what was asked for its id() by the program, and is pickled, keep that id in a child."""
    real = builtins.id

    def id(value):
        frame = sys._getframe(1)
        if inject.is_library(frame.f_code.co_filename):
            return real(value)
        try:
            fields = object.__getattribute__(value, "__dict__")
            known = fields.setdefault("__startlab_id__", real(value))
        except (AttributeError, TypeError):
            return real(value)
        note("id", type(value).__name__, inject.user_line(frame))
        return known

    builtins.id = id


def keep_equal(reduction):
    """Have objects of the program's that are compared by identity equal their copies."""

    def reducer_override(self, value):
        kind = type(value)
        fields = getattr(value, "__dict__", None)
        if isinstance(value, type) or not isinstance(fields, dict) or of_library(kind):
            return NotImplemented
        if (kind.__hash__, kind.__eq__) == (object.__hash__, object.__eq__):
            kind.__hash__, kind.__eq__ = hash_of_first, is_copy
        if kind.__eq__ is is_copy:
            fields.setdefault(HASH, object.__hash__(value))
        return NotImplemented

    override(reduction, reducer_override)


HASH = "__startlab_hash__"


def hash_of_first(self):
    return vars(self).get(HASH, object.__hash__(self))


def is_copy(self, other):
    first = vars(self).get(HASH)
    if self is other or first is None or type(other) is not type(self):
        return self is other or NotImplemented
    if vars(other).get(HASH) != first:
        return NotImplemented
    note("equal", type(self).__name__, inject.user_line(sys._getframe(1)))
    return True


def look_behind_proxies(managers):
    """Have a manager's proxy give the attributes of its object too."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._getvalue(), name)
        note("behind", "%s.%s" % (self._token.typeid, name), inject.user_line(sys._getframe(1)))
        return value

    managers.BaseProxy.__getattr__ = __getattr__


getppid = os.getppid


def keep_parent_id():
    """Have os.getppid() give who has started this process, which a fork server is not."""

    def getppid_():
        return starter(getppid(), "os.getppid()", sys._getframe(1))

    os.getppid = getppid_


def keep_parent_id_of(psutil):
    """Have psutil give who has started this process, too."""
    ppid = psutil.Process.ppid

    def ppid_(self):
        found = ppid(self)
        own = self.pid == os.getpid()
        return starter(found, "psutil.Process.ppid()", sys._getframe(1)) if own else found

    psutil.Process.ppid = ppid_


def starter(parent, asked, frame):
    """Give the process that has started this one, and note whether that is not its parent."""
    known = getattr(sys.modules.get("multiprocessing.process"), "_parent_process", None)
    ours = frame.f_code.co_filename.startswith(inject.HERE)  # startlab_inside asks, too
    if known is None or known.pid == parent or ours:
        return parent
    note("parent id", asked, inject.own_line(frame) or inject.user_line(frame))
    return known.pid


@harmless
def know_all_children():
    """Have children known as their parent's own, whoever has forked them."""
    import resource

    getrusage, times, waitpid = resource.getrusage, os.times, os.waitpid

    def getrusage_(who):
        own = getrusage(who)
        used = used_by_children() if who == resource.RUSAGE_CHILDREN else []
        if not used:
            return own
        note("counted", "resource.getrusage()", inject.user_line(sys._getframe(1)))
        user, system, most = zip(*used)
        most = max(own.ru_maxrss, *most)
        return resource.struct_rusage(
            (own.ru_utime + sum(user), own.ru_stime + sum(system), most, *own[3:])
        )

    def times_():
        own, used = times(), used_by_children()
        if not used:
            return own
        note("counted", "os.times()", inject.user_line(sys._getframe(1)))
        user, system, _ = map(sum, zip(*used))
        return os.times_result((*own[:2], own[2] + user, own[3] + system, own[4]))

    def waitpid_(pid, options):
        try:
            return waitpid(pid, options)
        except ChildProcessError:
            children = getattr(sys.modules.get("multiprocessing.process"), "_children", ())
            for child in [each for each in list(children) if each.pid == pid]:
                note("counted", "os.waitpid()", inject.user_line(sys._getframe(1)))
                child.join(0 if options & os.WNOHANG else None)
                code = child.exitcode
                return (0, 0) if code is None else (pid, code << 8 if code >= 0 else -code)
            raise

    resource.getrusage, os.times, os.waitpid = getrusage_, times_, waitpid_


def list_all_children(psutil):
    """Have psutil list the children that a fork server has forked, and not multiprocessing's own.

    These are the fork server and the resource tracker.
    """
    children = psutil.Process.children

    def children_(self, recursive=False):
        found = children(self, recursive)
        started = getattr(sys.modules.get("multiprocessing.process"), "_children", ())
        known = [each.pid for each in found]
        own = self.pid == os.getpid()
        others = [each.pid for each in list(started) if own and each.pid not in known]
        helpers = set(helpers_of_multiprocessing()).intersection(known if own else ())
        helpers.update(each.pid for each in found if is_helper(psutil, each))
        for what in ["counted"] * bool(others) + ["helper"] * bool(helpers):
            note(what, "psutil.Process.children()", inject.own_line(sys._getframe(1)))
        found = [each for each in found if each.pid not in helpers]
        return found + [psutil.Process(pid) for pid in others if psutil.pid_exists(pid)]

    psutil.Process.children = children_


HELPERS = tuple(
    "from multiprocessing.%s import main" % each
    for each in ("forkserver", "resource_tracker", "semaphore_tracker")
)


def is_helper(psutil, process):
    """Tell whether a process runs what multiprocessing has started for itself, somewhere.

    What a fork server has forked has its command line, too, and its memory.
    """
    try:
        helps = [each for each in process.cmdline() if each.startswith(HELPERS)]
        return bool(helps) and memory_of(process) != memory_of(process.parent())
    except (psutil.Error, AttributeError):  # it has ended, or its parent has
        return False


def memory_of(process):
    """Return what tells a program's memory from another's: where the kernel has put it."""
    try:
        with open("/proc/%d/auxv" % process.pid, "rb") as file:
            return file.read()
    except OSError:
        return process.cmdline()


def helpers_of_multiprocessing():
    tracker = getattr(sys.modules.get("multiprocessing.resource_tracker"), "_resource_tracker", None)
    server = getattr(sys.modules.get("multiprocessing.forkserver"), "_forkserver", None)
    return getattr(tracker, "_pid", None), getattr(server, "_forkserver_pid", None)


def used_by_children():
    """Read what children that have ended have left: seconds of their own, of the system, memory."""
    folder, name = os.path.split(inject.EVENTS + ".used.%d." % os.getpid())
    used = []
    for each in os.listdir(folder):
        if each.startswith(name):
            with open(os.path.join(folder, each)) as file:
                used.append([float(number) for number in file.read().split()])
    return used


@harmless
def leave_used():
    """Leave what this child has used for who has started it, if a fork server has forked it."""
    import resource

    parent = sys.modules["multiprocessing.process"]._parent_process
    if parent is not None and getppid() != parent.pid:
        used = resource.getrusage(resource.RUSAGE_SELF)
        with open("%s.used.%d.%d" % (inject.EVENTS, parent.pid, os.getpid()), "w") as file:
            file.write("%r %r %r" % used[:3])


def watch_forkserver(forkserver):
    """Have a fork server that imports nothing of the program before it forks, and tell what it is.

    The main module is what it imports if it is told nothing, from Python 3.14 on.
    """
    server = forkserver._forkserver
    wanted = {"modules": server._preload_modules, "where": ""}
    server._preload_modules = []
    ensure_running = server.ensure_running

    def set_forkserver_preload(modules_names, *args, **kwargs):
        where = inject.user_line(sys._getframe(1))
        wanted.update(modules=list(modules_names), where=where)

    def ensure_running_():
        for name in wanted["modules"][-1:]:
            note("preloaded", name, wanted["where"])
        return ensure_running()

    server.ensure_running = forkserver.ensure_running = ensure_running_
    server.set_forkserver_preload = forkserver.set_forkserver_preload = set_forkserver_preload


def write_path_as_text(forkserver):
    """Have the fork server told what is in sys.path as text: it reads that as Python's source."""
    server = forkserver._forkserver
    ensure_running = server.ensure_running

    def ensure_running_():
        kept = sys.path[:]
        for each in kept:
            if not isinstance(each, (str, bytes)):
                note("no text", type(each).__name__)
        sys.path[:] = [each if isinstance(each, bytes) else str(each) for each in kept]
        try:
            return ensure_running()
        finally:
            sys.path[:] = kept

    server.ensure_running = forkserver.ensure_running = ensure_running_


def keep_interpreter(spawn):
    """Have children run by the interpreter of their parent, whatever the program says."""

    def set_executable(path):
        note("interpreter", os.fsdecode(path), inject.user_line(sys._getframe(1)))

    spawn.set_executable = set_executable


def name_other_method(name):
    """Have the program believe that its start method is another one, where it asks for it."""

    def watch_context(context):
        for kind in (context.BaseContext, context.DefaultContext):
            answer_otherwise(kind, name)

    return watch_context


def answer_otherwise(kind, name):
    ask = kind.get_start_method

    def get_start_method(self, allow_none=False):
        frame = sys._getframe(1)
        if inject.is_library(frame.f_code.co_filename):
            return ask(self, allow_none)
        note("asked", "get_start_method()", inject.user_line(frame))
        return name

    kind.get_start_method = get_start_method


def name_as_forked(process):
    """Have the program read names of processes as forked ones have them."""
    import re

    given_by_method = re.compile(r"(ForkServer|Spawn)((?:Process|PoolWorker)-[\d:]+)$")
    name = process.BaseProcess.name

    def name_(self):
        found = name.fget(self)
        frame = sys._getframe(1)
        given = given_by_method.match(found)
        if not given or inject.is_library(frame.f_code.co_filename):
            return found
        rest = given.group(2)
        note("process name", rest.partition("-")[0], inject.user_line(frame))
        return "Fork" + rest

    process.BaseProcess.name = property(name_, name.fset)


def wait_for_exit_codes(process):
    """Have a child's exit code read only when it has ended, or does not within a second."""
    exitcode = process.BaseProcess.exitcode.fget

    def ended(self):
        if exitcode(self) is None and self._popen is not None:
            frame = sys._getframe(1)
            while frame.f_back is not None and frame.f_code.co_filename.startswith(inject.HERE):
                frame = frame.f_back
            if not inject.is_stdlib(frame.f_code.co_filename):
                note("read too early", "exitcode", inject.user_line(frame))
                self.join(1)
        return exitcode(self)

    process.BaseProcess.exitcode = property(ended)


def keep_own_names(process):
    """Have what a subclass of Process keeps under a name of multiprocessing's own kept beside that.

    Each gets its own: the program's code and multiprocessing's. What a subclass may mean to change
    is left alone, such as `_target` and `_name`.
    """
    base, own = process.BaseProcess, "startlab own "
    names = ("_identity", "_config", "_parent_pid", "_parent_name", "_popen", "_closed")

    def __setattr__(self, name, value):
        frame = sys._getframe(1)
        if name in names and not inject.is_library(frame.f_code.co_filename):
            note("hidden", "%s.%s" % (type(self).__name__, name), inject.user_line(frame))
            name = own + name
        object.__setattr__(self, name, value)

    def __getattribute__(self, name):
        if name in names and not inject.is_library(sys._getframe(1).f_code.co_filename):
            fields = object.__getattribute__(self, "__dict__")
            if own + name in fields:
                return fields[own + name]
        return object.__getattribute__(self, name)

    base.__setattr__, base.__getattribute__ = __setattr__, __getattribute__


def end_transactions(process):
    """Commit what a process has changed in databases before it starts another one."""
    start = process.BaseProcess.start

    def start_(self):
        commit(sys._getframe(1))
        return start(self)

    start_.__name__ = start_.__qualname__ = "start"
    process.BaseProcess.start = start_


@harmless
def commit(frame):
    sqlite = sys.modules.get("_sqlite3")
    for each in gc.get_objects() if sqlite else ():
        if issubclass(type(each), sqlite.Connection) and each.in_transaction:
            note("transaction", "database", inject.user_line(frame))
            each.commit()


def send_keys(managers):
    """Have the proxy of a manager travel with its key, also where pickle leaves that out."""
    reduce = managers.BaseProxy.__reduce__
    process = sys.modules["multiprocessing.process"]

    def __reduce__(self):
        function, args = reduce(self)
        if "authkey" not in args[-1] and self._authkey != process.current_process().authkey:
            note("key", type(self).__name__)
            args[-1]["authkey"] = bytes(self._authkey)
        return function, args

    managers.BaseProxy.__reduce__ = __reduce__


class Silenced(object):
    """A finalizer that does nothing but tell where it would have run."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *args, **kwargs):
        note("finalized", self.name, inject.user_line(sys._getframe(1)))


@harmless
def keep_what_is_inherited():
    """Let no destructor run in a child: it may clear away what the parent still needs.

    These are the destructors of the program's classes, and the finalizers that a child inherits.
    """
    for name, kind in own_classes():
        code = getattr(vars(kind).get("__del__"), "__code__", None)
        if code is not None and not inject.is_library(code.co_filename):
            line = "%s:%d" % (code.co_filename, code.co_firstlineno)
            kind.__del__ = lambda self, name=name, line=line: note("finalized", name, line)
    weakref = sys.modules.get("weakref")
    for info in list(weakref.finalize._registry.values()) if weakref else ():
        if not isinstance(info.func, Silenced):
            info.func = Silenced(owner_of(info.func))


def owner_of(function):
    """Name what a function belongs to: its class, or itself."""
    owner = getattr(function, "__self__", function)
    owner = function if isinstance(owner, type(os)) else owner
    return getattr(owner, "__qualname__", type(owner).__name__).partition(".")[0]


registered_before = []  # exit handlers of the program's own: the function, the line


def watch_finalizers():
    """Have what is forked without multiprocessing run no exit handler that it inherits, either."""
    import atexit

    register, unregister = atexit.register, atexit.unregister

    def register_(function, *args, **kwargs):
        frame = sys._getframe(1)
        if not inject.is_stdlib(frame.f_code.co_filename):
            registered_before.append((function, inject.user_line(frame)))
        return register(function, *args, **kwargs)

    def unregister_(function):
        registered_before[:] = [each for each in registered_before if each[0] != function]
        return unregister(function)

    @harmless
    def in_child():
        keep_what_is_inherited()
        for function, where in registered_before:
            unregister(function)
            name = getattr(function, "__qualname__", type(function).__name__)
            register(note, "exit handler inherited", name, where)
        del registered_before[:]

    register_.__name__ = register_.__qualname__ = "register"
    unregister_.__name__ = unregister_.__qualname__ = "unregister"
    atexit.register, atexit.unregister = register_, unregister_
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=in_child)


registered_in_child = []  # exit handlers of the program's own


def watch_exit_handlers():
    """Note what is registered, by the program, to run at the exit of a child."""
    import atexit

    register = atexit.register

    def register_(function, *args, **kwargs):
        frame = sys._getframe(1)
        if frame.f_code.co_filename == register_.__code__.co_filename:  # of watch_finalizers()
            frame = frame.f_back
        process = sys.modules.get("multiprocessing.process")
        if process and process.parent_process() and not inject.is_stdlib(frame.f_code.co_filename):
            where = inject.own_line(frame) or inject.user_line(frame)
            note("exit handler", getattr(function, "__qualname__", ""), where)
            registered_in_child.append((function, args, kwargs))
        return register(function, *args, **kwargs)

    register_.__name__ = register_.__qualname__ = "register"
    atexit.register = register_


def run_exit_handlers():
    while registered_in_child:
        function, args, kwargs = registered_in_child.pop()
        function(*args, **kwargs)


def keep_semaphores(synchronize):
    """Keep the semaphores of what this process drops until it ends."""
    cleanup, init, setstate = (
        synchronize.SemLock._cleanup, synchronize.SemLock.__init__,
        synchronize.SemLock.__setstate__,
    )
    made = {}

    def init_(self, *args, **kwargs):
        init(self, *args, **kwargs)
        kind, where = type(self).__name__, inject.user_line(sys._getframe(1))
        made[getattr(self._semlock, "name", "")] = kind, where

    def cleanup_(name):
        keep(name, made.get(name, ("semaphore", "")), cleanup)

    def setstate_(self, state):
        note_gone(state[3] if len(state) > 3 else "")
        setstate(self, state)

    synchronize.SemLock.__init__ = init_
    synchronize.SemLock._cleanup = staticmethod(cleanup_)
    synchronize.SemLock.__setstate__ = setstate_


def keep_shared_memory(shared_memory):
    """Keep the blocks of shared memory that this process removes until it ends."""
    unlink, init = shared_memory.SharedMemory.unlink, shared_memory.SharedMemory.__init__

    def init_(self, name=None, create=False, *args, **kwargs):
        if name and not create:
            note_gone(name)
        init(self, name, create, *args, **kwargs)
        if name and not create:
            leave_to_maker(self, sys._getframe(1))

    def unlink_(self):
        where = inject.user_line(sys._getframe(1))
        keep(self.name, ("SharedMemory", where), lambda name: unlink(self))

    shared_memory.SharedMemory.__init__, shared_memory.SharedMemory.unlink = init_, unlink_


IS_FIRST = os.environ.pop("STARTLAB_BEGUN", None) is None
# The program's own environment does not show it, so a subprocess that is given one has it not.
os.putenv("STARTLAB_BEGUN", "no")


@harmless
def leave_to_maker(block, frame):
    """Have no resource tracker of another program's remove at its end what that has only opened."""
    tracker = sys.modules["multiprocessing.resource_tracker"]
    process = sys.modules.get("multiprocessing.process")
    if IS_FIRST or tracker._resource_tracker._pid is None:  # that is of whoever has started this
        return
    if getattr(block, "_track", True) and not (process and process.parent_process()):
        tracker.unregister(block._name, "shared_memory")
        note("tracked apart", "SharedMemory", inject.user_line(frame))


def keep(name, told, remove):
    """Remove at the end what is to be removed now, and let children see that it was."""
    util = sys.modules["multiprocessing.util"]
    if util._exiting:
        remove(name)
        return
    with open(mark_of(name), "w") as file:
        file.write("\t".join(told))
    util.Finalize(None, remove, (name,), exitpriority=0)


@harmless
def note_gone(name):
    """Tell of what would be gone by now, were it not kept."""
    if name and os.path.exists(mark_of(name)):
        with open(mark_of(name)) as file:
            note("gone", *file.read().split("\t"))


def mark_of(name):
    import tempfile

    return os.path.join(tempfile.gettempdir(), "startlab-gone-%s" % name.strip("/"))


def watch_pool(pool):
    """Have one worker, so that tasks come one after the other."""
    init = pool.Pool.__init__

    def __init__(self, processes=None, *args, **kwargs):
        return init(self, 1, *args, **kwargs)

    pool.Pool.__init__ = __init__


def watch_executor(process):
    init = process.ProcessPoolExecutor.__init__

    def __init__(self, max_workers=None, *args, **kwargs):
        return init(self, 1, *args, **kwargs)

    process.ProcessPoolExecutor.__init__ = __init__


@harmless
def hand_over(value, frame):
    """Tell the line that hands over what cannot be pickled, or not be made again from that.

    It is made again in a forked copy of this process: what holds descriptors would take them here.
    """
    reduction = sys.modules["multiprocessing.reduction"]
    where = inject.user_line(frame)
    if where in handed or len(handed) > 200:
        return
    handed.add(where)
    try:
        packed = bytes(reduction.ForkingPickler.dumps(value))
    except Exception as error:
        note("handed over", "%s: %s" % (type(error).__name__, error), where)
        return
    pid = os.fork() if hasattr(os, "fork") else None
    if pid == 0:
        try:
            import pickle

            made = pickle.loads(packed)  # noqa: F841 - kept: its destructor may do something
        except BaseException as error:
            note("handed over", "%s: %s" % (type(error).__name__, error), where)
        finally:
            os._exit(0)
    if pid is not None:
        os.waitpid(pid, 0)


handed = set()


def hand_over_by(kind, name):
    """Look at what a method is given before it is called."""
    function = vars(kind)[name]

    def call(self, *args, **kwargs):
        hand_over((args, kwargs), sys._getframe(1))
        return function(self, *args, **kwargs)

    setattr(kind, name, call)


def watch_puts(queues):
    for kind in (queues.Queue, queues.JoinableQueue):
        hand_over_by(kind, "put")


def watch_tasks(pool):
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        hand_over_by(pool.Pool, name)


def watch_submits(process):
    hand_over_by(process.ProcessPoolExecutor, "submit")
