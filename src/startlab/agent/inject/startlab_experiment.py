"""Makes an aspect of a program's processes as it is in another world: an experiment on a cause.

STARTLAB_EXPERIMENT holds the aspects, one in each line, with tabs between the words of one. A child
that is started by spawn or forkserver is given what its parent has; a forked child is rid of what
it inherited; and some aspects are changed in every process. What cannot be done is left: then the
outcome stays as it was, and the experiment shows nothing. sitecustomize.py imports this, and only
where there is an experiment. Python 3.
"""

import builtins
import gc
import os
import sys

inject = sys.modules["startlab_inject"]
tell = inject.tell
ASPECTS = [tuple(line.split("\t")) for line in os.environ["STARTLAB_EXPERIMENT"].splitlines()]
NAMES = {aspect[0] for aspect in ASPECTS}
MOST = 20000  # objects that are looked through


def harmless(function):
    """Leave undone what cannot be done: the program is not to see it."""

    def call(*args):
        try:
            return function(*args)
        except Exception as error:
            tell("not applied", function.__name__, "%s: %s" % (type(error).__name__, error))
            return None

    return call


noted = set()


def note(what, name, where=""):
    """Tell once what an experiment met: a lock that was held, a file with unwritten text."""
    if (what, name) not in noted and len(noted) < 50:
        noted.add((what, name))
        tell("noted", what, name, where)


# --- what children that import the main module are given ----------------------------------------


class Luggage(object):
    """What the parent has, pickled with the process: locks and queues may travel then."""

    def __reduce__(self):
        pickler = sys.modules["multiprocessing.reduction"].ForkingPickler
        packed = []
        for aspect in ASPECTS:
            pack = PACK.get(aspect[0])
            if pack is None:
                continue
            try:
                value = pack(*aspect[1:])
                packed.append((aspect, bytes(pickler.dumps(value))))
            except Exception as error:
                tell("not applied", aspect[0], "%s: %s" % (type(error).__name__, error))
        return list, (packed,)


def module_of(name):
    """Find a module by the name it has in the parent: the main module has another in a child."""
    if name in ("", "__main__"):
        return sys.modules.get("__mp_main__") or sys.modules["__main__"]
    return sys.modules[name]


def resolve(name):
    """Split `package.module.Class.attribute`, or what is of the main module, at the module's end."""
    parts = name.split(".")
    for i in range(len(parts) - 1, 0, -1):
        if ".".join(parts[:i]) in sys.modules:
            return ".".join(parts[:i]), parts[i:]
    return "", parts


def pack_global(name):
    module, path = resolve(name)
    value = module_of(module)
    for each in path:
        value = vars(value)[each]
    return module, path, value


def set_global(packed, name):
    module, path, value = packed
    if module not in ("", "__main__"):
        __import__(module)
    owner = module_of(module)
    for name in path[:-1]:
        owner = vars(owner)[name]
    old = vars(owner).get(path[-1])
    if type(old) is type(value) and isinstance(value, (dict, list, set)):
        # Whoever imported it by name has the same object.
        old.clear()
        (old.extend if isinstance(value, list) else old.update)(value)
    elif len(path) > 1:
        setattr(owner, path[-1], value)
    else:
        for place in namespaces(owner):
            place[path[-1]] = value


def namespaces(module):
    """Give the dictionaries that are a module's globals: runpy leaves its functions another one."""
    found = {id(vars(module)): vars(module)}
    for value in list(vars(module).values()):
        if type(value) is FUNCTION and value.__module__ == module.__name__:
            found[id(value.__globals__)] = value.__globals__
    return list(found.values())


FUNCTION = type(namespaces)


def pack_attributes():
    """Give the classes and functions that were put into the program's modules as it ran.

    They are pickled by what they are made of: by their names, a child would look for them in vain.
    """
    return [
        (module, name, made_of(value))
        for module, owner in own_modules()
        for name, value in list(vars(owner).items())
        if is_made(owner, name, value)
    ]


def is_made(owner, name, value):
    """Tell whether a class or function of a module is none that its source defines."""
    if type(value) is not FUNCTION and not isinstance(value, type):
        return False
    return value.__module__ == owner.__name__ and name not in bound_in(owner)


bound = {}


def bound_in(module):
    """Give the names that the top level of a module's source binds, and so an import makes."""
    if module.__name__ not in bound:
        import ast
        import tokenize

        with tokenize.open(module.__file__) as file:
            tree = ast.parse(file.read())
        bound[module.__name__] = set(bindings(ast, tree.body))
    return bound[module.__name__]


