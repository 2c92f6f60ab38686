"""Values as text, without calling their own code: no repr, no property of their classes. Python 3."""

import os
import sys
from _collections import deque

inject = sys.modules["startlab_inject"]

LONGEST = 160  # characters of a value


def text_of(value):
    """Write a value as text, with a mark of all that it holds where the text leaves some out."""
    text = show(value, 3)
    kept = kept_by_mapping(value)
    if kept:
        return "%s%s%x" % (text, MARK, pairs_mark(kept, 4, [5000]))
    if text is None or (len(text) <= LONGEST and "..." not in text):
        return text
    return "%s%s%x" % (text[:LONGEST], MARK, mark(value, 4, [5000]))


def kept_by_mapping(value):
    """Give the containers that a mapping keeps all in, such as a library's cache; else nothing."""
    kind = type(value)
    if kind not in mappings:
        names = [each.__name__ for each in kind.__mro__]
        mappings[kind] = "MutableMapping" in names and "dict" not in names
    fields = dict_of(value) if mappings[kind] else {}
    return [(name, each) for name, each in list(fields.items()) if type(each) in (dict, list, set)]


mappings = {}  # by types: whether it is a mapping, and no dict


def mark(value, depth, left):
    """Give a number that differs where values do: of the first objects in it, as far as data."""
    left[0] -= 1
    kind = type(value)
    if isinstance(value, NOT_TOLD) or depth == 0 or left[0] < 0:
        return 0
    if issubclass(kind, dict):
        return pairs_mark(dict.items(value), depth, left)
    for base in (list, tuple, deque):
        if issubclass(kind, base):
            every = enumerate(base.__iter__(value), 1)
            return together_mark(i * mark(each, depth - 1, left) for i, each in every)
    for base in (set, frozenset):
        if issubclass(kind, base):
            return together_mark(mark(each, depth - 1, left) for each in base.__iter__(value))
    fields = fields_of(value)
    if fields is not None:
        return pairs_mark(fields.items(), depth, left)
    data = value if kind in (str, bytes) else show(value, 1)
    if not isinstance(data, bytes):
        data = data.encode("utf-8", "surrogatepass")
    return int.from_bytes(data + kind.__name__.encode(), "big") % LARGE


def pairs_mark(pairs, depth, left):
    return together_mark(mark(k, 1, left) * 31 + mark(v, depth - 1, left) for k, v in pairs)


def together_mark(numbers):
    total = 1
    for each, _ in zip(numbers, range(5000)):
        total = (total + each) % LARGE
    return total


DATA = {
    "array": ("array",),
    "builtins": ("bytearray", "range"),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "ipaddress": ("IPv4Address", "IPv4Network", "IPv6Address", "IPv6Network"),
    "itertools": ("count",),
    "pathlib": ("PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"),
    "re": ("Pattern",),
    "uuid": ("UUID",),
    "zoneinfo": ("ZoneInfo",),
}
"""Types of the standard library, by its modules, whose repr() tells all and runs no other code."""

MARK = "\1"  # between a text and its mark: agent/events.py shows only the text
LARGE = (1 << 61) - 1
PLAIN = (type(None), bool, float, complex)
NOT_TOLD = (type(sys), type(text_of), type(len), type, type(text_of.__get__(0)))


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
    if kind.__name__ in DATA.get(kind.__module__.partition(".")[0], ()):
        text = repr(value)
        return text if len(text) < 60 else "%s... (%d)" % (text[:40], len(text))
    if isinstance(value, dict):
        items = [] if depth == 0 else list(dict.items(value))
        shown = ["%s: %s" % (show(k, depth - 1), show(v, depth - 1)) for k, v in items[:8]]
        return together(kind, dict, "{%s}", shown, dict.__len__(value))
    for base, form in ((list, "[%s]"), (tuple, "(%s)"), (deque, "[%s]")):
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
    if name == "socket" and kind.__module__ == "socket":
        return listening(value)
    if name == "ContextVar" and kind.__module__ in ("builtins", "_contextvars"):
        held = value.get(show)
        return "%s, not set" % name if held is show else "%s(%s)" % (name, show(held, depth - 1))
    fields = fields_of(value)
    if depth == 0 or fields is None:
        return name
    shown = ["%s=%s" % (k, show(v, depth - 1)) for k, v in list(fields.items())[:8]]
    return "%s(%s)" % (name, ", ".join(shown))


def fields_of(value):
    """Give the attributes of an object of the program's own class; None for any other."""
    kind = type(value)
    try:
        fields = object.__getattribute__(value, "__dict__")
    except AttributeError:
        fields = slots_of(value)
    if type(fields) is not dict or kind.__module__ in sys.builtin_module_names:
        return None
    file = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    plain = kind.__name__ in ("Namespace", "SimpleNamespace")
    return fields if plain or not inject.is_library(file) else None


