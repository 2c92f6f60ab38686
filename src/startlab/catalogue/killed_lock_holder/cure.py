"""The two share a pipe instead, and the kernel closes the pipe of a killed process."""

from __future__ import print_function

import os
import signal
from multiprocessing import Event, Pipe, Process

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one way to kill


def update(updates, forever):
    updates.send("an update")
    forever.wait()


if __name__ == "__main__":
    updates, of_the_child = Pipe(duplex=False)
    forever = Event()
    process = Process(target=update, args=(of_the_child, forever))
    process.start()
    of_the_child.close()  # otherwise the parent itself would keep the pipe open
    print("the parent has", updates.recv())
    os.kill(process.pid, SIGKILL)
    process.join()
    try:
        updates.recv()
    except EOFError:
        print("the parent knows that no more will come")