def bindings(ast, body):
    for each in body:
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield each.name
        elif isinstance(each, ast.If) and is_guard(each):
            continue
        else:
            for part in ast.walk(each):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id
                elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    yield part.name
                elif isinstance(part, ast.alias):
                    yield (part.asname or part.name).partition(".")[0]


def made_of(value):
    dumps = sys.modules["multiprocessing.reduction"].ForkingPickler.dumps
    if type(value) is FUNCTION:
        import marshal

        cells = [made_of(cell.cell_contents) for cell in value.__closure__ or ()]
        packed = marshal.dumps(value.__code__), bytes(dumps(value.__defaults__)), cells
        return "function", value.__module__, value.__name__, packed
    if isinstance(value, type):
        fields = [
            (key, made_of(each) if type(each) is FUNCTION else ("data", bytes(dumps(each))))
            for key, each in vars(value).items()
            if key not in ("__dict__", "__weakref__")
        ]
        return "class", value.__name__, bytes(dumps((type(value), value.__bases__))), fields
    return "data", bytes(dumps(value))


def make(made):
    import pickle

    if made[0] == "data":
        return pickle.loads(made[1])
    if made[0] == "class":
        kind, bases = pickle.loads(made[2])
        return kind(made[1], bases, {key: make(each) for key, each in made[3]})
    import marshal
    import types

    code, defaults, cells = made[3]
    scope = namespaces(module_of(made[1]))[-1]
    closure = tuple(types.CellType(make(each)) for each in cells) or None
    return FUNCTION(marshal.loads(code), scope, made[2], pickle.loads(defaults), closure)


def set_attributes(packed):
    for module, name, made in packed:
        if module not in inject.MAIN:
            __import__(module)
        value = make(made)
        for place in namespaces(module_of(module)):
            if name not in place:
                place[name] = value
                note("made", name if module in inject.MAIN else "%s.%s" % (module, name))


def pack_registry(name):
    return REGISTRIES[name][0]()


def set_registry(value, name):
    REGISTRIES[name][1](value)


registered = {"codec": [], "codec error": [], "sqlite": []}


def watch_registries():
    """Note what is registered where nothing can be read back: codecs, their errors, adapters."""
    import _codecs

    codecs = sys.modules.get("codecs")
    for kind, name in (("codec", "register"), ("codec error", "register_error")):
        function = getattr(_codecs, name)

        def noted(*args, _function=function, _kind=kind):
            result = _function(*args)
            registered[_kind].append(args)
            return result

        noted.__name__ = noted.__qualname__ = name
        setattr(_codecs, name, noted)
        if codecs is not None:
            setattr(codecs, name, noted)


def get_codecs():
    return registered["codec"], registered["codec error"]


def set_codecs(value):
    import _codecs

    for args in value[0]:
        _codecs.register(*args)
    for args in value[1]:
        _codecs.register_error(*args)


def get_random():
    return sys.modules["random"].getstate() if "random" in sys.modules else None


def set_random(state):
    if state is not None:
        __import__("random").setstate(state)


def get_logging():
    """Give levels and handlers, a handler as its class and fields; its lock and stream are new."""
    logging = sys.modules.get("logging")
    if logging is None:
        return None
    loggers = [("", logging.root)]
    loggers += [
        (name, each) for name, each in logging.root.manager.loggerDict.items()
        if isinstance(each, logging.Logger)
    ]
    found = []
    for name, logger in loggers:
        handlers = []
        for handler in logger.handlers:
            stream = getattr(handler, "stream", None)
            fields = {k: v for k, v in vars(handler).items() if k not in ("lock", "stream")}
            place = {sys.stdout: "stdout", sys.stderr: "stderr"}.get(stream)
            path = getattr(handler, "baseFilename", None)
            handlers.append((type(handler), fields, place, path))
        found.append((name, logger.level, logger.propagate, logger.disabled, handlers))
    return found, logging.root.manager.disable


def set_logging(value):
    if value is None:
        return
    import logging

    loggers, disable = value
    for name, level, propagate, disabled, handlers in loggers:
        logger = logging.getLogger(name) if name else logging.root
        logger.setLevel(level)
        logger.propagate, logger.disabled = propagate, disabled
        logger.handlers = []
        for kind, fields, place, path in handlers:
            handler = kind.__new__(kind)
            vars(handler).update(fields)
            handler.createLock()
            if place:
                handler.stream = getattr(sys, place)
            elif path:
                handler.stream = open(path, "a")
            logger.addHandler(handler)
    logging.disable(disable)


