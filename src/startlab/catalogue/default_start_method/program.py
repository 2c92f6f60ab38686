"""Say which start method is the default here, and start a process with it."""

from __future__ import print_function

import multiprocessing
import os
import sys

started_here = False


def tell_origin(parent):
    if started_here:
        print("the child was forked from its parent: it has what the parent had in memory")
    elif os.getppid() == parent:
        print("the child was spawned by its parent: it began as a new interpreter")
    else:
        print("the child was forked by a fork server: its parent is another process")


if __name__ == "__main__":
    started_here = True
    # Python 2.7 knows no other way than fork, so it has nothing to ask for the default.
    get_default = getattr(multiprocessing, "get_start_method", lambda: "fork")
    print("the default is", get_default())
    sys.stdout.flush()  # starting a process does it on Unix only
    process = multiprocessing.Process(target=tell_origin, args=(os.getpid(),))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
