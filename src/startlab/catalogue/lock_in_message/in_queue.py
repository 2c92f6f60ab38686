"""A process gets its work, and the lock that goes with it, from a queue."""

from __future__ import print_function

from multiprocessing import Lock, Process, Queue


def append(queue):
    lock, line = queue.get()
    with lock:
        print("written: " + line)


if __name__ == "__main__":
    queue = Queue()
    process = Process(target=append, args=(queue,))
    process.start()
    queue.put((Lock(), "a line"))
    process.join()
    print("the child ended with exit code", process.exitcode)
