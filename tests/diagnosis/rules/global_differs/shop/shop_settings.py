"""Settings that the program changes from its command line."""
from types import SimpleNamespace

current = SimpleNamespace(percent=0)


def load(options):
    for name, value in options.items():
        # finds: global_differs differs forkserver spawn
        setattr(current, name, value)
