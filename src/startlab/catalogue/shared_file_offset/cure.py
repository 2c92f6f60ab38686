"""Each process opens the file itself, and so has a position of its own."""

from __future__ import print_function

import io
from multiprocessing import Process


def check_signature(who):
    with io.open(__file__, "rb", buffering=0) as archive:
        print(who, "reads", archive.read(3).decode("ascii"))


if __name__ == "__main__":
    process = Process(target=check_signature, args=("the child",))
    process.start()
    process.join()
    check_signature("the parent")
    print("the child ended with exit code", process.exitcode)
