"""The process makes its own directory, and does not touch the object that it inherited."""

import os
from multiprocessing import Process
from tempfile import TemporaryDirectory

scratch = None


def use_own_scratch():
    with TemporaryDirectory() as own_scratch:
        print("the child has a directory:", os.path.isdir(own_scratch))


if __name__ == "__main__":
    scratch = TemporaryDirectory()
    process = Process(target=use_own_scratch)
    process.start()
    process.join()
    print("the parent has its directory:", os.path.isdir(scratch.name))
    print("the child ended with exit code", process.exitcode)
