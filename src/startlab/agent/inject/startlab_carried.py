"""What children that import the main module are given, for it to be as their parent has it."""

import io
import os
import sys

from startlab_aspects import (
    ASPECTS,
    FUNCTION,
    NAMES,
    harmless,
    inject,
    module_of,
    namespaces,
    note,
    own_modules,
    resolve,
    tell,
)
from startlab_bound import bound_in, is_guard
from startlab_calls import owners
from startlab_calls_again import call_again, call_in_parent, pack_calls
from startlab_first import brought, first
from startlab_registries import REGISTRIES, is_sent
from startlab_threads import locals_of_threads, set_locals
from startlab_values import part_of


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
                value = bytes(pickler.dumps(pack(*aspect[1:])))
                packed.append((aspect, value))
                if b"multiprocessing.queues" in value:  # of which a child must have no other
                    note("shared", " ".join(aspect))
            except Exception as error:
                tell("not applied", aspect[0], "%s: %s" % (type(error).__name__, error))
                if aspect[0] == "registry":
                    note("not sent", aspect[1])
        return list, (packed,)


def pack_global(name):
    module, path = resolve(name)
    value = module_of(module)
    for each in path:
        value = part_of(value, each)
    return module, path, value


def give_global(name):
    module, path, value = pack_global(name)
    if is_weak(value):
        value = dict(value)
    return module, path, Made(value) if type(value) is FUNCTION and not is_sent(value) else value


def is_weak(value):
    """Tell whether it is a mapping that holds what others hold."""
    return type(value).__module__ == "weakref" and type(value).__name__ == "WeakValueDictionary"


held = []  # what no one else in a child holds


class Made(object):
    """A function that is found by no name: it is pickled by what it is made of."""

    def __init__(self, function):
        self.function = function

    def __reduce__(self):
        return make, (made_of(self.function),)


def set_global(packed, name):
    module, path, value = packed
    if module not in ("", "__main__"):
        __import__(module)
    owner = module_of(module)
    for name in path[:-1]:
        owner = part_of(owner, name)
    try:
        old = part_of(owner, path[-1])
    except KeyError:
        old = None
    if is_weak(old):
        held.append(value)
        old.update(value)
    elif type(old) is type(value) and isinstance(value, (dict, list, set)):
        # Whoever imported it by name has the same object.
        old.clear()
        (old.extend if isinstance(value, list) else old.update)(value)
    elif type(owner) is FUNCTION and path[-1] in owner.__code__.co_freevars:
        cell = owner.__closure__[owner.__code__.co_freevars.index(path[-1])]
        cell.cell_contents = value
    elif len(path) > 1:
        setattr(owner, path[-1], value)
    else:
        for place in namespaces(owner):
            place[path[-1]] = value


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


def made_of(value):
    dumps = sys.modules["multiprocessing.reduction"].ForkingPickler.dumps
    if type(value) is FUNCTION:
        import marshal

        held = [cell.cell_contents for cell in value.__closure__ or ()]
        cells = [("data", bytes(dumps(e))) if is_sent(e) else made_of(e) for e in held]
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


def pack_ids():
    """Name what holds the id of this process, by which a program may know the first one."""
    return os.getpid(), [
        (module, path) for module, path, value in owners()
        if type(value) is int and value == os.getpid()
    ]


def set_ids(packed):
    pid, found = packed
    for module, path in found:
        if module not in inject.MAIN:
            __import__(module)
        owner = module_of(module)
        for name in path[:-1]:
            owner = vars(owner)[name]
        if vars(owner).get(path[-1]) != os.getpid():
            continue
        note("process id", ".".join(path if module in inject.MAIN else (module,) + path))
        if len(path) > 1:
            setattr(owner, path[-1], pid)
        else:
            for place in namespaces(owner):
                place[path[-1]] = pid


def pack_registry(name):
    return REGISTRIES[name][0]()


@harmless
def note_setting(name, packed):
    """Tell of a setting that is another one here; the random state always is."""
    dumps = sys.modules["multiprocessing.reduction"].ForkingPickler.dumps
    if name != "random" and bytes(dumps(pack_registry(name))) != packed:
        note("setting", name)


def set_registry(value, name):
    REGISTRIES[name][1](value)


def given():
    """Give what the program has on its standard input, which is a file."""
    return os.pread(0, MOST_GIVEN, 0)


MOST_GIVEN = 1 << 20


class Given(io.RawIOBase):
    """The standard input of a child: what its parent was given. It tells the line that reads it."""

    def __init__(self, data):
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        note("read", "stdin", inject.user_line(sys._getframe(1)))
        return self.data.readinto(buffer)


