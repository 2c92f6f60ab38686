"""Each line goes straight to the file, in one system call, without any buffer or lock."""

from __future__ import print_function

import os
import threading
from multiprocessing import Process

journal = os.open("journal.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def write_line(line):
    os.write(journal, (line + "\n").encode("ascii"))


def work(running, stop):
    running.set()
    while not stop.is_set():
        write_line("a line of the thread")


if __name__ == "__main__":
    running, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=work, args=(running, stop))
    thread.start()
    running.wait()
    process = Process(target=write_line, args=("a line of the child",))
    process.start()
    stop.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)
