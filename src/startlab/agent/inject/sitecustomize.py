"""What startlab puts into every Python of a job, 2.7 to the newest, through PYTHONPATH.

It makes the wanted start method the *platform default*, exactly as if the program ran on a platform
with that default: the program's own set_start_method() and get_context() still work and win. It
does so when multiprocessing.context is first imported and not before: importing it here would
import pickle and others, and hide a user's module that shadows one of them.

It also reports to the agent what can only be seen from inside, one line of the events file each:
that this interpreter was reached, every process that multiprocessing starts, and what its starter
learns of its end; startlab_inside.py, on Python 3, reports more. Nothing here shows in a traceback
of the program.
"""

import os
import sys
import time

try:
    from _thread import get_ident
except ImportError:
    from thread import get_ident  # 2.7

HERE = os.path.dirname(os.path.abspath(__file__))
EVENTS = os.environ.get("STARTLAB_EVENTS")
METHOD = os.environ.get("STARTLAB_START_METHOD")
STDLIB = os.path.dirname(os.path.abspath(os.__file__))
COPY = os.path.join("-packages", "multiprocess", "")  # of multiprocessing: pathos has one
OWN = set(os.environ.get("STARTLAB_OWN", "").split("/")) - set([""])  # the program's, installed
SCRIPTS = os.path.join(sys.prefix, "Scripts" if sys.platform == "win32" else "bin", "")
MAIN = ("__main__", "__mp_main__")
CRASH_FD, STACKS_FD = 250, 251  # far above what a program counts on
APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)  # else Windows ends lines by \r\n


def tell(kind, *fields):
    """Append one event. No import and no lock: this also runs right after a fork.

    agent/events.py has a table of the kinds and of the fields of each. What is more than a field
    has NULs between its parts.
    """
    line = "\0".join([kind, str(os.getpid()), repr(time.time())] + [str(f) for f in fields])
    line = line.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    line = line.replace("\r", "\\r").replace("\0", "\t") + "\n"
    if not isinstance(line, bytes):
        line = line.encode("utf-8", "backslashreplace")
    try:
        fd = os.open(EVENTS, APPEND)  # not O_CREAT: a trial that is over stays so
        try:
            os.write(fd, line)
        finally:
            os.close(fd)
    except (OSError, TypeError):
        pass


def force(context):
    """Make METHOD the default of a freshly imported multiprocessing.context."""
    try:
        context._default_context._default_context = context._concrete_contexts[METHOD]
    except (AttributeError, KeyError):
        tell("unforced", METHOD)
    else:
        tell("forced", METHOD)


def watch(popen):
    """See a process start and end where multiprocessing itself records it: in `returncode`.

    Popen sets it to None before it launches and to the exit code when it has waited. A property
    leaves no frame in a traceback, as a wrapped method would.
    """

    def get(self):
        try:
            value = self.__dict__["returncode"]
        except KeyError:
            raise AttributeError("returncode")
        if value:
            try:
                looked_at(self, value, sys._getframe(1))
            except Exception:  # it would be raised in the program
                pass
        return value

    def set(self, value):
        self.__dict__["returncode"] = value
        if value is None:
            tell("start", id(self), getattr(self, "method", "fork"), caller())
            inside = sys.modules.get("startlab_inside")
            if inside is not None:
                inside.starting(sys._getframe(1))
        else:
            tell("end", id(self), getattr(self, "pid", ""), value)

    popen.returncode = property(get, set)


looked = set()


def looked_at(popen, code, frame):
    """Report once for each failed child that the program has read its exit code."""
    depth = 4
    while frame is not None and depth and is_stdlib(frame.f_code.co_filename):
        if frame.f_code.co_name == "exitcode":
            line = user_line(frame.f_back) if not is_stdlib(frame.f_back.f_code.co_filename) else ""
            if line and (id(popen), line) not in looked and len(looked) < 100:
                looked.add((id(popen), line))
                tell("exit code read", code, line)
            return
        frame, depth = frame.f_back, depth - 1


def caller():
    """Find the calling line of the program, or else of a library, as `file:line`."""
    return own_line(sys._getframe(2)) or user_line(sys._getframe(2))


