"""A script reads its settings when it begins, and starts two processes under the main guard."""

from __future__ import print_function

import sys
from multiprocessing import Process

print("the settings are read")
sys.stdout.flush()


def work():
    pass


if __name__ == "__main__":
    processes = [Process(target=work) for _ in range(2)]
    for process in processes:
        process.start()
        process.join()
    print("the children ended with exit codes", processes[0].exitcode, processes[1].exitcode)