def get_decimal():
    decimal = sys.modules.get("decimal")
    return decimal and decimal.getcontext()


def set_decimal(context):
    if context is not None:
        __import__("decimal").setcontext(context)


def get_warnings():
    return [each for each in sys.modules["warnings"].filters] if "warnings" in sys.modules else None


def set_warnings(filters):
    if filters is not None:
        warnings = __import__("warnings")
        warnings.filters[:] = filters
        warnings._filters_mutated_lock_held() if hasattr(
            warnings, "_filters_mutated_lock_held"
        ) else warnings._filters_mutated()


def get_socket():
    socket = sys.modules.get("_socket")
    return socket and (socket.getdefaulttimeout(),)


def set_socket(value):
    if value is not None:
        __import__("socket").setdefaulttimeout(value[0])


def get_locale():
    if "locale" not in sys.modules:
        return None
    return sys.modules["_locale"].setlocale(sys.modules["_locale"].LC_ALL)


def set_locale(value):
    if value is not None:
        locale = __import__("locale")
        locale.setlocale(locale.LC_ALL, value)


def get_csv():
    csv = sys.modules.get("_csv")
    if csv is None:
        return None
    return csv.field_size_limit(), [
        (name, {key: getattr(csv.get_dialect(name), key) for key in DIALECT})
        for name in csv.list_dialects()
    ]


DIALECT = ("delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting",
           "skipinitialspace", "strict")


def set_csv(value):
    if value is not None:
        csv = __import__("csv")
        csv.field_size_limit(value[0])
        for name, fields in value[1]:
            csv.register_dialect(name, **fields)


def get_sqlite():
    sqlite = sys.modules.get("sqlite3.dbapi2")
    return sqlite and (dict(sqlite.adapters), dict(sqlite.converters))


def set_sqlite(value):
    if value:
        __import__("sqlite3")
        sqlite = sys.modules["sqlite3.dbapi2"]
        sqlite.adapters.update(value[0])
        sqlite.converters.update(value[1])


def get_context():
    return [
        (place, name, value.get())
        for place, module in own_modules()
        for name, value in list(vars(module).items())
        if type(value).__name__ == "ContextVar" and value.get(inject) is not inject
    ]


def set_context(values):
    for place, name, value in values:
        for each in namespaces(module_of(place)):
            if name in each:
                each[name].set(value)


def own_modules():
    """Give the program's own modules, with the names that their parent knows them by."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name == "__mp_main__" or type(module) is not type(os):
            continue
        if name == "__main__" or (isinstance(file, str) and not inject.is_library(file)):
            yield name, module


def get_builtins():
    return {
        name: value for name, value in vars(builtins).items()
        if name not in BUILTINS and name != "_" or (name == "_" and callable(value))
    }


def set_builtins(values):
    vars(builtins).update(values)


BUILTINS = set(vars(builtins))

def get_copyreg():
    """Give how classes are pickled that cannot be by themselves, a class as where it is found."""
    reduction = sys.modules.get("multiprocessing.reduction")
    extra = reduction.ForkingPickler._extra_reducers if reduction else {}
    tables = __import__("copyreg").dispatch_table, extra
    return [
        [
            (place_of(kind), function)
            for kind, function in list(table.items())
            if type(function) is FUNCTION and not inject.is_stdlib(function.__code__.co_filename)
            if place_of(kind)
        ]
        for table in tables
    ]


def place_of(kind):
    """Find where a class can be taken from: many of C are not where they say that they are."""
    for name in (kind.__module__, "types"):
        for key, value in list(vars(sys.modules.get(name, builtins)).items()):
            if value is kind:
                return name, key
    return None


def set_copyreg(tables):
    extra = sys.modules["multiprocessing.reduction"].ForkingPickler._extra_reducers
    for table, entries in zip((sys.modules["copyreg"].dispatch_table, extra), tables):
        for (module, name), function in entries:
            table.setdefault(getattr(__import__(module, fromlist=[name]), name), function)


def get_subclasses():
    """Give what was registered as a subclass of an abstract class: (the abstract one, the other)."""
    import abc

    abstract = {value for _, value in own_classes() if isinstance(value, abc.ABCMeta)}
    if "collections.abc" in sys.modules:
        every = sys.modules["collections.abc"]
        abstract.update(getattr(every, name) for name in every.__all__)
    own = [value for _, value in own_classes()]
    return [
        (each, kind) for each in abstract for kind in own
        if any(ref() is kind for ref in abc._get_dump(each)[0])
    ]


def set_subclasses(pairs):
    for abstract, kind in pairs:
        abstract.register(kind)


def own_classes():
    for _, module in own_modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, type):
                yield name, value


def get_dispatch():
    """Give what the program's single-dispatch functions do for which classes."""
    return [
        (module, name, [(kind, each) for kind, each in value.registry.items() if kind is not object])
        for module, owner in own_modules()
        for name, value in list(vars(owner).items())
        if type(value) is FUNCTION and hasattr(value, "registry") and hasattr(value, "dispatch")
    ]


