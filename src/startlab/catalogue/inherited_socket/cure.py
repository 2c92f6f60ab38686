"""The worker closes the listening socket, which it does not need."""

from __future__ import print_function

import socket
from multiprocessing import Event, Process


def listen(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1)
    return listener


listener = None


def work(ready, stop):
    if listener is not None:  # inherited
        listener.close()
    ready.set()
    stop.wait()


if __name__ == "__main__":
    listener = listen(0)
    port = listener.getsockname()[1]
    ready, stop = Event(), Event()
    process = Process(target=work, args=(ready, stop))
    process.start()
    ready.wait()
    listener.close()
    try:
        listener = listen(port)
        print("the server listens again")
    finally:
        stop.set()
        process.join()
        listener.close()