def slots_of(value):
    """Give what an object without a dictionary has in its slots; None if its class has none."""
    slots = [
        (name, each) for kind in type(value).__mro__ for name, each in list(vars(kind).items())
        if type(each).__name__ == "member_descriptor" and "__slots__" in vars(kind)
    ]
    found = {}
    for name, each in slots:
        try:
            found[name] = each.__get__(value)
        except AttributeError:  # it is not set
            pass
    return found if slots else None


def listening(value):
    """Tell where a socket listens: one that each process makes has an address of its own."""
    _socket = sys.modules["_socket"]
    try:
        if _socket.socket.getsockopt(value, _socket.SOL_SOCKET, _socket.SO_ACCEPTCONN):
            return "socket at %r" % (_socket.socket.getsockname(value),)
    except (AttributeError, OSError):  # a platform's that does not tell, or a closed one
        pass
    return "socket"


def together(kind, base, form, shown, length):
    if length > len(shown):
        shown = shown + ["... (%d)" % length]
    text = form % ", ".join(shown)
    return text if kind is base else "%s(%s)" % (kind.__name__, text)


found_in = {}  # by the names of modules: how much was in each, and what of it keeps something


def keepers(module):
    """Give the functions and methods of a module that keep something: (names, function).

    They are looked for again only where there is more: most starts find the same.
    """
    size = len(vars(module))
    if found_in.get(module.__name__, (0, ()))[0] != size:
        kept = [each for each in functions_of(module) if kept_in(each[1])]
        found_in[module.__name__] = size, kept
    return found_in[module.__name__][1]


def functions_of(module):
    """Give what of a module is a function, or has wrapped one: (names, function)."""
    for name, value in list(vars(module).items()):
        if isinstance(value, type) and value.__module__ == module.__name__:
            methods = [(name + "." + key, each) for key, each in list(vars(value).items())]
        else:
            methods = [(name, value)]
        for path, each in methods:
            each = each.__func__ if type(each) in WRAPPED else each
            if type(each) is FUNCTION and not (each.__closure__ or each.__defaults__):
                continue
            if code_of(each, path.rpartition(".")[2]) is not None:
                yield path, each


def code_of(value, name):
    """Give the code of a function, or of the one that a decorator has wrapped; None for no function.

    What has wrapped one may be an object that holds it under whatever name.
    """
    fields = dict_of(value)
    wrapped = fields.get("__wrapped__")
    if type(value) is FUNCTION:
        return (wrapped if type(wrapped) is FUNCTION else value).__code__
    held = [each for each in list(fields.values()) if type(each) is FUNCTION]
    return next((each.__code__ for each in held if each.__name__ == name), None)


def dict_of(value):
    """Give the attributes of an object, without calling its own code; of a class none."""
    if type(value) in DATA_TYPES:
        return {}
    try:
        fields = {} if isinstance(value, type) else object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return fields if type(fields) is dict else {}


def kept_in(function):
    """Give what a function keeps from call to call by the names it has there.

    That is in the variables of the function that it is defined in, and the containers that are what
    its parameters are by default; or in the attributes of an object that has wrapped a function.
    """
    if type(function) is not FUNCTION:
        kept = {name: each for name, each in list(dict_of(function).items()) if name[:2] != "__"}
        return {name: each for name, each in kept.items() if not isinstance(each, NOT_TOLD)}
    code, kept = function.__code__, {}
    for name, cell in zip(code.co_freevars, function.__closure__ or ()):
        try:
            kept[name] = cell.cell_contents
        except ValueError:  # it is not bound yet
            pass
    values = function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount][-len(values) :]
    kept.update(each for each in zip(names, values) if isinstance(each[1], (dict, list, set)))
    return {name: value for name, value in kept.items() if not isinstance(value, NOT_TOLD)}


def part_of(owner, name):
    """Give a part of a module, a class or an object, or what a function keeps by a name."""
    owner = owner.__func__ if type(owner) in WRAPPED else owner
    kept = kept_in(owner) if type(owner) is FUNCTION else {}
    return kept[name] if name in kept else vars(owner)[name]


FUNCTION = type(text_of)
DATA_TYPES = {type(None), bool, int, float, complex, str, bytes, dict, list, tuple, set, frozenset}
WRAPPED = (staticmethod, classmethod)


def named(function):
    """Name a callable, with the location of its code."""
    function = getattr(function, "__func__", function)
    name = getattr(function, "__qualname__", type(function).__name__)
    module = getattr(function, "__module__", "")
    code = getattr(function, "__code__", None)
    if code is None or inject.is_library(code.co_filename):
        return "%s.%s" % (module, name) if module else name
    return "%s at %s:%d" % (name, code.co_filename, code.co_firstlineno)
