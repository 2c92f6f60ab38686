"""Make this Python look like one on Windows or macOS to startlab, its agent, tests and programs.

What such a platform lacks is absent for them: modules, names of modules, paths. What it has and
Linux has not is put in: names, and the system's side of it (kernel32.py, msvcrt.py, ps.py). The
standard library and other packages see Linux as it is, and so go on working. Every Python that the
hidden code starts is hidden too, through site/sitecustomize.py.

Runs on 2.7 too, for startlab's probe and its programs do.
"""

from __future__ import absolute_import

import os
import sys
import types

from .lacking import LACKING

HERE = os.path.dirname(os.path.abspath(__file__))
SITE = os.path.join(HERE, "site")
STDLIB = os.path.dirname(os.path.abspath(os.__file__))
VARIABLE = "STARTLAB_HIDING"

SYS_PLATFORM = {"windows": "win32", "macos": "darwin"}
SYSTEM = {"windows": "Windows", "macos": "Darwin"}
RELEASE = {"windows": ("11", "10.0.26100"), "macos": ("25.0.0", "Darwin Kernel Version 25.0.0")}

LOST_PATHS = {
    "windows": ("/proc", "/sys", "/dev/shm", "/dev/pts", "/bin", "/etc"),
    "macos": ("/proc", "/sys", "/dev/shm"),
}
"""Paths that are not there; what this Python itself is in stays."""

LOST_ALONE = {"windows": ("/tmp", "/var/tmp"), "macos": ()}
"""Likewise, but what is in them is of this run: the temporary files of who hides."""

NOT_INSTALLED = ("py-spy", "debootstrap")
"""Programs that startlab looks for: it has them from Linux's packages alone."""

LEVEL = 0 if sys.version_info >= (3,) else -1  # of an import that does not say

_LACKED_BEFORE = {("macos", "os"): ["waitid"]} if sys.version_info < (3, 13) else {}
"""What a platform has had from some Python on, which typeshed does not tell."""

_platform = None
_seen = {}  # module name: what hidden code gets for it
_absent = frozenset()
_import = __import__
_after = {}  # module name: what is done to it once its body has run


def install(platform):
    """Hide from now on what `platform`, `windows` or `macos`, lacks. Once in a process."""
    global _platform, _absent
    if _platform is not None:
        return
    _platform = platform
    _absent = frozenset(LACKING[platform]["modules"])
    installed = tuple(os.path.join(sys.prefix, "bin", each) for each in NOT_INSTALLED)
    _hide_paths(LOST_PATHS[platform] + LOST_ALONE[platform] + installed)
    for name in set(LACKING[platform]["names"]) | set(_ADDED):
        _seen[name] = None  # made when it is first asked for
    _after.update({
        "multiprocessing.context": _methods,
        "concurrent.futures.process": _sys_as_seen,
        "startlab.backends.conversation": _hide_agents,
    })  # fmt: skip
    if platform == "windows":
        _after["multiprocessing.popen_fork"] = _terminate
        _after["asyncio.unix_events"] = _no_signals_in_loops
        _after["multiprocessing.util"] = _run_command_files
        _print_as_windows()
    if sys.version_info >= (3,):  # before, there is no start method to be changed
        sys.meta_path.insert(0, _Finder())
        for name in set(_after) & set(sys.modules):  # coverage has imported some before
            _after.pop(name)(sys.modules[name])
    _builtins().__import__ = _hiding_import


def hidden(names):
    """Tell whether the module with these globals is one that things are hidden from."""
    name, file = names.get("__name__") or "", names.get("__file__")
    if name.partition(".")[0] in ("startlab", "agent"):
        return True
    if file is None:
        return name in ("__main__", "__mp_main__")
    return not _outside(file)


def _outside(file):
    """Tell whether a file is of the standard library, another package, or the hiding itself."""
    file = os.path.abspath(file) if file[:1] not in "/<" else file
    return file.startswith((STDLIB, HERE, "<")) or "-packages" in file


def _builtins():
    return sys.modules.get("builtins") or sys.modules["__builtin__"]


# --- modules and their names ---------------------------------------------------------------------


def _hiding_import(name, globals=None, locals=None, fromlist=(), level=LEVEL):
    top = name.partition(".")[0]
    if level > 0 or not hidden(sys._getframe(1).f_globals if globals is None else globals):
        return _import(name, globals, locals, fromlist, level)
    for each in [name] + ["%s.%s" % (name, one) for one in fromlist or ()]:
        if each in _absent:
            raise _not_found(each)
    if (_platform, name) == ("windows", "msvcrt"):
        from . import msvcrt

        return msvcrt
    module = _import(name, globals, locals, fromlist, level)
    return seen(name if fromlist else top, module)


def _not_found(name):
    error = ImportError if sys.version_info < (3, 6) else ModuleNotFoundError
    absent = error("No module named %r" % name)
    absent.name = name
    return absent


