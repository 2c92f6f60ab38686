"""The thread asks the main thread to start the process, which then inherits no request."""

from __future__ import print_function

import threading
from multiprocessing import Process

current = threading.local()


def serve(request, wanted):
    current.request = request
    wanted.set()


def work():
    print("the child runs in the thread", threading.current_thread().name)
    print("the child's request is", getattr(current, "request", None))


if __name__ == "__main__":
    wanted = threading.Event()
    thread = threading.Thread(target=serve, args=("order 7", wanted), name="worker-1")
    thread.start()
    wanted.wait()
    process = Process(target=work)
    process.start()
    process.join()
    thread.join()
    print("the child ended with exit code", process.exitcode)