def user_line(frame):
    """Find the innermost line outside the standard library, as `file:line`.

    Code made from a string, like the methods of a manager's proxies, has no source line, unless it
    is the program itself.
    """
    while frame is not None:
        file = frame.f_code.co_filename
        made = file.startswith("<") and frame.f_globals.get("__name__") not in MAIN
        if not made and not is_stdlib(file) and not file.startswith(HERE):
            return "%s:%d" % (file, frame.f_lineno or 0)
        frame = frame.f_back
    return ""


def own_line(frame):
    """Find the innermost line of the program's own, as `file:line`."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith("<") and not is_library(file):
            return "%s:%d" % (file, frame.f_lineno or 0)
        frame = frame.f_back
    return ""


def is_stdlib(file):
    inside = file.startswith(STDLIB) and "-packages" not in file
    return inside or file.startswith("<frozen") or COPY in file


def is_library(file):
    """Return whether a file is not the program's own."""
    if is_stdlib(file) or file.startswith((HERE, SCRIPTS)):
        return True
    return "-packages" in file and module_in(file) not in OWN


def module_in(file):
    """Name the module or package of a file in a folder of such."""
    return file.rpartition("-packages" + os.sep)[2].partition(os.sep)[0]


threads_at_fork = []  # of the process that forks: name, `file:line`, and that of its start
started_at = {}  # the line of the program that started a thread, by the id of the Thread
inherited_main = False  # whether this process was forked from one that had run the main module
native_before = 0  # native threads of the process that forks, before the fork
python_threads = set()  # of the process that forks: their native ids
library_of = {}  # of its native threads
MOST_THREADS = 20  # native ones whose stacks are looked at
waits_on = {}  # of its native threads: the address of what each waits for, and what is there
forker = []  # a package that forks by itself, and not by multiprocessing; the program's line


def before_fork():
    """Note the other threads: none of them will exist in the child."""
    global inherited_main, native_before, python_threads
    del threads_at_fork[:]
    del forker[:]
    native_before = 0
    try:
        note_forker(sys._getframe(1))
        main = sys.modules["__main__"]
        inherited_main = hasattr(main, "__file__") or not sys.argv[0] == "-c"
        threading = sys.modules.get("threading")
        # A thread whose start() has just returned may not have moved from the one to the other.
        threads = [
            thread
            for them in ("_limbo", "_active")
            for thread in list(getattr(threading, them, {}).values())
        ]
        known = dict((thread.ident, thread) for thread in threads)
        frames = sys._current_frames()
        frames.pop(get_ident(), None)  # as a variable of its own it would live on, with its callers
        for ident, frame in frames.items():
            thread = known.get(ident)
            name = "?" if thread is None else thread.name
            threads_at_fork.extend((name, user_line(frame), started_at.get(id(thread), "")))
        inside = sys.modules.get("startlab_inside")
        if inside is not None:
            inside.before_fork([known[i] for i in known if i != get_ident()])
        native_before = native_threads()
        active = list(getattr(sys.modules.get("threading"), "_active", {}).values())
        python_threads = set(str(getattr(thread, "native_id", "")) for thread in active)
        if native_before > 0:
            note_libraries()
            note_waits()
    except Exception:  # it would be printed on the program's stderr
        pass


def after_fork_in_child():
    """Tell of the other threads, also of those native ones that there still are.

    OpenBLAS ends its own for a fork, and restarts them later. The child looks for them: up to 3.11
    the errno of a fork that has failed is read only after the parent could have.
    """
    parent = os.getppid()
    tell("forked", parent, *threads_at_fork)
    if forker:
        tell("forked by", forker[0], forker[1])
    if native_before > 0:
        try:
            task = "/proc/%d/task" % parent
            cared_for = renewed(task)
            native = native_threads(task) - len(cared_for)
            if native > 0:
                tell("native threads at fork", native, *named_threads(task, cared_for))
        except Exception:  # the parent has gone on
            pass


def note_forker(frame):
    """Note the package whose code forks: whatever the start method is, it has its own way."""
    while frame is not None and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    file = "" if frame is None else frame.f_code.co_filename
    if "-packages" in file and not is_stdlib(file):
        inside = file.rpartition("-packages")[2].replace(os.sep, "/")
        forker.extend((inside.split("/")[1].partition(".")[0], own_line(frame)))


