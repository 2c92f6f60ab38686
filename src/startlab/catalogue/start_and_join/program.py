"""What start and join promise, shown without a clock: the two processes talk over a pipe."""

from __future__ import print_function

import os
import sys
from multiprocessing import Pipe, Process


def report_and_wait(pipe, word, number):
    pipe.send((os.getpid(), word, number))
    pipe.recv()  # the parent answers only when start() has returned
    pipe.send("my last words")


def exit_with_3():
    sys.exit(3)


def fail():
    raise ValueError("raised in the child on purpose")


if __name__ == "__main__":
    here, there = Pipe()
    process = Process(target=report_and_wait, args=(there, "answer"), kwargs={"number": 42})
    process.start()
    print("start has returned, the child is alive:", process.is_alive())
    pid, word, number = here.recv()
    print("the target got", word, number)
    print("it ran in another process, the one that start noted:", os.getpid() != pid == process.pid)
    here.send("go on")
    process.join()
    print("join has returned, the child is alive:", process.is_alive())
    print("all it had to do was done:", here.poll() and here.recv() == "my last words")
    print("exit code of a child that returned:", process.exitcode)

    for target in exit_with_3, fail:
        process = Process(target=target)
        process.start()
        process.join()
        print("exit code of", target.__name__ + ":", process.exitcode)
