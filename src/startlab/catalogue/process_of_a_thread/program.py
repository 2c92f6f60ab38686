"""A thread serves a request and starts a process for a part of it."""

from __future__ import print_function

import threading
from multiprocessing import Process

current = threading.local()


def serve(request):
    current.request = request
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)


def work():
    print("the child runs in the thread", threading.current_thread().name)
    print("the child's request is", getattr(current, "request", None))


if __name__ == "__main__":
    thread = threading.Thread(target=serve, args=("order 7",), name="worker-1")
    thread.start()
    thread.join()
