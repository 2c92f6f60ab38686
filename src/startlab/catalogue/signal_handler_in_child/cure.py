"""The process drops the handler that it may have inherited."""

from __future__ import print_function

import signal
from multiprocessing import Event, Process

shutdown = []


def ask_for_shutdown(signal_number, frame):
    shutdown.append(signal_number)


def wait_for_work(ready, work):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
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
