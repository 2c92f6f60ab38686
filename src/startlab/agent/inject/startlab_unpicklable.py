"""Find what pickle has refused in what was handed over, by the message of its exception. Python 3."""

import sys

from startlab_values import NOT_TOLD, show

inject = sys.modules["startlab_inject"]
tell = inject.tell
HERE = __file__
FUNCTION = type(lambda: None)


def told(roots, error, frame, function=""):
    """Report what cannot be pickled: `Crawler.lock` of what is given, `target=crawler.crawl`."""
    found, opaque = None, []
    for wanted in looked_for(error) + refused_by(error) + [("refusal", error)]:
        found = found or find(roots, wanted, opaque)
    # What a method is bound to may refer to more than is searched, as a TestCase does.
    methods = [(path + "\0\0", each, each.__self__) for path, each in roots if is_method(each)]
    if not (found or opaque or methods):
        return
    path, root, value = found or (opaque + methods)[0]
    label, own, way = path.split("\0")
    if label[-1] in "= ":
        label += called(root, frame)
    bound = "bound" if is_method(root) else ""
    kind = type(value)
    what = kind.__name__
    if isinstance(value, type) and is_local(value):
        what = "%s class" % why_not_found(value)
    elif is_local(kind):
        what = "%s %s object" % (why_not_found(kind), what)
    elif is_own(kind):
        what += " object"
    elif kind.__module__ != "builtins":
        what = "%s.%s" % (module_of(kind), what)
    elif kind is FUNCTION and value.__name__ == "<lambda>":
        what = "lambda"
    elif isinstance(value, NOT_TOLD) and "<locals>" in getattr(value, "__qualname__", ""):
        what = "local " + what
    elif kind is FUNCTION and is_local(value):
        what = "replaced function"
    where = frame and (inject.own_line(frame) or inject.user_line(frame))
    code = code_of(value, kind, what)
    defined = ""
    if code is not None and inject.is_library(code.co_filename):
        what += " of " + module_of(value).partition(".")[0]
    elif code is not None:
        defined = "%s:%d" % (code.co_filename, code.co_firstlineno)
    tell("unpicklable", label, bound, way, own, what, where or "", defined, function)


def code_of(value, kind, what):
    """Return the code of what a function has made: a generator, another function, or a class."""
    if what in ("lambda", "local function", "replaced function"):
        return value.__code__
    if kind.__name__ == "generator":
        return value.gi_code
    if what.startswith("local "):
        return class_body(value if isinstance(value, type) else kind)
    return None


def class_body(kind):
    """Find the code of the body of a class that a function makes: among that function's constants."""
    owner, _, name = kind.__qualname__.rpartition(".<locals>.")
    found = sys.modules.get(kind.__module__)
    for part in owner.split("."):
        found = getattr(found, part, None)
    code = getattr(getattr(found, "__func__", found), "__code__", None)
    bodies = [each for each in getattr(code, "co_consts", ()) if getattr(each, "co_name", "") == name]
    return bodies[0] if bodies else None


MESSAGES = (
    (r" at 0x([0-9a-fA-F]+)>", "address"),
    (r"(?:cannot|can't) (?:pickle|serialize) '?([\w.]+)'? (?:object|instance)", "type"),
    (r"^([\w.]+) objects? (?:should only|cannot|can't|can not)", "type"),
    # Since 3.14 a local object is shown as others are.
    (r"Can't pickle (?:local object )?<(?:function|class|built-in function) '?([^ ']+)", "name"),
    (r"local object '?([^']+)'?", "name"),
    (r"attribute lookup (\S+) on", "name"),
)


def looked_for(error):
    """Return what pickle's message may name: ("address", "type" or "name", text)."""
    re = sys.modules["re"]  # pickle has it
    matches = [(kind, re.search(pattern, said(error))) for pattern, kind in MESSAGES]
    return [(kind, match.group(1)) for kind, match in matches if match]


def refused_by(error):
    """Return the object whose own method for pickling has raised: ("object", it)."""
    traceback = getattr(error, "__traceback__", None)
    found = []
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name in FOR_PICKLING and "self" in frame.f_locals:
            found = [("object", frame.f_locals["self"])]
        traceback = traceback.tb_next
    return found


FOR_PICKLING = ("__getnewargs__", "__getnewargs_ex__", "__getstate__", "__reduce__", "__reduce_ex__")


def find(roots, wanted, opaque):
    """Search the values, breadth first, for what cannot be pickled: (path, its root, value).

    A path has NULs after the root and after the first attribute of an object of the program's. It
    stops at a class that pickles itself. Managers and processes that were started become `opaque`:
    what is within them says nothing to anyone.
    """
    queue = [(path + "\0\0", value, value) for path, value in roots]
    seen = set()
    for path, root, value in queue:
        if id(value) in seen:
            continue
        seen.add(id(value))
        if matches(value, wanted):
            return path, root, value
        if is_opaque(value):
            opaque.append((path, root, value))
        if len(queue) < 20000:
            queue.extend((step, root, part) for step, part in parts(path, value))
    return None


def is_method(value):
    return type(value).__name__ == "method"


def is_opaque(value):
    kind = type(value)
    if kind.__module__ == "multiprocessing.managers":
        return "connect" in dir(kind)
    process = sys.modules.get("multiprocessing.process")
    return process and isinstance(value, process.BaseProcess) and value._popen is not None


