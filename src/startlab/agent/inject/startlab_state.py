"""What a child may find otherwise than its parent: globals, and what all is set to. Python 3."""

import builtins
import os
import sys

from startlab_settings import SETTINGS
from startlab_values import (
    LONGEST,
    NOT_TOLD,
    WRAPPED,
    code_of,
    found_in,
    keepers,
    kept_in,
    mappings,
    named,
    show,
    text_of,
)

inject = sys.modules["startlab_inject"]

environ = dict(os.environ)  # as this interpreter found it


def names_of(module):
    """Name a module, its own functions, which a parent may replace, and what keeps more, by a dot.

    That is its classes, and functions that keep something from call to call.
    """
    names = [k for k, v in list(vars(module).items()) if type(v) is FUNCTION and v.__name__ == k]
    names += [k + "." for k, v in list(vars(module).items()) if is_class(v) and v.__name__ == k]
    names += [path + "." for path, _ in keepers(module)]
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
    del found[:-250]
    logging = sys.modules.get("logging")
    if logging is not None:
        root = logging.root
        shown = "%s %s" % (
            logging.getLevelName(root.level),
            " ".join(handlers_of(root)) or "without a handler",
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


def handlers_of(logger):
    """Name the handlers of a logger by their classes: those of pytest are no test's own doing."""
    kinds = [type(each) for each in vars(logger)["handlers"]]
    return [kind.__name__ for kind in kinds if kind.__module__ != "_pytest.logging"]


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
        self.own = None
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
        for place, path, function in self.keepers():
            for name, value in kept_in(function).items():
                yield place + path + ".", name, value

    def keepers(self):
        """Give what of the program's own functions keeps something, once found: the first ones."""
        if self.own is None:
            own = [
                ("" if module.__name__ in inject.MAIN else module.__name__ + ".", path, each)
                for module in self.modules
                for path, each in keepers(module)
                if not of_library(code_of(each, path.rpartition(".")[2]).co_filename)
            ]
            self.own = own[:MOST_KEEPERS]
        return self.own


MOST_KEEPERS = 50


def forget():
    """Hold nothing of the program's: it would be cleared too late as the interpreter ends."""
    for each in (looked_over, found_in, mappings):
        each.clear()


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
    mask = umask()
    if mask:
        yield usually("os.umask()", mask)
    thread = sys.modules.get("_thread")
    if len(sys._current_frames()) == 1:  # reading it sets it to 0
        size = thread.stack_size()
        if size:
            thread.stack_size(size)
        shown = "%d bytes" % size if size else SETTINGS["threading.stack_size()"]["usual"]
        yield usually("threading.stack_size()", shown)
    signal = sys.modules.get("_signal")
    for name, number in sorted(vars(signal).items()) if signal is not None else ():
        if name[:3] == "SIG" and name[3] != "_":
            handler = signal.getsignal(number)
            if callable(handler) and handler is not signal.default_int_handler:
                shown = getattr(handler, "__qualname__", type(handler).__name__)
                yield usually("signal.getsignal(signal.{0})", shown, name)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        kind = type(stream)
        shown = SETTINGS["sys.{0}"]["usual"]
        # What pytest and doctest capture by is no test's own doing.
        if kind.__name__ != "TextIOWrapper" and kind.__module__ not in ("_pytest.capture", "doctest"):
            file = getattr(sys.modules.get(kind.__module__), "__file__", None) or "-packages"
            own = "" if inject.is_library(file) else " of the program's"
            shown = "None" if stream is None else "a %s.%s%s" % (kind.__module__, kind.__name__, own)
        yield usually("sys.{0}", shown.replace("__mp_main__.", "").replace("__main__.", ""), name)
    for fd in (1, 2):
        try:
            file = os.fstat(fd)
        except OSError:
            continue
        yield usually("os.fstat({0})", "file %d:%d" % (file.st_dev, file.st_ino), str(fd))
    added = sorted(each for each in vars(builtins) if each not in BUILTINS and each != "_")
    for name in added[:10]:
        shown = show(vars(builtins)[name], 1)
        shown = named(vars(builtins)[name]) if shown is None else shown
        yield usually("builtins.{0}", shown, name)


def umask():
    """Read the mask of new files' modes where the kernel tells it: os.umask() would change it."""
    try:
        with open("/proc/self/status", "rb") as file:
            said = file.read(400).partition(b"Umask:")[2].partition(b"\n")[0]
    except OSError:
        return None
    return oct(int(said, 8)) if said else None


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
        shown = [shown] + handlers_of(logger)
        shown += ["disabled"] if fields["disabled"] else []
        shown += [] if fields["propagate"] else ["no propagation"]
        shown = ", ".join(each for each in shown if each)
        package = sys.modules.get(name.partition(".")[0])
        of_library = inject.is_library(getattr(package, "__file__", None) or "")
        if shown and not (shown == "NullHandler" and of_library):  # which has it since its import
            yield usually("logging.getLogger({0})", shown, repr(name))


def of_modules(program):
    """Return what the program has changed in other modules: functions and plain values."""
    own = set(inject.MAIN).union([module.__name__ for module in program.modules], made_by_hand())
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
            elif kind.__module__ == "unittest.mock" != place:  # which has some of its own
                yield usually("{0}", "a %s" % kind.__name__, "%s.%s" % (place, key))
            elif kind is MODULE:
                if each.__name__ == "%s.%s" % (place, key):
                    queue.append((each.__name__, each))
            elif kind is type and each.__flags__ & HEAP and each.__module__ not in own:
                for name, part in list(vars(each).items()):
                    if type(part) is FUNCTION and part.__globals__.get("__name__") in own:
                        yield usually("{0}", named(part), "%s.%s.%s" % (place, key, name))


def of_dispatch(program):
    """Give for which classes the program's single-dispatch functions are registered."""
    for place, name, value in program.globals():
        if type(value) is FUNCTION and {"registry", "dispatch"} <= set(vars(value)):
            kinds = [each.__qualname__ for each in vars(value)["registry"]]  # object comes first
            yield "{0}.registry", place + name, ", ".join(kinds), None


def made_by_hand():
    """Give the names of modules that no import has made: a test puts them in place of others."""
    named = [each for each in list(sys.modules.items()) if type(each[1]) is MODULE]
    return [name for name, module in named if vars(module).get("__spec__") is None]


LOOKED_AT = (of_modules, of_dispatch, of_interpreter, of_libraries, of_logging)
BUILTINS = set(vars(builtins))
FUNCTION, MODULE = type(of_modules), type(os)
HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class that is not written in C
DATA = (type(None), bool, int, float, str)
