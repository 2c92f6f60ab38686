"""A program that is to run once: it holds a port, and has a process count for it."""
import os
import socket
from multiprocessing import Process, Queue

BUSY = socket.socket()
PORT = 20000 + os.getpgid(0) % 10000  # the same in its processes, another in another run


def hold():
    BUSY.bind(("127.0.0.1", PORT))
    BUSY.listen()
def count(out):
    out.put(3)


def main():
    hold()
    out = Queue()
    process = Process(target=count, args=(out,))
    process.start()
    print(out.get())
    process.join()


if __name__ == "__main__":
    main()
