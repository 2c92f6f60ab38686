"""Start a process whose target is a lambda."""

from __future__ import print_function

from multiprocessing import Process

if __name__ == "__main__":
    process = Process(target=lambda: print("hello from the child"))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
