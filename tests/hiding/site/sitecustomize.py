"""Hides in every Python that hidden code starts, then goes on as Python does without this file."""

import os
import sys

SITE = os.path.dirname(os.path.abspath(__file__))


def chain():
    """Run the sitecustomize that this one shadows: startlab's."""
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or os.curdir) != SITE]
    if sys.version_info < (3,):
        import imp

        try:
            file, place, description = imp.find_module("sitecustomize", sys.path)
        except ImportError:
            return
        with file:
            imp.load_module("sitecustomize", file, place, description)
        return
    for finder in sys.meta_path:
        spec = finder.find_spec("sitecustomize", sys.path) if hasattr(finder, "find_spec") else None
        if spec is not None and spec.loader is not None:
            from _frozen_importlib import module_from_spec

            module = sys.modules["sitecustomize"] = module_from_spec(spec)
            spec.loader.exec_module(module)
            return


platform = os.environ.get("STARTLAB_HIDING")
if platform:
    if platform == "windows" and sys.version_info < (3, 7):
        sys.stderr.write("Pythons before 3.7 cannot be hidden from as on Windows.\n")
        os._exit(1)
    sys.path.insert(0, os.path.dirname(os.path.dirname(SITE)))
    from hiding import hide

    del sys.path[0]
    hide.install(platform)
chain()
