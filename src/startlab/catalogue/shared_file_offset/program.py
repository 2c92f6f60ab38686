"""A module opens a file; a process reads its first bytes, then the parent does."""

from __future__ import print_function

import io
from multiprocessing import Process

archive = io.open(__file__, "rb", buffering=0)  # unbuffered: each read goes to the kernel


def check_signature(who):
    print(who, "reads", archive.read(3).decode("ascii"))


if __name__ == "__main__":
    process = Process(target=check_signature, args=("the child",))
    process.start()
    process.join()
    check_signature("the parent")
    print("the child ended with exit code", process.exitcode)