def matches(value, wanted):
    kind, text = wanted
    if kind == "object":
        return value is text
    if kind == "refusal":
        return refuses(value, text)
    if kind == "address":
        return id(value) == int(text, 16)
    if kind == "type":
        own = type(value)
        return text in (own.__name__, "%s.%s" % (own.__module__, own.__name__))
    name = getattr(value, "__qualname__", None) if isinstance(value, NOT_TOLD) else None
    if name is None:
        own = type(value)
        names = own.__qualname__, "%s.%s" % (own.__module__, own.__qualname__)
        return text in names and (is_local(own) or has_a_namesake(own))
    tail = text.rpartition(".")[2]
    return text in (name, "%s.%s" % (value.__module__, name)) or (
        tail == value.__name__ and ("<l" in name or "<l" in text)
    )


def refuses(value, error):
    """Tell whether a type that is written in C raises this when its value is pickled.

    What is written in Python is not called: that is the program's, and is in the traceback.
    """
    own = type(value)
    reduce = own.__reduce_ex__
    if reduce is object.__reduce_ex__:
        reduce = own.__reduce__
    if reduce is object.__reduce__ or hasattr(reduce, "__code__") or is_buffer(value):
        return False
    try:
        reduce(value, *((2,) if reduce is own.__reduce_ex__ else ()))
    except Exception as raised:
        return type(raised) is type(error) and said(raised) == said(error)
    return False


def said(error):
    """Return what an exception says; its class may say it by a method that raises."""
    try:
        return str(error)
    except Exception:
        return ""


def is_buffer(value):
    """Tell whether it is memory, such as an array, which to pickle would copy here."""
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def is_local(kind):
    """Tell whether a class is of a function, or one of the program's is not where its name says.

    A function of the program's is not there if a decorator has put another one in its place.
    """
    if "<locals>" in kind.__qualname__:
        return True
    found = sys.modules.get(kind.__module__)
    if kind.__module__ not in inject.MAIN and inject.is_library(getattr(found, "__file__", None) or HERE):
        return False
    for name in kind.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    return found is not kind


def why_not_found(kind):
    """Tell why its name leads to no class: a function makes it, or its module has another, or none."""
    if "<locals>" in kind.__qualname__:
        return "local"
    found = vars(sys.modules.get(kind.__module__, sys)).get(kind.__qualname__)
    return "replaced" if found is not None else "nameless"


def is_own(kind):
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return kind.__module__ in inject.MAIN or bool(file and not inject.is_library(file))


def has_a_namesake(kind):
    """Tell whether its module has another class of that name: each mock has a class of its own."""
    fields = vars(sys.modules.get(kind.__module__, sys))
    return fields.get(kind.__name__, kind) is not kind


def parts(path, value):
    """Return what pickle would visit next, each with its path."""
    kind = type(value)
    if isinstance(value, dict):
        for key, each in list(dict.items(value)):
            yield "%s[%s]" % (path, show(key, 1)), each
        if kind.__name__ == "defaultdict":
            yield path + ".default_factory", value.default_factory
    elif isinstance(value, (list, tuple)):
        base = list if isinstance(value, list) else tuple
        for i, each in enumerate(list(base.__iter__(value))):
            yield "%s[%d]" % (path, i), each
    elif isinstance(value, (set, frozenset)):
        for each in list(value):
            yield path + "{}", each
    elif is_method(value) and hasattr(value, "__self__"):
        yield path, value.__self__
    elif kind.__name__ == "partial" and hasattr(value, "keywords"):
        of = path + ("partial." if path.endswith("\0") else ".")
        for name in ("func", "args", "keywords"):
            yield of + name, getattr(value, name)
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
    root, own, _ = path.split("\0")
    for key, each in list(fields.items()):
        name = "%s.%s" % (with_package(kind), key)
        first = own or ("" if is_library_s(kind) else name)
        yield "\0".join((root, first, name)), each


def module_of(kind):
    """Name the module of a class or function; one that is written in C may know it without its package."""
    name = kind.__module__
    if name not in sys.modules:
        names = [each for each in list(sys.modules) if each.endswith("." + name)]
        return names[0] if len(names) == 1 else name
    return name


def is_library_s(kind):
    return inject.is_library(getattr(sys.modules.get(kind.__module__), "__file__", None) or "")


def with_package(kind):
    """Name a class, one of a library's with the package: `rich.Progress`."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if not file or inject.is_stdlib(file) or not is_library_s(kind):
        return kind.__name__
    return "%s.%s" % (kind.__module__.partition(".")[0], kind.__name__)


def called(value, frame):
    owner = getattr(value, "__self__", None) if is_method(value) else value
    name = None
    if frame is not None:
        scopes = (frame.f_locals, frame.f_globals)
        names = [k for scope in scopes for k, v in list(scope.items()) if v is owner]
        name = names[0] if names else None
    if is_method(value):
        kind = owner if isinstance(owner, type) else type(owner)
        return "%s.%s" % (name or kind.__name__, value.__func__.__name__)
    if name is None and isinstance(value, NOT_TOLD):
        return value.__qualname__
    return name or type(value).__name__