def set_dispatch(functions):
    for module, name, entries in functions:
        for kind, each in entries:
            vars(module_of(module))[name].register(kind, each)


def get_int_digits():
    return sys.get_int_max_str_digits() if hasattr(sys, "get_int_max_str_digits") else None


def set_int_digits(value):
    if value is not None:
        sys.set_int_max_str_digits(value)


REGISTRIES = {
    "copyreg": (get_copyreg, set_copyreg),
    "subclasses": (get_subclasses, set_subclasses),
    "dispatch": (get_dispatch, set_dispatch),
    "int digits": (get_int_digits, set_int_digits),
    "codecs": (get_codecs, set_codecs),
    "random": (get_random, set_random),
    "logging": (get_logging, set_logging),
    "decimal": (get_decimal, set_decimal),
    "warnings": (get_warnings, set_warnings),
    "socket": (get_socket, set_socket),
    "locale": (get_locale, set_locale),
    "csv": (get_csv, set_csv),
    "sqlite3": (get_sqlite, set_sqlite),
    "contextvars": (get_context, set_context),
    "builtins": (get_builtins, set_builtins),
    "recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "switch interval": (sys.getswitchinterval, sys.setswitchinterval),
    "umask": (lambda: (os.umask(0o22), os.umask(0o22))[0], os.umask),
}
"""Settings of the interpreter and the standard library: how to read one, and how to set it."""


def get_umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


REGISTRIES["umask"] = (get_umask, os.umask)

PACK = {
    "global": pack_global,
    "registry": pack_registry,
    "environ": lambda: dict(os.environ),
    "sys.path": lambda: list(sys.path),
    "modules": lambda: {
        name: module.__file__ for name, module in own_modules() if name not in inject.MAIN
    },
    "attributes": pack_attributes,
    "imports": lambda: [name for name, _ in own_modules() if name not in inject.MAIN],
}
BEFORE_IMPORT = ("sys.path", "environ", "modules")


class SameFiles(object):
    """A finder that takes modules from the files that the parent has them from."""

    def __init__(self, files):
        self.files = files

    def find_spec(self, name, path=None, target=None):
        if name not in self.files:
            return None
        import importlib.util

        return importlib.util.spec_from_file_location(name, self.files[name])


@harmless
def apply_before_import(aspect, packed):
    import pickle

    value = pickle.loads(packed)
    if aspect[0] == "sys.path":
        sys.path[:] = value
    elif aspect[0] == "environ":
        os.environ.update(value)
    else:
        sys.meta_path.insert(0, SameFiles(value))


@harmless
def apply_after_import(aspect, packed):
    import pickle

    value = pickle.loads(packed)
    if aspect[0] == "global":
        set_global(value, *aspect[1:])
    elif aspect[0] == "attributes":
        set_attributes(value)
    elif aspect[0] == "registry":
        set_registry(value, *aspect[1:])


@harmless
def import_too(aspect, packed):
    """Import what the parent had imported, before the child's task is unpickled."""
    import pickle

    for name in pickle.loads(packed):
        if name not in sys.modules:
            note("imported", name)
            __import__(name)


luggage = []


