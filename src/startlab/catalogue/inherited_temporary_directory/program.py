"""A process replaces its parent's temporary directory with one of its own."""

import os
from multiprocessing import Process
from tempfile import TemporaryDirectory

scratch = None


def use_own_scratch():
    global scratch
    scratch = TemporaryDirectory()
    print("the child has a directory:", os.path.isdir(scratch.name))


if __name__ == "__main__":
    scratch = TemporaryDirectory()
    process = Process(target=use_own_scratch)
    process.start()
    process.join()
    print("the parent has its directory:", os.path.isdir(scratch.name))
    print("the child ended with exit code", process.exitcode)
