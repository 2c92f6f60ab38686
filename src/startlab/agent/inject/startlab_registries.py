"""Settings of the interpreter and the standard library: how to read one, and how to set it."""

import builtins
import os
import sys

from startlab_aspects import FUNCTION, inject, module_of, namespaces, own_modules


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


def get_functions():
    """Give what was put on the program's own functions: they travel by their names, without it."""
    return [
        (module, name, {key: each for key, each in vars(value).items() if key != "__wrapped__"})
        for module, owner in own_modules()
        for name, value in list(vars(owner).items())
        if type(value) is FUNCTION and vars(value) and not hasattr(value, "registry")
    ]


def set_functions(functions):
    for module, name, fields in functions:
        vars(vars(module_of(module))[name]).update(fields)


def get_int_digits():
    return sys.get_int_max_str_digits() if hasattr(sys, "get_int_max_str_digits") else None


def set_int_digits(value):
    if value is not None:
        sys.set_int_max_str_digits(value)


def get_umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def get_limits():
    resource = sys.modules.get("resource")
    names = [each for each in dir(resource) if each.startswith("RLIMIT_")] if resource else ()
    return [(name, resource.getrlimit(getattr(resource, name))) for name in names]


def set_limits(limits):
    for name, limit in limits:
        resource = __import__("resource")
        if resource.getrlimit(getattr(resource, name)) != limit:
            resource.setrlimit(getattr(resource, name), limit)


def get_priority():
    return os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else None


def set_priority(value):
    if value is not None:
        os.setpriority(os.PRIO_PROCESS, 0, value)


def get_affinity():
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def set_affinity(cores):
    if cores is not None:
        os.sched_setaffinity(0, cores)


def get_handlers():
    signal = sys.modules.get("signal")
    return signal and [
        (int(number), handler) for number in signal.valid_signals()
        for handler in [signal.getsignal(number)]
        if type(handler) is FUNCTION and not inject.is_stdlib(handler.__code__.co_filename)
    ]


def set_handlers(handlers):
    for number, handler in handlers or ():
        __import__("signal").signal(number, handler)


def get_import_hooks():
    """Give the finders and path hooks of the program's own."""
    own = {name for name, _ in own_modules()} | set(inject.MAIN)
    return [
        [each for each in hooks if getattr(each, "__module__", None) in own]
        for hooks in (sys.meta_path, sys.path_hooks)
    ]


def set_import_hooks(found):
    for hooks, added in zip((sys.meta_path, sys.path_hooks), found):
        hooks.extend(added)
    sys.path_importer_cache.clear()


def get_made_modules():
    """Give the modules that no import has made, and of each what can be pickled."""
    return [
        (name, {key: each for key, each in vars(module).items() if is_sent(each)})
        for name, module in list(sys.modules.items())
        if type(module) is type(os) and name not in inject.MAIN
        if getattr(module, "__spec__", None) is None and not hasattr(module, "__file__")
    ]


def is_sent(value):
    try:
        return bool(sys.modules["multiprocessing.reduction"].ForkingPickler.dumps(value))
    except Exception:
        return False


def set_made_modules(modules):
    for name, fields in modules:
        if name not in sys.modules:
            sys.modules[name] = type(os)(name)
            vars(sys.modules[name]).update(fields)


def get_gc():
    gc = __import__("gc")
    return gc.isenabled(), gc.get_threshold(), gc.get_debug()


def set_gc(value):
    gc = __import__("gc")
    (gc.enable if value[0] else gc.disable)()
    gc.set_threshold(*value[1])
    gc.set_debug(value[2])


def get_profiler():
    """Give the program's own profile function, and none by which an experiment sees calls."""
    function = sys.getprofile()
    return None if getattr(function, "__module__", "") == "startlab_calls" else function


def set_profiler(function):
    if function is not None:
        sys.setprofile(function)


REGISTRIES = {
    "import hooks": (get_import_hooks, set_import_hooks),
    "made modules": (get_made_modules, set_made_modules),
    "gc": (get_gc, set_gc),
    "profiler": (get_profiler, set_profiler),
    "copyreg": (get_copyreg, set_copyreg),
    "subclasses": (get_subclasses, set_subclasses),
    "dispatch": (get_dispatch, set_dispatch),
    "functions": (get_functions, set_functions),
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
    "signal handlers": (get_handlers, set_handlers),
    "recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "switch interval": (sys.getswitchinterval, sys.setswitchinterval),
    "umask": (get_umask, os.umask),
    "limits": (get_limits, set_limits),
    "priority": (get_priority, set_priority),
    "affinity": (get_affinity, set_affinity),
}
