"""A program that shuts down gracefully on SIGTERM terminates a process that waits for work."""

from __future__ import print_function

import signal
from multiprocessing import Event, Process

shutdown = []


def ask_for_shutdown(signal_number, frame):
    shutdown.append(signal_number)  # the main loop would check this


def wait_for_work(ready, work):
    ready.set()
    work.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, ask_for_shutdown)
    ready, work = Event(), Event()
    process = Process(target=wait_for_work, args=(ready, work))
    process.start()
    ready.wait()
    process.terminate()
    process.join()
    print("the child ended with exit code", process.exitcode)
