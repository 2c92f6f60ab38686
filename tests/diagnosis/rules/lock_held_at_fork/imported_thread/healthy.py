"""Counts words; a thread of each process writes what was counted."""
# python: linux-3.14

import multiprocessing
import queue
import threading

counted = queue.Queue()


def write():
    while True:
        counted.get()
        counted.task_done()


def count(text):
    threading.Thread(target=write, daemon=True).start()
    counted.put(len(text.split()))
    counted.join()


if __name__ == "__main__":
    process = multiprocessing.Process(target=count, args=("one two",))
    process.start()
    process.join()
    print("counted")