def watch_spawn(spawn):
    """Send the luggage with what a child is told first, and unpack it around its main's import."""
    get_preparation_data, prepare = spawn.get_preparation_data, spawn.prepare

    def get_preparation_data_(name):
        data = get_preparation_data(name)
        data["startlab"] = Luggage()
        return data

    def prepare_(data):
        packed = data.pop("startlab", [])
        if "sys.path" in NAMES and "sys_path" in data:
            data["sys_path"] = list(data["sys_path"])
        for aspect, value in packed:
            if aspect[0] in BEFORE_IMPORT:
                apply_before_import(aspect, value)
        luggage[:] = [each for each in packed if each[0][0] not in BEFORE_IMPORT]
        prepare(data)
        for aspect, value in packed:
            if aspect[0] == "imports":
                import_too(aspect, value)

    spawn.get_preparation_data, spawn.prepare = get_preparation_data_, prepare_
    if {"statement", "main"} & NAMES:
        spawn._fixup_main_from_path = import_main_without(spawn._fixup_main_from_path)


def import_main_without(fixup):
    """Import the main module without some of its statements, or as `__main__` without its guard."""

    def fixup_main_from_path(path):
        runpy = sys.modules["runpy"]
        get_code = runpy._get_code_from_file

        def edited(*args):
            found = get_code(*args)
            code = edited_code(path)
            return (code,) + found[1:] if isinstance(found, tuple) else code

        runpy._get_code_from_file = edited
        try:
            fixup(path)
        finally:
            runpy._get_code_from_file = get_code

    return fixup_main_from_path


def edited_code(path):
    import ast
    import tokenize

    with tokenize.open(path) as file:
        tree = ast.parse(file.read(), path)
    left_out = {int(aspect[1]) for aspect in ASPECTS if aspect[0] == "statement"}
    tree.body = [each for each in tree.body if each.lineno not in left_out]
    if "main" in NAMES:
        tree.body = [each for each in tree.body if not is_guard(each)]
        tree.body[:0] = ast.parse("__name__ = '__main__'").body
    return compile(tree, path, "exec")


def is_guard(statement):
    import ast

    return isinstance(statement, ast.If) and any(
        isinstance(each, ast.Name) and each.id == "__name__" for each in ast.walk(statement.test)
    )


random_state = []  # of the process that forks; multiprocessing seeds a forked child anew


@harmless
def before_the_task():
    """A child is about to run its target."""
    for aspect, packed in luggage:
        apply_after_import(aspect, packed)
    for state in random_state:
        set_random(state)
    if forked_at:
        close_inherited()
    if {"write back", "trace"} & NAMES:
        look_at_slots()
    if any(aspect[:2] == ("trace", "write back") for aspect in ASPECTS):
        trace_child()
    if {"exit handlers", "exit in children"} & NAMES:
        import atexit

        atexit._clear()


@harmless
def at_the_end():
    """A child has run its target, and is about to end."""
    if "exit in children" in NAMES and sys.version_info < (3, 14):
        import atexit

        atexit._run_exitfuncs()
    if "write back" in NAMES:
        send_back()


def watch_exit_handlers():
    """Note what is registered, by the program, to run at the exit of a child."""
    import atexit

    register = atexit.register

    def register_(function, *args, **kwargs):
        frame = sys._getframe(1)
        process = sys.modules.get("multiprocessing.process")
        if process and process.parent_process() and not inject.is_stdlib(frame.f_code.co_filename):
            where = inject.own_line(frame) or inject.user_line(frame)
            note("exit handler", getattr(function, "__qualname__", ""), where)
        return register(function, *args, **kwargs)

    register_.__name__ = register_.__qualname__ = "register"
    atexit.register = register_


def watch_begin(util):
    info = util.info

    def info_(message, *args, **kwargs):
        if message == "child process calling self.run()":
            before_the_task()
        elif str(message).startswith("process exiting with"):
            at_the_end()
        return info(message, *args, **kwargs)

    info_.__name__ = info_.__qualname__ = "info"
    util.info = info_


# --- what forked children are rid of ------------------------------------------------------------


opened = {}  # by the ids of files: the lines that opened them
unwritten = []  # files that had text that was not yet written when this process was forked


def watch_open():
    """Note where files are opened, for `flush` to name the one that held unwritten text."""
    open_ = builtins.open

    def open(*args, **kwargs):
        file = open_(*args, **kwargs)
        opened[id(file)] = inject.user_line(sys._getframe(1))
        return file

    builtins.open = open


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
                    note("unwritten", str(getattr(each, "name", "")), opened.get(id(each), ""))


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
def reset_handlers():
    import signal

    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)
    signal.set_wakeup_fd(-1)


@harmless
def new_loop():
    asyncio = sys.modules.get("asyncio.events")
    if asyncio is not None:
        asyncio._set_running_loop(None)
        asyncio._event_loop_policy = None