def seen(name, module):
    """Give what hidden code gets for a module."""
    if name not in _seen:
        return module
    if _seen[name] is None:
        lacks = LACKING[_platform]["names"].get(name, []) + _LACKED_BEFORE.get((_platform, name), [])
        _seen[name] = Seen(module, frozenset(lacks), _ADDED.get(name, lambda _: {})(module))
    return _seen[name]


class Seen(types.ModuleType):
    """A module as hidden code sees it: without some names, and with others of its own."""

    def __init__(self, real, lacks, added):
        types.ModuleType.__init__(self, real.__name__, real.__doc__)
        self.__dict__.update(_real=real, _lacks=lacks, _added=frozenset(added), _own={}, **added)
        for name in ("__spec__", "__loader__", "__package__"):
            self.__dict__.pop(name, None)  # as the real one has them

    def __getattr__(self, name):
        if name in self._lacks:
            raise AttributeError("module %r has no attribute %r" % (self.__name__, name))
        return getattr(self._real, name)

    def __setattr__(self, name, value):
        if name in self._added:
            self.__dict__[name] = value
            return
        if name in vars(self._real):
            self._own.setdefault(name, getattr(self._real, name))
        setattr(self._real, name, value)

    def __delattr__(self, name):
        if name in self._added:
            del self.__dict__[name]
        elif name in self._own:  # monkeypatch believes that it was not there before
            setattr(self._real, name, self._own.pop(name))
        else:
            delattr(self._real, name)

    def __dir__(self):
        return sorted(set(dir(self._real)) - self._lacks | self._added)


# --- what is put in ------------------------------------------------------------------------------


def _added_to_sys(_):
    return {"platform": SYS_PLATFORM[_platform]}


def _added_to_os(real):
    if _platform == "macos":
        return {}
    # Of a mask, the C library there keeps what concerns the owner.
    return {"name": "nt", "linesep": "\r\n", "umask": lambda mask: real.umask(mask & 0o600)}


def _added_to_platform(real):
    release, version = RELEASE[_platform]
    added = {
        "system": lambda: SYSTEM[_platform],
        "release": lambda: release,
        "version": lambda: version,
        "libc_ver": lambda *_: ("", ""),
    }
    if _platform == "windows":
        added["machine"] = lambda: real.machine().replace("x86_64", "AMD64")
    return added


def _added_to_signal(_):
    if _platform == "macos":
        return {"SIGINFO": 29}  # its number there, which is unused here
    return {"CTRL_C_EVENT": 0, "CTRL_BREAK_EVENT": 1, "SIGBREAK": 21}


def _added_to_ctypes(real):
    def load(name, *args, **options):
        if name is not None and ".so" in str(name):
            raise OSError("dlopen(%s, 0x0006): tried: %r (no such file)" % (name, name))
        if name is None and _platform == "windows":
            raise TypeError("bad argument type for built-in operation")
        return real.CDLL(name, *args, **options)

    added = {"CDLL": load}
    if _platform == "windows":
        from . import kernel32

        added.update(kernel32.of_ctypes(real))
    return added


def _added_to_wintypes(real):
    from . import kernel32

    return kernel32.of_wintypes(real) if _platform == "windows" else {}


def _added_to_subprocess(_):
    from . import processes

    return processes.of_subprocess(_platform)


def _added_to_locale(real):
    if _platform == "windows":
        return {"getpreferredencoding": lambda *_, **__: "cp1252"}
    return {}


def _added_to_shutil(real):
    def which(command, *args, **options):
        return None if command in NOT_INSTALLED else real.which(command, *args, **options)

    return {"which": which}


def _added_to_importlib(real):
    def import_module(name, package=None):
        if name in _absent:
            raise _not_found(name)
        return seen(name, real.import_module(name, package))

    added = {"import_module": import_module}
    if "importlib.util" in sys.modules:
        added["util"] = seen("importlib.util", sys.modules["importlib.util"])
    return added


def _added_to_importlib_util(real):
    def find_spec(name, package=None):
        return None if name in _absent else real.find_spec(name, package)

    return {"find_spec": find_spec}


_ADDED = {
    "sys": _added_to_sys,
    "os": _added_to_os,
    "platform": _added_to_platform,
    "signal": _added_to_signal,
    "ctypes": _added_to_ctypes,
    "ctypes.wintypes": _added_to_wintypes,
    "subprocess": _added_to_subprocess,
    "shutil": _added_to_shutil,
    "locale": _added_to_locale,
    "importlib": _added_to_importlib,
    "importlib.util": _added_to_importlib_util,
}


# --- modules that are changed themselves ---------------------------------------------------------


def _methods(context):
    """Have multiprocessing know the platform's start methods, as if it ran there."""
    methods = ["spawn"] if _platform == "windows" else ["spawn", "fork", "forkserver"]
    for method in set(context._concrete_contexts) - set(methods):
        del context._concrete_contexts[method]
    context.DefaultContext.get_all_start_methods = lambda self: list(methods)
    if _platform == "windows" or sys.version_info >= (3, 8):
        context._default_context._default_context = context._concrete_contexts["spawn"]
    _sys_as_seen(context)


