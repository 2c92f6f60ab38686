"""Run by a target interpreter, 2.7 to the newest: print as JSON how a command is run with it.

The argument is the command's name. What is printed is the start of a command line, or null where
this interpreter has no such command.
"""

import json
import os
import re
import sys
import sysconfig

HEAD = 4096


def main(name):
    print(json.dumps(find(name)))


def find(name):
    if re.match(r"(python|pypy)w?[0-9.]*t?(\.exe)?$", name):
        return [sys.executable]
    for folder in (sysconfig.get_path("scripts"), os.path.dirname(sys.executable)):
        for ending in ("", ".exe", "-script.py"):
            path = os.path.join(folder, name + ending)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                # It is run with this interpreter, whichever its first line names.
                return [sys.executable, path] if is_python(path) else [path]
    return [sys.executable, "-m", name] if is_module(name) else None


def is_python(path):
    with open(path, "rb") as file:
        head = file.read(HEAD)
    # pip writes `#!/bin/sh`, and then the interpreter, where its path is too long for the kernel.
    return head.startswith(b"#!") and b"python" in b"".join(head.splitlines(True)[:3])


def is_module(name):
    """Return whether `-m name` runs something: a module, or a package with a `__main__`."""
    if not re.match(r"[A-Za-z_]\w*$", name):
        return False
    try:
        if sys.version_info[0] == 2:
            import imp

            description = imp.find_module(name)[2]
            package = description[2] == imp.PKG_DIRECTORY
            return not package or is_module_in(name)
        import importlib.util

        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            return spec is not None and spec.origin != "built-in"
        return importlib.util.find_spec(name + ".__main__") is not None
    except (ImportError, ValueError, AttributeError):
        return False


def is_module_in(package):
    import imp

    imp.find_module("__main__", [imp.find_module(package)[1]])
    return True


if __name__ == "__main__":
    main(sys.argv[1])