@harmless
def seed():
    for _, each in walk():
        for kind in type(each).__mro__:
            if kind.__module__ in ("random", "_random") and kind.__name__ == "Random":
                each.seed()
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
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


@harmless
def start_threads():
    """Start again the threads that the fork has left behind."""
    threading = sys.modules["threading"]
    for thread in list(missing):
        if thread is not threading.main_thread() and thread._target is not None:
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
    """Close the sockets and pipes' ends that a forked child has, and its own work does not reach.

    A worker of a pool gets what it works on from the pool, and so keeps its ends.
    """
    needed = reached(sys.modules["multiprocessing.process"].current_process())
    for each in gc.get_objects():
        kind = ENDS.get((type(each).__module__, type(each).__name__))
        if kind is not None and id(each) not in needed and not is_closed(each):
            note("inherited", kind, forked_at[0])
            each.close()


ENDS = {
    ("socket", "socket"): "socket",
    ("multiprocessing.connection", "Connection"): "pipe's end",
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


missing = []


@harmless
def note_threads():
    threading = sys.modules.get("threading")
    missing[:] = [] if threading is None else [
        each for each in threading.enumerate()
        if each is not threading.current_thread() and hasattr(each, "_target")
    ]


def watch_forks():
    if not hasattr(os, "register_at_fork"):
        return
    before = [flush] if "flush" in NAMES else []
    before += [note_threads] if "threads" in NAMES else []
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


IN_FORKED_CHILD = {
    "lock": release_locks,
    "signal handlers": reset_handlers,
    "event loop": new_loop,
    "seed": seed,
    "made again": make_again,
    "threads": start_threads,
    "epoll": own_epoll,
}


# --- the line that makes the difference ---------------------------------------------------------


def trace():
    """Follow the first process line by line, and tell after which line an aspect was another.

    What is changed once the last child was started, like what is put back, made no difference to
    one. A handler of SIGCHLD does, whenever it is set.
    """
    words = [aspect[1:] for aspect in ASPECTS if aspect[0] == "trace"][0]
    look = LOOKS[words[0]]
    inside = __import__("startlab_inside")
    state = {"last": "", "file": "", "value": look(inside, *words[1:])}
    changes = []
    first = os.getpid()

    def tell_changes():
        if os.getpid() == first:
            for place, last in changes:
                tell("noted", "line", place, last)
            del changes[:]

    def watch_start(process):
        start = process.BaseProcess.start

        def start_(self):
            tell_changes()
            return start(self)

        start_.__name__ = start_.__qualname__ = "start"
        process.BaseProcess.start = start_

    def line(frame, event, arg):
        if os.getpid() == first:
            try:
                value = look(inside, *words[1:])
            except Exception:
                value = None
            if value != state["value"]:
                state["value"] = value
                changes.append((caller(frame, state["file"]), state["last"]))
                if words[0] == "child signal":
                    tell_changes()
            if event == "line":
                state["file"] = frame.f_code.co_filename
                state["last"] = "%s:%d" % (state["file"], frame.f_lineno)
        return line

    def caller(frame, file):
        """Find the call that led to a file, in another file of the program."""
        while frame is not None:
            place = frame.f_code.co_filename
            if place != file and not place.startswith("<") and not inject.is_library(place):
                return "%s:%d" % (place, frame.f_lineno)
            frame = frame.f_back
        return ""

    def call(frame, event, arg):
        return None if inject.is_library(frame.f_code.co_filename) else line

    inject.PATCHES["multiprocessing.process"] = [
        *inject.PATCHES.get("multiprocessing.process", []), watch_start
    ]
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=tell_changes)
    sys.settrace(call)


def look_at_global(inside, name):
    try:
        _, _, value = pack_global(name)
    except (KeyError, TypeError):
        return None
    return inside.show(value, 3) or id(value)


def look_at_registry(inside, name):
    if name == "codecs":
        return len(registered["codec"]), len(registered["codec error"])
    return repr(REGISTRIES[name][0]())


def look_at_handlers(inside):
    signal = sys.modules.get("_signal")
    if signal is None or "signal" not in sys.modules:
        return None
    found = [id(signal.getsignal(number)) for number in range(1, 32)]
    fd = signal.set_wakeup_fd(-1)
    if fd != -1:
        signal.set_wakeup_fd(fd)
    return found, fd


modules_seen = {}