def native_threads(task="/proc/self/task"):
    """Count the other threads of a process that are none of Python's."""
    if not sys.platform.startswith("linux"):
        return 0
    return len(os.listdir(task)) - 1 - len(threads_at_fork) // 3


def note_libraries():
    """Note before a fork which library each native thread is in."""
    library_of.clear()
    tids = set(os.listdir("/proc/self/task")).difference(python_threads, [str(os.getpid())])
    library_of.update(libraries_of_threads(sorted(tids, key=int)[:MOST_THREADS]))


def note_waits():
    """Note before a fork what each native thread waits for."""
    waits_on.clear()
    for tid in set(os.listdir("/proc/self/task")).difference(python_threads):
        with open("/proc/self/task/%s/syscall" % tid) as file:
            fields = file.read().split()
        if len(fields) > 2 and tid != str(os.getpid()):
            words = condition(int(fields[1], 16))
            if words:
                waits_on[tid] = int(fields[1], 16), words


def condition(futex):
    """Give the memory of a futex with what is before it: a condition counts its waiters there."""
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    try:
        os.lseek(memory, futex - 8, 0)
        return os.read(memory, 12)
    except (OSError, OverflowError):  # it is no address: another call than futex()
        return b""
    finally:
        os.close(memory)


def renewed(task):
    """Give the parent's threads whose library replaces, at the fork, what they wait for.

    The handlers that it has registered with the C library do that in the child, as jemalloc's: then
    it knows that the thread is gone, and the child needs none.
    """
    here = set(os.listdir(task))
    return set(tid for tid, (at, words) in waits_on.items() if tid in here and condition(at) != words)


def named_threads(task, cared_for):
    """Give the names that libraries have given their threads, and those of the libraries.

    That is `polars` of `polars-0`; one that has its process's name has none of its own.
    """
    names = set()
    with open("/proc/self/comm") as file:
        own = file.read().strip()
    for tid in set(os.listdir(task)).difference(python_threads, cared_for):  # 3.14 names its own
        with open("%s/%s/comm" % (task, tid)) as file:
            name = file.read().strip()
        names.add(library_of.get(tid, ""))
        if name != own:
            names.add(name.rstrip("0123456789").rstrip("-_: "))
    return sorted(names.difference([""]))


