"""A program that is to run once: it holds a port, and has a process count for it."""
import socket
from multiprocessing import Process, Queue

BUSY = socket.socket()


def hold():
    BUSY.bind(("127.0.0.1", 47917))
    BUSY.listen()


# finds: main_runs_again hang forkserver spawn
hold()


def count(out):
    out.put(3)


def main():
    out = Queue()
    process = Process(target=count, args=(out,))
    process.start()
    print(out.get())
    process.join()


if __name__ == "__main__":
    main()