def look_at_imports(inside, *names):
    if len(sys.modules) not in modules_seen:
        modules_seen.clear()
        modules_seen[len(sys.modules)] = [name for name in names if name in sys.modules]
    return modules_seen[len(sys.modules)]


def look_at_attributes(inside, *names):
    found = []
    for each in names:
        module, path = resolve(each)
        found.append(path[0] in vars(module_of(module)))
    return found


LOOKS = {
    "attributes": look_at_attributes,
    "imports": look_at_imports,
    "global": look_at_global,
    "registry": look_at_registry,
    "modules": lambda inside: tuple(sys.path),
    "sys.path": lambda inside: tuple(sys.path),
    "environ": lambda inside, *names: [os.environ.get(each) for each in names],
    "signal handlers": look_at_handlers,
    "child signal": look_at_handlers,
}


# --- what is changed in every process -----------------------------------------------------------


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
        for name, module in own_modules():
            for key, each in list(vars(module).items()):
                if each is value and not kind.__module__.startswith(("multiprocessing", "_thread")):
                    note("by name", key if name in inject.MAIN else "%s.%s" % (name, key))
                    return global_by_name, (name, key)
        return NotImplemented

    override(reduction, reducer_override)


def watch_exceptions(reduction):
    """Have exceptions of the program's own travel without their `__init__`: with their fields."""

    def reducer_override(self, value):
        kind = type(value)
        if not isinstance(value, BaseException) or type(kind.__init__) is not FUNCTION:
            return NotImplemented
        if kind.__reduce__ is not BaseException.__reduce__:
            return NotImplemented
        note("exception", kind.__name__)
        return exception_again, (kind, value.args), vars(value)

    override(reduction, reducer_override)


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


@harmless
def ignore_child_signal():
    """Install no handler of SIGCHLD of the program's own: the fork server needs its one."""
    import _signal

    signal_ = _signal.signal

    def signal(number, handler):
        if number == _signal.SIGCHLD and not inject.is_stdlib(sys._getframe(2).f_code.co_filename):
            return _signal.SIG_DFL
        return signal_(number, handler)

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


def watch_empty(queues):
    """Have a queue that is asked whether it is empty, or for what is there at once, wait a second.

    It tells the line if something came meanwhile.
    """
    get = queues.Queue.get

    def empty(self):
        if not self._poll(0):
            if not self._poll(1.0):
                return True
            note("empty", "empty()", inject.user_line(sys._getframe(1)))
        return False

    def get_(self, block=True, timeout=None):
        if block and (timeout is None or timeout > 1):
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


def keep_parent_id():
    """Have os.getppid() give who has started this process, which a fork server is not."""
    getppid = os.getppid

    def getppid_():
        process = sys.modules.get("multiprocessing.process")
        parent = getattr(process, "_parent_process", None)
        if parent is None or parent.pid == getppid():
            return getppid()
        note("parent id", "os.getppid()", inject.user_line(sys._getframe(1)))
        return parent.pid

    os.getppid = getppid_


def watch_forkserver(forkserver):
    """Have a fork server that imports nothing of the program before it forks."""
    server = forkserver._forkserver
    server._preload_modules = []
    server.set_forkserver_preload = lambda *args, **kwargs: None
    forkserver.set_forkserver_preload = server.set_forkserver_preload


# --- what children change of their own copies ---------------------------------------------------


PLAIN = (type(None), bool, int, float, str, bytes)
FEW = 2000  # items of what is looked at


def slots(process):
    """Give what a child has a copy of, as (way to it, value): its process, arguments, globals."""
    roots = [((0, i), each) for i, each in enumerate(process._args)]
    roots += [((1, key), each) for key, each in process._kwargs.items()]
    roots += [((2, key), each) for key, each in vars(process).items() if key[0] != "_"]
    for name, module in own_modules():
        name = "" if name in inject.MAIN else name
        for key, each in list(namespaces(module)[-1].items()):
            if key[:2] != "__" and type(each) not in (FUNCTION, type, type(os)):
                roots.append(((3, name, key), each))
    for way, value in roots:
        yield way, value
        if type(value).__module__ not in ("builtins", "__mp_main__") and of_program(value):
            for key, each in list(vars(value).items()):
                yield way + (key,), each


def of_program(value):
    module = sys.modules.get(type(value).__module__)
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and not inject.is_library(file) and hasattr(value, "__dict__")


