"""Have a worker save what it has when it is told to end."""

# python: wine-3.12

import multiprocessing
import os
import signal
import sys


def work(ready, path):
    def save(number, frame):
        with open(path, "w") as file:
            file.write("saved")
        sys.exit(0)

    signal.signal(signal.SIGTERM, save)
    ready.set()
    multiprocessing.Event().wait()


if __name__ == "__main__":
    ready = multiprocessing.Event()
    child = multiprocessing.Process(target=work, args=(ready, "state.txt"))
    child.start()
    ready.wait()
    # finds: killed_at_once error spawn
    os.kill(child.pid, signal.SIGTERM)
    child.join()
    with open("state.txt") as file:
        print(file.read())