PACK = {
    "global": give_global,
    "registry": pack_registry,
    "environ": lambda *names: {each: os.environ[each] for each in names or os.environ},
    "modules": lambda: {
        name: module.__file__ for name, module in own_modules() if name not in inject.MAIN
    },
    "attributes": pack_attributes,
    "calls": pack_calls,
    "calls again": call_in_parent,
    "process ids": pack_ids,
    "imports": lambda *names: [
        name for name, _ in own_modules() if name not in inject.MAIN and name in (names or (name,))
    ],
    "stdin": given,
    "thread locals": lambda: [each for each in locals_of_threads() if is_sent(each[2])],
}

BEFORE_IMPORT = ("environ", "modules", "stdin")


class SameFiles(object):
    """A finder that takes modules from the files that the parent has them from."""

    def __init__(self, files):
        self.files = files

    def find_spec(self, name, path=None, target=None):
        if name not in self.files:
            return None
        import importlib.util
        from _frozen_importlib_external import PathFinder

        usual = PathFinder.find_spec(name, path, target)
        if usual is not None and usual.origin == self.files[name]:
            return usual
        note("found", name)
        return importlib.util.spec_from_file_location(name, self.files[name])


@harmless
def apply_before_import(aspect, packed):
    import pickle

    value = pickle.loads(packed)
    if aspect[0] == "environ":
        for name in sorted(value):
            if os.environ.get(name) != value[name]:
                note("variable", name)
                os.environ[name] = value[name]
                if name == "TZ":  # which is read as a process starts
                    __import__("time").tzset()
    elif aspect[0] == "stdin":
        sys.stdin = io.TextIOWrapper(io.BufferedReader(Given(value)))
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
        note_setting(aspect[1], packed)
        set_registry(value, *aspect[1:])
    elif aspect[0] == "thread locals":
        set_locals(value)
    elif aspect[0] == "process ids":
        set_ids(value)
    elif aspect[0] == "calls":
        for made in value:
            call_again(made)
    return True


@harmless
def import_too(aspect, packed):
    """Import what the parent had imported, before the child's task is unpickled."""
    import pickle

    for name in pickle.loads(packed):
        if name not in sys.modules:
            note("imported", name)
            __import__(name)


luggage = []  # what could not be applied when the main module was imported


def watch_spawn(spawn):
    """Send the luggage with what a child is told first, and unpack it around its main's import.

    loky's workers, which are joblib's, are started by a module of its own that is alike.
    """
    get_preparation_data, prepare = spawn.get_preparation_data, spawn.prepare

    def get_preparation_data_(*args, **kwargs):
        data = get_preparation_data(*args, **kwargs)
        data["startlab"] = Luggage()
        if {"first environ", "first argv", "folder"} & NAMES:
            data["startlab first"] = first()
        return data

    def prepare_(data, *args, **kwargs):
        sys.setprofile(None)  # only the first process's calls count
        packed = data.pop("startlab", [])
        brought.update(data.pop("startlab first", {}))
        for aspect, value in packed:
            if aspect[0] in BEFORE_IMPORT:
                apply_before_import(aspect, value)
        prepare(data, *args, **kwargs)
        for aspect, value in packed:
            if aspect[0] == "imports":
                import_too(aspect, value)
        later = [each for each in packed if each[0][0] not in BEFORE_IMPORT]
        luggage[:] = [each for each in later if not apply_after_import(*each)]

    spawn.get_preparation_data, spawn.prepare = get_preparation_data_, prepare_
    if "printed" in NAMES:
        spawn._fixup_main_from_path = import_silently(spawn._fixup_main_from_path)
    if {"statement", "main"} & NAMES:
        spawn._fixup_main_from_path = import_main_without(spawn._fixup_main_from_path)


class Muted(object):
    """The output, without what modules print as the main module imports them; its own it keeps."""

    def __init__(self, stream, main):
        self.stream, self.main = stream, main

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        where = inject.user_line(sys._getframe(1)) if self.main else ""
        if not where or where.rpartition(":")[0] == self.main:
            return self.stream.write(text)
        note("printed", "", where)
        return len(text)


def import_silently(fixup):
    """Import the main module without what other modules of the program print by that."""

    def fixup_main(path):
        muted = Muted(sys.stdout, path)
        sys.stdout = muted
        try:
            fixup(path)
        finally:
            sys.stdout, muted.main = muted.stream, ""

    return fixup_main


def import_main_without(fixup):
    """Import the main module without some of its statements, or as `__main__` without its guard."""

    def fixup_main_from_path(path):
        runpy = sys.modules["runpy"]
        get_code = runpy._get_code_from_file

        def edited(*args):
            found = get_code(*args)
            if "main" in NAMES:  # who asks for the name of the script takes it from there
                sys.modules["__main__"].__file__ = path
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
        first = sum(getattr(each, "module", None) == "__future__" for each in tree.body)
        first += ast.get_docstring(tree) is not None
        tree.body[first:first] = ast.parse("__name__ = '__main__'").body
    return compile(tree, path, "exec")