def libraries_of_threads(tids):
    """Give the innermost library on the native stack of each thread."""
    import struct

    code = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            fields = line.split(None, 5)
            if "x" in fields[1] and len(fields) > 5:
                start, end = fields[0].split("-")
                code.append((int(start, 16), int(end, 16), fields[5].strip()))
    found = {}
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    try:
        for tid in tids:
            try:
                with open("/proc/self/task/%s/syscall" % tid) as file:
                    fields = file.read().split()
            except (IOError, OSError):  # it has ended meanwhile
                continue
            if len(fields) > 2:
                os.lseek(memory, int(fields[-2], 16), 0)
                data = os.read(memory, 8192)
                words = struct.unpack("=%dQ" % (len(data) // 8), data[: len(data) // 8 * 8])
                found[tid] = first_library(words, code)
    finally:
        os.close(memory)
    return found


def first_library(addresses, code):
    for address in addresses:
        for start, end, path in code:
            if start <= address < end:
                name = os.path.basename(path).split(".")[0].split("-")[0]
                if name in ("libc", "ld", "libpthread", "libstdc++", "[vdso]"):
                    break
                folder, inside, _ = path.rpartition("-packages/")[2].partition("/")
                package = inside and "-packages/" in path and not folder.endswith(".libs")
                return folder.split(".")[0] if package else name.lstrip("_")
    return ""


def fork_and_tell(fork):
    """os.fork of 2.7 and 3.6, where nothing can be registered to run at a fork."""

    def fork_():
        before_fork()
        pid = fork()
        if pid == 0:
            after_fork_in_child()
        return pid

    return fork_


class Starting(dict):
    """What threading keeps of threads that are about to start: it notes the program's line.

    Of one that a library's thread starts, that is the line that has started this one.
    """

    def __setitem__(self, thread, value):
        dict.__setitem__(self, thread, value)
        try:
            line = own_line(sys._getframe(1))
            by = sys.modules["threading"]._active.get(get_ident())
            started_at[id(thread)] = line or started_at.get(id(by), "")
        except Exception:  # it would be raised in the program
            pass


def watch_threads(threading):
    if type(getattr(threading, "_limbo", None)) is dict:  # else it is the program's own module
        threading._limbo = Starting(threading._limbo)


def watch_excepthook(threading):
    """Tell what ends a thread, which its program may print elsewhere, as pytest does."""
    if not hasattr(threading, "_make_invoke_excepthook"):
        return  # before 3.8
    make = threading._make_invoke_excepthook

    def make_invoke_excepthook():
        invoke = make()

        def invoke_excepthook(thread):
            tell_raised("Exception in thread %s:" % thread.name)
            invoke(thread)

        return invoke_excepthook

    threading._make_invoke_excepthook = make_invoke_excepthook


def watch_print_exc(traceback):
    """Tell what ends a child of multiprocessing, whose stderr may lead elsewhere."""
    print_exc = traceback.print_exc

    def print_exc_(*args, **kwargs):
        caller = sys._getframe(1).f_code
        if caller.co_name == "_bootstrap" and is_stdlib(caller.co_filename):
            tell_raised("Process child:")
        return print_exc(*args, **kwargs)

    print_exc_.__name__ = print_exc_.__qualname__ = "print_exc"
    traceback.print_exc = print_exc_


def watch_children(_):
    """Tell what ends a child that cannot begin: it is printed by its own interpreter."""
    usual = sys.excepthook

    def excepthook(*error):
        tell_raised("Process child:", *error)
        usual(*error)

    if sys.argv[:1] == ["-c"] and usual is sys.__excepthook__:
        sys.excepthook = excepthook


raised = []  # by this process, so far


def tell_raised(head, *error):
    try:
        import traceback

        tell_text("".join(traceback.format_exception(*error or sys.exc_info())), head + "\n")
    except Exception:  # it would be raised in the program
        pass


def tell_text(text, head=""):
    if len(raised) < 20:
        raised.append(head)
        tell("raised", head + text[-8000:])


def watch_forks():
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before_fork, after_in_child=after_fork_in_child)
    elif hasattr(os, "fork"):
        os.fork = fork_and_tell(os.fork)


def watch_module(module):
    watch(module.Popen)


def look_inside(module):
    """Make startlab_inside.py, which is beside this file, watch a module of Python 3."""
    try:
        __import__("startlab_inside").PATCHES[module.__name__](module)
    except Exception:  # an untested version: then less is reported
        tell("not inside", module.__name__)


def watch_replaced(module):
    """Make startlab_replaced.py watch what tests replace."""
    try:
        __import__("startlab_replaced").PATCHES[module.__name__](module)
    except Exception:  # likewise
        tell("not inside", module.__name__)


PATCHES = {
    "threading": [watch_threads, watch_excepthook],
    "traceback": [watch_print_exc],
    "multiprocessing.forkserver": [watch_children],
    "multiprocessing.popen_fork": [watch_module],
    "multiprocessing.popen_spawn_win32": [watch_module],
    "multiprocessing.forking": [watch_module],  # 2.7
    "multiprocess.popen_fork": [watch_module],
    "multiprocess.popen_spawn_win32": [watch_module],
}
if METHOD:
    PATCHES["multiprocessing.context"] = [force]
    PATCHES["multiprocess.context"] = [force]
if sys.version_info >= (3, 4):
    PATCHES["multiprocessing.spawn"] = [watch_children]
    for name in (
        "multiprocessing.connection",
        "multiprocessing.context",
        "multiprocessing.util",
        "multiprocessing.spawn",
        "multiprocessing.synchronize",
        "multiprocessing.queues",
        "multiprocessing.pool",
        "multiprocessing.popen_fork",
        "multiprocessing.popen_spawn_posix",
        "multiprocessing.popen_spawn_win32",
        "multiprocessing.popen_forkserver",
        "concurrent.futures.process",
    ):
        PATCHES[name] = PATCHES.get(name, []) + [look_inside]
    PATCHES["_pytest.monkeypatch"] = PATCHES["unittest.mock"] = [watch_replaced]


seen_to_come = []  # what is called with each module of the user's that a child imports late


class Finder(object):
    """Patches a module when its body has run, and otherwise does nothing."""

    def find_spec(self, name, path=None, target=None):
        if name not in PATCHES and not seen_to_come:
            return None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    if spec.has_location and not is_library(spec.origin):
                        PATCHES[name] = PATCHES.get(name, []) + seen_to_come
                    if name in PATCHES:
                        patch_after(spec.loader, name)
                    return spec
        return None

    def find_module(self, name, path=None):  # 2.7
        return self if name in PATCHES and sys.version_info < (3,) else None

    def load_module(self, name):  # 2.7
        import imp

        package, _, tail = name.rpartition(".")
        inside = sys.modules[package].__path__ if package else None
        file, place, description = imp.find_module(tail, inside)
        try:
            module = imp.load_module(name, file, place, description)
        finally:
            if file is not None:
                file.close()
        for patch in PATCHES.pop(name):
            patch(module)
        return module


def patch_after(loader, name):
    if isinstance(loader, type) or not hasattr(loader, "exec_module"):
        return  # frozen or built in: the module has no loader of its own
    loader.exec_module = exec_module_and(loader.exec_module, lambda: patched(loader, name))


def patched(loader, name):
    del loader.exec_module
    for patch in PATCHES.pop(name, []):
        patch(sys.modules[name])


# When a module's body raises, importlib removes its own frames from the traceback, as long as there
# are no others between them. The frame of this function counts as one because of its file's name.
exec(compile("""
def exec_module_and(exec_module, then):
    def call_with_frames_removed(module):
        exec_module(module)
        then()
    return call_with_frames_removed
""", "<frozen importlib._bootstrap>", "exec"))


def catch_crashes():
    """Make a process that dies by a fatal signal leave its Python stacks beside the events.

    Also one that is asked by a signal, if the agent has no other way to see them.
    """
    import faulthandler

    if open_as(CRASH_FD, EVENTS + ".crashes"):
        faulthandler.enable(file=CRASH_FD)
    wanted = os.environ.get("STARTLAB_STACKS_SIGNAL")
    if wanted and open_as(STACKS_FD, EVENTS + ".stacks"):
        faulthandler.register(int(wanted), file=STACKS_FD, all_threads=True)
    at = os.environ.get("STARTLAB_STACKS_AT")
    if at:  # without such a signal: just before the time limit, and again as long after
        file = "%s.stacks.%d" % (EVENTS, os.getpid())
        fd = os.open(file, APPEND | os.O_CREAT)
        delay = max(0.05, float(at) - time.time())
        faulthandler.dump_traceback_later(delay, repeat=True, file=fd)


def open_as(number, path):
    """Open a file for appending under a descriptor's number, unless it is in use."""
    try:
        os.fstat(number)
    except OSError:
        fd = os.open(path, APPEND)
        try:
            os.dup2(fd, number, inheritable=False)
        finally:
            os.close(fd)
        return True
    return False


def chain():
    """Run the sitecustomize that this one shadows (of Debian or coverage, for example)."""
    rest = [p for p in sys.path if os.path.abspath(p or os.curdir) != HERE]
    if sys.version_info < (3,):
        import imp

        try:
            file, place, description = imp.find_module("sitecustomize", rest)
        except ImportError:
            return
        with file:
            imp.load_module("sitecustomize", file, place, description)
        return
    for finder in sys.meta_path:
        spec = finder.find_spec("sitecustomize", rest) if hasattr(finder, "find_spec") else None
        if spec is not None and spec.loader is not None:
            # importlib.util has this too, but imports modules that a user's module may shadow.
            from _frozen_importlib import module_from_spec

            module = sys.modules["sitecustomize"] = module_from_spec(spec)
            spec.loader.exec_module(module)
            return


if EVENTS:
    sys.modules["startlab_inject"] = sys.modules[__name__]  # 2.7 clears a module without references
    tell("interpreter", os.getppid() if hasattr(os, "getppid") else "")
    if sys.version_info >= (3, 4):
        try:
            catch_crashes()
        except (ImportError, OSError, ValueError):
            pass
    watch_forks()
    for module in {"threading", "traceback"}.intersection(sys.modules):  # by a .pth file
        for patch in PATCHES.pop(module):
            patch(sys.modules[module])
    sys.meta_path.insert(0, Finder())
    if os.environ.get("STARTLAB_EXPERIMENT"):
        import startlab_experiment
chain()
