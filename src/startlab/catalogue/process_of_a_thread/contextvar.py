"""The request is kept in a context variable, which the process does not need to be sent either."""

import contextvars
import threading
from multiprocessing import Process

current = contextvars.ContextVar("current", default=None)


def serve(request):
    current.set(request)
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)


def work():
    print("the child runs in the thread", threading.current_thread().name)
    print("the child's request is", current.get())


if __name__ == "__main__":
    thread = threading.Thread(target=serve, args=("order 7",), name="worker-1")
    thread.start()
    thread.join()
