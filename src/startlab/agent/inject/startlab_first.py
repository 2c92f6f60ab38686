"""What the program was started with, for children to import its main module with. Python 3.

That is its environment, the words of its command line, and its folder, of which it may have changed
any by the time that it starts a child. A fork server that imports the main module is told, too.
"""

import json
import os
import sys

from startlab_aspects import NAMES, harmless, note

OF_PYTEST = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION")  # which it sets as it goes on

argv = list(sys.argv)
brought = json.loads(os.environ.pop("STARTLAB_FIRST", "{}"))  # by the parent of this process


def first():
    """Give what the program has found, and of its environment what it has changed."""
    environ = sys.modules["startlab_state"].environ
    found = {"folder": sys.modules["multiprocessing.process"].ORIGINAL_DIR, "argv": argv}
    found["environ"] = {
        name: environ.get(name) for name in sorted(set(environ) | set(os.environ))
        if environ.get(name) != os.environ.get(name) and name not in OF_PYTEST
    }
    return found


def watch_main(spawn):
    """Have the main module imported with what the program was started with."""
    for name in ("_fixup_main_from_path", "_fixup_main_from_name"):
        setattr(spawn, name, as_at_first(getattr(spawn, name)))


def as_at_first(import_main):
    def call(path):
        now = set_to(brought)
        try:
            import_main(path)
        finally:
            set_to(now or {})

    return call


@harmless
def set_to(found):
    """Set what is found, and give what it was before."""
    before = {}
    words = found.get("argv")
    if words and words[0] == "-m":  # which a module's file takes the place of
        words = sys.argv[:1] + words[1:]
    if "first argv" in NAMES and words is not None and words != sys.argv:
        note("arguments", "sys.argv")
        before["argv"], sys.argv = sys.argv, list(words)
    if "folder" in NAMES and found.get("folder", os.getcwd()) != os.getcwd():
        note("elsewhere", found["folder"])
        before["folder"] = os.getcwd()
        os.chdir(found["folder"])
    for name, value in found.get("environ", {}).items() if "first environ" in NAMES else ():
        if os.environ.get(name) != value:
            note("variable of import", name)
            before.setdefault("environ", {})[name] = os.environ.get(name)
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return before


def tell_server(forkserver):
    """Tell the fork server what the program was started with."""
    server = forkserver._forkserver
    ensure_running = server.ensure_running

    def ensure_running_():
        os.environ["STARTLAB_FIRST"] = json.dumps(first())
        try:
            return ensure_running()
        finally:
            os.environ.pop("STARTLAB_FIRST", None)  # once for each aspect

    server.ensure_running = forkserver.ensure_running = ensure_running_
