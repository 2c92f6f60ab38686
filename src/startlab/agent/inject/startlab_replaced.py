"""What tests have put in the place of something else, by monkeypatch or mock, and where. Python 3.

A process started by spawn or forkserver has none of it. Both keep what they are to put back: that is
noted as they do, so no frame of this file is on the stack when code of the program runs.
"""

import os
import sys

inject = sys.modules["startlab_inject"]
tell = inject.tell

SCRIPTS = os.path.dirname(sys.executable) + os.sep
MOST = 50  # changes that are told of for each start
live = []  # what monkeypatches have to undo
started = {}  # the patches of mock that hold, by their ids
of_dicts = {}  # the patches of mock that are of a dictionary, likewise; some may be over


class Changes(list):
    """What a monkeypatch has to undo, with the function and the line that made each change."""

    def append(self, change):
        if not self:
            self.made = []
            live[:] = [each for each in live if each] + [self]
        list.append(self, change)
        caller = sys._getframe(1)
        self.made.append((caller.f_code.co_name, "", inject.own_line(caller)))


def watch_monkeypatch(module):
    init = module.MonkeyPatch.__init__

    def __init__(self):
        init(self)
        self._setattr, self._setitem = Changes(), Changes()

    module.MonkeyPatch.__init__ = __init__


def watch_mock(module):
    patch, of_dict = module._patch, module._patch_dict
    patch.getter = Watched("getter", made, forget)  # set as it is made
    patch.temp_original = Watched("temp_original", start, stop)  # set as it begins to hold
    of_dict._original = Watched("_original", start_dict, forget)


class Watched(object):
    """An attribute: what sets or deletes it is seen, and no method need be replaced."""

    def __init__(self, name, was_set, was_deleted):
        self.name, self.was_set, self.was_deleted = name, was_set, was_deleted

    def __get__(self, patch, owner=None):
        if patch is None:
            return self
        try:
            return patch.__dict__[self.name]
        except KeyError:
            raise AttributeError(self.name)

    def __set__(self, patch, value):
        patch.__dict__[self.name] = value
        self.was_set(patch, sys._getframe(1))

    def __delete__(self, patch):
        patch.__dict__.pop(self.name, None)
        self.was_deleted(patch)


def made(patch, frame):
    """Note the line that makes a patch: that of a decorator is not on the stack when it holds."""
    patch.__dict__["of_startlab"] = library_of(frame), inject.own_line(frame)


def library_of(frame):
    """Name the package that has mock patch something, if that is not the program itself."""
    while frame is not None and inject.is_stdlib(frame.f_code.co_filename):
        frame = frame.f_back
    file = frame.f_code.co_filename if frame is not None else ""
    return file.partition("-packages" + os.sep)[2].partition(os.sep)[0].partition(".")[0]


def start(patch, frame):
    started[id(patch)] = patch


def stop(patch):
    started.pop(id(patch), None)


def start_dict(patch, frame):
    if patch.__dict__["_original"] is None:  # it is being made
        made(patch, frame)
    else:
        of_dicts[id(patch)] = patch


def forget(patch):
    pass


def changes():
    """Give what holds now: the object, how the change is written, by what, a library, the line."""
    for each in list(live):
        for change, (by, library, line) in zip(each, getattr(each, "made", ())):
            owner, name = change[:2]
            way = "[%s]" % shown(name) if by in ("setitem", "delitem") else ".%s" % name
            yield owner, way, "monkeypatch.%s" % by, library, line
    for patch in list(started.values()):
        library, line = patch.__dict__["of_startlab"]
        yield patch.target, ".%s" % patch.attribute, "mock.patch", library, line
    for patch in list(of_dicts.values()):
        owner, values = patch.in_dict, dict(patch.values)
        holds = [key for key in values if type(owner) is dict and owner.get(key) is values[key]]
        if not holds:
            del of_dicts[id(patch)]
        for key in holds:
            library, line = patch.__dict__["of_startlab"]
            yield owner, "[%s]" % shown(key), "mock.patch.dict", library, line


def shown(key):
    return repr(key) if type(key) in (str, int) else "..."


def tell_all():
    """Tell what holds as a process is started that does not have it.

    What pytest itself replaces is left out: the program has no line in that but the command's own.
    Of a module that was put into sys.modules no line is known.
    """
    own = [each for each in changes() if each[4] and not each[4].startswith(SCRIPTS)]
    for owner, way, by, library, line in own[:MOST]:
        found = named(owner)
        if found is not None:
            tell("replaced", found[0], (found[1] + way).lstrip("."), by, library, line)
    for name in sys.modules["startlab_state"].made_by_hand()[:MOST]:
        tell("replaced", "sys", "modules[%r]" % name, "sys.modules", "", "")


def named(owner):
    """Give the module of an object and its name in that; None for one that has none there."""
    if type(owner) is type(sys):
        return owner.__name__, ""
    if issubclass(type(owner), type):  # not isinstance(), which asks the object itself
        return owner.__module__, owner.__qualname__
    if owner is sys.modules:
        return "sys", "modules"
    for module in sys.modules["startlab_state"].user_modules():
        for name, value in list(vars(module).items()):
            if value is owner:
                return module.__name__, name
    return None


PATCHES = {"_pytest.monkeypatch": watch_monkeypatch, "unittest.mock": watch_mock}