def _sys_as_seen(module):
    """Have freeze_support() work, and ProcessPoolExecutor refuse 62 workers, where Windows does."""
    module.sys = seen("sys", sys)


def _no_signals_in_loops(module):
    """Have an event loop refuse signal handlers, as AbstractEventLoop does."""
    del module._UnixSelectorEventLoop.add_signal_handler
    del module._UnixSelectorEventLoop.remove_signal_handler


def _terminate(popen_fork):
    """Have terminate() end a process without asking it, with the exit code that it has there."""
    terminated = set()

    def kill(pid, number):
        terminated.add(pid)
        os.kill(pid, 9)

    def waitpid(pid, options):
        pid, status = os.waitpid(pid, options)
        return pid, 15 if status == 9 and pid in terminated else status

    popen_fork.os = Seen(os, frozenset(), {"kill": kill, "waitpid": waitpid})


def _run_command_files(util):
    """Have a process started by a .cmd file: by its last line, with the arguments for `%*`.

    The resource tracker, which Windows has not, is started by Python itself.
    """
    spawn = util.spawnv_passfds

    def spawnv_passfds(path, args, passfds):
        if os.fsdecode(path).endswith(".cmd"):
            with open(path) as file:
                words = [word for word in file.read().splitlines()[-1].split('"') if word.strip()]
            path = os.fsencode(words[0])
            args = words[: 1 if "-c" in args else -1] + list(args[1:])
        return spawn(path, args, passfds)

    util.spawnv_passfds = spawnv_passfds


def _print_as_windows():
    """Have output that is redirected in the ANSI code page, with two bytes for the end of a line."""
    own = sys.version_info >= (3, 15) or sys.flags.utf8_mode or os.environ.get("PYTHONIOENCODING")
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            encoding = stream.encoding if own else "cp1252"
            stream.reconfigure(newline="\r\n", encoding=encoding, errors=stream.errors)


def _hide_agents(conversation):
    """An agent is started with -I, and so without sitecustomize."""
    hide = "import sys; sys.path.insert(0, %r); from hiding import hide; del sys.path[0]; "
    hide += "hide.install(%r); "
    conversation.BOOT = hide % (os.path.dirname(HERE), _platform) + conversation.BOOT


class _Finder(object):
    """Finds the modules of `_after`, and has them changed when their body has run."""

    def find_spec(self, name, path=None, target=None):
        if name not in _after:
            return None
        # One before it, startlab's own, has asked this one: what that changes comes later.
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            if hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    spec.loader = _Loader(spec.loader, _after.pop(name))
                    return spec
        return None


class _Loader(object):
    """Loads a module as its own loader would, then has it changed."""

    def __init__(self, loader, change):
        self._loader = loader
        self._change = change

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        self._change(module)


# --- paths ---------------------------------------------------------------------------------------


def _hide_paths(lost):
    """Have the functions that take a path not find what the platform has not."""
    for module, names in (
        (os, ("stat", "lstat", "open", "listdir", "scandir", "readlink", "access")),
        (_builtins(), ("open",)),
        (_import("io"), ("open",)),
    ):
        for name in names:
            if hasattr(module, name):
                real = getattr(module, name)
                wrapped = _NotFinding(real, lost)
                setattr(module, name, wrapped)
                for kind in ("dir_fd", "fd", "follow_symlinks"):
                    able = getattr(os, "supports_" + kind, set())
                    if real in able:
                        able.add(wrapped)


class _NotFinding(object):
    """A function of a path; no Python function, which would be a method where a class has it."""

    def __init__(self, real, lost):
        self.__name__ = real.__name__
        self._real = real
        self._lost = lost

    def __call__(self, *args, **options):
        path = args[0] if args else ""
        if hasattr(path, "__fspath__"):
            path = path.__fspath__()
        if isinstance(path, str) and path.startswith(self._lost):
            if _is_lost(path, self._lost, sys._getframe(1)):
                if self.__name__ == "access":
                    return False
                in_2_7 = OSError if self._real.__module__ == "posix" else IOError
                error = in_2_7 if sys.version_info < (3,) else FileNotFoundError
                raise error(2, "No such file or directory", path)
        return self._real(*args, **options)


def _is_lost(path, lost, asking):
    if path in LOST_ALONE[_platform]:
        return _asked_by_hidden(asking)
    lost = [each for each in lost if each not in LOST_ALONE[_platform]]
    below = any(path == each or path.startswith(each + "/") for each in lost)
    if os.path.basename(path) in NOT_INSTALLED:
        return _asked_by_hidden(asking)
    return below and not path.startswith(sys.prefix) and _asked_by_hidden(asking)


def _asked_by_hidden(frame):
    """Tell by the innermost frame outside the standard library; multiprocessing sees all."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(os.path.join(STDLIB, "multiprocessing")):
            return False
        if not file.startswith((STDLIB, "<frozen")):
            return hidden(frame.f_globals)
        frame = frame.f_back
    return False
