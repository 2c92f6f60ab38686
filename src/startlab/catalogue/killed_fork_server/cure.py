"""The program waits for the process's message, not for its end."""

from __future__ import print_function

import os
import signal
from multiprocessing import Event, Pipe, Process


def work(to_parent, go_on):
    to_parent.send(os.getppid())
    go_on.wait()
    to_parent.send("the child has done its work")


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # until it is dead


if __name__ == "__main__":
    from_child, to_parent = Pipe(duplex=False)
    go_on = Event()
    process = Process(target=work, args=(to_parent, go_on))
    process.start()
    kill(from_child.recv())
    to_parent.close()  # so that recv() raises EOFError if the child dies
    go_on.set()
    print(from_child.recv())
    process.join()
    process = Process(target=print, args=("the next process has a new fork server",))
    process.start()
    process.join()