def copied(value):
    """Give a value as it is now, to be compared later; None for what is not looked at."""
    if type(value) in PLAIN:
        return (value,)
    if type(value) in (list, dict, set) and len(value) < FEW:
        return type(value)(value)
    return None


had = {}


@harmless
def look_at_slots():
    process = sys.modules["multiprocessing.process"].current_process()
    had.clear()
    had.update((way, copied(value)) for way, value in slots(process))


def changed_slots(process):
    for way, value in slots(process):
        before, now = had.get(way, ()), copied(value)
        if now is not None and before != now and repr(before) != repr(now):
            yield way, before, value


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
    return ".".join(each for each in (name,) + way[2:] if each)


def put_back(process, way, before, value):
    owner = (process._args, process._kwargs, vars(process))[way[0]] if way[0] < 3 else None
    rest = list(way[1:])
    if way[0] == 3:
        owner = vars(module_of(rest.pop(0)))
    while len(rest) > 1:
        owner = vars(owner[rest.pop(0)])
    old = owner[rest[0]] if not isinstance(owner, dict) else owner.get(rest[0])
    if type(old) is list and type(value) is list:
        old.extend(value[len(before or ()):])
    elif type(old) in (dict, set) and type(value) is type(old):
        old.update(value)
    elif isinstance(owner, dict):
        numbers = type(value) in (int, float) and before and type(old) in (int, float)
        owner[rest[0]] = old + value - before[0] if numbers else value


def watch_join(process):
    """See where a child's end is waited for: then what it has changed is there."""
    start, join = process.BaseProcess.start, process.BaseProcess.join

    def start_(self):
        self._startlab = [self._args, self._kwargs]  # start() drops them
        return start(self)

    def join_(self, timeout=None):
        result = join(self, timeout)
        given = self.__dict__.get("_startlab")
        if given and self._popen is not None and self._popen.returncode is not None:
            self._args, self._kwargs = given
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
        state["last"] = "%s:%d" % (frame.f_code.co_filename, frame.f_lineno)
        return line

    def call(frame, event, arg):
        return None if inject.is_library(frame.f_code.co_filename) else line

    sys.settrace(call)


# --- what is handed over ------------------------------------------------------------------------


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

            pickle.loads(packed)
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


PATCHES = {
    "multiprocessing.spawn": [watch_spawn],
    "multiprocessing.util": [watch_begin],
}
if "pipes" in NAMES:
    PATCHES["multiprocessing.connection"] = [watch_connection]
if "identity" in NAMES:
    PATCHES["multiprocessing.reduction"] = [watch_reduction]
if "exceptions" in NAMES:
    PATCHES.setdefault("multiprocessing.reduction", []).append(watch_exceptions)
if "write back" in NAMES:
    PATCHES["multiprocessing.process"] = [watch_join]
    PATCHES["multiprocessing.queues"] = [watch_results]
    PATCHES["multiprocessing.pool"] = [watch_pool_results]
    PATCHES["concurrent.futures._base"] = [watch_futures]
if "empty" in NAMES:
    PATCHES.setdefault("multiprocessing.queues", []).append(watch_empty)
if "preload" in NAMES:
    PATCHES["multiprocessing.forkserver"] = [watch_forkserver]
if "pool end" in NAMES:
    PATCHES.setdefault("multiprocessing.pool", []).append(watch_pool_end)
if "ids" in NAMES:
    keep_ids()
if "parent id" in NAMES:
    keep_parent_id()
if "exit in children" in NAMES:
    watch_exit_handlers()
if "hand over" in NAMES:
    for name, watch in (
        ("multiprocessing.queues", watch_puts),
        ("multiprocessing.pool", watch_tasks),
        ("concurrent.futures.process", watch_submits),
    ):
        PATCHES.setdefault(name, []).append(watch)
if "one worker" in NAMES:
    PATCHES.setdefault("multiprocessing.pool", []).append(watch_pool)
    PATCHES.setdefault("concurrent.futures.process", []).append(watch_executor)
if "child signal" in NAMES:
    ignore_child_signal()
if any("codecs" in aspect for aspect in ASPECTS):
    watch_registries()
if "flush" in NAMES:
    watch_open()
watch_forks()
for name, patches in PATCHES.items():
    inject.PATCHES[name] = inject.PATCHES.get(name, []) + patches
if any(aspect[0] == "trace" and aspect[1] in LOOKS for aspect in ASPECTS):
    trace()
